"""The axes of a sweep: a key of the preset, and the values that it takes.

    optimizer.lr = [0.01, 1, 5]          these
    optimizer.lr = "1e-4..1e-1 log 4"    0.0001, 0.001, 0.01, 0.1: equal ratios
    model.dropout = "0..0.5 lin 3"       0, 0.25, 0.5: equal distances
    optimizer.lr = "1e-4..1e-1 log"      any between, where settings are drawn at random
    train.batch_size = "8..64 log int"   the same, in whole numbers

Whatever stands in the schema can be an axis. Nothing here knows what is trained together.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..errors import PresetError, Problem
from ..text.numerals import number
from ..text.spelling import show
from .experiment import Experiment
from .members import LAST_SEED, MOST_TOLD, SEED, Original, about, said_of
from .sweep import MAX_TRIALS, Sweep

_RANGE: Final = re.compile(r"(?P<low>[^\s.]\S*?)\.\.(?P<high>\S+)(?P<words>(\s+\w+)*)\s*")
"""Two numbers with two points between, and what is said of them."""

DIGITS: Final = 6
"""Significant digits of a value within a range: what a person would still write down."""

EXAMPLES: Final = 64
"""Settings of a search that are looked at before it begins."""

Spacing = Literal["log", "lin"]


@dataclass(frozen=True, kw_only=True)
class ValueRange:
    """Numbers from one to another."""

    low: float
    high: float
    spacing: Spacing
    """Whether equal ratios or equal distances are alike."""
    whole: bool = False
    """Whether they are whole numbers."""
    count: int | None = None
    """How many of them are meant; none where any may be drawn."""

    def values(self) -> list[int | float]:
        """Return as many as are meant, the ends among them."""
        assert self.count is not None
        shares = [place / max(self.count - 1, 1) for place in range(self.count)]
        return list(dict.fromkeys(self.at(share) for share in shares))

    def at(self, share: float) -> int | float:
        """Return the number so far on the way from the least, 0, to the greatest, 1."""
        value = self.low + (self.high - self.low) * share
        if self.spacing == "log":
            value = float(self.low * (self.high / self.low) ** share)
        if self.whole:
            return round(value)
        return self.nearest(value)

    def nearest(self, value: float) -> int | float:
        """Return the value within the range that a person would write for a number."""
        value = min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)
        return int(value) if value.is_integer() and abs(value) < 1e15 else value


@dataclass(frozen=True)
class SweepAxis:
    """A key, and what it is set to."""

    key: str
    values: tuple[Any, ...]
    """Each value once; ranges that say how many they have are told as these."""
    open: ValueRange | None = None
    """A range of which any value may be drawn."""

    def draw(self, chance: random.Random) -> Any:
        """Return one of its values."""
        if self.open is not None:
            return self.open.at(chance.random())
        return chance.choice(self.values)


def axes_of(sweep: Sweep) -> list[SweepAxis]:
    """Return the axes that a preset's sweep says.

    Raises:
        PresetError: With every range that is none.
    """
    axes, problems = [], []
    for key, said in sweep.grid.items():
        try:
            axes.append(_axis(key, said, drawn=bool(sweep.random or sweep.search)))
        except ValueError as error:
            problems.append(Problem("", "sweep.grid", f"{key!r}: {error}"))
    if problems:
        raise PresetError(problems)
    return axes


def settings_of_sweep(sweep: Sweep, axes: Sequence[SweepAxis], seed: int) -> list[dict[str, Any]]:
    """Return the settings of a sweep, each once: a value for every axis.

    What a search will ask for is not known: of one they are drawn at random, as examples.

    Args:
        sweep: Says whether they are drawn, and how many.
        axes: Its own.
        seed: What is drawn depends on it; to draw more goes on where fewer ended.
    """
    drawn = min(sweep.trials, EXAMPLES) if sweep.search else sweep.random
    if drawn is None:
        grid = itertools.product(*(axis.values for axis in axes))
        return [dict(zip((axis.key for axis in axes), values, strict=True)) for values in grid]
    # Each axis has numbers of its own: another axis changes nothing about this one.
    chances = {axis.key: random.Random(f"{seed} {axis.key}") for axis in axes}
    settings: dict[str, dict[str, Any]] = {}
    for _ in range(drawn):
        setting = {axis.key: axis.draw(chances[axis.key]) for axis in axes}
        settings.setdefault(repr(setting), setting)
    return list(settings.values())


def check_sweep(experiment: Experiment, source: str) -> None:
    """Refuse a sweep with a setting that does not hold.

    Args:
        experiment: What holds as one network.
        source: Where it comes from, for the messages.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    if experiment.sweep == Sweep():
        return
    try:
        problems = _problems(experiment)
    except PresetError as error:
        problems = [each.message for each in error.problems]
    if problems:
        told = list(dict.fromkeys(problems))[:MOST_TOLD]
        raise PresetError([Problem(source, "sweep.grid", each) for each in told])


