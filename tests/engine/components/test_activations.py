"""Every activation's two sides are one function: PyTorch's module, and numpy for the viewers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from torch import nn

from engine.components.activations import ACTIVATIONS, ActivationEntry

NAMES = sorted(ACTIVATIONS)
DENSE = np.concatenate([np.linspace(-30, 30, 20_001), np.linspace(-1e-3, 1e-3, 2_000), [0.0]])
EXTREMES = np.array([-1e30, -1e4, -200.0, -90.0, -0.0, 0.0, 90.0, 200.0, 1e4, 1e30])


def in_torch(activation: ActivationEntry, z: NDArray[Any]) -> NDArray[Any]:
    module: nn.Module = getattr(nn, activation.module)(**activation.arguments)
    outputs: NDArray[Any] = module(torch.from_numpy(z)).numpy()
    return outputs


def in_numpy(activation: ActivationEntry, z: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(all="ignore"):
        return activation.numpy(z)


def rows_of(z: NDArray[Any], units: int = 4) -> NDArray[Any]:
    """Return numbers as rows of units: mixed, so that units far apart meet in a row."""
    mixed = np.random.default_rng(0).permutation(z)
    return mixed[: len(z) // units * units].reshape(-1, units)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_agrees_with_torch(name: str, dtype: type) -> None:
    z = rows_of(DENSE).astype(dtype)
    expected = in_torch(ACTIVATIONS[name], z)
    found = in_numpy(ACTIVATIONS[name], z)
    assert found.dtype == expected.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_numpy_agrees_with_torch_where_exponentials_overflow(name: str) -> None:
    z = rows_of(np.repeat(EXTREMES, 4), units=2).astype(np.float32)
    np.testing.assert_allclose(
        in_numpy(ACTIVATIONS[name], z), in_torch(ACTIVATIONS[name], z), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name: str) -> None:
    z = np.array([[np.nan, 1.0], [0.5, -1.0]], np.float32)
    found = in_numpy(ACTIVATIONS[name], z)
    assert np.isnan(found[0, 0])
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize("name", [name for name in NAMES if not ACTIVATIONS[name].output_only])
@given(z=arrays(np.float32, array_shapes(max_dims=3), elements=st.floats(-50, 50, width=32)))
def test_what_is_no_output_treats_every_unit_alone(name: str, z: NDArray[Any]) -> None:
    found = in_numpy(ACTIVATIONS[name], z)
    alone = [in_numpy(ACTIVATIONS[name], unit.reshape(1))[0] for unit in z.ravel()]
    np.testing.assert_allclose(found.ravel(), alone, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_ranges_hold(name: str) -> None:
    low, high = ACTIVATIONS[name].traits.range
    z = rows_of(np.concatenate([DENSE, np.resize(EXTREMES, 4000)]))
    for found in (in_numpy(ACTIVATIONS[name], z), in_torch(ACTIVATIONS[name], z)):
        assert low - 1e-5 <= found.min()
        assert found.max() <= high + 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_ranges_are_no_wider_than_they_must_be(name: str) -> None:
    low, high = ACTIVATIONS[name].traits.range
    found = in_torch(ACTIVATIONS[name], rows_of(np.concatenate([DENSE, np.resize(EXTREMES, 400)])))
    assert found.min() < (low + 1e-3 if np.isfinite(low) else -0.25)
    assert found.max() > (high - 1e-3 if np.isfinite(high) else 25)


def test_softmax_gives_probabilities() -> None:
    found = in_numpy(ACTIVATIONS["softmax"], rows_of(DENSE).astype(np.float32))
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-6)
