"""A sweep as a heat map: a figure by two settings, a cell for each pair of their values.

    test accuracy · mean ± spread of 5 seeds · 28 of 30 trials
    hidden \\ lr        0.01             1             5
            [5]     ▁ 0.861       ▇ 0.988       █ 0.992
                      ±0.021        ±0.004    ±0.001 ✗2
         [5, 3]     ✗ diverged    ▆ 0.981       ◌ 3 of 5
    worse 0.861 ▁▂▃▄▅▆▇█ 0.992 better

Where there are colours enough, one behind the number says what the level beside it says: how good
it is among the others.
A cell in which trials diverged says how many, and one that is not done says how far it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count, figure, figure_within
from ...style.text import Lines, cut, fit, pad_left, shortened, wrap
from ..base.frame import filled, headline, words
from ..network.region_canvas import has_levels

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

Place = tuple[int, int]
"""A row and a column."""

LEAST_CELL: Final = 9
"""Cells that a column needs: a level and a figure."""
MOST_CELL: Final = 20
MOST_LINES: Final = 3
"""Lines of a row: the figure, its spread, and what became of the trials."""
HEAD: Final = 2
"""Lines over the first row."""
WIDE_RANGE: Final = 100.0
"""From this ratio on losses stand on a logarithmic scale."""

RAMP: Final = (17, 18, 24, 30, 36, 72, 114, 192)
"""The colours of the levels, from the worst to the best: ever lighter, so grey tells as much."""
DARK_UP_TO: Final = 3
"""So many of them have light letters on them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeatMap:
    """A figure of the trials of a sweep, by two of their settings; all are [rows, columns]."""

    figure: str
    """What the figure is called."""
    row_key: str
    """The setting that the rows differ in; empty where there is one row."""
    column_key: str
    rows: tuple[str, ...]
    """The values, as a person types them."""
    columns: tuple[str, ...]
    mean: Floats
    """The mean over what is finished and did not diverge; NaN where there is none."""
    spread: Floats
    """The standard deviation of the same; NaN where there is none."""
    trials: Counts
    """How many trials there are to be; 0 where the sweep has no such pair."""
    finished: Counts
    """How many are over, those that diverged or were ended early among them."""
    diverged: Counts
    pruned: Counts
    """How many a search ended early."""
    failed: Counts
    """How many came to nothing, because their training could not be done."""
    smaller_is_better: bool = False
    facts: tuple[str, ...] = ()
    """What else is said of all of it."""


@dataclass(frozen=True)
class HeatMapPart:
    """Which of the rows and columns have room, and how large their cells are."""

    label: int
    """Cells of the rows' names."""
    cell: int
    """Cells of a column."""
    lines: int
    """Lines of a row."""
    top: int
    rows: int
    left: int
    columns: int


