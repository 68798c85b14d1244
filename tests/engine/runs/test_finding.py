"""Run folders: their names, finding one, and the state a run is in."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from engine.errors import RunError
from engine.runs.finding import find_run, list_runs
from engine.runs.folder import RunFolder, create_run, runs_dir
from tests.tapes import header, write

NOW = datetime(2026, 11, 21, 9, 30, 0)


def make(folder: Path, name: str = "two-moons", token: str = "4f1c", minute: int = 30) -> RunFolder:
    return create_run(
        name, "title = 'x'\n", folder, now=lambda: NOW.replace(minute=minute), token=lambda: token
    )


def test_a_run_is_named_after_its_preset_and_its_start(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert run.name == "two-moons-20261121-093000-4f1c"
    assert run.experiment_file.read_text() == "title = 'x'\n"
    assert run.control.is_dir()
    assert run.checkpoints.is_dir()


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    tokens = iter(["aaaa", "aaaa", "bbbb"])
    names = [
        create_run("x", "", tmp_path, now=lambda: NOW, token=lambda: next(tokens)).name
        for _ in range(2)
    ]
    assert names == ["x-20261121-093000-aaaa", "x-20261121-093000-bbbb"]


def test_names_that_are_all_taken_are_an_error_and_no_endless_search(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(RunError, match="no run can be made here"):
        make(tmp_path)


def test_of_one_second_the_run_that_was_made_last_is_the_last(tmp_path: Path) -> None:
    for index, token in enumerate(["7777", "ffff", "0000"]):
        run = make(tmp_path, token=token)
        os.utime(run.experiment_file, (index, index))
    assert [run.name[-4:] for run in list_runs(tmp_path)] == ["0000", "ffff", "7777"]
    assert find_run("last", tmp_path) == run


@pytest.mark.parametrize("name", ["../../etc", "a b/c", "x" * 300, "月", "", "\x1b[2J"])
def test_a_strange_preset_name_still_makes_one_folder(tmp_path: Path, name: str) -> None:
    run = make(tmp_path, name)
    assert run.path.parent == tmp_path
    assert find_run(run.name, tmp_path) == run


def test_a_folder_that_cannot_be_written_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="--runs-dir"):
        make(tmp_path / "file")


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    names = [make(tmp_path, minute=minute).name for minute in (5, 50, 20)]
    (tmp_path / "not-a-run").mkdir()
    assert [run.name for run in list_runs(tmp_path)] == [names[1], names[2], names[0]]
    assert list_runs(tmp_path / "none") == []


def test_a_run_is_found_by_folder_recording_name_beginning_and_last(tmp_path: Path) -> None:
    old, new = make(tmp_path, "cubic", minute=5), make(tmp_path, minute=50)
    write(new.recording, header())
    assert find_run("last", tmp_path) == new
    assert find_run("last-1", tmp_path) == old
    with pytest.raises(RunError, match=r"last-2: no such run: .* has 2 runs"):
        find_run("last-2", tmp_path)
    assert find_run(old.name, tmp_path) == old
    assert find_run("cub", tmp_path) == old
    assert find_run(str(new.path), tmp_path / "elsewhere") == new
    assert find_run(str(new.recording), tmp_path / "elsewhere") == new


def test_a_recording_alone_is_a_run(tmp_path: Path) -> None:
    path = write(tmp_path / "mailed.jsonl", header())
    run = find_run(str(path), tmp_path)
    assert run.recording == path
    assert run.name == "mailed"


def test_what_is_not_found_is_said_with_what_comes_near(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there are no runs"):
        find_run("last", tmp_path)
    run = make(tmp_path)
    with pytest.raises(RunError, match=f"did you mean '{run.name}'"):
        find_run("two-mons-20261121-093000-4f1c", tmp_path)
    make(tmp_path, token="5555")
    with pytest.raises(RunError, match=r"2 runs begin so: .*4f1c"):
        find_run("two", tmp_path)
    for reference in ("", "x" * 5000, "a\0b", "nothing.jsonl", "/"):
        with pytest.raises(RunError):
            find_run(reference, tmp_path)


def test_a_name_that_begins_another_is_itself(tmp_path: Path) -> None:
    run = make(tmp_path)
    (tmp_path / (run.name + "-copy")).mkdir()
    (tmp_path / (run.name + "-copy") / "experiment.toml").write_text("")
    assert find_run(run.name, tmp_path) == run


def test_runs_are_kept_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPOCHAL_RUNS", raising=False)
    assert runs_dir() == Path("runs")
    monkeypatch.setenv("EPOCHAL_RUNS", "/somewhere")
    assert runs_dir() == Path("/somewhere")
