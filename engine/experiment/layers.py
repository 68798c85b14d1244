"""The layers of a network: what a preset says of one, and the shapes that follow.

    hidden = [8, 4]                    a width each: ``Layer``
    layers = [{ conv = 8 }, …]         a table each: ``ListedLayer``, of which ``planned`` says
                                       what goes into each layer and what comes out

A picture is [channels, height, width], numbers in a row are [features].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ..components.activations import ACTIVATIONS
from ..components.initialisers import Default, Initialiser
from ..components.section import Fraction, Section
from ..text.spelling import one_of

ActivationName = Annotated[str, AfterValidator(lambda name: one_of(name, ACTIVATIONS))]

Normalisation = Literal["none", "batch", "layer"]

Units = Annotated[int, Field(ge=1, le=1_000_000)]
Side = Annotated[int, Field(ge=1, le=1000)]

LayerKind = Literal["conv", "pool", "flatten", "dense"]
KINDS: Final[tuple[LayerKind, ...]] = ("conv", "pool", "flatten", "dense")
"""The keys of which a listed layer has one: it says what the layer is."""

KEYS_OF: Final[dict[LayerKind, frozenset[str]]] = {
    "conv": frozenset(
        ("kernel", "stride", "padding", "activation", "normalisation", "dropout", "init")
    ),
    "pool": frozenset(("stride", "mode", "dropout")),
    "flatten": frozenset(),
    "dense": frozenset(("activation", "normalisation", "dropout", "init")),
}
"""What else can be said of each kind of listed layer."""

Shape = tuple[int, ...]


class Init(Section):
    """How the parameters of a layer start."""

    weight: Initialiser = Default()
    """The weights, [out, in] per layer: a table, a name such as ``"zeros"``, or a number."""
    bias: Initialiser = Default()
    """The biases, [out] per layer: a table, a name, or a number."""

    def _problems(self) -> Iterator[str]:
        if self.bias.needs_matrix:
            remedy = "a bias takes a number, 'zeros', 'normal', 'uniform' or 'default'"
            yield f"bias: {self.bias.name!r} is scaled by both sides of a matrix; {remedy}"


def init_table(value: Any) -> Any:
    """Let one name stand for both weights and biases."""
    return {"weight": value, "bias": value} if isinstance(value, str) else value


InitTable = Annotated[Init, BeforeValidator(init_table, json_schema_input_type=Init | str)]


class Layer(Section):
    """A hidden layer that differs from its neighbours."""

    units: Units
    """How many units it has."""
    activation: ActivationName | None = None
    """Its activation; the model's where this is left out."""
    normalisation: Normalisation | None = None
    """What is done to its units before the activation; as in the model where this is left out."""
    dropout: Fraction | None = None
    """The share of its units left out of each step; the model's where this is left out."""
    init: InitTable | None = None
    """How its parameters start; as the model's where this is left out."""


def layer_table(value: Any) -> Any:
    """Let a width alone stand for a layer."""
    return value if isinstance(value, dict | Layer) else {"units": value}


HiddenLayer = Annotated[Layer, BeforeValidator(layer_table, json_schema_input_type=Layer | int)]


class ListedLayer(Section):
    """One of the ``layers``: a convolution, a pooling, a flattening or a dense layer."""

    conv: Units | None = None
    """How many channels a convolution gives (``torch.nn.Conv2d``)."""
    pool: Side | None = None
    """The side of the squares of which pooling takes the greatest or the mean
    (``torch.nn.MaxPool2d``, ``AvgPool2d``)."""
    flatten: bool = False
    """Whether a picture is laid out as numbers in a row here (``torch.nn.Flatten``)."""
    dense: Units | None = None
    """How many units a dense layer has (``torch.nn.Linear``)."""
    kernel: Side = 3
    """The side of the squares that a convolution looks at."""
    stride: Side | None = None
    """How far apart these squares are: 1 for a convolution and the side of the squares for
    pooling, where this is left out."""
    padding: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many zeros a convolution puts around the picture: (kernel - 1) / 2 keep its size."""
    mode: Literal["max", "mean"] = "max"
    """What pooling takes of a square."""
    activation: ActivationName | None = None
    """Its activation; the model's where this is left out."""
    normalisation: Normalisation | None = None
    """What is done to its units or channels before the activation; as in the model where this is
    left out."""
    dropout: Fraction | None = None
    """The share of what comes out that is left out of each step; the model's where this is left
    out, and none behind a pooling."""
    init: InitTable | None = None
    """How its parameters start; as the model's where this is left out."""

    @property
    def kind(self) -> LayerKind:
        """Which of the four it is."""
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def learns(self) -> bool:
        """Whether it has weights."""
        return bool(self.conv or self.dense)

    @property
    def words(self) -> str:
        """What it is, in a few words, but for what it shares with hidden layers."""
        fields, shared = ListedLayer.model_fields, KEYS_OF["dense"]
        said = {key: getattr(self, key) for key in fields if key not in shared}
        return " ".join(
            key if value is True else f"{key} {value}"
            for key, value in said.items()
            if value != fields[key].default
        )

    def _problems(self) -> Iterator[str]:
        kinds = [kind for kind in KINDS if getattr(self, kind)]
        if len(kinds) != 1:
            got = " and ".join(kinds) or "none of them"
            yield f"must have one of conv, pool, flatten = true, dense (got {got})"
            return
        fields = ListedLayer.model_fields
        for key in fields:
            said = getattr(self, key) != fields[key].default
            if said and key not in KEYS_OF[kinds[0]] and key not in KINDS:
                yield f"{key}: says nothing of a {kinds[0]} layer; leave it out"


