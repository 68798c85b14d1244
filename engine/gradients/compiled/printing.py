"""The formulas of activations, optimizers and losses as C: an entry states them, and holds no C.

    "h * (1 - h)"  ──►  ds[n] = ds[n] * (h * ((REAL)1 - h))

What is printed is made of names of our own and numbers alone, whatever a preset says.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from ...components.activation_rules import NUMPY, ActivationRule
from ...components.activations import ACTIVATIONS
from ...components.formulas import parsed, variables_in
from ...components.losses import LOSSES, LossRule
from ...components.optimizers import OPTIMIZERS, OptimizerBase
from ...components.update_rules import FUNCTIONS, UpdateRule
from .task import LOSSES as WRITTEN_OUT
from .task import MOST_CONSTANTS, MOST_STATES

_SIGNS: Final[Mapping[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_SWITCHES: Final = ("weight_decay", "momentum", "dampening")
"""Settings of an optimizer without which its rule leaves something out."""


class UnprintableError(Exception):
    """A formula speaks of something that has no C."""


def vector_text(node: ast.expr) -> str:
    """Return an expression of vectors as C; whatever it names is a vector of that name.

    Raises:
        UnprintableError: It is not made of what a rule may have.
    """
    match node:
        case ast.Constant(value=int() | float() as value):
            return f"NAME(all)((REAL){float(value)!r})"
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{vector_text(operand)})"
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)):
            return f"NAME(square)({vector_text(base)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            return f"({vector_text(left)} {_SIGNS[type(op)]} {vector_text(right)})"
        case ast.Compare(left=left, ops=signs, comparators=others):
            sides = [vector_text(each) for each in (left, *others)]
            pairs = zip(itertools.pairwise(sides), signs, strict=True)
            return " & ".join(f"({a} {_SIGNS[type(sign)]} {b})" for (a, b), sign in pairs)
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in {*NUMPY, *FUNCTIONS}:
            return f"NAME({name})({', '.join(map(vector_text, arguments))})"
    raise UnprintableError(f"{ast.unparse(node)!r} has no C")


def keeps_slope(rule: ActivationRule) -> bool:
    """Return whether the way forward leaves the slope behind: one that is computed of functions
    which the value has too, and that no infinite derivative is kept from.
    """
    trees = (rule.slope_tree, *rule.part_trees.values())
    calls = any(isinstance(node, ast.Call) for tree in trees for node in ast.walk(tree))
    return calls and not rule.chooses


def activation_text(name: str, rule: ActivationRule) -> str:
    """Return the functions of an activation: of z, of z that is learned from, and of the
    derivative by what it gives.
    """
    parts = "".join(
        f"        vector {part} = {vector_text(tree)};\n" for part, tree in rule.part_trees.items()
    )
    head = f"static void NAME({name}_%s)(int64_t count, %s) {{\n"
    loop = "    for (int64_t n = 0; n < count; n++) {\n        "
    forward = f"{loop}vector z = zs[n];\n{parts}        hs[n] = {vector_text(rule.value_tree)};\n"
    end = "    }\n}\n"
    back = head % ("backward", "const vector *zs, const vector *hs, vector *ds")
    texts = [head % ("forward", "const vector *zs, vector *hs"), forward, end]
    if keeps_slope(rule):
        slope = f"        zs[n] = {vector_text(rule.slope_tree)};\n"
        texts += [head % ("learn", "vector *zs, vector *hs"), forward, slope, end]
        texts += [back, f"{loop}ds[n] *= zs[n];\n    }}\n    (void)hs;\n}}\n"]
    else:
        texts += [back, f"{loop}vector z = zs[n], h = hs[n], d = ds[n];\n{parts}"]
        texts += [f"        ds[n] = {vector_text(rule.back_tree)};\n    }}\n    (void)hs;\n}}\n"]
    return "".join(texts)


def loss_text(name: str, rule: LossRule) -> str:
    """Return the two functions of a loss: what outputs y cost of targets t, and the slope of it."""
    parts = "".join(
        f"    vector {part} = {vector_text(parsed(text))};\n" for part, text in rule.parts.items()
    )
    return "".join(
        f"INLINE vector NAME({name}_{what})(vector y, vector t) {{\n"
        f"{parts}    return {vector_text(parsed(formula))};\n}}\n"
        for what, formula in (("each", rule.each), ("slope", rule.slope))
    )


@dataclass
class UpdateText:
    """An update as C: what a step needs once, in double, and what each weight needs."""

    rule: UpdateRule
    constants: list[str] = field(default_factory=list)
    """What is computed once a step, of settings, rate and step."""

    def text(self, name: str) -> str:
        """Return its two functions.

        Raises:
            UnprintableError: It keeps or computes more than there is room for.
        """
        numbers = self.numbers()
        lines = []
        for target, value in self.rule.assignments:
            if target not in numbers:
                lines.append(f"        vector_{target} = {self._vector(value, numbers)};\n")
        state = list(self.rule.state)
        assigned = [target for target, _ in self.rule.assignments if target not in numbers]
        others = [each for each in dict.fromkeys(assigned) if each not in ("w", "g", *state)]
        for what, count, most in (
            ("keeps", len(state), MOST_STATES),
            ("computes once a step", len(self.constants), MOST_CONSTANTS),
        ):
            if count > most:
                raise UnprintableError(f"an update {what} {count} numbers, and may {most}")
        loads = [("w", "weights"), ("g", "gradients")]
        loads += [(each, f"state[{index}]") for index, each in enumerate(state)]
        stores = [each for each in loads if each[0] in assigned and each[0] != "g"]
        prepared = [
            f"    constants[{index}] = (REAL)({text});\n"
            for index, text in enumerate(self.constants)
        ]
        given = "const double *settings, double lr, double t, REAL *constants"
        told = "int64_t count, REAL *weights, const REAL *gradients, REAL *const *state, "
        return "".join(
            [
                f"static void NAME({name}_prepare)({given}) {{\n",
                *prepared,
                "    (void)settings, (void)lr, (void)t, (void)constants;\n}\n",
                f"static void NAME({name}_apply)({told}const REAL *constants) {{\n",
                "    (void)state, (void)constants;\n",
                "    for (int64_t n = 0; n < count; n += LANES) {\n",
                *(f"        vector vector_{to} = NAME(load)({at} + n);\n" for to, at in loads),
                *(f"        vector vector_{each};\n" for each in others),
                *lines,
                *(f"        NAME(store)({at} + n, vector_{to});\n" for to, at in stores),
                "    }\n}\n",
            ]
        )

    def numbers(self) -> dict[str, str]:
        """Return what is one number for all weights, by name, as C."""
        settings = [name for name in self.rule.settings if name != "lr"]
        numbers = {name: f"settings[{index}]" for index, name in enumerate(settings)}
        numbers |= {"lr": "lr", "t": "t"}
        for target, value in self.rule.assignments:
            if target not in ("w", "g", *self.rule.state) and variables_in(value) <= {*numbers}:
                numbers[target] = _number_text(value, numbers)
        return numbers

    def _vector(self, node: ast.expr, numbers: Mapping[str, str]) -> str:
        """Return an expression as C, in which what is one number has been computed before."""
        if isinstance(node, ast.Constant) or variables_in(node) <= {*numbers}:
            text = _number_text(node, numbers)
            if text not in self.constants:
                self.constants.append(text)
            return f"NAME(all)(constants[{self.constants.index(text)}])"
        match node:
            case ast.Name(id=name):
                return f"vector_{name}"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self._vector(operand, numbers)})"
            case ast.BinOp(left=left, op=ast.Div(), right=by) if variables_in(by) <= {*numbers}:
                # Divided once, and not for each weight.
                share = ast.BinOp(ast.Constant(1), ast.Div(), by)
                return self._vector(ast.BinOp(left, ast.Mult(), share), numbers)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
                sides = self._vector(left, numbers), self._vector(right, numbers)
                return f"({sides[0]} {_SIGNS[type(op)]} {sides[1]})"
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
                given = [self._vector(each, numbers) for each in arguments]
                return f"NAME({name})({', '.join(given)})"
        raise UnprintableError(f"{ast.unparse(node)!r} has no C")


def single_states(rule: UpdateRule) -> set[str]:
    """Return what a rule keeps that is one number for all weights, such as a product of momenta."""
    numbers, assigned = {*UpdateText(rule).numbers()}, dict(rule.assignments)
    return {name for name in rule.state if variables_in(assigned[name]) <= {*numbers, name}}


def _number_text(node: ast.expr, numbers: Mapping[str, str]) -> str:
    """Return an expression of numbers as C, computed in double."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return repr(float(value))
        case ast.Name(id=name):
            return numbers[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{_number_text(operand, numbers)})"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"pow({_number_text(left, numbers)}, {_number_text(right, numbers)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            sides = _number_text(left, numbers), _number_text(right, numbers)
            return f"({sides[0]} {_SIGNS[type(op)]} {sides[1]})"
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            sides = _number_text(left, numbers), _number_text(right, numbers)
            return f"({sides[0]} {_SIGNS[type(sign)]} {sides[1]})"
    raise UnprintableError(f"{ast.unparse(node)!r} has no C")


@dataclass(frozen=True, eq=False)
class Formulas:
    """The formulas that there are, in the order of the C."""

    units: Mapping[str, ActivationRule]
    """Of every activation that takes a unit by itself, by its name."""
    updates: Sequence[UpdateRule]
    """Those that optimizers come to, whatever their settings."""
    losses: Mapping[str, LossRule]
    """Of every loss whose C is not written out and can be printed, by its name."""

    @cached_property
    def text(self) -> str:
        """The C of all of them, with tables of them.

        Raises:
            UnprintableError: One of them has none.
        """
        forward = "void (*forward)(int64_t, const vector *, vector *);"
        learn = "void (*learn)(int64_t, vector *, vector *);"
        backward = "void (*backward)(int64_t, const vector *, const vector *, vector *);"
        prepare = "void (*prepare)(const double *, double, double, REAL *);"
        costs = "vector (*each)(vector, vector); vector (*slope)(vector, vector);"
        losses = [f"{{NAME({name}_each), NAME({name}_slope)}}" for name in self.losses]
        apply = "void (*apply)(int64_t, REAL *, const REAL *, REAL *const *, const REAL *);"
        numbered = [(f"update{index}", rule) for index, rule in enumerate(self.updates)]
        units = [
            f"{{NAME({name}_forward), {f'NAME({name}_learn)' if keeps_slope(rule) else 0}, "
            f"NAME({name}_backward)}}"
            for name, rule in self.units.items()
        ]
        updates = [f"{{NAME({name}_prepare), NAME({name}_apply)}}" for name, _ in numbered]
        return "".join(
            [
                "INLINE vector NAME(square)(vector a) { return a * a; }\n",
                *(activation_text(name, rule) for name, rule in self.units.items()),
                *(UpdateText(rule).text(name) for name, rule in numbered),
                *(loss_text(name, rule) for name, rule in self.losses.items()),
                _table("loss_rule", costs, losses),
                _table("activation", f"{forward} {learn} {backward}", units),
                _table("update", f"{prepare} {apply}", updates),
            ]
        )


def _table(name: str, fields: str, rows: Sequence[str]) -> str:
    return (
        f"typedef struct {{ {fields} }} NAME({name});\n"
        f"static const NAME({name}) NAME({name}s)[] = {{{', '.join(rows)}}};\n"
    )


def formulas() -> Formulas:
    """Return the formulas of the activations and optimizers that there are now."""
    entries = (*ACTIVATIONS.items(), *OPTIMIZERS.items(), *LOSSES.items())
    if not _last or not _same(_last[0], entries):
        rules = {name: entry.rule for name, entry in ACTIVATIONS.items()}
        units = {
            name: rule
            for name, rule in rules.items()
            if isinstance(rule, ActivationRule) and not rule.is_identity
        }
        updates: list[UpdateRule] = []
        for optimizer in OPTIMIZERS.values():
            updates += [rule for rule in _rules_of(optimizer) if rule not in updates]
        losses = {name: each.rule for name, each in LOSSES.items() if _is_printed(name, each.rule)}
        _last[:] = [entries, Formulas(units, updates, losses)]
    made: Formulas = _last[1]
    return made


def _is_printed(loss: str, rule: LossRule) -> bool:
    """Whether a loss's C is made from its rule; a call tells the C no settings of a loss."""
    if loss in WRITTEN_OUT or rule.settings:
        return False
    try:
        loss_text(loss, rule)
    except UnprintableError:
        return False
    return True


def _same(these: Sequence[tuple[str, Any]], those: Sequence[tuple[str, Any]]) -> bool:
    pairs = itertools.zip_longest(these, those, fillvalue=("", None))
    return all(a[0] == b[0] and a[1] is b[1] for a, b in pairs)


_last: list[Any] = []
"""The entries of which formulas were last made, and those."""


def _rules_of(optimizer: type[OptimizerBase]) -> Iterator[UpdateRule]:
    """Yield an optimizer's rules: with and without each of its switches."""
    switches: dict[str, Sequence[Any]] = {
        name: (False, True) if part.annotation is bool else (0.0, 0.5)
        for name, part in optimizer.model_fields.items()
        if part.annotation is bool or name in _SWITCHES
    }
    for values in itertools.product(*switches.values()):
        given = {"lr": 0.1, **dict(zip(switches, values, strict=True))}
        yield optimizer.model_construct(**given).rule
