"""What is meant by a name: a table of every command, every way of naming, and what is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from engine.errors import EpochalError
from engine.presets.references import PresetName, is_data_file, run_or_preset
from engine.runs.folder import RunFolder
from engine.runs.notes import Notes
from tests.sweeps import make_sweep
from tui import opening
from tui.cli import app
from tui.lab.opening import Opening

RECORDING = Path(__file__).parents[1] / "recordings" / "format-1.jsonl"
NAME = "two-moons-20261121-093000-4f1c"
OTHER = "cubic-20261120-093000-aaaa"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two runs, the newest named, and beside it what is no run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EPOCHAL_RUNS", raising=False)
    folder = tmp_path / "runs"
    for name in (NAME, OTHER):
        (folder / name).mkdir(parents=True)
        shutil.copy(RECORDING, folder / name / "recording.jsonl")
    Notes(name="the best one").save(RunFolder(folder / NAME))
    shutil.copy(RECORDING, tmp_path / "mailed.jsonl")
    (tmp_path / "empty").mkdir()
    (tmp_path / "words.jsonl").write_text("these are words\n")
    (tmp_path / "nothing.jsonl").write_text("")
    (tmp_path / "words.txt").write_text("these are words\n")
    newer = json.loads(RECORDING.read_text().split("\n", 1)[0]) | {"format": 99}
    (tmp_path / "newer.jsonl").write_text(json.dumps(newer, separators=(",", ":")) + "\n")
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Opening]:
    """What labs were opened with, in place of opening them."""
    found: list[Opening] = []
    monkeypatch.setattr(opening, "require_screen", lambda environment: None)
    monkeypatch.setattr(opening, "show_lab", lambda opening, *, mouse: found.append(opening))
    return found


WAYS: dict[str, str] = {
    "folder": f"runs/{NAME}",
    "folder with a slash": f"runs/{NAME}/",
    "recording": f"runs/{NAME}/recording.jsonl",
    "recording alone": "mailed.jsonl",
    "name": NAME,
    "beginning": "two-moons-2",
    "given name": "the best one",
    "beginning of it": "the b",
    "last": "last",
}

WRONG: dict[str, tuple[str, str]] = {
    "no such folder": ("runs/nobody", "no such file or folder"),
    "no such recording": ("nobody.jsonl", "no such file or folder"),
    "no such name": ("nobody-at-all", "no such run"),
    "nearly a name": ("two-moons-20261121-093000-4f1d", f"did you mean '{NAME}'"),
    "nothing": ("", "a run"),
    "several": ("", ""),
    "a folder of runs": ("./runs", "is a folder of 2 runs; name one"),
    "a folder of nothing": ("./empty", "is a folder, but no run's"),
    "words": ("words.jsonl", "is no recording"),
    "no line": ("nothing.jsonl", "is no recording"),
    "a text": ("./words.txt", ""),
    "newer": ("newer.jsonl", "update epochal"),
}


def lecture(key: str, what: object, scenes: str = "") -> list[str]:
    text = f"{scenes}[[scenes]]\ntitle = 'A'\n{key} = {json.dumps(what)}\n"
    Path("mine.toml").write_text(text)
    return ["lecture", "./mine.toml"]


TAKES_RUN: dict[str, Callable[[str], list[str]]] = {
    "show": lambda what: ["show", what, "--size", "60x20"],
    "predict": lambda what: ["predict", what, "--set", "train"],
    "stop": lambda what: ["stop", what],
    "attach": lambda what: ["attach", what],
    "follow": lambda what: ["follow", what],
    "open": lambda what: ["open", what],
    "replay": lambda what: ["replay", what],
    "race": lambda what: ["race", what, OTHER],
    "race, second": lambda what: ["race", OTHER, what],
    "lecture, run": lambda what: lecture("run", what),
    "lecture, race": lambda what: lecture("race", [OTHER, what]),
}
TAKES_PRESET = ("open", "replay", "race", "race, second", "lecture, race")


def invoke(arguments: list[str]) -> Any:
    return CliRunner().invoke(app, arguments)


def recordings_of(opened: list[Opening]) -> list[Path]:
    """Return the recordings of what a lab shows."""
    [opening] = opened
    if opening.lecture is not None:
        from engine.lectures.lecture import shown

        [scene] = opening.lecture.lecture.scenes
        found = list(shown(opening.lecture, scene, opening.runs_dir))
    else:
        found = [opening.run, *opening.beside]
    return [each.recording.resolve() for each in found if isinstance(each, RunFolder)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", TAKES_RUN)
def test_a_run_is_named_the_same_way_in_every_command(
    runs: Path, opened: list[Opening], command: str, way: str
) -> None:
    done = invoke(TAKES_RUN[command](WAYS[way]))
    alone = way == "recording alone"
    name = "mailed" if alone else NAME
    if command == "stop":
        assert (done.exit_code, done.stderr.split(" is over")[0]) == (2, name)
    elif command == "predict":
        assert done.exit_code == 0, done.output
    elif command == "show":
        assert done.exit_code == 0
        assert name in done.output
    else:
        assert done.exit_code == 0, done.output
        recording = Path("mailed.jsonl") if alone else runs / NAME / "recording.jsonl"
        assert recording.resolve() in recordings_of(opened)
        assert len(recordings_of(opened)) == (2 if "race" in command else 1)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("command", TAKES_RUN)
def test_a_wrong_name_is_an_error_in_the_shell(
    runs: Path, opened: list[Opening], command: str, wrong: str
) -> None:
    what, words = WRONG[wrong]
    if wrong == "several":
        what, words = "t", "2 runs begin so"
        shutil.copytree(runs / NAME, runs / f"{NAME[:-1]}d")
    if wrong == "no such name" and command in TAKES_PRESET:
        words = "there is no such preset, and no such run"
    if wrong == "nothing" and command.startswith("lecture"):
        words = "at least 1"
    done = invoke(TAKES_RUN[command](what))
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""
    assert not opened


@pytest.mark.parametrize("command", [each for each in TAKES_RUN if each != "race, second"])
def test_without_runs_the_last_one_is_said_not_to_be(
    runs: Path, opened: list[Opening], command: str
) -> None:
    shutil.rmtree(runs)
    done = invoke(TAKES_RUN[command]("last"))
    assert done.exit_code == 2
    assert "there are no runs in runs" in done.stderr
    assert not opened


@pytest.mark.parametrize("command", TAKES_PRESET)
def test_a_preset_comes_before_the_runs_that_begin_so(
    runs: Path, opened: list[Opening], command: str
) -> None:
    done = invoke(TAKES_RUN[command]("two-moons"))
    assert done.exit_code == 0, done.output
    assert (runs / NAME / "recording.jsonl").resolve() not in recordings_of(opened)


@pytest.mark.parametrize("command", TAKES_PRESET)
def test_a_preset_that_does_not_hold_opens_no_empty_lab(
    runs: Path, opened: list[Opening], command: str
) -> None:
    Path("mine-too.toml").write_text("[optimizer]\nlr = -1\n")
    done = invoke(TAKES_RUN[command]("./mine-too.toml"))
    assert done.exit_code == 2
    assert "optimizer.lr" in done.stderr
    assert not opened


def test_a_run_by_its_place_is_listed(runs: Path) -> None:
    for way in ("folder", "recording", "recording alone", "last"):
        done = invoke(["runs", WAYS[way], "--json"])
        [found] = map(json.loads, done.stdout.splitlines())
        assert found["name"] == ("mailed" if way == "recording alone" else NAME)
    assert invoke(["runs", "./empty"]).exit_code == 2
    assert len(invoke(["runs", "cfg.optimizer.lr>0", "--json"]).stdout.splitlines()) == 2


def test_a_race_is_not_between_a_run_and_itself(runs: Path, opened: list[Opening]) -> None:
    done = invoke(["race", "last", f"runs/{NAME}/recording.jsonl"])
    assert done.exit_code == 2
    assert "twice" in done.stderr


@pytest.mark.parametrize("command", ["open", "replay", "race"])
def test_what_was_trained_already_is_not_changed_in_silence(
    runs: Path, opened: list[Opening], command: str
) -> None:
    done = invoke([*TAKES_RUN[command]("last"), "--seed", "7"])
    assert done.exit_code == 2
    assert "was trained already" in done.stderr
    assert not opened
    assert invoke([*TAKES_RUN[command]("two-moons"), "--seed", "7"]).exit_code == 0


def test_a_scene_may_show_a_run_that_an_earlier_one_trains(
    runs: Path, opened: list[Opening]
) -> None:
    before = "[[scenes]]\ntitle = 'B'\npreset = 'iris'\n"
    for what in ("iris", "last"):
        assert invoke(lecture("run", what, before)).exit_code == 0
    assert invoke(lecture("run", "iris")).exit_code == 2
    assert invoke(lecture("run", "digits", before)).exit_code == 2
    assert "set run" in invoke(lecture("preset", f"runs/{NAME}")).stderr


def test_where_one_stands_is_a_run_with_a_name(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs / NAME)
    found = run_or_preset(".", Path("nowhere"))
    assert isinstance(found, RunFolder)
    assert found.name == NAME
    monkeypatch.chdir(runs)
    assert isinstance(run_or_preset(NAME, Path("nowhere")), RunFolder)
    Path(NAME).rename("two-moons")
    assert isinstance(run_or_preset("two-moons", Path("nowhere")), PresetName)
    assert isinstance(run_or_preset("./two-moons", Path("nowhere")), RunFolder)
    with pytest.raises(EpochalError):
        run_or_preset("a\0b", runs)


def test_a_file_of_data_is_told_from_a_log_and_from_a_name(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("age,label\n31,a\n42,b\n")
    (tmp_path / "log.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n")
    assert is_data_file(str(tmp_path / "people.csv"))
    assert not is_data_file(str(tmp_path / "log.csv"))
    assert not is_data_file("two-moons")
    with pytest.raises(EpochalError, match=r"persons\.csv: there is no such file"):
        is_data_file(str(tmp_path / "persons.csv"))


MORE_RUNS: dict[str, Callable[[str], list[str]]] = {
    **TAKES_RUN,
    "resume": lambda what: ["resume", what],
    "verify": lambda what: ["verify", what],
    "fork": lambda what: ["fork", what, "--at", "1"],
    "evaluate": lambda what: ["evaluate", what],
    "export": lambda what: ["export", what, "--to", "csv", "out.csv"],
}
WHOLE: Final = ("resume", "verify", "fork", "stop")
"""The commands that take whole runs, and no trial of a sweep."""
LECTURES: Final = ("lecture, run", "lecture, race")

MISTAKEN: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a sweep": ("{sweep}", "is a sweep; name one of its", ("show", "open", "stop")),
    "its beginning": ("two-moons-g", "is a sweep; name one of its", ("show", "open", "stop")),
    "its folder": ("runs/{sweep}/", "is a sweep; name one of its", ("show", "open", "stop")),
    "a trial": (
        "{sweep}/trial-6",
        "is a trial of a sweep: network 2 of the run {sweep}/group-2; name that",
        tuple(command for command in MORE_RUNS if command not in WHOLE),
    ),
    "no such trial": ("{sweep}/trial-9", "the sweep has trial-1 to trial-8", ()),
    "a preset": ("digits", "is a preset, and here a run is meant", TAKES_PRESET),
    "a preset's file": ("./mine-too.toml", "is a preset, and here a run is meant", TAKES_PRESET),
    "a log": ("log.csv", "epochal import log.csv makes a run of it", TAKES_PRESET),
    "a data file": ("people.csv", "epochal new people.csv writes a preset", TAKES_PRESET),
}
"""Names of something else: what is said of each, and the commands that take it."""


MISTAKES = [
    (command, mistaken)
    for mistaken, (_, _, taken_by) in MISTAKEN.items()
    for command in MORE_RUNS
    if command not in (*taken_by, *LECTURES)
]


@pytest.mark.parametrize(("command", "mistaken"), MISTAKES)
def test_what_is_something_else_is_told_with_what_to_name_in_its_place(
    runs: Path, opened: list[Opening], command: str, mistaken: str
) -> None:
    name, words, _ = MISTAKEN[mistaken]
    sweep = make_sweep(runs, called="two-moons-grid").name
    Path("mine-too.toml").write_text("title = 'Mine'\n")
    Path("people.csv").write_text("age,label\n31,a\n42,b\n")
    Path("log.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n")
    done = invoke(MORE_RUNS[command](name.format(sweep=sweep)))
    assert done.exit_code == 2, done.output
    assert words.format(sweep=sweep) in done.stderr
    # Whoever takes whole runs is sent to one.
    if mistaken == "a sweep":
        assert ("trial-1" in done.stderr) is (command not in WHOLE)
    assert not opened