@dataclass(frozen=True, kw_only=True)
class PlannedLayer:
    """A layer with what goes into it and what comes out."""

    name: str
    """``layer1`` and so on."""
    kind: LayerKind
    into: Shape
    """Of one row: a picture, or [features]."""
    out: Shape
    kernel: int = 0
    """The side of the squares of a convolution or a pooling."""
    stride: int = 1
    padding: int = 0
    mode: Literal["max", "mean"] = "max"

    @property
    def units(self) -> int:
        """How many numbers come out for a row."""
        return math.prod(self.out)

    @property
    def weight(self) -> Shape:
        """The shape of its weights, as PyTorch has it; empty where it has none."""
        if self.kind == "conv":
            return (self.out[0], self.into[0], self.kernel, self.kernel)
        return (*self.out, *self.into) if self.kind == "dense" else ()

    @property
    def products(self) -> int:
        """How many products one row takes."""
        return math.prod(self.weight) * math.prod(self.out[1:]) if self.weight else 0


def planned(layers: Sequence[ListedLayer], row: Shape, outputs: int) -> Iterator[PlannedLayer]:
    """Yield the layers with their shapes, the output layer last.

    Args:
        layers: As a preset lists them.
        row: The shape of a row of the data.
        outputs: Units of the output layer.

    Raises:
        ValueError: Something does not fit; begins with the key.
    """
    last = ListedLayer(dense=outputs)
    for index, layer in enumerate([*layers, last]):
        key = "layers" if layer is last else f"layers[{index}]"
        if wrong := _misfit(layer, row, is_last=layer is last, is_first=not index):
            raise ValueError(f"{key}: {wrong}")
        made = _planned(layer, f"layer{index + 1}", row)
        if min(made.out) < 1:
            side = f"squares of {made.kernel}"
            raise ValueError(f"{key}: {side} do not fit into {shape_words(row)}, which comes in")
        yield made
        row = made.out


def dense_layers(widths: Sequence[int]) -> Iterator[PlannedLayer]:
    """Yield the layers of a perceptron.

    Args:
        widths: Units from the input to the output.
    """
    for index, (before, after) in enumerate(pairwise(widths), start=1):
        yield PlannedLayer(name=f"layer{index}", kind="dense", into=(before,), out=(after,))


def shapes_of(plan: Sequence[PlannedLayer], norms: Sequence[str]) -> dict[str, Shape]:
    """Return every parameter's name and shape.

    Args:
        plan: The layers.
        norms: The normalisation of each of them.
    """
    shapes: dict[str, Shape] = {}
    for layer, norm in zip(plan, norms, strict=True):
        if layer.weight:
            shapes[f"{layer.name}.weight"] = layer.weight
            shapes[f"{layer.name}.bias"] = layer.out[:1]
        if norm != "none":
            shapes[f"{layer.name}.norm.weight"] = layer.out[:1]
            shapes[f"{layer.name}.norm.bias"] = layer.out[:1]
    return shapes


def buffers_of(plan: Sequence[PlannedLayer], norms: Sequence[str]) -> dict[str, Shape]:
    """Return the name and shape of each of batch normalisation's running figures.

    Args:
        plan: The layers.
        norms: The normalisation of each of them.
    """
    return {
        f"{layer.name}.norm.{name}": layer.out[:1]
        for layer, norm in zip(plan, norms, strict=True)
        if norm == "batch"
        for name in ("running_mean", "running_var")
    }


def _planned(layer: ListedLayer, name: str, into: Shape) -> PlannedLayer:
    match layer.kind:
        case "conv" | "pool":
            kernel = layer.pool or layer.kernel
            stride = layer.stride or layer.pool or 1
            sides = ((side + 2 * layer.padding - kernel) // stride + 1 for side in into[1:])
            square = {"kernel": kernel, "stride": stride, "padding": layer.padding}
            out = (layer.conv or into[0], *sides)
            return PlannedLayer(
                name=name, kind=layer.kind, into=into, out=out, mode=layer.mode, **square
            )
        case "flatten":
            return PlannedLayer(name=name, kind="flatten", into=into, out=(math.prod(into),))
        case "dense":
            assert layer.dense is not None
            return PlannedLayer(name=name, kind="dense", into=into, out=(layer.dense,))


def _misfit(layer: ListedLayer, row: Shape, *, is_first: bool, is_last: bool) -> str:
    """Say why a layer cannot take what comes in; nothing where it can."""
    is_picture = len(row) == 3
    if layer.kind in ("conv", "pool") and not is_picture:
        remedy = "set model.input_shape = [channels, height, width]"
        remedy = remedy if is_first else "move it before the flattening"
        return (
            f"a {layer.kind} layer takes pictures, [channels, height, width], and "
            f"{shape_words(row)} come in; {remedy}"
        )
    if layer.kind == "dense" and is_picture:
        which = "the output layer" if is_last else "a dense layer"
        remedy = f"put {{ flatten = true }} {'last' if is_last else 'before it'}"
        return f"{which} takes numbers in a row, and {shape_words(row)} comes in; {remedy}"
    return ""


def shape_words(shape: Shape) -> str:
    """Return a shape in words: ``a picture [8, 13, 13]``, ``128 numbers``."""
    return f"a picture {list(shape)}" if len(shape) == 3 else f"{math.prod(shape)} numbers"
