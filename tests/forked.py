"""Programs forked from a process that has imported what they need, and the lab with such workers.

To import PyTorch takes two seconds of a core, and what a lab is made of one, which dozens of
programs of the suite would spend one by one. A forked program is a process of its own session as
every other is: its stdin, its terminal, its signals and what it writes are real. Some tests keep
the processes that the program itself starts, and some a lab that was not there before.

    tests ── workshop() ──► imports everything once for all tests, waits at a socket
    Forked() ─────────────► sends what the program is, its stdin, stdout and stderr, hears its
                            pid, and how it ended
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Literal, cast

from engine.runs.environment import worker_environment
from engine.worker.launch import Worker, nameless_file
from tests.hangs import hang
from tests.patience import DEADLINE

ADDRESS = "EPOCHAL_TEST_WORKSHOP"
"""The variable that says where the workshop for workers waits."""
WORKER = ("-m", "engine.worker")


@functools.cache
def workshop(kind: Literal["workers", "labs"]) -> str:
    """Have programs forked for these tests; return where one asks for them."""
    tests = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    owner = os.getppid() if tests else os.getpid()
    address = Path(tempfile.gettempdir(), f"epochal-{kind}-{str(tests or owner)[:8]}")
    with address.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.workshop", str(address), str(owner), kind],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=_plain(worker_environment()),
            )
            deadline = time.monotonic() + DEADLINE
            while not address.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline, f"no workshop for {kind}"
                time.sleep(0.01)
            # It ends with the tests, of which this process may not be the last.
            process.returncode = 0
    return str(address)


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what is said to these tests' own Textual."""
    kept = {name: value for name, value in environment.items() if not name.startswith("TEXTUAL")}
    return kept | {"TEXTUAL_DISABLE_KITTY_KEY": "1", "LC_ALL": "C.UTF-8"}


class Forked:
    """A process that was forked, as ``subprocess.Popen`` shows one that was started.

    Args:
        address: Where the workshop waits.
        program: What follows ``python``.
        stdio: Its stdin, stdout and stderr.
        environment: Its environment.
    """

    stdin: IO[bytes] | None = None

    def __init__(
        self,
        address: str,
        program: Sequence[str],
        stdio: Sequence[int],
        environment: Mapping[str, str],
    ) -> None:
        self.returncode: int | None = None
        self._program = tuple(program)
        self._told = socket.socket(socket.AF_UNIX)
        self._told.connect(address)
        socket.send_fds(self._told, [b"."], stdio)
        order = {"program": program, "environment": environment, "folder": str(Path.cwd())}
        self._told.sendall(json.dumps(order).encode() + b"\n")
        self._words = self._told.makefile("r")
        self.pid = int(self._words.readline())

    def poll(self) -> int | None:
        """Return how it ended, if it has."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0.0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return how.

        Raises:
            subprocess.TimeoutExpired: It has not by then; if it never will, what it said, too.
        """
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                seconds = timeout or 0.0
                if seconds >= DEADLINE:
                    told = hang(self._program, self.pid, seconds)
                    self.kill()
                    self._learn()
                    raise told
                raise subprocess.TimeoutExpired(self._program, seconds)
            self._learn()
        assert self.returncode is not None
        return self.returncode

    def _learn(self) -> None:
        """Hear how it ended."""
        self.returncode = int(self._words.readline())
        self._words.close()
        self._told.close()

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def start(*program: str) -> Worker:
    """Start a worker as ``Worker.start`` does, but fork it; or what else it is to be."""
    complaints = nameless_file()
    reading, writing = os.pipe()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    stdio = (reading, nowhere, os.dup(complaints))
    try:
        process = Forked(os.environ[ADDRESS], program or WORKER, stdio, worker_environment())
    finally:
        for each in stdio:
            os.close(each)
    process.stdin = os.fdopen(writing, "wb")
    return Worker(cast("subprocess.Popen[bytes]", process), complaints)


if __name__ == "__main__":
    from tui.cli import main

    Worker.start = start  # type: ignore[assignment, method-assign]
    main()
