"""The members of a population, a line each: which one, how good it is, what became of it.

● all 32    mean of 30
  1         seed 102     0.0123    trains
  2         seed 103     0.3466    diverged at step 51
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from engine.plain import plain
from tui.drawing.numbers import count, figure
from tui.drawing.text import Lines, cut, fit, pad, pad_left
from tui.glyphs import Glyphs
from tui.palette import Palette, Role

if TYPE_CHECKING:
    from engine.history import History

FIGURE = 9


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """One member at one step, or all of them."""

    number: str
    """Which, counted from 1; ``all``."""
    name: str
    value: float
    fate: str
    role: Role = "text"


def gather_members(history: History, step: int) -> tuple[MemberRow, ...]:
    """Return all members together, then each; nothing before the first row."""
    from engine.fates import settled
    from tui.labels import member_name

    header, known = history.header, settled(history, step)
    rows = history.series.get("train")
    newest = rows.row_at(step) if rows is not None else None
    if header is None or rows is None or known is None or newest is None:
        return ()
    values = rows.across("loss", newest)
    going = int(known.trains.sum())
    found = [
        MemberRow(
            number="all",
            name=f"mean of {count(header.members - int(known.diverged.sum()))}",
            value=rows.value("loss", step, None),
            fate=f"{count(going)} train" if going < header.members else "",
        )
    ]
    for member in range(header.members):
        ended = int(known.ended_at[member])
        fate, role = _fate(ended, bool(known.diverged[member]), bool(known.dead[member]))
        value = rows.value("loss", ended, member) if ended else float(values[member])
        found.append(
            MemberRow(
                number=str(member + 1),
                name=member_name(header, member),
                value=value,
                fate=fate,
                role=role,
            )
        )
    return tuple(found)


def _fate(ended: int, diverged: bool, dead: bool) -> tuple[str, Role]:
    if diverged:
        return f"diverged at step {count(ended)}", "bad"
    if dead:
        return "dead: every gradient is 0", "bad"
    return (f"held since step {count(ended)}" if ended else ""), "muted"


def draw_members(
    rows: tuple[MemberRow, ...], chosen: int, width: int, glyphs: Glyphs, palette: Palette
) -> Lines:
    """Return a line for each.

    Args:
        rows: All of them, then each.
        chosen: Which of the rows is shown now.
        width: Cells.
        glyphs: What to draw with.
        palette: What it looks like.
    """
    numbers = max((len(row.number) for row in rows), default=0)
    names = min(max((len(row.name) for row in rows), default=0), max(width // 2, 8))
    lines = []
    for index, row in enumerate(rows):
        here = glyphs.changed if index == chosen else " "
        line = Text(no_wrap=True, end="")
        line.append(f"{here} ", palette.style("train", bold=True))
        line.append(pad_left(row.number, numbers), palette.style("muted"))
        bold = index == chosen
        line.append(f"  {pad(plain(row.name), names, glyphs.ellipsis)}")
        words = pad_left(figure(row.value, infinity=glyphs.infinity), FIGURE)
        line.append(words, palette.style("text", bold=bold))
        fate = fit(row.fate, max(width - line.cell_len - 2, 0), glyphs.ellipsis)
        lines.append(cut(line.append(f"  {fate}", palette.style(row.role)), width))
    return lines
