"""All of a recording as a history, of which not more is held than is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import RecordingError
from .file import Reader
from .history import History

CHUNK: Final = 1 << 20
"""Bytes that are read at once."""


def load_history(path: Path) -> History:
    """Return what is known of a run.

    Args:
        path: Its recording.

    Raises:
        RecordingError: The file is not there, no recording, or one of a newer format.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: is not there")
    reader = Reader(path)
    history = History(again=reader.again)
    while True:
        history.extend(reader.poll(CHUNK))
        if not reader.behind:
            return history
