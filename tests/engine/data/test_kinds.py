"""Every kind of data is whole: it draws what it promises, and its program draws the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from engine.components.expressions import Expression
from engine.data import KINDS, Data, DataBase, anchored, load
from engine.data.function import Function
from engine.data.plane import Moons, PlaneBase, Xor
from engine.data.plane_boundary import Boundary
from engine.data.sum import Sum
from engine.experiment.experiment import Experiment
from engine.randomness import Purpose, generator
from tui.drawing.setup.preview import draw_preview
from tui.drawing.setup.preview_data import gather_preview
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK

TABLES: dict[str, dict[str, Any]] = {
    "moons": {"samples": 33, "split": [20, 6, 7]},
    "circles": {"samples": 33, "factor": 0.25},
    "spirals": {"samples": 33},
    "xor": {"samples": 33},
    "boundary": {"samples": 33, "formula": "x**2 - tau / 10", "domain": [-1.5, 1.0]},
    "function": {"points": 33, "targets": ["x * exp(x)", "2"], "noise": 0.1},
    "table": {"inputs": [[0.5, 1], [2, 3]], "targets": [0, 1]},
    "sum": {"terms": 3},
    "file": {"path": "points.csv", "task": "classes"},
    "sklearn": {"set": "iris"},
    "pictures": {"path": "pictures.npz"},
}


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "points.csv").write_text("a,b,sort\n1,2,x\n3,4.5,y\n5,6,x\n", "utf-8")
    pixels = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)
    np.savez(tmp_path / "pictures.npz", images=pixels, labels=np.array([3, 7, 3, 3, 7, 3]))
    monkeypatch.chdir(tmp_path)


def of(kind: str) -> DataBase:
    data: DataBase = TypeAdapter(Data).validate_python({"kind": kind, **TABLES[kind]})
    return data


def drawn(data: DataBase, rows: int = 7) -> tuple[np.ndarray, np.ndarray]:
    purpose: Purpose = "fresh" if data.fresh else "data"
    rng = generator(5, purpose)
    examples = data.draw_fresh(rng, rows) if data.fresh else data.draw(rng)
    return examples.inputs, examples.targets


def test_every_kind_is_tried() -> None:
    assert [*TABLES] == [*KINDS]


@pytest.mark.parametrize("kind", TABLES)
class TestEveryKind:
    def test_is_told_by_its_name_and_says_what_it_is(self, kind: str) -> None:
        assert type(of(kind)) is KINDS[kind]
        assert KINDS[kind].__doc__

    def test_draws_as_many_rows_and_columns_as_it_promises(self, kind: str) -> None:
        data = of(kind)
        inputs, targets = drawn(data)
        assert inputs.shape == (7 if data.fresh else data.rows, len(data.input_names))
        if data.class_count:
            assert (targets.dtype, targets.shape) == (np.int64, (len(inputs),))
            assert data.class_count == len(data.target_names) > targets.max()
        else:
            assert targets.shape == (len(inputs), len(data.target_names))

    def test_its_program_draws_the_same_numbers(self, kind: str) -> None:
        data = of(kind)
        space: dict[str, Any] = {"np": np, "DATA": "data", "stream": lambda purpose: None}
        exec(data.program(), space)
        rng = generator(5, "fresh" if data.fresh else "data")
        if data.fresh:
            inputs, targets = space["draw_rows"](rng, 7)
        else:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(np.random, "default_rng", lambda seed: rng)
                inputs, targets = space["draw_data"]()
        expected_inputs, expected = drawn(data)
        np.testing.assert_array_equal(inputs, expected_inputs)
        np.testing.assert_array_equal(np.reshape(targets, expected.shape), expected)

    def test_is_loaded_and_looked_at_before_any_training(self, kind: str) -> None:
        data = of(kind)
        assert len(load(data, 3).train) == data.sizes[0]
        experiment = Experiment.model_construct(data=data, train=Experiment().train)
        preview = gather_preview(experiment)
        assert (preview.curves is not None) == isinstance(data, Function)
        lines = draw_preview(preview, 60, 16, Look(ASCII, DARK))
        assert len(lines) == 16
        assert sum(bool(line.plain.strip()) for line in lines) > 3

    def test_no_more_rows_than_wanted_look_the_same(self, kind: str) -> None:
        data = of(kind)
        few = data.at_most(10)
        assert few.rows in (10, data.rows)
        assert (few.input_names, few.target_names) == (data.input_names, data.target_names)
        assert data.at_most(1000).rows == data.rows


PARTS = ("shape", "draw", "program", "place")
PLANE = ("doc", "reach", "points", "source")


@pytest.mark.parametrize("left_out", PARTS)
def test_a_kind_that_leaves_out_a_part_fails_where_it_is_defined(left_out: str) -> None:
    said = {"__annotations__": {"kind": Literal["mine"]}, "kind": "mine", "__module__": __name__}
    whole = {part: Function.__dict__[part] for part in PARTS}
    assert type("Mine", (DataBase,), said | whole)
    del whole[left_out]
    with pytest.raises(TypeError, match=f"Mine lacks {left_out}$"):
        type("Mine", (DataBase,), said | whole)


@pytest.mark.parametrize("left_out", ["kind", "doc", "reach", "points", "source"])
def test_a_shape_of_the_plane_says_what_it_is_drawn_of(left_out: str) -> None:
    parts = {name: part for name, part in vars(Xor).items() if name in PLANE and name != left_out}
    kinds = {"kind": Literal["mine"]} if left_out != "kind" else {}
    said = {"__annotations__": kinds, "__module__": __name__, **parts}
    with pytest.raises(TypeError, match=f"Mine lacks {left_out}$"):
        type("Mine", (PlaneBase,), said | ({"kind": "mine"} if kinds else {}))


def test_only_the_paths_of_a_kind_are_anchored(tmp_path: Path) -> None:
    path = str(tmp_path / "a.csv")
    assert anchored({"kind": "file", "path": "a.csv"}, tmp_path) == {"kind": "file", "path": path}
    for table in ({"kind": "moons", "path": "a.csv"}, {"kind": "file", "path": 3}, {"kind": []}):
        assert anchored(table, tmp_path) == table


class TestBoundary:
    def test_points_are_told_apart_by_the_formula_before_the_noise_moves_them(self) -> None:
        given = {"formula": "sin(2 * x)", "domain": [-2.0, 3.0], "samples": 5000}
        still = Boundary(**given, noise=0.0)
        inputs, targets = drawn(still)
        x, y = inputs.T
        np.testing.assert_array_equal(targets, y > Expression("sin(2 * x)")(x))
        assert inputs.min() >= -2
        assert inputs.max() <= 3
        moved, labels = drawn(Boundary(**given, noise=0.2))
        np.testing.assert_array_equal(labels, targets)
        assert (moved - inputs).std() == pytest.approx(0.2, rel=0.03)
        assert still.extent == (-3.25, 4.25)

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"formula": "log(x)"}, r"formula: 'log\(x\)' is nan at x = -1; change it"),
            ({"formula": "x + 5"}, "formula: 'x \\+ 5' lies above every point of the square"),
            ({"formula": "x**2 - 4"}, "lies below every point of the square from -1 to 1"),
            ({"formula": "import os"}, "is no expression of x"),
            ({"domain": [1.0, 1.0]}, "domain: must rise"),
        ],
    )
    def test_a_formula_that_parts_nothing_is_refused(
        self, settings: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValidationError, match=message):
            Boundary.model_validate(settings)


def test_pictures_of_shapes_go_as_far_as_the_shapes_do() -> None:
    assert Moons().extent == (-np.pi, np.pi)
    assert Sum().extent is None
