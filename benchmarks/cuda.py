"""Everything that only a GPU can answer, in one go of less than three minutes.

    python -m benchmarks.cuda [--steps 512]

First the tests that need CUDA. Then, for each experiment, the engine with everything measured at
every step, its steps captured as graphs, beside an eager loop on the same GPU that reads its loss
and every gradient norm each step; and whether graphs leave the bits that single launches do, and
how far the losses are from autograd in float64 on the CPU. At last 10 000 members of ``cubic``
beside ``torch.func.vmap`` of as many, and beside as many eager loops one after another, of which
one is timed. Without CUDA it says so and leaves with 2.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from benchmarks import plain
from benchmarks.versus import micro, row, rule, sized
from engine.data import load
from engine.experiment.experiment import Experiment
from engine.gradients.manual import forward_backward
from engine.training.trainer import Trainer

CASES = (("cubic", 1), ("two-moons", 1), ("sum-of-30", 1), ("function-set", 1), ("cubic", 64))
MEMBERS = 10_000
"""Networks that train side by side at last."""
BLOCK = 256
"""Steps of a block."""
CHECKED = 20
"""Steps after which losses are held against float64: later on small differences may grow."""
TESTS = (
    "tests/engine/gradients/manual/test_cuda_graphs.py",
    "tests/engine/gradients/manual/test_optimizers.py",
    "tests/engine/training/test_device.py",
)
TEST_SECONDS = 60
"""What the tests may take."""
HEAD = ("experiment", "eager loop", "epochal", "times as fast", "graphs' bits", "from float64")


def engine(experiment: Experiment, device: str, steps: int) -> tuple[float, NDArray[Any]]:
    """Train; return the seconds of a step once everything is made, and the losses of all steps."""
    trainer = Trainer(experiment, device=device, way="operations", threads=1)
    losses, seconds = [], float("inf")
    while trainer.step < steps + 2 * BLOCK:
        begun = time.perf_counter()
        # What it returns has been fetched: there is nothing left to wait for.
        series = trainer.advance(BLOCK).series[0]
        seconds = min(seconds, (time.perf_counter() - begun) / BLOCK)
        losses.append(series.values[trainer.columns[series.group].index("loss")])
    return seconds, np.concatenate(losses)


def launched(train: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Return what a training comes to of which nothing is captured."""
    before = forward_backward.CAPTURED_AFTER
    forward_backward.CAPTURED_AFTER = sys.maxsize
    try:
        return train()
    finally:
        forward_backward.CAPTURED_AFTER = before


def seen(experiment: Experiment, device: str) -> Iterator[plain.Rows]:
    """Yield what each step of a loop sees, on the device."""
    train = load(experiment.data, experiment.train.seed).train
    rows = plain.batches(experiment, train)
    if experiment.steps_per_epoch == 1 and not experiment.data.fresh:
        inputs, targets = next(rows)
        return itertools.repeat((inputs.to(device), targets.to(device)))
    return on_device(rows, device, fresh=experiment.data.fresh)


def on_device(rows: Iterator[plain.Rows], device: str, *, fresh: bool) -> Iterator[plain.Rows]:
    """Yield rows on a device; those that are drawn afresh are drawn there."""
    for _ in itertools.count():
        with torch.device(device if fresh else "cpu"):
            inputs, targets = next(rows)
        yield inputs.to(device), targets.to(device)


def eager(experiment: Experiment, device: str, steps: int) -> float:
    """Train by hand, and return the seconds of a step: loss and norms are read at each."""
    model, rows = plain.sequential(experiment).to(device), seen(experiment, device)
    optimizer = getattr(torch.optim, experiment.optimizer.torch_name)(
        model.parameters(), **experiment.optimizer.arguments
    )
    loss_function, begun = plain.loss_function(experiment), 0.0
    for step in range(-20, steps):
        if step == 0:
            begun = time.perf_counter()
        inputs, targets = next(rows)
        optimizer.zero_grad()
        loss = loss_function(model(inputs), targets)
        loss.backward()
        # One wait for the GPU a step: norms together, as one would write it there.
        norms = torch.stack([each.grad.norm() for each in model.parameters()])
        torch.cat([loss.detach()[None], norms]).tolist()
        optimizer.step()
    return (time.perf_counter() - begun) / steps


