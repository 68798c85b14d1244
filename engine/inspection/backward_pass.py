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
from ..step.evaluation import ruled
from .dissection import DissectedQuantity
from .forward_pass import brief, sum_text, sums
from .update_pass import LayerPass, UpdatePass, features_first


def backward_quantities(update: UpdatePass) -> Iterator[DissectedQuantity]:
    """Yield everything from the loss back to the first layer's gradients."""
    d, first = _loss_backward(update, update.layers[-1].output.detach())
    yield first
    for layer in reversed(update.layers):
        d = yield from _layer_backward(update, layer, d)


def _loss_backward(update: UpdatePass, y: Tensor) -> tuple[Tensor, DissectedQuantity]:
    outputs = features_first(y)
    dy = torch.empty_like(outputs)
    spec = update.experiment.loss
    formula = LOSS_FORMULAS[spec.name]([update.experiment], outputs, dy)
    formula.derive(features_first(update.targets))
    d = dy[0].T
    count = len(y) if update.classes is not None else y.numel()
    share = "" if spec.reduction == "sum" else f" / {count}"
    targets, loss, counts = update.targets, update.loss, update.row_weights
    weight = "" if counts is None else " w"

    def working(row: int, unit: int) -> str:
        words = spec.slope.replace("softmax(y)", brief(y.softmax(1)[row, unit]))
        output, target = brief(y[row, unit]), brief(targets[row, unit])
        numbers = {"loss": f"{loss:.4g}", "y": output, "t": target}
        if spec.functional is None:
            for name, part in spec.rule.parts.items():
                value = brief(ruled(spec, part, y[row, unit], targets[row, unit]))
                numbers[name] = f"({value})" if value.startswith("-") else value
        weighed = "" if counts is None else f"·{brief(counts[row])}"
        told = re.sub(rf"\b({'|'.join(numbers)})\b", lambda name: numbers[name[0]], words)
        return told + weighed + share

    last = len(update.layers)
    symbol = f"d{update.output_symbol(last)}"
    slope, grad = spec.slope + weight + share, update.autograd(last)
    return d, update.quantity(symbol, last + 1, "backward", slope, d, working, grad)


def _layer_backward(
    update: UpdatePass, layer: LayerPass, d: Tensor
) -> Generator[DissectedQuantity, None, Tensor]:
    """Yield one layer's derivatives; ``d`` is that by its output. Return that by its input.

    The inputs of the first layer are data: what is returned for them means nothing.
    """
    k, h = layer.index, update.output_symbol(layer.index)
    if layer.mask is not None:
        d, quantity = _dropout_backward(update, layer, layer.mask, d)
        yield quantity
    d, quantity = _activation_backward(update, layer, f"d{h}", d)
    yield quantity
    if layer.n is not None:
        d, quantities = _normalisation_backward(update, layer, d)
        yield from quantities
    yield from _linear_backward(update, layer, d)
    if k == 1:
        return d
    weight, dz = update.parameter(k, "weight"), d
    back = dz @ weight

    def working(row: int, unit: int) -> str:
        return sum_text(weight[:, unit], dz[row])

    symbol = f"d{update.input_symbol(k)}"
    formula, grad = f"W{k}ᵀ dz{k}", update.autograd(k - 1)
    yield update.quantity(symbol, k - 1, "backward", formula, back, working, grad)
    return back


def _dropout_backward(
    update: UpdatePass, layer: LayerPass, mask: Tensor, d: Tensor
) -> tuple[Tensor, DissectedQuantity]:
    k = layer.index

    def working(row: int, unit: int) -> str:
        return f"{brief(mask[row, unit])}·{brief(d[row, unit])}"

    formula, back, grad = f"mask{k} dr{k}", mask * d, update.autograd(k, "activation")
    return back, update.quantity(f"dh{k}", k, "backward", formula, back, working, grad)


