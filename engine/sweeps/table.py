"""The table of a sweep: what every setting came to, over its seeds, as far as it is trained.

    plan ───────────────────┐
    recordings of groups ───┴─► read ──► SweepTable ── axes       what is swept
                                                    ├─ settings   a row each, over its seeds
                                                    └─ trials     a network each, and where it lies

The table is read off the folder, whoever trains the sweep and wherever: while it goes on, a table
read again has more in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from ..recording.events import PRUNED, End
from ..recording.fitting import fitting_result, is_int
from ..runs.summary import Glance, GlancedRun
from ..text.averages import deviation_of, mean_of
from .folder import SweepFolder
from .group import TrialGroup
from .plan import Plan

TrialState = Literal["waiting", "training", "finished", "pruned", "diverged", "failed"]
"""What a trial is doing, or how it ended. One whose process died waits to be trained again."""

FIGURES: Final = tuple(
    f"{part}_{what}" for part in ("test", "dev", "train") for what in ("accuracy", "loss", "rmse")
)
"""The figures of a result that a table may show, those that say most first."""


@dataclass(frozen=True)
class SweptAxis:
    """What is swept, and the values it takes."""

    key: str
    """A key of the preset, or ``preset`` where there are several."""
    values: tuple[Any, ...]
    """Each value once, in the order in which they were asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRow:
    """One network: what it is, what it came to, and where its run is."""

    number: int
    """Counted from 0."""
    preset: str
    """What its experiment is called."""
    setting: Mapping[str, Any]
    """The keys that are swept, each with its value."""
    seed: int
    digest: str
    """The hash of all that decides its numbers."""
    state: TrialState
    reason: str = ""
    """Why it ended."""
    run: Path
    """The folder of its group's run, which is one like any other once it has begun."""
    member: int
    """Which network of that run it is."""
    alone: bool = False
    """Whether it has its group for itself: its numbers are then those of the run done alone on one
    thread, to the bit. Others are the same up to rounding, which a rate that is nearly too large
    lets grow: of the thirty trials of two-moons-sweep, over 3000 epochs, all accuracies are the
    same and all losses but one within a thousandth (benchmarks/RESULTS.md)."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Its figures with the weights that are kept; only those that are numbers."""
    best_step: int | None = None
    """The step of these weights, where the best on the dev set are kept."""
    step: int = 0
    """The last step it took."""


@dataclass(frozen=True, kw_only=True)
class SpreadFigure:
    """A figure over the seeds of a setting."""

    mean: float
    spread: float
    """The standard deviation; 0 of a single one."""
    count: int
    """How many it is of: those that finished."""


@dataclass(frozen=True, kw_only=True)
class SweptSetting:
    """One setting, over its seeds."""

    preset: str
    setting: Mapping[str, Any]
    trials: tuple[TrialRow, ...]
    figures: Mapping[str, SpreadFigure]
    """By name, as far as any of its networks finished."""

    def count(self, state: TrialState) -> int:
        """Return how many of its networks are in a state."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def state(self) -> TrialState:
        """What it is doing, or how most of it ended."""
        for state in ("training", "waiting", "failed", "finished", "pruned"):
            if self.count(state):
                return state
        return "diverged"


@dataclass(frozen=True, kw_only=True)
class SweepTable:
    """What a sweep came to so far."""

    name: str
    path: Path
    made: float
    """When the sweep was started, in seconds since 1970."""
    axes: tuple[SweptAxis, ...]
    settings: tuple[SweptSetting, ...]
    trials: tuple[TrialRow, ...]
    figures: tuple[str, ...]
    """The figures that any trial has, those that say most first."""
    seeds: int
    """How many networks a setting has at most."""
    busy: bool
    """Whether the sweep is going on."""
    expected: int
    """How many trials there are to be: more than there are, while a search still asks for some."""
    failure: str = ""
    """Why the last command that trained it came to nothing, in a line; empty if it did not."""

    def count(self, state: TrialState) -> int:
        """Return how many trials are in a state."""
        return sum(trial.state == state for trial in self.trials)

    @property
    def over(self) -> int:
        """How many trials are over, however they ended."""
        return sum(trial.state not in ("waiting", "training") for trial in self.trials)

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        return progress_text(self.over, self.expected, self.count("diverged"))

    def only(self, digests: set[str]) -> SweepTable:
        """Return the table of some of the trials."""
        kept = [trial for trial in self.trials if trial.digest in digests]
        if len(kept) == len(self.trials):
            return self
        return table_of(self.name, self.path, self.made, self.busy, kept)


def progress_text(over: int, count: int, diverged: int) -> str:
    """Return how many trials are over, and how many of these diverged."""
    trials = f"{over} of {count} trials" if over < count else f"{count} trials"
    return f"{trials}, {diverged} diverged" if diverged else trials


class SweepReader:
    """Reads a sweep's table again and again, at the price of what is new.

    Args:
        path: The sweep's folder.
    """

    def __init__(self, path: Path) -> None:
        self.folder = SweepFolder(path)
        self._plan: Plan | None = None
        self._planned = (0, 0)
        self._looks: dict[int, GlancedRun] = {}
        self._ends: dict[int, Glance] = {}
        """The groups that are over: nothing of them changes any more."""

    def plan(self) -> Plan:
        """Return the plan as it stands.

        Raises:
            RunError: There is none that can be read.
        """
        try:
            written = self.folder.plan_file.stat()
            stamp = written.st_size, written.st_mtime_ns
        except OSError:
            stamp = 0, 0
        if self._plan is None or stamp != self._planned:
            self._plan, self._planned = self.folder.plan(), stamp
        return self._plan

    def glance(self, group: TrialGroup) -> Glance:
        """Return what is known of a group's run."""
        if (over := self._ends.get(group.number)) is not None:
            return over
        look = self._looks.get(group.number)
        if look is None:
            look = self._looks[group.number] = GlancedRun(self.folder.group(group.number))
        look.again()
        glance = look.glance()
        if glance.end is not None:
            self._ends[group.number] = glance
            del self._looks[group.number]
        elif glance.state == "crashed":
            del self._looks[group.number]  # It may begin anew, in another file.
        return glance

    def table(self) -> SweepTable:
        """Return the table as it stands.

        Raises:
            RunError: There is no plan that can be read.
        """
        plan = self.plan()
        rows = list(_rows(plan, self.folder, {g.number: self.glance(g) for g in plan.groups}))
        search = {} if plan.searched else plan.search or {}
        asked = search.get("trials", 0) * search.get("seeds", 1)
        busy = self.folder.busy()
        table = table_of(plan.name, self.folder.path, plan.made, busy, rows, expected=asked)
        return replace(table, failure="" if busy else self.folder.failure)


