"""What the lab says while it is used: one line under the pictures, and never a box over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList
from textual.widgets._toast import Toast

from engine.recording.events import MarkReached
from tests.labs import FakeRun, lab_of, make_app, ready, shown, until
from tui.commands.command import key_name
from tui.commands.table import LOCAL
from tui.lab import messages
from tui.panes.runs.pane import HINT
from tui.panes.setup.field import ChoiceField, Fold
from tui.panes.setup.pane import SetupPane
from tui.panes.setup.rows import AddButton
from tui.panes.status import KeysLine, MessageLine
from tui.places import PANES
from tui.style.look import Look
from tui.style.palette import PALETTES

WIDE = (120, 40)
SMALL = (80, 24)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FakeRun]:
    """A run whose recording has begun."""
    fake = FakeRun(tmp_path).begin()
    yield fake
    fake.close()


def said(pilot: Pilot[Any]) -> str:
    """Return what the message line says."""
    return lab_of(pilot).query_one(MessageLine).text


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
async def test_five_marks_at_once_cover_no_picture_and_all_stand_in_the_log(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=size) as pilot:
        lab = await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        run = FakeRun(tmp_path, folder=workers[0].given[0]).begin()
        run.train([0.5] * 6)
        note = "what is to be seen here is told at such length that no line of a screen has it all"
        for step in range(1, 6):
            run.tell(MarkReached(step=step, title=f"Mark {step}", note=f"{note}, the {step}th"))
        await until(pilot, lambda: "Mark 5" in said(pilot))
        await until(pilot, lambda: len(lab.entries) >= 6)
        assert not app.query(Toast)
        assert not app._notifications
        line = said(pilot)
        assert len(line.splitlines()) == 1
        assert "(L: log)" in line
        board = lab.query_one("#panes").region
        assert not board.overlaps(lab.query_one(MessageLine).region)
        written = " ".join(entry.sentence for entry in lab.entries)
        assert all(f"{note}, the {step}th" in written for step in range(1, 6))
        await pilot.click(MessageLine, offset=(line.index("(L: log)") + 1, 0))
        await until(pilot, lambda: lab.pane == "log")
        await pilot.press("2", "L")
        assert lab.pane == "log"
        run.close()


async def test_what_happened_is_said_for_a_while_and_what_went_wrong_until_the_next_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        hint = said(pilot)
        assert hint
        monkeypatch.setattr(messages, "MESSAGE_SECONDS", 0.01)
        lab.messages.complain("the disk is full")
        await until(pilot, lambda: "error: the disk is full" in said(pilot))
        # What only happened would be gone by now.
        await pilot.pause(0.05)
        assert "error: the disk is full" in said(pilot)
        lab.messages.say("saved")
        assert lab.bulletin is not None
        await until(pilot, lambda: said(pilot) == hint)
        lab.messages.complain("the disk is full")
        await pilot.press("f2")
        assert "the disk is full" not in said(pilot)
        lab.messages.complain("no room")
        await until(pilot, lambda: "no room" in said(pilot))
        await pilot.press("t")
        await until(pilot, lambda: said(pilot) == hint)


async def test_whatever_textual_has_to_say_comes_there_too(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        app.notify("[b]no markup[/b]", title="Textual", severity="error")
        await until(pilot, lambda: "Textual: [b]no markup[/b]" in said(pilot))
        assert "Textual" in lab.entries[-1].words
        assert not app._notifications


NOTHING = {
    ("f5",): "f5 does nothing here; ? shows",
    ("x",): "x (stop) does nothing while no run is shown",
    ("u",): "u (undo changes) does nothing: nothing differs from the preset.",
    ("D",): "D (ten back) does nothing while no run is shown",
    ("2", "slash"): "in the list of runs.",
}
"""Keys that do nothing in a lab that was just opened, and what is said of them."""


async def test_a_key_that_does_nothing_says_so_and_not_in_the_log(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        before = len(lab.entries)
        for keys, words in NOTHING.items():
            await pilot.press(*keys)
            await until(pilot, lambda words=words: words in said(pilot))
        assert len(lab.entries) == before
        assert not workers[0].given


async def test_with_one_pane_a_key_for_columns_says_why_it_does_nothing(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "there is room for one pane only" in said(pilot))


async def test_a_run_of_one_network_says_what_trains_several(tmp_path: Path, run: FakeRun) -> None:
    run.train([0.5])
    app, _ = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        await pilot.press("n")
        await until(pilot, lambda: "population.seeds" in said(pilot))


async def test_what_is_typed_is_never_refused(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        lab.query("SettingRow Input").first(Input).focus()
        await pilot.press("1", "backspace", "left", "x")
        await pilot.pause()
        assert lab.bulletin is None
        # Space would be typed, and numbers too; the panes keep their names.
        assert "Space trains" not in said(pilot)
        assert "2 Curves" in shown(pilot).splitlines()[0]


async def test_where_the_setup_has_no_room_its_settings_are_explained_under_the_panes(
    tmp_path: Path,
) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(66, 20)) as pilot:
        lab = await ready(pilot)
        field = lab.query("SettingRow Input").first(Input)
        field.focus()
        await until(pilot, lambda: "Space trains" not in said(pilot) and said(pilot).strip())
        assert said(pilot)[:20] == lab.query_one(SetupPane).unsaid(field)[:20]


async def test_the_setup_says_what_its_places_are_for_after_a_run_too(
    tmp_path: Path, run: FakeRun
) -> None:
    run.train([0.5])
    run.end("finished", "epochs", test_accuracy=0.9)
    app, _ = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "test accuracy" in shown(pilot))
        lab_of(pilot).messages.hush()
        await pilot.press("1")
        await until(pilot, lambda: "Up and down choose a preset" in said(pilot))
        assert "test accuracy" in shown(pilot)


@pytest.mark.parametrize("size", [SMALL, WIDE, (200, 60)], ids=["80x24", "120x40", "200x60"])
async def test_panes_have_names_where_there_is_room_and_keys_where_they_are_any(
    tmp_path: Path, run: FakeRun, size: tuple[int, int]
) -> None:
    run.train([0.5])
    run.end()
    app, _ = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "over")
        blank = "" if size == SMALL else " "
        await until(pilot, lambda: f"2{blank}Curves" in shown(pilot))
        top = shown(pilot).splitlines()[0]
        assert top.startswith("epochal " if size == SMALL else " epochal ")
        keyed = [place for place in PANES if place.key]
        names = [place.short if size == SMALL else place.label for place in keyed]
        assert all(f"{at}{blank}{name}" in top for at, name in enumerate(names, start=1))
        await pilot.press("k")
        await until(pilot, lambda: f"2{blank}Curves" not in shown(pilot).splitlines()[0])
        top = shown(pilot).splitlines()[0]
        assert all(place.label in top or place.short in top for place in keyed), top


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
async def test_a_click_on_a_pane_s_name_goes_there(
    tmp_path: Path, run: FakeRun, size: tuple[int, int]
) -> None:
    run.train([0.5])
    run.end()
    app, _ = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "over")
        # A pane without a key leaves the line where it is full.
        for place in reversed([place for place in PANES if place.key or size == WIDE]):
            name = place.short if size == SMALL else place.label
            await until(pilot, lambda name=name: name in shown(pilot).splitlines()[0])
            at = shown(pilot).splitlines()[0].index(name)
            await pilot.click(offset=(at + len(name) - 1, 0))
            await until(pilot, lambda place=place: lab_of(pilot).pane == place.name)


async def test_where_there_is_no_room_for_names_the_chosen_one_stays(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        await ready(pilot)
        top = shown(pilot).splitlines()[0]
        assert "1 Setup" in top
        assert all(str(number) in top for number in range(2, 9))


async def test_without_colours_what_is_chosen_is_reversed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, _ = make_app(tmp_path, look=Look(palette=PALETTES[0].without_colours()))
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        presets = lab.query_one("#presets", OptionList)
        assert lab.focused is presets
        assert presets.get_component_rich_style("option-list--option-highlighted").reverse
        for kind in (ChoiceField, AddButton, Fold):
            field = lab.query(f"#form {kind.__name__}").first(kind)
            assert not field.rich_style.reverse
            field.focus()
            await until(pilot, lambda field=field: field.rich_style.reverse)


@pytest.mark.parametrize("replay", [False, True])
async def test_in_two_columns_a_run_that_is_looked_at_has_its_networks_picture(
    tmp_path: Path, run: FakeRun, replay: bool
) -> None:
    run.train([0.5] * 8)
    run.end()
    app, _ = make_app(tmp_path, run=run.folder, replay=replay)
    async with app.run_test(size=WIDE) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.history is not None)
        assert lab.query_one("#network").display
        assert not lab.query_one("#setup").display
        assert lab.pane == "curves"


async def test_in_two_columns_what_is_to_be_trained_has_its_setup(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        assert lab.query_one("#setup").display
        assert not lab.query_one("#network").display


async def test_in_a_dialog_a_key_that_does_nothing_says_so_too(
    tmp_path: Path, run: FakeRun
) -> None:
    run.train([0.5])
    app, _ = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        await pilot.press("q")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press("z")
        await until(pilot, lambda: "z does nothing in this dialog; esc leaves it." in said(pilot))
        assert len(app.screen_stack) > 1
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is lab_of(pilot))


def test_what_the_list_of_runs_says_of_its_keys_is_what_they_do() -> None:
    keys = {key_name(key) for each in LOCAL if each.at == "runs" for key in each.keys}
    assert {words.split()[0] for words in HINT.rstrip(".").split(", ")} <= keys


KEYS_OF_DIALOGS = {"enter": "enter choose  esc leave", "question_mark": "any search  ? leave"}
"""Keys that open a dialog, and what the footer says then."""


async def test_the_footer_has_the_keys_of_a_dialog_while_one_stands(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        line = lab.query_one(KeysLine)
        await until(pilot, lambda: "space start" in words_of(line))
        await until(pilot, lambda: lab.query(ChoiceField))
        lab.query(ChoiceField).first().focus()
        for key, words in KEYS_OF_DIALOGS.items():
            await until(pilot, lambda: "enter all values" in words_of(line))
            await pilot.press(key)
            await until(pilot, lambda words=words: words_of(line) == words)
            await pilot.press("escape")
        await until(pilot, lambda: "space start" in words_of(line))


def words_of(line: KeysLine) -> str:
    return " ".join(strip.text for strip in line._strips).strip()
