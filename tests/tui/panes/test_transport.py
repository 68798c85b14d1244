"""The transport bar as a widget: when it is there, and what a click asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.reactive import reactive
from textual.widgets import Static

from tui.panes.status import TransportBar
from tui.replay.tempo import Stop, Transport
from tui.style.glyphs import ASCII
from tui.style.look import Look

HALF = Transport(
    playing=True,
    step=500,
    last_step=1000,
    steps=1000,
    whole_time=60.0,
    marks=(Stop(500, "The boundary bends", pause=True),),
)


class Stage(App[None]):
    """The bar alone, and what it asks for."""

    transport: reactive[Transport | None] = reactive(None, repaint=False)
    look: reactive[Look] = reactive(Look(), repaint=False)

    def __init__(self, transport: Transport | None, height: int = 2) -> None:
        super().__init__()
        self.shares: list[float] = []
        self.rows = height
        self.set_reactive(Stage.transport, transport)

    def compose(self) -> ComposeResult:
        yield Static("above", id="above")
        bar = TransportBar(id="transport").data_bind(Stage.transport, Stage.look)
        bar.styles.height = self.rows
        yield bar

    def on_transport_bar_sought(self, message: TransportBar.Sought) -> None:
        self.shares.append(message.share)


def bar_of(pilot: Pilot[None]) -> TransportBar:
    return pilot.app.query_one(TransportBar)


async def test_it_takes_no_room_while_nothing_is_replayed() -> None:
    app = Stage(None)
    async with app.run_test(size=(80, 24)) as pilot:
        assert not bar_of(pilot).display
        app.transport = HALF
        await pilot.pause()
        assert bar_of(pilot).size.height == 2
        assert "The boundary bends" in bar_of(pilot).text
        app.transport = None
        await pilot.pause()
        assert not bar_of(pilot).display


async def test_it_moves_with_the_replay_and_changes_with_the_look() -> None:
    app = Stage(HALF)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "step   500/1 000" in bar_of(pilot).text
        app.transport = replace(HALF, step=501, playing=False)
        await pilot.pause()
        assert "step   501/1 000" in bar_of(pilot).text
        assert "paused" in bar_of(pilot).text
        app.look = Look(ASCII)
        await pilot.pause()
        assert bar_of(pilot).text.isascii()


@pytest.mark.parametrize("height", [1, 2])
async def test_a_click_on_the_bar_asks_for_its_share(height: int) -> None:
    app = Stage(HALF, height)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        head = bar_of(pilot).text.index("●")
        for column in (2, head):
            await pilot.click(TransportBar, offset=(column, 0))
        assert app.shares == [0.0, pytest.approx(0.5, abs=0.03)]


async def test_a_click_beside_the_bar_asks_for_nothing() -> None:
    app = Stage(HALF)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click(TransportBar, offset=(0, 0))
        await pilot.click(TransportBar, offset=(20, 1))
        assert app.shares == []


async def test_at_any_size_it_is_drawn() -> None:
    app = Stage(HALF)
    async with app.run_test(size=(80, 24)) as pilot:
        for size in ((1, 1), (5, 3), (40, 6), (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
