"""Scikit-learn's sets are what this says they are, and cost nothing until they are drawn."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data import load
from engine.data.bundled import Bundled
from engine.randomness import generator
from tests.patience import DEADLINE

SETS = get_args(Bundled.model_fields["set"].annotation)


def bundled(name: str, **settings: object) -> Bundled:
    return Bundled.model_validate({"set": name, **settings})


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_what_scikit_learn_has(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    options = {"scaled": False} if name == "diabetes" else {}
    theirs = getattr(datasets, f"load_{name}")(**options)
    spec, part = bundled(name), bundled(name).draw(generator(0, "data"))
    assert part.inputs.shape == (spec.rows, len(spec.input_names))
    assert spec.input_names == list(theirs.feature_names)
    np.testing.assert_array_equal(part.inputs, theirs.data)
    if spec.class_count:
        assert spec.target_names == [str(label) for label in theirs.target_names]
        assert (part.targets.dtype, part.targets.max()) == (np.int64, spec.class_count - 1)
        np.testing.assert_array_equal(part.targets, theirs.target)
    else:
        np.testing.assert_array_equal(part.targets, theirs.target[:, None])


def test_diabetes_is_as_measured_and_not_scaled_over_its_test_rows() -> None:
    data = load(bundled("diabetes", split=[300, 142], scale_inputs="standard"), 0)
    np.testing.assert_allclose(data.train.inputs.mean(axis=0), 0, atol=1e-5)
    assert bundled("diabetes").draw(generator(0, "data")).inputs[0, 0] == 59


def test_nobody_can_change_what_others_see() -> None:
    part = bundled("iris").draw(generator(0, "data"))
    part.inputs[:], part.targets[:] = 0, 7
    again = bundled("iris").draw(generator(0, "data"))
    assert again.inputs.all()
    assert again.targets.max() == 2


def test_every_class_is_in_every_part_once_shuffled() -> None:
    data = load(bundled("iris", split=[90, 30, 30]), 0)
    assert data.dev is not None
    assert data.test is not None
    for part in (data.train, data.dev, data.test):
        assert set(part.targets.tolist()) == {0, 1, 2}


def test_without_scikit_learn_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ValidationError, match=r"kind: needs .*: pip install 'epochal\[data\]'"):
        bundled("digits")


MODULES = ["base", "bundled", "file", "function", "loading", "plane", "scaling", "sheet", "sum"]


def test_what_only_some_data_needs_is_not_imported() -> None:
    watched = ("torch", "sklearn", "pyarrow", "textual", "tui")
    modules = ["engine.data", *(f"engine.data.{name}" for name in [*MODULES, "table"])]
    # One after another in one process: where nothing has come in the end, nothing ever does.
    script = (
        "import sys; from importlib import import_module; from engine.data.bundled import Bundled\n"
        f"for name in {modules}:\n"
        "    import_module(name); Bundled(set='digits').target_names\n"
        f"    print(*(f'{{other}} with {{name}}' for other in {watched} if other in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=DEADLINE
    )
    assert done.stdout.split() == []
