"""The lab's one screen: it owns the state and binds it down; panes answer with messages.

    keys, messages ──► Lab ──► draft ──► Setup
                        │  └─► view ───► Curves, Gradients, Status, Title
      requests, runs ◄──┘        ▲
                                 └── Watch ◄── recording.jsonl

It writes run folders and requests, and reads recordings; it never trains.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from engine.errors import EpochalError
from tui.clock import Clock
from tui.commands import COMMANDS, Situation, can, key_name
from tui.drawing.numbers import count
from tui.drawing.status import Standing
from tui.look import Look
from tui.panes.curves import CurvesPane
from tui.panes.gradients import GradientsPane
from tui.panes.setup import PresetEntry, SetupPane
from tui.panes.status import KeysLine, StatusLines, TitleLine
from tui.view import View

if TYPE_CHECKING:
    from engine.launch import Worker
    from engine.requests import Action, Control
    from engine.runs import RunFolder
    from tui.dialogs import Farewell
    from tui.draft import Draft
    from tui.drawing.curves import Quantity
    from tui.watch import Watch

PANES = ("setup", "curves", "gradients")
WIDE, TALL = 120, 30
"""From this size on the panes stand side by side."""
NARROW = 60
"""Below this width the setup stands in one column."""
FIRST_PRESET = "two-moons"
"""What the setup shows where no preset was asked for."""
LR_FACTOR = 1.25
"""What one key press multiplies or divides the learning rate by."""
FIRST = {"setup": "presets", "curves": "curves", "gradients": "layers"}
"""What gets the keys in a pane that was not visited yet."""
LOADING_WAIT = 0.02
"""Seconds between two looks at a recording that somebody waits for: room for a key."""
HINT = "Space trains what the setup shows, s takes one step of it, ? shows every key."


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the lab opens with."""

    preset: str | None = None
    """A preset; two-moons, or else the first there is, where this is left out."""
    run: RunFolder | None = None
    """A run to show, in place of a preset."""
    overrides: Sequence[str] = ()
    """What ``--set`` and ``--seed`` ask for."""
    device: str = "auto"
    allow_code: bool = False
    """Whether a preset may run a network from a Python file."""
    runs_dir: Path = Path("runs")
    look: Look = field(default_factory=Look)
    clock: Clock = field(default_factory=Clock)
    start_worker: Callable[[], Worker] | None = None
    """Starts a worker that gets ready; none where nothing is to be trained."""


