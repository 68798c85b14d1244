"""Tables of data as people have them, made up with seeds: for tests and for the benchmark.

Each is written as its own kind of file is: a passenger list with gaps, a census with question
marks, houses in numbers, an export of a German spreadsheet.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np


def write(
    path: Path, names: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ","
) -> Path:
    """Write a table; without a line of names where there are none."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator="\n")
        writer.writerows([names, *rows] if names else rows)
    return path


def passengers(path: Path, rows: int = 300, seed: int = 0) -> Path:
    """Who survived: an index, names, classes, gaps, a skewed fare."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["male", "female"], rows, p=[0.65, 0.35])
    rank = rng.choice([1, 2, 3], rows, p=[0.24, 0.21, 0.55])
    age = np.clip(rng.normal(30, 14, rows), 0.5, 80).round(1)
    fare = (rng.lognormal(2.2, 0.6, rows) * (4 - rank)).round(4)
    port = rng.choice(["S", "C", "Q", ""], rows, p=[0.72, 0.18, 0.08, 0.02])
    chance = 1 / (1 + np.exp(-(2.4 * (sex == "female") - 0.9 * (rank - 2) - 0.02 * age - 0.4)))
    survived = (rng.random(rows) < chance).astype(int)
    names = ["PassengerId", "Survived", "Pclass", "Name", "Sex", "Age", "Fare", "Embarked"]
    return write(
        path,
        names,
        (
            [
                *(row + 1, survived[row], rank[row], f"Doe, Mr. No {row}", sex[row]),
                *("" if rng.random() < 0.2 else age[row], fare[row], port[row]),
            ]
            for row in range(rows)
        ),
    )


def census(path: Path, rows: int = 400, seed: int = 0) -> Path:
    """Who earns more than 50K: question marks for what is missing, many countries, a rare gain."""
    rng = np.random.default_rng(seed)
    jobs = np.array(["Clerk", "Sales", "Craft", "Exec", "Farming", "?"])
    job = rng.choice(jobs, rows, p=[0.25, 0.2, 0.2, 0.2, 0.1, 0.05])
    years, age = rng.integers(4, 17, rows), rng.integers(17, 80, rows)
    hours = np.clip(rng.normal(40, 12, rows), 1, 99).astype(int)
    gain = np.where(rng.random(rows) < 0.08, rng.integers(1, 100, rows) * 999, 0)
    country = rng.choice([f"Land-{place}" for place in range(12)], rows, p=_falling(12))
    score = 0.35 * (years - 10) + 1.2 * (job == "Exec") + 0.03 * (hours - 40) + gain / 9000
    score += 1.5 - ((age - 48) / 18) ** 2 - 1.4
    rich = rng.random(rows) < 1 / (1 + np.exp(-score))
    names = ["age", "education", "job", "hours", "gain", "country", "income"]
    income = np.where(rich, ">50K", "<=50K")
    return write(path, names, zip(age, years, job, hours, gain, country, income, strict=True))


def houses(path: Path, rows: int = 400, seed: int = 0) -> Path:
    """What a house is worth, in numbers alone, with an interaction and a bend."""
    rng = np.random.default_rng(seed)
    rooms, age = rng.normal(6.2, 0.8, rows).round(3), rng.uniform(1, 100, rows).round(1)
    crime, tax = rng.lognormal(0, 1.5, rows).round(5), rng.integers(180, 720, rows)
    river = rng.integers(0, 2, rows)
    worth = 22 + 7 * (rooms - 6.2) ** 2 + 6 * (rooms - 6.2) - 2.2 * np.log1p(crime)
    worth = worth - 0.012 * (tax - 400) * (age / 50) + 3 * river + rng.normal(0, 1.5, rows)
    names = ["crime", "rooms", "age", "tax", "river", "worth"]
    return write(
        path, names, zip(crime, rooms, age, tax, river, worth.round(2).tolist(), strict=True)
    )


def german(path: Path, rows: int = 120, seed: int = 0) -> Path:
    """An export of a spreadsheet: semicolons, decimal commas, thousands, dates, latin letters."""
    rng = np.random.default_rng(seed)
    sizes, pay = rng.normal(1.75, 0.1, rows), rng.normal(3200, 700, rows)
    days = rng.integers(0, 3000, rows)
    groups = np.where(sizes + pay / 9000 + rng.normal(0, 0.05, rows) > 2.1, "groß", "klein")

    def amount(value: float) -> str:
        return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))

    lines = ["Größe;Gehalt;Eintritt;Zufrieden;Gruppe"]
    for row in range(rows):
        day = date(2015, 1, 1) + timedelta(int(days[row]))
        cells = [f"{sizes[row]:.2f}".replace(".", ","), amount(pay[row]), f"{day:%d.%m.%Y}"]
        lines.append(";".join([*cells, "ja" if days[row] % 3 else "nein", groups[row]]))
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    return path


def flowers(path: Path, rows: int = 90, seed: int = 0) -> Path:
    """Three sorts told by four measures, without a line of names."""
    rng = np.random.default_rng(seed)
    sort = rng.integers(0, 3, rows)
    measures = (rng.normal(0, 0.3, (rows, 4)) + np.array([5, 3.4, 1.5, 0.3]) + sort[:, None]).round(
        1
    )
    return write(path, [], ([*measures[row], f"sort-{'abc'[sort[row]]}"] for row in range(rows)))


def indexed(path: Path, rows: int = 60, seed: int = 0) -> Path:
    """A table with the nameless index that pandas writes."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rows, 2)).round(3)
    sides = np.where(points.sum(axis=1) > 0, "above", "below")
    return write(
        path, ["", "a", "b", "side"], ([row, *points[row], sides[row]] for row in range(rows))
    )


def wide(path: Path, rows: int = 60, columns: int = 500, seed: int = 0) -> Path:
    """Many columns of numbers, of which two tell a class."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, columns)).round(3)
    label = np.where(values[:, 3] > values[:, 7], "left", "right")
    names = [*(f"gene{column}" for column in range(columns)), "label"]
    return write(path, names, ([*values[row], label[row]] for row in range(rows)))


def _falling(count: int) -> list[float]:
    shares = 1 / np.arange(1, count + 1) ** 2
    return list(shares / shares.sum())
