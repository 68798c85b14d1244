"""The columns of a data file, ticked and told apart; then a preset is written and set up."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests import tables
from tests.labs import lab_of, make_app, ready, shown, until
from tui.dialogs.data_file import DataFileDialog
from tui.drawing.setup.columns import draw_column_heading, draw_columns
from tui.setup.file_choice import FileChoice
from tui.style.look import Look


@pytest.fixture(autouse=True)
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of passengers, and presets of nobody."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tables.passengers(Path("people.csv"), rows=60)


def chosen(choice: FileChoice) -> list[str]:
    return [column.name for column in choice.draft.inputs]


@pytest.fixture
def choice(people: Path) -> FileChoice:
    from engine.data.profile.profile import profile_of

    return FileChoice(profile_of(people))


def test_a_column_is_ticked_and_another_is_learned(choice: FileChoice) -> None:
    assert chosen(choice) == ["Pclass", "Sex", "Age", "Fare", "Embarked"]
    assert "Age" not in chosen(choice.ticked("Age"))
    assert chosen(choice.ticked("Age").ticked("Age")) == chosen(choice)
    other = choice.learned("Fare")
    assert (other.draft.target.name, other.draft.task) == ("Fare", "numbers")
    assert "Fare" not in chosen(other)
    assert "Survived" not in chosen(other)


def test_a_column_is_taken_for_the_next_thing_that_it_can_be(choice: FileChoice) -> None:
    assert choice.retold("Pclass").column("Pclass").kind == "category"
    assert choice.retold("Pclass").retold("Pclass").column("Pclass").kind == "number"
    with pytest.raises(Exception, match="'Sex' can be nothing else: category"):
        choice.retold("Sex")
    assert choice.ticked("PassengerId").column("PassengerId").kind == "number"


def test_what_cannot_be_stays_as_it_was(choice: FileChoice) -> None:
    with pytest.raises(Exception, match="is what is to be learned"):
        choice.ticked("Survived")
    with pytest.raises(Exception, match="another text in every row"):
        choice.learned("Name")
    assert choice.other_task().draft.task == "numbers"
    with pytest.raises(Exception, match="has words"):
        choice.learned("Sex").other_task()


def test_columns_are_learned_beside_each_other(choice: FileChoice) -> None:
    both = choice.learned_as_well("Fare")
    assert [column.name for column in both.draft.targets] == ["Survived", "Fare"]
    assert both.draft.task == "numbers"
    assert "Fare" not in chosen(both)
    assert [each.name for each in both.learned_as_well("Survived").draft.targets] == ["Fare"]
    with pytest.raises(Exception, match="all that is to be learned"):
        choice.learned_as_well("Survived")
    with pytest.raises(Exception, match="has words; of several"):
        choice.learned_as_well("Sex")
    with pytest.raises(Exception, match="so these are no shares"):
        both.other_task()


@pytest.mark.parametrize("width", [1, 20, 68, 108, 190])
def test_the_columns_are_drawn_in_the_room_there_is(choice: FileChoice, width: int) -> None:
    lines = [draw_column_heading(choice, width, Look()), *draw_columns(choice, width, Look())]
    assert {line.cell_len for line in lines} == {width}
    assert len(lines) == len(choice.profile.columns) + 1
    assert ("first rows" in lines[0].plain) is (width > 100)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_lab_opens_a_file_and_sets_up_what_is_written(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app, _ = make_app(tmp_path / "runs", data=Path("people.csv"))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DataFileDialog))
        columns = app.screen.query_one(OptionList)
        await until(pilot, lambda: columns.highlighted == 1)
        assert "Survived as classes" in shown(pilot)
        assert "[x] Age" in shown(pilot)
        await pilot.press("down", "down", "down", "down", "space")
        await until(pilot, lambda: "[ ] Age" in shown(pilot))
        await pilot.press("up", "up", "t")
        await until(pilot, lambda: "has another text in every row" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: lab_of(pilot).draft is not None)
        lab = await ready(pilot)
        await until(pilot, lambda: lab.draft is not None and "people" in lab.draft.name)
        assert lab.draft is not None
        assert lab.draft.experiment is not None
    said = tomllib.loads(Path("people.toml").read_text())
    assert said["data"]["inputs"] == ["Pclass", "Sex", "Fare", "Embarked"]


async def test_a_file_is_asked_for_and_nothing_is_written_over_unasked(tmp_path: Path) -> None:
    Path("people.toml").write_text("# mine\n")
    app, _ = make_app(tmp_path / "runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("O")
        await until(pilot, lambda: "Open data" in shown(pilot))
        await pilot.press(*"people.csv", "enter")
        await until(pilot, lambda: isinstance(app.screen, DataFileDialog))
        await until(pilot, lambda: "Survived as classes" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "enter again writes over it" in shown(pilot))
        assert Path("people.toml").read_text() == "# mine\n"
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, DataFileDialog))
        assert "targets" in Path("people.toml").read_text()


async def test_a_file_that_is_none_is_complained_of(tmp_path: Path) -> None:
    Path("bad.csv").write_text("a,b\n1,2\n3\n")
    app, _ = make_app(tmp_path / "runs", data=Path("bad.csv"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "row 3: has 1 cell" in shown(pilot))
