"""Norms of gradients in one call: as they are, or not at all where one is unusual."""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Callable

import pytest
import torch
from torch import nn

from engine.loops.norms import FusedGradients, fused_gradients

Change = Callable[[list[nn.Parameter]], object]


def parameters(dtype: torch.dtype = torch.float32) -> list[nn.Parameter]:
    torch.manual_seed(0)
    made = [nn.Parameter(torch.zeros(shape, dtype=dtype)) for shape in ((70, 60), (60,), ())]
    for each in made:
        each.grad = torch.randn(each.shape, dtype=dtype)
    return made


def finding(tensors: list[nn.Parameter]) -> FusedGradients:
    found = fused_gradients(tensors)
    if sys.platform != "linux":
        pytest.skip("gradients are found by their own objects on Linux alone")
    assert found is not None
    return found


def taken(found: FusedGradients, count: int) -> list[float] | None:
    """The norms, if they were to be had at once."""
    norms = (ctypes.c_double * count)()
    return [*norms] if found.take(ctypes.addressof(norms)) else None


def plain(tensors: list[nn.Parameter]) -> list[float]:
    return [float(each.grad.double().norm()) for each in tensors if each.grad is not None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_found_wherever_they_lie_by_now(dtype: torch.dtype) -> None:
    tensors = parameters(dtype)
    found = finding(tensors)
    assert taken(found, 3) == pytest.approx(plain(tensors), rel=1e-6)
    for each in tensors:
        each.grad = torch.randn(each.shape, dtype=dtype) * 1e-25
    assert taken(found, 3) == pytest.approx(plain(tensors), rel=1e-6, abs=0)


def test_what_has_no_gradient_has_no_norm_and_what_has_no_numbers_has_none_to_have() -> None:
    tensors = [*parameters(), nn.Parameter(torch.zeros(0))]
    found = finding(tensors)
    tensors[1].grad, tensors[3].grad = None, torch.zeros(0)
    first, second, nothing = plain(tensors)
    norms = taken(found, 4)
    assert norms == pytest.approx([first, math.nan, second, nothing], rel=1e-6, nan_ok=True)


def swapped(tensors: list[nn.Parameter]) -> None:
    """Have an object be of another tensor, as ``Module.to`` may; what it was of is gone."""
    other = nn.Parameter(torch.zeros(70, 60))
    other.grad = torch.full((70, 60), 2.0)
    torch.utils.swap_tensors(tensors[0], other)


def loaded(tensors: list[nn.Parameter]) -> None:
    tensors[0].data = torch.zeros(70, 60)


@pytest.mark.parametrize("change", [swapped, loaded])
def test_a_parameter_may_become_another_within_its_object(change: Change) -> None:
    tensors = parameters()
    found = finding(tensors)
    change(tensors)
    assert taken(found, 3) == pytest.approx(plain(tensors), rel=1e-6)


def transposed(tensors: list[nn.Parameter]) -> None:
    tensors[0].grad = torch.ones(60, 70).T


def sparse(tensors: list[nn.Parameter]) -> None:
    tensors[0].grad = torch.eye(70, 60).to_sparse()


def smaller(tensors: list[nn.Parameter]) -> None:
    tensors[1].data = torch.zeros(3)
    tensors[1].grad = torch.zeros(3)


def halved(tensors: list[nn.Parameter]) -> None:
    tensors[0].data = tensors[0].data.half()
    tensors[0].grad = torch.zeros(70, 60).half()


def elsewhere(tensors: list[nn.Parameter]) -> None:
    other = nn.Parameter(torch.zeros(70, 60, device="meta"))
    other.grad = torch.zeros(70, 60, device="meta")
    torch.utils.swap_tensors(tensors[0], other)


@pytest.mark.parametrize("change", [transposed, sparse, smaller, halved, elsewhere])
def test_where_one_is_unusual_none_is_taken(change: Change) -> None:
    tensors = parameters()
    found = finding(tensors)
    for each in tensors:
        each.grad = None
    change(tensors)
    for each in tensors[1:]:
        if each.grad is None:
            each.grad = torch.zeros_like(each)
    assert taken(found, 3) is None


@pytest.mark.parametrize(
    "tensors",
    [
        [],
        [nn.Parameter(torch.zeros(2).half())],
        [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2).double())],
        [nn.Parameter(torch.zeros(2, device="meta"))],
    ],
    ids=["none", "half", "mixed", "meta"],
)
def test_other_parameters_are_left_to_pytorch(tensors: list[nn.Parameter]) -> None:
    assert fused_gradients(tensors) is None


def test_to_begin_within_inference_is_to_begin_all_the_same() -> None:
    tensors = parameters()
    with torch.inference_mode():
        found = finding(tensors)
    assert taken(found, 3) == pytest.approx(plain(tensors), rel=1e-6)
