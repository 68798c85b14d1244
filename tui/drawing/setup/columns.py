"""The columns of a data file, a line each: whether it goes in, what it is, its first cells.

      column    is        found                    first rows
[x]   Sex       category  2 different              male  female  female
[x]   Age       number    0.42 to 80, 19.9% miss…  22  38  26
 ▸    Survived  truth     0 to 1                   0  1  1
[ ]   Name      text      has another text in ev…  Braund, Mr. Owen  Cumings, Mrs. John
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from engine.text.safe import plain

from ...style.look import Look
from ...style.text import Lines, cut

if TYPE_CHECKING:
    from engine.data.profile.column import ColumnProfile

    from ...setup.file_choice import FileChoice

HEADINGS: Final = ("column", "is", "found", "first rows")

MOST: Final = 20
"""Cells of a column's name, and of each of its cells in the preview."""

FOR_A_PREVIEW: Final = 24
"""Cells that are worth showing first rows in."""


def draw_column_heading(choice: FileChoice, width: int, look: Look) -> Text:
    """Return the line over the columns."""
    return _line("", HEADINGS, _widths(choice, width), look.line("", "muted"), look, width)


def draw_columns(choice: FileChoice, width: int, look: Look) -> Lines:
    """Return a line for each column of a file.

    Args:
        choice: The file, and what is chosen of it.
        width: Cells.
        look: What to draw with.
    """
    widths, chosen = _widths(choice, width), {each.name for each in choice.draft.inputs}
    learned = {each.name for each in choice.draft.targets}
    lines = []
    for name in choice.profile.columns:
        column = choice.column(name)
        is_target = name in learned
        mark = f" {look.glyphs.changed}" if is_target else "[x]" if name in chosen else "[ ]"
        goes = is_target or name in chosen
        start = look.line(bold=is_target)
        cells = (name, column.kind, _found(column, goes=goes), preview_of(choice, name, look))
        lines.append(_line(mark, cells, widths, start, look, width))
    return lines


def _found(column: ColumnProfile, *, goes: bool) -> str:
    from engine.presets.file_draft_text import about

    return column.why if column.why and not goes else about(column)


def preview_of(choice: FileChoice, name: str, look: Look) -> str:
    """Return the first cells of a column."""
    cells = choice.profile.preview[name][:10]
    return "  ".join(look.fit(plain(cell), MOST) or "-" for cell in cells)


def _widths(choice: FileChoice, width: int) -> tuple[int, int, int, int]:
    """Return how many cells the name, the kind, what was found and the first rows have."""
    names = min(max([6, *(len(plain(name)) for name in choice.profile.columns)]), MOST)
    rest = max(width - 4 - names - 2 - 8 - 2, 1)
    preview = rest // 2 if rest // 2 >= FOR_A_PREVIEW else 0
    return names, 8, rest - preview - 2 * bool(preview), preview


def _line(
    mark: str, cells: Sequence[str], widths: Sequence[int], start: Text, look: Look, width: int
) -> Text:
    parts = [look.pad(plain(cell), room) for cell, room in zip(cells, widths, strict=True) if room]
    start.append(f"{mark:<4}{'  '.join(parts)}")
    return cut(start, width)
