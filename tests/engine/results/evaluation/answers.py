"""Answers that nobody was trained for, of which every figure is known by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.data.preprocessing import RawColumn
from engine.results.asked_rows import RowsAsked
from engine.results.predict import Answers


def told_classes(truth: list[int], second: list[float], run: str = "one") -> Answers:
    """Return answers about two classes.

    Args:
        truth: The class of each row.
        second: The probability of the second class that is said of each.
        run: The run's name.
    """
    likely = np.array([[1 - one, one] for one in second])
    classes = likely.argmax(axis=1)
    return _told(likely, np.array(truth), "classes", run, classes=classes, probabilities=likely)


def told_labels(truth: list[list[int]], likely: list[list[float]]) -> Answers:
    """Return answers about labels."""
    said = np.array(likely)
    return _told(said, np.array(truth, float), "labels", "one", probabilities=said)


def told_numbers(truth: list[Any], said: list[Any], run: str = "one") -> Answers:
    """Return answers that are numbers, of one output or of several."""
    outputs = np.array(said, float).reshape(len(said), -1)
    return _told(outputs, np.array(truth, float).reshape(outputs.shape), "numbers", run)


def _told(outputs: Any, targets: Any, task: Any, run: str, **said: Any) -> Answers:
    rows = RowsAsked("rows", np.arange(len(outputs), dtype=float)[:, None], targets)
    return Answers(
        run=run,
        weights_step=1,
        weights="weights of step 1, the best",
        rows=rows,
        columns=(RawColumn(name="x"),),
        target_names=["no", "yes"][: max(outputs.shape[1], 1)],
        outputs=outputs,
        **{"classes": None, "probabilities": None, **said},
        task=task,
    )
