"""Gradient descent with momentum."""

from __future__ import annotations

from torch import Tensor

from .base import Factor, UpdateBase, add, write_sum


class SGDUpdate(UpdateBase):
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
            add(self._b, g, self._taken)
            # Nesterov: the gradient, and the way that the momentum will carry the weights.
            g = write_sum(g, self._b, self._ahead, self._look) if self._nesterov else self._b
        add(self._weights, g, self._change)
