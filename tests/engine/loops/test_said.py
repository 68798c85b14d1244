"""What is said of steps that mixed precision leaves out, and the norms of those that are taken."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from engine.loops.watch import watch
from tests.engine.loops.test_watch import column, gradients, history_of, loss_of, network, norms_now

LEFT_OUT = "was left out: a gradient was infinite or no number"
CHANGED_NOTHING = "changed nothing: a gradient was infinite or no number"
STEPS, BAD = 5, 2


@pytest.mark.parametrize("bad", [(0,), (2,), (STEPS - 1,)], ids=["first", "some", "last"])
@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("before", [False, True])
def test_a_step_that_is_left_out_leaves_nothing_but_a_word(
    bad: tuple[int], clipped: bool, before: bool, tmp_path: Path
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    losses, norms = [], []
    with watch(net, optimizer, runs=tmp_path) as run:
        for step in range(STEPS):
            loss = loss_of(net) * (float("inf") if step in bad else 1.0)
            if before:
                run.log(loss=loss)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            if clipped:
                scaler.unscale_(optimizer)
                unscaled = norms_now(net)
                nn.utils.clip_grad_norm_(net.parameters(), 1e-3)
                scaler.step(optimizer)
            else:
                scaler.step(optimizer)
                unscaled = norms_now(net)
            scaler.update()
            if not before:
                run.log(loss=loss)
            if step not in bad:
                losses.append(loss.item())
                norms.append(unscaled)
    assert column(run, "loss") == pytest.approx(losses)
    assert gradients(run, net) == [pytest.approx(each, rel=1e-5) for each in norms]
    said = [each.message for each in history_of(run).warnings]
    assert said == [f"step {each + 1} {LEFT_OUT}" for each in bad]


def test_of_an_optimizer_that_unscales_gradients_itself_they_are_recorded_unscaled(
    tmp_path: Path,
) -> None:
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    norms = []
    with watch(net, optimizer, runs=tmp_path) as run:
        for step in range(STEPS):
            loss = loss_of(net) * (float("inf") if step == BAD else 1.0)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            norms.append([each / scaler.get_scale() for each in norms_now(net)])
            scaler.step(optimizer)
            scaler.update()
    # What it has called is a step of it, whatever came of it.
    kept = [row for step, row in enumerate(gradients(run, net)) if step != BAD]
    del norms[BAD]
    assert kept == [pytest.approx(each, rel=1e-5) for each in norms]
    said = [each.message for each in history_of(run).warnings]
    assert said == [f"step {BAD + 1} {CHANGED_NOTHING}"]
