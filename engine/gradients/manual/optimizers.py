"""What a step does with its gradient: PyTorch's optimizers, each written out as its formula.

Everything here is one flat tensor [numbers], the parameters' part of
``engine.network.parameters``: all parameters of all members, and the padding between them, whose
gradient is 0 and which stays 0.

    w weights   g gradient   t the step, from 1   √ · ÷ one number at a time

A setting in which the members agree is a number; one in which they differ is a tensor [numbers]
with each member's value at its positions. What depends on the learning rate or on the step, such
as 1 - beta1^t, is worked out first, as a number or one for each member, by the same arithmetic:

    alone, or agreed   numbers of Python's
    members differ     arrays [members] of numpy's, spread to [numbers]
    capturable         tensors on the device, changed in place: a captured CUDA graph would
                       freeze a number of Python's, and would count no steps

To add an optimizer's formula, add its class here and a row to ``FORMULAS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...experiment.experiment import Experiment
from ...network.parameters import ParameterLayout
from ..leaned_on import fused_adam, fused_adamw

Values = Any
"""One number, or one for each member: a float, an array [members], a tensor [] or [members]."""

Factor = tuple[Tensor | None, float]
"""What something is multiplied by: a tensor [numbers] or [], where there is one, times a number.

PyTorch takes the number into the operation, which costs nothing; a number in an operation of its
own costs more than a tensor, and allocates one.
"""


def make_update(
    members: Sequence[Experiment],
    layout: ParameterLayout,
    weights: Tensor,
    *,
    capturable: bool = False,
) -> UpdateBase:
    """Return what updates the weights as the members' optimizers say.

    Args:
        members: The members, whose optimizers may differ in every number.
        layout: Where each member's parameters lie.
        weights: The flat tensor [size], or its parameters' part [numbers]; written in place.
        capturable: Whether a step can be captured in a CUDA graph.
    """
    owners = owners_of(layout)
    numbers = weights[: len(owners)]
    assert len({_kind(member) for member in members}) == 1, "members differ in numbers alone"
    return FORMULAS[members[0].optimizer.name](members, owners, numbers, capturable)


def owners_of(layout: ParameterLayout) -> NDArray[np.int64]:
    """Return the member whose each of the parameters' numbers is, [numbers].

    Padding counts as the first member's.
    """
    owners = np.zeros(layout.size, dtype=np.int64)
    owners[layout.positions] = np.arange(layout.members)[:, None]
    return owners[: layout.learned]


def _kind(member: Experiment) -> tuple[Any, ...]:
    """Return what makes a formula another formula: its name, and what is on or off in it."""
    switches = (value for _, value in member.optimizer if isinstance(value, bool))
    return member.optimizer.name, *switches


class UpdateBase(ABC):
    """What every formula has: its members' settings, its learning rates, its state.

    Args:
        members: Whose optimizers it is the formula of.
        owners: The member whose each number is, [numbers].
        weights: What is updated, [numbers].
        capturable: Whether a step can be captured in a CUDA graph.
    """

    timed = True
    """Whether the formula speaks of t."""

    def __init__(
        self,
        members: Sequence[Experiment],
        owners: NDArray[np.int64],
        weights: Tensor,
        capturable: bool,
    ) -> None:
        self._weights = weights
        self._specs = [member.optimizer for member in members]
        self._capturable = capturable
        count, device = len(members), weights.device
        self._owners = torch.from_numpy(owners).to(device)
        self._state: dict[str, Tensor] = {}
        self._spreads: dict[str, Tensor] = {}
        # float64 until a factor is finished: 1 - 0.999 of float32 is off in its fifth digit.
        self._host = np.zeros(count)
        self._of_host = torch.from_numpy(self._host)
        self._each = torch.zeros(count, dtype=weights.dtype, device=device)
        self._t: Any = 0
        self._lr: Values = 0.0
        if capturable:
            self._t = torch.zeros((), dtype=torch.float64, device=device)
            shape = (count,) if count > 1 else ()
            self._lr = torch.zeros(shape, dtype=torch.float64, device=device)
        self._weight_decay = self._setting("weight_decay")
        self._decay = self._factor(self._weight_decay)
        self._decays = self._any("weight_decay")
        self._decayed = self._scratch() if self._decays else weights
        self._prepare()
        self.set_lr([spec.lr for spec in self._specs])

    @property
    def lr(self) -> list[float]:
        """The learning rate of the next update, for each member."""
        return list(self._rates)

    @property
    def alike(self) -> bool:
        """Whether steps are the same operations until the rate is set: no number of Python's
        counts them.
        """
        return self._capturable or not self.timed

    def set_lr(self, values: Sequence[float]) -> None:
        """Set each member's learning rate from the next update on."""
        self._rates = [float(value) for value in values]
        first = self._rates[0]
        if self._capturable:
            self._host[:] = self._rates
            self._lr.copy_(self._of_host.view(self._lr.shape))
        elif all(rate == first for rate in self._rates):
            self._lr = first
        else:
            self._lr = np.array(self._rates)
            self._lr_spread, _ = self._spread("lr", self._lr)
        if not self.timed:
            self._refresh()

    @abstractmethod
    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""

    def state(self) -> dict[str, Any]:
        """Return copies of what besides the weights is needed to go on, by PyTorch's names."""
        tensors = {name: tensor.clone() for name, tensor in self._state.items()}
        return {"lr": self.lr, "step": int(self._t), **tensors}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        # In place where it is a tensor.
        self._t *= 0
        self._t += state["step"]
        for name, tensor in self._state.items():
            tensor.copy_(state[name])
        self.set_lr(state["lr"])

    def _prepare(self) -> None:  # noqa: B027 (not every formula has any)
        """Make the settings and buffers of this formula."""

    def _refresh(self) -> None:  # noqa: B027 (nor does every formula ask for this)
        """Work out what depends on the learning rates and on t."""

    def _advance(self) -> None:
        """Count the step, in place where it is a tensor, and work out what depends on it."""
        self._t += 1
        self._refresh()

    def _setting(self, name: str) -> Values:
        """Return a setting: a number where the members agree, else [members]."""
        values = [float(getattr(spec, name)) for spec in self._specs]
        agree = all(value == values[0] for value in values)
        return values[0] if agree else self._of_members(values)

    def _of_members(self, values: list[float]) -> Values:
        """Return numbers of the members as what a step computes with, [members]."""
        array = np.array(values)
        return torch.from_numpy(array).to(self._weights.device) if self._capturable else array

    def _any(self, name: str) -> bool:
        """Return whether a setting is on, or above 0, for any member."""
        return any(getattr(spec, name) for spec in self._specs)

    def _tensor(self, values: Values) -> Tensor:
        """Return values that never change as a tensor, [] or [numbers]."""
        weights = self._weights
        each = torch.as_tensor(values, dtype=torch.float64, device=weights.device)
        return (each if each.dim() == 0 else each[self._owners]).to(weights.dtype)

    def _factor(self, values: Values) -> Factor:
        """Return values that never change as a factor."""
        return (None, values) if isinstance(values, float) else (self._tensor(values), 1.0)

    def _spread(self, name: str, values: Values) -> Factor:
        """Return values of this step as a factor, in a tensor that is always the same one."""
        if isinstance(values, float):
            return None, values
        if isinstance(values, np.ndarray):
            self._host[:] = values
            values = self._of_host
        if name not in self._spreads:
            shape = self._weights.shape if values.dim() else ()
            self._spreads[name] = self._weights.new_zeros(shape)
        spread = self._spreads[name]
        if values.dim():
            torch.index_select(self._each.copy_(values), 0, self._owners, out=spread)
        else:
            spread.copy_(values)
        return spread, 1.0

    def _rate(self, name: str, values: Values = 1.0) -> Factor:
        """Return minus the learning rate, times values of this step, as a factor."""
        if isinstance(self._lr, np.ndarray) and isinstance(values, float):
            return self._lr_spread, -values
        return self._spread(name, -self._lr * values)

    def _buffer(self, name: str) -> Tensor:
        """Return zeros [numbers] that belong to the state."""
        self._state[name] = torch.zeros_like(self._weights)
        return self._state[name]

    def _scratch(self) -> Tensor:
        """Return room for what is needed within a step, [numbers]."""
        return torch.zeros_like(self._weights)

    def _with_decay(self, g: Tensor) -> Tensor:
        """Return g + weight_decay · w, the gradient of the loss and of |w|² · weight_decay / 2."""
        if not self._decays:
            return g
        return _sum(g, self._weights, self._decay, self._decayed)


