"""The experiment: what a preset says, validated once, printable and comparable.

This is the schema of a preset. Each key's type, bounds and default stand in its annotation, its
meaning and unit in the text under it. The tables that come in several kinds (``data``,
``model.init``, ``loss``, ``optimizer``, ``schedule``) have their kinds in files of their own, so
that a new one is a change to that file alone.

    Experiment ── data        engine.data
               ├─ model       Model ── hidden: Layer
               │                   └── init: Init    engine.components.initialisers
               ├─ loss        engine.components.losses
               ├─ optimizer   engine.components.optimizers
               ├─ schedule    engine.components.schedules
               ├─ train       Training
               ├─ population  Population
               ├─ marks       Mark
               └─ origin      Origin     engine.experiment.changes
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from engine.components.activations import ACTIVATIONS
from engine.components.initialisers import NEEDS_MATRIX, Default, Initialiser
from engine.components.losses import BinaryCrossEntropyWithLogits, Loss
from engine.components.optimizers import SGD, Optimizer
from engine.components.schedules import Constant, Schedule
from engine.components.section import Count, Fraction, NonNegative, Positive, Section, one_of
from engine.data import Data, Moons

MAX_PARAMETERS: Final = 1_000_000_000
"""Networks beyond this are refused: their weights, gradients and optimizer state would take
16 GB, and a typing mistake is the likelier explanation."""

MAX_NUMBERS: Final = 10_000_000_000
"""Outputs of all layers that one step may compute: 40 GB to keep for the gradients."""

MAX_STEPS: Final = 1_000_000_000
"""Steps a run may take."""

WRITTEN: Final = frozenset(("origin", "marks.of"))
"""Keys that epochal writes itself, and nobody sets."""

MAX_MEMBERS: Final = 10_000
"""Networks that are trained side by side at most: a recording keeps every step of each."""


def _activation(name: str) -> str:
    return one_of(name, ACTIVATIONS)


ActivationName = Annotated[str, AfterValidator(_activation)]
Normalisation = Literal["none", "batch", "layer"]


class Init(Section):
    """How the parameters of a layer start."""

    weight: Initialiser = Default()
    """The weights, [out, in] per layer: a table, a name such as ``"zeros"``, or a number."""
    bias: Initialiser = Default()
    """The biases, [out] per layer: a table, a name, or a number."""

    @model_validator(mode="after")
    def _bias_is_no_matrix(self) -> Init:
        if isinstance(self.bias, NEEDS_MATRIX):
            raise ValueError(
                f"bias: {self.bias.name!r} is scaled by both sides of a matrix; "
                "a bias takes a number, 'zeros', 'normal', 'uniform' or 'default'"
            )
        return self


def _init_short_form(value: Any) -> Any:
    """Let one name stand for both weights and biases."""
    return {"weight": value, "bias": value} if isinstance(value, str) else value


InitTable = Annotated[Init, BeforeValidator(_init_short_form, json_schema_input_type=Init | str)]


class Layer(Section):
    """A hidden layer that differs from its neighbours."""

    units: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many units it has."""
    activation: ActivationName | None = None
    """Its activation; the model's where this is left out."""
    normalisation: Normalisation | None = None
    """What is done to its units before the activation; as in the model where this is left out."""
    dropout: Fraction | None = None
    """The share of its units left out of each step; the model's where this is left out."""
    init: InitTable | None = None
    """How its parameters start; as the model's where this is left out."""


def _layer_short_form(value: Any) -> Any:
    """Let a width alone stand for a layer."""
    return value if isinstance(value, dict | Layer) else {"units": value}


HiddenLayer = Annotated[
    Layer, BeforeValidator(_layer_short_form, json_schema_input_type=Layer | int)
]


