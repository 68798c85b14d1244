"""What a file gives to learn beside classes and numbers: labels, and the shares of classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data import load
from engine.experiment.experiment import Experiment
from engine.explain import formulas
from engine.explain.program import program
from engine.gradients.choice import choose
from engine.inspection.gradcheck import check
from engine.training.trainer import Trainer

LABELS: dict[str, Any] = {"task": "labels", "targets": ["red", "round"]}
SHARES: dict[str, Any] = {"task": "shares", "targets": ["a", "b", "c"]}
LOSSES = {
    "labels": {"name": "binary_cross_entropy_with_logits"},
    "shares": {"name": "cross_entropy"},
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with rows of two numbers, two labels and the shares of three classes."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lines = []
    for x, y in rng.normal(size=(40, 2)).round(3):
        shares = rng.dirichlet([1, 1, 1]).round(2)
        shares[2] = (1 - shares[:2].sum()).round(2)
        lines.append(f"{x},{y},{int(x > 0)},{int(x * y > 0)},{shares[0]},{shares[1]},{shares[2]}")
    Path("rows.csv").write_text("\n".join(["x,y,red,round,a,b,c", *lines]))


def of(task: dict[str, Any], gradients: str = "auto", **tables: Any) -> Experiment:
    data = {"kind": "file", "path": "rows.csv", "inputs": ["x", "y"], "split": [24, 8, 8], **task}
    made = {"data": data, "loss": LOSSES[task["task"]], "model": {"hidden": [5]}}
    train = {"epochs": 4, "batch_size": 7, "dtype": "float64", "gradients": gradients}
    return Experiment.model_validate({**made, "train": train, **tables})


def losses(spec: Experiment, way: str = "") -> np.ndarray:
    """The loss and the norm of the gradient of each step."""
    trainer = Trainer(spec, device="cpu", way=way)
    rows = [s.values for s in trainer.advance(16).series if s.group == "train"]
    values = np.concatenate(rows, axis=1)[:, :, 0]
    columns = list(trainer.columns["train"])
    return values[[columns.index("loss"), columns.index("grad_norm")]]


@pytest.mark.parametrize("task", [LABELS, SHARES], ids=["labels", "shares"])
@pytest.mark.parametrize("way", ["manual", "numeric", ""])
def test_every_way_of_training_is_that_of_autograd(task: dict[str, Any], way: str) -> None:
    expected = losses(of(task, "autograd"))
    assert expected[0, -4:].mean() < expected[0, :4].mean()
    made = losses(of(task, way or "auto"), "operations" if way == "manual" else "")
    np.testing.assert_allclose(made, expected, rtol=1e-5 if way == "numeric" else 1e-6)


@pytest.mark.parametrize("task", [LABELS, SHARES], ids=["labels", "shares"])
def test_formulas_agree_with_autograd_and_with_differences(task: dict[str, Any]) -> None:
    spec = of(task)
    single = spec.model_copy(update={"train": spec.train.model_copy(update={"dtype": "float32"})})
    assert all(comparison.holds for comparison in check(single))


def test_shares_are_not_for_compiled_steps_and_labels_are() -> None:
    assert choose([of(SHARES)]).limit == "it takes the true class of a row, not the share of each"
    assert not choose([of(LABELS)]).limit


@pytest.mark.parametrize("task", [LABELS, SHARES], ids=["labels", "shares"])
@pytest.mark.parametrize("written_in", ["backward", "numpy", "torch"])
def test_programs_learn_the_same(task: dict[str, Any], written_in: Any) -> None:
    spec = of(task)
    source = program(spec) if written_in == "backward" else formulas.program(spec, written_in)
    space: dict[str, Any] = {}
    exec(compile(source, "program.py", "exec"), space)
    np.testing.assert_allclose(space["losses"], losses(spec)[0], rtol=1e-6)


def test_a_result_says_what_fits_its_targets() -> None:
    def result(task: dict[str, Any]) -> dict[str, Any]:
        trainer = Trainer(of(task), device="cpu")
        while trainer.outcome is None:
            trainer.advance(100)
        return trainer.result()

    labels, shares = result(LABELS), result(SHARES)
    assert 0 <= labels["test_accuracy"] <= 1
    assert "test_rmse" not in labels
    assert not {"test_rmse", "test_accuracy"} & shares.keys()
    assert shares["test_loss"] > 0


def test_shares_are_without_what_rounding_made_of_them() -> None:
    Path("rows.csv").write_text("x,y,a,b,c\n1,2,0.333,0.333,0.333\n2,1,1,0,0\n")
    targets = load(of({**SHARES, "split": None}).data, 0, np.float64).train.targets
    np.testing.assert_allclose(targets, [[1 / 3] * 3, [1, 0, 0]])


LOG_LIKELIHOOD: dict[str, Any] = {
    "loss": {"name": "negative_log_likelihood"},
    "model": {"output_activation": "log_softmax"},
}


@pytest.mark.parametrize(
    ("task", "row", "tables", "said"),
    [
        (LABELS, "1,2,0,2,1,0,0", {}, "row 2, column 'round': is no label, 0 or 1 (got 2); say"),
        (SHARES, "1,2,0,0,1,0,0.5", {}, "row 2, column 'a': the row's shares must be at least 0"),
        (SHARES, "1,2,0,0,1.5,-0.5,0", {}, "must be at least 0 and sum to 1 (got 1)"),
        ({**SHARES, "targets": ["a"]}, "", {}, "targets: a column for each class's share must be"),
        ({**LABELS, "scale_targets": "range"}, "", {}, "scale_targets: labels are no numbers to"),
        (LABELS, "", {"loss": LOSSES["shares"]}, "the data has labels, of which a row may have"),
        (SHARES, "", {"loss": LOSSES["labels"]}, "the data has the shares of classes; use 'cross"),
        (SHARES, "", LOG_LIKELIHOOD, "the data has the shares of classes; use 'cross_entropy'"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(
    task: dict[str, Any], row: str, tables: dict[str, Any], said: str
) -> None:
    head, *lines = Path("rows.csv").read_text().split("\n")
    Path("rows.csv").write_text("\n".join([head, *([row] if row else []), *lines]))
    with pytest.raises(ValidationError) as caught:
        of(task, **tables)
    assert said in str(caught.value)


def test_truth_values_are_labels() -> None:
    text = Path("rows.csv").read_text().replace(",1,0,", ",Yes,no,").replace(",0,1,", ",n,y,")
    Path("rows.csv").write_text(text.replace(",1,1,", ",yes,y,").replace(",0,0,", ",no,no,"))
    kinds = {"red": {"kind": "truth"}, "round": {"kind": "truth"}}
    spec = of({**LABELS, "columns": kinds})
    assert set(load(spec.data, 0).train.targets.ravel().tolist()) == {0.0, 1.0}
