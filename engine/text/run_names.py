"""Names of runs: what one is called after, and the moment it was started."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_STARTED: Final = re.compile(r"-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[0-9a-f]{4}$", re.A)
"""When a run was made, at the end of its name."""


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
