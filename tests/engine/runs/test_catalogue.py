"""What is known of runs, and that a run is read again only where it has changed."""

from __future__ import annotations

import gc
import math
import os
import time
from pathlib import Path

import numpy as np
import pytest

from engine.recording.events import (
    Event,
    Header,
    Heartbeat,
    MachineFigures,
    Request,
    Resume,
    Series,
)
from engine.recording.file import Recorder
from engine.recording.lines import encode
from engine.recording.unsaid import UNSAID
from engine.runs import summary as glances
from engine.runs.catalogue import Archive, RunFacts, brief, differing, facts_of, flat, number
from engine.runs.folder import RunFolder
from engine.runs.listing import run_cells, run_object
from engine.runs.notes import Notes
from engine.runs.processes import Processes
from engine.runs.summary import GlancedRun, glance
from tests.runs import COLUMNS, end, header, record, rows


def make(folder: Path, name: str = "a-20260101-000000-0001", **config: object) -> RunFolder:
    """Return a run's folder with a header in it."""
    run = RunFolder(folder / name)
    run.path.mkdir(parents=True)
    told = header(name, experiment={"title": "A", **config})
    run.recording.write_bytes(encode(told, COLUMNS))
    return run


def append(run: RunFolder, *events: object) -> None:
    with run.recording.open("ab") as file:
        file.write(b"".join(encode(event, COLUMNS) for event in events))  # type: ignore[arg-type]


def headers_held(*of: RunFolder) -> list[str]:
    """Return the runs whose header is held by anybody."""
    gc.collect()
    names = {run.name for run in of}
    return [x.run for x in gc.get_objects() if isinstance(x, Header) and x.run in names]


class TestGlance:
    def test_a_run_that_ended_is_known_by_its_first_and_last_lines(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make(tmp_path)
        append(run, *[rows(3 * i + 1, [0.5, 0.4, 0.3]) for i in range(400)])
        append(run, end(1200, seconds=2.5))
        monkeypatch.setattr(glances.Tail, "lines", lambda *_: pytest.fail("read as a whole"))
        seen = glance(run)
        assert (seen.state, seen.step, seen.seconds) == ("ended", 1200, 2.5)
        assert seen.loss == pytest.approx(0.3)

    def test_a_run_that_was_resumed_after_its_end_goes_on(self, tmp_path: Path) -> None:
        run = make(tmp_path)
        again = Resume(from_step=2, **vars(Processes().of(os.getpid())), time=time.time())
        append(run, rows(1, [0.5] * 3), end(3), again, rows(3, [0.1]))
        seen = glance(run)
        assert (seen.state, seen.step, seen.end) == ("running", 3, None)
        append(run, end(9))
        assert glance(run).state == "ended"

    def test_steps_that_were_asked_for_are_counted_without_decoding_every_row(
        self, tmp_path: Path
    ) -> None:
        run = make(tmp_path)
        pause = Request(id="1", viewer="a", action="pause", step=2)
        step = Request(id="2", viewer="a", action="step", step=2, arguments={"n": 2})
        append(run, rows(1, [0.5] * 2), pause)
        assert glance(run).state == "paused"
        append(run, step, rows(3, [0.5]))
        assert glance(run).state == "running"
        append(run, rows(4, [0.5]), rows(4, [0.5], "dev"), Heartbeat(step=4, t=99.0))
        seen = glance(run)
        assert (seen.state, seen.step, seen.seconds) == ("paused", 4, 0.0)

    def test_waiting_is_not_training(self, tmp_path: Path) -> None:
        run = make(tmp_path)
        recorder = rows(1, [0.5])
        append(run, type(recorder)(group="train", first=1, values=recorder.values, t=7.0))
        append(run, Heartbeat(step=1, t=500.0))
        assert glance(run).seconds == 7.0

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"\x89PNG", "does not begin with a header"),
            (b"hello\n", "does not begin with a header"),
            (b'{"kind":"header","format":1}\n', "does not begin with a header"),
            (b'{"kind":"header","format":99,"new":1}\n', "format 99 by a later version"),
        ],
    )
    def test_a_damaged_recording_says_what_is_wrong(
        self, tmp_path: Path, body: bytes, words: str
    ) -> None:
        run = make(tmp_path)
        run.recording.write_bytes(body)
        seen = glance(run)
        assert words in seen.problem
        assert seen.state == "crashed"

    @pytest.mark.parametrize("body", [b"", b'{"kind":"hea', b"\0\0\0"])
    def test_a_recording_that_has_just_begun_is_starting(self, tmp_path: Path, body: bytes) -> None:
        run = make(tmp_path)
        run.recording.write_bytes(body)
        assert (glance(run).state, glance(run).problem) == ("starting", "")

    def test_torn_and_strange_lines_are_passed_over(self, tmp_path: Path) -> None:
        run = make(tmp_path)
        with run.recording.open("ab") as file:
            file.write(b'\n{"kind":"series","t":1,"gr\n{"kind":"new","t":3}\nnonsense\n\0\0\n')
        append(run, rows(1, [0.25]))
        seen = glance(run)
        assert (seen.step, seen.loss, seen.problem) == (1, 0.25, "")


