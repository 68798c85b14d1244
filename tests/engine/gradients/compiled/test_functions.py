"""The functions of the compiled steps, number by number: against PyTorch's, wherever it can lie."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.components.activations import ACTIVATIONS
from engine.components.update_rules import UpdateRule
from engine.gradients.compiled.library import library, why_none
from engine.gradients.compiled.printing import UnprintableError, UpdateText, formulas
from tests.engine.gradients.manual.test_activations import UNSETTLED

pytestmark = pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is a library")

KINDS: list[tuple[str, Any, Any]] = [
    ("float", np.float32, ctypes.c_float),
    ("double", np.float64, ctypes.c_double),
]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 1e30, -1e30, 3.0, -3.0, 1.0, -1.0]
SPECIAL += [1e-40, -1e-40, 1e19, -1e19]
"""Where a formula may leave its range, and where activations have their kinks."""
PYTORCHS_OWN = {"hard_sigmoid": 1e-7, "softplus": 1e-8, "gelu": 2e-6}
"""By how much PyTorch is off: it takes 1 / 6 in single precision, z for softplus(z) from 20 on, and
1 + erf(z) in single precision where that is nearly 0."""


def numbers(dtype: Any) -> NDArray[Any]:
    """Some of every size, and the special ones."""
    sizes = np.geomspace(1e-12, 120, 400)
    return np.array([*SPECIAL, *sizes, *-sizes, *np.linspace(-12, 12, 801)], dtype)


def activated(name: str, real: str, z: NDArray[Any], d: NDArray[Any]) -> tuple[Any, Any]:
    """What a step makes of z, and of a derivative d."""
    h, turned = np.zeros_like(z), d.copy()
    given = [each.ctypes.data_as(ctypes.c_void_p) for each in (z, h, turned)]
    number = ctypes.c_int64(list(formulas().units).index(name))
    getattr(library(real), f"activate_{real}")(number, ctypes.c_int64(len(z)), *given)
    return h, turned


@pytest.mark.parametrize("name", list(formulas().units))
@pytest.mark.parametrize(("real", "dtype", "_"), KINDS, ids=["float", "double"])
def test_an_activation_and_its_slope_are_pytorchs(name: str, real: str, dtype: Any, _: Any) -> None:
    z = numbers(dtype)
    entry = ACTIVATIONS[name]
    there = torch.tensor(z, requires_grad=True)
    value = getattr(torch.nn, entry.module)(**entry.arguments)(there)
    value.backward(torch.full_like(value, 0.7))
    h, turned = activated(name, real, z, np.full_like(z, 0.7))
    scale = 4e-7 if real == "float" else 2e-15
    off = PYTORCHS_OWN.get(name, 0.0) if (name, real) != ("gelu", "double") else 0.0
    loose = 8 * scale + off
    # GELU at infinity is NaN in PyTorch's vectors and infinity in its numbers one by one: so it is.
    told = np.isfinite(z) if name == "gelu" else np.full(len(z), fill_value=True)
    assert name != "gelu" or h[z == np.inf] == np.inf
    np.testing.assert_allclose(
        h[told], value.detach().numpy()[told], rtol=loose, atol=max(loose, scale)
    )
    assert there.grad is not None
    slope, wanted = turned, there.grad.numpy()
    asked = (z == z) | (name not in UNSETTLED)
    np.testing.assert_allclose(slope[asked], wanted[asked], rtol=loose, atol=4 * scale)


@pytest.mark.parametrize("name", list(formulas().units))
@pytest.mark.parametrize(("real", "dtype", "_"), KINDS, ids=["float", "double"])
@pytest.mark.parametrize("d", [0.0, np.inf, -np.inf, np.nan])
def test_a_derivative_that_is_not_finite_passes_as_pytorchs(
    name: str, real: str, dtype: Any, _: Any, d: float
) -> None:
    """What a unit does not pass is nothing however large it is, and nothing else is made of it."""
    entry, z = ACTIVATIONS[name], np.array(SPECIAL, dtype)
    if name in UNSETTLED:
        z = z[z == z]
    there = torch.tensor(z, requires_grad=True)
    value = getattr(torch.nn, entry.module)(**entry.arguments)(there)
    value.backward(torch.full_like(value, d))
    assert there.grad is not None
    _, turned = activated(name, real, z, np.full_like(z, d))
    np.testing.assert_array_equal(turned, there.grad.numpy())


def test_a_unit_that_is_no_number_hides_no_derivative() -> None:
    nan, one = np.array([np.nan], np.float32), np.ones(1, np.float32)
    passed = {name: activated(name, "float", nan, one)[1][0] for name in UNSETTLED}
    assert passed["hard_tanh"] == 1.0
    assert np.isnan(passed["elu"])


@pytest.mark.parametrize(("real", "dtype", "_"), KINDS, ids=["float", "double"])
@pytest.mark.parametrize("count", [1, 3, 16, 37, 1024])
@pytest.mark.parametrize("size", [1e-30, 1e-12, 1.0, 1e18, 1e30])
def test_a_norm_is_exact_however_small_or_large(
    real: str, dtype: Any, _: Any, count: int, size: float
) -> None:
    values = (np.random.default_rng(count).normal(size=count) * size).astype(dtype)
    norm = getattr(library(real), f"norm_{real}")
    norm.restype = ctypes.c_double
    computed = norm(ctypes.c_int64(count), values.ctypes.data_as(ctypes.c_void_p))
    exact = np.linalg.norm(values.astype(np.longdouble))
    assert computed == pytest.approx(float(exact), rel=1e-6 if real == "float" else 1e-14)
    values[0] = np.nan
    assert np.isnan(norm(ctypes.c_int64(count), values.ctypes.data_as(ctypes.c_void_p)))


def test_every_formula_has_its_c_and_none_speaks_of_a_preset() -> None:
    text = formulas().text
    assert all(f"NAME({name}_forward)" in text for name in formulas().units)
    assert text.count("_apply)(") == len(formulas().updates)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            UpdateRule(text="w = w - lr * g", state={f"b{n}": f"buffer{n}" for n in range(5)}),
            "keeps 5 numbers, and may 4",
        ),
        (
            UpdateRule(text="".join(f"w = w - {n}.5 * lr * g\n" for n in range(40))),
            "computes once a step 40 numbers, and may 32",
        ),
    ],
)
def test_an_update_with_more_than_there_is_room_for_is_refused(rule: UpdateRule, said: str) -> None:
    with pytest.raises(UnprintableError, match=said):
        UpdateText(rule).text("update0")


def test_what_has_no_c_is_refused_by_name() -> None:
    import ast

    from engine.gradients.compiled.printing import vector_text

    with pytest.raises(UnprintableError, match=r"system\('ls'\)"):
        vector_text(ast.parse("system('ls')", mode="eval").body)
