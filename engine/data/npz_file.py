"""NumPy's archives: an array is a column, or several where it has two dimensions."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..components.section import show
from ..errors import DataError
from ..text.safe import plain
from . import columns as limits
from .columns import DAMAGED, Column, ReadColumns, check_unique, too_large


def read_npz(data: bytes) -> ReadColumns:
    """Read NumPy's archive: an array is a column, or several where it has two dimensions."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
            if unpacked > limits.MAX_BYTES:
                raise DataError(f"unpacked it {too_large(unpacked)}")
            arrays = {
                item.filename.removesuffix(".npy"): _array(archive, item)
                for item in archive.infolist()
            }
    except DAMAGED as error:
        raise DataError(f"is no NPZ archive, or a damaged one: {plain(str(error))}") from None
    if not arrays:
        raise DataError("has no arrays")
    _check_lengths(arrays)
    split = {name: dict(_split(name, array)) for name, array in arrays.items()}
    columns = [pair for own in split.values() for pair in own.items()]
    check_unique([name for name, _ in columns])
    matrices = {name: [*own] for name, own in split.items() if arrays[name].ndim == 2}
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
