"""The list of runs: a line for each, or two where the pane is narrow, and what is known of one.

Columns have fixed widths, so that nothing moves while the list is scrolled. The state is a symbol
and a word; a run whose curves are shown has a sample of their colour before it. Whatever was
typed by a person, a name or a title, has been made harmless here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count, duration, figure_within
from ...style.palette import Palette, Role
from ...style.text import Lines, cut, joined, pad, pad_left, wrap
from ..base.frame import filled
from .status import REASONS, Standing, draw_state

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts

WIDE: Final = 70
"""Cells from which a run has room on one line."""

_MARGIN: Final = 4
"""The cursor and the sample of a run's colour."""
_STATE: Final = 10
_RESULT: Final = 12
_FACTS: Final = {"steps": 10, "time": 8, "age": 6}
_GAP: Final = 2
_NAME: Final = (14, 30)
"""The least and the most that a name takes."""
_DIFFERS: Final = 20
"""The least that is worth showing of what differs."""

UNITS: Final[Mapping[str, str]] = {"accuracy": "acc", "loss": "loss", "train": "train"}
"""What stands behind a run's figure: its accuracy or its loss on held-back data, else its
training loss.
"""

NAMES: Final[Mapping[str, str]] = {
    "train.batch_size": "batch",
    "model.output_activation": "output",
    "model.normalisation": "norm",
    "model.init": "init",
    "model.init.weight": "init",
    "model.init.weight.name": "init",
    "model.init.bias.name": "bias init",
    "model.init.bias.val": "bias",
    "train.evaluate_every": "evaluate",
    "optimizer.weight_decay": "decay",
}
"""What keys are called in few letters, where that is not their last part."""


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run as the list shows it."""

    name: str
    """What to call it: the name it was given, else its preset's."""
    state: str
    status: str = ""
    measure: str = ""
    """What ``value`` is; empty where there is none."""
    value: float = 0.0
    step: int = 0
    steps: int = 0
    of_trials: bool = False
    """Whether it is a sweep, whose steps are its trials."""
    seconds: float = 0.0
    age: str = ""
    differs: tuple[str, ...] = ()
    """What tells it from the others: its tags, then ``lr 0.2``, ``activation relu``."""
    problem: str = ""
    """Why its recording cannot be read."""
    quiet: str = ""
    """Since when nothing came of it, where that is long."""
    pinned: bool = False
    members: int = 1
    """How many networks it trained side by side; its figure is then their mean."""
    slot: int | None = None
    """Its place among the colours of runs; None where its curves are not drawn."""


def gather(
    runs: Sequence[RunFacts], keys: Sequence[str], drawn: Mapping[str, int], now: float
) -> list[RunRow]:
    """Return what the list shows of runs.

    Args:
        runs: Those that are seen.
        keys: The keys that are not the same in all runs, the most important first.
        drawn: The place among the colours of each run whose curves are drawn, by its name.
        now: Seconds since 1970.
    """
    return [_row(run, keys, drawn, now) for run in runs]


def _row(run: RunFacts, keys: Sequence[str], drawn: Mapping[str, int], now: float) -> RunRow:
    glance = run.glance
    measure, value = run.figure or ("", 0.0)
    return RunRow(
        name=plain(run.notes.name or run.called),
        state=run.state,
        status=run.status,
        measure=measure,
        value=value,
        step=glance.step,
        steps=glance.steps,
        of_trials=run.of_trials,
        seconds=glance.seconds,
        age=age(now - glance.started) if glance.started else "",
        differs=(
            *(plain(f"#{tag}") for tag in run.notes.tags),
            *(told(key, run.config[key]) for key in keys if key in run.config),
        ),
        problem=plain(glance.problem),
        quiet=glance.quiet_text(now, _coarse),
        pinned=run.notes.pinned,
        members=max(len(run.seeds), 1),
        slot=drawn.get(run.folder.name),
    )


def told(key: str, given: object) -> str:
    """Return a key and a value: ``lr 0.2``."""
    from engine.runs.catalogue import brief

    *before, last = key.split(".")
    name = NAMES.get(key) or (before[-1] if last in ("name", "kind") and before else last)
    value = brief(given)
    widths = value.split(",")
    if key == "model.hidden" and len(widths) > 2 and len(set(widths)) == 1:
        value = f"{widths[0]} x{len(widths)}"
    return plain(f"{name.replace('_', ' ')} {value}")


