"""The way forward: from the inputs to the loss, every number with its formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from ..components.activation_rules import LayerRule
from ..components.activations import ACTIVATIONS
from ..network.module import EPSILON
from .dissection import Quantity
from .update_pass import LayerPass, UpdatePass
from .wording import SHOWN_TERMS, brief, sum_text


class ForwardPass:
    """What a pass computed on its way forward."""

    def __init__(self, update: UpdatePass) -> None:
        self._pass = update

    def quantities(self) -> Iterator[Quantity]:
        """Yield everything from the inputs to the loss."""
        yield self._pass.quantity(
            "x", 0, "forward", "the inputs", self._pass.inputs, axes=("row", "input")
        )
        given = (
            self._pass.targets
            if self._pass.classes is None
            else self._pass.classes[:, None].double()
        )
        means = "the targets" if self._pass.classes is None else "the classes that are right"
        yield self._pass.quantity("t", 0, "forward", means, given, axes=("row", "output"))
        for layer in self._pass.layers:
            yield from self._layer_forward(layer)
        yield self._loss_forward()

    def _layer_forward(self, layer: LayerPass) -> Iterator[Quantity]:
        k, x = layer.index, self._pass.input_symbol(layer.index)
        weight, bias = self._pass.parameter(k, "weight"), self._pass.parameter(k, "bias")

        def sum_of(row: int, unit: int) -> str:
            return f"{sum_text(weight[unit], layer.x[row])} + {brief(bias[0, unit])}"

        yield self._pass.quantity(f"z{k}", k, "forward", f"W{k} {x} + b{k}", layer.z, sum_of)
        if layer.n is not None:
            yield self._normalised(layer)
        name, from_ = (
            self._pass.experiment.model.activations[k - 1],
            "z" if layer.n is None else "n",
        )
        formula, working = self._activated(layer, name, f"{from_}{k}")
        yield self._pass.quantity(
            self._pass.output_symbol(k), k, "forward", formula, layer.h, working
        )
        if layer.r is not None and layer.mask is not None:
            mask, h = layer.mask, layer.h

            def left(row: int, unit: int) -> str:
                return f"{brief(mask[row, unit])}·{brief(h[row, unit])}"

            yield self._pass.quantity(
                f"r{k}", k, "forward", f"mask{k} h{k} (dropout)", layer.r, left
            )

    def _normalised(self, layer: LayerPass) -> Quantity:
        assert layer.n is not None
        k, z = layer.index, layer.z
        scale, shift = self._pass.parameter(k, "norm.weight"), self._pass.parameter(k, "norm.bias")
        mean, variance = self._pass.moments(layer)

        def working(row: int, unit: int) -> str:
            spread = f"√({brief(variance[row, unit])} + {EPSILON:g})"
            normal = f"({brief(z[row, unit])} - {brief(mean[row, unit])}) / {spread}"
            return f"{brief(scale[0, unit])}·{normal} + {brief(shift[0, unit])}"

        over = "rows" if self._pass.kind(k) == "batch" else "units"
        formula = f"γ{k} (z{k} - μ) / √(σ² + ε) + β{k}, μ and σ² over the {over}"
        return self._pass.quantity(f"n{k}", k, "forward", formula, layer.n, working)

    def _activated(
        self, layer: LayerPass, name: str, z: str
    ) -> tuple[str, Callable[[int, int], str]]:
        """Return an activation's formula, and what it is with its numbers."""
        rule, inputs = ACTIVATIONS[name].rule, layer.before_activation
        if isinstance(rule, LayerRule):
            numbers, total = rule.value_numbers, inputs.exp().sum(1)
            return rule.value.format(z=z), lambda row, unit: numbers.format(
                z=brief(inputs[row, unit]), sum_exp_z=brief(total[row])
            )
        form = "{}" if rule.is_identity else f"{name}({{}})"
        return form.format(z), lambda row, unit: form.format(brief(inputs[row, unit]))

    def _loss_forward(self) -> Quantity:
        spec, y = self._pass.experiment.loss, self._pass.layers[-1].output
        if self._pass.classes is None:
            function = getattr(nn.functional, spec.functional)
            parts = function(y, self._pass.targets, reduction="none", **spec.arguments)
            count = parts.numel()
        else:
            function = getattr(nn.functional, spec.functional)
            parts = function(y, self._pass.classes, reduction="none", **spec.arguments)[:, None]
            count = len(parts)
        flat = parts.flatten()
        total = " + ".join(brief(value) for value in flat[:SHOWN_TERMS])
        total += " + …" if len(flat) > SHOWN_TERMS else ""
        mean = total if spec.reduction == "sum" else f"({total}) / {count}"
        whole = f"√({mean})" if spec.root else mean
        axes = ("row", "output") if self._pass.classes is None else ("row", "")
        return self._pass.quantity(
            "loss",
            len(self._pass.layers) + 1,
            "forward",
            f"{whole} = {self._pass.loss:.6g}, of each: {spec.each}",
            parts,
            axes=axes,
        )
