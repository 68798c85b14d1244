"""Apache Parquet, where its reader is installed."""

from __future__ import annotations

import io
from typing import Any

from numpy.typing import NDArray

from ..components.section import show
from ..errors import DataError
from ..text.safe import plain
from . import columns as limits
from .columns import DAMAGED, Column, ReadColumns, check_unique, too_large


def read_parquet(data: bytes) -> ReadColumns:
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
        if unpacked > limits.MAX_BYTES:
            raise DataError(f"unpacked it {too_large(unpacked)}")
        table = file.read(use_threads=False)
        check_unique(table.column_names)
        columns = {
            name: _parquet_column(pyarrow, name, table.column(index))
            for index, name in enumerate(table.column_names)
        }
    except (pyarrow.ArrowException, *DAMAGED) as error:
        raise DataError(
            f"is no Parquet file, or a damaged one: {plain(str(error))[:200]}"
        ) from None
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
