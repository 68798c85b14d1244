"""A trained network's answers: for its own sets, for a file, for typed values, for new rows.

    run ─► rows (inputs, and targets where they are known) ─► answers ─► a table, or JSON

Everything is numpy, and numbers are in the units of the data.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..components.losses import LOSSES, LossBase
from ..data.file_rows import Task
from ..data.preprocessing import RawColumn
from ..errors import RunError
from ..recording.fitting import UNSAID
from ..text.numbers import as_json, figure_text
from ..text.safe import plain
from ..text.tables import aligned
from .asked_rows import RowsAsked, are_pictures, learns_classes, target_names
from .class_shares import class_shares, each_share

if TYPE_CHECKING:
    from .run import LoadedRun


SHOWN: Final = 20
"""Rows of a table, unless more are asked for."""

COLUMNS: Final = 5
"""Inputs and outputs of a row that are shown."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """What a network says, and whether it is right."""

    run: str
    weights_step: int
    """The step whose weights were used."""
    weights: str
    """What they are, in words: of the best step, of the last, or of the nearest that was kept."""
    rows: RowsAsked
    columns: tuple[RawColumn, ...]
    """What goes in, of which the rows have codes."""
    target_names: list[str]
    """Of the outputs, or of the classes."""
    outputs: NDArray[np.float64]
    """[rows, outputs]; for classes as the output layer gives them, for labels and shares what
    these are said to be."""
    classes: NDArray[np.int64] | None
    """[rows]: the class it says; none where numbers are learned."""
    probabilities: NDArray[np.float64] | None
    """[rows, names] of every class or label; none where the outputs are no probabilities."""
    task: Task
    """What was learned."""
    are_pictures: bool = False
    """Whether a row is a picture, whose single pixels tell nobody anything."""

    def taken(self, rows: Any) -> Answers:
        """Return the answers for some of the rows."""
        return replace(
            self,
            rows=self.rows.taken(rows),
            outputs=self.outputs[rows],
            classes=None if self.classes is None else self.classes[rows],
            probabilities=None if self.probabilities is None else self.probabilities[rows],
        )

    def certainty(self, row: int) -> float:
        """Return the probability of the class that it says of a row."""
        assert self.classes is not None
        assert self.probabilities is not None
        return float(self.probabilities[row, self.classes[row]])

    @property
    def figure(self) -> tuple[str, float] | None:
        """The name and the value of what sums it up; none where no targets are known."""
        if self.rows.targets is None or not len(self.outputs):
            return None
        if self.classes is not None:
            return "accuracy", float((self.classes == self.rows.targets).mean())
        if self.task == "labels":
            return "accuracy", float(((self.outputs > 0.5) == self.rows.targets).mean())
        errors = self.outputs - self.rows.targets
        with np.errstate(all="ignore"):
            return "rmse", float(np.sqrt((errors**2).mean()))


def answers(run: LoadedRun, rows: RowsAsked) -> Answers:
    """Return what a run's network says of rows.

    Raises:
        RequestError: The rows have another number of inputs.
        RunError: Its recording does not say what was trained.
    """
    outputs, loss, task = run.predict(rows.inputs), _loss(run), _task(run)
    if task in ("labels", "shares"):
        outputs = each_share(outputs, loss)
    names = target_names(run)
    # Of two classes a network may have one output.
    is_pair = task == "classes" and loss.targets != "classes"
    if len(names) != (2 if is_pair else outputs.shape[1]):
        raise RunError(f"{plain(run.header.run)}: {UNSAID}")
    return Answers(
        run=run.header.run,
        weights_step=run.weights_step,
        weights=run.kept.words(),
        rows=rows,
        columns=run.preprocessing.columns,
        target_names=names,
        outputs=outputs,
        classes=_classes(outputs, loss) if task == "classes" else None,
        probabilities=_probabilities(outputs, loss, task),
        task=task,
        are_pictures=are_pictures(run),
    )


def _input_cells(answers: Answers, row: int) -> Iterator[str | float]:
    """Yield what a row has in each column."""
    for column, code in zip(answers.columns, answers.rows.inputs[row].tolist(), strict=True):
        yield column.text(code)


def text(answers: Answers, count: int | None = None) -> str:
    """Return the answers as a table, and what sums them up.

    Args:
        answers: The answers.
        count: How many rows to show; 20 where left out.
    """
    total = len(answers.outputs)
    shown = min(total, SHOWN if count is None else count)
    lines = table(answers, range(shown))
    if shown < total:
        lines.append(f"… {total - shown} more rows; --rows {total} shows all")
    return "\n".join([*lines, "", summary_text(answers)])


def table(answers: Answers, rows: Iterable[int]) -> list[str]:
    """Return the answers for some rows as the lines of a table."""
    inputs = [column.name for column in answers.columns[:COLUMNS]]
    outputs = answers.target_names[:COLUMNS]
    head = [*inputs, *(["…"] if len(answers.columns) > COLUMNS else [])]
    head = ["picture"] if answers.are_pictures else head
    if answers.classes is not None:
        head += ["class", *(["probability"] if answers.probabilities is not None else [])]
        head += ["truth", "right"] if answers.rows.targets is not None else []
    else:
        extra = ["target", "error"] if answers.rows.targets is not None else []
        several = [f" {name}" if len(answers.target_names) > 1 else "" for name in outputs]
        head += [f"{what}{name}" for name in several for what in ["prediction", *extra]]
        head += ["…"] if len(answers.target_names) > COLUMNS else []
    cells = [_cells(answers, row) for row in rows]
    return aligned([[plain(each) for each in line] for line in [head, *cells]])


def summary_text(answers: Answers) -> str:
    """Return what sums the answers up, in a line."""
    said = f"{answers.run}: {answers.rows.source}"
    if (figure := answers.figure) is not None:
        name, value = figure
        said += f": {'root mean square error' if name == 'rmse' else name} {figure_text(value)}"
    return plain(f"{said} ({answers.weights})")


def objects(answers: Answers, count: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield each row's answer as an object, then one that sums them up."""
    total = len(answers.outputs)
    targets = answers.rows.targets
    for row in range(total if count is None else min(count, total)):
        place = row if answers.rows.places is None else int(answers.rows.places[row])
        made: dict[str, Any] = {
            "row": place,
            "inputs": [*map(_plain_json, _input_cells(answers, row))],
        }
        if answers.classes is not None:
            made["class"] = _name(answers, answers.classes[row])
            if answers.probabilities is not None:
                made["probability"] = as_json(answers.certainty(row))
            if targets is not None:
                made["truth"] = _name(answers, targets[row])
                made["right"] = bool(answers.classes[row] == targets[row])
        else:
            made["prediction"] = as_json(answers.outputs[row])
            if targets is not None:
                made["target"] = as_json(targets[row])
                made["error"] = as_json(answers.outputs[row] - targets[row])
        yield made
    figure = answers.figure
    yield {
        "run": answers.run,
        "rows": total,
        "of": answers.rows.source,
        "weights_step": answers.weights_step,
        "weights": answers.weights,
        **({figure[0]: as_json(figure[1])} if figure else {}),
    }


