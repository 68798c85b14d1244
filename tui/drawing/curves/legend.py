"""The lines over the curves: what each of them is, and its value at the step that is read.

A run alone has one line. Among several each has its own, with its title, as far as there is room;
how many lines there are depends on nothing that changes while a run trains.
"""

from __future__ import annotations

import math

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.recording.member_spread import RANGE
from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Role
from ...style.run_colours import pen
from ...style.text import Lines, Styled, fit, joined, pad
from .curves import CurveData, Curves, RunCurves

Parts = list[Styled]

FIGURE_WIDTH = 8
"""Cells of the widest ordinary figure, such as ``1.83e-11``: among several runs figures stand
under one another."""
READINGS = {"lr": "lr", "loss": "loss", "accuracy": "accuracy", "grad_norm": "grad"}


def legend_lines(curves: Curves, height: int) -> int:
    """Return how many lines of a picture so high are its legend."""
    return min(1 + len(curves.others), max(height // 5, 1))


def draw_legend(curves: Curves, width: int, lines: int, look: Look) -> Lines:
    """Return the legend: the run that is shown first, then the others.

    Args:
        curves: What is drawn.
        width: Cells.
        lines: How many there are; of more runs the last line says how many it leaves out.
        look: What to draw with.
    """
    runs = [curves, *curves.others]
    if lines < 1:
        return []
    if len(runs) == 1:
        return [_line(_own_parts(curves, look), width, look)]
    longest = max(cell_len(plain(run.title) + _times(run, look)) for run in runs)
    room = min(longest, max(width // 3, 6))
    drawn = [_line(_run_parts(run, curves, room, look), width, look) for run in runs[:lines]]
    if (hidden := len(runs) - lines) > 0:
        words = f" +{hidden} more"
        drawn[-1].truncate(max(width - len(words), 0))
        drawn[-1].append(words[-width:], look.style("muted"))
    return drawn


def _line(parts: Parts, width: int, look: Look) -> Text:
    fitted = [(fit(words, width), style) for words, style in parts]
    return joined(fitted, "   ", look.style("muted"), width)[0]


def _own_parts(curves: Curves, look: Look) -> Parts:
    """Return what is said of a run alone: what is wrong, its curves, how they are drawn."""
    muted, parts = look.style("muted"), _broken(curves, look)
    for index, curve in enumerate(curves.curves):
        drawn = pen(_index(curve), curves.slot, False, look)
        sample = drawn.sample or look.glyphs.keys[index % 2]
        words = f"{sample} {curve.label} {_value(curve, curves.cursor, look)}"
        parts.append((words, drawn.style + Style(bold=True)))
    parts += [*_members(curves, look), *_how(curves, look)]
    if curves.place and curves.cursor is None:
        parts.append((curves.place, muted))
    if curves.best is not None:
        parts.append((f"{look.glyphs.best} best, step {count(curves.best)}", look.style("dev")))
    return parts + _readings(curves, look) or [("nothing yet", muted)]


def _run_parts(run: RunCurves, curves: Curves, room: int, look: Look) -> Parts:
    """Return what is said of one run among several."""
    pens = [pen(_index(curve), run.slot, True, look) for curve in run.curves]
    first = pens[0] if pens else pen(0, run.slot, True, look)
    times = _times(run, look)
    name = pad(_short(plain(run.title), max(room - cell_len(times), 0), look) + times, room)
    head = f"{first.letter} {name}" if first.letter else name
    parts = [(head, first.style + Style(bold=True)), *_broken(run, look)]
    for curve, drawn in zip(run.curves, pens, strict=True):
        value = _value(curve, curves.cursor, look).ljust(FIGURE_WIDTH)
        # In ASCII the sample says it already, and the run's own letter stands before its title.
        shown = drawn.letter and curve.label == "dev" and look.glyphs.name != "ascii"
        letter = f"{drawn.letter} " if shown else ""
        parts.append((f"{letter}{drawn.sample} {curve.label} {value}", drawn.style))
    if not run.curves:
        parts.append(("nothing to draw", look.style("muted")))
    if run is curves:
        parts += _how(curves, look)
    return parts + _readings(run, look)


def _times(run: RunCurves, look: Look) -> str:
    """Return of how many networks a run's curves are the mean."""
    return "" if run.crowd is None else f" {look.glyphs.times} {count(run.crowd.members)}"


def _short(title: str, room: int, look: Look) -> str:
    """Return a title in so many cells; its last word, which may tell two apart, stays."""
    head, _, tail = title.rpartition(" ")
    left = room - cell_len(tail) - 1
    if cell_len(title) <= room or not head or left < 3:
        return look.fit(title, room)
    return f"{look.fit(head, left)} {tail}"


def _index(curve: CurveData) -> int:
    return int(curve.is_held_out)


def _value(curve: CurveData, cursor: int | None, look: Look) -> str:
    """Return the value that is read, and its step where that is an earlier one."""
    if curve.newest_at is None and (cursor is not None or math.isnan(curve.newest)):
        return "none yet"
    words = look.figure(curve.newest)
    if cursor is None or curve.newest_at in (None, cursor):
        return words
    return f"{words} ({count(curve.newest_at or 0)})"


def _members(curves: Curves, look: Look) -> Parts:
    """Return whose mean the curves are, and what became of its members; or which member it is."""
    if curves.member:
        return [(plain(curves.member), look.style("text", bold=True))]
    crowd = curves.crowd
    if crowd is None:
        return []
    parts: Parts = [(fate, look.style("bad", bold=True)) for fate in crowd.member_endings]
    if counted := crowd.members - crowd.diverged:
        low, high = (f"{100 * share:g}" for share in RANGE)
        parts.insert(0, (f"mean of {count(counted)}, band {low} to {high} %", look.style("text")))
    return parts


def _broken(run: RunCurves, look: Look) -> Parts:
    """Return what of the curves is not finite, and since when."""
    bad, broken = look.style("bad", bold=True), look.figure
    return [
        (f"{each.label} {broken(each.broken)} at step {count(each.broken_at)}", bad)
        for each in run.curves
        if each.broken_at is not None
    ]


def _how(curves: Curves, look: Look) -> Parts:
    """Return how the curves are drawn, where that is not plainly, and what happened."""
    glyphs = look.glyphs
    signs = {"mark": glyphs.mark, "request": glyphs.request}
    signs |= {"seam": glyphs.seam, "branch": glyphs.branch}
    roles: dict[str, Role] = {"mark": "warning", "request": "good"}
    said = [(kind, f"{signs[kind]} {plain(words)}") for kind, words in curves.happened]
    parts = [(words, look.style(roles.get(kind, "text"))) for kind, words in said]
    if curves.log:
        runs = (curves, *curves.others)
        hidden = any((curve.low <= 0).any() for run in runs for curve in run.curves)
        axis = "log axis; 0 and less not shown" if hidden else "log axis"
        parts.append((axis, look.style("muted")))
    return parts


def _readings(run: RunCurves, look: Look) -> Parts:
    muted, named = look.style("muted"), run.readings
    return [(f"{READINGS.get(name, name)} {look.figure(value)}", muted) for name, value in named]
