"""The log: what has happened, a line or more for each, the newest at the bottom.

    ── 2026-11-21 ──
    12:31:05 • step 512: the boundary bends · Five sigmoids …
    12:31:09 ! step 700: the learning rate was refused: it must be above 0

Where an entry comes from, and when something is worth one, is ``tui.watching.journal``'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from engine.text.moments import written
from engine.text.safe import plain

from ...style import severity as severities
from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Role
from ...style.severity import Severity
from ...style.text import Lines, cut, hanging

NARROW: Final = 40
"""Below this width there are no times."""

TIME: Final = len("12:31:05 ")

ROLES: Final[Mapping[Severity, Role]] = {"warning": "warning", "bad": "bad"}
"""The colour of what is worth one."""

EMPTY: Final = "What happens to a run is kept here: marks, requests, warnings, how it ended."


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened."""

    words: str
    """What, in a sentence."""
    severity: Severity = "note"
    time: float | None = None
    """When, in seconds since 1970, where it is known."""
    step: int | None = None
    """After this step, where it is a run's."""
    run: str = ""
    """Whose step that is."""
    quiet: bool = False
    """Whether it is for the log only."""

    times: int = 1
    """How often it happened in a row."""

    @property
    def sentence(self) -> str:
        """What happened, after which step, and how often."""
        where = f"step {count(self.step)}: " if self.step is not None else ""
        return where + self.words + (f" ({count(self.times)} times)" if self.times > 1 else "")


def draw_entries(entries: Sequence[Entry], width: int, look: Look) -> Lines:
    """Return the lines of every entry, with the day above the first of each."""
    lines: Lines = []
    day = ""
    for entry in entries:
        today = written(entry.time, "%Y-%m-%d") or day
        if today != day and width >= NARROW:
            rule = look.glyphs.axis[3] * 2
            lines.append(cut(look.line(f"{rule} {today} {rule}", "faint"), width))
        day = today
        lines += _draw_entry(entry, width, look)
    return lines


def _draw_entry(entry: Entry, width: int, look: Look) -> Lines:
    """Return an entry, wrapped with what comes before its words kept clear."""
    at = written(entry.time, "%H:%M:%S").ljust(TIME) if width >= NARROW else ""
    symbol = severities.symbol(entry.severity, look.glyphs)
    style = severities.style(entry.severity, look.palette, bold=True)
    head = Text.assemble((at, look.style("muted")), (f"{symbol} ", style), end="")
    sentence = plain(entry.sentence).replace(" · ", look.glyphs.dot)
    return hanging(head, sentence, width, look.style(ROLES.get(entry.severity, "text")))