def _task(run: LoadedRun) -> Task:
    """Return what a run has learned."""
    task: Task = run.header.experiment.get("data", {}).get("task")
    if task in ("labels", "shares"):
        return task
    return "classes" if learns_classes(run) else "numbers"


def _classes(outputs: NDArray[np.float64], loss: type[LossBase]) -> NDArray[np.int64]:
    """Return the class of each row."""
    if loss.targets == "classes":
        return np.asarray(outputs.argmax(axis=1), np.int64)
    return np.asarray(outputs[:, 0] > loss.threshold(), np.int64)


def _probabilities(
    outputs: NDArray[np.float64], loss: type[LossBase], task: Task
) -> NDArray[np.float64] | None:
    """Return what is said of every class or label, as far as that is a probability."""
    if task == "numbers" or loss.outputs in ("anything", "margin"):
        return None
    return class_shares(outputs, loss) if task == "classes" else outputs


def _loss(run: LoadedRun) -> type[LossBase]:
    """Return what a run was trained by; of its experiment that alone: its file may be gone."""
    loss = LOSSES.get(run.header.experiment.get("loss", {}).get("name", ""))
    if loss is None:
        raise RunError(f"{plain(run.header.run)}: {UNSAID}")
    return loss


def _cells(answers: Answers, row: int) -> list[str]:
    """Return a row of the table."""
    first = itertools.islice(_input_cells(answers, row), COLUMNS)
    cells = [cell if isinstance(cell, str) else figure_text(cell) for cell in first]
    cells += ["…"] if len(answers.columns) > COLUMNS else []
    if answers.are_pictures:
        cells = [str(row if answers.rows.places is None else answers.rows.places[row])]
    targets = answers.rows.targets
    if answers.classes is not None:
        cells.append(_name(answers, answers.classes[row]))
        if answers.probabilities is not None:
            cells.append(f"{answers.certainty(row):.4f}")
        if targets is not None:
            right = "yes" if answers.classes[row] == targets[row] else "no"
            cells += [_name(answers, targets[row]), right]
        return cells
    for column, said in enumerate(answers.outputs[row, :COLUMNS]):
        cells.append(figure_text(float(said)))
        if targets is not None:
            true = targets[row, column]
            cells += [figure_text(float(true)), figure_text(float(said - true))]
    return [*cells, "…"] if answers.outputs.shape[1] > COLUMNS else cells


def _plain_json(cell: str | float) -> Any:
    return cell if isinstance(cell, str) else as_json(cell)


def _name(answers: Answers, index: Any) -> str:
    return answers.target_names[int(index)]
