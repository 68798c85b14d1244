"""Names of runs: what one is called after, the second it was made in, and four hex digits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

_NAME: Final = re.compile(r"(.*)-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-([0-9a-f]{4})", re.A | re.S)


_FROM_THE_LAST: Final = re.compile(r"last(?:-(\d{1,6}))?", re.A)


@dataclass(frozen=True)
class RunName:
    """The name that a run's folder is given."""

    called: str
    """What it begins with: the preset's name, or what became of that."""
    made: datetime
    """When the run was made, to the second."""
    token: str
    """Four hex digits that tell runs of one second apart."""

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Return what a folder's name says; None where somebody else named it."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        called, *moment, token = match.groups()
        try:
            year, month, day, hour, minute, second = map(int, moment)
            return cls(called, datetime(year, month, day, hour, minute, second), token)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.called}-{self.made:%Y%m%d-%H%M%S}-{self.token}"


def before_the_last(reference: str) -> int | None:
    """Return how far a run lies before the newest: 0 of ``last``, 1 of ``last-1``, else None."""
    match = _FROM_THE_LAST.fullmatch(reference)
    return None if match is None else int(match[1] or 0)


def beginning_of(name: str) -> str:
    """Return what a run's name begins with; all of it where it tells no moment."""
    parsed = RunName.parse(name)
    return parsed.called if parsed else name


def label_of(name: str) -> str:
    """Return a short name for a run: what it is called, and the digits that tell it from others."""
    parsed = RunName.parse(name)
    return f"{parsed.called} {parsed.token}" if parsed else name


def stem_of(name: str) -> str:
    """Return what the names of runs begin with that are called so."""
    return (re.sub(r"[^\w-]+", "-", name).strip("-") or "run")[:60]


def called_after(preset: str, file: str) -> str:
    """Return what runs are called that are no longer what their preset describes.

    Args:
        preset: Its name.
        file: The file whose rows took the place of its data, if one did.
    """
    return Path(file).stem if file else f"{preset}-changed"
