"""The same said in fewer words, for where there is less room."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len


def shortened(wordings: Sequence[str], width: int) -> str:
    """Return the first of several wordings that fits; the last one where none does."""
    return next((words for words in wordings if cell_len(words) <= width), wordings[-1])
