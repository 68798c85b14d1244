"""Losses that a loop says at some steps only, and gradients that only some steps have."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.diagnosis import diagnose, verdicts
from engine.loops.watch import watch
from engine.runs.folder import RunFolder
from engine.runs.summary import glance
from tests.engine.loops.test_watch import backward, column, history_of, network


@pytest.mark.parametrize("name", ["loss", "train_loss"])
@pytest.mark.parametrize("first", [0, 299])
def test_a_loss_that_is_said_now_and_then_is_no_loss_that_was_lost(
    name: str, first: int, tmp_path: Path
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    losses = {}
    with watch(net, optimizer, runs=tmp_path) as run:
        for step in range(400):
            loss = backward(net, optimizer)
            optimizer.step()
            # More steps than a block has pass before the first, or between two.
            if step % 300 == first:
                run.log({name: loss})
                losses[step + 1] = loss.item()
    history = history_of(run)
    rows = history.series["train"]
    buckets = rows.buckets("loss", 1, 400, 400)
    assert dict(zip(buckets.steps.tolist(), buckets.mean.tolist(), strict=True)) == pytest.approx(
        losses
    )
    assert rows.value("loss", 400) == pytest.approx([*losses.values()][-1])
    assert rows.count == 400
    assert not [each for each in diagnose(history) if each.rule == "diverged"]
    assert {each.word for each in verdicts(history, 400).values()} == {"fine"}
    assert history.end is not None
    assert history.end.result["train_loss"] == pytest.approx([*losses.values()][-1])


def test_a_loss_that_is_lost_is_told_though_most_steps_say_none(tmp_path: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with watch(net, optimizer, runs=tmp_path) as run:
        for step in range(30):
            loss = backward(net, optimizer)
            optimizer.step()
            if step % 10 == 0:
                run.log(loss=loss * (math.nan if step == 20 else 1))
    [finding] = [each for each in diagnose(history_of(run)) if each.rule == "diverged"]
    assert finding.step == 21


def test_a_layer_that_a_step_does_not_use_is_fine_and_one_whose_gradient_is_lost_is_not(
    tmp_path: Path,
) -> None:
    nets = [network(), network(1)]
    both = nn.ModuleList(nets)
    optimizers = [torch.optim.SGD(each.parameters(), lr=0.05) for each in nets]
    with watch(both, optimizers, runs=tmp_path) as run:
        for step in range(9):
            for net, optimizer in zip(nets, optimizers, strict=True):
                # As a critic, which is trained more often than what it judges.
                if net is nets[1] or step % 4 == 0:
                    run.log(loss=backward(net, optimizer))
                    optimizer.step()
    history = history_of(run)
    assert math.isnan(column(run, "grad_norm/0.0.weight")[-1])
    for step in (8, 9):
        assert {each.word for each in verdicts(history, step).values()} == {"fine"}
    weight = next(nets[1].parameters())
    with watch(both, optimizers, runs=tmp_path) as run:
        backward(nets[1], optimizers[1])
        assert weight.grad is not None
        weight.grad[0] = math.nan
        optimizers[1].step()
    judged = verdicts(history_of(run), 1)
    assert judged["1.0"].word == "not finite"
    assert judged["1.2"].word != "not finite"
    # What is lost in one layer is lost in all of them together.
    assert math.isnan(column(run, "grad_norm")[0])


def test_a_list_of_runs_has_the_loss_that_was_said_last(tmp_path: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    run = watch(net, optimizer, runs=tmp_path)
    for step in range(5):
        loss = backward(net, optimizer)
        optimizer.step()
        if step == 2:
            run.log(loss=loss)
            said = loss.item()
    run.close()
    assert glance(RunFolder(Path(run.path))).loss == pytest.approx(said)