class TestArchive:
    def test_lists_runs_newest_first_with_all_that_is_known(self, tmp_path: Path) -> None:
        old = make(tmp_path, optimizer={"name": "sgd", "lr": 0.5})
        make(tmp_path, "b-20260101-000001-0001")
        (tmp_path / "not-a-run").mkdir()
        append(old, end(3, test_accuracy=0.5))
        Notes(name="mine").save(old)
        archive = Archive(tmp_path)
        newer, older = archive.runs()
        assert archive.count == 2
        assert (newer.preset, newer.word) == ("b", "running")
        assert (older.name, older.title, older.word) == ("mine", "A", "finished")
        assert older.config == {"optimizer.name": "sgd", "optimizer.lr": 0.5}
        assert older.figure == ("accuracy", 0.5)
        assert list(Archive(tmp_path / "none").runs()) == []

    def test_what_has_not_changed_is_not_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for index in range(3):
            append(make(tmp_path, f"a-20260101-000000-000{index}"), end(3))
        archive = Archive(tmp_path)
        before = list(archive.runs())
        monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("opened a file"))
        after = list(archive.runs())
        assert all(a is b for a, b in zip(before, after, strict=True))

    def test_of_a_run_that_goes_on_only_what_came_is_read(self, tmp_path: Path) -> None:
        run = make(tmp_path)
        append(run, rows(1, [0.5] * 100))
        archive = Archive(tmp_path)
        (before,) = archive.runs()
        (again,) = archive.runs()
        assert again is before
        body = bytearray(run.recording.read_bytes())
        body[5:60] = b"x" * 55  # What was read once is not looked at any more.
        run.recording.write_bytes(body)
        append(run, rows(101, [0.25]))
        (after,) = archive.runs()
        assert (after.glance.step, after.figure) == (101, ("train", 0.25))
        assert after.config is before.config

    def test_new_notes_a_new_end_and_a_run_that_is_gone_are_seen(self, tmp_path: Path) -> None:
        run, other = make(tmp_path), make(tmp_path, "b-20260101-000001-0001")
        archive = Archive(tmp_path)
        list(archive.runs())
        Notes(tags=("x",)).save(run)
        append(run, end(1))
        other.recording.unlink()
        other.path.rmdir()
        (seen,) = archive.runs()
        assert (seen.notes.tags, seen.word) == (("x",), "finished")

    def test_a_recording_that_another_takes_the_place_of_is_read_anew(self, tmp_path: Path) -> None:
        run = make(tmp_path)
        append(run, rows(1, [0.5] * 50))
        archive = Archive(tmp_path)
        list(archive.runs())
        run.recording.write_bytes(encode(header(), COLUMNS))
        append(run, rows(1, [0.125]))
        (seen,) = archive.runs()
        assert (seen.glance.step, seen.glance.loss) == (1, 0.125)

    def test_of_a_run_that_is_over_only_what_the_list_shows_is_held(self, tmp_path: Path) -> None:
        ended, going = make(tmp_path), make(tmp_path, "b-20260101-000001-0001")
        append(ended, rows(1, [0.5]), end(1))
        append(going, rows(1, [0.5]))
        archive = Archive(tmp_path)
        list(archive.runs())
        assert headers_held(ended, going) == ["b-20260101-000001-0001"]
        append(going, end(1))
        (before, _) = archive.runs()
        assert headers_held(ended, going) == []
        append(going, Resume(from_step=1, **vars(Processes().of(os.getpid()))), rows(2, [0.25] * 8))
        (after, _) = archive.runs()
        assert (before.word, after.word, after.glance.step) == ("finished", "running", 9)

    def test_a_process_that_dies_is_seen_though_no_file_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = make(tmp_path)
        archive = Archive(tmp_path)
        (before,) = archive.runs()
        monkeypatch.setattr(glances, "state_of", lambda *_, **__: "crashed")
        (after,) = archive.runs()
        assert (before.state, after.state) == ("running", "crashed")
        died = after.glance.last_sign
        assert died == pytest.approx(run.written, abs=2)
        assert run_cells(after, died + 90)[4] == "died 1 min 30 s ago"
        assert run_object(after)["last_sign"] == died

    def test_a_run_that_starts_is_known_by_its_experiment(self, tmp_path: Path) -> None:
        run = make(tmp_path)
        run.recording.unlink()
        run.experiment_file.write_text('title = "月"\n[optimizer]\nlr = 0.1\n')
        archive = Archive(tmp_path)
        (before,) = archive.runs()
        assert (before.state, before.title, before.config) == (
            "starting",
            "月",
            {"optimizer.lr": 0.1},
        )
        record(run, rows(1, [0.5]))
        (after,) = archive.runs()
        assert (after.title, after.glance.step) == ("A", 1)


def known(folder: Path, name: str, **config: object) -> RunFacts:
    return facts_of(make(folder, f"{name}-20260101-000000-0001", **config))


