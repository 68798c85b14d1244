"""The gradient microscope: one update of a small network taken apart.

    x ─► z1 = W1 x + b1 ─► h1 = f(z1) ─► z2 … ─► y ─► loss
         gW1 = dz1 xᵀ   ◄─ dz1 = dh1 f'(z1) ◄─ …   ◄─ dy

Every number comes from the formulas of ``engine.gradients.manual``, one layer after another, with
autograd's beside it. All of it is computed in float64, from the weights that were recorded. As a
program, ``python -m engine.inspection.microscope FOLDER STEP [MEMBER]``, it prints one line of
JSON for a viewer.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..errors import EpochalError, RequestError, RunError
from ..experiment.experiment import Experiment
from ..gradients.autograd import Autograd
from ..gradients.manual.activations import FORMULAS as ACTIVATIONS
from ..gradients.manual.losses import FORMULAS as LOSS_FORMULAS
from ..gradients.manual.normalisation import FORMULAS as NORMALISATIONS
from ..gradients.method import Workload
from ..network.module import EPSILON, Network
from ..results.run import of_folder
from ..runs.folder import RunFolder
from ..step.evaluation import loss_function
from ..step.measurements import Measurements
from .dissection import Dissection, Matrix, Origin, Quantity, Way
from .single_network import alone, make_workload

SHOWN_ROWS: Final = 6
"""Rows of data that are shown."""
SHOWN_UNITS: Final = 8
"""Units of a layer that are shown."""
SHOWN_TERMS: Final = 3
"""Terms of a sum that are written out."""

SLOPES: Final[Mapping[str, str]] = {
    "sigmoid": "h (1 - h)",
    "tanh": "(1 - h²)",
    "relu": "(1 where z > 0, else 0)",
    "leaky_relu": "(1 where z > 0, else 0.01)",
    "elu": "(1 where z > 0, else exp(z))",
    "gelu": "(Φ(z) + z φ(z))",
    "silu": "s (1 + z (1 - s)), s = sigmoid(z)",
    "softplus": "sigmoid(z)",
    "hard_sigmoid": "(1/6 where -3 < z < 3, else 0)",
    "hard_tanh": "(1 where -1 < z < 1, else 0)",
}
"""The derivative of each activation that takes every unit by itself."""

LOSSES: Final[Mapping[str, tuple[str, str]]] = {
    "mse": ("(y - t)²", "2 (y - t)"),
    "rmse": ("(y - t)²", "(y - t) / loss"),
    "l1": ("|y - t|", "sign(y - t)"),
    "huber": ("(y - t)² / 2, or δ (|y - t| - δ / 2) beyond δ", "(y - t held within ±δ)"),
    "binary_cross_entropy": ("-log y or -log(1 - y), as t is 1 or 0", "(y - t) / (y (1 - y))"),
    "binary_cross_entropy_with_logits": (
        "-log s or -log(1 - s), as t is 1 or 0; s = sigmoid(y)",
        "(sigmoid(y) - t)",
    ),
    "cross_entropy": ("-log softmax(y) at the class t", "(softmax(y) - t)"),
    "negative_log_likelihood": ("-y at the class t", "-t"),
}
"""The loss of one number or row, and its derivative by y."""


def dissect(
    experiment: Experiment,
    weights: ArrayLike | None,
    step: int,
    *,
    lr: float | None = None,
    after: ArrayLike | None = None,
) -> Dissection:
    """Take one update apart.

    Args:
        experiment: What is trained; of a population, its first member.
        weights: Parameters and buffers after ``step - 1`` updates, [numbers] as in a recording;
            None for the untrained network.
        step: Which update.
        lr: The learning rate it has; what the experiment begins with where left out.
        after: Parameters and buffers after it, where they are known.

    Raises:
        RequestError: The network is one of one's own, which has no formulas here.
    """
    spec = alone(experiment)
    if spec.model.kind != "mlp":
        raise RequestError(
            "The microscope takes networks of layers apart; this one is a module of one's own."
        )
    workload = make_workload(spec, torch.float64, weights)
    parameters = _named(workload)
    before = {name: value.clone() for name, value in parameters.items()}
    origin: Origin = "recorded" if after is not None else ""
    changed = {} if after is None else _named(make_workload(spec, torch.float64, after))
    updated, used_lr = _update(spec, weights, step, lr)
    if step == 1 or (_repeats(spec) and lr is not None):
        origin, changed = "computed", updated
    apart = _Apart(workload, step)
    quantities = [
        _with_update(each, before, changed) for each in (*apart.forward(), *apart.backward())
    ]
    return Dissection(
        step=step,
        rows=apart.rows,
        loss=apart.loss,
        lr=used_lr,
        optimizer=spec.optimizer.name,
        plain=_is_plain(spec),
        origin=origin,
        difference=apart.difference,
        quantities=tuple(quantities),
    )


def _named(workload: Workload) -> dict[str, Tensor]:
    """Return the parameters by name, [out, in] or [1, units]."""
    views = workload.layout.views(workload.weights)
    names = list(views)[: workload.layout.parameters]
    return {name: views[name][0] for name in names}


def _repeats(spec: Experiment) -> bool:
    """Return whether an update depends on nothing but the gradient and the learning rate."""
    return spec.optimizer.states == 0 and spec.train.zero_grad


def _is_plain(spec: Experiment) -> bool:
    """Return whether a parameter loses lr times its gradient, and nothing else."""
    train = spec.train
    clips = train.clip_norm is not None or train.clip_value is not None
    return _repeats(spec) and not clips and not spec.optimizer.weight_decay


def _update(
    spec: Experiment, weights: ArrayLike | None, step: int, lr: float | None
) -> tuple[dict[str, Tensor], float]:
    """Return the parameters after an update by a fresh optimizer, and its learning rate."""
    workload = make_workload(spec, torch.float64, weights)
    method = Autograd(workload)
    if lr is not None:
        method.set_lr(lr)
    used = float(method.lr[0])
    method.take(step, 1, Measurements(workload.layout, workload.weights))
    return _named(workload), used


def _with_update(
    quantity: Quantity, before: Mapping[str, Tensor], after: Mapping[str, Tensor]
) -> Quantity:
    """Return the gradient of a parameter together with the parameter; all else as it is."""
    if not quantity.name:
        return quantity
    shown = {"before": _part(before[quantity.name])}
    if after:
        shown["after"] = _part(after[quantity.name])
    return Quantity(**{**vars(quantity), **shown})


def _part(values: Tensor, columns: int = SHOWN_UNITS, rows: int = SHOWN_UNITS) -> Matrix:
    """Return the first rows and columns of a matrix."""
    return tuple(map(tuple, values.detach()[:rows, :columns].tolist()))


@dataclass(frozen=True, eq=False)
class _Layer:
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
        return self.z if self.n is None else self.n

    @property
    def output(self) -> Tensor:
        return self.h if self.r is None else self.r


class _Apart:
    """The one forward and backward pass, kept in all its parts.

    Args:
        trainee: The network at the weights before the update, in float64.
        step: Which update.
    """

    def __init__(self, workload: Workload, step: int) -> None:
        self._spec = workload.experiment
        assert isinstance(workload.network, Network)
        batch = workload.batches.at(step)
        self._network, self._parameters = workload.network, _named(workload)
        self._views = workload.layout.views(workload.weights)
        self.rows = batch.inputs.shape[1]
        """How many rows of data there are."""
        self._x = batch.inputs[0]
        self._network.begin(step)
        seen = _watched(self._network, batch.inputs)
        self._seen = seen
        self._layers = list(self._taken(seen))
        outputs = self._layers[-1].output
        loss = loss_function(self._spec.loss)(outputs[None], batch.targets)
        torch.autograd.backward(loss)
        self.loss = float(loss.detach())
        self._gradients = dict(zip(self._spec.shapes, self._network.learned, strict=True))
        classes = self._spec.loss.targets == "classes"
        targets = batch.targets[0]
        self._targets = (
            nn.functional.one_hot(targets, self._spec.outputs).double() if classes else targets
        )
        self._classes = targets if classes else None
        self._differences: list[float] = []

    @property
    def difference(self) -> float:
        """The largest difference of a gradient from autograd's, over the whole one's norm."""
        grads = [each.grad for each in self._gradients.values() if each.grad is not None]
        norm = float(torch.stack([each.norm() for each in grads]).norm())
        worst = max(self._differences, default=0.0)
        return worst / norm if norm else worst

    # --- forward ---------------------------------------------------------------------------

    def _taken(self, seen: Mapping[str, Tensor]) -> Iterator[_Layer]:
        """Yield what each layer computed."""
        x = self._x
        for index in range(1, len(self._spec.widths)):
            r = seen.get(f"dropout{index}")
            layer = _Layer(
                index=index,
                x=x,
                z=seen[f"layer{index}"][0],
                n=seen[f"norm{index}"][0] if f"norm{index}" in seen else None,
                h=seen[f"activation{index}"][0],
                r=None if r is None else r[0],
                mask=self._mask(index, seen[f"activation{index}"]) if r is not None else None,
            )
            yield layer
            x = layer.output

    def _mask(self, index: int, h: Tensor) -> Tensor:
        """Return what a dropout multiplied with: what it makes of ones."""
        module = self._network.get_submodule(f"dropout{index}")
        mask: Tensor = module(torch.ones_like(h))[0].detach()
        return mask

    def forward(self) -> Iterator[Quantity]:
        """Yield everything from the inputs to the loss."""
        yield self._quantity("x", 0, "forward", "the inputs", self._x, axes=("row", "input"))
        given = self._targets if self._classes is None else self._classes[:, None].double()
        means = "the targets" if self._classes is None else "the classes that are right"
        yield self._quantity("t", 0, "forward", means, given, axes=("row", "output"))
        for layer in self._layers:
            yield from self._layer_forward(layer)
        yield self._loss_forward()

    def _layer_forward(self, layer: _Layer) -> Iterator[Quantity]:
        k, x = layer.index, self._input_symbol(layer.index)
        weight, bias = self._own(k, "weight"), self._own(k, "bias")

        def sum_of(row: int, unit: int) -> str:
            return f"{_sum(weight[unit], layer.x[row])} + {_n(bias[0, unit])}"

        yield self._quantity(f"z{k}", k, "forward", f"W{k} {x} + b{k}", layer.z, sum_of)
        if layer.n is not None:
            yield self._normalised(layer)
        name, from_ = self._spec.model.activations[k - 1], "z" if layer.n is None else "n"
        formula, working = self._activated(layer, name, f"{from_}{k}")
        yield self._quantity(self._h_symbol(k), k, "forward", formula, layer.h, working)
        if layer.r is not None and layer.mask is not None:
            mask, h = layer.mask, layer.h

            def left(row: int, unit: int) -> str:
                return f"{_n(mask[row, unit])}·{_n(h[row, unit])}"

            yield self._quantity(f"r{k}", k, "forward", f"mask{k} h{k} (dropout)", layer.r, left)

    def _normalised(self, layer: _Layer) -> Quantity:
        assert layer.n is not None
        k, z = layer.index, layer.z
        scale, shift = self._own(k, "norm.weight"), self._own(k, "norm.bias")
        mean, variance = self._moments(layer)

        def working(row: int, unit: int) -> str:
            spread = f"√({_n(variance[row, unit])} + {EPSILON:g})"
            return (
                f"{_n(scale[0, unit])}·({_n(z[row, unit])} - {_n(mean[row, unit])}) / {spread}"
                f" + {_n(shift[0, unit])}"
            )

        over = "rows" if self._kind(k) == "batch" else "units"
        formula = f"γ{k} (z{k} - μ) / √(σ² + ε) + β{k}, μ and σ² over the {over}"
        return self._quantity(f"n{k}", k, "forward", formula, layer.n, working)

    def _activated(self, layer: _Layer, name: str, z: str) -> tuple[str, Callable[[int, int], str]]:
        """Return an activation's formula, and what it is with its numbers."""
        inputs = layer.before_activation
        total = inputs.exp().sum(1)

        def working(row: int, unit: int) -> str:
            value = _n(inputs[row, unit])
            match name:
                case "identity":
                    return value
                case "softmax":
                    return f"exp({value}) / {_n(total[row])}"
                case "log_softmax":
                    return f"{value} - log {_n(total[row])}"
            return f"{name}({value})"

        match name:
            case "identity":
                return z, working
            case "softmax":
                return f"exp({z}) / Σ exp({z})", working
            case "log_softmax":
                return f"{z} - log Σ exp({z})", working
        return f"{name}({z})", working

    def _loss_forward(self) -> Quantity:
        spec, y = self._spec.loss, self._layers[-1].output
        each, _ = LOSSES[spec.name]
        if self._classes is None:
            function = getattr(nn.functional, spec.functional)
            parts = function(y, self._targets, reduction="none", **spec.arguments)
            count = parts.numel()
        else:
            function = getattr(nn.functional, spec.functional)
            parts = function(y, self._classes, reduction="none", **spec.arguments)[:, None]
            count = len(parts)
        flat = parts.flatten()
        total = " + ".join(_n(value) for value in flat[:SHOWN_TERMS])
        total += " + …" if len(flat) > SHOWN_TERMS else ""
        mean = total if spec.reduction == "sum" else f"({total}) / {count}"
        whole = f"√({mean})" if spec.root else mean
        axes = ("row", "output") if self._classes is None else ("row", "")
        return self._quantity(
            "loss",
            len(self._layers) + 1,
            "forward",
            f"{whole} = {self.loss:.6g}, of each: {each}",
            parts,
            axes=axes,
        )

    # --- backward --------------------------------------------------------------------------

    def backward(self) -> Iterator[Quantity]:
        """Yield everything from the loss back to the first layer's gradients."""
        y = self._layers[-1].output.detach()
        d, first = self._loss_backward(y)
        yield first
        for layer in reversed(self._layers):
            d = yield from self._layer_backward(layer, d)

    def _loss_backward(self, y: Tensor) -> tuple[Tensor, Quantity]:
        outputs = _features_first(y)
        found = torch.empty_like(outputs)
        spec = self._spec.loss
        loss_of = LOSS_FORMULAS[spec.name](self._spec, outputs, found)
        loss_of.backward(_features_first(self._targets))
        d = found[0].T
        _, slope = LOSSES[spec.name]
        count = len(y) if self._classes is not None else y.numel()
        share = "" if spec.reduction == "sum" else f" / {count}"
        targets, loss = self._targets, self.loss

        def working(row: int, unit: int) -> str:
            said, true = _n(y[row, unit]), _n(targets[row, unit])
            words = slope.replace("softmax(y)", _n(y.softmax(1)[row, unit]))
            numbers = {"loss": f"{loss:.4g}", "y": said, "t": true}
            return re.sub(r"\b(loss|y|t)\b", lambda found: numbers[found[0]], words) + share

        symbol = f"d{self._h_symbol(len(self._layers))}"
        last = len(self._layers)
        quantity = self._quantity(
            symbol, last + 1, "backward", slope + share, d, working, self._grad(last)
        )
        return d, quantity

    def _layer_backward(self, layer: _Layer, d: Tensor) -> Generator[Quantity, None, Tensor]:
        """Yield one layer's derivatives; ``d`` is that by its output. Return that by its input.

        The inputs of the first layer are data: what is returned for them means nothing.
        """
        k, h = layer.index, self._h_symbol(layer.index)
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
        back, dz, weight = d @ self._own(k, "weight"), d, self._own(k, "weight")

        def working(row: int, unit: int) -> str:
            return _sum(weight[:, unit], dz[row])

        symbol = f"d{self._input_symbol(k)}"
        formula, grad = f"W{k}ᵀ dz{k}", self._grad(k - 1)
        yield self._quantity(symbol, k - 1, "backward", formula, back, working, grad)
        return back

    def _dropout_backward(self, layer: _Layer, mask: Tensor, d: Tensor) -> tuple[Tensor, Quantity]:
        k = layer.index

        def working(row: int, unit: int) -> str:
            return f"{_n(mask[row, unit])}·{_n(d[row, unit])}"

        grad = self._grad(k, "activation")
        formula = f"mask{k} dr{k}"
        back = mask * d
        return back, self._quantity(f"dh{k}", k, "backward", formula, back, working, grad)

    def _activation_backward(self, layer: _Layer, dh: str, d: Tensor) -> tuple[Tensor, Quantity]:
        k, name = layer.index, self._spec.model.activations[layer.index - 1]
        inputs, h = layer.before_activation.detach(), layer.h.detach()
        back, slope = _through(name, inputs, d), _through(name, inputs, torch.ones_like(d))
        products, total = (d * h).sum(1), d.sum(1)

        def working(row: int, unit: int) -> str:
            own = _n(d[row, unit])
            match name:
                case "identity":
                    return own
                case "softmax":
                    return f"{_n(h[row, unit])}·({own} - {_n(products[row])})"
                case "log_softmax":
                    return f"{own} - {_n(h[row, unit].exp())}·{_n(total[row])}"
            return f"{own}·{_n(slope[row, unit])}"

        said = self._h_symbol(k)
        match name:
            case "identity":
                formula = dh
            case "softmax":
                formula = f"{said} ({dh} - Σ {dh} {said})"
            case "log_softmax":
                formula = f"{dh} - exp({said}) Σ {dh}"
            case _:
                symbols = {"h": said, "z": f"{'z' if layer.n is None else 'n'}{k}"}
                # Letters that stand alone: not those of "where", and h² too.
                letter = r"(?<![A-Za-z])[hz](?![A-Za-z])"
                slope_of = re.sub(letter, lambda found: symbols[found[0]], SLOPES[name])
                formula = f"{dh} {slope_of}"
        part = "layer" if layer.n is None else "norm"
        symbol = f"d{'z' if layer.n is None else 'n'}{k}"
        grad = self._grad(k, part)
        return back, self._quantity(symbol, k, "backward", formula, back, working, grad)

    def _normalisation_backward(self, layer: _Layer, d: Tensor) -> tuple[Tensor, list[Quantity]]:
        k, kind = layer.index, self._kind(layer.index)
        scale = self._own(k, "norm.weight")
        mean, variance = self._moments(layer)
        spread = (variance + EPSILON).sqrt()
        normal = (layer.z.detach() - mean) / spread
        back, by_scale, by_shift = self._through_normalisation(layer, d)
        inner = scale * d
        count = len(d)

        def of_scale(_: int, unit: int) -> str:
            return _sum(d[:, unit], normal[:, unit])

        def of_shift(_: int, unit: int) -> str:
            return _sum(d[:, unit])

        def working(row: int, unit: int) -> str:
            own, there = _n(d[row, unit]), _n(normal[row, unit])
            width = _n(spread[row, unit])
            if kind == "batch":
                mixed = f"({_n(by_shift[0, unit])} + {there}·{_n(by_scale[0, unit])}) / {count}"
                return f"{_n(scale[0, unit])}·({own} - {mixed}) / {width}"
            first, second = inner[row].mean(), (inner[row] * normal[row]).mean()
            return f"({_n(inner[row, unit])} - {_n(first)} - {there}·{_n(second)}) / {width}"

        formulas = {
            "batch": f"γ{k} (dn{k} - (gβ{k} + ẑ gγ{k}) / N) / √(σ² + ε)",
            "layer": f"(dẑ - mean dẑ - ẑ mean(dẑ ẑ)) / √(σ² + ε), dẑ = γ{k} dn{k}",
        }
        grad = self._grad(k, "layer")
        return back, [
            self._gradient(k, "norm.weight", f"gγ{k}", f"Σ dn{k} ẑ", by_scale, of_scale),
            self._gradient(k, "norm.bias", f"gβ{k}", f"Σ dn{k}", by_shift, of_shift),
            self._quantity(f"dz{k}", k, "backward", formulas[kind], back, working, grad),
        ]

    def _through_normalisation(self, layer: _Layer, d: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the derivative by z [rows, units], and those by scale and shift [1, units]."""
        k = layer.index
        own = {
            name: _features_first(value[0])
            for name, value in self._buffers_and_parameters(k).items()
        }
        found = torch.empty_like(own["weight"]), torch.empty_like(own["bias"])
        z, back = _features_first(layer.z.detach()), _features_first(d)
        formula = NORMALISATIONS[self._kind(k)](z, back, own, [found])
        formula.forward()
        formula.backward(0)
        return back[0].T, found[0][0].T, found[1][0].T

    def _linear_backward(self, layer: _Layer, d: Tensor) -> Iterator[Quantity]:
        k, x = layer.index, layer.x.detach()

        def of_weight(unit: int, source: int) -> str:
            return _sum(d[:, unit], x[:, source])

        def of_bias(_: int, unit: int) -> str:
            return _sum(d[:, unit])

        formula = f"dz{k}ᵀ {self._input_symbol(k)}"
        yield self._gradient(k, "weight", f"gW{k}", formula, d.T @ x, of_weight)
        yield self._gradient(k, "bias", f"gb{k}", f"Σ dz{k}", d.sum(0, keepdim=True), of_bias)

    # --- what all of them share ------------------------------------------------------------

    def _gradient(
        self,
        layer: int,
        what: str,
        symbol: str,
        formula: str,
        values: Tensor,
        working: Callable[[int, int], str],
    ) -> Quantity:
        """Return the gradient of a parameter."""
        name = f"layer{layer}.{what}"
        grad = self._gradients[name].grad
        assert grad is not None
        axes = ("unit", "input") if what == "weight" else ("", "unit")
        return self._quantity(
            symbol, layer, "backward", formula, values, working, grad[0], axes, name
        )

    def _grad(self, layer: int, part: str = "") -> Tensor:
        """Return autograd's derivative by what a part of a layer gave; by its output, without."""
        dropped = f"dropout{layer}" in self._seen
        part = part or ("dropout" if dropped else "activation")
        grad = self._seen[f"{part}{layer}"].grad
        assert grad is not None
        return grad[0]

    def _own(self, layer: int, what: str) -> Tensor:
        return self._parameters[f"layer{layer}.{what}"].detach()

    def _buffers_and_parameters(self, layer: int) -> dict[str, Tensor]:
        """Return what a layer's normalisation has, by its own names."""
        prefix = f"layer{layer}.norm."
        return {
            name.removeprefix(prefix): value.detach()
            for name, value in self._views.items()
            if name.startswith(prefix)
        }

    def _kind(self, layer: int) -> str:
        return self._spec.model.normalisations[layer - 1]

    def _moments(self, layer: _Layer) -> tuple[Tensor, Tensor]:
        """Return mean and variance of what a layer normalises, [rows, units]."""
        z, axis = layer.z.detach(), 0 if self._kind(layer.index) == "batch" else 1
        mean, variance = z.mean(axis, keepdim=True), z.var(axis, correction=0, keepdim=True)
        return mean.expand_as(z), variance.expand_as(z)

    def _h_symbol(self, layer: int) -> str:
        return "y" if layer == len(self._spec.widths) - 1 else f"h{layer}"

    def _input_symbol(self, layer: int) -> str:
        """Return what goes into a layer: the data, or what is left of the layer before."""
        if layer == 1:
            return "x"
        return f"{'r' if self._spec.model.dropouts[layer - 2] else 'h'}{layer - 1}"

    def _quantity(
        self,
        symbol: str,
        layer: int,
        way: Way,
        formula: str,
        values: Tensor,
        working: Callable[[int, int], str] | None = None,
        autograd: Tensor | None = None,
        axes: tuple[str, str] = ("row", "unit"),
        name: str = "",
    ) -> Quantity:
        """Return a quantity from all of its numbers [rows, columns]."""
        most = SHOWN_UNITS if name else SHOWN_ROWS
        rows, columns = min(len(values), most), min(values.shape[1], SHOWN_UNITS)
        workings = (
            ()
            if working is None
            else tuple(tuple(working(r, c) for c in range(columns)) for r in range(rows))
        )
        if autograd is not None and name:
            self._differences.append(float((values - autograd).abs().max()))
        return Quantity(
            symbol=symbol,
            name=name,
            way=way,
            layer=layer,
            formula=f"{symbol}: {formula}" if symbol in "xt" else f"{symbol} = {formula}",
            axes=axes,
            shape=(len(values), values.shape[1]),
            values=_part(values, rows=most),
            workings=workings,
            autograd=() if autograd is None else _part(autograd, rows=most),
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


def _through(name: str, z: Tensor, d: Tensor) -> Tensor:
    """Return the derivative by what goes into an activation, all of it [rows, units]."""
    if name == "identity":
        return d
    formula = ACTIVATIONS[name]
    inputs, back = _features_first(z), _features_first(d)
    stage = formula(inputs, inputs if formula.in_place else torch.empty_like(inputs), back)
    stage.forward()
    stage.backward(0)
    return back[0].T


def _features_first(values: Tensor) -> Tensor:
    """Return a copy of [rows, units] as the formulas take it: [1, units, rows]."""
    return values.T[None].clone(memory_format=torch.contiguous_format)


def _sum(left: Tensor, right: Tensor | None = None) -> str:
    """Return a sum of products, or of numbers, with its first terms written out."""
    count = min(len(left), SHOWN_TERMS)
    if right is None:
        terms = [_n(each) for each in left[:count]]
    else:
        terms = [f"{_n(a)}·{_n(b)}" for a, b in zip(left[:count], right[:count], strict=True)]
    return " + ".join([*terms, *(["…"] if len(left) > count else [])])


def _n(value: Tensor) -> str:
    """Return a number in few characters."""
    return f"{float(value.detach()) + 0.0:.3g}"


# --- from a recording ---------------------------------------------------------------------------


def of_run(folder: Path, step: int, member: int = 0) -> Dissection:
    """Take an update of a recorded run apart.

    Args:
        folder: The run's.
        step: Which update; where the weights before it were not kept, the last one before it
            whose were.
        member: Which network of a population.

    Raises:
        RunError: No weights were kept.
        RequestError: The network is one of one's own.
    """
    run = of_folder(RunFolder(folder))
    kept = run.history.snapshot(max(step, 1) - 1)
    if kept is None:
        raise RunError(
            "The recording holds no weights at this step: the network is too large for that."
        )
    shown = kept.step + 1
    after = run.history.snapshot(shown)
    rows = run.history.series.get("train")
    known = rows is not None and rows.count and rows.steps[-1] >= shown
    return dissect(
        alone(run.experiment, member),
        kept.values[member],
        shown,
        lr=rows.value("lr", shown, member) if rows is not None and known else None,
        after=after.values[member] if after is not None and after.step == shown else None,
    )


def main(arguments: Sequence[str]) -> int:
    """Print a dissection as one line; the exit status is 2 where there is none."""
    folder, step, *member = arguments
    torch.set_num_threads(1)
    try:
        print(of_run(Path(folder), int(step), *map(int, member)).line())
    except EpochalError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
