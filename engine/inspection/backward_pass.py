"""The way back: from the loss to the first layer, every number with its formula."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

import torch
from torch import Tensor

from ..components.activation_rules import LayerRule
from ..components.activations import ACTIVATIONS
from ..gradients.manual.activations import FORMULAS as ACTIVATION_FORMULAS
from ..gradients.manual.losses import FORMULAS as LOSS_FORMULAS
from ..gradients.manual.normalisation import FORMULAS as NORMALISATIONS
from ..network.module import EPSILON
from .dissection import Quantity
from .update_pass import LayerPass, UpdatePass, features_first
from .wording import brief, sum_text


class BackwardPass:
    """What a pass computed on its way back, by the formulas."""

    def __init__(self, update: UpdatePass) -> None:
        self._pass = update

    def quantities(self) -> Iterator[Quantity]:
        """Yield everything from the loss back to the first layer's gradients."""
        y = self._pass.layers[-1].output.detach()
        d, first = self._loss_backward(y)
        yield first
        for layer in reversed(self._pass.layers):
            d = yield from self._layer_backward(layer, d)

    def _loss_backward(self, y: Tensor) -> tuple[Tensor, Quantity]:
        outputs = features_first(y)
        found = torch.empty_like(outputs)
        spec = self._pass.experiment.loss
        loss_of = LOSS_FORMULAS[spec.name](self._pass.experiment, outputs, found)
        loss_of.backward(features_first(self._pass.targets))
        d = found[0].T
        count = len(y) if self._pass.classes is not None else y.numel()
        share = "" if spec.reduction == "sum" else f" / {count}"
        targets, loss = self._pass.targets, self._pass.loss

        def working(row: int, unit: int) -> str:
            said, true = brief(y[row, unit]), brief(targets[row, unit])
            words = spec.slope.replace("softmax(y)", brief(y.softmax(1)[row, unit]))
            numbers = {"loss": f"{loss:.4g}", "y": said, "t": true}
            return re.sub(r"\b(loss|y|t)\b", lambda found: numbers[found[0]], words) + share

        symbol = f"d{self._pass.output_symbol(len(self._pass.layers))}"
        last = len(self._pass.layers)
        quantity = self._pass.quantity(
            symbol, last + 1, "backward", spec.slope + share, d, working, self._pass.autograd(last)
        )
        return d, quantity

    def _layer_backward(self, layer: LayerPass, d: Tensor) -> Generator[Quantity, None, Tensor]:
        """Yield one layer's derivatives; ``d`` is that by its output. Return that by its input.

        The inputs of the first layer are data: what is returned for them means nothing.
        """
        k, h = layer.index, self._pass.output_symbol(layer.index)
        if layer.mask is not None:
            d, quantity = self._dropout_backward(layer, layer.mask, d)
            yield quantity
        d, quantity = self._activation_backward(layer, f"d{h}", d)
        yield quantity
        if layer.n is not None:
            d, quantities = self._normalisation_backward(layer, d)
            yield from quantities
        yield from self._linear_backward(layer, d)
        if k == 1:
            return d
        back, dz, weight = (
            d @ self._pass.parameter(k, "weight"),
            d,
            self._pass.parameter(k, "weight"),
        )

        def working(row: int, unit: int) -> str:
            return sum_text(weight[:, unit], dz[row])

        symbol = f"d{self._pass.input_symbol(k)}"
        formula, grad = f"W{k}ᵀ dz{k}", self._pass.autograd(k - 1)
        yield self._pass.quantity(symbol, k - 1, "backward", formula, back, working, grad)
        return back

    def _dropout_backward(
        self, layer: LayerPass, mask: Tensor, d: Tensor
    ) -> tuple[Tensor, Quantity]:
        k = layer.index

        def working(row: int, unit: int) -> str:
            return f"{brief(mask[row, unit])}·{brief(d[row, unit])}"

        grad = self._pass.autograd(k, "activation")
        formula = f"mask{k} dr{k}"
        back = mask * d
        return back, self._pass.quantity(f"dh{k}", k, "backward", formula, back, working, grad)

    def _activation_backward(self, layer: LayerPass, dh: str, d: Tensor) -> tuple[Tensor, Quantity]:
        k, name = layer.index, self._pass.experiment.model.activations[layer.index - 1]
        inputs, h = layer.before_activation.detach(), layer.h.detach()
        back, slope = _through(name, inputs, d), _through(name, inputs, torch.ones_like(d))
        z, said = f"{'z' if layer.n is None else 'n'}{k}", self._pass.output_symbol(k)
        rule = ACTIVATIONS[name].rule
        if isinstance(rule, LayerRule):
            numbers, formula = rule.slope_numbers, rule.slope.format(h=said, dh=dh)
            products, total = (d * h).sum(1), d.sum(1)
        else:
            # Letters that stand alone: not those of "where", and h² too.
            symbols, letter = {"h": said, "z": z}, r"(?<![A-Za-z])[hz](?![A-Za-z])"
            slope_of = re.sub(letter, lambda found: symbols[found[0]], rule.slope_text())
            numbers, formula = "{dh}·{slope}" if slope_of else "{dh}", f"{dh} {slope_of}".strip()
            products = total = d.new_zeros(len(d))

        def working(row: int, unit: int) -> str:
            return numbers.format(
                dh=brief(d[row, unit]),
                h=brief(h[row, unit]),
                exp_h=brief(h[row, unit].exp()),
                slope=brief(slope[row, unit]),
                sum_dh=brief(total[row]),
                sum_dh_h=brief(products[row]),
            )

        grad = self._pass.autograd(k, "layer" if layer.n is None else "norm")
        return back, self._pass.quantity(f"d{z}", k, "backward", formula, back, working, grad)

    def _normalisation_backward(self, layer: LayerPass, d: Tensor) -> tuple[Tensor, list[Quantity]]:
        k, kind = layer.index, self._pass.kind(layer.index)
        scale = self._pass.parameter(k, "norm.weight")
        mean, variance = self._pass.moments(layer)
        spread = (variance + EPSILON).sqrt()
        normal = (layer.z.detach() - mean) / spread
        back, by_scale, by_shift = self._through_normalisation(layer, d)
        inner = scale * d
        count = len(d)

        def of_scale(_: int, unit: int) -> str:
            return sum_text(d[:, unit], normal[:, unit])

        def of_shift(_: int, unit: int) -> str:
            return sum_text(d[:, unit])

        def working(row: int, unit: int) -> str:
            own, there = brief(d[row, unit]), brief(normal[row, unit])
            width = brief(spread[row, unit])
            if kind == "batch":
                mixed = (
                    f"({brief(by_shift[0, unit])} + {there}·{brief(by_scale[0, unit])}) / {count}"
                )
                return f"{brief(scale[0, unit])}·({own} - {mixed}) / {width}"
            first, second = inner[row].mean(), (inner[row] * normal[row]).mean()
            return (
                f"({brief(inner[row, unit])} - {brief(first)} - {there}·{brief(second)}) / {width}"
            )

        formulas = {
            "batch": f"γ{k} (dn{k} - (gβ{k} + ẑ gγ{k}) / N) / √(σ² + ε)",
            "layer": f"(dẑ - mean dẑ - ẑ mean(dẑ ẑ)) / √(σ² + ε), dẑ = γ{k} dn{k}",
        }
        grad = self._pass.autograd(k, "layer")
        return back, [
            self._pass.gradient(k, "norm.weight", f"gγ{k}", f"Σ dn{k} ẑ", by_scale, of_scale),
            self._pass.gradient(k, "norm.bias", f"gβ{k}", f"Σ dn{k}", by_shift, of_shift),
            self._pass.quantity(f"dz{k}", k, "backward", formulas[kind], back, working, grad),
        ]

    def _through_normalisation(self, layer: LayerPass, d: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the derivative by z [rows, units], and those by scale and shift [1, units]."""
        k = layer.index
        own = {
            name: features_first(value[0]) for name, value in self._pass.normalisation(k).items()
        }
        found = torch.empty_like(own["weight"]), torch.empty_like(own["bias"])
        z, back = features_first(layer.z.detach()), features_first(d)
        formula = NORMALISATIONS[self._pass.kind(k)](z, back, own, [found])
        formula.forward()
        formula.backward(0)
        return back[0].T, found[0][0].T, found[1][0].T

    def _linear_backward(self, layer: LayerPass, d: Tensor) -> Iterator[Quantity]:
        k, x = layer.index, layer.x.detach()

        def of_weight(unit: int, source: int) -> str:
            return sum_text(d[:, unit], x[:, source])

        def of_bias(_: int, unit: int) -> str:
            return sum_text(d[:, unit])

        formula = f"dz{k}ᵀ {self._pass.input_symbol(k)}"
        yield self._pass.gradient(k, "weight", f"gW{k}", formula, d.T @ x, of_weight)
        yield self._pass.gradient(k, "bias", f"gb{k}", f"Σ dz{k}", d.sum(0, keepdim=True), of_bias)


def _through(name: str, z: Tensor, d: Tensor) -> Tensor:
    """Return the derivative by what goes into an activation, all of it [rows, units]."""
    formula = ACTIVATION_FORMULAS.get(name)
    if formula is None:  # The identity.
        return d
    inputs, back = features_first(z), features_first(d)
    stage = formula(inputs, inputs if formula.in_place else torch.empty_like(inputs), back)
    stage.forward()
    stage.backward(0)
    return back[0].T
