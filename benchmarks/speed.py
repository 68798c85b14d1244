"""Steps per second with everything recorded, against the same experiment as a plain loop.

    python -m benchmarks.speed [--steps 6000] [--rounds 7] [PRESET…]

All sides take the same number of steps of the same experiment on the same data, in turns, on one
CPU thread. The plain loop reads its loss and every parameter's gradient norm each step and, where
there is a dev set, measures it each epoch and keeps the best weights. Ours does that through the
trainer and writes the recording to a file: once by its formulas, once by autograd.

A population of 64 is measured against 64 plain loops one after another. As these do not depend on
each other, one of them is timed and counts 64 times; what is told is per member and step.
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

HEAD = ("experiment", "plain", "epochal", "times as fast", "at least", "autograd", "times as fast")


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    preset: str
    members: int
    at_least: float
    """How many times as fast as the plain loop it must be."""

    @property
    def name(self) -> str:
        """What the row is called."""
        return self.preset if self.members == 1 else f"{self.preset}, {self.members} members"


CASES = (
    Case("cubic", 1, 6.0),
    Case("two-moons", 1, 6.0),
    Case("sum-of-30", 1, 6.0),
    Case("function-set", 1, 3.5),
    Case("cubic", 64, 15.0),
    Case("two-moons", 64, 15.0),
)


def compare(case: Case, steps: int, rounds: int) -> str:
    """Return a case's row."""
    for side in sides(case, min(steps, WARM_UP)).values():
        side()
    seconds = in_turns(sides(case, steps), rounds)
    plain, formulas, autograd = (
        micro(statistics.median(each) / steps) for each in seconds.values()
    )
    by_formulas = Ratio.of(seconds["plain"], seconds["manual"])
    by_autograd = Ratio.of(seconds["plain"], seconds["autograd"])
    at_least = f"{case.at_least:g}"
    return row(case.name, plain, formulas, by_formulas, at_least, autograd, by_autograd)


def sides(case: Case, steps: int) -> dict[str, Callable[[], float]]:
    """Return what is compared: each trains once and returns its seconds per member."""
    alone = sized(case.preset, steps)

    def engine(gradients: str) -> float:
        population = f"population.seeds={case.members}"
        method = f"train.gradients={gradients}"
        return ours(sized(case.preset, steps, population, method)) / case.members

    return {
        "plain": lambda: theirs(alone),
        "manual": functools.partial(engine, "manual"),
        "autograd": functools.partial(engine, "autograd"),
    }


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
    print(f"{machine()}; one CPU thread; {arguments.rounds} rounds of {arguments.steps} steps;")
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