def _sum(a: Tensor, b: Tensor, factor: Factor, out: Tensor) -> Tensor:
    """Write a + factor · b to ``out``."""
    each, number = factor
    if each is None:
        return torch.add(a, b, alpha=number, out=out)
    return torch.addcmul(a, b, each, value=number, out=out)


def _add(target: Tensor, a: Tensor, factor: Factor) -> None:
    """Add factor · a to ``target``."""
    each, number = factor
    if each is None:
        target.add_(a, alpha=number)
    else:
        target.addcmul_(a, each, value=number)


def _add_square(target: Tensor, a: Tensor, factor: Factor, scratch: Tensor) -> None:
    """Add factor · a² to ``target``."""
    each, number = factor
    if each is None:
        target.addcmul_(a, a, value=number)
    else:
        # The factor first, as PyTorch does: the square alone may be beyond float32.
        target.addcmul_(torch.mul(a, each, out=scratch), a, value=number)


def _add_ratio(target: Tensor, a: Tensor, b: Tensor, factor: Factor, scratch: Tensor) -> None:
    """Add factor · a ÷ b to ``target``; ``scratch`` may be b."""
    each, number = factor
    if each is None:
        target.addcdiv_(a, b, value=number)
    else:
        target.addcmul_(torch.div(a, b, out=scratch), each, value=number)


