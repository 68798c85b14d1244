"""A cell of a sweep's map looked at as a run: some networks of one group, or of several.

    group-1, members 3 and 4 ─┐
    group-4, members 0 to 2  ─┴─► one history of five networks, as far as both groups have come

It is written down nowhere: the groups' recordings are followed, and what they say of other
networks is left out. In which group a network was trained is no business of whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingError
from ..recording.events import End, Event, Header, Series, Snapshot
from ..recording.file import Reader
from ..recording.history import History
from ..recording.rows import Rows, series_of
from ..recording.values import Values
from ..runs.folder import RunFolder
from ..runs.state import State, state_of
from ..text.numbers import counted
from ..text.run_names import label_of
from .folder import SweepFolder, is_sweep
from .group import TrialGroup

STATES: Final[tuple[State, ...]] = ("running", "paused", "silent", "starting", "crashed")
"""What a cell does while one of its groups does, the first that there is."""

OF_ALL: Final = frozenset(("steps", "epochs", "seconds", "steps_per_second"))
"""Figures of a result that are a run's and no network's."""

OF_MEMBERS: Final = frozenset(("statuses", "reasons", "ended_at"))
"""What a result says of the networks of a population, and not of a network alone."""


@dataclass(frozen=True, kw_only=True)
class CellRun(RunFolder):
    """The networks of a cell that have begun; nothing lies under its path."""

    called: str
    """Which sweep they are of, and which of its trials they are."""
    trials: tuple[int, ...]
    """The number of each."""
    places: tuple[tuple[RunFolder, int], ...]
    """The group of each network, and which member of that it is."""
    experiment: Mapping[str, Any]
    """The tables of what they are, as one population."""
    variants: tuple[Mapping[str, Any], ...]
    """What each has that the others may not."""

    __hash__ = RunFolder.__hash__

    @property
    def title(self) -> str:
        """What they have in common, in words."""
        return str(self.experiment.get("title", ""))

    @property
    def name(self) -> str:
        """Which sweep they are of, and which of its trials they are."""
        return self.called


def network_in(run: RunFolder, member: int) -> tuple[RunFolder, int]:
    """Return the run that a network of a run is recorded in, and which member of that it is."""
    return run.places[member] if isinstance(run, CellRun) else (run, member)


def sweep_of(run: RunFolder) -> Path | None:
    """Return the folder of the sweep whose processes train a run; none of one that has its own."""
    path = run.path.parent
    of_group = isinstance(run, CellRun) or run.path.name.startswith("group-")
    return path if of_group and is_sweep(path) else None


def runs_of_cell(sweep: SweepFolder, trials: Sequence[int]) -> list[CellRun]:
    """Return the runs that the trials of a cell are: one for all that are of one form.

    Args:
        sweep: The sweep.
        trials: Their numbers; those that have not begun are left out.

    Raises:
        RunError: There is no plan that can be read.
        PresetError: A trial does not hold in this version.
    """
    from ..experiment.members import Original, members_of
    from .naming import common_setting
    from .training import experiment_of
    from .trials import form_of

    plan = sweep.plan()
    places = {
        number: (sweep.group(group.number), member)
        for number, (group, member) in plan.places.items()
        if number in trials
    }
    forms: dict[tuple[int, str], list[int]] = {}
    for number in (each for each in trials if each in places):
        if places[number][0].recording.exists():
            trial = plan.trials[number]
            made = Original(plan.bases[trial.base].experiment).changed(trial.setting)
            forms.setdefault((trial.base, form_of(made)), []).append(number)
    runs = []
    for numbers in forms.values():
        experiment = experiment_of(plan, TrialGroup(number=0, trials=tuple(numbers)))
        tables = experiment.model_dump(mode="json", exclude_none=True)
        # What is looked at is this cell; what the sweep is about stands over its map.
        title = common_setting(plan, numbers) or plan.bases[plan.trials[numbers[0]].base].preset
        said = "trial " + ", ".join(str(number + 1) for number in numbers)
        runs.append(
            CellRun(
                path=sweep.path / "cell",
                called=f"{label_of(sweep.name)}, {said}",
                trials=tuple(numbers),
                places=tuple(places[number] for number in numbers),
                experiment={**tables, "title": title},
                variants=tuple(member.changes for member in members_of(experiment)),
            )
        )
    return runs


class CellReader:
    """Follows the groups of a cell, and tells what they say of its networks as one run would.

    Args:
        cell: The cell.
    """

    def __init__(self, cell: CellRun) -> None:
        self._cell = cell
        groups = dict.fromkeys(run for run, _ in cell.places)
        self._parts = [_Part(cell, run) for run in groups]
        self._told: dict[str, int] = {}
        """The last step of each group of columns that was told."""
        self._kept: set[int] = set()
        """The steps whose weights were told."""
        self._header: Header | None = None
        self._best = self._over = False
        """Whether the best weights, and the end, were told."""

    @property
    def offset(self) -> int:
        """Bytes that were read, of all groups."""
        return sum(part.reader.offset for part in self._parts)

    @property
    def size(self) -> int:
        """Bytes that there are, of all groups."""
        return sum(part.reader.size for part in self._parts)

    @property
    def behind(self) -> bool:
        """Whether there is more than the last look took."""
        return any(part.reader.behind for part in self._parts)

    @property
    def state(self) -> State:
        """What the groups are doing."""
        states = {state_of(part.history, part.run) for part in self._parts}
        return next((each for each in STATES if each in states), "ended")

    def poll(self, limit_bytes: int | None = None) -> list[Event]:
        """Return what came since the last poll.

        Args:
            limit_bytes: Read about so much of each group at most.

        Raises:
            RecordingError: One is no recording, or one of a newer format.
        """
        for part in self._parts:
            part.poll(limit_bytes)
        if any(part.history.header is None for part in self._parts):
            return []
        return [*self._begun(), *self._weights(), *self._rows(), *self._ended()]

    def _begun(self) -> Iterator[Header]:
        if self._header is not None:
            return
        headers = [header for part in self._parts if (header := part.history.header)]
        self._header = replace(
            headers[0],
            run=self._cell.name,
            experiment=self._cell.experiment,
            variants=list(self._cell.variants),
            seeds=self._arranged([each.seeds for each in headers]),
            constant_loss=self._facts([each.constant_loss for each in headers]),
            class_shares=self._facts([each.class_shares for each in headers]),
            class_weights=self._weighed([each.class_weights for each in headers]),
        )
        yield self._header

    def _facts(self, facts: Sequence[Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
        """Return what is told of each network of some sets, as far as every group tells it."""
        sets = [name for name in facts[0] if all(name in each for each in facts)]
        return {name: self._arranged([each[name] for each in facts]) for name in sets}

    def _weighed(self, weights: Sequence[list[list[float]]]) -> list[list[float]]:
        """Return what a class counts for in each network; nothing where all count the same."""
        return self._arranged(weights) if all(weights) else []

    def _arranged(self, values: Iterable[Iterable[Any]]) -> list[Any]:
        """Return what each part says of its networks, in the order of the cell's."""
        arranged: list[Any] = [None] * len(self._cell.places)
        for part, of_part in zip(self._parts, values, strict=True):
            for slot, value in zip(part.slots, of_part, strict=False):
                arranged[slot] = value
        return arranged

    def _weights(self) -> Iterator[Snapshot]:
        """Yield the weights of the steps at which every group has kept some."""
        histories = [part.history for part in self._parts]
        there = set.intersection(*(set(each.snapshot_steps) for each in histories))
        for step in sorted(there - self._kept):
            kept = [snapshot for each in histories if (snapshot := each.snapshot(step))]
            if _are_alike(kept):
                yield Snapshot(step=step, values=np.stack(self._arranged([k.values for k in kept])))
        self._kept |= there
        best = [each.best for each in histories if each.best is not None]
        if len(best) == len(histories) and _are_alike(best) and not self._best:
            self._best = True
            steps = self._arranged([each.best for each in best])
            values = np.stack(self._arranged([each.values for each in best]))
            yield Snapshot(step=max(steps), best=steps, values=values)

    def _rows(self) -> Iterator[Series]:
        """Yield the rows that every group has come to; one that is over has no more."""
        assert self._header is not None
        t = max(part.history.last_t for part in self._parts)
        for name, columns in self._header.columns.items():
            series = [part.history.series.get(name) for part in self._parts]
            rows = [each for each in series if each is not None and each.columns == tuple(columns)]
            if len(rows) < len(series):
                continue
            steps = self._common(name, rows)
            if not len(steps):
                continue
            self._told[name] = int(steps[-1])
            shape = len(columns), len(steps), len(self._cell.places)
            values: Values = np.full(shape, np.nan, np.float32)
            for part, of_part in zip(self._parts, rows, strict=True):
                here = np.isin(steps, of_part.steps)
                taken = np.searchsorted(of_part.steps, steps[here])
                cells = of_part.between(0, int(steps[-1]))[:, taken]
                values[:, np.flatnonzero(here)[:, None], part.slots] = cells
            for each in series_of(name, steps, values):
                yield replace(each, t=t)

    def _common(self, name: str, rows: Sequence[Rows]) -> NDArray[np.int64]:
        """Return the new steps that each group has a row of, or has ended before."""
        last = [each.last_step if each.count else -1 for each in rows]
        over = [part.history.end is not None for part in self._parts]
        going = [step for step, ended in zip(last, over, strict=True) if not ended]
        first, until = self._told.get(name, -1) + 1, min(going, default=max(last))
        steps = np.unique(np.concatenate([each.steps for each in rows]))
        steps = steps[(steps >= first) & (steps <= until)]
        for each, step, ended in zip(rows, last, over, strict=True):
            steps = steps[np.isin(steps, each.steps) | (ended & (steps > step))]
        return steps

    def _ended(self) -> Iterator[End]:
        """Yield how the networks ended, once all groups have."""
        ends = [part.history.end for part in self._parts]
        over = [end for end in ends if end is not None]
        if self._over or len(over) < len(ends):
            return
        self._over = True
        parts = zip(self._parts, over, strict=True)
        results = self._arranged([part.results(end) for part, end in parts])
        whole = next((each for each in results if each["statuses"] == "finished"), results[0])
        shared = {key: value for key, value in over[0].result.items() if key in OF_ALL}
        keys = dict.fromkeys(key for each in results for key in each)
        result = {key: [each.get(key, "nan") for each in results] for key in keys}
        if len(results) == 1:
            result = {key: value for key, value in whole.items() if key not in OF_MEMBERS}
        yield End(
            t=max(end.t for end in over),
            step=max(end.step for end in over),
            status=whole["statuses"],
            reason=whole["reasons"],
            result={**result, **shared},
        )


