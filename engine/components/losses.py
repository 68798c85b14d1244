"""The losses: each a table of a preset that names a function of ``torch.nn.functional``.

To add a loss, add its class here and to ``Loss``. What a class says beside its keys is what the
rest of the engine needs to know of it: which targets it takes, and which outputs.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from .section import Positive, Section, named

Targets = Literal["numbers", "binary", "classes"]
"""What a loss compares with: numbers, one probability, or the index of a class."""

Outputs = Literal["anything", "probability", "logit", "logits", "log_probabilities"]
"""What a loss takes the network's outputs for."""


class LossBase(Section):
    """What every loss has."""

    functional: ClassVar[str]
    """The name of its function in ``torch.nn.functional``."""
    targets: ClassVar[Targets] = "numbers"
    """What it compares with."""
    outputs: ClassVar[Outputs] = "anything"
    """What it takes the network's outputs for."""
    root: ClassVar[bool] = False
    """Whether the square root is taken of the mean."""

    reduction: Literal["mean", "sum"] = "mean"
    """The mean or the sum over the samples (and, for numbers, over the outputs)."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is called with, beside outputs, targets and the reduction."""
        return self.model_dump(exclude={"name", "reduction"})


class MSE(LossBase):
    """The squared error."""

    functional: ClassVar[str] = "mse_loss"
    name: Literal["mse"] = "mse"


class RMSE(LossBase):
    """The root of the mean squared error: in the unit of the targets."""

    functional: ClassVar[str] = "mse_loss"
    root: ClassVar[bool] = True
    name: Literal["rmse"] = "rmse"
    reduction: Literal["mean"] = "mean"
    """Always the mean, before the root is taken."""


class L1(LossBase):
    """The absolute error: outliers count less than under the squared error."""

    functional: ClassVar[str] = "l1_loss"
    name: Literal["l1"] = "l1"


class Huber(LossBase):
    """The squared error for small errors, the absolute one for large."""

    functional: ClassVar[str] = "huber_loss"
    name: Literal["huber"] = "huber"
    delta: Positive = 1.0
    """Where it turns from one into the other, in the unit of the targets."""


class BinaryCrossEntropy(LossBase):
    """-(y log p + (1 - y) log(1 - p)) of a probability p; PyTorch holds the logs above -100."""

    functional: ClassVar[str] = "binary_cross_entropy"
    targets: ClassVar[Targets] = "binary"
    outputs: ClassVar[Outputs] = "probability"
    name: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class BinaryCrossEntropyWithLogits(LossBase):
    """The binary cross-entropy of sigmoid(output), computed without its rounding."""

    functional: ClassVar[str] = "binary_cross_entropy_with_logits"
    targets: ClassVar[Targets] = "binary"
    outputs: ClassVar[Outputs] = "logit"
    name: Literal["binary_cross_entropy_with_logits"] = "binary_cross_entropy_with_logits"


class CrossEntropy(LossBase):
    """-log softmax(outputs) at the true class."""

    functional: ClassVar[str] = "cross_entropy"
    targets: ClassVar[Targets] = "classes"
    outputs: ClassVar[Outputs] = "logits"
    name: Literal["cross_entropy"] = "cross_entropy"


class NegativeLogLikelihood(LossBase):
    """-output at the true class, where the outputs are log-probabilities."""

    functional: ClassVar[str] = "nll_loss"
    targets: ClassVar[Targets] = "classes"
    outputs: ClassVar[Outputs] = "log_probabilities"
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
