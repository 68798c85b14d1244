"""The trainer: ``advance(n)`` takes n steps and returns what they measured.

    batches ─► method: gradients, update ─► measurements, a row a step
                                               │ fetched once a block
               early stopping ◄── train rows ◄─┤
                     │ decides                 └─► series, snapshots ─► the recording
                     └─► best weights, ended members

Gradients come from a ``Method``, batches from ``Batches``; the trainer has them taken block by
block and reads what they left. Decisions are found in the rows at the end of a block, which is then
cut back to the step that decides, so that they do not depend on how steps are grouped into blocks.

A member of a population ends where it would end alone. Its weights are then held as they were at
that step and its later rows are NaN; the method goes on computing it, and is overruled.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..experiment.experiment import Experiment
from ..experiment.members import members_of
from ..gradients.choice import make_method
from ..gradients.method import Workload
from ..network.parameters import ParameterLayout
from ..network.trainable import make_network
from ..recording.checkpoints import State
from ..recording.events import Group, Series, Snapshot
from ..recording.values import Values
from ..step.batches import batches_for
from ..step.evaluation import Evaluator
from ..step.measurements import Measurements
from .block import Block, Outcome, joined
from .data_sets import DataSets
from .device import pick_device, pick_threads
from .ended_members import EndedMembers, LastSteps
from .epoch_means import EpochMeans
from .probe import Probe
from .probe_steps import ProbeSteps
from .result import SetFigures, endings, recorded
from .snapshots import BestWeights, Snapshots
from .stopping import EarlyStopping, Rung


class Resumable(Protocol):
    """A part of a trainer that steps leave something in."""

    def state(self) -> State:
        """Return what it needs to go on."""
        ...

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned."""


