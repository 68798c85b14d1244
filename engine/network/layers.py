"""The network of an experiment as a row of PyTorch's modules, each known by name alone.

It needs no torch: the modules are built by whoever has it, or written into a program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..components.activations import ACTIVATIONS
from ..errors import RunError
from ..recording.fitting import UNSAID
from ..text.safe import plain

if TYPE_CHECKING:
    from ..experiment.layers import PlannedLayer
    from ..experiment.model import Model
    from ..recording.events import Header

NORMS: Final[Mapping[str, str]] = {"batch": "BatchNorm1d", "layer": "LayerNorm"}
"""The class in ``torch.nn`` of each normalisation."""

PICTURE_NORMS: Final[Mapping[str, str]] = {"batch": "BatchNorm2d", "layer": "GroupNorm"}
"""The same behind a convolution: figures for each channel, or for a picture's channels together."""

POOLS: Final[Mapping[str, str]] = {"max": "MaxPool2d", "mean": "AvgPool2d"}
"""The class in ``torch.nn`` of each way of pooling."""


@dataclass(frozen=True)
class ModuleSpec:
    """One module of the row."""

    name: str
    """``layer1``, ``norm1``, ``activation1``, ``dropout1`` and so on."""
    module: str
    """The name of its class in ``torch.nn``."""
    arguments: tuple[Any, ...] = ()
    """What the class is made with."""
    keywords: Mapping[str, Any] = field(default_factory=dict)
    """What it is made with by name."""
    units: int = 0
    """How many numbers come out of it for each row."""
    shape: tuple[int, ...] = ()
    """What comes out of it for a row: a picture, or [units]."""
    recorded: str = ""
    """How a recording calls it, where it has parameters."""

    @property
    def code(self) -> str:
        """What makes it, as Python: ``nn.Linear(2, 5)``."""
        given = [*map(repr, self.arguments), *(f"{k}={v!r}" for k, v in self.keywords.items())]
        return f"nn.{self.module}({', '.join(given)})"


def module_specs(model: Model, plan: Sequence[PlannedLayer]) -> list[ModuleSpec]:
    """Return the modules from the input to the output; activations that do nothing are left out.

    Args:
        model: What the layers are.
        plan: What goes into each of them and what comes out.
    """
    row: list[ModuleSpec] = []
    if len(into := plan[0].into) > 1:
        # A row of the data is a list of numbers; a convolution wants them as a picture.
        row.append(ModuleSpec("picture", "Unflatten", (1, into), shape=into))
    for index, (layer, activation) in enumerate(zip(plan, model.activations, strict=True), 1):
        out: dict[str, Any] = {"units": layer.units, "shape": layer.out}
        row.append(_layer_spec(layer, out))
        # Between the sums and the activation, where Ioffe and Szegedy 2015 put it.
        if (norm := model.normalisations[index - 1]) in NORMS:
            row.append(_norm_spec(f"norm{index}", norm, layer, out))
        # The identity is no module: it would be a call that does nothing in every step.
        if activation != "identity":
            spec = ACTIVATIONS[activation]
            row.append(ModuleSpec(f"activation{index}", spec.module, (), spec.arguments, **out))
        # Behind the activation: units are left out, not their sums.
        if share := model.dropouts[index - 1]:
            row.append(ModuleSpec(f"dropout{index}", "Dropout", (share,), **out))
    return row


def _layer_spec(layer: PlannedLayer, out: Mapping[str, Any]) -> ModuleSpec:
    match layer.kind:
        case "conv":
            # In, then out, as torch.nn counts them; a weight is [out, in, …].
            square = layer.into[0], layer.out[0], layer.kernel
            keywords = {"stride": layer.stride, "padding": layer.padding}
            given = {key: said for key, said in keywords.items() if said != (key == "stride")}
            return ModuleSpec(layer.name, "Conv2d", square, given, recorded=layer.name, **out)
        case "pool":
            given = {"stride": layer.stride} if layer.stride != layer.kernel else {}
            return ModuleSpec(layer.name, POOLS[layer.mode], (layer.kernel,), given, **out)
        case "flatten":
            return ModuleSpec(layer.name, "Flatten", **out)
        case "dense":
            sizes = layer.into[0], layer.out[0]
            return ModuleSpec(layer.name, "Linear", sizes, recorded=layer.name, **out)


def _norm_spec(name: str, norm: str, layer: PlannedLayer, out: Mapping[str, Any]) -> ModuleSpec:
    channels = layer.out[0]
    recorded = f"{layer.name}.norm"
    if layer.kind == "dense":
        return ModuleSpec(name, NORMS[norm], (channels,), recorded=recorded, **out)
    # A single group: a picture's channels are normalised together.
    sizes = (channels,) if norm == "batch" else (1, channels)
    return ModuleSpec(name, PICTURE_NORMS[norm], sizes, recorded=recorded, **out)


def recorded_specs(header: Header) -> list[ModuleSpec]:
    """Return the modules of a recorded network, in their order.

    Of the experiment only the model is asked: the file it learned from may be gone.

    Args:
        header: The run's, whose network is none of one's own.

    Raises:
        RunError: Its recording does not say what was trained, or it has weights of other layers.
    """
    # A schema that refuses its values says so by a ValueError, too.
    try:
        return _recorded_specs(header)
    except (IndexError, ValueError):
        raise RunError(f"{plain(header.run)}: {UNSAID}") from None


def _recorded_specs(header: Header) -> list[ModuleSpec]:
    """Return the modules of a recorded network.

    Raises:
        IndexError, ValueError: Its layers are none, or not those of its weights.
    """
    from ..experiment.layers import buffers_of, dense_layers, planned, shapes_of
    from ..experiment.model import Model

    model = Model.model_validate(header.experiment.get("model", {}))
    matrices = [shape for shape in header.parameters.values() if len(shape) > 1]
    outputs = matrices[-1][0]
    if model.layers:
        plan = [*planned(model.layers, tuple(header.row_shape), outputs)]
    else:
        plan = [*dense_layers([matrices[0][1], *(shape[0] for shape in matrices)])]
    norms = model.normalisations
    made = {**shapes_of(plan, norms), **buffers_of(plan, norms)}
    recorded = {**header.parameters, **header.buffers}
    if {name: list(shape) for name, shape in made.items()} != recorded:
        raise ValueError("the weights are of other layers")
    return module_specs(model, plan)
