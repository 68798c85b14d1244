"""Answers as a CSV file, read back by pandas."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from engine.cli import main
from engine.errors import RequestError
from engine.exports.answers_table import answers_file
from engine.results.asked_rows import rows_of_file, rows_of_set, rows_of_stream, rows_of_values
from engine.results.predict import Answers, answers
from tests.engine.exports.asked import FILES, people_file, trained


def table(told: Answers, *, plain: bool = False) -> Any:
    """Return what pandas reads of a file of answers; an empty cell is an empty text."""
    file = io.BytesIO()
    answers_file(told, Path("a.csv"), plain=plain).write(file)
    return pandas.read_csv(io.BytesIO(file.getvalue()), keep_default_na=False)


def test_a_file_s_own_columns_stand_in_front(tmp_path: Path) -> None:
    run = trained("people, classes")
    path = people_file(tmp_path)
    told = answers(run, rows_of_file(run, path))
    read, own = table(told), pandas.read_csv(path, keep_default_na=False)
    pandas.testing.assert_frame_equal(read[own.columns.tolist()], own)
    names = ["high", "low", "middle"]
    said = ["predicted", *(f"probability of {name}" for name in names)]
    assert read.columns.tolist() == [*own.columns, *said]
    assert told.probabilities is not None
    np.testing.assert_array_equal(read[said[1:]], told.probabilities)
    assert read["predicted"].tolist() == [names[place] for place in told.probabilities.argmax(1)]


@pytest.mark.parametrize("name", FILES)
def test_a_set_s_rows_come_with_what_is_true(name: str) -> None:
    run = trained(name)
    told = answers(run, rows_of_set(run, "dev"))
    read = table(told)
    assert len(read) == 24
    assert read.columns[:4].tolist() == ["age", "job", "town", "smoker"]
    assert {*read["job"]} <= {"clerk", "nurse", "(rest)", ""}
    targets = told.rows.targets
    assert targets is not None
    if name == "people, classes":
        assert read["truth"].tolist() == [told.target_names[place] for place in targets]
        return
    np.testing.assert_array_equal(read[told.target_names], targets)
    said = read[[f"predicted {each}" for each in told.target_names]]
    labels = name == "people, labels"
    np.testing.assert_array_equal(said, told.outputs > 0.5 if labels else told.outputs)
    assert ("probability of tall" in read) is labels


def test_only_the_rows_that_are_answered_are_written() -> None:
    run = trained("people, classes")
    rows = rows_of_stream(run, io.BytesIO(people_file_bytes()))
    part = answers(run, rows).taken(np.array([1, 5, 6]))
    own = pandas.read_csv(io.BytesIO(people_file_bytes()), keep_default_na=False)
    read = table(part)
    assert read["price"].tolist() == own["price"][[1, 5, 6]].tolist()


def people_file_bytes() -> bytes:
    path = trained("people, classes").experiment.data.model_dump()["path"]
    return Path(path).read_bytes()


def test_a_single_row_is_written_as_it_was_typed() -> None:
    run = trained("people, numbers")
    (row,) = table(answers(run, rows_of_values(run, ["38.5, nurse, , yes, 02.03.1999"]))).values
    assert row[:-1].tolist() == [38.5, "nurse", "", "yes", "02.03.1999"]


def test_a_text_that_would_be_a_formula_is_none_and_a_number_stays_one() -> None:
    run = trained("people, classes")
    own = {"=a": ["=1+1"], "predicted": ["-5,5"], "b": np.array([-1.5])}
    rows = replace(rows_of_set(run, "dev").taken(slice(0, 1)), own=own, places=None)
    read = table(answers(run, rows))
    assert read.columns[:4].tolist() == ["'=a", "predicted", "b", "predicted (2)"]
    assert read.iloc[0, :3].tolist() == ["'=1+1", "-5,5", -1.5]
    assert table(answers(run, rows), plain=True).iloc[0, 0] == "=1+1"


def test_another_ending_is_refused() -> None:
    run = trained("people, classes")
    with pytest.raises(RequestError, match=r"let its name end in \.csv"):
        answers_file(answers(run, rows_of_set(run, "dev")), Path("a.xlsx"), plain=False)


def test_the_command_overwrites_nothing_unasked(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, path = trained("people, classes"), tmp_path / "answers.csv"
    asked = [str(run.folder.path), "--set", "dev", "--to", str(path)]

    def status(*more: str) -> object:
        with pytest.raises(SystemExit) as left:
            main(["predict", *asked, *more])
        return left.value.code or 0

    assert status() == 0
    assert capfd.readouterr().out.splitlines()[1] == str(path)
    first = path.read_bytes()
    assert status() == 2
    assert "is there already; --force overwrites it" in capfd.readouterr().err
    assert status("--rows", "3") == 2
    assert "--to writes all 24 rows" in capfd.readouterr().err
    assert status("--force", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["path"], told["rows"]) == (str(path), 24)
    assert path.read_bytes() == first
