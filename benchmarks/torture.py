"""Everything that is promised, broken on purpose; what came of it as ``RELIABILITY.md`` has it.

    python -m benchmarks.torture short    a share of each, in ten minutes on two cores
    python -m benchmarks.torture          all of it, in hours; writes the rows of the table

Each program is one of its own and can be had alone; what it is given decides what it tries, so that
a failure comes again. In the short form each has so many seconds, and tries as many as it can.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("RELIABILITY.md")

ALL: Final = (
    "benchmarks.reliability kills 200",
    "benchmarks.reliability presets",
    "benchmarks.reliability changed 100",
    "tests.simulation --schedules 100000",
    "tests.mutants 5000",
    "tests.broken 10000",
    "benchmarks.soak 600",
)
"""The programs, each with how much it tries."""

SHORT: Final = (
    "benchmarks.reliability kills 200 --seconds 120",
    "tests.simulation --first 8600 --schedules 2300 --seconds 100",
    "tests.mutants 300 --seconds 120",
    "tests.broken 230 --seconds 80",
)
"""A share of them, each with its part of the time: what was tried before, so that a failure is that
of a change. What is soaked for less than ten minutes says nothing yet."""

_ROW: Final = re.compile(r"^\| .* \| `python -m (?P<program>[^`]*)` \|$")


def row_of(program: str) -> tuple[str, bool]:
    """Run a program; return the row that it prints, and whether nothing was lost."""
    print(f"+ python -m {program}", file=sys.stderr, flush=True)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *program.split()],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    row = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        row = line.strip() if _ROW.match(line.strip()) else row
    held = process.wait() == 0 and bool(row)
    print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return row, held


def with_row(table: str, row: str) -> str:
    """Return the table with a row in place of that of the same promise, or behind the others."""
    promise = row.split("|")[1]
    lines = table.splitlines()
    rows = [at for at, line in enumerate(lines) if _ROW.match(line)]
    for at in rows:
        if lines[at].split("|")[1] == promise:
            lines[at] = row
            break
    else:
        lines.insert(rows[-1] + 1, row)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run all, and say what failed."""
    short = sys.argv[1:] == ["short"]
    failed = []
    for program in SHORT if short else ALL:
        row, held = row_of(program)
        failed += [] if held else [program]
        if row and not short:
            TABLE.write_text(with_row(TABLE.read_text("utf-8"), row), "utf-8")
    for program in failed:
        print(f"FAILED: python -m {program}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