class Model(Section):
    """The network: a multilayer perceptron, layer1 … layerN, the last being the output; or a
    module class of one's own.
    """

    kind: Literal["mlp", "python"] = "mlp"
    """``"mlp"`` for the layers below; ``"python"`` for a class from a file, which is code and is
    only run when ``--allow-code`` is said."""
    module: str | None = Field(default=None, max_length=1000)
    """For ``"python"``: the file, relative to the preset's, and the class in it, a
    ``torch.nn.Module``, as in ``"net.py:Net"``."""
    arguments: dict[str, bool | int | float | str] = Field(default={}, max_length=100)
    """For ``"python"``: what the class is made with."""
    input_shape: list[Count] | None = Field(default=None, min_length=1, max_length=4)
    """For ``"python"``: the shape of a row as the module wants it, such as ``[1, 8, 8]`` for a
    picture of 8 by 8; flat where this is left out."""

    hidden: list[HiddenLayer] = Field(default=[Layer(units=5)], max_length=1000)
    """The hidden layers from the input on: a width each, or a table where layers differ.
    Empty for a single linear layer."""
    activation: ActivationName | list[ActivationName] = "relu"
    """The activation after every hidden layer, or a list with one for each."""
    output_activation: ActivationName = "identity"
    """The activation after the output layer."""
    normalisation: Normalisation = "none"
    """What is done to the hidden units before their activation: ``"batch"`` gives each unit mean
    0 and variance 1 over the rows of a batch (over what it has seen, once trained), ``"layer"``
    gives each row mean 0 and variance 1 over its units. Both then learn a scale and a shift."""
    dropout: Fraction = 0.0
    """The share of the hidden units that is left out of each step, drawn anew; none are left out
    when the network is measured."""
    init: InitTable = Init()
    """How the parameters start; ``"default"`` is what ``torch.nn.Linear`` does."""

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> Model:
        own = {"module", "arguments", "input_shape"}
        said = self._keys_that_say_something()
        for key in sorted(said & own if self.kind == "mlp" else said - own):
            raise ValueError(f"{key}: says nothing where kind is {self.kind!r}; leave it out")
        if self.kind == "python" and not (self.module and self.module.rpartition(":")[0]):
            raise ValueError("module: must name a file and a class in it, as in 'net.py:Net'")
        return self

    def _keys_that_say_something(self) -> set[str]:
        """Return the keys that are not as they are by default, beside the kind."""
        defaults = Model.model_fields
        return {
            key
            for key in self.model_fields_set - {"kind"}
            if getattr(self, key) != defaults[key].default
        }

    @model_validator(mode="after")
    def _activations_fit(self) -> Model:
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden):
            raise ValueError(
                f"activation: must have one name for each of the {len(self.hidden)} hidden "
                f"layers (got {len(self.activation)})"
            )
        for name in self.activations[:-1]:
            if ACTIVATIONS[name].output_only:
                raise ValueError(
                    f"activation: {name!r} only makes sense at the output; "
                    f"set output_activation = {name!r}"
                )
        return self

    @property
    def activations(self) -> list[str]:
        """The activation after each layer, the output layer's last."""
        named = self.activation
        common = named if isinstance(named, list) else [named] * len(self.hidden)
        own = [layer.activation or name for layer, name in zip(self.hidden, common, strict=True)]
        return [*own, self.output_activation]

    @property
    def normalisations(self) -> list[Normalisation]:
        """The normalisation after each layer; the output layer has none."""
        return [*(layer.normalisation or self.normalisation for layer in self.hidden), "none"]

    @property
    def dropouts(self) -> list[float]:
        """The dropout after each layer; the output layer has none."""
        own = (layer.dropout for layer in self.hidden)
        return [*(self.dropout if share is None else share for share in own), 0.0]

    @property
    def inits(self) -> list[Init]:
        """How each layer starts, the output layer's last."""
        return [*(layer.init or self.init for layer in self.hidden), self.init]


class Training(Section):
    """How long, on what batches, and what is decided on the way."""

    epochs: Count | None = None
    """Passes over the training set. Where neither this nor ``steps`` is set: 1000, or 1000 steps
    where every step draws fresh rows."""
    steps: Count | None = None
    """Optimizer updates, in place of ``epochs``."""
    batch_size: Literal["full"] | Annotated[int, Field(ge=1, le=10_000_000)] = "full"
    """Rows in a step: a number, or ``"full"`` for the whole training set. Where the last batch
    of an epoch is smaller, it is used as it is."""
    gradients: Literal["auto", "manual", "autograd", "numeric"] = "auto"
    """How gradients are computed: ``"manual"`` by formulas derived by hand, which is by far the
    fastest, ``"autograd"`` by PyTorch's ``backward``, ``"numeric"`` by central differences in
    float64, which is slow and checks the other two. ``"auto"`` takes the formulas where every
    part of the experiment has one, else autograd."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """What every random number is derived from."""
    dtype: Literal["float32", "float64"] = "float32"
    """The numbers the network computes with; recordings keep float32."""
    evaluate_every: Count = 1
    """Epochs between measurements on the dev set (steps, where there are no epochs)."""
    keep_best: Literal["accuracy", "loss", "off"] | None = None
    """Which measurement on the dev set decides the weights that are kept for the result, in a run
    that diverges too. Of equal accuracies the smaller dev loss decides, and of what is equal in
    both the first. Left out: accuracy for classes, loss for numbers. ``"off"`` keeps the last
    weights."""
    patience: Count | None = None
    """Stop after so many measurements on the dev set without a new best one. By accuracy a
    smaller dev loss at an equal accuracy is a new best one: it waits while the loss falls."""
    loss_threshold: NonNegative | None = None
    """Stop once a step's training loss is at most this."""
    clip_norm: Positive | None = None
    """Scale the gradient down to this norm, all parameters together, where it is above. The
    norms that are shown are of the gradient before."""
    clip_value: Positive | None = None
    """Cut every gradient off at plus and minus this."""
    zero_grad: bool = True
    """Clear the gradients before each step. Without that they pile up, and every update repeats
    all earlier ones: a mistake that is made, and here can be watched."""
    probe: Literal["auto", "off"] | Annotated[int, Field(ge=1, le=MAX_STEPS)] = "auto"
    """Steps between measurements of the network itself: the norms of its weights, how far an
    update moves them, how many units are dead or saturated. ``"auto"`` is every step up to 16,
    then 16 of them each time the step doubles (4 for more than 100 000 parameters), which costs
    little."""

    @model_validator(mode="after")
    def _one_length(self) -> Training:
        if self.epochs is not None and self.steps is not None:
            raise ValueError("set epochs or steps, not both")
        return self