def age(seconds: float) -> str:
    """Return how long ago something was, so coarsely that it seldom changes: ``3 min``."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def _coarse(seconds: float) -> str:
    """Return a length of time, as coarsely."""
    return age(seconds) if seconds >= 60 else "less than a minute"


def lines_each(width: int) -> int:
    """Return how many lines a run takes."""
    return 1 if width >= WIDE else 2


def _columns(width: int) -> dict[str, int]:
    """Return how wide the columns are; 0 for one that has no room, those that matter least."""
    room = width - _MARGIN - _STATE - _GAP - _GAP - _RESULT
    least, most = _NAME
    if width < WIDE:
        return {"name": max(room, 0), "differs": 0, **dict.fromkeys(_FACTS, 0)}
    room -= _GAP + least + _DIFFERS
    given = {}
    for column in ("age", "steps", "time"):
        given[column] = _FACTS[column] if room >= _FACTS[column] + _GAP else 0
        room -= given[column] + _GAP if given[column] else 0
    more = min(room // 3, most - least)
    return {"name": least + more, "differs": _DIFFERS + room - more, **given}


def draw_heading(width: int, look: Look) -> Text:
    """Return the line over the list."""
    columns = _columns(width)
    parts = [" " * _MARGIN + pad("state", _STATE), pad("name", columns["name"])]
    parts.append(pad_left("result", _RESULT))
    parts += [pad_left(words, columns[words]) for words in _FACTS if columns[words]]
    parts += [pad("what differs", columns["differs"])] if columns["differs"] else []
    return cut(look.line((" " * _GAP).join(parts), "muted"), width)


def draw_rows(
    rows: Sequence[RunRow],
    width: int,
    height: int,
    look: Look,
    cursor: int | None = None,
    focused: bool = False,
) -> Lines:
    """Return the runs, as many as have room.

    Args:
        rows: The first is drawn at the top.
        width: Cells of each line.
        height: How many lines.
        look: What to draw with.
        cursor: Which of the rows is chosen.
        focused: Whether the list has the keys.
    """
    lines: Lines = []
    for index, row in enumerate(rows[: max(height, 0)]):
        chosen = index == cursor
        drawn = _draw_row(row, width, look, chosen and focused, chosen)
        if chosen and focused:
            for line in drawn:
                line.stylize_before(cursor_style(look.palette))
        lines += drawn
    return filled(lines, width, height)


def cursor_style(palette: Palette) -> Style:
    """Return how the chosen run is told from the others."""
    if not palette.colours:
        return Style(reverse=True)
    return Style(bgcolor=Color.from_ansi(palette.surface))


def _draw_row(row: RunRow, width: int, look: Look, focused: bool, chosen: bool) -> Lines:
    columns = _columns(width)
    pointer = look.glyphs.choice[1] if chosen else " "
    focus = _coloured(look.palette.focus, look.palette) if focused else look.style("faint")
    line = look.line().append(pointer, focus).append(sample(row.slot, look)).append(" ")
    standing = Standing(state=row.state, status=row.status)
    line.append(cut(draw_state(standing, look), _STATE)).append(" " * _GAP)
    name = f"{look.glyphs.mark} {row.name}" if row.pinned else row.name
    several = "" if row.members == 1 else f" {look.glyphs.times} {count(row.members)}"
    name = look.fit(name, max(columns["name"] - cell_len(several), 0)) + several
    bold = focused or row.slot is not None
    line.append(look.pad(name, columns["name"]), look.style("text", bold=bold)).append(" " * _GAP)
    if width < WIDE:
        return [cut(line.append(_result(row, look)), width), _second(row, width, look)]
    if row.problem:
        rest = look.fit(row.problem, width - line.cell_len)
        return [cut(line.append(rest, look.style("bad")), width)]
    line.append(_result(row, look))
    for words, column in zip((count(row.step), _time(row.seconds), row.age), _FACTS, strict=True):
        if columns[column]:
            line.append(" " * _GAP + pad_left(words, columns[column]), look.style("muted"))
    return [cut(line.append(" " * _GAP).append(_differs(row, columns["differs"], look)), width)]


def _second(row: RunRow, width: int, look: Look) -> Text:
    """Return the second line of a run where there is no room for all on the first."""
    line = look.line(" " * (_MARGIN + 2))
    if row.problem:
        words = look.fit(row.problem, width - line.cell_len)
        return cut(line.append(words, look.style("bad")), width)
    done = "" if row.of_trials or width < 50 else f"step {count(row.step)}"
    told = look.glyphs.dot.join(filter(None, [done, _time(row.seconds), row.age]))
    line.append(_differs(row, width - line.cell_len - len(told) - _GAP, look))
    return cut(line.append(" " * _GAP + told, look.style("muted")), width)


def sample(slot: int | None, look: Look) -> Text:
    """Return two cells that show the colour of a run's curves; its number without colours."""
    if slot is None:
        return Text("  ", end="")
    if not look.palette.colours:
        return Text(pad(str(slot + 1), 2), end="")
    colour = look.palette.runs[slot % len(look.palette.runs)]
    return Text(look.glyphs.keys[0], _coloured(colour, look.palette), end="")


