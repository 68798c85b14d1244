"""ONNX: a network that takes a row as it comes, an input a column, in standard operators alone.

    age  DOUBLE [rows, 1] ─┐ filled, one-hot,               ┌─► prediction [rows, targets]; or
    job  STRING [rows, 1] ─┴─ scaled ─► the network ────────┴─► class [rows] and
    NaN and "" where there is none      in float32              probabilities [rows, classes]

A picture is one input, ``picture`` [rows, channels, height, width].

A row of which nothing can be said, for want of a value that nothing stands for, gets NaN and no
class. What a column is, and of what run it is, stands as JSON in the metadata ``epochal``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from ..components.expressions import CONSTANTS
from ..data.features import Features
from ..data.preprocessing import Preprocessing, RawColumn
from ..errors import RequestError
from ..results.run import LoadedRun
from ..text.safe import plain
from .answers import Answer, about, answer_of
from .export import Export, ExportFile
from .onnx_graph import Graph, Value, functions, joined
from .onnx_layers import layer


def files(export: Export) -> Iterator[ExportFile]:
    """Yield the one file.

    Raises:
        RequestError: The network is code of one's own, of which nobody knows the operators.
    """
    run = export.run
    if run.is_own:
        raise RequestError(
            f"{plain(run.header.run)}: its network is code of its own, which has no operators of "
            "ONNX; --to torch exports it"
        )
    yield ExportFile(export.path, partial(_write, run))


def _write(run: LoadedRun, file: BinaryIO) -> None:
    graph = Graph([column.name for column in run.preprocessing.columns])
    seen = seen_of(graph, run.preprocessing, run.header.row_shape).cast("FLOAT")
    value = seen
    for module in run.module(raw=False).children():
        value = layer(graph, value, module)
    gaps = graph.add("IsNaN", seen).cast("FLOAT").summed()
    unsaid = graph.add("Greater", gaps, graph.constant(np.float32(0)))
    _answer(graph, run, value.cast("DOUBLE"), unsaid)
    told = json.dumps(about(run))
    file.write(graph.model(run.header.run, {"epochal": told}))


def seen_of(graph: Graph, preprocessing: Preprocessing, picture: Sequence[int] = ()) -> Value:
    """Return what the network sees of columns that go in: [rows, features] in float64.

    Args:
        graph: Where it is added.
        preprocessing: What makes features of the columns.
        picture: The shape of a picture whose numbers they are; empty where they are none.
    """
    if picture and preprocessing.is_plain:
        features = graph.add("Flatten", graph.input("picture", "DOUBLE", *picture), axis=1)
    else:
        encoded = [_encoded(graph, column) for column in preprocessing.columns]
        features = joined(graph, [*itertools.chain(*encoded)])
    if preprocessing.computed is not None:
        features = _computed(graph, preprocessing.computed, features)
    scaling = preprocessing.scaling
    if scaling.changes_nothing:
        return features
    return (features - graph.constant(scaling.shift)) / graph.constant(scaling.scale)


def _computed(graph: Graph, expressions: Features, inputs: Value) -> Value:
    """Return expressions of what the columns give, [rows, features]."""
    named: dict[str, Any] = {
        name: graph.add("Gather", inputs, graph.constant([place]), axis=1)
        for name, place in expressions.places.items()
    }
    known = {name: graph.constant(np.float64(value)) for name, value in CONSTANTS.items()}
    around = {**functions(), **known, **named}
    values = (
        each.among(around, lambda number: graph.constant(np.float64(number)))
        for each in expressions.expressions
    )
    # An expression may be a number, the same for every row.
    shape = graph.add("Shape", next(iter(named.values())))
    return joined(graph, [graph.add("Expand", each, shape) for each in values])


def _encoded(graph: Graph, column: RawColumn) -> list[Value]:
    """Return the features of a column, [rows, 1] or [rows, values] each."""
    if column.kind == "category":
        return [_one_hot(graph, column)]
    cells = graph.input(column.name, "DOUBLE", 1)
    gaps = graph.add("IsNaN", cells)
    filled = cells
    if column.fill is not None:
        filled = graph.add("Where", gaps, graph.constant(np.float64(column.fill)), cells)
    return [filled, *([gaps.cast("DOUBLE")] if column.indicator else [])]


def _one_hot(graph: Graph, column: RawColumn) -> Value:
    """Return 1 for a row's value of a category and 0 for all others, [rows, features]."""
    cells = graph.input(column.name, "STRING", 1)
    hits = _is(graph, cells, column.values)
    gaps = _is(graph, cells, [""])
    if column.fill is not None:
        # What is most common may be any value that has no feature of its own.
        filled = [[place == column.fill for place in range(len(column.values))]]
        hits += gaps * graph.constant(np.array(filled, np.float64))
    parts = [hits]
    if column.rest:
        others = 1.0 - hits.summed()
        parts.append(others if column.fill is not None else others - gaps)
    parts += [gaps] if column.missing == "own" else []
    whole = joined(graph, parts)
    # A text that stands for nothing is no row of zeros: 0 / 0 is NaN.
    return whole / whole.summed()


def _is(graph: Graph, cells: Value, texts: Any) -> Value:
    """Return 1 where a text is one of these and 0 where not, [rows, texts]."""
    return graph.add("Equal", cells, graph.constant(np.array([[*texts]], object))).cast("DOUBLE")


def _answer(graph: Graph, run: LoadedRun, outputs: Value, unsaid: Value) -> None:
    """Give out what a network says, and nothing of rows [rows, 1] of which it says nothing."""
    answer, targets = answer_of(run.header), run.scaling.targets
    if answer.targets == "classes":
        _class(graph, answer, outputs, unsaid)
    name, shown = "prediction", outputs
    if answer.is_probability:
        name, shown = "probabilities", _probabilities(graph, answer, outputs)
    elif answer.is_pair:
        name = "score"
    elif targets is not None and not targets.changes_nothing:
        shown = outputs * graph.constant(targets.scale) + graph.constant(targets.shift)
    answered = graph.add("Where", unsaid, graph.constant(np.float64(np.nan)), shown)
    graph.output(name, answered, "DOUBLE", 1 if name == "score" else len(answer.names))


def _probabilities(graph: Graph, answer: Answer, outputs: Value) -> Value:
    """Return outputs as probabilities, [rows, classes or labels]."""
    match answer.link:
        case "softmax":
            outputs = graph.add("Softmax", outputs, axis=1)
        case "sigmoid":
            outputs = graph.add("Sigmoid", outputs)
    return joined(graph, [1.0 - outputs, outputs]) if answer.is_pair else outputs


def _class(graph: Graph, answer: Answer, outputs: Value, unsaid: Value) -> None:
    """Give out the name of the class that a network says, ``class`` [rows]."""
    if answer.is_pair:
        bound = graph.constant(np.float64(answer.threshold))
        place = graph.add("Greater", outputs, bound).cast("INT64")
    else:
        place = graph.add("ArgMax", outputs, axis=1, keepdims=1)
    name = graph.add("Gather", graph.constant(np.array(answer.names, object)), place)
    answered = graph.add("Where", unsaid, graph.constant(np.array("", object)), name)
    graph.output("class", graph.add("Squeeze", answered, graph.constant([1])), "STRING")
