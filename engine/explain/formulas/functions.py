"""The functions of a program of formulas: activations with their slopes, the loss with its own."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ...components.activation_rules import ActivationRule
from ...components.activations import ACTIVATIONS
from ...components.formulas import names_in, parsed
from ...components.losses import LossBase, LossRule
from ...text.source_code import WIDTH, define, listed
from ..language import Language

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment


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


def _weight_blocks(experiment: Experiment) -> list[str]:
    """Return what a row counts for by its class, where that is not the same for all."""
    weights, classes = experiment.loss.class_weights, experiment.data.class_count
    if weights is None:
        return []
    one_hot = experiment.loss.targets == "classes"
    lines = [
        "# Every class counts the same, however many of the training rows are of it.",
        "rows = t_train.shape[1]",
        "ones = t_train.sum()",
        "counts = rows - ones, ones",
    ]
    if one_hot:
        lines[2:] = ["counts = t_train.sum(axis=1)"]
    each = [f"rows / ({classes} * counts[{index}])" for index in range(classes)]
    made = each if weights == "balanced" else list(map(repr, weights))
    lines = [*(lines if weights == "balanced" else []), f"CLASS_WEIGHTS = {listed(made)}"]
    total = "CLASS_WEIGHTS[0] * (1 - t) + CLASS_WEIGHTS[1] * t"
    if one_hot:
        total = "sum(weight * row for weight, row in zip(CLASS_WEIGHTS, t))"
    told = "Return what each row counts for."
    return ["\n".join(lines), define("weights_of", told, [f"return {total}"], "t")]


def loss_blocks(experiment: Experiment, language: Language) -> list[str]:
    """Return the loss, its derivative by the outputs, and the accuracy where there is one."""
    loss = experiment.loss
    rule, each = loss.rule, type(loss).each
    if experiment.has_shares:
        rule, each = OF_SHARES, "-t log softmax(y), of all classes"
    numbers = "y.shape[1]"
    if loss.targets != "classes" and experiment.outputs > 1:
        numbers = f"({experiment.outputs} * y.shape[1])"
    return [
        *_weight_blocks(experiment),
        _loss_block(loss, rule, each, numbers, language),
        _slope_block(loss, rule, numbers, language),
        *_accuracy_blocks(experiment),
    ]


def _loss_block(loss: LossBase, rule: LossRule, each: str, numbers: str, language: Language) -> str:
    """Return the loss, of what each of so many numbers costs."""
    is_mean = loss.reduction == "mean"
    counted = "each" if loss.class_weights is None else "(weights_of(t) * each)"
    total = f"{counted}.sum(){f' / {numbers}' if is_mean else ''}"
    about = f"{each}, the {'mean' if is_mean else 'sum'} over the rows"
    if loss.root:
        total, about = f"({total}) ** 0.5", f"the root of the mean of {each}"
    lines = _lines({**rule.parts, "each": rule.each}, loss, language)
    lines.append(f"return float({total})")
    return define("loss_of", wrapped(f"Return {about}."), lines, "y, t")


def _slope_block(loss: LossBase, rule: LossRule, numbers: str, language: Language) -> str:
    """Return the derivative of the loss by the outputs."""
    spoken = names_in(parsed(rule.slope))
    lines = _lines({of: how for of, how in rule.parts.items() if of in spoken}, loss, language)
    slope = language.expression(rule.slope, loss.arguments)
    if loss.class_weights is not None:
        slope = f"weights_of(t) * ({slope})"
    returned = f"({slope}) / {numbers}" if loss.reduction == "mean" else slope
    if loss.root:
        corner = "# At 0 the root has a corner, and 0 is one of the slopes there."
        lines = ["loss = loss_of(y, t)", *lines, corner]
        returned += " if loss > 0 else 0 * y"
    lines.append(f"return {returned}")
    about = f"Return its derivative by y: {type(loss).slope}."
    return define("loss_slope", wrapped(about), lines, "y, t")


def _lines(formulas: Mapping[str, str], loss: LossBase, language: Language) -> list[str]:
    settings = loss.arguments
    return [f"{of} = {language.expression(how, settings)}" for of, how in formulas.items()]


def _accuracy_blocks(experiment: Experiment) -> list[str]:
    if not experiment.has_accuracy:
        return []
    right = "y.argmax(axis=0) == t.argmax(axis=0)"
    if experiment.loss.targets != "classes":
        right = f"(y > {experiment.loss.threshold():g}) == (t > 0.5)"
    lines = [f"right = {right}", "return float(right.sum()) / y.shape[1]"]
    about = "Return the share of rows whose class is right."
    return [define("accuracy_of", about, lines, "y, t")]
