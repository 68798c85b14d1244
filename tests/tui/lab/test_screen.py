"""The lab, driven by keys, watching recordings that the tests write."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList

from engine.recording.events import MarkReached, Request, RunWarning
from engine.runs.folder import RunFolder
from tests.labs import FakeRun, FakeWorker, lab_of, make_app, ready, settled, shown, until
from tests.patience import DEADLINE
from tui.app import LabApp
from tui.commands.table import COMMANDS
from tui.dialogs.dialog import Dialog
from tui.lab.ticking import Ticking
from tui.panes.curves import CurvesPane
from tui.panes.picture import Picture
from tui.panes.setup.field import ChoiceField
from tui.panes.setup.pane import SetupPane
from tui.panes.setup.words import Words
from tui.places import NAMES
from tui.style.look import Look
from tui.style.palette import PALETTES, SIXTEEN
from tui.style.themes import THEMES

WIDE = (120, 40)
SMALL = (80, 24)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FakeRun]:
    """A run whose recording has begun."""
    fake = FakeRun(tmp_path).begin()
    yield fake
    fake.close()


def requests_of(folder: RunFolder) -> list[tuple[str, dict[str, Any]]]:
    """Return what was asked of a run, in the order of the asking."""
    found = []
    for path in folder.control.glob("*.jsonl"):
        found += [json.loads(line) for line in path.read_text().splitlines() if line]
    return [(each["action"], each["arguments"]) for each in sorted(found, key=lambda e: e["time"])]


def answer(fake: FakeRun, action: str, **arguments: Any) -> None:
    """Record that a request was carried out."""
    fake.tell(Request(id="1", viewer="me", action=action, arguments=arguments, step=fake.step))


async def test_it_opens_on_two_moons_with_every_preset_listed(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        assert lab.draft is not None
        assert lab.draft.name == "two-moons"
        screen = shown(pilot)
        for words in ("two-moons", "Two moons", "learning rate", "0.2", "2 → 5 → 1", "ready"):
            assert words in screen


@pytest.mark.parametrize("preset", ["cubic", "nowhere"])
async def test_nobody_is_asked_to_choose_a_preset_that_is_still_being_read(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    update = Words.update

    def saying(words: Words, content: Any = "", **others: Any) -> None:
        said.append(str(content))
        update(words, content, **others)

    monkeypatch.setattr(Words, "update", saying)
    app, _ = make_app(tmp_path, preset=preset)
    async with app.run_test(size=WIDE) as pilot:
        assert "reading presets" in shown(pilot)
        await until(pilot, lambda: not app.is_opening)
        await settled(pilot)
        assert ("choose a preset" in shown(pilot)) == (preset == "nowhere")
    assert said.count("choose a preset") == (preset == "nowhere")


async def test_space_makes_a_run_folder_and_gives_it_to_the_warm_worker(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path, device="cpu")
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        assert len(workers) == 1
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        folder, device, steps = workers[0].given
        assert (device, steps) == ("cpu", None)
        assert 'kind = "moons"' in folder.experiment_file.read_text()
        assert "starting" in shown(pilot)
        assert lab.situation == "live"
        assert lab.pane == "curves"


async def test_space_before_the_presets_are_read_starts_as_soon_as_they_are(
    tmp_path: Path,
) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        assert lab_of(pilot).draft is None
        await pilot.press("space")
        await until(pilot, lambda: workers and workers[0].given)


async def test_one_step_starts_a_run_that_pauses_after_it(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("s")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        assert workers[0].given[2] == 1


async def test_a_growing_recording_is_shown_to_its_result(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        fake = FakeRun(tmp_path, folder=workers[0].given[0]).begin()
        fake.train([0.9, 0.8, 0.7])
        await until(pilot, lambda: "step 3/3 000" in shown(pilot))
        before = shown(pilot)
        for words in ("running", "loss 0.7000", "dev accuracy 0.7500", "layer2", "train 0.7000"):
            assert words in before
        fake.train([0.6 - 0.001 * i for i in range(400)])
        await until(pilot, lambda: "step 403/3 000" in shown(pilot))
        assert shown(pilot) != before
        fake.end(test_accuracy=0.905, test_loss=0.2242, seconds=1.5)
        await until(pilot, lambda: "finished" in shown(pilot))
        assert "test accuracy 0.9050   test loss 0.2242" in shown(pilot)
        await until(pilot, lambda: len(workers) == 2)
        fake.close()


async def test_keys_become_requests(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9] * 5)
    async with app.run_test(size=WIDE) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.situation == "live")
        await pilot.press("space")
        assert requests_of(run.folder) == [("pause", {})]
        answer(run, "pause")
        await until(pilot, lambda: lab.situation == "paused")
        assert "paused after step 5" in shown(pilot)
        await pilot.press("s", "plus", "plus", "minus", "space", "x")
        asked = requests_of(run.folder)[1:]
        assert [action for action, _ in asked] == ["step", *["set_lr"] * 3, "continue", "stop"]
        assert [arguments["lr"] for _, arguments in asked[1:4]] == [0.25, 0.3125, 0.25]


async def test_the_learning_rate_goes_on_from_what_the_recording_accepted(
    tmp_path: Path, run: FakeRun
) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9])
    answer(run, "set_lr", lr=0.8)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        await pilot.press("plus")
        assert requests_of(run.folder) == [("set_lr", {"lr": 1.0})]


async def test_a_mark_is_asked_for_with_its_title(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9] * 5)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press(*"hi q")
        await pilot.press("enter")
        await until(pilot, lambda: requests_of(run.folder))
        assert requests_of(run.folder) == [("mark", {"title": "hi q"})]


async def test_a_run_that_is_over_can_be_neither_paused_nor_stopped(
    tmp_path: Path, run: FakeRun
) -> None:
    app, _ = make_app(tmp_path, run=run.folder, start_worker=None)
    run.train([0.9])
    run.end()
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "over")
        await pilot.press("x", "m", "plus")
        assert requests_of(run.folder) == []


async def test_what_is_wrong_is_said_under_the_field_and_never_starts(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        field = lab.query_one("#model-hidden", Input)
        field.focus()
        field.value = ""
        await pilot.press(*"5,0")
        await until(pilot, lambda: "must be at least 1 (got 0)" in shown(pilot))
        assert "cannot be started" in shown(pilot)
        await pilot.press("escape", "space")
        await pilot.pause()
        assert workers[0].given is None
        assert not list(tmp_path.iterdir())
        field.value = "5, 3"
        await until(pilot, lambda: "2 → 5 → 3 → 1" in shown(pilot))
        assert "was 5" in shown(pilot)
        await pilot.press("2", "space")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        assert "hidden = [5, 3]" in workers[0].given[0].experiment_file.read_text()


async def test_a_reason_at_another_key_stands_at_that_keys_field(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        lab.query_one("#loss-name", ChoiceField).choose("cross_entropy")
        await until(pilot, lambda: lab.draft is not None and lab.draft.problems)
        assert lab.draft is not None
        assert "set 'identity'" in lab.draft.problems["model.output_activation"]


async def test_arrows_go_through_choices_and_enter_shows_what_they_are(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        lab.query_one("#model-activation").focus()
        await pilot.press("right")
        await until(pilot, lambda: lab.draft and lab.draft.text("model.activation") == "tanh")
        await pilot.press("enter")
        await until(pilot, lambda: "max(0, z)" in shown(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: lab.draft and lab.draft.text("model.activation") == "relu")
        assert lab.draft is not None
        assert lab.draft.experiment is not None
        assert lab.draft.experiment.model.activation == "relu"


async def test_changes_are_kept_for_each_preset_and_can_be_undone(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        lab.query_one("#optimizer-lr", Input).value = "0.7"
        await until(pilot, lambda: lab.draft and lab.draft.changed)
        assert "differs from the preset" in shown(pilot)
        presets = lab.query_one("#presets", OptionList)
        presets.highlighted = presets.get_option_index("vanishing-relu")
        await until(pilot, lambda: lab.draft and lab.draft.name == "vanishing-relu")
        await until(pilot, lambda: "normal std 0.01" in shown(pilot))
        presets.highlighted = presets.get_option_index("two-moons")
        await until(pilot, lambda: lab.draft and lab.draft.name == "two-moons")
        assert lab.draft is not None
        assert lab.draft.text("optimizer.lr") == "0.7"
        await pilot.press("u")
        await until(pilot, lambda: lab.draft and not lab.draft.changed)
        assert lab.query_one("#optimizer-lr", Input).value == "0.2"


async def test_every_change_can_be_taken_back_and_done_again(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)

        def said(*keys: str) -> tuple[str | None, ...]:
            return tuple(lab.draft.text(key) for key in keys) if lab.draft else ()

        rate, units = "optimizer.lr", "model.hidden"
        lab.query_one("#optimizer-lr", Input).focus()
        # Letter by letter, and yet one change.
        await pilot.press("delete", "0", ".", "7", "1")
        await until(pilot, lambda: said(rate) == ("0.71",))
        lab.query_one("#model-hidden-add").focus()
        await pilot.press("enter")
        await until(pilot, lambda: said(units) == ("5, 5",))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: said(rate, units) == ("0.71", "5"))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: said(rate, units) == ("0.2", "5"))
        assert lab.query_one("#optimizer-lr", Input).value == "0.2"
        await pilot.press("ctrl+y", "ctrl+y")
        await until(pilot, lambda: said(rate, units) == ("0.71", "5, 5"))
        # All changes at once are one more, and can be taken back as well.
        await pilot.press("u")
        await until(pilot, lambda: said(rate, units) == ("0.2", "5"))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: said(rate, units) == ("0.71", "5, 5"))


async def test_what_was_set_on_the_command_line_is_marked_as_changed(tmp_path: Path) -> None:
    overrides = ["optimizer.momentum=0.9", "train.seed=5"]
    app, _ = make_app(tmp_path, preset="two-moons", overrides=overrides)
    async with app.run_test(size=(200, 60)) as pilot:
        await ready(pilot)
        assert "also changed: optimizer.momentum" in shown(pilot)
        assert "was 102" in shown(pilot)


async def test_messages_go_from_the_field_to_the_lab_and_the_draft_comes_back(
    tmp_path: Path,
) -> None:
    trail: list[str] = []
    app, _ = make_app(tmp_path)
    async with app.run_test(
        size=WIDE, message_hook=lambda message: trail.append(type(message).__qualname__)
    ) as pilot:
        lab = await ready(pilot)
        trail.clear()
        lab.query_one("#train-seed", Input).value = "7"
        await until(pilot, lambda: lab.draft and lab.draft.text("train.seed") == "7")
        told = [name for name in trail if name in ("Input.Changed", "SettingChanged")]
        assert list(dict.fromkeys(told)) == ["Input.Changed", "SettingChanged"]
        assert lab.query_one(SetupPane).draft is lab.draft


async def test_a_run_opens_with_its_own_experiment_in_the_setup(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path).begin()
    text = fake.folder.experiment_file.read_text().replace("lr = 0.2", "lr = 0.35")
    fake.folder.experiment_file.write_text(text)
    app, _ = make_app(tmp_path, run=fake.folder)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        assert lab.draft is not None
        assert lab.draft.name == "two-moons"
        assert lab.draft.text("optimizer.lr") == "0.35"
        assert lab.draft.was("optimizer.lr") == "0.2"
    fake.close()


async def test_no_size_is_too_small_or_too_large(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9, float("nan"), 0.5])
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        for size in [(1, 1), (300, 100), (40, 3), (3, 40), (59, 12), SMALL]:
            await pilot.resize_terminal(*size)
            for pane in NAMES:
                lab.pane = pane
                await pilot.pause()
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: "NaN at step 2" in shown(pilot))


async def test_a_small_screen_shows_one_pane_at_a_time(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9, 0.5])
    async with app.run_test(size=SMALL) as pilot:
        lab = await ready(pilot)
        await until(pilot, lambda: "train 0.5000" in shown(pilot))
        assert "learning rate" not in shown(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: "layer1" in shown(pilot))
        assert "train 0.5000" not in shown(pilot)
        await pilot.press("1")
        await until(pilot, lambda: "hidden layers" in shown(pilot))
        await pilot.press("2")
        await until(pilot, lambda: "train 0.5000" in shown(pilot))
        await pilot.resize_terminal(*WIDE)
        await until(pilot, lambda: "hidden layers" in shown(pilot) and "layer1" in shown(pilot))
        assert not lab.tabbed


async def test_tab_goes_from_pane_to_pane_and_comes_back_to_the_same_field(
    tmp_path: Path,
) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        lab.query_one("#train-seed").focus()
        await pilot.pause()
        assert lab.situation == "form"
        visited = []
        for _ in NAMES:
            await pilot.press("tab")
            visited.append(app.focused.id if app.focused else None)
        others = ["network", "diagnosis", "run-list", "log", "microscope", "machine", "program"]
        assert visited == ["curves", "layers", *others, "train-seed"]


async def test_a_hidden_pane_is_not_drawn(
    tmp_path: Path, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    draw = CurvesPane.draw
    monkeypatch.setattr(
        CurvesPane, "draw", lambda self, *size: (drawn.append(1), draw(self, *size))[1]
    )
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9, 0.5])
    async with app.run_test(size=SMALL) as pilot:
        lab = await ready(pilot)
        lab.pane = "setup"
        await until(pilot, lambda: lab.view.step == 2)
        drawn.clear()
        run.train([0.4])
        await until(pilot, lambda: "step 3/" in shown(pilot))
        assert not drawn
        lab.pane = "curves"
        await until(pilot, lambda: "train 0.4000" in shown(pilot))


async def test_nothing_is_sent_when_nothing_has_changed(
    tmp_path: Path, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long it takes here, the run says nothing meanwhile.
    monkeypatch.setattr("engine.runs.state.SILENT_SECONDS", math.inf)
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9, 0.5])
    answer(run, "pause")
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        await until(pilot, lambda: lab.situation == "paused")
        updates: list[object] = []
        ticks: list[object] = []
        display, tick = LabApp._display, Ticking._tick
        monkeypatch.setattr(Ticking, "_tick", lambda self: (ticks.append(1), tick(self))[1])
        # What opening it has left to be done, first.
        await until(pilot, lambda: len(ticks) >= 5)
        await settled(pilot)
        ticks.clear()
        monkeypatch.setattr(
            LabApp,
            "_display",
            lambda self, screen, what: (
                updates.append(what) if what is not None else None,
                display(self, screen, what),
            )[1],
        )
        await until(pilot, lambda: len(ticks) >= 10)
        assert updates == []


async def test_only_rows_that_changed_are_sent_again(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([1.0, 0.5])
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        table = lab.query_one("#layers", Picture)
        await until(pilot, lambda: "layer1" in shown(pilot))
        before = list(table._strips)
        run.train([0.4])
        await until(pilot, lambda: lab.view.step == 3)
        await pilot.pause()
        assert [old == new for old, new in zip(before, table._strips, strict=True)] == [False] * 2


async def test_a_worker_that_dies_before_its_first_word_is_shown_with_its_last(
    tmp_path: Path,
) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        workers[0].given[0].log.write_text("Traceback\n  [bold]\nMemoryError: all gone\n")
        workers[0].status = 1
        await until(pilot, lambda: lab.situation == "over")
        assert "crashed" in shown(pilot)
        assert "MemoryError: all gone" in shown(pilot)


async def test_a_worker_that_is_gone_without_an_end_has_crashed(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, pid=2**22 - 1).begin()
    fake.train([0.9])
    fake.folder.log.write_text("Killed\n")
    app, _ = make_app(tmp_path, run=fake.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "crashed" in shown(pilot))
        assert "Killed" in shown(pilot)
        assert "train 0.9000" in shown(pilot)
    fake.close()


async def test_a_run_that_could_not_start_says_why(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.end("failed", "there is no CUDA device here; use --device cpu")
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "there is no CUDA device here; use --device cpu" in shown(pilot))


async def test_a_file_that_is_no_recording_is_said_to_be_none(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path)
    fake.folder.recording.write_text("this is not JSON\n" * 3)
    app, _ = make_app(tmp_path, run=fake.folder)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "crashed" in shown(pilot))


async def test_titles_and_notes_are_text_and_nothing_else(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path)
    experiment = fake._experiment.model_dump(mode="json", exclude_none=True)
    experiment["title"] = "[bold]神经网络[/] \x1b[31mred"
    fake = FakeRun(tmp_path, folder=fake.folder, experiment=experiment).begin()
    fake.train([0.5])
    fake.tell(MarkReached(step=1, title="[red]x[/red]\x1b]0;y\x07", note="[/] 训练"))
    app, _ = make_app(tmp_path, run=fake.folder)
    async with app.run_test(size=(140, 40)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "[red]x[/red]" in shown(pilot))
        screen = shown(pilot)
        assert "[bold]神经网" in screen
        assert "训练" in screen
        assert "\x1b" not in screen
    fake.close()


async def test_warnings_are_said(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.5])
    run.tell(RunWarning(step=1, message="no checkpoint was written"))
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await until(pilot, lambda: "step 1: no checkpoint was written" in shown(pilot))


async def test_many_layers_scroll(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path, layers=50).begin()
    fake.train([0.5])
    app, _ = make_app(tmp_path, run=fake.folder)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        lab.query_one("#layers").focus()
        await until(pilot, lambda: "50 layers" in shown(pilot))
        assert "layer50" not in shown(pilot).replace("layer1 / layer50", "")
        await pilot.press("end")
        await until(pilot, lambda: "layer50 " in shown(pilot).replace("layer1 / layer50", ""))
    fake.close()


async def test_gradients_of_exactly_zero_are_said(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.5], norm=None)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "exactly 0" in shown(pilot))


async def test_log_axis_and_accuracy_are_toggled(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9, 0.09, 0.009])
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        await until(pilot, lambda: lab.view.step == 3)
        await pilot.press("l")
        await until(pilot, lambda: "log axis" in shown(pilot).splitlines()[2])
        await pilot.press("a")
        await until(pilot, lambda: "Accuracy" in shown(pilot))
        assert "train 0.7500" in shown(pilot)
        await pilot.press("a", "l")
        await until(pilot, lambda: "log axis" not in shown(pilot).splitlines()[2])


async def test_themes_and_glyphs_go_round(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.9, 0.5, 0.2])
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        themes = []
        for _ in PALETTES:
            await pilot.press("t")
            themes.append(app.theme)
        assert themes == [PALETTES[1].name, PALETTES[2].name, PALETTES[0].name]
        await pilot.press("g", "g")
        await until(pilot, lambda: "** train" in shown(pilot))
        await pilot.press("g")
        await until(pilot, lambda: "━━ train" in shown(pilot))
        assert lab.look.palette is PALETTES[0]


def test_every_palette_has_a_theme_and_stays_on_the_grid() -> None:
    assert [theme.name for theme in THEMES] == [each.name for each in (*PALETTES, *SIXTEEN)]
    for palette in PALETTES:
        indices = [value for value in vars(palette).values() if type(value) is int]
        assert all(16 <= index <= 255 for index in indices)
        assert palette.train != palette.dev


def test_without_colours_the_next_palette_has_none_either() -> None:
    look = Look(palette=PALETTES[0].without_colours())
    assert not look.next_palette().palette.colours


async def test_every_key_of_the_lab_is_in_the_table(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        for command in COMMANDS:
            # One part of the lab does it, and no other: nobody has to know which comes first.
            assert sum(hasattr(part, f"action_{command.name}") for part in lab.parts) == 1
            bound = [b.action for key in command.keys for b in lab._bindings.key_to_bindings[key]]
            assert f"do({command.action!r})" in bound


async def test_help_and_palette_show_the_table(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 60)) as pilot:
        await ready(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Train the experiment" in shown(pilot))
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        before = lab_of(pilot).look.palette
        await pilot.press(*"theme")
        await until(pilot, lambda: "bright on black" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: lab_of(pilot).look.palette is not before)


async def test_quitting_asks_only_while_a_run_is_going(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.5])
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        await pilot.press("q")
        await until(pilot, lambda: "leave it running" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "leave it running" not in shown(pilot))
        run.end()
        await until(pilot, lambda: lab_of(pilot).situation == "over")
        await pilot.press("q")
    assert app.return_value is None
    assert requests_of(run.folder) == []


@pytest.mark.parametrize(
    ("keys", "words", "asked"),
    [
        (["q", "l"], "epochal attach", []),
        (["q", "s"], "asked to stop", [("stop", {})]),
        (["d"], "epochal attach", []),
        (["ctrl+q", "l"], "epochal attach", []),
    ],
)
async def test_leaving_says_what_becomes_of_the_run(
    tmp_path: Path, run: FakeRun, keys: list[str], words: str, asked: list[Any]
) -> None:
    app, _ = make_app(tmp_path, run=run.folder)
    run.train([0.5])
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: lab_of(pilot).situation == "live")
        for key in keys:
            await pilot.press(key)
            await until(pilot, lambda: app._exit or isinstance(app.screen, Dialog))
        await until(pilot, lambda: app._exit)
    assert app.return_value is not None
    assert words in app.return_value
    assert run.folder.name in app.return_value
    assert requests_of(run.folder) == asked


async def test_a_warm_worker_without_a_run_is_let_go(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
    assert [worker.closed for worker in workers] == [True]


async def test_restart_stops_what_runs_and_begins_again(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        await pilot.press("r")
        await until(pilot, lambda: len(workers) == 2 and workers[1].given)
        assert workers[0].given is not None
        assert requests_of(workers[0].given[0]) == [("stop", {})]
        assert workers[1].given is not None
        assert lab.view.run == workers[1].given[0].name


async def test_restart_stops_nothing_where_the_setup_does_not_hold(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        assert workers[0].given is not None
        lab.query_one("#model-hidden", Input).value = "0"
        await until(pilot, lambda: lab.draft is not None and lab.draft.experiment is None)
        await pilot.press("r")
        await until(pilot, lambda: lab.pane == "setup")
        assert requests_of(workers[0].given[0]) == []
        assert len(workers) == 1


async def test_on_a_choice_letters_and_digits_look_for_a_value_and_command_nothing(
    tmp_path: Path,
) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        choice = lab.query_one("#model-activation", ChoiceField)
        choice.focus()
        await until(pilot, lambda: "letters look for one" in shown(pilot))
        await pilot.press("t")
        await until(pilot, lambda: lab.draft and lab.draft.text("model.activation") == "tanh")
        for key in "4qsdrxmG":
            await pilot.press(key)
            assert (lab.pane, lab.focused, app.screen) == ("setup", choice, lab)
        await pilot.press("z")
        await until(pilot, lambda: "No value here begins with z" in shown(pilot))
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)


async def test_a_worker_that_was_replaced_is_asked_after_when_it_ends(tmp_path: Path) -> None:
    app, workers = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        lab = await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: workers[0].given)
        await pilot.press("r")
        await until(pilot, lambda: len(workers) == 2 and workers[1].given)
        workers[0].status = 0
        await until(pilot, lambda: lab.runs.workshop._given == [workers[1]])


async def test_a_run_that_is_over_needs_one_warm_worker(tmp_path: Path, run: FakeRun) -> None:
    app, workers = make_app(tmp_path, run=run.folder)
    run.train([0.9])
    run.end()
    async with app.run_test(size=WIDE) as pilot:
        await ready(pilot)
        await until(pilot, lambda: workers)
        await pilot.pause(0.1)
        assert len(workers) == 1
    assert [worker.closed for worker in workers] == [True]


async def test_what_cannot_be_written_is_complained_of_and_ends_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    app, workers = make_app(blocked)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: "could not be started" in shown(pilot))
        assert workers[0].given is None


async def test_a_preset_that_does_not_hold_is_complained_of(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path, preset="no-such-preset")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: "no such preset" in shown(pilot))


def test_neither_torch_nor_the_trainer_is_imported_by_a_lab_that_ran(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from tests.labs import FakeRun, lab_of, make_app, ready, shown, until
async def main():
    run = FakeRun(Path({str(tmp_path)!r})).begin()
    run.train([0.9, 0.5])
    app, _ = make_app(Path({str(tmp_path)!r}), run=run.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "train 0.5000" in shown(pilot) and lab_of(pilot).draft)
    run.close()
asyncio.run(main())
heavy = ("torch", "engine.training.trainer", "engine.worker.__main__")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_fake_worker_is_like_a_worker() -> None:
    from engine.worker.launch import Worker

    public = [name for name in vars(FakeWorker) if not name.startswith("_")]
    assert all(hasattr(Worker, name) for name in public)
