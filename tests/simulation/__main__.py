"""Play schedules: ``python -m tests.simulation SEED``, or ``--schedules N [--first SEED]``.

A single one prints what happened, as far as it went; many are played by as many processes as there
are cores, until the first that breaks a promise.
"""

from __future__ import annotations

import argparse
import math
import os
import sys

from .many import many
from .people import simulate
from .stage import stage


def main() -> int:
    """Play what is asked for; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=math.inf)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.seed is not None:
        with stage():
            world = simulate(asked.seed)
        print("\n".join(world.trace))
        print(world.violation or f"kept all promises, in {world.steps} steps")
        return bool(world.violation)
    return many(asked.first, asked.schedules, asked.processes, asked.seconds)


if __name__ == "__main__":
    sys.exit(main())
