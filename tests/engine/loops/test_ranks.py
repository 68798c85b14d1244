"""Several processes that train one network: one recording, and what is asked all do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed

from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.requests import Control
from tests.patience import DEADLINE

SCRIPT = """
import sys, torch
from torch import distributed, nn
from engine.loops.watch import watch
rank, meeting, runs = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
distributed.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=2)
torch.manual_seed(0)
net = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
rows = torch.tensor([[1.0, 2.0], [3.0, 1.0]])[rank : rank + 1]
with watch(net, optimizer, name="both", runs=runs) as run:
    if rank == 0:
        print(run.path, flush=True)
    for step in range(100_000):
        loss = (net(rows) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.log(loss=loss)
        if run.should_stop:
            break
print(run.step, optimizer.param_groups[0]["lr"], flush=True)
distributed.destroy_process_group()
"""


@pytest.mark.skipif(not distributed.is_gloo_available(), reason="this PyTorch has no gloo")
def test_two_processes_are_one_run_that_is_set_and_stopped_together(tmp_path: Path) -> None:
    told = [str(tmp_path / "meeting"), str(tmp_path / "runs")]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(rank), *told], stdout=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    told_path = both[0].stdout
    assert told_path is not None
    control = Control(RunFolder(Path(told_path.readline().strip())), "someone")
    control.send("pause")
    control.send("set_lr", lr=0.002)
    control.send("step", n=3)
    control.send("continue")
    control.send("stop")
    ends = [each.communicate(timeout=DEADLINE)[0].split() for each in both]
    assert ends[0] == ends[1]
    assert ends[0][1] == "0.002"
    [folder] = (tmp_path / "runs").iterdir()
    history = History(read(folder / "recording.jsonl"))
    assert history.end is not None
    assert history.end.status == "stopped"
    assert history.last_step == int(ends[0][0])
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
