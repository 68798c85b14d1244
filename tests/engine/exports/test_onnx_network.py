"""The network in ONNX answers a row as it comes, by onnxruntime."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas
import pytest
import torch
from torch import nn

from engine import load_run
from engine.components.activations import ACTIVATIONS
from engine.components.expressions import FUNCTIONS
from engine.data.preprocessing import Preprocessing, RawColumn
from engine.data.scaling import ColumnScaling
from engine.errors import RequestError
from engine.exports.onnx_graph import Graph, functions
from engine.exports.onnx_layers import EMITTED, layer
from engine.exports.onnx_network import seen_of
from engine.results.asked_rows import rows_of_set
from engine.results.predict import answers
from engine.results.run import of_folder
from engine.runs.folder import RunFolder
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
from tests.experiments import MOONS, experiment
from tests.trained import recorded


def session(body: bytes) -> Any:
    onnx.checker.check_model(body, full_check=True)
    return onnxruntime.InferenceSession(body, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", FILES)
def test_typed_cells_are_answered_as_by_predict(tmp_path: Path, name: str) -> None:
    """Of a category unseen, of a number missing, of a date in its parts."""
    run = trained(name)
    asked = session(written(run, "onnx", tmp_path)[0].read_bytes())
    texts = {each.name for each in asked.get_inputs() if each.type == "tensor(string)"}
    assert texts == {"job", "town"}
    cells = {
        each: np.array(column, object if each in texts else np.float64)[:, None]
        for each, column in PEOPLE.items()
    }
    said = dict(
        zip([each.name for each in asked.get_outputs()], asked.run(None, cells), strict=True)
    )
    wanted = answer(run, PEOPLE)
    if "prediction" in said:
        assert_agree(said["prediction"], wanted)
    else:
        assert_agree(said["probabilities"], wanted)
    if "class" in said:
        assert [*said["class"]] == [
            run.header.target_names[place] for place in wanted.argmax(axis=1)
        ]


def test_the_program_of_the_readme_asks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("people, classes")
    written(run, "onnx", tmp_path)[0].rename(tmp_path / "people.onnx")
    pandas.DataFrame(PEOPLE).to_csv(tmp_path / "new.csv", index=False)
    monkeypatch.chdir(tmp_path)
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    program = re.search(r"without epochal:\n\n```python\n(.*?)```", readme, re.DOTALL)
    assert program is not None
    names: dict[str, Any] = {}
    exec(program[1], names)
    assert_agree(names["answers"][1], answer(run, PEOPLE))


@pytest.mark.parametrize("name", SPECS)
def test_it_answers_as_predict_does(tmp_path: Path, name: str) -> None:
    run = trained(name)
    [path] = written(run, "onnx", tmp_path)
    asked, rows = session(path.read_bytes()), rows_for(run)
    columns = {each: rows[:, [place]] for place, each in enumerate(run.header.row_names)}
    if shape := run.header.row_shape:
        columns = {"picture": rows.reshape(-1, *shape)}
    said = dict(
        zip([each.name for each in asked.get_outputs()], asked.run(None, columns), strict=True)
    )
    wanted = answer(run, rows)
    if "prediction" in said:
        assert_agree(said["prediction"], wanted)
        return
    assert_agree(said["probabilities"], wanted)
    two = np.sort(np.nan_to_num(wanted), axis=1)[:, -2:]
    clear = two[:, 1] - two[:, 0] > 1e-4
    assert clear.sum() > 30
    names = np.array(run.header.target_names, object)
    np.testing.assert_array_equal(said["class"][clear], names[wanted[clear].argmax(axis=1)])
    assert said["class"][-1] == ""


def test_a_recording_of_the_first_format_goes_out(tmp_path: Path) -> None:
    recording = Path(__file__).parents[2] / "recordings" / "format-1.jsonl"
    run = of_folder(RunFolder(recording))
    asked = session(written(run, "onnx", tmp_path)[0].read_bytes())
    rows = np.random.default_rng(0).normal(size=(9, 2))
    columns = {each.name: rows[:, [at]] for at, each in enumerate(asked.get_inputs())}
    said = asked.run(["probabilities"], columns)[0]
    assert_agree(said[:, 1:], run.predict(rows))


def test_its_metadata_says_what_it_is(tmp_path: Path) -> None:
    run = trained("numbers, scaled")
    model = onnx.load(written(run, "onnx", tmp_path)[0])
    about = json.loads({each.key: each.value for each in model.metadata_props}["epochal"])
    assert about["weights"] == run.kept.words()
    assert {each.domain for each in model.opset_import} == {""}


def test_columns_may_be_called_as_anything_in_the_graph_is() -> None:
    names = ["prediction", "constant 0", "IsNaN 0", "/a\\"]
    columns = (RawColumn(name=name, missing="mean", fill=1.0) for name in names)
    graph = Graph(names)
    seen = seen_of(graph, Preprocessing(tuple(columns), ColumnScaling.nothing(1)))
    graph.output("prediction", seen, "DOUBLE", len(names))
    asked = session(graph.model("a", {}))
    assert [each.name for each in asked.get_inputs()] == names
    assert [each.name for each in asked.get_outputs()] == ["prediction_"]
    cells = {name: np.array([[float(place)], [np.nan]]) for place, name in enumerate(names)}
    np.testing.assert_array_equal(asked.run(None, cells)[0], [[0, 1, 2, 3], [1, 1, 1, 1]])


MODULES: dict[str, tuple[list[nn.Module], tuple[int, ...]]] = {
    **{
        each.module: ([getattr(nn, each.module)(**each.arguments)], (7,))
        for each in ACTIVATIONS.values()
    },
    "BatchNorm1d": ([nn.BatchNorm1d(7)], (7,)),
    "LayerNorm": ([nn.LayerNorm(7)], (7,)),
    "Linear": ([nn.Linear(7, 3)], (7,)),
    "Dropout": ([nn.Dropout(0.5)], (7,)),
    "Conv2d": ([nn.Conv2d(2, 3, 3, stride=2, padding=1)], (2, 5, 6)),
    "MaxPool2d": ([nn.MaxPool2d(2)], (2, 5, 6)),
    "AvgPool2d": ([nn.AvgPool2d(3, stride=1, padding=1)], (2, 5, 6)),
    "Flatten": ([nn.Flatten()], (2, 5, 6)),
    "Unflatten": ([nn.Unflatten(1, (2, 5, 6))], (60,)),
    "BatchNorm2d": ([nn.BatchNorm2d(2)], (2, 5, 6)),
    "GroupNorm": ([nn.GroupNorm(1, 2)], (2, 5, 6)),
}


def test_there_is_an_operator_for_every_module_that_a_preset_can_have() -> None:
    assert MODULES.keys() == EMITTED.keys()
    graph = Graph()
    with pytest.raises(RequestError, match=r"no operator for nn\.Bilinear"):
        layer(graph, graph.input("x", "FLOAT", 2), nn.Bilinear(2, 2, 2))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_computes_what_pytorch_does(name: str) -> None:
    [module], shape = MODULES[name]
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    for figures in module.buffers():
        if figures.is_floating_point():
            nn.init.uniform_(figures, 0.5, 2)
    inputs = torch.randn(4, *shape) * 4
    graph = Graph()
    value = graph.input("x", "FLOAT", *shape)
    with torch.no_grad():
        wanted = module.eval()(inputs).numpy()
    graph.output("y", layer(graph, value, module), "FLOAT", *wanted.shape[1:])
    [said] = session(graph.model("a", {})).run(None, {"x": inputs.numpy()})
    np.testing.assert_allclose(said, wanted, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_an_expression_is_there(name: str) -> None:
    graph = Graph()
    value = graph.input("x", "DOUBLE", 1)
    graph.output("y", functions()[name](value), "DOUBLE", 1)
    inputs = np.linspace(0.05, 0.95, 9)[:, None]
    [said] = session(graph.model("a", {})).run(None, {"x": inputs})
    np.testing.assert_allclose(said, FUNCTIONS[name](inputs), rtol=1e-6)


def test_a_margin_is_a_class_by_its_side(tmp_path: Path) -> None:
    model = {"hidden": [5], "activation": "tanh", "output_activation": "identity"}
    spec = experiment({**MOONS, "model": model, "loss": {"name": "hinge"}}, train={"epochs": 60})
    folder, _ = recorded(spec, tmp_path / "run")
    run = load_run(folder.path)
    asked = session(written(run, "onnx", tmp_path)[0].read_bytes())
    told = answers(run, rows_of_set(run, "train"))
    cells = {name: told.rows.inputs[:, [place]] for place, name in enumerate("xy")}
    names = [each.name for each in asked.get_outputs()]
    said = dict(zip(names, asked.run(None, cells), strict=True))
    assert told.classes is not None
    assert {*told.classes.tolist()} == {0, 1}
    np.testing.assert_array_equal(said["class"], told.classes.astype(str))
    np.testing.assert_allclose(said["score"], told.outputs, atol=1e-5)
    assert told.figure == ("accuracy", pytest.approx(run.result["train_accuracy"]))