class Lab(Screen[None]):
    """Set a network up, watch it train, stop it, step it, change it."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            ",".join(command.keys),
            command.action,
            command.label,
            key_display=key_name(command.keys[0]),
            tooltip=command.help,
            show=False,
        )
        for command in COMMANDS
    ]

    view: reactive[View] = reactive(View(standing=Standing(note=HINT)), repaint=False)
    """What is shown of which recording."""
    draft: reactive[Draft | None] = reactive(None, repaint=False)
    """What the next run will train."""
    presets: reactive[tuple[PresetEntry, ...]] = reactive((), repaint=False)
    """Every preset there is."""
    look: reactive[Look] = reactive(Look(), repaint=False)
    """What pictures are drawn with."""
    pane: reactive[str] = reactive("setup", repaint=False)
    """The pane that has the keys."""
    tabbed: reactive[bool] = reactive(False, repaint=False)
    """Whether there is room for one pane only."""
    situation: reactive[Situation] = reactive("setup", repaint=False)
    """Which commands make sense."""

    @dataclass
    class Ready(Message):
        """The presets are there, the draft the lab opens with, and a warm worker."""

        entries: tuple[PresetEntry, ...]
        draft: Draft | None
        worker: Worker | None
        trouble: str

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._opening = opening
        self._clock = opening.clock
        self._drafts: dict[str, Draft] = {}
        """What was changed in presets that are not shown now."""
        self._watch: Watch | None = None
        self._control: Control | None = None
        self._warm: Worker | None = None
        self._given: list[Worker] = []
        """Workers this lab gave a run: one that ended stays a process until it is asked after."""
        self._ready = False
        """Whether the presets were read."""
        self._asked: Callable[[], None] | None = None
        """What was asked for before the presets were there."""
        self._log = False
        self._quantity: Quantity = "loss"
        self._note = HINT
        self._visited: dict[str, Widget] = {}
        """Where the keys were in each pane."""
        self.set_reactive(Lab.look, opening.look)

    def compose(self) -> ComposeResult:
        """A line above, the panes, two lines of status, a line of keys."""
        yield TitleLine().data_bind(Lab.view, Lab.look, Lab.pane, Lab.tabbed)
        with Container(id="panes"):
            yield SetupPane(id="setup").data_bind(Lab.draft, Lab.presets, Lab.look)
            with Vertical(id="pictures"):
                yield CurvesPane(id="curves").data_bind(Lab.view, Lab.look)
                yield GradientsPane(id="gradients").data_bind(Lab.view, Lab.look, Lab.tabbed)
        yield StatusLines().data_bind(Lab.view, Lab.look)
        yield KeysLine().data_bind(Lab.situation, Lab.look)

    # --- opening ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show the first frame at once; whatever takes time comes after it."""
        self._arrange(self.app.size)
        self.pane = "setup" if self._opening.run is None else "curves"
        self._give_keys(self.pane)
        if self._opening.run is not None:
            self._follow(self._opening.run, None)
        self.call_after_refresh(self._get_ready)

    def _warm_up(self) -> None:
        """Have a worker ready for the next run, while none is going.

        One that has died is not replaced before it is needed: the next would die as well.
        """
        start = self._opening.start_worker
        going = self._watch is not None and self._watch.going
        if start is None or going or self._warm is not None:
            return
        try:
            self._warm = start()
        except OSError as error:
            self._complain(f"no worker could be started: {error}")

    @work(thread=True, group="opening", description="get ready", exit_on_error=False)
    def _get_ready(self) -> None:
        """Start a worker and read the presets: the schema alone takes a quarter of a second."""
        opening, trouble = self._opening, ""
        worker, draft = None, None
        entries: tuple[PresetEntry, ...] = ()
        try:
            if opening.start_worker is not None and opening.run is None:
                worker = opening.start_worker()
            entries = _preset_entries()
            draft = _first_draft(opening, [entry.name for entry in entries])
        except (EpochalError, OSError) as error:
            trouble = str(error)
        self.post_message(self.Ready(entries, draft, worker, trouble))

    @on(Ready)
    def begin(self, event: Ready) -> None:
        """Show the presets, and do what was asked for in the meantime."""
        # A run that is over has started a worker already.
        self._warm = self._warm or event.worker
        self.presets, self.draft, self._ready = event.entries, event.draft, True
        if event.trouble:
            self._complain(event.trouble)
        if self._asked is not None:
            self._asked()
            self._asked = None

    def on_unmount(self) -> None:
        """Let the worker that has no run go."""
        if self._warm is not None:
            self._warm.close()

    # --- the recording ---------------------------------------------------------------------

    def _follow(self, folder: RunFolder, worker: Worker | None) -> None:
        """Show a run from now on."""
        from engine.requests import Control
        from tui.watch import Watch

        self._watch = Watch(folder, worker)
        self._control = Control(folder)
        self._note = ""
        self._tick(self._watch)

    def _tick(self, watch: Watch) -> None:
        """Read what is new, show it, and find out what that cost."""
        if watch is not self._watch or not self.is_attached:
            return
        started = time.perf_counter()
        self._given = [worker for worker in self._given if worker.poll() is None]
        watch.poll()
        self._show()
        if watch.state in ("ended", "crashed"):
            self._warm_up()
        self.call_after_refresh(self._rest, watch, started)

    def _rest(self, watch: Watch, started: float) -> None:
        """Wait for the next frame: longer where this one was slow to draw or to send."""
        cost = time.perf_counter() - started
        self._clock.took(cost)
        hurry = watch.behind or watch.state == "starting"
        wait = LOADING_WAIT if hurry else max(self._clock.wait - cost, LOADING_WAIT)
        self.set_timer(wait, lambda: self._tick(watch))

    def _show(self) -> None:
        """Bring the view up to date."""
        watch = self._watch
        if watch is None:
            self.view = View(
                standing=Standing(note=self._note), log=self._log, quantity=self._quantity
            )
        else:
            step = watch.history.last_step
            standing = watch.standing(step)
            self.view = View(
                history=watch.history,
                run=watch.folder.name,
                title=watch.title,
                version=watch.history.version,
                step=step,
                log=self._log,
                quantity=self._quantity,
                standing=replace(standing, note=self._note or standing.note),
                loading=watch.loaded,
            )
        self._find_situation()

    @property
    def run_situation(self) -> Situation:
        """How it stands with the run that is shown, whatever takes the keys."""
        return self._watch.situation if self._watch is not None else "setup"

    def _find_situation(self) -> None:
        typing = isinstance(self.focused, Input)
        self.situation = "form" if typing else self.run_situation

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow what makes sense now; so one key can do different things."""
        return can(action, self.situation)

    # --- setup -----------------------------------------------------------------------------

    @on(SetupPane.PresetChosen)
    def choose_preset(self, event: SetupPane.PresetChosen) -> None:
        """Show another preset; what was changed in the one before is kept for coming back."""
        from tui.draft import Draft

        if self.draft is not None:
            self._drafts[self.draft.name] = self.draft
        try:
            self.draft = self._drafts.get(event.name) or Draft.load(event.name)
        except EpochalError as error:
            self._complain(str(error))

    @on(SetupPane.SettingChanged)
    def change_setting(self, event: SetupPane.SettingChanged) -> None:
        """Try what was typed."""
        if self.draft is not None:
            self.draft = self.draft.with_text(event.key, event.text)

    def action_undo_changes(self) -> None:
        """Set every setting back to what the preset says."""
        if self.draft is not None:
            self.draft = self.draft.without_changes()

    def action_leave_field(self) -> None:
        """Leave the field that takes the keys; they are commands again."""
        self.query_one("#presets").focus()

    # --- the run ---------------------------------------------------------------------------

    def action_start(self) -> None:
        """Train the setup as a new run."""
        self._start(None)

    def _start(self, steps: int | None) -> None:
        """Start a run of the draft, to pause after ``steps`` if these are given."""
        draft = self.draft
        if draft is None and not self._ready:
            self._asked = lambda: self._start(steps)
            return
        if draft is None:
            self._complain("There is no setup to train: choose a preset that holds.")
            self.pane = "setup"
            return
        if draft.experiment is None:
            self._complain("The setup does not hold yet: see what is said under its fields.")
            self.pane = "setup"
            return
        if self._opening.start_worker is None:
            self._complain("There is nothing here that could train.")
            return
        from engine.presets import dumps
        from engine.runs import create_run

        try:
            worker = self._warm_worker()
            folder = create_run(
                draft.name, dumps(draft.experiment, full=True), self._opening.runs_dir
            )
            opening = self._opening
            worker.give(folder, device=opening.device, steps=steps, allow_code=opening.allow_code)
        except (EpochalError, OSError) as error:
            self._complain(f"The run could not be started: {error}")
            return
        self._follow(folder, worker)
        if self.pane == "setup":
            self.pane = "curves"

    def _warm_worker(self) -> Worker:
        """Return a worker that waits for a folder."""
        start = self._opening.start_worker
        assert start is not None
        worker, self._warm = self._warm, None
        if worker is None or worker.poll() is not None:
            worker = start()
        self._given.append(worker)
        return worker

    def action_restart(self) -> None:
        """Stop what runs and train the setup as a new run."""
        holds = self.draft is not None and self.draft.experiment is not None
        if holds and self._watch is not None and self._watch.going:
            self._ask("stop")
        self._start(None)

    def _ask(self, action: Action, **arguments: object) -> None:
        """Ask the worker for something; what comes of it is read in the recording."""
        assert self._control is not None
        try:
            self._control.send(action, **arguments)
        except (EpochalError, OSError) as error:
            self._complain(f"{action} could not be asked for: {error}")
        self._note = ""

    def action_pause(self) -> None:
        """Pause between two steps."""
        self._ask("pause")

    def action_go_on(self) -> None:
        """Go on."""
        self._ask("continue")

    def action_step(self) -> None:
        """Take one step, then pause."""
        if self._watch is not None and self._watch.going:
            self._ask("step", n=1)
        else:
            self._start(1)

    def action_stop(self) -> None:
        """End the run."""
        self._ask("stop")

    def action_raise_lr(self) -> None:
        """Raise the learning rate."""
        self._change_lr(LR_FACTOR)

    def action_lower_lr(self) -> None:
        """Lower the learning rate."""
        self._change_lr(1 / LR_FACTOR)

    def _change_lr(self, factor: float) -> None:
        if self._watch is not None and (before := self._watch.learning_rate()) is not None:
            lr = float(f"{before * factor:.4g}")
            self._watch.lr_asked = lr
            self._ask("set_lr", lr=lr)

    @work(group="mark", exclusive=True)
    async def action_mark(self) -> None:
        """Set a mark at this step."""
        from tui.dialogs import MarkDialog

        title = await self.app.push_screen_wait(MarkDialog(count(self.view.step)))
        if title is not None:
            self._ask("mark", title=title)

    # --- looks -----------------------------------------------------------------------------

    def action_toggle_log(self) -> None:
        """Turn the logarithmic axis on or off."""
        self._log = not self._log
        self._show()

    def action_toggle_accuracy(self) -> None:
        """Show the accuracy in place of the loss, or the loss again."""
        self._quantity = "accuracy" if self._quantity == "loss" else "loss"
        self._show()

    def action_next_glyphs(self) -> None:
        """Draw with other glyphs."""
        self.look = self.look.next_glyphs()

    def action_next_theme(self) -> None:
        """Use other colours."""
        self.look = self.look.next_palette()
        self.app.theme = self.look.palette.name

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.pane = PANES[(PANES.index(self.pane) + 1) % len(PANES)]

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.pane = PANES[PANES.index(self.pane) - 1]

    def action_show_pane(self, name: str) -> None:
        """Go to a pane."""
        assert name in PANES
        self.pane = name

    def watch_pane(self, pane: str) -> None:
        """Show the pane where there is room for one only, and give it the keys."""
        if self.is_mounted:
            self._give_keys(pane)

    def _give_keys(self, pane: str) -> None:
        for name in PANES:
            self.set_class(name == pane, f"-show-{name}")
        self.set_focus(self._visited.get(pane) or self.query_one(f"#{FIRST[pane]}"))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Notice which pane has the keys, however it got them."""
        # Messages lag behind the keys: what counts is who has the focus now.
        focused = self.focused
        if focused is None:
            return
        for name in PANES:
            if self.query_one(f"#{name}") in focused.ancestors_with_self:
                self._visited[name] = focused
                self.pane = name
        self._help_with(focused)
        self._find_situation()

    def _help_with(self, widget: Widget) -> None:
        """Say in the status what the field that has the keys is for."""
        tooltip = widget.tooltip
        note = tooltip if isinstance(tooltip, str) else (HINT if self._watch is None else "")
        if note != self._note:
            self._note = note
            self._show()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Notice that a field is left."""
        self._find_situation()

    def on_resize(self, event: events.Resize) -> None:
        """Use the room there is."""
        self._arrange(event.size)

    def _arrange(self, size: Size) -> None:
        """Show one pane at a time, or all side by side.

        Textual's breakpoints would do this only after a first frame at the wrong size.
        """
        self.tabbed = size.width < WIDE or size.height < TALL
        self.set_class(self.tabbed, "-tabbed")
        self.set_class(size.width < NARROW, "-narrow")

    # --- leaving ---------------------------------------------------------------------------

    def action_detach(self) -> None:
        """Leave the lab; the run goes on."""
        self._leave("leave")

    @work(group="quit", exclusive=True)
    async def action_quit(self) -> None:
        """Leave the lab; a run that is going is asked about."""
        from tui.dialogs import QuitDialog

        answer: Farewell | None = "leave"
        if self._watch is not None and self._watch.going:
            answer = await self.app.push_screen_wait(QuitDialog(self._watch.folder.name))
        if answer is not None:
            self._leave(answer)

    def _leave(self, answer: Farewell) -> None:
        words = None
        if self._watch is not None and self._watch.going:
            name = self._watch.folder.name
            words = f"{name} goes on; to see it again: epochal attach {name}"
            if answer == "stop":
                self._ask("stop")
                words = f"{name} was asked to stop; to see its result: epochal show {name}"
        self.app.exit(words)

    @work(group="help", exclusive=True)
    async def action_help(self) -> None:
        """Show every key."""
        from tui.dialogs import HelpDialog

        await self.app.push_screen_wait(HelpDialog(self.look.palette))

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        self.app.action_command_palette()

    def _complain(self, words: str) -> None:
        """Say what could not be done."""
        self.notify(words, severity="error", markup=False, timeout=10)


def _preset_entries() -> tuple[PresetEntry, ...]:
    """Return every preset for the list."""
    from engine import presets

    return tuple(PresetEntry(item.name, item.title) for item in presets.catalogue())


def _first_draft(opening: Opening, names: Sequence[str]) -> Draft:
    """Return what the setup shows first: the run's experiment, the preset asked for, or one.

    Raises:
        PresetError: It does not hold.
    """
    from tui.draft import Draft

    if opening.run is not None:
        # A run whose experiment this version does not understand can still be looked at.
        with contextlib.suppress(EpochalError):
            return _draft_of(opening.run)
    usual = FIRST_PRESET if FIRST_PRESET in names or not names else names[0]
    return Draft.load(opening.preset or usual, opening.overrides)


def _draft_of(folder: RunFolder) -> Draft:
    """Return the draft that repeats a run.

    Raises:
        PresetError: Its folder does not hold the experiment.
    """
    from engine import presets
    from tui.draft import Draft

    # A run's name is its preset's, a date, a time and four digits.
    name = folder.name.rsplit("-", 3)[0]
    return Draft.of(name, presets.load(str(folder.experiment_file)).experiment)
