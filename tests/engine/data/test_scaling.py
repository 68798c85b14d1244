"""Scaling is fitted on the training set alone, and goes there and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from pydantic import ValidationError

from engine.data import Dataset, Examples, Scaling, load
from engine.data.base import DataBase
from engine.data.function import Function
from engine.data.plane import Moons
from engine.data.scaling import ColumnScaling, Scale
from engine.data.sum import Sum
from engine.data.table import InlineTable
from engine.experiment.experiment import Experiment
from engine.randomness import generator
from engine.training.trainer import Trainer

HOW = st.sampled_from(["none", "standard", "range"])
ROWS = some.arrays(np.float32, (12, 3), elements=st.floats(-1e6, 1e6, width=32))


def table(values: np.ndarray, **settings: Any) -> InlineTable:
    """Rows of two inputs and one target."""
    return InlineTable.model_validate(
        {"inputs": values[:, :2].tolist(), "targets": values[:, 2:].tolist(), **settings}
    )


def parts(dataset: Dataset) -> list[Examples]:
    return [part for part in (dataset.train, dataset.dev, dataset.test) if part is not None]


def test_standard_gives_the_training_set_mean_0_and_deviation_1() -> None:
    data = load(Moons(split=[600, 400], scale_inputs="standard"), 3)
    np.testing.assert_allclose(data.train.inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(data.train.inputs.std(axis=0), 1, atol=1e-6)
    assert data.dev is not None
    assert np.abs(data.dev.inputs.mean(axis=0)).max() > 1e-4


def test_range_gives_the_training_set_0_to_1_and_others_may_lie_outside() -> None:
    spec = Function(
        points=50, targets=["x**3", "exp(x)"], noise=0.1, split=[20, 30], scale_targets="range"
    )
    data = load(spec, 1)
    assert data.train.targets.min(axis=0).tolist() == [0, 0]
    assert data.train.targets.max(axis=0).tolist() == [1, 1]
    assert data.dev is not None
    assert data.dev.targets.min() < 0 or data.dev.targets.max() > 1
    np.testing.assert_array_equal(
        data.train.inputs, load(spec.model_copy(update={"scale_targets": "none"}), 1).train.inputs
    )


@settings(max_examples=100, deadline=None)
@given(ROWS, ROWS, HOW, HOW, st.integers(0, 2**63 - 1))
def test_no_dev_or_test_row_ever_moves_the_scaling_or_a_training_row(
    rows: np.ndarray, others: np.ndarray, inputs: Scale, targets: Scale, seed: int
) -> None:
    """A scaling that saw a row outside the training set would leak it."""
    how = {"split": [5, 4, 3], "scale_inputs": inputs, "scale_targets": targets}
    ours = np.random.default_rng(0).permutation(12)  # Any order: which rows train is found below.
    marked = load(table(np.arange(36, dtype=np.float32).reshape(12, 3), split=[5, 4, 3]), seed)
    training = (marked.train.inputs[:, 0] / 3).astype(int)
    changed = others[ours]
    changed[training] = rows[training]
    before, after = load(table(rows, **how), seed), load(table(changed, **how), seed)
    np.testing.assert_array_equal(before.train.inputs, after.train.inputs)
    np.testing.assert_array_equal(before.train.targets, after.train.targets)
    assert before.scaling.plain() == after.scaling.plain()


@settings(max_examples=100, deadline=None)
@given(ROWS, HOW, HOW)
def test_targets_come_back_in_original_units_and_new_inputs_go_where_the_old_ones_went(
    rows: np.ndarray, inputs: Scale, targets: Scale
) -> None:
    how = {"split": [5, 4, 3], "scale_inputs": inputs, "scale_targets": targets}
    plain, scaled = load(table(rows, split=[5, 4, 3]), 0), load(table(rows, **how), 0)
    for original, part in zip(parts(plain), parts(scaled), strict=True):
        np.testing.assert_array_equal(scaled.scaling.scale_inputs(original.inputs), part.inputs)
        assert (part.inputs.dtype, part.targets.dtype) == (np.float32, np.float32)
    # A column far from 0 keeps float32's precision of its spread, not of itself.
    spread = np.ptp(plain.train.targets.astype(float)) + 1
    np.testing.assert_allclose(
        scaled.scaling.to_original(scaled.train.targets), plain.train.targets, atol=1e-6 * spread
    )


@given(HOW, st.floats(-(2.0**99), 2.0**99, width=32))
def test_a_constant_column_is_shifted_and_not_blown_up(how: Scale, value: float) -> None:
    rows = np.full((7, 1), value, np.float32)
    columns = ColumnScaling.fitted(rows, how)
    assert columns.scale.tolist() == [1]
    assert columns.apply(rows).tolist() == ([[value]] * 7 if how == "none" else [[0]] * 7)
    assert columns.undo(columns.apply(rows)).tolist() == [[value]] * 7


@given(some.arrays(np.float32, (5, 2), elements=st.floats(-(2.0**99), 2.0**99, width=32)), HOW)
def test_the_training_rows_stay_finite_whatever_their_size(rows: np.ndarray, how: Scale) -> None:
    assert np.isfinite(ColumnScaling.fitted(rows, how).apply(rows)).all()


def test_what_is_not_scaled_is_not_touched() -> None:
    data = load(Moons(), 0)
    assert data.scaling.plain() == {}
    assert data.scaling.targets is None
    rows = np.array([[1e-42, 3e38]], np.float32)
    np.testing.assert_array_equal(data.scaling.scale_inputs(rows), rows)
    np.testing.assert_array_equal(data.scaling.to_original(rows), rows)


def test_it_goes_through_a_header_as_plain_lists() -> None:
    spec = Function(targets=["x", "x**2"], scale_inputs="standard", scale_targets="range")
    scaling = load(spec, 0).scaling
    made = scaling.plain()
    assert list(made) == ["input_shift", "input_scale", "target_shift", "target_scale"]
    again = Scaling.from_plain(made)
    outputs = np.array([[0.0, 1.0], [0.5, 0.25]])
    np.testing.assert_array_equal(again.to_original(outputs), scaling.to_original(outputs))
    np.testing.assert_array_equal(
        again.scale_inputs(outputs[:, :1]), scaling.scale_inputs(outputs[:, :1])
    )
    nothing = Scaling.from_plain({})
    np.testing.assert_array_equal(nothing.to_original(outputs), outputs)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Moons, {"scale_targets": "range"}, "scale_targets: classes are no numbers to scale"),
        (Sum, {"scale_inputs": "range"}, "scale_inputs: there is no training set .*divide_by"),
        (Sum, {"scale_targets": "standard"}, "scale_targets: there is no .* set divide_by"),
        (Moons, {"scale_inputs": "minmax"}, "'none', 'standard' or 'range'"),
    ],
)
def test_what_cannot_be_scaled_is_refused(
    kind: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        kind(**settings)


class TestShares:
    @given(st.integers(3, 10_000), st.sampled_from([[0.7, 0.15, 0.15], [0.8, 0.2], [1.0]]))
    def test_that_come_to_the_whole_leave_no_row_over(self, rows: int, split: list[float]) -> None:
        assume_each = min(split) * rows >= 1
        if assume_each:
            assert sum(Moons.model_validate({"samples": rows, "split": split}).sizes) == rows

    def test_are_of_all_rows(self) -> None:
        spec = Moons.model_validate({"samples": 200, "split": [0.7, 0.1, 0.15]})
        assert spec.sizes == (140, 20, 30)
        assert [len(part) for part in parts(load(spec, 0))] == [140, 20, 30]

    @pytest.mark.parametrize(
        ("split", "message"),
        [
            ([0.7, 0.4], r"split: its shares come to 1\.1, more than 1"),
            ([0.9, 0.001], r"split: a share of 0\.001 is not one of 50 rows"),
            ([0.5, 20], "less than or equal to 1"),
            ([0.0], "greater than 0"),
        ],
    )
    def test_that_cannot_be_had_are_refused(self, split: list[Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            Moons.model_validate({"samples": 50, "split": split})


SOURCES = {
    "a table": {"kind": "table", "inputs": [[0.1], [0.7], [1.2]], "targets": [[0.1], [0.2], [7]]},
    "a function": {"kind": "function", "targets": ["exp(x)"], "noise": 0.1, "points": 30},
    "points": {"kind": "moons", "samples": 40},
    "a measured set": {"kind": "sklearn", "set": "iris"},
}


@pytest.mark.parametrize("how", ["none", "standard", "range"])
@pytest.mark.parametrize("source", SOURCES)
def test_in_double_precision_no_number_passes_through_float32(source: str, how: str) -> None:
    spec = _spec(SOURCES[source], how)
    drawn = spec.draw(generator(3, "data")).inputs.astype(np.float64)
    shift, scale = {
        "none": (0.0, 1.0),
        "standard": (drawn.mean(axis=0), drawn.std(axis=0)),
        "range": (drawn.min(axis=0), np.ptp(drawn, axis=0)),
    }[how]
    double = load(spec, 3, np.float64).train.inputs
    np.testing.assert_allclose(double, (drawn - shift) / scale, rtol=0, atol=1e-14)
    assert (double != double.astype(np.float32)).any()
    single = load(spec, 3).train
    assert single.inputs.dtype == np.float32
    np.testing.assert_allclose(single.inputs, double, rtol=3e-7, atol=3e-7)


def test_a_training_in_double_precision_sees_them_so() -> None:
    tables = {
        "data": {**SOURCES["a function"], "scale_inputs": "standard", "scale_targets": "range"},
        "loss": {"name": "mse"},
        "train": {"steps": 3, "dtype": "float64"},
    }
    spec = Experiment.model_validate(tables)
    trainer = Trainer(spec)
    drawn = spec.data.draw(generator(0, "data"))
    mean, deviation = drawn.inputs.mean(axis=0), drawn.inputs.std(axis=0)
    seen = trainer.data.sets["train"].inputs[0].numpy()
    np.testing.assert_allclose(seen, (drawn.inputs - mean) / deviation, rtol=0, atol=1e-14)


def _spec(source: dict[str, Any], how: str) -> DataBase:
    losses = {"sklearn": "cross_entropy", "moons": "binary_cross_entropy_with_logits"}
    loss = {"name": losses.get(source["kind"], "mse")}
    tables = {"data": {**source, "scale_inputs": how}, "loss": loss}
    return Experiment.model_validate(tables).data
