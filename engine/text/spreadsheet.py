"""Cells for people: a spreadsheet acts on a text that begins like a formula."""

from __future__ import annotations

from typing import Any, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How such a text begins; some spreadsheets read the wide forms alike."""


def harmless_cell(value: Any) -> Any:
    """Return a value as a cell that stays what it is: a text, as spreadsheets mark one, by '."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
