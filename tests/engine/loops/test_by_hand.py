"""Loops that write their update out: each backward pass is a step, and what follows moves by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters

from engine.errors import RequestError
from engine.loops.loop import Loop
from engine.loops.script import ScriptWatch
from engine.loops.watch import watch
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.requests import Control

ROWS = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])


def network() -> nn.Sequential:
    """A network of four parameters, the same each time."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))


def history_of(run: Loop) -> History:
    return History(read(RunFolder(Path(run.path)).recording))


def column(history: History, name: str, group: str = "train") -> list[float]:
    return [float(each) for each in history.series[group].column(name)]


def move(parameters: list[Tensor]) -> None:
    """Update them, and clear their gradients."""
    with torch.no_grad():
        for each in parameters:
            assert each.grad is not None
            each -= 0.1 * each.grad
            each.grad.zero_()


def through_data(parameters: list[Tensor]) -> None:
    """The same by what autograd does not see."""
    for each in parameters:
        assert each.grad is not None
        each.data.add_(each.grad, alpha=-0.1)
        each.grad = None


def passed(run: Loop, loss: Tensor, logs: str) -> float:
    """Say a loss before its backward pass or after it, if either, and return it."""
    if logs == "before":
        run.log(loss=loss)
    loss.backward()
    if logs == "after":
        run.log(loss=loss)
    return loss.item()


@pytest.mark.usefixtures("_costless")
@pytest.mark.parametrize("logs", ["before", "after", "last"])
@pytest.mark.parametrize("update", [move, through_data])
def test_a_row_has_its_loss_its_gradients_and_by_how_much_was_moved(
    logs: str, update: Callable[[list[Tensor]], None], tmp_path: Path
) -> None:
    net, losses, norms, ratios = network(), [], [], []
    parameters = [*net.parameters()]
    with watch(net, runs=tmp_path) as run:
        for _ in range(6):
            loss = (net(ROWS) - 1).square().mean()
            losses.append(passed(run, loss, logs))
            norms.append([float(each.grad.norm()) for each in parameters if each.grad is not None])
            weight, before = parameters[0].detach(), parameters[0].detach().clone()
            update(parameters)
            ratios.append(float((weight - before).norm() / weight.norm()))
            if logs == "last":
                run.log(loss=loss)
        assert run.step == 6
    history = history_of(run)
    assert column(history, "loss") == pytest.approx(losses)
    names = [f"grad_norm/{name}" for name, _ in net.named_parameters()]
    assert np.allclose(np.array([column(history, name) for name in names]).T, norms)
    assert np.allclose(column(history, "grad_norm"), np.linalg.norm(norms, axis=1))
    assert np.isnan(column(history, "lr")).all()
    assert history.series["probe"].steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert column(history, "update_ratio/0.weight", "probe") == pytest.approx(ratios, rel=1e-4)
    assert history.warnings == []


@pytest.mark.parametrize("logs", ["before", "after"])
def test_passes_whose_gradients_are_added_up_before_anything_is_moved_are_one_step(
    logs: str, tmp_path: Path
) -> None:
    net, means, norms = network(), [], []
    weight = next(iter(net.parameters()))
    with watch(net, runs=tmp_path) as run:
        for _ in range(4):
            before, losses = weight.detach().clone(), []
            for part in ROWS:
                losses.append(passed(run, (net(part) - 1).square().sum(), logs))
            assert torch.equal(weight, before)
            means.append(np.mean(losses))
            gradients = [each.grad.norm() for each in net.parameters() if each.grad is not None]
            norms.append(float(torch.stack(gradients).norm()))
            move([*net.parameters()])
    assert run.step == 4
    history = history_of(run)
    assert column(history, "loss") == pytest.approx(means)
    assert column(history, "grad_norm") == pytest.approx(norms)
    assert min(column(history, "update_ratio/0.weight", "probe")) > 0


def test_a_loop_that_never_clears_its_gradients_takes_a_step_at_each_pass(tmp_path: Path) -> None:
    net = network()
    with watch(net, runs=tmp_path) as run:
        for _ in range(4):
            net(ROWS).square().mean().backward()
            for each in net.parameters():
                assert each.grad is not None
                each.data.add_(each.grad, alpha=-0.01)
    assert run.step == 4


def test_what_is_watched_twice_takes_each_step_once(tmp_path: Path) -> None:
    net = network()
    with watch(net, runs=tmp_path) as outer, watch(net, runs=tmp_path) as inner:
        for _ in range(3):
            net(ROWS).square().mean().backward()
            move([*net.parameters()])
        assert (outer.step, inner.step) == (3, 3)


