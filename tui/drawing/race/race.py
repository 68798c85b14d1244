"""Two to four runs at one step: their gradient tables side by side, and where they differ.

    step 1     vanishing-sigmoid       vanishing-relu
    loss       0.7922                  0.7937     ×1.002
    layer      grad W    verdict       grad W     ratio    verdict
    layer1     1.80e-11  ✗ vanishing   1.20e-8    ×669     ✗ vanishing

What is known of the runs is ``tui.drawing.race.racers``'s business, and what is said of them in
words ``tui.drawing.race.differences``'s; here it is put side by side.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, exponent, figure
from ...style.run_colours import pen
from ...style.text import Lines, cut, fit, pad, pad_left, wrap
from ..base.frame import filled, words
from ..base.spark import draw_gauge, scale
from ..base.verdict import draw_verdict
from .differences import AGREEMENT, RaceSentence, apart, sentences
from .racers import Race, RaceRow, RunAt, gather_race

if TYPE_CHECKING:
    pass

__all__ = ["Race", "RunAt", "draw_footing", "draw_heading", "draw_race", "draw_rows", "gather_race"]

FIGURE: Final = 8
"""Cells of a figure, such as ``1.83e-11``."""

SMALL_FIGURE: Final = 7
"""Cells of a figure of three digits, such as ``1.8e-11``."""

RATIO: Final = 8
"""Cells of a ratio, such as ``×1.2e-10``."""

WORD: Final = 10
"""Cells of a verdict's word."""

NAME: Final = 8
"""Cells of a layer's name where there is no room to spare."""

SMALL_NAME: Final = 6
"""The same where ratios and symbols have none either."""

LONGEST_NAME: Final = 20

GAUGE: Final = 9
"""Cells of the smallest gauge, with the space before it."""

LONGEST_GAUGE: Final = 41

NOTHING_YET: Final = "There is no gradient yet: the first is that of step 1."


# --- the table -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RaceColumns:
    """How wide each column is, its space included; 0 leaves it out. Each run has all but a name."""

    name: int
    figure: int
    ratio: int = 0
    """Of every run but the first, which is what the others are compared with."""
    verdict: int = 0
    """The verdict's symbol."""
    word: int = 0
    gauge: int = 0
    between: int = 0
    """Cells between two runs."""

    @classmethod
    def of(cls, width: int, runs: int, longest: int, verdicts: bool) -> RaceColumns:
        """Share out ``width``: figures, ratios, symbols, words, longer names, gauges."""
        everything = NAME + runs * (FIGURE + 1) + (runs - 1) * (RATIO + 1) + 2 * runs
        figures = (FIGURE if everything <= width else SMALL_FIGURE) + 1
        wanted = NAME if everything <= width else min(max(longest, SMALL_NAME), NAME)
        name = max(min(wanted, width - runs * figures), 0)
        left = width - name - runs * figures
        widths: dict[str, int] = {}
        for column, cells, times in (
            ("ratio", RATIO + 1, runs - 1),
            ("verdict", 2 * verdicts, runs),
            ("between", 2, runs),
            ("word", (WORD + 1) * verdicts, runs),
        ):
            if 0 < cells * times <= left:
                widths[column] = cells
                left -= cells * times
        longer = min(max(min(longest, LONGEST_NAME) - name, 0), max(left, 0))
        gauge = (left - longer) // runs if runs else 0
        if gauge >= GAUGE:
            widths["gauge"] = min(gauge, LONGEST_GAUGE)
        return cls(name=name + longer, figure=figures, **widths)

    def group(self, index: int) -> int:
        """Return how wide everything of one run is, without the space before it."""
        ratio = self.ratio if index else 0
        return self.figure + ratio + self.verdict + self.word + self.gauge


def columns_of(race: Race, width: int) -> RaceColumns:
    """Return the columns of a table of this width."""
    # Before the first step there are no layers: nothing shall move when they come.
    layers = [layer for run in race.runs for layer in run.layers]
    verdicts = not layers or any(layer.verdict is not None for layer in layers)
    longest = max((cell_len(row.name) for row in race.rows), default=0)
    return RaceColumns.of(width, len(race.runs), longest, verdicts)


