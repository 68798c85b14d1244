"""The sender: everything arrives, in little parts where the terminal is slow; nobody waits."""

from __future__ import annotations

import os
import pty
import re
import select
import time
import tty
from collections.abc import Iterator

import pytest

from tests.patience import DEADLINE
from tui.terminal.bandwidth import FIRST_WINDOW, QUESTION, Link
from tui.terminal.driver import Sender

ROW = rb"\x1b\[(\d+);1H(?:\x1b\[1m)?(.)"
"""A row that is painted from its first cell on, and what stands there."""


class Line:
    """Both ends of a line, with a sender at one of them."""

    def __init__(self) -> None:
        self.far, near = pty.openpty()
        tty.setraw(near)
        self.file = os.fdopen(near, "w", encoding="utf-8")
        self.link = Link()
        self.sender = Sender(self.file, self.link)
        self.came = b""

    def read(self, least: int = 1) -> bytes:
        """Wait for some bytes, and return what came."""
        deadline, came = time.monotonic() + DEADLINE, b""
        while len(came) < least:
            assert time.monotonic() < deadline, f"only {came!r} came"
            if select.select([self.far], [], [], 0.05)[0]:
                came += os.read(self.far, 1 << 16)
        # A question may come in two reads.
        for _ in range((self.came[-3:] + came).count(QUESTION)):
            self.sender.answered()
        self.came += came
        return came

    def drain(self) -> None:
        """Read until everything has come and has been answered."""
        deadline = time.monotonic() + DEADLINE
        while self.link.held or self.link.under_way:
            assert time.monotonic() < deadline, "it does not all come"
            if select.select([self.far], [], [], 0.02)[0]:
                self.read()

    def close(self) -> None:
        self.sender.finish(DEADLINE)
        self.file.close()
        os.close(self.far)


@pytest.fixture
def line() -> Iterator[Line]:
    opened = Line()
    yield opened
    opened.close()


def frame(text: str, rows: int = 50) -> str:
    return "\n".join(f"\x1b[{row};1H\x1b[1m{text * 40}\x1b[0m" for row in range(1, rows + 1))


def test_what_is_written_arrives_and_is_asked_after(line: Line) -> None:
    line.sender.put("\x1b[?1049h")
    assert line.read(12) == b"\x1b[?1049h" + QUESTION


def test_a_writer_never_waits_for_a_terminal_that_reads_nothing(line: Line) -> None:
    for text in "abcdefgh" * 20:
        line.sender.put(frame(text))
    assert line.link.held > 0
    assert line.link.held <= 50 * 60, "what a newer frame covers is not kept"
    line.drain()
    shown = {int(row): text for row, text in re.findall(ROW, line.came)}
    assert shown == dict.fromkeys(range(1, 51), b"h")
    assert len(line.came) < 2 * FIRST_WINDOW


def test_a_terminal_that_answers_is_sent_the_rest(line: Line) -> None:
    line.sender.put(frame("ab", rows=2000))
    line.drain()
    assert line.came.count(b"ab" * 40) == 2000


def test_a_terminal_of_another_size_is_sent_everything_again(line: Line) -> None:
    line.sender.put(frame("a", rows=2))
    line.drain()
    line.sender.put(frame("a", rows=2))
    line.sender.resized()
    line.sender.put(frame("a", rows=2))
    line.drain()
    assert line.came.count(b"a" * 40) == 4


def test_what_the_terminal_shows_already_is_not_sent(line: Line) -> None:
    for _ in range(3):
        line.sender.put(frame("a", rows=2) + "\x1b[1;1H")
        line.drain()
    assert line.came.count(b"a" * 40) == 2


def test_leaving_waits_for_the_answer_and_then_asks_nothing_more(line: Line) -> None:
    line.sender.put("hello")
    line.read(9)
    line.sender.farewell(DEADLINE)
    line.sender.put("bye")
    line.sender.finish(DEADLINE)
    assert line.read(3) == b"bye"


def test_a_terminal_that_is_gone_ends_nothing(line: Line) -> None:
    other, near = pty.openpty()
    file = os.fdopen(near, "w", encoding="utf-8")
    os.close(other)
    sender = Sender(file, Link())
    sender.put("hello")
    sender.finish(DEADLINE)
    sender.put("more")
    sender.finish(DEADLINE)
    file.close()


def test_a_terminal_that_answers_is_asked_when_a_key_is_in_doubt(line: Line) -> None:
    line.sender.put("x")
    line.drain()
    line.came = b""
    line.sender.ask()
    assert line.read(len(QUESTION)) == QUESTION
