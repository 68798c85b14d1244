"""From Enter to the result: `epochal run PRESET` beside the same experiment as a plain script.

    python -m benchmarks.enter [--rounds 7] [PRESET]

Two commands in turns, each a process of its own from its start to its end, one CPU thread a side:
the command, which starts a worker, has everything recorded and prints the result; and the program
that `epochal explain PRESET --program` prints. Before the first round each has run once, so that
bytecode and compiled steps are there.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.versus import Ratio, in_turns, machine, row, rule
from engine.explain.programs import ProgramWish, programs
from engine.presets import preset as presets

ASKED = 2.2
"""How many times as fast as the script it is to be."""


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return how long a command takes to its end, by the clock."""
    started = time.perf_counter()
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    taken = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr.decode(errors="replace"))
    return taken


def script_of(reference: str) -> str:
    """Return the plain script of a preset."""
    loaded = presets.load(reference)
    wish = ProgramWish(style=None, gradients=None, file=None, alone=True)
    text = next(text for _, text in programs(loaded.experiment, loaded.name, wish))
    if not isinstance(text, str):
        raise SystemExit(str(text))
    return text


def compare(reference: str, rounds: int, folder: Path) -> str:
    """Return a preset's row."""
    script = folder / "plain.py"
    script.write_text(script_of(reference), "utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ours = ["-P", "-m", "tui", "run", reference, "--quiet", "--runs-dir", str(folder / "runs")]
    sides = {
        "script": functools.partial(seconds, [sys.executable, str(script)], environment),
        "epochal": functools.partial(seconds, [sys.executable, *ours], environment),
    }
    for side in sides.values():
        side()
    taken = in_turns(sides, rounds)
    medians = (f"{statistics.median(each):.2f} s" for each in taken.values())
    return row(reference, *medians, Ratio.of(taken["script"], taken["epochal"]), f"{ASKED:g}")


def main() -> None:
    """Compare one preset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("preset", nargs="?", default="two-moons", metavar="PRESET")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{machine()}; one CPU thread a side; {arguments.rounds} rounds; load {load}")
    print()
    head = ("preset", "plain script", "epochal run", "times as fast", "at least")
    print(row(*head), rule(len(head)), sep="\n")
    with tempfile.TemporaryDirectory() as folder:
        print(compare(arguments.preset, arguments.rounds, Path(folder)))


if __name__ == "__main__":
    main()
