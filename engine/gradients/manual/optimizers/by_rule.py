"""An update as its optimizer's rule states it, in operations that allocate nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ....components.formulas import Computation, computation, evaluate, names_in
from ....components.update_rules import UpdateRule
from .base import Factor, UpdateBase, Values, add_product, add_ratio, write_sum


@dataclass
class _Product:
    """A product taken apart: what is one number, and what has a number for every weight."""

    numbers: list[ast.expr] = field(default_factory=list)
    above: list[ast.expr] = field(default_factory=list)
    below: list[ast.expr] = field(default_factory=list)


def _product(numbers: Sequence[ast.expr]) -> ast.expr:
    product: ast.expr = ast.Constant(1.0)
    for each in numbers:
        product = ast.BinOp(product, ast.Mult(), each)
    return product


class RuledUpdate(UpdateBase):
    """The update of any optimizer that is a rule.

    The rule becomes operations on tensors that have names: weights, gradient and state theirs in
    the rule, a number in place of a tensor its text, and what is in between a digit.
    """

    def _prepare(self) -> None:
        rule = self._specs[0].update
        assert isinstance(rule, UpdateRule)
        self._rule, self.timed = rule, rule.counts_steps
        self._settings = {name: self._setting(name) for name in rule.settings if name != "lr"}
        self._tensors = {"w": self._weights}
        for name, kept in rule.state.items():
            self._tensors[name] = self._buffer(kept)
            if name in rule.starts:
                self._tensors[name].copy_(self._tensor(self._setting(rule.starts[name])))
        self._factors: dict[str, Factor] = {}
        self._moving: dict[str, tuple[bool, Computation]] = {}
        """The numbers that change, by their texts: whether each is the learning rate times
        something, and what computes the something, or the number."""
        self._operations: list[Callable[[], object]] = []
        self._lies: dict[str, str] = {}
        """Where what has been assigned within the step lies, by its name in the rule."""
        self._free: list[str] = []
        self._scratches = 0
        # Taken apart once, in the rule's order; a step only plays the list of operations.
        for target, value in rule.assignments:
            self._assign(target, value)

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        if self.timed:
            self._advance()
        self._tensors["g"] = gradient
        for operation in self._operations:
            operation()

    def _refresh(self) -> None:
        self._settings |= {"lr": self._lr, "t": self._t}
        for text, (is_rate, compute) in self._moving.items():
            value = compute(self._settings)
            factor = self._rate(text, -value) if is_rate else self._spread(text, value)
            self._factors[text] = each, number = factor
            if text in self._tensors:
                self._tensors[text] = self._tensors[text].fill_(number) if each is None else each

    def _computed(self, node: ast.expr) -> Values:
        """Return a number that never changes, for all members or for each."""
        value = evaluate(node, self._settings)
        return float(value) if isinstance(value, int) else value

    def _is_number(self, node: ast.expr) -> bool:
        return not self._rule.tensors.intersection(names_in(node))

    def _moves(self, node: ast.expr) -> bool:
        return not {"lr", "t"}.isdisjoint(names_in(node))

    def _number(self, numbers: Sequence[ast.expr]) -> str:
        """Return the text of a product of numbers, by which it is found among the factors."""
        whole = _product(numbers)
        text = ast.unparse(whole)
        if self._moves(whole):
            rates = [each for each in numbers if isinstance(each, ast.Name) and each.id == "lr"]
            others = [each for each in numbers if len(rates) != 1 or each is not rates[0]]
            self._moving[text] = len(rates) == 1, computation(_product(others))
        else:
            self._factors[text] = self._factor(self._computed(whole))
        return text

    def _assign(self, target: str, value: ast.expr) -> None:
        """Write down what an assignment does."""
        if target != "w" and target not in self._rule.state:
            self._lies[target] = self._emit(value)
        elif (place := self._emit(value, target)) != target:
            self._operate(torch.Tensor.copy_, [target, place])

    def _emit(self, node: ast.expr, out: str = "") -> str:
        """Write down what computes something; return the name of the tensor where it then lies.

        Args:
            node: What to compute.
            out: Where to, if it is not there already; anywhere where left out.
        """
        match node:
            case _ if self._is_number(node):
                text = self._number([node])
                # One that moves is written before each step.
                value = 0.0 if text in self._moving else self._computed(node)
                self._tensors.setdefault(text, self._tensor(value))
                return text
            case ast.Name(id=name):
                return self._lies.get(name, name)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                emitted = [self._emit(each) for each in arguments]
                return self._apply(getattr(torch, name), emitted, out)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                return self._emit_sum(left, right, isinstance(op, ast.Sub), out)
        return self._emit_product(self._taken_apart(node), out)

    def _emit_sum(self, left: ast.expr, right: ast.expr, minus: bool, out: str) -> str:
        """Write down a sum; a product on its right is added by one operation where it can be."""
        if self._is_number(left) or self._is_number(right):
            places = [self._emit(left), self._emit(right)]
            return self._apply(torch.sub if minus else torch.add, places, out)
        product = self._taken_apart(right)
        # A term that is 0 for good, such as a decay that nobody asked for, is not computed at all.
        if any(not self._moves(each) and self._is_zero(each) for each in product.numbers):
            return self._emit(left, out)
        if minus:
            product.numbers.append(ast.Constant(-1.0))
        number = self._number(product.numbers)
        parts = [self._emit(each) for each in (*product.above, *product.below)]
        first = self._emit(left, "" if out in parts else out)
        shape = len(product.above), len(product.below)
        # a + c · b · d and a + c · b ÷ d are an operation each, as in PyTorch's own optimizers.
        if shape in ((2, 0), (1, 1)) and (first == out or self._is_scratch(first)):
            scratch = next(filter(self._is_scratch, parts[::-1]), "") or self._scratch_name()
            add = add_product if shape == (2, 0) else add_ratio
            self._operate(add, [first, *parts], number, scratch)
            self._release({*parts, scratch})
            return first
        if len(parts) > 1:
            parts = [self._emit_product(_Product([], product.above, product.below), "")]
        out = out or next(filter(self._is_scratch, (first, *parts)), "") or self._scratch_name()
        tensors, factors, (part,) = self._tensors, self._factors, parts
        self._operations.append(
            lambda: write_sum(tensors[first], tensors[part], factors[number], tensors[out])
        )
        self._release({first, *parts} - {out})
        return out

    def _emit_product(self, product: _Product, out: str) -> str:
        """Write down a product, one factor after the other."""
        above = list(product.above)
        if product.numbers:
            above.append(_product(product.numbers))
        steps: list[tuple[Callable[..., Tensor], ast.expr]] = [
            *((torch.mul, each) for each in above[1:]),
            *((torch.div, each) for each in product.below),
        ]
        place = self._emit(above[0] if above else ast.Constant(1.0))
        for index, (function, each) in enumerate(steps, start=1):
            last = index == len(steps)
            place = self._apply(function, [place, self._emit(each)], out if last else "")
        return place

    def _taken_apart(self, node: ast.expr) -> _Product:
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                parts = self._taken_apart(operand)
                return _Product([*parts.numbers, ast.Constant(-1.0)], parts.above, parts.below)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                one, other = self._taken_apart(left), self._taken_apart(right)
                above, below = one.above + other.above, one.below + other.below
                return _Product(one.numbers + other.numbers, above, below)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                parts = self._taken_apart(left)
                if self._is_number(right):
                    parts.numbers.append(ast.BinOp(ast.Constant(1.0), ast.Div(), right))
                else:
                    parts.below.append(right)
                return parts
        return _Product([node]) if self._is_number(node) else _Product(above=[node])

    def _is_zero(self, node: ast.expr) -> bool:
        value = self._computed(node)
        return isinstance(value, float) and value == 0

    def _apply(self, function: Callable[..., Any], places: list[str], out: str) -> str:
        """Write down a function of torch; return where its result lies."""
        # What is read here for the last time is written over: a long rule needs few buffers.
        out = out or next(filter(self._is_scratch, places), "") or self._scratch_name()
        in_place = getattr(Tensor, f"{function.__name__}_", None)
        tensors, (first, *others) = self._tensors, places
        if out == first and in_place is not None:  # The same bits, and sooner called.
            self._operate(in_place, places)
        elif others:
            self._operations.append(
                lambda: function(tensors[first], *map(tensors.get, others), out=tensors[out])
            )
        else:
            self._operations.append(lambda: function(tensors[first], out=tensors[out]))
        self._release({*places} - {out})
        return out

    def _operate(
        self, function: Callable[..., Any], places: list[str], number: str = "", out: str = ""
    ) -> None:
        """Write down a function of tensors, and of a factor and room if it takes them."""
        tensors, factors, (first, *others) = self._tensors, self._factors, places

        def operate() -> None:
            # Looked up when it runs: the gradient is another row in each step, and factors change.
            more = (factors[number], tensors[out]) if number else ()
            function(tensors[first], *map(tensors.get, others), *more)

        self._operations.append(operate)

    def _is_scratch(self, place: str) -> bool:
        return place.isdigit() and place not in self._lies.values()

    def _scratch_name(self) -> str:
        """Return the name of room that is free."""
        if self._free:
            return self._free.pop()
        self._scratches += 1
        self._tensors[str(self._scratches)] = self._scratch()
        return str(self._scratches)

    def _release(self, places: set[str]) -> None:
        self._free += [place for place in places if self._is_scratch(place)]