def trials_in(sweep: Sweep, axes: Sequence[SweepAxis]) -> int:
    """Return how many networks a sweep trains, without making them."""
    asked = sweep.trials if sweep.search else sweep.random
    settings = asked or math.prod(len(axis.values) for axis in axes)
    return settings * sweep.seeds


def _problems(experiment: Experiment) -> list[str]:
    sweep, axes = experiment.sweep, axes_of(experiment.sweep)
    count = trials_in(sweep, axes)
    if count > MAX_TRIALS:
        return [f"makes {count} trials; at most {MAX_TRIALS} are allowed"]
    if (sweep.search or sweep.random) and not axes:
        what = "a search needs" if sweep.search else "what is drawn at random needs"
        return [f"{what} a grid: keys, each with values or a range, as 1e-4..1e-1 log"]
    measured = {"train.steps", "train.epochs", "train.batch_size", "train.evaluate_every"}
    if sweep.prune and (others := measured & {*sweep.grid}):
        return [f"prune: compares losses at the same step; leave it out, or {', '.join(others)}"]
    if SEED in sweep.grid and sweep.seeds > 1:
        return [f"{SEED!r} says the seeds already; leave out sweep.seeds"]
    original = Original(experiment.model_copy(update={"sweep": Sweep()}))
    settings = settings_of_sweep(sweep, axes, experiment.train.seed)
    wrong = list(_wrong(original, settings))
    if not wrong:
        return list(_seed_problems(experiment, settings))
    # What is wrong with a value by itself is told once, and not for all that goes with it.
    alone = [{axis.key: value} for axis in axes for value in axis.values[:MOST_TOLD]]
    return list(_wrong(original, alone)) or wrong


def _wrong(original: Original, settings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say of each setting what is wrong with it."""
    told: set[str] = set()
    for setting in settings:
        try:
            original.changed(setting)
        except PresetError as error:
            only = next(iter(setting)) if len(setting) == 1 else ""
            problems = [about(problem, only) for problem in error.problems]
            # A key that is not there is not there for any of its values.
            yield from (f"{said_of(setting)}: {each}" for each in problems if each not in told)
            told |= {*problems}


def _seed_problems(experiment: Experiment, settings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    first = max((each.get(SEED, experiment.train.seed) for each in settings), default=0)
    if (last := first + experiment.sweep.seeds - 1) > LAST_SEED:
        yield f"the last seed would be {last}, beyond 2**63 - 1; lower train.seed"


def _axis(key: str, written: list[Any] | str, *, drawn: bool) -> SweepAxis:
    """Return an axis.

    Raises:
        ValueError: One of its ranges is none.
    """
    values: list[Any] = []
    for value in [written] if isinstance(written, str) else written:
        among = _range(value) if isinstance(value, str) else None
        if among is None:
            values.append(value)
        elif among.count is not None:
            values += among.values()
        elif not drawn:
            raise ValueError(f"{value!r} must say how many values, as in '{value} 5'")
        elif value is not written and len(written) > 1:
            raise ValueError(f"{value!r} stands beside other values; say how many it has")
        else:
            return SweepAxis(key, (among.at(0.0), among.at(1.0)), among)
    firsts = (value for at, value in enumerate(values) if value not in values[:at])
    return SweepAxis(key, tuple(firsts))


def _range(text: str) -> ValueRange | None:
    """Return the range that a text says; None where it is something else.

    Raises:
        ValueError: It is one, and is wrong.
    """
    match = _RANGE.fullmatch(text.strip())
    low, high = (number(match[end]) for end in ("low", "high")) if match else (None, None)
    if match is None or low is None or high is None:
        return None
    words = match["words"].split()
    spacing: Spacing = "log" if "log" in words else "lin"
    counts = [word for word in words if word.isdecimal()]
    if set(words) - {"log", "lin", "int", *counts} or len(counts) > 1 or {"log", "lin"} <= {*words}:
        raise ValueError(f"{show(text)} is no range; write 1e-4..1e-1 log 7, or 0..1 lin 5")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{show(text)} must go from the less to the greater")
    if spacing == "log" and low <= 0:
        raise ValueError(f"{show(text)}: equal ratios need numbers above 0; use lin")
    count = int(counts[0]) if counts else None
    if count is not None and not 2 <= count <= MAX_TRIALS:
        raise ValueError(f"{show(text)} must have at least 2 values and at most {MAX_TRIALS}")
    return ValueRange(low=low, high=high, spacing=spacing, whole="int" in words, count=count)
