"""What is seen of a run from beside it, and told: each thing once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..runs.folder import RunFolder
from ..text.files import open_file
from ..text.parsing import from_json
from .notice import Notice
from .pulse import Pulse

_TELLING: Final = tuple(f'{{"kind":"{kind}",'.encode() for kind in ("header", "resume", "end"))
"""How the lines of a recording begin that tell who wrote it and how it ended."""

_WHO: Final = ("host", "boot", "pid_namespace", "pid", "pid_ticks")
"""What tells a process from every other."""

CRASHED: Final = ("crashed", "its worker died without a word")


class Lookout:
    """Listens to a worker, and tells what becomes of its run.

    Args:
        order: The run's ``folder``, and the ``worker``.
        tell: Tells somebody.
        clock: Seconds.
    """

    def __init__(
        self,
        order: Mapping[str, Any],
        tell: Callable[[Notice], None],
        clock: Callable[[], float],
    ) -> None:
        self._order, self._tell = order, tell
        self._pulse = Pulse(clock)
        self._said: set[str] = set()
        self.dismissed = False
        """Whether nothing has become of the run after all."""
        self._ended: tuple[str, str] | None = None

    def hear(self, line: bytes) -> None:
        """Take in what the worker says."""
        said = from_json(line)
        self.dismissed |= "dismissed" in said
        if "step" in said:
            self._pulse.beat(said["step"], paused=said["paused"])
        if "diverged" in said:
            self._say_once("diverged", said["diverged"])
        if "ended" in said:
            self._ended = said["ended"]

    def look(self) -> None:
        """Tell that the run stalls, if it does."""
        if why := self._pulse.stall():
            self._say_once("stalled", why)

    def outcome(self) -> Notice:
        """Return what has become of the run: what its worker said, or its recording says."""
        return notice_of(self._order, *self._ended) if self._ended else outcome(self._order)

    def _say_once(self, status: str, reason: str) -> None:
        if status not in self._said:
            self._said.add(status)
            self._tell(notice_of(self._order, status, reason))


def notice_of(order: Mapping[str, Any], status: str, reason: str) -> Notice:
    """Return that something has become of a run that is watched."""
    folder = Path(order["folder"])
    return Notice(run=folder.name, folder=str(folder), status=status, reason=reason)


def outcome(order: Mapping[str, Any]) -> Notice:
    """Return what has become of a run whose worker is no more, as its recording says."""
    if not Path(order["folder"]).exists():
        return notice_of(order, "failed", "its folder was removed or moved away")
    writer: Mapping[str, Any] = {}
    ended = CRASHED
    for said in _telling(RunFolder(Path(order["folder"])).recording):
        if said["kind"] == "end":
            ended = (str(said.get("status")), str(said.get("reason")))
        else:
            writer, ended = said, CRASHED
    worker = order.get("worker", {})
    # It may have died before it took the run up: what ended that before is not what ended it now.
    if any(writer.get(name) != worker.get(name) for name in _WHO):
        ended = CRASHED
    return notice_of(order, *ended)


def _telling(recording: Path) -> list[Mapping[str, Any]]:
    """Return the lines of a recording that tell who wrote it and how it ended."""
    try:
        with open_file(recording) as file:
            # Only these are read as JSON: there is one for all of millions of rows.
            return [from_json(line) for line in file if line.startswith(_TELLING)]
    except (OSError, ValueError):
        return []
