"""What is told of a program that never ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import forked, hangs, terminals
from tests.forked import Forked, workshop
from tests.patience import DEADLINE
from tests.terminals import Terminal

STANDS = """
import sys, threading
def stuck(lock):
    print("about to wait", flush=True)
    lock.acquire()
lock = threading.Lock()
lock.acquire()
stuck(lock)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up at once what would be given up after minutes."""
    workshop("labs")  # It is waited for as long as it takes.
    for module in (forked, hangs, terminals):
        monkeypatch.setattr(module, "DEADLINE", 0.2)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_program_that_is_run_says_where_it_stands_and_what_it_said() -> None:
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STANDS!r}])"
    pipe = subprocess.PIPE
    program = subprocess.Popen([sys.executable, "-c", starts], stdout=pipe, stderr=pipe, text=True)

    def waits() -> bool:
        with pytest.raises(subprocess.TimeoutExpired) as late:
            program.communicate(timeout=0.01)
        return b"about to wait" in (late.value.stdout or b"")

    until(waits)
    with pytest.raises(subprocess.TimeoutExpired, match="about to wait") as told:
        program.communicate(timeout=0.2)
    # Both of them: the one that waits for the other as well.
    assert str(told.value).count("most recent call first") == 2
    assert "in stuck" in str(told.value)
    assert program.returncode != 0


def test_a_forked_program_says_where_it_stands(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as out, Path(os.devnull).open() as nothing:
        stdio = (nothing.fileno(), out.fileno(), out.fileno())
        program = Forked(workshop("labs"), ("-c", STANDS), stdio, dict(os.environ))
    until(lambda: "about to wait" in said.read_text())
    with pytest.raises(subprocess.TimeoutExpired, match="about to wait") as told:
        program.wait(0.2)
    assert "in stuck" in str(told.value)
    assert program.wait(DEADLINE) < 0


def test_a_program_in_a_terminal_says_where_it_stands() -> None:
    terminal = Terminal(program=("-c", STANDS))
    try:
        until(lambda: terminal.read() and "about to wait" in terminal.text)
        with pytest.raises(AssertionError, match="about to wait") as told:
            terminal.shows("what never comes")
        assert "in stuck" in str(told.value)
    finally:
        terminal.close()
