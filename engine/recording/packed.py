"""Rows as their line has them, of which single numbers are read without numpy."""

from __future__ import annotations

import base64
import struct
from typing import Final


class Packed:
    """The rows of a line: base64 of float32, [columns, rows, members].

    Args:
        data: The base64.
        count: How many rows there are.
        members: How many networks.

    Raises:
        ValueError: It is no base64, or not of so many rows.
    """

    def __init__(self, data: bytes | str, count: int, members: int) -> None:
        self._bytes: Final = base64.b64decode(data, validate=True)
        columns, rest = divmod(len(self._bytes), 4 * count * members)
        if rest:
            raise ValueError(f"{len(self._bytes)} bytes are not {count} rows of {members}")
        self.shape: Final = (columns, count, members)

    def members_of(self, column: int, row: int) -> tuple[float, ...]:
        """Return a number for each member, of one column in one row."""
        _, count, members = self.shape
        return struct.unpack_from(f"<{members}f", self._bytes, 4 * members * (column * count + row))