def vmapped(experiment: Experiment, members: int, device: str, steps: int) -> float:
    """Train a population by ``torch.func.vmap``; return the seconds of a step, norms read."""
    models = [plain.sequential(experiment) for _ in range(members)]
    parameters, _ = stack_module_state(models)
    parameters = {name: each.detach().to(device) for name, each in parameters.items()}
    loss_function, rows = plain.loss_function(experiment), seen(experiment, device)

    def loss_of(own: dict[str, torch.Tensor], inputs: Any, targets: Any) -> torch.Tensor:
        return loss_function(functional_call(models[0], own, (inputs,)), targets)

    step, begun = vmap(grad_and_value(loss_of), in_dims=(0, None, None)), 0.0
    rate = float(experiment.optimizer.arguments["lr"])
    for number in range(-3, steps):
        if number == 0:
            begun = time.perf_counter()
        gradients, losses = step(parameters, *next(rows))
        norms = torch.stack([each.flatten(1).norm(dim=1) for each in gradients.values()])
        torch.cat([losses[None], norms]).cpu()
        for name, each in parameters.items():
            each.sub_(gradients[name], alpha=rate)
    return (time.perf_counter() - begun) / steps


def compare(name: str, members: int, device: str, steps: int) -> str:
    """Return an experiment's row."""
    sizes = "train.probe=off", f"population.seeds={members}"
    experiment = sized(name, 10**9, *sizes)
    step, losses = engine(experiment, device, steps)
    again = launched(lambda: engine(experiment, device, steps)[1])
    same = losses.tobytes() == again.tobytes()
    off = np.nanmax(np.abs(losses - again) / np.maximum(np.abs(again), 1e-30))
    exact = sized(name, 10**9, *sizes, "train.dtype=float64", "train.gradients=autograd")
    reference = Trainer(exact, device="cpu", threads=1)
    series = reference.advance(CHECKED).series[0]
    true = series.values[reference.columns[series.group].index("loss")]
    far = np.max(np.abs(losses[:CHECKED] - true) / np.maximum(np.abs(true), 1e-30))
    loop = eager(sized(name, 10**9), device, steps) * members
    bits = "the same" if same else f"{off:.0e} apart"
    label = name if members == 1 else f"{name}, {members} members"
    return row(label, micro(loop), micro(step), f"{loop / step:.1f}", bits, f"{far:.0e}")


def population(members: int, device: str, steps: int) -> str:
    """Return the row of many members of ``cubic``, in seconds of a step of all."""
    experiment = sized("cubic", 10**9, "train.probe=off", f"population.seeds={members}")
    step, _ = engine(experiment, device, steps)
    alone = sized("cubic", 10**9)
    loops = eager(alone, device, steps) * members
    try:
        mapped = vmapped(alone, members, device, min(steps, 50))
    except torch.OutOfMemoryError:
        beside = "has no room"
    else:
        beside = f"{micro(mapped)}, {mapped / step:.1f} times"
    return (
        f"cubic, {members} members, a step of all: epochal {micro(step)}; "
        f"eager loops {micro(loops)}, {loops / step:.0f} times; torch.func.vmap {beside}"
    )


def main() -> None:
    """Run the tests, and print the table and the population's line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=512)
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        print("no CUDA device is here: nothing was run", file=sys.stderr)
        raise SystemExit(2)
    begun = time.perf_counter()
    call = [sys.executable, "-m", "pytest", "-q", "-n0", "-m", "cuda", *TESTS]
    try:
        tests = subprocess.run(call, check=False, timeout=TEST_SECONDS).returncode
    except subprocess.TimeoutExpired:
        tests = 1
        print(f"the tests were broken off after {TEST_SECONDS} s")
    torch.set_num_threads(1)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; a step of all members")
    print()
    print(row(*HEAD), rule(len(HEAD)), sep="\n")
    for name, members in CASES:
        print(compare(name, members, "cuda", asked.steps), flush=True)
    print()
    print(population(MEMBERS, "cuda", asked.steps), flush=True)
    print(f"{time.perf_counter() - begun:.0f} s in all")
    raise SystemExit(1 if tests else 0)


if __name__ == "__main__":
    main()
