"""The footer and the help: what keys do, drawn from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tui.command import Command, key_name
from tui.commands import ALWAYS_NAMED, groups
from tui.drawing.text import Lines, cut, pad, wrap
from tui.palette import Palette


def draw_footer(commands: Sequence[Command], width: int, palette: Palette) -> Text:
    """Return as many keys with their words as fit, the first ones being the last to go.

    The words can be clicked where there is a mouse. Help and quit never go while anything else is
    there, and then the way to the other panes.

    Args:
        commands: What ``tui.commands.footer`` returns.
        width: Cells there are.
        palette: What it looks like.
    """
    kept: list[int] = []
    room = width
    for index in sorted(range(len(commands)), key=lambda index: _need(commands[index], index)):
        needed = cell_len(" ".join(commands[index].words)) + (2 if kept else 0)
        if needed > room:
            break
        room -= needed
        kept.append(index)
    line = Text(end="", no_wrap=True)
    for position, index in enumerate(sorted(kept)):
        command = commands[index]
        key, word = command.words
        click = Style(meta={"@click": f"app.simulate_key('{command.keys[0]}')"})
        line.append("  " if position else "")
        line.append(key, palette.style("train", bold=True) + click)
        line.append(f" {word}", palette.style("muted") + click)
    return cut(line, width)


def _need(command: Command, index: int) -> tuple[int, int]:
    """Return how early a command is left out: the higher, the earlier."""
    if command.name in ALWAYS_NAMED:
        return ALWAYS_NAMED.index(command.name), index
    return (1 if index == 0 else len(ALWAYS_NAMED)), index


def draw_help(width: int, palette: Palette) -> Lines:
    """Return every command by group: key, word and sentence."""
    lines: Lines = []
    for group, commands in groups().items():
        lines.append(Text(group, palette.style("dev", bold=True), end=""))
        for command in commands:
            keys = " ".join(map(key_name, command.keys))
            sentences = wrap(command.help, max(width - 31, 16))
            line = Text(end="").append(f"  {pad(keys, 11)} ", palette.style("train", bold=True))
            line.append(pad(command.label, 15) + "  ", palette.style("text"))
            line.append(sentences[0], palette.style("muted"))
            lines.append(line)
            lines += [
                Text(" " * 31 + more, palette.style("muted"), end="") for more in sentences[1:]
            ]
        lines.append(Text(end=""))
    return [cut(line, width) for line in lines[:-1]]
