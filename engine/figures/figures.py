"""Figures in a text: numbers that are filled in from a run, or that a run can be held against.

A note, a lecture's notes and an ``about`` are plain text, but for what stands between braces:

    {loss@100}                    filled in: the loss of row 100 of the run that is shown
    {loss}                        at the mark's own step, or at the step that is shown
    {accuracy@100 %}              in percent
    {grad_norm/layer1.weight@1 / grad_norm/layer5.weight@1}
    {loss@20 = 0.138}             said: 0.138 is read, and it must be that to its last digit
    {loss@20 ~ 0.1}               within a tenth of it; likewise < and >
    {log(3) = 1.099}              said of numbers alone
    {exploding-he:loss@1 = 0.66}  of another preset's run, or of one of several in a lecture
    {{ and }}                     braces

What is said and known to be otherwise in the run that is shown is replaced by what it is there,
in the same number of digits; so a figure is true of another seed too. What is not known yet is a
dash.

    quantity    [RUN:][GROUP/]COLUMN[@STEP], or step
    GROUP       train (which may be left out), dev, epoch, probe or result
    STEP        a number, step (the text's own, which may be left out) or end

This module knows the syntax and how numbers are written; where they come from is
``engine.figures.readings``, whether they hold ``engine.figures.proofreading`` and
``engine.lectures.rehearsal``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal

from ..components.expressions import CONSTANTS, Expression

Sign = Literal["", "=", "~", "<", ">"]

UNKNOWN: Final = "–"
"""What stands for a number that is not known yet."""

NEAR: Final = 0.1
"""How far a number may be from what is said to be near it, as a share of that."""

GROUPS: Final = ("train", "dev", "epoch", "probe", "result")
"""What a quantity can be a column of: a group of rows, or the result of a whole run."""

_PROBED: Final = ("weight_norm", "update_ratio", "dead", "saturated")
"""What the names of the probe's columns begin with: they need no group before them."""

_BRACES: Final = re.compile(r"\{\{|\}\}|\{|\}")
_CLAIM: Final = re.compile(r"(?P<body>[^=~<>]*)(?P<sign>[=~<>])(?P<said>[^=~<>]*)")
_QUANTITY: Final = re.compile(
    r"(?<![\w.@:/])"
    r"(?:(?P<run>\w[\w.+-]*):)?"
    r"(?P<column>[A-Za-z_]\w*(?:/[A-Za-z_][\w.]*)*)"
    r"(?:@(?P<at>\w+))?(?![\w.@:/]|\s*\()"
)
_NUMBER: Final = re.compile(
    r"(?P<sign>[-+]?)(?:(?P<whole>\d+(?: \d{3})*)(?:\.(?P<part>\d+))?)?"
    r"(?:(?P<typeset>[·×]?)10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|e(?P<exponent>[-+]?\d+))?(?P<percent> ?%)?"
)
_RAISED: Final = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_RAISE: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class FigureError(ValueError):
    """A text whose braces hold no figure."""


@dataclass(frozen=True)
class Quantity:
    """One number of a run."""

    group: str
    """One of ``GROUPS``; empty for the step itself."""
    column: str
    """Its name there."""
    at: int | Literal["own", "end"] = "own"
    """At or before which step: a number, that of the text, or the last one."""
    run: str = ""
    """Of which of several runs; empty for the one that is shown."""

    @property
    def of_one_run(self) -> Quantity:
        """The same, asked of the run it is of."""
        return replace(self, run="")

    def __str__(self) -> str:
        column = f"{self.group}/{self.column}" if self.group else self.column
        at = "" if self.at == "own" else f"@{self.at}"
        return f"{self.run}:{column}{at}" if self.run else f"{column}{at}"


Readings = Callable[[Quantity], float | None]
"""Says what a quantity is; None where that is not known."""


def nothing(quantity: Quantity) -> None:
    """Know no quantity: for a text that is read before there is a run."""


