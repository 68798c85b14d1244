"""Columns of every kind go into an exported network as ``Preprocessing`` has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from engine.data.features import Features
from engine.data.preprocessing import Preprocessing, RawColumn
from engine.data.scaling import ColumnScaling
from engine.exports.onnx_graph import Graph
from engine.exports.onnx_network import seen_of
from engine.network.raw_network import FromColumns

JOBS = ("clerk", "nurse", "'=a\",ß")
COLUMNS = {
    "number": RawColumn(name="age"),
    "filled number": RawColumn(name="age", missing="median", indicator="age missing", fill=41.5),
    "truth": RawColumn(name="smoker", kind="truth", missing="most-common", fill=1.0),
    "category": RawColumn(name="job", kind="category", values=JOBS),
    "rest": RawColumn(name="job", kind="category", values=JOBS, rest=True),
    "own": RawColumn(name="job", kind="category", values=JOBS, missing="own"),
    "rest and own": RawColumn(name="job", kind="category", values=JOBS, missing="own", rest=True),
    "filled": RawColumn(
        name="job", kind="category", values=JOBS, missing="most-common", fill=1.0, rest=True
    ),
    "filled by the rest": RawColumn(
        name="job", kind="category", values=JOBS, missing="most-common", fill=3.0, rest=True
    ),
}
"""A column of each kind, beside which a number stands."""


def cells_of(column: RawColumn) -> Any:
    """Cells that can be had: values, others where there is a rest, and none where one may lack."""
    if column.kind == "number":
        return np.array([3.0, np.nan, 1e9 + 0.5, -7.25])
    may_lack = column.missing != "refuse"
    if column.kind == "truth":
        return np.array([1.0, 0.0, np.nan if may_lack else 1.0, 0.0])
    others = ["", "plumber"] if may_lack and column.rest else [""] if may_lack else []
    return np.array([*JOBS, *others, *(["Nurse"] if column.rest else [])], object)


def preprocessing(column: RawColumn, **changes: Any) -> Preprocessing:
    columns = (column, RawColumn(name="year"))
    made = Preprocessing(columns, ColumnScaling.nothing(1), **changes)
    features = len(made.given_names if made.computed is None else made.computed.texts)
    scale = ColumnScaling(np.linspace(1990, 1991, features), np.linspace(3, 4, features))
    return made.with_scaling(scale.only(made.numeric))


def by_torch(made: Preprocessing, codes: Any) -> Any:
    return FromColumns(made, torch.float32)(torch.from_numpy(codes)).numpy()


def by_onnx(made: Preprocessing, columns: dict[str, Any]) -> Any:
    graph = Graph()
    seen = seen_of(graph, made).cast("FLOAT")
    graph.output("seen", seen, "FLOAT", len(made.scaling.shift))
    session = onnxruntime.InferenceSession(graph.model("a", {}))
    return session.run(None, {name: cells[:, None] for name, cells in columns.items()})[0]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_seen_as_it_was_in_training(name: str) -> None:
    column = COLUMNS[name]
    made, cells = preprocessing(column), cells_of(column)
    columns = {column.name: cells, "year": np.linspace(1990, 2030, len(cells))}
    codes = made.codes(columns)
    wanted = made.scaled(codes)
    np.testing.assert_array_equal(by_torch(made, codes), wanted)
    np.testing.assert_array_equal(by_onnx(made, columns), wanted)


@pytest.mark.parametrize("cell", ["", "plumber"])
def test_a_text_that_stands_for_nothing_is_answered_with_nan(cell: str) -> None:
    """``predict`` refuses it, which neither a graph nor a program can."""
    made = preprocessing(COLUMNS["category"])
    columns = {"job": np.array(["nurse", cell], object), "year": np.array([2000.0, 2001.0])}
    assert np.isnan(by_onnx(made, columns)[1, :3]).all()
    codes = np.array([[1.0, 2000.0], [np.nan if cell == "" else 3.0, 2001.0]])
    seen = by_torch(made, codes)
    assert np.isnan(seen[1, :3]).all()
    np.testing.assert_array_equal(seen[0], made.scaled(codes)[0])


def test_what_is_computed_is_computed_of_what_the_columns_give() -> None:
    given = Preprocessing((COLUMNS["truth"], RawColumn(name="year")), ColumnScaling.nothing(1))
    features = Features(("smoker * year", "year**2 / 1e6"), tuple(given.given_names))
    made = preprocessing(COLUMNS["truth"], computed=features)
    columns = {"smoker": cells_of(COLUMNS["truth"]), "year": np.linspace(1990, 2030, 4)}
    codes = made.codes(columns)
    wanted = made.scaled(codes)
    np.testing.assert_allclose(by_torch(made, codes), wanted, rtol=1e-6)
    np.testing.assert_allclose(by_onnx(made, columns), wanted, rtol=1e-6)


def test_a_wide_table_is_no_larger_a_program() -> None:
    """Each operation more for each column would take torch minutes to export some hundreds."""

    def operations(count: int) -> int:
        columns = tuple(RawColumn(name=f"c{at}", missing="mean", fill=1.0) for at in range(count))
        made = Preprocessing(columns, ColumnScaling.nothing(1))
        return len(torch.fx.symbolic_trace(FromColumns(made, torch.float32)).graph.nodes)

    assert operations(40) == operations(2)
