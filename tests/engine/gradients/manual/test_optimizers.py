"""Every optimizer's formula against PyTorch's class, for one member and for many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd.profiler import profile

from engine.components.optimizers import OPTIMIZERS
from engine.components.update_rules import UpdateRule
from engine.experiment.experiment import Experiment
from engine.gradients.manual.optimizers.adam import _AdamBase
from engine.gradients.manual.optimizers.base import UpdateBase, owners_of
from engine.gradients.manual.optimizers.formulas import FORMULAS, make_update
from engine.network.parameters import ParameterLayout
from engine.step.torch_optimizers import RuleOptimizer, make_optimizer

STEPS = 30
SMALL = {"hidden": [5, 3], "normalisation": "batch"}
"""A network with padding after every parameter, and buffers behind them all."""


@pytest.fixture(autouse=True, scope="module")
def _double() -> Iterator[None]:
    """PyTorch keeps NAdam's running product in the default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


shares = st.sampled_from([0.0, 0.3, 0.9, 0.99])
betas = {"beta1": st.sampled_from([0.0, 0.5, 0.9]), "beta2": st.sampled_from([0.9, 0.999])}
eps = st.sampled_from([1e-10, 1e-8, 1e-3])
on = st.booleans()
COMMON = {"lr": st.sampled_from([0.0, 1e-3, 0.1]), "weight_decay": st.sampled_from([0.0, 0.01])}
SETTINGS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "sgd": {**COMMON, "momentum": shares, "dampening": shares, "nesterov": on},
    "adagrad": {
        **COMMON,
        "lr_decay": st.sampled_from([0.0, 0.1]),
        "eps": eps,
        "initial_accumulator_value": st.sampled_from([0.0, 0.5]),
    },
    "adadelta": {**COMMON, "rho": shares, "eps": eps},
    "adam": {**COMMON, **betas, "eps": eps, "amsgrad": on},
    "adamw": {**COMMON, **betas, "eps": eps, "amsgrad": on},
    "adamax": {**COMMON, **betas, "eps": eps},
    "nadam": {**COMMON, **betas, "eps": eps, "momentum_decay": st.sampled_from([0.0, 0.004, 0.5])},
    "rmsprop": {**COMMON, "alpha": shares, "eps": eps, "momentum": shares, "centered": on},
    "lion": {**COMMON, **betas},
    "by_hand": {"lr": COMMON["lr"]},
}
NAMES = sorted(SETTINGS)


def fitting(table: dict[str, Any]) -> dict[str, Any]:
    """The table with numbers that go with what is on."""
    if table.get("nesterov"):
        table |= {"dampening": 0.0, "momentum": table["momentum"] or 0.5}
    if table.get("centered"):
        # The root of a rounding error otherwise, PyTorch's as ours.
        table |= {"eps": 1e-3, "alpha": 0.9}
    return table


def optimizers(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """An optimizer's table."""
    return st.fixed_dictionaries({"name": st.just(name), **SETTINGS[name]}).map(fitting)


def member(optimizer: dict[str, Any]) -> Experiment:
    return Experiment.model_validate({"model": SMALL, "optimizer": optimizer})


@cache
def of_member(index: int, seed: int) -> Tensor:
    """A member's numbers, of very different sizes."""
    generator = torch.Generator().manual_seed(1000 * index + seed)
    sizes = 10.0 ** torch.randint(-4, 2, (100,), generator=generator)
    return torch.randn(100, generator=generator) * sizes


def random(layout: ParameterLayout, seed: int, dtype: torch.dtype, first: int = 0) -> Tensor:
    """Numbers where a parameter is, 0 in the padding and the buffers."""
    flat = torch.zeros(layout.size, dtype=dtype)
    learned = int((layout.positions[0] < layout.learned).sum())
    for member, positions in enumerate(layout.positions):
        flat[positions[:learned]] = of_member(first + member, seed)[:learned].to(dtype)
    return flat


def rate(lr: float, step: int) -> float:
    """A learning rate that changes on the way."""
    return lr * (1.0, 0.5, 2.0)[step // 10 % 3]


def train(
    members: Sequence[Experiment],
    dtype: torch.dtype = torch.float64,
    *,
    capturable: bool = False,
    first: int = 0,
) -> tuple[ParameterLayout, Tensor]:
    """Take some steps with random gradients; return the weights [size]."""
    layout = ParameterLayout(members[0], len(members))
    flat = random(layout, 0, dtype, first)
    update = make_update(members, layout, flat, capturable=capturable)
    for step in range(STEPS):
        update.set_lr([rate(each.optimizer.lr, step) for each in members])
        gradient = random(layout, step + 1, dtype, first)[: layout.learned]
        kept = gradient.clone()
        update.step(gradient)
        assert torch.equal(gradient, kept)
    return layout, flat


def twin(spec: Experiment, dtype: torch.dtype) -> Tensor:
    """The same steps by PyTorch's class."""
    layout = ParameterLayout(spec, 1)
    flat = random(layout, 0, dtype)
    weights = torch.nn.Parameter(flat[: layout.learned].clone())
    optimizer = make_optimizer(spec, [weights])
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = rate(spec.optimizer.lr, step)
        weights.grad = random(layout, step + 1, dtype)[: len(weights)]
        optimizer.step()
    return weights.detach()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=6)
@given(data=st.data())
def test_a_formula_is_pytorchs(name: str, data: st.DataObject) -> None:
    spec = member(data.draw(optimizers(name)))
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        expected = twin(spec, dtype)
        for capturable in (False, True):
            _, flat = train([spec], dtype, capturable=capturable)
            got = flat[: len(expected)]
            torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance * 1e-2)


