"""Loops of other people: what is recorded of their steps, and what viewers can do to them."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_value_ as limit

from engine.errors import RequestError
from engine.gradients.compiled import building
from engine.loops import norms as norms_module
from engine.loops import probe
from engine.loops.loop import Loop
from engine.loops.parameters import MOST_NAMES
from engine.loops.viewers import PATIENCE
from engine.loops.watch import watch
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.requests import Control
from engine.runs.state import state_of
from tests.forked import Forked, workshop
from tests.patience import DEADLINE

ROWS = torch.linspace(-1, 1, 20)[:, None]

Net = nn.Module


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))


def loss_of(net: Net) -> Tensor:
    return nn.functional.mse_loss(net(ROWS), ROWS**3)


def backward(net: Net, optimizer: torch.optim.Optimizer) -> Tensor:
    loss = loss_of(net)
    optimizer.zero_grad()
    loss.backward()
    return loss


def norms_now(net: Net) -> list[float]:
    """The norms of the gradients that are there, the plain way and in float64."""
    each = [parameter.grad for parameter in net.parameters()]
    return [float("nan") if one is None else float(one.double().norm()) for one in each]


def history_of(run: Loop) -> History:
    return History(read(Path(run.path) / "recording.jsonl"))


def column(run: Loop, name: str, group: str = "train") -> list[float]:
    return history_of(run).series[group].column(name).tolist()


def gradients(run: Loop, net: Net) -> list[list[float]]:
    """The recorded norms of each step."""
    named = [column(run, f"grad_norm/{name}") for name, _ in net.named_parameters()]
    return np.array(named).T.tolist()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture(params=["found", "compiled", "operations"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Norms by a call of C that finds gradients, and by one that is told where these lie, as where
    PyTorch's insides are not known; by PyTorch where there is no compiler.
    """
    if request.param == "compiled":
        monkeypatch.setattr(norms_module, "fused_gradients", lambda tensors: None)
    if request.param == "operations":
        building._loaded.cache_clear()
        monkeypatch.setattr(building, "find_compiler", lambda: None)
    yield
    if request.param == "operations":
        building._loaded.cache_clear()


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize("scale", [1.0, 1e-15, 1e15])
def test_every_step_is_a_row_with_what_it_used(runs: Path, scale: float) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1 / scale)
    losses, norms, rates = [], [], []
    with watch(net, optimizer, name="mine", runs=runs) as run:
        for step in range(40):
            optimizer.param_groups[0]["lr"] = (0.1 + step / 1000) / scale
            loss = loss_of(net) * scale
            optimizer.zero_grad()
            loss.backward()
            norms.append(norms_now(net))
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            losses.append(loss.item())
            run.log(loss=loss)
    assert np.allclose(column(run, "loss"), losses, rtol=1e-6, atol=0)
    assert np.allclose(gradients(run, net), norms, rtol=1e-6, atol=0)
    assert np.allclose(column(run, "grad_norm"), np.linalg.norm(norms, axis=1), rtol=1e-6, atol=0)
    assert np.allclose(column(run, "lr"), rates, rtol=1e-6)
    history = history_of(run)
    assert history.end is not None
    assert (history.end.status, history.end.step, history.last_step) == ("finished", 40, 40)
    assert history.end.result["train_loss"] == pytest.approx(losses[-1])
    assert history.header is not None
    assert history.header.origin == "watch"


