"""An optimizer's update stated once, as assignments: steps and programs are made from it.

    w = w * (1 - lr * weight_decay)
    c = beta1 * m + (1 - beta1) * g
    w = w - lr * sign(c)
    m = beta2 * m + (1 - beta2) * g

``engine.step.torch_optimizers`` computes it as it stands, ``engine.gradients.manual.optimizers``
without allocating, and ``engine.explain`` prints it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from textwrap import dedent
from typing import Final

from .formulas import Computation, computation, names_in

FUNCTIONS: Final = ("abs", "lerp", "maximum", "sign", "sqrt")
"""What a rule may call: functions of torch, one number at a time."""


@dataclass(frozen=True, kw_only=True)
class UpdateRule:
    """What changes in a step, in order."""

    text: str
    """One assignment a line. ``w`` is the weights, ``g`` their gradient, ``t`` the step, counted
    from 1; whatever else is never assigned is a setting of the optimizer."""
    state: Mapping[str, str] = field(default_factory=dict)
    """What is kept from step to step, with the name that PyTorch has for it."""
    starts: Mapping[str, str] = field(default_factory=dict)
    """The setting that something kept begins with, where that is not 0."""

    @cached_property
    def assignments(self) -> tuple[tuple[str, ast.expr], ...]:
        """What is assigned, and what to."""
        made = []
        for line in ast.parse(dedent(self.text)).body:
            match line:
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    made.append((target, value))
                case _:
                    raise TypeError(f"a rule is assignments alone (found {ast.unparse(line)!r})")
        return tuple(made)

    @cached_property
    def steps(self) -> tuple[tuple[str, Computation], ...]:
        """What is assigned, and what computes it."""
        return tuple((target, computation(value)) for target, value in self.assignments)

    @cached_property
    def tensors(self) -> frozenset[str]:
        """The names that have a number for every weight."""
        return frozenset({"w", "g", *self.state, *(target for target, _ in self.assignments)})

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """The settings that it speaks of, the learning rate among them."""
        spoken = [name for _, value in self.assignments for name in names_in(value)]
        others = {*self.tensors, *FUNCTIONS, "t"}
        return tuple(dict.fromkeys(name for name in spoken if name not in others))

    @cached_property
    def counts_steps(self) -> bool:
        """Whether it speaks of t."""
        return any("t" in names_in(value) for _, value in self.assignments)

    def without(self, setting: str) -> UpdateRule:
        """Return what is left of it where a setting is 0.

        What it multiplies is left out and not computed: 0 times an infinite weight is no number.
        """
        left = [(target, _without(value, setting)) for target, value in self.assignments]
        lines = [f"{to} = {text}" for to, value in left if (text := ast.unparse(value)) != to]
        return replace(self, text="\n".join(lines))

    def python(self, names: Mapping[str, str]) -> list[str]:
        """Return it as lines of a PyTorch program, in which what stays is changed in place.

        Args:
            names: What weights, gradient and settings are called there, where that is not as here.
        """
        called = {**{name: f"torch.{name}" for name in FUNCTIONS}, **names}
        return [self._line(target, value, called) for target, value in self.assignments]

    def _line(self, target: str, value: ast.expr, called: Mapping[str, str]) -> str:
        to = called.get(target, target)
        match value:
            case ast.BinOp(left=ast.Name(id=left), op=ast.Sub(), right=change) if left == "w":
                return f"{to} -= {_renamed(change, called)}"
        whole = _renamed(value, called)
        return f"{to}.copy_({whole})" if target in ("w", *self.state) else f"{to} = {whole}"


def _without(node: ast.expr, setting: str) -> ast.expr:
    """Return an expression in which a setting is 0, without the terms that are 0 by that."""
    match node:
        case ast.Name(id=name):
            return ast.Constant(0) if name == setting else node
        case ast.UnaryOp(op=op, operand=operand):
            inner = _without(operand, setting)
            return inner if _is(inner, 0) else ast.UnaryOp(op, inner)
        case ast.Call(func=func, args=arguments):
            return ast.Call(func, [_without(each, setting) for each in arguments], [])
        case ast.BinOp(left=left, op=op, right=right):
            one, other = _without(left, setting), _without(right, setting)
            match op:
                case ast.Mult() if _is(one, 0) or _is(other, 0):
                    return ast.Constant(0)
                case ast.Div() if _is(one, 0):
                    return one
                case ast.Mult() | ast.Div() if _is(other, 1):
                    return one
                case ast.Add() if _is(one, 0):
                    return other
                case ast.Add() | ast.Sub() if _is(other, 0):
                    return one
            return ast.BinOp(one, op, other)
    return node


def _is(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number


def _renamed(node: ast.expr, called: Mapping[str, str]) -> str:
    """Return an expression as text, with other names."""
    renamed = ast.parse(ast.unparse(node), mode="eval")
    for part in ast.walk(renamed):
        if isinstance(part, ast.Name):
            part.id = called.get(part.id, part.id)
    return ast.unparse(renamed)
