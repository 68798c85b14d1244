"""What every file of columns comes to: columns by name, within limits; and the archives of such.

A NumPy archive's array is a column, or several where it has two dimensions. Apache Parquet is read
where its reader is installed.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from tokenize import TokenError
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text.safe import plain
from ..text.spelling import show
from .row_sample import RowSample, RowsTaken
from .text_column import PART, TextColumn

MAX_BYTES: Final = 200_000_000
"""An archive larger than this is refused, packed or unpacked: it is read into memory whole."""

MAX_TEXT_BYTES: Final = 2_000_000_000
"""A text file larger than this is refused, packed or unpacked."""

MOST_CELLS: Final = 150_000_000
"""Cells of a file: three times what sixty thousand pictures of 28x28 have. Until those that are
wanted are numbers of 8 bytes, each takes its characters and 4 bytes."""

FEWER: Final = "save fewer of its rows or columns"
"""What can be done about a file that is too large."""


@dataclass(frozen=True)
class Sampling:
    """How many of a file's rows are wanted, and what to advise where it has too many."""

    most: int | None = None
    """So many are drawn at random; all of them where left out."""
    remedy: str = FEWER
    """What can be done about a file that is too large."""


ALL_ROWS: Final = Sampling()
"""A file is read whole, or not at all."""

SMALL_CELLS: Final = 5_000_000
"""Cells that a packed file may have however small it is."""

CELLS_A_BYTE: Final = 100
"""Cells that it may have more for each of its bytes: columns of zeros and ones come to fifty."""

Column = Collection[str] | NDArray[Any]
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
    taken: RowsTaken | None = None
    """Which rows of the file these are; none where they are all of them."""

    def without(self, missing: Collection[str]) -> Self:
        """Return them with empty cells where these texts stand, which are no value."""
        if not missing:
            return self
        columns = {
            name: column.without(missing) if isinstance(column, TextColumn) else column
            for name, column in self.columns.items()
        }
        return replace(self, columns=columns)

    def drawn(self, most: int | None) -> Self:
        """Return so many rows of them, drawn at random; all where none is said."""
        if most is None or not self.columns:
            return self
        sample = RowSample(most)
        sample.offer(len(next(iter(self.columns.values()))))
        places = sample.kept()
        columns = {name: _taken(column, places) for name, column in self.columns.items()}
        return replace(self, columns=columns, taken=sample.taken)


def _taken(column: Column, places: NDArray[np.int64]) -> Column:
    if isinstance(column, TextColumn):
        return column.rows(places)
    assert isinstance(column, np.ndarray)
    return column[places]


def release() -> None:
    """Give the memory of columns that are gone back to the system; pyarrow would keep it."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()


def too_large(size: int, most: int) -> str:
    """Say that there are more bytes than are read."""
    return f"has {size / 1e6:.0f} MB; at most {most / 1e6:.0f} are read; {FEWER}"


def check_cells(cells: int, size: int | None = None, remedy: str = FEWER) -> None:
    """Refuse more cells than are read.

    Args:
        cells: How many there are; of a file that is being read, how many have come so far.
        size: The bytes of a file that says so itself, and is packed.
        remedy: What can be done about it.

    Raises:
        DataError: There are more.
    """
    most = MOST_CELLS if size is None else min(MOST_CELLS, SMALL_CELLS + CELLS_A_BYTE * size)
    if cells > most:
        has = f"{cells / 1e6:.3g}" if size is not None else f"more than {most / 1e6:.3g}"
        raise DataError(
            f"has {has} million cells; at most {most / 1e6:.3g} million are read "
            f"{'of a file of its size' * (most < MOST_CELLS)}".rstrip()
            + f"; {remedy}"
        )


def check_unique(names: Iterable[str], where: str = "") -> None:
    """Refuse two columns of one name.

    Raises:
        DataError: Beginning with ``where``.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{where}two columns are called {show(name)}; rename one")
        seen.add(name)


def _check_unpacked(sizes: Iterable[int]) -> None:
    if (unpacked := sum(sizes)) > MAX_BYTES:
        raise DataError(f"unpacked it {too_large(unpacked, MAX_BYTES)}")


