"""What it costs a training loop to be watched, and beside other monitors that write the same.

    python -m benchmarks.watching [cubic|mlp|transformer …] [--pairs 200] [--beside] [--busy]
                                  [--nothing]

Blocks of steps of one loop alternate in one process, watched and not: half the steps of a pair that
are not, all that are, the other half, so that a machine that becomes slower meanwhile is so for
both. What was seen is written at the end of the block that is watched, which counts: a block takes
about as long as rows wait to be written. Not counted is the step after which watching begins, for
what is made once. What counts is the median of the differences of pairs, with its 95 % interval (by
the binomial distribution of its ranks). ``--nothing`` says what all this makes of a loop that
nothing watches in either.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from math import comb

import torch
from torch import nn

from engine.loops.watch import watch


class Transformer(nn.Module):
    """Ten million parameters: six layers over 256 numbers a token, 8 heads, 8 000 words."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(8000, 256)
        layer = nn.TransformerEncoderLayer(256, 8, 1024, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 8, enable_nested_tensor=False)
        self.out = nn.Linear(256, 8000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.layers(self.words(x)))


def cubic() -> tuple[nn.Module, Callable[[nn.Module], torch.Tensor], int]:
    net = nn.Sequential(
        nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.Sigmoid(), nn.Linear(32, 1)
    )
    x = torch.rand(100, 1) * 2 - 1
    return net, lambda net: nn.functional.mse_loss(net(x), x**3), 512


def mlp() -> tuple[nn.Module, Callable[[nn.Module], torch.Tensor], int]:
    net = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )
    x, y = torch.rand(128, 784), torch.randint(0, 10, (128,))
    return net, lambda net: nn.functional.cross_entropy(net(x), y), 96


def transformer() -> tuple[nn.Module, Callable[[nn.Module], torch.Tensor], int]:
    net = Transformer()
    x, y = torch.randint(0, 8000, (4, 128)), torch.randint(0, 8000, (4 * 128,))
    return net, lambda net: nn.functional.cross_entropy(net(x).flatten(0, 1), y), 4


LOOPS = {"cubic": cubic, "mlp": mlp, "transformer": transformer}


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return the median and its 95 % interval."""
    ordered, count = sorted(values), len(values)
    below, tail = 0, 0.0
    while below < count // 2 and (tail := tail + comb(count, below) / 2**count) < 0.025:
        below += 1
    low = max(below - 1, 0)
    return statistics.median(ordered), ordered[low], ordered[count - 1 - low]


class Watched:
    """epochal itself."""

    def __init__(self, net: nn.Module, optimizer: torch.optim.Optimizer, folder: str) -> None:
        self.run = watch(net, optimizer, runs=folder)
        self.begin, self.end, self.close = self.run.attach, self.run.detach, self.run.close

    def log(self, loss: torch.Tensor) -> None:
        self.run.log(loss=loss)


class Nothing:
    """What watches nothing."""

    def __init__(self, net: nn.Module, optimizer: torch.optim.Optimizer, folder: str) -> None:
        """There is nothing to make."""

    def begin(self) -> None:
        """There is nothing to begin."""

    end = close = begin

    def log(self, loss: torch.Tensor) -> None:
        """There is nobody to tell."""


class Layers:
    """nn-htop as it is: each layer's mean output, and the norm of its gradient."""

    def __init__(self, net: nn.Module, optimizer: torch.optim.Optimizer, folder: str) -> None:
        self._monitor_of, self._net = import_module("nn_htop").Monitor, net
        self.begin()

    def begin(self) -> None:
        self._monitor = self._monitor_of(self._net)

    def log(self, loss: torch.Tensor) -> None:
        self._monitor.record_step(loss=loss.item())

    def end(self) -> None:
        # Its name for that has changed between versions; its hooks are what there is to end.
        for handle in self._monitor._hook_handles:
            handle.remove()

    def close(self) -> None:
        """There is nothing to close."""


