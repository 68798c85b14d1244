"""Other programs' logs are runs: what they hold is there, and what they lack is said."""

from __future__ import annotations

import gzip
import json
import math
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.cli import app
from engine.diagnosis import diagnose
from engine.errors import RunError
from engine.recording.history import History
from engine.recording.loading import load_history
from engine.runs.catalogue import facts_of
from engine.runs.imported import curves, importing, is_log, unpacked
from engine.runs.imported.csv_logs import StepColumn
from engine.runs.imported.importing import import_log, opened, sources
from tests.engine.runs.imported.logs import KERAS, LIGHTNING, event_file
from tests.mutations import BYTES


def written(folder: Path, text: str, name: str = "log.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def imported(path: Path, runs: Path) -> History:
    (source,) = sources(path)
    return load_history(import_log(source, runs).folder.recording)


def table(history: History) -> dict[str, dict[str, list[float]]]:
    """Return each group's columns, with its steps under ``step``."""
    return {
        group: {
            "step": rows.steps.tolist(),
            **{name: [round(v, 6) for v in rows.column(name).tolist()] for name in rows.columns},
        }
        for group, rows in history.series.items()
    }


def test_lightnings_sparse_rows_are_curves_at_their_own_steps(tmp_path: Path) -> None:
    path = written(tmp_path / "version_3", LIGHTNING, "metrics.csv")
    history = imported(path, tmp_path / "runs")
    assert table(history) == {
        "train": {"step": [4, 9, 14, 19], "loss": [0.9, 0.8, 0.7, 0.6]},
        "train 2": {"step": [0, 10], "lr": [0.1, 0.05]},
        "train 3": {"step": [9, 19], "accuracy": [0.6, 0.7]},
        "epoch": {"step": [9, 19], "loss": [0.85, 0.65]},
        "dev": {"step": [9, 19], "loss": [0.85, 0.65], "accuracy": [0.5, 0.7]},
    }
    assert history.header is not None
    assert history.header.run.startswith("version_3-")


def test_kerass_log_is_a_row_an_epoch(tmp_path: Path) -> None:
    history = imported(written(tmp_path, KERAS), tmp_path / "runs")
    train = table(history)["train"]
    assert train["step"] == [0, 1, 2]
    assert math.isnan(train["loss"][2])
    assert (history.last_step, history.end is not None) == (2, True)
    assert diagnose(history)[0].rule == "diverged" or "NaN" in diagnose(history)[0].words
    facts = facts_of(importing.list_runs(tmp_path / "runs")[0])
    assert (facts.state, facts.status) == ("ended", "finished")
    assert facts.result["dev_accuracy"] == pytest.approx(0.55)


def test_a_table_of_ones_own_says_its_steps_and_its_seconds(tmp_path: Path) -> None:
    text = "Step;Wall time;my metric;Loss/train\n10;1000.5;1;2\n20;1010.5;;1\n15;1012;7;\n"
    history = imported(written(tmp_path, text), tmp_path / "runs")
    assert table(history) == {
        "train": {"step": [10, 20], "loss": [2.0, 1.0]},
        "other": {"step": [10, 15], "my metric": [1.0, 7.0]},
    }
    assert history.header is not None
    assert history.header.time == 1000.5
    assert history.time_of(20) == 10.0


def test_one_curve_that_tensorboard_gave_away_is_called_as_its_file(tmp_path: Path) -> None:
    text = "Wall time,Step,Value\n1000,1,0.5\n1001,2,0.25\n"
    history = imported(written(tmp_path, text, "run-.-tag-loss.csv"), tmp_path / "runs")
    assert [*history.series] == ["other"]
    assert history.series["other"].columns == ("run-.-tag-loss",)


def test_what_keras_did_not_measure_is_a_gap(tmp_path: Path) -> None:
    """It writes NA where an epoch has no validation, and its names again when it goes on."""
    text = "epoch,loss,val_loss\n0,0.9,NA\n1,0.8,0.7\nepoch,loss,val_loss\n2,0.6,NA\n"
    history = imported(written(tmp_path, text), tmp_path / "runs")
    assert table(history) == {
        "train": {"step": [0, 1, 2], "loss": [0.9, 0.8, 0.6]},
        "dev": {"step": [1], "loss": [0.7]},
    }
    assert history.warnings == []


def test_another_column_says_the_step_where_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "Batch,epoch,loss\n10,1,0.5\n20,1,0.25\n")
    (source,) = sources(path)
    run = import_log(source, tmp_path / "runs", steps=StepColumn("batch")).folder
    assert table(load_history(run.recording)) == {
        "train": {"step": [10, 20], "loss": [0.5, 0.25]},
        "other": {"step": [10, 20], "epoch": [1.0, 1.0]},
    }