@pytest.mark.usefixtures("_costless")
@pytest.mark.parametrize("whole", [True, False])
def test_weights_and_updates_are_measured_at_some_steps(
    runs: Path, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not whole:
        # A parameter of so few numbers is its own sample.
        monkeypatch.setattr(probe, "WHOLE", 0)
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    norms, ratios = {}, {}
    with watch(net, optimizer, runs=runs) as run:
        for step in range(1, 41):
            backward(net, optimizer)
            before = net[0].weight.detach().clone()
            optimizer.step()
            after = net[0].weight.detach()
            norms[step], ratios[step] = (
                float(after.norm()),
                float((after - before).norm() / after.norm()),
            )
    rows = history_of(run).series["probe"]
    measured = rows.steps.tolist()
    assert measured == [*range(1, 33), *range(34, 41, 2)]
    assert np.allclose(rows.column("weight_norm/0.weight"), [norms[each] for each in measured])
    assert np.allclose(rows.column("update_ratio/0.weight"), [ratios[each] for each in measured])


def test_a_loop_may_speak_before_it_steps(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    with watch(net, optimizer, runs=runs) as run:
        for _ in range(5):
            loss = backward(net, optimizer)
            run.log(loss=loss)
            losses.append(loss.item())
            optimizer.step()
    assert np.allclose(column(run, "loss"), losses)


def test_of_what_is_said_several_times_in_a_step_the_mean_counts(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        for _ in range(3):
            optimizer.zero_grad()
            for part in (1.0, 2.0, 6.0):
                (loss_of(net) / 3).backward()
                run.log(loss=part)
            optimizer.step()
    assert column(run, "loss") == [3.0, 3.0, 3.0]


def test_other_numbers_have_rows_of_their_own(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        for step in range(1, 7):
            loss = backward(net, optimizer)
            optimizer.step()
            run.log(loss=loss, accuracy=step / 10)
            if step % 3 == 0:
                run.log(val_loss=torch.tensor(step * 1.0), fid=step * 2)
    history = history_of(run)
    assert np.allclose(column(run, "accuracy"), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert history.series["dev"].steps.tolist() == [3, 6]
    assert column(run, "loss", "dev") == [3.0, 6.0]
    assert column(run, "fid", "other") == [6.0, 12.0]
    assert history.end is not None
    assert history.end.result["dev_loss"] == 6.0


CLIPS: dict[str, Callable[[Any], Any] | None] = {
    "by its name": lambda parameters: nn.utils.clip_grad_norm_(parameters, 0.01),
    "by another": lambda parameters: limit(parameters, 0.001),
    "held before": partial(nn.utils.clip_grad_norm_, max_norm=0.01),
    "by the loop": None,
}


@pytest.mark.parametrize("clip", CLIPS.values(), ids=CLIPS)
def test_gradients_are_those_before_clipping_and_what_was_applied_stands_beside(
    runs: Path, clip: Callable[[Any], Any] | None
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    before, after = [], []
    with watch(net, optimizer, runs=runs) as run:
        for _ in range(5):
            backward(net, optimizer)
            before.append(norms_now(net))
            if clip is None:
                run.backward_done()
                for parameter in net.parameters():
                    parameter.grad *= 0.001
            else:
                clip(net.parameters())
            after.append(norms_now(net))
            optimizer.step()
    assert np.allclose(gradients(run, net), before)
    assert np.allclose(column(run, "grad_norm"), np.linalg.norm(before, axis=1))
    assert np.allclose(column(run, "applied_norm"), np.linalg.norm(after, axis=1))


def test_what_clips_is_put_back(runs: Path) -> None:
    original = nn.utils.clip_grad_norm_
    net = network()
    with watch(net, torch.optim.SGD(net.parameters()), runs=runs):
        assert nn.utils.clip_grad_norm_ is not original
    assert nn.utils.clip_grad_norm_ is original


def test_two_optimizers_share_a_row_and_neither_takes_the_others_gradients(runs: Path) -> None:
    makes, tells = network(1), network(2)
    first, second = (torch.optim.SGD(each.parameters(), lr=0.1) for each in (tells, makes))
    both = nn.ModuleDict({"tells": tells, "makes": makes})
    told, made = [], []
    with watch(both, [first, second], runs=runs) as run:
        for _ in range(4):
            first.zero_grad()
            (loss_of(tells) + loss_of(makes)).backward()
            told.append(norms_now(tells))
            first.step()
            second.zero_grad()
            (loss_of(makes) * 2).backward()
            made.append(norms_now(makes))
            second.step()
            run.log(loss_d=1.0, loss_g=2.0)
    assert run.step == 4
    recorded = np.array(gradients(run, both))
    assert np.allclose(recorded, np.concatenate([told, made], axis=1))
    assert column(run, "loss_d", "other") == [1.0] * 4


def test_a_closure_is_looked_at_after_its_last_call(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.5, max_iter=3)
    norms = []
    with watch(net, optimizer, runs=runs) as run:
        for _ in range(3):
            optimizer.step(lambda: backward(net, optimizer))
            norms.append(norms_now(net))
    assert np.allclose(gradients(run, net), norms)


def test_parameters_without_gradients_have_none_and_sparse_ones_theirs(runs: Path) -> None:
    torch.manual_seed(0)
    net = nn.ModuleDict({"words": nn.Embedding(5, 3, sparse=True), "idle": nn.Linear(2, 2)})
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        for _ in range(3):
            optimizer.zero_grad()
            net["words"](torch.tensor([1, 1, 2])).pow(2).sum().backward()
            whole = float(net["words"].weight.grad.to_dense().norm())
            optimizer.step()
    assert column(run, "grad_norm/words.weight")[-1] == pytest.approx(whole)
    assert np.isnan(column(run, "grad_norm/idle.weight")).all()


@pytest.mark.usefixtures("_costless")
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_of_weights_that_are_mostly_zeros_norms_are_known_and_updates_are_not(runs: Path) -> None:
    net = nn.ParameterDict({"plain": torch.ones(2, 1), "sparse": torch.eye(2).to_sparse()})
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        torch.sparse.mm(net["sparse"], net["plain"]).sum().backward()
        optimizer.step()
        norm = float(net["sparse"].detach().to_dense().norm())
    assert column(run, "weight_norm/sparse", "probe") == [pytest.approx(norm)]
    assert np.isnan(column(run, "update_ratio/sparse", "probe")).all()
    assert column(run, "update_ratio/plain", "probe") == [pytest.approx(0.1 / 0.9)]
    assert gradients(run, net) == [pytest.approx([math.sqrt(2)] * 2)]


def test_many_parameters_are_folded_by_module(runs: Path) -> None:
    net = nn.ModuleDict({f"block{n}": nn.Linear(1, 1) for n in range(MOST_NAMES - 10)})
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        sum(each(torch.ones(1)) for each in net.values()).pow(2).sum().backward()
        weight, bias = (each.grad for each in net["block3"].parameters())
        optimizer.step()
    whole = float(torch.cat([weight.flatten(), bias]).norm())
    assert column(run, "grad_norm/block3") == [pytest.approx(whole)]


class Person:
    """Somebody who asks for something whenever the loop waits, in turn."""

    def __init__(self, *asks: Callable[[Control], Any]) -> None:
        self._asks = iter(asks)
        self.control: Control | None = None
        self.waited = 0

    def wait(self, _: float) -> None:
        self.waited += 1
        assert self.control is not None
        next(self._asks)(self.control)


def controlled(runs: Path, person: Person, **options: Any) -> tuple[Net, Any, Loop]:
    """A loop that looks for requests at every step, and a person who answers its pauses."""
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    run = watch(net, optimizer, runs=runs, **options)
    ticks = iter(range(10**9))
    run._clock, run._viewers._wait = lambda: float(next(ticks)), person.wait
    run._viewers.look_at = 0.0
    person.control = Control(RunFolder(Path(run.path)), "someone")
    return net, optimizer, run


def test_it_is_paused_stepped_and_gone_on_with(runs: Path) -> None:
    person = Person(
        lambda control: control.send("step", n=2),
        lambda control: control.send("continue"),
    )
    net, optimizer, run = controlled(runs, person)
    with run:
        for step in range(8):
            if step == 3:
                assert person.control is not None
                person.control.send("pause")
            backward(net, optimizer)
            optimizer.step()
    assert person.waited == 2
    answered = [(each.action, each.step) for each in history_of(run).requests]
    assert answered == [("pause", 3), ("step", 3), ("continue", 5)]


def test_a_rate_is_set_for_all_groups_and_kept_by_a_scheduler(runs: Path) -> None:
    net = network()
    groups = [
        {"params": net[0].parameters(), "lr": 0.1},
        {"params": net[2].parameters(), "lr": 0.4},
    ]
    optimizer = torch.optim.SGD(groups)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.5)
    run = watch(net, optimizer, runs=runs)
    run._viewers.look_at = 0.0
    with run:
        for step in range(6):
            if step == 2:
                Control(RunFolder(Path(run.path)), "someone").send("set_lr", lr=0.01)
                run._viewers.look_at = 0.0
            backward(net, optimizer)
            optimizer.step()
            schedule.step()
    assert np.allclose(column(run, "lr"), [0.1, 0.1, 0.01, 0.005, 0.005, 0.005])
    assert optimizer.param_groups[1]["lr"] == pytest.approx(0.01)
    assert history_of(run).warnings == []


def test_a_rate_that_the_script_overwrites_is_told(runs: Path) -> None:
    net, optimizer, run = controlled(runs, Person())
    with run:
        for step in range(4):
            if step == 2:
                run.lr = 0.5
            optimizer.param_groups[0]["lr"] = 0.1
            backward(net, optimizer)
            optimizer.step()
    [warning] = history_of(run).warnings
    assert "overwritten by the script" in warning.message


def stopped(runs: Path, *, reads: bool, **options: Any) -> tuple[Loop, int]:
    """A loop that is asked to stop after its third step; how many it takes."""
    net, optimizer, run = controlled(runs, Person(), **options)
    taken = 0
    with run:
        for step in range(20):
            if step == 3:
                Control(RunFolder(Path(run.path)), "someone").send("stop")
            backward(net, optimizer)
            optimizer.step()
            taken += 1
            if reads and run.should_stop:
                break
    return run, taken


@pytest.mark.parametrize(
    ("reads", "options", "taken", "status"),
    [
        (True, {}, 4, "stopped"),
        (False, {}, 3 + PATIENCE, "stopped"),
        (False, {"stop": "flag"}, 20, "stopped"),
        (False, {"control": False}, 20, "finished"),
    ],
)
def test_a_stop_is_read_or_ends_the_loop_from_within(
    runs: Path, reads: bool, options: dict[str, Any], taken: int, status: str
) -> None:
    run, steps = stopped(runs, reads=reads, **options)
    assert steps == taken
    history = history_of(run)
    assert history.end is not None
    assert history.end.status == status
    [request] = history.requests
    assert bool(request.refused) is (options == {"control": False})


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("no luck"), "ValueError: no luck"), (KeyboardInterrupt(), "KeyboardInterrupt")],
)
def test_an_error_ends_the_run_and_is_raised_again(
    runs: Path, error: BaseException, reason: str
) -> None:
    net = network()
    run = watch(net, torch.optim.SGD(net.parameters()), runs=runs)
    with pytest.raises(type(error)), run:
        raise error
    history = history_of(run)
    assert history.end is not None
    assert (history.end.status, history.end.reason) == ("failed", reason)


def test_a_loop_trains_on_where_nothing_can_be_written(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        backward(net, optimizer)
        optimizer.step()
        Path(run.path).rename(runs / "elsewhere")
        with pytest.warns(UserWarning, match="records no more of this loop"):
            run._steps.flush()
        backward(net, optimizer)
        optimizer.step()
    assert run.step == 2


@pytest.mark.filterwarnings("error")
def test_it_does_where_warnings_are_errors(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        backward(net, optimizer)
        optimizer.step()
        Path(run.path).rename(runs / "elsewhere")
    assert "epochal records no more of this loop" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda runs: watch(network(), [], runs=runs), "needs an optimizer"),
        (
            lambda runs: watch(None, torch.optim.SGD(nn.LazyLinear(1).parameters()), runs=runs),
            "optimizer.0 has no numbers yet; its module finds its size in the first",
        ),
        (
            lambda runs: watch(None, torch.optim.SGD(network().to("meta").parameters()), runs=runs),
            "optimizer.0 has no numbers yet; it is on the meta device",
        ),
        (
            lambda runs: watch(
                None, torch.optim.SGD(network().parameters()), runs=runs, stop="never"
            ),
            "stop must be",
        ),
    ],
)
def test_what_cannot_be_watched_is_refused(
    runs: Path, call: Callable[[Path], Any], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        call(runs)
    assert not runs.exists()


def test_a_tensor_of_many_numbers_is_refused_where_it_is_said(runs: Path) -> None:
    net = network()
    with (
        watch(net, torch.optim.SGD(net.parameters()), runs=runs) as run,
        pytest.raises(TypeError, match=r"loss: is a tensor of \[3\]"),
    ):
        run.log(loss=torch.zeros(3))


SCRIPT = """
import os, sys, torch
from engine.loops.watch import watch
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
with watch(net, optimizer, name="killed", runs=sys.argv[1]) as run:
    child = os.fork()
    if child == 0:
        import time
        for _ in range(10):     # a worker that loads data and knows nothing of the run
            optimizer.step()
        print("child", flush=True)
        time.sleep(600)
    step = 0
    while True:
        optimizer.zero_grad()
        net(torch.ones(3, 2)).sum().backward()
        optimizer.step()
        run.log(loss=1.0)
        step += 1
        if step == 3000:
            print("going", run.path, child, flush=True)
"""


@pytest.fixture
def killed(runs: Path) -> Iterator[tuple[RunFolder, int]]:
    """A script that was killed while it trained, with a child of it that lives on."""
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(runs)], stdout=subprocess.PIPE, text=True
    )
    assert script.stdout is not None
    words = next(line for line in script.stdout if line.startswith("going")).split()
    folder = RunFolder(Path(words[1]))
    deadline = time.monotonic() + DEADLINE
    # Its steps are written twice a second: of a script that is fast there may be none yet.
    while History(read(folder.recording)).last_step <= 500 and time.monotonic() < deadline:
        time.sleep(0.01)
    script.kill()
    script.wait(timeout=DEADLINE)
    yield folder, int(words[2])
    os.kill(int(words[2]), signal.SIGKILL)
    script.stdout.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_script_that_is_killed_has_crashed_though_its_children_live(
    killed: tuple[RunFolder, int],
) -> None:
    folder, child = killed
    os.kill(child, 0)
    history = History(read(folder.recording))
    assert history.last_step > 500
    assert history.end is None
    assert state_of(history, folder, now=time.time()) == "crashed"


