"""The rows of a loop: filled step by step, written a block at a time.

    train   what is said of every step (loss, accuracy), lr, grad_norm, grad_norm/<parameter>
    probe   weight_norm/<parameter>, update_ratio/<parameter>, at some steps
    dev, …  whatever else the loop says

Where gradients are clipped, ``grad_norm`` is before, and ``applied_norm`` what the optimizer got.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from ..recording.events import Event, GroupBegins, RunWarning
from ..recording.file import Recorder
from ..recording.naming import TRAIN, Meanings, meaning_of
from ..recording.scalars import Scalars, series_at
from .block_time import BlockTime
from .norms import ROWS, GradientNorms, norms_of
from .owners import parameters_of
from .parameters import WatchedParameters
from .probe import LoopProbe
from .ranks import NoWriter, Ranks
from .shards import shards_of
from .units import Units
from .writing import LoopWriter

Number = float | Tensor
Said = dict[str, Number | list[Number]]
"""What was said of a step, by name; a list where it was said several times."""

Table = NDArray[np.float64]

_MEASURED: Final = ("lr", "grad_norm")
"""Columns that are measured, whatever a loop says of them."""


class Steps:
    """What a loop's steps leave.

    A row is open from when its gradients are kept until the next is begun.

    Args:
        watched: Its parameters.
        optimizers: What moves them.
        writer: Where rows go.
        units: Looks at hidden units.
        clock: Seconds.
        ranks: The processes that train the parameters together, where it is several.
    """

    def __init__(
        self,
        watched: WatchedParameters,
        optimizers: Sequence[Optimizer],
        writer: LoopWriter | NoWriter,
        units: Units,
        clock: Callable[[], float],
        ranks: Ranks | None = None,
    ) -> None:
        self.step = 0
        """The last step that was taken."""
        self.events: list[Event] = []
        """What is written once the rows before it are."""
        self._watched, self._writer = watched, writer
        self._norms = GradientNorms(watched)
        tensors = watched.tensors
        self._shards = shards_of(tensors, ranks.count, ranks.device) if ranks else None
        self.probe = LoopProbe(watched, units, agreed=self._shards is not None)
        self._is_heard = self._shards is not None or not isinstance(writer, NoWriter)
        """Whether anything comes of what is measured here."""
        if not self._is_heard:
            self.probe.step = sys.maxsize
        self._is_measured = False
        """Whether weights are measured before and after the step of the open row."""
        self._scalars = Scalars(cast(Recorder, writer), clock)
        self._place_of = {id(each): place for place, each in enumerate(tensors)}
        # None is all of them, which a loop with one optimizer has.
        self._places_of: dict[int, list[int] | None] = {
            id(each): None if len(optimizers) == 1 else [*self.places_of(parameters_of(each))]
            for each in optimizers
        }
        self._names: list[str] = []
        """What is said of every step, by name; known when the first block is written."""
        self._columns: list[str] = []
        self._speaks_before: bool | None = None
        """Whether the loop speaks of a step before it takes it."""
        self._coming: Said = {}
        """What was said of the step to come."""
        self._said: list[Said] = []
        """By row, what was said of it."""
        self._lrs: list[float] = []
        """By row, the rate of its step; NaN until it is taken."""
        self._applied: dict[int, Tensor] = {}
        """By row, the norm of the gradients as the optimizer got them, where they were changed."""
        self._early: set[int] = set()
        """The parameters of which the open row's gradients were kept before they were changed."""
        self._share_names: list[str] = []
        self._last: dict[str, float] = {}
        """The newest of what is said of every step."""
        self._block = BlockTime(clock)

    # --- the loop's own words ---------------------------------------------------------------

    def log(self, values: Mapping[str, Number]) -> None:
        """Take in what is said: see ``Loop.log``.

        Raises:
            TypeError: A tensor holds more than a number.
        """
        if self._speaks_before is None:
            self._speaks_before = self.step == 0
        # A row that is open before its step, as where gradients are clipped, is that of the step.
        waits = not self._lrs or (self._speaks_before and not math.isnan(self._lrs[-1]))
        said = self._coming if waits else self._said[-1]
        for name, value in values.items():
            if type(value) is not float:
                value = _number(name, value)
            # What is measured on other rows speaks of the step that was taken, whenever it is said.
            of = self._said[-1] if waits and self._said and not is_of_steps(name) else said
            if name not in of:
                of[name] = value
            elif isinstance(several := of[name], list):
                several.append(value)
            else:
                of[name] = [several, value]

    # --- a step -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a row, of another block where this one has no more of them."""
        if len(self._lrs) == ROWS:
            self.flush()
        self._said.append(self._coming)
        self._coming = {}
        self._lrs.append(math.nan)
        if self._early:
            self._early.clear()
        self._is_measured = self.step + 1 == self.probe.step
        if self._is_measured:
            self.probe.before()

    def places_of(self, parameters: Iterable[Tensor]) -> Iterator[int]:
        """Yield where parameters stand among those that are watched."""
        for each in parameters:
            if (place := self._place_of.get(id(each))) is not None:
                yield place

    def welcome(self, optimizer: Optimizer) -> list[int]:
        """Take in an optimizer that moves what others have moved; return where that stands."""
        places = [*self.places_of(parameters_of(optimizer))]
        self._places_of[id(optimizer)] = places if len(places) < len(self._place_of) else None
        return places

    def keep_early(self, places: Sequence[int]) -> None:
        """Keep gradients in the open row before something changes them."""
        if not self._is_heard:
            return
        fresh = [place for place in places if place not in self._early]
        self._norms.take(len(self._lrs) - 1, fresh)
        self._early.update(fresh)

    def keep(self, optimizer: Optimizer) -> None:
        """Keep the gradients that an optimizer is about to use, or has used, in the open row."""
        if not self._is_heard:
            return
        places, row = self._places_of[id(optimizer)], len(self._lrs) - 1
        if not self._early:
            self._norms.take(row, places)
        else:
            every = range(len(self._watched.tensors)) if places is None else places
            self._norms.take(row, [each for each in every if each not in self._early])
            used = [(place, self._watched.tensors[place].grad) for place in every]
            if there := [(place, each) for place, each in used if each is not None]:
                norms = norms_of([each for _, each in there])
                if self._shards is not None:
                    shares = self._shards.shares[[place for place, _ in there]]
                    norms = norms * torch.from_numpy(np.sqrt(shares)).to(norms.device)
                self._applied[row] = torch.linalg.vector_norm(norms)

    def stepped(self, lr: float, *, first: bool) -> None:
        """Count the step of the open row, and measure the weights where that is due.

        Args:
            lr: The rate it was taken with.
            first: Whether no other optimizer has stepped in the row.
        """
        if first:
            self.step += 1
            self._writer.step = self.step
            self._lrs[-1] = lr
        if self._is_measured:
            self.probe.after(self.step)
        # Now, for the step to come begins with a forward pass.
        if self.step + 1 >= self.probe.step:
            self.probe.come(self.step + 1)

    def write_if_due(self, now: float) -> None:
        """Write the block if its time, by the loop's clock, has come; no row of it is open."""
        # What lies in several processes they sum at a step that all of them know.
        sums = self._shards is not None and self._shards.together
        if not sums and now >= self._block.due_at:
            self.flush()

    # --- several processes ------------------------------------------------------------------

    def meet(self) -> None:
        """Sum and write what waits, at a step at which all processes do."""
        if self._shards is not None:
            self.flush()

    def be_alone(self) -> None:
        """Have nothing summed any more: not all processes are there for it."""
        if self._shards is not None:
            self._shards.together = False

    def be_last(self, *, alone: bool) -> None:
        """Have what waits summed where the others come to it soon, if they do at all."""
        if self._shards is not None:
            self._shards.is_over = True
            self._shards.together &= not alone

    # --- a block ----------------------------------------------------------------------------

    def flush(self) -> None:
        """Write all rows, none of which is open any more, and what comes after them."""
        if self._lrs and math.isnan(self._lrs[-1]):
            # Its step was never taken.
            self._coming = self._said.pop()
            self._lrs.pop()
        count = len(self._lrs)
        if count:
            if self._is_heard:
                with self._block:
                    self._write(count)
            self._said.clear()
            self._lrs.clear()
            self._applied.clear()
        events, self.events = self.events, []
        self._writer.record(*events)
        self._block.begin()

    def write_rest(self) -> None:
        """Write what was said of a step that is not taken any more."""
        row = _numbers([self._coming])[0]
        self._coming = {}
        if not self.step and row:
            self._writer.record(RunWarning(step=0, message="no step of the optimizer was seen"))
        # Where there are steps, what is measured on theirs is only of that one.
        if others := {name: row[name] for name in row if not (self.step and is_of_steps(name))}:
            self._scalars.log(self.step, others)
            self._scalars.flush()

    def result(self) -> dict[str, float]:
        """Return the newest number of what was said of sets, and how many steps there were."""
        figures: dict[str, float] = {"steps": self.step}
        for role, newest in self._scalars.newest.items():
            if role in ("dev", "test"):
                figures |= {f"{role}_{name}": value for name, value in newest.items()}
        return {**figures, **self._last}

    def _write(self, count: int) -> None:
        """Write the first rows of the block."""
        said = _numbers(self._said)
        if not self._columns:
            self._begin_groups(said)
        steps = [*range(self.step - count + 1, self.step + 1)]
        norms, probed = self._norms.rows(count), self.probe.taken()
        applied = np.array(_fetched([*self._applied.values()]))
        if self._shards is not None:
            (norms, probed), applied = self._shards.whole((norms, probed), applied)
        norms = _folded(self._watched, norms)
        total = _total(norms)
        table = [[row.get(name, math.nan) for row in said] for name in self._names]
        table += [self._lrs, total.tolist()]
        if "applied_norm" in self._columns:
            used = dict(zip(self._applied, applied.tolist(), strict=True))
            table.append([used.get(row, whole) for row, whole in enumerate(total)])
        self._record(TRAIN, steps, np.concatenate([np.array(table), norms.T]))
        self._last = {
            f"train_{meaning_of(name).column}": said[-1][name]
            for name in self._names
            if name in said[-1]
        }
        for step, row in zip(steps, said, strict=True):
            others = {_later(name): row[name] for name in row if name not in self._names}
            if others:
                self._scalars.log(step, others)
        self._scalars.flush()
        if self.probe.norms:
            self._write_probe(probed)

    def _begin_groups(self, said: Sequence[Mapping[str, float]]) -> None:
        """Decide what the rows have: what was said in the first block, and what is measured."""
        places = Meanings()
        named = {name: places.of(name) for row in said for name in row}
        of_steps = {
            name: place.column
            for name, place in named.items()
            if place.role == TRAIN and place.column not in _MEASURED
        }
        # The loss says most, and stands in front as it does in every recording.
        self._names = sorted(of_steps, key=lambda name: of_steps[name] != "loss")
        columns, folds = [of_steps[name] for name in self._names], self._watched.folds
        self._columns = [*columns, "lr", "grad_norm", *(["applied_norm"] if self._applied else [])]
        self._columns += [f"grad_norm/{name}" for name in folds]
        probe = [f"{what}/{name}" for what in ("weight_norm", "update_ratio") for name in folds]
        self._share_names = [
            *dict.fromkeys(name for of in self.probe.shares.values() for name in of)
        ]
        probe += self._share_names
        self._writer.record(
            GroupBegins(group=TRAIN, columns=self._columns),
            GroupBegins(group="probe", columns=probe),
        )

    def _write_probe(self, norms: Table) -> None:
        """Write what was measured at some steps: norms [2, steps, parameters], and shares."""
        shares, steps = self.probe.shares, [*self.probe.norms]
        there = [(step, name) for step, of in shares.items() for name in of]
        found = dict(
            zip(there, _fetched([shares[step][name] for step, name in there]), strict=True)
        )
        weights, updates = (_folded(self._watched, each) for each in norms)
        table = [
            [found.get((step, name), math.nan) for step in steps] for name in self._share_names
        ]
        values = [weights.T, _ratios(updates, weights).T, np.array(table).reshape(-1, len(steps))]
        self._record("probe", steps, np.concatenate(values))
        self.probe.forget()

    def _record(self, group: str, steps: list[int], values: Any) -> None:
        with np.errstate(over="ignore"):
            rows = np.asarray(values, np.float64).astype(np.float32)[:, :, None]
        self._writer.record(series_at(group, steps, rows))


