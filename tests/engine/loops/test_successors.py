"""Optimizers that take a step in another's place, and those that are a part of another's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.loops.clipping import CLIPPED
from engine.loops.script import ScriptWatch
from engine.loops.watch import watch
from tests.engine.loops.test_watch import (
    ROWS,
    backward,
    column,
    gradients,
    history_of,
    network,
    norms_now,
)

Sgd = torch.optim.SGD


class Sharpness(torch.optim.Optimizer):
    """Goes up before it goes down, by an optimizer within it, as sharpness-aware ones do."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, {})
        self.base_optimizer = Sgd(self.param_groups, lr=0.1)

    def second_step(self) -> None:
        """Take the step that is left, by itself."""
        self.base_optimizer.step()

    def step(self, closure: Any = None) -> Any:
        """Take a whole step."""
        self.base_optimizer.step()


class Wrapping(torch.optim.Optimizer):
    """One that holds another and knows no hooks, as Accelerate's."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def step(self, closure: Any = None) -> Any:
        """Take the other's."""
        return self.optimizer.step()


class Copied(torch.optim.SGD):
    """One that has all that another has, as Lightning Fabric's: whose hooks are the same."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.__dict__ = {**vars(optimizer), "optimizer": optimizer}

    def step(self, closure: Any = None) -> Any:
        """Take the other's."""
        return self.optimizer.step()


class Hidden(Wrapping):
    """One of which nothing says what it wraps."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._inner, self.param_groups = optimizer, optimizer.param_groups

    def step(self, closure: Any = None) -> Any:
        """Take the other's."""
        return self._inner.step()


@pytest.mark.parametrize(
    ("wrap", "step", "told"),
    [
        (lambda net: Wrapping(Sgd(net.parameters())), "step", []),
        (lambda net: Copied(Sgd(net.parameters())), "step", []),
        (lambda net: Hidden(Sgd(net.parameters())), "step", ["Hidden"]),
        (lambda net: Sharpness(net.parameters()), "step", []),
        (lambda net: Sharpness(net.parameters()), "second_step", ["Sharpness"]),
    ],
    ids=["wrapping", "copied", "hidden", "within", "by itself"],
)
def test_a_step_that_is_taken_within_another_is_one(
    wrap: Callable[[nn.Module], Any], step: str, told: list[str], tmp_path: Path
) -> None:
    net = network()
    optimizer, norms = wrap(net), []
    with watch(net, optimizer, runs=tmp_path) as run:
        for _ in range(3):
            net.zero_grad()
            run.log(loss=backward(net, Sgd(net.parameters())))
            norms.append(norms_now(net))
            getattr(optimizer, step)()
    assert gradients(run, net) == [pytest.approx(each, rel=1e-6) for each in norms]
    assert len(column(run, "loss")) == 3
    said = [each.message for each in history_of(run).warnings]
    assert said == [f"SGD steps from here on, in place of {name}" for name in told]


def test_one_that_was_made_before_takes_anothers_place_when_it_steps(tmp_path: Path) -> None:
    net, other = network(), network()
    first, second = Sgd(net.parameters(), lr=0.1), torch.optim.LBFGS(net.parameters(), lr=0.2)
    elsewhere = Sgd(other.parameters(), lr=0.3)
    with watch(net, first, runs=tmp_path) as run:
        for _ in range(2):
            backward(net, first)
            first.step()
            backward(other, elsewhere)
            elsewhere.step()
        second.step(lambda: backward(net, second))
    assert column(run, "lr") == pytest.approx([0.1, 0.1, 0.2])


@pytest.mark.filterwarnings("ignore")
def test_a_step_within_what_is_compiled_is_seen(tmp_path: Path) -> None:
    net = network()
    optimizer, norms = Sgd(net.parameters(), lr=0.1), []
    step = torch.compile(lambda: optimizer.step(), backend="eager")
    with watch(net, optimizer, runs=tmp_path) as run:
        for _ in range(3):
            backward(net, optimizer)
            norms.append(norms_now(net))
            step()
    assert gradients(run, net) == [pytest.approx(each, rel=1e-6) for each in norms]


@pytest.mark.filterwarnings("ignore")
def test_clipping_within_what_is_compiled_stays_in_it_and_is_told(tmp_path: Path) -> None:
    net = network()
    optimizer, norms = Sgd(net.parameters(), lr=0.1), []

    @torch.compile(backend="eager", fullgraph=True)
    def clip() -> None:
        nn.utils.clip_grad_norm_(net.parameters(), 0.01)

    with watch(net, optimizer, runs=tmp_path) as run:
        for _ in range(3):
            backward(net, optimizer)
            clip()
            norms.append(norms_now(net))
            optimizer.step()
    assert gradients(run, net) == [pytest.approx(each, rel=1e-6) for each in norms]
    assert [each.message for each in history_of(run).warnings] == [CLIPPED]


def test_optimizers_that_move_the_same_by_turns_have_rows_of_their_own(tmp_path: Path) -> None:
    nets, losses, norms = nn.ModuleList([network(), network(1)]), [], []
    one, two = (Sgd(each.parameters(), lr=0.1) for each in nets)
    # As InfoGAN's, which moves its generator and what judges it, after each of them by itself.
    both = Sgd(nets.parameters(), lr=0.01)
    with watch(nets, [one, two], runs=tmp_path) as run:
        for _ in range(3):
            nets.zero_grad()
            for net, optimizer in zip(nets, (one, two), strict=True):
                loss = backward(net, optimizer)
                optimizer.step()
                run.log(loss=loss)
            losses.append(loss.item())
            norms.append([each for net in nets for each in norms_now(net)])
            nets.zero_grad()
            loss = sum(((net(ROWS) - 2).square().mean() for net in nets), torch.zeros(()))
            loss.backward()
            both.step()
            run.log(loss=loss)
            losses.append(loss.item())
            norms.append([each for net in nets for each in norms_now(net)])
    assert run.step == 6
    assert gradients(run, nets) == [pytest.approx(each, rel=1e-5) for each in norms]
    assert column(run, "loss")[1::2] == pytest.approx(losses[1::2])
    assert run.optimizers == [one, two, both]
    said = [each.message for each in history_of(run).warnings]
    assert said[0] == "SGD steps from here on, in place of SGD and SGD"
    assert {*said[1:]} == {"SGD and SGD take turns: each has rows of its own"}


def test_of_a_script_whose_optimizers_take_turns_each_has_a_loss_of_its_own(tmp_path: Path) -> None:
    nets = nn.ModuleList([network(), network(1)])
    with ScriptWatch(name="turns", runs=tmp_path) as script:
        one, two = (Sgd(each.parameters(), lr=0.1) for each in nets)
        both, losses = Sgd(nets.parameters(), lr=0.01), []
        for _ in range(3):
            of_each = [backward(net, each) for net, each in zip(nets, (one, two), strict=True)]
            one.step()
            two.step()
            both.zero_grad()
            loss = torch.stack([(net(ROWS) - 2).square().mean() for net in nets]).sum()
            loss.backward()
            both.step()
            losses.append((sum(each.item() for each in of_each), loss.item()))
        run = script.loop
    assert run is not None
    # That they take turns shows once the first steps again.
    assert column(run, "loss")[::2] == pytest.approx([each for each, _ in losses])
    assert column(run, "loss")[1] == pytest.approx(losses[0][1])
    assert column(run, "loss_3", "other") == pytest.approx([each for _, each in losses[1:]])
