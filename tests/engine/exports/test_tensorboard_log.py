"""Event files: TensorBoard's own reader finds in them what was recorded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.event_pb2 import Event as ReadEvent
from tensorboard.plugins.hparams import api_pb2, metadata

from engine.exports.event_files import message, varint
from engine.exports.export import Export
from engine.exports.tensorboard_log import files
from engine.exports.writing import write_files
from engine.recording.events import Resume
from engine.recording.history import History
from engine.runs.folder import RunFolder
from tests.populations import population
from tests.runs import end, header, rows
from tests.trained import whole


def written(history: History, folder: Path, **asked: Any) -> list[Path]:
    place = folder / "logs"
    run = RunFolder(folder / "a-run")
    export = Export(folder=run, history=history, path=place, **asked)
    return [*write_files([*files(export)], place, force=False)]


def read(path: Path) -> EventAccumulator:
    # All events, and not a sample of them.
    return EventAccumulator(str(path.parent), {"scalars": 0, "tensors": 0}).Reload()


def settings(path: Path) -> dict[str, Any]:
    summary = read(path).summary_metadata[metadata.SESSION_START_INFO_TAG]
    started = metadata.parse_session_start_info_plugin_data(summary.plugin_data.content)
    return {key: getattr(value, value.WhichOneof("kind")) for key, value in started.hparams.items()}


def status(path: Path) -> int:
    summary = read(path).summary_metadata[metadata.SESSION_END_INFO_TAG]
    ended = metadata.parse_session_end_info_plugin_data(summary.plugin_data.content)
    return int(ended.status)


def test_every_number_of_the_history_is_there_at_its_step(tmp_path: Path) -> None:
    history = whole("two-moons", "train.epochs=120", "train.evaluate_every=50")
    assert history.end is not None
    [path] = written(history, tmp_path)
    there = read(path)
    for group, recorded in history.series.items():
        for name in recorded.columns:
            scalars = there.Scalars(f"{group}/{name}")
            assert [each.step for each in scalars] == [*recorded.steps]
            np.testing.assert_array_equal(
                np.float32([each.value for each in scalars]), recorded.column(name)
            )
    [accuracy] = there.Scalars("result/test_accuracy")
    assert accuracy.step == history.last_step
    assert accuracy.value == np.float32(history.end.result["test_accuracy"])


def test_settings_and_status_are_what_its_plugin_reads(tmp_path: Path) -> None:
    history = whole("two-moons", "train.epochs=120", "train.evaluate_every=50")
    [path] = written(history, tmp_path)
    told = settings(path)
    assert told["optimizer.lr"] == 0.2
    assert told["data.kind"] == "moons"
    assert told["train.seed"] == 102
    assert status(path) == api_pb2.STATUS_SUCCESS


@pytest.mark.parametrize(
    ("events", "wanted"),
    [([], "STATUS_RUNNING"), ([end(3, "diverged", "the loss is NaN")], "STATUS_FAILURE")],
)
def test_what_is_not_over_or_went_wrong_is_said(
    tmp_path: Path, events: list[Any], wanted: str
) -> None:
    history = History([header(), rows(1, [0.5, np.nan, np.inf]), *events])
    [path] = written(history, tmp_path)
    assert status(path) == getattr(api_pb2, wanted)
    losses = [each.value for each in read(path).Scalars("train/loss")]
    np.testing.assert_array_equal(losses, [0.5, np.nan, np.inf])


def test_a_folder_has_several_runs_and_a_run_its_members(tmp_path: Path) -> None:
    history = population(members=2, steps=4)
    paths = written(history, tmp_path)
    paths += written(history, tmp_path, name="a-sweep/trial-4", member=1)
    runs = EventMultiplexer().AddRunsFromDirectory(str(tmp_path / "logs")).Reload()
    assert {*runs.Runs()} == {"a-run/member-1", "a-run/member-2", "a-sweep/trial-4"}
    for run, member in (("a-run/member-1", 0), ("a-run/member-2", 1), ("a-sweep/trial-4", 1)):
        numbers = [each.value for each in runs.Scalars(run, "train/loss")]
        recorded = history.series["train"].column("loss", member)
        np.testing.assert_array_equal(np.float32(numbers), recorded)
    assert [settings(path)["train.seed"] for path in paths] == [102, 103, 103]


def test_the_time_on_the_wall_knows_of_a_pause_between_stop_and_resume(tmp_path: Path) -> None:
    def at(first: int, t: float) -> Any:
        series = rows(first, [0.5])
        return type(series)(**{**vars(series), "t": t})

    seam = Resume(from_step=2, t=2.0, time=5000.0, host="h", pid=1)
    history = History([header(time=1000.0), at(1, 1.0), at(2, 2.0), seam, at(3, 3.0)])
    [path] = written(history, tmp_path)
    assert [each.wall_time for each in read(path).Scalars("train/loss")] == [1001.0, 1002.0, 5001.0]


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**31, 2**62])
def test_whole_numbers_are_as_protobuf_reads_them(number: int) -> None:
    read_back = ReadEvent.FromString(message((1, 0.5), (2, number)))
    assert (read_back.wall_time, read_back.step) == (0.5, number)
    assert len(varint(number)) == max(-(-number.bit_length() // 7), 1)


def test_a_step_below_0_is_written_as_it_is() -> None:
    assert ReadEvent.FromString(message((2, -3))).step == -3


def test_a_recording_that_names_no_columns_has_no_numbers(tmp_path: Path) -> None:
    [path] = written(History([header(columns={})]), tmp_path)
    assert read(path).Tags()["scalars"] == []


def test_a_figure_beyond_a_single_number_is_infinite(tmp_path: Path) -> None:
    [path] = written(History([header(), rows(1, [0.5]), end(1, test_loss=1e300)]), tmp_path)
    assert [each.value for each in read(path).Scalars("result/test_loss")] == [math.inf]