def test_a_pass_of_another_thread_through_something_else_is_no_step(tmp_path: Path) -> None:
    net, other = network(), torch.ones(2, requires_grad=True)
    is_within, goes_on = threading.Event(), threading.Event()

    def wait(_: Tensor) -> None:
        is_within.set()
        assert goes_on.wait(60)

    def beside() -> None:
        doubled = other * 2
        doubled.register_hook(wait)
        doubled.sum().backward()

    with watch(net, runs=tmp_path) as run:
        thread = threading.Thread(target=beside)
        thread.start()
        assert is_within.wait(60)
        # The other pass begins before this one and ends after it.
        net(ROWS).square().mean().backward()
        goes_on.set()
        thread.join()
    assert run.step == 1


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_a_loop_whose_passes_are_within_what_is_compiled_has_none_of_our_lines_compiled(
    tmp_path: Path,
) -> None:
    net, broken = network(), counters["graph_break"]
    broken.clear()

    def passes() -> None:
        net(ROWS).square().mean().backward()

    compiled = torch.compile(passes, backend="eager")
    with watch(net, runs=tmp_path) as run:
        for _ in range(3):
            compiled()
            move([*net.parameters()])
    assert run.step == 3
    # PyTorch's own, at backward().
    assert len(broken) == 1, broken


def test_what_is_clipped_behind_a_backward_pass_is_of_its_row(tmp_path: Path) -> None:
    net, norms = network(), []
    with watch(net, runs=tmp_path) as run:
        for _ in range(3):
            net(ROWS).square().mean().backward()
            norms.append(float(nn.utils.clip_grad_norm_(net.parameters(), 0.01)))
            move([*net.parameters()])
    assert run.step == 3
    assert column(history_of(run), "grad_norm") == pytest.approx(norms)


def test_a_backward_pass_through_something_else_is_no_step(tmp_path: Path) -> None:
    net, other = network(), torch.ones(2, requires_grad=True)
    with watch(net, runs=tmp_path) as run:
        for _ in range(3):
            (net(ROWS).square().mean() * 2).backward()
            move([*net.parameters()])
            other.square().sum().backward()
    assert run.step == 3


def test_it_is_paused_and_stopped_and_has_no_rate_of_its_own(tmp_path: Path) -> None:
    net = network()
    run = watch(net, runs=tmp_path)
    control = Control(RunFolder(Path(run.path)), "someone")

    def answer(_: float) -> None:
        control.send("set_lr", lr=0.5)
        control.send("stop")

    run._viewers._wait = answer
    with run:
        for step in range(9):
            if step == 3:
                control.send("pause")
            run._viewers.look_at = 0.0
            net(ROWS).square().mean().backward()
            move([*net.parameters()])
            if run.should_stop:
                break
    history = history_of(run)
    assert history.end is not None
    assert (history.end.status, run.step) == ("stopped", 4)
    refused = {each.action: each.refused for each in history.requests}
    assert "the loop has it" in refused["set_lr"]


def test_a_loop_without_backward_passes_is_told_what_records_it(tmp_path: Path) -> None:
    net = network()
    with watch(net, runs=tmp_path) as run:
        loss = net(ROWS).square().mean()
        torch.autograd.grad(loss, [*net.parameters()])
        run.log(loss=loss)
    assert run.step == 0
    assert "by epochal.record" in history_of(run).warnings[0].message


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (None, "or a model that the loop moves itself"),
        (nn.Tanh(), "or a model that the loop moves itself"),
    ],
)
def test_what_nothing_moves_is_refused(model: nn.Module | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=said):
        watch(model, runs=tmp_path)


