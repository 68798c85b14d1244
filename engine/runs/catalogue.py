"""Everything a list of runs, a filter or a person choosing one may want to know of a run.

    recording ──► Glance ─┐
    experiment.toml ──────┼─► RunFacts ──► the list of runs, filters
    notes.toml ───► Notes ┘

The ``Archive`` keeps the facts of a folder's runs and looks again only at what has changed, so
that a poll of a thousand runs costs a few looks at the disk each. Nothing here knows a screen.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

from ..recording.events import Header
from ..text.files import read_file
from ..text.numerals import number_of
from ..text.parsing import from_toml
from ..text.run_names import beginning_of, called_after, stem_of
from .finding import is_run, order_of
from .folder import RunFolder
from .notes import Notes
from .summary import Glance, GlancedRun

Value = str | int | float | bool
"""What a key of a flattened experiment can hold."""

Measure = Literal["accuracy", "loss", "train"]
"""What a run's figure is: its accuracy or its loss on the test or dev set, or the newest
training loss."""

FIGURES: Final[Mapping[str, Measure]] = {
    "test_accuracy": "accuracy",
    "test_loss": "loss",
    "dev_accuracy": "accuracy",
    "dev_loss": "loss",
    "train_loss": "train",
}
"""The figures of a result that say how good a run is, the best first."""

_UNSAID: Final = frozenset({"title", "about", "marks", "origin", "sweep"})
"""Keys of an experiment that are words about it, or say what others are to be trained beside it."""


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What is known of a run."""

    folder: RunFolder
    glance: Glance
    notes: Notes = field(default_factory=Notes)
    title: str = ""
    """Its experiment's title."""
    config: Mapping[str, Value] = field(default_factory=dict)
    """The keys of its experiment, ``optimizer.lr`` and so on, each with its value."""
    origin: str = ""
    """The preset that it was made from, where it trains something else than that describes."""
    of_trials: bool = False
    """Whether it is a sweep: what is counted as its steps are its trials."""

    @property
    def name(self) -> str:
        """What to call it: the name it was given, else its folder's."""
        return self.notes.name or self.folder.name

    @property
    def called(self) -> str:
        """What its folder's name begins with: its preset, or what became of that."""
        return beginning_of(self.folder.name)

    @property
    def preset(self) -> str:
        """The preset it was made from, as far as its recording or its folder's name tells."""
        return self.origin or self.called

    @property
    def state(self) -> str:
        """The state it is in."""
        return self.glance.state

    @property
    def status(self) -> str:
        """How it ended; empty where it has not."""
        return self.glance.end.status if self.glance.end else ""

    @property
    def word(self) -> str:
        """Its state in a word: its status where it ended."""
        return self.status or self.state

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each member."""
        seed = self.config.get("train.seed")
        return self.glance.seeds or ((seed,) if isinstance(seed, int) else ())

    @property
    def result(self) -> Mapping[str, Any]:
        """The figures it ended with."""
        return self.glance.end.result if self.glance.end else {}

    @property
    def figure(self) -> tuple[Measure, float] | None:
        """What says most about how good it is."""
        for key, measure in FIGURES.items():
            if (value := number(self.result.get(key))) is not None:
                return measure, value
        return None if self.glance.loss is None else ("train", self.glance.loss)


def facts_of(folder: RunFolder) -> RunFacts:
    """Return what is known of a run."""
    return _Known(folder).look()


def number(value: Any) -> float | None:
    """Return a figure of a result as a number; None for no number.

    Of several members it is the mean; those without a number, as those that diverged, are left
    out.
    """
    if isinstance(value, list):
        numbers = [number(item) for item in value]
        if not numbers or None in numbers:
            return None
        finite = [item for item in numbers if item is not None and not math.isnan(item)]
        return sum(finite) / len(finite) if finite else math.nan
    return number_of(value)


def flat(tables: Mapping[str, Any]) -> dict[str, Value]:
    """Return an experiment's keys with their values, tables taken apart.

    Hidden layers that have nothing but a width are told as one value, ``8,8``.
    """
    said = (_flattened(key, value) for key, value in tables.items() if key not in _UNSAID)
    return dict(chain.from_iterable(said))


def _flattened(key: str, value: Any) -> Iterator[tuple[str, Value]]:
    match value:
        case str() | int() | float() | bool():
            yield key, value
        case dict():
            for name, item in value.items():
                # Nearly every run has them: one name serves all.
                yield from _flattened(sys.intern(f"{key}.{name}"), item)
        case list() if all(isinstance(item, dict) and "units" in item for item in value):
            yield key, brief([item["units"] for item in value])
            for index, item in enumerate(value):
                others = {name: each for name, each in item.items() if name != "units"}
                yield from _flattened(f"{key}[{index}]", others)
        case list() if any(isinstance(item, dict | list) for item in value):
            for index, item in enumerate(value):
                yield from _flattened(f"{key}[{index}]", item)
        case list():
            yield key, brief(value)


def brief(value: Any) -> str:
    """Return a value as a person would type it, in few characters."""
    match value:
        case bool():
            return str(value).lower()
        case float() if math.isfinite(value):
            mantissa, _, power = f"{value:g}".partition("e")
            return f"{mantissa}e{int(power)}" if power else mantissa
        case list() | tuple():
            return ",".join(map(brief, value))
    return str(value)


_FIRST: Final = (
    *("optimizer.lr", "optimizer.name", "model.hidden", "model.activation"),
    *("train.batch_size", "train.seed", "loss.name"),
)
"""The keys that say most, in this order."""


def differing(runs: Sequence[RunFacts]) -> tuple[str, ...]:
    """Return the keys that are not the same in all runs, those that say most first.

    What differs among runs of one preset comes before what merely belongs to another preset.
    """
    readable = [run for run in runs if run.config]
    first: dict[str, RunFacts] = {}
    among = {key for run in readable for key in _unlike(run, readable[0])}
    within = {key for run in readable for key in _unlike(run, first.setdefault(run.preset, run))}

    def rank(key: str) -> tuple[bool, int, str]:
        return key not in within, _FIRST.index(key) if key in _FIRST else len(_FIRST), key

    return tuple(sorted(among, key=rank))


def _unlike(run: RunFacts, other: RunFacts) -> set[str]:
    """Return the keys in which two runs differ."""
    if run.config is other.config:
        return set()
    return {key for key, _ in run.config.items() ^ other.config.items()}


_OVER: Final = ("ended", "crashed")
"""The states of a run that is read no further until its recording changes."""

_Stamp = tuple[int, int, int]
"""Inode, size and time of a file; nothing but zeros where there is none."""


def _stamp(path: str) -> _Stamp:
    try:
        stat = os.stat(path)  # noqa: PTH116 — half the price of Path.stat, a thousand times
    except OSError:
        return 0, 0, 0
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


class _Known:
    """A run, what is known of it, and what that was read from."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.order = order_of(folder)
        self._paths = os.fspath(folder.recording), os.fspath(folder.notes)
        self._look: GlancedRun | None = None
        """What reads it, until it is over: it holds the header, of which a list shows little."""
        self._stamps: tuple[_Stamp, _Stamp] | None = None
        self._facts: RunFacts | None = None
        self._header: Header | None = None
        """What ``_facts`` has its experiment from."""

    def look(self) -> RunFacts:
        """Return what is known now; the same object as before where nothing has changed."""
        stamps = _stamp(self._paths[0]), _stamp(self._paths[1])
        before, facts = self._stamps, self._facts
        if facts is not None and before == stamps and facts.state in _OVER:
            return facts
        self._stamps = stamps
        look, more = self._look, before is None or before[0] != stamps[0]
        if look is None or (before is not None and before[0][:2] > stamps[0][:2]):
            # It was over, or another file has taken its place.
            look, more = GlancedRun(self.folder), True
        if more:
            look.again()
        glance = look.glance()
        unnoted = facts is not None and before is not None and before[1] == stamps[1]
        notes = facts.notes if facts is not None and unnoted else Notes.load(self.folder)
        if facts is None or (glance, notes) != (facts.glance, facts.notes):
            self._facts = facts = self._told(glance, notes, look.history.header)
        self._look = look
        if facts.state in _OVER:
            self._look = self._header = None
        return facts

    def _told(self, glance: Glance, notes: Notes, header: Header | None) -> RunFacts:
        before = self._facts
        if before is not None and header is not None and header is self._header:
            return replace(before, glance=glance, notes=notes)
        self._header = header
        tables = header.experiment if header else _experiment(self.folder)
        return RunFacts(
            folder=self.folder,
            glance=glance,
            notes=notes,
            title=str(tables.get("title", "")),
            config=flat(tables),
            origin=origin_of(tables, self.folder.name),
        )