def _number(name: str, value: Any) -> Number:
    """Return what is said as a number, or a copy of it where to ask for it would wait for a device.

    Raises:
        TypeError: It is none, or several.
    """
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise TypeError(
                f"{name}: is a tensor of {list(value.shape)}; log a number, as its mean"
            )
        # A copy, for what the loop makes of it later is not what was said.
        if not value.is_cpu:
            return value.detach().clone()
        value = value.item()
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{name}: is {_shown(value)}; log a number") from None


def _shown(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"{type(value).__name__} of {[*shape]}" if shape else repr(value)[:80]


@functools.cache
def is_of_steps(name: str) -> bool:
    """Whether a number of this name is measured on what a step is taken for."""
    return meaning_of(name).role == TRAIN


def _later(name: str) -> str:
    """Return a name under which a number of a step is no column of every step's."""
    return f"step {name}" if is_of_steps(name) else name


def _numbers(rows: Sequence[Said]) -> list[dict[str, float]]:
    """Return what was said of rows as numbers; of what was said several times, the mean."""
    tensors = [
        each
        for row in rows
        for values in row.values()
        for each in (values if isinstance(values, list) else (values,))
        if isinstance(each, Tensor)
    ]
    numbers = iter(_fetched(tensors))

    def mean(values: Number | list[Number]) -> float:
        if not isinstance(values, list):
            return next(numbers) if isinstance(values, Tensor) else values
        each = [next(numbers) if isinstance(value, Tensor) else value for value in values]
        # What is no number, or has no end, is that in the mean as well.
        return sum(each) / len(each)

    return [{name: mean(values) for name, values in row.items()} for row in rows]


def _fetched(tensors: Sequence[Tensor]) -> list[float]:
    """Return numbers from their devices, each device asked once."""
    numbers = [math.nan] * len(tensors)
    for device in {each.device for each in tensors}:
        places = [place for place, each in enumerate(tensors) if each.device == device]
        there = torch.stack(
            [tensors[place].detach().reshape(()).double() for place in places]
        ).tolist()
        for place, number in zip(places, there, strict=True):
            numbers[place] = number
    return numbers


def _folded(watched: WatchedParameters, norms: Table) -> Table:
    """Return norms of what has columns, [rows, columns], from those of each parameter."""
    if len(watched.folds) == norms.shape[1]:
        return norms
    folded = np.full((len(norms), len(watched.folds)), math.nan)
    for fold in range(folded.shape[1]):
        folded[:, fold] = _total(norms[:, np.equal(watched.fold_of, fold)])
    return folded


def _total(norms: Table) -> Table:
    """Return the norm of all columns together, [rows]; what is not there is left out."""
    missing = np.isnan(norms)
    total: Table = np.sqrt(np.square(np.where(missing, 0.0, norms)).sum(axis=1))
    return np.where(missing.all(axis=1), math.nan, total)


def _ratios(updates: Table, weights: Table) -> Table:
    """Return norms of updates over those of weights."""
    with np.errstate(all="ignore"):
        # 0 / 0 is no update of nothing, which is 0 and no NaN.
        ratios: Table = np.where(updates == 0, 0.0, updates / weights)
    return ratios