def _are_alike(kept: Sequence[Snapshot]) -> bool:
    """Whether weights are of networks of one size."""
    return len({each.values.shape[1] for each in kept}) == 1


class _Part:
    """What one group has of a cell.

    Args:
        cell: The cell.
        run: The group's run.
    """

    def __init__(self, cell: CellRun, run: RunFolder) -> None:
        self.run, self.reader, self.history = run, Reader(run.recording), History()
        self.slots = [slot for slot, (group, _) in enumerate(cell.places) if group == run]
        """Which networks of the cell it has."""
        self._members = [cell.places[slot][1] for slot in self.slots]
        """Which of its own these are."""

    def poll(self, limit_bytes: int | None) -> None:
        """Take in what came of its networks.

        Raises:
            RecordingError: The file is no recording, or one of a newer format.
        """
        for event in self.reader.poll(limit_bytes):
            if isinstance(event, Header):
                self._check(event)
            if self._is_of_all(event):
                self.history.add(self._own(event))

    def _check(self, header: Header) -> None:
        """Refuse a group that has not the networks which the sweep's plan has it train.

        Raises:
            RecordingError: It has fewer.
        """
        if header.members <= max(self._members):
            said = f"has {counted(header.members, 'network')}, and its sweep's plan says more"
            raise RecordingError(f"{self.run.recording}: {said}")

    def _is_of_all(self, event: Event) -> bool:
        """Whether rows or weights are of as many networks as the group has."""
        there = self.reader.header.members if self.reader.header else 0
        match event:
            case Series():
                return int(event.values.shape[2]) == there
            case Snapshot():
                return len(event.values) == there and len(event.best) in (0, there)
        return True

    def _own(self, event: Event) -> Event:
        """Return what an event says of the networks of the cell."""
        members = self._members
        match event:
            case Header():
                return replace(
                    event,
                    seeds=self._taken(event.seeds),
                    variants=[],
                    constant_loss=self._taken_of(event.constant_loss),
                    class_shares=self._taken_of(event.class_shares),
                    class_weights=self._taken(event.class_weights),
                )
            case Series():
                return replace(event, values=event.values[:, :, members])
            case Snapshot():
                return replace(event, values=event.values[members], best=self._taken(event.best))
            case End():
                count = len(self.reader.header.seeds) if self.reader.header else 1
                result = {
                    key: self._taken(value) if isinstance(value, list) and count > 1 else value
                    for key, value in event.result.items()
                }
                return replace(event, result=result)
        return event

    def _taken(self, values: list[Any]) -> list[Any]:
        """Return what a list says of its networks; nothing where it is shorter."""
        return [values[each] for each in self._members if each < len(values)]

    def _taken_of(self, facts: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: self._taken(values) for name, values in facts.items()}

    def results(self, end: End) -> list[dict[str, Any]]:
        """Return the figures of each network, and how it ended."""
        ending = {"statuses": end.status, "reasons": end.reason, "ended_at": end.step}
        figures = {key: each for key, each in end.result.items() if key != "confusion"}
        several = {key: each for key, each in figures.items() if isinstance(each, list)}
        if several:
            members = range(len(self.slots))
            return [
                {**ending, **{key: each[at] for key, each in several.items()}} for at in members
            ]
        own = {key: value for key, value in figures.items() if key not in OF_ALL}
        # One whose group failed has no figures, nor have the others of it.
        return [{**own, **ending} for _ in self.slots]