def test_every_optimizer_of_the_schema_has_a_formula() -> None:
    assert sorted(FORMULAS) == NAMES == sorted(OPTIMIZERS)


RULED = [name for name, each in OPTIMIZERS.items() if isinstance(each.update, UpdateRule)]


@pytest.mark.parametrize("name", [name for name in RULED if OPTIMIZERS[name].torch_name])
@settings(max_examples=6)
@given(data=st.data())
def test_a_rule_computed_as_it_stands_is_pytorchs(name: str, data: st.DataObject) -> None:
    """As autograd would compute it, if PyTorch had no class of its own."""
    spec = member(data.draw(optimizers(name)))
    start = random(ParameterLayout(spec, 1), 0, torch.float64)
    ends = []
    for of_pytorch in (True, False):
        weights = torch.nn.Parameter(start.clone())
        optimizer = spec.optimizer
        if of_pytorch and name != "by_hand":
            made = getattr(torch.optim, str(optimizer.torch_name))([weights], **optimizer.arguments)
        elif of_pytorch:
            made = torch.optim.SGD([weights], optimizer.lr)
        else:
            assert isinstance(optimizer.update, UpdateRule)
            settings = optimizer.model_dump(exclude={"name"})
            made = RuleOptimizer([weights], optimizer.update, settings)
        for step in range(STEPS):
            weights.grad = random(ParameterLayout(spec, 1), step + 1, torch.float64)
            made.step()
        ends.append(weights.detach())
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-12, atol=1e-14)


def test_lion_is_the_one_of_its_paper() -> None:
    """Chen and others 2023, algorithm 2, written once more."""
    table = {"name": "lion", "lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.1}
    layout, flat = train([member(table)])
    weights, mean = random(layout, 0, torch.float64), torch.zeros(layout.size)
    for step in range(STEPS):
        gradient, lr = random(layout, step + 1, torch.float64), rate(0.01, step)
        direction = (0.8 * mean + 0.2 * gradient).sign()
        weights = weights - lr * (direction + 0.1 * weights)
        mean = 0.95 * mean + 0.05 * gradient
    torch.testing.assert_close(flat[: layout.learned], weights[: layout.learned])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=4)
@given(data=st.data())
def test_a_member_is_updated_as_it_would_be_alone(name: str, data: st.DataObject) -> None:
    """With its own numbers, whatever the others have; what is on or off is so for all."""
    tables = data.draw(st.lists(optimizers(name), min_size=2, max_size=4))
    switches = {key: on for key, on in tables[0].items() if isinstance(on, bool)}
    members = [member(fitting({**table, **switches})) for table in tables]
    capturable = data.draw(st.booleans())
    layout, flat = train(members, capturable=capturable)
    together = layout.parameter_slices(flat)
    for index, spec in enumerate(members):
        alone_layout, alone = train([spec], first=index)
        for part, its in zip(alone_layout.slices(alone), together, strict=False):
            torch.testing.assert_close(its[index], part[0], rtol=1e-12, atol=1e-14)


VARIED: dict[str, list[dict[str, Any]]] = {
    name: [{"name": name}, {"name": name, "lr": 0.02}] for name in NAMES
}
VARIED["sgd"][0] |= {"momentum": 0.9, "dampening": 0.5}
VARIED["adam"][0] |= {"beta2": 0.9, "weight_decay": 0.1}
VARIED["rmsprop"][0] |= {"momentum": 0.9}
VARIED["agreed"] = [{"name": "adam"}, {"name": "adam"}]


@pytest.mark.parametrize("name", VARIED)
@pytest.mark.parametrize("capturable", [False, True])
def test_padding_and_buffers_stay_as_they_are(name: str, capturable: bool) -> None:
    members = [member(table) for table in VARIED[name]]
    layout, flat = train(members, capturable=capturable)
    between = torch.ones(layout.size, dtype=torch.bool)
    for part in layout.parameter_slices(between):
        part.fill_(False)
    assert between.any()
    assert not flat[between].any()


