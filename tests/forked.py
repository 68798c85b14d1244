"""The program as it is, but that its workers are forked from a process that has PyTorch.

To import it takes two seconds of a core, which thirty workers of the suite would spend one by one.
A forked worker is a detached process of its own session as every other is: its stdin, its signals
and what it writes are real. Some tests keep the workers that the program itself starts.

    tests ── workshop() ──► imports PyTorch once for all tests, waits at a socket
    lab ── start() ──► sends what the worker's stdin, stdout and stderr are, hears its pid, and
                       how it ended
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

from engine.worker.launch import Worker, worker_environment

ADDRESS = "EPOCHAL_TEST_WORKSHOP"
"""The variable that says where the workshop waits."""
DEADLINE = 60.0
"""Seconds by which it must wait there."""


@functools.cache
def workshop() -> None:
    """Have workers forked for these tests, and say where in the environment."""
    tests = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    owner = os.getppid() if tests else os.getpid()
    address = Path(tempfile.gettempdir(), f"epochal-workshop-{tests or owner}")
    with address.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.workshop", str(address), str(owner)],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=worker_environment(),
            )
            deadline = time.monotonic() + DEADLINE
            while not address.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline, "no workshop for workers"
                time.sleep(0.01)
            # It ends with the tests, of which this process may not be the last.
            process.returncode = 0
    os.environ[ADDRESS] = str(address)


class Forked:
    """A process that was forked, as ``subprocess.Popen`` shows one that was started.

    Args:
        stderr: Where its complaints go.
    """

    def __init__(self, stderr: int) -> None:
        reading, writing = os.pipe()
        self.stdin = os.fdopen(writing, "wb")
        self.returncode: int | None = None
        self._told = socket.socket(socket.AF_UNIX)
        self._told.connect(os.environ[ADDRESS])
        with Path(os.devnull).open("wb") as nowhere:
            socket.send_fds(self._told, [b"."], [reading, nowhere.fileno(), stderr])
        os.close(reading)
        order = {"environment": worker_environment(), "folder": str(Path.cwd())}
        self._told.sendall(json.dumps(order).encode() + b"\n")
        self._words = self._told.makefile("r")
        self.pid = int(self._words.readline())

    def poll(self) -> int | None:
        """Return how it ended, if it has."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0.0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return how."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a forked worker", timeout or 0.0)
            self.returncode = int(self._words.readline())
            self._words.close()
            self._told.close()
        return self.returncode

    def kill(self) -> None:
        """End it at once."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


def start() -> Worker:
    """Start a worker as ``Worker.start`` does, but fork it."""
    handle, complaints = tempfile.mkstemp(prefix="epochal-worker-", suffix=".log")
    try:
        return Worker(cast("subprocess.Popen[bytes]", Forked(handle)), Path(complaints))
    finally:
        os.close(handle)


if __name__ == "__main__":
    from tui.cli import main

    Worker.start = start  # type: ignore[assignment, method-assign]
    main()
