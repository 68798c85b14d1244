"""The losses, by hand: what each number costs, and the derivative of the whole by the outputs.

Outputs y and targets t are [..., members, outputs, rows]; classes come as ones and zeros. A loss
is the mean over all N numbers of a member, over its rows alone where the targets are classes, or
a sum, where N is 1. ``each`` is what a viewer sees, computed for many steps at once; ``backward``
is what a step needs, written into dy. A loss's entry names its class here.

Where a row counts for w by its class, it costs w times as much, and its derivative is w times it.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from ...components.losses import LOSSES, Huber
from ...experiment.experiment import Members
from ...step.class_weights import class_weights
from ...step.evaluation import ruled
from ..leaned_on import aten, softmax


class LossFormula(ABC):
    """What every loss has.

    Args:
        members: Say which loss, whether it is a mean, and what a row counts for by its class.
        y: The outputs of the rows that are learned from, [members, outputs, rows].
        dy: Where the derivative by them goes.
    """

    def __init__(self, members: Members, y: Tensor, dy: Tensor) -> None:
        self.spec, self.y, self.dy = members[0].loss, y, dy
        weights = class_weights(members)
        # [members, classes, 1]: a row's is found by a product with its ones and zeros.
        self.weights: Final = None if weights is None else weights.to(dy)[..., None]
        self.has_shares: Final = members[0].has_shares
        """Whether t are the shares of classes, and not ones and zeros."""
        _, outputs, rows = y.shape
        numbers = rows if self.spec.targets == "classes" else outputs * rows
        self.share: Final = 1.0 if self.spec.reduction == "sum" else 1.0 / numbers
        """1 / N."""
        # As tensors: PyTorch would make one of each number in every step.
        self.factor: Final = dy.new_tensor(self.share)
        self.twice: Final = dy.new_tensor(2 * self.share)
        self.minus: Final = dy.new_tensor(-self.share)

    def cost(self, y: Tensor, t: Tensor) -> Tensor:
        """Return what each number costs, each row as it counts."""
        each = self.each(y, t)
        return each if self.weights is None else each.mul_(self._row_weights(t))

    def derive(self, t: Tensor) -> None:
        """Write the derivative of the loss by y into dy, each row as it counts."""
        self.backward(t)
        if self.weights is not None:
            self.dy.mul_(self._row_weights(t))

    def _row_weights(self, t: Tensor) -> Tensor:
        """Return what rows count for, [..., members, 1, rows]."""
        assert self.weights is not None
        if self.spec.targets == "classes":
            return (t * self.weights).sum(-2, keepdim=True)
        # Exact at both ends, where the targets are.
        return torch.lerp(self.weights[:, :1], self.weights[:, 1:], t)

    @abstractmethod
    def each(self, y: Tensor, t: Tensor) -> Tensor:
        """Return what each number costs; of classes, all but the true one cost nothing."""

    def total(self, each: Tensor) -> Tensor:
        """Return the loss of what each number costs, [..., members]."""
        # Sums of many steps at once, each over its own numbers: the same order as for one step.
        total: Tensor = each.sum((-2, -1))
        return total if self.share == 1.0 else total.mul_(self.share)

    @abstractmethod
    def backward(self, t: Tensor) -> None:
        """Write the derivative of the loss by y into dy."""


class MSEFormula(LossFormula):
    """(y - t)²; its derivative is 2 (y - t)."""

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        return torch.sub(y, t).square_()

    def backward(self, t: Tensor) -> None:
        torch.sub(self.y, t, out=self.dy)
        self.dy.mul_(self.twice)


class RMSEFormula(MSEFormula):
    """√(‖y - t‖² / N); its derivative is (y - t) / (√N ‖y - t‖), and 0 where y = t.

    There it has a corner, as |x| has at 0, and 0 is one of the slopes between.
    """

    def __init__(self, members: Members, y: Tensor, dy: Tensor) -> None:
        super().__init__(members, y, dy)
        # √(1 / N): dy / ‖dy‖ has length 1, so that this is all that N does to the derivative.
        self.norm, self.root = dy.new_zeros(len(dy), 1, 1), dy.new_tensor(self.share**0.5)
        self.fits = torch.zeros_like(self.norm, dtype=torch.bool)

    def total(self, each: Tensor) -> Tensor:
        return super().total(each).sqrt_()

    def backward(self, t: Tensor) -> None:
        torch.sub(self.y, t, out=self.dy)
        torch.linalg.vector_norm(self.dy, dim=(1, 2), keepdim=True, out=self.norm)
        # Where all is right 0 / 0 becomes 0 / 1.
        torch.eq(self.norm, 0, out=self.fits)
        self.norm.add_(self.fits)
        self.dy.div_(self.norm).mul_(self.root)


class L1Formula(LossFormula):
    """|y - t|; its derivative is sign(y - t)."""

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        return torch.sub(y, t).abs_()

    def backward(self, t: Tensor) -> None:
        torch.sub(self.y, t, out=self.dy)
        self.dy.sign_().mul_(self.factor)


class HuberFormula(LossFormula):
    """e² / 2 within ±δ, δ (|e| - δ / 2) beyond, of e = y - t; its derivative is e, held at ±δ.

    Both are one formula: c (|e| - c / 2) with c = min(|e|, δ).
    """

    spec: Huber

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        error = torch.sub(y, t).abs_()
        # c: the error itself inside, δ beyond; below, c (|e| - c / 2) is both branches in one.
        held = error.clamp(max=self.spec.delta)
        return error.sub_(held, alpha=0.5).mul_(held)

    def backward(self, t: Tensor) -> None:
        torch.sub(self.y, t, out=self.dy)
        # The slope of the square inside, and of the straight line beyond.
        self.dy.clamp_(-self.spec.delta, self.spec.delta).mul_(self.factor)


class BinaryCrossEntropyFormula(LossFormula):
    """-(t log y + (1 - t) log(1 - y)), the logarithms held above -100 as PyTorch does.

    The derivative is (y - t) / (y (1 - y)), the denominator held above 1e-12. It cannot be joined
    with the slope of the sigmoid before it: where that is saturated, PyTorch's gradient is 0 and
    the joined formula's, y - t, is not.
    """

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        # The logarithm of 0 is held, or one certain and wrong answer would be an infinite loss.
        yes = y.log().clamp_(min=-100)
        no = y.neg().log1p_().clamp_(min=-100)
        return no.mul_(t - 1).sub_(yes.mul_(t))

    def backward(self, t: Tensor) -> None:
        # The operation multiplies by what lies there: the derivative that comes from above, 1 / N.
        self.dy.fill_(self.share)
        backward = aten.binary_cross_entropy_backward.grad_input
        backward(self.dy, self.y, t, None, 0, grad_input=self.dy)


class LogitCrossEntropyFormula(LossFormula):
    """max(y, 0) - t y + log(1 + exp(-|y|)); its derivative is sigmoid(y) - t."""

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        # exp of something negative alone: the naive log(1 + exp(y)) overflows at y = 89 in float32.
        curve = y.abs().neg_().exp_().log1p_()
        return curve.add_(y.clamp(min=0)).addcmul_(t, y, value=-1)

    def backward(self, t: Tensor) -> None:
        # The sigmoid's slope has cancelled out of the product: nothing vanishes where it is flat.
        torch.sigmoid(self.y, out=self.dy)
        self.dy.sub_(t).mul_(self.factor)


class RuledFormula(LossFormula):
    """A loss as its rule states it, one number at a time."""

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        return ruled(self.spec, self.spec.rule.each, y, t)

    def backward(self, t: Tensor) -> None:
        torch.mul(ruled(self.spec, self.spec.rule.slope, self.y, t), self.factor, out=self.dy)


class NegativeLogLikelihoodFormula(LossFormula):
    """-y of the true class; its derivative is -t."""

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        # Not t · y: what is none of the true class may be infinite.
        cost = y.masked_fill(t == 0, 0).neg_()
        return cost.mul_(t) if self.has_shares else cost

    def backward(self, t: Tensor) -> None:
        # t is one-hot, so that all classes but the true one get 0.
        torch.mul(t, self.minus, out=self.dy)


class CrossEntropyFormula(NegativeLogLikelihoodFormula):
    """-log softmax(y) of the true class; its derivative is softmax(y) - t."""

    def each(self, y: Tensor, t: Tensor) -> Tensor:
        return super().each(torch.log_softmax(y, -2), t)

    def backward(self, t: Tensor) -> None:
        # As above: softmax and logarithm together leave p - t, however sure the network is.
        softmax(self.y, 1, False, out=self.dy)
        if self.has_shares:
            # The shares of a row sum to 1 but for a rounding error, which counts all the same.
            self.dy.mul_(t.sum(1, keepdim=True))
        self.dy.sub_(t).mul_(self.factor)


FORMULAS: Final[Mapping[str, type[LossFormula]]] = {
    name: getattr(sys.modules[__name__], entry.formula) for name, entry in LOSSES.items()
}
"""The formula of every loss, by its name in a preset."""
