"""Play schedules: ``python -m tests.simulation SEED``, or ``--schedules N [--first SEED]``.

A single one prints what happened, as far as it went; many are played by as many processes as there
are cores, until the first that breaks a promise.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

from .people import simulate
from .stage import stage


def played(seeds: range) -> tuple[int, str]:
    """Play schedules; return the seed of the first that broke a promise, and which."""
    with stage():
        for seed in seeds:
            if violation := simulate(seed).violation:
                return seed, violation
    return -1, ""


def main() -> int:
    """Play what is asked for; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.seed is not None:
        with stage():
            world = simulate(asked.seed)
        print("\n".join(world.trace))
        print(world.violation or f"kept all promises, in {world.steps} steps")
        return bool(world.violation)
    return many(asked.first, asked.schedules, asked.processes)


def many(first: int, count: int, processes: int) -> int:
    """Play many schedules at once, with a line of progress."""
    size, started, done = 100, time.monotonic(), 0
    parts = [range(at, min(at + size, first + count)) for at in range(first, first + count, size)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for seed, violation in pool.imap_unordered(played, parts):
            done += size
            if violation:
                print(f"\n{violation}\nagain: python -m tests.simulation {seed}")
                return 1
            rate = done / (time.monotonic() - started)
            print(f"\r{min(done, count)} of {count}, {rate:.0f} a second", end="", file=sys.stderr)
    print(f"\n{count} schedules kept all promises")
    return 0


if __name__ == "__main__":
    sys.exit(main())