class Population(Section):
    """Networks of one shape that are trained side by side and differ in numbers alone."""

    seeds: Annotated[int, Field(ge=1, le=MAX_MEMBERS)] = 1
    """How many networks are trained side by side, each with the next seed, from ``train.seed`` on.
    Each is drawn as it would be alone."""
    vary: dict[str, Annotated[list[bool | int | float | str], Field(min_length=1)]] = Field(
        default={}, max_length=20
    )
    """What else the networks differ in: keys of the preset, each with its values, as in
    ``{ "optimizer.lr" = [0.01, 0.1], "train.clip_norm" = [1.0, 5.0] }``. There is a network for
    every combination and seed. What changes the shape, the batches or the length cannot vary."""

    @property
    def members(self) -> int:
        """How many networks there are."""
        return self.seeds * math.prod(len(values) for values in self.vary.values())


MarkEvent = Literal[
    "first_dead_unit", "first_saturated_unit", "all_right", "zero_gradient", "not_finite"
]
"""What a mark can wait for: see ``engine.training.marks``."""


class At(Section):
    """Where a mark stands: at a step that is known beforehand, or one that training finds."""

    step: Annotated[int, Field(ge=0, le=MAX_STEPS)] | None = None
    """The step, counted from 1; 0 is the untrained network."""
    epoch: Annotated[int, Field(ge=0, le=MAX_STEPS)] | None = None
    """The end of this epoch; 0 is the untrained network."""
    loss_below: Positive | None = None
    """The first step whose training loss is below this."""
    event: MarkEvent | None = None
    """The first step at which this happens: a hidden unit is found dead or saturated by the probe
    (at one of the steps it measures), every row of the step's batch is right, every gradient is
    exactly 0, or the loss is no finite number."""

    @model_validator(mode="after")
    def _one_place(self) -> At:
        places = [getattr(self, key) for key in At.model_fields]
        if sum(place is not None for place in places) != 1:
            raise ValueError(
                "set exactly one of step, epoch, loss_below and event, as in at = { epoch = 50 }"
            )
        return self


class Mark(Section):
    """A step with a title and a note, where a replay can pause."""

    at: At
    """Where it stands."""
    title: str = Field(max_length=200)
    """What is to be seen there, in a few words."""
    note: str = Field(default="", max_length=10_000)
    """What to say about it. Numbers between braces are filled in from the run when the mark is
    reached: ``{loss}`` at the mark's own step, ``{loss@100}``, ``{accuracy %}``, ``{dev/loss}``,
    ``{grad_norm/layer1.weight@1 / grad_norm/layer5.weight@1}``. ``{loss@20 = 0.138}`` says what is
    expected, and ``epochal check --figures`` compares it with a training; ``~`` is within a tenth,
    ``<`` and ``>`` are what they look like. ``{{`` and ``}}`` are braces."""
    pause: bool = False
    """Whether a replay pauses there."""
    of: str = Field(default="", max_length=200)
    """The preset whose mark this is, where the experiment is no longer what that one describes:
    it is listed as that preset's, and not announced. Written by epochal."""


