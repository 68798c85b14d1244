"""Processes: who is to write a run, and whether that one is still there.

On Linux a process is one of a boot, of a pid namespace, of a pid and of the tick at which it
started: none of these changes when a clock is set. Elsewhere it is a pid and the second.

    another machine's boot, or a container's pid   nobody here can tell
    another boot of this machine                   gone
    this pid, of this tick                         there
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final

from ..recording.events import Writer
from ..text.files import read_file, replace_file
from ..text.parsing import from_json
from .folder import RunFolder

TOLERANCE: Final = 2.0
"""Seconds by which the start of a process may seem to differ where ticks do not tell it."""

MAX_BYTES: Final = 10_000
"""A file larger than this names no worker."""


def _started(pid: int) -> float | None:
    """Return when a process of this machine started, in seconds since 1970, if it is there."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Processes:
    """The processes of this machine."""

    host: str = field(default_factory=socket.gethostname)
    """Its name."""
    proc: Path = Path("/proc")
    """Where Linux tells of them."""
    started: Callable[[int], float | None] = _started
    """When one started, in seconds since 1970; none where there is no such process."""
    signal: Callable[[int, int], None] = os.kill
    """Asks whether one is there of which nothing is told, by signal 0."""

    @property
    def boot(self) -> str:
        """Which start of this machine it is; empty where nothing names it."""
        with contextlib.suppress(OSError):
            return (self.proc / "sys/kernel/random/boot_id").read_text().strip()
        return ""

    @property
    def namespace(self) -> str:
        """Among which processes pids count here."""
        with contextlib.suppress(OSError):
            return str((self.proc / "self/ns/pid").readlink())
        return ""

    def of(self, pid: int) -> Writer:
        """Return a process of this machine, so that it is known again."""
        return Writer(
            host=self.host,
            boot=self.boot,
            pid_namespace=self.namespace,
            pid=pid,
            pid_ticks=self._ticks(pid) or 0,
            pid_started=self.started(pid) or 0.0,
        )

    def has(self, process: Writer) -> bool | None:
        """Return whether a process is there; None where that cannot be told here."""
        boot = self.boot
        if not (process.boot and boot):
            return self._has_of_seconds(process) if process.host == self.host else None
        if process.boot != boot:
            return False if process.host == self.host else None
        if process.pid_namespace != self.namespace:
            return None
        if (ticks := self._ticks(process.pid)) is not None:
            return ticks == process.pid_ticks
        return None if self._is_hidden(process.pid) else False

    def _has_of_seconds(self, process: Writer) -> bool:
        there = self.started(process.pid)
        return there is not None and abs(there - process.pid_started) <= TOLERANCE

    def _ticks(self, pid: int) -> int | None:
        """Return when a process started, in ticks since this machine did; None where none is told.

        One that has ended, and only waits to be asked after, is none.
        """
        try:
            # What is in brackets is a name, in which anything may stand.
            told = (self.proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2]
            state, *others = told.split()
            return None if state in "ZX" else int(others[18])
        except (OSError, ValueError, IndexError):
            return None

    def _is_hidden(self, pid: int) -> bool:
        """Whether a process is another user's, on a machine that tells nobody of those."""
        try:
            self.signal(pid, 0)
        except PermissionError:
            return True
        except (OSError, OverflowError):
            pass
        return False


def appoint(folder: RunFolder, worker: Writer) -> None:
    """Write down whose run it is from now on: until it is recorded nothing else says so."""
    with contextlib.suppress(OSError):  # Then it is not known, as with runs of before.
        replace_file(folder.worker_file, json.dumps(asdict(worker)).encode(), durable=False)


def appointed(folder: RunFolder) -> Writer | None:
    """Return to whom a run was given, where that is written down."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        said = from_json(read_file(folder.worker_file, MAX_BYTES))
        worker = Writer(**{each.name: said.get(each.name, each.default) for each in fields(Writer)})
        if all(type(getattr(worker, each.name)) is type(each.default) for each in fields(Writer)):
            return worker
    return None
