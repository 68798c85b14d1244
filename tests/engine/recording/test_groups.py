"""A recording from elsewhere: groups that begin later, rows at any steps, within bounds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RecordingError
from engine.recording.events import COLUMNS, FORMAT, End, Event, GroupBegins, Resume, Series
from engine.recording.file import Recorder, glimpse, read
from engine.recording.groups import AGAIN_BYTES
from engine.recording.history import History
from engine.recording.lines import decode, encode
from engine.recording.loading import load_history
from engine.recording.scalars import series_at
from engine.runs.foreign import header_of
from tests.tapes import Clock, header

FORMAT_2 = Path(__file__).parents[2] / "recordings" / "format-2.jsonl"
BEGUN = GroupBegins(group="train", columns=["loss", "lr"])


def at(steps: list[int], group: str = "train", columns: int = 2) -> Series:
    """Rows whose every value is their step."""
    values = np.tile(np.array(steps, np.float32), (columns, 1))[:, :, None]
    return series_at(group, steps, values)


def recorder(path: Path) -> Recorder:
    return Recorder.create(path, header_of("r", "record"), clock=Clock(), reserve=False)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True).map(sorted))
def test_rows_at_any_steps_come_back_at_those_steps(steps: list[int]) -> None:
    line = encode(at(steps))
    event = decode(line)
    assert isinstance(event, Series)
    assert (event.first, event.last_step) == (steps[0], steps[-1])
    history = History([header_of("r", "record"), BEGUN, event])
    assert history.series["train"].steps.tolist() == steps
    assert history.last_step == steps[-1]
    evenly = len({*np.diff(steps).tolist()}) < 2
    assert (b'"steps"' in line) is not evenly


@pytest.mark.parametrize(
    "steps", [[1, 3, 2], [1, 1, 3], [2, 4, 9], [1, 4], [1, 4, 2**60], [1, 4, 5.0]]
)
def test_steps_that_do_not_rise_or_are_of_other_rows_are_no_series(steps: list[int]) -> None:
    body = json.loads(encode(at([1, 4, 6])))
    assert decode(json.dumps(body)) is not None
    with pytest.raises(ValueError, match="no series"):
        decode(json.dumps(body | {"steps": steps}))


@pytest.mark.parametrize(
    "columns", [[], ["a", "a"], ["x" * 201], [""] * 2, [f"c{n}" for n in range(1001)], [1]]
)
def test_a_group_with_columns_that_cannot_be_is_none(columns: list[str]) -> None:
    line = json.dumps({"kind": "group", "group": "train", "columns": columns})
    with pytest.raises(ValueError, match="the line "):
        decode(line)
    body = json.loads(encode(header_of("r", "import"))) | {"columns": {"train": columns}}
    with pytest.raises(ValueError, match="no header"):
        decode(json.dumps(body))


def test_a_group_begins_once_and_the_header_tells_of_it() -> None:
    other = GroupBegins(group="train", columns=["else"])
    history = History([header_of("r", "record"), BEGUN, at([1, 2]), BEGUN, other, at([3])])
    assert history.series["train"].columns == ("loss", "lr")
    assert history.series["train"].count == 3
    assert history.header is not None
    assert history.header.columns == {"train": ["loss", "lr"]}


def test_all_groups_together_have_no_more_columns_than_a_recording_may_have() -> None:
    many = [f"c{number}" for number in range(COLUMNS - 2)]
    fitting, more = GroupBegins(group="dev", columns=many), GroupBegins(group="x", columns=["x"])
    assert [*History([header_of("r", "record"), BEGUN, fitting, more]).series] == ["train", "dev"]


def test_a_writer_refuses_a_group_that_has_begun_otherwise(tmp_path: Path) -> None:
    written = recorder(tmp_path / "r.jsonl")
    written.record(BEGUN, BEGUN)
    with pytest.raises(RecordingError, match="has begun already"):
        written.record(GroupBegins(group="train", columns=["else"]))
    written.close()


def test_a_recording_with_groups_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = recorder(path)
    first.record(BEGUN, at([1, 5, 6]))
    first.close()
    second = Recorder.reopen(path, Resume(from_step=5), clock=Clock())
    second.record(at([7, 19]), GroupBegins(group="dev", columns=["loss"]), at([9], "dev", 1))
    second.close()
    history = load_history(path)
    assert history.series["train"].steps.tolist() == [1, 5, 7, 19]
    assert history.series["dev"].value("loss", 9) == 9
    assert b'"last":{"loss":19.0,"lr":19.0}' in path.read_bytes()


def test_whoever_reads_the_end_of_a_long_recording_learns_of_its_groups(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    written = recorder(path)
    written.record(BEGUN)
    step = 0
    while path.stat().st_size < 4 * AGAIN_BYTES:
        written.record(at([*range(step, step + 4096)]))
        written.flush()
        step += 4096
    _, events = glimpse(path, 2 * AGAIN_BYTES)
    assert BEGUN.columns in [each.columns for each in events if isinstance(each, GroupBegins)]
    seen = History(events).series["train"]
    assert 0 < seen.count < step
    assert seen.last_step == step - 1
    written.record(End(step=step, status="finished", reason="", result={}))
    written.close()
    *_, again, end = read(path)
    assert (type(again), type(end)) == (GroupBegins, End)


def test_what_a_worker_trains_stays_of_format_1() -> None:
    assert json.loads(encode(header()))["format"] == 1


def test_an_older_reader_refuses_what_is_not_of_a_worker_by_its_format() -> None:
    for origin in ("import", "watch", "record"):
        assert json.loads(encode(header_of("r", origin)))["format"] == FORMAT == 2


def test_a_recording_of_format_2_opens_as_it_was_written() -> None:
    history = load_history(FORMAT_2)
    assert history.header is not None
    assert (history.header.format, history.header.origin) == (2, "record")
    assert {group: rows.steps.tolist() for group, rows in history.series.items()} == {
        "train": [1, 2, 3, 5, 8, 13],
        "dev": [3, 13],
        "other": [5],
    }
    assert history.series["train"].value("loss", 8) == 0.125
    assert history.series["dev"].columns == ("loss", "accuracy")
    assert [mark.title for mark in history.marks] == ["Eight"]
    assert history.end is not None


@pytest.mark.parametrize("origin", ["import", "hologram"])
def test_an_origin_of_a_later_version_is_no_error(origin: str) -> None:
    line = encode(header_of("r", "import")).replace(b'"import"', f'"{origin}"'.encode())
    event: Event | None = decode(line)
    assert event is not None
    assert History([event]).header is not None
