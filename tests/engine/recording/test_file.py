"""A recording can be read while it is written, and after the worst end."""

from __future__ import annotations

import errno
import itertools
import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RecordingError, RunError
from engine.recording.events import End, Event, Header, Heartbeat, MarkReached, Resume, Series
from engine.recording.file import Reader, Recorder, read
from engine.recording.history import History
from engine.recording.lines import encode
from engine.recording.reserve import RESERVE_BYTES
from tests.patience import DEADLINE
from tests.tapes import COLUMNS, Clock, dev_rows, header, train_rows, weights, write
from tests.users import another_user, as_root

FIXTURES = Path(__file__).parents[2] / "recordings"
END = End(step=4, status="finished", reason="steps", result={"train_loss": 0.5})
EVENTS: list[Event] = [
    header(),
    weights(0),
    train_rows(1, 2),
    dev_rows(2, 1),
    MarkReached(step=2, title="月", pause=True),
    train_rows(3, 2),
    weights(4),
    END,
]


def shown(events: list[Event]) -> list[bytes]:
    """Return events as their lines, which can be compared."""
    return [encode(event, COLUMNS) for event in events]


def test_what_is_recorded_is_what_is_read(tmp_path: Path) -> None:
    clock = Clock(50.0)
    recorder = Recorder.create(tmp_path / "r.jsonl", header(), clock=clock)
    for event in EVENTS[1:]:
        clock.now += 0.5
        recorder.record(event)
    recorder.close()
    events = list(read(tmp_path / "r.jsonl"))
    assert [event.kind for event in events] == [event.kind for event in EVENTS]
    assert [event.t for event in events[1:]] == [0.5 * n for n in range(1, len(EVENTS))]


def test_cut_at_any_byte_it_reads_to_its_last_whole_event(tmp_path: Path) -> None:
    lines = [encode(event, COLUMNS) for event in EVENTS]
    whole = b"".join(lines)
    path = tmp_path / "r.jsonl"
    ends = [sum(map(len, lines[: n + 1])) for n in range(len(lines))]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        reader = Reader(path)
        expected = sum(end <= cut for end in ends)
        assert len(reader.poll()) == expected, cut
        path.write_bytes(whole)
        assert len(reader.poll()) == len(EVENTS) - expected, cut
        assert reader.damaged == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 2000), max_size=12), st.sampled_from([None, 1, 50, 300]))
def test_read_in_any_pieces_it_gives_the_same(
    tmp_path: Path, cuts: list[int], limit: int | None
) -> None:
    whole = b"".join(encode(event, COLUMNS) for event in EVENTS)
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"")
    reader, events = Reader(path), []
    for cut in [*sorted(cuts), len(whole)]:
        path.write_bytes(whole[:cut])
        events += reader.poll(limit)
    while more := reader.poll(limit):
        events += more
    assert shown(events) == shown(EVENTS)


def test_a_torn_line_closed_by_a_resume_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", *EVENTS[:3])
    with path.open("ab") as file:
        file.write(encode(train_rows(3, 2), COLUMNS)[:40])
    resume = Resume(from_step=1, host="here", pid=1)
    recorder = Recorder.reopen(path, resume)
    recorder.record(train_rows(2, 3))
    recorder.close()
    history = History()
    reader = Reader(path)
    history.extend(reader.poll())
    assert reader.damaged == 1
    assert history.series["train"].steps.tolist() == [1, 2, 3, 4]


def test_a_resumed_recording_goes_on_in_time(tmp_path: Path) -> None:
    first = Recorder.create(tmp_path / "r.jsonl", header(), clock=(clock := Clock()))
    clock.now = 8.0
    first.record(train_rows(1, 2))
    first.close()
    later = Clock(1000.0)
    second = Recorder.reopen(tmp_path / "r.jsonl", Resume(from_step=2, host="", pid=1), clock=later)
    later.now += 1.0
    second.record(train_rows(3, 1))
    second.close()
    assert [event.t for event in read(tmp_path / "r.jsonl")][1:] == [8.0, 8.0, 9.0]


def test_a_tail_of_nuls_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    lines = shown(EVENTS)
    path.write_bytes(b"".join(lines[:3]) + b"\0" * (len(lines[3]) - 1) + b"\n")
    reader = Reader(path)
    assert len(reader.poll()) == 3
    assert reader.poll() == []
    path.write_bytes(b"".join(lines))
    assert shown(reader.poll()) == lines[3:]
    assert reader.damaged == 0


def test_nuls_that_stay_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    lines = shown(EVENTS)
    path.write_bytes(b"".join([*lines[:3], b"\0\0\0\n", *lines[3:]]))
    reader = Reader(path)
    assert shown(reader.poll()) == lines
    assert reader.damaged == 1


