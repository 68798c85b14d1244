"""A terminal in memory with the real program in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pyte

from tests.forked import ADDRESS, Forked, workshop
from tests.hangs import last_words
from tests.patience import DEADLINE
from tui.lab.opening import FILE, Memory

SOURCE = Path(__file__).parent.parent
PROGRAM = ("-m", "tui")
"""The program as it is, in a process that was not there before."""
IDLE = ("-m", "tests.idle")
"""The program with a worker that never trains: two seconds of a core less."""
FORKED = ("-m", "tests.forked")
"""The program with workers that train, and are there at once."""
BUSY = {psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP, psutil.STATUS_STOPPED}
"""What a process is that would do something if it could."""
QUESTION = b"\x1b[6n"
"""Asks a terminal where its cursor is."""


class Terminal:
    """A pseudo-terminal, its screen, and the program that runs in it.

    Args:
        arguments: What follows ``epochal``.
        size: Columns and lines.
        rate: Bytes a second that it reads; as fast as they come where left out.
        answers: Whether it says where its cursor is when it is asked.
        program: What runs in it, in place of ``epochal``.
        fresh: Whether its process begins with nothing imported, as that of ``PROGRAM`` always
            does: what Python and Textual ask the environment for is asked before.
        environment: What differs from a plain xterm of 256 colours.
    """

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (120, 40),
        rate: float | None = None,
        answers: bool = True,
        program: Sequence[str] = PROGRAM,
        fresh: bool = False,
        **environment: str,
    ) -> None:
        # What a lab remembers belongs to its user: here to nobody who is new to it.
        self._memory = Path(tempfile.mkdtemp(prefix="epochal-state-"))
        state = experienced(self._memory)
        given = _environment(**{"XDG_STATE_HOME": state, **environment})
        if program == FORKED:
            given[ADDRESS] = workshop("workers")
        self._rate, self._answers = rate, answers
        self._end = b""
        """The end of what was read."""
        self._read_at, self._tokens = time.monotonic(), 0.0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._slave = slave
        self.settings = termios.tcgetattr(slave)
        """How the terminal was set before the program came."""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        """Everything the program has written."""
        start = _start if fresh or program == PROGRAM else _fork
        self.process = start((*program, *arguments), slave, given)

    def read(self, seconds: float = 0.05, *, drawn: bool = True) -> bytes:
        """Take in what comes within so many seconds.

        Args:
            seconds: How long to wait for the first and for more.
            drawn: Whether to draw it on the screen, which costs more than the lab does.
        """
        came = b""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                break
            try:
                came += self._taken()
            except OSError:
                break
        self.sent += came
        if not drawn:
            return came
        # Questions to the terminal, which pyte would write on its screen.
        self._stream.feed(came.replace(b"\x1b[?2026$p", b"").replace(b"\x1b[?2048$p", b""))
        return came

    def _taken(self) -> bytes:
        """Read what there is, or as much of it as a slow terminal reads, and answer it."""
        came = os.read(self._master, self._allowed())
        # A question may come in two reads.
        asked = (self._end + came).count(QUESTION)
        self._end = (self._end + came)[-3:]
        if asked and self._answers:
            os.write(self._master, b"\x1b[1;1R" * asked)
        return came

    def _allowed(self) -> int:
        """Return how many bytes may be read now; a slow terminal reads a hundredth at a time."""
        if self._rate is None:
            return 1 << 16
        least = self._rate / 100
        while self._tokens < least:
            now = time.monotonic()
            self._tokens = min(self._tokens + (now - self._read_at) * self._rate, 2 * least)
            self._read_at = now
            if self._tokens < least:
                time.sleep((least - self._tokens) / self._rate)
        allowed, self._tokens = int(self._tokens), 0.0
        return allowed

    @property
    def setting(self) -> list[Any]:
        """How the terminal is set now."""
        return termios.tcgetattr(self._slave)

    @setting.setter
    def setting(self, settings: list[Any]) -> None:
        termios.tcsetattr(self._slave, termios.TCSANOW, settings)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self.screen.display)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, self._told_of_a_hang()
            self.read()

    def _told_of_a_hang(self) -> str:
        """Return what is on the screen, and where a program stands that does not get on."""
        shown, before = self.text, len(self.sent)
        words = last_words(self.process.pid)
        self.read(0.5, drawn=False)
        stacks = self.sent[before:].decode("utf-8", "replace").replace("\r\n", "\n")
        return f"it did not happen; on the screen:\n{shown}\n{words}\n{stacks}"

    def shows(self, *words: str) -> None:
        """Wait until words are on the screen."""
        self.until(lambda: all(word in self.text for word in words))

    def falls_silent(self, seconds: float) -> None:
        """Wait until nothing has come for so long: what never falls silent fails.

        A program that has something to do and is not let run is not silent: where a machine is
        busy, what it was about to send would be taken for an answer to what is done next.
        """
        deadline = time.monotonic() + DEADLINE
        last, was_held_up = time.monotonic(), False
        while time.monotonic() - last < seconds:
            came, held_up = self.read(), self._is_held_up()
            # Whoever wakes up for a moment is seen at work once, and not at two looks.
            if came or (held_up and was_held_up):
                last = time.monotonic()
                assert last < deadline, f"it still sends {self.sent[-300:]!r}"
            was_held_up = held_up

    def _is_held_up(self) -> bool:
        """Whether the program waits for nothing but a core, the disk or to be continued."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).status() in BUSY
        return False

    def is_clean(self) -> bool:
        """Whether the terminal is as it was before the program came."""
        left, entered = self.sent.rfind(b"\x1b[?1049l"), self.sent.rfind(b"\x1b[?1049h")
        shown, hidden = self.sent.rfind(b"\x1b[?25h"), self.sent.rfind(b"\x1b[?25l")
        # Both are -1 where the program ended before it sent either.
        undone = left >= entered and shown >= hidden
        return undone and self.settings == self.setting

    def finish(self) -> int:
        """Wait for the program to end, and return its exit status."""
        self.until(lambda: self.process.poll() is not None)
        self.read(0.2)
        assert self.process.returncode is not None
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGHUP)
        self.process.wait(DEADLINE)

    def close(self) -> None:
        """Let go of everything."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        shutil.rmtree(self._memory, ignore_errors=True)


def _start(
    program: Sequence[str], slave: int, environment: dict[str, str]
) -> subprocess.Popen[bytes] | Forked:
    return subprocess.Popen(
        [sys.executable, *program],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=environment,
        preexec_fn=_own_terminal,
    )


def _fork(
    program: Sequence[str], slave: int, environment: dict[str, str]
) -> subprocess.Popen[bytes] | Forked:
    return Forked(workshop("labs"), program, (slave, slave, slave), environment)


def _own_terminal() -> None:
    """Make the new session's controlling terminal the one on stdin."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def experienced(folder: Path) -> str:
    """Have a lab that keeps its memory in a folder know its user; return the folder's name."""
    memory = Memory(folder / "epochal" / FILE)
    memory.keep(replace(memory.choices, paced=True, greeted=True))
    return str(folder)


def _environment(**changes: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name
        not in ("NO_COLOR", "COLORTERM", "TMUX", "STY", "SSH_CONNECTION", "COLUMNS", "LINES")
        and not name.startswith("TEXTUAL")
    }
    plain = {
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TEXTUAL_DISABLE_KITTY_KEY": "1",
        "PYTHONPATH": str(SOURCE),
    }
    return kept | plain | changes
