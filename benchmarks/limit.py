"""The limit: what a step must compute and move, and how far the engine is from the machine's best.

    python -m benchmarks.limit [--seconds 0.2] [PRESET…]

The first table is counted, not measured: the arithmetic of a step (forward 2 · out · in · rows for
each layer, backward twice that but for the first layer's inputs, which nobody needs), the numbers
that go through an activation, there and back, and the bytes that its operations read and write if
each fetches its operands once. What a step calls is counted where PyTorch dispatches it; a block's
operations are shared among its steps.

The second is measured here, on one CPU thread, the best of many: what each of these would take by
itself at this machine's best, and how many times that a step of the engine takes.

    peak        all products at the speed of one large product
    products    the step's own products, in their own shapes, called one after another
    activations their numbers at the speed of PyTorch's kernels on as many as a cache holds
    memory      the bytes at the speed of a large copy: all would come from main memory
    cache       the bytes at the speed of a copy that stays in the cache, as these networks do
    calls       as many calls of the smallest product, and of the smallest other operation
    together    peak + activations, or cache where that is more: what would be left if calls cost
                nothing and products of any shape ran at the peak

The engine's time is that of ``Trainer.advance``, everything measured and kept, nothing written.
A step of a population is that of all its members.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.versus import machine, micro, row, rule, sized
from engine.experiment.experiment import Experiment
from engine.training.trainer import Trainer

CASES: Final = (
    ("cubic", 1),
    ("two-moons", 1),
    ("sum-of-30", 1),
    ("function-set", 1),
    ("cubic", 64),
    ("two-moons", 64),
)
"""Presets, and how many members train side by side."""

BLOCK: Final = 256
"""Steps of a block."""
LARGE: Final = 2**24
"""Numbers of a copy that goes through main memory."""
CACHED: Final = 2**15
"""Numbers of one that stays in the cache."""
SIDE: Final = 1024
"""Rows and columns of a large product."""
FLOAT: Final = 4
"""Bytes of a number."""
UPDATE_PASSES: Final = {"sgd": 3, "adam": 7}
"""How often an optimizer's formula reads or writes a number for each parameter."""
PRODUCTS: Final = frozenset({"bmm", "baddbmm", "mm", "addmm", "mv", "addmv", "dot"})
"""PyTorch's products."""

aten = torch.ops.aten
ACTIVATIONS: Final[dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]]] = {
    "relu": (torch.relu, lambda h: aten.threshold_backward(h, h, 0)),
    "sigmoid": (torch.sigmoid, lambda h: aten.sigmoid_backward(h, h)),
    "gelu": (aten.gelu, lambda h: aten.gelu_backward(h, h)),
}
"""PyTorch's kernels of an activation: forward, and backward."""


@dataclass(frozen=True)
class Layer:
    """One layer's shapes."""

    inputs: int
    units: int
    activation: str


