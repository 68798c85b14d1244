"""The line under the pictures: what has just happened, or what the place with the keys is for.

    ! warning: 40 of 64 units of layer 1 are dead · try a smaller learning … and 2 more (L: log)

What is cut here, or has come and gone, stands in full in the log; but for why a key does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from ...style.severity import Severity
from ...style.text import cut, fit
from .log import Entry

WORDS: Final[Mapping[Severity, str]] = {
    "good": "",
    "note": "",
    "warning": "warning: ",
    "bad": "error: ",
}
"""What a severity is called, where it is worth a word."""

NARROW: Final = 24
"""Cells below which there is no room for the way to the log."""
RANKS: Final[tuple[Severity, ...]] = ("good", "note", "warning", "bad")
"""From nothing to worry about to what ruins the run."""


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
    worst = max(RANKS.index(entry.severity) for entry in entries)
    newest = [entry for entry in entries if RANKS.index(entry.severity) == worst][-1]
    return Bulletin(entry=newest, more=len(entries) - 1)


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
        words = plain(note).replace(" · ", look.glyphs.dot)
        where = (
            _rest(0, log) if log and cell_len(words) > width > 2 * cell_len(_rest(0, log)) else ""
        )
        words = fit(words, width - cell_len(where), look.glyphs.ellipsis)
        return cut(Text(words + where, look.style("muted"), end=""), width)
    entry = bulletin.entry
    sentence = WORDS[entry.severity] + plain(entry.sentence).replace(" · ", look.glyphs.dot)
    line = Text(f"{severities.symbol(entry.severity, look.glyphs)} ", end="", no_wrap=True)
    line.stylize(severities.style(entry.severity, look.palette, bold=True))
    room = width - line.cell_len
    whole = not bulletin.more and cell_len(sentence) <= room
    where = "" if whole else _rest(bulletin.more, log)
    if not bulletin.logged or cell_len(where) > room // 2:
        where = ""
    calm = entry.severity in ("good", "note")
    style = look.style("text") if calm else severities.style(entry.severity, look.palette)
    line.append(fit(sentence, room - cell_len(where), look.glyphs.ellipsis), style)
    click = Style(meta={"@click": CLICK.format("show_pane('log')")})
    line.append(where, look.style("muted") + click if log else look.style("muted"))
    return cut(line, width)


def _rest(more: int, log: str) -> str:
    """Return how many others there are, and where all of it is."""
    others = f" and {count(more)} more" if more else ""
    return f"{others} ({log}: log)" if log else f"{others} (see the log)"
