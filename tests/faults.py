"""A disk on which the n-th call fails: each that changes it is counted, and one is refused.

What is opened below a folder goes through Python's own file objects, written in Python, so that a
write of theirs is a call of ``os.write`` like any other. Nothing else of the process is touched.
"""

from __future__ import annotations

import _pyio
import builtins
import contextlib
import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

CALLS: Final = (
    *("open", "write", "fsync", "ftruncate", "truncate", "mkdir", "chmod", "link", "symlink"),
    *("rename", "replace", "unlink", "remove", "rmdir"),
)
"""What opens, writes, syncs, makes, renames, links, truncates or removes."""

GROWING: Final = ("write", "mkdir", "link", "symlink")
"""What needs room; so does whatever opens a file that was not there."""


@dataclass
class Fault:
    """What goes wrong, from the n-th call on that it concerns."""

    name: str
    error: int = errno.ENOSPC
    n: int = 0
    calls: tuple[str, ...] = CALLS
    """The calls that are counted."""
    part: bool = False
    """Whether a write takes a half of its bytes in place of failing."""
    then: int = 0
    """Calls that fail after that."""
    happened: list[str] = field(default_factory=list)
    """What was refused, or done by half."""

    def of(self, call: str, grows: bool) -> str:
        """Return what becomes of a call: ``done``, ``half`` or ``refused``."""
        if call not in self.calls and not (grows and self.calls == GROWING):
            return "done"
        self.n -= 1
        if self.n >= 0 or self.n < -1 - self.then:
            return "done"
        self.happened.append(call)
        return "half" if self.part and self.n == -1 and call == "write" else "refused"


FOR_EVER: Final = 1 << 60


def faults(n: int) -> list[Fault]:
    """Return everything that may go wrong from the n-th call on."""
    return [
        Fault("EIO", errno.EIO, n),
        Fault("ENOSPC", errno.ENOSPC, n),
        Fault("EACCES", errno.EACCES, n),
        Fault("short", n=n, calls=("write",), part=True),
        Fault("torn", n=n, calls=("write",), part=True, then=1),
        Fault("full", n=n, calls=GROWING, part=True, then=FOR_EVER),
        Fault("gone", errno.EIO, n, then=FOR_EVER),
    ]


class Disk:
    """Watches over what happens to the files below a folder, and fails where it is told to.

    Args:
        place: The folder.
        monkeypatch: What puts all back.
    """

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._place, self._thread = os.fspath(place), threading.get_ident()
        self._fault: Fault | None = None
        self.descriptors: set[int] = set()
        """The files that are open."""
        for name in (*CALLS, "close"):
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))
        for module in (io, builtins):
            monkeypatch.setattr(module, "open", self._opened(module.open))

    @contextlib.contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Let a fault come to pass meanwhile."""
        self._fault = fault
        try:
            yield
        finally:
            self._fault = None

    def _is_here(self, what: Any) -> bool:
        if threading.get_ident() != self._thread:
            return False
        if isinstance(what, int):
            return what in self.descriptors
        return os.fspath(what).startswith(self._place) if isinstance(what, str | Path) else False

    def _opened(self, ordinary: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, *arguments: Any, **named: Any) -> Any:
            # What ``os.open`` opened is closed where that is seen, too.
            watched = self._is_here(file) and (self._fault is not None or isinstance(file, int))
            return (_pyio.open if watched else ordinary)(file, *arguments, **named)

        return opened

    def _watched(self, name: str, ordinary: Callable[..., Any]) -> Callable[..., Any]:
        def call(what: Any, *arguments: Any, **named: Any) -> Any:
            if not self._is_here(what):
                return ordinary(what, *arguments, **named)
            if name == "close":
                self.descriptors.discard(what)
                return ordinary(what)
            fate = "done"
            if self._fault is not None:
                grows = name == "open" and bool(arguments[0] & os.O_CREAT)
                fate = self._fault.of(name, grows and not Path(what).exists())
            if fate == "half":
                return ordinary(what, bytes(arguments[0])[: len(arguments[0]) // 2])
            if fate == "refused":
                assert self._fault is not None
                named_path = what if isinstance(what, str | Path) else None
                raise OSError(self._fault.error, os.strerror(self._fault.error), named_path)
            result = ordinary(what, *arguments, **named)
            if name == "open":
                self.descriptors.add(result)
            return result

        return call
