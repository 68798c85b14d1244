"""What somebody should know of the rows before anything is trained: what no set has a row of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.experiment.experiment import Experiment
from engine.headless.result import result_text
from engine.recording.events import End, RunWarning
from engine.training.loop import Pace, train
from engine.training.trainer import Trainer

ROWS = [f"{n},{'ab'[n % 2]},{['train', 'dev'][n % 4 == 0]},{'xy'[n % 2]}" for n in range(20)]


def told(folder: Path, rows: list[str], **data: Any) -> list[str]:
    """What a run says when it begins."""
    (folder / "rows.csv").write_text("\n".join(["n,word,set,y", *rows]))
    spec = {"kind": "file", "path": str(folder / "rows.csv"), "task": "classes", **data}
    spec |= {"inputs": ["n", "word"]}
    spec["columns"] = {"word": {"kind": "category", "values": ["a", "b", "c"], "rest": False}}
    tables = {"data": spec, "loss": {"name": "cross_entropy"}, "train": {"epochs": 2}}
    trainer = Trainer(Experiment.model_validate(tables), device="cpu")
    return [each.message for each in next(train(trainer, Pace())) if isinstance(each, RunWarning)]


def test_classes_and_values_that_a_set_has_no_row_of_are_named(tmp_path: Path) -> None:
    notices = told(tmp_path, [*ROWS, "20,a,dev,rare"], split=[0.6, 0.2, 0.2])
    assert notices == [
        "the dev set has no row of class 'rare'",
        "the test set has no row of class 'rare'",
        "the train set has no row of column 'word' with value 'c'",
    ]


def test_a_set_that_a_column_names_for_no_row_is_named(tmp_path: Path) -> None:
    notices = told(tmp_path, [*ROWS, "20,c,train,x"], split_by={"column": "set"})
    assert notices == [
        "column 'set' says of no row that it is for test",
        "the dev set has no row of class 'y'",
    ]


def test_nothing_is_said_where_nothing_is_lacking(tmp_path: Path) -> None:
    assert told(tmp_path, [*ROWS, "20,c,train,x"]) == []


def test_a_result_says_which_classes_its_matrix_has_no_row_of() -> None:
    figures = {"test_loss": 0.1, "confusion": [[3, 1, 0], [0, 0, 0], [0, 2, 1]]}
    end = End(step=2, status="finished", reason="epochs", result=figures)
    said = result_text("a-run", end, classes=["a", "b", "c"])
    assert said.endswith("there is no row of b in it")