def test_rows_are_counted_where_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "loss,acc\n0.5,0\n\n0.25,1\n")
    (source,) = sources(path)
    run = import_log(source, tmp_path / "runs", steps=StepColumn(counted=True)).folder
    (train,) = table(load_history(run.recording)).values()
    assert (train["step"], train["loss"]) == ([1, 2], [0.5, 0.25])


def test_a_table_without_steps_says_what_can_be_done(tmp_path: Path) -> None:
    path = written(tmp_path, "batch,loss\n10,0.5\n")
    for asked, told in (
        (["--step", "btach"], "no column is called 'btach' (did you mean 'batch'?)"),
        ([], "takes --step COLUMN, or --count-rows where none says it"),
        (["--step", "batch", "--count-rows"], "leave one out"),
    ):
        done = CliRunner().invoke(app, ["import", str(path), *asked])
        assert told in done.output
    done = CliRunner().invoke(
        app, ["import", str(path), "--step", "batch", "--runs-dir", str(tmp_path / "runs")]
    )
    assert "to step 10" in done.output


def test_packed_logs_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "keras.csv.gz").write_bytes(gzip.compress(KERAS.encode()))
    history = imported(tmp_path / "keras.csv.gz", tmp_path / "runs")
    assert table(history)["dev"]["step"] == [0, 1, 2]
    assert history.header is not None
    assert history.header.run.startswith("keras-")
    numbers = [("loss", step, 1.0) for step in range(4)]
    events = event_file(tmp_path / "mine", numbers)
    (tmp_path / "mine" / f"{events.name}.gz").write_bytes(gzip.compress(events.read_bytes()))
    events.unlink()
    assert table(imported(tmp_path / "mine", tmp_path / "runs2"))["train"]["step"] == [0, 1, 2, 3]


def test_a_packed_log_that_is_damaged_or_a_bomb_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(KERAS.encode())
    for wrong in (KERAS.encode(), packed[:30], packed[:-8] + b"12345678"):
        (tmp_path / "keras.csv.gz").write_bytes(wrong)
        with pytest.raises(RunError, match=r"is not packed by gzip, or damaged: .*\.gz"):
            imported(tmp_path / "keras.csv.gz", tmp_path / "runs")
    monkeypatch.setattr(unpacked, "UNPACKED_BYTES", 1 << 20)
    bomb = gzip.compress(KERAS.encode() + b"3,1,1,1,1,1\n" * 100_000)
    (tmp_path / "keras.csv.gz").write_bytes(bomb)
    with pytest.raises(RunError, match="GB unpacked; at most"):
        imported(tmp_path / "keras.csv.gz", tmp_path / "runs")


@pytest.mark.parametrize("new_style", [False, True])
def test_event_files_are_read_as_their_own_writer_made_them(
    tmp_path: Path, new_style: bool
) -> None:
    numbers = [(tag, step, step / 8) for step in range(6) for tag in ("train/loss", "lr")]
    numbers += [("eval/loss", step, -1e30 * step) for step in (0, 5)] + [("fid", 3, math.inf)]
    event_file(tmp_path / "mine", numbers, new_style=new_style)
    history = imported(tmp_path / "mine", tmp_path / "runs")
    halves = [step / 8 for step in range(6)]
    assert table(history)["train"] == {"step": [*range(6)], "loss": halves, "lr": halves}
    assert history.series["dev"].column("loss").tolist() == pytest.approx([0, -5e30])
    assert history.series["other"].column("fid").tolist() == [math.inf]
    assert history.header is not None
    assert (history.header.time, history.time_of(5)) == (1e9, 10.0)
    assert not history.warnings


