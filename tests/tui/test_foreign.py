"""Of a run that no worker made, every command shows what there is, or says what it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import engine
from engine.cli import Viewer
from engine.recording.lacking import LACKS
from engine.runs.notes import Notes
from engine.runs.removal import remove
from tests.foreign import ORIGINS, foreign_run
from tests.labs import lab_of, make_app, settled, shown, until
from tui.cli import app, find_run_or_preset
from tui.pictures.gallery import NAMES
from tui.places.registry import PANES

VIEWS = ("summary", "curves", "norms", "machine", "loss", "fid")

LACKING = (
    "resume RUN",
    "resume RUN --until steps=9",
    "fork RUN --at 2 --set optimizer.lr=1",
    "verify RUN",
    "predict RUN",
    "predict RUN --values 1",
    "predict RUN --set train",
    "show RUN --preset",
    *(f"show RUN --view {view}" for view in NAMES if view not in VIEWS),
    "show RUN --json --view weights",
    "export RUN --to safetensors FOLDER/out.safetensors",
    "export RUN --to onnx FOLDER/out.onnx",
    "export RUN --to torch FOLDER/out.pt2",
)
"""Commands that need an experiment, or a network."""

SHOWING = {
    "show RUN": "train 0.5000",
    "show RUN --step 2": "train 2.000",
    "show RUN --step best": "train 0.5000",
    "show RUN --steps 1..2": "train 4.000",
    "show RUN --view curves": "dev 1.000",
    "show RUN --view fid": "fid 96.00",
    "show RUN --json": '"train_loss": 0.5',
    "show RUN --log-every 1": "step 2: loss 2.000, dev loss 4.000",
    "show RUN RUN": "dev 1.000",
    "runs": "finished",
    "runs state=finished": "theirs-",
    "runs result.train_loss<1": "theirs-",
    "runs origin=import|watch|record|hologram": "theirs-",
    "runs --json": '"status": "finished"',
    "export RUN --to csv FOLDER/out.csv": "out.csv",
    "export RUN --to tensorboard FOLDER/out": "tfevents",
    "export RUN --to html FOLDER/out.html": "out.html",
    "export RUN --to svg FOLDER/out.svg": "out.svg",
}
"""Commands that curves are enough for, and what they say."""


def done(tmp_path: Path, command: str, run: str) -> tuple[int, str, str]:
    """Return a command's status, and what it said on stdout and stderr."""
    words = command.replace("RUN", run).replace("FOLDER", str(tmp_path)).split()
    place = [] if words[0] == "export" else ["--runs-dir", str(tmp_path / "runs")]
    size = ["--size", "90x30"] * (words[0] == "show")
    result = CliRunner().invoke(app, [*words, *place, *size], obj=Viewer())
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_needs_an_experiment_says_in_a_sentence_that_there_is_none(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOCHAL_RUNS", str(tmp_path / "runs"))
    run = foreign_run(tmp_path / "runs", origin)
    lack = LACKS.get(origin, "it comes from hologram, and no experiment is here")
    for command in LACKING:
        status, out, err = done(tmp_path, command, run.name)
        assert (status, out, err.count("\n")) == (2, "", 1), command
        assert lack in err, command


@pytest.mark.parametrize("origin", ORIGINS)
def test_what_curves_are_enough_for_is_shown(
    tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = foreign_run(tmp_path / "runs", origin)
    monkeypatch.setenv("EPOCHAL_RUNS", str(tmp_path / "runs"))
    for command, words in SHOWING.items():
        status, out, err = done(tmp_path, command, run.name)
        assert (status, err) == (0, ""), (command, err)
        assert words in out, (command, out)


async def test_a_program_that_takes_no_requests_is_asked_for_nothing(tmp_path: Path) -> None:
    run = foreign_run(tmp_path / "runs", "record", over=False)
    status, _, err = done(tmp_path, "stop RUN", run.name)
    assert (status, "takes no requests, for a program" in err) == (2, True)
    lab, _ = make_app(tmp_path / "runs", run=run)
    async with lab.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: lab_of(pilot).view.step == 4)
        await pilot.press("x")
        await until(pilot, lambda: "takes no requests" in shown(pilot))
        assert "left" not in shown(pilot).split("running")[-1].splitlines()[0]
    assert not [*run.control.glob("*.jsonl")]


async def test_a_program_that_is_gone_is_called_a_program(tmp_path: Path) -> None:
    run = foreign_run(tmp_path, "record", over=False, pid=2**22 + 1, pid_ticks=1)
    lab, _ = make_app(tmp_path, run=run)
    async with lab.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "its program died" in shown(pilot))


