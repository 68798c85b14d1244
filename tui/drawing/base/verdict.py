"""What is to be thought of a layer's gradients, in a table: a symbol and a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ...style import severity
from ...style.look import Look
from ...style.text import pad

if TYPE_CHECKING:
    from engine.diagnosis.finding import Verdict


def draw_verdict(verdict: Verdict | None, symbol: int, word: int, look: Look) -> Text:
    """Return a verdict in so many cells for its symbol and its word; blank where there is none."""
    if verdict is None:
        return Text(" " * (symbol + word), end="")
    mark = f" {severity.symbol(verdict.severity, look.glyphs)}" if symbol else ""
    words = pad(f" {verdict.word}", word, look.glyphs.ellipsis)
    return Text(mark + words, severity.style(verdict.severity, look.palette), end="")
