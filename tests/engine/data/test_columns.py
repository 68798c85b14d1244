"""Columns of a file: categories, truth values, dates, missing cells, and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data import load
from engine.data.column_kinds import ColumnBase, NumberColumn
from engine.data.file import File
from engine.data.preprocessing import Preprocessing, RawColumn
from engine.data.scaling import ColumnScaling
from engine.errors import DataError, RequestError
from engine.randomness import generator

PEOPLE = """age,job,smoker,joined,pay
20,nurse,yes,2024-02-29,1
30,clerk,no,2024-03-01,2
,cook,no,2024-03-02,3
50,,N,1970-01-01,4
60,clerk,Y,2024-03-04,5
"""

COLUMNS: dict[str, Any] = {
    "age": {"missing": "median", "indicator": True},
    "job": {"kind": "category", "values": ["clerk", "nurse"], "missing": "own"},
    "smoker": {"kind": "truth"},
    "joined": {"kind": "date", "parts": ["month", "weekday", "days"]},
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)


def written(text: str) -> str:
    Path("people.csv").write_text(text)
    return "people.csv"


def people(text: str = PEOPLE, columns: Any = COLUMNS, **settings: Any) -> File:
    tables = {"path": written(text), "task": "numbers", "columns": columns, **settings}
    return File.model_validate(tables)


def refusal(text: str = PEOPLE, **settings: Any) -> list[str]:
    """What is said of columns that do not hold, a line for each problem."""
    with pytest.raises(ValidationError) as caught:
        people(text, **settings)
    return [
        line
        for error in caught.value.errors()
        for line in error["msg"].removeprefix("Value error, ").splitlines()
    ]


def features(spec: File) -> dict[str, list[float]]:
    """What the training set's features are, by their names."""
    return dict(zip(spec.input_names, load(spec, 0).train.inputs.T.tolist(), strict=True))


