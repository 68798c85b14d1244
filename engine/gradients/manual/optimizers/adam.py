"""The family of Adam: running means of the gradient and of its square."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...leaned_on import fused_adam, fused_adamw
from .base import UpdateBase, Values, add, add_product, add_ratio, write_sum


class _Moments(UpdateBase):
    """What the family of Adam shares: the running mean of g, which is worth more by 1 - beta1^t."""

    def _prepare(self) -> None:
        self._beta1, self._beta2 = self._setting("beta1"), self._setting("beta2")
        # m + (1 - beta1) · (g - m), as PyTorch takes it: the same bits, too.
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
        if self._fuses:
            # First: the count would be taken for the newer of the two.
            self._count.fill_(state["step"])
        super().load_state(state)

    def _count_along(self) -> None:
        """Let the count follow the kernel's."""
        if self._fuses:
            self._t = max(self._t, int(self._count))
            self._count.fill_(self._t)

    def _refresh(self) -> None:
        # m starts at 0 and is too small by 1 - beta1^t: the rate is taken to be larger by as much.
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
        add_product(self._v.mul_(self._kept2), g, g, self._rest2, root)
        if self._amsgrad:
            # Before the correction: it is the greatest of the raw means that amsgrad keeps.
            torch.maximum(self._greatest, self._v, out=self._greatest)
        torch.sqrt(self._greatest, out=root)
        # eps is added after the correction for the early steps, as PyTorch does; added before it,
        # it would count for up to 1 / √(1 - beta2) times as much at the first step.
        write_sum(self._eps, root, self._worth, root)
        add_ratio(self._weights, self._m, root, self._change, root)

    @abstractmethod
    def _before(self, gradient: Tensor) -> Tensor:
        """Let the weights decay in the formula's own way; return the gradient that counts."""


class AdamUpdate(_AdamBase):
    """Running means of the gradient and of its square; weight_decay · w is added to g.

    Kingma and Ba 2015, "Adam: a method for stochastic optimization"; amsgrad Reddi and others
    2018, "On the convergence of Adam and beyond".
    """

    _kernel = staticmethod(fused_adam)

    def _before(self, gradient: Tensor) -> Tensor:
        return self._with_decay(gradient)


class AdamWUpdate(_AdamBase):
    """Adam, with w ← w - lr · weight_decay · w before the rest.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
    """

    _kernel = staticmethod(fused_adamw)

    def _refresh(self) -> None:
        super()._refresh()
        self._shrinking = self._rate("shrinking", self._weight_decay)

    def _before(self, gradient: Tensor) -> Tensor:
        if self._decays:
            # Not by way of g: neither m nor v sees the decay, and v does not divide it.
            add(self._weights, self._weights, self._shrinking)
        return gradient


class NAdamUpdate(_Moments):
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
        # 1, of the kind that the settings are: a number where members agree, else one for each.
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
        add_product(self._v.mul_(self._kept2), g, g, self._rest2, root)
        torch.sqrt(self._v, out=root)
        write_sum(self._eps, root, self._worth, root)
        add_ratio(self._weights, g, root, self._of_g, self._ratio)
        add_ratio(self._weights, self._m, root, self._of_m, self._ratio)

    def state(self) -> dict[str, Any]:
        """Return copies of what besides the weights is needed to go on, by PyTorch's names."""
        return {**super().state(), "mu_product": torch.as_tensor(self._product).tolist()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        super().load_state(state)
        self._product *= 0.0
        product = state["mu_product"]
        self._product += product if isinstance(product, float) else self._of_members(product)
