"""The rows of a loop: filled step by step, written a block at a time.

    train   what is said of every step (loss, accuracy), lr, grad_norm, grad_norm/<parameter>
    probe   weight_norm/<parameter>, update_ratio/<parameter>, at some steps
    dev, …  whatever else the loop says

Where gradients are clipped, ``grad_norm`` is before, and ``applied_norm`` what the optimizer got.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from ..recording.events import COLUMNS, Event, GroupBegins, RunWarning, Series
from ..recording.file import Recorder
from ..recording.naming import TRAIN, Meanings, meaning_of
from ..recording.scalars import Scalars, series_at
from ..recording.unsaid import UNSAID
from ..recording.values import are_unsaid
from .block_time import BlockTime
from .norms import ROWS, GradientNorms, norms_of
from .owners import parameters_of
from .parameters import WatchedParameters
from .probe import LoopProbe
from .ranks import NoWriter, Ranks
from .said import RowWords, fetched, is_of_steps
from .shards import shards_of
from .units import Units
from .writing import LoopWriter

Table = NDArray[np.float64]

CHANGED_NOTHING: Final = "changed nothing: a gradient was infinite or no number"

NO_STEP: Final = (
    "no step of the optimizer was seen",
    "no backward pass has left gradients in the model; a loop that has them by autograd.grad says "
    "its numbers itself, by epochal.record",
)
"""What is said where no step was taken: with an optimizer, and where the loop has none."""

_MEASURED: Final = ("lr", "grad_norm", "applied_norm")
"""What the columns that are measured begin with, whatever a loop says of them."""

MOST_SAID: Final = 100
"""Columns that stay free for what a loop says, of its steps and of whatever else."""


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
        self.norms = GradientNorms(watched)
        tensors = self.tensors = watched.tensors
        self._shards = shards_of(tensors, ranks.count, ranks.device) if ranks else None
        self.probe = LoopProbe(watched, units, optimizers, agreed=self._shards is not None)
        self._is_heard = self._shards is not None or not isinstance(writer, NoWriter)
        """Whether anything comes of what is measured here."""
        if not self._is_heard:
            self.probe.step = sys.maxsize
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
        self._awaits_loss = False  # for which there is a column
        self.said: Final = RowWords()
        """What the loop says of its rows."""
        self._lrs: list[float] = []
        """By row, the rate of its step; NaN where its optimizer has none."""
        self._applied: dict[int, Tensor] = {}
        """By row, the norm of the gradients as the optimizer got them, where they were changed."""
        self._early: set[int] = set()
        """The parameters of which the open row's gradients were kept before they were changed."""
        self._doubts: dict[int, Tensor] = {}
        """By step, whether it changed nothing, as only the device knows yet."""
        self._share_names: list[str] = []
        self._last: dict[str, float] = {}
        """The newest of what is said of every step."""
        self._block = BlockTime(clock)

    # --- a step -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a row, of another block where this one has no more of them."""
        if len(self._lrs) == ROWS:
            self.flush()
        self.said.begin()
        self._lrs.append(math.nan)
        if self._early:
            self._early.clear()
        self.probe.is_open = self.step + 1 == self.probe.step
        if self.probe.is_open:
            self.probe.before()

    def places_of(self, parameters: Iterable[Tensor]) -> Iterator[int]:
        """Yield where parameters stand among those that are watched."""
        for each in parameters:
            if (place := self._place_of.get(id(each))) is not None:
                yield place

    def welcome(self, optimizer: Optimizer) -> list[int]:
        """Take in an optimizer that moves what others did, or what is there now; return where."""
        if self._watched.renew(optimizer):
            self._place_of = {id(each): place for place, each in enumerate(self.tensors)}
            self.norms.look()
            self.probe.look()
            if self.probe.is_open:
                self.probe.before()
        if places := [*self.places_of(parameters_of(optimizer))]:
            self._places_of[id(optimizer)] = places if len(places) < len(self._place_of) else None
        return places

    def keep_early(self, places: Sequence[int]) -> None:
        """Keep gradients in the open row before something changes them."""
        if not self._is_heard:
            return
        fresh = [place for place in places if place not in self._early]
        self.norms.take(len(self._lrs) - 1, fresh)
        self._early.update(fresh)

    def leave_out(self) -> None:
        """Forget the step that was begun, which a scaler of mixed precision has left out."""
        if self.said.is_awaited:
            self.norms.leave_out(len(self._lrs) - 1)
            self._early.clear()
        self.said.leave_out()

    def keep(self, optimizer: Optimizer, *, scaled: bool = False) -> None:
        """Keep the gradients that an optimizer is about to use, or has used, in the open row.

        Args:
            optimizer: Which.
            scaled: Whether a scaler of mixed precision has it step.
        """
        if not self._is_heard:
            return
        places, row = self._places_of[id(optimizer)], len(self._lrs) - 1
        # Nearly always that is all: what a step costs is what it calls.
        if places is None and not (scaled or self._early) and self.norms.took(row):
            return
        # Some divide by the scaler's factor themselves, and see for themselves whether to step:
        # they are told for as long as they do.
        scale = getattr(optimizer, "grad_scale", None) if scaled else None
        if scaled and (is_infinite := getattr(optimizer, "found_inf", None)) is not None:
            self._doubts[self.step + self.said.is_awaited] = is_infinite
        if not self._early:
            self.norms.take(row, places, scale)
        else:
            every = range(len(self.tensors)) if places is None else places
            self.norms.take(row, [each for each in every if each not in self._early], scale)
            used = [(place, self.tensors[place].grad) for place in every]
            if there := [(place, each) for place, each in used if each is not None]:
                norms = norms_of([each for _, each in there])
                norms = norms if scale is None else norms / scale.to(norms)
                if self._shards is not None:
                    shares = self._shards.shares[[place for place, _ in there]]
                    norms = norms * torch.from_numpy(np.sqrt(shares)).to(norms.device)
                self._applied[row] = torch.linalg.vector_norm(norms)

    def keep_more(self, optimizer: Optimizer) -> None:
        """Keep gradients in the row of the last step, if it waits, for those they were added to."""
        if self._lrs and not self.said.is_awaited:
            self.norms.leave_out(len(self._lrs) - 1)
            self.keep(optimizer)
            self.said.more()

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
            self.said.taken()
        if self.probe.is_open:
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
        if self.said.take_back():
            self._lrs.pop()
        self.probe.moved()
        if count := len(self._lrs):
            if self._is_heard:
                with self._block:
                    self._write(count)
            self.said.clear()
            self._lrs.clear()
            self._applied.clear()
        for step, is_infinite in zip(self._doubts, fetched([*self._doubts.values()]), strict=True):
            if is_infinite:
                self.events.append(RunWarning(step=step, message=f"step {step} {CHANGED_NOTHING}"))
        self._doubts.clear()
        events, self.events = self.events, []
        self._writer.record(*events)
        self._block.begin()

    def write_rest(self) -> None:
        """Write what was said of a step that is not taken any more."""
        row = self.said.rest()
        if not self.step and row:
            self._writer.record(RunWarning(step=0, message=NO_STEP[self.probe.is_by_hand]))
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
        said = self.said.rows()
        if not self._columns:
            self._begin_groups(said)
        if self._awaits_loss and (name := _name_of_loss(said)):
            self._names[0], self._awaits_loss = name, False
        steps = [*range(self.step - count + 1, self.step + 1)]
        norms, probed = self.norms.rows(count), self.probe.taken()
        applied = np.array(fetched([*self._applied.values()]))
        if self._shards is not None:
            (norms, probed), applied = self._shards.whole((norms, probed), applied)
        norms = _folded(self._watched, norms)
        total = _total(norms)
        table = [[row.get(name, UNSAID) for row in said] for name in self._names]
        table += [self._lrs, total.tolist()]
        if "applied_norm" in self._columns:
            used = dict(zip(self._applied, applied.tolist(), strict=True))
            table.append([used.get(row, whole) for row, whole in enumerate(total)])
        self._writer.record(_rows_at(TRAIN, steps, np.concatenate([np.array(table), norms.T])))
        for name in self._names:
            if newest := next((row for row in reversed(said) if name in row), None):
                self._last[f"train_{meaning_of(name).column}"] = newest[name]
        usual = {*self._names}
        # Nearly always that is all, in every row.
        more = [pair for pair in zip(steps, said, strict=True) if pair[1].keys() != usual]
        for step, row in more:
            if others := {_later(name): row[name] for name in row if name not in usual}:
                self._scalars.log(step, others)
        self._scalars.flush()
        if self.probe.norms:
            self._write_probe(probed)

    def _begin_groups(self, said: Sequence[Mapping[str, float]]) -> None:
        """Decide what the rows have: what was said in the first block, and what is measured."""
        of_steps = _columns_of(said)
        # A loop may say it every hundredth step: later it has no place of its own any more.
        self._awaits_loss = "loss" not in of_steps.values()
        of_steps |= {"loss": "loss"} if self._awaits_loss else {}
        # The loss says most, and stands in front as it does in every recording.
        self._names = sorted(of_steps, key=lambda name: of_steps[name] != "loss")[:MOST_SAID]
        columns, folds = [of_steps[name] for name in self._names], self._watched.folds
        self._columns = [*columns, "lr", "grad_norm", *(["applied_norm"] if self._applied else [])]
        self._columns += [f"grad_norm/{name}" for name in folds]
        probe = [f"{what}/{name}" for what in ("weight_norm", "update_ratio") for name in folds]
        # Of a network of very many layers not all have room, and what the loop says needs some.
        room = COLUMNS - MOST_SAID - len(self._columns) - len(probe)
        every = dict.fromkeys(name for of in self.probe.shares.values() for name in of)
        self._share_names = [*every][:room]
        probe += self._share_names
        self._scalars.taken = len(self._columns) + len(probe)
        self._writer.record(
            GroupBegins(group=TRAIN, columns=self._columns),
            GroupBegins(group="probe", columns=probe),
        )

    def _write_probe(self, norms: Table) -> None:
        """Write what was measured at some steps: norms [2, steps, parameters], and shares."""
        shares, steps = self.probe.shares, [*self.probe.norms]
        there = [(step, name) for step, of in shares.items() for name in of]
        found = dict(zip(there, fetched([shares[step][name] for step, name in there]), strict=True))
        weights, updates = (_folded(self._watched, each) for each in norms)
        table = [[found.get((step, name), UNSAID) for step in steps] for name in self._share_names]
        values = [weights.T, _ratios(updates, weights).T, np.array(table).reshape(-1, len(steps))]
        self._writer.record(_rows_at("probe", steps, np.concatenate(values)))
        self.probe.forget()


