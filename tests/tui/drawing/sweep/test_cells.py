"""The trials of a sweep by two settings: nothing is lost, whichever two they are."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from engine.sweeps.table import table_of
from tui.drawing.sweep.cells import (
    RANGES,
    HeatChoice,
    best_of_cell,
    cells_of,
    heat_map_of,
    keys_of,
    usual_choice,
)

from .tables import HIDDEN, textbook, trial

TABLE = textbook()


def test_numbers_stand_across_and_in_their_order() -> None:
    choice = usual_choice(TABLE)
    assert choice == HeatChoice(rows="model.hidden", columns="optimizer.lr", figure="test_accuracy")
    heat = heat_map_of(TABLE, choice)
    assert heat.rows == ("[5]", "[5, 3]")
    assert heat.columns == ("0.01", "1", "5")


def test_a_cell_has_mean_and_spread_over_seeds_and_what_became_of_them() -> None:
    heat = heat_map_of(TABLE, usual_choice(TABLE))
    np.testing.assert_allclose(heat.mean[0], [0.85, 0.88, 0.82])
    np.testing.assert_allclose(heat.spread[0], [0.01] * 3)
    assert np.isnan(heat.mean[1, 2])
    assert heat.diverged.tolist() == [[0, 0, 0], [0, 0, 3]]
    assert heat.finished.tolist() == [[3, 3, 3], [3, 2, 3]]
    assert heat.trials.tolist() == [[3, 3, 3]] * 2
    assert heat.facts == (
        "mean and spread of 3 seeds",
        "17 of 18 trials",
        "stopped: the same command goes on",
    )
    assert not heat.smaller_is_better


@pytest.mark.parametrize("keys", list(itertools.permutations(["", *keys_of(TABLE)], 2)))
def test_every_trial_lies_in_one_cell_whichever_two_settings_are_chosen(keys) -> None:
    rows, columns = keys
    if not columns:
        return
    choice = HeatChoice(rows=rows, columns=columns, figure="dev_loss")
    cells = cells_of(TABLE, choice)
    lying = [each.number for found in cells.trials.values() for each in found]
    assert sorted(lying) == list(range(len(TABLE.trials)))
    heat = heat_map_of(TABLE, choice)
    assert heat.trials.sum() == len(TABLE.trials)
    assert heat.smaller_is_better


def test_what_is_pooled_is_said() -> None:
    heat = heat_map_of(TABLE, HeatChoice(rows="", columns="optimizer.lr", figure="dev_loss"))
    assert heat.rows == ("",)
    assert heat.facts[0] == "mean and spread of 6 trials: every hidden"


def test_going_through_the_settings_comes_back_and_never_shows_one_twice() -> None:
    choice = first = usual_choice(TABLE)
    seen = []
    for _ in range(len(keys_of(TABLE))):
        choice = choice.next_columns(TABLE)
        assert choice.rows != choice.columns
        seen.append(choice.columns)
    assert choice.columns == first.columns
    assert sorted(seen) == sorted(keys_of(TABLE))
    rows = [choice := choice.next_rows(TABLE) for _ in range(len(keys_of(TABLE)))]
    assert len({each.rows for each in rows}) == len(keys_of(TABLE))
    assert {first.next_figure(TABLE).figure, first.figure} == {"test_accuracy", "dev_loss"}


def test_a_choice_that_a_table_does_not_have_is_replaced() -> None:
    gone = HeatChoice(rows="optimizer.name", columns="optimizer.lr", figure="test_loss")
    assert gone.among(TABLE).rows == "model.hidden"
    kept = HeatChoice(rows="", columns="train.seed", figure="dev_loss")
    assert kept.among(TABLE) == kept


def test_values_that_were_drawn_stand_in_ranges_and_a_grid_never_does() -> None:
    rates = np.geomspace(1e-3, 1, 40).round(9).tolist()
    drawn = [
        trial(number, {"model.hidden": HIDDEN[number % 2], "optimizer.lr": rate}, 1, dev_loss=rate)
        for number, rate in enumerate(rates)
    ]
    table = table_of("search", Path("runs/search"), 0.0, False, drawn)
    choice = usual_choice(table)
    cells = cells_of(table, choice)
    heat = heat_map_of(table, choice)
    assert len(cells.columns) == RANGES
    assert heat.columns[0] == "0.001.."
    assert heat.columns[-1] == "0.42.."
    assert heat.trials.sum() == len(drawn)
    assert heat.facts[0] == "mean and spread of 3 trials: ranges of lr"
    # A pair in every cell is a grid, however many values it has.
    whole = [
        trial(number, {"model.hidden": hidden, "optimizer.lr": rate}, 1, dev_loss=rate)
        for number, (hidden, rate) in enumerate(itertools.product(HIDDEN, rates))
    ]
    table = table_of("grid", Path("runs/grid"), 0.0, False, whole)
    assert len(cells_of(table, choice).columns) == len(rates)


def test_the_best_trial_of_a_cell_is_by_its_figure_and_one_that_broke_is_opened_too() -> None:
    cells = cells_of(TABLE, usual_choice(TABLE)).trials
    assert best_of_cell(cells[0, 0], "test_accuracy") == cells[0, 0][2]
    assert best_of_cell(cells[0, 0], "dev_loss") == cells[0, 0][2]
    assert best_of_cell(cells[1, 2], "test_accuracy") == cells[1, 2][0]
    assert cells[1, 2][0].setting["model.hidden"] == HIDDEN[1]
    assert best_of_cell((), "dev_loss") is None
