"""The application around the lab: colours, the command palette, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterable
from functools import partial
from typing import Any

from rich.text import Text
from textual.app import SystemCommand
from textual.command import CommandPalette
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Input

from engine.text.safe import plain

from .commands.table import available, no_use
from .lab.opening import Opening
from .lab.screen import Lab
from .style.ascii_lines import filters_for
from .style.themes import THEMES
from .terminal.bandwidth import Link
from .terminal.driver import LinkDriver
from .terminal.leaned_on import BoundApp


class LabApp(BoundApp):
    """The lab, in a terminal; its result is what to say after it is gone."""

    TITLE = "epochal"
    # A default screen's own CSS is not read before the first frame; the application's is.
    CSS_PATH = "lab/screen.tcss"
    AUTO_FOCUS = None

    def __init__(self, opening: Opening) -> None:
        super().__init__(driver_class=LinkDriver)
        self.link = Link()
        """What is known of the way to the terminal."""
        self._opening = opening
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = opening.look.palette.name
        self.drawn_by = filters_for(opening.look.glyphs)

    def get_default_screen(self) -> Lab:
        """Return the lab."""
        return Lab(self._opening, self.link)

    @property
    def is_opening(self) -> bool:
        """Whether what a key is meant for may not be there yet: the setup and its presets."""
        lab = next((screen for screen in self.screen_stack if isinstance(screen, Lab)), None)
        return lab is None or lab.is_opening

    def on_mount(self) -> None:
        """Leave the terminal clean when asked to end from outside."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the commands of the table that make sense now."""
        if isinstance(screen, Lab):
            for command in available(screen.run_situation, (), screen.lacking):
                if command.name != "command_palette":
                    run = partial(screen.run_action, f"do({command.action!r})")
                    yield SystemCommand(command.label.capitalize(), command.help, run)

    def action_command_palette(self) -> None:
        """Find a command by its name."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(SteadyPalette(id="--command-palette"))

    async def do_bound(self, key: str, *, urgent: bool) -> bool:
        """Do what a key is bound to; in the lab, say so where it does nothing."""
        screen = self.screen
        lab = next((each for each in self.screen_stack if isinstance(each, Lab)), None)
        if urgent and lab is not None:
            lab.messages.heed()
        done = await super().do_bound(key, urgent=urgent)
        if lab is not None and not urgent and not done and not key.startswith("<"):
            lab.refuse(key, "" if screen is lab else no_use(key))
        return done

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Say it where the lab says everything, in place of a box over the pictures."""
        words = f"{title}: {message}" if title else message
        for screen in self.screen_stack:
            if isinstance(screen, Lab):
                screen.messages.say(words, "bad" if severity == "error" else "note")

    def last_words(self) -> Text:
        """Return what went wrong in a sentence, in place of a screen of Python."""
        return Text(_last_words(self.screen_stack))

    async def action_quit(self) -> None:
        """Ask the lab, which knows whether a run is going."""
        if isinstance(self.screen, Lab):
            self.screen.action_do("quit")
        else:
            self.exit()


class SteadyPalette(CommandPalette):
    """Textual's palette, but its cursor does not blink: that would send 2 kB/s."""

    def on_mount(self) -> None:
        """Stop the cursor."""
        self.query_one(Input).cursor_blink = False


def _last_words(screens: Iterable[Screen[Any]]) -> str:
    """Return what to say when the lab itself has failed, and keep the traceback."""
    error = sys.exc_info()[1]
    words = [f"The lab has failed: {type(error).__name__}: {plain(str(error))}"]
    handle, path = tempfile.mkstemp(prefix="epochal-lab-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exc(file=file)
    words.append(f"What Python says of it is in {path}; please report it.")
    lab = next((screen for screen in screens if isinstance(screen, Lab)), None)
    if lab is not None and lab.runs.farewell:
        words.append(lab.runs.farewell)
    return "\n".join(words)
