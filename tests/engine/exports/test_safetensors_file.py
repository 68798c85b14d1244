"""Safetensors: what stands in the file is enough to ask the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import nn

from tests.engine.exports.asked import (
    FILES,
    PEOPLE,
    SPECS,
    assert_agree,
    rows_for,
    trained,
    written,
)


def encoded(column: dict[str, Any], fill: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Encode a column as the metadata says it is."""
    gaps = codes.isnan()
    codes = torch.where(gaps, fill, codes)
    if "values" not in column:
        return torch.stack([codes, gaps] if "indicator" in column else [codes], dim=1)
    places = [codes == place for place in range(len(column["values"]) + column.get("rest", False))]
    own = [gaps] if column.get("missing") == "own" else []
    return torch.stack([*places, *own], dim=1).double()


def rebuilt(path: Path, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answer rows by what stands in the file alone."""
    with safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["epochal"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert about["arrays"].keys() == arrays.keys()
    pairs = zip(about["columns"], arrays["columns.fill"], torch.from_numpy(rows).T, strict=True)
    features = torch.cat([encoded(*each) for each in pairs], dim=1)
    assert features.shape[1] == len(about["feature_names"])
    flowing = (features - arrays["input.shift"]) / arrays["input.scale"]
    dtype = next(value.dtype for name, value in arrays.items() if name.startswith("layer"))
    network = nn.Sequential()
    for each in about["layers"]:
        module = getattr(nn, each["module"])(*each["arguments"], **each["keywords"])
        begin = f"{each['arrays']}."
        state = {
            n.removeprefix(begin): v
            for n, v in arrays.items()
            if n.rpartition(".")[0] + "." == begin
        }
        module.load_state_dict({**module.state_dict(), **state})
        network.append(module)
    with torch.no_grad():
        said = network.to(dtype).eval()(flowing.to(dtype)).double()
    if "target.scale" in arrays:
        said = said * arrays["target.scale"] + arrays["target.shift"]
    return said.numpy()


@pytest.mark.parametrize("name", [name for name in SPECS if name != "features"])
def test_the_file_alone_answers_as_predict_does(tmp_path: Path, name: str) -> None:
    run = trained(name)
    [path] = written(run, "safetensors", tmp_path)
    rows = rows_for(run)
    assert_agree(rebuilt(path, rows), run.predict(rows))


@pytest.mark.parametrize("name", FILES)
def test_the_file_alone_answers_of_typed_cells(tmp_path: Path, name: str) -> None:
    run = trained(name)
    [path] = written(run, "safetensors", tmp_path)
    codes = run.preprocessing.codes(PEOPLE)
    assert_agree(rebuilt(path, codes), run.predict(PEOPLE))


def test_its_metadata_says_what_goes_in(tmp_path: Path) -> None:
    run: Any = trained("features")
    with safe_open(written(run, "safetensors", tmp_path)[0], "np") as file:
        about = json.loads(file.metadata()["epochal"])
    assert [each["name"] for each in about["columns"]] == ["x", "y"]
    assert about["features"] == SPECS["features"].data.features
