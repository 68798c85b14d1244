"""From Enter to the result: ``epochal run``, against the preset as a plain PyTorch program.

    python -m benchmarks.enter [--rounds 7] [PRESET…]

The program is what ``epochal explain --program`` prints: the same data, the same first weights, as
many steps, and nothing imported but NumPy and PyTorch. It reads its loss each step and, where there
is a dev set, measures it each epoch and keeps the best weights; gradient norms, which the run
records too, it does not compute. Both are processes of their own, in turns, once before that so
that files and compiled steps are in their caches. The machine must be quiet: PyTorch's threads, of
which the program has as many as there are cores, lose most of their time where others work.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.versus import Ratio, in_turns, machine, row, rule

AT_LEAST = {"two-moons": 2.2}
"""How many times as fast as the program a preset must be."""
HEAD = ("experiment", "program", "epochal", "times as fast", "at least")


def seconds_of(call: Sequence[str]) -> float:
    """Run a process to its end; return the seconds."""
    begun = time.perf_counter()
    subprocess.run(call, check=True, capture_output=True)
    return time.perf_counter() - begun


def sides(preset: str, folder: Path) -> dict[str, Callable[[], float]]:
    """Return what is compared: each is a process that trains once, and returns its seconds."""
    ours = [sys.executable, "-m", "tui"]
    program = folder / f"{preset}.py"
    explained = [*ours, "explain", preset, "--program"]
    text = subprocess.run(explained, check=True, capture_output=True, text=True).stdout
    program.write_text(text, "utf-8")
    run = [*ours, "run", preset, "--runs-dir", str(folder / "runs")]
    calls = {"program": [sys.executable, str(program)], "epochal": run}

    return {name: functools.partial(seconds_of, call) for name, call in calls.items()}


def main() -> None:
    """Compare all presets of the table, or some."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("presets", nargs="*", choices=[[], *AT_LEAST])
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    print(f"{machine()}; {asked.rounds} rounds, the median ratio (least to most)")
    print()
    print(row(*HEAD))
    print(rule(len(HEAD)))
    with tempfile.TemporaryDirectory() as folder:
        for preset in asked.presets or AT_LEAST:
            both = sides(preset, Path(folder))
            in_turns(both, 1)
            seconds = in_turns(both, asked.rounds)
            times = [f"{statistics.median(each):.2f} s" for each in seconds.values()]
            ratio = Ratio.of(seconds["program"], seconds["epochal"])
            print(row(preset, *times, ratio, f"{AT_LEAST[preset]}"), flush=True)


if __name__ == "__main__":
    main()
