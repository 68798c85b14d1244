"""The way forward: from the inputs to the loss, every number with its formula."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from torch import Tensor

from ..components.activation_rules import LayerRule
from ..components.activations import ACTIVATIONS
from ..network.module import EPSILON
from ..step.evaluation import costs
from .dissection import DissectedQuantity
from .update_pass import LayerPass, UpdatePass, Working


def forward_quantities(update: UpdatePass) -> Iterator[DissectedQuantity]:
    """Yield everything from the inputs to the loss."""
    yield update.quantity("x", 0, "forward", "the inputs", update.inputs, axes=("row", "input"))
    targets, meaning = update.targets, "the targets"
    if update.classes is not None:
        targets, meaning = update.classes[:, None].double(), "the classes that are right"
    yield update.quantity("t", 0, "forward", meaning, targets, axes=("row", "output"))
    for layer in update.layers:
        yield from _layer_forward(update, layer)
    yield _loss_forward(update)


def _layer_forward(update: UpdatePass, layer: LayerPass) -> Iterator[DissectedQuantity]:
    k, x = layer.index, update.input_symbol(layer.index)
    weight, bias = update.parameter(k, "weight"), update.parameter(k, "bias")

    def sum_of(row: int, unit: int) -> str:
        return f"{sum_text(weight[unit], layer.x[row])} + {brief(bias[0, unit])}"

    yield update.quantity(f"z{k}", k, "forward", f"W{k} {x} + b{k}", layer.z, sum_of)
    if layer.n is not None:
        yield _normalised(update, layer)
    formula, working = _activated(update, layer)
    yield update.quantity(update.output_symbol(k), k, "forward", formula, layer.h, working)
    if layer.r is not None and layer.mask is not None:
        mask, h = layer.mask, layer.h

        def left(row: int, unit: int) -> str:
            return f"{brief(mask[row, unit])}·{brief(h[row, unit])}"

        yield update.quantity(f"r{k}", k, "forward", f"mask{k} h{k} (dropout)", layer.r, left)


def _normalised(update: UpdatePass, layer: LayerPass) -> DissectedQuantity:
    assert layer.n is not None
    k, z = layer.index, layer.z
    scale, shift = update.parameter(k, "norm.weight"), update.parameter(k, "norm.bias")
    mean, variance = update.moments(layer)

    def working(row: int, unit: int) -> str:
        spread = f"√({brief(variance[row, unit])} + {EPSILON:g})"
        normal = f"({brief(z[row, unit])} - {brief(mean[row, unit])}) / {spread}"
        return f"{brief(scale[0, unit])}·{normal} + {brief(shift[0, unit])}"

    over = "rows" if update.kind(k) == "batch" else "units"
    formula = f"γ{k} (z{k} - μ) / √(σ² + ε) + β{k}, μ and σ² over the {over}"
    return update.quantity(f"n{k}", k, "forward", formula, layer.n, working)


def _activated(update: UpdatePass, layer: LayerPass) -> tuple[str, Working]:
    """Return an activation's formula, and what it is with its numbers."""
    k = layer.index
    name, z = update.experiment.model.activations[k - 1], f"{'z' if layer.n is None else 'n'}{k}"
    rule, inputs = ACTIVATIONS[name].rule, layer.before_activation
    if isinstance(rule, LayerRule):
        numbers, total = rule.value_numbers, inputs.exp().sum(1)
        return rule.value.format(z=z), lambda row, unit: numbers.format(
            z=brief(inputs[row, unit]), sum_exp_z=brief(total[row])
        )
    form = "{}" if rule.is_identity else f"{name}({{}})"
    return form.format(z), lambda row, unit: form.format(brief(inputs[row, unit]))


def _loss_forward(update: UpdatePass) -> DissectedQuantity:
    spec, y = update.experiment.loss, update.layers[-1].output
    targets = update.targets if update.classes is None else update.classes
    parts = costs(spec)(y[None], targets[None])[0]
    count, parts = parts.numel(), parts.reshape(len(parts), -1)
    if update.row_weights is not None:
        parts = parts * update.row_weights[:, None]
    total = sum_text(parts.flatten())
    mean = total if spec.reduction == "sum" else f"({total}) / {count}"
    whole = f"√({mean})" if spec.root else mean
    each = spec.each if update.row_weights is None else f"w ({spec.each})"
    axes = ("row", "output") if update.classes is None else ("row", "")
    formula, layer = f"{whole} = {update.loss:.6g}, of each: {each}", len(update.layers) + 1
    return update.quantity("loss", layer, "forward", formula, parts, axes=axes)


SHOWN_TERMS: Final = 3
"""Terms of a sum that are written out."""


def sum_text(*factors: Tensor) -> str:
    """Return a sum of products, or of numbers, with its first terms written out."""
    terms = ["·".join(map(brief, each)) for each in islice(zip(*factors, strict=True), SHOWN_TERMS)]
    return " + ".join([*terms, *["…"] * (len(factors[0]) > SHOWN_TERMS)])


def sums(*factors: Tensor) -> Working:
    """Return the working of each unit's number, a sum over the rows [rows, units]."""
    return lambda _, unit: sum_text(*(each[:, unit] for each in factors))


def brief(value: Tensor) -> str:
    """Return a number in few characters."""
    return f"{float(value.detach()) + 0.0:.3g}"