def read(path: Path) -> SweepTable:
    """Return the table of a sweep as it stands.

    Args:
        path: The sweep's folder.

    Raises:
        RunError: It is none that can be read.
    """
    return SweepReader(path).table()


def table_of(
    name: str, path: Path, made: float, busy: bool, trials: Sequence[TrialRow], *, expected: int = 0
) -> SweepTable:
    """Return the table of some trials, in their order.

    Args:
        name: The sweep's.
        path: Its folder.
        made: When it was started.
        busy: Whether it is going on.
        trials: What it is a table of.
        expected: How many there are to be, where that is more.
    """
    by_setting: dict[tuple[str, str], list[TrialRow]] = {}
    for trial in trials:
        by_setting.setdefault((trial.preset, _told(trial.setting)), []).append(trial)
    settings = [_setting(each) for each in by_setting.values()]
    reached = {key for trial in trials for key in trial.figures}
    return SweepTable(
        name=name,
        path=path,
        made=made,
        axes=tuple(_axes(trials)),
        settings=tuple(settings),
        trials=tuple(trials),
        figures=tuple(key for key in FIGURES if key in reached),
        seeds=max((len(each.trials) for each in settings), default=0),
        busy=busy,
        expected=max(expected, len(trials)),
    )


def _rows(plan: Plan, folder: SweepFolder, glances: Mapping[int, Glance]) -> Iterator[TrialRow]:
    """Yield a row for each trial of a plan."""
    places = plan.places
    for trial in plan.trials:
        preset = plan.bases[trial.base].preset
        common: dict[str, Any] = {
            "number": trial.number,
            "preset": preset,
            "setting": trial.setting,
            "seed": trial.seed,
            "digest": trial.digest,
        }
        if trial.number not in places:
            yield TrialRow(**common, state="waiting", run=folder.path, member=0)
            continue
        group, member = places[trial.number]
        alone = len(group.trials) == 1
        run = folder.group(group.number)
        came_to = _came_to(glances[group.number], member, len(group.trials))
        # One that was ended early has not come to what it would have come to alone.
        alone = alone and came_to["state"] != PRUNED
        yield TrialRow(**common, run=run.path, member=member, alone=alone, **came_to)


def statuses_of(end: End, trials: int) -> list[str]:
    """Return how each trial of a group that is over ended."""
    return end.result.get("statuses") or [end.status] * trials


def _came_to(glance: Glance, member: int, members: int) -> dict[str, Any]:
    """Return what a group's run says of one of its members."""
    end = glance.end
    if end is None:
        going = glance.state in ("running", "paused", "silent")
        return {"state": "training" if going else "waiting", "step": glance.step}
    # The plan may have been written over since: figures of other networks are none of these.
    result = fitting_result(end.result, members)

    def of_member(key: str) -> Any:
        value = result.get(key)
        return value[member] if isinstance(value, list) else value

    def step_of(key: str) -> int:
        return value if is_int(value := of_member(key)) else 0

    status, reason = of_member("statuses") or end.status, of_member("reasons") or end.reason
    if status == "finished" and reason == PRUNED:
        status = PRUNED
    # What was stopped by its own rule is finished, and what somebody stopped waits.
    stopped = "finished" if end.status in ("finished", "stopped") else "failed"
    figures = {key: value for key in FIGURES if _is_number(value := of_member(key))}
    return {
        "state": status if status in get_args(TrialState) else stopped,
        "reason": reason,
        "figures": figures if status != "failed" else {},
        "best_step": step_of("best_step") or None,
        "step": step_of("ended_at") or end.step,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _setting(trials: Sequence[TrialRow]) -> SweptSetting:
    figures = {}
    for key in FIGURES:
        # What diverged has a loss, of the step it broke at: it is no figure of the setting.
        over = [trial for trial in trials if trial.state == "finished"]
        if values := [trial.figures[key] for trial in over if key in trial.figures]:
            figures[key] = SpreadFigure(
                mean=mean_of(values), spread=deviation_of(values), count=len(values)
            )
    return SweptSetting(
        preset=trials[0].preset, setting=trials[0].setting, trials=tuple(trials), figures=figures
    )


def _axes(trials: Sequence[TrialRow]) -> Iterator[SweptAxis]:
    """Yield what differs: the presets where there are several, then each key."""
    presets = tuple(dict.fromkeys(trial.preset for trial in trials))
    if len(presets) > 1:
        yield SweptAxis("preset", presets)
    keys = dict.fromkeys(key for trial in trials for key in trial.setting)
    for key in keys:
        values = (trial.setting[key] for trial in trials if key in trial.setting)
        yield SweptAxis(key, tuple({_told(value): value for value in values}.values()))


def _told(value: Any) -> str:
    """Return a text that two values have in common if they are the same."""
    return json.dumps(value, sort_keys=True)
