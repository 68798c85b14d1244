"""Machines, processes and clocks, and a scheduler that decides who goes on.

Every actor is a thread, but only the one that has the baton runs. It hands the baton on at each
call that asks something of the disk or the clock, to whom a random number says: so a seed is a
schedule, and the same seed the same one again. Between two calls anything may happen to it.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from .disk import FIRST_DESCRIPTOR, Disk, Machine, OpenFile

MOST_STEPS: Final = 6000
"""Steps after which a schedule has gone wrong."""


class Killed(BaseException):
    """The end of a process, at any of its calls."""


@dataclass(eq=False)
class Process:
    """A process of a machine, with its one thread."""

    name: str
    machine: Machine
    pid: int
    ticks: int
    files: dict[int, OpenFile] = field(default_factory=dict)
    baton: threading.Lock = field(default_factory=threading.Lock)
    thread: int = 0
    wake_at: float = 0.0
    alive: bool = True
    killed: bool = False
    status: int | None = None
    """How it ended."""
    killer: Process | None = None
    """Who waits until it is gone."""


class World:
    """All there is in one schedule.

    Args:
        seed: What decides everything.
    """

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.now = 0.0
        self.steps = 0
        self.machines = [
            Machine("here", 1),
            Machine("there", 2, 1.7e9 + self.draw.choice([0, -90, 40])),
        ]
        self.disk = Disk(self.draw, lambda: self.now, self.draw.random() < 0.7)
        self.locks = self.draw.random() < 0.9
        self.processes: list[Process] = []
        self.current: Process | None = None
        self.violation: str = ""
        self.happens: Callable[[], None] = lambda: None
        """What may happen at any step."""
        self.trace: list[str] = []
        self._pids, self._descriptors, self._tokens = 100, FIRST_DESCRIPTOR, 0
        self._over = threading.Lock()

    # Processes.

    def start(self, name: str, machine: Machine, work: Callable[[], int | None]) -> Process:
        """Start a process."""
        self._pids += 1
        process = Process(name, machine, self._pids, int(self.now * 100) + self._pids)
        process.baton.acquire()
        self.processes.append(process)
        thread = threading.Thread(target=self._live, args=(process, work), daemon=True)
        thread.start()
        return process

    def _live(self, process: Process, work: Callable[[], int | None]) -> None:
        process.thread = threading.get_ident()
        process.baton.acquire()
        try:
            if not process.killed:
                process.status = work() or 0
        except Killed:
            process.status = -9
        except SystemExit as end:
            process.status = int(end.code or 0)
        except BaseException:
            process.status = 1
            self.violate(f"{process.name} ended with an error:\n{traceback.format_exc()}")
        process.alive = False
        for number in list(process.files):
            self.close(process, number)
        successor = process.killer or self._next()
        self.current = successor
        (successor.baton if successor else self._over).release()

    def kill(self, process: Process) -> None:
        """End a process at the call in which it is."""
        if not process.alive:
            return
        self.note(f"{process.name} is killed")
        process.killed = True
        if process is self.current:
            raise Killed
        process.killer, self.current = self.current, process
        process.baton.release()
        assert process.killer is not None
        process.killer.baton.acquire()

    def is_there(self, machine: Machine, pid: int) -> Process | None:
        """Return a process that lives."""
        for each in self.processes:
            if each.pid == pid and each.machine is machine and each.alive and not each.killed:
                return each
        return None

    # Whose turn it is.

    def run(self) -> None:
        """Go on until all is over."""
        self._over.acquire()
        self.current = self._next()
        assert self.current is not None
        self.current.baton.release()
        self._over.acquire()

    def step(self, seconds: float | None = None) -> None:
        """Let time pass, and others go on, before the current process does."""
        process = self.current
        assert process is not None
        if process.killed:
            raise Killed
        self.steps += 1
        if self.steps > MOST_STEPS:
            self.violate("it never came to an end")
        if self.violation:
            process.killed = True
            raise Killed
        self.now += self.draw.random() * 0.003
        self.happens()
        if seconds is None and self.draw.random() < 0.6:
            return
        process.wake_at = self.now + (seconds or 0.0)
        chosen = self._next()
        assert chosen is not None
        if chosen is not process:
            self.current = chosen
            chosen.baton.release()
            process.baton.acquire()
        if process.killed:
            raise Killed

    def _next(self) -> Process | None:
        waiting = [each for each in self.processes if each.alive]
        if not waiting:
            return None
        ready = [each for each in waiting if each.wake_at <= self.now]
        if not ready:
            first = min(waiting, key=lambda each: each.wake_at)
            self.now = first.wake_at
            ready = [first]
        return ready[self.draw.randrange(len(ready))]

    # Files.

    def add_file(self, process: Process, file: OpenFile) -> int:
        """Return the number of a file that was opened."""
        self._descriptors += 1
        process.files[self._descriptors] = file
        return self._descriptors

    def close(self, process: Process, number: int) -> None:
        """Close a file, with its lock."""
        file = process.files.pop(number, None)
        if file is not None and file.node.locked_by is file:
            file.node.locked_by = None

    # Words.

    def token(self) -> str:
        """Return a word that was not there before."""
        self._tokens += 1
        return f"{self._tokens:016x}"

    def violate(self, words: str) -> None:
        """Remember the first promise that was broken; everything ends."""
        self.violation = self.violation or f"{words}\n(at step {self.steps}, {self.now:.3f} s)"

    def note(self, words: str) -> None:
        """Add to what can be read of a schedule."""
        self.trace.append(f"{self.now:7.3f} {words}")
