"""CSV: what pandas reads is what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas
import pytest

from engine.exports.csv_tables import files
from engine.exports.export import Export
from engine.exports.writing import write_files
from engine.recording.events import End, Event, RunWarning
from engine.recording.history import History
from engine.results.history_table import PART_STEPS
from engine.runs.folder import RunFolder
from engine.text.spreadsheet import FORMULA
from tests.populations import population
from tests.runs import end, header, rows
from tests.trained import whole

COLUMN = ["train/loss", "train/accuracy"]


def written(history: History, folder: Path, **asked: object) -> tuple[Path, Path]:
    path = folder / "a.csv"
    export = Export(folder=RunFolder(folder / "a-run"), history=history, path=path, **asked)  # type: ignore[arg-type]
    history_path, facts_path = write_files([*files(export)], path, force=True)
    return history_path, facts_path


def of(*events: Event, **changes: object) -> History:
    return History([header(**changes), *events])


def test_a_row_a_step_with_the_columns_of_the_history(tmp_path: Path) -> None:
    history = whole("two-moons", "train.epochs=120", "train.evaluate_every=50")
    table = pandas.read_csv(written(history, tmp_path)[0])
    assert [*table.columns[:2]] == ["step", "seconds"]
    assert [*table.step] == [*range(1, history.last_step + 1)]
    assert table.seconds.is_monotonic_increasing
    for group, recorded in history.series.items():
        for name in recorded.columns:
            there = table.set_index("step")[f"{group}/{name}"].dropna()
            assert [*there.index] == [*recorded.steps]
            np.testing.assert_array_equal(
                there.to_numpy(np.float32), recorded.column(name), err_msg=name
            )


def test_a_table_of_several_parts_is_one(tmp_path: Path) -> None:
    losses = np.linspace(1, 0, PART_STEPS + 10).tolist()
    history = of(rows(1, losses), rows(PART_STEPS + 1, [9.0], "dev"))
    table = pandas.read_csv(written(history, tmp_path)[0])
    np.testing.assert_array_equal(table["train/loss"].to_numpy(np.float32), np.float32(losses))
    assert [*np.flatnonzero(table["dev/loss"].notna())] == [PART_STEPS]


def test_what_is_not_finite_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    history = of(rows(1, [0.5, np.nan, np.inf, -np.inf]), rows(2, [0.25], "dev"))
    path, _ = written(history, tmp_path)
    cells = pandas.read_csv(path, dtype=str, keep_default_na=False)
    assert [*cells["train/loss"]] == ["0.5", "NaN", "Inf", "-Inf"]
    assert [*cells["dev/loss"]] == ["", "0.25", "", ""]
    assert pandas.read_csv(path)["train/loss"].dtype == np.float64


def test_of_a_population_there_is_a_row_for_each_member(tmp_path: Path) -> None:
    history = population(members=3, steps=4)
    table = pandas.read_csv(written(history, tmp_path)[0])
    assert [*table.member] == [1, 2, 3] * 4
    loss = table.pivot(index="step", columns="member", values="train/loss")
    for member in range(3):
        recorded = history.series["train"].column("loss", member)
        np.testing.assert_array_equal(loss[member + 1].to_numpy(np.float32), recorded)
    path, facts = written(history, tmp_path, member=1)
    assert {*pandas.read_csv(path).member} == {2}
    assert [*pandas.read_csv(facts)["train.seed"]] == [103]


def test_result_and_settings_stand_beside_it(tmp_path: Path) -> None:
    history = whole("two-moons", "train.epochs=120", "train.evaluate_every=50")
    assert history.end is not None
    facts = pandas.read_csv(written(history, tmp_path)[1]).iloc[0]
    assert facts["state"] == "finished"
    assert facts["test_accuracy"] == history.end.result["test_accuracy"]
    assert facts["optimizer.lr"] == 0.2
    assert json.loads(facts["model.hidden"]) == [{"units": 5}]


@pytest.mark.parametrize("start", FORMULA)
def test_what_a_spreadsheet_would_act_on_is_a_text(tmp_path: Path, start: str) -> None:
    text = f'{start}HYPERLINK("http://x","y")'
    history = of(experiment={"title": text, "data": {text: "a"}, "a": {"b": -1.5}})
    quoted = pandas.read_csv(written(history, tmp_path)[1], dtype=str).iloc[0]
    assert quoted["title"].startswith(f"'{start}".rstrip("\r")[:2])
    assert quoted["a.b"] == "-1.5"
    assert not any(column.startswith(FORMULA) for column in quoted.index)
    left = pandas.read_csv(written(history, tmp_path, plain=True)[1], dtype=str).iloc[0]
    assert left["title"] == text


def test_a_column_that_would_be_a_formula_is_quoted_too(tmp_path: Path) -> None:
    history = of(columns={"=1+1": ["loss", "accuracy"]})
    assert written(history, tmp_path)[0].read_text().startswith("step,seconds,'=1+1/loss")


def test_what_has_not_ended_says_what_it_is(tmp_path: Path) -> None:
    going = written(of(rows(1, [0.5])), tmp_path)[1]
    assert pandas.read_csv(going).state[0] == "running"
    failed = of(rows(1, [0.5]), end(1, "failed", "disk"), RunWarning(step=1, message="x"))
    assert pandas.read_csv(written(failed, tmp_path)[1]).reason[0] == "disk"


def test_a_run_without_a_row_has_a_table_without_one(tmp_path: Path) -> None:
    history = of(End(step=0, status="failed", reason="no CUDA here"))
    table = pandas.read_csv(written(history, tmp_path)[0])
    assert [*table.columns] == ["step", "seconds", *COLUMN, "dev/loss", "dev/accuracy"]
    assert len(table) == 0
