"""The application around the lab: colours, the command palette, signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.screen import Screen
from textual.widgets import Input

from tui.commands import available
from tui.lab import Lab, Opening
from tui.themes import THEMES


class LabApp(App[str]):
    """The lab, in a terminal; its result is what to say after it is gone."""

    TITLE = "epochal"
    # A default screen's own CSS is not read before the first frame; the application's is.
    CSS_PATH = "lab.tcss"
    AUTO_FOCUS = None

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._opening = opening
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = opening.look.palette.name

    def get_default_screen(self) -> Lab:
        """Return the lab."""
        return Lab(self._opening)

    def on_mount(self) -> None:
        """Leave the terminal clean when asked to end from outside."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the commands of the table that make sense now."""
        if isinstance(screen, Lab):
            for command in available(screen.run_situation):
                if command.name != "command_palette":
                    run = _runner(screen, command.action)
                    yield SystemCommand(command.label.capitalize(), command.help, run)

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(Palette(id="--command-palette"))

    async def action_quit(self) -> None:
        """Ask the lab, which knows whether a run is going."""
        if isinstance(self.screen, Lab):
            self.screen.action_quit()
        else:
            self.exit()


class Palette(CommandPalette):
    """Textual's palette, but its cursor does not blink: that would send 2 kB/s."""

    def on_mount(self) -> None:
        """Stop the cursor."""
        self.query_one(Input).cursor_blink = False


def _runner(screen: Lab, action: str) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await screen.run_action(action)

    return run
