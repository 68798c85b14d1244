"""Parquet for pandas, polars, R and DuckDB: the history as one table, the rest as its metadata.

What was not measured at a step is null, and what was measured as NaN is NaN. Under ``epochal`` the
file's metadata has a JSON list: for each member its result and every key of its experiment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ..results.history_table import Table, table_parts
from .export import Export, ExportFile
from .facts import facts_of


def files(export: Export) -> Iterator[ExportFile]:
    """Yield the one file."""
    yield ExportFile(export.path, lambda file: _write(export, file))


def _write(export: Export, file: BinaryIO) -> None:
    from pyarrow.parquet import ParquetWriter

    parts = table_parts(export.history, export.members)
    first = _arrow(next(parts))
    about = json.dumps(facts_of(export), ensure_ascii=False).encode("utf-8", "replace")
    with ParquetWriter(file, first.schema.with_metadata({b"epochal": about})) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(_arrow(part))


def _arrow(table: Table) -> Any:
    import pyarrow

    return pyarrow.table(
        {
            name: pyarrow.array(np.ma.getdata(column), mask=np.ma.getmaskarray(column))
            for name, column in table.items()
        }
    )