class ByHand(UpdateBase):
    """The textbook's update: w ← w - lr · g.

    Clearing the gradient is up to whoever computes it.
    """

    timed = False

    def _refresh(self) -> None:
        self._change = self._rate("change")

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        _add(self._weights, gradient, self._change)


class SGD(UpdateBase):
    """Gradient descent: b ← momentum · b + (1 - dampening) · g, where the first b is g; then
    w ← w - lr · b, or w - lr · (g + momentum · b) with Nesterov's look ahead.

    Sutskever and others 2013, "On the importance of initialization and momentum", in PyTorch's
    form, in which the learning rate is outside the momentum.
    """

    timed = False

    def _prepare(self) -> None:
        momentum = self._setting("momentum")
        self._has_momentum = self._any("momentum")
        if not self._has_momentum:
            return
        self._kept = self._tensor(momentum)
        self._ahead = self._factor(momentum)
        self._nesterov = self._any("nesterov")
        # Without momentum there is nothing to dampen.
        self._dampening = self._setting("dampening") * ((momentum > 0) * 1)
        self.timed = self._any("dampening")
        self._taken: Factor = (None, 1.0)
        self._b = self._buffer("momentum_buffer")
        self._look = self._scratch() if self._nesterov else self._b

    def _refresh(self) -> None:
        self._change = self._rate("change")
        if self.timed:
            first = 0.0 ** (self._t - 1)  # 1 in the first step, then 0
            self._taken = self._spread("taken", 1.0 - self._dampening * (1.0 - first))

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        if self.timed:
            self._advance()
        g = self._with_decay(gradient)
        if self._has_momentum:
            self._b.mul_(self._kept)
            _add(self._b, g, self._taken)
            g = _sum(g, self._b, self._ahead, self._look) if self._nesterov else self._b
        _add(self._weights, g, self._change)


