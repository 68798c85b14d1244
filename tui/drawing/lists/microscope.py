"""One update taken apart: what goes forward, what comes back, and the formula of every number.

     Layer 2, forward
       z2 = W2 h1 + b2                        0.0510   0.8640  -0.4040
     Layer 2, back
     › gW2 = dz2ᵀ h1                          layer2.weight, 3 x 5
       unit  input 1        2        3
          1  ›0.0000   0.0361   0.0342
       gW2[1,1] = -0.131·0 + 0.0261·0 + … = 0
       ✓ autograd: 0; no difference
       layer2.weight[1,1]: 1.203 - 0.01·0 = 1.203

A line for each quantity, with its first numbers; the chosen one is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...style import severity
from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, exponent, figure, short
from ...style.text import Lines, cut, fit, pad_left, wrap

if TYPE_CHECKING:
    from engine.inspection.dissection import DissectedQuantity, Dissection, Matrix

CELL: Final = 10
"""Cells of a number."""

ROW_LABEL: Final = 7
"""Cells of what stands left of a row."""

DIGITS: Final = 8
"""Of a parameter before and after: an update may move it by a millionth."""

EXACT: Final = 1e-9
"""Up to this, next to the gradient's norm, a difference is the order of the sums."""

_ASCII: Final = str.maketrans({
    "·": "*", "Σ": "sum", "ᵀ": "^T", "γ": "g", "β": "b", "μ": "mean", "σ": "s", "²": "^2",
    "³": "^3", "≤": "<=", "≥": ">=", "√": "sqrt", "ε": "eps", "ẑ": "zn", "δ": "delta",
    "±": "+-", "Φ": "Phi", "φ": "phi", "…": "...", "→": "->",
})  # fmt: skip
"""What formulas are written with where there is nothing but ASCII."""


def written(words: str, glyphs: Glyphs) -> str:
    """Return words as the glyphs can show them."""
    words = plain(words)
    return words.translate(_ASCII) if glyphs.name == "ascii" else words


def draw_dissection(
    dissection: Dissection, chosen: int, place: tuple[int, int], width: int, look: Look
) -> list[Lines]:
    """Return the lines of each quantity, the heading of its part among those of the first.

    Args:
        dissection: What there is to show.
        chosen: The quantity that is opened.
        place: Its row and column whose formula is written out.
        width: Cells.
        look: What to draw with.
    """
    page = _Page(dissection, width, look)
    blocks, before = [], ""
    for index, quantity in enumerate(dissection.quantities):
        heading = _heading(quantity, dissection)
        lines = [] if heading == before else [look.line(heading, "muted")]
        before = heading
        lines += page.opened(quantity, place) if index == chosen else [page.closed(quantity)]
        blocks.append([cut(line, width) for line in lines])
    return blocks


def _heading(quantity: DissectedQuantity, dissection: Dissection) -> str:
    layers = max(each.layer for each in dissection.quantities) - 1
    if quantity.layer == 0:
        return f"Data: {count(dissection.rows)} {'row' if dissection.rows == 1 else 'rows'}"
    if quantity.layer > layers:
        return "Loss" if quantity.way == "forward" else "Back from the loss"
    return f"Layer {quantity.layer}, {'forward' if quantity.way == 'forward' else 'back'}"


