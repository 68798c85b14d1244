"""What numpy and torch write alike and what they do not, so that one text serves both.

Arrays and tensors index, add, multiply and turn over alike, and torch knows numpy's names of
arguments; where a function is called otherwise, or missing, is said here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..components.formulas import parsed

CONSTANT_SLOPE: Final[Mapping[object, str]] = {1: "ones_like(z)", 0: "zeros_like(z)"}
"""What is as large as z and the same everywhere."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """One of the two."""

    name: str
    """As a program's reader knows it."""
    prefix: str
    """What its functions stand behind."""
    copy: str
    """The method that copies an array."""
    bounds: Mapping[str, str]
    """How the greater and the smaller of an array and a number are written."""
    helpers: Mapping[str, str]
    """The functions that it lacks, or has by another name, as they are written out."""

    def call(self, name: str) -> str:
        """Return what a function is called."""
        return f"{self.prefix}.{name}"

    def expression(self, rule: str | ast.expr, names: Mapping[str, object] | None = None) -> str:
        """Return a formula of a rule as this language computes it.

        Args:
            rule: The formula, or its tree.
            names: What stands for a name of it: another one, or a number.
        """
        tree = parsed(rule if isinstance(rule, str) else ast.unparse(rule))
        return ast.unparse(_Translation(self, names or {}).visit(tree))

    def helpers_in(self, text: str) -> list[str]:
        """Return the functions that a text calls and that must be written out before it."""
        wanted: dict[str, None] = {}
        for name, body in self.helpers.items():
            if re.search(rf"(?<![\w.]){name}\(", text):
                wanted |= dict.fromkeys(self.helpers_in(body.partition("\n")[2]))
                wanted[name] = None
        return list(wanted)


@dataclass
class _Translation(ast.NodeTransformer):
    """Writes the functions of a rule as a language has them."""

    language: Language
    names: Mapping[str, object] = field(default_factory=dict)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put in what stands for a name."""
        return parsed(str(self.names.get(node.id, node.id)))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Part -1 < z < 1 in two: no array is below another and above a third at once."""
        self.generic_visit(node)
        if len(node.ops) == 1:
            return node
        middle = node.comparators[0]
        first = ast.Compare(node.left, node.ops[:1], [middle])
        rest = self.visit_Compare(ast.Compare(middle, node.ops[1:], node.comparators[1:]))
        return ast.BinOp(first, ast.BitAnd(), rest)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        assert isinstance(node.func, ast.Name)
        name, arguments = node.func.id, node.args
        match name, arguments:
            case "lerp", [start, end, share]:
                change = ast.BinOp(share, ast.Mult(), ast.BinOp(end, ast.Sub(), start))
                return ast.BinOp(start, ast.Add(), change)
            case "where", [condition, ast.Constant(value=then), other] if _is_number(other):
                # Of two numbers nobody would know the precision.
                like = CONSTANT_SLOPE.get(then, f"full_like(z, {then!r})")
                return self._called("where", [condition, parsed(self.language.call(like)), other])
            case (("maximum" | "minimum"), [one, other]) if _is_number(other):
                text = self.language.bounds[name]
                return parsed(text.format(ast.unparse(one), ast.unparse(other)))
            case _ if name in self.language.helpers:
                return node
        return self._called("arctan" if name == "atan" else name, arguments)

    def _called(self, name: str, arguments: list[ast.expr]) -> ast.expr:
        return ast.Call(parsed(self.language.call(name)), arguments, [])


def _is_number(node: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name) for part in ast.walk(node))


_SOFTMAX: Final = '''\
def softmax(z):
    """Return exp(z) over the sum of all units' exp(z)."""
    raised = {0}.exp(z - {0}.amax(z, axis=0, keepdims=True))
    return raised / raised.sum(axis=0, keepdims=True)'''

_LOG_SOFTMAX: Final = '''\
def log_softmax(z):
    """Return the logarithm of softmax, computed without its overflow."""
    shifted = z - {0}.amax(z, axis=0, keepdims=True)
    return shifted - {0}.log({0}.exp(shifted).sum(axis=0, keepdims=True))'''

_DENSITY: Final = '''\
def normal_pdf(z):
    """Return the density of the normal distribution."""
    return {0}.exp(-z * z / 2) / math.sqrt(2 * math.pi)'''


def _shared(prefix: str) -> dict[str, str]:
    """Return the helpers that both have, with what their functions stand behind."""
    return {
        "normal_pdf": _DENSITY.format(prefix),
        "softmax": _SOFTMAX.format(prefix),
        "log_softmax": _LOG_SOFTMAX.format(prefix),
    }


NUMPY: Final = Language(
    name="numpy",
    prefix="np",
    copy="copy",
    bounds={"maximum": "np.maximum({0}, {1})", "minimum": "np.minimum({0}, {1})"},
    helpers={
        "sigmoid": '''\
def sigmoid(z):
    """Return 1 / (1 + exp(-z)): exp is taken of what is negative alone."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)''',
        "softplus": '''\
def softplus(z):
    """Return log(1 + exp(z)), which is z where z is large."""
    return np.where(z > 20, z, np.log1p(np.exp(np.minimum(z, 20))))''',
        "normal_cdf": '''\
def normal_cdf(z):
    """Return the normal distribution function: numpy has no error function."""
    erf = np.vectorize(math.erf, otypes=[z.dtype])
    return (1 + erf(z * math.sqrt(0.5))) / 2''',
        **_shared("np"),
    },
)
"""numpy: it needs nothing else."""

TORCH: Final = Language(
    name="torch",
    prefix="torch",
    copy="clone",
    bounds={"maximum": "torch.clamp({0}, min={1})", "minimum": "torch.clamp({0}, max={1})"},
    helpers={
        "sigmoid": '''\
def sigmoid(z):
    """Return 1 / (1 + exp(-z))."""
    return torch.sigmoid(z)''',
        "softplus": '''\
def softplus(z):
    """Return log(1 + exp(z)), which is z where z is large."""
    return torch.where(z > 20, z, torch.log1p(torch.exp(torch.clamp(z, max=20))))''',
        "normal_cdf": '''\
def normal_cdf(z):
    """Return the normal distribution function."""
    return (1 + torch.erf(z * math.sqrt(0.5))) / 2''',
        **_shared("torch"),
    },
)
"""torch, as far as it computes: no gradient of it is asked for."""

LANGUAGES: Final[Mapping[str, Language]] = {"numpy": NUMPY, "torch": TORCH}
"""Both, by the name that a user knows them by."""