def test_a_training_that_was_gone_on_with_is_one_curve(tmp_path: Path) -> None:
    event_file(tmp_path / "mine", [("loss", step, 1.0) for step in range(10)])
    second = event_file(tmp_path / "mine", [("loss", step, 2.0) for step in range(6, 9)])
    second.rename(second.with_name(f"events.out.tfevents.9{'9' * 9}.again"))
    train = table(imported(tmp_path / "mine", tmp_path / "runs"))["train"]
    assert train == {"step": [*range(9)], "loss": [1.0] * 6 + [2.0] * 3}


def test_a_folder_holds_a_run_for_each_of_its_logs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for run in ("a", "b"):
        event_file(logs / run / "train", [("epoch_loss", 1, 0.5)])
        event_file(logs / run / "validation", [("epoch_loss", 1, 0.75)])
    written(logs / "lightning_logs" / "version_0", LIGHTNING, "metrics.csv")
    (logs / "loop").symlink_to(logs)
    called = {source.called: source for source in sources(logs)}
    assert sorted(called) == ["a", "b", "version_0"]
    history = load_history(import_log(called["a"], tmp_path / "runs").folder.recording)
    assert table(history) == {
        "train": {"step": [1], "loss": [0.5]},
        "dev": {"step": [1], "loss": [0.75]},
    }
    assert is_log(logs / "a")
    assert not is_log(tmp_path / "nowhere")


def test_what_is_opened_twice_is_imported_once_until_it_grows(tmp_path: Path) -> None:
    path, runs = written(tmp_path, "step,loss\n1,2\n"), tmp_path / "runs"
    first = opened(path, runs)
    assert opened(path, runs) == first
    path.write_text("step,loss\n1,2\n2,1\n")
    assert opened(path, runs) != first
    assert len([*runs.iterdir()]) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no column is called step or epoch \(its first line has none\)"),
        (",".join(f"c{at}" for at in range(99)), r"c10, c11 and 87 more\)"),
        ("a,b\n1,2\n", r"no column is called step or epoch \(it has: a, b\)"),
        ("step\n1\n", "has steps and nothing that was measured"),
        ("step,loss\n", "holds no numbers over steps"),
        ("step,loss\nx,1\n", "line 2 has no whole number as its step"),
        ("step,loss\n1,much\n", "line 2, column loss: 'much' is no number"),
        ('step,loss\n1,"', "is no CSV"),
        ("\x00\x01\x02", "no column"),
    ],
)
def test_what_is_no_log_is_refused_and_leaves_nothing(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(RunError, match=words):
        imported(written(tmp_path, text), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_line_that_never_ends_is_refused_before_it_is_held(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="line 1 has more than"):
        imported(written(tmp_path, "step," * 300_000), tmp_path / "runs")


def test_what_was_left_out_stands_in_the_recording_with_its_place(tmp_path: Path) -> None:
    text = "step,loss,name\n1,2,a\n1.5,1,b\n2,,\n3,1e999,c\n-1,4,d\n"
    history = imported(written(tmp_path, text), tmp_path / "runs")
    assert table(history) == {"train": {"step": [1, 3], "loss": [2.0, math.inf]}}
    assert [each.message for each in history.warnings] == [
        "log.csv: line 2, column name: 'a' is no number, and is left out",
        "log.csv: line 3 has no whole number as its step, and is left out",
        "log.csv: line 5, column name: 'c' is no number, and is left out",
        "loss: step -1 is none, and is left out",
        "log.csv: line 6, column name: 'd' is no number, and is left out",
    ]


def test_hostile_names_reach_no_terminal_and_no_folder(tmp_path: Path) -> None:
    name = "../\x1b]0;x\x07\u202e"
    path = written(tmp_path, f"step,{name},{'x' * 300}\n1,2,3\n")
    (source,) = sources(path)
    done = import_log(source, tmp_path / "runs", called="../../etc/\x1b[2J")
    assert done.folder.path.parent == tmp_path / "runs"
    assert "\x1b" not in done.folder.name
    history = load_history(done.folder.recording)
    assert history.series["other"].columns == (name,)
    assert "is left out" in done.complaints[0]
    assert b"\x1b" not in done.folder.recording.read_bytes()


def test_a_folder_without_a_log_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no log is in it"):
        sources(tmp_path)
    with pytest.raises(RunError, match="no such file or folder"):
        sources(tmp_path / "nowhere")


def test_a_log_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, "step,loss\n1,2\n")
    os.truncate(path, importing.LOG_BYTES + 1)
    with pytest.raises(RunError, match="GB, at most"):
        imported(path, tmp_path / "runs")


def test_more_numbers_than_are_read_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "MOST_NUMBERS", 5)
    path = written(tmp_path, "step,loss,lr\n" + "".join(f"{step},1,2\n" for step in range(10)))
    history = imported(path, tmp_path / "runs")
    assert [rows.count for rows in history.series.values()] == [3, 2]
    assert "read up to line 4" in history.warnings[0].message