class _Page:
    """What all lines are drawn with."""

    def __init__(self, dissection: Dissection, width: int, look: Look) -> None:
        self._dissection, self._width, self._look = dissection, width, look
        formulas = [len(written(each.formula, look.glyphs)) for each in dissection.quantities]
        self._formulas = min(max(formulas, default=0), max(width // 2, width - 4 * CELL - 4))

    def closed(self, quantity: DissectedQuantity) -> Text:
        """Return a quantity in a line: its formula and the first numbers of its first row."""
        look = self._look
        formula = look.pad(written(quantity.formula, look.glyphs), self._formulas)
        line = Text("  ", end="").append(formula, look.style("text"))
        room = max((self._width - line.cell_len) // CELL, 0)
        for value in (quantity.values[0] if quantity.values else ())[:room]:
            line.append(pad_left(figure(value), CELL), look.style("muted"))
        return line

    def opened(self, quantity: DissectedQuantity, place: tuple[int, int]) -> Lines:
        """Return a quantity with all that is known of it."""
        look, bold = self._look, self._look.style("text", bold=True)
        size = f"{count(quantity.shape[0])} {look.glyphs.times} {count(quantity.shape[1])}"
        named = f"  {plain(quantity.name)}, {size}" if quantity.name else f"  {size}"
        first, *more = wrap(written(quantity.formula, look.glyphs), max(self._width - 2, 1))
        line = look.line(f"{look.glyphs.choice[1]} ", "train", bold=True)
        lines = [line.append(first, bold), *(Text(f"  {row}", bold, end="") for row in more)]
        if lines[-1].cell_len + len(named) > self._width:
            lines.append(Text(end=""))
        lines[-1].append(named, look.style("muted"))
        lines += self._matrix(quantity, place)
        if sentence := self._sentence(quantity, place):
            lines += self._wrapped(sentence, look.style("text"))
        return [*lines, *self._verdict(quantity, place), *self._update(quantity, place)]

    def _wrapped(self, words: str, style: Style) -> Lines:
        """Return words on as many lines as they need, those after the first further in."""
        rows = wrap(written(words, self._look.glyphs), max(self._width - 4, 1))
        return [Text(("    " if at else "  ") + row, style, end="") for at, row in enumerate(rows)]

    def _matrix(self, quantity: DissectedQuantity, place: tuple[int, int]) -> Lines:
        """Return the numbers that are kept, as many columns around the chosen one as fit."""
        look, values = self._look, quantity.values
        columns = len(values[0]) if values else 0
        room = max((self._width - 2 - ROW_LABEL) // CELL, 1)
        start = min(max(place[1] - room + 1, 0), max(columns - room, 0))
        shown = range(start, min(start + room, columns))
        rows_are, columns_are = quantity.axes
        head = look.line("  " + pad_left(fit(rows_are, ROW_LABEL), ROW_LABEL), "muted")
        for column in shown:
            name = f"{columns_are} {column + 1}" if column == start else str(column + 1)
            head.append(pad_left(name.strip(), CELL))
        lines = [head] if columns_are or columns > 1 else []
        for row, numbers in enumerate(values):
            line = look.line("  " + pad_left(str(row + 1) if rows_are else "", ROW_LABEL), "muted")
            for column in shown:
                here = (row, column) == place
                number = look.glyphs.choice[1] * here + figure(numbers[column])
                style = look.style("train" if here else "text", bold=here)
                line.append(pad_left(number, CELL), style)
            lines.append(line)
        if more := self._left_out(quantity, columns, shown):
            lines.append(look.line(f"  {more}", "muted"))
        return lines

    def _left_out(self, quantity: DissectedQuantity, columns: int, shown: range) -> str:
        """Return how much of a quantity is not there."""
        rows_are, columns_are = quantity.axes
        rows, units = quantity.shape[0] - len(quantity.values), quantity.shape[1] - columns
        parts = [
            f"{count(more)} more {what}{'s' if more > 1 else ''}"
            for more, what in ((rows, rows_are), (units, columns_are))
            if more > 0
        ]
        if len(shown) < columns:
            parts.append(f"{columns_are}s {shown[0] + 1} to {shown[-1] + 1} of {columns} shown")
        return f"{self._look.glyphs.ellipsis} {', '.join(parts)}" if parts else ""

    def _sentence(self, quantity: DissectedQuantity, place: tuple[int, int]) -> str:
        """Return the chosen number's formula with its numbers."""
        value, name = _at(quantity.values, place), quantity.formula.partition(" ")[0]
        if value is None or not quantity.workings:
            return ""
        working = quantity.workings[place[0]][place[1]]
        result = "" if working == figure(value, 3) else f" = {figure(value, 5)}"
        return f"{name}{_index(quantity, place)} = {working}{result}"

    def _verdict(self, quantity: DissectedQuantity, place: tuple[int, int]) -> Lines:
        """Return autograd's number, and how far it is."""
        formula, autograd = _at(quantity.values, place), _at(quantity.autograd, place)
        if formula is None or autograd is None:
            return []
        apart, unknown = abs(formula - autograd), formula != formula and autograd != autograd
        agrees = unknown or apart <= EXACT * max(abs(autograd), 1.0)
        difference = f"difference {exponent(apart, 0)}" if apart else "no difference"
        level: severity.Severity = "good" if agrees else "bad"
        symbol = severity.symbol(level, self._look.glyphs)
        words = f"{symbol} autograd: {figure(autograd, 5)}; {difference}"
        return [Text("  ", end="").append(words, severity.style(level, self._look.palette))]

    def _update(self, quantity: DissectedQuantity, place: tuple[int, int]) -> Lines:
        """Return the parameter before and after the update."""
        before, after = _at(quantity.before, place), _at(quantity.after, place)
        if before is None:
            return []
        update = self._dissection
        was = f"{plain(quantity.name)}{_index(quantity, place)}: {figure(before, DIGITS)}"
        if after is None:
            words = (
                f"{was} before; {update.optimizer} remembers earlier steps, "
                "and the weights after this one were not kept"
            )
        elif update.plain and update.origin == "computed":
            gradient = figure(_at(quantity.values, place) or 0.0, 4)
            words = f"{was} - {short(update.lr)}·{gradient} = {figure(after, DIGITS)}"
        else:
            words = f"{was} → {figure(after, DIGITS)}, by {update.optimizer}"
        return self._wrapped(words, self._look.style("dev", bold=True))


def _index(quantity: DissectedQuantity, place: tuple[int, int]) -> str:
    """Return which number it is, as a formula writes it: counted from 1."""
    row, column = place[0] + 1, place[1] + 1
    return f"[{row},{column}]" if quantity.axes[0] else f"[{column}]"


def _at(matrix: Matrix, place: tuple[int, int]) -> float | None:
    row, column = place
    return matrix[row][column] if row < len(matrix) and column < len(matrix[row]) else None
