"""The same said in fewer words, for where there is less room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

WAITS: Final = "only at the result"
"""What is said of the test set's errors where nobody counts them yet."""

OF_BEST: Final = "only of the best"
"""The same where a run stands at its end, but not with its best weights."""


def shortened(wordings: Sequence[str], width: int) -> str:
    """Return the first of several wordings that fits; the last one where none does."""
    return next((words for words in wordings if cell_len(words) <= width), wordings[-1])