def draw_heading(race: Race, width: int, look: Look, height: int | None = None) -> Lines:
    """Return the lines over the table: the runs' names, their figures, and what each column is.

    Args:
        race: What is shown.
        width: Cells.
        look: What to draw with.
        height: Lines at most; where there is no room for all, the figures go first.
    """
    columns, ends = columns_of(race, width), (0, 0)
    names = _names(race, columns, look)
    figures = [_draw_row(row, race, columns, ends, look) for row in race.figures]
    heads = [_heads(race, columns, look)]
    if height is not None:
        heads = heads[: max(height - 1, 0)]
        figures = figures[: max(height - 2, 0)]
    lines = [names, *figures, *heads]
    return [cut(line, width) for line in lines]


def _names(race: Race, columns: RaceColumns, look: Look) -> Text:
    """Return the line with what each run is called, in its colour."""
    step = f"step {count(race.step)}"
    step = step if len(step) <= columns.name else count(race.step)
    line = Text(pad(step, columns.name, look.glyphs.ellipsis), look.style("muted"), end="")
    pens = [pen(0, run.slot, True, look) for run in race.runs]
    letters = [f"{own.letter} " if own.letter else "" for own in pens]
    widths = [columns.group(index) - 1 - len(letter) for index, letter in enumerate(letters)]
    several = [
        f" {look.glyphs.times} {count(run.members)}" if run.members > 1 else "" for run in race.runs
    ]
    rooms = [room - len(words) for room, words in zip(widths, several, strict=True)]
    labels = told_apart([run.label for run in race.runs], rooms)
    for index, (label, letter, own) in enumerate(zip(labels, letters, pens, strict=True)):
        called = fit(label, max(rooms[index], 0), look.glyphs.ellipsis) + several[index]
        called = f"{letter}{pad(called, widths[index], look.glyphs.ellipsis)}"
        line.append(f"{' ' * columns.between} {called}", own.style + Style(bold=True))
    return line


def _heads(race: Race, columns: RaceColumns, look: Look) -> Text:
    """Return the line that says what each column is."""
    line = Text(pad("layer", columns.name, look.glyphs.ellipsis), end="")
    verdict = " verdict" if columns.word else ""
    for index in range(len(race.runs)):
        line.append(
            " " * columns.between + pad_left("grad W", columns.figure, look.glyphs.ellipsis)
        )
        line.append(pad_left("ratio", columns.ratio if index else 0))
        line.append(pad(verdict, columns.verdict + columns.word + columns.gauge))
    line.stylize(look.style("muted"))
    return line


