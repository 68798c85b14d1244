"""Words and figures in letters that the back row reads: three to seven lines high.

A lettering is an alphabet of dots and what a dot is: a quarter of a cell, half of one, a cell or
two. ``big_rows`` takes the largest one in which the words have room, and writes them as they are
where none has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from engine.text.safe import plain

from ...style.glyphs import Glyphs
from ...style.text import fit, wrap
from ..base.letters import LARGE, QUADRANTS, SMALL, Font


@dataclass(frozen=True, kw_only=True)
class Lettering:
    """How large letters are made."""

    font: Font
    across: int
    """Dots of a cell."""
    down: int
    wide: int = 1
    """Cells of a dot, where a dot is not smaller than one."""
    ink: str = ""
    """What a dot is made of; empty where a cell may hold several."""

    @property
    def height(self) -> int:
        """Lines of a row of letters."""
        return math.ceil(self.font.height / self.down)

    @property
    def advance(self) -> int:
        """Cells from one column of a table to the next."""
        return (self.font.height // 2 + 3) * self.wide // self.across

    def spelled(self, words: str) -> str | None:
        """Return words in characters that it has; None where it lacks one."""
        return self.font.spelled(words)

    def width(self, spelled: str) -> int:
        """Return how many cells wide words are."""
        return math.ceil(self.font.width(spelled) * self.wide / self.across)

    def lines(self, spelled: str) -> list[str]:
        """Return words, each line as wide as the others."""
        rows = self.font.rows(spelled)
        if self.ink:
            inks = {ord("#"): self.ink * self.wide, ord(" "): " " * self.wide}
            return [row.translate(inks) for row in rows]
        rows += [""] * (self.height * self.down - len(rows))
        wide = -(-len(rows[0]) // self.across) * self.across
        rows = [row.ljust(wide) for row in rows]
        return [
            "".join(
                self._cell(rows[top : top + self.down], column)
                for column in range(0, wide, self.across)
            )
            for top in range(0, len(rows), self.down)
        ]

    def _cell(self, rows: list[str], column: int) -> str:
        """Return the cell of some dots; where one has the width of a cell, it fills both sides."""
        sides = (column, column + self.across - 1)
        dots = [row[side] == "#" for row in rows for side in sides]
        return QUADRANTS[sum(dot << place for place, dot in enumerate(dots))]


_FINE: Final = (
    Lettering(font=LARGE, across=1, down=1, wide=2, ink="█"),
    Lettering(font=SMALL, across=1, down=1, wide=2, ink="█"),
    Lettering(font=LARGE, across=1, down=2),
    Lettering(font=SMALL, across=1, down=2),
    Lettering(font=LARGE, across=2, down=2),
    Lettering(font=SMALL, across=2, down=2),
)
_ASCII: Final = (
    Lettering(font=LARGE, across=1, down=1, wide=2, ink="#"),
    Lettering(font=SMALL, across=1, down=1, wide=2, ink="#"),
    Lettering(font=LARGE, across=1, down=1, ink="#"),
    Lettering(font=SMALL, across=1, down=1, ink="#"),
)


def letterings(glyphs: Glyphs) -> tuple[Lettering, ...]:
    """Return every lettering of a set of glyphs, the largest first."""
    return _ASCII if glyphs.name == "ascii" else _FINE


def big_rows(words: str, width: int, height: int, glyphs: Glyphs) -> list[str]:
    """Return words as large as there is room for, broken between words, each row in the middle.

    Args:
        words: What to write.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        glyphs: What to draw with.
    """
    words = " ".join(plain(words).split())
    for lettering in letterings(glyphs):
        spelled = lettering.spelled(words)
        if spelled is None or lettering.height > height:
            continue
        broken = _broken(spelled, width, lettering)
        if broken is None or len(broken) * (lettering.height + 1) - 1 > height:
            continue
        rows: list[str] = []
        for index, line in enumerate(broken):
            rows += [""] * bool(index)
            rows += [_placed(row, lettering.width(line), width) for row in lettering.lines(line)]
        return rows
    written = wrap(words, max(width, 1))
    if len(written) > height:
        written = [*written[: max(height - 1, 0)], *([words] if height == 1 else written[-1:])]
        written = [fit(row, width, glyphs.ellipsis) for row in written[:height]]
    return [_placed(row, cell_len(row), width) for row in written]


def _placed(row: str, wide: int, width: int) -> str:
    return " " * (max(width - wide, 0) // 2) + row


def _broken(spelled: str, width: int, lettering: Lettering) -> list[str] | None:
    """Return words in lines of that width, as even as can be; None where one word has no room."""
    lines = _filled(spelled, width, lettering)
    while lines and len(lines) > 1:
        # No wider than the widest line but one cell: as long as that takes no more lines.
        narrower = max(map(lettering.width, lines)) - 1
        tighter = _filled(spelled, narrower, lettering)
        if tighter is None or len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def _filled(spelled: str, width: int, lettering: Lettering) -> list[str] | None:
    """Return words in lines of that width, as many in each as have room."""
    lines: list[str] = []
    for word in spelled.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and lettering.width(longer) <= width:
            lines[-1] = longer
        elif lettering.width(word) <= width:
            lines.append(word)
        else:
            return None
    return lines or [""]
