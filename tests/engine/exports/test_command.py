"""``epochal export``: what it prints, where, and its status."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import get_args

import pytest

from engine.cli import main
from engine.exports import export as exported
from engine.exports.formats import FORMATS
from engine.exports.names import FormatName
from engine.runs.folder import RunFolder
from tests.runs import end, record, rows
from tests.sweeps import make_sweep, train_group


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(tmp_path / "runs" / "a-run")
    record(folder, rows(1, [0.5, 0.25]), end(2))
    return folder


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["export", *arguments])
    return left.value.code if isinstance(left.value.code, int) else 0


def test_where_the_files_lie_is_printed(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("last", "--to", "csv", "a.csv") == 0
    assert capsys.readouterr() == ("a.csv\na.result.csv\n", "")
    assert command("last", "--to", "csv", "a.csv") == 2
    assert "a.csv: is there already; --force overwrites it" in capsys.readouterr().err
    assert command("last", "--to", "csv", "a.csv", "--force", "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told == [{"path": p, "bytes": Path(p).stat().st_size} for p in ("a.csv", "a.result.csv")]


def test_of_a_run_that_is_not_over_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    record(RunFolder(tmp_path / "runs" / "a-run"), rows(1, [0.5, 0.25]))
    assert command("last", "--to", "csv", "a.csv") == 0
    assert "a-run: running at step 2; what there is was exported" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["last", "a.xls", "--to", "xls"], "'xls' is not one of"),
        (["last", "a.csv", "--to", "csv", "--member", "2"], "there is no member 2"),
        (["last", "a.txt", "--to", "csv"], "a.txt: a file of --to csv must end with .csv"),
        (["lost", "a.csv", "--to", "csv"], "lost"),
        (["last", "no/a.csv", "--to", "csv"], "cannot be written: No such file"),
    ],
)
def test_what_cannot_be_is_told_with_status_2(
    run: RunFolder, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert command(*arguments) == 2
    assert said in capsys.readouterr().err


def test_every_name_has_its_entry_and_a_remedy_where_something_is_missing() -> None:
    assert [*FORMATS] == [*get_args(FormatName)]
    assert {name for name, each in FORMATS.items() if each.modules and not each.extra} == set()


def test_what_is_not_installed_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = exported.ExportFormat(
        ending=".x", modules=("no_such_module",), extra="export", files=lambda _: iter(())
    )
    with pytest.raises(exported.RequestError, match=r"needs no_such_module: pip install 'epochal"):
        entry.check("x", Path("a.x"))


def test_of_a_sweep_a_trial_goes_out_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = make_sweep(tmp_path / "runs")
    train_group(sweep, 2)
    trial = f"{sweep.name}/trial-7"
    assert command(trial, "--to", "csv", "a.csv") == 0
    assert command(trial, "--to", "tensorboard", "logs") == 0
    assert next((tmp_path / "logs" / trial).iterdir()).name.startswith("events.out.tfevents.")
    [facts] = csv.DictReader(Path("a.result.csv").read_text().splitlines())
    assert (facts["run"], facts["optimizer.lr"]) == (trial, "0.01")
    assert [row["member"] for row in csv.DictReader(Path("a.csv").read_text().splitlines())] == [
        "3"
    ] * 20
    assert command(sweep.name, "--to", "csv", "b.csv") == 2
    assert "is a sweep; name one of its trials" in capsys.readouterr().err
