"""The networks of a row of a heat map side by side, each with its best weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.sweeps.table import SweepTable, read
from tests.sweeps import make_sweep, train_group
from tui.drawing.sweep.cells import cells_of, usual_choice
from tui.pictures.sweep_row import LEAST_WIDTH, Networks, SweepRow, draw_row, rows_in
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK

LOOK = Look(BRAILLE, DARK.without_colours())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> SweepTable:
    folder = make_sweep(tmp_path_factory.mktemp("runs"))
    train_group(folder, 1)
    return read(folder.path)


@pytest.fixture(scope="module")
def rows(table) -> list[SweepRow]:
    choice = usual_choice(table)
    return list(rows_in(cells_of(table, choice), choice))


def text(row: SweepRow, networks: Networks, width: int, height: int, **options) -> list[str]:
    read = {trial.number: networks.of(trial) for trial in row.over}
    lines = draw_row(row, read, (width, height), LOOK, **options)
    assert len(lines) == height
    assert {line.cell_len for line in lines} == {width}
    return [line.plain for line in lines]


def test_each_cell_shows_its_best_network_with_its_best_weights(rows) -> None:
    networks = Networks()
    for trial in rows[0].over:
        network = networks.of(trial)
        assert not isinstance(network, str)
        assert network.step == trial.best_step
        assert network.material.member == trial.member
    head, names, seeds, *picture = text(rows[0], networks, 80, 24)
    assert head.startswith("hidden [5] · decision region · the best test accuracy of each cell")
    assert names.split() == ["lr", "0.01", "lr", "5"]
    assert seeds.count("seed 10") == 2
    assert " ".join(picture).count("pi┤") == 4, "both ends of an axis, twice"


def test_what_is_not_there_yet_is_said_in_its_place(rows) -> None:
    assert "no trial has begun" in "\n".join(text(rows[1], Networks(), 80, 12))
    unread = draw_row(rows[0], {}, (80, 12), LOOK)
    assert "reading the data" in "\n".join(line.plain for line in unread)


def test_of_many_columns_those_around_the_chosen_one_are_shown_and_that_is_said(rows) -> None:
    many = replace(
        rows[0],
        columns=tuple(f"lr {number}" for number in range(9)),
        trials=rows[0].trials[:1] * 9,
    )
    width = 4 * (LEAST_WIDTH + 2)
    head, names, *_ = text(many, Networks(), width, 14, column=7)
    assert "› lr 7" in names
    assert "lr 3" not in names
    assert head.rstrip().endswith("6 to 9 of 9")


def test_a_recording_that_cannot_be_read_is_said(rows, tmp_path: Path) -> None:
    trial = replace(next(rows[0].over), run=tmp_path)
    assert "recording.jsonl" in str(Networks().of(trial))
