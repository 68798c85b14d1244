"""Several processes that train one network: one recording, and what is asked all do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed

from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.requests import Control
from engine.runs.state import state_of
from tests.forked import Forked, workshop
from tests.patience import DEADLINE

pytestmark = pytest.mark.skipif(
    not distributed.is_gloo_available() or not hasattr(os, "fork"),
    reason="this PyTorch has no gloo, or processes cannot fork here",
)

SCRIPT = """
import sys, torch
from torch import distributed, nn
from engine.loops import ranks
from engine.loops.watch import watch
from datetime import timedelta
from tests.gloo import let_go
rank, meeting, runs, watches = int(sys.argv[1]), *sys.argv[2:]
ranks.AWAITED = timedelta(seconds=0.1)
torch.set_num_threads(1)
# Gloo may miss that a process is gone, and then waits for as long as it is told to.
distributed.init_process_group(
    "gloo",
    init_method="file://" + meeting,
    rank=rank,
    world_size=2,
    timeout=timedelta(seconds=20),
)
torch.manual_seed(0)
net = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
rows = torch.tensor([[1.0, 2.0], [3.0, 1.0]])[rank : rank + 1]

def train(steps, run=None):
    for step in range(steps):
        loss = (net(rows) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if run:
            run.log(loss=loss)
            if run.should_stop:
                break

if str(rank) in watches:
    with watch(net, optimizer, name="both", runs=runs) as run:
        if rank == 0:
            print(run.path, flush=True)
        train(100_000 if watches == "01" else 200, run)
    print(run.step, optimizer.param_groups[0]["lr"], flush=True)
else:
    train(200)
distributed.destroy_process_group()
let_go()
"""


SHARDED = """
import sys, torch
from torch import distributed, nn
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.device_mesh import init_device_mesh
from engine.loops.watch import watch
from torch.nn.utils import clip_grad_norm_ as clip, get_total_norm as norm_of
from tests.engine.loops.test_ranks import ROWS, whole
from tests.gloo import let_go
rank, meeting, runs, watches = int(sys.argv[1]), *sys.argv[2:]
torch.set_num_threads(1)
distributed.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=2)
net = whole()
mesh = init_device_mesh("cpu", (2,))
# The last layer lies in each process as a whole.
for place in (0, 2):
    if watches in ("kept", "flat"):
        net[place] = FullyShardedDataParallel(
            net[place], use_orig_params=watches == "kept", device_id=torch.device("cpu")
        )
    else:
        fully_shard(net[place], mesh=mesh)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
