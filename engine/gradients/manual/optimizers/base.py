"""What every optimizer's formula has: settings, learning rates and state of all members.

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
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....experiment.experiment import Members
from ....network.parameters import ParameterLayout

Values = Any
"""One number, or one for each member: a float, an array [members], a tensor [] or [members]."""

Factor = tuple[Tensor | None, float]
"""What something is multiplied by: a tensor [numbers] or [], where there is one, times a number.

PyTorch takes the number into the operation, which costs nothing; a number in an operation of its
own costs more than a tensor, and allocates one.
"""


def owners_of(layout: ParameterLayout) -> NDArray[np.int64]:
    """Return the member whose each of the parameters' numbers is, [numbers].

    Padding counts as the first member's.
    """
    owners = np.zeros(layout.size, dtype=np.int64)
    # Of the padding the gradient is 0: whoever it counts as, it stays as it is.
    owners[layout.positions] = np.arange(layout.members)[:, None]
    return owners[: layout.learned]


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
        self, members: Members, owners: NDArray[np.int64], weights: Tensor, capturable: bool
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
        # Without t it stays true until the rate is set again: worked out here, not in every step.
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
        # A number goes into an operation at no cost; only members that differ need a tensor.
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
        # A number where the members agree: one operation less than with a tensor, and no memory.
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
        # Always written to the same memory: a captured CUDA graph reads that and no other.
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
        # Flat as the weights are: a running mean of every number of every member is one operation.
        self._state[name] = torch.zeros_like(self._weights)
        return self._state[name]

    def _scratch(self) -> Tensor:
        """Return room for what is needed within a step, [numbers]."""
        return torch.zeros_like(self._weights)

    def _with_decay(self, g: Tensor) -> Tensor:
        """Return g + weight_decay · w, the gradient of the loss and of |w|² · weight_decay / 2."""
        if not self._decays:
            return g
        # Into room of its own: g is the row of the block, and is recorded as it was computed.
        return write_sum(g, self._weights, self._decay, self._decayed)


def write_sum(a: Tensor, b: Tensor, factor: Factor, out: Tensor) -> Tensor:
    """Write a + factor · b to ``out``."""
    each, number = factor
    if each is None:
        return a.add_(b, alpha=number) if out is a else torch.add(a, b, alpha=number, out=out)
    return torch.addcmul(a, b, each, value=number, out=out)


def add(target: Tensor, a: Tensor, factor: Factor) -> None:
    """Add factor · a to ``target``."""
    each, number = factor
    if each is None:
        target.add_(a, alpha=number)
    else:
        target.addcmul_(a, each, value=number)


def add_product(target: Tensor, a: Tensor, b: Tensor, factor: Factor, scratch: Tensor) -> None:
    """Add factor · a · b to ``target``."""
    each, number = factor
    if each is not None:
        # The factor first, as PyTorch does: a square alone may be beyond float32.
        a = torch.mul(a, each, out=scratch)
    target.addcmul_(a, b, value=number)


def add_ratio(target: Tensor, a: Tensor, b: Tensor, factor: Factor, scratch: Tensor) -> None:
    """Add factor · a ÷ b to ``target``; ``scratch`` may be b."""
    each, number = factor
    if each is None:
        target.addcdiv_(a, b, value=number)
    else:
        target.addcmul_(torch.div(a, b, out=scratch), each, value=number)
