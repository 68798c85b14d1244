"""Files of columns: CSV, TSV, NPZ and Parquet, read whole and believed in nothing.

What comes out is a sheet of named columns as the file has them, text or numbers; which of them
are inputs, and whether a cell is any good there, is for ``engine.data.file``. Nothing is ever
unpickled: a data file is data.
"""

from __future__ import annotations

import csv
import hashlib
import io
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.plain import plain
from engine.section import nearest, show

MAX_BYTES: Final = 200_000_000
"""A file larger than this is refused, packed or unpacked: it is read into memory whole."""

SETTLED_NS: Final = 100_000_000
"""Nanoseconds after which a file's time of change tells every change."""

MAX_COLUMNS: Final = 100_000
"""Columns of a file; more are the sign of a file that lies on its side."""

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What may part the cells of a line."""

Column = Sequence[str] | NDArray[Any]
"""A column's cells: texts as a text file has them, or an array of numbers."""

_DAMAGED: Final = (
    *(OSError, EOFError, ValueError, LookupError, NotImplementedError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""What a damaged archive makes its decoders raise."""

_Read = tuple[dict[str, Column], dict[str, list[str]]]
"""The columns, and which of them are one matrix."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file's columns."""

    name: str
    """The file's name, for messages."""
    columns: Mapping[str, Column]
    """Each column's cells by its name, in the order of the file."""
    first_row: int
    """What the first row of cells is called: 2 where a line of names stands above."""
    size: int
    """The file's bytes."""
    sha256: str
    """The checksum of what was read."""
    matrices: Mapping[str, list[str]]
    """The columns of each array with two dimensions, by its name."""

    @property
    def rows(self) -> int:
        """How many rows of cells there are."""
        return len(next(iter(self.columns.values())))

    @property
    def last(self) -> str:
        """The last column; where it is one of a matrix, the matrix."""
        last = list(self.columns)[-1]
        return next((name for name, own in self.matrices.items() if last in own), last)

    def place(self, column: str, row: int) -> str:
        """Return where a cell stands, to begin a message with; rows are counted from 0."""
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
        raise DataError(f"{name}: is a folder, not a file")
    if not stat.S_ISREG(state.st_mode):
        raise DataError(f"{name}: is no ordinary file")
    if state.st_size > MAX_BYTES:
        raise DataError(f"{name}: {_too_large(state.st_size)}")
    # A file may be written twice within one tick of the file system's clock: what is that new
    # is taken for newer every time.
    now = time.time_ns()
    tick = now if now - state.st_mtime_ns < SETTLED_NS else 0
    return state.st_mtime_ns, state.st_size, state.st_ino, tick


def read(path: Path, separator: str | None = None) -> Sheet:
    """Return a file's columns.

    Args:
        path: Ends in ``.csv``, ``.tsv``, ``.npz`` or ``.parquet``.
        separator: What parts the cells of a text file; by the file's ending where left out.

    Raises:
        DataError: Saying what is wrong with the file, and where.
    """
    state_of(path)
    name, ending = plain(path.name), path.suffix.lower()
    if ending not in _READERS:
        endings = "'.csv', '.tsv', '.npz' or '.parquet'"
        raise DataError(f"{name}: must end in {endings} (got {show(path.suffix)})")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {_reason(error)}") from None
    if not data.strip():
        raise DataError(f"{name}: is empty")
    try:
        columns, matrices = _READERS[ending](data, separator or _BY_ENDING.get(ending, ""))
        _check_shape(columns)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    except MemoryError:
        raise DataError(f"{name}: does not fit into memory") from None
    first_row = 2 if ending in _BY_ENDING else 1
    digest = hashlib.sha256(data).hexdigest()
    return Sheet(name, columns, first_row, len(data), digest, matrices)


def _absent(path: Path, error: OSError | ValueError) -> str:
    """Say why there is no file; with the one that is meant, where one is near."""
    name = plain(path.name) or str(path)
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        return f"{name}: cannot be read: {_reason(error)}"
    try:
        others = [other.name for other in path.parent.iterdir()]
    except OSError:
        return f"{name}: there is no such file, and no folder {plain(str(path.parent))}"
    near = nearest(path.name, others)
    return f"{name}: there is no such file in {plain(str(path.parent))}{near}"


def _reason(error: OSError | ValueError) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error)).lower()


def _too_large(size: int) -> str:
    return f"has {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} are read"


def _check_shape(columns: Mapping[str, Column]) -> None:
    """Hold what every sheet must have.

    Raises:
        DataError: It has no rows, or one, or far too many columns.
    """
    if len(columns) > MAX_COLUMNS:
        raise DataError(f"has {len(columns)} columns; at most {MAX_COLUMNS} are read")
    rows = len(next(iter(columns.values()))) if columns else 0
    if rows < 2:
        raise DataError(f"has {'a single row' if rows else 'no rows'}; at least 2 are needed")


def _read_text(data: bytes, separator: str) -> _Read:
    """Read CSV or TSV: a line of names, then a line of cells for each row."""
    rows = list(_rows(_decoded(data), separator))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise DataError("is empty")
    names = [name.strip() for name in rows[0]]
    if not any(names):
        raise DataError("row 1: is empty; put a line with the columns' names there")
    _check_separator(names, separator)
    _check_names(names)
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            raise DataError(f"row {number}: is empty")
        if len(row) != len(names):
            raise DataError(f"row {number}: has {_cells(len(row))}, row 1 has {len(names)}")
    cells = zip(*rows[1:], strict=True) if len(rows) > 1 else ([] for _ in names)
    return dict(zip(names, cells, strict=True)), {}


