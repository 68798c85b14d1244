"""The terminal that tests drive the program in."""

from __future__ import annotations

import os
import signal
import threading

from tests.terminals import Terminal

ANSWERS = "print('ready', flush=True); input(); print('the answer', flush=True); input()"


def test_a_program_that_is_not_let_run_is_not_silent() -> None:
    terminal = Terminal(program=("-c", ANSWERS))
    pid = terminal.process.pid
    try:
        terminal.shows("ready")
        os.kill(pid, signal.SIGSTOP)
        terminal.press("\n")
        goes_on = threading.Timer(1.0, os.kill, (pid, signal.SIGCONT))
        goes_on.start()
        terminal.falls_silent(0.3)
        goes_on.join()
        assert "the answer" in terminal.text
    finally:
        terminal.close()
