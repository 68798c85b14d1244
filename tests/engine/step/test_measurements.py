"""Gradient norms are exact over sixty decades, and a NaN stays in its own parameter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.network.parameters import ParameterLayout
from engine.step.measurements import Measurements, norms_of_part
from tests.experiments import CUBIC, experiment


def make_rows(members: int = 2) -> Measurements:
    layout = ParameterLayout(experiment(CUBIC), members)
    return Measurements(layout, torch.zeros(layout.size))


@pytest.mark.parametrize("exponent", [-30, -23, -12, 0, 12, 20, 30])
def test_norms_are_exact_from_1e_minus_30_to_1e30(exponent: int) -> None:
    rows = make_rows()
    weight = rows.layout.slices(rows.gradients[0])[0]
    weight[:] = 10.0**exponent
    norm = float(rows.norms(1)[0, 0, 1])
    assert norm == pytest.approx(10.0**exponent * math.sqrt(8), rel=1e-6)


@given(
    st.integers(500, 3000),
    st.lists(st.integers(-36, 36), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_norms_of_large_parameters_are_exact_whatever_is_in_them(
    numbers: int, exponents: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** rng.choice(exponents, size=(3, 2, numbers))
    values = (rng.normal(size=sizes.shape) * sizes).astype(np.float32)
    values[0, 0] = 0
    expected = np.sqrt(np.square(values.astype(np.float64)).sum(-1))
    np.testing.assert_allclose(norms_of_part(torch.from_numpy(values)), expected, rtol=1e-6)


def test_a_number_gone_bad_in_a_large_parameter_stays_in_its_row_and_member() -> None:
    part = torch.ones(4, 3, 700)
    part[1, 2, 690], part[2, 0, 5], part[3, 1, 300] = math.nan, math.inf, 3e38
    norms = norms_of_part(part)
    assert norms[1, 2].isnan()
    assert norms[2, 0].isinf()
    assert float(norms[3, 1]) == pytest.approx(3e38, rel=1e-6)
    fine = torch.ones(4, 3, dtype=torch.bool)
    fine[1, 2] = fine[2, 0] = fine[3, 1] = False
    torch.testing.assert_close(norms[fine], torch.full((9,), math.sqrt(700), dtype=torch.float64))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_number_gone_bad_stays_in_its_parameter_and_member(bad: float) -> None:
    rows = make_rows()
    rows.gradients[:] = 1.0
    rows.layout.slices(rows.gradients[0])[2][1, 3] = bad
    norms = rows.norms(2).numpy()
    spoiled = ~np.isfinite(norms)
    assert spoiled[0, 1, [0, 3]].all()
    assert spoiled.sum() == 2


def test_the_first_norm_is_that_of_all_parameters_together() -> None:
    rows = make_rows()
    for part in rows.layout.slices(rows.gradients):
        part.copy_(torch.randn(part.shape, generator=torch.Generator().manual_seed(1)))
    norms = rows.norms(3)
    packed = np.stack([rows.layout.pack(row) for row in rows.gradients[:3]]).astype(np.float64)
    np.testing.assert_allclose(norms[..., 0], np.linalg.norm(packed, axis=-1))
