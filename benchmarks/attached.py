"""What an attached lab costs the worker: steps per second with and without one, in alternation.

    python -m benchmarks.attached [--rounds 5] [--size 120x40] [--preset two-moons]

One worker trains flat out. In each round its steps are counted by its own clock, first alone and
then with the real lab attached in a pseudo-terminal, at 4 Hz. What is reported is the median
ratio of neighbours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from engine.presets import preset as presets
from engine.runs.folder import RunFolder, create_run
from engine.worker.launch import Worker
from tests.terminals import DEADLINE, Terminal

COUNTED = 4.0
"""Seconds over which steps are counted."""
SETTLED = 3.0
"""Seconds until a lab that was attached has read the recording and drawn all of it."""


def start(preset: str, runs: Path) -> tuple[Worker, RunFolder]:
    """Start a worker that trains for longer than anybody measures."""
    experiment = presets.load(preset, ["train.epochs=100000000"]).experiment
    folder = create_run(preset, presets.dumps(experiment, full=True), runs)
    worker = Worker.start()
    worker.give(folder, device="cpu")
    until = time.monotonic() + DEADLINE
    while newest(folder) is None:
        assert worker.poll() is None, worker.last_words()
        assert time.monotonic() < until, "the worker writes nothing"
        time.sleep(0.1)
    return worker, folder


def newest(folder: RunFolder) -> tuple[int, float] | None:
    """Return the newest step in the recording, and when it was written by the worker's clock."""
    if not folder.recording.exists():
        return None
    with folder.recording.open("rb") as file:
        file.seek(max(file.seek(0, 2) - (1 << 19), 0))
        lines = file.read().split(b"\n")[1:-1]
    for line in reversed(lines):
        if line.startswith(b'{"kind":"series"') and b'"group":"train"' in line[:100]:
            event = json.loads(line)
            return event["first"] + event["count"] - 1, event["t"]
    return None


def speed(folder: RunFolder, terminal: Terminal | None) -> float:
    """Return the steps per second over some seconds."""
    before = newest(folder)
    until = time.monotonic() + COUNTED
    while (left := until - time.monotonic()) > 0:
        if terminal is None:
            time.sleep(left)
        else:
            terminal.read(min(left, 0.2), drawn=False)
    after = newest(folder)
    assert before is not None
    assert after is not None
    return (after[0] - before[0]) / (after[1] - before[1])


def attached(folder: RunFolder, size: tuple[int, int]) -> float:
    """Return the steps per second while a lab is attached."""
    terminal = Terminal("attach", str(folder.path), size=size)
    try:
        terminal.shows("running")
        until = time.monotonic() + SETTLED
        while time.monotonic() < until:
            terminal.read(0.1, drawn=False)
        return speed(folder, terminal)
    finally:
        terminal.close()


def main() -> None:
    """Compare neighbours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--preset", default="two-moons")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as runs:
        worker, folder = start(given.preset, Path(runs))
        try:
            speed(folder, None)
            pairs = [
                (speed(folder, None), attached(folder, (width, height)))
                for _ in range(given.rounds)
            ]
        finally:
            worker.kill()
            worker.wait()
            worker.close()
    alone, watched = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [watched / alone for alone, watched in pairs]
    print(
        f"{given.preset:12} {given.size:8} alone {alone:6.0f} steps/s  attached {watched:6.0f}  "
        f"ratio {statistics.median(ratios):.3f}  ({min(ratios):.3f} to {max(ratios):.3f})"
    )


if __name__ == "__main__":
    main()
