"""The network that a preset asks for: its layers, and how they start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from ..components.activations import ACTIVATIONS
from ..components.section import Count, Fraction, Section
from .layers import ActivationName, HiddenLayer, Init, InitTable, Layer, ListedLayer, Normalisation


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
    """The shape of a row as ``layers`` or the module want it, such as ``[1, 8, 8]`` for a picture
    of 8 by 8; where this is left out, as the data says, and flat for ``"python"``."""

    hidden: list[HiddenLayer] = Field(default=[Layer(units=5)], max_length=1000)
    """The hidden layers from the input on: a width each, or a table where layers differ.
    Empty for a single linear layer."""
    layers: list[ListedLayer] = Field(default=[], max_length=1000)
    """In place of ``hidden``, layers of several kinds from the input on, a table each:
    ``{ conv = 8, kernel = 3 }``, ``{ pool = 2 }``, ``{ flatten = true }``, ``{ dense = 32 }``."""
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
        yield from self._idle_keys()
        if self.kind == "python" and not (self.module and self.module.rpartition(":")[0]):
            yield "module: must name a file and a class in it, as in 'net.py:Net'"
        if isinstance(self.activation, list):
            if self.layers:
                yield "activation: must be one name beside layers; the others stand in the layers"
                return
            if len(self.activation) != len(self.hidden):
                wanted = f"one name for each of the {len(self.hidden)} hidden layers"
                yield f"activation: must have {wanted} (got {len(self.activation)})"
                return
        for name in dict.fromkeys(self.activations[:-1]):
            if ACTIVATIONS[name].output_only:
                remedy = f"set output_activation = {name!r}"
                yield f"activation: {name!r} only makes sense at the output; {remedy}"

    def _idle_keys(self) -> Iterator[str]:
        """Say which keys are set that say nothing of such a network."""
        of_python, fields = {"module", "arguments", "input_shape"}, Model.model_fields
        set_keys = self.model_fields_set - {"kind"}
        said = {key for key in set_keys if getattr(self, key) != fields[key].default}
        idle = said - of_python if self.kind == "python" else said & of_python
        for key in sorted(idle):
            if key != "input_shape" or not self.layers:
                yield f"{key}: says nothing where kind is {self.kind!r}; leave it out"
        if self.kind == "mlp" and self.layers and "hidden" in said:
            yield "hidden: says nothing where layers are listed; leave it out"

    @property
    def activations(self) -> list[str]:
        """The activation after each layer, the output layer's last."""
        named = self.activation
        if self.layers:
            common = named if isinstance(named, str) else "identity"
            names = [
                each.activation or common if each.learns else "identity" for each in self.layers
            ]
            return [*names, self.output_activation]
        common_names = named if isinstance(named, list) else [named] * len(self.hidden)
        pairs = zip(self.hidden, common_names, strict=True)
        return [*(layer.activation or name for layer, name in pairs), self.output_activation]

    @property
    def normalisations(self) -> list[Normalisation]:
        """The normalisation after each layer; the output layer has none."""
        said = (each.normalisation or self.normalisation for each in self._listed)
        pairs = zip(self._learning, said, strict=True)
        return [*(norm if learns else "none" for learns, norm in pairs), "none"]

    @property
    def dropouts(self) -> list[float]:
        """The dropout after each layer; the output layer has none."""
        pairs = zip(self._learning, self._listed, strict=True)
        usual = ((self.dropout if learns else 0.0, each.dropout) for learns, each in pairs)
        return [*(common if share is None else share for common, share in usual), 0.0]

    @property
    def inits(self) -> list[Init]:
        """How each layer starts, the output layer's last."""
        return [*(layer.init or self.init for layer in self._listed), self.init]

    @property
    def _listed(self) -> Sequence[Layer | ListedLayer]:
        """What is said of each layer before the output layer."""
        return self.layers or self.hidden

    @property
    def _learning(self) -> list[bool]:
        """Whether each of them has weights."""
        return [not isinstance(each, ListedLayer) or each.learns for each in self._listed]
