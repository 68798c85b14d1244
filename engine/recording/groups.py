"""The groups of columns that a recording has, as its header and its events name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..errors import RecordingError
from .events import COLUMNS, NAME_LENGTH, End, Event, GroupBegins, Header

AGAIN_BYTES: Final = 256 << 10
"""Bytes of a recording after which groups that began in it are named again: whoever reads only
its end reads more than that."""


def are_columns(groups: Mapping[str, list[str]]) -> bool:
    """Whether groups are such as a recording from elsewhere may have."""
    columns = [name for names in groups.values() for name in names]
    differ = all(names and len({*names}) == len(names) for names in groups.values())
    longest = max(map(len, [*groups, *columns]), default=0)
    return differ and len(columns) <= COLUMNS and longest <= NAME_LENGTH


class Groups:
    """The columns of each group so far.

    Args:
        columns: The header's.
    """

    def __init__(self, columns: Mapping[str, list[str]]) -> None:
        self.columns: Mapping[str, list[str]] = columns
        """The names of each group's columns."""
        self._begun: list[GroupBegins] = []
        """Those that the header does not name."""
        self._said_at = 0

    def take(self, event: Event) -> None:
        """Take in a header, or a group that begins.

        Raises:
            RecordingError: It begins a second time, or has columns that no recording may have.
        """
        if isinstance(event, Header):
            self.columns = event.columns
        elif isinstance(event, GroupBegins) and event not in self._begun:
            columns = {**self.columns, event.group: event.columns}
            if event.group in self.columns or not are_columns(columns):
                raise RecordingError(
                    f"{event.group}: has begun already, or has columns that cannot be: at most "
                    f"{COLUMNS} in all, with different names of at most {NAME_LENGTH} characters"
                )
            self.columns = columns
            self._begun.append(event)

    def before(self, event: Event, size: int) -> Sequence[Event]:
        """Return what is to be said again before an event: of the long, only the end is read.

        Args:
            event: What comes next.
            size: Bytes of the recording so far.
        """
        if self._begun and (size - self._said_at > AGAIN_BYTES or isinstance(event, End)):
            self._said_at = size
            return tuple(self._begun)
        return ()


def groups_and_seconds(path: Path, events: Iterable[Event]) -> tuple[Groups, float]:
    """Return the groups of a recording, and how many seconds it spans.

    Args:
        path: The recording.
        events: Its events.

    Raises:
        RecordingError: It is none that can be gone on with.
    """
    groups, seconds = None, 0.0
    for event in events:
        seconds = max(seconds, event.t)
        groups = groups or Groups({})
        groups.take(event)
    if groups is None:
        raise RecordingError(f"{path}: is no recording to go on with: it has no header")
    return groups, seconds