LOADS = """
import sys, torch
from torch.utils.data import DataLoader, TensorDataset
from engine.loops.watch import watch
torch.set_num_threads(1)
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
rows = TensorDataset(torch.ones(64, 2))
loader = DataLoader(rows, batch_size=8, num_workers=2, persistent_workers=True)
with watch(net, optimizer, name="loads", runs=sys.argv[1]) as run:
    while True:
        for (x,) in loader:
            optimizer.zero_grad()
            loss = net(x).square().mean()
            loss.backward()
            optimizer.step()
            run.log(loss=loss)
        if run.step == 8:
            print(*(each.pid for each in loader._iterator._workers), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_script_that_is_killed_has_crashed_while_workers_of_its_loader_live(
    runs: Path, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("wb") as out, Path(os.devnull).open("rb") as nothing:
        stdio = (nothing.fileno(), out.fileno(), out.fileno())
        program = ["-c", LOADS, str(runs)]
        script = Forked(workshop("workers"), program, stdio, dict(os.environ))
    deadline = time.monotonic() + DEADLINE
    while not (tmp_path / "out").read_text().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = [int(each) for each in (tmp_path / "out").read_text().split()]
    [folder] = (RunFolder(each) for each in runs.iterdir())
    # A block is written twice a second, and its bytes within a second.
    while History(read(folder.recording)).last_step < 8 and time.monotonic() < deadline:
        time.sleep(0.01)
    for each in workers:
        # So that they hear nothing of it.
        os.kill(each, signal.SIGSTOP)
    script.kill()
    assert script.wait(DEADLINE) == -signal.SIGKILL
    history = History(read(folder.recording))
    state = state_of(history, folder, now=time.time())
    for each in workers:
        os.kill(each, signal.SIGKILL)
    assert state == "crashed"
    assert history.end is None
    rows = history.series["train"]
    assert rows.steps.tolist() == [*range(1, history.last_step + 1)]
    assert np.isfinite(rows.column("loss")).all()


LEFT = """
import sys, torch
from engine.loops.watch import watch
net = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
run = watch(net, optimizer, name="left", runs=sys.argv[1])
run.attach()
net(torch.ones(3, 2)).sum().backward()
optimizer.step()
if sys.argv[2]:
    raise ValueError(sys.argv[2])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
