"""One forward and backward pass, kept in all its parts, and what is shown of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from ..gradients.method import Workload
from ..network.module import Network
from ..step.class_weights import class_weights, row_weights
from ..step.evaluation import loss_function
from .dissection import DissectedQuantity, Matrix, Way

Working = Callable[[int, int], str]
"""Writes out the formula of one number, by its row and column."""

SHOWN_ROWS: Final = 6
"""Rows of data that are shown."""
SHOWN_UNITS: Final = 8
"""Units of a layer that are shown."""


@dataclass(frozen=True, eq=False)
class LayerPass:
    """What one layer computed; all of it [rows, units]."""

    index: int
    x: Tensor
    z: Tensor
    n: Tensor | None
    """After its normalisation, where it has one."""
    h: Tensor
    r: Tensor | None
    """After its dropout, where it has one."""
    mask: Tensor | None

    @property
    def before_activation(self) -> Tensor:
        """What goes into its activation."""
        return self.z if self.n is None else self.n

    @property
    def output(self) -> Tensor:
        """What it hands on."""
        return self.h if self.r is None else self.r


class UpdatePass:
    """The one forward and backward pass of an update, kept in all its parts.

    Args:
        workload: The network at the weights before the update, in float64.
        step: Which update.
    """

    def __init__(self, workload: Workload, step: int) -> None:
        self.experiment = workload.experiment
        assert isinstance(workload.network, Network)
        batch = workload.batches.at(step)
        self._network, self._parameters = workload.network, named_parameters(workload)
        self._views = workload.layout.views(workload.weights)
        self.rows = batch.inputs.shape[1]
        """How many rows of data there are."""
        self.inputs = batch.inputs[0]
        self._network.begin(step)
        self._seen = seen = _watched(self._network, batch.inputs)
        self.layers = list(self._taken(seen))
        loss = loss_function([self.experiment])(self.layers[-1].output[None], batch.targets)
        torch.autograd.backward(loss)
        self.loss = float(loss.detach())
        self._gradients = dict(zip(self.experiment.shapes, self._network.learned, strict=True))
        classes = self.experiment.loss.targets == "classes"
        self.targets = targets = batch.targets[0]
        self.classes = targets if classes else None
        if classes and not self.experiment.has_shares:
            self.targets = nn.functional.one_hot(targets, self.experiment.outputs).double()
        weights = class_weights([self.experiment])
        self.row_weights: Tensor | None = None
        """What each row counts for, [rows]; none where all count the same."""
        if weights is not None:
            self.row_weights = row_weights(weights, batch.targets).flatten()
        self._differences: list[float] = []

    @property
    def difference(self) -> float:
        """The largest difference of a gradient from autograd's, over the whole one's norm."""
        grads = [each.grad for each in self._gradients.values() if each.grad is not None]
        norm = float(torch.stack([each.norm() for each in grads]).norm())
        worst = max(self._differences, default=0.0)
        return worst / norm if norm else worst

    def _taken(self, seen: Mapping[str, Tensor]) -> Iterator[LayerPass]:
        """Yield what each layer computed."""
        x = self.inputs
        for index in range(1, len(self.experiment.widths)):
            z, h = seen[f"layer{index}"][0], seen[f"activation{index}"]
            n, r = (seen.get(f"{part}{index}", (None,))[0] for part in ("norm", "dropout"))
            mask = None if r is None else self._mask(index, h)
            yield (layer := LayerPass(index, x, z, n, h[0], r, mask))
            x = layer.output

    def _mask(self, index: int, h: Tensor) -> Tensor:
        """Return what a dropout multiplied with: what it makes of ones."""
        module = self._network.get_submodule(f"dropout{index}")
        mask: Tensor = module(torch.ones_like(h))[0].detach()
        return mask

    def gradient(
        self, layer: int, part: str, symbol: str, formula: str, values: Tensor, working: Working
    ) -> DissectedQuantity:
        """Return the gradient of a parameter."""
        name = f"layer{layer}.{part}"
        grad = self._gradients[name].grad
        assert grad is not None
        axes = ("unit", "input") if part == "weight" else ("", "unit")
        shown = values, working, grad[0], axes, name
        return self.quantity(symbol, layer, "backward", formula, *shown)

    def autograd(self, layer: int, part: str = "") -> Tensor:
        """Return autograd's derivative by what a part of a layer gave; by its output, without."""
        dropped = f"dropout{layer}" in self._seen
        part = part or ("dropout" if dropped else "activation")
        grad = self._seen[f"{part}{layer}"].grad
        assert grad is not None
        return grad[0]

    def parameter(self, layer: int, part: str) -> Tensor:
        """Return a parameter: weights [out, in], all else [1, units]."""
        return self._parameters[f"layer{layer}.{part}"].detach()

    def normalisation(self, layer: int) -> dict[str, Tensor]:
        """Return what a layer's normalisation has, by its own names."""
        parted = ((name.partition(".norm."), value) for name, value in self._views.items())
        wanted = f"layer{layer}"
        return {name: value.detach() for (of, dot, name), value in parted if dot and of == wanted}

    def kind(self, layer: int) -> str:
        """Return the kind of a layer's normalisation."""
        return self.experiment.model.normalisations[layer - 1]

    def moments(self, layer: LayerPass) -> tuple[Tensor, Tensor]:
        """Return mean and variance of what a layer normalises, [rows, units]."""
        z, axis = layer.z.detach(), 0 if self.kind(layer.index) == "batch" else 1
        mean, variance = z.mean(axis, keepdim=True), z.var(axis, correction=0, keepdim=True)
        return mean.expand_as(z), variance.expand_as(z)

    def output_symbol(self, layer: int) -> str:
        """Return what comes out of a layer: the last one gives y."""
        return "y" if layer == len(self.experiment.widths) - 1 else f"h{layer}"

    def input_symbol(self, layer: int) -> str:
        """Return what goes into a layer: the data, or what is left of the layer before."""
        if layer == 1:
            return "x"
        return f"{'r' if self.experiment.model.dropouts[layer - 2] else 'h'}{layer - 1}"

    def quantity(
        self,
        symbol: str,
        layer: int,
        way: Way,
        formula: str,
        values: Tensor,
        working: Working | None = None,
        autograd: Tensor | None = None,
        axes: tuple[str, str] = ("row", "unit"),
        name: str = "",
    ) -> DissectedQuantity:
        """Return a quantity from all of its numbers [rows, columns]."""
        most = SHOWN_UNITS if name else SHOWN_ROWS
        rows, columns = min(len(values), most), min(values.shape[1], SHOWN_UNITS)
        workings: tuple[tuple[str, ...], ...] = ()
        if working is not None:
            workings = tuple(tuple(working(r, c) for c in range(columns)) for r in range(rows))
        if autograd is not None and name:
            self._differences.append(float((values - autograd).abs().max()))
        return DissectedQuantity(
            symbol=symbol,
            name=name,
            way=way,
            layer=layer,
            formula=f"{symbol}: {formula}" if symbol in "xt" else f"{symbol} = {formula}",
            axes=axes,
            shape=(len(values), values.shape[1]),
            values=corner(values, rows=most),
            workings=workings,
            autograd=() if autograd is None else corner(autograd, rows=most),
        )


def _watched(network: Network, inputs: Tensor) -> dict[str, Tensor]:
    """Go forward, and return what every part of the network gave, to be derived by."""
    seen: dict[str, Tensor] = {}

    def hook(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def keep(module: nn.Module, given: tuple[Tensor, ...], gave: Tensor) -> None:
            gave.retain_grad()
            seen[name] = gave

        return keep

    handles = [part.register_forward_hook(hook(name)) for name, part in network.named_children()]
    network(inputs)
    for handle in handles:
        handle.remove()
    return seen


def named_parameters(workload: Workload) -> dict[str, Tensor]:
    """Return the parameters by name, [out, in] or [1, units]."""
    views = workload.layout.views(workload.weights)
    return {name: views[name][0] for name in workload.layout.parameters}


def corner(values: Tensor, rows: int = SHOWN_UNITS) -> Matrix:
    """Return the first rows and columns of a matrix."""
    return tuple(map(tuple, values.detach()[:rows, :SHOWN_UNITS].tolist()))


def features_first(values: Tensor) -> Tensor:
    """Return a copy of [rows, units] as the formulas take it: [1, units, rows]."""
    return values.T[None].clone(memory_format=torch.contiguous_format)
