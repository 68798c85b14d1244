"""Programs that do not end: where each of their threads stands, and what they said.

    a wait as long as DEADLINE is over
        ──► SIGABRT to the program and to what it started, of which Python writes where it stands
        ──► what they wrote is part of the error, and so of the test's report

Without that, a program that hangs once in a hundred suites is told of by a number of seconds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import psutil
import pytest

from tests.patience import DEADLINE

# What tests start is told by this to write where it stands when it is aborted.
os.environ.setdefault("PYTHONFAULTHANDLER", "1")

GRACE: Final = 10.0
"""Seconds that a program has to write where it stands."""
MOST: Final = 20_000
"""How many bytes of what it wrote are shown: the end of it."""


class Hang(subprocess.TimeoutExpired):
    """A program that did not end in time, and what is known of it."""

    words = ""

    def __str__(self) -> str:
        """Say how long it was waited for, and all that it said."""
        said = [f"{super().__str__()}; it was aborted:\n{self.words}"]
        for name, text in (("stdout", self.stdout), ("stderr", self.stderr)):
            if text:
                said.append(f"its {name}:\n{_end(text)}")
        return "\n".join(said)


def hang(program: object, pid: int, seconds: float) -> Hang:
    """Abort a program that does not end, and return the error that tells of it."""
    error = Hang(program, seconds)
    error.words = last_words(pid)
    return error


def last_words(pid: int) -> str:
    """Abort a program and what it started; return what they were, and wrote to files on stderr."""
    try:
        program = psutil.Process(pid)
        # It comes first: whoever waits for what it started tells of that, and not of its end.
        family = [program, *program.children(recursive=True)]
    except psutil.Error:
        return f"process {pid} is there no more"
    lines: list[str] = []
    with contextlib.ExitStack() as stack:
        files: dict[tuple[int, int], IO[bytes]] = {}
        for each in family:
            with contextlib.suppress(psutil.Error, OSError):
                lines.append(f"process {each.pid}, {each.status()}: {' '.join(each.cmdline())}")
                status = Path(f"/proc/{each.pid}/fd/2").stat()
                if stat.S_ISREG(status.st_mode) and (key := (status.st_dev, status.st_ino)):
                    file = stack.enter_context(Path(f"/proc/{each.pid}/fd/2").open("rb"))
                    files.setdefault(key, file)
        for each in family:
            with contextlib.suppress(psutil.Error):
                each.send_signal(signal.SIGABRT)
                _wait_for(each)
        for file in files.values():
            file.seek(max(0, os.fstat(file.fileno()).st_size - MOST))
            lines += ["written on stderr:", file.read().decode("utf-8", "replace")]
    return "\n".join(lines)


def _wait_for(process: psutil.Process) -> None:
    """Wait until a process is over, without taking its status from its parent."""
    deadline = time.monotonic() + GRACE
    with contextlib.suppress(psutil.Error):
        while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.02)


def _end(text: str | bytes) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text)[-MOST:]


@pytest.fixture(scope="session", autouse=True)
def hangs_are_told() -> Iterator[None]:
    """Have every program that is waited for in vain say where it stands."""
    communicate, wait = subprocess.Popen.communicate, subprocess.Popen.wait

    def communicated(
        self: subprocess.Popen[Any], input: Any = None, timeout: float | None = None
    ) -> tuple[Any, Any]:
        try:
            return communicate(self, input, timeout)
        except subprocess.TimeoutExpired as late:
            if timeout is None or timeout < DEADLINE:
                raise
            error = hang(self.args, self.pid, timeout)
            error.output, error.stderr = late.output, late.stderr
            with contextlib.suppress(subprocess.TimeoutExpired):
                error.output, error.stderr = communicate(self, timeout=GRACE)
            raise error from None

    def waited(self: subprocess.Popen[Any], timeout: float | None = None) -> int:
        try:
            return wait(self, timeout)
        except subprocess.TimeoutExpired:
            if timeout is None or timeout < DEADLINE:
                raise
            raise hang(self.args, self.pid, timeout) from None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "communicate", communicated)
        patch.setattr(subprocess.Popen, "wait", waited)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """Show what a program said that left with an error, as ``check=True`` does not."""
    report: pytest.TestReport = yield
    error = call.excinfo and call.excinfo.value
    if isinstance(error, subprocess.CalledProcessError):
        for name, text in (("stdout", error.stdout), ("stderr", error.stderr)):
            if text:
                report.sections.append((f"{name} of the program", _end(text)))
    return report
