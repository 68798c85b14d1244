"""Steps per second with everything recorded, against the same experiment as a plain loop.

    python -m benchmarks.speed [--steps 6000] [--rounds 7] [PRESET…]

All sides take the same number of steps of the same experiment on the same data, in turns, on one
CPU thread where no other number is told. The plain loop reads its loss and every parameter's
gradient norm each step and, where there is a dev set, measures it each epoch and keeps the best
weights. Ours does that through the trainer and writes the recording to a file: once by its
formulas, once by autograd.

A population of 64 is measured against 64 plain loops one after another. As these do not depend on
each other, one of them is timed and counts 64 times; what is told is per member and step. Networks
of the populations are shared by two threads; large ones take fewer steps, and none by autograd.
"""

from __future__ import annotations

import argparse
import functools
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.versus import (
    WARM_UP,
    Ratio,
    in_turns,
    machine,
    micro,
    ours,
    row,
    rule,
    sized,
    theirs,
)

MANY = 64
"""Members from which on a population is large."""

HEAD = ("experiment", "plain", "epochal", "times as fast", "at least", "autograd", "times as fast")


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    preset: str
    members: int
    threads: int
    at_least: float
    """How many times as fast as the plain loop it must be."""

    @property
    def name(self) -> str:
        """What the row is called."""
        if self.members == 1:
            return self.preset
        return f"{self.preset}, {self.members} members, {self.threads} threads"

    @property
    def large(self) -> bool:
        """Whether its members are so many that it takes fewer steps."""
        return self.members > MANY

    def steps(self, asked: int) -> int:
        """Return how many steps it takes where so many are asked for."""
        return max(1, asked * 4 * MANY // self.members) if self.large else asked


CASES = (
    Case("cubic", 1, 1, 25.0),
    Case("two-moons", 1, 1, 25.0),
    Case("sum-of-30", 1, 1, 20.0),
    Case("function-set", 1, 1, 12.0),
    Case("cubic", 64, 2, 55.0),
    Case("two-moons", 64, 2, 60.0),
    Case("cubic", 1000, 2, 50.0),
)


def compare(case: Case, steps: int, rounds: int) -> str:
    """Return a case's row."""
    steps = case.steps(steps)
    for side in sides(case, min(steps, WARM_UP)).values():
        side()
    seconds = in_turns(sides(case, steps), rounds)
    plain, formulas, *autograd = (
        micro(statistics.median(each) / steps) for each in seconds.values()
    )
    cells = [plain, formulas, Ratio.of(seconds["plain"], seconds["manual"]), f"{case.at_least:g}"]
    if autograd:
        return row(case.name, *cells, *autograd, Ratio.of(seconds["plain"], seconds["autograd"]))
    return row(case.name, *cells, "-", "-")


def sides(case: Case, steps: int) -> dict[str, Callable[[], float]]:
    """Return what is compared: each trains once and returns its seconds per member."""
    alone = sized(case.preset, steps)

    def engine(gradients: str) -> float:
        population = f"population.seeds={case.members}"
        method = f"train.gradients={gradients}"
        spec = sized(case.preset, steps, population, method)
        return ours(spec, threads=case.threads) / case.members

    compared: dict[str, Callable[[], float]] = {
        "plain": lambda: theirs(alone),
        "manual": functools.partial(engine, "manual"),
    }
    if not case.large:
        compared["autograd"] = functools.partial(engine, "autograd")
    return compared


def main() -> None:
    """Compare all presets, or some."""
    known = list(dict.fromkeys(case.preset for case in CASES))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=", ".join(known))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if unknown := set(arguments.presets) - set(known):
        parser.error(f"not compared here: {', '.join(sorted(unknown))}; use {', '.join(known)}")
    print(f"{machine()}; {arguments.rounds} rounds of {arguments.steps} steps;")
    print("time per member and step, and the median ratio of neighbours (least to most);")
    print("64 plain loops one after another are one that is timed, times 64")
    print()
    print(row(*HEAD))
    print(rule(len(HEAD)))
    for case in CASES:
        if case.preset in (arguments.presets or known):
            print(compare(case, arguments.steps, arguments.rounds), flush=True)


if __name__ == "__main__":
    main()
