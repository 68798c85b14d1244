"""The losses: each a table of a preset, with a function of ``torch.nn.functional`` or its rule.

To add a loss, add its class here and to ``Loss``: steps, programs and C are made from its rule by
``RuledFormula``; one whose rule speaks of settings has no C. One that takes fewer operations
another way has a formula of its own in ``engine.gradients.manual.losses``. What a class says beside
its keys is all that the rest of the house needs to know of it; a class that leaves out a part fails
on import.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from .formulas import parsed, variables_in
from .section import Positive, Section, check_whole, named

Targets = Literal["numbers", "binary", "classes"]
"""What a loss compares with: numbers, one probability, or the index of a class."""

Outputs = Literal["anything", "probability", "logit", "margin", "logits", "log_probabilities"]
"""What a loss takes the network's outputs for."""


@dataclass(frozen=True)
class LossRule:
    """What each number costs of output y and target t; classes come as columns of ones and zeros.

    Both are formulas as those of ``engine.components.formulas``.
    """

    each: str
    """What it costs; it may speak of what is named in ``parts``."""
    slope: str
    """The derivative of that by y."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """What has a name of its own on the way to the cost."""

    @cached_property
    def settings(self) -> frozenset[str]:
        """The settings of the loss that it speaks of."""
        formulas = (self.each, self.slope, *self.parts.values())
        spoken = {name for formula in formulas for name in variables_in(parsed(formula))}
        return frozenset(spoken - {"y", "t", "loss", *self.parts})


class LossBase(Section):
    """What every loss has."""

    functional: ClassVar[str | None]
    """The name of its function in ``torch.nn.functional``; None where there is none."""
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
    rule: ClassVar[LossRule]
    """Both as formulas, by which programs are printed, and by which it is computed where PyTorch
    has no function for it."""
    root: ClassVar[bool]
    """Whether the square root is taken of the mean."""

    reduction: Literal["mean", "sum"] = "mean"
    """The mean or the sum over the samples (and, for numbers, over the outputs)."""
    class_weights: (
        Literal["balanced"] | Annotated[list[Positive], Field(min_length=2, max_length=1000)] | None
    ) = None
    """What a row counts for by its class: a number for each class, in their order, or
    ``"balanced"``, which is rows / (classes * rows of the class) in the training part, so that rare
    classes count as much as others. It multiplies what a row costs before the mean over the rows is
    taken, in the dev and test set too; accuracies count every row alike."""

    @classmethod
    def threshold(cls) -> float:
        """Return where a single output turns from class 0 to class 1."""
        return 0.0 if cls.outputs in ("logit", "margin") else 0.5

    @property
    def arguments(self) -> dict[str, Any]:
        """What the function is called with, beside outputs, targets and the reduction."""
        return self.model_dump(exclude={"name", "reduction", "class_weights"})

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every loss to be whole.

        Raises:
            TypeError: It lacks something, its rule speaks of unknown things, or it is a root that
                nothing computes.
        """
        parts = ("functional", "formula", "targets", "outputs", "each", "slope", "rule", "root")
        check_whole(cls, LossBase, ("name", *parts))
        if cls.root and cls.formula == "RuledFormula":
            raise TypeError(f"{cls.__name__}: the root of a mean needs a formula of its own")
        if unknown := cls.rule.settings - {*cls.model_fields}:
            raise TypeError(f"{cls.__name__}: no settings: {', '.join(sorted(unknown))}")


class MSE(LossBase):
    """The squared error."""

    functional = "mse_loss"
    formula = "MSEFormula"
    targets = "numbers"
    outputs = "anything"
    each = "(y - t)²"
    slope = "2 (y - t)"
    rule = LossRule("(y - t)**2", "2 * (y - t)")
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
    rule = LossRule("(y - t)**2", "(y - t) / loss")
    root = True
    name: Literal["rmse"] = "rmse"
    reduction: Literal["mean"] = "mean"
    """Always the mean, before the root is taken."""
    class_weights: None = None
    """The root is of all rows together."""


class L1(LossBase):
    """The absolute error: outliers count less than under the squared error."""

    functional = "l1_loss"
    formula = "L1Formula"
    targets = "numbers"
    outputs = "anything"
    each = "|y - t|"
    slope = "sign(y - t)"
    rule = LossRule("abs(y - t)", "sign(y - t)")
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
    rule = LossRule(
        "held * (y - t - held / 2)",
        "clip(y - t, -delta, delta)",
        {"held": "clip(y - t, -delta, delta)"},
    )
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
    rule = LossRule(
        "(t - 1) * no - t * yes",
        "(y - t) / maximum(y * (1 - y), 1e-12)",
        {"yes": "maximum(log(y), -100)", "no": "maximum(log1p(-y), -100)"},
    )
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
    rule = LossRule("maximum(y, 0) - t * y + log1p(exp(-abs(y)))", "sigmoid(y) - t")
    root = False
    name: Literal["binary_cross_entropy_with_logits"] = "binary_cross_entropy_with_logits"


class Hinge(LossBase):
    """max(0, 1 - s y) of the side s, 1 or -1: an output needs no more than 1 on its side of 0.

    Cortes and Vapnik 1995, "Support-vector networks".
    """

    functional = None
    formula = "RuledFormula"
    targets = "binary"
    outputs = "margin"
    each = "max(0, 1 - s y), where s is 1 or -1, as t is 1 or 0"
    slope = "(-s where s y < 1, else 0)"
    # The comparison is such that what is no number costs no number.
    rule = LossRule(
        "where(s * y >= 1, 0 * t, 1 - s * y)", "where(s * y >= 1, 0 * t, -s)", {"s": "2 * t - 1"}
    )
    root = False
    name: Literal["hinge"] = "hinge"


class CrossEntropy(LossBase):
    """-log softmax(outputs) at the true class."""

    functional = "cross_entropy"
    formula = "CrossEntropyFormula"
    targets = "classes"
    outputs = "logits"
    each = "-log softmax(y) at the class t"
    slope = "(softmax(y) - t)"
    rule = LossRule("where(t > 0, -log_softmax(y), 0 * t)", "softmax(y) - t")
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
    rule = LossRule("where(t > 0, -y, 0 * t)", "-t")
    root = False
    name: Literal["negative_log_likelihood"] = "negative_log_likelihood"


Loss = Annotated[
    MSE
    | RMSE
    | L1
    | Huber
    | BinaryCrossEntropy
    | BinaryCrossEntropyWithLogits
    | Hinge
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
