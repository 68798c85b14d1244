"""Small pictures of numbers that span powers of ten: a gauge of one, a sparkline of many; and the
verdict on them, a symbol and a word.

Exactly 0 and what is not finite have no place on a logarithmic scale: they are said instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from ...style import severity
from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.palette import Role

if TYPE_CHECKING:
    from engine.diagnosis.finding import Verdict

LEAST_SPAN: Final = 0.5
"""The smallest range of a sparkline, in powers of ten."""

LEAST_SCALE: Final = 4
"""The smallest range of a gauge, in powers of ten."""


Powers = tuple[int, int]
"""The two ends of a gauge, as powers of ten."""


def scale(values: Sequence[float]) -> Powers:
    """Return a gauge's two ends as powers of ten: every value fits, and the range is not small."""
    sizes = [math.log10(value) for value in values if math.isfinite(value) and value > 0]
    if not sizes:
        return -LEAST_SCALE, 0
    high = math.floor(max(sizes)) + 1
    return min(math.ceil(min(sizes)) - 1, high - LEAST_SCALE), high


def draw_gauge(value: float, ends: Powers, width: int, look: Look, role: Role) -> Text:
    """Return a bar for ``value`` on a logarithmic scale between two powers of ten."""
    if value == 0:
        return look.line(look.pad("exactly 0", width), "bad")
    if not math.isfinite(value):
        return look.line(look.pad("not finite" if math.isinf(value) else "no number", width), "bad")
    low, high = ends
    share = (math.log10(abs(value)) - low) / (high - low)
    steps = len(look.glyphs.eighths)
    filled = max(round(min(max(share, 0.0), 1.0) * width * steps), 1)
    line = look.line(look.glyphs.bar(filled / steps)[:width], role)
    return line.append(look.glyphs.track * (width - len(line.plain)), look.style("faint"))


def sparkline(values: Sequence[float] | NDArray[np.float32], width: int, glyphs: Glyphs) -> str:
    """Return values as little bars on a logarithmic scale of their own, the newest at the right.

    The scale has at least ``LEAST_SPAN``, so that a norm that hardly moves looks level.
    """
    sizes = np.asarray(values, np.float64)[-width:] if width > 0 else np.empty(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.abs(sizes))
    finite = logs[np.isfinite(logs)]
    steps = len(glyphs.levels)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    span = max(high - low, LEAST_SPAN)
    # What hardly moves lies in the middle of one step, not on the edge between two.
    bottom = low if high - low >= LEAST_SPAN else (low + high) / 2 - span * (0.5 + 0.5 / steps)
    marks = []
    for size, log in zip(sizes.tolist(), logs.tolist(), strict=True):
        if size == 0:
            marks.append("0")
        elif not math.isfinite(log):
            marks.append("×" if glyphs.name != "ascii" else "x")
        else:
            marks.append(glyphs.levels[min(int((log - bottom) / span * steps), steps - 1)])
    return "".join(marks).ljust(max(width, 0))


def draw_verdict(verdict: Verdict | None, symbol: int, word: int, look: Look) -> Text:
    """Return a verdict in so many cells for its symbol and its word; blank where there is none."""
    if verdict is None:
        return Text(" " * (symbol + word), end="")
    mark = f" {severity.symbol(verdict.severity, look.glyphs)}" if symbol else ""
    words = look.pad(f" {verdict.word}", word)
    return Text(mark + words, severity.style(verdict.severity, look.palette), end="")
