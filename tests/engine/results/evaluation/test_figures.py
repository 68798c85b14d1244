"""The figures of an evaluation, held against what they are by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.results.evaluation.calibration import calibration, calibration_error
from engine.results.evaluation.class_figures import class_figures
from engine.results.evaluation.constant import ConstantAnswer
from engine.results.evaluation.number_figures import number_figures
from engine.results.evaluation.scores import badness, scores_of
from tests.engine.results.evaluation.answers import told_classes, told_labels, told_numbers

TRUTH = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
SECOND = [0.1, 0.2, 0.3, 0.7, 0.4, 0.6, 0.6, 0.8, 0.9, 0.95]
"""Of ten rows one is wrongly said to be of the second class, and one of it is missed."""


def test_precision_recall_and_f1_are_counted() -> None:
    first, second = class_figures(told_classes(TRUTH, SECOND))
    assert (first.name, first.rows, second.rows) == ("no", 4, 6)
    assert (first.precision, first.recall, first.f1) == (0.75, 0.75, 0.75)
    assert (second.precision, second.recall) == (pytest.approx(5 / 6), pytest.approx(5 / 6))


def test_the_area_under_the_roc_curve_counts_pairs_that_are_in_order() -> None:
    _, second = class_figures(told_classes(TRUTH, SECOND))
    pairs = [(no, yes) for no in SECOND[:4] for yes in SECOND[4:]]
    assert second.roc_area == pytest.approx(np.mean([yes > no for no, yes in pairs]))
    # Going down from 0.95: three right, then 0.7 wrong, then 0.6 twice and 0.4.
    assert second.pr_area == pytest.approx((3 + 2 * 5 / 6 + 6 / 7) / 6)


def test_a_margin_is_no_probability_but_puts_rows_in_order() -> None:
    likely = told_classes(TRUTH, SECOND)
    margins = likely.outputs[:, 1:] * 2 - 1
    told = replace(likely, outputs=margins, probabilities=None)
    assert [each.name for each in scores_of(told)] == ["accuracy"]
    assert calibration(told) == []
    assert [*class_figures(told)] == [*class_figures(likely)]
    # Wrong are the rows of 0.7 and 0.4, of which the first is surer.
    assert np.argsort(-badness(told), kind="stable")[:2].tolist() == [3, 4]


def test_what_a_class_without_rows_has_no_figures_for_is_left_out() -> None:
    first, second = class_figures(told_classes([0, 0], [0.1, 0.2]))
    assert (first.precision, first.recall, first.f1) == (1, 1, 1)
    assert (second.precision, second.recall, second.f1) == (None, None, None)
    assert (second.rows, second.roc_area, second.pr_area) == (0, None, None)


def test_the_log_loss_is_that_of_the_true_class() -> None:
    accuracy, loss = scores_of(told_classes([0, 1, 1], [0.25, 0.75, 0.5]))
    assert (accuracy.name, accuracy.value) == ("accuracy", pytest.approx(2 / 3))
    assert loss.value == pytest.approx(-np.log([0.75, 0.75, 0.5]).mean())
    assert loss.of(np.array([0.5])) == [0.5]


def test_labels_count_each_by_itself_and_all_of_a_row() -> None:
    told = told_labels([[1, 0], [1, 1], [0, 0]], [[0.9, 0.2], [0.8, 0.3], [0.1, 0.1]])
    accuracy, whole, loss = scores_of(told)
    assert (accuracy.value, whole.value) == (pytest.approx(5 / 6), pytest.approx(2 / 3))
    assert (accuracy.is_share, whole.is_share) == (False, True)
    said = [0.9, 0.8, 0.8, 0.3, 0.9, 0.9]
    assert loss.value == pytest.approx(-np.log(said).mean())


def test_errors_are_those_of_each_output() -> None:
    told = told_numbers([[1, 10], [2, 20], [3, 30]], [[1, 13], [2, 24], [5, 30]])
    first, second = number_figures(told, ConstantAnswer(np.array([1.0, 20]), np.array([2.0, 0])))
    assert first.rmse == pytest.approx(np.sqrt(4 / 3))
    assert first.r2 == pytest.approx(1 - 4 / 2)
    assert (second.mae, second.greatest_error) == (pytest.approx(7 / 3), 4)
    assert (first.bias, second.bias) == (pytest.approx(2 / 3), pytest.approx(7 / 3))
    assert first.constant_rmse == pytest.approx(np.sqrt(5 / 3))
    assert first.constant_mae == pytest.approx(2 / 3)
    assert [each.name for each in scores_of(told)] == ["rmse of no", "rmse of yes"]
    assert [each.value for each in scores_of(told)] == pytest.approx([first.rmse, second.rmse])


def test_rows_that_are_all_alike_have_no_spread_to_explain() -> None:
    (only,) = number_figures(told_numbers([2, 2], [1, 3]), None)
    assert (only.r2, only.rmse, only.constant_rmse) == (None, 1, None)


def test_calibration_puts_answers_by_what_was_said() -> None:
    bins = calibration(told_classes([1, 1, 0, 0], [0.85, 0.85, 0.85, 0.0]))
    assert [(each.low, each.rows) for each in bins] == [(0.8, 3), (0.9, 1)]
    assert (bins[0].probability, bins[0].right) == (pytest.approx(0.85), pytest.approx(2 / 3))
    assert calibration_error(bins) == pytest.approx(3 / 4 * (0.85 - 2 / 3))


def test_the_worst_row_is_the_surest_that_is_wrong() -> None:
    told = told_classes([0, 0, 1], [0.9, 0.6, 0.9])
    assert np.argsort(-badness(told)).tolist() == [0, 1, 2]
    numbers = told_numbers([[1, 100], [2, 300], [3, 200]], [[1, 100], [2, 320], [6, 200]])
    assert int(badness(numbers).argmax()) == 2
