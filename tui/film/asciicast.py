"""A film for the players of asciinema: what a terminal of that size would have been sent.

An asciicast is lines of JSON: a header, then a time, ``"o"`` and a text for each output. Only lines
that have changed are sent again. Nothing of the machine is said. Version 2 is written: what plays
version 3, which asciinema itself records since 2025, plays this too, and older players do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from textual.strip import Strip

from engine.exports.export import Export, ExportFile
from engine.text.safe import plain

from ..style.glyphs import BLOCKS
from ..style.look import Look
from .shots import Shots, shots_of

VERSION: Final = 2

BEGIN: Final = "\x1b[?25l\x1b[2J"
"""The cursor goes, and whatever stood there."""


def files(export: Export) -> Iterator[ExportFile]:
    """Yield a run as an asciicast."""

    def write(out: BinaryIO) -> None:
        # Blocks: a browser's font may have no braille.
        shots = shots_of(export, Look(BLOCKS))
        for line in _lines(export, shots):
            out.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())

    yield ExportFile(export.path, write)


def _lines(export: Export, shots: Shots) -> Iterator[Any]:
    header = export.history.header
    title = str((header.experiment.get("title") if header else "") or export.folder.name)
    yield {"version": VERSION, "width": shots.width, "height": shots.height, "title": plain(title)}
    at, before = 0.0, (Strip.blank(0),) * shots.height
    for number, shot in enumerate(shots.shots):
        pairs = zip(before, shot.lines, strict=True)
        changed = "".join(_change(row, *pair) for row, pair in enumerate(pairs, 1))
        yield [round(at, 3), "o", changed if number else BEGIN + changed]
        at, before = at + shot.seconds, shot.lines
    # A player stops with the last output, and what stands there is to be seen for its time.
    yield [round(at, 3), "o", ""]


def _change(row: int, before: Strip, now: Strip) -> str:
    """Return what makes one line of another, from the first cell that differs to the last."""
    old, new = _cells(before), _cells(now)
    old += [None] * (len(new) - len(old))
    differing = [at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
    if not differing:
        return ""
    first, last = differing[0], differing[-1]
    return f"\x1b[{row};{first + 1}H{_sent(now.crop(first, last + 1).simplify())}"


def _cells(line: Strip) -> list[Any]:
    """Return what stands in each cell: a character with its style, the wide ones twice."""
    return [
        (character, style)
        for text, style, control in line
        if not control
        for character in text
        for _ in range(get_character_cell_size(character))
    ]


def _sent(line: Strip) -> str:
    """Return a piece of a line as a terminal of 256 colours is told it."""
    return "".join(
        text if style is None else style.render(text, color_system=ColorSystem.EIGHT_BIT)
        for text, style, control in line
        if not control
    )
