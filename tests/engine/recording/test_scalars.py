"""Numbers that are said by name are rows of a recording."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from engine.recording.events import COLUMNS
from engine.recording.file import Recorder, read
from engine.recording.history import History
from engine.recording.scalars import HEARTBEAT_SECONDS, Scalars
from engine.runs.foreign import header_of
from tests.tapes import Clock


class Said:
    """Numbers that are written to a file, and what a reader finds there."""

    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / "r.jsonl", Clock()
        header = header_of("r", "record")
        self.recorder = Recorder.create(self.path, header, clock=self.clock, reserve=False)
        self.scalars = Scalars(self.recorder, self.clock)

    def history(self) -> History:
        self.scalars.flush()
        self.recorder.flush()
        return History(read(self.path))


@pytest.fixture
def said(tmp_path: Path) -> Said:
    return Said(tmp_path)


def table(history: History) -> dict[str, list[list[float]]]:
    """Return each group's steps, and its columns, NaN as -1."""
    return {
        group: [
            rows.steps.tolist(),
            *(
                [-1.0 if math.isnan(v) else v for v in rows.column(name).tolist()]
                for name in rows.columns
            ),
        ]
        for group, rows in history.series.items()
    }


def test_sets_of_rows_are_groups_and_what_comes_later_begins_later(said: Said) -> None:
    said.scalars.log(1, {"lr": 0.5, "loss": 4.0})
    said.scalars.log(1, {"val_loss": 8.0})
    said.scalars.log(2, {"loss": 2.0})
    said.scalars.log(2, {"val_acc": 0.25})
    said.scalars.log(7, {"lr": 0.125, "loss": 1.0})
    history = said.history()
    assert table(history) == {
        "train": [[1, 2, 7], [4.0, 2.0, 1.0], [0.5, -1.0, 0.125]],
        "dev": [[1], [8.0]],
        "dev 2": [[2], [0.25]],
    }
    assert history.series["train"].columns == ("loss", "lr")
    assert said.scalars.newest["dev"] == {"loss": 8.0, "accuracy": 0.25}


def test_a_loss_that_is_not_said_is_no_row(said: Said) -> None:
    said.scalars.log(1, {"loss": 4.0, "lr": 0.5})
    said.scalars.log(2, {"lr": 0.25})
    said.scalars.log(3, {"lr": 0.125})
    assert table(said.history()) == {
        "train": [[1], [4.0], [0.5]],
        "train 2": [[2, 3], [0.25, 0.125]],
    }


def test_a_loss_that_is_no_number_is_a_row_like_any_other(said: Said) -> None:
    said.scalars.log(1, {"loss": math.nan})
    said.scalars.log(2, {"loss": 1e300})
    assert table(said.history()) == {"train": [[1, 2], [-1.0, math.inf]]}


def test_a_step_that_comes_again_takes_the_place_of_what_came_from_it_on(said: Said) -> None:
    for step in (1, 2, 3, 4):
        said.scalars.log(step, {"loss": float(step)})
    said.scalars.log(4, {"loss": 40.0})
    assert not said.history().warnings
    said.scalars.log(2, {"loss": 20.0})
    said.scalars.log(3, {"loss": 30.0})
    history = said.history()
    assert table(history) == {"train": [[1, 2, 3], [1.0, 20.0, 30.0]]}
    assert "step 2 of train came after step 4" in history.warnings[0].message


def test_there_are_no_more_columns_than_a_recording_may_have(said: Said) -> None:
    said.scalars.log(1, {f"c{number}": 1.0 for number in range(COLUMNS - 1)})
    said.scalars.log(1, {"loss": 1.0, "acc": 2.0, "x" * 201: 3.0})
    said.scalars.log(2, {"loss": 1.0, "acc": 2.0})
    history = said.history()
    assert table(history)["train"] == [[1, 2], [1.0, 1.0]]
    assert [each.message.split(" are ")[0] for each in history.warnings] == [
        "1 column",
        "2 columns",
    ][:1]


@pytest.mark.parametrize("step", [-1, 2**60])
def test_what_is_no_step_is_refused(said: Said, step: int) -> None:
    with pytest.raises(ValueError, match="from 0 on"):
        said.scalars.log(step, {"loss": 1.0})


def test_rows_are_written_in_blocks_and_silence_is_broken(said: Said) -> None:
    for step in range(100):
        said.scalars.log(step, {"loss": 1.0})
    assert b'"series"' not in said.path.read_bytes()
    said.clock.now += 0.2
    said.scalars.log(100, {"loss": 1.0})
    assert said.path.read_bytes().count(b'"series"') == 1
    said.scalars.beat()
    assert b"heartbeat" not in said.path.read_bytes()
    said.clock.now += HEARTBEAT_SECONDS
    said.scalars.beat()
    assert b'"heartbeat","t":2.2,"step":100' in said.path.read_bytes()
