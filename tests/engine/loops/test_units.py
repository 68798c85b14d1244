"""Units that are looked at leave the model as it is, whatever is made of it meanwhile."""

from __future__ import annotations

import copy
import io
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook
from torch.overrides import _get_current_function_mode_stack

from engine.loops.watch import watch
from tests.engine.loops.test_watch import ROWS, backward, column, history_of, network
from tests.patience import DEADLINE


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


class Outputs(nn.Module):
    """A layer and an activation, of whatever it is given.

    Args:
        dtype: The layer's.
        takes: What the activation is computed of.
        activation: Which.
    """

    def __init__(
        self,
        dtype: torch.dtype = torch.float32,
        takes: Callable[[Tensor], Tensor] = lambda outputs: outputs,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 2, dtype=dtype)
        self.takes, self.activation = takes, activation

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.takes(self.layer(x)))


def nested(rows: Tensor) -> Tensor:
    return torch.nested.nested_tensor([rows[:3], rows[3:]], layout=torch.jagged)


@pytest.mark.parametrize(
    ("net", "rows"),
    [
        (Outputs(torch.complex64), ROWS.to(torch.complex64)),
        (Outputs(activation=torch.relu), nested(ROWS)),
        (Outputs(activation=torch.relu), ROWS[:0]),
        (Outputs(takes=Tensor.mean), ROWS),
    ],
    ids=["complex", "nested", "no rows", "one number"],
)
def test_what_is_not_of_units_is_left_alone(net: nn.Module, rows: Tensor, tmp_path: Path) -> None:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=tmp_path) as run:
        outputs = net(rows)
        (outputs.values() if outputs.is_nested else outputs).abs().sum().backward()
        optimizer.step()
    probe = history_of(run).series["probe"]
    assert not [each for each in probe.columns if each.startswith(("dead", "saturated"))]


def test_a_layer_whose_weight_is_made_of_others_is_called_by_its_own_name(tmp_path: Path) -> None:
    net = network()
    nn.utils.parametrizations.weight_norm(net[0])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=tmp_path) as run:
        backward(net, optimizer)
        optimizer.step()
    assert column(run, "saturated/0", "probe") == [0.0]


def test_a_pass_is_looked_at_by_the_thread_that_is_in_it(tmp_path: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    errors: list[BaseException] = []
    within, goes_on = threading.Event(), threading.Event()

    def wait(_: nn.Module, __: Any) -> None:
        if threading.current_thread() is other:
            within.set()
            goes_on.wait(DEADLINE)

    def work() -> None:
        try:
            net(ROWS)
        except RuntimeError as error:
            errors.append(error)

    net[1].register_forward_pre_hook(wait)
    other = threading.Thread(target=work)
    with watch(net, optimizer, runs=tmp_path):
        other.start()
        within.wait(DEADLINE)
        # Another pass, and a step, while it is looked at.
        backward(net, optimizer)
        optimizer.step()
        goes_on.set()
        other.join()
        assert not _get_current_function_mode_stack()
    assert not errors
    assert not _has_any_global_hook()
