"""What the ending of a file's name says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PACKED: Final = ".gz"
"""How the name of a text ends that is packed by gzip."""

TABLES: Final = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".npz", ".parquet")
"""How the names of files end of which a table is read: see ``engine.data.sheet``."""


def ending_of(path: Path) -> str:
    """Return what says how a file is read, in small letters: ``.csv``, ``.csv.gz``, and so on."""
    ending = path.suffix.lower()
    return Path(path.stem).suffix.lower() + ending if ending == PACKED else ending
