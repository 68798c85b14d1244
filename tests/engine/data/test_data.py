"""Data is drawn in the shapes it promises, the same for the same seed, and parted without loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from engine.data import Data, DataBase, load
from engine.data.function import Function
from engine.data.plane import Circles, Moons, Spirals, Xor
from engine.data.sum import Sum
from engine.data.table import InlineTable
from engine.randomness import generator

POINTS = [Moons, Circles, Spirals, Xor]


def drawn(spec: DataBase, seed: int = 0) -> Any:
    return spec.draw(generator(seed, "data"))


@pytest.mark.parametrize("cls", POINTS)
@pytest.mark.parametrize("samples", [1, 2, 7, 100])
class TestPoints:
    def test_have_the_shapes_and_types_they_promise(
        self, cls: type[DataBase], samples: int
    ) -> None:
        part = drawn(cls(samples=samples))  # type: ignore[call-arg]
        assert (part.inputs.shape, part.inputs.dtype) == ((samples, 2), np.float64)
        assert (part.targets.shape, part.targets.dtype) == ((samples,), np.int64)
        assert len(part) == samples

    def test_are_half_of_each_class(self, cls: type[DataBase], samples: int) -> None:
        counts = np.bincount(drawn(cls(samples=samples)).targets, minlength=2)  # type: ignore[call-arg]
        assert counts.tolist() == [samples - samples // 2, samples // 2]

    def test_the_noise_is_added_to_them_and_nothing_else_changes(
        self, cls: type[DataBase], samples: int
    ) -> None:
        still = drawn(cls(samples=samples, noise=0.0))  # type: ignore[call-arg]
        noisy = drawn(cls(samples=samples, noise=1e-3))  # type: ignore[call-arg]
        assert np.abs(still.inputs - noisy.inputs).max() < 6e-3
        np.testing.assert_array_equal(still.targets, noisy.targets)


class TestGeometry:
    def test_moons_are_half_circles_around_0_and_around_1_and_a_half(self) -> None:
        part = drawn(Moons(samples=101, noise=0.0))
        upper, lower = part.inputs[part.targets == 0], part.inputs[part.targets == 1]
        np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-6)
        np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-6)
        assert upper[:, 1].min() >= -1e-6
        assert lower[:, 1].max() <= 0.5 + 1e-6
        np.testing.assert_allclose(upper[[0, -1]], [[1, 0], [-1, 0]], atol=1e-6)
        np.testing.assert_allclose(lower[[0, -1]], [[0, 0.5], [2, 0.5]], atol=1e-6)

    def test_the_noise_has_its_standard_deviation(self) -> None:
        still, noisy = (drawn(Moons(samples=20_000, noise=noise)) for noise in (0.0, 0.1))
        difference = noisy.inputs - still.inputs
        np.testing.assert_allclose(difference.std(axis=0), 0.1, rtol=0.03)
        np.testing.assert_allclose(difference.mean(axis=0), 0, atol=0.003)

    def test_circles_have_radius_1_and_the_factor(self) -> None:
        part = drawn(Circles(samples=40, noise=0.0, factor=0.3))
        radius = np.hypot(*part.inputs.T)
        np.testing.assert_allclose(radius, np.where(part.targets == 0, 1, 0.3), atol=1e-6)
        assert len(np.unique(part.inputs.round(4), axis=0)) == 40

    def test_spirals_end_at_radius_2_and_are_each_other_s_mirror(self) -> None:
        part = drawn(Spirals(samples=40, noise=0.0))
        first, second = part.inputs[part.targets == 0], part.inputs[part.targets == 1]
        np.testing.assert_allclose(first, -second, atol=1e-5)
        np.testing.assert_allclose(np.hypot(*first[-1]), 2, atol=1e-6)
        angles = np.unwrap(np.arctan2(first[:, 1], first[:, 0]))
        np.testing.assert_allclose(angles[-1] - angles[0], 1.5 * 2 * np.pi * 0.9, rtol=1e-4)

    def test_xor_is_1_where_exactly_one_coordinate_is_negative(self) -> None:
        part = drawn(Xor(samples=400, noise=0.0))
        negative = (part.inputs < 0).sum(axis=1)
        np.testing.assert_array_equal(part.targets, (negative == 1).astype(int))
        assert np.abs(part.inputs).max() <= 1
        quarters = np.unique(np.sign(part.inputs), axis=0)
        assert len(quarters) == 4


class TestFunction:
    def test_its_targets_are_the_expressions_on_even_points(self) -> None:
        part = drawn(Function(domain=[0.1, 2.1], points=5, targets=["x * exp(x)", "x**2"]))
        x = np.linspace(0.1, 2.1, 5)
        np.testing.assert_allclose(part.inputs, x[:, None], rtol=1e-6)
        np.testing.assert_allclose(part.targets, np.stack([x * np.exp(x), x**2], 1), rtol=1e-6)
        assert (part.inputs.dtype, part.targets.dtype) == (np.float64, np.float64)

    def test_the_noise_is_on_the_targets_alone(self) -> None:
        part = drawn(Function(points=20_000, noise=0.1))
        errors = part.targets[:, 0] - np.linspace(-1, 1, 20_000) ** 3
        assert errors.std() == pytest.approx(0.1, rel=0.03)
        np.testing.assert_allclose(part.inputs[:, 0], np.linspace(-1, 1, 20_000), atol=1e-6)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"targets": ["log(x)"]}, r"targets: 'log\(x\)' is nan at x = -1; change it"),
            ({"targets": ["1 / x"], "points": 3}, r"targets: '1 / x' is inf at x = 0"),
            ({"targets": ["exp(100 * x)"]}, r"targets: 'exp\(100 \* x\)' is 1\.1"),
            ({"domain": [1.0, 1.0]}, r"domain: must rise"),
            ({"targets": []}, r"at least 1"),
            ({"targets": ["x"] * 65}, r"at most 64"),
        ],
    )
    def test_targets_that_are_no_numbers_there_are_refused(
        self, settings: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValidationError, match=message):
            Function.model_validate(settings)


class TestTable:
    def test_classes_and_numbers_keep_their_rows(self) -> None:
        classes = InlineTable(inputs=[[0, 1], [2, 3]], targets=[2, 0])
        part = drawn(classes)
        assert part.inputs.tolist() == [[0, 1], [2, 3]]
        assert (part.targets.tolist(), part.targets.dtype) == ([2, 0], np.int64)
        assert (classes.class_count, classes.target_names) == (3, ["0", "1", "2"])
        numbers = InlineTable(inputs=[[0.5], [2]], targets=[[1, 2], [3, 4.5]])
        part = drawn(numbers)
        assert (part.targets.tolist(), part.targets.dtype) == ([[1, 2], [3, 4.5]], np.float64)
        assert (numbers.class_count, numbers.target_names) == (0, ["y1", "y2"])
        assert numbers.input_names == ["x1"]

    @pytest.mark.parametrize(
        ("inputs", "targets", "message"),
        [
            ([[1]], [0, 1], "has 1 inputs and 2 targets"),
            ([[1], [1, 2]], [0, 1], r"inputs\[1\]: has 2 numbers, inputs\[0\] has 1"),
            ([[]], [0], r"inputs\[0\]: must not be empty"),
            ([[1], [2]], [[1], [1, 2]], r"targets\[1\]: has 2 numbers, targets\[0\] has 1"),
            ([[1]], [[]], r"targets\[0\]: must not be empty"),
            ([[1]], [-1], "greater than or equal to 0"),
            ([[1]], [1000], "less than 1000"),
            ([[1e39]], [0], "less than or equal to 10000"),
            ([], [], "at least 1"),
        ],
    )
    def test_rows_that_do_not_match_are_refused(
        self, inputs: list[Any], targets: list[Any], message: str
    ) -> None:
        with pytest.raises(ValidationError, match=message):
            InlineTable(inputs=inputs, targets=targets)


class TestSum:
    def test_the_target_is_the_sum_of_whole_numbers(self) -> None:
        part = Sum(terms=30).draw_fresh(generator(0, "fresh"), 2000)
        assert (part.inputs.shape, part.targets.shape) == ((2000, 30), (2000, 1))
        np.testing.assert_allclose(part.targets[:, 0], part.inputs.sum(axis=1), rtol=1e-5)
        numbers = part.inputs * 100
        np.testing.assert_allclose(numbers, numbers.round(), atol=1e-4)
        assert (numbers.min().round(), numbers.max().round()) == (0, 100)

    def test_undivided_the_numbers_are_as_drawn(self) -> None:
        part = Sum(terms=3, highest=5, divide_by=1.0).draw_fresh(generator(0, "fresh"), 500)
        assert set(np.unique(part.inputs)) == {0, 1, 2, 3, 4, 5}

    def test_there_is_no_training_set(self) -> None:
        dataset = load(Sum(), 0)
        assert (len(dataset.train), dataset.dev, dataset.test) == (0, None, None)

    def test_extreme_settings_stay_in_float32(self) -> None:
        part = Sum(terms=10_000, highest=10**9, divide_by=1e-6).draw_fresh(generator(0, "fresh"), 2)
        assert np.isfinite(part.targets).all()


class TestLoad:
    def test_the_same_seed_draws_the_same_and_another_others(self) -> None:
        spec = Moons(samples=50, split=[30, 10, 10])
        first, again, other = load(spec, 5), load(spec, 5), load(spec, 6)
        np.testing.assert_array_equal(first.train.inputs, again.train.inputs)
        np.testing.assert_array_equal(first.train.targets, again.train.targets)
        assert not np.array_equal(first.train.inputs, other.train.inputs)

    def test_the_order_of_the_split_is_no_matter_of_the_data(self) -> None:
        whole, parted = (
            load(Moons(samples=50), 5).train,
            load(Moons(samples=50, split=[50]), 5).train,
        )
        assert not np.array_equal(whole.inputs, parted.inputs)
        np.testing.assert_array_equal(np.sort(whole.inputs, 0), np.sort(parted.inputs, 0))

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.integers(1, 20), min_size=1, max_size=3), st.integers(0, 2**63 - 1))
    def test_no_row_is_in_two_parts(self, split: list[int], seed: int) -> None:
        dataset = load(Moons(samples=60, split=split), seed)
        parts = [part for part in (dataset.train, dataset.dev, dataset.test) if part is not None]
        assert [len(part) for part in parts] == split
        every = np.concatenate([part.inputs for part in parts])
        assert len(np.unique(every, axis=0)) == sum(split)

    def test_rows_keep_their_targets_when_shuffled(self) -> None:
        dataset = load(Xor(samples=100, noise=0.0, split=[60, 40]), 3)
        assert dataset.dev is not None
        for part in (dataset.train, dataset.dev):
            negative = (part.inputs < 0).sum(axis=1)
            np.testing.assert_array_equal(part.targets, (negative == 1).astype(int))

    def test_both_classes_are_in_every_part_of_two_moons(self) -> None:
        dataset = load(Moons(split=[640, 160, 200]), 102)
        assert dataset.dev is not None
        assert dataset.test is not None
        for part in (dataset.train, dataset.dev, dataset.test):
            assert 0.4 < part.targets.mean() < 0.6

    def test_without_a_split_rows_keep_their_order(self) -> None:
        dataset = load(Function(points=10), 0)
        assert (np.diff(dataset.train.inputs[:, 0]) > 0).all()
        assert dataset.dev is None
        assert dataset.test is None

    @pytest.mark.parametrize("split", [[900, 200], [0], [1, 1, 1, 1], []])
    def test_a_split_that_does_not_fit_is_refused(self, split: list[int]) -> None:
        with pytest.raises(ValidationError):
            Moons(split=split)


def test_a_table_without_a_kind_is_two_moons() -> None:
    assert TypeAdapter(Data).validate_python({"noise": 0.2}) == Moons(noise=0.2)
