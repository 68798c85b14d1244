"""The lab's one screen: what its panes are given, and the tick that brings it up to date.

It writes run folders and requests, and reads recordings; it never trains. What keys do stands in
its parts, see ``tui.lab.part``; state goes down to the panes as attributes, messages come up.
"""

from __future__ import annotations

import gc
from inspect import iscoroutine
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import BindingType

from ..commands.command import IN_WORDS, SPOTS, Need, Situation
from ..commands.spots import bindings_of
from ..commands.table import COMMANDS, can, doable, why_not
from ..panes.banner import BannerPane
from ..panes.curves import CurvesPane
from ..panes.diagnosis import DiagnosisPane
from ..panes.drawn import built
from ..panes.picture import LabMessage
from ..panes.runs.messages import RunDeleted, RunOpened, RunOverlaid, RunResumed
from ..panes.runs.pane import RunsPane
from ..panes.setup.messages import ListChanged, NothingFound, PresetChosen, SettingChanged
from ..panes.setup.pane import SetupPane
from ..panes.slide import SlidePane
from ..panes.status import KeysLine, MessageLine, StatusLines, TitleLine, TransportBar
from ..panes.welcome import WelcomePane
from ..places import PANES
from ..style.ascii_lines import filters_for
from ..style.look import Look
from ..terminal.bandwidth import Link
from ..terminal.harmless import HarmlessApp
from ..watching.cast import Cast
from ..watching.view import View
from .lecturing import SHARED_SECONDS, Following, Lecturing, Presenting
from .messages import READING, Messages
from .opening import Opening
from .pacing import Pacing
from .panes import Board, Panes
from .part import HINTS, LabScreen
from .reading import Reading
from .replay import Replay
from .runs import Runs, SweepStarted
from .setup import PresetsRead, Setup, read_presets
from .situation import Possibilities
from .steering import Steering
from .sweeps import Sweeps
from .ticking import Ticking
from .trials import Trials
from .viewing import Viewing
from .warming import warm_pictures

__all__ = ["Lab", "Opening"]

if TYPE_CHECKING:
    from ..setup.draft import Draft


