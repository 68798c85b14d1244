"""What the lab's screen knows, and the one tick that brings it up to date.

    keys, messages ──► Stage ──► draft ──► Setup
                         │  └──► view ───► Curves, Gradients, Network, Diagnosis, Title, Status
      requests, runs ◄───┘        ▲
                                  └── Cast ◄── recordings

``Running`` adds what is asked of runs, ``Looking`` how they are looked at, and ``Lab`` the panes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import Input

from engine.errors import EpochalError
from engine.runs.requests import default_viewer

from ..commands.command import NEEDS, Need, Situation, Spot
from ..commands.spots import spots_of
from ..commands.table import can, why_not
from ..drawing.lists.log import Entry
from ..drawing.lists.message import Bulletin, bulletin_of
from ..drawing.lists.result import Weights
from ..drawing.lists.status import Standing
from ..style.look import Look
from ..terminal.bandwidth import Link
from ..terminal.frame_clock import Clock
from ..terminal.leaned_on import ShownUnderDialogs
from ..watching.cast import Cast
from ..watching.journal import Journal
from ..watching.lens import Lens
from ..watching.opinions import Opinions
from ..watching.view import View
from ..watching.workers import Workshop
from .preferences import Memory

if TYPE_CHECKING:
    from engine.diagnosis import Finding, Survey
    from engine.lectures.lecture import Script
    from engine.recording.history import History
    from engine.runs.folder import RunFolder
    from engine.runs.requests import Control
    from engine.worker.launch import Worker

    from ..lecture.presenting import Audience
    from ..replay.player import Player
    from ..replay.tempo import Tempo
    from ..replay.transport import Transport
    from ..setup.draft import Draft
    from ..watching.watch import Watch

LOADING_WAIT = 0.02
"""Seconds between two looks at a recording that somebody waits for: room for a key."""
DIAGNOSIS_SECONDS = 1.0
"""How often a run that goes on is diagnosed."""
SURVEY_SECONDS = 0.01
"""How much of a tick the diagnosis of a population may take."""
MESSAGE_SECONDS = 8.0
"""For how long the message line says what happened; what went wrong stays until the next key."""
READING = "The presets are still being read."
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
    memory: Memory = field(default_factory=Memory)
    replay: bool = False
    """Whether what is opened is replayed, from its beginning."""
    tempo: Tempo | None = None
    """How fast; what suits the recording where this is left out."""
    beside: Sequence[str | RunFolder] = ()
    """Presets and runs that are shown beside it, in lockstep."""
    lecture: Script | None = None
    """A lecture to hold."""
    scene: int = 0
    """The scene it begins with, counted from 0."""
    read_only: bool = False
    """Whether nothing can be asked of any run."""
    audience: Audience | None = None
    """Whom to follow; nobody where this is left out."""
    start_worker: Callable[[], Worker] | None = None
    """Starts a worker that gets ready; none where nothing is to be trained."""


class Stage(ShownUnderDialogs):
    """The state of the lab, bound down to its panes."""

    view: reactive[View] = reactive(View(standing=Standing(note=HINT)), repaint=False)
    """What is shown of which recording."""
    draft: reactive[Draft | None] = reactive(None, repaint=False)
    """What the next run will train."""
    look: reactive[Look] = reactive(Look(), repaint=False)
    """What pictures are drawn with."""
    situation: reactive[Situation] = reactive("setup", repaint=False)
    """Which commands make sense."""
    spots: reactive[tuple[Spot, ...]] = reactive((), repaint=False)
    """The place that has the keys, and those around it."""
    lacking: reactive[frozenset[Need]] = reactive(frozenset(), repaint=False)
    """What is not there that some commands need."""
    transport: reactive[Transport | None] = reactive(None, repaint=False)
    """Where a replay stands; None where nothing is replayed."""
    entries: reactive[tuple[Entry, ...]] = reactive((), repaint=False)
    """Everything that happened."""
    bulletin: reactive[Bulletin | None] = reactive(None, repaint=False)
    """What has just happened; None where that is over."""

    heard: reactive[Mapping[str, int]] = reactive[Mapping[str, int]]({}, repaint=False)
    """The number of the last change of each setting that the draft knows of."""
    device: reactive[str] = reactive("auto", repaint=False)
    """Where the next run trains."""

    def __init__(self, opening: Opening, link: Link | None = None) -> None:
        super().__init__()
        self.opening = opening
        self.link = link or Link()
        self.clock = opening.clock
        self.cast = Cast()
        self.workshop = Workshop(
            opening.start_worker, opening.runs_dir, allow_code=opening.allow_code
        )
        self.set_reactive(Stage.device, opening.device)
        self.lens = Lens(log=opening.memory.choices.log, smoothing=opening.memory.choices.smoothing)
        self.note = READING if opening.replay or opening.lecture is not None else HINT
        self.player: Player | None = None
        """What moves a replay; none where the newest step is shown."""
        self.awaiting = opening.replay
        """Whether a replay begins as soon as what it shows has been read."""
        self.ready = False
        """Whether the presets were read."""
        self.asked: Sequence[Callable[[], None]] = ()
        """What was asked for before they were."""
        self._journal = Journal(viewer=default_viewer())
        self._control: Control | None = None
        self._findings: tuple[Finding, ...] = ()
        self._diagnosed: tuple[str, int, int, int] = ("", 0, 0, 0)
        self._diagnosed_at = 0.0
        self._opinions = Opinions()
        """What diagnoses the runs beside the one that is shown."""
        self._survey: Survey | None = None
        """What diagnoses the members of a population, where all of them are shown."""
        self._surveyed = ""
        """The run that it diagnoses."""
        self._ticking = False
        self._telling: Timer | None = None
        """What ends the message that is shown."""
        self.set_reactive(Stage.look, opening.look)

    # --- the runs on the screen ------------------------------------------------------------

    @property
    def watch_shown(self) -> Watch | None:
        """The run that is shown."""
        return self.cast.lead

    @property
    def showing(self) -> bool:
        """Whether the run is shown more slowly than it is trained."""
        return False

    def begun(self, folder: RunFolder, steps: int | None) -> None:
        """Notice that a run was started, which pauses after so many steps, if any."""

    def has_just_ended(self) -> bool:
        """Whether a key may still be meant for what was shown, and not for what comes next."""
        return False

    def reach_worker(self) -> bool:
        """Whether the worker can be asked for something, now that the newest step is shown."""
        return True

    @property
    def going(self) -> bool:
        """Whether the run that is shown is being trained, or may be."""
        return self.cast.lead is not None and self.cast.lead.going

    def follow(
        self, folder: RunFolder, worker: Worker | None = None, *, beside: bool = False
    ) -> None:
        """Show a run from now on.

        Args:
            folder: The run's.
            worker: Its process, where this lab started it.
            beside: Whether the run that was shown stays beside it.
        """
        from engine.runs.requests import Control

        self.player = None
        self.cast.show(folder, worker, beside=beside)
        self._control = Control(folder)
        self.open_journal(folder, started=worker is not None)
        self.lens = self.lens.anew()
        self.note = ""
        self.wake()

    def open_journal(self, folder: RunFolder, *, started: bool = False) -> None:
        """Write down what happens to a run from now on."""
        log = str(folder.log) if folder.path.is_dir() else ""
        self._journal.open(folder.name, log=log, started=started)

    def train(self, draft: Draft, steps: int | None = None) -> tuple[RunFolder, Worker] | None:
        """Start a run of a draft that holds; say why where it cannot be started.

        Args:
            draft: What to train.
            steps: Pause after so many; run freely where there are none.
        """
        assert draft.experiment is not None
        try:
            return self.workshop.train(
                draft.name, draft.experiment, device=self.device, steps=steps
            )
        except EpochalError as error:
            self.complain(f"{error}"[:1].upper() + f"{error}"[1:])
            return None

    def take_in_typed(self) -> None:
        """Have the draft know all that was typed, before it is used or replaced."""

    def leave_run(self) -> None:
        """Show no run any more."""
        self._control, self._findings = None, ()
        self.note = self.hint
        self.show_now()

    def wake(self) -> None:
        """Tick now, and from now on."""
        if self._ticking:
            self.cast.poll()
            self.read_on()
            self.show_now()
        else:
            self._ticking = True
            self._tick()

    def _tick(self) -> None:
        """Read what is new, show it, and find out what that cost."""
        if not self.is_attached or self.cast.lead is None:
            self._ticking = False
            return
        if not self.link.clear:
            # A frame that is still on its way is worth more than one behind it.
            self.set_timer(LOADING_WAIT, self._tick)
            return
        self.clock.carried(self.link.lap())
        started = time.perf_counter()
        self.workshop.look_after()
        self.cast.poll()
        self.read_on()
        self.show_now()
        if not self.cast.going:
            self.warm_up()
        self.call_after_refresh(self._rest, started)

    def read_on(self) -> None:
        """Do what waits for a recording to be read."""

    def _rest(self, started: float) -> None:
        """Wait for the next frame: longer where this one was slow to draw or to send."""
        cost = time.perf_counter() - started
        self.clock.took(cost)
        lead = self.cast.lead
        hurry = self.cast.behind or (lead is not None and lead.state == "starting")
        wait = LOADING_WAIT if hurry else max(self.clock.wait - cost, LOADING_WAIT)
        self.set_timer(wait, self._tick)

    def warm_up(self) -> None:
        """Have a worker ready for the next run, while none is going."""
        try:
            self.workshop.warm_up()
        except OSError as error:
            self.complain(f"no worker could be started: {error}")

    # --- what is shown ---------------------------------------------------------------------

    def show_now(self) -> None:
        """Bring the view up to date."""
        watch = self.cast.lead
        still = self.player is None or self.showing
        self.transport = None if self.player is None or still else self.transport_of(self.player)
        if watch is None:
            standing = Standing(state=self.state_without_run, note=self.note)
            self.view = self.lens.through(View(standing=standing))
        else:
            self.view = self._view_of(watch)
            self._tell(watch)
        self.find_situation()

    def look_through(self, **changes: Any) -> None:
        """Change how the run is looked at, and show it at once."""
        self.lens = replace(self.lens, **changes)
        self.show_now()

    def transport_of(self, player: Player) -> Transport:
        """Move a replay on by the time that has passed, and return where it stands."""
        player.tick()
        return player.transport

    def _view_of(self, watch: Watch) -> View:
        history = watch.history
        head = None if self.player is None else self.player.head
        if head is not None:
            history = watch.whole.until(head)
        step = history.last_step if head is None else min(head, history.last_step)
        member = self.lens.member_of(history)
        weights = self._weights_of(history, member)
        standing = watch.standing(step, member, history=history, weights=weights)
        if head is not None and standing.state != "ended":
            standing = replace(standing, state="replay")
        view = View(
            history=history,
            whole=None if head is None else watch.whole,
            run=watch.folder.name,
            title=watch.title,
            label=watch.label,
            version=history.version,
            step=step,
            slot=self.cast.slot,
            others=self.cast.traces(head),
            standing=replace(standing, note=self.note or standing.note),
            weights=weights,
            loading=watch.loaded,
        )
        seen = self.lens.through(view)
        others = self._opinions.of(seen.others, seen.cursor)
        return replace(seen, findings=self._diagnose(seen), opinions=others)

    def _weights_of(self, history: History, member: int | None) -> Weights:
        """Return which weights are shown, where the run is over and no earlier step is read."""
        lens = self.lens
        if self.cast.lead is not None and self.cast.lead.reading:
            return ""
        if history.end is None or (lens.cursor is not None and lens.cursor < history.last_step):
            return ""
        from ..drawing.lists.result import weights_at_end

        replayed = self.player is not None and not self.showing
        return weights_at_end(history, member, lens.weights, replayed=replayed)

    def _diagnose(self, view: View) -> tuple[Finding, ...]:
        """Return what is wrong at the step that is read; of a run that goes on, once a second."""
        if view.reading:
            return ()
        if view.member is None:
            return self._survey_members(view)
        which = (view.run, view.version, view.at, view.member)
        now = time.monotonic()
        same_run = (self._diagnosed[0], self._diagnosed[3]) == (view.run, view.member)
        soon = same_run and view.cursor is None and now < self._diagnosed_at + DIAGNOSIS_SECONDS
        over = view.standing.state in ("ended", "crashed", "paused")
        if which != self._diagnosed and view.history is not None and (over or not soon):
            from engine.diagnosis import diagnose

            self._findings = diagnose(view.history, view.at, view.member)
            self._diagnosed, self._diagnosed_at = which, now
        return self._findings

    def _survey_members(self, view: View) -> tuple[Finding, ...]:
        """Return what is wrong with the members of a population: some more are asked each time."""
        from engine.diagnosis import survey

        if self._survey is None or self._surveyed != view.run:
            self._survey, self._surveyed = survey(), view.run
        if view.history is not None:
            self._survey.look(view.history, view.at, SURVEY_SECONDS)
        return self._survey.findings

    def _tell(self, watch: Watch) -> None:
        """Write down what happened, and say of it what nobody should miss."""
        if self.showing and self.view.history is not None:
            self._journal.read(self.view.history)
        elif not watch.behind and not watch.reading and self.player is None:
            self._journal.read(watch.history, trouble=watch.trouble)
        self._tell_new()

    def _tell_new(self) -> None:
        """Say what nobody was told of yet."""
        new = self._journal.take_new()
        if new:
            self.tell(bulletin_of(new))
        self.entries = self._journal.entries

    def tell(self, bulletin: Bulletin) -> None:
        """Say something in the message line: for a while, or until the next key."""
        self.hush()
        self.bulletin = bulletin
        if bulletin.entry.severity != "bad":
            self._telling = self.set_timer(MESSAGE_SECONDS, self.hush)

    def hush(self) -> None:
        """Say no longer what has happened."""
        if self._telling is not None:
            self._telling.stop()
        self._telling, self.bulletin = None, None

    def heed(self) -> None:
        """Notice that a key comes: what went wrong has been read."""
        if self.bulletin is not None and self.bulletin.entry.severity == "bad":
            self.hush()

    def refuse(self, key: str, why: str = "") -> None:
        """Say that a key does nothing here, and why; the log has no use for it."""
        words = why or why_not(key, self.run_situation, self.spots, self.lacking)
        self.tell(Bulletin(entry=Entry(words=words, quiet=True), logged=False))

    def complain(self, words: str) -> None:
        """Say what could not be done; the log keeps it."""
        self._journal.say(words, "bad")
        self._tell_new()

    def say(self, words: str) -> None:
        """Say what was done; the log keeps it."""
        self._journal.say(words, "note")
        self._tell_new()

    @property
    def hint(self) -> str:
        """What to do, where nothing else is said."""
        return HINT if self.run_situation == "setup" else ""

    @property
    def state_without_run(self) -> str:
        """How it stands where no run is shown."""
        return "none"

    @property
    def run_situation(self) -> Situation:
        """How it stands with the run that is shown, whatever takes the keys."""
        if self.opening.read_only:
            return "follow"
        if self.opening.lecture is not None:
            return "lecture" if self.cast.lead is not None else "slide"
        if self.player is not None or self.awaiting:
            return "showing" if self.showing else "replay"
        return self.cast.lead.situation if self.cast.lead is not None else "setup"

    def find_situation(self) -> None:
        """Find out which commands make sense now."""
        typing = isinstance(self.focused, Input)
        self.situation = "form" if typing else self.run_situation
        self.spots = spots_of(self.focused)
        stack = self.app.screen_stack
        asking = spots_of(stack[-1].focused or stack[-1]) if stack else ()
        if "dialog" in asking:
            self.spots = asking
        self.lacking = frozenset(need for need in NEEDS if not self.has(need))

    def on_screen_resume(self) -> None:
        """Have the keys again."""
        self.find_situation()

    def has(self, need: Need) -> bool:
        """Whether what some commands need is there."""
        header = self.view.history.header if self.view.history is not None else None
        match need:
            case "members":
                return header is not None and header.members > 1
            case "marks":
                return self.awaiting or (self.player is not None and self.marked())
            case "remedy":
                # Whether there is one is known once all has been read; until then the key says so.
                advised = any(finding.remedy is not None for finding in self.view.findings)
                return advised or bool(self.view.reading)
            case "result":
                return self._has_result()
            case "changes":
                return self.draft is not None and bool(self.draft.changed)
        return True

    def _has_result(self) -> bool:
        """Whether the run stands at its end, where its best weights and its last ones are."""
        view = self.view
        if not view.weights or view.history is None:
            return False
        from ..drawing.lists.result import has_best

        return has_best(view.history, view.member)

    def watch_draft(self) -> None:
        """Find out whether there is anything to undo."""
        if self.is_mounted:
            self.find_situation()

    def marked(self) -> bool:
        """Whether what is replayed has marks."""
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow what makes sense now; so one key can do different things."""
        return can(action, self.situation, self.has)

    # --- requests --------------------------------------------------------------------------

    def ask(self, action: str, **arguments: object) -> None:
        """Ask the worker for something; what comes of it is read in the recording."""
        assert self._control is not None
        try:
            self._control.send(action, **arguments)  # type: ignore[arg-type]
        except (EpochalError, OSError) as error:
            self.complain(f"{action} could not be asked for: {error}")
        self.note = ""