def _activation_backward(
    update: UpdatePass, layer: LayerPass, dh: str, d: Tensor
) -> tuple[Tensor, DissectedQuantity]:
    k, name = layer.index, update.experiment.model.activations[layer.index - 1]
    inputs, h = layer.before_activation.detach(), layer.h.detach()
    back, slope = _through(name, inputs, d), _through(name, inputs, torch.ones_like(d))
    z, output = f"{'z' if layer.n is None else 'n'}{k}", update.output_symbol(k)
    rule = ACTIVATIONS[name].rule
    if isinstance(rule, LayerRule):
        numbers, formula = rule.slope_numbers, rule.slope.format(h=output, dh=dh)
        products, total = (d * h).sum(1), d.sum(1)
    else:
        # Letters that stand alone: not those of "where", and h² too.
        symbols, letter = {"h": output, "z": z}, r"(?<![A-Za-z])[hz](?![A-Za-z])"
        slope_of = re.sub(letter, lambda name: symbols[name[0]], rule.slope_text())
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

    grad = update.autograd(k, "layer" if layer.n is None else "norm")
    return back, update.quantity(f"d{z}", k, "backward", formula, back, working, grad)


def _normalisation_backward(
    update: UpdatePass, layer: LayerPass, d: Tensor
) -> tuple[Tensor, list[DissectedQuantity]]:
    k, kind = layer.index, update.kind(layer.index)
    scale = update.parameter(k, "norm.weight")
    mean, variance = update.moments(layer)
    spread = (variance + EPSILON).sqrt()
    normal = (layer.z.detach() - mean) / spread
    back, by_scale, by_shift = _through_normalisation(update, layer, d)
    inner = scale * d
    count = len(d)

    def working(row: int, unit: int) -> str:
        slope, there = brief(d[row, unit]), brief(normal[row, unit])
        width = brief(spread[row, unit])
        if kind == "batch":
            mixed = f"({brief(by_shift[0, unit])} + {there}·{brief(by_scale[0, unit])}) / {count}"
            return f"{brief(scale[0, unit])}·({slope} - {mixed}) / {width}"
        first, second = inner[row].mean(), (inner[row] * normal[row]).mean()
        return f"({brief(inner[row, unit])} - {brief(first)} - {there}·{brief(second)}) / {width}"

    formulas = {
        "batch": f"γ{k} (dn{k} - (gβ{k} + ẑ gγ{k}) / N) / √(σ² + ε)",
        "layer": f"(dẑ - mean dẑ - ẑ mean(dẑ ẑ)) / √(σ² + ε), dẑ = γ{k} dn{k}",
    }
    grad = update.autograd(k, "layer")
    return back, [
        update.gradient(k, "norm.weight", f"gγ{k}", f"Σ dn{k} ẑ", by_scale, sums(d, normal)),
        update.gradient(k, "norm.bias", f"gβ{k}", f"Σ dn{k}", by_shift, sums(d)),
        update.quantity(f"dz{k}", k, "backward", formulas[kind], back, working, grad),
    ]


def _through_normalisation(
    update: UpdatePass, layer: LayerPass, d: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the derivative by z [rows, units], and those by scale and shift [1, units]."""
    k = layer.index
    parameters = {name: features_first(each[0]) for name, each in update.normalisation(k).items()}
    by_scale, by_shift = (torch.empty_like(parameters[name]) for name in ("weight", "bias"))
    z, back = features_first(layer.z.detach()), features_first(d)
    formula = NORMALISATIONS[update.kind(k)](z, back, parameters, [(by_scale, by_shift)])
    formula.forward()
    formula.backward(0)
    return back[0].T, by_scale[0].T, by_shift[0].T


def _linear_backward(
    update: UpdatePass, layer: LayerPass, d: Tensor
) -> Iterator[DissectedQuantity]:
    k, x = layer.index, layer.x.detach()

    def of_weight(unit: int, source: int) -> str:
        return sum_text(d[:, unit], x[:, source])

    formula = f"dz{k}ᵀ {update.input_symbol(k)}"
    yield update.gradient(k, "weight", f"gW{k}", formula, d.T @ x, of_weight)
    yield update.gradient(k, "bias", f"gb{k}", f"Σ dz{k}", d.sum(0, keepdim=True), sums(d))


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
