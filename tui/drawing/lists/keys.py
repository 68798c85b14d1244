"""The footer and the help: what keys do, drawn from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ...commands.command import SPOTS, Command, key_name
from ...commands.table import ALWAYS_NAMED, TABLE, groups
from ...commands.words import WORDS, Word
from ...style.palette import Palette
from ...style.text import Lines, cut, fitting, pad, wrap

KEYS: Final = 11
"""Cells of a command's keys in the help."""
LABEL: Final = 15
"""Cells of its word."""
INDENT: Final = KEYS + LABEL + 5
"""Cells before every sentence."""
NOTHING_FOUND: Final = "No key and no word has this; backspace takes a letter back."


def draw_footer(commands: Sequence[Command], width: int, palette: Palette) -> Text:
    """Return as many keys with their words as fit, the first ones being the last to go.

    The words can be clicked where there is a mouse. Help and quit never go while anything else is
    there, and then the way to the other panes.

    Args:
        commands: What ``tui.commands.table.footer`` returns.
        width: Cells there are.
        palette: What it looks like.
    """
    widths = [cell_len(" ".join(command.words)) for command in commands]
    order = sorted(range(len(commands)), key=lambda index: _need(commands[index], index))
    line = Text(end="", no_wrap=True)
    for index in fitting(widths, order, width, 2):
        key, word = commands[index].words
        click = Style(meta={"@click": f"app.simulate_key('{commands[index].keys[0]}')"})
        line.append("  " if line else "")
        line.append(key, palette.style("train", bold=True) + click)
        line.append(f" {word}", palette.style("muted") + click)
    return cut(line, width)


def _need(command: Command, index: int) -> tuple[int, int]:
    """Return how early a command is left out: the higher, the earlier."""
    if command.name in ALWAYS_NAMED:
        return ALWAYS_NAMED.index(command.name), index
    return (1 if index == 0 else len(ALWAYS_NAMED)), index


def draw_help(
    width: int,
    palette: Palette,
    *,
    now: Sequence[Command] = (),
    where: str = "",
    pane: str = "",
    search: str = "",
) -> Lines:
    """Return what can be done now, the pane's words, then every other key and word.

    Args:
        width: Cells.
        palette: What it looks like.
        now: What ``tui.commands.table.available`` returns.
        where: The place that has the keys, to go on a sentence with.
        pane: The pane whose words come first.
        search: Words that a line must have to stand there.
    """
    here = [word for word in WORDS if pane in word.panes]
    doable = {(command.action, command.at) for command in now}
    others = [each for each in TABLE if (each.action, each.at) not in doable]
    sections: list[tuple[str, Sequence[Command | Word]]] = [
        (f"Now, {where}" if where else "Now", now),
        ("Words on this pane", here),
    ]
    sections += [item for item in groups(others).items() if item[0] != "Here"]
    for spot, words in SPOTS.items():
        at_spot = [command for command in others if command.at == spot]
        sections.append((words[:1].upper() + words[1:], at_spot))
    sections.append(("Words", [word for word in WORDS if word not in here]))
    lines: Lines = []
    for heading, rows in sections:
        matching = [row for row in rows if _has(row, search)]
        if matching:
            lines.append(Text(heading, palette.style("dev", bold=True), end=""))
            for row in matching:
                lines += _draw_row(row, width, palette)
            lines.append(Text(end=""))
    if not lines:
        return [cut(Text(NOTHING_FOUND, palette.style("muted"), end=""), width)]
    return [cut(line, width) for line in lines[:-1]]


def _has(row: Command | Word, search: str) -> bool:
    """Whether a row has all the words that are looked for."""
    if isinstance(row, Word):
        parts = (*row.names, row.about)
    else:
        parts = (*map(key_name, row.keys), row.label, row.help)
    text = " ".join(parts).casefold()
    return all(word in text for word in search.casefold().split())


def _draw_row(row: Command | Word, width: int, palette: Palette) -> Lines:
    """Return a key with its word and sentence, or a word with its sentence."""
    line = Text(end="")
    if isinstance(row, Word):
        line.append(f"  {', '.join(row.names)}  ", palette.style("train", bold=True))
        words = row.about
    else:
        keys = " ".join(map(key_name, row.keys))
        line.append(f"  {pad(keys, max(KEYS, cell_len(keys)))} ", palette.style("train", bold=True))
        line.append(pad(row.label, LABEL) + "  ", palette.style("text"))
        words = row.help
    line.append(" " * max(INDENT - line.cell_len, 0))
    muted, room = palette.style("muted"), max(width - INDENT, 16)
    first, *rest = wrap(words, room)
    if cell_len(first) > max(room - max(line.cell_len - INDENT, 0), 1):
        # A long name takes a line for itself.
        rest.insert(0, first)
    else:
        line.append(first, muted)
    return [line, *(Text(" " * INDENT + each, muted, end="") for each in rest)]
