"""The network of an experiment as a row of PyTorch's modules, each known by name alone.

It needs no torch: the modules are built by whoever has it, or written into a program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..components.activations import ACTIVATIONS

if TYPE_CHECKING:
    from ..experiment.model import Model

NORMS: Final[Mapping[str, str]] = {"batch": "BatchNorm1d", "layer": "LayerNorm"}
"""The class in ``torch.nn`` of each normalisation."""


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
    recorded: str = ""
    """How a recording calls it, where it has parameters."""

    @property
    def code(self) -> str:
        """What makes it, as Python: ``nn.Linear(2, 5)``."""
        given = [*map(repr, self.arguments), *(f"{k}={v!r}" for k, v in self.keywords.items())]
        return f"nn.{self.module}({', '.join(given)})"


def module_specs(model: Model, widths: Sequence[int]) -> list[ModuleSpec]:
    """Return the modules from the input to the output; activations that do nothing are left out.

    Args:
        model: What the layers are.
        widths: Units from the input to the output.
    """
    row: list[ModuleSpec] = []
    for index, activation in enumerate(model.activations, start=1):
        # In, then out, as torch.nn.Linear counts them; its weight is [out, in].
        before, after = widths[index - 1], widths[index]
        layer = f"layer{index}"
        row.append(ModuleSpec(layer, "Linear", (before, after), units=after, recorded=layer))
        # Between the sums and the activation, where Ioffe and Szegedy 2015 put it.
        if (norm := model.normalisations[index - 1]) in NORMS:
            named = f"norm{index}", NORMS[norm], (after,)
            row.append(ModuleSpec(*named, units=after, recorded=f"{layer}.norm"))
        # The identity is no module: it would be a call that does nothing in every step.
        if activation != "identity":
            spec = ACTIVATIONS[activation]
            name, keywords = f"activation{index}", spec.arguments
            row.append(ModuleSpec(name, spec.module, keywords=keywords, units=after))
        # Behind the activation: units are left out, not their sums.
        if share := model.dropouts[index - 1]:
            row.append(ModuleSpec(f"dropout{index}", "Dropout", (share,), units=after))
    return row