class TestKinds:
    def test_each_kind_becomes_its_features(self) -> None:
        made = features(people())
        assert made == {
            "age": [20, 30, 40, 50, 60],
            "age missing": [0, 0, 1, 0, 0],
            "job=clerk": [0, 1, 0, 0, 1],
            "job=nurse": [1, 0, 0, 0, 0],
            "job=(rest)": [0, 0, 1, 0, 0],
            "job=(missing)": [0, 0, 0, 1, 0],
            "smoker": [1, 0, 0, 0, 1],
            "joined month": [2, 3, 3, 1, 3],
            "joined weekday": [3, 4, 5, 3, 0],
            "joined days": [19782, 19783, 19784, 0, 19786],
        }

    def test_numbers_and_parts_of_dates_are_scaled_and_nothing_else(self) -> None:
        made = features(people(scale_inputs="standard"))
        scaled = {name for name, values in made.items() if abs(np.mean(values)) < 1e-6}
        assert scaled == {"age", "joined month", "joined weekday", "joined days"}
        assert set(made["job=clerk"]) == set(made["age missing"]) == {0, 1}

    @pytest.mark.parametrize(("rule", "fill"), [("mean", 40), ("median", 40), ("most-common", 20)])
    def test_what_stands_for_a_missing_number(self, rule: str, fill: float) -> None:
        spec = people(columns={**COLUMNS, "age": {"missing": rule}})
        assert features(spec)["age"][2] == fill

    def test_the_most_common_value_stands_for_a_missing_one(self) -> None:
        columns = {**COLUMNS, "job": {**COLUMNS["job"], "missing": "most-common"}}
        assert features(people(columns=columns))["job=clerk"] == [0, 1, 0, 1, 1]

    def test_a_row_without_a_value_is_left_out_where_a_column_says_so(self) -> None:
        columns = {**COLUMNS, "age": {"missing": "drop"}}
        spec = people(columns={**columns, "job": {**COLUMNS["job"], "missing": "drop"}})
        assert spec.rows == 3
        assert load(spec, 0).train.targets[:, 0].tolist() == [1, 2, 5]

    def test_what_a_left_out_row_holds_elsewhere_does_not_matter(self) -> None:
        columns = {**COLUMNS, "age": {"missing": "drop"}, "smoker": {"kind": "truth"}}
        assert people(PEOPLE.replace("cook,no", "cook,perhaps"), columns).rows == 4

    def test_a_target_that_is_missing_leaves_its_row_out(self) -> None:
        text = PEOPLE.replace(",2024-03-01,2", ",2024-03-01,")
        for task, targets in (("numbers", [1, 3, 4, 5]), ("classes", [0, 1, 2, 3])):
            spec = people(text, {**COLUMNS, "pay": {"missing": "drop"}}, task=task)
            assert load(spec, 0).train.targets.ravel().tolist() == targets

    def test_a_date_has_the_format_that_is_said(self) -> None:
        text = PEOPLE.replace("2024-02-29", "29.02.2024 18:30").replace("2024-03-0", "0")
        text = text.replace("1970-01-01", "01.01.1970 00:00")
        for day in "124":
            text = text.replace(f",0{day},", f",0{day}.03.2024 00:00,")
        joined = {"kind": "date", "format": "%d.%m.%Y %H:%M", "parts": ["day", "hour", "yearday"]}
        made = features(people(text, {**COLUMNS, "joined": joined}))
        assert made["joined day"][0] == 29
        assert made["joined hour"][0] == 18.5
        assert made["joined yearday"][:2] == [60, 61]

    def test_numbers_may_be_values_of_a_category(self) -> None:
        kind = {"kind": "category", "values": ["20", "30"], "missing": "own"}
        made = features(people(columns={**COLUMNS, "age": kind}))
        assert made["age=20"] == [1, 0, 0, 0, 0]
        assert made["age=(rest)"] == [0, 0, 0, 1, 1]

    def test_classes_have_the_order_that_is_said(self) -> None:
        text = PEOPLE.replace(",1\n", ",low\n").replace(",2\n", ",high\n")
        text = text.replace(",3\n", ",low\n").replace(",4\n", ",low\n").replace(",5\n", ",high\n")
        spec = people(text, task="classes", classes=["low", "middle", "high"])
        assert spec.target_names == ["low", "middle", "high"]
        assert load(spec, 0).train.targets.tolist() == [0, 2, 0, 0, 2]
        values = {**COLUMNS, "pay": {"kind": "category", "values": ["low", "high"]}}
        assert people(text, values, task="classes").target_names == ["low", "high"]
        (said,) = refusal(text, task="classes", classes=["low", "middle"])
        assert "row 3, column 'pay': 'high' is none of data.classes; they are 'low'" in said

    def test_a_truth_value_to_be_learned_is_two_classes(self) -> None:
        spec = people(task="classes", targets=["smoker"])
        assert spec.target_names == ["no", "yes"]
        assert load(spec, 0).train.targets.tolist() == [1, 0, 0, 0, 1]


PROBLEMS: list[tuple[str, dict[str, Any], str]] = [
    ("age", {}, "row 4, column 'age': is empty; leave its row out of the file, or its column out "
     "of data.inputs, or say by missing in data.columns what stands for it"),
    ("job", {"kind": "category"}, 'column \'job\': its values must be said: set values = ["clerk", '
     '"cook", "nurse"] (epochal new writes them)'),
    ("job", {"kind": "category", "values": ["clerk", "nurse"]}, "row 5, column 'job': is empty"),
    ("job", {"kind": "category", "values": ["clerk", "nurse"], "rest": False, "missing": "own"},
     "row 4, column 'job': 'cook' is none of its values; they are 'clerk', 'nurse'"),
    ("job", {"kind": "category", "values": ["a", " a"]}, "values: 'a' stands there twice"),
    ("job", {"kind": "number"}, "row 2, column 'job': is no number (got 'nurse'); words are no "),
    ("smoker", {"kind": "truth", "yes": ["yes"], "no": ["no"]},
     "row 5, column 'smoker': is neither yes nor no (got 'N'); add it to yes or no"),
    ("smoker", {"kind": "truth", "yes": ["a"], "no": ["A"]}, "no: 'a' stands for yes as well"),
    ("joined", {"kind": "date", "format": "%d.%m.%Y"}, "row 2, column 'joined': is no date as "
     "'%d.%m.%Y' has it (got '2024-02-29'); set its format"),
    ("joined", {"kind": "date", "parts": ["day", "day"]}, "parts: 'day' stands there twice"),
    ("jub", {"kind": "truth"}, "columns: people.csv has no column 'jub' (did you mean 'job'?)"),
    ("pay", {"missing": "median"}, "columns: 'pay' is a target, and what is not known is not to "),
    ("pay", {"kind": "category"}, "columns: 'pay' is a target, and a category is no number; set "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "said"), PROBLEMS)
