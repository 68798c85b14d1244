"""What it costs a training loop to be watched, and beside other monitors that write the same.

    python -m benchmarks.watching [cubic|mlp|transformer …] [--pairs 200]

Blocks of steps of one loop alternate in one process, watched and not; what counts is the median of
the differences of pairs, with its 95 % interval (by the binomial distribution of its ranks).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
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
    return net, lambda net: nn.functional.mse_loss(net(x), x**3), 256


def mlp() -> tuple[nn.Module, Callable[[nn.Module], torch.Tensor], int]:
    net = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )
    x, y = torch.rand(128, 784), torch.randint(0, 10, (128,))
    return net, lambda net: nn.functional.cross_entropy(net(x), y), 32


def transformer() -> tuple[nn.Module, Callable[[nn.Module], torch.Tensor], int]:
    net = Transformer()
    x, y = torch.randint(0, 8000, (4, 128)), torch.randint(0, 8000, (4 * 128,))
    return net, lambda net: nn.functional.cross_entropy(net(x).flatten(0, 1), y), 2


LOOPS = {"cubic": cubic, "mlp": mlp, "transformer": transformer}


def interval(values: list[float]) -> tuple[float, float, float]:
    """Return the median and its 95 % interval."""
    ordered, count = sorted(values), len(values)
    below, tail = 0, 0.0
    while below < count // 2 and (tail := tail + comb(count, below) / 2**count) < 0.025:
        below += 1
    return statistics.median(ordered), ordered[max(below - 1, 0)], ordered[count - below]


def compare(name: str, pairs: int, folder: str) -> None:
    """Print what a step of a loop costs, and what it costs more where it is watched."""
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
        began = time.perf_counter()
        for _ in range(steps):
            step()
        return (time.perf_counter() - began) / steps

    run = watch(net, optimizer, name=name, runs=folder)

    def watched() -> float:
        began = time.perf_counter()
        for _ in range(steps):
            run.log(loss=step())
        return (time.perf_counter() - began) / steps

    usual, more = [], []
    for pair in range(-2, pairs):
        alone = plain()
        run.attach()
        # What is made once, such as buffers, belongs to no step.
        run.log(loss=step())
        beside = watched()
        run.detach()
        if pair >= 0:
            usual.append(alone)
            more.append(beside - alone)
    run.close()
    median, low, high = interval(more)
    alone = statistics.median(usual)
    print(
        f"| {name} | {parameters:,} | {alone * 1e6:,.0f} µs | {median * 1e6:+.1f} µs "
        f"({low * 1e6:+.1f} to {high * 1e6:+.1f}) | {high / alone:+.1%} at most |"
    )


def main() -> None:
    """Measure each loop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("loops", nargs="*", choices=[*LOOPS, []], default=[*LOOPS])
    parser.add_argument("--pairs", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print("| loop | parameters | a step | watched | |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.loops:
            compare(name, asked.pairs, folder)


if __name__ == "__main__":
    main()
