"""What every file of columns comes to: columns by name, within limits; and the archives of such.

A NumPy archive's array is a column, or several where it has two dimensions. Apache Parquet is read
where its reader is installed.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..components.section import show
from ..errors import DataError
from ..text.safe import plain

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


def _check_unpacked(sizes: Iterable[int]) -> None:
    if (unpacked := sum(sizes)) > MAX_BYTES:
        raise DataError(f"unpacked it {too_large(unpacked)}")


def read_npz(data: bytes) -> ReadColumns:
    """Read NumPy's archive: an array is a column, or several where it has two dimensions."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            _check_unpacked(item.file_size for item in items)
            arrays = {item.filename.removesuffix(".npy"): _array(archive, item) for item in items}
    except DAMAGED as error:
        raise DataError(f"is no NPZ archive, or a damaged one: {plain(str(error))}") from None
    if not arrays:
        raise DataError("has no arrays")
    first, rows = next((name, len(array)) for name, array in arrays.items())
    for name, array in arrays.items():
        if len(array) != rows:
            others = f"array {show(first)} has {rows}"
            raise DataError(f"array {show(name)}: has {len(array)} rows, {others}")
    split = {name: dict(_split(name, array)) for name, array in arrays.items()}
    columns = [pair for named in split.values() for pair in named.items()]
    check_unique([name for name, _ in columns])
    matrices = {name: [*named] for name, named in split.items() if arrays[name].ndim == 2}
    return ReadColumns(dict(columns), matrices)


def _array(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> NDArray[Any]:
    """Read one array; one of Python objects would have to be unpickled, and is refused."""
    called = f"array {show(item.filename.removesuffix('.npy'))}"
    if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{called}: is packed in a way that NumPy does not use")
    with archive.open(item) as file:
        try:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            message = f"cannot be read: {plain(str(error))[:200]}"
            if "allow_pickle" in str(error):
                message = "holds Python objects; save it as numbers or text"
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


def _split(name: str, array: NDArray[Any]) -> Iterator[tuple[str, Column]]:
    """Yield an array's columns: ``x`` is one, or ``x1``, ``x2`` and so on."""
    columns = [array] if array.ndim == 1 else array.T
    for index, column in enumerate(columns, start=1):
        cells = column.tolist() if array.dtype.kind == "U" else column
        yield name if array.ndim == 1 else f"{name}{index}", cells


def read_parquet(data: bytes) -> ReadColumns:
    """Read Apache Parquet, if its reader is there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError("needs pyarrow: pip install 'epochal[parquet]'") from None
    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
        _check_unpacked(group.total_byte_size for group in groups)
        table = file.read(use_threads=False)
        check_unique(table.column_names)
        named = zip(table.column_names, table.columns, strict=True)
        columns = {name: _parquet_column(pyarrow, name, cells) for name, cells in named}
    except (pyarrow.ArrowException, *DAMAGED) as error:
        what = plain(str(error))[:200]
        raise DataError(f"is no Parquet file, or a damaged one: {what}") from None
    return ReadColumns(columns, {})


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