def test_a_column_that_does_not_hold_is_refused_with_the_place_and_the_remedy(
    name: str, kind: dict[str, Any], said: str
) -> None:
    assert any(said in line for line in refusal(columns={**COLUMNS, name: kind}))


def test_two_inputs_are_never_called_alike() -> None:
    text = "age,age missing,pay\n1,2,3\n4,5,6\n"
    columns = {"age": {"missing": "mean", "indicator": True}}
    assert "columns: two inputs would be called 'age missing'; rename a column" in refusal(
        text, columns=columns
    )


def test_a_column_without_any_value_to_learn_from_is_named() -> None:
    spec = people(columns={**COLUMNS, "age": {"missing": "mean"}}, split=[1, 4])
    orders = (generator(seed, "split").permutation(5) for seed in range(100))
    seed = next(seed for seed, order in enumerate(orders) if order[0] == 2)
    with pytest.raises(DataError, match="column 'age': no row of the training set has a value"):
        load(spec, seed)


class TestPreprocessing:
    def fitted(self) -> Preprocessing:
        return load(people(scale_inputs="standard"), 0).preprocessing

    def test_typed_columns_go_the_way_of_the_file_s(self) -> None:
        made = self.fitted()
        columns = {
            "age": [20, 30, None, 50, 60],
            "job": ["nurse", "clerk", "cook", "", "clerk"],
            "smoker": [True, False, False, 0, 1],
            "joined month": [2, 3, 3, 1, 3],
            "joined weekday": [3, 4, 5, 3, 0],
            "joined days": [19782, 19783, 19784, 0, 19786],
            "another": list("abcde"),
        }
        train = load(people(scale_inputs="standard"), 0).train.inputs
        np.testing.assert_array_equal(made.features(columns), train)
        assert made.feature_names == people().input_names

    def test_what_is_written_comes_back(self) -> None:
        made = self.fitted()
        again = Preprocessing.from_plain(made.plain())
        assert again.columns == made.columns
        np.testing.assert_array_equal(again.scaling.shift, made.scaling.shift)
        np.testing.assert_array_equal(again.scaling.scale, made.scaling.scale)

    @pytest.mark.parametrize(
        ("column", "cells", "said"),
        [
            (RawColumn(name="a", kind="category", values=("x",)), ["y"], "'y' is none of its"),
            (RawColumn(name="a", kind="category", values=("x",)), [None], "row 0, column 'a': has"),
            (RawColumn(name="a", kind="truth"), [np.nan], "row 0, column 'a': has no value"),
            (RawColumn(name="a"), ["x"], "column 'a': has something else than numbers"),
        ],
    )
    def test_a_cell_that_cannot_be_had_is_refused(
        self, column: RawColumn, cells: list[Any], said: str
    ) -> None:
        made = Preprocessing((column,), ColumnScaling.nothing(1))
        with pytest.raises(RequestError, match=said):
            made.features({"a": cells})
        with pytest.raises(RequestError, match="there is no column 'a'"):
            made.features({})


def test_features_are_computed_of_what_the_columns_give() -> None:
    """Of the number that stands for a missing one, and of a category by its place."""
    spec = people(features=["age**2", "x3 * 2", "smoker"], scale_inputs="range")
    made = load(spec, 0).train
    assert made.given is not None
    np.testing.assert_allclose(made.given[:, 0], [20, 30, 40, 50, 60])
    scaled = [[0, 0, 1], [5 / 32, 1, 0], [12 / 32, 0, 0], [21 / 32, 0, 0], [1, 1, 1]]
    np.testing.assert_allclose(made.inputs, scaled, rtol=1e-6)


@pytest.mark.parametrize("left_out", ["kind", "raw_columns", "codes"])
def test_a_kind_of_column_that_leaves_out_a_part_fails_where_it_is_written(left_out: str) -> None:
    parts = {
        "kind": "mine",
        **{part: vars(NumberColumn)[part] for part in ("raw_columns", "codes")},
    }
    del parts[left_out]
    kinds = {"kind": Literal["mine"]} if "kind" in parts else {}
    with pytest.raises(TypeError, match=rf"\.Mine lacks {left_out}$"):
        type("Mine", (ColumnBase,), {"__module__": __name__, "__annotations__": kinds, **parts})
