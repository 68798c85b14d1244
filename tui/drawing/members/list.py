"""The members of a population, a line each: which one, how good it is, what became of it.

                         loss   dev acc
● all 32    mean of 30   0.0456    0.981
  1         seed 102     0.0123    0.995
  2         seed 103     0.3466    0.842    diverged at step 51
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from rich.text import Text

from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Role
from ...style.text import Lines, cut, pad_left

if TYPE_CHECKING:
    from engine.recording.history import History

FIGURE = 9

Order = Literal["number", "loss", "accuracy"]
"""What members are listed by: the least loss first, the greatest accuracy first."""

ORDERS: Final[tuple[Order, ...]] = ("number", "loss", "accuracy")


@dataclass(frozen=True)
class MemberRow:
    """One member at one step, or all of them."""

    number: str
    """Which, counted from 1; ``all``."""
    name: str
    value: float
    """Its training loss."""
    accuracy: float = math.nan
    """Its accuracy on the dev set, else on the training set; NaN where there is none."""
    fate: str = ""
    role: Role = "text"


def gather_members(history: History, step: int) -> tuple[MemberRow, ...]:
    """Return all members together, then each; nothing before the first row."""
    from engine.recording.member_endings import without_diverged

    from .labels import member_name

    header, endings = history.header, without_diverged(history, step)
    rows = history.series.get("train")
    newest = rows.row_at(step) if rows is not None else None
    if header is None or rows is None or endings is None or newest is None:
        return ()
    values = rows.across("loss", newest)
    going = int(endings.trains.sum())
    judged = judged_by(history)
    judges = history.series[judged] if judged else None
    member_rows = [
        MemberRow(
            number="all",
            name=f"mean of {count(header.members - int(endings.diverged.sum()))}",
            value=rows.value("loss", step, None),
            accuracy=math.nan if judges is None else judges.value("accuracy", step, None),
            fate=f"{count(going)} train" if going < header.members else "",
        )
    ]
    for member in range(header.members):
        ended, diverged = int(endings.ended_at[member]), bool(endings.diverged[member])
        value = rows.value("loss", ended, member) if ended else float(values[member])
        accuracy = math.nan
        # What diverged is not to be held against the others by how many it happens to get right.
        if judges is not None and not diverged:
            accuracy = judges.value("accuracy", ended or step, member)
        name = member_name(header, member)
        fate, role = _fate(ended, diverged, bool(endings.dead[member]))
        member_rows.append(MemberRow(str(member + 1), name, value, accuracy, fate, role))
    return tuple(member_rows)


def judged_by(history: History) -> Literal["", "dev", "train"]:
    """Return whose accuracy members are told apart by; nothing where there is none."""
    for group in ("dev", "train"):
        rows = history.series.get(group)
        if rows is not None and rows.count and "accuracy" in rows.columns:
            return group
    return ""


def ordered(rows: Sequence[MemberRow], order: Order) -> tuple[MemberRow, ...]:
    """Return the members in an order, all together first; what is no number comes last, and the
    smaller loss decides between equal accuracies.
    """

    def rank(row: MemberRow) -> tuple[float, ...]:
        goods = (row.value,) if order == "loss" else (-row.accuracy, row.value)
        return (*[good if math.isfinite(good) else math.inf for good in goods], int(row.number))

    each = rows[1:] if order == "number" else sorted(rows[1:], key=rank)
    return (*rows[:1], *each)


def _fate(ended: int, diverged: bool, dead: bool) -> tuple[str, Role]:
    if diverged:
        return f"diverged at step {count(ended)}", "bad"
    if dead:
        return "dead: every gradient is 0", "bad"
    return (f"held since step {count(ended)}" if ended else ""), "muted"


def draw_heading(rows: Sequence[MemberRow], width: int, judged: str, look: Look) -> Text:
    """Return the line over the members: what their figures are."""
    numbers, names = _columns(rows, width)
    words = " " * (numbers + names + 4) + pad_left("loss", FIGURE)
    words += pad_left(f"{judged} acc", FIGURE + 1) if judged else ""
    return cut(look.line(words, "muted"), width)


def draw_members(rows: Sequence[MemberRow], chosen: int, width: int, look: Look) -> Lines:
    """Return a line for each.

    Args:
        rows: All of them, then each.
        chosen: Which of the rows is shown now.
        width: Cells.
        look: What to draw with.
    """
    numbers, names = _columns(rows, width)
    judged = any(not math.isnan(row.accuracy) for row in rows)
    lines = []
    for index, row in enumerate(rows):
        bold = index == chosen
        here = look.glyphs.changed if bold else " "
        line = look.line().append(f"{here} ", look.style("train", bold=True))
        line.append(pad_left(row.number, numbers), look.style("muted"))
        line.append(f"  {look.pad(plain(row.name), names)}")
        words = pad_left(look.figure(row.value), FIGURE)
        if judged:
            accuracy = "" if math.isnan(row.accuracy) else look.figure(row.accuracy)
            words += pad_left(accuracy, FIGURE + 1)
        line.append(words, look.style("text", bold=bold))
        fate = look.fit(row.fate, max(width - line.cell_len - 2, 0))
        lines.append(cut(line.append(f"  {fate}", look.style(row.role)), width))
    return lines


def _columns(rows: Sequence[MemberRow], width: int) -> tuple[int, int]:
    """Return the cells of the members' numbers and of their names."""
    numbers = max((len(row.number) for row in rows), default=0)
    names = max((len(row.name) for row in rows), default=0)
    return numbers, min(names, max(width // 2 - FIGURE, 8))