def test_it_is_named_tagged_and_removed_like_any_other(tmp_path: Path) -> None:
    run = foreign_run(tmp_path / "runs")
    Notes().named("theirs").tagged("old").save(run)
    assert "theirs" in done(tmp_path, "runs tag=old", run.name)[1]
    remove(run)
    assert not run.path.exists()


def test_in_python_its_history_is_there(tmp_path: Path) -> None:
    run = engine.load_run(foreign_run(tmp_path).path)
    assert run["dev/loss"].tolist() == [8.0, 4.0, 2.0, 1.0]
    assert run["other/fid"].tolist() == [99.0, 98.0, 97.0, 96.0]
    for asked in (lambda: run.predict([[1]]), run.module, lambda: run.weights, lambda: run.alone):
        with pytest.raises(engine.errors.RunError, match=LACKS["import"]):
            asked()


def test_what_is_wrong_is_told_without_a_remedy_that_could_not_be_trained(tmp_path: Path) -> None:
    run = foreign_run(tmp_path / "runs", losses=(4.0, 2.0, float("nan")))
    _, out, _ = done(tmp_path, "show RUN --json", run.name)
    (finding,) = json.loads(out)["diagnosis"]
    assert (finding["rule"], finding["step"], finding["remedy"]) == ("diverged", 3, None)


def test_without_a_training_loss_nothing_is_called_healthy(tmp_path: Path) -> None:
    run = foreign_run(tmp_path / "runs", name="score")
    _, out, _ = done(tmp_path, "show RUN", run.name)
    assert "There is no training loss in this recording" in out
    assert "dev 1.000" in out


@pytest.mark.parametrize("origin", ["import", "hologram"])
async def test_every_pane_shows_what_there_is_or_says_what_is_lacking(
    tmp_path: Path, origin: str
) -> None:
    lack = LACKS.get(origin, "it comes from hologram, and no experiment is here")
    lab, _ = make_app(tmp_path, run=foreign_run(tmp_path, origin))
    async with lab.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: lab_of(pilot).view.step == 4)
        for pane in PANES:
            lab_of(pilot).panes.screen.pane = pane.name
            await settled(pilot)
        flat = " ".join(shown(pilot).replace("│", " ").split())
        assert "train 0.5000" in flat
        assert "There is no layer's gradient norm in this recording" in flat
        for key, words in (("G", "There is no update"), ("E", "There is no program")):
            await pilot.press(key)
            await settled(pilot)
            flat = " ".join(shown(pilot).replace("│", " ").split())
            assert words in flat, key
            assert lack.split(",")[0][:20] in flat
        await pilot.press("a")
        await until(pilot, lambda: "fid 96.00" in shown(pilot))
        await pilot.press("f")
        await until(pilot, lambda: "cannot branch off" in shown(pilot))
        await pilot.press("escape", "F")
        await until(pilot, lambda: "F (" in shown(pilot) or "no remedy" in shown(pilot))


async def test_names_from_anywhere_are_written_out(tmp_path: Path) -> None:
    name = "[bold]x[/]\x1b[2J"
    lab, _ = make_app(tmp_path, run=foreign_run(tmp_path, name=name))
    async with lab.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: lab_of(pilot).view.step == 4)
        await pilot.press("a")
        await until(pilot, lambda: r"[bold]x[/]\x1b[2J" in shown(pilot))


def test_another_programs_log_is_opened_as_it_lies(tmp_path: Path) -> None:
    log, runs = tmp_path / "log.csv", tmp_path / "runs"
    log.write_text("step,loss\n1,0.5\n")
    run = find_run_or_preset(str(log), runs, [])
    assert run is not None
    assert run == find_run_or_preset(str(log), runs, [])
    assert run == find_run_or_preset(run.name, runs, [])
    assert run == find_run_or_preset(str(run.path), runs, [])
    (tmp_path / "people.csv").write_text("age,job\n1,2\n")
    with pytest.raises(engine.errors.RunError, match="no column is called step or epoch"):
        find_run_or_preset(str(tmp_path / "people.csv"), runs, [])