def test_damage_longer_than_what_is_read_at_once_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    lines = shown(EVENTS)
    path.write_bytes(b"".join([*lines[:3], b"\0" * 5000, b"\n", b"{" * 5000, b"\n", *lines[3:]]))
    for limit in (1, 100, 6000):
        reader, events = Reader(path), []
        while more := reader.poll(limit) or reader.behind:
            events += more if isinstance(more, list) else []
        assert shown(events) == lines
        assert reader.damaged == 2


def test_a_torn_tail_longer_than_what_is_read_at_once_ends_the_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", *EVENTS[:3])
    with path.open("ab") as file:
        file.write(b'{"kind":"snapshot","step":1,"data":"' + b"A" * (5 << 20))
    assert len(list(read(path))) == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30), max_size=6), st.sampled_from([None, 1, 20]))
def test_garbage_between_the_lines_costs_no_event(
    tmp_path: Path, garbage: list[bytes], limit: int | None
) -> None:
    lines = shown(EVENTS)
    path = tmp_path / "r.jsonl"
    junk = b"\n".join(garbage) + b"\n"
    path.write_bytes(lines[0] + junk.join(lines[1:]))
    reader, events = Reader(path), []
    for _ in range(500):
        events += reader.poll(limit)
    assert shown(events) == lines


def test_a_kind_that_is_not_known_is_skipped(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", *EVENTS[:2])
    with path.open("ab") as file:
        file.write(b'{"kind":"hologram","t":3}\n\n' + encode(END))
    assert [event.kind for event in Reader(path).poll()] == ["header", "snapshot", "end"]


def test_a_newer_format_is_refused_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"kind":"header","format":99,"shape":"unlike ours"}\n')
    with pytest.raises(RecordingError, match=r"format 99.*update epochal"):
        Reader(path).poll()


@pytest.mark.parametrize("body", [b"hello\n", b"{}\n", b"\x89PNG\n\x1a\n", b'{"kind":"end"}\n'])
def test_what_is_no_recording_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(body)
    with pytest.raises(RecordingError, match=r"r\.jsonl: is no recording"):
        Reader(path).poll()


@pytest.mark.parametrize("body", [b"\x89PNG and no line", b"PK\3\4", b"{}", b'{"kind":"end"'])
def test_what_will_never_be_a_recording_is_refused_before_its_first_line(
    tmp_path: Path, body: bytes
) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(body)
    with pytest.raises(RecordingError, match=r"r\.jsonl: is no recording"):
        Reader(path).poll()


def test_an_empty_file_is_a_recording_that_has_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"")
    reader = Reader(path)
    assert (reader.poll(), reader.header, reader.damaged) == ([], None, 0)
    assert list(read(path)) == []
    with pytest.raises(RecordingError, match="no header"):
        Recorder.reopen(path, Resume(from_step=0, host="", pid=1))


def test_a_refusal_is_said_again(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"kind":"header","format":99}\n' + encode(END))
    reader = Reader(path)
    for _ in range(2):
        with pytest.raises(RecordingError, match="format 99,"):
            reader.poll()


def test_a_reader_waits_for_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "r.jsonl")
    assert reader.poll() == []
    write(tmp_path / "r.jsonl", *EVENTS)
    assert len(reader.poll()) == len(EVENTS)
    assert isinstance(reader.header, Header)


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        Reader(tmp_path).poll()
    with pytest.raises(RecordingError, match="is not there"):
        list(read(tmp_path / "none.jsonl"))


def test_there_is_one_writer(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "r.jsonl", header())
    with pytest.raises(RunError, match="there is a recording already"):
        Recorder.create(tmp_path / "r.jsonl", header())
    with pytest.raises(RunError, match="another worker is writing it"):
        Recorder.reopen(tmp_path / "r.jsonl", Resume(from_step=0, host="", pid=1))
    recorder.close()
    Recorder.reopen(tmp_path / "r.jsonl", Resume(from_step=0, host="", pid=1)).close()


def _hold(path: Path, ready: Any, done: Any) -> None:
    recorder = Recorder.create(path, header())
    ready.set()
    done.wait(DEADLINE)
    recorder.close()


