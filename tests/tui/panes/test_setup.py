"""The setup pane, used as a person uses it: keys in, the draft and the screen out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from tests.labs import shown, until
from tests.workbenches import Workbench
from tui.panes.setup.field import ChoiceField, TextField
from tui.panes.setup.form import Form
from tui.panes.setup.pane import PresetList, SetupPane
from tui.setup.draft import Draft
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK

SMALL, MIDDLE, COLUMN = (80, 24), (120, 40), (46, 36)


async def ready(pilot: Pilot[Any]) -> Workbench:
    """Wait for the form, and return the app."""
    app = pilot.app
    assert isinstance(app, Workbench)
    await until(pilot, lambda: app.query("#train-seed"))
    await pilot.pause()
    return app


async def focus(pilot: Pilot[Any], selector: str) -> None:
    """Give a part of the form the keys."""
    await until(pilot, lambda: pilot.app.query(selector))
    pilot.app.query_one(selector, Widget).focus()
    await until(pilot, lambda: pilot.app.focused is pilot.app.query_one(selector))


async def retype(pilot: Pilot[Any], selector: str, text: str) -> None:
    """Put another text into a field, as it is typed."""
    await focus(pilot, selector)
    await pilot.press("end", "ctrl+u", *text)


def words_of(pilot: Pilot[Any]) -> str:
    """Return what is said of the field that has the keys, as far as it is seen."""
    words = pilot.app.query_one("#help")
    said = pilot.app.query_one(SetupPane).unsaid(pilot.app.focused) if pilot.app.focused else ""
    lines = [words.render_line(row).text.strip() for row in range(words.size.height)]
    return said or " ".join(" ".join(lines).split())


def widths(app: Workbench) -> list[int]:
    experiment = app.experiment()
    return experiment.widths if experiment else []


@pytest.mark.parametrize("size", [SMALL, MIDDLE, COLUMN])
async def test_layers_are_edited_added_moved_and_removed(size: tuple[int, int]) -> None:
    app = Workbench()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await retype(pilot, "#model-hidden-0-units", "8")
        await until(pilot, lambda: widths(app) == [2, 8, 1])
        await pilot.press("ctrl+n")
        await until(pilot, lambda: app.focused and app.focused.id == "model-hidden-1-units")
        await pilot.press("end", "backspace", "3")
        await until(pilot, lambda: widths(app) == [2, 8, 3, 1])
        await pilot.press("down", "right")
        await until(pilot, lambda: app.experiment().model.activation == ["sigmoid", "tanh"])
        await pilot.press("shift+up")
        await until(pilot, lambda: widths(app) == [2, 3, 8, 1])
        assert app.experiment().model.activation == ["tanh", "sigmoid"]
        await until(pilot, lambda: app.focused and app.focused.id == "model-hidden-0-units")
        assert "2 → 3 → 8 → 1" in shown(pilot)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: widths(app) == [2, 8, 1])
        assert app.experiment().model.activation == "sigmoid"
        assert not app.query_one("#model-hidden-1").parent.display  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [SMALL, MIDDLE, COLUMN])
@pytest.mark.parametrize("field", ["#model-hidden", "#model-hidden-0-units"])
async def test_where_the_size_of_a_layer_is_set_a_rule_of_thumb_stands(size, field) -> None:
    app = Workbench()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await focus(pilot, field)
        await until(pilot, lambda: "Heaton 2008, Lippmann 1987)." in words_of(pilot))
        await focus(pilot, "#train-seed")
        await until(pilot, lambda: "Heaton" not in words_of(pilot))


async def test_every_layer_can_go_and_one_comes_back_by_a_click() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#model-hidden-0")
        await pilot.press("delete")
        await until(pilot, lambda: widths(app) == [2, 1])
        await pilot.click("#model-hidden-add")
        await until(pilot, lambda: widths(app) == [2, 5, 1])


async def test_what_is_folded_away_opens_and_stays_open() -> None:
    app = Workbench()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        assert not app.query("#optimizer-momentum")
        await focus(pilot, "#group-optimizer")
        assert "+4" in shown(pilot)
        await pilot.press("right")
        await retype(pilot, "#optimizer-momentum", "0.9")
        await until(pilot, lambda: app.experiment() and app.experiment().optimizer.momentum == 0.9)
        await until(pilot, lambda: "was 0" in shown(pilot))
        await focus(pilot, "#group-optimizer")
        await pilot.press("left")
        await until(pilot, lambda: "also changed: optimizer.momentum" in shown(pilot))
        await pilot.press("enter")
        app.draft = Draft.load("iris")
        await until(pilot, lambda: "Three sorts of iris" in shown(pilot) or widths(app)[0] == 4)
        await until(pilot, lambda: app.query_one("#optimizer-momentum").parent.display)  # type: ignore[union-attr]


async def test_another_optimizer_has_other_settings() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#group-optimizer")
        await pilot.press("enter", "down", "right", "right", "right")
        await until(pilot, lambda: app.experiment().optimizer.name == "adam")
        await retype(pilot, "#optimizer-beta1", "0.8")
        await until(pilot, lambda: app.experiment() and app.experiment().optimizer.beta1 == 0.8)
        assert "was sgd" in shown(pilot)
        assert "momentum" not in shown(pilot)


async def test_a_schedule_and_its_warmup_are_set() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#group-schedule")
        await pilot.press("enter", "down", "right")
        await retype(pilot, "#schedule-step-size", "50")
        await retype(pilot, "#schedule-warmup", "5")
        await until(pilot, lambda: app.experiment() and app.experiment().schedule.warmup == 5)
        assert app.experiment().schedule.step_size == 50


async def test_what_is_wrong_is_said_in_place_and_no_numbers_are_invented() -> None:
    app = Workbench()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await retype(pilot, "#optimizer-lr", "fast")
        await until(pilot, lambda: "must be a number (got 'fast')" in shown(pilot))
        lines = shown(pilot).splitlines()
        row = next(place for place, line in enumerate(lines) if "learning rate" in line)
        assert "must be a number" in lines[row + 1]
        assert "cannot be started" in shown(pilot)
        await retype(pilot, "#optimizer-lr", "0.3")
        await until(pilot, lambda: "cannot be started" not in shown(pilot))
        assert "must be a number" not in shown(pilot)
        assert "2 → 5 → 1, 21 parameters" in shown(pilot)
        for key, text in (
            ("model.hidden", "x"),
            ("train.epochs", "0"),
            ("data.samples", "-3"),
            ("data.kind", "file"),
            ("loss.name", "mse_of_mine"),
        ):
            app.draft = Draft.load("two-moons").with_text(key, text)
            await until(pilot, lambda: "cannot be started" in shown(pilot))
            # Of the network, the data and the length nothing is known; no points are drawn.
            of_rows = r"|\d rows" if key.startswith("data.") else ""
            invented = re.compile(r"\d parameters|\d steps|an epoch" + of_rows)
            await until(pilot, lambda words=invented: not words.search(shown(pilot)))
            sheet = shown(pilot)
            assert "two-moons, changed" in sheet, key
            app.draft = Draft.load("two-moons")
            await until(pilot, lambda: "21 parameters" in shown(pilot))


async def test_a_changed_setup_says_what_it_is_and_whose_words_are_shown() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        assert "from which this was made" not in shown(pilot)
        await retype(pilot, "#model-hidden", "8, 4")
        await until(pilot, lambda: "two-moons, changed: hidden 8 4" in shown(pilot))
        assert "two-moons, from which this was made" in shown(pilot)
        assert app.draft is not None
        assert app.draft.text("title") == "two-moons, changed: hidden 8 4"
        assert app.draft.was("title") is None
        named = app.draft.with_text("title", "Mine").experiment
        assert named is not None
        assert named.title == "Mine"
        await retype(pilot, "#model-hidden", "5")
        await until(pilot, lambda: "changed" not in shown(pilot))


async def test_a_problem_of_a_folded_setting_unfolds_it() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await retype(pilot, "#data-samples", "2")
        await until(pilot, lambda: "asks for 1000 rows of 2" in shown(pilot))
        assert app.query_one("#data-split").parent.display  # type: ignore[union-attr]
        await retype(pilot, "#data-samples", "200")
        await until(pilot, lambda: app.experiment() is not None)
        await until(pilot, lambda: not app.query_one("#data-split").parent.display)  # type: ignore[union-attr]


async def test_another_kind_of_data_swaps_its_rows_and_says_what_no_longer_fits() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        app.query_one("#data-kind", ChoiceField).choose("function")
        await until(pilot, lambda: "needs two classes" in shown(pilot))
        assert "targets" in shown(pilot)
        assert "samples" not in shown(pilot)
        app.query_one("#loss-name", ChoiceField).choose("mse")
        await until(pilot, lambda: app.experiment() is not None)
        await retype(pilot, "#data-targets", "sin(x), x**2")
        await until(pilot, lambda: widths(app) == [1, 5, 2])


async def test_each_field_says_what_it_is_in_the_schemas_words() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#train-seed")
        await until(pilot, lambda: "What every random number is derived from." in shown(pilot))
        await focus(pilot, "#loss-name")
        await until(pilot, lambda: "-(y log p" in shown(pilot))
        await focus(pilot, "#model-hidden-0-units")
        await until(pilot, lambda: "ctrl+n adds" in shown(pilot))


async def test_enter_on_a_choice_lists_every_value() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#optimizer-name")
        await pilot.press("enter")
        await until(pilot, lambda: "Divides by the root of all squared gradients" in shown(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.experiment().optimizer.name == "adagrad")


async def test_arrows_go_through_every_part_of_the_form() -> None:
    app = Workbench()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await focus(pilot, "#presets")
        await pilot.press("enter")
        seen = []
        for _ in range(80):
            seen.append(app.focused.id if app.focused else None)
            await pilot.press("down")
            if app.focused is not None and app.focused.id == seen[-1]:
                break
        assert seen[0] == "data-kind"
        assert seen[-1] == "group-words"
        assert "model-hidden-0-activation" in seen
        assert "device" in seen
        await pilot.press("pageup")
        assert app.focused is app.query_one("#group-population")
        for _ in range(80):
            await pilot.press("up")
            if app.focused is app.query_one("#presets"):
                break
        await pilot.press("up")
        assert app.focused is app.query_one("#presets")


async def test_a_device_is_chosen_and_is_no_part_of_the_experiment() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        before = app.experiment()
        await focus(pilot, "#device")
        await pilot.press("right", "right", "right")
        await until(pilot, lambda: app.device == "cuda:1")
        assert "cuda:1" in shown(pilot)
        assert app.experiment() == before


async def test_a_mark_is_edited() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#group-words")
        await pilot.press("right")
        await retype(pilot, "#marks-0-title", "Before")
        await until(pilot, lambda: app.experiment() and app.experiment().marks[0].title == "Before")
        await focus(pilot, "#marks-0")
        await pilot.press("right")
        await retype(pilot, "#marks-0-at-epoch", "4")
        await until(pilot, lambda: app.experiment() and app.experiment().marks[0].at.epoch == 4)


async def test_resetting_brings_back_what_the_preset_says() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await retype(pilot, "#model-hidden", "9 9")
        await until(pilot, lambda: widths(app) == [2, 9, 9, 1])
        assert "differs from the preset" in shown(pilot)
        assert app.draft is not None
        app.draft = app.draft.without_changes()
        await until(pilot, lambda: "differs from the preset" not in shown(pilot))
        assert "2 → 5 → 1" in shown(pilot)
        assert "layer 2" not in shown(pilot)


async def test_the_data_is_shown_where_there_is_room() -> None:
    app = Workbench()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "640 train" in shown(pilot))
        app.draft = Draft.load("function-set")
        await until(pilot, lambda: "100 rows" in shown(pilot))
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "100 rows" not in shown(pilot))


async def test_where_trying_is_slow_it_waits_for_the_typing_to_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        assert app.draft is not None
        vars(app.draft)["seconds"] = 1.0
        app.query_one(Form)._draft = app.draft
        await app.query_one(SetupPane).watch_draft(app.draft)
        tried: list[str] = []
        change = Draft.with_text

        def try_slowly(draft: Draft, key: str, text: str) -> Draft:
            tried.append(text)
            return change(draft, key, text)

        monkeypatch.setattr(Draft, "with_text", try_slowly)
        await retype(pilot, "#train-seed", "123")
        await until(pilot, lambda: tried)
        assert tried == ["123"]


async def test_a_draft_that_comes_late_is_never_written_over_newer_text() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        pane, field = app.query_one(SetupPane), app.query_one("#model-hidden", TextField)
        late, heard = app.draft, app.heard
        assert late is not None
        await retype(pilot, "#model-hidden", "16")
        await until(pilot, lambda: app.heard.get("model.hidden") == field.change)
        await pilot.pause()
        pane.set_reactive(SetupPane.draft, late)
        pane.set_reactive(SetupPane.heard, heard)
        await pane.watch_draft(late)
        assert field.value == "16"
        assert [typed.text for typed in pane.typed()] == ["16"]
        pane.set_reactive(SetupPane.heard, app.heard)
        app.draft = late.with_text("model.hidden", "3")
        await until(pilot, lambda: widths(app) == [2, 3, 1])
        await pilot.pause()
        assert field.value == "3", "a draft that knows what was typed has the last word"


DROPOUT = "model.hidden[0].dropout"


async def test_a_field_is_not_tidied_while_somebody_types_in_it() -> None:
    app = Workbench("exploding")
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#model-hidden-0")
        await pilot.press("right")
        await retype(pilot, "#model-hidden-0-dropout", "")
        field = app.query_one("#model-hidden-0-dropout", TextField)
        await until(pilot, lambda: app.heard.get(DROPOUT))
        await pilot.pause()
        assert field.value == ""
        await pilot.press(*".5")
        await until(pilot, lambda: app.draft and app.draft.texts[DROPOUT].text == ".5")
        await pilot.press("ctrl+u", "down")
        await until(pilot, lambda: field.value == "0")


def test_letters_find_every_value_of_every_choice() -> None:
    """A value is found by its letters, one of several that begin alike by the same letter again."""
    draft = Draft.load("two-moons")
    choices = [setting for setting in draft.settings.values() if len(setting.options) > 1]
    assert len(choices) > 10
    for setting in choices:
        values = [option.value for option in setting.options]
        for value in values:
            field = ChoiceField(setting.options, id="choice")
            field.set_reactive(ChoiceField.value, values[0])
            for sign in value:
                if sign.isalnum() or field._goes_on(sign):
                    field.seek(sign)
            alike = [each for each in values if each.lower().startswith(value.lower())]
            assert field.value in alike or not value[0].isalnum(), (setting.key, value)
        field = ChoiceField(setting.options, id="choice")
        field.set_reactive(ChoiceField.value, values[0])
        first = values[0][0]
        seen = set()
        for _ in values:
            seen.add(field.value)
            field.seek(first)
            field._sought = ""
        assert {each for each in values if each[0].lower() == first.lower()} == seen, setting.key


async def test_a_field_is_entered_with_its_text_selected() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await focus(pilot, "#train-seed")
        await pilot.press(*"5", "up", "down", *"84")
        await until(pilot, lambda: app.experiment() and app.experiment().train.seed == 84)


@pytest.mark.parametrize("preset", ["two-moons", "function-set", "digits-convolution"])
async def test_no_size_is_too_small_or_too_large(preset: str) -> None:
    app = Workbench(preset)
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        for size in [(1, 1), (40, 6), (3, 40), (200, 60), (46, 14), (70, 8), SMALL]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await until(pilot, lambda: "Data +" in shown(pilot) and "Network +" in shown(pilot))


async def test_plain_ascii_has_no_other_signs() -> None:
    app = Workbench()
    async with app.run_test(size=MIDDLE) as pilot:
        await ready(pilot)
        await retype(pilot, "#train-seed", "5")
        app.look = Look(ASCII, DARK)
        await until(pilot, lambda: "+ Data" in shown(pilot))
        assert not set("▸▾‹›●") & set(shown(pilot))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, COLUMN])
async def test_presets_are_searched_by_words_of_their_name_and_title(size: tuple[int, int]) -> None:
    app = Workbench()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        presets = app.query_one(PresetList)

        def listed() -> list[str | None]:
            return [option.id for option in presets.options]

        whole = listed()
        assert len(whole) > 20
        await focus(pilot, "#presets")
        await pilot.press("slash", *"gradi sig")
        await until(pilot, lambda: listed() == ["vanishing-sigmoid"])
        # What is set up stays until one is taken.
        assert app.draft is not None
        assert app.draft.name == "two-moons"
        await pilot.press("enter")
        await until(pilot, lambda: app.draft and app.draft.name == "vanishing-sigmoid")
        assert app.focused is presets
        await pilot.press("slash", *"zzz")
        await until(pilot, lambda: "No preset has these words." in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: listed() == whole)
        assert app.focused is presets
        assert app.draft.name == "vanishing-sigmoid"
        assert not app.query_one("#search").display


def entries_of(presets: PresetList) -> list[str]:
    return [str(presets.get_option_at_index(at).prompt) for at in range(presets.option_count)]


async def test_a_preset_is_listed_with_its_title_where_that_has_room_and_else_without() -> None:
    app = Workbench()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        names = app.query_one(PresetList)
        await until(pilot, lambda: "two-moons" in entries_of(names))
        await pilot.resize_terminal(140, 40)
        await until(pilot, lambda: "two-moons                Two moons" in entries_of(names))
        assert names.highlighted_option.id == "two-moons"
