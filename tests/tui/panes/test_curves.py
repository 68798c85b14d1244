"""The pane of the curves: what it draws again, what it says, and what the mouse asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.reactive import reactive

from engine.recording.events import MarkReached, Series
from engine.recording.history import History
from tests.tapes import header
from tui.drawing.base.axis import LABEL_WIDTH
from tui.drawing.lists.status import Standing
from tui.panes.curves import CurvesPane
from tui.style.look import Look
from tui.watching.view import Trace, View

SIZE = (80, 24)
COLUMNS = {"train": ["loss", "accuracy", "lr", "grad_norm"], "dev": ["loss", "accuracy"]}


def history_of(count: int, *, level: float = 0.0) -> History:
    history = History()
    history.add(header(columns=COLUMNS))
    losses = level + 1 / np.arange(1, count + 1)
    rows = np.stack([losses, 1 - losses, np.full(count, 0.2), losses]).astype(np.float32)
    history.add(Series(group="train", first=1, values=rows[:, :, None]))
    history.add(Series(group="dev", first=10, stride=10, values=rows[:2, 9::10, None]))
    return history


def view_of(count: int = 100, **more: Any) -> View:
    given: dict[str, Any] = {
        "history": history_of(count),
        "run": "moons-20261121-4f1c",
        "title": "Two moons",
        "version": 1,
        "step": count,
        "standing": Standing(state="ended", steps=count),
    }
    return View(**{**given, **more})


class Stage(App[None]):
    """The pane alone, and what it asks for."""

    CSS = "CurvesPane { height: 1fr; border: round white; }"

    view: reactive[View] = reactive(View(), repaint=False)
    look: reactive[Look] = reactive(Look(), repaint=False)

    def __init__(self, view: View) -> None:
        super().__init__()
        self.asked: list[Any] = []
        self.set_reactive(Stage.view, view)

    def compose(self) -> ComposeResult:
        yield CurvesPane(id="curves").data_bind(Stage.view, Stage.look)

    def on_curves_pane_step_pointed(self, message: CurvesPane.StepPointed) -> None:
        self.asked.append(message)

    def on_curves_pane_zoomed(self, message: CurvesPane.Zoomed) -> None:
        self.asked.append(message)


def pane_of(pilot: Pilot[None]) -> CurvesPane:
    return pilot.app.query_one(CurvesPane)


def shown(pilot: Pilot[None]) -> list[str]:
    pane = pane_of(pilot)
    return [pane.render_line(y).text for y in range(pane.content_size.height)]


async def showing(pilot: Pilot[None], view: View) -> list[str]:
    """Show a view and return the rows."""
    pilot.app.view = view  # type: ignore[attr-defined]
    await pilot.pause()
    return shown(pilot)


async def test_it_shows_train_and_dev_and_says_the_newest_value() -> None:
    async with Stage(view_of()).run_test(size=SIZE) as pilot:
        lines = shown(pilot)
        assert "train 0.01000" in lines[0]
        assert "dev 0.01000" in lines[0]
        assert str(pane_of(pilot).border_title) == "Loss"
        assert "step 100" in str(pane_of(pilot).border_subtitle)


async def test_every_quantity_has_its_name_and_its_curve() -> None:
    async with Stage(view_of()).run_test(size=SIZE) as pilot:
        for quantity, title in (
            ("accuracy", "Accuracy"),
            ("lr", "Learning rate"),
            ("grad_norm", "Gradient norm"),
        ):
            lines = await showing(pilot, view_of(quantity=quantity))
            assert str(pane_of(pilot).border_title) == title
            assert "train" in lines[0]


async def test_the_cursor_reads_its_step_and_names_what_happened_there() -> None:
    view = view_of(cursor=50)
    assert view.history is not None
    view.history.add(MarkReached(t=0, step=50, title="half"))
    async with Stage(view).run_test(size=SIZE) as pilot:
        lines = shown(pilot)
        assert "train 0.02000" in lines[0]
        assert "▲ half" in lines[0]
        assert "step 50 of 100" in str(pane_of(pilot).border_subtitle)
        assert any("│" in line[LABEL_WIDTH + 2 :] for line in lines)


async def test_a_window_is_what_the_axis_shows() -> None:
    async with Stage(view_of(window=(40, 60))).run_test(size=SIZE) as pilot:
        labels = shown(pilot)[-1].split()
        assert (labels[0], labels[-1]) == ("40", "60")


async def test_runs_beside_it_are_drawn_to_their_own_end_and_named() -> None:
    other = Trace(history=history_of(200, level=0.5), run="x-9a", title="月", step=200, slot=1)
    async with Stage(view_of(others=(other,))).run_test(size=SIZE) as pilot:
        lines = shown(pilot)
        assert lines[0].startswith("Two moons")
        assert lines[1].startswith("月")
        assert lines[-1].split()[-1] == "200"


async def test_two_runs_of_one_title_are_told_apart() -> None:
    other = Trace(
        history=history_of(50), run="moons-20261121-9a", title="Two moons", step=50, slot=1
    )
    async with Stage(view_of(others=(other,))).run_test(size=SIZE) as pilot:
        lines = shown(pilot)
        assert lines[0].startswith("Two moons 4f1c")
        assert lines[1].startswith("Two moons 9a")


async def test_smoothing_is_named_in_the_border() -> None:
    async with Stage(view_of(smoothing=2)).run_test(size=SIZE) as pilot:
        assert "smoothed 0.9" in str(pane_of(pilot).border_title)
        shown(pilot)


async def test_what_a_run_does_not_have_is_said() -> None:
    history = History()
    history.add(header(columns={"train": ["loss"], "dev": []}))
    history.add(Series(group="train", first=1, values=np.ones((1, 5, 1), np.float32)))
    view = view_of(5, history=history, quantity="accuracy")
    async with Stage(view).run_test(size=SIZE) as pilot:
        assert "There is no accuracy" in " ".join(shown(pilot))


async def test_a_click_points_at_the_step_under_it() -> None:
    async with Stage(view_of()).run_test(size=SIZE) as pilot:
        columns = pane_of(pilot).timeline.columns
        for column, step in ((0, 0), (columns - 1, 100), ((columns - 1) // 2, None)):
            await pilot.click(CurvesPane, offset=(1 + LABEL_WIDTH + 1 + column, 8))
            await pilot.pause()
            [message] = pilot.app.asked  # type: ignore[attr-defined]
            pilot.app.asked.clear()  # type: ignore[attr-defined]
            expected = pane_of(pilot).timeline.step_at(column) if step is None else step
            assert message.step == expected


async def test_a_click_beside_the_canvas_points_at_nothing() -> None:
    async with Stage(view_of()).run_test(size=SIZE) as pilot:
        await pilot.click(CurvesPane, offset=(3, 8))
        await pilot.pause()
        assert pilot.app.asked == []  # type: ignore[attr-defined]


async def test_the_wheel_zooms_around_the_step_under_it() -> None:
    async with Stage(view_of()).run_test(size=SIZE) as pilot:
        pane = pane_of(pilot)
        for event, by in ((MouseScrollUp, 1), (MouseScrollDown, -1)):
            x = 1 + LABEL_WIDTH + 1 + pane.timeline.column_of(50)
            at: dict[str, Any] = {"x": x, "y": 8, "screen_x": x, "screen_y": 8}
            pane.post_message(
                event(
                    pane, **at, delta_x=0, delta_y=0, button=0, shift=False, meta=False, ctrl=False
                )
            )
            await pilot.pause()
            [message] = pilot.app.asked  # type: ignore[attr-defined]
            pilot.app.asked.clear()  # type: ignore[attr-defined]
            assert message.by == by
            assert pane.timeline.column_of(message.step) == pane.timeline.column_of(50)


async def test_only_rows_that_changed_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Standing(state="running", steps=2000)
    view = view_of(1500, standing=standing)
    async with Stage(view).run_test(size=SIZE) as pilot:
        shown(pilot)
        rows: list[int] = []
        refresh = CurvesPane.refresh

        def counted(self: CurvesPane, *regions: Any, **more: Any) -> Any:
            rows.extend(region.y for region in regions)
            return refresh(self, *regions, **more)

        monkeypatch.setattr(CurvesPane, "refresh", counted)
        await showing(pilot, replace(view_of(1510, standing=standing), version=2))
        assert 0 < len({row for row in rows if row >= 0}) <= 4


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (20, 5), (40, 6), (80, 24), (200, 60)])
async def test_it_draws_at_every_size(size: tuple[int, int]) -> None:
    other = Trace(history=history_of(7), run="x", title="月", step=7, slot=1)
    view = view_of(cursor=50, others=(other,), smoothing=1, log=True)
    async with Stage(view).run_test(size=size) as pilot:
        shown(pilot)
