"""Other programs' logs as recordings: TensorBoard's event files, and CSV as loggers write it.

What a log's name looks like is told here, without what it takes to read one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ...recording.naming import ROLES
from ...text.endings import PACKED
from ..finding import run_at

EVENT_FILE: Final = "tfevents"
"""What the name of an event file has in it."""

TABLES: Final = (".csv", ".tsv", ".log")
"""How the name of a CSV log ends."""

LIGHTNING: Final = "metrics.csv"
"""What Lightning calls its CSV log, in a folder of its own."""


def is_named_so(path: Path) -> bool:
    """Whether a file is named like a log."""
    return EVENT_FILE in path.name or unpacked_name(path).lower().endswith(TABLES)


def unpacked_name(path: Path) -> str:
    """Return a file's name without what says that it is packed."""
    return path.stem if path.suffix.lower() == PACKED else path.name


def is_log(path: Path) -> bool:
    """Whether there is a file that is named like a log, or a folder of one program's logs."""
    try:
        if not path.is_dir():
            return path.is_file() and is_named_so(path)
        places = [path, *(path / role for role in ROLES)]
        logs = (each.name for place in places for each in place.glob(f"*{EVENT_FILE}*"))
        return (path / LIGHTNING).is_file() or any(logs)
    except (OSError, ValueError):
        return False


def log_meant(what: str) -> Path | None:
    """Return the log that is named; None where something else is, such as a run."""
    path = Path(what)
    return path if is_log(path) and run_at(what) is None else None
