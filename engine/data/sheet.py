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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..components.section import nearest, show
from ..errors import DataError
from ..text.safe import plain

MAX_BYTES: Final = 200_000_000
"""A file larger than this is refused, packed or unpacked: it is read into memory whole."""

SETTLED_NS: Final = 100_000_000
"""Nanoseconds after which a file's time of change tells every change."""

MAX_COLUMNS: Final = 100_000
"""Columns of a file; more are the sign of a file that lies on its side."""

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
"""What may part the cells of a line; any number of blanks is one."""

SAMPLE: Final = 20
"""Rows that are looked at to see what parts their cells."""

Column = Sequence[str] | NDArray[Any]
"""A column's cells: texts as a text file has them, or an array of numbers."""

_DAMAGED: Final = (
    *(OSError, EOFError, ValueError, LookupError, NotImplementedError, RuntimeError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""What a damaged archive makes its decoders raise."""


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out, as far as somebody says so."""

    separator: str | None = None
    """What parts its cells; by the file itself, or by its ending, where left out."""
    header: bool | None = None
    """Whether its first row holds the columns' names; where left out it does, and one that looks
    like a row of data is refused.
    """


@dataclass(frozen=True, eq=False)
class _Read:
    """What was found in a file."""

    columns: dict[str, Column]
    matrices: dict[str, list[str]]
    """Which of them are one matrix."""
    nameless: tuple[int, ...] = ()
    """The columns of a text file that have no name, counted from 1."""
    first_row: int = 1
    """What the first row of cells is called."""


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
    nameless: tuple[int, ...] = ()
    """The columns that have no name, counted from 1: they are not among ``columns``."""

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


def read(path: Path, layout: Layout | None = None, *, least_rows: int = 2) -> Sheet:
    """Return a file's columns.

    Args:
        path: Ends in ``.csv``, ``.tsv``, ``.npz`` or ``.parquet``.
        layout: How a text file is laid out.
        least_rows: A file with fewer is refused.

    Raises:
        DataError: Saying what is wrong with the file, and where.
    """
    state_of(path)
    name, ending = plain(path.name), path.suffix.lower()
    if ending not in _READERS:
        raise DataError(f"{name}: {_other_format(path.suffix)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {_reason(error)}") from None
    if not data.strip():
        raise DataError(f"{name}: is empty")
    try:
        found = _READERS[ending](data, layout or Layout(), _BY_ENDING.get(ending, ""))
        _check_shape(found.columns, least_rows)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    except MemoryError:
        raise DataError(f"{name}: does not fit into memory") from None
    digest = hashlib.sha256(data).hexdigest()
    return Sheet(
        name,
        found.columns,
        found.first_row,
        len(data),
        digest,
        found.matrices,
        found.nameless,
    )


def _other_format(suffix: str) -> str:
    """Say that a file is of another format, and what to do about it."""
    if suffix.lower() in (".xls", ".xlsx", ".ods", ".numbers"):
        return f"is a spreadsheet ({suffix}); save its sheet as CSV"
    endings = "'.csv', '.tsv', '.npz' or '.parquet'"
    return f"must end in {endings} (got {show(suffix)}); rename it to what it is, or save it so"


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


def _read_text(data: bytes, layout: Layout, usual: str) -> _Read:
    """Read CSV or TSV: a line of names, then a line of cells for each row."""
    declared, text = declaration(_decoded(data))
    if declared and layout.separator not in (None, declared):
        raise DataError(
            f"row 1: says that its cells are parted by {SEPARATORS[declared]} (sep={declared}); "
            f"set data.separator = {_quoted(declared)}, or delete that line"
        )
    separator = layout.separator or declared or usual
    rows = list(_rows(text, separator))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise DataError("is empty")
    top = 2 if declared else 1
    _check_separator(rows, separator, top, said=layout.separator is not None)
    if layout.header is False:
        names, cells = [f"column{index + 1}" for index in range(len(rows[0]))], rows
    else:
        names, cells = _names(rows, top, sure=layout.header is True), rows[1:]
    first_row = top + len(rows) - len(cells)
    _check_lengths_of_rows(cells, len(names), first_row, separator)
    columns = zip(*cells, strict=True) if cells else ([] for _ in names)
    named: dict[str, Column] = {
        name: column for name, column in zip(names, columns, strict=True) if name
    }
    nameless = tuple(index for index, name in enumerate(names, start=1) if not name)
    return _Read(named, {}, nameless, first_row)


def declaration(text: str) -> tuple[str, str]:
    """Return the separator that a text's first line declares as Excel does, ``sep=;``, and the
    rest of the text; no separator and the whole text where there is no such line.
    """
    line, _, rest = text.partition("\n")
    said = line.strip().strip('"')
    if said[:4].lower() != "sep=":
        return "", text
    separator = said[4:] or "\t"
    if separator not in SEPARATORS:
        raise DataError(f"row 1: declares a separator that is not known ({show(said)})")
    return separator, rest


def declared_separator(path: Path) -> str:
    """Return the separator that a text file declares in its first line; empty where it does not."""
    return declaration(_decoded(path.read_bytes()))[0]


def _check_lengths_of_rows(
    rows: Sequence[Sequence[str]], width: int, first_row: int, separator: str
) -> None:
    """Hold every row to have as many cells as there are columns."""
    for number, row in enumerate(rows, start=first_row):
        if not row:
            raise DataError(f"row {number}: is empty")
        if len(row) != width:
            remedy = f"; quote a cell that holds {SEPARATORS[separator]}"
            raise DataError(
                f"row {number}: has {_cells(len(row))}, row 1 has {width}"
                f"{remedy if len(row) > width else ''}"
            )


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
    lines: Iterable[str] = io.StringIO(text, newline="")
    blanks = separator == " "
    if blanks:  # Also at a line's beginning and end, where they part nothing.
        lines = (line.strip().replace("\t", " ") for line in lines)
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blanks)
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


def _check_separator(
    rows: Sequence[Sequence[str]], separator: str, top: int, *, said: bool
) -> None:
    """Find out that a file is parted by something else than was thought.

    Where somebody said what parts it, several columns are enough to believe that: what stands in
    every cell may then be a decimal comma.
    """
    sample = rows[:SAMPLE]
    if said and len(sample[0]) > 1:
        return
    for other, called in SEPARATORS.items():
        if other != separator and _seems_parted(sample, other):
            raise DataError(
                f"row {top}: its cells seem to be parted by {called}, not by "
                f"{SEPARATORS[separator]}; set data.separator = {_quoted(other)}"
            )


def _seems_parted(rows: Sequence[Sequence[str]], separator: str) -> bool:
    """Whether another separator parts what is thought to be cells."""
    alone = len(rows[0]) == 1
    if separator == " ":
        counts = {len(cell.split()) for row in rows for cell in row}
        return alone and len(counts) == 1 and min(counts) > 1
    if alone and separator in rows[0][0]:
        return True
    counts = {sum(cell.count(separator) for cell in row) for row in rows}
    return len(rows) > 1 and len(counts) == 1 and min(counts) > 0


def _quoted(separator: str) -> str:
    """Return a separator as a preset has it."""
    return f'"{repr(separator)[1:-1]}"'


def _names(rows: Sequence[Sequence[str]], top: int, *, sure: bool) -> list[str]:
    """Return the columns' names from the first row; empty where a column has none.

    Args:
        rows: All rows.
        top: What the first one is called.
        sure: Whether it is known to hold names.

    Raises:
        DataError: It holds no names, or looks like a row of data.
    """
    names = [name.strip() for name in rows[0]]
    if not any(names):
        raise DataError(f"row {top}: is empty; put a line with the columns' names there")
    if not sure and _looks_like_data(names, rows[1:]):
        numbers = next(name for name in names if _is_number(name))
        others = "" if all(map(_is_number, names)) else f" such as {show(numbers)}"
        raise DataError(
            f"row {top}: holds numbers{others}; put a line with the columns' names above, or "
            "set data.header = false (the columns are then column1, column2 and so on; true "
            "where these are the names)"
        )
    _check_unique([name for name in names if name], f"row {top}: ")
    return names


def _looks_like_data(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a first row is one of numbers, and of texts that are cells further down as well.

    Numbers can be names: years, or the columns of a matrix, but then they count on by one, and
    the texts beside them do not come again in their columns.
    """
    numbers = [name for name in names if _is_number(name)]
    if not numbers or len(numbers) == len(names):
        return bool(numbers)
    counted = [int(name) for name in numbers if name.isdecimal()]
    counts_on = counted == list(range(counted[0], counted[0] + len(numbers))) if counted else False
    again = any(
        name and not _is_number(name) and any(cell.strip() == name for cell in column)
        for name, column in zip(names, zip(*rows, strict=False), strict=False)
    )
    return again or not counts_on or len(numbers) < 2


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


def _read_npz(data: bytes, layout: Layout, usual: str) -> _Read:
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
    return _Read(dict(columns), matrices)


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
            f"{called}: has {array.ndim} dimensions; must have 1, or 2 as in [rows, columns]: "
            "reshape it, as in x.reshape(len(x), -1)"
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


def _read_parquet(data: bytes, layout: Layout, usual: str) -> _Read:
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
    return _Read(columns, {})


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

_READERS: Final[Mapping[str, Callable[[bytes, Layout, str], _Read]]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".npz": _read_npz,
    ".parquet": _read_parquet,
}
"""How a file is read, by its ending."""
