"""What goes between a presenter and those who follow: one small file in the shared folder.

    a presenter's lab ── Presenter ──► <runs>/.presenting/<name>.json ──► Audience ── followers
                                                                                  └── notes

There is no server and no port: whoever reads the folder of runs can follow, on any machine. The
file is replaced in one go whenever what is shown has changed, and every two seconds as a sign of
life. Where two present under one name, whoever began last is followed. Nothing here knows Textual
or what a screen looks like; what is said is ``tui.lecture.presented``.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from engine.errors import EpochalError
from engine.text.files import open_file, replace_file, why
from engine.text.owned import BITS, Share, ensure_folder, share_folder, shut

from .presented import Message, Presented, PresentedError, read, write

Clock = Callable[[], float]
"""Says the seconds since some moment."""

__all__ = ["Audience", "Found", "Presented", "Presenter", "find_presented", "presentations"]

FOLDER: Final = ".presenting"
"""Where presenters leave their files, in the folder of runs."""
PERIOD: Final = 0.1
"""Seconds between two files at least."""
BEAT: Final = 2.0
"""Seconds after which the same is said again."""
GONE: Final = 10.0
"""Seconds after which a presenter who has said nothing is gone."""
MAX_BYTES: Final = 1_000_000
"""A file larger than this is no presenter's."""

Presence = Literal["nobody", "here", "gone"]
"""Whether somebody presents: not yet, now, or not any more."""


def path_of(folder: Path, name: str) -> Path:
    """Return the file of whoever presents under a name.

    Args:
        folder: Where runs are kept.
        name: The lecture's, or the run's that is shown.
    """
    stem = re.sub(r"[^\w@.-]+", "-", name).strip(".-")[:100]
    return folder / FOLDER / f"{stem or 'presented'}.json"


class Presenter:
    """Says what is shown.

    Args:
        folder: Where runs are kept.
        name: The lecture's, or the run's that is shown.
        clock: Seconds that only grow.
        share: Who may follow, beside this user.
    """

    def __init__(
        self, folder: Path, name: str, clock: Clock = time.monotonic, share: Share = "nobody"
    ) -> None:
        self.trouble = ""
        """Why followers see nothing of it, where that is so."""
        self.replaced = False
        """Whether somebody else presents under this name since: nothing is said any more."""
        self._path = path_of(folder, name)
        self._clock = clock
        self._shared = BITS[share]
        self._token = secrets.token_hex(8)
        self._said: Presented | None = None
        self._said_at = -math.inf
        self._beats = 0
        self._closed = False

    def show(self, presented: Presented) -> None:
        """Say what is shown, if that is new or was last said long ago.

        To be called regularly, twice a second at least: what comes too soon after the last file
        goes out with a later call, and without calls the audience takes the presenter for gone.
        """
        if self.replaced or self._closed:
            return
        new = presented != self._said and not self.trouble
        if self._clock() - self._said_at >= (PERIOD if new else BEAT):
            self._publish(presented)

    def close(self) -> None:
        """Say that nothing is presented any more."""
        if self._closed:
            return
        self._closed = True
        if self._beats and not self._is_replaced():
            with contextlib.suppress(OSError):
                self._path.unlink()
            with contextlib.suppress(OSError):  # Others present.
                self._path.parent.rmdir()

    def _publish(self, presented: Presented) -> None:
        self._said_at = self._clock()
        # Whoever begins is followed; so only later files look whether another has begun.
        if self._beats and self._is_replaced():
            self.replaced = True
            return
        message = Message(presenter=self._token, beat=self._beats, presented=presented)
        try:
            if not self._beats:
                self._make_folder()
            # Not waited for to be on disk: after a power failure nobody follows.
            replace_file(self._path, write(message), durable=False, shared=self._shared)
        except OSError as error:
            self.trouble = f"{self._path}: nobody can follow: it cannot be written: {why(error)}"
        else:
            self.trouble, self._said = "", presented
            self._beats += 1

    def _make_folder(self) -> None:
        """Make the folder of those who present, or let more see what is in it."""
        place = self._path.parent
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ensure_folder(place)
        share_folder(place, self._shared)

    def _is_replaced(self) -> bool:
        """Whether the file is another's."""
        try:
            return read(_body(self._path)[0]).presenter != self._token
        except (OSError, ValueError):
            return False
        except PresentedError:
            return True


