"""The functions of a program of formulas: activations with their slopes, the loss with its own."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from ...components.activation_rules import ActivationRule
from ...components.activations import ACTIVATIONS
from ...components.formulas import names_in, parsed
from ...components.losses import LossRule
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
    constants = loss.arguments
    numbers = "y.shape[1]"
    if loss.targets != "classes" and experiment.outputs > 1:
        numbers = f"({experiment.outputs} * y.shape[1])"
    mean = loss.reduction == "mean"
    weighs = loss.class_weights is not None
    counted = "(weights_of(t) * each)" if weighs else "each"
    total = f"{counted}.sum(){f' / {numbers}' if mean else ''}"
    about = f"{each}, the {'mean' if mean else 'sum'} over the rows"
    if loss.root:
        total, about = f"({total}) ** 0.5", f"the root of the mean of {each}"
    formulas = {**rule.parts, "each": rule.each}
    cost = [f"{of} = {language.expression(how, constants)}" for of, how in formulas.items()]
    cost.append(f"return float({total})")
    fall = language.expression(rule.slope, constants)
    fall = f"weights_of(t) * ({fall})" if weighs else fall
    spoken = names_in(parsed(rule.slope))
    back = [
        f"{of} = {language.expression(how, constants)}"
        for of, how in rule.parts.items()
        if of in spoken
    ]
    back.append(f"return {f'({fall}) / {numbers}' if mean else fall}")
    if loss.root:
        back = [
            "loss = loss_of(y, t)",
            "# At 0 the root has a corner, and 0 is one of the slopes there.",
            f"return (y - t) / (loss * {numbers}) if loss > 0 else 0 * y",
        ]
    told = f"Return its derivative by y: {type(loss).slope}."
    blocks = [
        *_weight_blocks(experiment),
        define("loss_of", wrapped(f"Return {about}."), cost, "y, t"),
        define("loss_slope", wrapped(told), back, "y, t"),
    ]
    if experiment.has_accuracy:
        right = "y.argmax(axis=0) == t.argmax(axis=0)"
        if loss.targets != "classes":
            right = f"(y > {loss.threshold():g}) == (t > 0.5)"
        lines = [f"right = {right}", "return float(right.sum()) / y.shape[1]"]
        told = "Return the share of rows whose class is right."
        blocks.append(define("accuracy_of", told, lines, "y, t"))
    return blocks