def test_a_model_that_has_an_optimizer_is_watched_with_it(tmp_path: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(RequestError, match=r"\(SGD\): watch\(model, optimizer\)"):
        watch(net, runs=tmp_path)
    assert optimizer.param_groups


def test_an_optimizer_that_comes_later_takes_over(tmp_path: Path) -> None:
    net = network()
    with watch(net, runs=tmp_path) as run:
        for _ in range(2):
            net(ROWS).square().mean().backward()
            move([*net.parameters()])
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            net(ROWS).square().mean().backward()
            optimizer.step()
    # The pass for which it first steps was a step before anybody knew of it.
    history = history_of(run)
    assert column(history, "lr")[-3:] == pytest.approx([0.1] * 3)
    assert "SGD steps from here on" in history.warnings[0].message


def scripted(text: str, runs: Path, names: dict[str, Any] | None = None) -> History | None:
    """Run a script in this process and watch it; return its recording, if there is one."""
    names = {"__name__": "__main__"} if names is None else names
    with ScriptWatch(name="script", runs=runs):
        exec(compile(text, "<script>", "exec"), names)
    folders = [*runs.iterdir()] if runs.exists() else []
    return History(read(folders[0] / "recording.jsonl")) if folders else None


BEGINS = """
import torch
from torch import nn
torch.manual_seed(0)
x = torch.linspace(-1, 1, 8)[:, None]
losses, norms = [], []

def computed(loss, first):
    loss.backward()
    losses.append(loss.item())
    norms.append(first.grad.norm().item())
"""

BY_NAMES = """
w1, b1 = torch.randn(1, 4, requires_grad=True), torch.zeros(4, requires_grad=True)
layers = [w1, b1, torch.randn(4, 1, requires_grad=True)]
for _ in range(5):
    computed(((x @ w1 + b1).tanh() @ layers[2] - x).square().mean(), w1)
    with torch.no_grad():
        for p in layers:
            p -= 0.1 * p.grad
            p.grad.zero_()
"""

OF_A_CLASS = """
class Net:
    def __init__(self):
        self.weight = torch.randn(1, 1, requires_grad=True)

    def step(self):
        computed((x @ self.weight - x).square().mean(), self.weight)
        self.weight.data -= 0.1 * self.weight.grad
        self.weight.grad = None

net = Net()
for _ in range(5):
    net.step()
"""

OF_A_MODULE = """
def train():
    net = nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 1))
    for _ in range(5):
        net.zero_grad()
        computed((net(x) - x).square().mean(), net[0].weight)
        for p in net.parameters():
            p.data.add_(p.grad, alpha=-0.1)

train()
"""

BOTH_IN_TURN = """
first, second = (torch.ones(1, requires_grad=True) for _ in range(2))
for _ in range(5):
    for each in (first, second):
        loss = (each - 3).square().sum()
        loss.backward()
        losses.append(loss.item())
        norms.append(first.grad.norm().item() if each is first else 0.0)
        each.data -= 0.1 * each.grad
        each.grad = None
"""


# What is looked at first is of no step; and nothing moves the first layer at first.
FROM_ZERO = """
w1, w2 = torch.randn(1, 4, requires_grad=True), torch.zeros(4, 1, requires_grad=True)
(((x @ w1).tanh() @ w2) - 1).square().mean().backward()
w1.grad, w2.grad = None, None
for _ in range(5):
    computed(((x @ w1).tanh() @ w2 - 1 - x).square().mean(), w1)
    for p in (w1, w2):
        p.data -= 0.1 * p.grad
        p.grad = None
"""

ADDED_UP = """
w = torch.randn(1, 1, requires_grad=True)
for _ in range(5):
    parts = [(part @ w - 1).square().mean() for part in x.chunk(3)]
    for part in parts:
        part.backward()
    losses.append(sum(part.item() for part in parts))
    norms.append(w.grad.norm().item())
    w.data -= 0.1 * w.grad
    w.grad = None
"""

TRIED_AGAIN = """
w = torch.randn(1, 1, requires_grad=True)
short = [True, False, True, True]

def run_short(gradient):
    if short and short.pop():
        raise MemoryError

for _ in range(5):
    while True:
        loss = (x @ w - 1).square().mean()
        loss.register_hook(run_short)
        try:
            computed(loss, w)
            break
        except MemoryError:
            pass
    w.data -= 0.1 * w.grad
    w.grad = None
"""

BESIDE_OTHERS = """
w, other = (torch.randn(1, 1, requires_grad=True) for _ in range(2))
for _ in range(5):
    computed((x @ w - 1).square().mean(), w)
    w.data -= 0.1 * w.grad
    w.grad = None
    other.square().sum().backward()
"""

OF_A_TABLE = """
table, w = torch.randn(3000, 2, requires_grad=True), torch.randn(2, 1, requires_grad=True)
for step in range(5):
    computed((table[2000 + step : 2002 + step] @ w).square().mean(), table)
    for p in (table, w):
        p.data -= 0.1 * p.grad
        p.grad = None
"""

TWO_NETS = """
class Judge(nn.Linear):
    pass

class Maker(nn.Linear):
    pass

judge, maker = Judge(1, 1), Maker(1, 1)
for step in range(5):
    net = maker if step % 2 else judge
    for p in (*judge.parameters(), *maker.parameters()):
        p.grad = None
    made = maker(x)
    loss = judge(made if step % 2 else made.detach()).square().mean()
    computed(loss, judge.weight)
    with torch.no_grad():
        for p in net.parameters():
            p -= 0.1 * p.grad
"""


@pytest.mark.usefixtures("_costless")
@pytest.mark.parametrize(
    ("text", "named"),
    [
        (FROM_ZERO, ["w1", "w2"]),
        (ADDED_UP, ["w"]),
        (TRIED_AGAIN, ["w"]),
        (BESIDE_OTHERS, ["w"]),
        (OF_A_TABLE, ["table", "w"]),
        (TWO_NETS, ["Judge.weight", "Judge.bias", "Maker.weight", "Maker.bias"]),
        (BY_NAMES, ["w1", "b1", "layers.2"]),
        (OF_A_CLASS, ["net.weight"]),
        (OF_A_MODULE, ["0.weight", "0.bias", "2.weight", "2.bias"]),
        (BOTH_IN_TURN, ["first"]),
    ],
    ids=["zeros", "added", "again", "others", "table", "nets", "names", "class", "module", "both"],
)
def test_a_script_that_moves_its_parameters_itself_is_watched_from_its_first_step(
    text: str, named: list[str], tmp_path: Path
) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    history = scripted(BEGINS + text, tmp_path / "runs", names)
    assert history is not None
    assert not hasattr(torch.autograd.backward, "__wrapped__"), "somebody hears still"
    assert history.header is not None
    assert [*history.header.parameters][: len(named)] == named
    first = f"grad_norm/{named[0]}"
    if text is BOTH_IN_TURN:
        # Neither pass is of both.
        assert column(history, first)[0] == pytest.approx(names["norms"][0])
        return
    assert history.last_step == 5
    assert column(history, "loss") == pytest.approx(names["losses"])
    assert column(history, first) == pytest.approx(names["norms"])
    # Before the first update nobody knew that there would be one.
    assert history.series["probe"].steps.tolist() == [2, 3, 4, 5]


ONE_AFTER_ANOTHER = """
def trained(w):
    for _ in range(3):
        loss = (w - 3).square().sum()
        loss.backward()
        losses.append(loss.item())
        w.data -= 0.1 * w.grad
        w.grad = None
    return w
"""


@pytest.mark.parametrize("kept", ["", "kept = "], ids=["let go of", "kept"])
@pytest.mark.parametrize(
    "of", ["torch.randn(1, requires_grad=True)", "nn.Linear(1, 1).weight"], ids=["tensor", "module"]
)
def test_a_training_after_another_is_a_run_of_its_own_or_told(
    of: str, kept: str, tmp_path: Path
) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    text = f"{BEGINS}{ONE_AFTER_ANOTHER}\n{kept}trained({of})\ntrained({of})"
    with ScriptWatch(name="script", runs=tmp_path) as watched:
        exec(compile(text, "<script>", "exec"), names)
    said = [column(History(read(each / "recording.jsonl")), "loss") for each in tmp_path.iterdir()]
    losses = names["losses"]
    expected = [losses[:3]] if kept else [losses[:3], losses[3:]]
    assert np.allclose(sorted(said), sorted(expected))
    assert len(watched.beside) == (1 if kept else 0)


def test_what_a_script_moves_itself_beside_an_optimizer_is_told_and_what_that_moves_is_not(
    tmp_path: Path,
) -> None:
    text = """
net = nn.Linear(1, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(4):
    for part in x.chunk(2):
        net(part).square().mean().backward()
    optimizer.step()
trained(trained(torch.randn(1, requires_grad=True)))
"""
    with ScriptWatch(name="script", runs=tmp_path) as watched:
        exec(compile(BEGINS + ONE_AFTER_ANOTHER + text, "<script>", "exec"), {})
    assert (watched.others, len(watched.beside)) == (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "x = torch.ones(3, requires_grad=True)\nfor _ in range(4):\n    x.sum().backward()",
        "for _ in range(4):\n    torch.ones(3, requires_grad=True).sum().backward()",
    ],
    ids=["added up", "let go of"],
)
def test_what_has_gradients_and_is_not_moved_is_in_no_run(text: str, tmp_path: Path) -> None:
    assert scripted(f"import torch\n{text}", tmp_path / "runs") is None


def test_a_script_that_makes_its_optimizer_after_a_backward_pass_is_watched_by_it(
    tmp_path: Path,
) -> None:
    text = """
import torch
net = torch.nn.Linear(1, 1)
net(torch.ones(1)).backward()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    net(torch.ones(1)).square().sum().backward()
    optimizer.step()
"""
    history = scripted(text, tmp_path / "runs")
    assert history is not None
    assert history.last_step == 3
    assert column(history, "lr") == pytest.approx([0.1] * 3)


def test_parameters_have_the_names_that_their_optimizer_was_given(tmp_path: Path) -> None:
    weight = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([("slope", weight)], lr=0.1)
    with watch(None, optimizer, runs=tmp_path) as run:
        weight.square().sum().backward()
        optimizer.step()
    assert column(history_of(run), "grad_norm/slope") == pytest.approx([2 * 2**0.5])