class Audience:
    """Reads what is shown.

    Args:
        folder: Where runs are kept.
        name: The name under which somebody presents, or will.
        clock: Seconds that only grow.
        now: Seconds since 1970.
    """

    def __init__(
        self, folder: Path, name: str, clock: Clock = time.monotonic, now: Clock = time.time
    ) -> None:
        self.trouble = ""
        """Why what is there cannot be read."""
        self._path = path_of(folder, name)
        self._clock = clock
        self._now = now
        self._body = b""
        self._refused = ""
        """Why what was read last cannot be shown."""
        self._message: Message | None = None
        self._alive_at = -math.inf
        """When the presenter last gave a sign of life, by this clock."""
        self._left = False

    def poll(self) -> Presented | None:
        """Return what is shown, or was last; None where nobody has presented yet."""
        try:
            body, age = _body(self._path, self._now)
        except FileNotFoundError:
            self._left = True
        except (OSError, ValueError) as error:
            # On a network file system the next look may go well.
            self.trouble = f"{self._path}: {shut(self._path) or f'cannot be read: {error}'}"
        else:
            self._left = False
            if body != self._body:
                self._take(body, age)
            self.trouble = self._refused
        return self._message.presented if self._message is not None else None

    @property
    def presence(self) -> Presence:
        """Whether somebody presents."""
        if self._message is None:
            return "nobody"
        return "gone" if self._left or self._clock() - self._alive_at > GONE else "here"

    def _take(self, body: bytes, age: float) -> None:
        """Learn what a file says that was not there at the last look."""
        try:
            message = read(body)
        except EpochalError as error:
            self._body, self._refused = body, str(error)
            return
        except ValueError:
            return  # Torn: the next look finds it whole, or another.
        # Clocks differ between machines, so what counts is that the file changes. Only of the
        # first one can nothing be known but its age.
        self._alive_at = self._clock() - (0.0 if self._body else max(age, 0.0))
        self._body, self._message, self._refused = body, message, ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Somebody who presents."""

    name: str
    """Under which name, as its file has it."""
    presented: Presented
    """What is shown."""
    age: float
    """Seconds since the last sign of life."""


def presentations(folder: Path) -> list[Found]:
    """Return everybody who presents in a folder of runs, the last heard of first."""
    return sorted(_presentations(folder), key=lambda each: each.age)


def _presentations(folder: Path) -> Iterator[Found]:
    for path in _files(folder):
        with contextlib.suppress(OSError, ValueError, EpochalError):
            body, age = _body(path)
            if age <= GONE:
                yield Found(name=path.stem, presented=read(body).presented, age=age)


def _files(folder: Path) -> list[Path]:
    """Return the files of those who present in a folder of runs, as far as they can be seen."""
    with contextlib.suppress(OSError):
        return sorted((folder / FOLDER).glob("*.json"))
    return []


def find_presented(folder: Path, reference: str | None = None) -> str | None:
    """Return the name under which something is presented; None where nobody presents it.

    Args:
        folder: Where runs are kept.
        reference: A lecture's name, a run as commands take it, or whatever it is presented as;
            where left out, what is presented at all.
    """
    presenters = presentations(folder)
    if reference is None:
        return presenters[0].name if presenters else None
    named = path_of(folder, reference).stem
    for each in presenters:
        if each.name == named or each.presented.programme.lecture == reference:
            return each.name
    return _presenting_run(presenters, reference, folder)


def check_shared(folder: Path) -> None:
    """Refuse to follow where somebody presents who lets nobody see it.

    Raises:
        PresentedError: Somebody does.
    """
    for path in (folder, folder / FOLDER, *_files(folder)):
        if words := shut(path):
            raise PresentedError(f"{path}: {words}")


def _presenting_run(presenters: list[Found], reference: str, folder: Path) -> str | None:
    """Return who shows a run, whoever shows it by itself first."""
    from engine.runs.finding import find_run

    try:
        run = find_run(reference, folder).name
    except EpochalError:
        return None
    showing = [each for each in presenters if run in [shown.name for shown in each.presented.runs]]
    showing.sort(key=lambda each: each.presented.runs[0].name != run)
    return showing[0].name if showing else None


def _body(path: Path, now: Clock = time.time) -> tuple[bytes, float]:
    """Return what is in a file, and how many seconds ago it was written.

    Raises:
        OSError: It cannot be read, or is no file.
    """
    # Opened anew each time: that is when a network file system looks whether there is a newer one.
    with open_file(path) as file:
        return file.read(MAX_BYTES), now() - os.fstat(file.fileno()).st_mtime
