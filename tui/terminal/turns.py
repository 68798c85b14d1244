"""Keys in turn: each is handed on when all that the one before did is done.

    driver ──► put() ──► waiting ──► App ──► the widget that has the keys, its parents, the screen
                             ▲                                  │
                             └──── once every queue is empty ◄──┘

Textual puts a letter into a field at once, but what is bound to a key travels up from widget to
widget first, and a change of focus waits in one more queue. So of two keys that come in one piece
the second may act before the first, or somewhere else. Here the second waits. A key that comes
alone is handed on at once.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any, Final

from textual import events
from textual.app import App
from textual.message import Message

from .leaned_on import is_quiet

IN_TURN: Final = (events.InputEvent, events.Paste, events.AppFocus, events.AppBlur)
"""What a person does, and what tells where it is meant for."""
PASSING: Final = (events.MouseMove,)
"""What does nothing that anything must wait for."""
ROUNDS: Final = 3
"""Turns of the event loop in which nothing happens: a task that was just made needs one."""
PAUSE: Final = 0.002
"""Seconds between two looks at what goes on, while something does."""
OPENING: Final = 20.0
"""Seconds after which what opens is taken to be as open as it gets."""
LEAVING: Final = frozenset(("ctrl+c", "ctrl+q"))
"""Keys that wait for nothing."""
PAUSES: Final = 1_000
"""Looks after which a key is handed on all the same: better out of turn than not at all."""


class Turns:
    """Hands on what a person does, one thing at a time.

    Args:
        app: Whom to.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._waiting: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None
        self._open_by = time.monotonic() + OPENING

    def put(self, message: Message) -> None:
        """Take what has its turn behind all that came before; call it in the event loop."""
        self._waiting.append(message)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._hand_on())

    async def done(self) -> None:
        """Wait until everything was handed on and what it did is done."""
        while self._task is not None and not self._task.done():
            await self._task
        await self._quiet()

    async def _hand_on(self) -> None:
        await self._opened()
        while self._waiting:
            if not isinstance(self._waiting[0], PASSING):
                await self._quiet()
            self._app.post_message(self._waiting.popleft())

    async def _opened(self) -> None:
        """Wait until what keys are meant for is there; whoever wants to leave need not."""
        while getattr(self._app, "is_opening", False) and time.monotonic() < self._open_by:
            if any(getattr(message, "key", "") in LEAVING for message in self._waiting):
                return
            await asyncio.sleep(PAUSE)

    async def _quiet(self) -> None:
        """Wait until nothing goes on in the application."""
        quiet = pauses = 0
        while quiet < ROUNDS and pauses < PAUSES:
            if is_quiet(self._app):
                quiet += 1
                await asyncio.sleep(0)
            else:
                # Most of it is over in a few turns of the loop; a repaint takes its time.
                quiet, pauses = 0, pauses + 1
                await asyncio.sleep(0 if pauses < ROUNDS else PAUSE)
