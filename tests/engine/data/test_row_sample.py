"""Samples of a file's rows: drawn while it is read, the same every time, and never in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import columns as limits
from engine.data import load
from engine.data.columns import Sampling
from engine.data.file import File
from engine.data.row_sample import SEED, RowSample
from engine.data.sheet import read
from tests.engine.data.files import refusal

ROWS, MOST = 5000, 700


def drawn(count: int = ROWS, most: int = MOST) -> list[int]:
    """The rows that are drawn, in the way that a printed program draws them."""
    numbers = np.random.default_rng(SEED).random(count)
    return sorted(np.argsort(numbers, kind="stable")[:most].tolist())


@pytest.mark.parametrize("portions", [[ROWS], [1] * 40 + [ROWS - 40], [1700, 0, 1700, 1600]])
def test_the_rows_do_not_hang_on_the_portions_they_come_in(portions: list[int]) -> None:
    sample, held = RowSample(MOST), list[int]()
    first = 0
    for count in portions:
        held += (first + sample.offer(count)).tolist()
        first += count
        if sample.is_full:
            held = np.array(held)[sample.kept()].tolist()
    held = np.array(held)[sample.kept()].tolist()
    assert held == sample.taken.places.tolist() == drawn()
    assert sample.taken.of == ROWS


def test_every_row_is_as_likely() -> None:
    halves = [sum(row < 500 for row in drawn(1000, most)) / most for most in (100, 200, 400)]
    assert all(0.35 < half < 0.65 for half in halves)


def numbered(path: Path, quoted: str = "") -> Path:
    """Write a file whose cells are the numbers of their rows."""
    lines = [f"{row},{row % 3}{quoted if row == 7 else ''}" for row in range(ROWS)]
    path.write_text("\n".join(["x,y", *lines, "", ","]) + "\n")
    return path


@pytest.mark.parametrize("odd", ["", '"'])
def test_both_readers_draw_the_same_rows(odd: str, tmp_path: Path) -> None:
    # A quote in the middle of a cell is for Python's reader.
    sheet = read(numbered(tmp_path / "a.csv", odd), sampling=Sampling(MOST))
    assert [int(cell) for cell in sheet.columns["x"]] == drawn()
    assert (sheet.rows, sheet.of) == (MOST, ROWS)


def test_archives_are_drawn_from_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(ROWS), y=np.array([str(n % 2) for n in range(ROWS)]))
    sheet = read(tmp_path / "a.npz", sampling=Sampling(MOST))
    assert list(sheet.columns["x"]) == drawn()
    assert list(sheet.columns["y"]) == [str(row % 2) for row in drawn()]


def spec(path: Path, **said: object) -> File:
    return File.model_validate({"path": str(path), "task": "numbers", "split": [0.8, 0.2], **said})


def test_a_preset_says_how_many_and_everybody_is_told_of_how_many(tmp_path: Path) -> None:
    path = numbered(tmp_path / "a.csv")
    data = spec(path, sample_rows=MOST)
    assert data.sizes == (560, 140, 0)
    assert data.files[0]["rows"] == ROWS
    assert data.files[0]["drawn"] == MOST
    assert data.notices == ["700 of the 5000 rows of a.csv were drawn at random"]
    sets = [load(data, seed) for seed in (1, 2)]
    rows = [
        sorted(each.train.inputs[:, 0].tolist() + each.dev.inputs[:, 0].tolist()) for each in sets
    ]
    assert rows[0] == rows[1] == drawn()


def test_more_than_there_are_are_all(tmp_path: Path) -> None:
    data = spec(numbered(tmp_path / "a.csv"), sample_rows=ROWS)
    assert data.sizes == (4000, 1000, 0)
    assert data.notices == []
    assert "drawn" not in data.files[0]


def test_a_wrong_cell_is_named_by_its_row_in_the_file(tmp_path: Path) -> None:
    path = numbered(tmp_path / "a.csv")
    wrong = drawn()[300]
    path.write_text(path.read_text().replace(f"\n{wrong},", "\nmany,"))
    said = refusal(str(path), "numbers", sample_rows=MOST)
    assert said.startswith(f"path: a.csv: row {wrong + 2}, column 'x': ")


def test_a_file_that_is_too_large_says_by_which_key_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = numbered(tmp_path / "a.csv")
    monkeypatch.setattr(limits, "MOST_CELLS", 2 * MOST)
    assert refusal(str(path), "numbers") == (
        "path: a.csv: has more than 0.0014 million cells; at most 0.0014 million are read; take a "
        "random sample of its rows by data.sample_rows = 100000, or save fewer of its rows or "
        "columns"
    )
    assert spec(path, sample_rows=MOST).sizes == (560, 140, 0)
    assert "has more than" in refusal(str(path), "numbers", sample_rows=MOST + 1)


@pytest.mark.parametrize("kinds", [{}, {"x": {"kind": "number", "missing": "median"}}])
def test_a_printed_program_draws_the_same_rows(kinds: dict[str, Any], tmp_path: Path) -> None:
    data = spec(numbered(tmp_path / "a.csv"), sample_rows=MOST, columns=kinds)
    names: dict[str, Any] = {"np": np}
    exec(compile(data.program(), "<program>", "exec"), names)
    inputs, targets = names["draw_data"]()
    assert inputs[:, 0].tolist() == drawn()
    assert targets[:, 0].tolist() == [row % 3 for row in drawn()]