def origin_of(tables: Mapping[str, Any], name: str) -> str:
    """Return the preset that a run changes; none where its data is not that one's.

    Args:
        tables: Its experiment's.
        name: Its folder's.
    """
    origin = tables.get("origin")
    if not isinstance(origin, Mapping) or origin.get("file"):
        return ""
    preset = str(origin.get("preset", ""))
    return preset if stem_of(called_after(preset, "")) == beginning_of(name) else ""


def _experiment(folder: RunFolder) -> Mapping[str, Any]:
    """Return the tables of a run whose recording does not tell them."""
    try:
        return from_toml(read_file(folder.experiment_file).decode())
    except (OSError, ValueError):
        return {}


class Archive:
    """The runs of a folder, each read again only where it has changed.

    Args:
        folder: Where runs are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        """How many runs there are, read or not."""
        self._known: dict[str, _Known] = {}

    def runs(self) -> Iterator[RunFacts]:
        """Yield the facts of every run, the newest first."""
        names: list[str] = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            names = [entry.name for entry in entries]
        before, self._known = self._known, {}
        for name in names:
            if name in before:
                self._known[name] = before[name]
            elif is_run(path := self.folder / name):
                self._known[name] = _Known(RunFolder(path))
        self.count = len(self._known)
        for each in sorted(self._known.values(), key=lambda each: each.order, reverse=True):
            yield each.look()
