"""An evaluation as text: a table for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ...text.numbers import counted, figure_text
from ...text.safe import plain
from ...text.tables import aligned
from ..predict import table
from .calibration import CalibrationBin
from .comparison import PairedComparison, PairedDifference
from .evaluation import Evaluation, JudgedFigure
from .importance import REPEATS, Importance, Importances

SHOWN: Final = 20
"""Classes, outputs and columns that are shown; ``--json`` has them all."""

FIGURES: Final = 3
"""Figures by which a column's worth is shown."""


def text(evaluation: Evaluation) -> str:
    """Return an evaluation as text."""
    parts = [
        _head(evaluation),
        _figures(evaluation),
        _classes(evaluation),
        _numbers(evaluation),
        _calibration(evaluation),
        _importance(evaluation.importances),
        _worst(evaluation),
        _compared(evaluation.comparison),
    ]
    return "\n\n".join("\n".join(map(plain, lines)) for each in parts if (lines := [*each]))


def _head(evaluation: Evaluation) -> Iterator[str]:
    answers = evaluation.answers
    yield f"{answers.run}: {answers.rows.source} ({answers.weights})"
    if answers.rows.trained_on:
        yield "  it has learned from these rows: of new ones they say too much"


def _figures(evaluation: Evaluation) -> Iterator[str]:
    known = any(each.constant is not None for each in evaluation.figures)
    has_intervals = any(each.low is not None for each in evaluation.figures)
    head = ["", "", *(["95 % interval"] * has_intervals), *(["constant answer"] * known)]
    shown = evaluation.figures[: SHOWN + 2]
    yield from _indented([head, *(_figure_cells(each, has_intervals, known) for each in shown)])
    yield f"  {'constant answer: ' * known}{evaluation.constant}"


def _figure_cells(figure: JudgedFigure, has_intervals: bool, known: bool) -> list[str]:
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = f"{figure_text(figure.low)} … {figure_text(figure.high)}"
    constant = _text(figure.constant)
    value = figure_text(figure.value)
    return [figure.name, value, *([interval] * has_intervals), *([constant] * known)]


def _classes(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.classes:
        return
    what = "class" if evaluation.answers.task == "classes" else "label"
    rows = [
        [
            each.name,
            str(each.rows),
            *map(_text, (each.precision, each.recall, each.f1, each.roc_area, each.pr_area)),
        ]
        for each in evaluation.classes[:SHOWN]
    ]
    yield from _indented(
        [[what, "rows", "precision", "recall", "F1", "ROC area", "PR area"], *rows]
    )
    yield from _more(evaluation.classes, "classes" if what == "class" else "labels")


def _numbers(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.numbers:
        return
    head = ["", "R²", "rmse", "mean |error|", "greatest |error|", "mean error"]
    known = evaluation.numbers[0].constant_rmse is not None
    head += ["constant rmse", "constant mean |error|"] * known
    rows = []
    for each in evaluation.numbers[:SHOWN]:
        figures = [each.r2, each.rmse, each.mae, each.greatest_error, each.bias]
        figures += [each.constant_rmse, each.constant_mae] * known
        rows.append([each.name, *map(_text, figures)])
    yield from _indented([head, *rows])
    yield from _more(evaluation.numbers, "outputs")


def _calibration(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.calibration_error is None:
        return
    what = "answers" if evaluation.answers.task == "labels" else "rows"
    rows = [[*_bin_cells(each)] for each in evaluation.calibration]
    error = figure_text(evaluation.calibration_error)
    yield f"  calibration: what is said and what is right are {error} apart in the mean"
    yield from _indented([["said with", what, "in the mean", "right"], *rows])


def _bin_cells(bin_: CalibrationBin) -> Iterator[str]:
    yield f"{bin_.low:.1f} …"
    yield str(bin_.rows)
    yield figure_text(bin_.probability)
    yield figure_text(bin_.right)


def _importance(importances: Importances | None) -> Iterator[str]:
    if importances is None:
        yield "  pictures have no columns whose worth could be said"
        return
    figures = [*importances.columns[0].worse_by][:FIGURES]
    rows = counted(importances.rows, "row")
    yield f"  worse by, with a column's cells handed around {REPEATS} times among {rows}:"
    shown = importances.columns[:SHOWN]
    yield from _indented([["column", *figures], *(_worth(each, figures) for each in shown)])
    yield from _more(importances.columns, "columns")


def _worth(importance: Importance, figures: Sequence[str]) -> list[str]:
    pairs = [importance.worse_by[name] for name in figures]
    texts = [f"{figure_text(mean)} ± {figure_text(spread)}" for mean, spread in pairs]
    return [importance.column, *texts]


def _worst(evaluation: Evaluation) -> Iterator[str]:
    worst, places = evaluation.worst, evaluation.worst.rows.places
    assert places is not None
    if worst.are_pictures:
        # Each says already which one it is.
        yield "  the worst pictures, counted from 0:"
        yield from (f"  {line}" for line in table(worst, range(len(worst.outputs))))
        return
    head, *lines = table(worst, range(len(worst.outputs)))
    numbers = [f"row {place}" for place in places.tolist()]
    width = max(map(len, numbers), default=0)
    yield "  the worst rows, counted from 0:"
    yield f"  {'':{width}}  {head}"
    for number, line in zip(numbers, lines, strict=True):
        yield f"  {number:{width}}  {line}"


def _compared(comparison: PairedComparison | None) -> Iterator[str]:
    if comparison is None:
        return
    yield f"  beside {comparison.other}, on the same {counted(comparison.rows, 'row')}:"
    if comparison.other_trained_on:
        yield "  the other has learned from these rows: of new ones they say too much"
    # Two networks of one population have one name.
    head = ["", "this run", "the other", "better by", "95 % interval", "ahead in"]
    shown = comparison.differences[: SHOWN + 2]
    yield from _indented([head, *map(_difference_cells, shown)])
    for each in shown[:FIGURES]:
        yield f"  {_verdict(each)}"


def _difference_cells(difference: PairedDifference) -> list[str]:
    interval = f"{figure_text(difference.low)} … {figure_text(difference.high)}"
    figures = [
        figure_text(value) for value in (difference.first, difference.second, difference.better_by)
    ]
    return [difference.figure, *figures, interval, f"{100 * difference.ahead:.0f} %"]


def _verdict(difference: PairedDifference) -> str:
    if difference.is_told:
        better = "this run" if difference.better_by > 0 else "the other"
        return f"{difference.figure}: {better} is better"
    if difference.low == difference.high == 0:
        return f"{difference.figure}: the two are equal"
    return f"{difference.figure}: these rows cannot tell which is better"


def _more(whole: Sequence[object], what: str) -> Iterator[str]:
    if len(whole) > SHOWN:
        yield f"  … {len(whole) - SHOWN} more {what}; --json has them all"


def _text(value: float | None) -> str:
    return "–" if value is None else figure_text(value)


def _indented(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for line in aligned([[*map(plain, row)] for row in rows], numbers=True):
        yield f"  {line}"
