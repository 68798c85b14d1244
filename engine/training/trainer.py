"""The trainer: ``advance(n)`` takes n steps and returns what they measured.

It owns what is decided from measurements (the best weights, patience, the loss threshold, the
first loss that is no number) and nothing else: gradients come from a ``Method``, batches from
``Batches``. Decisions are found in the rows at the end of a block, which is then cut back to
the step that decides, so that they do not depend on how steps are grouped into blocks.

A member of a population ends where it would end alone. Its weights are then held as they were at
that step and its later rows are NaN; the method goes on computing it, and is overruled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data import load
from ..data.scaling import Scaling
from ..experiment.experiment import Experiment
from ..experiment.members import label, members_of
from ..gradients.choice import make_method
from ..gradients.method import Method, Workload
from ..network.module import Network
from ..network.own_module import OwnNetwork
from ..network.parameters import Shaped, initialise
from ..network.trainable import Trainable
from ..recording.events import Group, RunWarning, Series, Snapshot, Values
from ..step.batches import Batch, batches_for, to_batch
from ..step.evaluation import Evaluator, decided
from ..step.measurements import Measurements
from ..text.numbers import shortest
from .block import Block, Outcome
from .constant_answer import brief, constant_losses, shares, size_of
from .device import pick_device, pick_threads
from .epoch_means import EpochMeans
from .probe import Probe, fixed_rows
from .stopping import Decision, EarlyStopping

SNAPSHOT_LIMIT: Final = 10_000
"""Numbers of a network up to which a recording keeps its weights all along."""
ENDS_LIMIT: Final = 250_000
"""Numbers of a network up to which it keeps them at the start, at its best and at the end."""
SNAPSHOTS_PER_OCTAVE: Final = 64
"""How many of them it keeps each time the step doubles."""


def keeps_snapshot(step: int) -> bool:
    """Return whether the weights after ``step`` are kept: all to 64, then 64 an octave."""
    return step % max(1, 1 << max(0, step.bit_length() - 7)) == 0


class Trainer:
    """One experiment being trained, step by step, with all members of its population.

    Args:
        experiment: What to train.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        allow_code: Whether a network of one's own may be run.
        clock: Seconds, for the time that training takes.

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
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.experiment: Final = experiment
        found = members_of(experiment)
        self.members: Final = [member.experiment for member in found]
        """What each member is, as if it were trained alone."""
        self.variants: Final = [member.changes for member in found]
        """What tells each member from the others."""
        self.seeds: Final = [member.train.seed for member in self.members]
        """The seed of each member."""
        self.device: Final = pick_device(device, experiment, len(self.seeds))
        self.threads: Final = pick_threads(experiment, len(self.seeds))
        torch.set_num_threads(self.threads)
        self.shaped: Shaped = experiment
        """What knows the names and shapes of the network's parameters."""
        self.step = 0
        """The last step taken."""
        self.seconds = 0.0
        """Spent in training so far."""
        self.outcome: Outcome | None = None
        """Why the run is over, once it is."""

        self._clock = clock
        dtype = getattr(torch, experiment.train.dtype)
        real = getattr(np, experiment.train.dtype)
        self._datasets = [load(member.data, member.train.seed, real) for member in self.members]
        parts = {
            name: [getattr(dataset, name) for dataset in self._datasets]
            for name in ("train", "dev", "test")
        }
        self._sets = {
            name: to_batch(experiment, members, self.device, dtype)
            for name, members in parts.items()
            if members[0] is not None and len(members[0])
        }
        self.batches: Final = batches_for(self.members, self._sets.get("train"), self.device, dtype)
        """What each step sees."""
        network, weights = self._make_network(dtype, allow_code)
        self._rows = Measurements(self.shaped, len(self.seeds), self.device, dtype)
        whole = self._sets.get("train")
        self._typical = fixed_rows(self.members, whole, self.device, dtype)
        self._probe = Probe(experiment, self._rows.layout, self._typical.inputs)
        self.method: Final[Method] = make_method(
            Workload(
                members=self.members,
                network=network,
                layout=self._rows.layout,
                weights=weights,
                batches=self.batches,
                dev=self._sets.get("dev"),
            )
        )
        self.measure: Final = Evaluator(experiment, network)
        """Measures the network as it is on any rows."""
        self._early_stopping = EarlyStopping(self.members)
        self._best_weights = weights.clone()
        self._before = weights.clone()
        """The weights before a block, where members are held."""
        self._epochs = EpochMeans(experiment)
        own = ["train_loss", "train_accuracy"][: 1 + experiment.has_accuracy]
        self._last_row: dict[str, Values] = {
            name: np.full(len(self.seeds), np.nan, np.float32) for name in [*own, "grad_norm"]
        }
        """Of the last step that each member took: its figures by their names in the result."""

    @property
    def columns(self) -> dict[Group, list[str]]:
        """The columns of each group of rows."""
        accuracy = ["accuracy"] if self.experiment.has_accuracy else []
        norms = [f"grad_norm/{name}" for name in self.shaped.shapes]
        train = ["loss", *accuracy, "lr", "grad_norm", *norms]
        columns: dict[Group, list[str]] = {"train": train}
        if self.experiment.evaluation_stride:
            columns["dev"] = ["loss", *accuracy]
        if self._epochs.wanted:
            columns["epoch"] = train
        if self._probe.columns:
            columns["probe"] = self._probe.columns
        return columns

    @property
    def lr(self) -> float:
        """The learning rate of the next step, the first member's where they differ; setting it
        changes the run from there on, for all members.
        """
        return self.method.lr[0]

    @lr.setter
    def lr(self, value: float) -> None:
        self.method.set_lr(value)

    @property
    def ended_at(self) -> NDArray[np.int64]:
        """The step at which each member has ended, [members]; ``NEVER`` where it goes on."""
        return self._early_stopping.ended_at

    def advance(self, n: int) -> Block:
        """Take exactly ``n`` steps, or as many as there are until the run is over.

        Args:
            n: At least 1. How many are asked for at a time never changes a number.
        """
        assert self.outcome is None, "the run is over"
        first = self.step + 1
        wanted = min(n, self.experiment.steps - self.step)
        series: list[Series] = []
        snapshots: list[Snapshot] = []
        warnings: list[RunWarning] = []
        while wanted and self.outcome is None:
            count = min(wanted, self._rows.capacity)
            wanted -= self._take(count, series, snapshots, warnings)
        if self.outcome is None and self.step == self.experiment.steps:
            reason = "steps" if self.experiment.train.steps else "epochs"
            self.outcome = Outcome(
                "finished", reason if self.experiment.steps_per_epoch else "steps"
            )
        return Block(
            first=first,
            count=self.step - first + 1,
            series=tuple(series),
            snapshots=tuple(snapshots),
            warnings=tuple(warnings),
        )

    def stop(self, status: str, reason: str) -> None:
        """End the run where it is."""
        if self.outcome is None:
            self.outcome = Outcome(status, reason)

    def snapshot(self) -> Snapshot:
        """Return the weights as they are."""
        return Snapshot(step=self.step, values=self._rows.layout.pack(self.method.weights))

    def best_snapshot(self) -> Snapshot | None:
        """Return the weights with which each member did best on the dev set; None without any."""
        steps = self._early_stopping.best_steps
        if not (self._early_stopping.keeps_best and steps.any()):
            return None
        values = self._rows.layout.pack(self._best_weights)
        return Snapshot(step=int(steps.max()), best=steps.tolist(), values=values)

    @property
    def scaling(self) -> Scaling:
        """How the data was scaled: the first member's, where each has its own."""
        return self._datasets[0].scaling

    @property
    def target_range(self) -> list[list[float]]:
        """The least and the greatest of each target, as the loss sees them; none for classes."""
        if self.experiment.has_accuracy:
            return []
        targets = self._sets.get("train", self._typical).targets
        ends = torch.stack([targets.amin((0, 1)), targets.amax((0, 1))], dim=-1)
        found: list[list[float]] = ends.tolist()
        return found if ends.isfinite().all() else []

    def known_of_the_data(self) -> dict[str, Any]:
        """Return what a header says of the data: its size, and the worth of a constant answer.

        It is found on the training set, or on rows like those that every step draws.
        """
        known = self._sets.get("train", self._typical)
        sets = {"train": known} | {
            name: self._sets[name] for name in ("dev",) if name in self._sets
        }
        losses = {
            name: constant_losses(self.experiment, known, batch) for name, batch in sets.items()
        }
        if self.experiment.loss.reduction == "sum":
            # A step's loss is the sum over its own rows alone.
            share = self.experiment.batch_rows / known.targets.shape[1]
            losses["train"] = [brief(loss * share) for loss in losses["train"]]
        return {
            "input_size": size_of(known.inputs),
            "target_size": {} if self.experiment.has_accuracy else size_of(known.targets),
            "constant_loss": {name: each for name, each in losses.items() if each},
            "class_shares": {
                name: shares(self.experiment, batch.targets) for name, batch in sets.items()
            }
            if self.experiment.has_accuracy
            else {},
        }

    def standing(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what each member loses with its weights as they are, and what the best answer
        that is the same for every row does: on the dev set, else on the training set.

        Of classes it is the loss, of numbers the error in the units of the data, so that networks
        whose targets were scaled in different ways can be compared.
        """
        known = self._sets.get("train", self._typical)
        judged = self._sets.get("dev", known)
        if self.experiment.has_accuracy:
            constants = constant_losses(self.experiment, known, judged)
            losses: NDArray[np.float64] = self.measure(judged)[0].double().cpu().numpy()
            return losses, np.array(constants or [np.nan] * len(self.members))
        scales = [dataset.scaling.to_original for dataset in self._datasets]
        parts = [each.cpu().numpy() for each in (known.targets, judged.targets)]
        spread = [
            np.sqrt(np.square(original(dev) - original(train).mean(0)).mean())
            for original, train, dev in zip(scales, *parts, strict=True)
        ]
        return self._error(judged), np.array(spread)

    @property
    def keeps_weights(self) -> bool:
        """Whether the network is small enough to record its first, best and last weights."""
        return self._rows.layout.positions.size <= ENDS_LIMIT

    @property
    def keeps_weights_all_along(self) -> bool:
        """Whether it is small enough for those of the steps in between."""
        return self._rows.layout.positions.size <= SNAPSHOT_LIMIT

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
        last_row = {name: _plain(values) for name, values in self._last_row.items()}
        figures = {name: value for name, value in last_row.items() if name != "grad_norm"}
        if self._early_stopping.keeps_best and self._early_stopping.best_steps.any():
            figures["best_step"] = _plain(self._early_stopping.best_steps)
        if self.outcome is None or self.outcome.status in ("finished", "stopped"):
            figures |= self._measure_sets()
        if len(self.members) > 1:
            figures |= self._endings() | {"grad_norm": last_row["grad_norm"]}
        figures["steps"] = self.step
        if self.experiment.steps_per_epoch:
            epochs = self.step / self.experiment.steps_per_epoch
            figures["epochs"] = int(epochs) if epochs.is_integer() else epochs
        figures["seconds"] = self.seconds
        figures["steps_per_second"] = self.step / self.seconds if self.seconds else 0.0
        return figures

    def checkpoint(self) -> dict[str, Any]:
        """Return the network as it is and as it was best, for ``torch.save``.

        The optimizer's state goes with it. Where a block was cut back to a step that decided, it
        is that of the block's end, a few steps further.
        """
        layout = self._rows.layout
        return {
            "step": self.step,
            "weights": layout.named(self.method.weights),
            "best_weights": layout.named(self._best_weights),
            "best_steps": self._early_stopping.best_steps.tolist(),
            "optimizer": self.method.state(),
            "experiment": self.experiment.model_dump(mode="json"),
            "seeds": self.seeds,
            "variants": self.variants,
        }

    def _make_network(self, dtype: torch.dtype, allow_code: bool) -> tuple[Trainable, Tensor]:
        """Return the untrained network and its weights."""
        if self.experiment.model.kind == "python":
            own = OwnNetwork(self.experiment, self.seeds[0], allow_code=allow_code)
            self.shaped = own
            return own, own.flatten(self.device, dtype)
        weights = initialise(self.members, dtype).to(self.device)
        return Network(self.members, weights), weights

    def _take(
        self,
        count: int,
        series: list[Series],
        snapshots: list[Snapshot],
        warnings: list[RunWarning],
    ) -> int:
        """Take up to ``count`` steps, no more than there are rows; return how many stand."""
        started = self._clock()
        first = self.step + 1
        self._probe.keep(first, self.method.weights)
        if not self._early_stopping.going.all():
            self._before.copy_(self.method.weights)
        self.method.take(first, count, self._rows)
        train, dev = self._fetch(count)
        decision = self._early_stopping.decision(first, train[0], dev)
        self._keep_best(decision.best_rows)
        self._hold(decision)
        if (decision.last_rows < count - 1).any():
            self.method.weights.copy_(self._rows.weights[decision.count - 1])
        self.outcome = decision.outcome
        self.step += decision.count
        probed = self._probe.read(first, decision.count, self._rows)
        self.seconds += self._clock() - started

        self._keep_last_row(train, decision)
        measured = Series(group="train", first=first, values=train[:, : decision.count])
        evaluated = self._dev_series(first, decision.count, dev)
        for part in (measured, *evaluated, *probed):
            self._blank(part)
        # An epoch in which a member ended has no mean of it: NaN carries over.
        means = self._epochs.add(first, measured.values)
        series.extend([measured, *evaluated, *means, *probed])
        snapshots.extend(self._snapshots(first, decision.count))
        warnings.extend(self._warnings(decision))
        return decision.count

    def _hold(self, decision: Decision) -> None:
        """Put the weights that each member ended with into its later rows."""
        early = decision.last_rows[decision.last_rows < decision.count - 1]
        if not early.size:
            return
        rows = self._rows.weights[: decision.count]
        for last in np.unique(early):
            ended = np.flatnonzero(decision.last_rows == last)
            own = torch.from_numpy(self._rows.layout.positions[ended].ravel()).to(rows.device)
            # One that had ended before this block began it with the weights that are held.
            kept = self._before[own] if last < 0 else rows[last, own]
            rows[last + 1 :].index_copy_(1, own, kept.expand(len(rows) - last - 1, -1))

    def _blank(self, series: Series) -> None:
        """Make the rows NaN that come after a member's end, in place."""
        if series.last_step > self.ended_at.min():
            steps = series.first + series.stride * np.arange(series.count)
            series.values[:, steps[:, None] > self.ended_at] = np.nan

    def _keep_last_row(self, train: Values, decision: Decision) -> None:
        """Keep the figures of the last step that each member took."""
        took = np.flatnonzero(decision.last_rows >= 0)
        newest = train[:, np.minimum(decision.last_rows[took], decision.count - 1), took]
        columns = self.columns["train"]
        for name, values in self._last_row.items():
            values[took] = newest[columns.index(name.removeprefix("train_"))]

    def _warnings(self, decision: Decision) -> list[RunWarning]:
        """Return what is to be said of the members that diverged."""
        warnings = []
        for member in decision.ended if len(self.members) > 1 else ():
            outcome, step = self._early_stopping.outcomes[member], int(self.ended_at[member])
            if outcome is not None and outcome.status == "diverged":
                named = label(self.variants[member]).replace(" · ", ", ")
                said = f"member {member + 1} ({named}) diverged: {outcome.reason}"
                others = ", the others go on" if (self.ended_at > step).any() else ""
                message = f"{said}; its weights are held{others}"
                warnings.append(RunWarning(step=step, message=message))
        return warnings

    def _fetch(self, count: int) -> tuple[Values, Values]:
        """Fetch the block from the device, once.

        Returns:
            The train rows [columns, count, members] and the dev measurements in the same rows,
            [loss and accuracy, count, members].
        """
        rows = self._rows
        own = [rows.loss, rows.accuracy] if self.experiment.has_accuracy else [rows.loss]
        table = [
            *(column[:count].double() for column in own),
            torch.from_numpy(rows.lr[:count]).to(self.device),
            *rows.norms(count).unbind(-1),
            rows.dev_loss[:count].double(),
            rows.dev_accuracy[:count].double(),
        ]
        fetched: NDArray[np.float64] = torch.stack(table).cpu().numpy()
        with np.errstate(over="ignore"):
            values = fetched.astype(np.float32)
        return values[:-2], values[-2:]

    def _dev_series(self, first: int, count: int, dev: Values) -> list[Series]:
        """Return the rows in which the dev set was measured."""
        stride = self.experiment.evaluation_stride
        if not stride:
            return []
        start = -first % stride
        values = dev[: 1 + self.experiment.has_accuracy, start:count:stride]
        if not values.shape[1]:
            return []
        return [Series(group="dev", first=first + start, stride=stride, values=values)]

    def _snapshots(self, first: int, count: int) -> list[Snapshot]:
        """Return the weights of those steps that keep them."""
        if not self.keeps_weights_all_along:
            return []
        rows = [row for row in range(count) if keeps_snapshot(first + row)]
        packed = self._rows.layout.pack(self._rows.weights[rows])
        return [
            Snapshot(step=first + row, values=values)
            for row, values in zip(rows, packed, strict=True)
        ]

    def _keep_best(self, best_rows: NDArray[np.int64]) -> None:
        """Keep each member's weights of the row in which its dev measurement was the best."""
        for member in np.flatnonzero(best_rows >= 0):
            own = self._rows.layout.positions[member]
            self._best_weights[own] = self._rows.weights[int(best_rows[member]), own]

    def _measure_sets(self) -> dict[str, Any]:
        """Measure all sets once, with the best weights where they are kept."""
        figures: dict[str, Any] = {}
        last = self.method.weights.clone()
        diverged = self._diverged
        found = (self._early_stopping.best_steps > 0) & ~diverged
        if self._early_stopping.keeps_best and found.any():
            own = self._rows.layout.positions[found].ravel()
            self.method.weights[own] = self._best_weights[own]
        for name, batch in self._sets.items():
            loss, accuracy = (each.cpu().numpy() for each in self.measure(batch))
            measured = {f"{name}_loss": loss}
            if self.experiment.has_accuracy:
                measured[f"{name}_accuracy"] = accuracy
            else:
                measured[f"{name}_rmse"] = self._error(batch)
            for key, values in measured.items():
                otherwise = self._last_row.get(key, np.full(len(values), np.nan, values.dtype))
                figures[key] = _plain(np.where(diverged, otherwise, values))
        if self.experiment.has_accuracy and len(self.seeds) == 1:
            figures["confusion"] = self._confusion(list(self._sets.values())[-1])
        self.method.weights.copy_(last)
        return figures

    @property
    def _diverged(self) -> NDArray[np.bool_]:
        """Which members have diverged, [members]."""
        outcomes = self._early_stopping.outcomes
        return np.array([each is not None and each.status == "diverged" for each in outcomes])

    def _endings(self) -> dict[str, Any]:
        """Return how each member ended, why, and at which step."""
        going = self.outcome or Outcome("stopped", "")
        outcomes = [each or going for each in self._early_stopping.outcomes]
        return {
            "statuses": [each.status for each in outcomes],
            "reasons": [each.reason for each in outcomes],
            "ended_at": np.minimum(self.ended_at, self.step).tolist(),
        }

    def _confusion(self, batch: Batch) -> list[list[int]]:
        """Return how many rows of each true class were said to be of each class."""
        classes = self.experiment.data.classes
        said = decided(self.experiment, self.measure.outputs(batch.inputs)).flatten()
        true = batch.targets.flatten().long()
        counts = torch.bincount(true * classes + said, minlength=classes * classes)
        matrix: list[list[int]] = counts.view(classes, classes).tolist()
        return matrix

    def _error(self, batch: Batch) -> NDArray[np.float64]:
        """Return the root mean square error in the units of the data, [members]."""
        outputs = self.measure.outputs(batch.inputs).cpu().numpy()
        targets = batch.targets.cpu().numpy()
        errors = [
            dataset.scaling.to_original(said) - dataset.scaling.to_original(true)
            for dataset, said, true in zip(self._datasets, outputs, targets, strict=True)
        ]
        error: NDArray[np.float64] = np.sqrt(np.square(errors).mean(axis=(1, 2)))
        return error


def _plain(values: Tensor | NDArray[Any]) -> Any:
    """Return one number, or a list with one for each member, float32 as its shortest decimal."""
    single = isinstance(values, np.ndarray) and values.dtype == np.float32
    numbers = [shortest(value) for value in values] if single else values.tolist()
    return numbers[0] if len(numbers) == 1 else numbers