def test_more_columns_than_a_recording_has_are_left_out(tmp_path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(1100))
    path = written(tmp_path, f"step,{names}\n1{',1' * 1100}\n")
    history = imported(path, tmp_path / "runs")
    assert len(history.series["other"].columns) == 1000
    assert history.warnings[-1].message == "and 80 such complaints more"


def test_what_is_wrong_is_told_of_curves_alone(tmp_path: Path) -> None:
    rows = [(e, 0.9**e, 0.5 + abs(e - 15) / 20) for e in range(60)]
    text = "epoch,loss,val_loss\n" + "".join(f"{e},{a},{b}\n" for e, a, b in rows)
    (finding,) = diagnose(imported(written(tmp_path, text), tmp_path / "runs"))
    assert (finding.rule, finding.remedy) == ("overfitting", None)
    text = "step,loss\n" + "".join(f"{s},{1 + s % 2 / 1e4}\n" for s in range(300))
    (finding,) = diagnose(imported(written(tmp_path, text, "flat.csv"), tmp_path / "runs"))
    assert (finding.rule, finding.remedy) == ("plateau", None)


def test_one_log_that_is_none_leaves_the_others(tmp_path: Path) -> None:
    written(tmp_path / "logs", KERAS, "good.csv")
    written(tmp_path / "logs", "a,b\n1,2\n", "people.csv")
    place = ["--runs-dir", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, ["import", str(tmp_path / "logs"), *place, "--json"])
    assert (done.exit_code, json.loads(done.stdout)["columns"]) == (0, 5)
    assert "people.csv: is no log" in done.stderr
    assert done.stderr.count("\n") == 1
    done = CliRunner().invoke(app, ["import", str(tmp_path / "logs"), *place, "--name", "x"])
    assert (done.exit_code, done.stderr.partition(":")[0]) == (2, "--name")


@given(seed=st.integers(0, 2**32))
def test_whatever_is_in_a_table_it_is_imported_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    draw, place = Random(seed), tmp_path_factory.mktemp("mutant")
    body = draw.choice([KERAS, LIGHTNING]).encode()
    for _ in range(draw.choice([1, 2, 5])):
        body = draw.choice(BYTES)(body or b" ", draw)
        at = draw.randrange(len(body) + 1)
        body = body[:at] + draw.choice([b"", b'"', b",", b"\n", b"\0", b"1e999"]) + body[at:]
    (place / "metrics.csv").write_bytes(body)
    history, why = None, ""
    try:
        history = imported(place / "metrics.csv", place / "runs")
    except RunError as error:
        why = str(error)
    assert why.startswith(str(place / "metrics.csv")) or history is not None
    if history is not None:
        assert history.last_step == max(rows.last_step for rows in history.series.values())
        diagnose(history)
