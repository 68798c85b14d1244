"""A pane that its entry draws, in an app of its own."""

from __future__ import annotations

from importlib import import_module

from textual.app import App, ComposeResult

from engine.recording.events import Heartbeat, MachineFigures
from tests.stages import screen
from tests.tui.drawing.lists.test_machine import RISING, history
from tui.panes.drawn import DrawnPane
from tui.places import PANES
from tui.places.pane import ByPicture
from tui.style.themes import THEMES
from tui.watching.view import View


class PaneApp(App[None]):
    """Nothing but the pane."""

    def compose(self) -> ComposeResult:
        yield DrawnPane(
            "Machine", ByPicture(picture=".drawing.lists.machine", view=""), id="machine"
        )

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)


async def test_it_is_drawn_only_where_there_is_more_of_it_or_another_step_is_read() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        pane = app.query_one(DrawnPane)
        drawn: list[int] = []
        draw = pane.draw
        pane.draw = lambda *room: (drawn.append(1), draw(*room))[1]  # type: ignore[method-assign]
        made = history(*RISING)
        pane.view = View(history=made, version=made.version, step=30)
        await pilot.pause()
        assert "1.50" in screen(app)
        drawn.clear()
        for step in (31, 32, 33):
            made.add(Heartbeat(step=step))
            pane.view = View(history=made, version=made.version, step=step)
            await pilot.pause()
        assert drawn == []
        made.add(MachineFigures(step=34, figures={"cpu": 2.25}))
        pane.view = View(history=made, version=made.version, step=34)
        await pilot.pause()
        assert drawn == [1]
        assert "2.25" in screen(app)
        pane.view = View(history=made, version=made.version, step=34, cursor=12)
        await pilot.pause()
        assert "0.50" in screen(app)


def test_what_shows_a_pane_is_there() -> None:
    for pane in PANES:
        for shown in (pane.shown, pane.several):
            if isinstance(shown, ByPicture):
                picture = shown.load()
                assert all(map(callable, (picture.draw, picture.there, picture.missing)))
            elif shown is not None:
                module, _, name = shown.widget.rpartition(".")
                kind = getattr(import_module(f"tui.panes.{module}"), name)
                assert set(shown.given) <= set(kind._reactives)
