"""The program for PyTorch answers rows as they come, in a process that knows nothing of epochal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import RequestError
from engine.results.run import LoadedRun, of_folder
from tests.engine.exports.asked import (
    FILES,
    PEOPLE,
    SPECS,
    answer,
    assert_agree,
    rows_for,
    trained,
    written,
)
from tests.experiments import MINIBATCHES, experiment
from tests.trained import recorded


# What goes in and comes out is tried for every kind of network without this, which takes its time.
@pytest.mark.parametrize("name", ["numbers, scaled", "logits, batch norm, dropout", "features"])
def test_it_answers_as_predict_does(tmp_path: Path, name: str) -> None:
    run = trained(name)
    path, beside = written(run, "torch", tmp_path)
    inner = {"epochal.json": ""}
    program = torch.export.load(path, extra_files=inner).module()
    rows = rows_for(run)
    assert_agree(program(torch.from_numpy(rows)).numpy(), answer(run, rows))
    alone = program(torch.from_numpy(rows[:1])).numpy()
    np.testing.assert_allclose(alone, answer(run, rows[:1]), rtol=1e-5)
    told = json.loads(beside.read_text())
    assert told == json.loads(inner["epochal.json"])
    assert [column["name"] for column in told["columns"]] == run.header.row_names
    assert told["names"] == run.header.target_names


def test_codes_are_answered_as_cells_are_by_predict(tmp_path: Path) -> None:
    run = trained("people, classes")
    path, beside = written(run, "torch", tmp_path)
    job, town = (each for each in json.loads(beside.read_text())["columns"] if "values" in each)
    cells = dict(PEOPLE)
    for column in (job, town):
        codes = {value: place for place, value in enumerate(column["values"])} | {"": np.nan}
        cells[column["name"]] = [
            codes.get(c, len(column["values"])) for c in PEOPLE[column["name"]]
        ]
    program = torch.export.load(path).module()
    said = program(torch.tensor([*cells.values()], dtype=torch.float64).T)
    assert_agree(said.numpy(), answer(run, PEOPLE))


@pytest.mark.parametrize("name", FILES)
def test_the_module_takes_codes(name: str) -> None:
    run = trained(name)
    codes = torch.from_numpy(run.preprocessing.codes(PEOPLE))
    with torch.no_grad():
        assert_agree(run.module()(codes).double().numpy(), run.predict(PEOPLE))


@pytest.mark.parametrize("name", SPECS)
def test_the_module_answers_as_predict_does(name: str) -> None:
    run = trained(name)
    rows, dtype = rows_for(run), torch.float64 if run.is_double else torch.float32
    module = run.module()
    # A network with nothing in front takes its own numbers, as any network of PyTorch does.
    bare = not hasattr(module, "columns")
    with torch.no_grad():
        said = module(torch.from_numpy(rows).to(dtype if bare else torch.float64))
    assert_agree(said.double().numpy(), run.predict(rows))


NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, picky: bool = False):
        super().__init__()
        self.picky = picky
        self.first, self.second = nn.Conv2d(1, 2, (1, 2)), nn.Linear(2, 2)

    def forward(self, rows):
        if self.picky and rows.sum() > 1e9:
            rows = rows * 2
        return self.second(self.first(rows).flatten(1).relu())
"""


def own_run(folder: Path, **arguments: Any) -> LoadedRun:
    (folder / "net.py").write_text(NET)
    module = f"{folder / 'net.py'}:Net"
    shape = {"input_shape": [1, 1, 2], "arguments": arguments}
    tables = {**MINIBATCHES, "model": {"kind": "python", "module": module, **shape}}
    spec = experiment(tables, data={"scale_inputs": "standard"}, train={"epochs": 3})
    return of_folder(recorded(spec, folder / "a-run")[0], allow_code=True)


def test_a_network_of_one_s_own_goes_out_as_a_program(tmp_path: Path) -> None:
    run = own_run(tmp_path)
    rows = rows_for(run)[:-1]
    program = torch.export.load(written(run, "torch", tmp_path)[0]).module()
    assert_agree(program(torch.from_numpy(rows)).numpy(), answer(run, rows))
    with torch.no_grad():
        assert_agree(run.module()(torch.from_numpy(rows)).double().numpy(), run.predict(rows))


def test_what_of_one_s_own_has_no_such_form_is_refused_by_name(tmp_path: Path) -> None:
    run = own_run(tmp_path, picky=True)
    with pytest.raises(RequestError, match="a-run: its network cannot be exported by torch"):
        written(run, "torch", tmp_path)
    with pytest.raises(RequestError, match="a-run: its network is code of its own"):
        written(run, "onnx", tmp_path)
    assert [*tmp_path.glob("a.*")] == []
