"""The way between Textual and the terminal: a driver that never has more under way than the link
takes, and that hands on keys one after the other.

    Textual ──► write() ──► Outbox ──► a thread ──► the terminal
                                          ▲              │
                             Link ◄───────┴── answers ◄──┤
                                                         │
    Textual ◄── Turns ◄── Keyboard ◄── a thread ◄── what is typed

Textual's own driver queues thirty writes and then blocks the whole program. This one takes
everything at once, and its thread sends as much as ``Link`` has room for: the newest rows first.
Textual's own also loses the order of keys that come together, and the thread of what comes in
parts: see ``Turns`` and ``Keyboard``.
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import termios
import threading
import time
from types import FrameType
from typing import Any, Final, TextIO

from textual import events
from textual.app import App
from textual.message import Message

from .bandwidth import QUESTION, Link
from .keyboard import LONE, Keyboard
from .leaned_on import TerminalDriver
from .queue import Outbox
from .turns import IN_TURN, Turns

CHUNK: Final = 1_024
"""Bytes of one write."""
LOOK: Final = 0.02
"""Seconds between two looks at a link without room that may not answer."""
LATER: Final = 1.0
"""Seconds between two looks whether an answer was lost."""
FAREWELL: Final = 0.5
"""Seconds that leaving waits for an answer: a later one would be typed into the shell."""
LAST: Final = 5.0
"""Seconds that leaving waits for a terminal that does not read."""
READ: Final = 4_096
"""Bytes that are read at once."""
GLANCE: Final = 0.1
"""Seconds between two looks whether to stop reading."""
ANSWERED: Final = 2.0
"""Seconds that a bare escape waits for a terminal's answer: it ends all doubt."""


class LinkDriver(TerminalDriver):
    """Textual's driver, paced by the link of its application."""

    def __init__(self, app: App[Any], **settings: Any) -> None:
        super().__init__(app, **settings)
        link = getattr(app, "link", None)
        self._link = link if isinstance(link, Link) else Link()
        self._sender = Sender(self.terminal, self._link)
        self._turns = Turns(app)
        self._refresh = app.refresh
        self._suspended = False
        """Whether the terminal is to be taken again once the program is continued."""
        self._settings: list[Any] = []
        """How the terminal is set while the application has it."""

    def write(self, data: str) -> None:
        """Send something, as soon as there is room for it."""
        self._sender.put(data)

    def start_application_mode(self) -> None:
        """Take the terminal, and notice from then on when it has another size."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        handler = signal.getsignal(signal.SIGWINCH)

        def resized(number: int, frame: FrameType | None) -> None:
            self._sender.resized()
            if callable(handler):
                handler(number, frame)

        signal.signal(signal.SIGWINCH, resized)
        self._settings = _settings(self.fileno)

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self._suspended = False
        super().stop_application_mode()

    def suspend_application_mode(self) -> None:
        """Give the terminal back for a while."""
        super().suspend_application_mode()
        self._suspended = True

    def resume_application_mode(self) -> None:
        """Take the terminal where it was given back, and once more where somebody else had it.

        That is asked for whenever the program is continued, and it may have been stopped by force:
        by ``kill -STOP`` or a debugger. To take then what it has still, as Textual does, leaves
        two threads that read what is typed, and a shell in which nothing typed is seen.
        """
        if not self.has_terminal:
            if not self._suspended:
                return  # It leaves.
            super().resume_application_mode()
        elif not _is_in_front(self.fileno):
            os.kill(os.getpid(), signal.SIGSTOP)
        elif _settings(self.fileno) != self._settings:
            self.suspend_application_mode()
            super().resume_application_mode()
        # It is blank, or something was written over what is shown.
        self._sender.resized()
        self.loop.call_soon_threadsafe(self._refresh)

    def process_message(self, message: Message) -> None:
        """Take the answers out of what comes from the terminal."""
        if isinstance(message, events.CursorPosition):
            self._sender.answered()
        else:
            if isinstance(message, events.Resize):
                self._sender.resized()
            super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Give the application a message; what a person does, in turn."""
        if isinstance(message, IN_TURN):
            self.loop.call_soon_threadsafe(self._turns.put, message)
        else:
            super().send_message(message)

    def run_input_thread(self) -> None:
        """Read what the terminal sends until the application leaves."""
        keyboard = Keyboard(lambda: ANSWERED if self._link.answers else LONE)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(min(keyboard.seconds_left, GLANCE)):
                    self._read(keyboard)
                for message in keyboard.tick():
                    self.process_message(message)

    def _read(self, keyboard: Keyboard) -> None:
        data = os.read(self.fileno, READ)
        if not data:
            # Nobody types into a file that is at its end.
            self.exit_event.wait(GLANCE)
        doubts = keyboard.doubts
        for message in keyboard.feed(data):
            self.process_message(message)
        if keyboard.in_doubt and keyboard.doubts != doubts:
            self._sender.ask()

    def disable_input(self) -> None:
        """Stop reading, once nothing that was asked for is still to come."""
        self._sender.farewell(FAREWELL)
        super().disable_input()

    def close(self) -> None:
        """Send what is left."""
        super().close()
        self._sender.finish(LAST)


