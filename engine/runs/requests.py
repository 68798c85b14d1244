"""Requests: what a viewer asks of a running worker, through files in the run's folder.

    viewer ── Control.send("pause") ──► control/<viewer>.jsonl ──► Inbox.poll() ── worker

Every viewer appends to a file of its own, so that no two write into one. A request has an id, by
which the worker takes none twice. Which are older than a run's start, or its resumption, is told by
how long the files were when the order to start was given: clocks differ, and are set.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import math
import os
import re
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from ..errors import RequestError
from ..recording.tail import Tail
from ..text.files import why_not_asked
from ..text.owned import ensure_folder, foreign, open_own_file, open_to_append
from ..text.parsing import from_json
from .folder import RunFolder

Action = Literal["pause", "continue", "step", "stop", "set_lr", "mark"]

MAX_TEXT: Final = 10_000
"""Characters of a note, or of any other text, that are kept."""

MAX_TITLE: Final = 200
"""Characters of a title that are kept, as many as a preset's marks may have."""

CHUNK: Final = 1 << 20
"""Bytes of one viewer's requests that are read at once."""


@dataclass(frozen=True)
class PendingRequest:
    """A request that is not answered yet."""

    id: str
    """By which it is never taken twice."""
    viewer: str
    """Who asks."""
    action: str
    """What is asked."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """With what."""
    time: float = 0.0
    """When, in seconds since 1970."""


class Control:
    """A viewer's end.

    Args:
        folder: The run that is asked.
        viewer: Who asks; this user and process where left out.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        folder: RunFolder,
        viewer: str | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.viewer = viewer or default_viewer()
        self._folder = folder
        name = re.sub(r"[^A-Za-z0-9_.@-]", "_", self.viewer)[:100]
        self._path = folder.control / f"{name}.jsonl"
        self._clock = clock

    def send(self, action: Action, **arguments: Any) -> str:
        """Ask for something.

        Args:
            action: ``pause``, ``continue``, ``step`` (n), ``stop``, ``set_lr`` (lr) or ``mark``
                (title, note).
            arguments: With what.

        Returns:
            The request's id, which its outcome in the recording carries.

        Raises:
            RequestError: The run's folder cannot be written to, or an argument is neither a
                finite number nor a text.
        """
        request = {"id": secrets.token_hex(8), "time": self._clock(), "viewer": self.viewer}
        request |= {"action": action, "arguments": arguments}
        line = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        if parse(line) is None:
            raise RequestError(f"{action}: {arguments} are no numbers or texts that can be sent")
        try:
            self._append(line)
        except OSError as error:
            said = f"{action} could not be asked for: {why_not_asked(error, self._folder.path)}"
            raise RequestError(f"{self._path}: {said}") from None
        return str(request["id"])

    def _append(self, line: bytes) -> None:
        ensure_folder(self._folder.control)
        descriptor = open_to_append(self._path, self._folder.path)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            # A newline first closes a line that an earlier process of this name left torn.
            length = file.tell()
            rest = memoryview(b"\n" + line if length else line)
            try:
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                # What was not asked for must not come true when somebody ends its line.
                with contextlib.suppress(OSError):
                    file.truncate(length)
                raise


