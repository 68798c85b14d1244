"""The learning rates of many members, and the bounds on their gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.profiler import profile

from engine.experiment.experiment import Experiment
from engine.network.parameters import ParameterLayout
from engine.step.clipping import Clipping
from engine.step.learning_rates import Rates, Scheduler
from engine.step.torch_optimizers import make_optimizer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, experiment

STEPS = 40
SCHEDULES: list[dict[str, Any]] = [
    {"name": "constant"},
    {"name": "constant", "warmup": 3},
    {"name": "step", "step_size": 4, "gamma": 0.5},
    {"name": "exponential", "gamma": 0.9, "warmup": 4},
    {"name": "cosine"},
    {"name": "cosine", "T_max": 5, "eta_min": 0.01},
    {"name": "plateau", "factor": 0.5, "patience": 1},
]


def scheduled(
    schedule: dict[str, Any], lr: float = 0.1, base: dict[str, Any] = CUBIC
) -> Experiment:
    return experiment({**base, "schedule": schedule, "optimizer": {"name": "sgd", "lr": lr}})


def alone(spec: Experiment, losses: list[float]) -> list[float]:
    """The rates of one optimizer of PyTorch's that is scheduled by PyTorch."""
    weight = nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    optimizer = make_optimizer(spec, [weight])
    scheduler = Scheduler(spec, optimizer)
    rates = []
    for step, loss in enumerate(losses, start=1):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if scheduler.due(step):
            scheduler.tick(loss)
    return rates


def together(members: list[Experiment], losses: list[list[float]]) -> list[list[float]]:
    rates, seen = Rates(members), []
    for step, measured in enumerate(zip(*losses, strict=True), start=1):
        seen.append(rates.now)
        if rates.due(step):
            rates.tick(measured)
    return [list(each) for each in zip(*seen, strict=True)]


def course(member: int) -> list[float]:
    """Losses that stop falling, at another step for each member."""
    return [max(1.0 - 0.1 * step, 0.1 * member) for step in range(STEPS)]


@pytest.mark.parametrize("base", [CUBIC, MINIBATCHES, FRESH], ids=["full", "batches", "fresh"])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_a_members_rates_are_those_of_a_scheduled_optimizer(
    schedule: dict[str, Any], base: dict[str, Any]
) -> None:
    lrs = [0.1, 0.1, 2.0]
    members = [scheduled(schedule, lr, base) for lr in lrs]
    losses = [course(member) for member in range(3)]
    expected = [alone(spec, own) for spec, own in zip(members, losses, strict=True)]
    assert together(members, losses) == expected


def test_schedules_differ_in_their_numbers() -> None:
    members = [scheduled({"name": "exponential", "gamma": g}) for g in (0.5, 0.9, 0.5)]
    losses = [course(0)] * 3
    assert together(members, losses) == [alone(spec, course(0)) for spec in members]


def test_members_whose_rates_go_the_same_way_share_a_scheduler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    start = Scheduler.__init__
    monkeypatch.setattr(Scheduler, "__init__", lambda *given: (made.append(1), start(*given))[0])
    for schedule, expected in (("cosine", 2), ("constant", 0), ("plateau", 64)):
        made.clear()
        Rates([scheduled({"name": schedule}, (0.1, 0.2)[member % 2]) for member in range(64)])
        assert len(made) == expected


def test_rates_load_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's optimizers do when one is made."""

    def fail(*given: object) -> None:
        raise AssertionError("an optimizer of PyTorch's was made")

    monkeypatch.setattr(torch.optim.Optimizer, "add_param_group", fail)
    for schedule in SCHEDULES:
        together([scheduled(schedule)], [course(0)])


def test_a_rate_that_is_set_is_where_the_schedule_goes_on() -> None:
    rates = Rates([scheduled({"name": "exponential", "gamma": 0.5}, lr) for lr in (0.1, 0.4)])
    before = rates.now
    rates.set(1.0)
    assert before == [0.1, 0.4]
    assert rates.now == [1.0, 1.0]
    assert rates.due(1)
    rates.tick([0.0, 0.0])
    assert rates.now == [0.5, 0.5]
    constant = Rates([scheduled({"name": "constant"})] * 2)
    constant.set(3.0)
    assert constant.now == [3.0, 3.0]
    assert not any(constant.due(step) for step in range(STEPS))


BOUNDS: list[list[dict[str, Any]]] = [
    [{"clip_norm": 0.5}] * 3,
    [{"clip_value": 0.1}] * 3,
    [{"clip_norm": 0.5}, {}, {"clip_norm": 1e3}],
    [{"clip_norm": 2.0, "clip_value": 0.1}, {"clip_value": 0.01}, {}],
]


def clipped_alone(parts: list[Tensor], bounds: dict[str, Any]) -> list[Tensor]:
    """One member's gradients, bounded by PyTorch."""
    parameters = [nn.Parameter(torch.zeros_like(part)) for part in parts]
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.clone()
    if "clip_norm" in bounds:
        nn.utils.clip_grad_norm_(parameters, bounds["clip_norm"])
    if "clip_value" in bounds:
        nn.utils.clip_grad_value_(parameters, bounds["clip_value"])
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf")])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("whole", [False, True])
def test_each_member_has_bounds_of_its_own(
    bounds: list[dict[str, Any]], whole: bool, wrong: float | None
) -> None:
    """What is not finite in one of them changes no other, and is as it would be alone."""
    base = {**CUBIC, "model": {"hidden": [5], "normalisation": "batch"}}
    members = [experiment(base, train=own) for own in bounds]
    layout = ParameterLayout(members[0], 3)
    flat = torch.randn(layout.size, generator=torch.Generator().manual_seed(1))
    if wrong is not None:
        layout.slices(flat)[0][1, 2] = wrong
    parts = layout.parameter_slices(flat.clone())
    Clipping(members, layout).apply(flat if whole else flat[: layout.learned])
    for member, own in enumerate(bounds):
        expected = clipped_alone([part[member] for part in parts], own)
        for got, part in zip(layout.slices(flat), expected, strict=False):
            torch.testing.assert_close(got[member], part, equal_nan=True)


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_bounding_allocates_once(bounds: list[dict[str, Any]]) -> None:
    members = [experiment(CUBIC, train=own) for own in bounds]
    layout = ParameterLayout(members[0], 3)
    flat = torch.randn(layout.size, generator=torch.Generator().manual_seed(1))
    clipping = Clipping(members, layout)
    clipping.apply(flat)
    with profile(profile_memory=True) as seen:
        clipping.apply(flat)
    assert len(seen.function_events)
    assert sum(max(0, event.self_cpu_memory_usage) for event in seen.function_events) == 0


def test_no_bounds_are_not_wanted() -> None:
    layout = ParameterLayout(experiment(CUBIC), 1)
    flat = torch.full((layout.size,), torch.inf)
    clipping = Clipping([experiment(CUBIC)], layout)
    assert not clipping.wanted
    clipping.apply(flat)
    assert flat.isinf().all()
