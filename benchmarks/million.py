"""A recording of a million steps: until its newest part is shown, until all is, and a cursor.

    python -m benchmarks.million [--steps 1000000] [--size 120x40] [--rounds 3]

The recording has nine columns in blocks as a worker writes them. Times run from the start of the
program, beside the time to the first frame of the lab without a recording; the memory is the most
that the lab ever held.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.recording.events import Series
from tests.labs import FakeRun
from tests.terminals import DEADLINE, Terminal

BLOCK = 250
"""Rows of one event: what a fast worker does in 50 ms."""
NORMS = [f"grad_norm/layer{layer}.{kind}" for layer in (1, 2) for kind in ("weight", "bias")]
COLUMNS = ["loss", "accuracy", "lr", "grad_norm", *NORMS, "grad_norm/layer3.weight"]
QUIET = 1.0
"""Seconds without a byte after which the lab has shown all there is."""
MOVES = 10


def record(runs: Path, steps: int, *, ended: bool = True) -> FakeRun:
    """Write the recording: a loss that falls under noise."""
    run = FakeRun(runs, columns={"train": COLUMNS}, steps=steps).begin()
    chance = np.random.default_rng(1)
    for first in range(1, steps + 1, BLOCK):
        count = min(BLOCK, steps + 1 - first)
        values = chance.normal(1.0, 0.1, (len(COLUMNS), count, 1)).astype(np.float32)
        values[0] *= (1.0 + np.arange(first, first + count)[:, None]) ** -0.3
        run.tell(Series(group="train", first=first, values=values))
    run.step = steps
    if ended:
        run.end()
    run.close()
    return run


def opened(run: FakeRun, size: tuple[int, int]) -> tuple[Terminal, float, float]:
    """Open the recording; return the seconds until its newest step and until the last change."""
    newest = f"{run.step:,}".replace(",", " ")
    started = time.monotonic()
    runs = str(run.folder.path.parent)
    terminal = Terminal("open", run.folder.name, size=size, EPOCHAL_RUNS=runs)
    shown, changed = 0.0, started
    while time.monotonic() < changed + QUIET or not shown:
        assert time.monotonic() < started + DEADLINE, f"it was not shown:\n{terminal.text}"
        if terminal.read(0.005):
            changed = time.monotonic()
            if not shown and re.search(f"step {newest}", terminal.text):
                shown = changed
    return terminal, shown - started, changed - started


def move(terminal: Terminal, key: str) -> float:
    """Press a key; return the seconds until the last change that it made."""
    pressed = changed = time.monotonic()
    terminal.press(key)
    while time.monotonic() < max(changed + 0.2, pressed + 0.4):
        if terminal.read(0.002, drawn=False):
            changed = time.monotonic()
    return changed - pressed


def peak(terminal: Terminal) -> float:
    """Return the most memory that the lab ever held, in MB."""
    status = Path(f"/proc/{terminal.process.pid}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1000


def first_frame(size: tuple[int, int]) -> float:
    """Return the seconds until the lab without a recording is on the screen."""
    started = time.monotonic()
    terminal = Terminal(size=size)
    while "epochal" not in terminal.text:
        terminal.read(0.005)
    seconds = time.monotonic() - started
    terminal.close()
    return seconds


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        run = record(Path(folder), given.steps)
        size = run.folder.recording.stat().st_size / 1e6
        print(f"{given.steps} steps of {len(COLUMNS)} columns, {size:.0f} MB, {given.size}")
        rounds = [measured(run, (width, height)) for _ in range(given.rounds)]
    names = ("first frame, no recording", "newest part", "whole", "cursor", "slowest cursor")
    for name, values in zip(names, zip(*rounds, strict=True), strict=False):
        print(f"{name:26} {statistics.median(values):6.3f} s")
    print(f"{'most memory':26} {max(each[-1] for each in rounds):6.0f} MB")


def measured(run: FakeRun, size: tuple[int, int]) -> tuple[float, ...]:
    """Return what one opening took: first frame, newest, whole, cursor, slowest cursor, memory."""
    frame = first_frame(size)
    terminal, newest, whole = opened(run, size)
    try:
        moves = [move(terminal, "\x1b[D") for _ in range(MOVES)]
        return frame, newest, whole, statistics.median(moves), max(moves), peak(terminal)
    finally:
        terminal.close()


if __name__ == "__main__":
    main()
