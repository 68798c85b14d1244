"""What a preset for a file of one's own is to say: what is learned, what goes in, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.profile.profile import profile_of
from engine.errors import DataError
from engine.presets.file_draft import FileDraft, Wishes, draft, kept
from engine.presets.file_draft_text import draft_text
from engine.presets.preset import resolve
from engine.presets.writing import anchor
from engine.text.parsing import from_toml
from tests import tables

MIXED = "id,name,born,age,job,paid\n" + "\n".join(
    f"{row * 7 + 5},p{row},2001-02-{row % 28 + 1:02},{20 + row % 9},{'ab'[row % 2]},{row}.5"
    for row in range(40)
)


def drafted(tmp_path: Path, text: str, **wishes: object) -> FileDraft:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    return draft(profile_of(path), Wishes(**wishes))  # type: ignore[arg-type]


def test_the_last_column_that_can_be_is_learned_where_none_is_called_so(tmp_path: Path) -> None:
    made = drafted(tmp_path, MIXED)
    assert (made.target.name, made.task) == ("paid", "numbers")
    assert made.why_target == "the last column that can be learned"
    assert [column.name for column in made.inputs] == ["born", "age", "job"]
    assert set(made.left_out) == {"id", "name"}


def test_a_column_that_is_called_so_is_learned(tmp_path: Path) -> None:
    made = drafted(tmp_path, MIXED.replace("job", "Label", 1))
    assert (made.target.name, made.task) == ("Label", "classes")
    assert "usual name" in made.why_target


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("name", "has another text in every row"),
        ("born", "has dates"),
        ("id", "has another number in every row"),
        ("jop", r"has no column 'jop' \(did you mean 'job'\?\)"),
    ],
)
def test_what_cannot_be_learned_is_refused_with_what_can(
    tmp_path: Path, target: str, why: str
) -> None:
    with pytest.raises(DataError, match=rf"^rows\.csv: .*{why}.*'age'"):
        drafted(tmp_path, MIXED, target=target)


def test_a_file_in_which_nothing_can_be_learned_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column can be learned: 'a' has another text"):
        drafted(tmp_path, "a,b\nx,7\ny,7\nz,7\n")
    with pytest.raises(DataError, match=r"no column is left to go in beside 'b': 'a' has another"):
        drafted(tmp_path, "a,b\nx,7\ny,8\nz,7\n")
    with pytest.raises(DataError, match=r"to go in beside 'b': the file has no other$"):
        drafted(tmp_path, "b\n7\n8\n7\n")


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b"], "classes"),
        ([0, 1], "classes"),
        ([3, 4, 5], "classes"),
        ([1, 2], "classes"),
        ([0.5, 1.5], "numbers"),
        (range(40), "numbers"),
    ],
)
def test_the_task_follows_from_the_values(tmp_path: Path, cells: list[object], task: str) -> None:
    lines = [f"{row}.25,{cells[row % len(cells)]}" for row in range(60)]
    made = drafted(tmp_path, "\n".join(["x,z", *lines]))
    assert made.task == task
    assert made.why_task


def test_the_task_can_be_said_where_the_values_allow_it(tmp_path: Path) -> None:
    assert drafted(tmp_path, MIXED, target="age", task="classes").task == "classes"
    with pytest.raises(DataError, match=r"column 'job': has words.*leave out --task"):
        drafted(tmp_path, MIXED, target="job", task="numbers")


SEVERAL = "x,cat,dog,a,b,low,high,odd,city\n" + "\n".join(
    f"{row}.25,{row % 2},{int(row % 3 > 0)},{row % 2},{1 - row % 2},{row % 4 / 4},"
    f"{1 - row % 4 / 4},{('yes', 'no')[row % 3 > 0]},{('Rome', 'Bern')[row % 2]}"
    for row in range(60)
)


@pytest.mark.parametrize(
    ("target", "task", "why", "loss", "out"),
    [
        ("cat, dog", "labels", "a row may have any", "binary_cross_entropy_with_logits", 2),
        ("cat,odd", "labels", "yes and no", "binary_cross_entropy_with_logits", 2),
        ("a,b", "shares", "a single 1 in every row", "cross_entropy", 2),
        ("low,high", "shares", "every row sum to 1", "cross_entropy", 2),
        ("x,low,odd", "numbers", "'odd' has something else", "mse", 3),
        ("x,low,high", "numbers", "3 columns of numbers; a row", "mse", 3),
    ],
)
def test_several_columns_are_learned_together(
    tmp_path: Path, target: str, task: str, why: str, loss: str, out: int
) -> None:
    made = drafted(tmp_path, SEVERAL, target=target)
    names = [name.strip() for name in target.split(",")]
    assert [column.name for column in made.targets] == names
    assert (made.task, made.outputs) == (task, out)
    assert why in made.why_task
    written = from_toml(draft_text(made, tmp_path))
    assert written["data"]["targets"] == names
    assert written["loss"]["name"] == loss
    assert not {*names} & {*written["data"]["inputs"]}
    spec = resolve(anchor(written, tmp_path), "a")
    assert len(spec.data.target_names) == out


def test_of_several_columns_another_task_can_be_said(tmp_path: Path) -> None:
    assert drafted(tmp_path, SEVERAL, target="a,b", task="labels").task == "labels"
    assert drafted(tmp_path, SEVERAL, target="a,b", task="numbers").task == "numbers"


@pytest.mark.parametrize(
    ("target", "task", "why"),
    [
        ("cat,city", None, "'city': has words; of several columns"),
        ("cat,dog", "classes", r"classes stand in one column \(got 2\)"),
        ("cat,low", "labels", "'low': has other values than 0 and 1"),
        ("cat,dog", "shares", r"a row of them sums to 0, not to 1, so these are no shares"),
        ("cat", "shares", "'cat': is one; shares are a column for each class"),
        ("cat,cat", None, "'cat': stands twice"),
        ("cat,dgo", None, r"has no column 'dgo' \(did you mean 'dog'\?\)"),
    ],
)
def test_columns_that_cannot_be_learned_together_are_refused(
    tmp_path: Path, target: str, task: str | None, why: str
) -> None:
    with pytest.raises(DataError, match=rf"^rows\.csv: .*{why}"):
        drafted(tmp_path, SEVERAL, target=target, task=task)


def test_a_name_with_a_comma_is_one_column(tmp_path: Path) -> None:
    text = 'x,"a,b"\n' + "\n".join(f"{row}.5,{row % 2}" for row in range(20))
    assert drafted(tmp_path, text, target="a,b").target.name == "a,b"


def test_of_several_targets_a_row_that_lacks_one_is_left_out(tmp_path: Path) -> None:
    made = drafted(tmp_path, SEVERAL.replace("\n0.25,0,0,", "\n0.25,,0,"), target="cat,odd")
    columns = from_toml(draft_text(made, tmp_path))["data"]["columns"]
    assert columns["cat"] == {"kind": "number", "missing": "drop"}
    assert columns["odd"] == {"kind": "truth", "yes": ["yes"], "no": ["no"]}


def test_a_counter_goes_in_where_there_is_nothing_else(tmp_path: Path) -> None:
    made = drafted(tmp_path, "t,z\n" + "\n".join(f"{row},{row * row}.5" for row in range(30)))
    assert [column.name for column in made.inputs] == ["t"]


def test_rare_values_are_no_inputs_of_their_own(tmp_path: Path) -> None:
    lines = [f"{row}.5,{'rare' if row == 7 else 'ab'[row % 2]},{row % 2}" for row in range(3000)]
    made = drafted(tmp_path, "\n".join(["x,sort,label", *lines]))
    sort = next(column for column in made.inputs if column.name == "sort")
    assert kept(sort) == ["a", "b"]
    assert "the 1 rarest are the rest" in draft_text(made, tmp_path)


def test_everything_that_is_decided_is_a_key(tmp_path: Path) -> None:
    made = draft(profile_of(tables.passengers(tmp_path / "people.csv")))
    said = from_toml(draft_text(made, tmp_path))
    data = said["data"]
    assert data["path"] == "people.csv"
    assert data["targets"] == ["Survived"]
    assert data["classes"] == ["0", "1"]
    assert data["inputs"] == ["Pclass", "Sex", "Age", "Fare", "Embarked"]
    assert data["split_by"] == "classes"
    assert sum(data["split"]) == pytest.approx(1)
    assert data["columns"]["Age"] == {"kind": "number", "missing": "median", "indicator": True}
    assert data["columns"]["Embarked"] == {
        "kind": "category",
        "values": ["C", "Q", "S"],
        "missing": "own",
    }
    assert said["loss"]["name"] == "binary_cross_entropy_with_logits"
    assert {"epochs", "batch_size", "patience", "keep_best", "seed"} <= said["train"].keys()


def test_the_path_leads_from_the_presets_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    made = draft(profile_of(tables.houses(tmp_path / "data" / "houses.csv")))
    said = from_toml(draft_text(made, tmp_path / "presets"))
    assert said["data"]["path"] == "../data/houses.csv"
    assert said["data"]["scale_targets"] == "standard"


def test_a_truth_value_that_is_missing_is_told_apart(tmp_path: Path) -> None:
    lines = [f"{row}.5,{('yes', 'no', '')[row % 3]},{row % 2}" for row in range(60)]
    made = drafted(tmp_path, "\n".join(["x,member,label", *lines]))
    said = from_toml(draft_text(made, tmp_path))["data"]["columns"]["member"]
    assert said == {
        "kind": "truth",
        "yes": ["yes"],
        "no": ["no"],
        "missing": "most-common",
        "indicator": True,
    }
    assert made.features == 3


def test_a_class_that_not_every_set_can_have_is_named(tmp_path: Path) -> None:
    lines = [f"{row}.5,{'once' if row == 7 else 'ab'[row % 2]}" for row in range(60)]
    made = drafted(tmp_path, "\n".join(["x,label", *lines]))
    assert made.scarce == "'once': too few rows to be in every set"
    assert f"look: {made.scarce}" in draft_text(made, tmp_path)
    assert drafted(tmp_path, MIXED).scarce == ""


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    name = 'a"]\nx = {b}\x1b[31m'
    quoted = name.replace('"', '""')
    made = drafted(tmp_path, f'"{quoted}",label\n' + "1.5,u\n2.5,v\n3.5,u\n4.5,v\n" * 4)
    text = draft_text(made, tmp_path)
    assert from_toml(text)["data"]["inputs"] == [name]
    assert "\x1b" not in text