class Numbers:
    """What is told the numbers that epochal records of a step, as its documentation has it."""

    def __init__(self, net: nn.Module, optimizer: torch.optim.Optimizer, folder: str) -> None:
        self._net, self._optimizer = net, optimizer
        self.step, self._write = 0, self.open(folder)

    def open(self, folder: str) -> Callable[[dict[str, float]], None]:
        """Return what writes numbers by name."""
        raise NotImplementedError

    def begin(self) -> None:
        """There is nothing to begin."""

    end = begin

    def log(self, loss: torch.Tensor) -> None:
        self.step += 1
        parameters = [*self._net.named_parameters()]
        norms = [float(each.grad.norm()) for _, each in parameters]
        numbers = {
            f"grad_norm/{name}": norm for (name, _), norm in zip(parameters, norms, strict=True)
        }
        whole = sum(norm * norm for norm in norms) ** 0.5
        lr = self._optimizer.param_groups[0]["lr"]
        self._write({"loss": loss.item(), "lr": lr, "grad_norm": whole, **numbers})


class TensorBoard(Numbers):
    """tensorboardX."""

    def open(self, folder: str) -> Callable[[dict[str, float]], None]:
        writer = import_module("tensorboardX").SummaryWriter(folder)
        self.close = writer.close

        def write(numbers: dict[str, float]) -> None:
            for name, number in numbers.items():
                writer.add_scalar(name, number, self.step)

        return write


class Wandb(Numbers):
    """W&B, which sends nothing anywhere."""

    def open(self, folder: str) -> Callable[[dict[str, float]], None]:
        settings = import_module("wandb").Settings(silent=True, console="off")
        run = import_module("wandb").init(
            mode="offline", dir=folder, project="watching", settings=settings
        )
        self.close = run.finish
        return run.log


NOTHING = "nothing"
MONITORS = {
    NOTHING: (Nothing, ""),
    "epochal": (Watched, ""),
    "nn-htop": (Layers, "nn_htop"),
    "tensorboardX": (TensorBoard, "tensorboardX"),
    "W&B offline": (Wandb, "wandb"),
}
"""What a loop can be watched with, and the package that has it."""


def compare(name: str, monitor: str, pairs: int, folder: str, clock: Callable[[], float]) -> str:
    """Return what a step of a loop costs, and what it costs more where it is watched, as a row."""
    torch.manual_seed(0)
    net, loss_of, steps = LOOPS[name]()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    parameters = sum(each.numel() for each in net.parameters())

    def step() -> torch.Tensor:
        loss = loss_of(net)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def plain() -> float:
        began = clock()
        for _ in range(steps // 2):
            step()
        return clock() - began

    run = MONITORS[monitor][0](net, optimizer, folder)
    run.end()

    def watched() -> float:
        run.begin()
        # What is made once, such as buffers, belongs to no step.
        run.log(step())
        began = clock()
        for _ in range(steps):
            run.log(step())
        run.end()
        return clock() - began

    usual, more = [], []
    for pair in range(-2, pairs):
        before, beside, after = plain(), watched(), plain()
        if pair >= 0:
            usual.append((before + after) / steps)
            more.append((beside - before - after) / steps)
    run.close()
    median, low, high = interval(more)
    alone = statistics.median(usual)
    return (
        f"| {name} | {monitor} | {parameters:,} | {alone * 1e6:,.0f} µs | {median * 1e6:+,.1f} µs "
        f"({low * 1e6:+,.1f} to {high * 1e6:+,.1f}) | {high / alone:+.1%} at most |"
    )


def main() -> None:
    """Measure each loop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("loops", nargs="*", choices=[*LOOPS, []], default=[*LOOPS])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--beside", action="store_true", help="other monitors too")
    parser.add_argument(
        "--busy", action="store_true", help="count the loop's own seconds: for a busy machine"
    )
    parser.add_argument("--nothing", action="store_true", help="a loop that nothing watches too")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.thread_time if asked.busy else time.perf_counter
    print("| loop | with | parameters | a step | watched | |\n|---|---|---:|---:|---:|---:|")
    for name in asked.loops:
        for monitor in MONITORS:
            is_asked = asked.nothing if monitor == NOTHING else asked.beside
            if monitor != "epochal" and not is_asked:
                continue
            package = MONITORS[monitor][1]
            if package and importlib.util.find_spec(package) is None:
                print(f"| {name} | {monitor} | not measured: the package {package} is missing |")
                continue
            with tempfile.TemporaryDirectory() as folder:
                print(compare(name, monitor, asked.pairs, folder, clock), flush=True)


if __name__ == "__main__":
    main()
