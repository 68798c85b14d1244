"""Units that are looked at leave the model as it is, whatever is made of it meanwhile."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.module import _has_any_global_hook
from torch.overrides import _get_current_function_mode_stack

from engine.loops.watch import watch
from tests.engine.loops.test_watch import ROWS, backward, column, network


def saved(net: nn.Module) -> None:
    """Save it whole: nothing of ours is needed to read it."""
    buffer = io.BytesIO()
    torch.save(net, buffer)
    assert b"epochal" not in buffer.getvalue()
    assert b"engine" not in pickle.dumps(net)


def copied(net: nn.Module) -> None:
    """Copy it, as for a moving average."""
    twin = copy.deepcopy(net)
    assert not twin._forward_hooks
    assert not twin._forward_pre_hooks


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "made",
    [
        saved,
        copied,
        torch.jit.script,
        lambda net: torch.jit.trace(net, ROWS),
        torch.fx.symbolic_trace,
    ],
    ids=["saved", "copied", "script", "traced", "graph"],
)
def test_a_model_that_is_looked_at_is_saved_copied_and_traced(
    made: Callable[[nn.Module], Any], tmp_path: Path
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=tmp_path) as run:
        made(net)
        run.log(loss=backward(net, optimizer))
        optimizer.step()
        made(net)
    assert len(column(run, "loss")) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_model_that_is_a_script_or_mapped_is_trained(tmp_path: Path) -> None:
    script, plain = torch.jit.script(network()), network()
    for net, forward in ((script, script), (plain, torch.vmap(plain))):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        with watch(net, optimizer, runs=tmp_path) as run:
            loss = (forward(ROWS) - ROWS).square().mean()
            loss.backward()
            optimizer.step()
            run.log(loss=loss)
        assert len(column(run, "loss")) == 1


def test_a_pass_that_is_interrupted_is_looked_at_no_more(tmp_path: Path) -> None:
    class Slow(nn.Linear):
        def forward(self, _: Any) -> Any:
            raise KeyboardInterrupt

    net = Slow(1, 1)
    with (
        pytest.raises(KeyboardInterrupt),
        watch(net, torch.optim.SGD(net.parameters()), runs=tmp_path),
    ):
        net(ROWS)
    assert not _get_current_function_mode_stack()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_function_that_must_be_one_graph_is_compiled_with_the_model_in_it(tmp_path: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loss_of = torch.compile(lambda x: net(x).square().mean(), backend="eager", fullgraph=True)
    with watch(net, optimizer, runs=tmp_path) as run:
        for _ in range(3):
            loss = loss_of(ROWS)
            loss.backward()
            optimizer.step()
            run.log(loss=loss)
    assert len(column(run, "loss")) == 3


def test_of_a_model_that_is_not_called_itself_nothing_is_looked_for_on_and_on(
    tmp_path: Path,
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=tmp_path):
        assert _has_any_global_hook()
        for _ in range(40):
            optimizer.zero_grad()
            net[2](net[1](net[0](ROWS))).square().mean().backward()
            optimizer.step()
        assert not _has_any_global_hook()
