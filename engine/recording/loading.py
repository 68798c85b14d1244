"""All of a recording as a history, of which not more is held than is looked at."""

from __future__ import annotations

from pathlib import Path

from ..errors import RecordingError
from .file import Reader
from .history import History


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
    return History(reader.rest(), reader.again)
