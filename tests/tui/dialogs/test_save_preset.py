"""Saving a draft as a preset: comments stay, and what is written says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.errors import PresetError
from engine.presets import preset as presets
from engine.presets.preset import destination, unused_name
from tests.labs import shown, until
from tests.workbenches import Workbench
from tui.dialogs.save_preset import SaveDialog, ask_and_save
from tui.setup.draft import Draft


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working directory without presets."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "config" / "epochal" / "presets"


def changed() -> Draft:
    draft = Draft.load("two-moons").with_text("model.hidden", "5, 3")
    return draft.with_text("optimizer.momentum", "0.9").with_text("train.seed", "7")


def test_a_saved_preset_says_what_the_draft_said_and_keeps_its_comments(home: Path) -> None:
    draft = changed()
    draft.save(home / "mine.toml")
    text = (home / "mine.toml").read_text()
    assert "# train, dev, test" in text
    assert "hidden = [5, 3]" in text
    assert "momentum = 0.9" in text
    assert text.index("[data]") < text.index("[model]") < text.index("[[marks]]")
    assert presets.load("mine").experiment == draft.experiment


def test_only_the_lines_that_differ_are_changed(home: Path) -> None:
    draft = Draft.load("two-moons").with_text("optimizer.lr", "0.35")
    draft.save(home / "mine.toml")
    before = presets.load("two-moons").text.splitlines()
    after = (home / "mine.toml").read_text().splitlines()
    # Beside the value, only what says that the preset's words are the preset's.
    said = ['title = "two-moons, changed: lr 0.35"', 'of = "two-moons"', "[origin]"]
    said += ['preset = "two-moons"', 'changed = ["lr 0.35"]', ""]
    assert [line for line in after if line not in before and line not in said] == ["lr = 0.35"]
    assert [line for line in before if line not in after] == ['title = "Two moons"', "lr = 0.2"]


def test_what_is_saved_is_among_the_presets(home: Path) -> None:
    changed().save(destination("mine"))
    listing = next(one for one in presets.catalogue() if one.name == "mine")
    assert (listing.origin, listing.path) == ("yours", home / "mine.toml")


def test_nothing_is_written_over_unless_that_is_said(home: Path) -> None:
    draft = changed()
    draft.save(home / "mine.toml")
    with pytest.raises(PresetError, match=r"is there already, .*choose another name"):
        Draft.load("iris").save(home / "mine.toml")
    assert presets.load("mine").experiment == draft.experiment
    Draft.load("iris").save(home / "mine.toml", overwrite=True)
    assert presets.load("mine").experiment == presets.load("iris").experiment


def test_what_does_not_hold_is_not_saved(home: Path) -> None:
    with pytest.raises(PresetError, match=r"optimizer\.lr: must be a number"):
        Draft.load("two-moons").with_text("optimizer.lr", "x").save(home / "mine.toml")
    assert not home.exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PresetError, match="cannot be written: "):
        changed().save(tmp_path / "file" / "mine.toml")


def test_a_preset_saved_elsewhere_still_finds_its_data(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "rows.csv").write_text("a,b\n" + "1,2\n2,4\n" * 10)
    (folder / "line.toml").write_text(
        "# My data.\n"
        'data = { kind = "file", path = "rows.csv", task = "numbers" }\n'
        'loss = { name = "mse" } # squared\n'
    )
    draft = Draft.load(str(folder / "line.toml")).with_text("optimizer.lr", "0.01")
    draft.save(home / "line.toml")
    text = (home / "line.toml").read_text()
    assert "# My data." in text
    assert "# squared" in text
    assert presets.load("line").experiment == draft.experiment


def test_a_network_of_ones_own_saved_elsewhere_still_finds_its_file(home: Path) -> None:
    draft = Draft.load("digits-convolution").with_text("optimizer.lr", "0.01")
    draft.save(home / "mine.toml")
    assert presets.load("mine").experiment == draft.experiment
    assert presets.load("digits-convolution").text.count("#") == (
        home / "mine.toml"
    ).read_text().count("#")


def test_the_draft_of_a_run_without_a_preset_is_saved_too(home: Path) -> None:
    experiment = presets.load("iris").experiment
    Draft.of("gone", experiment).save(home / "again.toml")
    assert presets.load("again").experiment == experiment


def test_a_name_goes_to_the_users_folder_and_a_path_where_it_says(
    tmp_path: Path, home: Path
) -> None:
    assert destination("mine") == home / "mine.toml"
    assert destination("./mine.toml") == tmp_path / "here" / "mine.toml"
    assert destination("mine.toml").parent == tmp_path / "here"


@pytest.mark.parametrize("name", ["", " ", "..", "a\nb", "-x", "a/", "\x1b[31m"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(PresetError, match="is no name for a preset"):
        destination(name)


def test_a_name_that_another_preset_would_hide_is_refused() -> None:
    Path("presets").mkdir()
    Path("presets/mine.toml").write_text("")
    with pytest.raises(PresetError, match=r"\./presets has a preset of this name"):
        destination("mine")


def test_the_name_offered_is_one_that_no_preset_has() -> None:
    assert unused_name("two-moons") == "two-moons-2"
    changed().save(destination("two-moons-2"))
    assert unused_name("two-moons") == "two-moons-3"
    assert unused_name("two-moons-2") == "two-moons-3"
    assert unused_name("sum-of-30") == "sum-of-30-2"


async def test_the_dialog_offers_a_name_and_saves_there(home: Path) -> None:
    app = Workbench()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.draft)
        app.draft = changed()
        saved: list[Path | None] = []

        async def save() -> None:
            assert app.draft is not None
            saved.append(await ask_and_save(app, app.draft))

        app.run_worker(save())
        await until(pilot, lambda: isinstance(app.screen, SaveDialog))
        await until(pilot, lambda: "to " in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: saved)
        assert saved == [home / "two-moons-2.toml"]
        assert presets.load("two-moons-2").experiment == app.draft.experiment
        app.run_worker(save())
        await until(pilot, lambda: isinstance(app.screen, SaveDialog))
        await pilot.press("end", "backspace", "2")
        await until(pilot, lambda: "is there already" in shown(pilot))
        app.draft = Draft.load("iris")
        await pilot.press("enter")
        await until(pilot, lambda: "enter again writes over" in shown(pilot))
        assert len(saved) == 1
        await pilot.press("escape")
        await until(pilot, lambda: len(saved) == 2)
        assert saved[1] is None


async def test_the_dialog_says_what_is_no_name(home: Path) -> None:
    app = Workbench()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.draft)
        app.push_screen(SaveDialog("mine"))
        await until(pilot, lambda: isinstance(app.screen, SaveDialog))
        await pilot.press("home", "/", "-")
        await until(pilot, lambda: "is no name for a preset" in shown(pilot))
        await pilot.press("enter")
        assert isinstance(app.screen, SaveDialog)


async def test_a_name_that_hides_a_preset_of_epochals_own_is_asked_about(home: Path) -> None:
    app = Workbench()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.draft)
        left: list[Path | None] = []
        app.push_screen(SaveDialog("cubic"), left.append)
        await until(pilot, lambda: "in place of the cubic that comes with epochal" in flat(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "enter again saves it so" in flat(pilot))
        assert not left
        await pilot.press("enter")
        await until(pilot, lambda: left)
        assert left[0] is not None
        assert left[0].name == "cubic.toml"


def flat(pilot: Pilot[Any]) -> str:
    """Return what is shown as one line, whatever was broken between words."""
    return " ".join(shown(pilot).replace("│", " ").split())
