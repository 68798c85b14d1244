"""What training takes of the machine: each figure with its unit, over its curve from the start.

    processors   1.52                          up to 1.98
    ▂▅▆▆▇▇▇▇▆▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇

Where there is no room for curves, each stands in its figure's line; where there is none for that,
the figures stand alone.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Final

from rich.text import Text

from ...style.look import Look
from ...style.numbers import rate
from ...style.palette import Role
from ...style.text import Lines, cut, pad

if TYPE_CHECKING:
    from engine.recording.history import History

NAME_WIDTH: Final = 14
"""Cells of a figure's name."""

VALUE_WIDTH: Final = 20
"""Cells of a figure, its unit and what there is of it at most."""

PEAK_WIDTH: Final = 18
"""Cells of the greatest value, where a curve has lines of its own."""

MOST_LINES: Final = 3
"""Lines of a curve, however much room there is."""


def size(count: float) -> str:
    """Return a number of bytes in three digits: ``312 MB``, ``1.25 GB``."""
    power = next((power for power in range(4) if count < 999.5 * 1000**power), 4)
    return f"{count / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"


@dataclass(frozen=True)
class MachineFigure:
    """A figure of the machine, and how it is written."""

    name: str
    """In the recording."""
    label: str
    role: Role
    write: Callable[[float], str]
    of: str = ""
    """The figure that says how much there is of it at most."""


FIGURES: Final = (
    MachineFigure("cpu", "processors", "train", lambda value: f"{value:.2f}"),
    MachineFigure("memory", "memory", "dev", size),
    MachineFigure("threads", "threads", "text", lambda value: f"{value:.0f}"),
    MachineFigure("speed", "speed", "train", lambda value: f"{rate(value)} steps/s"),
    MachineFigure("gpu_use", "GPU", "dev", lambda value: f"{value * 100:.0f} %"),
    MachineFigure("gpu_memory", "GPU tensors", "train", size, "gpu_total"),
    MachineFigure("gpu_reserved", "GPU reserved", "dev", size, "gpu_total"),
    MachineFigure("gpu_used", "GPU in use", "text", size, "gpu_total"),
)
"""Every figure that is shown, in its order; one that the recording lacks is left out."""


def there(history: History, step: int) -> int:
    """Return how many times the figures were recorded up to a step."""
    return bisect.bisect_right(history.machine, step, key=lambda each: each.step)


def missing(history: History | None) -> str:
    """Return why there are no figures; where no run is shown, what is to be seen here."""
    if history is None or history.header is None:
        return "What a run takes of the machine appears here: processors, memory, threads, the GPU."
    if history.machine:
        first = history.machine[0].step
        return f"No figures of the machine are there yet: the first are of step {first}."
    if history.end is None:
        return "The first figures of the machine come within a second of training."
    return (
        "This recording has no figures of the machine: it was made before they were recorded, "
        "or in too short a time."
    )


def draw(history: History, step: int, room: tuple[int, int], look: Look) -> Lines:
    """Return the figures at a step, the last ones at or before it, and how they came to be."""
    width, height = room
    read = [each.figures for each in history.machine[: there(history, step)]]
    shown = [figure for figure in FIGURES if read and figure.name in read[-1]]
    if not shown or width <= 0:
        return []
    lines: Lines = []
    bars_lines = min((height - len(shown) + 1) // len(shown) - 1, MOST_LINES)
    for figure in shown:
        values = [each[figure.name] for each in read if figure.name in each]
        most = read[-1].get(figure.of, 0.0)
        written = figure.write(values[-1]) + (f" of {figure.write(most)}" if most else "")
        line = look.line(pad(figure.label, NAME_WIDTH), "muted")
        line.append(pad(written, VALUE_WIDTH), look.style("text", bold=True))
        left = width - line.cell_len
        if bars_lines >= 1:
            if left >= PEAK_WIDTH:
                line.append(f"up to {figure.write(max(values))}".rjust(left), look.style("muted"))
            lines += [*([Text(" " * width, end="")] if lines else []), cut(line, width)]
            lines += _bars(values, width, bars_lines, look, figure.role)
            continue
        if left - 1 >= 8:
            line.append(" ").append(_bars(values, left - 1, 1, look, figure.role)[0])
        lines.append(cut(line, width))
    return lines


def _bars(values: Sequence[float], width: int, height: int, look: Look, role: Role) -> Lines:
    """Return values as bars from 0 to the greatest, over all the width there is."""
    # Each column is the mean of the values that fall into it, or the one before.
    starts = [column * len(values) // width for column in range(width + 1)]
    columns = [fmean(values[start : max(stop, start + 1)]) for start, stop in pairwise(starts)]
    top, levels = max(*columns, 0.0, 1e-12), look.glyphs.levels
    lines: Lines = []
    for row in reversed(range(height)):
        cells = []
        for value in columns:
            eighths = round(value / top * height * len(levels)) - row * len(levels)
            # What is not 0 is seen.
            eighths = max(eighths, 1) if row == 0 and value > 0 else eighths
            cells.append(levels[min(eighths, len(levels)) - 1] if eighths > 0 else " ")
        lines.append(Text("".join(cells), look.style(role), end=""))
    return lines
