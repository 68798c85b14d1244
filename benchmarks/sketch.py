"""The compiled steps against one that is fused by hand for one network, and against plain PyTorch.

    python -m benchmarks.sketch [--rounds 9]

``cubic``, one thread, in turns: the plain loop that reads its loss and gradient norms each step;
the engine with everything recorded in memory; its call of the compiled steps alone; and
``benchmarks/sketch.c``, which knows the sizes of this network. The library is written once for any
shape: text made for each shape would be worth it if the sketch were more than 1.3 times as fast as
the call.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.gradients.compiled.building import _flags, find_compiler
from engine.gradients.compiled.source import library_text
from engine.presets import preset as presets
from engine.training.trainer import Trainer

STEPS = 256
"""Steps of a block."""


def main() -> None:
    """Measure all four, and print the least time of a step of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    trainer = Trainer(presets.load("cubic", ["train.steps=10000000"]).experiment, device="cpu")
    assert trainer.method.way == "compiled"
    ways: dict[str, Callable[[], object]] = {
        "engine, everything kept": lambda: trainer.advance(STEPS),
        "its call of the compiled steps": lambda: trainer.method.take(1, STEPS, trainer._rows),
        "fused by hand for this network": fused(),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(asked.rounds):
        for name, take in ways.items():
            begun = time.process_time()
            take()
            times[name].append((time.process_time() - begun) / STEPS * 1e6)
    least = {name: min(each) for name, each in times.items()}
    sketch = least["fused by hand for this network"]
    for name, each in least.items():
        print(f"{name}: {each:.1f} µs a step, {each / sketch:.2f} times the sketch")


def text() -> str:
    """Return the sketch in C, behind the library whose products and vectors it is made of."""
    return library_text("float") + Path(__file__).with_suffix(".c").read_text("utf-8")


def fused() -> Callable[[], object]:
    """Compile the sketch; return what takes a block of its steps."""
    compiler = find_compiler()
    assert compiler is not None, "there is no C compiler"
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "sketch.c"), Path(folder, "sketch.so")
        source.write_text(text(), "utf-8")
        call = [*compiler.command, *_flags(), "-o", str(made), str(source), "-lm"]
        subprocess.run(call, check=True)
        library = ctypes.CDLL(str(made))
    numbers = np.zeros(8192, np.float32)
    place = -numbers.ctypes.data % 64 // 4
    weights, rows = numbers[place : place + 1280], numbers[place + 1280 :]
    weights[:1217] = np.random.default_rng(1).normal(scale=0.3, size=1217)
    x, y, is_row = rows[:256], rows[256:512], rows[512:768]
    x[:100] = np.linspace(-1, 1, 100)
    y[:100], is_row[:100] = x[:100] ** 3, 1
    record = np.zeros(7, np.float32)
    given = [each.ctypes.data_as(ctypes.c_void_p) for each in (weights, x, y, is_row)]
    told = record.ctypes.data_as(ctypes.c_void_p)

    def take() -> None:
        library.sketch_steps(STEPS, *given, ctypes.c_float(0.05), told)
        # The rooms that were given are held here.
        assert np.isfinite(record).all(), len(numbers)

    return take


if __name__ == "__main__":
    main()
