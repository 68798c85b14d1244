"""What every file of columns comes to, whatever its format: columns by name, and limits."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from ..components.section import show
from ..errors import DataError

MAX_BYTES: Final = 200_000_000
"""A file larger than this is refused, packed or unpacked: it is read into memory whole."""

Column = Sequence[str] | NDArray[Any]
"""A column's cells: texts as a text file has them, or an array of numbers."""

DAMAGED: Final = (
    *(OSError, EOFError, ValueError, LookupError, NotImplementedError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""What a damaged archive makes its decoders raise."""


@dataclass(frozen=True, eq=False)
class ReadColumns:
    """What was found in a file."""

    columns: Mapping[str, Column]
    """Each column's cells by its name, in the order of the file."""
    matrices: Mapping[str, list[str]]
    """The columns of each array with two dimensions, by its name."""
    nameless: tuple[int, ...] = ()
    """The columns that have no name, counted from 1: they are not among ``columns``."""
    first_row: int = 1
    """What the first row of cells is called: 2 where a line of names stands above."""


def too_large(size: int) -> str:
    """Say that there are more bytes than are read."""
    return f"has {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} are read"


def check_unique(names: Iterable[str], where: str = "") -> None:
    """Refuse two columns of one name.

    Raises:
        DataError: Beginning with ``where``.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{where}two columns are called {show(name)}")
        seen.add(name)