@dataclass(frozen=True)
class Shape:
    """All that the arithmetic of a step follows from."""

    layers: list[Layer]
    members: int
    learned: int
    """Rows that are learned from."""
    rows: int
    """Rows that go forward: those, and the dev rows where they are measured each step."""
    fresh: bool
    """Whether each step brings rows of its own."""
    passes: int
    """How often the update goes over the parameters."""

    @classmethod
    def of(cls, experiment: Experiment, members: int) -> Shape:
        """Return the shape of an experiment."""
        widths, names = experiment.widths, experiment.model.activations
        layers = [Layer(*each) for each in zip(widths, widths[1:], names, strict=False)]
        learned = experiment.batch_rows
        beside = experiment.data.sizes[1] if experiment.evaluation_stride == 1 else 0
        passes = UPDATE_PASSES[experiment.optimizer.name]
        return cls(layers, members, learned, learned + beside, experiment.data.fresh, passes)

    @property
    def parameters(self) -> int:
        """How many one member has."""
        return sum(layer.units * (layer.inputs + 1) for layer in self.layers)

    @property
    def product_flop(self) -> int:
        """The floating-point operations of the products, biases included."""
        flop = 0
        for index, layer in enumerate(self.layers):
            weights = layer.inputs * layer.units
            flop += (2 * weights + layer.units) * self.rows
            flop += (2 * weights * (2 if index else 1) + layer.units) * self.learned
        return flop * self.members

    @property
    def flop(self) -> int:
        """All of them: each number that goes through an activation, the loss, a norm or one of
        the update's passes counts as one.
        """
        numbers = sum(self.activated.values()) + 2 * self.layers[-1].units * self.rows
        return self.product_flop + self.members * (numbers + (self.passes + 2) * self.parameters)

    @property
    def activated(self) -> dict[str, int]:
        """For each activation, the numbers of a member that go through it, there and back."""
        found: dict[str, int] = {}
        for layer in self.layers:
            if layer.activation != "identity":
                numbers = layer.units * (self.rows + self.learned)
                found[layer.activation] = found.get(layer.activation, 0) + numbers
        return found

    @property
    def bytes(self) -> int:
        """What the operations of a step read and write."""
        n, moved = self.learned, 0
        for index, layer in enumerate(self.layers):
            i, o = layer.inputs, layer.units
            weights = o * i + o
            moved += weights + (i + o) * self.rows  # y = W x + b
            moved += (o + i) * n + o * i + o * n + o  # gW = dy xᵀ, gb = dy 1
            moved += (o * i + (o + i) * n) if index else 0  # dx = Wᵀ dy
            if layer.activation != "identity":
                moved += 2 * o * self.rows + 3 * o * n
        out = self.layers[-1].units
        moved += 3 * out * n + 2 * out * self.rows  # the loss's derivative; outputs are kept
        moved += (self.passes + 2 + 1) * self.parameters  # the update; weights kept; norms
        moved += 2 * self.layers[0].inputs * n if self.fresh else 0
        return FLOAT * self.members * moved

    def products(self) -> Iterator[Callable[[], object]]:
        """Yield the products of a step, each in the form in which PyTorch is fast."""
        m, n = self.members, self.learned
        ones = torch.ones(n)
        for index, layer in enumerate(self.layers):
            i, o = layer.inputs, layer.units
            weight, bias = torch.randn(m, o, i), torch.randn(m, o, 1)
            x, y = torch.randn(m, i, self.rows), torch.empty(m, o, self.rows)
            dx, dy = torch.empty(m, i, n), torch.randn(m, o, n)
            g, g_bias = torch.empty(m, o, i), torch.empty(m * o)
            yield functools.partial(torch.baddbmm, bias, weight, x, out=y)
            yield functools.partial(torch.bmm, dy, x[:, :, :n].mT, out=g)
            yield functools.partial(torch.mv, dy.view(m * o, n), ones, out=g_bias)
            if index:
                yield functools.partial(torch.bmm, weight.mT, dy, out=dx)


@dataclass(frozen=True)
class Machine:
    """What this machine does at best on one thread."""

    flop: float
    """Floating-point operations a second of a large product."""
    memory: float
    """Bytes a second that a large copy reads and writes."""
    cache: float
    """The same of a copy that stays in the cache."""
    call: float
    """Seconds of an operation on one number."""
    product: float
    """Seconds of the product of two numbers."""

    @classmethod
    def measured(cls, seconds: float) -> Machine:
        """Measure it."""
        a, b, c = (torch.randn(SIDE, SIDE) for _ in range(3))
        large, cached = (torch.randn(2, numbers) for numbers in (LARGE, CACHED))
        one, other = torch.ones(1), torch.ones(1)
        x, y, z = (torch.ones(1, 1, 1) for _ in range(3))
        return cls(
            flop=2 * SIDE**3 / best(lambda: torch.mm(a, b, out=c), seconds),
            memory=2 * FLOAT * LARGE / best(lambda: large[0].copy_(large[1]), seconds),
            cache=2 * FLOAT * CACHED / best(lambda: cached[0].copy_(cached[1]), seconds),
            call=best(lambda: torch.add(one, other, out=one), seconds),
            product=best(lambda: torch.bmm(x, y, out=z), seconds),
        )


@dataclass(frozen=True)
class Bounds:
    """The seconds that each part of a step takes by itself at best."""

    peak: float
    products: float
    activations: float
    memory: float
    cache: float
    calls: float

    @property
    def together(self) -> float:
        """What no program falls below."""
        return max(self.peak + self.activations, self.cache)


COUNTED: Final = ("a step", "arithmetic", "activated numbers", "moved", "products", "other calls")
BOUNDED: Final = ("at best", "engine", *(each.name for each in fields(Bounds)), "together")


