"""The experiment: what a preset says, validated once, printable and comparable.

This is the schema of a preset. Each key's type, bounds and default stand in its annotation, its
meaning and unit in the text under it. The tables that come in several kinds (``data``,
``model.init``, ``loss``, ``optimizer``, ``schedule``) have their kinds in files of their own, so
that a new one is a change to that file alone.

    Experiment ── data        engine.data
               ├─ model       Model ── hidden, layers      engine.experiment.layers
               │                   └── init: Init    engine.components.initialisers
               ├─ loss        engine.components.losses
               ├─ optimizer   engine.components.optimizers
               ├─ schedule    engine.components.schedules
               ├─ train       Training
               ├─ population  Population
               ├─ sweep       Sweep
               ├─ marks       Mark
               └─ origin      Origin     engine.experiment.changes
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import Field

from ..components.activations import ACTIVATIONS
from ..components.losses import BinaryCrossEntropyWithLogits, Loss, LossBase
from ..components.optimizers import SGD, Optimizer
from ..components.schedules import ConstantRate, Schedule
from ..components.section import Section
from ..data import Data, DataBase
from ..data.plane import Moons
from ..randomness import generator
from ..text.spelling import show
from .layers import PlannedLayer, buffers_of, dense_layers, planned, shapes_of
from .marks import Mark, Origin
from .model import Model
from .sweep import Sweep
from .training import MAX_MEMBERS, MAX_STEPS, Population, Training

MAX_PARAMETERS: Final = 1_000_000_000
"""Networks beyond this are refused: their weights, gradients and optimizer state would take
16 GB, and a typing mistake is the likelier explanation."""

MAX_NUMBERS: Final = 10_000_000_000
"""Outputs of all layers that one step may compute: 40 GB to keep for the gradients."""


WRITTEN: Final = frozenset(("origin", "marks.of"))
"""Keys that epochal writes itself, and nobody sets."""


class Experiment(Section):
    """What a preset says, validated."""

    title: str = Field(default="", max_length=200)
    """A few words for lists and headings."""
    about: str = Field(default="", max_length=10_000)
    """What the experiment shows, in plain words; a number can be one that is compared, as in
    ``{loss@20 = 0.138}`` (see a mark's ``note``)."""
    data: Data = Moons()
    """What is learned from."""
    model: Model = Model()
    """The network."""
    loss: Loss = BinaryCrossEntropyWithLogits()
    """What is made small."""
    optimizer: Optimizer = SGD()
    """What turns gradients into updates."""
    schedule: Schedule = ConstantRate()
    """How the learning rate changes."""
    train: Training = Training()
    """How long, on what batches, and what is decided on the way."""
    population: Population = Population()
    """Networks trained side by side, which differ in their seed or in other numbers."""
    sweep: Sweep = Sweep()
    """Settings that are trained one and all, to be compared."""
    marks: list[Mark] = Field(default=[], max_length=1000)
    """Steps worth stopping at when the run is replayed."""
    origin: Origin | None = None
    """The preset it was made from, where it is no longer what that one describes. Written by
    epochal: see ``engine.experiment.changes``."""

    @property
    def outputs(self) -> int:
        """How many units the output layer has."""
        if self.loss.targets == "classes" and self.data.class_count:
            return self.data.class_count
        return 1 if self.data.class_count else len(self.data.target_names)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a row as the layers take it: a picture, or [features]."""
        if self.model.layers:
            return tuple(self.model.input_shape or self.data.row_shape)
        return (len(self.data.input_names),)

    @property
    def plan(self) -> list[PlannedLayer]:
        """The layers, layer1 … layerN, with what goes in and what comes out.

        Raises:
            ValueError: They do not fit on each other.
        """
        if self.model.layers:
            return [*planned(self.model.layers, self.row_shape, self.outputs)]
        return [*dense_layers(self.widths)]

    @property
    def has_shares(self) -> bool:
        """Whether a loss over classes is given the share of each, and not the one that is true."""
        return self.loss.targets == "classes" and self.data.target_kind == "shares"

    @property
    def widths(self) -> list[int]:
        """Numbers of a row from the input to the output: layer i is widths[i - 1] to widths[i]."""
        features = len(self.data.input_names)
        if self.model.layers:
            return [features, *(layer.units for layer in self.plan)]
        return [features, *(layer.units for layer in self.model.hidden), self.outputs]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape: layer1.weight, layer1.bias, layer2.weight and so on.

        A module of one's own has others, which only its code knows; here it has none.
        """
        if self.model.kind == "python":
            return {}
        return shapes_of(self.plan, self.model.normalisations)

    @property
    def buffers(self) -> dict[str, tuple[int, ...]]:
        """What the network keeps beside its parameters: batch normalisation's running figures."""
        return buffers_of(self.plan, self.model.normalisations)

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def has_accuracy(self) -> bool:
        """Whether there are classes to get right."""
        return self.data.class_count > 0

    @property
    def batch_rows(self) -> int:
        """Rows in a step."""
        size, rows = self.train.batch_size, self.data.sizes[0]
        if isinstance(size, int):
            return size if self.data.fresh else min(size, rows)
        return rows

    @property
    def step_operations(self) -> float:
        """A step's floating-point operations, estimated: forward a multiplication and an addition
        for each weight and row; backward the same for the gradients, and for the inputs'.

        A network of one's own is not looked into and counts as small: name its device.
        """
        return 6.0 * self.parameters * self.batch_rows

    @property
    def _least_batch(self) -> int:
        """Rows in the smallest batch."""
        rest = 0 if self.data.fresh else self.data.sizes[0] % self.batch_rows
        return self.batch_rows if self.train.drop_last else rest or self.batch_rows

    @property
    def sees_all(self) -> bool:
        """Whether every step sees the whole training set."""
        return not self.data.fresh and self.batch_rows == self.data.sizes[0]

    @property
    def steps_per_epoch(self) -> int | None:
        """Steps in an epoch; none where every step draws fresh rows."""
        if self.data.fresh:
            return None
        whole, rest = divmod(self.data.sizes[0], self.batch_rows)
        return whole + (rest > 0 and not self.train.drop_last)

    @property
    def steps(self) -> int:
        """How many steps a whole run takes."""
        if self.train.steps is not None:
            return self.train.steps
        return (self.train.epochs or 1000) * (self.steps_per_epoch or 1)

    def lengthened(self, steps: int) -> Experiment:
        """Return the same experiment of another length, in epochs where these are whole."""
        epochs, rest = divmod(steps, self.steps_per_epoch or steps + 1)
        in_epochs = self.train.steps is None and not rest
        length = (
            {"epochs": epochs, "steps": None} if in_epochs else {"epochs": None, "steps": steps}
        )
        return self.model_copy(update={"train": self.train.model_copy(update=length)})

    @property
    def evaluation_stride(self) -> int:
        """Steps between measurements on the dev set; 0 where there is no dev set."""
        return self.train.evaluate_every * (self.steps_per_epoch or 1) if self.data.sizes[1] else 0

    @property
    def keep_best(self) -> Literal["accuracy", "loss", "off"]:
        """Which dev measurement decides the weights that are kept."""
        if not self.evaluation_stride:
            return "off"
        return self.train.keep_best or ("accuracy" if self.has_accuracy else "loss")

    def step_of(self, mark: Mark) -> int | None:
        """Return the step a mark stands at; None where only training finds it."""
        if mark.at.epoch is not None:
            return mark.at.epoch * (self.steps_per_epoch or 1)
        return mark.at.step

    def _problems(self) -> Iterator[str]:
        """Say what no table can say alone."""
        if wrong := _misfit(self):
            yield wrong
            return
        problems = [*self._size_problems(), *self._loss_problems(), *self._training_problems()]
        problems += _feature_problems(self.data, self.train.seed)
        yield from problems or self._population_problems()

    @property
    def _numbers(self) -> int:
        """How many outputs of all layers a step computes."""
        return self.batch_rows * sum(self.widths)

    def _size_problems(self) -> Iterator[str]:
        if self.parameters > MAX_PARAMETERS:
            key = "model.layers" if self.model.layers else "model.hidden"
            yield f"{key}: the network would {_parameters_text(self.parameters)}"
        if self._numbers > MAX_NUMBERS:
            yield f"train.batch_size: a step would {_numbers_text(self._numbers)}"
        if self.steps > MAX_STEPS:
            yield f"train: would take {self.steps} steps; at most {MAX_STEPS:.0e} are allowed"

    def _population_problems(self) -> Iterator[str]:
        """Say how the members are too many; only asked where one network alone would do.

        Whether each of them holds is said by ``engine.experiment.members``.
        """
        if self.population == Population():
            return
        if self.sweep != Sweep():
            yield "sweep: trains populations of its own; leave out population, or set sweep.seeds"
            return
        members = self.population.members
        grid = "population.vary" if self.population.vary else "population.seeds"
        key = "population.settings" if self.population.settings else grid
        parameters, numbers = self.parameters * members, self._numbers * members
        if members > MAX_MEMBERS:
            yield f"{key}: makes {members} networks; at most {MAX_MEMBERS} train side by side"
        elif members > 1 and self.model.kind == "python":
            yield f"{key}: a network of one's own trains one member at a time; use several runs"
        elif parameters > MAX_PARAMETERS:
            yield f"{key}: {members} networks would {_parameters_text(parameters)}"
        elif numbers > MAX_NUMBERS:
            yield f"{key}: a step of {members} networks would {_numbers_text(numbers)}"

    def _loss_problems(self) -> Iterator[str]:
        loss, classes, kind = self.loss, self.data.class_count, self.data.target_kind
        said = f"loss.name: {loss.name!r}"
        if "loss" not in self.model_fields_set:
            said = f"loss.name: is left out, and {loss.name!r}, which stands for that,"
        if loss.targets == "binary" and classes != 2 and kind != "labels":
            what = f"{classes} classes; use 'cross_entropy'" if classes else _REMEDIES[kind]
            yield f"{said} needs two classes, the data has {what}"
        elif loss.targets == "classes" and classes < 2 and not self._shares_cross_entropy:
            yield f"{said} needs classes, the data has {_REMEDIES[kind]}"
        elif loss.targets == "numbers" and classes > 2:
            yield (f"{said} compares numbers, the data has {classes} classes; use 'cross_entropy'")
        else:
            yield from self._output_problems()
            yield from _weight_problems(loss, self.data)

    @property
    def _shares_cross_entropy(self) -> bool:
        return self.has_shares and self.loss.name == "cross_entropy"

    def _output_problems(self) -> Iterator[str]:
        if self.model.kind == "python":
            return
        loss, last = self.loss, self.model.output_activation
        low, high = ACTIVATIONS[last].traits.range
        if loss.outputs == "probability" and not (low >= 0 and high <= 1):
            yield (
                f"model.output_activation: {loss.name!r} needs outputs between 0 and 1, "
                f"{last!r} gives others; set 'sigmoid', or take the loss "
                "'binary_cross_entropy_with_logits'"
            )
        elif loss.outputs == "margin" and not low < 0 < high:
            yield (
                f"model.output_activation: {loss.name!r} needs outputs on both sides of 0, "
                f"{last!r} gives none below; set 'identity'"
            )
        elif loss.outputs == "log_probabilities" and last != "log_softmax":
            yield (
                f"model.output_activation: {loss.name!r} needs 'log_softmax' (got {last!r}); "
                "or take the loss 'cross_entropy'"
            )
        elif loss.outputs in ("logit", "logits") and ACTIVATIONS[last].traits.in_losses:
            yield (
                f"model.output_activation: {loss.name!r} applies its own, so {last!r} would be "
                "applied twice; set 'identity'"
            )
        elif ACTIVATIONS[last].output_only and self.outputs == 1:
            yield f"model.output_activation: {last!r} of a single output is constant; set 'sigmoid'"

    def _training_problems(self) -> Iterator[str]:
        train = self.train
        if train.gradients == "manual" and (self.model.kind == "python" or self.model.layers):
            what = "layers that are listed" if self.model.layers else "a network of one's own"
            yield (
                f"train.gradients: 'manual' has no formulas for {what}; "
                "set 'auto', which takes autograd"
            )
        if self.optimizer.l1 and not train.zero_grad:
            yield "optimizer.l1: would pile up with gradients that are not cleared; set zero_grad"
        if self.data.fresh and train.batch_size == "full":
            yield "train.batch_size: every step draws fresh rows, so it must be a number"
        if self.data.fresh and train.epochs is not None:
            yield "train.epochs: every step draws fresh rows, so there are no epochs; set steps"
        for index, mark in enumerate(self.marks):
            if self.data.fresh and mark.at.epoch:
                yield f"marks[{index}].at: there are no epochs here; set at = {{ step = … }}"
        if not self.data.sizes[1]:
            for key in ("patience", "keep_best", "monitor"):
                if getattr(train, key) not in (None, "off"):
                    yield f"train.{key}: needs a dev set; set data.split"
        elif train.patience is not None and self.keep_best == "off":
            yield "train.patience: needs keep_best, to know what a new best one is"
        if "batch" in self.model.normalisations and self._least_batch < 2:
            yield (
                "train.batch_size: batch normalisation needs at least 2 rows in every batch, "
                f"the last one of an epoch has {self._least_batch}"
            )
        for key, value in (
            ("train.keep_best", train.keep_best),
            ("train.monitor", train.monitor),
            ("schedule.monitor", self.schedule.watches),
        ):
            if value == "accuracy" and not self.has_accuracy:
                yield f"{key}: there is no accuracy for numbers; set 'loss'"


def _misfit(experiment: Experiment) -> str:
    """Say which of the listed layers does not fit; empty where all do, or none are listed."""
    if not experiment.model.layers:
        return ""
    features, numbers = len(experiment.data.input_names), math.prod(experiment.row_shape)
    if numbers != features:
        given = experiment.model.input_shape
        return f"model.input_shape: {given} is {numbers} numbers, a row of the data has {features}"
    try:
        _ = experiment.plan
    except ValueError as error:
        return f"model.{error}"
    return ""


_REMEDIES: Final = {
    "classes": "a single class",
    "numbers": "numbers; use 'mse'",
    "labels": "labels, of which a row may have several; use 'binary_cross_entropy_with_logits'",
    "shares": "the shares of classes; use 'cross_entropy'",
}
"""What targets are that do not fit a loss, and the loss that they fit."""

Members = Sequence[Experiment]
"""What each network of a run is: they are of one shape."""


def _parameters_text(count: int) -> str:
    memory = f"{count * 16 / 1e9:.3g} GB with gradients and optimizer state"
    return f"have {count:.3g} parameters, {memory}; at most {MAX_PARAMETERS:.0e} are allowed"


def _numbers_text(count: int) -> str:
    most = f"at most {MAX_NUMBERS:.0e} are allowed"
    return f"compute {count:.3g} numbers, {count * 4 / 1e9:.3g} GB; {most}"


def _weight_problems(loss: LossBase, data: DataBase) -> Iterator[str]:
    """Say why rows cannot count for what they are said to by their class."""
    weights, names = loss.class_weights, data.target_names
    if weights is not None and not data.class_count:
        yield "loss.class_weights: there are no classes to weigh; leave it out"
    elif isinstance(weights, list) and len(weights) != len(names):
        listed = ", ".join(map(show, names[:20])) + ", …" * (len(names) > 20)
        yield f"loss.class_weights: has {len(weights)} numbers for {len(names)} classes: {listed}"


def _feature_problems(data: DataBase, seed: int) -> Iterator[str]:
    """Say which features are no numbers, as far as a thousand rows of a kind tell."""
    if (features := data.computed_features) is None:
        return
    rows = data.at_most(1000).draw(generator(seed, "data")).inputs
    # What stands for a missing number is not known before the rows are parted.
    if rows.shape[1] == len(features.inputs) and (wrong := features.wrong(rows)):
        yield f"data.{wrong}"
