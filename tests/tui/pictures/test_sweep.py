"""``epochal show SWEEP``: the heat map as plain text or JSON, by any settings and figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.sweeps.again import SweptTrial
from engine.sweeps.folder import SweepFolder
from engine.sweeps.references import sweep_meant
from tests.sweeps import InlineWorker, make_sweep, train_group
from tui.cli import main


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A sweep of which the first of two groups is trained."""
    folder = make_sweep(tmp_path_factory.mktemp("runs"))
    train_group(folder, 1)
    return folder


def show(capsys, folder: SweepFolder, *options: str, name: str = "two-moons-sweep"):
    with pytest.raises(SystemExit) as left:
        main(["show", name, "--runs-dir", str(folder.path.parent), *options])
    told = capsys.readouterr()
    return left.value.code, told.out, told.err


def test_it_shows_the_figure_that_says_most_by_two_settings(capsys, sweep) -> None:
    status, out, _ = show(capsys, sweep, "--size", "80x20")
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == sweep.name
    assert lines[1].startswith("test accuracy · mean and spread of 2 seeds · 4 of 8 trials")
    assert lines[2].split() == ["hidden", "\\", "lr", "0.01", "5"]
    assert lines[6].split() == ["[5,", "3]", *["◌", "0", "of", "2", "◌", "0", "of", "2"]]


def test_its_figure_and_its_settings_are_named(capsys, sweep) -> None:
    _, out, _ = show(capsys, sweep, "--view", "dev_loss", "--by", "lr,train.seed")
    assert out.splitlines()[1].startswith("dev loss · mean and spread of 2 trials: every hidden")
    assert out.splitlines()[2].split() == ["lr", "\\", "seed", "102", "103"]


def test_json_has_every_cell_and_null_where_there_is_no_figure(capsys, sweep) -> None:
    _, out, _ = show(capsys, sweep, "--json")
    told = json.loads(out)
    assert told["figure"] == "test_accuracy"
    assert len(told["cells"]) == 4
    first, last = told["cells"][0], told["cells"][-1]
    assert first["model.hidden"] == [5]
    assert first["trials"] == first["finished"] == 2
    assert 0 <= first["mean"] <= 1
    assert last["mean"] is None
    assert last["finished"] == 0


def test_the_decision_regions_of_each_row_stand_side_by_side(capsys, sweep) -> None:
    status, out, _ = show(capsys, sweep, "--view", "region", "--size", "100x40")
    assert status == 0
    assert out.splitlines()[0] == sweep.name
    assert "hidden [5] · decision region" in out
    assert "hidden [5, 3] · " in out
    status, out, _ = show(capsys, sweep, "--view", "region", "--by", "lr")
    assert out.count("decision region") == 1, "without a setting for the rows there is one"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--view", "function"), "--view function: needs targets that are numbers"),
        (("--view", "region", "--json"), "--json: --view region of a sweep is a picture"),
        (("--view", "dev_los"), "--view: of a sweep there is no 'dev_los'; there are: summary, "),
        (("--by", "rate"), "--by: the sweep has no setting 'rate'; it has: model.hidden, "),
        (("--by", "lr,lr"), "--by: names the rows' setting and the columns', two at most"),
    ],
)
def test_what_it_does_not_have_is_refused(capsys, sweep, options, expected) -> None:
    status, _, err = show(capsys, sweep, *options)
    assert status == 2
    assert expected in err


def test_a_picture_between_start_and_end_is_of_the_trial_trained_again(
    capsys, tmp_path, monkeypatch
) -> None:
    folder = make_sweep(tmp_path)
    train_group(folder, 1)
    monkeypatch.setattr(SweptTrial.train_again, "__defaults__", (InlineWorker,))
    name = f"{folder.name}/trial-2"
    _, out, _ = show(capsys, folder, "--view", "curves", name=name)
    assert out.startswith("group-1"), "the curves are there at once"
    options = ("--view", "weights", "--step", "7")
    _, out, err = show(capsys, folder, *options, name=name)
    assert "trial-2" in err
    assert "trained again, alone" in err
    assert out.startswith("trial-2")
    assert "weights of step 7" in out
    _, out, err = show(capsys, folder, *options, "--member", "2", name=f"{folder.name}/group-1")
    assert out.startswith("trial-2")
    assert "trained" not in err, "once is enough"


def test_a_sweep_is_meant_by_its_folder_its_name_and_a_beginning_that_is_no_preset(
    sweep, tmp_path: Path
) -> None:
    folder = sweep.path.parent
    for reference in (str(sweep.path), sweep.name, "two-moons-sw"):
        assert sweep_meant(reference, folder) == sweep.path
    # That is a preset, which says nothing of a sweep.
    assert sweep_meant("two-moons", folder) is None
    assert sweep_meant("last", folder) is None
    assert sweep_meant(sweep.name, tmp_path) is None