def _coloured(index: int, palette: Palette) -> Style:
    return Style(color=Color.from_ansi(index), bold=True) if palette.colours else Style(bold=True)


def _result(row: RunRow, look: Look) -> Text:
    if row.of_trials:
        return look.line(look.fit(_trials(row), _RESULT).rjust(_RESULT), "text")
    if not row.measure:
        return Text(" " * _RESULT, end="")
    value = pad_left(figure_within(row.value, _RESULT - 6, look.glyphs.infinity), _RESULT - 6)
    line = look.line().append(value, look.style("text", bold=row.measure != "train"))
    return cut(line.append(f" {UNITS[row.measure]}", look.style("muted")), _RESULT)


def _trials(row: RunRow) -> str:
    """Return how many trials of a sweep are over, and of how many."""
    there = f"{count(row.steps)} trials" if row.steps != 1 else "1 trial"
    return there if row.step >= row.steps else f"{row.step}/{there}"


def _time(seconds: float) -> str:
    if not seconds:
        return ""
    return duration(seconds) if seconds >= 0.05 else "<0.1 s"


def _differs(row: RunRow, width: int, look: Look) -> Text:
    """Return what tells a run from the others, as much as fits."""
    text, faint, more = look.style("text"), look.style("faint"), f" {look.glyphs.ellipsis}"
    parts = [(words, text) for words in row.differs]
    line, shown = joined(parts, look.glyphs.dot, faint, width - cell_len(more))
    if row.differs and not shown:
        line.append(look.fit(row.differs[0], width), text)
    elif shown < len(row.differs):
        line.append(more, faint)
    return cut(line, width)


@dataclass(frozen=True, kw_only=True)
class Details:
    """What is told of the run that is chosen."""

    row: RunRow
    folder: str
    """Its folder's name, which commands take."""
    title: str = ""
    reason: str = ""
    """Why it ended, or what is wrong with it."""
    note: str = ""
    """Its tags, and what was noted."""
    bad: bool = False
    """Whether the reason is a complaint."""


def gather_details(run: RunFacts, row: RunRow) -> Details:
    """Return what is told of a run."""
    end, notes = run.glance.end, run.notes
    said = REASONS.get(end.reason, end.reason) if end else ""
    problem = run.glance.problem or notes.problem
    bad = bool(problem) or run.status in ("diverged", "failed")
    tags = tuple(plain(f"#{tag}") for tag in notes.tags)
    return Details(
        # The tags stand with what was noted here, not with what differs.
        row=replace(row, problem="", differs=row.differs[len(tags) :]),
        folder=plain(run.folder.name),
        title=plain(run.title),
        reason=plain(problem or said or row.quiet),
        note="  ".join(filter(None, (" ".join(tags), plain(notes.note)))),
        bad=bad,
    )


def draw_details(details: Details, width: int, height: int, look: Look) -> Lines:
    """Return what is told of the run that is chosen, the most important first."""
    row, muted, text = details.row, look.style("muted"), look.style("text")
    dot, faint = look.glyphs.dot, look.style("faint")
    steps = f"step {count(row.step)}" + (f"/{count(row.steps)}" if row.steps else "")
    facts = ["sweep" if row.of_trials else steps]
    facts += [_time(row.seconds)] if row.seconds else []
    facts += [f"{row.age} ago" if row.age != "now" else "just now"] if row.age else []
    reason: Role = "bad" if details.bad else "muted"
    lines = [look.line(look.fit(details.folder, width), "text")]
    lines += [look.line(line, reason) for line in wrap(details.reason, width)[:2] if line]
    lines.append(joined([(fact, muted) for fact in facts], dot, faint, width)[0])
    # What somebody said of a run goes before what can be read off it.
    lines += [look.line(look.fit(details.note, width), "text")] if details.note else []
    parts = [(words, text) for words in row.differs]
    for _ in range(2):
        line, done = joined(parts, dot, faint, width)
        lines += [line] if done else []
        parts = parts[done:]
    title = look.fit(details.title, width)
    return filled([*lines, *([look.line(title, "muted")] if title else [])], width, height)
