"""Rates that viewers set: whatever schedules them goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import Optimizer, lr_scheduler

from engine.loops.watch import watch
from tests.engine.loops.test_watch import backward, column, network

SCHEDULES: dict[str, Callable[[Optimizer], Any]] = {
    "steps": lambda by: lr_scheduler.StepLR(by, 2),
    "function": lambda by: lr_scheduler.LambdaLR(by, lambda epoch: 0.9**epoch),
    "factors": lambda by: lr_scheduler.MultiplicativeLR(by, lambda _: 0.9),
    "cosine": lambda by: lr_scheduler.CosineAnnealingLR(by, 10),
    "restarts": lambda by: lr_scheduler.CosineAnnealingWarmRestarts(by, 4),
    "once": lambda by: lr_scheduler.OneCycleLR(by, 0.1, total_steps=20),
    "cycles": lambda by: lr_scheduler.CyclicLR(by, 0.01, 0.1, step_size_up=4),
    "plateau": lambda by: lr_scheduler.ReduceLROnPlateau(by, patience=1),
    "one after another": lambda by: lr_scheduler.SequentialLR(
        by, [lr_scheduler.ConstantLR(by, 0.1, 3), lr_scheduler.ExponentialLR(by, 0.9)], [8]
    ),
    "one with another": lambda by: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(by, 0.1, 8), lr_scheduler.ExponentialLR(by, 0.9)]
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rate_that_is_set_is_a_factor_to_whatever_schedules_it(name: str, tmp_path: Path) -> None:
    rates: list[list[float]] = []
    for factor in (1, 2):
        net = network()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
        scheduler = SCHEDULES[name](optimizer)
        with watch(net, optimizer, runs=tmp_path) as run:
            for step in range(12):
                backward(net, optimizer)
                optimizer.step()
                scheduler.step(*([1.0] if name == "plateau" else []))
                if step == 5 and factor > 1:
                    run.lr *= factor
        rates.append(column(run, "lr"))
    plain, doubled = rates
    assert doubled == pytest.approx([*plain[:6], *(2 * each for each in plain[6:])])


class FindsItsOwn(Optimizer):
    """One that has no rate, under any name or under the usual one."""

    def __init__(self, parameters: Any, **options: Any) -> None:
        super().__init__(parameters, options)

    def step(self, closure: Any = None) -> Any:
        """Move nothing."""


@pytest.mark.parametrize("options", [{}, {"lr": None}], ids=str)
def test_an_optimizer_may_have_no_rate(options: dict[str, Any], tmp_path: Path) -> None:
    net = network()
    optimizer = FindsItsOwn(net.parameters(), **options)
    with watch(net, optimizer, runs=tmp_path) as run:
        for _ in range(2):
            run.log(loss=backward(net, optimizer))
            optimizer.step()
        with pytest.raises(ValueError, match="no rate that can be set"):
            run.lr = 0.1
        optimizer.param_groups.clear()
        optimizer.step()
    assert column(run, "loss")[:2] == pytest.approx([column(run, "loss")[0]] * 2)
    assert len(column(run, "grad_norm")) == 3
