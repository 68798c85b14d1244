"""Loops as people write them who have read two lines: nothing is lost, and mistakes are told."""

from __future__ import annotations

import contextlib
import copy
import gc
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules.module import _has_any_global_hook

from engine.errors import RequestError
from engine.loops.recorded import record
from engine.loops.script import run_script
from engine.loops.watch import watch
from engine.recording.file import Reader, read
from engine.recording.history import History
from tests.engine.loops.test_script import watched
from tests.engine.loops.test_watch import (
    ROWS,
    backward,
    column,
    gradients,
    history_of,
    network,
    norms_now,
)
from tests.patience import DEADLINE


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def trained(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 3) -> list[float]:
    losses = []
    for _ in range(steps):
        losses.append(backward(net, optimizer).item())
        optimizer.step()
    return losses


def test_an_optimizer_that_takes_anothers_place_is_watched_on(runs: Path) -> None:
    net = network()
    first = torch.optim.Adam(net.parameters(), lr=0.01)
    with watch(net, first, runs=runs) as run:
        trained(net, first, 4)
        second = torch.optim.SGD(net.parameters(), lr=0.5)
        trained(net, second, 5)
    assert column(run, "lr") == pytest.approx([0.01] * 4 + [0.5] * 5)
    assert np.isfinite(column(run, "grad_norm")).all()
    [told] = history_of(run).warnings
    assert (told.step, told.message) == (4, "SGD steps from here on, in place of Adam")


def loaded(net: nn.Sequential) -> None:
    """Have other tensors be its parameters, as a checkpoint that is too large for a copy does."""
    net.load_state_dict(copy.deepcopy(net.state_dict()), assign=True)


def resized(net: nn.Sequential) -> None:
    """Have a layer of another size in the place of two, as a vocabulary that grows does."""
    net[0], net[2] = nn.Linear(1, 7), nn.Linear(7, 1)