def _rows_at(group: str, steps: list[int], values: Any) -> Series:
    """Return rows as an event, from values [columns, rows]."""
    with np.errstate(over="ignore"):
        rows = np.asarray(values, np.float64).astype(np.float32)[:, :, None]
    return series_at(group, steps, rows)


def _columns_of(said: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """Return the columns of what is said of steps, by its names; what is measured has its own."""
    places = Meanings()
    named = {name: places.of(name) for row in said for name in row}
    return {
        name: place.column
        for name, place in named.items()
        if place.role == TRAIN and not place.column.startswith(_MEASURED)
    }


def _name_of_loss(said: Sequence[Mapping[str, float]]) -> str:
    """Return by which name a loss is said; "" where none is."""
    names = (name for row in said for name in row if is_of_steps(name))
    return next((name for name in names if meaning_of(name).column == "loss"), "")


def _later(name: str) -> str:
    """Return a name under which a number of a step is no column of every step's."""
    return f"step {name}" if is_of_steps(name) else name


def _folded(watched: WatchedParameters, norms: Table) -> Table:
    """Return norms of what has columns, [rows, columns], from those of each parameter."""
    if len(watched.folds) == norms.shape[1]:
        return norms
    folded = np.full((len(norms), len(watched.folds)), UNSAID)
    for fold in range(folded.shape[1]):
        folded[:, fold] = _total(norms[:, np.equal(watched.fold_of, fold)])
    return folded


def _total(norms: Table) -> Table:
    """Return the norm of all columns together, [rows]; what is not there is left out."""
    with np.errstate(over="ignore"):
        missing = are_unsaid(norms.astype(np.float32))
    total: Table = np.sqrt(np.square(np.where(missing, 0.0, norms)).sum(axis=1))
    return np.where(missing.all(axis=1), UNSAID, total)


def _ratios(updates: Table, weights: Table) -> Table:
    """Return norms of updates over those of weights."""
    with np.errstate(all="ignore"):
        # 0 / 0 is no update of nothing, which is 0 and no NaN.
        ratios: Table = np.where(updates == 0, 0.0, updates / weights)
    return ratios
