"""The transport bar: where a replay stands, and how it goes on.

    ► ━━━━━━▲━━━━━━━━●───────▲─────────▲─────────────···········
    playing · step 431/3 000 · 0:12/1:23 · 2x as recorded     The boundary bends

Played, recorded, and still to come are three kinds of line; a mark that pauses is bold. What is
said first goes last where there is no room.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...replay.tempo import Transport
from ...style.glyphs import GlyphName, Glyphs
from ...style.look import Look
from ...style.numbers import count
from ...style.palette import DARK, Palette, Role
from ...style.text import Lines, cut, joined, pad_left

LEAST_BAR: Final = 12
"""Cells of a bar that share a line with figures; with fewer there are no figures."""


Fact = tuple[str, Style]

_DRAWN: Final[Mapping[GlyphName, tuple[str, str, str, str]]] = {
    "braille": ("►", "━", "─", "●"),
    "blocks": ("►", "━", "─", "●"),
    "ascii": (">", "=", "-", "O"),
}
"""The characters of a bar: that it plays, what is played, what is recorded, the head."""


def draw_transport(transport: Transport, width: int, look: Look, height: int = 2) -> Lines:
    """Return the bar and under it the figures, or in one line the bar and what fits beside it."""
    if height <= 0:
        return []
    line = _symbol(transport, look)
    line.append(draw_bar(transport, bar_width(transport, width, look.glyphs, height), look))
    if height > 1:
        blank = [cut(Text(end=""), width) for _ in range(height - 2)]
        return [cut(line, width), _figures(transport, width, look), *blank]
    if (said := _beside(transport, width, look)).cell_len:
        line.append(" ").append(said)
    return [cut(line, width)]


def bar_width(transport: Transport, width: int, glyphs: Glyphs, height: int = 2) -> int:
    """Return how many cells of the first line the bar has; it begins in the third one."""
    room = max(width - 2, 0)
    if height >= 2:
        return room
    # Colours have no width.
    said = _beside(transport, width, Look(glyphs, DARK)).cell_len
    return room - said - 1 if said else room


def share_at(
    column: int, transport: Transport, width: int, glyphs: Glyphs, height: int = 2
) -> float | None:
    """Return the share of the whole at a column of the first line; None beside the bar."""
    cells = bar_width(transport, width, glyphs, height)
    cell = column - 2
    if not 0 <= cell < cells:
        return None
    return cell / (cells - 1) if cells > 1 else 0.0


def _symbol(transport: Transport, look: Look) -> Text:
    """Return what says whether it plays, in two cells."""
    word, role = _state(transport)
    symbols = {
        "playing": _DRAWN[look.glyphs.name][0],
        "waiting": look.glyphs.states["starting"],
        "paused": look.glyphs.states["paused"],
        "the end": look.glyphs.states["ended"],
    }
    return look.line().append(f"{symbols[word]} ", look.style(role, bold=True))


def _state(transport: Transport) -> tuple[str, Role]:
    """Return in a word how it stands, and that word's colour."""
    at_end = transport.step >= transport.last_step
    if transport.playing:
        return ("waiting", "muted") if at_end else ("playing", "good")
    return ("the end", "muted") if at_end and transport.over else ("paused", "warning")


def draw_bar(transport: Transport, cells: int, look: Look) -> Text:
    """Return the bar alone: what is played, what is recorded, the marks and the head."""
    if cells <= 0:
        return Text(end="")
    (_, played, recorded, sign), length = _DRAWN[look.glyphs.name], transport.length
    head, newest = (_cell(step, length, cells) for step in (transport.step, transport.last_step))
    row: list[Fact] = [(played, look.style("train"))] * head
    row += [(recorded, look.style("muted"))] * (newest + 1 - head)
    row += [(look.glyphs.track, look.style("faint"))] * (cells - len(row))
    # Last, so that a mark that pauses stands over one in its cell that does not.
    for mark in sorted(transport.marks, key=lambda mark: mark.pause):
        role: Role = "dev" if mark.step <= transport.last_step else "faint"
        if 0 <= mark.step <= length:
            style = look.style(role, bold=mark.pause)
            row[_cell(mark.step, length, cells)] = look.glyphs.mark, style
    row[head] = (sign, look.style("text", bold=True))
    return Text.assemble(*row, no_wrap=True, end="")


def _cell(step: int, length: int, cells: int) -> int:
    """Return the cell of the bar that a step is in."""
    return min(max(step, 0), length) * (cells - 1) // length


def _facts(transport: Transport, palette: Palette) -> list[Fact]:
    """Return what there is to say, the first being the last to go."""
    word, role = _state(transport)
    text, muted = palette.style("text"), palette.style("muted")
    tempo = transport.tempo
    pace = tempo.words if tempo.kind == "keys" else f"{tempo.speed_words} {tempo.words}"
    # As wide at every step, so that nothing beside it moves while it plays.
    last, whole = count(transport.last_step), clock(transport.whole_time)
    step, time = count(transport.step).rjust(len(last)), clock(transport.time).rjust(len(whole))
    return [
        (word, palette.style(role, bold=True)),
        (f"step {step}/{last}", palette.style("text", bold=True)),
        (f"{time}/{whole}", text),
        (pace, muted),
    ]


def clock(seconds: float) -> str:
    """Return a time as a player's clock shows it, its width not changing with every second."""
    minutes, rest = divmod(max(int(seconds + 1e-6), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _figures(transport: Transport, width: int, look: Look) -> Text:
    """Return the facts at the left, and at the right the title of the mark one stands on."""
    title, faint = _title(transport, look.glyphs), look.style("faint")
    facts = _facts(transport, look.palette)
    # The title may take the place of what the keys chose a moment ago, but of no step.
    room = width - (min(cell_len(title), width * 2 // 5) + 2 if title else 0)
    line = Text(end="")
    for said in (facts, facts[:3], facts[:2], facts[1:2]):
        line, number = joined(said, look.glyphs.dot, faint, room)
        if number == len(said):
            break
    words = pad_left(look.fit(title, width - line.cell_len - 2), width - line.cell_len)
    return cut(line.append(words, look.style("dev", bold=True)), width)


def _title(transport: Transport, glyphs: Glyphs) -> str:
    mark = transport.mark
    return "" if mark is None else f"{glyphs.mark} {plain(mark.title)}"


def _beside(transport: Transport, width: int, look: Look) -> Text:
    """Return what stands right of a bar that has one line for everything."""
    room = width - 2 - max(LEAST_BAR, width // 3) - 1
    _, step, time, pace = _facts(transport, look.palette)
    facts = [step, time, pace]
    if title := look.fit(_title(transport, look.glyphs), width // 3):
        facts = [step, (title, look.style("dev", bold=True)), time, pace]
    return joined(facts, look.glyphs.dot, look.style("faint"), room)[0]
