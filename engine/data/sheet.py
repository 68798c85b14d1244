"""Files of columns: CSV, TSV, NPZ and Parquet, read whole and believed in nothing.

What comes out is a sheet of named columns as the file has them, text or numbers; which of them
are inputs, and whether a cell is any good there, is for ``engine.data.file``. Nothing is ever
unpickled: a data file is data.
"""

from __future__ import annotations

import hashlib
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import DataError
from ..text.endings import PACKED, ending_of
from ..text.files import open_file, read_file
from ..text.safe import plain
from ..text.spelling import nearest, show
from . import columns as limits
from .columns import (
    ALL_ROWS,
    Column,
    ReadColumns,
    Sampling,
    read_npz,
    read_parquet,
    too_large,
)
from .disguises import disguise
from .rows import EMPTY
from .source import PIECE, TextSource
from .text_file import Dialect, read_text

SETTLED_NS: Final = 100_000_000
"""Nanoseconds after which a file's time of change tells every change."""

MAX_COLUMNS: Final = 100_000
"""Columns of a file; more are the sign of a file that lies on its side."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Sheet(ReadColumns):
    """A file's columns, and which file that was."""

    name: str
    """The file's name, for messages."""
    size: int
    """The file's bytes."""
    sha256: str
    """The checksum of what was read."""
    missing: tuple[str, ...] = ()
    """The texts that are no value, whose cells are empty here."""

    @property
    def rows(self) -> int:
        """How many rows of cells there are."""
        return len(next(iter(self.columns.values())))

    @property
    def of(self) -> int:
        """How many rows the file has, of which these may be a sample."""
        return self.rows if self.taken is None else self.taken.of

    @property
    def last(self) -> str:
        """The last column; where it is one of a matrix, the matrix."""
        last = list(self.columns)[-1]
        return next((name for name, columns in self.matrices.items() if last in columns), last)

    @property
    def empty(self) -> str:
        """What to say of a cell that is empty."""
        return "is empty, or says so by data.missing" if self.missing else "is empty"

    def place(self, column: str, row: int) -> str:
        """Return where a cell stands, to begin a message with; rows are counted from 0."""
        row = row if self.taken is None else int(self.taken.places[row])
        return f"{self.name}: row {row + self.first_row}, column {show(column)}"


def state_of(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does.

    Raises:
        DataError: It is not there, or no file to read.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:
        raise DataError(_absent(path, error)) from None
    name = plain(path.name)
    if stat.S_ISDIR(state.st_mode):
        raise DataError(f"{name}: is a folder, not a file; name a file in it")
    if not stat.S_ISREG(state.st_mode):
        raise DataError(f"{name}: is no ordinary file; save what comes of it as one")
    is_text = ending_of(path).startswith((".csv", ".tsv"))
    most = limits.MAX_TEXT_BYTES if is_text else limits.MAX_BYTES
    if state.st_size > most:
        raise DataError(f"{name}: {too_large(state.st_size, most)}")
    # A file may be written twice within one tick of the file system's clock: what is that new
    # is taken for newer every time.
    now = time.time_ns()
    tick = now if now - state.st_mtime_ns < SETTLED_NS else 0
    return state.st_mtime_ns, state.st_size, state.st_ino, tick


def read(
    path: Path,
    dialect: Dialect | None = None,
    *,
    least_rows: int = 2,
    sampling: Sampling = ALL_ROWS,
) -> Sheet:
    """Return a file's columns.

    Args:
        path: Ends in ``.csv``, ``.tsv``, ``.npz`` or ``.parquet``; the first two may be packed.
        dialect: How a text file is laid out.
        least_rows: A file with fewer is refused.
        sampling: How many of its rows are wanted.

    Raises:
        DataError: Saying what is wrong with the file, and where.
    """
    state = state_of(path)
    name, ending = plain(path.name), ending_of(path)
    if ending not in _READERS:
        raise DataError(f"{name}: {_other_format(path.suffix)}")
    dialect = dialect or Dialect()
    try:
        sha256 = _checksum(path)
        read = _READERS[ending](path, dialect, sampling)
        _check_shape(read.columns, least_rows)
        read = read.without(dialect.missing)
        if state_of(path)[:3] != state[:3]:
            raise DataError("changed while it was read; try again")
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {_reason(error)}") from None
    except DataError as error:
        raise DataError(f"{name}: {disguise(path, ending) or error}") from None
    except MemoryError:
        raise DataError(f"{name}: does not fit into memory") from None
    return Sheet(name=name, size=state[1], sha256=sha256, missing=dialect.missing, **vars(read))


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with open_file(path) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _whole(path: Path) -> bytes:
    """Return all that an archive holds."""
    data = read_file(path, limits.MAX_BYTES)
    if not data.strip():
        raise DataError(f"is empty; {EMPTY}")
    return data


def _other_format(suffix: str) -> str:
    """Say that a file is of another format, and what to do about it."""
    if suffix.lower() in (".xls", ".xlsx", ".ods", ".numbers"):
        return f"is a spreadsheet ({suffix}); save its sheet as CSV"
    if suffix.lower() in _PACKERS:
        return f"is packed ({suffix}); unpack it, or pack it by gzip, as '.csv.gz' or '.tsv.gz'"
    endings = "'.csv', '.tsv', '.npz' or '.parquet'"
    packed = ", or unpack it: only text may be packed, as '.csv.gz'" * (suffix.lower() == PACKED)
    remedy = f"rename it to what it is, or save it so{packed}"
    return f"must end in {endings} (got {show(suffix)}); {remedy}"


_PACKERS: Final = (".zip", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst")


def _absent(path: Path, error: OSError | ValueError) -> str:
    """Say why there is no file; with the one that is meant, where one is near."""
    name = plain(path.name) or str(path)
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"{name}: cannot be read: {_reason(error)}"
    try:
        others = [other.name for other in path.parent.iterdir()]
    except OSError:
        folder = plain(str(path.parent))
        return f"{name}: there is no such file, and no folder {folder}; correct its path"
    near = nearest(path.name, others)
    return f"{name}: there is no such file in {plain(str(path.parent))}{near}"


def _reason(error: OSError | ValueError) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error)).lower()


def _check_shape(columns: Mapping[str, Column], least_rows: int) -> None:
    """Hold what every sheet must have.

    Raises:
        DataError: It has too few rows, or far too many columns.
    """
    if len(columns) > MAX_COLUMNS:
        raise DataError(f"has {len(columns)} columns; at most {MAX_COLUMNS} are read")
    rows = len(next(iter(columns.values()))) if columns else 0
    if rows < least_rows:
        needed = f"at least {least_rows} {'is' if least_rows == 1 else 'are'} needed"
        raise DataError(f"has {'a single row' if rows else 'no rows'}; {needed}")


_TEXTS: Final[Mapping[str, str]] = {".csv": ",", ".tsv": "\t"}
"""What parts the cells of a text file where nothing else is said, by its ending."""


def _read_text(path: Path, dialect: Dialect, sampling: Sampling) -> ReadColumns:
    usual = _TEXTS[ending_of(path).removesuffix(PACKED)]
    return read_text(TextSource(path, dialect.encoding), dialect, usual, sampling)


_READERS: Final[Mapping[str, Callable[[Path, Dialect, Sampling], ReadColumns]]] = {
    **{f"{ending}{packed}": _read_text for ending in _TEXTS for packed in ("", PACKED)},
    ".npz": lambda path, dialect, sampling: read_npz(_whole(path)).drawn(sampling.most),
    ".parquet": lambda path, dialect, sampling: read_parquet(_whole(path)).drawn(sampling.most),
}
"""How a file is read, by its ending."""
