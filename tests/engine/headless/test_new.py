"""``epochal new``: from a file of one's own to a preset that holds, and a network it trains."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.cli import app
from engine.errors import EpochalError, PresetError
from engine.experiment.experiment import Experiment
from engine.headless.new import new
from engine.presets import preset as presets
from engine.presets.file_draft import Wishes
from engine.recording.events import Series
from engine.training.loop import Pace, train
from engine.training.trainer import Trainer
from tests import tables

KINDS: list[Callable[[Path], Path]] = [
    tables.passengers,
    tables.census,
    tables.houses,
    tables.german,
    tables.flowers,
    tables.indexed,
    tables.wide,
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["new", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_what_is_written_holds_and_learns(make: Callable[[Path], Path]) -> None:
    make(Path("rows.csv"))
    told = said("rows.csv")
    assert "  epochal run rows.toml" in told
    changes = ["train.epochs=25", "train.patience=25", "model.dropout=0.0", "optimizer.lr=0.01"]
    experiment = presets.load("rows.toml", changes).experiment
    first, last = _losses(experiment)
    assert last < 0.8 * first


def _losses(experiment: Experiment) -> tuple[float, float]:
    """Return the mean training loss of the first and of the last epoch."""
    trainer = Trainer(experiment, device="cpu")
    events = [event for events in train(trainer, Pace()) for event in events]
    rows = [e for e in events if isinstance(e, Series) and e.group == "train"]
    losses = np.concatenate([each.values[0].ravel() for each in rows])
    steps = experiment.steps_per_epoch or 1
    return float(losses[:steps].mean()), float(losses[-steps:].mean())


def test_nothing_is_written_over_unasked() -> None:
    tables.houses(Path("houses.csv"))
    Path("houses.toml").write_text("# mine\n")
    with pytest.raises(PresetError, match=r"is there already.*--force does, and --to names"):
        new(Path("houses.csv"), Wishes())
    assert Path("houses.toml").read_text() == "# mine\n"
    new(Path("houses.csv"), Wishes(), Path("other.toml"))
    new(Path("houses.csv"), Wishes(), force=True)
    assert Path("houses.toml").read_text() == Path("other.toml").read_text()


def test_a_preset_ends_in_toml() -> None:
    tables.houses(Path("houses.csv"))
    with pytest.raises(PresetError, match=r"houses\.csv: a preset ends in \.toml"):
        new(Path("houses.csv"), Wishes(), Path("houses.csv"))
    assert Path("houses.csv").read_text().startswith("crime")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n3\n", "row 3: has 1 cell, row 1 has 2"),
        (b"a,b\n1,2\n", "has a single row"),
        (b"a,a\n1,2\n3,4\n", "two columns are called 'a'"),
        (b"a\nx\ny\nz\n", "no column can be learned"),
    ],
)
def test_a_file_that_does_not_hold_is_refused_and_nothing_is_written(
    content: bytes, what: str
) -> None:
    Path("rows.csv").write_bytes(content)
    with pytest.raises(EpochalError, match=what):
        new(Path("rows.csv"), Wishes())
    assert not Path("rows.toml").exists()


def test_rows_without_a_target_teach_nothing() -> None:
    tables.passengers(Path("people.csv"), rows=60)
    lines = Path("people.csv").read_text().splitlines()
    lines[3] = lines[3].replace(",0,", ",,", 1).replace(",1,", ",,", 1)
    Path("people.csv").write_text("\n".join(lines))
    new(Path("people.csv"), Wishes())
    assert presets.load("people.toml").experiment.data.rows == 59


def test_the_same_is_told_to_programs() -> None:
    tables.german(Path("rows.csv"))
    told = json.loads(said("rows.csv", "--json"))
    assert (told["target"], told["task"], told["decimal"]) == ("Gruppe", "classes", ",")
    assert told["layout"]["encoding"] == "cp1252"
    kinds = {column["name"]: column["kind"] for column in told["columns"]}
    assert kinds["Eintritt"] == "date"
    assert kinds["Zufrieden"] == "truth"
    assert told["next"] == ["epochal run rows.toml", "epochal open rows.toml"]


def test_several_targets_are_told_and_trained() -> None:
    Path("pets.csv").write_text(
        "x,cat,dog\n" + "\n".join(f"{n}.5,{n % 2},{int(n % 3 > 0)}" for n in range(60))
    )
    told = said("pets.csv", "--target", "cat,dog")
    assert "targets: cat, dog (asked for" in told
    assert "task: labels (0 and 1" in told
    changes = ["train.epochs=20", "train.patience=20", "optimizer.lr=0.01"]
    first, last = _losses(presets.load("pets.toml", changes).experiment)
    assert last < first


def test_many_columns_that_are_alike_take_a_line() -> None:
    tables.wide(Path("rows.csv"))
    assert "gene0 … gene499" in said("rows.csv")
    assert len(Path("rows.toml").read_text().splitlines()) < 60
    assert "inputs" not in tomllib.loads(Path("rows.toml").read_text())["data"]


def test_what_is_learned_stands_on_a_line_of_its_own_among_numbers() -> None:
    names = ["label", *(f"p{n}" for n in range(70))]
    rng = np.random.default_rng(0)
    rows = [",".join(map(str, [n % 3, *rng.integers(0, 99, 70)])) for n in range(40)]
    Path("digits.csv").write_text("\n".join([",".join(names), *rows]))
    lines = said("digits.csv").splitlines()
    (label,) = (line.split() for line in lines if line.startswith("label"))
    assert label[-2:] == ["the", "target"]
    assert any(line.startswith("p0 … p69") for line in lines)


def test_rows_that_are_drawn_are_a_key_and_are_told_of() -> None:
    tables.houses(Path("houses.csv"))
    rows = len(Path("houses.csv").read_text().splitlines()) - 1
    told = said("houses.csv", "--rows", "40")
    assert told.startswith(f"houses.csv: 40 of {rows} rows, drawn at random, ")
    text = Path("houses.toml").read_text()
    assert f"# houses.csv: 40 of {rows} rows, drawn at random" in text
    assert f"sample_rows = 40  # drawn at random of the {rows}, the same ones every time" in text
    spec = presets.load("houses.toml").experiment
    assert spec.data.notices == [f"40 of the {rows} rows of houses.csv were drawn at random"]
    # Where there are no more, nothing is drawn.
    said("houses.csv", "--rows", str(rows), "--force")
    assert "sample_rows" not in Path("houses.toml").read_text()


def test_what_is_too_large_says_by_what_it_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    tables.houses(Path("houses.csv"))
    monkeypatch.setattr("engine.data.columns.MOST_CELLS", 100)
    with pytest.raises(EpochalError, match="by epochal new --rows 100000, or save fewer"):
        new(Path("houses.csv"), Wishes())
