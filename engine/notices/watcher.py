"""The worker's side of being watched: a pipe, into which a line goes now and then.

Nothing here waits: what a full pipe does not take is left out. Where nobody is to be told, there
is no watch and nothing is said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigurationError
from ..recording.events import Event, RunWarning
from ..runs.processes import Processes
from .addressees import addressees

SECONDS: Final = 1.0
"""How often the watch is told of steps."""


class Watcher:
    """Whoever watches a run, as its worker sees them.

    Args:
        pipe: What they listen to; nobody does where there is none.
        trouble: Why nobody can be told, where that is not as it should be.
        clock: Seconds.
    """

    def __init__(
        self,
        pipe: int | None = None,
        trouble: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pipe, self.trouble, self._clock = pipe, trouble, clock
        self._said_at, self._paused = -SECONDS, False

    @classmethod
    def start(cls, folder: Path, log: Path | None = None) -> Watcher:
        """Have a run of this process watched, where its user wants somebody to be told.

        Args:
            folder: The run's.
            log: Where it stands that nobody could be told; in the recording where left out.
        """
        try:
            if not addressees():
                return cls()
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "engine.notices"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (ConfigurationError, OSError) as error:
            return cls(trouble=f"nobody will be told what becomes of this run: {error}")
        assert process.stdin is not None
        pipe = os.dup(process.stdin.fileno())
        process.stdin.close()
        os.set_blocking(pipe, False)
        # It belongs to itself from here on: nobody asks how it ended.
        process.returncode = 0
        watcher, worker, watch = cls(pipe), *map(Processes().of, (os.getpid(), process.pid))
        order = {"folder": str(folder.resolve()), "worker": asdict(worker), "watch": asdict(watch)}
        watcher.say(**order, **({"log": str(log.resolve())} if log else {}))
        return watcher

    def say(self, **said: Any) -> None:
        """Tell the watch something, if it is there and has time."""
        if self._pipe is None:
            return
        try:
            # A short line is taken whole or not at all.
            os.write(self._pipe, json.dumps(said).encode() + b"\n")
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def at(self, step: int, *, paused: bool = False) -> None:
        """Tell at which step the run is, once a second and whenever it pauses or goes on."""
        now = self._clock()
        if paused != self._paused or now - self._said_at >= SECONDS:
            self._said_at, self._paused = now, paused
            self.say(step=step, paused=paused)

    def told(self, events: Sequence[Event], diverged: int) -> None:
        """Pass on what a block said of members that diverged, while others go on."""
        for event in events if diverged else ():
            if isinstance(event, RunWarning):
                self.say(diverged=event.message)

    def ended(self, status: str, reason: str) -> None:
        """Tell how what has no recording of its own has ended; the last that is said holds."""
        self.say(ended=[status, reason])

    def close(self) -> None:
        """Have nothing more to say: the watch then tells how it ended."""
        if self._pipe is not None:
            os.close(self._pipe)
        self._pipe = None