def test_what_differs_within_a_preset_comes_first(tmp_path: Path) -> None:
    def tables(lr: float, activation: str, noise: float) -> dict[str, object]:
        model = {"activation": activation, "hidden": [{"units": 5}]}
        return {"optimizer": {"lr": lr}, "model": model, "data": {"noise": noise}}

    runs = [
        known(tmp_path / "1", "moons", **tables(0.1, "relu", 0.1)),
        known(tmp_path / "2", "moons", **tables(0.1, "tanh", 0.1)),
        known(tmp_path / "3", "cubic", **tables(0.2, "relu", 0.3)),
    ]
    assert differing(runs) == ("model.activation", "optimizer.lr", "data.noise")
    assert differing(runs[:2]) == ("model.activation",)
    assert differing(runs[:1]) == differing([]) == ()


def test_an_experiment_is_flattened_without_its_words() -> None:
    layers = [{"units": 8}, {"units": 4, "activation": "relu"}]
    tables = {
        "sweep": {"prune": False},
        "title": "T",
        "about": "A",
        "marks": [{"title": "m"}],
        "model": {"hidden": layers, "arguments": {}},
        "data": {"split": [1, 2], "domain": [[0, 1], [2, 3]]},
    }
    assert flat(tables) == {
        "model.hidden": "8,4",
        "model.hidden[1].activation": "relu",
        "data.split": "1,2",
        "data.domain[0]": "0,1",
        "data.domain[1]": "2,3",
    }


def test_values_are_brief() -> None:
    told = [brief(value) for value in (0.2, 1e-5, 1e30, True, [8, 8], "relu", 102, float("nan"))]
    assert told == ["0.2", "1e-5", "1e30", "true", "8,8", "relu", "102", "nan"]


def test_figures_of_several_members_count_as_their_mean() -> None:
    assert number([1, 2.0]) == 1.5
    assert number("inf") == float("inf")
    # One that diverged has no number, and the others' mean is none the worse for it.
    assert number(["nan", 1, 2.0]) == 1.5
    assert math.isnan(number(["nan", "nan"]) or 0)
    for odd in (None, True, "x", [], [1, "x"], {}):
        assert number(odd) is None


def test_however_often_a_run_is_looked_at_no_more_of_it_is_held(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "a-20260101-000000-0001")
    run.path.mkdir()
    recorder = Recorder.create(run.recording, header())
    look = GlancedRun(run)
    for first in range(1, 1000, 10):
        figures = MachineFigures(step=first + 9, figures={"cpu": 1.0})
        recorder.record(rows(first, [1.0 / first] * 10), figures)
        recorder.flush()
        look.again()
        assert (look.glance().step, look.glance().loss) == (first + 9, np.float32(1.0 / first))
        assert not look.history.machine
    recorder.close()


def test_a_lock_on_the_recording_does_not_keep_readers_out(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "a-20260101-000000-0001")
    run.path.mkdir()
    recorder = Recorder.create(run.recording, header())
    assert facts_of(run).state == "running"
    recorder.close()
    assert [path.name for path in run.path.iterdir()] == ["recording.jsonl"]


def test_the_newest_loss_is_that_of_the_last_row_that_counts(tmp_path: Path) -> None:
    run = make(tmp_path)
    losses = np.array([[4, 2, 1], [5, 3, np.nan], [6, 1, np.inf]], np.float32)
    values = np.stack([losses, losses])
    run.recording.unlink()
    recorder = Recorder.create(run.recording, header(seeds=[1, 2, 3]))
    recorder.record(Series(group="train", first=1, values=values))
    recorder.flush()
    assert glance(run).loss == 3.5
    recorder.record(Resume(from_step=2))
    recorder.flush()
    assert glance(run).loss == 4.0
    recorder.record(Heartbeat(step=9))
    recorder.flush()
    assert (glance(run).loss, glance(run).step) == (4.0, 9)
    recorder.record(Resume(from_step=0))
    recorder.flush()
    assert glance(run).loss is None
    recorder.close()


def test_the_newest_loss_is_sought_in_the_rows_before_those_that_say_none(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.recording.unlink()
    recorder = Recorder.create(run.recording, header())
    look = GlancedRun(run)

    def seen(*events: Event) -> float | None:
        recorder.record(*events)
        recorder.flush()
        look.again()
        told = look.glance().loss
        # Whoever looks for the first time finds the same.
        assert glance(run).loss == told
        return told

    assert seen(rows(1, [UNSAID] * 3)) is None
    assert seen(rows(4, [UNSAID, 5.0, UNSAID]), rows(7, [UNSAID] * 3)) == 5.0
    assert seen(rows(10, [UNSAID] * 3), rows(1, [9.0], "dev")) == 5.0
    assert seen(rows(13, [4.0, UNSAID]), rows(15, [UNSAID] * 3), Heartbeat(step=17)) == 4.0
    # What stands after the step from which it was resumed is of no run that goes on.
    assert seen(Resume(from_step=12)) == 5.0
    assert seen(rows(13, [UNSAID] * 3)) == 5.0
    assert seen(rows(16, [UNSAID] * 3), end(18)) == 5.0
    assert seen(Resume(from_step=4)) is None
    recorder.close()
