"""A text file of a million rows, and one of a gigabyte: what each library takes to read it.

    python -m benchmarks.reading [--rows 1000000] [--bytes 1e9] [--rounds 3]

The file has nine columns of numbers and one of three words. Each reader is a process of its own
that makes of it a matrix of float64 and the words' places, as training needs them: seconds of the
clock, seconds of the processors, and the most memory it held. ``import`` is what importing it takes
beyond numpy, ``installed`` what lies on the disk with what it draws in, numpy apart. "epochal" is
``engine.data``: the library, and everything that is checked; "epochal, by Python" is what reads a
file where the library might be more lenient; "a preset" is all until training begins, three sets
and their scaling included. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

COLUMNS = 10
AT_ONCE = 200_000
WORDS = ("ash", "birch", "cedar")

LIBRARIES = {
    "polars": ("import polars", ["polars", "polars-runtime-32"]),
    "pandas": ("import pandas", ["pandas", "python-dateutil", "six", "tzdata"]),
    "pyarrow": ("import pyarrow.csv, pyarrow.compute", ["pyarrow"]),
}
"""How each is imported, and the distributions that it is."""

_SHEET = """
from pathlib import Path
from engine.data import text_file
from engine.data.cells import Notation, Remedies, numbers
from engine.data.sheet import read
{}
sheet = read(Path(path))
matrix = np.stack([numbers(sheet, f"x{{i}}", Notation(), Remedies()) for i in range(9)], axis=1)
met = {{}}
places = np.fromiter((met.setdefault(word, len(met)) for word in sheet.columns["y"]), int)
"""

READERS = {
    "polars": """
import polars
frame = polars.read_csv(path)
matrix = frame[:, :9].to_numpy()
places = frame["y"].cast(polars.Categorical).to_physical().to_numpy()
""",
    "pandas": """
import pandas
frame = pandas.read_csv(path)
matrix = frame.iloc[:, :9].to_numpy()
places = frame["y"].factorize()[0]
""",
    "pyarrow": """
import pyarrow.csv
table = pyarrow.csv.read_csv(path)
matrix = np.stack([column.to_numpy() for column in table.columns[:9]], axis=1)
places = table.column("y").combine_chunks().dictionary_encode().indices.to_numpy()
""",
    "epochal": _SHEET.format(""),
    "epochal, by Python": _SHEET.format("text_file.read_columns = lambda *_: None"),
    "a preset of epochal": """
from engine.data import load
from engine.data.file import File
spec = File(path=path, task="classes", split=[0.7, 0.15, 0.15], scale_inputs="standard")
data = load(spec, seed=1)
matrix, places = np.empty((spec.rows, 9)), np.empty(spec.rows)
""",
}
"""What each runs, between ``path`` and ``matrix`` and ``places``."""

SLOW = ("epochal, by Python",)
"""Readers that are not asked for the gigabyte."""


class Taken(NamedTuple):
    """What a process took."""

    seconds: float
    cpu: float
    memory: float
    """The most it held, in GB."""


def write(path: Path, rows: int) -> int:
    """Write a file and return its bytes."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join([*(f"x{index}" for index in range(COLUMNS - 1)), "y"]) + "\n")
        for start in range(0, rows, AT_ONCE):
            count = min(AT_ONCE, rows - start)
            numbers = rng.normal(size=(count, COLUMNS - 1)).round(6).tolist()
            words = np.array(WORDS)[rng.integers(0, len(WORDS), count)].tolist()
            for row, word in zip(numbers, words, strict=True):
                file.write(",".join(map(str, row)) + f",{word}\n")
    return path.stat().st_size


def run(program: str) -> Taken:
    """Return what a program takes in a process of its own."""
    begin = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a reader ended with {process.returncode}")
    return Taken(time.monotonic() - begin, cpu_of(usage), usage.ru_maxrss / 1e6)


def cpu_of(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def median(program: str, rounds: int) -> Taken:
    """Return the medians of several rounds."""
    takes = [run(program) for _ in range(rounds)]
    return Taken(*map(statistics.median, zip(*takes, strict=True)))


def installed() -> Iterator[str]:
    """Yield the libraries that are here."""
    for name, (_, distributions) in LIBRARIES.items():
        try:
            importlib.metadata.distribution(distributions[0])
        except importlib.metadata.PackageNotFoundError:
            continue
        yield name


def size_of(distribution: str) -> int:
    """Return the bytes on the disk of a distribution; 0 where it is not drawn in."""
    try:
        files = importlib.metadata.distribution(distribution).files or []
    except importlib.metadata.PackageNotFoundError:
        return 0
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file())


def program_of(reader: str, path: Path) -> str:
    check = "assert matrix.shape[1] == 9 and len(matrix) == len(places)"
    return f"import numpy as np\npath = {str(path)!r}\n{READERS[reader]}\n{check}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--bytes", type=float, default=1e9)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    libraries = [*installed()]
    readers = [name for name in READERS if name in libraries or name not in LIBRARIES]
    print("| library | installed | import |\n|---|---:|---:|")
    numpy = median("import numpy", 7)
    for name in libraries:
        importing, distributions = LIBRARIES[name]
        taken = median(f"import numpy\n{importing}", 7)
        size = sum(map(size_of, distributions)) / 1e6
        print(f"| {name} | {size:.0f} MB | {taken.cpu - numpy.cpu:.2f} s |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        size = write(path, arguments.rows)
        table(path, readers, arguments.rounds, f"{arguments.rows:,} rows, {size / 1e6:.0f} MB")
        rows = int(arguments.rows * arguments.bytes / size)
        size = write(path, rows)
        quick = [name for name in readers if name not in SLOW]
        table(path, quick, 1, f"{rows:,} rows, {size / 1e6:.0f} MB")


def table(path: Path, readers: list[str], rounds: int, what: str) -> None:
    """Print what each reader takes of a file."""
    print(f"\n| {what} | seconds | of the processors | memory |\n|---|---:|---:|---:|")
    for name in readers:
        taken = median(program_of(name, path), rounds)
        seconds = f"{taken.seconds:.1f} s | {taken.cpu:.1f} s"
        print(f"| {name} | {seconds} | {taken.memory:.2f} GB |", flush=True)


if __name__ == "__main__":
    main()