@pytest.mark.parametrize(
    ("words", "end"), [("", ("finished", "steps")), ("no luck", ("failed", "ValueError: no luck"))]
)
def test_a_loop_that_nobody_ended_ends_with_its_process(
    runs: Path, words: str, end: tuple[str, str]
) -> None:
    with Path(os.devnull).open("r+b") as nothing:
        program = ["-c", LEFT, str(runs), words]
        stdio = [nothing.fileno()] * 3
        script = Forked(workshop("workers"), program, stdio, dict(os.environ))
    assert script.wait(DEADLINE) == bool(words)
    [folder] = runs.iterdir()
    history = History(read(folder / "recording.jsonl"))
    assert history.last_step == 1
    assert history.end is not None
    assert (history.end.status, history.end.reason) == end


class Conv(nn.Module):
    """Functions in place of modules, and a convolution whose units are its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.flat = nn.Conv1d(1, 4, 3), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = nn.functional.relu(self.conv(x)).mean(dim=2)
        return torch.tanh(self.flat(hidden))


@pytest.mark.usefixtures("_costless")
def test_dead_and_saturated_units_are_seen_in_what_the_loop_computes(runs: Path) -> None:
    torch.manual_seed(0)
    net = Conv()
    with torch.no_grad():
        net.conv.bias[:3] = -100.0
        net.flat.bias[1] = 50.0
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with watch(net, optimizer, runs=runs) as run:
        for _ in range(40):
            optimizer.zero_grad()
            net(torch.rand(8, 1, 10)).sum().backward()
            optimizer.step()
            with torch.no_grad():
                net(torch.full((2, 1, 10), -1000.0))
    assert column(run, "dead/conv", "probe") == [0.75] * 36
    assert column(run, "saturated/flat", "probe") == [0.5] * 36
    assert not net._forward_hooks
