"""Removing a run: nothing but what belongs to it, and never one that a worker holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import RunError
from engine.recording.file import Recorder
from engine.runs.finding import find_run, list_runs
from engine.runs.folder import RunFolder, create_run
from engine.runs.notes import Notes
from engine.runs.removal import remove, size_of
from engine.runs.state import WAIT_SECONDS
from tests.runs import end, header, record


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that has ended, with everything a folder can hold."""
    folder = create_run("two-moons", "title = 'x'\n", tmp_path)
    record(folder, end())
    Notes(name="mine").save(folder)
    (folder.path / "notes.toml.damaged").write_text("?")
    (folder.path / ".recording.reserve").write_bytes(b"x" * 10)
    folder.log.touch()
    (folder.checkpoints / "step-3.pt").write_bytes(b"x" * 1000)
    (folder.control / "me.jsonl").touch()
    return folder


def test_a_run_that_is_over_is_removed_whole(run: RunFolder, tmp_path: Path) -> None:
    assert size_of(run) > 1000
    assert remove(run) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_runs_own_stays(run: RunFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (run.path / "paper.pdf").touch()
    (run.checkpoints / "mine").mkdir()
    (run.checkpoints / "link.pt").symlink_to(outside / "precious")
    assert remove(run) == ["checkpoints", "paper.pdf"]
    assert (outside / "precious").exists()
    assert not (run.checkpoints / "link.pt").is_symlink()
    assert list_runs(tmp_path) == []


def test_a_run_that_a_worker_holds_stays(tmp_path: Path) -> None:
    run = create_run("two-moons", "", tmp_path)
    with pytest.raises(RunError, match="a worker is at it"):
        remove(run)
    # This process is no worker that lives, so that only the lock tells.
    recorder = Recorder.create(run.recording, header(run.name, pid=2**22 + 5))
    with pytest.raises(RunError, match="stop the run first"):
        remove(run)
    recorder.close()
    assert run.experiment_file.exists()
    assert remove(run) == []


def test_a_run_whose_process_lives_stays_though_nothing_is_locked(tmp_path: Path) -> None:
    run = create_run("two-moons", "", tmp_path)
    Recorder.create(run.recording, header(run.name)).close()
    with pytest.raises(RunError, match="a worker is at it"):
        remove(run)


def test_a_silent_run_is_removed_only_when_it_has_been_so_for_long(tmp_path: Path) -> None:
    run = create_run("two-moons", "", tmp_path)
    Recorder.create(
        run.recording, header(run.name, host="elsewhere", boot="its own", time=1000.0)
    ).close()
    written = run.recording.stat().st_mtime
    with pytest.raises(RunError, match="may still be training"):
        remove(run, now=written + 1)
    assert remove(run, now=written + WAIT_SECONDS + 1) == []


def test_what_is_no_run_folder_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(run.path)
    for path in (link, run.recording, tmp_path / "nowhere"):
        with pytest.raises(RunError, match="no run folder"):
            remove(RunFolder(path))
    assert run.recording.exists()


def test_a_run_is_found_by_the_name_it_was_given(run: RunFolder, tmp_path: Path) -> None:
    other = create_run("cubic", "", tmp_path)
    assert find_run("mine", tmp_path) == run
    assert find_run("mi", tmp_path) == run
    Notes(name="mine too").save(other)
    assert find_run("mine", tmp_path) == run
    with pytest.raises(RunError, match="2 runs begin so"):
        find_run("min", tmp_path)
    with pytest.raises(RunError, match="did you mean 'mine'"):
        find_run("mineo", tmp_path)
    Notes(name=other.name).save(run)
    assert find_run(other.name, tmp_path) == other
