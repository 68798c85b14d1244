"""What a loop's network is measured by: how often, and by which of its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from engine.loops.parameters import watched
from engine.loops.probe import FREE_SECONDS, SHARE, Allowance, LoopProbe, Sample
from engine.loops.units import Units


class Clock:
    """A clock that goes on when it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def measured(step_seconds: float, seconds: float, steps: int) -> list[int]:
    """Return the steps that are measured where measuring takes so long, as often as it may."""
    clock = Clock()
    net = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(net.parameters())
    probe = LoopProbe(watched(net, [optimizer]), Units(None, ()))
    probe._allowance = Allowance(clock)
    probe._sample.keep()

    def move() -> torch.Tensor:
        clock.now += seconds
        return torch.zeros(2, 2)

    probe._sample.moved = move  # type: ignore[method-assign]
    for step in range(1, steps + 1):
        clock.now += step_seconds
        if step == probe.step:
            probe.before()
            probe.after(step)
        probe.come(step + 1)
    return [*probe.norms]


def test_measuring_takes_no_more_than_its_share_even_at_first() -> None:
    steps = measured(step_seconds=0.3, seconds=0.006, steps=400)
    assert steps[0] == 1
    assert len(steps) > 10
    for count, step in enumerate(steps[1:], 1):
        assert count * 0.006 <= FREE_SECONDS + SHARE * (0.3 * step + count * 0.006) + 0.006
    # Often at first, then ever less: where that is cheaper, it is what counts.
    cheap = measured(step_seconds=0.3, seconds=0.00001, steps=64)
    assert cheap == [*range(1, 33), *range(34, 65, 2)]


def layouts() -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters of 40,000 numbers, as they may lie."""
    numbers = torch.arange(40_000.0)
    yield "in order", numbers.view(200, 200)
    yield "channels last", numbers.view(10, 40, 10, 10).to(memory_format=torch.channels_last)
    yield "transposed", numbers.view(100, 400).T
    yield "a part", torch.arange(80_000.0).view(200, 400)[:, 100:300]


@pytest.mark.parametrize("name", dict(layouts()))
def test_a_sample_is_a_view_spread_over_a_parameter(name: str) -> None:
    numbers = dict(layouts())[name]
    parameter = nn.Parameter(numbers)
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    sample = Sample(watched(None, [optimizer]))
    sample._is_whole = False
    sample.keep()
    [view] = sample._views
    assert 3000 < view.numel() <= 8200
    assert view.min() < 1000
    assert view.max() > float(numbers.max()) * 0.95
    with torch.no_grad():
        parameter *= 0.9
    norms = sample.moved()
    assert norms[0, 0] == pytest.approx(float(parameter.detach().double().norm()))
    assert norms[1, 0] / norms[0, 0] == pytest.approx(1 / 9, rel=1e-4)


def test_weights_that_were_loaded_into_other_memory_are_seen_there() -> None:
    parameter = nn.Parameter(torch.ones(3))
    sample = Sample(watched(None, [torch.optim.SGD([parameter], lr=0.1)]))
    sample.keep()
    parameter.data = torch.full((3,), 2.0)
    sample.keep()
    with torch.no_grad():
        parameter += 1
    weights, updates = sample.moved()[:, 0].tolist()
    assert weights == pytest.approx(3 * math.sqrt(3))
    assert updates == pytest.approx(math.sqrt(3))
