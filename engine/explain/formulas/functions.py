"""The functions of a program of formulas: activations with their slopes, the loss with its own."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...components.activation_rules import ActivationRule
from ...components.activations import ACTIVATIONS
from ...components.formulas import names_in
from ...text.source_code import WIDTH, define
from .language import Language

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment


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


LOSSES: Final[Mapping[str, LossRule]] = {
    "mse": LossRule("(y - t)**2", "2 * (y - t)"),
    "rmse": LossRule("(y - t)**2", "(y - t) / loss"),
    "l1": LossRule("abs(y - t)", "sign(y - t)"),
    "huber": LossRule(
        "held * (y - t - held / 2)",
        "clip(y - t, -delta, delta)",
        {"held": "clip(y - t, -delta, delta)"},
    ),
    "binary_cross_entropy": LossRule(
        "(t - 1) * no - t * yes",
        "(y - t) / maximum(y * (1 - y), 1e-12)",
        {"yes": "maximum(log(y), -100)", "no": "maximum(log1p(-y), -100)"},
    ),
    "binary_cross_entropy_with_logits": LossRule(
        "maximum(y, 0) - t * y + log1p(exp(-abs(y)))", "sigmoid(y) - t"
    ),
    "cross_entropy": LossRule("where(t > 0, -log_softmax(y), 0 * t)", "softmax(y) - t"),
    "negative_log_likelihood": LossRule("where(t > 0, -y, 0 * t)", "-t"),
}
"""Every loss by its name in a preset."""

OF_SHARES: Final = LossRule("where(t > 0, -t * log_softmax(y), 0 * t)", "softmax(y) - t")
"""Cross entropy, where the share of each class is given."""


def wrapped(text: str) -> str:
    """Return the sentence of a function, broken where it is too long for a line."""
    lines = textwrap.wrap(text, WIDTH - 10)
    return "\n".join([*lines, ""] if len(lines) > 1 else lines)


def slope_of(name: str, z: str, h: str) -> str:
    """Return the call of an activation's slope: ``sigmoid_slope(h1)``; empty where it is 1."""
    rule = ACTIVATIONS[name].rule
    if not isinstance(rule, ActivationRule) or rule.is_identity:
        return ""
    given = {"z": z, "h": h}
    return f"{name}_slope({', '.join(given[each] for each in _arguments(rule))})"


def _arguments(rule: ActivationRule) -> list[str]:
    """Return what a slope is computed from."""
    spoken = set(names_in(rule.slope_tree))
    if spoken & {*rule.parts} or "full_like" in rule.slope or "where" in spoken:
        spoken.add("z")
    return [name for name in ("z", "h") if name in spoken] or ["z"]


def activation_blocks(experiment: Experiment, language: Language) -> list[str]:
    """Return the functions of the activations there are, and their slopes."""
    blocks = []
    for name in dict.fromkeys(experiment.model.activations):
        entry = ACTIVATIONS[name]
        rule = entry.rule
        if not isinstance(rule, ActivationRule) or rule.is_identity:
            continue
        parts = [f"{part} = {language.expression(tree)}" for part, tree in rule.part_trees.items()]
        if name not in language.helpers:
            value = f"return {language.expression(rule.value_tree)}"
            blocks.append(define(name, wrapped(f"Return {entry.about}"), [*parts, value], "z"))
        slope = f"return {language.expression(rule.slope_tree)}"
        told = f"Return how fast {name} changes with z, there where it is h."
        arguments = _arguments(rule)
        if "h" not in arguments:
            told = f"Return how fast {name} changes with z."
        needed = parts if {*rule.parts} & {*names_in(rule.slope_tree)} else []
        blocks.append(define(f"{name}_slope", told, [*needed, slope], ", ".join(arguments)))
    return blocks


def loss_blocks(experiment: Experiment, language: Language) -> list[str]:
    """Return the loss, its derivative by the outputs, and the accuracy where there is one."""
    loss = experiment.loss
    rule, each = LOSSES[type(loss).model_fields["name"].default], type(loss).each
    if experiment.has_shares:
        rule, each = OF_SHARES, "-t log softmax(y), of all classes"
    constants = loss.arguments
    numbers = "y.shape[1]"
    if loss.targets != "classes" and experiment.outputs > 1:
        numbers = f"({experiment.outputs} * y.shape[1])"
    mean = loss.reduction == "mean"
    total = f"each.sum(){f' / {numbers}' if mean else ''}"
    about = f"{each}, the {'mean' if mean else 'sum'} over the rows"
    if loss.root:
        total, about = f"({total}) ** 0.5", f"the root of the mean of {each}"
    formulas = {**rule.parts, "each": rule.each}
    cost = [f"{of} = {language.expression(how, constants)}" for of, how in formulas.items()]
    cost.append(f"return float({total})")
    fall = language.expression(rule.slope, constants)
    back = [f"return {f'({fall}) / {numbers}' if mean else fall}"]
    if loss.root:
        back = [
            "loss = loss_of(y, t)",
            "# At 0 the root has a corner, and 0 is one of the slopes there.",
            f"return (y - t) / (loss * {numbers}) if loss > 0 else 0 * y",
        ]
    told = f"Return its derivative by y: {type(loss).slope}."
    blocks = [
        define("loss_of", wrapped(f"Return {about}."), cost, "y, t"),
        define("loss_slope", wrapped(told), back, "y, t"),
    ]
    if experiment.has_accuracy:
        right = "y.argmax(axis=0) == t.argmax(axis=0)"
        if loss.targets != "classes":
            threshold = "0" if loss.outputs == "logit" else "0.5"
            right = f"(y > {threshold}) == (t > 0.5)"
        lines = [f"right = {right}", "return float(right.sum()) / y.shape[1]"]
        told = "Return the share of rows whose class is right."
        blocks.append(define("accuracy_of", told, lines, "y, t"))
    return blocks
