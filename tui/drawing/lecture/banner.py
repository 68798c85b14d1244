"""The banner: loss, step and accuracy in digits that the back row reads.

    loss                     step              accuracy
    █▀█   ▄█ █▀▀ █▀█ ▀▀█     ▀▀█  █▀█ █▀█ █▀█  █▀█ █▀▀  ▀ █
    █ █    █ ▀▀█ █▀█ █▀▀      ▀█  █ █ █ █ █ █  ▀▀█ ▀▀█  ▄▀
    ▀▀▀ ▀ ▀▀▀▀▀▀ ▀▀▀ ▀▀▀     ▀▀▀  ▀▀▀ ▀▀▀ ▀▀▀  ▀▀▀ ▀▀▀  ▀ ▀

Every figure has the room that the widest of its kind takes, so that nothing moves while a run
trains: from one tick to the next only digits change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, figure_within, percent
from ...style.palette import Palette, Role
from ...style.text import Lines, cut, joined
from ..members.crowd import Crowd, crowd_of
from .big import Lettering, letterings

if TYPE_CHECKING:
    from engine.recording.history import History

MOST_LINES: Final = 8
LEAST_LINES: Final = 4
LEAST_SCREEN: Final = 16
"""On a screen of fewer lines every one of them is needed for something else."""

LOSSES: Final = ("0.01234", "0.00123", "1.23e-4", "1.2e-11")
"""The widest of the usual figures of a loss."""
WIDEST: Final = max(map(len, LOSSES))
GAP: Final = 4
"""Cells between two facts; more where letters are wider."""
NOTHING: Final = "-"
"""What stands for a figure that is not there yet."""


@dataclass(frozen=True, kw_only=True)
class Banner:
    """What the banner says of one step of a run."""

    loss: float | None = None
    """The training loss; None before the first row."""
    step: int = 0
    steps: int = 0
    """All steps of the run: the step has room for that many."""
    accuracy: float | None = None
    """The dev set's where there is one; None before the first row."""
    has_accuracy: bool = False
    """Whether there is such a thing as an accuracy."""
    crowd: Crowd | None = None
    """The population whose means these are; None where they are one network's."""


@dataclass(frozen=True)
class _Figure:
    label: str
    words: str
    role: Role
    widest: tuple[str, ...]
    """What it is, and what it may become."""


@dataclass(frozen=True)
class _Layout:
    """How the banner is arranged."""

    facts: tuple[_Figure, ...]
    lettering: Lettering
    beside: Lettering | None
    """The letters of labels that stand before their figures; None where they stand above."""
    gap: int

    @property
    def height(self) -> int:
        return self.lettering.height + (self.beside is None)

    @property
    def widths(self) -> list[int]:
        """Cells of each fact: nothing moves, whatever its figure may become."""
        return [
            max(
                self.label(fact) + max(_width(each, self.lettering) for each in fact.widest),
                0 if self.beside else len(fact.label),
            )
            for fact in self.facts
        ]

    def label(self, fact: _Figure) -> int:
        """Return the cells of a label before its figure."""
        return 0 if self.beside is None else _width(fact.label, self.beside) + 2

    @property
    def width(self) -> int:
        """Cells of all facts."""
        return sum(self.widths) + self.gap * (len(self.facts) - 1)


def _width(words: str, lettering: Lettering) -> int:
    return lettering.width(lettering.spelled(words) or "")


def gather(history: History, at: int, steps: int, member: int | None = 0) -> Banner:
    """Return what the banner says of a step.

    Args:
        history: What is known of the run.
        at: The step that is read.
        steps: All steps of the run; 0 where nothing says so.
        member: Which network; None for the means over all of them.
    """
    # First, for it says whom the means leave out.
    crowd = crowd_of(history, at) if member is None else None
    return Banner(
        loss=_value(history, ("train", "dev"), "loss", at, member),
        step=at,
        steps=max(steps, history.last_step),
        accuracy=_value(history, ("dev", "train"), "accuracy", at, member),
        has_accuracy=any("accuracy" in rows.columns for rows in history.series.values()),
        crowd=crowd,
    )


def _value(
    history: History, groups: Sequence[str], column: str, at: int, member: int | None
) -> float | None:
    for group in groups:
        rows = history.series.get(group)
        if rows is not None and column in rows.columns and rows.row_at(at) is not None:
            return rows.value(column, at, member)
    return None


