"""The lab's one screen: its panes, and what they say.

It writes run folders and requests, and reads recordings; it never trains. State goes down to the
panes as attributes, messages come up; see ``tui.lab.state`` for the way data takes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from engine.errors import EpochalError

from ..commands.command import IN_WORDS, SPOTS
from ..commands.spots import bindings_of
from ..commands.table import COMMANDS, doable
from ..panes.banner import BannerPane
from ..panes.built import built
from ..panes.curves import CurvesPane
from ..panes.diagnosis import DiagnosisPane
from ..panes.runs.messages import RunDeleted, RunOpened, RunOverlaid
from ..panes.setup.messages import (
    DEVICE_KEY,
    ListChanged,
    NothingFound,
    PresetChosen,
    SettingChanged,
)
from ..panes.setup.pane import PresetEntry, SetupPane
from ..panes.slide import SlidePane
from ..panes.status import KeysLine, MessageLine, StatusLines, TitleLine
from ..panes.transport import TransportBar
from ..panes.welcome import WelcomePane
from ..places import PANES
from ..terminal.bandwidth import Link
from .board import Board
from .looking import Looking
from .running import Running, draft_of
from .sharing import Sharing
from .state import Opening

if TYPE_CHECKING:
    from engine.diagnosis import Finding
    from engine.lectures.scenes import Scene

    from ..dialogs.dialog import Farewell
    from ..lecture.presented import Presented
    from ..panes.setup.messages import TypedText
    from ..setup.draft import Draft

__all__ = ["Lab", "Opening"]

FIRST_PRESET = "two-moons"
"""What the setup shows where no preset was asked for."""


class Lab(Sharing, Running, Looking):
    """Set a network up, watch it train, stop it, step it, change it."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(COMMANDS)

    presets: reactive[tuple[PresetEntry, ...]] = reactive((), repaint=False)
    """Every preset there is."""

    @dataclass
    class Ready(Message):
        """The presets are there, and the draft the lab opens with."""

        entries: tuple[PresetEntry, ...]
        draft: Draft | None
        trouble: str

    def __init__(self, opening: Opening, link: Link | None = None) -> None:
        super().__init__(opening, link)
        self._drafts: dict[str, Draft] = {}
        """What was changed in presets that are not shown now."""
        alone = opening.run is None and opening.lecture is None and not opening.replay
        self.greets = alone and not opening.read_only and not opening.memory.choices.greeted
        """Whether this is the first start, which says what this is."""

    def compose(self) -> ComposeResult:
        """A line above, the panes, two lines of status, a message, a line of keys."""
        title = TitleLine().data_bind(Lab.view, Lab.look, Lab.pane, Lab.headline)
        yield title.data_bind(Lab.situation)
        yield BannerPane(id="banner").data_bind(Lab.view, Lab.look)
        yield WelcomePane(self.greets, id="welcome").data_bind(Lab.view, Lab.look)
        yield SlidePane(id="slide").data_bind(Lab.look)
        with Board(self.boxes):
            for pane in PANES:
                yield from built(pane, self)
        yield TransportBar(id="transport").data_bind(Lab.transport, Lab.look)
        yield StatusLines().data_bind(Lab.view, Lab.look)
        message = MessageLine(id="message")
        yield message.data_bind(Lab.bulletin, Lab.view, Lab.situation, Lab.look)
        yield KeysLine().data_bind(Lab.situation, Lab.spots, Lab.lacking, Lab.look)

    # --- opening ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show the first frame at once; whatever takes time comes after it."""
        # Who follows can neither delete a run nor set one up, by keys or by mouse.
        for name in ("setup", "runs"):
            self.query_one(f"#{name}").disabled = self.opening.read_only
        if self._shows_runs:
            # The setup has nothing to do beside a run that is looked at.
            self.bring_up("network")
        self.lay_out(self.app.size)
        self.pane = "curves" if self._shows_runs else "setup"
        self.give_keys(self.pane)
        self.show_now()
        if self.opening.run is not None and not self.opening.beside:
            if self.opening.replay:
                self.replay_soon(self.opening.tempo)
            self.follow(self.opening.run)
        if self.greets:
            memory = self.opening.memory
            memory.keep(replace(memory.choices, greeted=True))
        self.call_after_refresh(self._get_ready)

    @property
    def _shows_runs(self) -> bool:
        """Whether the lab was opened to look at runs, not to set one up."""
        opening = self.opening
        looks = opening.replay or opening.read_only or opening.lecture is not None
        return looks or opening.run is not None

    @work(thread=True, group="opening", description="get ready", exit_on_error=False)
    def _get_ready(self) -> None:
        """Start a worker and read the presets: the schema alone takes a quarter of a second."""
        draft, trouble = None, ""
        entries: tuple[PresetEntry, ...] = ()
        try:
            if self.opening.run is None:
                self.workshop.warm_up()
            entries = _preset_entries()
            draft = _first_draft(self.opening, [entry.name for entry in entries])
        except (EpochalError, OSError) as error:
            trouble = str(error)
        self.post_message(self.Ready(entries, draft, trouble))

    @property
    def is_opening(self) -> bool:
        """Whether the setup is not there yet that keys are meant for: a run is not going on."""
        return not self.ready and self.run_situation in ("setup", "over")

    @on(Ready)
    def begin(self, event: Ready) -> None:
        """Show the presets, and do what was asked for in the meantime."""
        self.presets, self.draft, self.ready = event.entries, event.draft, True
        if event.trouble:
            self.complain(event.trouble)
        if self.opening.read_only:
            return
        if self.script is not None:
            self.show_scene(self.opening.scene)
        elif self.opening.replay and (self.opening.run is None or self.opening.beside):
            self._replay_together()
        asked, self.asked = self.asked, []
        for each in asked:
            each()

    def _replay_together(self) -> None:
        """Replay what the lab was opened with, training the presets among it."""
        from ..setup.draft import Draft

        opening = self.opening
        self.awaiting = False
        first = opening.run or self.draft
        shown = [] if first is None else [first]
        try:
            for each in opening.beside:
                shown.append(Draft.load(each, opening.overrides) if isinstance(each, str) else each)
        except EpochalError as error:
            self.complain(str(error))
            return
        if shown:
            self.show_together(shown, opening.tempo)
            self.show_training()

    def folder_shown(self) -> Path | None:
        """Return the folder of the run that is shown."""
        return self.cast.lead.folder.path if self.cast.lead is not None else None

    def on_unmount(self) -> None:
        """Let the worker that has no run go."""
        self.workshop.close()

    def arrangement(self) -> dict[str, object]:
        """Return which panes are shown, for those who follow."""
        return {"pane": self.pane, "recent": tuple(self.recent), "maximised": self.maximised}

    def arrange_as(self, presented: Presented) -> None:
        """Show the panes that a presenter shows."""
        now = (self.pane, self.recent, self.maximised)
        if now != (presented.pane, list(presented.recent), presented.maximised):
            self.recent = list(presented.recent)
            self.maximised = presented.maximised
            self.pane = presented.pane
            self.lay_out(self.app.size)

    def arrange_scene(self, scene: Scene) -> None:
        """Give a scene's pane the screen, or show all of them; a text covers them."""
        self.maximised = scene.pane is not None
        self.bring_up("network")
        self.pane = scene.pane or "curves"
        self.lay_out(self.app.size)

    def watch_slide(self, slide: tuple[str, str]) -> None:
        """Show a text in place of the panes, or the panes again."""
        pane = self.query_one(SlidePane)
        pane.title, pane.words = slide
        pane.note = self.headline
        pane.display = any(slide)
        self.query_one(Board).display = not any(slide)
        if not any(slide):
            # While they were hidden no pane could have the keys, and the first to come may not be
            # the one that is meant.
            self.settling = True
            self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.settling = False
        self.give_keys(self.pane)

    def about(self, widget: Widget) -> str:
        """Return what a place is for that does not say so itself; of a setting, what it is."""
        setup = self.query_one(SetupPane)
        if setup in widget.ancestors_with_self:
            return setup.unsaid(widget)
        return super().about(widget)

    def show_training(self) -> None:
        """Turn to the curves, and to what the network does where it has a place of its own."""
        self.bring_up("network")
        if self.pane in ("setup", "runs", "log"):
            self.pane = "curves"
        else:
            self.place()

    def chosen_finding(self) -> Finding | None:
        """Return the finding that is chosen in the diagnosis."""
        return self.query_one(DiagnosisPane).followed

    def show_setup(self) -> None:
        """Turn to the setup."""
        self.pane = "setup"

    # --- what the panes say ----------------------------------------------------------------

    @on(CurvesPane.StepPointed)
    def read_step(self, event: CurvesPane.StepPointed) -> None:
        """Read the step that was clicked."""
        self.point_at(event.step)

    @on(CurvesPane.Zoomed)
    def zoom_by_wheel(self, event: CurvesPane.Zoomed) -> None:
        """Show more or fewer steps around the one under the mouse."""
        self.zoom_around(event.by, event.step)

    @on(TransportBar.Sought)
    def seek_share(self, event: TransportBar.Sought) -> None:
        """Go to the place of the bar that was clicked."""
        self.move(lambda player: player.percent(event.share))

    @on(DiagnosisPane.Follow)
    def follow_finding(self, event: DiagnosisPane.Follow) -> None:
        """Train what a finding advises."""
        self.follow_remedy(event.finding)

    @on(RunOpened)
    def open_run(self, event: RunOpened) -> None:
        """Show a run from the list."""
        self.awaiting = False
        self.follow(event.folder)
        self.pane = "curves"

    @on(RunOverlaid)
    def overlay_run(self, event: RunOverlaid) -> None:
        """Draw a run beside the one that is shown, or take it away; where none is, show it."""
        if self.cast.lead is None:
            self.awaiting = False
            self.follow(event.folder)
        else:
            self.cast.toggle(event.folder)
            self.wake()

    @on(RunDeleted)
    def forget_run(self, event: RunDeleted) -> None:
        """Take a run off the screen that is no more."""
        self.cast.drop(event.folder)
        if self.cast.lead is None:
            self.leave_run()
        self.show_now()

    # --- setup -----------------------------------------------------------------------------

    @on(PresetChosen)
    def choose_preset(self, event: PresetChosen) -> None:
        """Show another preset; what was changed in the one before is kept for coming back."""
        from ..setup.draft import Draft

        self.take_in_typed()
        if self.draft is not None:
            self._drafts[self.draft.name] = self.draft
        try:
            self.draft = self._drafts.get(event.name) or Draft.load(event.name)
        except EpochalError as error:
            self.complain(str(error))

    @on(SettingChanged)
    def change_setting(self, event: SettingChanged) -> None:
        """Try what was typed, or train the next run where that was chosen."""
        self._take_in(event.typed)

    def _take_in(self, typed: TypedText) -> None:
        """Have the draft say what was typed, unless it knows that or newer already."""
        if typed.change <= self.heard.get(typed.key, 0):
            return
        self.heard = {**self.heard, typed.key: typed.change}
        if typed.key == DEVICE_KEY:
            self.device = typed.text
        elif self.draft is not None:
            self.draft = self.draft.with_text(typed.key, typed.text)

    def take_in_typed(self) -> None:
        """Have the draft know all that was typed: some of it may be on its way, or wait for a
        rest in the typing.
        """
        for typed in self.query_one(SetupPane).typed():
            self._take_in(typed)

    @on(NothingFound)
    def say_what_was_missed(self, event: NothingFound) -> None:
        """Say that a key did nothing."""
        self.refuse("", event.words)

    @on(ListChanged)
    def change_list(self, event: ListChanged) -> None:
        """Add, remove or move a layer or a mark."""
        self.take_in_typed()
        if self.draft is not None:
            self.draft = self.draft.with_entry(event.list, event.what, event.index)

    @work(group="save", exclusive=True)
    async def action_save_preset(self) -> None:
        """Save the setup as a preset of one's own."""
        from ..dialogs.save_preset import ask_and_save
        from ..setup.draft import Draft

        self.take_in_typed()
        if not self.ready:
            self.say("The presets are still being read; there is nothing to save yet.")
            return
        if self.draft is None or self.draft.experiment is None:
            self.complain("The setup does not hold yet, so it cannot be saved.")
            return
        path = await ask_and_save(self.app, self.draft)
        if path is not None:
            self.presets, self.draft = _preset_entries(), Draft.load(str(path))
            self.say(f"Saved: {path}")

    def action_undo_changes(self) -> None:
        """Set every setting back to what the preset says."""
        self.take_in_typed()
        if self.draft is not None:
            self.draft = self.draft.without_changes()

    def action_leave_field(self) -> None:
        """Leave the field that takes the keys; they are commands again."""
        self.give_back_keys()

    # --- leaving ---------------------------------------------------------------------------

    def action_detach(self) -> None:
        """Leave the lab; the run goes on."""
        self._leave("leave")

    @work(group="quit", exclusive=True)
    async def action_quit(self) -> None:
        """Leave the lab; a run that is going is asked about."""
        from ..dialogs.dialog import QuitDialog

        answer: Farewell | None = "leave"
        if self.going and self.cast.lead is not None:
            answer = await self.app.push_screen_wait(QuitDialog(self.cast.lead.folder.name))
        if answer is not None:
            self._leave(answer)

    def _leave(self, answer: Farewell) -> None:
        words = None
        if self.going and self.cast.lead is not None:
            name = self.cast.lead.folder.name
            words = f"{name} goes on; to see it again: epochal attach {name}"
            if answer == "stop":
                self.ask("stop")
                words = f"{name} was asked to stop; to see its result: epochal show {name}"
        self.app.exit(words)

    @work(group="help", exclusive=True)
    async def action_help(self) -> None:
        """Show what can be done now, and what every key and word means."""
        from ..dialogs.dialog import HelpDialog

        now = doable(self.situation, self.spots, self.lacking)
        where = SPOTS[self.spots[0]] if self.spots else IN_WORDS[self.situation]
        pane = self.widget_of(self.pane)
        await self.app.push_screen_wait(HelpDialog(self.look.palette, now, where, pane))

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        self.app.action_command_palette()


def _preset_entries() -> tuple[PresetEntry, ...]:
    """Return every preset for the list."""
    from engine.presets import preset as presets

    return tuple(PresetEntry(item.name, item.title) for item in presets.catalogue())


def _first_draft(opening: Opening, names: Sequence[str]) -> Draft:
    """Return what the setup shows first: the run's experiment, the preset asked for, or one.

    Raises:
        PresetError: It does not hold.
    """
    from ..setup.draft import Draft

    if opening.run is not None:
        # A run whose experiment this version does not understand can still be looked at.
        with contextlib.suppress(EpochalError):
            return draft_of(opening.run)
    usual = FIRST_PRESET if FIRST_PRESET in names or not names else names[0]
    return Draft.load(opening.preset or usual, opening.overrides)