def part_of(heat: HeatMap, width: int, height: int, cursor: Place | None = None) -> HeatMapPart:
    """Return what of a heat map is shown in so much room, around the cell that is chosen."""
    names = [_corner(heat), *heat.rows]
    label = min(max(map(cell_len, names), default=0), max(width // 4, 6))
    columns = max(min((width - label) // (LEAST_CELL + 1), len(heat.columns)), 1)
    widest = max(map(cell_len, heat.columns), default=0)
    cell = min((width - label) // columns - 1, max(MOST_CELL, min(widest, 2 * MOST_CELL)))
    room = max(height - HEAD - 1, 1)
    lines = max(min(room // max(len(heat.rows), 1), MOST_LINES), 1)
    rows = min(room // lines, len(heat.rows))
    row, column = cursor or (0, 0)
    return HeatMapPart(
        label=label,
        cell=max(cell, 1),
        lines=lines,
        top=max(min(row - rows // 2, len(heat.rows) - rows), 0),
        rows=rows,
        left=max(min(column - columns // 2, len(heat.columns) - columns), 0),
        columns=columns,
    )


def height_of(heat: HeatMap) -> int:
    """Return the lines that a heat map takes at most to show every row."""
    return HEAD + MOST_LINES * len(heat.rows) + 1


def cell_at(
    heat: HeatMap, width: int, height: int, x: int, y: int, cursor: Place | None
) -> Place | None:
    """Return the row and the column of the cell that is drawn at a place, if one is."""
    part = part_of(heat, width, height, cursor)
    row, column = (y - HEAD) // part.lines, (x - part.label) // (part.cell + 1)
    if not (0 <= row < part.rows and 0 <= column < part.columns):
        return None
    return part.top + row, part.left + column


def draw_heat_map(
    heat: HeatMap, width: int, height: int, look: Look, cursor: Place | None = None
) -> Lines:
    """Return the picture: what it is, the columns' values, a row for each value, the scale.

    Args:
        heat: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
        cursor: The row and the column of the cell that is chosen.
    """
    part = part_of(heat, width, height, cursor)
    lines = [headline(heat.figure, list(heat.facts), width, look), _heads(heat, part, look)]
    levels = levels_of(heat)
    for row in range(part.top, part.top + part.rows):
        lines += _row(heat, levels, row, part, look, cursor)
    lines = filled(lines, width, max(height - 1, 0))
    return [*lines, _foot(heat, part, width, look)][:height]


def draw_failure(failure: str, width: int, look: Look) -> Lines:
    """Return why not all of a sweep was trained, where that is known, in a few lines at most."""
    return [look.line(line, "bad") for line in wrap(plain(failure), width)[:MOST_LINES] if line]


def levels_of(heat: HeatMap) -> Counts:
    """Return how good each cell is among the others, from 0 to 7; -1 where it has no figure."""
    values = np.where(np.isfinite(heat.mean), heat.mean, np.nan)
    if is_logarithmic(heat):
        values = np.log(values)
    finite = np.isfinite(values)
    if not finite.any():
        return np.full(values.shape, -1)
    low, high = float(values[finite].min()), float(values[finite].max())
    share = (values - low) / (high - low) if high > low else np.where(finite, 1.0, np.nan)
    if heat.smaller_is_better and high > low:
        share = 1 - share
    top = len(RAMP) - 1
    return np.where(finite, np.round(np.where(finite, share, 0) * top), -1).astype(np.int64)


def is_logarithmic(heat: HeatMap) -> bool:
    """Return whether the figures lie so far apart that their ratios are what counts."""
    figures = heat.mean[np.isfinite(heat.mean)]
    return bool(len(figures) and figures.min() > 0 and figures.max() / WIDE_RANGE > figures.min())


def _corner(heat: HeatMap) -> str:
    names = [key.rpartition(".")[2] for key in (heat.row_key, heat.column_key) if key]
    return " \\ ".join(names)


def _heads(heat: HeatMap, part: HeatMapPart, look: Look) -> Text:
    ellipsis = look.glyphs.ellipsis
    line = Text(pad_left(_corner(heat), part.label, ellipsis), look.style("muted"), end="")
    for name in heat.columns[part.left : part.left + part.columns]:
        line.append(" " + pad_left(f"{name} ", part.cell, ellipsis), look.style("text", bold=True))
    return line


def _row(
    heat: HeatMap, levels: Counts, row: int, part: HeatMapPart, look: Look, cursor: Place | None
) -> Lines:
    lines = []
    columns = range(part.left, part.left + part.columns)
    cells = [
        _cell_words(heat, int(levels[row, column]), (row, column), part, look) for column in columns
    ]
    for index in range(part.lines):
        name = heat.rows[row] if index == 0 else ""
        line = Text(pad_left(name, part.label, look.glyphs.ellipsis), end="", no_wrap=True)
        line.stylize(look.style("text", bold=True))
        for column, cell in zip(columns, cells, strict=True):
            style = _cell_style(heat, int(levels[row, column]), (row, column), look)
            words_here = pad_left(cell[index], part.cell - 1, look.glyphs.ellipsis)
            if cursor != (row, column):
                line.append(" ").append(f"{words_here} ", style)
                continue
            before, after = look.glyphs.choice
            line.append(before, _cursor_style(look))
            line.append(words_here, style + Style(bold=True))
            line.append(after, style + Style(bold=True))
        lines.append(line)
    return lines


def _cell_words(heat: HeatMap, level: int, at: Place, part: HeatMapPart, look: Look) -> list[str]:
    """Return a cell's lines: its figure, its spread, and what became of its trials."""
    glyphs, room = look.glyphs, part.cell - 1
    fate = _fate(heat, at, look)
    if not heat.trials[at]:
        lines = [glyphs.track]
    elif level < 0:
        lines = [shortened(fate or ["no figure", "none"], room)]
    else:
        infinity = glyphs.infinity
        value = figure_within(float(heat.mean[at]), max(room - 2, 4), infinity)
        spread = float(heat.spread[at])
        about = glyphs.plus_minus + figure(spread, 2, infinity) if math.isfinite(spread) else ""
        brief = fate[-1] if fate else ""
        both = f"{about} {brief}".strip()
        lines = [value if has_levels(look.palette) else f"{glyphs.levels[level]} {value}"]
        if part.lines == 1:
            tails = (f" {both}", f" {brief}", brief[:1], "")
            lines = [shortened([(lines[0] + tail).rstrip() for tail in tails], room)]
        elif part.lines == 2:
            lines.append(shortened([both, brief or about], room))
        else:
            lines += [about, shortened(fate or [""], room)]
    return [*lines, "", ""][: part.lines]


def _fate(heat: HeatMap, at: Place, look: Look) -> list[str]:
    """Return what became of a cell's trials beside a figure, in ever fewer words."""
    states = look.glyphs.states
    trials, finished = int(heat.trials[at]), int(heat.finished[at])
    diverged, failed, pruned = (int(each[at]) for each in (heat.diverged, heat.failed, heat.pruned))
    cross, waits = states["crashed"], states["starting"]
    said: list[list[str]] = []
    if diverged:
        which = "" if diverged == trials else f"{count(diverged)} "
        said.append([f"{cross} {which}diverged", f"{cross}{count(diverged)}"])
    if pruned:
        which = "" if pruned == trials else f"{count(pruned)} "
        said.append([f"- {which}pruned", f"-{count(pruned)}"])
    if failed:
        said.append([f"! {count(failed)} failed", f"!{count(failed)}"])
    if finished + failed < trials:
        done = f"{count(finished)} of {count(trials)}"
        said.append([f"{waits} {done}", f"{waits}{count(finished)}/{count(trials)}"])
    if not said:
        return []
    return [" ".join(each[0] for each in said), " ".join(each[1] for each in said)]


def _cell_style(heat: HeatMap, level: int, at: Place, look: Look) -> Style:
    if level >= 0 and has_levels(look.palette):
        return ramp_style(level)
    if level >= 0:
        return look.style("text")
    if heat.diverged[at] or heat.failed[at]:
        return look.style("bad")
    return look.style("faint" if not heat.trials[at] else "muted")


def _cursor_style(look: Look) -> Style:
    if not look.palette.colours:
        return Style(bold=True)
    return Style(color=Color.from_ansi(look.palette.focus), bold=True)


@lru_cache(maxsize=16)
def ramp_style(level: int) -> Style:
    """Return what a level looks like: its colour behind letters that stand out from it."""
    letters = 231 if level < DARK_UP_TO else 16
    return Style(color=Color.from_ansi(letters), bgcolor=Color.from_ansi(RAMP[level]))


def _foot(heat: HeatMap, part: HeatMapPart, width: int, look: Look) -> Text:
    """Return the scale, and what is not shown."""
    hidden = []
    for name, first, size, whole in (
        ("rows", part.top, part.rows, len(heat.rows)),
        ("columns", part.left, part.columns, len(heat.columns)),
    ):
        if size < whole:
            hidden.append(f"{name} {first + 1} to {first + size} of {whole}")
    figures = heat.mean[np.isfinite(heat.mean)]
    if not len(figures):
        said = look.glyphs.dot.join(["no trial has a figure yet", *hidden])
        return words(said, width, look)
    ends = [float(figures.min()), float(figures.max())]
    worst, best = reversed(ends) if heat.smaller_is_better else ends
    muted = look.style("muted")
    line = Text(f"worse {figure_within(worst, 8, look.glyphs.infinity)} ", muted, end="")
    for level, glyph in enumerate(look.glyphs.levels):
        if has_levels(look.palette):
            line.append("  ", ramp_style(level))
        else:
            line.append(glyph, look.style("text"))
    scale = ", logarithmic" if is_logarithmic(heat) else ""
    line.append(f" {figure_within(best, 8, look.glyphs.infinity)} better{scale}", muted)
    room = width - line.cell_len
    for said in hidden:
        line.append(fit(look.glyphs.dot + said, max(room, 0), look.glyphs.ellipsis), muted)
        room = width - line.cell_len
    return cut(line, width)
