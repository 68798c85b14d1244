"""The marks of a run as chapters of its replay.

    ● Ⅱ      431    0:12   The boundary bends
          1 200    1:04   No mistake is left

One line a mark: whether one stands there or has last passed it, whether it pauses, its step,
its time, and its title.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from engine.text.safe import plain

from ...replay.tempo import Stop
from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, pad_left
from .transport import clock


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One mark, with its place in time."""

    step: int
    time: float
    """When the step was done, in seconds since the start."""
    title: str
    pause: bool = False
    """Whether a replay pauses there."""
    current: bool = False
    """Whether it is the newest one at or before the step that is shown."""


def gather_chapters(
    marks: Sequence[Stop], time_of: Callable[[int], float], last_step: int, step: int
) -> tuple[Chapter, ...]:
    """Return the marks that there are by the last step, the first one first.

    Args:
        marks: In any order; of several with one title at one step, one is enough.
        time_of: When a step was done.
        last_step: The newest step there is: a mark after it cannot be gone to yet.
        step: The step that is shown.
    """
    unique: dict[tuple[int, str], bool] = {}
    for mark in sorted(marks, key=lambda mark: mark.step):
        if 0 <= mark.step <= last_step:
            unique[mark.step, mark.title] = unique.get((mark.step, mark.title)) or mark.pause
    newest = max((at for at, _ in unique if at <= step), default=None)
    return tuple(
        Chapter(step=at, time=time_of(at), title=title, pause=pause, current=at == newest)
        for (at, title), pause in unique.items()
    )


def draw_chapters(chapters: Sequence[Chapter], width: int, look: Look) -> Lines:
    """Return a line for each chapter, the numbers in columns."""
    steps = [count(chapter.step) for chapter in chapters]
    times = [clock(chapter.time) for chapter in chapters]
    wide = max(map(len, steps), default=0), max(map(len, times), default=0)
    return [
        _line(chapter, pad_left(step, wide[0]), pad_left(time, wide[1]), width, look)
        for chapter, step, time in zip(chapters, steps, times, strict=True)
    ]


def _line(chapter: Chapter, step: str, time: str, width: int, look: Look) -> Text:
    here = look.glyphs.changed if chapter.current else " "
    pauses = look.glyphs.states["paused"] if chapter.pause else " "
    bold = look.style("text", bold=chapter.current)
    line = look.line().append(f"{here} ", look.style("train", bold=True))
    line.append(f"{pauses} ", look.style("warning")).append(step, bold)
    # Where it is narrow, the title is worth more than the time.
    if width - line.cell_len - len(time) >= 24:
        line.append(f"  {time}", look.style("muted"))
    title = look.fit(plain(chapter.title), width - line.cell_len - 2)
    return cut(line.append(f"  {title}", bold), width)