@pytest.mark.parametrize("name", VARIED)
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_goes_wrong_in_a_member_stays_there(name: str, wrong: float) -> None:
    members = [member(table) for table in VARIED[name]]
    layout = ParameterLayout(members[0], 2)
    ends = []
    for bad in (0.0, wrong):
        flat = random(layout, 0, torch.float32)
        update = make_update(members, layout, flat)
        for step in range(3):
            gradient = random(layout, step + 1, torch.float32)
            for part in layout.parameter_slices(gradient):
                part[1].fill_(bad)
            update.step(gradient[: layout.learned])
        ends.append(layout.parameter_slices(flat))
    kept = [each for each in update.state().values() if isinstance(each, Tensor)]
    for good, other in zip(*ends, strict=True):
        assert torch.equal(good[0], other[0])
        changed = not other[1].isfinite().all()
        # The sign of NaN is 0: only what is kept knows of it.
        assert changed or wrong == float("inf") or not all(each.isfinite().all() for each in kept)


@pytest.mark.parametrize("name", VARIED)
@pytest.mark.parametrize("capturable", [False, True])
def test_training_goes_on_from_a_state(name: str, capturable: bool) -> None:
    members = [member(table) for table in VARIED[name]]
    layout = ParameterLayout(members[0], 2)
    flat = random(layout, 0, torch.float64)

    def go(update: UpdateBase, first: int) -> None:
        for step in range(first, first + 4):
            update.step(random(layout, step, torch.float64)[: layout.learned])

    update = make_update(members, layout, flat)
    update.set_lr([0.5, 0.25])
    go(update, 1)
    then, state = flat.clone(), update.state()
    go(update, 5)
    other = make_update(members, layout, then, capturable=capturable)
    other.load_state(state)
    assert other.lr == [0.5, 0.25]
    go(other, 5)
    torch.testing.assert_close(then, flat, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", VARIED)
@pytest.mark.parametrize("count", [1, 2])
def test_no_step_allocates(name: str, count: int) -> None:
    members = [member(table) for table in VARIED[name][:count]]
    layout = ParameterLayout(members[0], count)
    flat = random(layout, 0, torch.float32)
    update = make_update(members, layout, flat)
    gradient = random(layout, 1, torch.float32)[: layout.learned]
    update.step(gradient)
    with profile(profile_memory=True) as seen:
        for _ in range(3):
            update.step(gradient)
    assert len(seen.function_events)
    assert sum(max(0, event.self_cpu_memory_usage) for event in seen.function_events) == 0


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_pytorchs_kernel_is_the_formula(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = member({"name": name, "amsgrad": True, "weight_decay": 0.05, "lr": 0.01})
    kernel = [train([spec], dtype)[1] for dtype in (torch.float32, torch.float64)]
    taken = []
    formula = FORMULAS[name]
    advance = formula._advance
    monkeypatch.setattr(formula, "_advance", lambda self: taken.append(1) or advance(self))
    train([spec])
    assert not taken, "the kernel is not used"
    prepare = _AdamBase._prepare

    def without(self: Any) -> None:
        prepare(self)
        self._fuses = False

    monkeypatch.setattr(_AdamBase, "_prepare", without)
    written = [train([spec], dtype)[1] for dtype in (torch.float32, torch.float64)]
    assert taken
    for ours, theirs, tolerance in zip(written, kernel, (1e-6, 1e-12), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance * 0.1)


def test_the_numbers_of_the_parameters_are_their_members() -> None:
    layout = ParameterLayout(member({"name": "sgd"}), 3)
    owners = torch.from_numpy(owners_of(layout))
    assert len(owners) < layout.size
    for part in layout.parameter_slices(owners):
        assert torch.equal(part, torch.arange(3)[:, None].expand_as(part))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", VARIED)
@pytest.mark.parametrize("count", [1, 2])
def test_a_captured_step_counts_and_hears_of_the_learning_rate(name: str, count: int) -> None:
    members = [member(table) for table in VARIED[name][:count]]
    layout, expected = train(members)
    flat = random(layout, 0, torch.float64).cuda()
    update = make_update(members, layout, flat, capturable=True)
    gradient = torch.zeros(layout.learned, device="cuda")
    graph = torch.cuda.CUDAGraph()
    for step in range(STEPS):
        update.set_lr([rate(each.optimizer.lr, step) for each in members])
        gradient.copy_(random(layout, step + 1, torch.float64)[: layout.learned])
        if step == 0:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                update.step(gradient)
            torch.cuda.current_stream().wait_stream(side)
            with torch.cuda.graph(graph):
                update.step(gradient)
        else:
            graph.replay()
    torch.testing.assert_close(flat.cpu(), expected, rtol=1e-12, atol=1e-14)
