"""Starting a worker: a detached process that outlives whoever started it.

The order in which things happen, so that start to first step is a third of a second:

    lab ── start() ──► worker imports PyTorch, takes a step of nothing, waits on its stdin
    lab ── give(folder) ──► one line on that stdin; then the pipe is closed
                            worker records into the folder, and belongs to nobody

A worker that was given no folder ends when its stdin does, that is with its lab. Nothing here
imports PyTorch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ..errors import RunError
from ..runs.environment import worker_environment

if TYPE_CHECKING:
    from ..runs.folder import RunFolder

WORDS_BYTES: Final = 100_000
"""How much of what a worker complained of is looked at."""


class Worker:
    """A worker's process, seen from the one who started it.

    Args:
        process: A running ``python -m engine.worker``.
        complaints: The open file that its stderr goes to until it has a folder; it has no name,
            so that it is gone when both processes are, however they end.
    """

    def __init__(self, process: subprocess.Popen[bytes], complaints: int) -> None:
        self._process = process
        self._complaints = complaints
        weakref.finalize(self, os.close, complaints)

    @classmethod
    def start(cls, *, capability: str = "") -> Worker:
        """Start a worker that gets ready and waits for a folder.

        Args:
            capability: What the CPU may compute with at most, as PyTorch names it.
        """
        # A process of its own session survives a hang-up; explicit stdio keeps it off the
        # terminal; -P keeps a folder named "engine" in the user's directory out of its imports.
        complaints = nameless_file()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
            env=worker_environment(capability),
        )
        return cls(process, complaints)

    @property
    def pid(self) -> int:
        """The worker's process."""
        return self._process.pid

    def give(
        self,
        folder: RunFolder,
        *,
        device: str = "auto",
        steps: int | None = None,
        allow_code: bool = False,
        resume: Mapping[str, Any] | None = None,
        fork: Mapping[str, Any] | None = None,
    ) -> None:
        """Hand over a run folder; from now on the worker belongs to itself.

        Args:
            folder: Holds the resolved experiment; the recording appears there.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
            steps: Pause after so many steps; run freely where left out.
            allow_code: Whether a network of one's own may be run.
            resume: How to go on with what is recorded there, as
                ``engine.training.resuming.Continuation`` has it; a new run where left out.
            fork: What to branch off from: the ``parent``'s folder, the ``step`` and the
                ``changes`` from there on.

        Raises:
            RunError: The worker is gone; says what it said last.
        """
        # Not before there is a folder: the worker starts by then, and that takes longest.
        from ..runs.processes import Processes, appoint
        from ..runs.requests import lengths

        order = {
            "folder": str(folder.path.resolve()),
            "device": device,
            "steps": steps,
            "allow_code": allow_code,
            "resume": resume,
            "fork": fork,
            "heard": lengths(folder),
        }
        appoint(folder, Processes().of(self.pid))
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.close()
        except (OSError, ValueError):
            raise RunError(f"the worker ended before it had a run: {self.last_words()}") from None

    def poll(self) -> int | None:
        """Return the exit status of a worker that has ended, or none."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the worker to end and return its exit status."""
        return self._process.wait(timeout)

    def kill(self) -> None:
        """End the worker at once; its recording stays readable to its last whole line."""
        self._process.kill()

    def close(self) -> None:
        """Let go: a worker without a folder ends, one with a folder goes on."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *raised: object) -> None:
        # Whoever was given no folder has nothing to lose, and may be long in importing.
        if self._process.stdin is not None and not self._process.stdin.closed:
            self.kill()
            self.wait()
        self.close()

    def last_words(self) -> str:
        """Return the last line of what the worker complained of before it had a folder."""
        lines = os.pread(self._complaints, WORDS_BYTES, 0).decode("utf-8", "replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def nameless_file() -> int:
    """Return a new open file that nothing is called after; whoever gets it closes it."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