@dataclass(frozen=True)
class Said:
    """A number as somebody wrote it: ``0.138``, ``2 107 740``, ``1.8·10⁻¹¹``, ``88 %``."""

    text: str
    """As it stands in the text."""
    value: float
    """The number, a share where it is in percent."""
    decimals: int
    """Digits after the point."""
    exponent: int | None
    """The power of ten it is multiplied by; None where there is none."""
    percent: bool
    """Whether it counts hundredths."""

    def is_rounded(self, value: float) -> bool:
        """Whether ``value`` is written like this; nothing but 0 is 0, and only all is 100 %."""
        if not math.isfinite(value):
            return False
        if self.value == 0 or (self.percent and self.value == 1):
            return value == self.value or (self.decimals > 0 and self._is_within(value))
        return self._is_within(value)

    def like(self, value: float) -> str:
        """Return another number in the same manner."""
        if not math.isfinite(value) or (value != 0 and self.exponent is not None):
            return self._in_powers(value) if math.isfinite(value) else number(value)
        shown = value * 100 if self.percent else value
        if value != 0 and abs(shown) < 0.5 * 10.0**-self.decimals:
            return number(value, percent=self.percent)
        grouped = f"{shown:,.{self.decimals}f}".replace(",", " ")
        return f"{grouped} %" if self.percent else grouped

    def _is_within(self, value: float) -> bool:
        power = -self.decimals + (self.exponent or 0) - (2 if self.percent else 0)
        # A little more than half a digit, for what is written is a decimal and the value is not.
        return abs(value - self.value) <= 0.5005 * float(10.0**power)

    def _in_powers(self, value: float) -> str:
        mantissa, power = f"{value:.{self.decimals}e}".split("e")
        if "e" in self.text:
            return f"{mantissa}e{int(power)}"
        return f"{mantissa}·10{str(int(power)).translate(_RAISE)}"


@dataclass(frozen=True)
class Figure:
    """What stands between two braces."""

    text: str
    """All of it, without the braces."""
    quantities: tuple[Quantity, ...]
    """What it is computed from."""
    sign: Sign
    """How it stands to what is said; empty where nothing is."""
    said: Said | None
    """The number that is read."""
    percent: bool
    """Whether it is filled in as percent."""
    _expression: Expression = field(repr=False, compare=False)

    def value(self, readings: Readings) -> float | None:
        """Return what it is in a run; None where something in it is not known."""
        read = [readings(quantity) for quantity in self.quantities]
        values = {f"q{at}": value for at, value in enumerate(read) if value is not None}
        return self._expression.value(values) if len(values) == len(read) else None

    def holds(self, value: float) -> bool:
        """Whether what is said is true of a value; of one that is filled in everything is."""
        if self.said is None:
            return True
        match self.sign:
            case "~":
                return abs(value - self.said.value) <= NEAR * abs(self.said.value)
            case "<":
                return value < self.said.value
            case ">":
                return value > self.said.value
        return self.said.is_rounded(value)

    def words(self, value: float | None) -> str:
        """Return what is read in its place.

        Args:
            value: What it is in the run that is shown; None where that is not known.
        """
        if self.said is None:
            return UNKNOWN if value is None else number(value, percent=self.percent)
        if value is None or self.holds(value):
            return self.said.text
        return self.said.like(value) if self.sign == "=" else number(value, percent=self.percent)


Part = str | Figure


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Part, ...]:
    """Return a text in its parts: words as they are read, and figures.

    Raises:
        FigureError: A brace has no partner, or what it holds is no figure.
    """
    return tuple(_parts(text))


def figures(text: str) -> list[Figure]:
    """Return the figures in a text.

    Raises:
        FigureError: It is none that ``parse`` takes.
    """
    return [part for part in parse(text) if isinstance(part, Figure)]


def filled(text: str, readings: Readings) -> str:
    """Return a text as it is read, its figures filled in.

    A text that is none, as one of a recording from before there were figures, stays as it is.

    Args:
        text: The words.
        readings: What is known.
    """
    try:
        parts = parse(text)
    except FigureError:
        return text
    return "".join(p if isinstance(p, str) else p.words(p.value(readings)) for p in parts)


def spoken(text: str) -> str:
    """Return a text as it is read where there is no run."""
    return filled(text, nothing)


