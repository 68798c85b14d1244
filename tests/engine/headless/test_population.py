"""What a population came to, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import cli, load_run
from engine.errors import RunError
from engine.headless.population import BINS, distribution_lines, figure_lines
from engine.headless.result import result_text
from engine.presets.preset import load
from engine.runs.listing import main_figure
from tests.experiments import CUBIC, MOONS, experiment, of_seeds
from tests.runs import end
from tests.trained import recorded

MEMBERS = [{"train.seed": seed} for seed in (102, 103, 104, 105)]
FOUR: dict[str, Any] = {
    "train_loss": [0.1, 0.2, "nan", 0.3],
    "test_accuracy": [0.9, 0.8, "nan", 1.0],
    "best_step": [3, 7, 0, 9],
    "statuses": ["finished", "finished", "diverged", "finished"],
    "reasons": ["epochs", "patience", "the loss was NaN at step 12", "epochs"],
    "ended_at": [9, 8, 12, 9],
    "grad_norm": [0.1, 0.2, "nan", 0.0],
    "steps": 9,
}


def lines_of(result: dict[str, Any], variants: list[dict[str, Any]]) -> list[str]:
    """The lines of a result, without the figures that every end has."""
    ended = end(9, **result)
    return result_text("a-run", ended, (), variants).splitlines()


def test_figures_are_told_by_how_they_lie_over_the_members() -> None:
    assert figure_lines(FOUR) == [
        "                 mean  standard deviation   least  median  greatest",
        "train loss     0.2000              0.1000  0.1000  0.2000    0.3000",
        "test accuracy  0.9000              0.1000  0.8000  0.9000     1.000",
    ]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([3, 7, 5, 9], "of each member's best weights"),
        ([3, 7, 0, 9], "of each member's best weights, or its last"),
        (None, "of each member's last weights"),
    ],
)
def test_the_figures_say_whose_weights_they_are_of(steps: list[int] | None, said: str) -> None:
    result = {key: value for key, value in FOUR.items() if key != "best_step"}
    lines = lines_of(result | ({"best_step": steps} if steps else {}), MEMBERS)
    assert lines[1] == f"  {said}"


def test_who_diverged_and_how_many_are_dead_is_said() -> None:
    lines = lines_of(FOUR, MEMBERS)
    assert lines[0] == "a-run: finished (epochs)"
    assert "  1 of 4 (25 %) diverged and is left out: member 3 (seed 104)" in lines
    assert "  1 of 4 (25 %) is dead: every gradient of its last step was exactly 0" in lines
    assert "  ended 2 by epochs, 1 by patience" in lines
    assert "  steps  9" in lines


def test_of_many_the_first_are_named() -> None:
    many = {key: value * 5 for key, value in FOUR.items() if isinstance(value, list)}
    all_out = {**many, "statuses": ["diverged"] * 20, "grad_norm": [0.0] * 17 + [1.0] * 3}
    lines = lines_of(all_out, MEMBERS * 5)
    (out,) = [line for line in lines if "left out" in line]
    assert out.startswith("  20 of 20 (100 %) diverged and are left out: member 1 (seed 102), ")
    assert out.endswith("member 10 (seed 103), and 10 more")
    assert any(
        line.startswith("  17 of 20 (85 %) are dead: every gradient of their") for line in lines
    )


def test_the_distribution_counts_every_member_once() -> None:
    values = [0.5 + 0.004 * index for index in range(100)]
    head, *bars = distribution_lines({"test_accuracy": values})
    assert head == "test accuracy of 100 members"
    assert len(bars) == BINS
    assert sum(int(bar.split()[-1]) for bar in bars) == 100
    assert bars[0].startswith("0.5000 … 0.5566  ██")


def test_what_lies_far_apart_is_told_in_equal_ratios() -> None:
    losses = [0.01, 0.011, 0.012, 0.1, 225.0, 226.0]
    _, *bars = distribution_lines({"train_loss": losses})
    assert [bar.split()[-1] for bar in bars] == ["4", "…", "2"] or len(bars) == 3
    assert bars[0].endswith(" 4")
    assert bars[-1].endswith(" 2")


def test_equal_and_single_values_have_no_width() -> None:
    (head, bar) = distribution_lines({"test_loss": [0.5, 0.5]})
    assert (head, bar.split()[-1]) == ("test loss of 2 members", "2")
    assert distribution_lines({"test_loss": [0.5]}) == []
    assert distribution_lines({"test_loss": ["nan", "nan"]}) == []


def test_where_keys_vary_each_setting_has_a_line() -> None:
    variants = [
        {"optimizer.lr": lr, "train.seed": seed} for lr in (0.1, 1.0) for seed in (102, 103)
    ]
    lines = lines_of(FOUR, variants)
    start = lines.index(next(line for line in lines if line.startswith("  setting")))
    assert lines[start : start + 3] == [
        "  setting  members     test accuracy        train loss  diverged  dead",
        "  lr 0.1         2  0.8500 ± 0.07071  0.1500 ± 0.07071",
        "  lr 1           2             1.000            0.3000         1     1",
    ]
    assert not any(line.startswith("  setting") for line in lines_of(FOUR, MEMBERS))


def test_a_list_of_runs_shows_the_mean_and_its_spread() -> None:
    assert main_figure({"test_accuracy": [0.9, "nan", 0.8]}) == "test accuracy 0.8500 ± 0.07071"
    assert main_figure({"test_accuracy": ["nan", "nan"]}) == "test accuracy nan nan"


def test_of_a_recorded_population_every_member_can_be_loaded_and_asked(tmp_path: Path) -> None:
    found = load("sum-of-30", ["train.steps=30"]).experiment
    folder, trainer = recorded(of_seeds(found, 1, 10, 2), tmp_path / "run")
    runs = [load_run(folder.path, member=member) for member in range(3)]
    assert runs[0].header.variants == [{"train.seed": seed} for seed in (1, 10, 2)]
    assert [run.alone.train.seed for run in runs] == [1, 10, 2]
    rows = np.full((2, 30), 0.5)
    for member, run in enumerate(runs):
        said = trainer.measure.outputs(torch.full((3, 2, 30), 0.5))[member]
        np.testing.assert_allclose(run.predict(rows), said.numpy(), rtol=1e-5, atol=1e-6)
        assert run["train/loss"][-1] == np.float32(run.result["train_loss"][member])
    told = result_text("a-run", runs[0].history.end, (), runs[0].header.variants)  # type: ignore[arg-type]
    assert "1 of 3 (33 %) is dead: every gradient of its last step was exactly 0" in told
    with pytest.raises(RunError, match="there is no member 4; it has 3"):
        load_run(folder.path, member=3)


@pytest.mark.parametrize("snapshots", [True, False], ids=["recording", "checkpoint"])
def test_a_member_that_ended_is_loaded_with_the_weights_it_ended_with(
    tmp_path: Path, snapshots: bool
) -> None:
    vary = {"train.loss_threshold": [0.02, 1e-9]}
    spec = experiment(CUBIC, population={"vary": vary})
    folder, trainer = recorded(spec, tmp_path / "run", snapshots=snapshots)
    ended = trainer.result()["ended_at"]
    assert ended[0] < ended[1] == 300
    for member in range(2):
        run = load_run(folder.path, member=member)
        assert run.weights_step == ended[member]
        kept = trainer.snapshot().values[member]
        own = np.concatenate([each.ravel() for each in run.weights.values()])
        np.testing.assert_array_equal(own, kept)


def test_the_command_predicts_with_any_member(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = experiment(MOONS, data={"scale_inputs": "standard"}, train={"epochs": 3})
    folder, trainer = recorded(of_seeds(spec, 5, 9), tmp_path / "run")
    for member in (1, 2):
        with pytest.raises(SystemExit):
            cli.main(["predict", str(folder.path), "--member", str(member), "--set", "test"])
        accuracy = trainer.result()["test_accuracy"][member - 1]
        assert f"accuracy {accuracy:.4g}" in capfd.readouterr().out
    with pytest.raises(SystemExit) as left:
        cli.main(["predict", str(folder.path), "--member", "3"])
    assert left.value.code == 2
    assert "there is no member 3; it has 2" in capfd.readouterr().err


@pytest.mark.parametrize("odd", ["lr", "=1", "optimizer.lr=", "a b=1"])
def test_what_is_to_vary_must_be_a_key_with_values(
    odd: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["run", "two-moons", "--vary", odd])
    assert left.value.code == 2
    assert "must be KEY=V,V…, as in optimizer.lr=0.01,0.1" in capfd.readouterr().err
