"""Single numbers, read where they lie: what a loop says is what is recorded, whatever has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from engine.loops.said import RowWords
from engine.loops.single import single_reader

HELD = torch.tensor([[0.0, -2.5], [3.0, 1e-40]])

NUMBERS: dict[str, Callable[[], Tensor]] = {
    "of float": lambda: torch.tensor(2.5),
    "a part of others": lambda: HELD[0, 1],
    "in a vector": lambda: HELD[1, :1],
    "nought": lambda: HELD[0, 0],
    "next to nought": lambda: HELD[1, 1],
    "no number": lambda: torch.tensor(torch.nan),
    "without end": lambda: torch.tensor(-torch.inf),
    "of a loss": lambda: torch.ones(3, requires_grad=True).sum(),
    "of double": lambda: torch.tensor(0.1, dtype=torch.float64),
    "of half": lambda: torch.tensor(0.1, dtype=torch.bfloat16),
    "whole": lambda: torch.tensor(7),
    "a view as the negative": lambda: torch.tensor([1 + 2j]).conj().imag[0],
    "of zeros that nothing has": lambda: torch._efficientzerotensor(()),
}


def said(value: Tensor) -> float:
    words = RowWords()
    words.begin()
    words.taken()
    words.log(loss=value)
    return words.rows()[0]["loss"]


@pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_the_one_that_pytorch_has(make: Callable[[], Tensor]) -> None:
    assert said(make()) == pytest.approx(make().item(), rel=0, abs=0, nan_ok=True)


def test_one_is_read_without_pytorch_where_its_insides_are_known() -> None:
    assert single_reader()(HELD[1, 0]) == 3.0
    assert single_reader()(HELD) == 0


def test_what_is_said_within_a_transform_is_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[float] = []

    def loss_of(x: Tensor) -> Tensor:
        loss = x.square().sum()
        seen.append(said(loss))
        return loss

    torch.func.grad(loss_of)(torch.tensor([1.0, 2.0]))
    assert seen == [5.0]
    assert capfd.readouterr().err == ""
