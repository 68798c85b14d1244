"""Forks programs from a process that has imported what they need; see ``tests.forked``."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tui.opening import settle_environment

IMPORTS: Final = {
    "workers": (
        *("engine.training.failures", "engine.training.header", "engine.worker.requests"),
        *("engine.loops.watch", "torch._dynamo"),
    ),
    "labs": ("engine.experiment.experiment", "tui.app", "tui.cli", "tui.setup.draft", "plotext"),
}
"""What each kind of program needs, and is imported once for all of them."""


def serve(address: str, owner: int) -> Sequence[str]:
    """Fork programs until the tests are over.

    Returns:
        The program that this process is to become, which has its stdin, stdout and stderr; none
        where the tests are over.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # What is forked here is waited for by nobody.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen(64)
        Path(f"{address}.new").rename(address)
        while _lives(owner):
            if not select.select([listener], [], [], 1.0)[0]:
                continue
            told, _ = listener.accept()
            _, stdio, *_ = socket.recv_fds(told, 1, 3)
            with told, told.makefile("r") as words:
                order = json.loads(words.readline())
                if os.fork() == 0:
                    listener.close()
                    return _watch_a_program(told, stdio, order)
            for each in stdio:
                os.close(each)
    for each in (address, f"{address}.lock"):
        Path(each).unlink(missing_ok=True)
    return ()


def _watch_a_program(told: socket.socket, stdio: list[int], order: dict[str, Any]) -> Sequence[str]:
    """Fork a program, say its pid, wait for it and say how it ended; in it, return what it is."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        _take_over(stdio)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        random.seed()
        return list(order["program"])
    for each in stdio:
        os.close(each)
    told.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    # Who asked for it may be gone: a worker outlives its lab.
    with contextlib.suppress(OSError):
        told.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _take_over(stdio: list[int]) -> None:
    """Have stdin, stdout and stderr of one's own, and the terminal there as one's own."""
    for number, each in enumerate(stdio):
        os.dup2(each, number)
        os.close(each)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = open(number, mode, buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    faulthandler.enable()  # One that hangs is aborted, and says where it stood; see tests.hangs.


def _lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def run(program: Sequence[str]) -> None:
    """Be ``python -m module …`` or ``python -c code …``."""
    kind, what, *arguments = program
    sys.argv = [what if kind == "-m" else kind, *arguments]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    settle_environment(os.environ)
    for name in IMPORTS[sys.argv[3]]:
        importlib.import_module(name)
    gc.freeze()
    if program := serve(sys.argv[1], int(sys.argv[2])):
        run(program)