def number(value: float, *, percent: bool = False) -> str:
    """Return a number as it is read aloud: three digits, ``667``, ``0.0235``, ``1.8e-11``.

    Args:
        value: Any.
        percent: Whether to count hundredths; it is 100 only where it is all.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if percent:
        shown = value * 100
        return f"{number(min(shown, 99.9) if value < 1 else shown)} %"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e7:
        mantissa, power = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(power)}"
    decimals = max(2 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{decimals}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if decimals else text


def _parts(text: str) -> Iterator[Part]:
    words, opened, start = "", None, 0
    for brace in _BRACES.finditer(text):
        match brace[0]:
            case "{" if opened is None:
                words, opened = words + text[start : brace.start()], brace.start()
                if words:
                    yield words
                words = ""
            case "}" if opened is not None:
                yield _figure(text[opened + 1 : brace.start()])
                opened = None
            case "{{" | "}}" if opened is None:
                words += text[start : brace.start()] + brace[0][0]
            case _:
                raise FigureError(_unpaired(text, brace.start() if opened is None else opened))
        start = brace.end()
    if opened is not None:
        raise FigureError(_unpaired(text, opened))
    if rest := words + text[start:]:
        yield rest


def _unpaired(text: str, place: int) -> str:
    line = " ".join(text[place : place + 24].split())
    first = max(place - 16, 0)
    around = line if text[place] == "{" else " ".join(text[first : place + 1].split())
    return f"the brace in {around!r} has no partner; write {{loss@100}}, or {{{{ for a brace"


def _figure(text: str) -> Figure:
    """Return what a text between braces says.

    Raises:
        FigureError: Naming it, and what would be right.
    """
    try:
        claim = _CLAIM.fullmatch(text)
        if claim is None and re.search("[=~<>]", text):
            raise ValueError("has more than one of = ~ < >")
        body = text if claim is None else claim["body"]
        said = None if claim is None else _said(claim["said"].strip())
        sign: Sign = "" if claim is None else claim["sign"]  # type: ignore[assignment]
        body, percent = _without_percent(body)
        if percent and said is not None:
            raise ValueError("has its % before the number that is said; write it after that")
        names: list[str] = []
        expression = Expression(_named(body, names), [f"q{at}" for at in range(len(names))])
        quantities = tuple(_quantity(name) for name in names)
    except ValueError as error:
        raise FigureError(_in_its_words(text, str(error))) from None
    percent = percent or (said is not None and said.percent)
    return Figure(text, quantities, sign, said, percent, expression)


def _in_its_words(text: str, problem: str) -> str:
    """Return a problem of a figure; of what only this module names it says no more than that."""
    words = problem if not re.search(r"\bq\d", problem) else "is no arithmetic with quantities"
    if words.startswith(("is no expression", "only arithmetic")):
        words = "is no arithmetic with quantities such as loss@100"
    return f"{{{' '.join(text.split())}}} {words}; write {{{{ for a brace that is one"


def _without_percent(body: str) -> tuple[str, bool]:
    stripped = body.rstrip()
    return (stripped[:-1], True) if stripped.endswith("%") else (body, False)


def _named(body: str, names: list[str]) -> str:
    """Return an expression with a short name for each quantity, which are added to ``names``."""

    def short(match: re.Match[str]) -> str:
        placeholder = match[0]
        if placeholder in CONSTANTS or (re.fullmatch(r"e\d*", placeholder)):
            return placeholder
        if placeholder not in names:
            names.append(placeholder)
        return f"q{names.index(placeholder)}"

    if not body.strip():
        raise ValueError("holds nothing")
    return _QUANTITY.sub(short, body.strip())


def _quantity(text: str) -> Quantity:
    match = _QUANTITY.fullmatch(text)
    assert match is not None
    run, column, at = match["run"] or "", match["column"], match["at"]
    if column == "step" and at is None:
        return Quantity("", "step", "own", run)
    step: int | Literal["own", "end"] = "own"
    if at is not None and at.isdecimal():
        step = int(at[:12])
    elif at == "end":
        step = "end"
    elif at not in (None, "step"):
        raise ValueError(f"has no step after its @: it is a number, step or end (got {at!r})")
    group, _, rest = column.partition("/")
    if group in GROUPS and rest:
        return Quantity(group, rest, step, run)
    if column.startswith("dev_"):
        return Quantity("dev", column.removeprefix("dev_"), step, run)
    of_result = "result" if column.startswith("test_") else "train"
    return Quantity("probe" if group in _PROBED else of_result, column, step, run)


def _said(text: str) -> Said:
    match = _NUMBER.fullmatch(text)
    if match is None or not (match["whole"] or match["power"]):
        raise ValueError(f"says no number after its sign (got {text!r})")
    power = match["exponent"] or (match["power"] or "").translate(_RAISED)
    exponent = int(power) if power else None
    if abs(exponent or 0) > 300:
        raise ValueError(f"says a number too large or too small (got {text!r})")
    digits = f"{(match['whole'] or '1').replace(' ', '')}.{match['part'] or '0'}"
    value = float(f"{match['sign']}{digits}e{exponent or 0}")
    percent = match["percent"] is not None
    decimals = len(match["part"] or "")
    return Said(text, value / 100 if percent else value, decimals, exponent, percent)
