"""The update of a program of formulas: bounds on the gradient, the rate of a step, the rule."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ...components.formulas import names_in
from ...components.schedules import Plateau
from ...components.update_rules import UpdateRule
from ...text.source_code import define
from ..language import Language
from ..program.training import tick_stride, unit_of

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment

RATE: Final = "LEARNING_RATE"
"""What the learning rate is called where it stays as it is."""


def settings_block(experiment: Experiment) -> str:
    """Return the settings of the optimizer and of the bounds, as constants."""
    spec, rule = experiment.optimizer, experiment.optimizer.rule
    spoken = [name for _, value in rule.assignments for name in names_in(value)]
    lines = [f"{RATE} = {spec.lr!r}"]
    for name in dict.fromkeys([*rule.settings, *rule.starts.values()]):
        speaks = name in spoken or name in rule.starts.values()
        if speaks and name in type(spec).model_fields and name != "lr":
            lines.append(f"{name.upper()} = {getattr(spec, name)!r}")
    return "\n".join(lines)


def state_lines(experiment: Experiment, language: Language) -> list[str]:
    """Return what the optimizer begins with, for every weight."""
    rule = experiment.optimizer.rule
    if not rule.state:
        return []
    made = [_start(rule, name, language) for name in rule.state]
    inside = f"({', '.join(made)}{',' * (len(made) == 1)})"
    return [f"states = [{inside} for w in parameters]"]


def _start(rule: UpdateRule, name: str, language: Language) -> str:
    value = rule.starts.get(name)
    if value is None:
        return f"{language.call('zeros_like')}(w)"
    return f"{language.call('full_like')}(w, {value if value.isdigit() else value.upper()})"


def bounds_lines(experiment: Experiment, language: Language) -> list[str]:
    """Return what bounds the gradients, and pulls weights to 0, in place."""
    train, lines = experiment.train, list[str]()
    if train.clip_norm is not None:
        lines += [
            "# The gradient of all weights together is scaled down to a norm.",
            "norm = float(sum((g * g).sum() for g in gradients)) ** 0.5",
            "for g in gradients:",
            f"    g *= min(1.0, {train.clip_norm!r} / (norm + 1e-6))",
        ]
    if train.clip_value is not None:
        bound = f"{-train.clip_value!r}, {train.clip_value!r}"
        lines += ["for g in gradients:", f"    g[...] = {language.call('clip')}(g, {bound})"]
    if l1 := experiment.optimizer.l1:
        lines += ["for w, g in zip(parameters, gradients):"]
        lines += [f"    g += {l1!r} * {language.call('sign')}(w)"]
    return lines


def update_lines(experiment: Experiment, language: Language) -> list[str]:
    """Return the rule, for every weight."""
    rule = experiment.optimizer.rule
    each, of = "w, g", "parameters, gradients"
    if rule.state:
        names = ", ".join(rule.state)
        each += f", ({names}{',' * (len(rule.state) == 1)})"
        of += ", states"
    lines = _rule_lines(experiment, language)
    return [f"for {each} in zip({of}):", *(f"    {line}" for line in lines)]


def _rule_lines(experiment: Experiment, language: Language) -> list[str]:
    """Return the assignments, in which what stays is changed in place."""
    spec = experiment.optimizer
    names = {name: name.upper() for name in type(spec).model_fields}
    names |= {"lr": "lr" if experiment.schedule.moves else RATE, "t": unit_of(experiment)}
    stays = {"w", *spec.rule.state}
    lines = []
    for target, value in spec.rule.assignments:
        match value:
            case ast.BinOp(left=ast.Name(id="w"), op=ast.Sub(), right=change) if target == "w":
                lines.append(f"w -= {language.expression(change, names)}")
            case _:
                to = f"{target}[...]" if target in stays else target
                lines.append(f"{to} = {language.expression(value, names)}")
    return lines


def rate_blocks(experiment: Experiment) -> list[str]:
    """Return what gives each step its learning rate, where that changes by itself."""
    spec = experiment.schedule
    if not spec.moves or isinstance(spec, Plateau):
        return []
    ticks = experiment.steps // tick_stride(experiment) - spec.warmup
    after = "tick" if not spec.warmup else "after"
    rate = spec.rate(RATE, after, ticks)
    lines = [f"return {rate}"]
    if spec.warmup:
        rise = [f"if tick < {spec.warmup}:", f"    return {RATE} * (tick + 1) / {spec.warmup + 1}"]
        lines = [*rise, *([f"after = tick - {spec.warmup}"] if "after" in rate else []), *lines]
    every = "steps" if tick_stride(experiment) == 1 else "epochs"
    return [define("rate", f"Return the learning rate after so many {every}.", lines, "tick")]


def rate_lines(experiment: Experiment) -> list[str]:
    """Return what sets the rate of the step that begins."""
    if not rate_blocks(experiment):
        return []
    stride = tick_stride(experiment)
    count = f"{unit_of(experiment)} - 1"
    return [f"lr = rate({count if stride == 1 else f'({count}) // {stride}'})"]


def plateau_lines(experiment: Experiment, measured: str) -> list[str]:
    """Return what cuts the rate where a measurement gets no better, once it is made."""
    spec = experiment.schedule
    if not isinstance(spec, Plateau):
        return []
    better = f"> steady * {1 + spec.threshold!r}"
    if spec.monitor == "loss":
        better = f"< steady * {1 - spec.threshold!r}"
    lines = [
        f"if {measured} {better}:",
        f"    steady, waiting = {measured}, 0",
        "else:",
        "    waiting += 1",
    ]
    if spec.cooldown:
        lines += ["if resting:", "    resting, waiting = resting - 1, 0"]
    resting = [f"    resting = {spec.cooldown}"] if spec.cooldown else []
    return [
        *lines,
        f"if waiting > {spec.patience}:",
        f"    lr, waiting = max(lr * {spec.factor!r}, {spec.min_lr!r}), 0",
        *resting,
    ]


def plateau_start(experiment: Experiment) -> list[str]:
    """Return what the watch over the loss begins with."""
    spec = experiment.schedule
    if not isinstance(spec, Plateau):
        return []
    resting = ["resting = 0"] if spec.cooldown else []
    worst = "inf" if spec.monitor == "loss" else "-inf"
    return [f'lr, steady, waiting = {RATE}, float("{worst}"), 0', *resting]


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines as they stand within another."""
    return [f"    {line}" if line else "" for line in lines]
