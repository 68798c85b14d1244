"""Filters of the list of runs: words, and expressions on what is known of a run.

    two-moons                  plain text: found in its name, preset, title, note, tags or marks
    "half circles"             the same, with a space in it
    cfg.optimizer.lr>=0.1      a key of the experiment, as --set names it
    result.test_accuracy>0.9   a figure of its result
    state=running|paused       one of several; status, preset, name, title, seed, tag … likewise
    origin=import              worker, import, watch or record: where a recording comes from
    -tag=draft                 a minus before a term: it must not hold

Terms are separated by spaces and all must hold. What a run lacks is unequal to everything, and
neither greater nor less than anything. Nothing here reads a file.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from ..errors import FilterError
from ..recording.events import Status
from ..text.numerals import number_of
from ..text.spelling import closest
from .state import State

if TYPE_CHECKING:
    from .catalogue import RunFacts

_ORDERS: Final = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}

_TERM: Final = re.compile(r'(?P<minus>-?)(?P<body>(?:"[^"]*"|[^\s"])+)')
_EXPRESSION: Final = re.compile(r"(?P<key>[^\s\"<>=!]+)(?P<sign>>=|<=|!=|==?|>|<)(?P<value>.*)")

STATES: Final = (*get_args(State), *get_args(Status))
"""What ``state`` can be: an ended run goes by its status as well."""

_FACTS: Final[Mapping[str, Callable[[RunFacts], tuple[Any, ...]]]] = {
    "state": lambda run: (run.state, run.status),
    "status": lambda run: (run.status,),
    "reason": lambda run: (run.glance.end.reason,) if run.glance.end else (),
    "preset": lambda run: (run.preset,),
    "origin": lambda run: (run.glance.origin,),
    "name": lambda run: (run.name, run.folder.name),
    "title": lambda run: (run.title,),
    "note": lambda run: (run.notes.note,),
    "tag": lambda run: run.notes.tags,
    "pinned": lambda run: (run.notes.pinned,),
    "seed": lambda run: run.seeds,
    "step": lambda run: (run.glance.step,),
    "seconds": lambda run: (run.glance.seconds,),
}
"""What a key of its own stands for, as the values of which any may fit."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One thing that must hold."""

    source: str
    """How it was said."""
    negated: bool = False
    key: str = ""
    """What is compared; empty for plain text."""
    sign: str = ""
    value: str = ""

    def matches(self, run: RunFacts) -> bool:
        """Whether it holds for a run."""
        return self._holds(run) is not self.negated

    def _holds(self, run: RunFacts) -> bool:
        if not self.key:
            return self.value.casefold() in _text_of(run)
        values = values_of(run, self.key)
        if compare := _ORDERS.get(self.sign):
            bound, numbers = float(self.value), map(number_of, values)
            return any(value is not None and compare(value, bound) for value in numbers)
        holds = any(_same(value, each) for value in values for each in self.value.split("|"))
        return holds is (self.sign == "=")


@dataclass(frozen=True)
class Filter:
    """What must hold for a run to be listed; without terms every run is."""

    terms: tuple[Term, ...] = ()

    def matches(self, run: RunFacts) -> bool:
        """Whether every term holds for a run."""
        return all(term.matches(run) for term in self.terms)

    def unknown(self, runs: Iterable[RunFacts]) -> str:
        """Return, in words, the first key that none of these runs has, with the nearest."""
        runs = list(runs)
        for term in self.terms:
            if runs and "." in term.key and not any(values_of(run, term.key) for run in runs):
                keys = {f"cfg.{key}" for run in runs for key in run.config}
                keys |= {f"result.{key}" for run in runs for key in run.result}
                return f"no run here has {term.key}{_meant(term.key, keys)}"
        return ""


def parse(text: str) -> Filter:
    """Return the filter that a text says.

    Raises:
        FilterError: It is none; says what is wrong, where, and what would be right.
    """
    if text.count('"') % 2:
        where = text[text.rindex('"') :]
        raise FilterError(f"{where}: the quotation mark is not closed; add another one")
    return Filter(tuple(_term(match) for match in _TERM.finditer(text)))


def _term(match: re.Match[str]) -> Term:
    source, body, negated = match[0], match["body"], bool(match["minus"])
    if source == "-":
        raise FilterError("-: a term must follow at once, as in -tag=draft")
    said = _EXPRESSION.fullmatch(body)
    if said is None:
        return Term(source=source, negated=negated, value=body.replace('"', ""))
    key, value = said["key"], said["value"].replace('"', "")
    sign = "=" if said["sign"] == "==" else said["sign"]
    _check(source, key, sign, value, quoted='"' in said["value"])
    return Term(source=source, negated=negated, key=key, sign=sign, value=value)


def _check(source: str, key: str, sign: str, value: str, *, quoted: bool) -> None:
    """Hold a comparison against what can be compared.

    Raises:
        FilterError: It can never hold.
    """
    group, dot, rest = key.partition(".")
    if not (dot and rest and group in ("cfg", "result")) and key not in _FACTS:
        keys = [*_FACTS, "cfg.KEY", "result.KEY"]
        hint = _meant(key, keys) or f"; there are {', '.join(keys)}"
        raise FilterError(f'{source}: nothing is called {key}{hint}, or search for "{key}"')
    if not value and not quoted:
        raise FilterError(f"{source}: a value must follow, as in {key}{sign}1")
    if sign in _ORDERS and number_of(value) is None:
        raise FilterError(f"{source}: {sign} needs a number (got {value!r}); or use {key}={value}")
    if key in ("state", "status"):
        for each in value.split("|"):
            if each.casefold() not in STATES:
                hint = _meant(each, STATES) or f"; there are {', '.join(STATES)}"
                raise FilterError(f"{source}: there is no state {each}{hint}")


def values_of(run: RunFacts, key: str) -> tuple[Any, ...]:
    """Return what a run has under a key: several values where any may fit, none where it lacks it.

    ``cfg.optimizer`` stands for ``cfg.optimizer.name``, as in a preset's short forms.
    """
    group, _, rest = key.partition(".")
    if group == "cfg":
        keys = (rest, f"{rest}.name", f"{rest}.kind")
        return tuple(run.config[key] for key in keys if key in run.config)[:1]
    if group == "result":
        value = run.result.get(rest)
        if isinstance(value, list):
            # The figures of several members count as their mean; words each for itself.
            from .catalogue import number

            mean = number(value)
            return tuple(value) if mean is None else (mean,)
        return () if value is None else (value,)
    return _FACTS[key](run)


def _text_of(run: RunFacts) -> str:
    """Return all that plain text is looked for in."""
    notes = run.notes
    marks = [words for mark in notes.marks for words in (mark.title, mark.note)]
    parts = [run.folder.name, notes.name, run.title, notes.note, *notes.tags, *marks]
    return "\n".join(parts).casefold()


def _same(value: Any, wanted: str) -> bool:
    """Whether a value is what was said: as a number where both are, else as text."""
    number, meant = number_of(value), number_of(wanted)
    if number is not None and meant is not None:
        return number == meant or (math.isnan(number) and math.isnan(meant))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.casefold() == wanted.casefold()


def _meant(word: str, words: Iterable[str]) -> str:
    close = closest(word, words)
    return f" (did you mean {close}?)" if close else ""
