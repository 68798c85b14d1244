"""Sweeps that are killed at random moments and run again come to the same table, bit for bit.

    python -m benchmarks.interrupted [--kills 20] [--seed 1] [PRESET and options of a sweep …]

One sweep is left alone. Each of the others is broken off once, at a moment drawn anew: so many of
its groups have begun, and so much of a second has gone by since. The command or one of the
processes that train is ended by SIGKILL, or the command is asked to stop as by Ctrl-C. Then it is
run again to its end, and what it came to is held against the first: every figure of every trial,
and who was trained with whom.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from engine.sweeps.folder import list_sweeps
from engine.sweeps.table import SweepTable, read

SHAPES = "model.hidden=[3],[4],[5],[5, 3],[5, 4],[6, 5]"

SWEEP = ("two-moons", "--grid", SHAPES, "--grid", "optimizer.lr=0.1,1", "--seeds", "2")
"""What is swept where nothing is said."""

POLL_SECONDS = 0.005

MOST_SECONDS = 0.8
"""How much later than the beginning of a group a sweep is broken off at most."""

END_SECONDS = 20.0
"""How long processes may take to end with the command that started them."""


def main() -> None:
    """Break off as many sweeps as are asked for; print what became of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="what moments are drawn from")
    asked, arguments = parser.parse_known_args()
    chance, sweep = random.Random(asked.seed), arguments or list(SWEEP)
    with tempfile.TemporaryDirectory() as folder:
        expected = left_alone(Path(folder, "alone"), sweep)
        groups = len({trial.run for trial in expected.trials})
        print(f"left alone: {len(expected.trials)} trials in {groups} groups", flush=True)
        same = Counter[bool]()
        for number in range(1, asked.kills + 1):
            runs_dir = Path(folder, str(number))
            what = broken_off(runs_dir, sweep, chance.randint(0, groups), chance)
            over = next((table.progress for table in tables(runs_dir)), "nothing was planned")
            again = left_alone(runs_dir, sweep)
            held = came_to(again) == came_to(expected) and len(tables(runs_dir)) == 1
            same[held] += 1
            came = "the same" if held else "ANOTHER"
            print(f"{number:3}: {what} ({over}): {came}", flush=True)
    print(f"{same[True]} of {asked.kills} came to the same table, bit for bit")
    sys.exit(same[False] > 0)


def left_alone(runs_dir: Path, sweep: list[str]) -> SweepTable:
    """Run a sweep to its end; return its table."""
    subprocess.run(command(runs_dir, sweep), stdout=subprocess.DEVNULL, check=True)
    return tables(runs_dir)[0]


def broken_off(runs_dir: Path, sweep: list[str], groups: int, chance: random.Random) -> str:
    """Start a sweep and break it off after so many of its groups have begun; return how."""
    nowhere = subprocess.DEVNULL
    process = psutil.Popen(command(runs_dir, sweep), stdout=nowhere, stderr=nowhere)
    while process.poll() is None and len([*runs_dir.glob("*/group-*/recording.jsonl")]) < groups:
        time.sleep(POLL_SECONDS)
    time.sleep(chance.uniform(0, MOST_SECONDS))
    what = chance.choice(("command killed", "process killed", "Ctrl-C"))
    when = f"{what} with {groups} groups begun"
    below = process.children(recursive=True) if process.poll() is None else []
    if process.poll() is not None:
        return "it was over"
    if what == "process killed" and below:
        chance.choice(below).send_signal(signal.SIGKILL)
        # The command goes on without it, so it is ended as well a moment later.
        time.sleep(chance.uniform(0, MOST_SECONDS))
    process.send_signal(signal.SIGINT if what == "Ctrl-C" else signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(below, END_SECONDS)
    assert not alive, f"{alive} went on without the command"
    return when


def command(runs_dir: Path, sweep: list[str]) -> list[str]:
    """Return the command that runs a sweep."""
    return [sys.executable, "-m", "engine", "sweep", *sweep, "-q", "--runs-dir", str(runs_dir)]


def tables(runs_dir: Path) -> list[SweepTable]:
    """Return the tables of the sweeps in a folder."""
    return [read(folder.path) for folder in list_sweeps(runs_dir)]


def came_to(table: SweepTable) -> list[Any]:
    """Return what may not differ: figures, and who was trained with whom."""
    return [
        (each.number, each.setting, each.seed, each.state, each.figures, each.best_step, each.step,
         each.run.name, each.member)
        for each in table.trials
    ]  # fmt: skip


if __name__ == "__main__":
    main()
