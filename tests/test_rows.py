"""Gradient norms are exact over sixty decades, and a NaN stays in its own parameter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from engine.rows import Rows
from tests.experiments import CUBIC, experiment


def make_rows(members: int = 2) -> Rows:
    return Rows(experiment(CUBIC), members, torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("exponent", [-30, -23, -12, 0, 12, 20, 30])
def test_norms_are_exact_from_1e_minus_30_to_1e30(exponent: int) -> None:
    rows = make_rows()
    weight = rows.layout.slices(rows.gradients[0])[0]
    weight[:] = 10.0**exponent
    norm = float(rows.norms(1)[0, 0, 1])
    assert norm == pytest.approx(10.0**exponent * math.sqrt(8), rel=1e-6)


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
