"""Steps of a small network with everything kept in memory, against JAX's ``lax.scan``.

    python -m benchmarks.scan [--calls 40] [--rounds 7] [--processor] [PRESET…]

What one would write in JAX to be fast: the whole step in one function, compiled once, 256 steps a
call, of which loss and every parameter's gradient norm are returned and fetched. Ours takes as many
steps through the trainer, with all that it measures and keeps. Both in turns, on one thread,
compiling and the first calls left out. ``--processor`` counts the processor's time and not the
clock's, for a machine with other work.

JAX is no dependency of the project. In a folder of its own it changes nothing here:

    pip install --target /tmp/jax --no-deps jax jaxlib ml_dtypes opt_einsum
    PYTHONPATH=/tmp/jax python -m benchmarks.scan
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.versus import Ratio, in_turns, machine, micro, row, rule, sized
from engine.data import load
from engine.experiment.experiment import Experiment
from engine.training.trainer import Trainer

# Read when JAX is imported: the same number of threads on both sides.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
try:
    import jax
except ImportError:
    assert __doc__ is not None
    _, _, HOW = __doc__.partition("JAX is no dependency")
    print(f"JAX is not installed.\n\nJAX is no dependency{HOW}", file=sys.stderr)
    sys.exit(1)

STEPS = 256
"""Steps of a call."""
AT_LEAST = {"cubic": 1.5}
"""How many times as fast as JAX a preset must be."""
HEAD = ("experiment", "JAX", "epochal", "times as fast", "at least")


def scanned(experiment: Experiment) -> Callable[[], Any]:
    """Return what takes a call's steps of a network that sees its whole set, and fetches them.

    Its loss is the mean squared error and its update gradient descent.
    """
    assert experiment.loss.name == "mse", "its loss is another"
    assert experiment.optimizer.name == "sgd", "its update is another"
    data, lr = load(experiment.data, experiment.train.seed).train, experiment.optimizer.lr
    x, y, numpy = jax.numpy.array(data.inputs), jax.numpy.array(data.targets), jax.numpy
    functions = {"identity": lambda z: z, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}
    activations = [functions[name] for name in experiment.model.activations]
    rng, widths = np.random.default_rng(experiment.train.seed), experiment.widths
    weights = [
        (rng.normal(size=(a, b)).astype(np.float32) / a**0.5, np.zeros(b, np.float32))
        for a, b in itertools.pairwise(widths)
    ]

    def loss(weights: Any) -> Any:
        h = x
        for (w, b), activation in zip(weights, activations, strict=True):
            h = activation(h @ w + b)
        return ((h - y) ** 2).mean()

    def step(weights: Any, _: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights)
        norms = numpy.stack([numpy.sqrt((g**2).sum()) for g in jax.tree.leaves(gradients)])
        after = jax.tree.map(lambda w, g: w - lr * g, weights, gradients)
        return after, (value, norms)

    steps = jax.jit(lambda weights: jax.lax.scan(step, weights, None, length=STEPS))
    held = [weights]

    def take() -> Any:
        held[0], kept = steps(held[0])
        return [np.asarray(each) for each in kept]

    return take


def compare(preset: str, calls: int, rounds: int, clock: Callable[[], float]) -> str:
    """Return a preset's row."""
    trainer = Trainer(sized(preset, 10**9), device="cpu", threads=1)
    ways = {"jax": scanned(trainer.experiment), "epochal": lambda: trainer.advance(STEPS)}

    def timed(take: Callable[[], Any]) -> Callable[[], float]:
        def side() -> float:
            begun = clock()
            for _ in range(calls):
                take()
            return clock() - begun

        return side

    sides = {name: timed(take) for name, take in ways.items()}
    in_turns(sides, 1)
    seconds = in_turns(sides, rounds)
    times = [micro(statistics.median(each) / calls / STEPS) for each in seconds.values()]
    return row(preset, *times, Ratio.of(seconds["jax"], seconds["epochal"]), f"{AT_LEAST[preset]}")


def main() -> None:
    """Compare all presets that are alike, or some."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("presets", nargs="*", choices=[[], *AT_LEAST])
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--processor", action="store_true")
    asked = parser.parse_args()
    print(f"{machine()}, JAX {jax.__version__}; {asked.rounds} rounds of {asked.calls} calls;")
    print()
    print(row(*HEAD))
    print(rule(len(HEAD)))
    for preset in asked.presets or AT_LEAST:
        clock = time.process_time if asked.processor else time.perf_counter
        print(compare(preset, asked.calls, asked.rounds, clock), flush=True)


if __name__ == "__main__":
    main()
