"""The log pane, in an app of its own."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult

from tests.stages import Stage, screen
from tui.drawing.lists.log import Entry
from tui.panes.log import LogPane
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.view import View


class PaneApp(Stage):
    """Nothing but the pane."""

    CSS = "LogPane { border: round $border; padding: 0 1; }"

    def compose(self) -> ComposeResult:
        yield LogPane(id="log")


def entries(count: int) -> tuple[Entry, ...]:
    return tuple(Entry(words=f"entry {number}.", run="r", step=number) for number in range(count))


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 2), (12, 5), (40, 6), (74, 20), (80, 24), (120, 40), (200, 60)]
)
async def test_it_is_drawn_at_any_size(size: tuple[int, int]) -> None:
    app = PaneApp()
    async with app.run_test(size=size) as pilot:
        pane = app.query_one(LogPane)
        for count in (0, 1, 100):
            pane.entries = entries(count)
            for look in (Look(), Look(ASCII, DARK.without_colours())):
                pane.look = look
                await pilot.pause()


async def test_without_entries_it_says_what_it_is_for() -> None:
    async with (app := PaneApp()).run_test(size=(90, 20)):
        assert "What happens to a run is kept here" in screen(app)


async def test_it_follows_the_newest() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 10)) as pilot:
        pane = app.query_one(LogPane)
        for count in (3, 30, 31, 60):
            pane.entries = entries(count)
            await pilot.pause()
            assert f"entry {count - 1}." in screen(app)


async def test_scrolled_up_it_stays_where_it_is() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 10)) as pilot:
        pane = app.query_one(LogPane)
        pane.entries = entries(40)
        pane.focus()
        await pilot.pause()
        await pilot.press("home")
        await pilot.pause()
        pane.scroll_to(y=0, animate=False)
        await pilot.pause()
        pane.entries = entries(41)
        await pilot.pause()
        assert "entry 0." in screen(app)
        pane.scroll_end(animate=False)
        await pilot.pause()
        pane.entries = entries(42)
        await pilot.pause()
        assert "entry 41." in screen(app)


async def test_what_comes_after_the_step_that_is_shown_has_not_happened_yet() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 20)) as pilot:
        pane = app.query_one(LogPane)
        pane.entries = (*entries(6), Entry(words="of another", run="q", step=9), Entry(words="now"))
        pane.view = View(run="r", step=3)
        await pilot.pause()
        for words in ("entry 3.", "of another", "now"):
            assert words in screen(app)
        assert "entry 4." not in screen(app)
        pane.view = View(run="r", step=5)
        await pilot.pause()
        assert "entry 5." in screen(app)


async def test_a_narrow_log_gets_wider_without_losing_a_word() -> None:
    app = PaneApp()
    async with app.run_test(size=(30, 20)) as pilot:
        app.query_one(LogPane).entries = (Entry(words="alpha " * 9 + "omega"),)
        await pilot.pause()
        assert "omega" in screen(app)
        await pilot.resize_terminal(100, 20)
        await pilot.pause()
        assert "alpha alpha omega" in screen(app)