def test_another_process_is_kept_out_too(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    process = spawn.Process(target=_hold, args=(tmp_path / "r.jsonl", ready, done))
    process.start()
    try:
        assert ready.wait(DEADLINE)
        with pytest.raises(RunError, match="another worker"):
            Recorder.reopen(tmp_path / "r.jsonl", Resume(from_step=0, host="", pid=1))
    finally:
        done.set()
        process.join(DEADLINE)


class Disk:
    """``os.write`` and ``os.fsync`` that count, write short and run full."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, room: int = 10**9, most: int = 10**9
    ) -> None:
        self.room, self.most = room, most
        self.writes: list[bytes] = []
        self.syncs = 0
        self.after_write: Callable[[], object] = lambda: None
        self._write, self._fsync = os.write, os.fsync
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fsync", self.fsync)

    def write(self, descriptor: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = self._write(descriptor, data[: min(self.room, self.most)])
        self.room -= taken
        self.writes.append(bytes(data[:taken]))
        self.after_write()
        return taken

    def fsync(self, descriptor: int) -> None:
        self.syncs += 1
        self._fsync(descriptor)


def test_lines_are_written_whole_and_about_ten_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, clock = Disk(monkeypatch), Clock()
    recorder = Recorder.create(tmp_path / "r.jsonl", header(), clock=clock)
    for step in range(1000):
        clock.now += 0.01
        recorder.record(train_rows(step + 1, 1))
    recorder.flush()
    assert all(data.endswith(b"\n") for data in disk.writes)
    assert 90 <= len(disk.writes) <= 110
    assert disk.syncs == 0
    recorder.close()


def test_only_what_must_be_safe_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, clock = Disk(monkeypatch), Clock()
    recorder = Recorder.create(tmp_path / "r.jsonl", header(), clock=clock)
    recorder.record(Heartbeat(step=1))
    recorder.record(train_rows(1, 1))
    assert (disk.syncs, len(disk.writes)) == (0, 1)
    recorder.record(MarkReached(step=1, title="look"))
    assert (disk.syncs, len(disk.writes)) == (1, 2)
    recorder.record(END)
    assert disk.syncs == 2
    recorder.close()


def test_a_short_write_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Disk(monkeypatch, most=7)
    recorder = Recorder.create(tmp_path / "r.jsonl", header())
    for event in EVENTS[1:]:
        recorder.record(event)
    recorder.close()
    assert len(list(read(tmp_path / "r.jsonl"))) == len(EVENTS)


ROWS: list[Event] = [train_rows(step, 1) for step in (1, 2, 3)]
LONG = sum(len(encode(event, COLUMNS)) for event in ROWS) + 60


def test_of_rows_that_are_said_together_the_newest_of_each_group_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = Recorder.create(path, header(), clock=Clock())
    recorder.record(*ROWS, dev_rows(1, 1))
    recorder.record(train_rows(4, 1))
    recorder.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    named = [(each["group"], each["first"]) for each in lines if "last" in each]
    assert named == [("train", 3), ("dev", 1), ("train", 4)]
    assert [event.first for event in read(path) if isinstance(event, Series)] == [1, 2, 3, 1, 4]


@pytest.mark.parametrize("most", [10**9, 50])
@pytest.mark.parametrize("room", range(0, LONG, 11))
def test_on_a_full_disk_a_reader_loses_no_line_and_learns_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, most: int
) -> None:
    path = tmp_path / "r.jsonl"
    recorder = Recorder.create(path, header(), clock=Clock())
    disk, reader, followed = Disk(monkeypatch, room, most), Reader(path), []
    disk.after_write = lambda: followed.extend(reader.poll())

    def record_for_ever() -> None:
        for _ in itertools.count():
            recorder.record(*ROWS)
            recorder.flush()

    with pytest.raises(RecordingError, match=r"r\.jsonl: could not be written: No space left"):
        record_for_ever()
    assert path.read_bytes().endswith(b"\n")
    # The reserve is gone by now, and with it the reason for the disk being full.
    assert not (tmp_path / ".r.reserve").exists()
    disk.room = RESERVE_BYTES
    recorder.record(End(step=1, status="failed", reason="disk full"))
    recorder.close()
    followed += reader.poll()
    assert shown(followed) == shown(list(read(path)))
    assert reader.damaged == 0
    assert [event.kind for event in followed[1:]] == ["series"] * (len(followed) - 2) + ["end"]
    # Every line for which there was room is there; of those written together the newest is longer.
    plain = [encode(event) for event in ROWS[:-1]]
    lengths = itertools.cycle(map(len, [*plain, encode(ROWS[-1], COLUMNS)]))
    totals = itertools.accumulate(lengths)
    assert len(followed) - 2 == sum(1 for _ in itertools.takewhile(lambda n: n <= room, totals))


def test_a_line_that_cannot_be_taken_back_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int, length: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    recorder = Recorder.create(tmp_path / "r.jsonl", header())
    disk = Disk(monkeypatch, room=40)
    monkeypatch.setattr(os, "ftruncate", broken)
    with pytest.raises(RecordingError):
        recorder.record(*ROWS, MarkReached(step=3, title="look"))
    disk.room = RESERVE_BYTES
    recorder.record(END)
    recorder.close()
    reader = Reader(tmp_path / "r.jsonl")
    assert [event.kind for event in reader.poll()] == ["header", "end"]
    assert reader.damaged == 1


def test_a_recording_that_could_not_begin_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, room=30)
    with pytest.raises(RecordingError, match="No space left"):
        Recorder.create(tmp_path / "r.jsonl", header())
    assert list(tmp_path.iterdir()) == []
    disk.room = 10**6
    Recorder.create(tmp_path / "r.jsonl", header()).close()


def test_events_recorded_together_are_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, clock = Disk(monkeypatch), Clock()
    recorder = Recorder.create(tmp_path / "r.jsonl", header(), clock=clock)
    for _ in range(3):
        clock.now += 5.0
        recorder.record(train_rows(1, 1), dev_rows(1, 1), weights(1))
    assert [data.count(b"\n") for data in disk.writes] == [1, 3, 3, 3]
    recorder.close()


def test_a_torn_line_is_closed_even_where_the_disk_fills_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "r.jsonl", *EVENTS[:3])
    with path.open("ab") as file:
        file.write(b'{"kind":"series"')
    disk = Disk(monkeypatch, room=0)
    resume = Resume(from_step=1, host="here", pid=1)
    with pytest.raises(RecordingError):
        Recorder.reopen(path, resume)
    disk.room = 10**6
    Recorder.reopen(path, resume).close()
    reader = Reader(path)
    assert [event.kind for event in reader.poll()] == ["header", "snapshot", "series", "resume"]
    assert reader.damaged == 1


def test_a_disk_that_does_not_answer_for_a_moment_is_not_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, **_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    recorder = Recorder.create(tmp_path / "r.jsonl", header())
    assert recorder.is_there()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", refused)
        assert recorder.is_there()
    (tmp_path / "r.jsonl").unlink()
    assert not recorder.is_there()
    recorder.close()


def test_the_reserve_is_there_while_it_is_needed(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "r.jsonl", header())
    assert (tmp_path / ".r.reserve").stat().st_size == RESERVE_BYTES
    recorder.close()
    assert not (tmp_path / ".r.reserve").exists()


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be written"):
        Recorder.create(tmp_path / "none" / "r.jsonl", header())


def test_heartbeats_are_due_when_nothing_was_written(tmp_path: Path) -> None:
    clock = Clock()
    recorder = Recorder.create(tmp_path / "r.jsonl", header(), clock=clock)
    clock.now += 3.0
    assert recorder.seconds_since_write == 3.0
    recorder.record(Heartbeat(step=0))
    assert recorder.seconds_since_write == 0.0
    recorder.close()


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("format-1*.jsonl")), ids=lambda path: path.stem
)
def test_recordings_of_earlier_versions_open(path: Path) -> None:
    history = History()
    history.extend(read(path))
    assert history.end is not None
    assert history.header is not None
    train = history.series["train"]
    assert train.steps.tolist() == list(range(1, history.last_step + 1))
    assert train.value("loss", 1) == pytest.approx(0.7501430511474609)
    assert history.end.result["test_accuracy"] > 0.5
    snapshot = history.snapshot(history.last_step)
    assert snapshot is not None
    assert snapshot.values.shape == (1, 21)
    assert [mark.title for mark in history.marks][:1] == ["Nothing learned yet"]


def test_there_is_a_fixture_of_format_1() -> None:
    assert (FIXTURES / "format-1.jsonl").is_file()


def test_no_link_is_followed_to_write_a_recording(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside.jsonl", tmp_path / "r.jsonl"
    Recorder.create(outside, header()).close()
    before = outside.read_bytes()
    path.symlink_to(outside)
    with pytest.raises(RunError, match="there is a recording already"):
        Recorder.create(path, header())
    with pytest.raises(RecordingError, match=r"r\.jsonl: cannot be written: is a link"):
        Recorder.reopen(path, Resume(from_step=0, pid=1))
    path.unlink()
    Recorder.create(path, header()).close()
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    (tmp_path / ".r.reserve").symlink_to(kept)
    Recorder.reopen(path, Resume(from_step=0, pid=1)).close()
    assert (outside.read_bytes(), kept.read_text()) == (before, "as it was")


@as_root
def test_nobody_goes_on_with_a_recording_that_another_user_put_there(common_place: Path) -> None:
    common_place.chmod(0o777)
    with another_user():
        Recorder.create(common_place / "r.jsonl", header()).close()
        (common_place / "r.jsonl").chmod(0o666)
    with pytest.raises(RecordingError, match="cannot be written: belongs to nobody, another user"):
        Recorder.reopen(common_place / "r.jsonl", Resume(from_step=0, pid=1))
