"""How the results of a population lie: a histogram of one figure over its members.

    dev accuracy of 32 members
    30 members  mean 0.9412  std 0.021  least 0.8812  median 0.95  greatest 0.975
      10 ┤          ▅▅▅███
       5 ┤     ▂▂▂▅▅██████▂▂
       0 ┼───────────────────

Members that diverged have no result: they are left out, and said. What a member that was held
came to before it ended counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.recording.history import History
from engine.recording.member_endings import MemberEndings, member_endings
from engine.recording.rows import Rows

from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, joined
from ..base.arrays import Floats, finite_of
from ..base.axis import Axis, linear_axis
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline
from ..lists.result import result_place
from .histogram import bars, ends_of
from .material import RecordedNetwork

RESULTS: Final = (("test_accuracy", "test accuracy"), ("test_loss", "test loss"))
"""Figures of a run that is over, before those that are measured while it trains."""

MEASURED: Final = (
    ("dev", "accuracy", "dev accuracy"),
    ("dev", "loss", "dev loss"),
    ("train", "loss", "train loss"),
)
"""Groups and columns, and what they are called: the first that a run has counts."""

LEAST_WIDTH: Final = FRAME_WIDTH + 8
LEAST_HEIGHT: Final = 5
FEWEST_BINS: Final = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Distribution:
    """Everything that the picture shows."""

    name: str
    """What the figure is called."""
    values: Floats
    """It, of every member that has one."""
    members: int
    diverged: int = 0
    step: int = 0
    place: str = ""
    """Of which weights the figures are, where they are a result's."""


def gather(network: RecordedNetwork) -> Distribution:
    """Return the distribution at the step of which a network is shown."""
    history = network.material.history
    return distribution_of(history, history.last_step if network.closing else network.asked)


def distribution_of(history: History, step: int) -> Distribution:
    """Return how a run's figure lies over its members at a step: of one that is over its result."""
    members = history.header.members if history.header is not None else 0
    endings = member_endings(history, step)
    diverged = int(endings.diverged.sum()) if endings is not None else 0
    result = _result(history, step)
    name, values = result or _measured(history, step, endings) or ("", np.empty(0))
    if endings is not None and len(values) == members:
        values = values[~endings.diverged]
    return Distribution(
        name=name,
        values=finite_of(values),
        members=members,
        diverged=diverged,
        step=step,
        place=result_place(history, None) if result else "",
    )


def _result(history: History, step: int) -> tuple[str, Floats] | None:
    end = history.end
    if end is None or step < end.step:
        return None
    for key, name in RESULTS:
        values = end.result.get(key)
        if isinstance(values, list):
            return name, np.array([math.nan if value is None else float(value) for value in values])
    return None


def _measured(history: History, step: int, ends: MemberEndings | None) -> tuple[str, Floats] | None:
    for group, column, name in MEASURED:
        rows = history.series.get(group)
        newest = rows.row_at(step) if rows is not None and column in rows.columns else None
        if rows is not None and newest is not None:
            return name, rows.each(column, _newest(rows, newest, ends)).astype(np.float64)
    return None


def _newest(rows: Rows, newest: int, ends: MemberEndings | None) -> NDArray[np.int64]:
    """Return each member's newest row: that of its own last step where it has ended."""
    if ends is None:
        return np.full(rows.members, newest)
    last = np.array([rows.count_until(step) - 1 for step in ends.ended_at.tolist()])
    return np.where(ends.trains, newest, np.clip(last, 0, newest))


def draw_distribution(distribution: Distribution, width: int, height: int, look: Look) -> Lines:
    """Return the picture: what it is, its figures, then the bars with their axes.

    Args:
        distribution: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    title = f"{distribution.name or 'no result yet'} of {count(distribution.members)} members"
    facts = [distribution.place or f"step {count(distribution.step)}"]
    if distribution.diverged:
        facts.append(f"{count(distribution.diverged)} diverged, left out")
    values, text = distribution.values, look.style("text")
    figures = [(words, text) for words in _figures(values, look)]
    lines = [headline(title, facts, width, look), cut(joined(figures, "  ", text, width)[0], width)]
    rows = height - len(lines) - FRAME_HEIGHT
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or rows < 1 or not len(values):
        return filled(lines, width, height)
    return filled([*lines, *_picture(values, width, rows, look)], width, height)


def _figures(values: Floats, look: Look) -> list[str]:
    """Return the mean, the spread, the ends and the middle of the members' figures."""
    if not len(values):
        return ["no member has a number"]
    named = {
        "mean": values.mean(),
        "std": values.std(ddof=1) if len(values) > 1 else 0.0,
        "least": values.min(),
        "median": np.median(values),
        "greatest": values.max(),
    }
    return [f"{key} {look.figure(float(value))}" for key, value in named.items()]


def _picture(values: Floats, width: int, rows: int, look: Look) -> Lines:
    """Return the bars: as many bins as the members tell apart, each of some columns."""
    columns = width - FRAME_WIDTH
    bins = min(max(round(2 * math.sqrt(len(values))), FEWEST_BINS), columns)
    ends = ends_of(values)
    counts, _ = np.histogram(values, bins=bins, range=ends)
    heights = counts[np.arange(columns) * bins // columns].astype(np.float64)
    upright = linear_axis(0.0, float(counts.max()), max(rows // 3, 1))
    # Of members there are no halves.
    whole = ((value, count(round(value))) for value, _ in upright.ticks if value == round(value))
    upright = Axis(upright.low, upright.high, tuple(whole))
    level = Axis(*ends, linear_axis(*ends, max(columns // 12, 1)).ticks)
    return framed(bars(heights / upright.high, np.empty(0), rows, look), level, upright, look)