@pytest.mark.parametrize("change", [loaded, resized])
@pytest.mark.parametrize("by", ["another", "the same"])
def test_parameters_that_take_the_place_of_others_are_watched(
    change: Callable[[nn.Module], None], by: str, runs: Path
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    norms, sizes = [], []
    with watch(net, optimizer, runs=runs) as run:
        for step in range(6):
            if step == 3:
                change(net)
                if by == "another":
                    optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
                else:
                    optimizer.param_groups[0]["params"] = [*net.parameters()]
                    run._viewers.look_at = 0.0
            backward(net, optimizer)
            norms.append(norms_now(net))
            optimizer.step()
            sizes.append([float(each.detach().norm()) for each in net.parameters()])
    assert gradients(run, net) == [pytest.approx(each, rel=1e-6) for each in norms]
    told = [each.message for each in history_of(run).warnings]
    assert told == ["SGD steps from here on, in place of SGD"] * (by == "another")
    measured = [column(run, f"weight_norm/{name}", "probe") for name, _ in net.named_parameters()]
    steps = history_of(run).series["probe"].steps
    assert np.allclose(np.array(measured).T, [sizes[step - 1] for step in steps])


def test_an_optimizer_of_a_part_that_is_not_watched_is_told_once(runs: Path) -> None:
    net, other = network(), network()
    first = torch.optim.SGD(net[0].parameters(), lr=0.1)
    with watch(net, first, runs=runs) as run:
        trained(net, first, 2)
        trained(net, torch.optim.SGD(net[2].parameters(), lr=0.1), 2)
        trained(other, torch.optim.SGD(other.parameters(), lr=0.1), 2)
    [told] = history_of(run).warnings
    assert "2 parameters trained now but frozen or unknown" in told.message
    assert run.step == 2


CHANGES = """
import torch
net = torch.nn.Linear(1, 1)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(6):
    if step == 4:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    loss = net(torch.ones(4, 1)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


LOADS = """
import copy, torch
net = torch.nn.Linear(1, 1)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(6):
    if step == 4:
        net.load_state_dict(copy.deepcopy(net.state_dict()), assign=True)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    loss = net(torch.ones(4, 1)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize("text", [CHANGES, LOADS], ids=["moved on", "loaded"])
def test_it_is_in_a_script_too(text: str, tmp_path: Path) -> None:
    rows = watched(text, tmp_path).series["train"]
    assert rows.steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert np.isfinite(rows.column("loss")).all()
    assert rows.column("lr").tolist() == pytest.approx([0.01] * 4 + [0.5] * 2)


def test_loops_end_in_any_order_and_leave_pytorch_as_it_was(runs: Path) -> None:
    before = (
        nn.utils.clip_grad_norm_,
        torch.amp.GradScaler.step,
        torch.optim.Optimizer.__init__,
    )
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    outer, inner = (watch(net, optimizer, name=each, runs=runs) for each in ("outer", "inner"))
    for run in (outer, inner):
        run.__enter__()
    backward(net, optimizer)
    nn.utils.clip_grad_norm_(net.parameters(), 1e-3)
    optimizer.step()
    outer.close()
    backward(net, optimizer)
    nn.utils.clip_grad_norm_(net.parameters(), 1e-3)
    optimizer.step()
    inner.close()
    assert (outer.step, inner.step) == (1, 2)
    assert column(inner, "applied_norm") == pytest.approx([1e-3, 1e-3], rel=1e-2)
    after = (nn.utils.clip_grad_norm_, torch.amp.GradScaler.step, torch.optim.Optimizer.__init__)
    assert after == before


def test_loops_in_threads_record_each_their_own(runs: Path) -> None:
    # Made here, for there is one seed for all threads.
    networks = [network(seed) for seed in range(3)]

    def loop(seed: int) -> None:
        net = networks[seed]
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        with watch(net, optimizer, runs=runs) as run:
            for loss in (backward(net, optimizer) for _ in range(20)):
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                run.log(loss=loss)
        recorded[seed] = column(run, "loss")

    recorded: dict[int, list[float]] = {}
    threads = [threading.Thread(target=loop, args=(seed,)) for seed in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(DEADLINE)
    for seed, losses in recorded.items():
        net = network(seed)
        alone = trained(net, torch.optim.SGD(net.parameters(), lr=0.1), 1)
        assert len(losses) == 20
        assert losses[0] == pytest.approx(alone[0])
    assert len(recorded) == 3


WITHOUT = """
import sys, torch
from engine.loops.recorded import record
from engine.loops.script import run_script
from engine.loops.watch import watch
net = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
run = watch(net, optimizer, runs=sys.argv[1])
for step in range(5):
    optimizer.zero_grad()
    net(torch.ones(4, 1)).square().mean().backward()
    optimizer.step()
    run.log(loss=step)
if len(sys.argv) > 2:
    raise ValueError("no luck")
"""


@pytest.mark.parametrize(
    ("more", "outcome"),
    [((), ("finished", "steps")), (("fails",), ("failed", "ValueError: no luck"))],
)
def test_a_loop_in_no_with_is_watched_from_its_first_step_to_the_programs_end(
    runs: Path, more: tuple[str, ...], outcome: tuple[str, str]
) -> None:
    subprocess.run(
        [sys.executable, "-c", WITHOUT, str(runs), *more],
        capture_output=True,
        check=not more,
        timeout=DEADLINE,
    )
    [folder] = runs.iterdir()
    reader = Reader(folder / "recording.jsonl")
    history = History(reader.rest())
    assert history.series["train"].column("loss").tolist() == [0, 1, 2, 3, 4]
    assert history.end is not None
    assert (history.end.status, history.end.reason) == outcome


def test_a_cell_that_is_run_again_ends_what_it_began(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    cells = []
    for _ in range(2):
        cells.append(watch(net, optimizer, runs=runs))
        trained(net, optimizer)
    assert [each.step for each in cells] == [3, 3]
    assert history_of(cells[0]).end is not None
    cells[1].close()


def test_a_run_that_is_over_is_not_begun_again_and_says_that_it_hears_nothing(runs: Path) -> None:
    net = network()
    with watch(net, torch.optim.SGD(net.parameters()), runs=runs) as run:
        pass
    with pytest.raises(RequestError, match="is over"), run:
        pass
    with pytest.warns(UserWarning, match="recorded nowhere"):
        run.log(test_loss=1.0)


def test_what_is_said_of_no_step_is_kept(runs: Path) -> None:
    net = network()
    with watch(net, torch.optim.SGD(net.parameters()), runs=runs) as run:
        run.log(loss=1.0, val_loss=2.0)
        run.mark("here", note=None)  # type: ignore[arg-type]
    history = history_of(run)
    assert (column(run, "loss"), column(run, "loss", "dev")) == ([1.0], [2.0])
    assert [each.message for each in history.warnings] == ["no step of the optimizer was seen"]
    assert [each.title for each in history.marks] == ["here"]


def test_a_generator_that_nobody_goes_on_with_has_finished(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loops = []

    def losses() -> Iterator[float]:
        with watch(net, optimizer, runs=runs) as run:
            loops.append(run)
            while True:
                yield from trained(net, optimizer, 1)

    generator = losses()
    next(generator)
    generator.close()
    end = history_of(loops[0]).end
    assert end is not None
    assert end.status == "finished"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("none", "loss: is 'none'; log a number"),
        (None, "loss: is None; log a number"),
        ([0.5], "loss: is [0.5]; log a number"),
        (np.zeros(5), "loss: is ndarray of [5]; log a number"),
        (torch.tensor(1j), "loss: is 1j; log a number"),
        (torch.zeros(2, 3, requires_grad=True), "loss: is a tensor of [2, 3]"),
    ],
    ids=str,
)
def test_what_is_no_number_is_refused_where_it_is_said(runs: Path, value: Any, said: str) -> None:
    net = network()
    with watch(net, torch.optim.SGD(net.parameters()), runs=runs) as run:
        with pytest.raises(TypeError) as refused:
            run.log(loss=value)
        assert said in str(refused.value)


def test_any_kind_of_number_is_taken_and_any_name(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        trained(net, optimizer, 1)
        run.log(loss=torch.ones(1, requires_grad=True), accuracy=np.float32(0.5))
        run.log({"val/loss": np.array(3), "many": 10**400, "yes": True})
    assert (column(run, "loss"), column(run, "accuracy")) == ([1.0], [0.5])
    assert column(run, "loss", "dev") == [3.0]
    assert column(run, "many", "other") == [np.inf]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda net, by: watch(by, net), "wants the model first"),
        (lambda net, by: watch(net, [net]), "got Sequential"),
        (lambda net, by: watch(net, torch.optim.lr_scheduler.StepLR(by, 1)), "got StepLR"),
        (lambda net, by: watch(net, None), "needs an optimizer"),
        (lambda net, by: watch(net.parameters(), by), "the model must be a torch.nn.Module"),
    ],
)
def test_what_is_given_in_another_order_is_told(call: Callable[..., Any], said: str) -> None:
    net = network()
    with pytest.raises(RequestError, match=said):
        call(net, torch.optim.SGD(net.parameters(), lr=0.1))


def doubled(net: nn.Module) -> None:
    """Turn it into another type: what a call of C was told to read is no more of it."""
    net.double()


def shrunk(net: nn.Module) -> None:
    """Give a parameter fewer numbers."""
    net[0].bias.data = net[0].bias.data[:1]
    net[0].bias.grad = None


@pytest.mark.parametrize("change", [doubled, shrunk])
def test_what_a_network_becomes_is_measured_as_it_is(
    change: Callable[[nn.Module], None], runs: Path
) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    norms = []
    with watch(net, optimizer, runs=runs) as run:
        for step in range(4):
            if step == 2:
                change(net)
            rows = torch.ones(3, 1, dtype=next(net.parameters()).dtype)
            optimizer.zero_grad()
            net(rows).square().mean().backward()
            norms.append(norms_now(net))
            optimizer.step()
    assert gradients(run, net) == [pytest.approx(each, rel=1e-6) for each in norms]


def test_gradients_that_are_clipped_for_no_step_are_of_no_row(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, runs=runs) as run:
        trained(net, optimizer, 2)
        backward(net, optimizer)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    history = history_of(run)
    assert history.end is not None
    assert (history.last_step, history.end.status) == (2, "finished")


def test_a_loop_that_nobody_has_any_more_keeps_nothing_alive(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    here = weakref.ref(net)
    watch(net, optimizer, runs=runs)
    trained(net, optimizer, 1)
    del net, optimizer
    gc.collect()
    assert here() is None
    assert not _has_any_global_hook()


def test_a_loop_may_go_to_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    monkeypatch.chdir(tmp_path)
    with watch(net, optimizer, runs="runs") as run, record("own", runs="runs") as own:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        trained(net, optimizer, 2)
        own.log(loss=1.0)
    assert {*(tmp_path / "runs").iterdir()} == {Path(run.path), own.folder.path}
    assert history_of(run).last_step == 2
    assert History(read(own.folder.recording)).end is not None


def test_a_loop_may_make_its_tensors_anywhere(runs: Path) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    with watch(net, optimizer, runs=runs) as run, torch.device("meta"):
        for _ in range(3):
            losses.append(backward(net, optimizer).item())
            optimizer.step()
            run.log(loss=losses[-1])
    assert column(run, "loss") == pytest.approx(losses)
    assert np.isfinite(column(run, "weight_norm/0.weight", "probe")).all()


def test_a_loop_draws_the_same_numbers_where_it_is_watched(runs: Path) -> None:
    def weights(within: contextlib.AbstractContextManager[Any], net: nn.Module) -> list[Any]:
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        with within:
            for _ in range(30):
                loss = nn.functional.dropout(net(torch.rand(4, 1)), 0.5).square().mean()
                optimizers[net].zero_grad()
                loss.backward()
                optimizers[net].step()
        drawn = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        return [each.tolist() for each in net.parameters()] + drawn

    plain, seen = network(), network()
    optimizers = {each: torch.optim.Adam(each.parameters(), lr=0.01) for each in (plain, seen)}
    watching = watch(seen, optimizers[seen], runs=runs)
    assert weights(watching, seen) == weights(contextlib.nullcontext(), plain)


def in_a_process(runs: Path, words: str) -> None:
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    run = watch(net, optimizer, runs=runs)
    trained(net, optimizer, 3)
    run.log(loss=1.0)
    if words:
        raise ValueError(words)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
@pytest.mark.parametrize(
    ("words", "outcome"),
    [("", ("finished", "steps")), ("no luck", ("failed", "ValueError: no luck"))],
)
def test_a_loop_in_a_process_of_multiprocessing_ends_with_it(
    runs: Path, words: str, outcome: tuple[str, str]
) -> None:
    child = multiprocessing.get_context("fork").Process(target=in_a_process, args=(runs, words))
    child.start()
    child.join(DEADLINE)
    [folder] = runs.iterdir()
    history = History(read(folder / "recording.jsonl"))
    assert history.last_step == 3
    assert history.end is not None
    assert (history.end.status, history.end.reason) == outcome


FORKS = """
import multiprocessing, torch

def train(net):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.ones(2)).square().sum().backward()
        optimizer.step()

net = torch.nn.Linear(2, 1).share_memory()
children = [multiprocessing.get_context("fork").Process(target=train, args=(net,)) for _ in "ab"]
for child in children:
    child.start()
for child in children:
    child.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_script_whose_children_train_is_not_told_that_nothing_was_recorded(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = tmp_path / "hogwild.py"
    script.write_text(FORKS)
    assert run_script(str(script), [], module=False, runs=runs) == 0
    assert capsys.readouterr().err == ""
    ends = [History(read(each / "recording.jsonl")).end for each in runs.iterdir()]
    assert [each and each.step for each in ends] == [3, 3]


def test_what_is_in_no_module_is_called_as_the_lines_that_train_it_do(runs: Path) -> None:
    net, temperature = network(), nn.Parameter(torch.ones(()))
    latents = [nn.Parameter(torch.ones(2)) for _ in range(2)]
    moved = [*net.parameters(), temperature, *latents, *nn.Linear(1, 1).parameters()]
    optimizer = torch.optim.SGD(moved)
    del moved
    with watch(net, optimizer, runs=runs) as run:
        (net(ROWS).sum() * temperature + torch.stack(latents).sum()).backward()
        optimizer.step()
    names = [*(name for name, _ in net.named_parameters()), "temperature", "latents.0", "latents.1"]
    # What nobody has a name for is called by its place.
    assert [*run.watched.names] == [*names, "optimizer.7", "optimizer.8"]
