"""The losses: each a table of a preset that names a function of ``torch.nn.functional``.

To add a loss, add its class here and to ``Loss``, and its formula to
``engine.gradients.manual.losses``. What a class says beside its keys is all that the rest of the
house needs to know of it; a class that leaves out a part fails on import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from .section import Positive, Section, check_whole, named

Targets = Literal["numbers", "binary", "classes"]
"""What a loss compares with: numbers, one probability, or the index of a class."""

Outputs = Literal["anything", "probability", "logit", "logits", "log_probabilities"]
"""What a loss takes the network's outputs for."""


class LossBase(Section):
    """What every loss has."""

    functional: ClassVar[str]
    """The name of its function in ``torch.nn.functional``."""
    formula: ClassVar[str]
    """The class of ``engine.gradients.manual.losses`` that computes it and its derivative."""
    targets: ClassVar[Targets]
    """What it compares with."""
    outputs: ClassVar[Outputs]
    """What it takes the network's outputs for."""
    each: ClassVar[str]
    """What one number or row costs, as a lesson writes it, of output y and target t."""
    slope: ClassVar[str]
    """The derivative of that by y, as a lesson writes it."""
    root: ClassVar[bool]
    """Whether the square root is taken of the mean."""

    reduction: Literal["mean", "sum"] = "mean"
    """The mean or the sum over the samples (and, for numbers, over the outputs)."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is called with, beside outputs, targets and the reduction."""
        return self.model_dump(exclude={"name", "reduction"})

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every loss to be whole.

        Raises:
            TypeError: Naming it and what it lacks.
        """
        parts = ("functional", "formula", "targets", "outputs", "each", "slope", "root")
        check_whole(cls, LossBase, parts)


class MSE(LossBase):
    """The squared error."""

    functional = "mse_loss"
    formula = "MSEFormula"
    targets = "numbers"
    outputs = "anything"
    each = "(y - t)²"
    slope = "2 (y - t)"
    root = False
    name: Literal["mse"] = "mse"


class RMSE(LossBase):
    """The root of the mean squared error: in the unit of the targets."""

    functional = "mse_loss"
    formula = "RMSEFormula"
    targets = "numbers"
    outputs = "anything"
    each = "(y - t)²"
    slope = "(y - t) / loss"
    root = True
    name: Literal["rmse"] = "rmse"
    reduction: Literal["mean"] = "mean"
    """Always the mean, before the root is taken."""


class L1(LossBase):
    """The absolute error: outliers count less than under the squared error."""

    functional = "l1_loss"
    formula = "L1Formula"
    targets = "numbers"
    outputs = "anything"
    each = "|y - t|"
    slope = "sign(y - t)"
    root = False
    name: Literal["l1"] = "l1"


class Huber(LossBase):
    """The squared error for small errors, the absolute one for large."""

    functional = "huber_loss"
    formula = "HuberFormula"
    targets = "numbers"
    outputs = "anything"
    each = "(y - t)² / 2, or δ (|y - t| - δ / 2) beyond δ"
    slope = "(y - t held within ±δ)"
    root = False
    name: Literal["huber"] = "huber"
    delta: Positive = 1.0
    """Where it turns from one into the other, in the unit of the targets."""


class BinaryCrossEntropy(LossBase):
    """-(y log p + (1 - y) log(1 - p)) of a probability p; PyTorch holds the logs above -100."""

    functional = "binary_cross_entropy"
    formula = "BinaryCrossEntropyFormula"
    targets = "binary"
    outputs = "probability"
    each = "-log y or -log(1 - y), as t is 1 or 0"
    slope = "(y - t) / (y (1 - y))"
    root = False
    name: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class BinaryCrossEntropyWithLogits(LossBase):
    """The binary cross-entropy of sigmoid(output), computed without its rounding."""

    functional = "binary_cross_entropy_with_logits"
    formula = "LogitCrossEntropyFormula"
    targets = "binary"
    outputs = "logit"
    each = "-log s or -log(1 - s), as t is 1 or 0; s = sigmoid(y)"
    slope = "(sigmoid(y) - t)"
    root = False
    name: Literal["binary_cross_entropy_with_logits"] = "binary_cross_entropy_with_logits"


class CrossEntropy(LossBase):
    """-log softmax(outputs) at the true class."""

    functional = "cross_entropy"
    formula = "CrossEntropyFormula"
    targets = "classes"
    outputs = "logits"
    each = "-log softmax(y) at the class t"
    slope = "(softmax(y) - t)"
    root = False
    name: Literal["cross_entropy"] = "cross_entropy"


class NegativeLogLikelihood(LossBase):
    """-output at the true class, where the outputs are log-probabilities."""

    functional = "nll_loss"
    formula = "NegativeLogLikelihoodFormula"
    targets = "classes"
    outputs = "log_probabilities"
    each = "-y at the class t"
    slope = "-t"
    root = False
    name: Literal["negative_log_likelihood"] = "negative_log_likelihood"


Loss = Annotated[
    MSE
    | RMSE
    | L1
    | Huber
    | BinaryCrossEntropy
    | BinaryCrossEntropyWithLogits
    | CrossEntropy
    | NegativeLogLikelihood,
    Field(discriminator="name"),
    BeforeValidator(named("binary_cross_entropy_with_logits")),
]
"""A loss's table, told apart by ``name``."""

LOSSES: Final[Mapping[str, type[LossBase]]] = {
    entry.model_fields["name"].default: entry for entry in get_args(get_args(Loss)[0])
}
"""Every loss by its name in a preset."""