class Inbox:
    """The worker's end.

    Args:
        folder: The run that is worked on.
        heard: How much of each file is older than the order to begin: see ``lengths``.
    """

    def __init__(self, folder: RunFolder, heard: Mapping[str, int] | None = None) -> None:
        self._folder = folder
        self._heard = heard or {}
        self._taken: set[str] = set()
        self._tails: dict[str, Tail] = {}
        self._waiting: deque[PendingRequest] = deque()
        self._reasons: set[str] = set()
        self._complaints: list[str] = []

    def put(self, request: PendingRequest) -> None:
        """Add a request that came in no file; safe to call from a signal handler."""
        self._waiting.append(request)

    def ignore(self, ids: Iterable[str]) -> None:
        """Take no request that was answered by another worker."""
        self._taken.update(ids)

    def poll(self) -> list[PendingRequest]:
        """Return the requests that came since the last poll.

        Those of one viewer are in the order in which they were asked; among several viewers' their
        times tell, as far as clocks agree.
        """
        wanted = []
        for request in merge(*map(_read, self.grown()), key=lambda request: request.time):
            if request.id not in self._taken:
                self._taken.add(request.id)
                wanted.append(request)
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        return [*waiting, *wanted]

    def complaints(self) -> list[str]:
        """Return what was passed over since the last call, and why: each reason once."""
        complaints, self._complaints = self._complaints, []
        return complaints

    def grown(self) -> list[Tail]:
        """Return the files that are longer than what was read of them."""
        control, tails = self._folder.control, []
        # One that cannot be looked at hides no other.
        with contextlib.suppress(OSError):
            if control.is_symlink():
                self._pass_over(control.name, "is a link, and none is followed here")
                return []
            with os.scandir(control) as entries:
                files = [entry for entry in entries if entry.name.endswith(".jsonl")]
            for entry in files:
                with contextlib.suppress(OSError):
                    tails += self._if_grown(entry)
        return tails

    def _if_grown(self, entry: os.DirEntry[str]) -> list[Tail]:
        status = entry.stat(follow_symlinks=False)
        if wrong := foreign(status, self._folder.path):
            self._pass_over(f"control/{entry.name}", wrong)
            return []
        if (tail := self._tails.get(entry.name)) is None:
            tail = self._tails[entry.name] = RequestFile(Path(entry.path), self._folder)
            tail.offset = self._heard.get(entry.name, 0)
        return [tail] if status.st_size > tail.offset else []

    def _pass_over(self, name: str, why_not: str) -> None:
        if why_not not in self._reasons:
            self._reasons.add(why_not)
            self._complaints.append(f"{name} {why_not}: nothing is done that is asked for there")


class RequestFile(Tail):
    """What a viewer asks, while it is asked: a file of this user's own, and no link.

    Args:
        path: The file.
        folder: The run that is asked.
    """

    def __init__(self, path: Path, folder: RunFolder) -> None:
        super().__init__(path)
        self._folder = folder

    def _opened(self) -> BinaryIO:
        return open_own_file(self.path, self._folder.path)


def lengths(folder: RunFolder) -> dict[str, int]:
    """Return how long each file of requests is up to its last whole line, by its name.

    Whoever orders a worker to begin says so by this which requests are not for that one.
    """
    tails = Inbox(folder).grown()
    for tail in tails:
        with contextlib.suppress(OSError):
            while tail.lines(CHUNK):
                pass
    return {tail.path.name: tail.offset for tail in tails}


def _read(tail: Tail) -> list[PendingRequest]:
    """Return the requests of a file's whole new lines; a torn one is left for the next time."""
    try:
        requests = [parse(line) for line in tail.lines(CHUNK)]
    except OSError:
        return []
    return [request for request in requests if request is not None]


def parse(line: bytes) -> PendingRequest | None:
    """Return a line's request, or None where it is none that makes sense."""
    try:
        body = from_json(line)
        arguments = {str(key): _sane(key, value) for key, value in body["arguments"].items()}
        request = PendingRequest(
            id=str(body["id"])[:100],
            viewer=str(body["viewer"])[:200],
            action=str(body["action"])[:50],
            arguments=arguments,
            time=float(body["time"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return request if math.isfinite(request.time) else None


def _sane(key: str, value: Any) -> Any:
    """Return a number or a text of bounded length; nothing else is an argument."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("an argument must be a number or a text")
    if isinstance(value, str):
        return value[: MAX_TITLE if key == "title" else MAX_TEXT]
    if not math.isfinite(value) or abs(value) > 1e15:
        raise ValueError("a number must be finite")
    return value


def default_viewer() -> str:
    """Return a viewer's name: this user, machine and process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "someone"
    return f"{user}@{socket.gethostname()}-{os.getpid()}"
