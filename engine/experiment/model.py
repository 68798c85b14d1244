"""The network that a preset asks for: its layers, and how they start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ..components.activations import ACTIVATIONS
from ..components.initialisers import NEEDS_MATRIX, Default, Initialiser
from ..components.section import Count, Fraction, Section, one_of

ActivationName = Annotated[str, AfterValidator(lambda name: one_of(name, ACTIVATIONS))]


Normalisation = Literal["none", "batch", "layer"]


class Init(Section):
    """How the parameters of a layer start."""

    weight: Initialiser = Default()
    """The weights, [out, in] per layer: a table, a name such as ``"zeros"``, or a number."""
    bias: Initialiser = Default()
    """The biases, [out] per layer: a table, a name, or a number."""

    def _problems(self) -> Iterator[str]:
        if isinstance(self.bias, NEEDS_MATRIX):
            remedy = "a bias takes a number, 'zeros', 'normal', 'uniform' or 'default'"
            yield f"bias: {self.bias.name!r} is scaled by both sides of a matrix; {remedy}"


def init_table(value: Any) -> Any:
    """Let one name stand for both weights and biases."""
    return {"weight": value, "bias": value} if isinstance(value, str) else value


InitTable = Annotated[Init, BeforeValidator(init_table, json_schema_input_type=Init | str)]


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


def layer_table(value: Any) -> Any:
    """Let a width alone stand for a layer."""
    return value if isinstance(value, dict | Layer) else {"units": value}


HiddenLayer = Annotated[Layer, BeforeValidator(layer_table, json_schema_input_type=Layer | int)]


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

    def _problems(self) -> Iterator[str]:
        of_python, fields = {"module", "arguments", "input_shape"}, Model.model_fields
        set_keys = self.model_fields_set - {"kind"}
        said = {key for key in set_keys if getattr(self, key) != fields[key].default}
        for key in sorted(said & of_python if self.kind == "mlp" else said - of_python):
            yield f"{key}: says nothing where kind is {self.kind!r}; leave it out"
        if self.kind == "python" and not (self.module and self.module.rpartition(":")[0]):
            yield "module: must name a file and a class in it, as in 'net.py:Net'"
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden):
            wanted = f"one name for each of the {len(self.hidden)} hidden layers"
            yield f"activation: must have {wanted} (got {len(self.activation)})"
            return
        for name in dict.fromkeys(self.activations[:-1]):
            if ACTIVATIONS[name].output_only:
                remedy = f"set output_activation = {name!r}"
                yield f"activation: {name!r} only makes sense at the output; {remedy}"

    @property
    def activations(self) -> list[str]:
        """The activation after each layer, the output layer's last."""
        named = self.activation
        common = named if isinstance(named, list) else [named] * len(self.hidden)
        hidden = [layer.activation or name for layer, name in zip(self.hidden, common, strict=True)]
        return [*hidden, self.output_activation]

    @property
    def normalisations(self) -> list[Normalisation]:
        """The normalisation after each layer; the output layer has none."""
        return [*(layer.normalisation or self.normalisation for layer in self.hidden), "none"]

    @property
    def dropouts(self) -> list[float]:
        """The dropout after each layer; the output layer has none."""
        shares = (layer.dropout for layer in self.hidden)
        return [*(self.dropout if share is None else share for share in shares), 0.0]

    @property
    def inits(self) -> list[Init]:
        """How each layer starts, the output layer's last."""
        return [*(layer.init or self.init for layer in self.hidden), self.init]