with watch(net, optimizer, name="sharded", runs=runs) as run:
    for step in range(6):
        loss = net(ROWS[rank::2]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        for each in net[4].parameters():
            distributed.all_reduce(each.grad)
            each.grad /= 2
        if watches == "fails" and step == 4:
            raise SystemExit("enough")
        if watches in ("kept", "flat"):
            # To half of what the norm is.
            for place in (0, 2):
                net[place].clip_grad_norm_(float(net[place].clip_grad_norm_(1e9)) / 2)
            last = [*net[4].parameters()]
            clip(last, float(norm_of([each.grad for each in last])) / 2)
        else:
            run.backward_done()
            for each in net.parameters():
                if each.grad is not None:
                    each.grad *= 0.5
        optimizer.step()
        run.log(loss=loss)
        if watches == "fails" and step == 2:
            # What was seen up to here is summed at the next step.
            run._viewers._ranks.meet_at = run.step
distributed.destroy_process_group()
let_go()
"""

ROWS = torch.linspace(-1, 1, 24).reshape(8, 3)


def whole() -> torch.nn.Sequential:
    """A network of which the parts of two processes differ in size."""
    nn = torch.nn
    torch.manual_seed(0)
    wide, narrow, last = nn.Linear(3, 5), nn.Linear(5, 1), nn.Linear(1, 1)
    return nn.Sequential(wide, nn.Tanh(), narrow, nn.Tanh(), last)


class Pair:
    """Two processes that train one network.

    Args:
        folder: Where they meet and record.
        watches: The numbers of those that watch, or what else they are told.
        script: What they run.
    """

    def __init__(self, folder: Path, watches: str, script: str = SCRIPT) -> None:
        self.runs = folder / "runs"
        self._folder, self._script = folder, script
        self.processes = [self._start(rank, watches) for rank in range(2)]

    def _start(self, rank: int, watches: str) -> Forked:
        told = [str(rank), str(self._folder / "meeting"), str(self.runs), watches]
        with (self._folder / f"{rank}.out").open("wb") as out:
            stdio = (os.open(os.devnull, os.O_RDONLY), out.fileno(), out.fileno())
            try:
                program = ["-c", self._script, *told]
                return Forked(workshop("workers"), program, stdio, dict(os.environ))
            finally:
                os.close(stdio[0])

    def said(self, rank: int) -> list[str]:
        """The lines of one of them."""
        return (self._folder / f"{rank}.out").read_text("utf-8").splitlines()

    def end(self) -> list[int]:
        """How each ended."""
        return [each.wait(DEADLINE) for each in self.processes]

    @property
    def folder(self) -> RunFolder:
        """The one run that there is."""
        [path] = self.runs.iterdir()
        return RunFolder(path)

    def history(self) -> History:
        return History(read(self.folder.recording))

    def wait_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE
        while not holds():
            assert time.monotonic() < deadline, [self.said(rank) for rank in range(2)]
            time.sleep(0.01)


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    told = getattr(request, "param", "01")
    pair = Pair(tmp_path, *([told] if isinstance(told, str) else told))
    yield pair
    for each in pair.processes:
        each.kill()
        each.wait(DEADLINE)


def test_two_processes_are_one_run_that_is_set_and_stopped_together(pair: Pair) -> None:
    pair.wait_until(lambda: bool(pair.said(0)))
    control = Control(pair.folder, "someone")
    control.send("pause")
    control.send("set_lr", lr=0.002)
    control.send("step", n=3)
    control.send("continue")
    control.send("stop")
    assert pair.end() == [0, 0]
    [_, first], [second] = pair.said(0), pair.said(1)
    assert first == second
    steps, rate = first.split()
    assert rate == "0.002"
    history = pair.history()
    assert history.end is not None
    assert history.end.status == "stopped"
    assert history.last_step == int(steps)
    assert np.isclose(history.series["train"].column("lr")[-1], 0.002)
    assert [each.action for each in history.requests] == [
        *("pause", "set_lr", "step", "continue", "stop"),
    ]
    # The gradients of both sets of rows, averaged.
    torch.manual_seed(0)
    net = torch.nn.Linear(2, 1)
    (net(torch.tensor([[1.0, 2.0], [3.0, 1.0]])) - 1).square().mean().backward()
    assert net.weight.grad is not None
    recorded = history.series["train"].column("grad_norm/weight")[0]
    assert np.isclose(recorded, float(net.weight.grad.norm()))


def kill(pair: Pair, rank: int) -> None:
    os.kill(pair.processes[rank].pid, signal.SIGKILL)
    assert pair.end()[rank] == -signal.SIGKILL


@pytest.mark.parametrize("paused", [False, True])
def test_what_loses_another_process_has_failed_and_says_so(pair: Pair, paused: bool) -> None:
    pair.wait_until(lambda: bool(pair.said(0)) and pair.history().last_step > 0)
    if paused:
        Control(pair.folder, "someone").send("pause")
        pair.wait_until(lambda: pair.history().paused)
    kill(pair, 1)
    end = pair.history().end
    assert end is not None
    assert end.status == "failed"
    assert "Error: " in end.reason
    if paused:
        assert "another process of this training is gone" in end.reason


@pytest.mark.parametrize("paused", [False, True])
def test_where_the_first_is_killed_the_run_has_crashed_and_the_others_end(
    pair: Pair, paused: bool
) -> None:
    pair.wait_until(lambda: bool(pair.said(0)) and pair.history().last_step > 0)
    if paused:
        Control(pair.folder, "someone").send("pause")
        pair.wait_until(lambda: pair.history().paused)
    kill(pair, 0)
    assert pair.end()[1] == 1
    assert pair.history().end is None
    assert state_of(pair.history(), pair.folder, now=time.time()) == "crashed"


@pytest.mark.parametrize("pair", ["0", "1"], indirect=True)
def test_where_only_one_watches_nobody_waits_for_the_other(
    pair: Pair, request: pytest.FixtureRequest
) -> None:
    assert pair.end() == [0, 0], [pair.said(rank) for rank in range(2)]
    if "0" in request.node.callspec.params["pair"]:
        history = pair.history()
        assert history.last_step == 200
        [warning] = history.warnings
        assert "not all of which watch it: requests are refused" in warning.message
    else:
        assert not pair.runs.exists()


def measured_whole(steps: int) -> dict[str, list[float]]:
    """What is recorded of the network where one process has all of it."""
    net, columns = whole(), dict[str, list[float]]()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

    def norm(tensors: Iterable[torch.Tensor | None]) -> float:
        return float(torch.cat([each.flatten() for each in tensors if each is not None]).norm())

    for _ in range(steps):
        optimizer.zero_grad()
        net(ROWS).square().mean().backward()
        row = {"grad_norm": norm(each.grad for each in net.parameters())}
        row |= {f"grad_norm/{name}": norm([each.grad]) for name, each in net.named_parameters()}
        for each in net.parameters():
            assert each.grad is not None
            each.grad *= 0.5
        row["applied_norm"] = row["grad_norm"] / 2
        before = [each.detach().clone() for each in net.parameters()]
        optimizer.step()
        for (name, each), then in zip(net.named_parameters(), before, strict=True):
            row[f"weight_norm/{name}"] = norm([each.detach()])
            row[f"update_ratio/{name}"] = norm([each.detach() - then]) / norm([each.detach()])
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns


WAYS = ["all", "kept", "flat"]
"""Parts that say what they are, those that look like wholes, and all of a layer in one of these."""


@pytest.mark.parametrize("pair", [(way, SHARDED) for way in WAYS], indirect=True, ids=WAYS)
def test_norms_of_what_lies_in_several_processes_are_of_the_whole(
    pair: Pair, request: pytest.FixtureRequest
) -> None:
    assert pair.end() == [0, 0], [pair.said(rank) for rank in range(2)]
    history, measured = pair.history(), 0
    expected = measured_whole(6)
    if "flat" in request.node.name:
        for layer in ("0", "2"):
            for what in ("grad_norm", "weight_norm"):
                both = [expected.pop(f"{what}/{layer}.{name}") for name in ("weight", "bias")]
                expected[f"{what}/{layer}"] = np.hypot(*both).tolist()
            for name in ("weight", "bias"):
                del expected[f"update_ratio/{layer}.{name}"]
    assert history.header is not None
    sizes = [int(np.prod(each)) for each in history.header.parameters.values()]
    assert sum(sizes) == sum(each.numel() for each in whole().parameters())
    for group in ("train", "probe"):
        rows = history.series[group]
        for name in expected.keys() & {*rows.columns}:
            measured += 1
            places = [step - 1 for step in rows.steps.tolist()]
            wanted = np.array(expected[name])[places]
            assert np.allclose(rows.column(name), wanted, rtol=1e-4), name
    assert measured == len(expected)
    assert history.warnings == []


@pytest.mark.parametrize("pair", [("fails", SHARDED)], indirect=True, ids=["fails"])
def test_of_a_loop_that_fails_in_parts_the_norms_are_known_up_to_the_last_sum(pair: Pair) -> None:
    assert pair.end() == [1, 1]
    history = pair.history()
    rows = history.series["train"]
    assert np.isfinite(rows.column("loss")).all()
    norms = rows.column("grad_norm")
    assert np.isfinite(norms[:3]).all()
    assert np.isnan(norms[3:]).all()
    assert history.end is not None
    assert (history.end.status, history.end.reason) == ("failed", "SystemExit: enough")
