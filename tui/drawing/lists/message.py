"""The line under the pictures: what has just happened, or what the place with the keys is for.

    ! warning: 40 of 64 units of layer 1 are dead · try a smaller learning … and 2 more (L: log)

What is cut here, or has come and gone, stands in full in the log; but for why a key does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...commands.command import CLICK
from ...style import severity as severities
from ...style.look import Look
from ...style.numbers import count
from ...style.text import cut
from .log import Entry

WORDS: Final = {"good": "", "note": "", "warning": "warning: ", "bad": "error: "}
"""What a severity is called, where it is worth a word, from nothing to worry about to what ruins
the run."""

NARROW: Final = 24
"""Cells below which there is no room for the way to the log."""


@dataclass(frozen=True, kw_only=True)
class Bulletin:
    """What the message line says."""

    entry: Entry
    more: int = 0
    """How many others came with it."""
    logged: bool = True
    """Whether the log has it."""


def bulletin_of(entries: tuple[Entry, ...]) -> Bulletin:
    """Return what to say of several things that happened at once: the newest of the worst."""
    ranks = list(WORDS)
    worst = max(reversed(entries), key=lambda entry: ranks.index(entry.severity))
    return Bulletin(entry=worst, more=len(entries) - 1)


def draw_message(
    bulletin: Bulletin | None, note: str, width: int, look: Look, *, log: str = ""
) -> Text:
    """Return the line.

    Args:
        bulletin: What has just happened; None where that is over.
        note: What is said otherwise.
        width: Cells there are.
        look: What to draw with.
        log: The key that shows the log; empty where there is none now.
    """
    if bulletin is None:
        words, way = plain(note).replace(" · ", look.glyphs.dot), _rest(0, log)
        where = way if log and cell_len(words) > width > 2 * cell_len(way) else ""
        return cut(look.line(look.fit(words, width - cell_len(where)) + where, "muted"), width)
    entry = bulletin.entry
    sentence = WORDS[entry.severity] + plain(entry.sentence).replace(" · ", look.glyphs.dot)
    line = look.line(f"{severities.symbol(entry.severity, look.glyphs)} ")
    line.stylize(severities.style(entry.severity, look.palette, bold=True))
    room = width - line.cell_len
    where = _rest(bulletin.more, log)
    whole = not bulletin.more and cell_len(sentence) <= room
    if whole or not bulletin.logged or cell_len(where) > room // 2:
        where = ""
    style = severities.style(entry.severity, look.palette)
    style = look.style("text") if entry.severity in ("good", "note") else style
    line.append(look.fit(sentence, room - cell_len(where)), style)
    click = Style(meta={"@click": CLICK.format("show_pane('log')")}) if log else Style.null()
    return cut(line.append(where, look.style("muted") + click), width)


def _rest(more: int, log: str) -> str:
    """Return how many others there are, and where all of it is."""
    others = f" and {count(more)} more" if more else ""
    return f"{others} ({log}: log)" if log else f"{others} (see the log)"
