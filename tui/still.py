"""A run as a still picture: what ``epochal show`` prints, without Textual.

two-moons-20261121-093000-4f1c · Two moons
figures of the step, result
loss, and beside or under it accuracy
gradient norms
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from engine.errors import EpochalError
from engine.plain import plain
from tui.drawing import norms as norms_drawing
from tui.drawing.axis import horizon
from tui.drawing.curves import Curves, Quantity, draw_curves, gather
from tui.drawing.status import Standing, draw_status
from tui.drawing.text import Lines, cut, fit
from tui.glyphs import Glyphs
from tui.palette import DARK, Palette

if TYPE_CHECKING:
    from engine.history import History

    from engine.runs import RunFolder
    from tui.watch import Watch

DEFAULT_SIZE: Final = (100, 30)
LARGEST: Final = 1000


class SizeError(EpochalError):
    """A size that is none."""


def parse_size(text: str) -> tuple[int, int]:
    """Return what ``100x30`` says.

    Raises:
        SizeError: It says no size.
    """
    match = re.fullmatch(r"(\d{1,4})[xX×](\d{1,4})", text.strip())
    if not match or not all(1 <= int(part) <= LARGEST for part in match.groups()):
        raise SizeError(
            f"--size: must be as in 100x30, from 1x1 to {LARGEST}x{LARGEST} (got {text!r})"
        )
    return int(match[1]), int(match[2])


def terminal_size() -> tuple[int, int]:
    """Return the terminal's size, a line left for the prompt; 100x30 where there is none."""
    if not sys.stdout.isatty():
        return DEFAULT_SIZE
    size = shutil.get_terminal_size(DEFAULT_SIZE)
    return max(size.columns, 1), max(size.lines - 1, 1)


def show(
    folder: RunFolder, width: int, height: int, glyphs: Glyphs, *, step: int | None = None
) -> None:
    """Print a run, with colours where they are seen.

    Args:
        folder: The run.
        width: Cells.
        height: Lines.
        glyphs: What to draw with.
        step: As it stood at this step; the newest where left out.

    Raises:
        RecordingError: The recording cannot be read.
    """
    from tui.watch import Watch

    watch = Watch(folder)
    watch.poll()
    while watch.behind:
        watch.poll()
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    palette = DARK if colours else DARK.without_colours()
    lines = draw_still(watch, width, height, glyphs, palette, step=step)
    console = Console(width=width, color_system="256" if colours else None, highlight=False)
    for line in lines:
        if colours:
            console.print(line, no_wrap=True, crop=False, soft_wrap=True)
        else:
            print(line.plain.rstrip())


def draw_still(
    watch: Watch,
    width: int,
    height: int,
    glyphs: Glyphs,
    palette: Palette,
    *,
    step: int | None = None,
) -> Lines:
    """Return the picture of a run at a step."""
    history = watch.history
    at = history.last_step if step is None else min(step, history.last_step)
    standing = watch.standing(at)
    title = glyphs.dot.join(part for part in (watch.folder.name, plain(watch.title)) if part)
    lines: Lines = [
        Text(fit(title, width, glyphs.ellipsis), palette.style("train", bold=True), end="")
    ]
    lines += draw_status(standing, width, 2, glyphs, palette)
    if history.header is None:
        return [cut(line, width) for line in lines[:height]]
    table = _draw_norms(history, at, width, max(height - 3 - 8, 0), glyphs, palette)
    room = height - len(lines) - len(table)
    lines += (
        _draw_pictures(history, standing, at, (width, room), glyphs, palette) if room > 0 else []
    )
    return [cut(line, width) for line in [*lines, *table][:height]]


def _draw_pictures(
    history: History,
    standing: Standing,
    at: int,
    size: tuple[int, int],
    glyphs: Glyphs,
    palette: Palette,
) -> Lines:
    """Return the loss, and the accuracy beside it where there is one and room for it."""
    width, height = size
    both = "accuracy" in _columns(history) and width >= 90
    if not both:
        return _draw_one(history, standing, at, "loss", (width, height), glyphs, palette)
    half = (width - 2) // 2
    left = _draw_one(history, standing, at, "loss", (half, height), glyphs, palette)
    right = _draw_one(history, standing, at, "accuracy", (half, height), glyphs, palette)
    return [Text.assemble(a, "  ", b, end="") for a, b in zip(left, right, strict=True)]


def _columns(history: History) -> tuple[str, ...]:
    rows = history.series.get("train")
    return tuple(rows.columns) if rows is not None else ()


def _draw_one(
    history: History,
    standing: Standing,
    at: int,
    quantity: Quantity,
    size: tuple[int, int],
    glyphs: Glyphs,
    palette: Palette,
) -> Lines:
    width, height = size
    over = standing.state in ("ended", "crashed") or at < history.last_step
    last = at if over else horizon(at, standing.steps)
    curves = Curves(
        curves=gather(history, quantity, step=at, last=last, width=width),
        last=last,
        marks=tuple(mark.step for mark in history.marks if mark.step <= at),
        top=1.0 if quantity == "accuracy" else None,
    )
    title = Text(quantity, palette.style("text", bold=True), end="")
    return [cut(title, width), *draw_curves(curves, width, height - 1, glyphs, palette)][:height]


def _draw_norms(
    history: History, at: int, width: int, height: int, glyphs: Glyphs, palette: Palette
) -> Lines:
    """Return the table of gradient norms; of more layers than fit, the first and the last."""
    norms = norms_drawing.gather(history, step=at, width=width)
    if norms is None or height < 4:
        return []
    rows = norms_drawing.draw_rows(norms, width, glyphs, palette)
    room = height - 3
    if len(rows) > room:
        head = (room - 1) // 2
        left_out = len(rows) - room + 1
        between = Text(f"{glyphs.ellipsis} {left_out} more layers", palette.style("muted"), end="")
        rows = [*rows[:head], cut(between, width), *rows[len(rows) - (room - 1 - head) :]]
    return [
        Text(" " * width, end=""),
        norms_drawing.draw_heading(norms, width, glyphs, palette),
        *rows,
        norms_drawing.draw_footing(norms, width, glyphs, palette),
    ]
