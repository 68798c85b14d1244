"""Sweeps: as against plain loops one after another, and ten thousand trials in flat memory.

    python -m benchmarks.sweep [--seeds 32] [--plain 2] [--trials 10000] [--steps 500]

The first part is the textbook's six settings by as many seeds: the whole command, against the same
loops as ordinary PyTorch, of which some are trained and the rest taken to last as long. The second
is ``cubic`` at so many learning rates. Its memory is that of all its processes, a page that several
have shared out among them (PSS), less that of as many processes that only import torch.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.plain import result
from engine.presets import preset as presets
from engine.sweeps.folder import list_sweeps
from engine.sweeps.table import SweepTable, read
from engine.sweeps.trials import candidates

POLL_SECONDS = 0.5
"""How often memory is looked at."""

IMPORTS = "import sys, torch; print(flush=True); sys.stdin.read()"


def main() -> None:
    """Measure both, and print what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=32, help="of each setting; 0: leave out")
    parser.add_argument("--plain", type=int, default=2, help="seeds that plain loops train")
    parser.add_argument("--trials", type=int, default=10_000, help="0: leave out")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        if asked.seeds:
            against_plain_loops(asked.seeds, asked.plain, asked.processes, Path(folder, "moons"))
        if asked.trials:
            many(asked.trials, asked.steps, asked.processes, Path(folder, "many"))


def against_plain_loops(seeds: int, plain: int, processes: int, runs: Path) -> None:
    """Print how long the textbook's six settings take, and plain loops of the same."""
    ours, seconds, _ = swept(
        "two-moons-sweep", "--seeds", str(seeds), processes=processes, runs=runs
    )
    spec = presets.load("two-moons-sweep").experiment
    spec = spec.model_copy(update={"sweep": spec.sweep.model_copy(update={"seeds": plain})})
    lasted = []
    for trial in candidates(0, spec):
        started = time.perf_counter()
        result(trial.experiment)
        lasted.append(time.perf_counter() - started)
    loops = statistics.fmean(lasted) * len(ours.trials)
    print(f"{len(ours.trials)} trials: {seconds:.1f} s; plain loops one after another "
          f"{loops:.0f} s, {loops / seconds:.1f} times as long")  # fmt: skip


def many(trials: int, steps: int, processes: int, runs: Path) -> None:
    """Print what a sweep of so many trials takes."""
    grid = ["--grid", "optimizer.lr=1e-4..1e-1 log", "--random", str(trials)]
    least = imports_alone(processes + 1)
    table, seconds, most = swept(
        "cubic", *grid, "--set", f"train.steps={steps}", processes=processes, runs=runs
    )
    files = [path for path in table.path.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    started = time.perf_counter()
    read(table.path)
    reading = time.perf_counter() - started
    print(f"{table.over} of {trials} trials of {steps} steps: {seconds:.0f} s")
    print(f"{most - least:.0f} MB above the {least:.0f} MB of torch alone")
    print(f"{len(files)} files, {size / 1e6:.0f} MB; the table is read in {reading:.2f} s")


def swept(*arguments: str, processes: int, runs: Path) -> tuple[SweepTable, float, float]:
    """Sweep in a folder; return the table, the seconds, and the most memory in MB."""
    command = [sys.executable, "-m", "engine", "sweep", *arguments, "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--executor", f"local:{processes}", "--runs-dir", str(runs)],
        stdout=subprocess.DEVNULL,
    )
    most = 0.0
    while process.poll() is None:
        most = max(most, memory([process.pid, *children(process.pid)]))
        time.sleep(POLL_SECONDS)
    return read(list_sweeps(runs)[0].path), time.perf_counter() - started, most


def imports_alone(count: int) -> float:
    """Return the memory in MB of so many processes that only import torch."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", IMPORTS]
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe) for _ in range(count)]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    taken = memory([process.pid for process in started])
    for process in started:
        process.communicate()
    return taken


def children(pid: int) -> Iterator[int]:
    """Yield the processes below one."""
    try:
        yield from (each.pid for each in psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return


def memory(pids: list[int]) -> float:
    """Return the memory of processes in MB, shared pages counted in parts."""
    taken = 0
    for pid in pids:
        try:
            taken += psutil.Process(pid).memory_full_info().pss
        except psutil.Error:
            continue
    return taken / 1e6


if __name__ == "__main__":
    main()