def _decoded(data: bytes) -> str:
    """Return a text file's text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4096]:
        raise DataError("is not UTF-8 text; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"line {line}: is not UTF-8 text; save the file as UTF-8") from None


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """Yield each row's cells; quoted cells may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        what = str(error)
        if "unexpected end of data" in what:
            what = "a quoted cell is never closed"
        elif "field larger" in what:
            what = "a cell is longer than 131072 characters; is a quote never closed?"
        elif "expected after" in what:
            what = "something stands after a closing quote; write a quote inside a cell twice"
        raise DataError(f"line {reader.line_num}: {what}") from None


def _check_separator(names: Sequence[str], separator: str) -> None:
    """Find out that a file is parted by something else than was thought."""
    if len(names) > 1:
        return
    for other, called in SEPARATORS.items():
        if other != separator and other in names[0]:
            written = repr(other).strip("'")
            raise DataError(
                f"row 1: its cells seem to be parted by {called}, not by {SEPARATORS[separator]}; "
                f'set data.separator = "{written}"'
            )


def _check_names(names: Sequence[str]) -> None:
    """Hold the line of names to be one."""
    if names and all(_is_number(name) for name in names):
        raise DataError("row 1: holds numbers; put a line with the columns' names above them")
    for index, name in enumerate(names):
        if not name:
            raise DataError(f"row 1: column {index + 1} has no name")
    _check_unique(names, "row 1: ")


def _check_unique(names: Sequence[str], where: str = "") -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{where}two columns are called {show(name)}")
        seen.add(name)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count != 1)}"


def _read_npz(data: bytes, separator: str) -> _Read:
    """Read NumPy's archive: an array is a column, or several where it has two dimensions."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
            if unpacked > MAX_BYTES:
                raise DataError(f"unpacked it {_too_large(unpacked)}")
            arrays = {
                item.filename.removesuffix(".npy"): _array(archive, item)
                for item in archive.infolist()
            }
    except _DAMAGED as error:
        raise DataError(f"is no NPZ archive, or a damaged one: {plain(str(error))}") from None
    if not arrays:
        raise DataError("has no arrays")
    _check_lengths(arrays)
    split = {name: dict(_split(name, array)) for name, array in arrays.items()}
    columns = [pair for own in split.values() for pair in own.items()]
    _check_unique([name for name, _ in columns])
    matrices = {name: [*own] for name, own in split.items() if arrays[name].ndim == 2}
    return dict(columns), matrices


def _array(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> NDArray[Any]:
    """Read one array; one of Python objects would have to be unpickled, and is refused."""
    called = f"array {show(item.filename.removesuffix('.npy'))}"
    if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{called}: is packed in a way that NumPy does not use")
    with archive.open(item) as file:
        try:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            if "allow_pickle" in str(error):
                message = "holds Python objects; save it as numbers or text"
            else:
                message = f"cannot be read: {plain(str(error))[:200]}"
            raise DataError(f"{called}: {message}") from None
    if array.ndim not in (1, 2):
        raise DataError(
            f"{called}: has {array.ndim} dimensions; must have 1, or 2 as in [rows, columns]"
        )
    if array.dtype.kind not in "biufUS":
        raise DataError(f"{called}: is of type {array.dtype}, neither numbers nor text")
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    return array


def _check_lengths(arrays: Mapping[str, NDArray[Any]]) -> None:
    first, rows = next((name, len(array)) for name, array in arrays.items())
    for name, array in arrays.items():
        if len(array) != rows:
            raise DataError(
                f"array {show(name)}: has {len(array)} rows, array {show(first)} has {rows}"
            )


def _split(name: str, array: NDArray[Any]) -> Iterator[tuple[str, Column]]:
    """Yield an array's columns: ``x`` is one, or ``x1``, ``x2`` and so on."""
    columns = [array] if array.ndim == 1 else array.T
    for index, column in enumerate(columns, start=1):
        cells = column.tolist() if array.dtype.kind == "U" else column
        yield name if array.ndim == 1 else f"{name}{index}", cells


def _read_parquet(data: bytes, separator: str) -> _Read:
    """Read Apache Parquet, if its reader is there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError("needs pyarrow: pip install 'epochal[parquet]'") from None
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        unpacked = sum(
            file.metadata.row_group(group).total_byte_size
            for group in range(file.metadata.num_row_groups)
        )
        if unpacked > MAX_BYTES:
            raise DataError(f"unpacked it {_too_large(unpacked)}")
        table = file.read(use_threads=False)
        _check_unique(table.column_names)
        columns = {
            name: _parquet_column(pyarrow, name, table.column(index))
            for index, name in enumerate(table.column_names)
        }
    except (pyarrow.ArrowException, *_DAMAGED) as error:
        raise DataError(
            f"is no Parquet file, or a damaged one: {plain(str(error))[:200]}"
        ) from None
    return columns, {}


def _parquet_column(pyarrow: Any, name: str, column: Any) -> Column:
    types, kind = pyarrow.types, column.type
    if types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if types.is_string(kind) or types.is_large_string(kind):
        return [text or "" for text in column.to_pylist()]
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        # A cell without a value becomes NaN, which is refused where the column is used.
        values: NDArray[Any] = column.cast(pyarrow.float64(), safe=False).to_numpy()
        return values
    raise DataError(f"column {show(name)}: is of type {kind}, neither numbers nor text")


_BY_ENDING: Final = {".csv": ",", ".tsv": "\t"}

_READERS: Final[Mapping[str, Callable[[bytes, str], _Read]]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
}
"""How a file is read, by its ending."""
