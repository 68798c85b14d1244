"""The footer and the help: what keys do, drawn from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from tui.commands import Command, Situation, groups, key_name
from tui.drawing.text import Lines, cut, pad, wrap
from tui.palette import Palette


def draw_footer(
    commands: Sequence[Command], situation: Situation, width: int, palette: Palette
) -> Text:
    """Return as many keys with their words as fit, the first ones being the last to go.

    The words can be clicked where there is a mouse. ``help`` and ``quit`` never go while
    anything else is there.
    """
    keys = {command: key_name(command.key_in(situation)) for command in commands}
    kept: list[Command] = []
    room = width
    by_need = sorted(commands, key=lambda c: (c.action not in ("help", "quit"), c.footer))
    for command in by_need:
        needed = cell_len(f"{keys[command]} {command.label}") + (2 if kept else 0)
        if needed > room:
            break
        room -= needed
        kept.append(command)
    line = Text(end="", no_wrap=True)
    for index, command in enumerate(sorted(kept, key=lambda c: c.footer)):
        click = Style(meta={"@click": f"screen.{command.action}"})
        line.append("  " if index else "")
        line.append(keys[command], palette.style("train", bold=True) + click)
        line.append(f" {command.label}", palette.style("muted") + click)
    return cut(line, width)


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