def read_npz(data: bytes) -> ReadColumns:
    """Read NumPy's archive: an array is a column, or several where it has two dimensions."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            _check_unpacked(item.file_size for item in items)
            check_cells(sum(math.prod(declared_shape(archive, i)) for i in items), len(data))
            arrays = {item.filename.removesuffix(".npy"): _cells(archive, item) for item in items}
    except DAMAGED as error:
        what = plain(str(error))
        raise DataError(
            f"is no NPZ archive, or a damaged one: {what}; save it again, by np.savez"
        ) from None
    if not arrays:
        raise DataError("has no arrays; save some by their names, as np.savez(path, x=…, y=…) does")
    first, rows = next((name, len(array)) for name, array in arrays.items())
    for name, array in arrays.items():
        if len(array) != rows:
            others = f"array {show(first)} has {rows}"
            raise DataError(
                f"array {show(name)}: has {len(array)} rows, {others}; save as many of each"
            )
    split = {name: dict(_split(name, array)) for name, array in arrays.items()}
    columns = [pair for named in split.values() for pair in named.items()]
    check_unique([name for name, _ in columns])
    matrices = {name: [*named] for name, named in split.items() if arrays[name].ndim == 2}
    return ReadColumns(dict(columns), matrices)


_NO_ARRAY: Final = (ValueError, TypeError, SyntaxError, TokenError, RecursionError)
"""What NumPy raises of an array whose header, which is a line of Python, is damaged."""


def declared_shape(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> tuple[int, ...]:
    """Return the shape that an array says that it has, held against its bytes.

    Raises:
        DataError: It has fewer bytes than it says, or is packed or written otherwise.
    """
    called = f"array {show(item.filename.removesuffix('.npy'))}"
    _check_packing(item, called)
    with archive.open(item) as file:
        try:
            first = np.lib.format.read_magic(file) == (1, 0)
            read = np.lib.format
            header = read.read_array_header_1_0 if first else read.read_array_header_2_0
            shape, _, dtype = header(file)
        except _NO_ARRAY as error:
            raise DataError(f"{called}: cannot be read: {plain(str(error))[:200]}") from None
    if math.prod(shape) * dtype.itemsize > item.file_size and not dtype.hasobject:
        raise DataError(f"{called}: cannot be read: it has fewer bytes than it says")
    return tuple(shape)


def _check_packing(item: zipfile.ZipInfo, called: str) -> None:
    if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{called}: is packed in a way that NumPy does not use")


def read_array(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> NDArray[Any]:
    """Read one array; one of Python objects would have to be unpickled, and is refused.

    Raises:
        DataError: It cannot be read.
    """
    called = f"array {show(item.filename.removesuffix('.npy'))}"
    with archive.open(item) as file:
        try:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        except _NO_ARRAY as error:
            message = f"cannot be read: {plain(str(error))[:200]}"
            if "allow_pickle" in str(error):
                message = "holds Python objects; save it as numbers or text"
            raise DataError(f"{called}: {message}") from None
    return array


def _cells(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> NDArray[Any]:
    """Read an array of cells: of numbers or texts, a column or several."""
    array, called = read_array(archive, item), f"array {show(item.filename.removesuffix('.npy'))}"
    if array.ndim not in (1, 2):
        raise DataError(
            f"{called}: has {array.ndim} dimensions; must have 1, or 2 as in [rows, columns]: "
            "reshape it, as in x.reshape(len(x), -1), or take data.kind = 'pictures' for pictures"
        )
    if array.dtype.kind not in "biufUS":
        raise DataError(
            f"{called}: is of type {array.dtype}, neither numbers nor text; save it as one of these"
        )
    if array.dtype.kind == "S":
        try:
            return np.char.decode(array, "utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{called}: is not UTF-8 text; save it as text") from None
    return array


def _split(name: str, array: NDArray[Any]) -> Iterator[tuple[str, Column]]:
    """Yield an array's columns: ``x`` is one, or ``x1``, ``x2`` and so on."""
    columns = [array] if array.ndim == 1 else array.T
    for index, column in enumerate(columns, start=1):
        cells: Column = column
        if array.dtype.kind == "U":
            parts = range(0, len(column), PART)
            cells = TextColumn.of(column[at : at + PART].tolist() for at in parts)
        yield name if array.ndim == 1 else f"{name}{index}", cells


def read_parquet(data: bytes) -> ReadColumns:
    """Read Apache Parquet."""
    import pyarrow
    import pyarrow.parquet

    try:
        schema = pyarrow.parquet.read_schema(io.BytesIO(data))
        # Each text once: a column of one long text is then as small as in the file.
        texts = [field.name for field in schema if _is_text(pyarrow, field.type)]
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts)
        groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
        _check_unpacked(group.total_byte_size for group in groups)
        check_cells(file.metadata.num_rows * file.metadata.num_columns, len(data))
        table = file.read(use_threads=False)
        check_unique(table.column_names)
        named = zip(table.column_names, table.columns, strict=True)
        columns = {name: _parquet_column(pyarrow, name, cells) for name, cells in named}
    except (pyarrow.ArrowException, *DAMAGED) as error:
        what = plain(str(error))[:200]
        raise DataError(f"is no Parquet file, or a damaged one: {what}; save it again") from None
    return ReadColumns(columns, {})


def _parquet_column(pyarrow: Any, name: str, column: Any) -> Column:
    types, kind = pyarrow.types, column.type
    if _is_text(pyarrow, kind.value_type if types.is_dictionary(kind) else kind):
        return TextColumn(column)
    if types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if types.is_date(kind) or types.is_timestamp(kind) or types.is_null(kind):
        return TextColumn(column.cast(pyarrow.string()))
    if (
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or (types.is_decimal(kind))
    ):
        # A cell without a value becomes NaN, which is refused where the column is used.
        values: NDArray[Any] = column.cast(pyarrow.float64(), safe=False).to_numpy()
        return values
    raise DataError(
        f"column {show(name)}: is of type {kind}, neither numbers nor text; save it as one of "
        "these, or leave it out of the file"
    )


def _is_text(pyarrow: Any, kind: Any) -> bool:
    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))