class Origin(Section):
    """Where an experiment comes from that is no longer what its preset describes."""

    preset: str = Field(default="", max_length=200)
    """The name of the preset it was made from."""
    changed: list[str] = Field(default=[], max_length=1000)
    """What differs from that, in words."""
    file: str = Field(default="", max_length=4096)
    """The file whose rows took the place of the preset's data."""
    own_about: bool = False
    """Whether ``about`` is the experiment's own, and not the preset's."""


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
    schedule: Schedule = Constant()
    """How the learning rate changes."""
    train: Training = Training()
    """How long, on what batches, and what is decided on the way."""
    population: Population = Population()
    """Networks trained side by side, which differ in their seed or in other numbers."""
    marks: list[Mark] = Field(default=[], max_length=1000)
    """Steps worth stopping at when the run is replayed."""
    origin: Origin | None = None
    """The preset it was made from, where it is no longer what that one describes. Written by
    epochal: see ``engine.experiment.changes``."""

    @property
    def outputs(self) -> int:
        """How many units the output layer has."""
        if self.loss.targets == "classes":
            return self.data.classes
        return 1 if self.data.classes else len(self.data.target_names)

    @property
    def widths(self) -> list[int]:
        """Units from the input to the output: layer i is widths[i - 1] to widths[i]."""
        hidden = [layer.units for layer in self.model.hidden]
        return [len(self.data.input_names), *hidden, self.outputs]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every parameter's name and shape: layer1.weight, layer1.bias, layer2.weight and so on.

        A module of one's own has others, which only its code knows; here it has none.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        if self.model.kind == "python":
            return shapes
        for index, (before, after) in enumerate(
            zip(self.widths[:-1], self.widths[1:], strict=True), start=1
        ):
            shapes[f"layer{index}.weight"] = (after, before)
            shapes[f"layer{index}.bias"] = (after,)
            if self.model.normalisations[index - 1] != "none":
                shapes[f"layer{index}.norm.weight"] = (after,)
                shapes[f"layer{index}.norm.bias"] = (after,)
        return shapes

    @property
    def buffers(self) -> dict[str, tuple[int, ...]]:
        """What the network keeps beside its parameters: batch normalisation's running figures."""
        return {
            f"layer{index}.norm.{name}": (self.widths[index],)
            for index, kind in enumerate(self.model.normalisations, start=1)
            if kind == "batch"
            for name in ("running_mean", "running_var")
        }

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def has_accuracy(self) -> bool:
        """Whether there are classes to get right."""
        return self.data.classes > 0

    @property
    def batch_rows(self) -> int:
        """Rows in a step."""
        size = self.train.batch_size
        rows = self.data.sizes[0]
        if isinstance(size, int):
            return size if self.data.fresh else min(size, rows)
        return rows

    @property
    def _least_batch(self) -> int:
        """Rows in the smallest batch."""
        rest = 0 if self.data.fresh else self.data.sizes[0] % self.batch_rows
        return rest or self.batch_rows

    @property
    def steps_per_epoch(self) -> int | None:
        """Steps in an epoch; none where every step draws fresh rows."""
        return None if self.data.fresh else -(-self.data.sizes[0] // self.batch_rows)

    @property
    def steps(self) -> int:
        """How many steps a whole run takes."""
        if self.train.steps is not None:
            return self.train.steps
        return (self.train.epochs or 1000) * (self.steps_per_epoch or 1)

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

    @model_validator(mode="after")
    def _parts_fit(self) -> Experiment:
        """Check what no table can check alone.

        Raises:
            ValueError: A line for each problem, which begins with the key to change.
        """
        problems = [*self._size_problems(), *self._loss_problems(), *self._training_problems()]
        problems = problems or list(self._population_problems())
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _size_problems(self) -> Iterator[str]:
        if self.parameters > MAX_PARAMETERS:
            yield (
                f"model.hidden: the network would have {self.parameters:.3g} parameters, "
                f"{self.parameters * 16 / 1e9:.3g} GB with gradients and optimizer state; "
                f"at most {MAX_PARAMETERS:.0e} are allowed"
            )
        numbers = self.batch_rows * sum(self.widths)
        if numbers > MAX_NUMBERS:
            yield (
                f"train.batch_size: a step would compute {numbers:.3g} numbers, "
                f"{numbers * 4 / 1e9:.3g} GB; at most {MAX_NUMBERS:.0e} are allowed"
            )
        if self.steps > MAX_STEPS:
            yield f"train: would take {self.steps} steps; at most {MAX_STEPS:.0e} are allowed"

    def _population_problems(self) -> Iterator[str]:
        """Say what is wrong with the members; only asked where one network alone would do."""
        if self.population == Population():
            return
        members = self.population.members
        key = "population.vary" if self.population.vary else "population.seeds"
        parameters, numbers = (
            self.parameters * members,
            self.batch_rows * sum(self.widths) * members,
        )
        if members > MAX_MEMBERS:
            yield f"{key}: makes {members} networks; at most {MAX_MEMBERS} train side by side"
        elif members > 1 and self.model.kind == "python":
            yield f"{key}: a network of one's own trains one member at a time; use several runs"
        elif parameters > MAX_PARAMETERS:
            yield (
                f"{key}: {members} networks would have {parameters:.3g} parameters, "
                f"{parameters * 16 / 1e9:.3g} GB with gradients and optimizer state; "
                f"at most {MAX_PARAMETERS:.0e} are allowed"
            )
        elif numbers > MAX_NUMBERS:
            yield (
                f"{key}: a step of {members} networks would compute {numbers:.3g} numbers, "
                f"{numbers * 4 / 1e9:.3g} GB; at most {MAX_NUMBERS:.0e} are allowed"
            )
        else:
            # Only a population pays for the import, which needs this file.
            from engine.experiment.members import problems_of

            yield from problems_of(self)

    def _loss_problems(self) -> Iterator[str]:
        loss, classes = self.loss, self.data.classes
        said = f"loss.name: {loss.name!r}"
        if "loss" not in self.model_fields_set:
            said = f"loss.name: is left out, and {loss.name!r}, which stands for that,"
        if loss.targets == "binary" and classes != 2:
            what = f"{classes} classes; use 'cross_entropy'" if classes else "numbers; use 'mse'"
            yield f"{said} needs two classes, the data has {what}"
        elif loss.targets == "classes" and classes < 2:
            what = "numbers; use 'mse'" if not classes else "a single class"
            yield f"{said} needs classes, the data has {what}"
        elif loss.targets == "numbers" and classes > 2:
            yield (f"{said} compares numbers, the data has {classes} classes; use 'cross_entropy'")
        else:
            yield from self._output_problems()

    def _output_problems(self) -> Iterator[str]:
        if self.model.kind == "python":
            return
        loss, last = self.loss, self.model.output_activation
        low, high = ACTIVATIONS[last].range
        if loss.outputs == "probability" and not (low >= 0 and high <= 1):
            yield (
                f"model.output_activation: {loss.name!r} needs outputs between 0 and 1, "
                f"{last!r} gives others; set 'sigmoid', or take the loss "
                "'binary_cross_entropy_with_logits'"
            )
        elif loss.outputs == "log_probabilities" and last != "log_softmax":
            yield (
                f"model.output_activation: {loss.name!r} needs 'log_softmax' (got {last!r}); "
                "or take the loss 'cross_entropy'"
            )
        elif loss.outputs in ("logit", "logits") and last in ("softmax", "log_softmax", "sigmoid"):
            yield (
                f"model.output_activation: {loss.name!r} applies its own, so {last!r} would be "
                "applied twice; set 'identity'"
            )
        elif ACTIVATIONS[last].output_only and self.outputs == 1:
            yield f"model.output_activation: {last!r} of a single output is constant; set 'sigmoid'"

    def _training_problems(self) -> Iterator[str]:
        train = self.train
        if train.gradients == "manual" and self.model.kind == "python":
            yield (
                "train.gradients: 'manual' has no formulas for a network of one's own; "
                "set 'auto', which takes autograd"
            )
        if self.data.fresh and train.batch_size == "full":
            yield "train.batch_size: every step draws fresh rows, so it must be a number"
        if self.data.fresh and train.epochs is not None:
            yield "train.epochs: every step draws fresh rows, so there are no epochs; set steps"
        for index, mark in enumerate(self.marks):
            if self.data.fresh and mark.at.epoch:
                yield f"marks[{index}].at: there are no epochs here; set at = {{ step = … }}"
        if not self.data.sizes[1]:
            for key in ("patience", "keep_best"):
                if getattr(train, key) not in (None, "off"):
                    yield f"train.{key}: needs a dev set; set data.split"
        elif train.patience is not None and self.keep_best == "off":
            yield "train.patience: needs keep_best, to know what a new best one is"
        if "batch" in self.model.normalisations and self._least_batch < 2:
            yield (
                "train.batch_size: batch normalisation needs at least 2 rows in every batch, "
                f"the last one of an epoch has {self._least_batch}"
            )
        if train.keep_best == "accuracy" and not self.has_accuracy:
            yield "train.keep_best: there is no accuracy for numbers; set 'loss'"