def _settings(descriptor: int) -> list[Any]:
    """Return how a terminal is set; nothing of what is none."""
    with contextlib.suppress(termios.error):
        return termios.tcgetattr(descriptor)
    return []


def _is_in_front(descriptor: int) -> bool:
    """Whether this program is the one that its terminal belongs to, or it has none."""
    with contextlib.suppress(OSError):
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    return True


class Sender:
    """Sends what is put into it from a thread of its own.

    Args:
        file: The terminal.
        link: What is known of the way to it; changed under this sender's lock alone.
    """

    def __init__(self, file: TextIO, link: Link) -> None:
        self._file = file
        self._link = link
        self._outbox = Outbox()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._asking = True
        self._wanted = False
        """Whether somebody waits for an answer."""
        self._leaving = False
        self._gone = False
        """Whether the terminal takes nothing any more."""
        self._resized = True
        """Whether the terminal may have another size than the outbox was told."""

    def put(self, text: str) -> None:
        """Take something to send."""
        data = text.encode(self._file.encoding or "utf-8", "backslashreplace")
        with self._changed:
            if self._gone:
                return
            self._measure()
            self._outbox.put(data)
            self._link.held = self._outbox.held
            self._start()
            self._changed.notify()

    def resized(self) -> None:
        """Notice that the terminal may have another size; nothing it shows is known then."""
        # A signal may come in the middle of anything, so what changes waits for the lock.
        self._resized = True

    def _measure(self) -> None:
        if self._resized:
            self._resized = False
            try:
                columns, lines = os.get_terminal_size(self._file.fileno())
            except OSError:
                columns, lines = 0, 0
            self._outbox.resized(columns, lines)

    def answered(self) -> None:
        """Notice that the terminal has answered."""
        with self._changed:
            self._link.answered()
            self._changed.notify_all()

    def ask(self) -> None:
        """Have the terminal answer now, where it does: the answer tells what came before it."""
        with self._changed:
            self._wanted = self._asking
            self._changed.notify_all()

    def farewell(self, seconds: float) -> None:
        """Ask nothing more, and wait for what was asked."""
        with self._changed:
            self._asking = False
            self._changed.wait_for(lambda: not self._link.waits_for_answer, seconds)

    def finish(self, seconds: float) -> None:
        """Send what is left and end the thread; a terminal that reads nothing is not waited for."""
        with self._changed:
            thread, self._thread, self._leaving = self._thread, None, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(seconds)

    def _start(self) -> None:
        if self._thread is None:
            self._asking, self._leaving = True, False
            self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        # A terminal that is gone takes nothing; whoever reads from it will notice as well.
        try:
            while (data := self._next()) is not None:
                self._write(data)
        except OSError:
            self._drop()

    def _next(self) -> bytes | None:
        """Wait until something may be sent, and return it; None at the end."""
        with self._changed:
            while True:
                if self._leaving and not self._outbox.held:
                    return None
                if (data := self._due()) is not None:
                    return data
                self._changed.wait(self._patience())

    def _patience(self) -> float | None:
        """Return how long to wait for an answer or for something to send."""
        if self._outbox.held:
            return LOOK
        return None if self._link.clear else LATER

    def _due(self) -> bytes | None:
        """Return what may be sent now, if anything may."""
        wanted, self._wanted = self._wanted, False
        if wanted and self._link.asks_now():
            return QUESTION
        room = CHUNK if self._leaving else self._link.room()
        if not self._outbox.held or not room:
            return QUESTION if self._asking and self._link.asks_again() else None
        self._measure()
        data = self._outbox.take(room)
        self._link.held = self._outbox.held
        if not data:
            return None
        return data + QUESTION if self._link.sending(len(data), asking=self._asking) else data

    def _write(self, data: bytes) -> None:
        descriptor = self._file.fileno()
        while data:
            started = time.monotonic()
            try:
                count = os.write(descriptor, data[:CHUNK])
            except BlockingIOError:
                select.select([], [descriptor], [], 1.0)
                continue
            data = data[count:]
            with self._changed:
                self._link.wrote(count, time.monotonic() - started)

    def _drop(self) -> None:
        """Forget what cannot be sent."""
        with self._changed:
            self._gone = True
            self._outbox = Outbox()
            self._link.held = 0