class Adagrad(UpdateBase):
    """s ← s + g²; w ← w - lr / (1 + (t - 1) · lr_decay) · g ÷ (√s + eps).

    Duchi, Hazan and Singer 2011, "Adaptive subgradient methods".
    """

    def _prepare(self) -> None:
        self._lr_decay = self._setting("lr_decay")
        self._eps = self._tensor(self._setting("eps"))
        self._s = self._buffer("sum")
        self._s.copy_(self._tensor(self._setting("initial_accumulator_value")))
        self._root = self._scratch()

    def _refresh(self) -> None:
        self._change = self._rate("change", 1.0 / (1.0 + (self._t - 1) * self._lr_decay))

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        self._advance()
        g = self._with_decay(gradient)
        self._s.addcmul_(g, g)
        root = torch.sqrt(self._s, out=self._root).add_(self._eps)
        _add_ratio(self._weights, g, root, self._change, root)


class Adadelta(UpdateBase):
    """v ← rho · v + (1 - rho) · g²; d = √(u + eps) ÷ √(v + eps) · g;
    u ← rho · u + (1 - rho) · d²; w ← w - lr · d.

    Zeiler 2012, "ADADELTA: an adaptive learning rate method".
    """

    timed = False

    def _prepare(self) -> None:
        rho = self._setting("rho")
        self._rho, self._rest = self._tensor(rho), self._factor(1.0 - rho)
        self._eps = self._tensor(self._setting("eps"))
        self._v, self._u = self._buffer("square_avg"), self._buffer("acc_delta")
        self._d, self._root = self._scratch(), self._scratch()

    def _refresh(self) -> None:
        self._change = self._rate("change")

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        g = self._with_decay(gradient)
        _add_square(self._v.mul_(self._rho), g, self._rest, self._root)
        root = torch.add(self._v, self._eps, out=self._root).sqrt_()
        d = torch.add(self._u, self._eps, out=self._d).sqrt_().div_(root).mul_(g)
        _add_square(self._u.mul_(self._rho), d, self._rest, self._root)
        _add(self._weights, d, self._change)


class RMSprop(UpdateBase):
    """v ← alpha · v + (1 - alpha) · g²; d = g ÷ (√v + eps), centered √(v - m²) with the mean m
    of g; w ← w - lr · d, or with momentum b ← momentum · b + d and w ← w - lr · b.

    Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning"; centered in
    Graves 2013, "Generating sequences with recurrent neural networks".
    """

    timed = False

    def _prepare(self) -> None:
        alpha = self._setting("alpha")
        self._alpha, self._rest = self._tensor(alpha), self._factor(1.0 - alpha)
        self._weight_of_g = self._tensor(1.0 - alpha)
        self._eps = self._tensor(self._setting("eps"))
        self._v, self._root = self._buffer("square_avg"), self._scratch()
        self._centered = self._any("centered")
        if self._centered:
            self._m = self._buffer("grad_avg")
        self._has_momentum = self._any("momentum")
        if self._has_momentum:
            self._kept = self._tensor(self._setting("momentum"))
            self._b = self._buffer("momentum_buffer")

    def _refresh(self) -> None:
        self._change = self._rate("change")

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        g, root = self._with_decay(gradient), self._root
        _add_square(self._v.mul_(self._alpha), g, self._rest, root)
        if self._centered:
            self._m.lerp_(g, self._weight_of_g)
            torch.addcmul(self._v, self._m, self._m, value=-1, out=root).sqrt_()
        else:
            torch.sqrt(self._v, out=root)
        root.add_(self._eps)
        if self._has_momentum:
            self._b.mul_(self._kept).addcdiv_(g, root)
            _add(self._weights, self._b, self._change)
        else:
            _add_ratio(self._weights, g, root, self._change, root)