class Lab(LabScreen):
    """Set a network up, watch it train, stop it, step it, change it."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(COMMANDS, doer="do")

    def __init__(self, opening: Opening, link: Link | None = None) -> None:
        super().__init__()
        self.opening = opening
        self.link = link or Link()
        self.set_reactive(Lab.device, opening.device)
        self.set_reactive(Lab.look, opening.look)
        self.cast = cast = Cast()
        waits = opening.replay or opening.lecture is not None
        self.messages = said = Messages(self, READING if waits else HINTS["setup"])
        self.setup = setup = Setup(self, said, lambda: self.query_one(SetupPane).typed())
        self.reading = reading = Reading(self, said, opening.memory, self._columns)
        self.panes = panes = Panes(self, said, reading)
        self.replay = replay = Replay(self, cast, said, reading, awaiting=opening.replay)
        self.pacing = pacing = Pacing(self, replay)
        self.runs = runs = Runs(self, cast, said, setup, reading, panes, replay, pacing)
        self.steering = Steering(self, runs, lambda: self.query_one(DiagnosisPane).followed)
        self.sweeps = Sweeps(self, runs)
        self.trials = Trials(self, runs)
        self.lecturing = lecturing = Lecturing(self, runs, opening.lecture)
        self.presenting = Presenting(self, lecturing)
        self.following = Following(self, lecturing, opening.audience)
        self.viewing = Viewing(cast, said, reading, replay, pacing)
        self.possible = Possibilities(self, pacing, setup.undo)
        self.ticking = Ticking(self, runs, self.link, opening.clock)
        above = (runs, self.steering, self.sweeps, lecturing, self)
        self.parts = (setup, reading, panes, replay, pacing, *above)
        """What the commands of the table belong to."""

    def compose(self) -> ComposeResult:
        """A line above, the panes, two lines of status, a message, a line of keys."""
        title = TitleLine().data_bind(Lab.view, Lab.look, Lab.pane, Lab.headline)
        yield title.data_bind(Lab.situation)
        yield BannerPane(id="banner").data_bind(Lab.view, Lab.look)
        yield WelcomePane(self.opening.greets, id="welcome").data_bind(Lab.view, Lab.look)
        yield SlidePane(id="slide").data_bind(Lab.look)
        with Board(self.panes.boxes):
            for pane in PANES:
                yield from built(pane, self)
        yield TransportBar(id="transport").data_bind(Lab.transport, Lab.look)
        yield StatusLines().data_bind(Lab.view, Lab.look)
        yield MessageLine(id="message").data_bind(Lab.bulletin, Lab.view, Lab.situation, Lab.look)
        yield KeysLine().data_bind(Lab.situation, Lab.spots, Lab.lacking, Lab.look)

    def on_mount(self) -> None:
        """Show the first frame at once; whatever takes time comes after it."""
        opening = self.opening
        # Who follows can neither delete a run nor set one up, by keys or by mouse.
        for pane in (SetupPane, RunsPane):
            self.query_one(pane).disabled = opening.read_only
        if opening.shows_runs:
            # The setup has nothing to do beside a run that is looked at.
            self.panes.bring_up("network")
        self.panes.lay_out()
        self.pane = "curves" if opening.shows_runs else "setup"
        self.panes.give_keys(self.pane)
        self.show_now()
        if opening.run is not None and not opening.beside:
            if opening.replay:
                self.replay.start_soon(opening.tempo)
            self.runs.show(opening.run)
        if opening.sweep is not None:
            self.run_worker(self.sweeps.show(opening.sweep), group="show_sweep", exclusive=True)
        if opening.greets:
            opening.memory.choose(greeted=True)
        if opening.audience is not None:
            self.set_interval(SHARED_SECONDS, self.following.follow)
        elif opening.lecture is not None or opening.replay:
            self.set_interval(SHARED_SECONDS, self.presenting.present)
        # Put off by whoever opened the lab.
        self.call_after_refresh(gc.enable)
        self.call_after_refresh(self._get_ready)

    @work(thread=True, group="opening", description="get ready", exit_on_error=False)
    def _get_ready(self) -> None:
        """Start a worker and read the presets: the schema alone takes a quarter of a second."""
        self.post_message(read_presets(self.opening, self.runs.workshop))
        warm_pictures()

    @property
    def is_opening(self) -> bool:
        """Whether the setup is not there yet that keys are meant for: a run is not going on."""
        return not self.setup.ready and self.run_situation in ("setup", "over")

    @on(PresetsRead)
    def begin(self, event: PresetsRead) -> None:
        """Show the presets, and do what was asked for in the meantime."""
        self.setup.get_ready(event)
        opening = self.opening
        if event.trouble:
            self.messages.complain(event.trouble)
        if opening.read_only:
            return
        if opening.data is not None:
            self.run_worker(self.setup.open_data(opening.data), group="open_data", exclusive=True)
        if opening.lecture is not None:
            self.lecturing.show_scene(opening.scene)
        elif opening.replay and (opening.run is None or opening.beside):
            self.runs.replay_opened()
        self.setup.do_waiting()

    def on_unmount(self) -> None:
        """Let the worker that has no run go, and whoever follows."""
        self.runs.workshop.close()
        self.presenting.close()

    # --- what is shown ---------------------------------------------------------------------

    def wake(self) -> None:
        """Read what is new and show it, now and from now on."""
        self.ticking.wake()

    def read_on(self) -> None:
        """Read what is new, do what waited for it, and show it."""
        self.cast.poll()
        self.replay.read_on()
        self.pacing.read_on()
        self.lecturing.read_on()
        self.show_now()
        self.trials.read_on()

    def show_now(self) -> None:
        """Bring the view up to date."""
        showing = self.pacing.showing
        self.transport = None if showing else self.replay.transport
        self.view = self.viewing.view("lecture" if any(self.slide) else "none")
        if self.cast.lead is not None:
            replayed = self.replay.player is not None
            self.messages.read(self.cast.lead, showing=showing, replayed=replayed)
        self.find_situation()

    # --- which commands make sense ---------------------------------------------------------

    @property
    def run_situation(self) -> Situation:
        """How it stands with the run that is shown, whatever takes the keys."""
        return self.possible.run_situation

    @on(events.ScreenResume)
    @on(events.DescendantBlur)
    def find_situation(self) -> None:
        """Find out which commands make sense now."""
        self.possible.find()

    def has(self, need: Need) -> bool:
        """Whether what some commands need is there."""
        return self.possible.has(need)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow what makes sense now; so one key can do different things."""
        name = str(parameters[0]).partition("(")[0] if action == "do" else action
        return can(name, self.situation, self.has)

    def action_do(self, action: str) -> None:
        """Do what a row of the table of commands says, in the part that it belongs to."""
        _, name, arguments = parse(action)
        owner = next(part for part in self.parts if hasattr(part, f"action_{name}"))
        doing = getattr(owner, f"action_{name}")(*arguments)
        if iscoroutine(doing):
            self.run_worker(doing, group=name, exclusive=True)

    def refuse(self, key: str, why: str = "") -> None:
        """Say that a key does nothing here, and why."""
        self.messages.refuse(why or why_not(key, self.run_situation, self.spots, self.lacking))

    async def action_help(self) -> None:
        """Show what can be done now, and what every key and word means."""
        from ..dialogs.dialog import HelpDialog

        now = doable(self.situation, self.spots, self.lacking)
        where = SPOTS[self.spots[0]] if self.spots else IN_WORDS[self.situation]
        pane = self.panes.id_of(self.pane)
        await self.app.push_screen_wait(HelpDialog(self.look.palette, now, where, pane))

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        self.app.action_command_palette()

    def _columns(self) -> int:
        """Return how many columns the curves are drawn in."""
        return self.query_one(CurvesPane).content_size.width or self.size.width

    def watch_view(self, before: View, view: View) -> None:
        """Let the tables of several runs stand where that of one stood."""
        if bool(before.others) != bool(view.others) and self.is_mounted:
            self.panes.change_tables()

    def watch_draft(self, before: Draft | None, draft: Draft | None) -> None:
        """Find out whether there is anything to undo."""
        self.setup.note(before, draft)
        if self.is_mounted:
            self.find_situation()

    def watch_look(self, look: Look) -> None:
        """Draw borders with what the glyphs allow, and what Textual draws as well."""
        self.set_class(look.glyphs.name == "ascii", "-ascii")
        filters = filters_for(look.glyphs)
        if isinstance(self.app, HarmlessApp) and self.app.drawn_by != filters:
            self.app.drawn_by = filters
            self.refresh()

    def watch_pane(self, pane: str) -> None:
        """Show the pane, and give it the keys."""
        if self.is_mounted:
            self.panes.give_keys(pane)

    def watch_slide(self, slide: tuple[str, str]) -> None:
        """Show a text in place of the panes, or the panes again."""
        pane = self.query_one(SlidePane)
        pane.title, pane.words = slide
        pane.note = self.headline
        pane.display = any(slide)
        self.query_one(Board).display = not any(slide)
        if not any(slide):
            self.panes.settle()

    def on_resize(self, event: events.Resize) -> None:
        """Use the room there is."""
        self.panes.lay_out(event.size)

    def on_descendant_focus(self) -> None:
        """Notice which pane has the keys, however it got them."""
        self.panes.notice_keys()
        self.find_situation()

    @on(LabMessage)
    def hear(self, message: LabMessage) -> None:
        """Hand on what a pane says to the part that it is for."""
        match message:
            case CurvesPane.StepPointed(step=step):
                self.reading.point_at(step)
            case CurvesPane.Zoomed(by=by, step=step):
                self.reading.action_zoom(by, around=step)
            case TransportBar.Sought(share=share):
                self.replay.move(lambda player: player.percent(share))
            case DiagnosisPane.Follow(finding=finding):
                self.steering.follow_remedy(finding)
            case RunOpened(folder=folder) | RunOverlaid(folder=folder) if self.sweeps.has(folder):
                self.run_worker(self.sweeps.show(folder.path), group="show_sweep", exclusive=True)
            case SweepStarted(draft=draft):
                self.run_worker(self.sweeps.start(draft), group="show_sweep", exclusive=True)
            case RunOpened(folder=folder):
                self.runs.open(folder)
            case RunOverlaid(folder=folder):
                self.runs.overlay(folder)
            case RunResumed(folder=folder):
                self.runs.resume(folder)
            case RunDeleted(folder=folder):
                self.runs.forget(folder)
            case PresetChosen(name=name):
                self.setup.choose(name)
            case SettingChanged(typed=typed):
                self.setup.take_in(typed)
            case ListChanged(list=key, what=what, index=index):
                self.setup.change(lambda draft: draft.with_entry(key, what, index))
            case NothingFound(words=words):
                self.messages.refuse(words)
