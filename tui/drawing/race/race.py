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
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, exponent, figure
from ...style.run_colours import pen
from ...style.text import Lines, cut, pad, pad_left, wrap
from ..base.frame import words
from ..base.spark import Powers, draw_gauge, draw_verdict, scale
from .differences import AGREEMENT, apart, sentences
from .racers import Race, RaceRow

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

NONE_RECORDED: Final = "There is no gradient norm in any of these recordings at this step."


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
    columns = columns_of(race, width)
    figures = [_draw_row(row, race, columns, (0, 0), look) for row in race.figures]
    heads = [_heads(race, columns, look)]
    if height is not None:
        heads, figures = heads[: max(height - 1, 0)], figures[: max(height - 2, 0)]
    return [cut(line, width) for line in (_names(race, columns, look), *figures, *heads)]


def _names(race: Race, columns: RaceColumns, look: Look) -> Text:
    """Return the line with what each run is called, in its colour."""
    step = f"step {count(race.step)}"
    step = step if len(step) <= columns.name else count(race.step)
    line = look.line().append(look.pad(step, columns.name), look.style("muted"))
    pens = [pen(0, run.slot, True, look) for run in race.runs]
    letters = [f"{drawn.letter} " if drawn.letter else "" for drawn in pens]
    times = look.glyphs.times
    several = [f" {times} {count(run.members)}" * (run.members > 1) for run in race.runs]
    rooms = [
        columns.group(index) - 1 - len(letter) - len(many)
        for index, (letter, many) in enumerate(zip(letters, several, strict=True))
    ]
    labels = told_apart([run.label for run in race.runs], rooms)
    for label, letter, room, many, drawn in zip(labels, letters, rooms, several, pens, strict=True):
        called = look.pad(look.fit(label, max(room, 0)) + many, room + len(many))
        line.append(f"{' ' * columns.between} {letter}{called}", drawn.style + Style(bold=True))
    return line


def _heads(race: Race, columns: RaceColumns, look: Look) -> Text:
    """Return the line that says what each column is."""
    line = look.line(look.pad("layer", columns.name), "muted")
    verdict = " verdict" if columns.word else ""
    for index in range(len(race.runs)):
        line.append(" " * columns.between + look.pad_left("grad W", columns.figure))
        line.append(pad_left("ratio", columns.ratio if index else 0))
        line.append(pad(verdict, columns.verdict + columns.word + columns.gauge))
    return line


def told_apart(labels: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return labels, or where one has no room only the words that no other has."""
    if all(cell_len(label) <= width for label, width in zip(labels, widths, strict=True)):
        return list(labels)
    # A setting is one word, name and value: "bias 0". A preset's name has several.
    settings = [label.split(", ") for label in labels]
    split = [[[part] if " " in part else part.split("-") for part in each] for each in settings]
    among = Counter(word for each in split for part in each for word in dict.fromkeys(part))
    shortened = []
    for label, parts in zip(labels, split, strict=True):
        alone = ("-".join(word for word in part if among[word] == 1) for part in parts)
        shortened.append(", ".join(filter(None, alone)) or label)
    lasts = [each.rpartition(" ")[2] for each in shortened]
    if all(cell_len(each) <= width for each, width in zip(shortened, widths, strict=True)):
        return shortened
    return lasts if len(set(lasts)) == len(lasts) else shortened


def draw_rows(race: Race, width: int, look: Look) -> Lines:
    """Return the lines of the table."""
    if not race.rows:
        return [words(NONE_RECORDED if race.step else NOTHING_YET, width, look)]
    columns = columns_of(race, width)
    ends = scale([layer.weight for run in race.runs for layer in run.layers])
    return [cut(_draw_row(row, race, columns, ends, look), width) for row in race.rows]


def _draw_row(row: RaceRow, race: Race, columns: RaceColumns, ends: Powers, look: Look) -> Text:
    line = look.line().append(
        look.pad(_label(row, columns.name), columns.name),
        look.style("text" if row.verdicts else "muted"),
    )
    first = row.values[0]
    for index, (run, value) in enumerate(zip(race.runs, row.values, strict=True)):
        style = pen(0, run.slot, True, look).style
        finite = value is None or math.isfinite(value)
        written = "-" if value is None else look.figure(value, 4 if columns.figure > FIGURE else 3)
        line.append(" " * columns.between)
        line.append(look.pad_left(written, columns.figure), style if finite else look.style("bad"))
        if index and columns.ratio:
            written = "" if row.is_share else ratio(first, value, look.glyphs)
            differ = look.style("text" if apart(first, value) > AGREEMENT else "muted")
            line.append(look.pad_left(written, columns.ratio), differ)
        verdict = row.verdicts[index] if row.verdicts else None
        line.append(draw_verdict(verdict, columns.verdict, columns.word, look))
        line.append(_gauge(value if row.verdicts else None, columns.gauge, ends, look, style))
    return line


def _label(row: RaceRow, width: int) -> str:
    """Return a line's name, or its last part or a shorter one where the whole has no room."""
    last = row.name.rpartition(".")[2]
    if cell_len(row.name) <= width or (last == row.name and not row.short):
        return row.name
    return row.short or f"  {last}"


def ratio(first: float | None, value: float | None, glyphs: Glyphs) -> str:
    """Return how many times the first run's value another's is: ``×690``, ``1+3e-7``, ``equal``.

    Empty where there is nothing to divide.
    """
    if first is None or value is None or not (math.isfinite(first) and math.isfinite(value)):
        return ""
    if first in (0, value):
        return "equal" if first == value else ""
    share = value / first
    if abs(share - 1) <= AGREEMENT:
        return f"1{'+' if share > 1 else '-'}{exponent(abs(share - 1), 0)}"
    sign = "x" if glyphs.name == "ascii" else "×"
    return sign + figure(share, 4 if 0.9 < share < 1.1 else 3)


def _gauge(value: float | None, width: int, ends: Powers, look: Look, style: Style) -> Text:
    """Return a bar in the run's colour; all runs have the same scale."""
    if value is None or not width:
        return Text(" " * width, end="")
    gauge = draw_gauge(value, ends, width - 1, look, "level")
    if math.isfinite(value) and value > 0:
        # What is filled comes first, and a track after it.
        gauge.stylize(style, 0, len(gauge.plain.rstrip(look.glyphs.track)))
    return Text.assemble(" ", gauge, end="")


# --- under the table -----------------------------------------------------------------------


def draw_footing(race: Race, width: int, look: Look) -> Lines:
    """Return where the runs differ, in sentences; the run that one is about has its colour."""
    lines: Lines = []
    for said in sentences(race.runs, infinity=look.glyphs.infinity):
        style = look.style("warning" if said.is_trouble else "text")
        whose, who, sentence = Style.null(), "", said.words
        if said.about is not None:
            run = race.runs[said.about]
            drawn = pen(0, run.slot, True, look)
            who = f"{drawn.letter} {look.fit(run.label, max(width // 3, 6))}".strip()
            whose, sentence = drawn.style + Style(bold=True), f"{who}{look.glyphs.dot}{sentence}"
        for index, part in enumerate(wrap(sentence, max(width, 1))):
            line = Text(part, style, end="")
            if not index and part.startswith(who):
                line.stylize(whose, 0, len(who))
            lines.append(cut(line, width))
    return lines