class Trainer:
    """One experiment being trained, step by step, with all members of its population.

    Args:
        experiment: What to train.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        allow_code: Whether a network of one's own may be run.
        threads: CPU threads of one operation; as many as are worth it where left out.
        few_weights: Record no weights but the first, the best and the last.
        until: Its last step, where that is not the experiment's: schedules keep to that.
        way: How steps are to be played, ``compiled`` or ``operations``, if not the fastest way.
        rungs: Where members end that do worse than others did.
        probe_steps: At which steps it is probed, if that is known.

    Raises:
        DeviceError: The device is not there.
        CodeError: A network of one's own may not be run, or does not work.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        device: str = "auto",
        allow_code: bool = False,
        threads: int | None = None,
        few_weights: bool = False,
        until: int = 0,
        way: str = "",
        rungs: Sequence[Rung] = (),
        probe_steps: ProbeSteps | None = None,
    ) -> None:
        self.experiment: Final = experiment
        population = members_of(experiment)
        self.variants: Final = [member.changes for member in population]
        """What tells each member from the others."""
        self.seeds: Final = [member.experiment.train.seed for member in population]
        """The seed of each member."""
        count = len(population)
        self.device: Final = pick_device(device, experiment, count)
        self.threads: Final = threads or pick_threads(experiment, count)
        # For the whole process: a run has one of its own. Sums are split among threads, so that
        # another number of them gives other bits.
        torch.set_num_threads(self.threads)
        self.until: Final = until or experiment.steps
        """The step at which it is over, unless something ends it before."""
        self.step = 0
        """The last step taken."""
        self.seconds = 0.0
        """Spent in training so far."""
        self.outcome: Outcome | None = None
        """Why the run is over, once it is."""

        dtype = getattr(torch, experiment.train.dtype)
        self.data: Final = DataSets([each.experiment for each in population], self.device, dtype)
        """The sets it learns from and is measured on."""
        self.members: Final = self.data.members
        """What each member is, as if it were trained alone."""
        train, dev = self.data.sets.get("train"), self.data.sets.get("dev")
        self.batches: Final = batches_for(self.members, train, self.device, dtype)
        """What each step sees."""
        made = make_network(self.members, self.device, dtype, allow_code=allow_code)
        self.shaped, network, weights = made
        layout = ParameterLayout(self.shaped, count)
        # Every tensor of parameters from here on is a view of ``weights``, or a copy of its layout:
        # the network's modules, the formulas, the optimizer, the rows of a block.
        self._rows = Measurements(layout, weights)
        self.probe: Final = Probe(experiment, layout, self.data.typical.inputs, probe_steps)
        """What is measured of the network at some of its steps."""
        workload = Workload(self.members, network, layout, weights, self.batches, dev)
        # From here on nobody asks how gradients come about: a method fills rows, whichever it is.
        self.method, self.choice = make_method(workload, self.threads, way)
        self.probe.measure_as_played(self.method)
        # The same module that is trained, over the same weights: there is no copy to fall behind.
        self.measure: Final = Evaluator(self.members, network)
        """Measures the network as it is on any rows."""
        self.snapshots: Final = Snapshots(experiment, layout, few=few_weights)
        """Which weights a recording keeps."""
        self._stopping = EarlyStopping(self.members, rungs)
        self._best = BestWeights(layout, weights)
        self._ended = EndedMembers(self._stopping, layout, weights)
        self._last_steps = LastSteps(experiment, count)
        self._epochs = EpochMeans(experiment)
        self._set_figures = SetFigures(experiment, self.data, self.measure)
        # All that steps leave behind beside the weights. The rest is a function of the step, or is
        # made anew by every block.
        self._parts: Final[Mapping[str, Resumable]] = {
            "method": self.method,
            "stopping": self._stopping,
            "best_weights": self._best,
            "last_steps": self._last_steps,
            "epochs": self._epochs,
        }

    @cached_property
    def columns(self) -> dict[Group, list[str]]:
        """The columns of each group of rows."""
        accuracy = ["accuracy"] if self.experiment.has_accuracy else []
        # In the order in which ``Measurements.fetch`` lays them.
        norms = [f"grad_norm/{name}" for name in self.shaped.shapes]
        train = ["loss", *accuracy, "lr", "grad_norm", *norms]
        columns: dict[Group, list[str]] = {"train": train}
        if self.experiment.evaluation_stride:
            columns["dev"] = ["loss", *accuracy]
        if self._epochs.wanted:
            columns["epoch"] = train
        if self.probe.columns:
            columns["probe"] = self.probe.columns
        return columns

    @property
    def lr(self) -> float:
        """The next step's learning rate, the first member's where they differ; set for all."""
        return self.method.lr[0]

    @lr.setter
    def lr(self, value: float) -> None:
        self.method.set_lr(value)

    @property
    def ended_at(self) -> NDArray[np.int64]:
        """The step at which each member has ended, [members]; ``NEVER`` where it goes on."""
        return self._stopping.ended_at

    @property
    def diverged(self) -> int:
        """How many members have."""
        return sum(bool(each and each.status == "diverged") for each in self._stopping.outcomes)

    @property
    def best_steps(self) -> NDArray[np.int64]:
        """The step of each member's best dev measurement so far, [members]; 0 without any."""
        return self._stopping.best_steps

    def ignore_stopping(self) -> None:
        """Go on where patience or a threshold has ended the run, and end it by neither again."""
        self._stopping.ignore()
        self.outcome = None
        self._end_as_planned()

    def advance(self, n: int) -> Block:
        """Take exactly ``n`` steps, or as many as there are until the run is over.

        Args:
            n: At least 1. How many are asked for at a time never changes a number.
        """
        assert self.outcome is None, "the run is over"
        # More than the rows hold are taken in several goes, and are one block all the same.
        stop, blocks = min(self.step + n, self.until), list[Block]()
        while self.step < stop and self.outcome is None:
            blocks.append(self._take(min(stop - self.step, self._rows.capacity)))
        self._end_as_planned()
        return joined(blocks)

    def _end_as_planned(self) -> None:
        """End the run at its last step, unless something has ended it there already."""
        if self.outcome is None and self.step >= self.until:
            by_epochs = self.experiment.steps_per_epoch and not self.experiment.train.steps
            self.outcome = Outcome("finished", "epochs" if by_epochs else "steps")

    def stop(self, status: str, reason: str) -> None:
        """End the run where it is."""
        if self.outcome is None:
            self.outcome = Outcome(status, reason)

    def snapshot(self) -> Snapshot:
        """Return the weights as they are."""
        return Snapshot(step=self.step, values=self._rows.layout.pack(self.method.weights))

    def best_snapshot(self) -> Snapshot | None:
        """Return the weights with which each member did best on the dev set; None without any."""
        steps = self._stopping.best_steps
        if not steps.any():
            return None
        values = self._rows.layout.pack(self._best.weights)
        return Snapshot(step=int(steps.max()), best=steps.tolist(), values=values)

    def result(self) -> dict[str, Any]:
        """Return the run's figures, measured with the weights that are kept.

        This is the one place that touches the test set. A ``confusion`` matrix counts, for each
        true class, what it was said to be: of the test set, or the last set there is. Where
        there is no training set, or the run diverged, the training figures are those of the last
        step.

        Of a population every figure is a list with one entry for each member, and there are lists
        of how each ended and when, and of the gradient norm of the last step it took. A member
        that diverged has no figures but those of its last step: the others are NaN. Its best step
        is named all the same, for its weights are kept.
        """
        last_step = {name: recorded(values) for name, values in self._last_steps.figures.items()}
        grad_norm = last_step.pop("grad_norm")
        # The last step's figures first: what is measured now overwrites those that it has.
        figures, best_steps = last_step, self._stopping.best_steps
        if best_steps.any():
            figures["best_step"] = recorded(best_steps)
        if self.outcome is None or self.outcome.status in ("finished", "stopped"):
            # A network of NaN has nothing to measure; its last step already says what happened.
            figures |= self._measured()
        if len(self.members) > 1:
            figures |= endings(self._stopping, self.outcome, self.step) | {"grad_norm": grad_norm}
        figures["steps"] = self.step
        if self.experiment.steps_per_epoch:
            epochs = self.step / self.experiment.steps_per_epoch
            figures["epochs"] = int(epochs) if epochs.is_integer() else epochs
        figures["seconds"] = self.seconds
        figures["steps_per_second"] = self.step / self.seconds if self.seconds else 0.0
        return figures

    def state(self) -> State:
        """Return all that is needed to go on from the last step, to the same bits.

        Arrays are copies on the CPU, [members, *shape] where they are of a parameter.
        """
        parts = {name: part.state() for name, part in self._parts.items()}
        weights = self._rows.layout.named(self.method.weights)
        over = self.outcome and [self.outcome.status, self.outcome.reason]
        now = {"step": self.step, "seconds": self.seconds, "outcome": over}
        return {**now, "weights": weights, **parts}

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned, of this trainer or of one like it.

        A run that was stopped, or came to its planned end, goes on; where all members have ended
        by themselves, it is over.
        """
        self.step, self.seconds = state["step"], state["seconds"]
        self._rows.layout.place(state["weights"], self.method.weights)
        for name, part in self._parts.items():
            part.restore(state[name])
        self.outcome = None if self._stopping.going.any() else Outcome(*state["outcome"])
        self._end_as_planned()

    def _take(self, count: int) -> Block:
        """Take ``count`` steps, no more than there are rows; return those that stand."""
        started = time.perf_counter()
        first = self.step + 1
        # Both look at the weights that the method is about to write over.
        self.probe.keep(first, self.method.weights)
        self._ended.begin_block()
        # Of a step by itself nothing is ever taken back.
        before = (self.method.weights.clone(), self.method.state()) if count > 1 else None
        self.method.take(first, count, self._rows)
        train, dev = self._rows.fetch(count, accuracy=self.experiment.has_accuracy)
        # A block is taken whole and judged afterwards: asking after every step whether to go on
        # would fetch a number in every step. What was taken beyond the decision is thrown away.
        decision = self._stopping.decide(first, train[0], dev)
        if before and decision.count < count:
            # Once in a run, at its end: the optimizer has gone on, and is to be where the run is.
            self._take_again(first, decision.count, *before)
        weights = self._rows.weights[:count]
        self._best.keep(decision.best_rows, weights)
        self._ended.hold(decision, weights)
        self.outcome = decision.outcome
        # The steps that were taken beyond the decision never happened, as far as anybody is told.
        self.step += decision.count
        # From the rows that the block keeps, not from the network, which may have been put back.
        probed = self.probe.read(first, decision.count, self._rows)
        # What follows is the recording's, not training's, and is not counted into its speed.
        self.seconds += time.perf_counter() - started

        self._last_steps.keep(train, self.columns["train"], decision)
        measured = Series(group="train", first=first, values=train[:, : decision.count])
        evaluated = _dev_series(self.experiment, first, decision.count, dev)
        for part in (measured, *evaluated, *probed):
            self._ended.blank(part)
        # An epoch in which a member ended has no mean of it: NaN carries over.
        means = self._epochs.add(first, measured.values)
        return Block(
            first=first,
            count=decision.count,
            series=(measured, *evaluated, *means, *probed),
            snapshots=tuple(self.snapshots.of_block(first, weights[: decision.count])),
            warnings=tuple(self._ended.warnings(decision, self.variants)),
        )

    def _take_again(self, first: int, count: int, weights: Tensor, state: State) -> None:
        """Take the first steps of a block once more, which gives the same rows.

        Args:
            first: The first of them.
            count: How many.
            weights: Those before the block, [size].
            state: The method's, before the block.
        """
        self.method.weights.copy_(weights)
        self.method.restore(state)
        self.method.take(first, count, self._rows)

    def _measured(self) -> dict[str, Any]:
        """Measure all sets once, with the best weights where they are kept."""
        outcomes, last_step = self._stopping.outcomes, self._last_steps.figures
        diverged = np.array([each is not None and each.status == "diverged" for each in outcomes])
        # A member that diverged has nothing to be measured with: its last step's figures say why.
        with self._best.lent(self.method.weights, (self._stopping.best_steps > 0) & ~diverged):
            figures = {}
            for name, values in self._set_figures.of_members().items():
                otherwise = last_step.get(name, np.full(len(values), np.nan, values.dtype))
                figures[name] = recorded(np.where(diverged, otherwise, values))
            return figures | self._set_figures.confusion()


def _dev_series(experiment: Experiment, first: int, count: int, dev: Values) -> list[Series]:
    """Return the rows in which the dev set was measured.

    Args:
        experiment: Says at which steps that is.
        first: The step of the first row.
        count: How many rows stand.
        dev: Loss and accuracy, [2, rows, members].
    """
    stride = experiment.evaluation_stride
    if not stride:
        return []
    # The first multiple of the stride from ``first`` on, wherever the block begins.
    start = -first % stride
    # The rows between measurements hold what was there before, and are no figures of this
    # block.
    values = dev[: 1 + experiment.has_accuracy, start:count:stride]
    if not values.shape[1]:
        return []
    return [Series(group="dev", first=first + start, stride=stride, values=values)]