class _Moments(UpdateBase):
    """What the family of Adam shares: the running mean of g, which is worth more by 1 - beta1^t."""

    def _prepare(self) -> None:
        self._beta1, self._beta2 = self._setting("beta1"), self._setting("beta2")
        self._weight_of_g = self._tensor(1.0 - self._beta1)
        self._kept2 = self._tensor(self._beta2)
        self._eps = self._tensor(self._setting("eps"))
        self._m, self._root = self._buffer("exp_avg"), self._scratch()


class _AdamBase(_Moments):
    """m ← beta1 · m + (1 - beta1) · g; v ← beta2 · v + (1 - beta2) · g²;
    w ← w - lr / (1 - beta1^t) · m ÷ (√v / √(1 - beta2^t) + eps); with amsgrad the greatest v so
    far in place of v.

    Where members agree, on the CPU, PyTorch's own kernel does all of it in one pass over memory.
    """

    _kernel: Any
    """PyTorch's kernel for the whole formula."""

    def _prepare(self) -> None:
        super()._prepare()
        self._rest2 = self._factor(1.0 - self._beta2)
        self._v = self._buffer("exp_avg_sq")
        self._amsgrad = self._any("amsgrad")
        self._greatest = self._buffer("max_exp_avg_sq") if self._amsgrad else self._v
        names = ("beta1", "beta2", "weight_decay", "eps")
        settings = {name: self._setting(name) for name in names}
        agree = all(isinstance(value, float) for value in settings.values())
        self._fuses = agree and not self._capturable and self._weights.device.type == "cpu"
        if self._fuses:
            # On the tensor, where the kernel looks for it; ``_t`` follows when it is asked for.
            self._count, self._one = torch.zeros(()), torch.ones(())
            greatest = [self._greatest] if self._amsgrad else []
            self._tensors = [self._m], [self._v], greatest, [self._count]
            self._settings = {**settings, "amsgrad": self._amsgrad, "maximize": False}

    @property
    def alike(self) -> bool:
        """Whether steps are the same operations: the kernel counts them by itself."""
        return self._capturable or (self._fuses and isinstance(self._lr, float))

    def set_lr(self, values: Sequence[float]) -> None:
        """Set each member's learning rate from the next update on."""
        self._count_along()
        super().set_lr(values)

    def state(self) -> dict[str, Any]:
        """Return copies of what besides the weights is needed to go on, by PyTorch's names."""
        self._count_along()
        return super().state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        super().load_state(state)
        if self._fuses:
            self._count.fill_(self._t)

    def _count_along(self) -> None:
        """Let the count follow the kernel's."""
        if self._fuses:
            self._t = max(self._t, int(self._count))
            self._count.fill_(self._t)

    def _refresh(self) -> None:
        self._change = self._rate("change", 1.0 / (1.0 - self._beta1**self._t))
        self._worth = self._spread("worth", (1.0 - self._beta2**self._t) ** -0.5)

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        if self.alike and not self._capturable:
            self._count.add_(self._one)
            self._kernel([self._weights], [gradient], *self._tensors, lr=self._lr, **self._settings)
            return
        self._advance()
        g, root = self._before(gradient), self._root
        self._m.lerp_(g, self._weight_of_g)
        _add_square(self._v.mul_(self._kept2), g, self._rest2, root)
        if self._amsgrad:
            torch.maximum(self._greatest, self._v, out=self._greatest)
        torch.sqrt(self._greatest, out=root)
        _sum(self._eps, root, self._worth, root)
        _add_ratio(self._weights, self._m, root, self._change, root)

    @abstractmethod
    def _before(self, gradient: Tensor) -> Tensor:
        """Let the weights decay in the formula's own way; return the gradient that counts."""


class Adam(_AdamBase):
    """Running means of the gradient and of its square; weight_decay · w is added to g.

    Kingma and Ba 2015, "Adam: a method for stochastic optimization"; amsgrad Reddi and others
    2018, "On the convergence of Adam and beyond".
    """

    _kernel = staticmethod(fused_adam)

    def _before(self, gradient: Tensor) -> Tensor:
        return self._with_decay(gradient)


