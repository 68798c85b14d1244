"""Many schedules, played by several processes until the first that breaks a promise."""

from __future__ import annotations

import multiprocessing
import sys
import time
from typing import Final

from .people import simulate
from .stage import stage

PROMISE: Final = "no schedule of a disk, a clock and other viewers breaks a promise"


def played(seeds: range) -> tuple[int, str]:
    """Play schedules; return the seed of the first that broke a promise, and which."""
    with stage():
        for seed in seeds:
            if violation := simulate(seed).violation:
                return seed, violation
    return -1, ""


def many(first: int, count: int, processes: int, seconds: float) -> int:
    """Play many schedules at once, with a line of progress; none is begun after so long."""
    size, started, done = 100, time.monotonic(), 0
    parts = [range(at, min(at + size, first + count)) for at in range(first, first + count, size)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for seed, violation in pool.imap_unordered(played, parts):
            done += size
            if violation:
                print(f"\n{violation}\nagain: python -m tests.simulation {seed}")
                print(row(done, 1))
                return 1
            rate = done / (time.monotonic() - started)
            print(f"\r{min(done, count)} of {count}, {rate:.0f} a second", end="", file=sys.stderr)
            if time.monotonic() - started > seconds:
                break
    print(f"\n{row(min(done, count), 0)}")
    return 0


def row(tried: int, lost: int) -> str:
    """Return what came of it, as a row of ``benchmarks/RELIABILITY.md``."""
    command = " ".join(["python -m tests.simulation", *sys.argv[1:]])
    return f"| {PROMISE} | {tried} | {tried - lost} | {lost} | `{command}` |"
