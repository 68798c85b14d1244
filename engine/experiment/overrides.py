"""Overrides: single keys of a preset set from outside, as in ``--set optimizer.lr=0.1``.

They change a preset's tables before these are validated, so the schema alone says what is right.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ..errors import PresetError, Problem
from ..text.lists import parts
from ..text.numerals import as_toml, number
from ..text.parsing import from_toml
from .experiment import Experiment
from .problems import Path, key_text, path_in
from .tables import Tables, tables_of

_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(?:\[\d{1,6}\])*(?:\.[A-Za-z0-9_-]+(?:\[\d{1,6}\])*)*")

INSTEAD: Final[dict[Path, tuple[str, str]]] = {
    ("train", "epochs"): ("train", "steps"),
    ("train", "steps"): ("train", "epochs"),
}
"""Keys of which only one may stand: to set one is to take the other away."""


@dataclass(frozen=True)
class Override:
    """One key and its value."""

    path: Path
    """Which key."""
    value: Any
    """What it is set to."""
    source: str
    """How it was said, for the messages."""

    def concerns(self, key: str) -> bool:
        """Whether a problem at ``key`` comes from this: at it, in it, around it, or beside it in
        a table whose kind it changes.
        """
        path = key_text(self.path)
        if path.startswith(key) or key.startswith(path):
            return True
        return self.path[-1] in ("kind", "name") and key.startswith(key_text(self.path[:-1]))


def parse(overrides: Sequence[str]) -> list[Override]:
    """Return what texts such as ``optimizer.lr=0.1`` say.

    Raises:
        PresetError: With every one that is no KEY=VALUE.
    """
    parsed, problems = [], []
    for text in overrides:
        key, equals, value = text.partition("=")
        source = f"--set {text if len(text) <= 60 else text[:59] + '…'}"
        if not equals or not _KEY.fullmatch(key.strip()):
            message = "must be KEY=VALUE, as in optimizer.lr=0.1 or model.hidden[0]=7"
            problems.append(Problem(source, "", message))
            continue
        parsed.append(Override(path_in(key), value_of(value.strip()), source))
    if problems:
        raise PresetError(problems)
    return parsed


def path_of(key: str) -> Path | None:
    """Return the path that a key such as ``model.hidden[0].units`` writes; None for no key."""
    return path_in(key) if _KEY.fullmatch(key) else None


def typed(texts: Sequence[str], option: str) -> dict[str, list[Any]]:
    """Return what texts such as ``optimizer.lr=0.01,0.1`` say, as a preset's table has it.

    Args:
        texts: A key and its values each, between commas that are in no brackets.
        option: What they were said with, for the messages.

    Raises:
        PresetError: With every one that is no KEY=V,V…, or whose key was said before.
    """
    table, problems = dict[str, list[Any]](), []
    for text in texts:
        key, equals, values = text.partition("=")
        if key.strip() in table:
            message = "its key was said before; list all of its values after one, between commas"
            problems.append(Problem(f"{option} {text:.60}", "", message))
        elif equals and path_of(key.strip()) and values.strip():
            table[key.strip()] = [value_of(value) for value in parts(values)]
        else:
            message = "must be KEY=V,V…, as in optimizer.lr=0.01,0.1"
            problems.append(Problem(f"{option} {text:.60}", "", message))
    if problems:
        raise PresetError(problems)
    return table


def apply(tables: Tables, changes: Sequence[Override], unchanged: Experiment | None) -> Tables:
    """Return the tables with the changes made, in their order.

    Args:
        tables: A preset's.
        changes: What to set.
        unchanged: What ``tables`` say, where they hold: what a short form stands for is read
            off it.

    Raises:
        PresetError: With every change that leads nowhere.
    """
    changed = copy.deepcopy(tables)

    @functools.cache
    def full() -> Tables:
        return tables_of(unchanged or Experiment(), full=True, short=False)

    problems = []
    for change in changes:
        try:
            _set(changed, full, change.path, change.value)
        except ValueError as error:
            problems.append(Problem(change.source, "", str(error)))
    set_here = {change.path for change in changes}
    for change in changes:
        other = INSTEAD.get(change.path)
        if other and other not in set_here:
            changed.get(other[0], {}).pop(other[1], None)
    if problems:
        raise PresetError(problems)
    return changed


def value_of(text: str) -> Any:
    """Return a value as TOML means it, or the text itself where it is no TOML.

    Numbers may be typed as people do, also within a list: ``.5``, ``1e2``.
    """
    if (typed := number(text)) is not None:
        return typed
    read = _toml(text)
    if read is None and not {'"', "'"} & set(text):
        read = _toml(as_toml(text))
    return text if read is None else read


def _toml(text: str) -> Any:
    """Return the value that a text is in TOML; None where it is none."""
    try:
        read = from_toml(f"value = {text}")
    except ValueError:
        return None
    return read["value"] if list(read) == ["value"] else None


def _set(tables: Tables, full: Callable[[], Tables], path: Path, value: Any) -> None:
    """Set one value.

    Args:
        tables: What is changed.
        full: Says every key of the same experiment, where a way leads through one left out.
        path: Where.
        value: What to.

    Raises:
        ValueError: The way there leads through something that is no table or no list, or past
            the end of a list.
    """
    here: Any = tables
    for depth, (part, following) in enumerate(pairwise(path), start=1):
        wanted = list if isinstance(following, int) else dict
        if isinstance(part, str) and part not in here:
            here[part] = copy.deepcopy(_at(full(), path[:depth])) if wanted is list else {}
        if not isinstance(here[part], wanted):
            here[part] = copy.deepcopy(_at(full(), path[:depth]))
        if not isinstance(here[part], wanted):
            what = "list" if wanted is list else "table"
            raise ValueError(f"{key_text(path[:depth])} is no {what}")
        here = here[part]
        if isinstance(following, int) and following >= len(here):
            last = f"the last is [{len(here) - 1}]" if here else "it is empty"
            raise ValueError(f"{key_text(path[:depth])} has no [{following}]; {last}")
    here[path[-1]] = value


def _at(full: Any, path: Path) -> Any:
    """Return what stands at a path of the resolved experiment, or None."""
    for part in path:
        try:
            full = full[part]
        except (KeyError, IndexError, TypeError):
            return None
    return full