def banner_room(screen: int) -> int:
    """Return how many lines of a screen so high a banner may take."""
    if screen < LEAST_SCREEN:
        return 0
    return min(max(screen // 4, LEAST_LINES), MOST_LINES)


def banner_height(banner: Banner, width: int, most: int, glyphs: Glyphs) -> int:
    """Return how many lines it takes where it may take ``most``: one where no letters fit."""
    layout = _layout(banner, width, most, glyphs)
    return min(1 if layout is None else layout.height, max(most, 0))


def draw_banner(banner: Banner, width: int, height: int, look: Look) -> Lines:
    """Return the facts as large as there is room for, in the middle.

    Args:
        banner: What to say.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    width, height = max(width, 0), max(height, 0)
    layout = _layout(banner, width, height, look.glyphs)
    lines = [_small(banner, width, look)][:height]
    if layout is not None:
        lines = _large(layout, width, look.palette)
    above = (height - len(lines)) // 2
    lines = [*_blank(above), *lines, *_blank(height - len(lines) - above)]
    return [cut(line, width) for line in lines]


def _blank(lines: int) -> Lines:
    return [Text(end="") for _ in range(lines)]


def _facts(banner: Banner, glyphs: Glyphs) -> tuple[_Figure, ...]:
    crowd, accuracy = banner.crowd, banner.accuracy
    mean = "mean " if crowd is not None else ""
    role: Role = "train" if banner.loss is None or math.isfinite(banner.loss) else "bad"
    step, loss = count(banner.step), _figure(banner.loss, glyphs)
    facts = [
        _Figure(f"{mean}loss", loss, role, (loss, *LOSSES)),
        _Figure("step", step, "text", (step, count(banner.steps))),
    ]
    if banner.has_accuracy:
        finite = accuracy is not None and math.isfinite(accuracy)
        words = percent(accuracy or 0.0) if finite else _figure(accuracy, glyphs)
        facts.append(_Figure(f"{mean}accuracy", words, "dev", (words, "100 %")))
    if crowd is not None:
        deviation = crowd.deviations.get("loss", math.nan)
        words = _figure(deviation, glyphs) if math.isfinite(deviation) else NOTHING
        going = f"{count(crowd.training)}/{count(crowd.members)}"
        facts.append(_Figure("training", going, "text", (going,)))
        facts.append(_Figure("spread", words, "train", (words, *LOSSES)))
    return tuple(facts)


def _figure(value: float | None, glyphs: Glyphs) -> str:
    """Return a figure of few characters."""
    return NOTHING if value is None else figure_within(value, WIDEST, glyphs.infinity)


def _layout(banner: Banner, width: int, height: int, glyphs: Glyphs) -> _Layout | None:
    """Return the arrangement with the largest figures that fit; of the facts the last go first."""
    facts, order = _facts(banner, glyphs), letterings(glyphs)
    for number in range(len(facts), 0, -1):
        for place, lettering in enumerate(order):
            # Letters of labels beside figures are no larger than those.
            smaller = [each for each in order[place:] if each.height <= lettering.height]
            for beside in (*smaller, None):
                gap = GAP * lettering.wide // lettering.across + 2
                layout = _Layout(facts[:number], lettering, beside, gap)
                if layout.width <= width and layout.height <= height:
                    return layout
    return None


def _large(layout: _Layout, width: int, palette: Palette) -> Lines:
    """Return the facts in large figures."""
    lines = _blank(layout.height)
    left = max(width - layout.width, 0) // 2
    for fact, wide in zip(layout.facts, layout.widths, strict=True):
        for line, parts in zip(lines, _drawn(fact, layout, palette), strict=True):
            line.append(" " * (left - line.cell_len)).append(parts)
        left += wide + layout.gap
    return lines


def _drawn(fact: _Figure, layout: _Layout, palette: Palette) -> Lines:
    """Return one fact, label and figure."""
    style, muted = palette.style(fact.role, bold=True), palette.style("muted", bold=True)
    figures = layout.lettering.lines(layout.lettering.spelled(fact.words) or "")
    if layout.beside is None:
        return [Text(fact.label, muted, end=""), *(Text(row, style, end="") for row in figures)]
    labels = layout.beside.lines(layout.beside.spelled(fact.label) or "")
    labels = [""] * (len(figures) - len(labels)) + labels
    room = layout.label(fact)
    return [
        Text.assemble((label.ljust(room), muted), (row, style), end="")
        for label, row in zip(labels, figures, strict=True)
    ]


def _small(banner: Banner, width: int, look: Look) -> Text:
    """Return the facts in ordinary letters."""
    parts = [
        (f"{fact.label} {fact.words}", look.style(fact.role, bold=True))
        for fact in _facts(banner, look.glyphs)
    ]
    return joined(parts, "   ", look.style("faint"), width)[0]
