"""What a name is that is no run's, and what to do with that."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

from ..errors import EpochalError
from ..runs.imported import log_meant
from ..text.endings import TABLES, ending_of
from .toml_files import PRESETS


def what_else(reference: str) -> str:
    """Return what a name is that names no run; nothing where it is nothing else that is there."""
    path, typed = Path(reference), shlex.quote(reference)
    with contextlib.suppress(OSError, ValueError, EpochalError):
        if ending_of(path) in TABLES and path.is_file() and not _says_steps(path):
            return f"it is a file of data; epochal new {typed} writes a preset for it"
    if log_meant(reference) is not None:
        return f"it is another program's log; epochal import {typed} makes a run of it"
    preset = PRESETS.seek(reference)
    if preset is not None and not preset.is_dir():
        return "it is a preset, and here a run is meant"
    return ""


def _says_steps(path: Path) -> bool:
    from ..runs.imported.csv_logs import says_steps

    return says_steps(path)
