"""Parquet: what pyarrow reads is what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from engine.exports.export import Export
from engine.exports.parquet_table import files
from engine.exports.writing import write_files
from engine.recording.history import History
from engine.results.history_table import PART_STEPS
from engine.runs.folder import RunFolder
from tests.populations import population
from tests.runs import header, rows


def written(history: History, folder: Path) -> Any:
    path = folder / "a.parquet"
    export = Export(folder=RunFolder(folder / "a-run"), history=history, path=path)
    [there] = write_files([*files(export)], path, force=False)
    return pyarrow.parquet.ParquetFile(there)


def test_what_was_not_measured_is_null_and_nan_is_nan(tmp_path: Path) -> None:
    history = History([header(), rows(1, [0.5, np.nan, 0.25]), rows(2, [1.0], "dev")])
    table = written(history, tmp_path).read()
    assert table["step"].to_pylist() == [1, 2, 3]
    assert table["train/loss"].null_count == 0
    assert np.isnan(table["train/loss"].to_pylist()[1])
    assert table["dev/loss"].to_pylist() == [None, 1.0, None]
    assert str(table.schema.field("train/loss").type) == "float"


def test_all_parts_are_there_in_their_order(tmp_path: Path) -> None:
    steps = PART_STEPS * 2 + 1
    history = History([header(), rows(1, np.arange(steps).tolist())])
    file = written(history, tmp_path)
    assert file.num_row_groups == 3
    assert file.read()["train/loss"].to_pylist() == [*range(steps)]


def test_settings_and_result_of_every_member_are_its_metadata(tmp_path: Path) -> None:
    file = written(population(members=3, steps=4), tmp_path)
    about = json.loads(file.schema_arrow.metadata[b"epochal"])
    assert [each["train.seed"] for each in about] == [102, 103, 104]
    assert file.read()["member"].to_pylist() == [1, 2, 3] * 4


@pytest.mark.parametrize("member", [1, 2, 3])
def test_each_member_has_its_own_numbers(tmp_path: Path, member: int) -> None:
    history = population(members=3, steps=4)
    table = written(history, tmp_path).read()
    there = table.filter(pyarrow.compute.equal(table["member"], member))["train/loss"]
    np.testing.assert_array_equal(
        there.to_numpy(), history.series["train"].column("loss", member - 1)
    )