def best(action: Callable[[], object], seconds: float) -> float:
    """Return the least seconds of an action, called often enough that the clock is no matter."""
    action()
    started = time.perf_counter()
    action()
    once = max(time.perf_counter() - started, 1e-7)
    times = max(1, int(1e-3 / once))
    until, least = time.perf_counter() + seconds, float("inf")
    while True:
        started = time.perf_counter()
        for _ in range(times):
            action()
        ended = time.perf_counter()
        least = min(least, (ended - started) / times)
        if ended >= until:
            return least


def activation_seconds(name: str, seconds: float) -> float:
    """Return the seconds of a number that goes through an activation, one way: the mean of both."""
    numbers = torch.randn(CACHED)
    both = sum(best(functools.partial(way, numbers), seconds) for way in ACTIVATIONS[name])
    return both / (2 * CACHED)


def bounds_of(shape: Shape, calls: tuple[float, float], own: Machine, seconds: float) -> Bounds:
    """Return what a step's parts take at best.

    Args:
        shape: The step's.
        calls: Products that it calls, and other operations.
        own: What the machine does at best.
        seconds: To measure for, each.
    """
    activated = shape.activated.items()
    per_number = {name: activation_seconds(name, seconds) for name, _ in activated}
    products = list(shape.products())
    return Bounds(
        peak=shape.product_flop / own.flop,
        products=sum(best(product, seconds / len(products)) for product in products),
        activations=shape.members * sum(per_number[name] * count for name, count in activated),
        memory=shape.bytes / own.memory,
        cache=shape.bytes / own.cache,
        calls=calls[0] * own.product + calls[1] * own.call,
    )


def engine(experiment: Experiment, seconds: float) -> tuple[float, tuple[float, float]]:
    """Return the seconds of a step, and how many products and other operations it has.

    Both are of later blocks, when all that is made once has been made.
    """
    trainer = Trainer(experiment, device="cpu")
    torch.set_num_threads(1)
    for _ in range(3):
        trainer.advance(BLOCK)
    step = best(lambda: trainer.advance(BLOCK), seconds) / BLOCK
    # What it would call: where steps are compiled, it calls nothing.
    counted = Trainer(experiment, device="cpu", way="operations")
    counted.advance(BLOCK)
    with Calls() as calls:
        counted.advance(BLOCK)
    return step, (calls.products / BLOCK, calls.others / BLOCK)


class Calls(TorchDispatchMode):
    """Counts what is called."""

    def __init__(self) -> None:
        super().__init__()
        self.products = self.others = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count an operation and let it be."""
        is_product = func.overloadpacket.__name__ in PRODUCTS
        self.products += is_product
        self.others += not is_product
        return func(*args, **(kwargs or {}))


def main() -> None:
    """Count, measure, and print both tables."""
    known = list(dict.fromkeys(name for name, _ in CASES))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=0.2, help="to measure each thing for")
    arguments = parser.parse_args()
    if unknown := set(arguments.presets) - set(known):
        parser.error(f"no preset of these: {', '.join(sorted(unknown))}; use {', '.join(known)}")
    torch.set_num_threads(1)
    own = Machine.measured(arguments.seconds)
    print(f"{machine()}; one CPU thread; at best {own.flop / 1e9:.0f} Gflop/s, copies")
    print(f"{own.memory / 1e9:.1f} GB/s through memory, {own.cache / 1e9:.0f} in the cache;")
    print(f"the smallest call {micro(own.call)}, the smallest product {micro(own.product)}")
    print()

    counted, bounded = [], []
    for name, members in CASES:
        if name not in (arguments.presets or known):
            continue
        told = name if members == 1 else f"{name}, {members} members"
        experiment = sized(name, 10**9, f"population.seeds={members}")
        shape = Shape.of(experiment, members)
        step, calls = engine(experiment, arguments.seconds)
        found = bounds_of(shape, calls, own, arguments.seconds)
        numbers = members * sum(shape.activated.values())
        work = f"{shape.flop / 1e6:.2f} Mflop", f"{numbers:,}", f"{shape.bytes / 1e6:.2f} MB"
        counted.append(row(told, *work, f"{calls[0]:.1f}", f"{calls[1]:.1f}"))
        parts = [*(getattr(found, each.name) for each in fields(found)), found.together]
        slower = (f"{micro(part)} ({step / part:.1f} x)" for part in parts)
        bounded.append(row(told, micro(step), *slower))

    for head, rows in ((COUNTED, counted), (BOUNDED, bounded)):
        print(row(*head), rule(len(head)), *rows, "", sep="\n")


if __name__ == "__main__":
    main()
