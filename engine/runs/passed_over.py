"""What a list of runs passes over: folders that cannot be looked into, files that are none.

A run whose recording is damaged is none of these: it stands in the list, with what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..text.files import SMALL_BYTES, not_a_file
from ..text.owned import shut
from .listing import KEYS

if TYPE_CHECKING:
    from .catalogue import RunFacts

FILES: Final = ("recording.jsonl", "sweep.jsonl", "experiment.toml")
"""What makes a folder a run's or a sweep's."""

SMALL: Final = frozenset({"experiment.toml"})
"""Those of which no more than a person writes is read."""


@dataclass(frozen=True)
class PassedOver:
    """Something that may have been meant to be in the list, and is not."""

    name: str
    """That of its folder."""
    path: Path
    why: str

    @property
    def row(self) -> dict[str, Any]:
        """What stands for it among the objects of the list of runs."""
        told = {"name": self.name, "path": str(self.path), "state": "unread", "problem": self.why}
        return dict.fromkeys(KEYS) | told


def passed_over(folder: Path, runs: Sequence[RunFacts]) -> list[PassedOver]:
    """Return what is passed over in a folder of runs, in the order of names.

    Args:
        folder: Where runs are kept.
        runs: Those that are listed: of them, what was noted and cannot be understood.
    """
    found = list(_unread(folder))
    noted = (run for run in runs if run.notes.problem)
    found += [PassedOver(run.folder.name, run.folder.notes, run.notes.problem) for run in noted]
    return sorted(found, key=lambda each: each.path)


def _unread(folder: Path) -> Iterator[PassedOver]:
    try:
        names = [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208 — of thousands
    except OSError:
        return
    for name in names:
        path = folder / name
        if words := shut(path):
            yield PassedOver(name, path, words)
            continue
        for each in FILES:
            if words := _why_not(path / each, small=each in SMALL):
                yield PassedOver(name, path / each, words)


def _why_not(path: Path, *, small: bool) -> str:
    """Return why what has the name of a run's file is not read; nothing where it is, or is not."""
    try:
        status = os.stat(path)  # noqa: PTH116 — half the price of Path.stat, thousands of times
    except OSError:
        # Nothing, or a link to nothing; what it lies in was looked into.
        return "is a link to nothing" if os.path.islink(path) else ""  # noqa: PTH114
    if words := not_a_file(status.st_mode):
        return words
    if small and status.st_size > SMALL_BYTES:
        return f"has {status.st_size / 1e6:.3g} MB, more than is read"
    return shut(path)
