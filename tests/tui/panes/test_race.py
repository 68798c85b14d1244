"""The race's pane, in an app of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.reactive import reactive

from engine.recording.history import History
from tests.stages import Stage
from tests.tui.drawing.race.test_race import RELU, SIGMOID, history
from tui.drawing.race import racers as drawing
from tui.panes.picture import Picture
from tui.panes.race import RacePane
from tui.style.glyphs import ASCII, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.view import Trace, View


class PaneApp(Stage):
    """Nothing but the pane."""

    CSS = "RacePane { border: round $border; padding: 0 1; max-height: 100%; }"

    view: reactive[View] = reactive(View(), repaint=False)
    look: reactive[Look] = reactive(Look(), repaint=False)

    def compose(self) -> ComposeResult:
        yield RacePane(id="race").data_bind(PaneApp.view, PaneApp.look)


def view(step: int, lead: History, *others: History, **more: Any) -> View:
    """Return what the screen of a race is at a step: every run cut there."""
    cut = [each.until(step) for each in (lead, *others)]
    names = ("sigmoid", "relu", "tanh", "gelu", "elu")
    return View(
        history=cut[0],
        run="run-0",
        label=names[0],
        version=lead.version,
        step=cut[0].last_step,
        others=tuple(
            Trace(
                history=each,
                run=f"run-{index}",
                title=names[index],
                version=each.version,
                step=each.last_step,
                slot=index,
            )
            for index, each in enumerate(cut[1:], 1)
        ),
        **more,
    )


def two(steps: int = 20) -> tuple[History, History]:
    """Return two runs that part at step 10."""
    one = [1.0] * steps
    return history(SIGMOID, one, run="a"), history(RELU, [*one[:9], *[0.5] * (steps - 9)], run="b")


def seen(pilot: Pilot[None]) -> str:
    """Return the three parts as they stand."""
    return "\n".join(part.text for part in pilot.app.query(Picture) if part.display)


async def test_the_runs_stand_side_by_side_with_where_they_differ() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 20)) as pilot:
        app.view = view(20, *two())
        await pilot.pause()
        text = seen(pilot)
        for words in (
            "sigmoid",
            "relu",
            "layer1     1.80e-11",
            "layer1: 1.8e-11 against 1.2e-8, 670 times.",
            "Their losses part at step 10.",
        ):
            assert words in text
        assert app.query_one(RacePane).border_subtitle == "2 runs"


async def test_every_part_is_of_the_step_that_is_shown() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 20)) as pilot:
        for step, words in ((20, "part at step 10"), (9, "agree"), (10, "part at step 10")):
            app.view = view(step, *two())
            await pilot.pause()
            assert f"step {step}" in seen(pilot)
            assert words in seen(pilot)


async def test_an_earlier_step_is_read_of_every_run() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 20)) as pilot:
        app.view = replace(view(20, *two()), cursor=5)
        await pilot.pause()
        assert "step 5 " in seen(pilot)
        assert "agree" in seen(pilot)


async def test_a_lead_that_is_shorter_does_not_hold_the_others_up() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 20)) as pilot:
        short = history(SIGMOID, [1.0] * 3, run="a", status="diverged")
        app.view = view(12, short, two()[1])
        await pilot.pause()
        assert "step 12" in seen(pilot)
        assert "sigmoid diverged at step 3 and is held there." in seen(pilot)


async def test_a_run_alone_is_told_what_this_is_for() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert "side by side" in seen(pilot)
        app.view = view(20, two()[0])
        await pilot.pause()
        assert "side by side" in seen(pilot)
        app.view = view(20, *two())
        await pilot.pause()
        assert "side by side" not in seen(pilot)
        app.view = view(20, two()[0])
        await pilot.pause()
        assert "side by side" in seen(pilot)
        assert "part at step" not in seen(pilot)


async def test_of_more_than_four_runs_four_are_shown() -> None:
    app = PaneApp()
    async with app.run_test(size=(120, 30)) as pilot:
        runs = [history(RELU, [0.1 * (1 + index)], run=str(index)) for index in range(5)]
        app.view = view(1, *runs)
        await pilot.pause()
        assert "gelu" in seen(pilot)
        assert "elu " not in seen(pilot).replace("relu", "").replace("gelu", "")
        assert app.query_one(RacePane).border_subtitle == "4 of 5 runs"


async def test_layers_scroll_where_there_are_more_than_fit_and_the_words_stay() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 16)) as pilot:
        app.view = view(1, history([0.1] * 40, run="a"), history([0.2] * 40, run="b"))
        await pilot.pause()
        await pilot.pause()
        table = app.query_one("#race-layers", Picture)
        assert table.show_vertical_scrollbar
        table.focus()
        await pilot.press("end")
        await pilot.pause()
        assert table.scroll_offset.y > 0
        assert "layer1: 0.100 against 0.200, 2 times." in seen(pilot)


async def test_at_every_size_and_in_every_look_it_is_drawn() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        runs = [*two(), history([0.1] * 30, run="c"), history([0.1], run="d", status="stopped")]
        for size in ((1, 1), (5, 3), (12, 2), (40, 6), (40, 24), (120, 40), (200, 60)):
            await pilot.resize_terminal(*size)
            for others in (2, 3, 4):
                app.view = view(15, *runs[:others])
                await pilot.pause()
        for glyphs in GLYPHS:
            app.look = Look(glyphs)
            await pilot.pause()
        app.look = Look(ASCII, DARK.without_colours())
        await pilot.pause()
        assert seen(pilot).isascii()


@pytest.mark.parametrize("tabbed", [False, True])
async def test_forty_by_six_shows_names_and_layers(tabbed: bool) -> None:
    app = PaneApp()
    async with app.run_test(size=(40, 6)) as pilot:
        app.query_one(RacePane).tabbed = tabbed
        app.view = view(20, *two())
        await pilot.pause()
        await pilot.pause()
        assert "sigmoid" in seen(pilot)
        assert app.query_one("#race-layers", Picture).size.height >= 1


async def test_the_race_is_gathered_once_for_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    gather = drawing.gather_race

    def counted(runs: Any, step: int, *more: Any) -> Any:
        calls.append(step)
        return gather(runs, step, *more)

    monkeypatch.setattr(drawing, "gather_race", counted)
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        runs = two()
        app.view = view(20, *runs)
        await pilot.pause()
        calls.clear()
        app.view = view(7, *runs)
        await pilot.pause()
        assert calls == [7]