def told_apart(labels: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return labels, or where one has no room only the words that no other has."""
    if all(cell_len(label) <= width for label, width in zip(labels, widths, strict=True)):
        return list(labels)
    # A setting is one word, name and value: "bias 0". A preset's name has several.
    split = [_words(label) for label in labels]
    among = Counter(word for each in split for part in each for word in dict.fromkeys(part))
    own = [_joined(each, among) or label for each, label in zip(split, labels, strict=True)]
    lasts = [each.rpartition(" ")[2] for each in own]
    if all(cell_len(each) <= width for each, width in zip(own, widths, strict=True)):
        return own
    return lasts if len(set(lasts)) == len(lasts) else own


def _words(label: str) -> list[list[str]]:
    """Return the parts of a label, each as the words that may stand alone."""
    parts = label.split(", ")
    return [[part] if " " in part else part.split("-") for part in parts]


def _joined(parts: Sequence[Sequence[str]], among: Counter[str]) -> str:
    """Return the words of a label's parts that no other label has."""
    own = ("-".join(word for word in part if among[word] == 1) for part in parts)
    return ", ".join(filter(None, own))


def draw_rows(race: Race, width: int, look: Look) -> Lines:
    """Return the lines of the table."""
    if not race.rows:
        return [words(NOTHING_YET, width, look)]
    columns = columns_of(race, width)
    ends = scale([layer.weight for run in race.runs for layer in run.layers])
    return [cut(_draw_row(row, race, columns, ends, look), width) for row in race.rows]


def _draw_row(
    row: RaceRow, race: Race, columns: RaceColumns, ends: tuple[int, int], look: Look
) -> Text:
    name = pad(_label(row, columns.name), columns.name, look.glyphs.ellipsis)
    line = Text(name, look.style("text" if row.verdicts else "muted"), end="")
    for index, (run, value) in enumerate(zip(race.runs, row.values, strict=True)):
        style = pen(0, run.slot, True, look).style
        finite = value is None or math.isfinite(value)
        line.append(" " * columns.between)
        written = _figure(value, columns.figure - 1, look.glyphs)
        line.append(
            pad_left(written, columns.figure, look.glyphs.ellipsis),
            style if finite else look.style("bad"),
        )
        if index and columns.ratio:
            written = "" if row.is_share else ratio(row.values[0], value, look.glyphs)
            differ = apart(row.values[0], value) > AGREEMENT
            line.append(
                pad_left(written, columns.ratio, look.glyphs.ellipsis),
                look.style("text" if differ else "muted"),
            )
        verdict = row.verdicts[index] if row.verdicts else None
        line.append_text(draw_verdict(verdict, columns.verdict, columns.word, look))
        _add_gauge(line, value if row.verdicts else None, columns.gauge, ends, look, style)
    return line


def _label(row: RaceRow, width: int) -> str:
    """Return a line's name, or its last part or a shorter one where the whole has no room."""
    last = row.name.rpartition(".")[2]
    if cell_len(row.name) <= width or (last == row.name and not row.short):
        return row.name
    return row.short or f"  {last}"


def _figure(value: float | None, width: int, glyphs: Glyphs) -> str:
    if value is None:
        return "-"
    digits = 4 if width >= FIGURE else 3
    return figure(value, digits, infinity=glyphs.infinity)


def ratio(first: float | None, value: float | None, glyphs: Glyphs) -> str:
    """Return how many times the first run's value another's is: ``×690``, ``1+3e-7``, ``equal``.

    Empty where there is nothing to divide.
    """
    if first is None or value is None or not (math.isfinite(first) and math.isfinite(value)):
        return ""
    if first == value:
        return "equal"
    if first == 0:
        return ""
    share = value / first
    if abs(share - 1) <= AGREEMENT:
        return f"1{'+' if share > 1 else '-'}{exponent(abs(share - 1), 0)}"
    sign = "x" if glyphs.name == "ascii" else "×"
    return sign + figure(share, 4 if 0.9 < share < 1.1 else 3)


def _add_gauge(
    line: Text, value: float | None, width: int, ends: tuple[int, int], look: Look, style: Style
) -> None:
    """Draw a bar in the run's colour; all runs have the same scale."""
    if value is None or not width:
        line.append(" " * width)
        return
    gauge = draw_gauge(value, ends, width - 1, look, "level")
    if math.isfinite(value) and value > 0:
        # What is filled comes first, and a track after it.
        gauge.stylize(style, 0, len(gauge.plain.rstrip(look.glyphs.track)))
    line.append(" ").append_text(gauge)


# --- under the table -----------------------------------------------------------------------


def draw_footing(race: Race, width: int, look: Look) -> Lines:
    """Return where the runs differ, in sentences."""
    lines: Lines = []
    for said in sentences(race.runs, infinity=look.glyphs.infinity):
        lines += _sentence(said, race, width, look)
    return [cut(line, width) for line in lines]


def _sentence(said: RaceSentence, race: Race, width: int, look: Look) -> Lines:
    """Return a sentence, broken between words; the run that it is about has its colour."""
    style = look.style("warning" if said.is_trouble else "text")
    whose, who = _who(said, race, width, look)
    lines: Lines = []
    for part in wrap(f"{who}{look.glyphs.dot}{said.words}" if who else said.words, max(width, 1)):
        line = Text(part, style, end="")
        if who and not lines and part.startswith(who):
            line.stylize(whose, 0, len(who))
        lines.append(line)
    return lines


def _who(said: RaceSentence, race: Race, width: int, look: Look) -> tuple[Style, str]:
    """Return the run that a sentence is about, and how it is written; nothing for all of them."""
    if said.about is None:
        return Style.null(), ""
    run = race.runs[said.about]
    own = pen(0, run.slot, True, look)
    label = fit(run.label, max(width // 3, 6), look.glyphs.ellipsis)
    return own.style + Style(bold=True), f"{own.letter} {label}".strip()


def draw_race(race: Race, width: int, height: int, look: Look) -> Lines:
    """Return the whole picture in so many lines; layers in the middle go where there is no room."""
    heading = draw_heading(race, width, look)
    rows = draw_rows(race, width, look)
    footing = draw_footing(race, width, look)
    footing = footing[: max(height - len(heading) - len(rows), height // 3)]
    room = max(height - len(heading) - len(footing), 0)
    lines = [*heading, *_middle_left_out(rows, room, width, look), *footing]
    return filled(lines, width, height)


def _middle_left_out(rows: Lines, room: int, width: int, look: Look) -> Lines:
    """Return rows in so many lines, the first and the last of them."""
    hidden = len(rows) - room + 1
    if hidden < 2:
        return rows
    first = room // 2
    between = words(f"{hidden} more layers", width, look)
    return [*rows[:first], between, *rows[first + hidden :]][:room]