class AdamW(_AdamBase):
    """Adam, with w ← w - lr · weight_decay · w before the rest.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
    """

    _kernel = staticmethod(fused_adamw)

    def _refresh(self) -> None:
        super()._refresh()
        self._shrinking = self._rate("shrinking", self._weight_decay)

    def _before(self, gradient: Tensor) -> Tensor:
        if self._decays:
            _add(self._weights, self._weights, self._shrinking)
        return gradient


class Adamax(_Moments):
    """m ← beta1 · m + (1 - beta1) · g; u ← max(beta2 · u, |g| + eps);
    w ← w - lr / (1 - beta1^t) · m ÷ u.

    Kingma and Ba 2015, section 7.1.
    """

    def _prepare(self) -> None:
        super()._prepare()
        self._u = self._buffer("exp_inf")

    def _refresh(self) -> None:
        self._change = self._rate("change", 1.0 / (1.0 - self._beta1**self._t))

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        self._advance()
        g = self._with_decay(gradient)
        self._m.lerp_(g, self._weight_of_g)
        size = torch.abs(g, out=self._root).add_(self._eps)
        torch.maximum(self._u.mul_(self._kept2), size, out=self._u)
        _add_ratio(self._weights, self._m, self._u, self._change, self._root)


class NAdam(_Moments):
    """Adam's m and v; mu(t) = beta1 · (1 - 0.96^(t · momentum_decay) / 2), P the product of all
    mu so far; d = √v / √(1 - beta2^t) + eps;
    w ← w - lr · (1 - mu(t)) / (1 - P) · g ÷ d - lr · mu(t + 1) / (1 - P · mu(t + 1)) · m ÷ d.

    Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """

    def _prepare(self) -> None:
        super()._prepare()
        self._rest2 = self._factor(1.0 - self._beta2)
        self._momentum_decay = self._setting("momentum_decay")
        self._v, self._ratio = self._buffer("exp_avg_sq"), self._scratch()
        self._product = self._beta1 * 0.0 + self._momentum_decay * 0.0 + 1.0
        if self._capturable:
            self._product = self._product + torch.zeros_like(self._t)

    def _mu(self, t: Values) -> Values:
        return self._beta1 * (1.0 - 0.5 * 0.96 ** (t * self._momentum_decay))

    def _refresh(self) -> None:
        now, ahead = self._mu(self._t), self._mu(self._t + 1)
        self._product *= now
        self._of_g = self._rate("of_g", (1.0 - now) / (1.0 - self._product))
        self._of_m = self._rate("of_m", ahead / (1.0 - self._product * ahead))
        self._worth = self._spread("worth", (1.0 - self._beta2**self._t) ** -0.5)

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        self._advance()
        g, root = self._with_decay(gradient), self._root
        self._m.lerp_(g, self._weight_of_g)
        _add_square(self._v.mul_(self._kept2), g, self._rest2, root)
        torch.sqrt(self._v, out=root)
        _sum(self._eps, root, self._worth, root)
        _add_ratio(self._weights, g, root, self._of_g, self._ratio)
        _add_ratio(self._weights, self._m, root, self._of_m, self._ratio)

    def state(self) -> dict[str, Any]:
        """Return copies of what besides the weights is needed to go on, by PyTorch's names."""
        return {**super().state(), "mu_product": torch.as_tensor(self._product).tolist()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        super().load_state(state)
        self._product *= 0.0
        product = state["mu_product"]
        self._product += product if isinstance(product, float) else self._of_members(product)


FORMULAS: Final[dict[str, type[UpdateBase]]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "adam": Adam,
    "adamw": AdamW,
    "adamax": Adamax,
    "nadam": NAdam,
    "rmsprop": RMSprop,
    "by_hand": ByHand,
}
"""The formula of each optimizer of a preset."""
