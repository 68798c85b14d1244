"""What a network is worth on rows with known answers: its figures beside the constant answer's,
each class or output by itself, calibration, what each column is worth, and the worst rows.

One under another, and where there is room in two columns; how wide numbers are follows from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.text import Text

from engine.results.evaluation.constant import FRESH
from engine.results.evaluation.evaluation import evaluation, plain_object
from engine.results.evaluation.judgement import Judgement
from engine.text.safe import plain

from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Role
from ...style.text import Lines, cut, fitting
from ..base.frame import beside, headline, widths_beside, words
from .material import RecordedNetwork, ViewError

if TYPE_CHECKING:
    from engine.results.evaluation.calibration import CalibrationBin
    from engine.results.evaluation.importance import Importance

MOST: Final = 30
"""Classes, outputs and columns that are shown; ``epochal evaluate --json`` has them all."""

WORST: Final = 8
"""Rows that are named as the worst."""

TWO_WIDE: Final = 84
"""From this width on the parts stand in two columns."""

BARS_FROM: Final = 30
"""From this width on figures leave room for bars."""

LEAST_BAR: Final = 6
WIDEST_BAR: Final = 40
"""Cells of a bar."""

DIGITS: Final = 3
"""Digits of a figure that count: of so many rows more would say nothing."""


def gather(network: RecordedNetwork) -> Judgement:
    """Return what a run's network is worth on its test set, or on its training set without one.

    Raises:
        ViewError: The run is not over, or another step is looked at than the one that it came to.
    """
    return Judgement.from_plain(evaluated(network))


def evaluated(network: RecordedNetwork) -> dict[str, Any]:
    """Return the same as a plain object, as ``epochal evaluate --json`` has it.

    Raises:
        ViewError: As for ``gather``.
    """
    from engine.results.asked_rows import rows_of_set
    from engine.results.run import LoadedRun
    from engine.runs.folder import RunFolder

    material = network.material
    if material.history.end is None or material.folder is None:
        raise ViewError("--view evaluation: needs a run that is over, this one is not")
    folder, allow_code = RunFolder(material.folder), material.allow_code
    run = LoadedRun(folder, material.header, material.history, allow_code, material.member)
    if network.step != run.kept.step:
        raise ViewError(
            f"--view evaluation: a network is judged once, by {run.kept.words()}; leave --step out"
        )
    return plain_object(evaluation(run, rows_of_set(run, None, FRESH), WORST, None))


def draw_evaluation(judgement: Judgement, width: int, look: Look) -> Lines:
    """Return the whole of it, in as many lines as it takes.

    Args:
        judgement: What to show.
        width: Cells, at least 0.
        look: What to draw with.
    """
    title = headline("evaluation", (judgement.weights,), width, look)
    source = f"{plain(judgement.source)}; constant answer: {plain(judgement.constant)}"
    lines = [title, *look.muted(source, width)]
    if judgement.trained_on:
        said = "It has learned from these rows: of new ones they say too much."
        lines += [words(said, width, look, "bad")]
    parts = _Parts(judgement, look)
    halves = widths_beside(width, 2) if width >= TWO_WIDE else [width]
    left = [parts.figures, parts.classes, parts.numbers, parts.calibration]
    right = [parts.importance, parts.worst]
    if len(halves) == 1:
        return [*lines, *_one_under_another([*left, *right], width, look)]
    columns = [_one_under_another(each, halves[at], look) for at, each in enumerate((left, right))]
    return [*lines, *beside(columns, halves)]


def _one_under_another(parts: Sequence[Any], width: int, look: Look) -> Lines:
    """Return parts with a blank line over each."""
    lines: Lines = []
    for part in parts:
        drawn = part(width)
        lines += [look.line(), *drawn] if drawn else []
    return [cut(line, width) for line in lines]


@dataclass(frozen=True)
class _Figures:
    """A column of a table."""

    name: str
    cells: Sequence[str]
    role: Role = "text"


@dataclass(frozen=True)
class _Parts:
    """The parts of the picture, each drawn in so many cells; of none there are no lines."""

    judgement: Judgement
    look: Look

    def figures(self, width: int) -> Lines:
        """The figures of all rows."""
        shown = self.judgement.figures[:MOST]
        intervals = ["" if each.low is None else self._interval(each) for each in shown]
        columns = [
            _Figures("", [self._figure(each.value) for each in shown], "train"),
            _Figures("constant", [self._figure(each.constant) for each in shown], "dev"),
            _Figures("95 % interval", intervals, "muted"),
        ]
        return self._table("", [each.name for each in shown], columns, (0, 1, 2), width)

    def classes(self, width: int) -> Lines:
        """Each class or label by itself."""
        whole = self.judgement.classes
        shown, figure = whole[:MOST], self._figure
        if not shown:
            return []
        columns = [
            _Figures("rows", [count(each.rows) for each in shown], "muted"),
            _Figures("prec.", [figure(each.precision) for each in shown]),
            _Figures("recall", [figure(each.recall) for each in shown]),
            _Figures("F1", [figure(each.f1) for each in shown], "train"),
            _Figures("ROC", [figure(each.roc_area) for each in shown]),
            _Figures("PR", [figure(each.pr_area) for each in shown]),
        ]
        what = "class" if self.judgement.task == "classes" else "label"
        names = [each.name for each in shown]
        lines = self._table(what, names, columns, (3, 2, 1, 4, 5, 0), width)
        return [*lines, *self._more(len(whole), "classes" if what == "class" else "labels", width)]

    def numbers(self, width: int) -> Lines:
        """Each output by itself."""
        whole, look = self.judgement.numbers, self.look
        shown, figure = whole[:MOST], self._figure
        if not shown:
            return []
        columns = [
            _Figures(
                "R2" if look.glyphs.name == "ascii" else "R²",
                [figure(each.r2) for each in shown],
                "train",
            ),
            _Figures("rmse", [figure(each.rmse) for each in shown], "train"),
            _Figures("constant", [figure(each.constant_rmse) for each in shown], "dev"),
            _Figures("|error|", [figure(each.mae) for each in shown]),
            _Figures("constant", [figure(each.constant_mae) for each in shown], "dev"),
            _Figures("greatest", [figure(each.greatest_error) for each in shown]),
            _Figures("error", [figure(each.bias) for each in shown]),
        ]
        names = [each.name for each in shown]
        lines = self._table("", names, columns, (0, 1, 3, 5, 2, 6, 4), width)
        return [*lines, *self._more(len(whole), "outputs", width)]

    def calibration(self, width: int) -> Lines:
        """What is said with which probability, and how often that is right."""
        error, look = self.judgement.calibration_error, self.look
        if error is None:
            return []
        far = look.figure(error, DIGITS)
        title = f"calibration: said and right are {far} apart in the mean"
        bins = self.judgement.calibration
        columns = [
            _Figures("said", [look.figure(each.probability, DIGITS) for each in bins], "dev"),
            _Figures("right", [look.figure(each.right, DIGITS) for each in bins], "train"),
            _Figures("rows", [count(each.rows) for each in bins], "muted"),
        ]
        names = [f"{each.low:.1f} {look.glyphs.ellipsis}" for each in bins]
        table = self._table("", names, columns, (0, 1, 2), width)
        room = min(width - max(map(cell_len, map(str, table))) - 2, WIDEST_BAR)
        if room >= LEAST_BAR:
            for line, each in zip(table[1:], bins, strict=True):
                line.append("  ").append_text(self._gauge(each, room))
        return [words(title, width, look), *table]

    def importance(self, width: int) -> Lines:
        """What each column is worth."""
        importances, look = self.judgement.importances, self.look
        if importances is None:
            return look.muted("Pictures have no columns whose worth could be said.", width)
        shown = importances.columns[:MOST]
        if not shown:
            return []
        first, *others = shown[0].worse_by
        columns = [_Figures(first, self._worth(shown, first), "train")]
        columns += [_Figures(name, self._worth(shown, name), "muted") for name in others[:2]]
        names = [each.column for each in shown]
        # How much more one is worth than another is seen sooner than read.
        room = width - LEAST_BAR - 4 if width >= BARS_FROM else width
        table = self._table("column", names, columns, range(len(columns)), room)
        self._append_bars(table, shown, first, width)
        title = f"worse by, a column's cells handed around among {count(importances.rows)} rows"
        more = self._more(len(importances.columns), "columns", width)
        return [*look.muted(title, width), *table, *more]

    def worst(self, width: int) -> Lines:
        """The rows that are most wrong."""
        rows = self.judgement.worst[:WORST]
        if not rows:
            return []
        columns = [*self._said(rows)]
        for place, name in enumerate(self.judgement.columns[:MOST]):
            cells = [self._cell(each["inputs"][place]) for each in rows]
            columns.append(_Figures(name, cells, "muted"))
        names = [count(int(each["row"])) for each in rows]
        table = self._table("row", names, columns, range(len(columns)), width)
        return [words("the worst rows, counted from 0", width, self.look), *table]

    def _said(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[_Figures]:
        """Yield what is said of the worst rows, and what is true."""
        if "truth" in rows[0]:
            yield _Figures("said", [plain(str(each["class"])) for each in rows], "train")
            yield _Figures("truth", [plain(str(each["truth"])) for each in rows])
            if "probability" in rows[0]:
                yield _Figures("sure", [self._cell(each["probability"]) for each in rows], "muted")
            return
        several = len(self.judgement.target_names) > 1
        for place, name in enumerate(self.judgement.target_names[:MOST]):
            end = f" {name}" * several
            for what, key in (("error", "error"), ("said", "prediction"), ("true", "target")):
                cells = [self._cell(each[key][place]) for each in rows]
                yield _Figures(what + end, cells, "dev" if what == "error" else "text")

    def _cell(self, value: Any) -> str:
        """Return what a row has in a column: a text, or a number, which may be a word in JSON."""
        return plain(value) if isinstance(value, str) else self.look.figure(float(value))

    def _figure(self, value: float | None) -> str:
        return "" if value is None else self.look.figure(value, DIGITS)

    def _interval(self, figures: Any) -> str:
        dots = self.look.glyphs.ellipsis
        return f"{self._figure(figures.low)} {dots} {self._figure(figures.high)}"

    def _worth(self, shown: Sequence[Importance], name: str) -> list[str]:
        sign = self.look.glyphs.plus_minus
        pairs = [each.worse_by[name] for each in shown]
        return [f"{self._figure(mean)} {sign} {self.look.figure(far, 2)}" for mean, far in pairs]

    def _append_bars(
        self, table: Lines, shown: Sequence[Importance], name: str, width: int
    ) -> None:
        """Append to a table what each column is worth, as bars of one scale."""
        room = min(width - max(line.cell_len for line in table) - 2, WIDEST_BAR)
        most = max(each.worse_by[name][0] for each in shown)
        if room < LEAST_BAR or not most > 0:
            return
        for line, each in zip(table[1:], shown, strict=True):
            share = max(each.worse_by[name][0] / most, 0)
            line.append("  " + self.look.glyphs.bar(share * room), self.look.style("train"))

    def _gauge(self, bin_: CalibrationBin, room: int) -> Text:
        """Return how often answers are right as a bar, and on it where they should be."""
        look = self.look
        bar = look.glyphs.bar(bin_.right * room)
        cells = [(cell, look.style("train")) for cell in bar]
        cells += [(look.glyphs.track, look.style("faint"))] * (room - len(cells))
        cells[min(int(bin_.probability * room), room - 1)] = (
            look.glyphs.axis[0],
            look.style("dev", bold=True),
        )
        return Text.assemble(*cells, end="")

    def _more(self, whole: int, what: str, width: int) -> Lines:
        if whole <= MOST:
            return []
        said = f"{self.look.glyphs.ellipsis} {count(whole - MOST)} more {what}: "
        return [words(f"{said}epochal evaluate --json has them all", width, self.look)]

    def _table(
        self,
        what: str,
        names: Sequence[str],
        columns: Sequence[_Figures],
        order: Sequence[int],
        width: int,
    ) -> Lines:
        """Return a table of as many columns as fit, those that are first in an order first."""
        look = self.look
        names, heads = [*map(plain, names)], [plain(each.name) for each in columns]
        label = min(max(map(cell_len, [what, *names])), max(width // 3, 8))
        widths = [
            min(max(map(cell_len, [head, *each.cells])), max(2 * width // 3, 1))
            for head, each in zip(heads, columns, strict=True)
        ]
        shown = fitting(widths, order, width - label - 2, 2)
        lines = [look.line(look.pad(what, label), "muted")]
        lines += [look.line(look.pad(name, label), "text") for name in names]
        for at in shown:
            lines[0].append("  " + look.pad_left(heads[at], widths[at]), look.style("muted"))
            for line, cell in zip(lines[1:], columns[at].cells, strict=True):
                line.append("  " + look.pad_left(cell, widths[at]), look.style(columns[at].role))
        return lines
