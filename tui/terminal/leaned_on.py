"""What the screen leans on and nobody promises: private names of Textual and of Python's asyncio.

Whoever upgrades looks here. Each name has its why beside it and its own test in
``tests/tui/terminal/test_leaned_on.py``, which says what broke; no other file of ``tui`` may use
such a name, and ``tests/test_leaned_on.py`` holds that. plotext is asked for nothing private;
what is leaned on of torch stands in ``engine.gradients.leaned_on``.
"""

from __future__ import annotations

import functools
import itertools
import operator
from asyncio import AbstractEventLoop
from asyncio.subprocess import Process
from typing import Any, Final, TextIO

from rich.console import RenderableType
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._styles_cache import StylesCache
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.app import App
from textual.color import Color
from textual.dom import DOMNode
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from .harmless import HarmlessApp

KNOWN_SEQUENCES: Final = frozenset(ANSI_SEQUENCES_KEYS)
"""Every sequence that is a key to Textual. Some end like no other does, so it must be asked."""

PASTE_START: Final = BRACKETED_PASTE_START
PASTE_END: Final = BRACKETED_PASTE_END
"""What stands around a paste."""


class Parser(XTermParser):
    """Textual's parser of what a terminal sends; there is no public way from bytes to its keys."""

    @property
    def waits(self) -> bool:
        """Whether it waits for more of a sequence that it does not know."""
        return self._timeout_time is not None

    def renewed(self) -> Parser:
        """Return one that waits for nothing, and knows of terminal and mouse what this one did."""
        parser = Parser()
        sizes = "terminal_size", "terminal_pixel_size", "mouse_pixels"
        for name in (*sizes, "last_x", "last_y"):
            setattr(parser, name, getattr(self, name))
        return parser


class TerminalDriver(LinuxDriver):
    """Textual's driver, with what a driver made of it needs: where it writes, and its loop."""

    @property
    def terminal(self) -> TextIO:
        """The terminal."""
        assert self._file is not None
        return self._file

    @property
    def loop(self) -> AbstractEventLoop:
        """The loop that messages are handled in."""
        return self._loop

    @property
    def has_terminal(self) -> bool:
        """Whether it has taken the terminal: its thread reads there."""
        return self._key_thread is not None and self._key_thread.is_alive()


class BoundApp(HarmlessApp[str]):
    """Textual's application, where what keys are bound to and how it fails can be changed.

    Textual has no hook for a key that does nothing, nor for the last words of a program.
    """

    async def do_bound(self, key: str, *, urgent: bool) -> bool:
        """Do what a key is bound to; return whether that was anything.

        Textual asks twice: for the urgent ones before anybody gets the key, and at last.
        """
        return await super()._check_bindings(key, urgent)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        return await self.do_bound(key, urgent=priority)

    def last_words(self) -> RenderableType:
        """Return what to print once the terminal is clean, while an error is handled."""
        return ""

    def _fatal_error(self) -> None:
        self._exit_renderables.append(self.last_words())
        self._close_messages_no_wait()


@functools.lru_cache(1024)
def _inner_and_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    styles: tuple[Style, Style] = _REMEMBERING.__wrapped__(StylesCache, base_background, background)
    return styles


def _forgetful(
    cache: StylesCache, base_background: Color, background: Color
) -> tuple[Style, Style]:
    return _inner_and_outer(base_background, background)


_REMEMBERING: Final[Any] = StylesCache.get_inner_outer
# Textual remembers these colours by the cache of rows that asked for them, and so the last thousand
# caches with all their rows: every help that was ever open, half a megabyte each.
StylesCache.get_inner_outer = _forgetful  # type: ignore[method-assign, assignment]


class ShownUnderDialogs(Screen[None]):
    """A screen that shows what has changed under a dialog as well.

    Textual would mark a screen that lies under another as a whole to be painted again, and again
    at every message: 40 kB a second for as long as the help is open.
    """

    def _compositor_refresh(self) -> None:
        if self is self.app.screen:
            super()._compositor_refresh()
            return
        regions = list(self._compositor._dirty_regions)
        self._compositor._dirty_regions.clear()
        self._dirty_widgets.clear()
        if regions:
            self.app.screen.refresh(*regions)


class StyledWhereKeysMove(Screen[None]):
    """A screen that styles anew only what looks different once the keys have moved.

    Textual styles the outermost part that looks different with the keys in it, even where they
    stay in it: all of the form at every tab, and all of the screen when it goes.
    """

    def _update_focus_styles(
        self, focused: Widget | None = None, blurred: Widget | None = None
    ) -> None:
        if not self.app._running:
            return
        ways = [widget.ancestors_with_self for widget in (focused, blurred) if widget is not None]
        passed = functools.reduce(operator.xor, map(set, ways), set[DOMNode]())
        changed = set[DOMNode]()
        for way in ways:
            inside = itertools.dropwhile(lambda node: not node._has_focus_within, reversed(way))
            if top := next((node for node in inside if node in passed), None):
                changed.update(top.walk_children(with_self=True))
        if changed:
            self.app.stylesheet.update_nodes(changed, animate=True)


def is_quiet(app: App[Any]) -> bool:
    """Whether nothing waits in any widget's queue, and no widget is busy.

    Textual tells that to nobody but its own Pilot, by waiting.
    """
    if any(screen._callbacks for screen in app.screen_stack):
        return False
    return is_idle(app) and all(is_idle(widget) for widget in list(app._registry))


def is_drawn(screen: Screen[Any]) -> bool:
    """Whether nothing of a screen is still to be laid out or drawn."""
    return not screen._layout_required and not screen._dirty_widgets


def drawn_lines(screen: Screen[Any]) -> list[Strip]:
    """Return what stands on a screen, line by line; the public way gives it as an SVG alone."""
    return screen._compositor.render_strips()


def is_idle(pump: MessagePump) -> bool:
    """Whether a part of the application waits for messages, and there are none."""
    if not pump._running:
        return pump._closed or pump._task is None or pump._task.done()
    came: Any = pump._message_queue.ready_event
    return bool(came._waiters) and not came.is_set() and not pump._next_callbacks


def close_pipes(process: Process) -> None:
    """Close what is left of a process that has ended.

    Its transport closes itself only in a later round of the loop, which an application that is
    being closed does not have.
    """
    process._transport.close()  # type: ignore[attr-defined]
