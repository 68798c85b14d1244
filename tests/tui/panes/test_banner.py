"""The banner, the slide and the blank screen as widgets: when they are there, what they send."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.pilot import Pilot
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from engine.recording.events import Series
from engine.recording.history import History
from tests.tapes import header
from tui.drawing.lists.status import Standing
from tui.panes.banner import BannerPane, differing
from tui.panes.slide import Blank, SlidePane
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK, SIXTEEN_DARK
from tui.watching.view import View

BIG = Look(big=True)


def view_of(step: int = 100, **more: object) -> View:
    history = History()
    history.add(header(columns={"train": ["loss"], "dev": ["accuracy"]}))
    losses = 1 / np.arange(1, 201, dtype=np.float32)
    history.add(Series(group="train", first=1, values=losses[None, :, None]))
    history.add(Series(group="dev", first=1, values=1 - losses[None, :, None]))
    standing = Standing(state="running", steps=3000)
    return View(history=history, run="moons", step=step, standing=standing, **more)  # type: ignore[arg-type]


class Stage(App[None]):
    """A banner over a slide."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown,space", "next", "Next"),
        Binding("b", "blank", "Blank"),
    ]

    view: reactive[View] = reactive(View(), repaint=False)
    look: reactive[Look] = reactive(Look(), repaint=False)
    words: reactive[str] = reactive("", repaint=False)

    def __init__(self, view: View, look: Look) -> None:
        super().__init__()
        self.went = 0
        self.set_reactive(Stage.view, view)
        self.set_reactive(Stage.look, look)

    def compose(self) -> ComposeResult:
        yield BannerPane(id="banner").data_bind(Stage.view, Stage.look)
        yield Static("the panes", id="panes")
        yield SlidePane(id="slide").data_bind(Stage.look, Stage.words)

    def action_next(self) -> None:
        self.went += 1

    def action_blank(self) -> None:
        self.push_screen(Blank())


def banner_of(pilot: Pilot[None]) -> BannerPane:
    return pilot.app.query_one(BannerPane)


# --- the banner ----------------------------------------------------------------------------------


async def test_it_is_there_only_where_large_letters_were_asked_for() -> None:
    app = Stage(view_of(), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not banner_of(pilot).display
        app.look = BIG
        await pilot.pause()
        assert banner_of(pilot).display
        assert banner_of(pilot).size.height == 4
        app.look = Look()
        await pilot.pause()
        assert not banner_of(pilot).display


async def test_without_a_run_it_takes_no_room() -> None:
    app = Stage(View(), BIG)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert not banner_of(pilot).display
        app.view = view_of()
        await pilot.pause()
        assert "accuracy" in banner_of(pilot).text


@pytest.mark.parametrize(
    ("size", "height"), [((80, 24), 4), ((120, 40), 5), ((200, 60), 8), ((80, 15), 0)]
)
async def test_its_height_is_what_the_screen_has_to_spare(
    size: tuple[int, int], height: int
) -> None:
    app = Stage(view_of(), BIG)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert banner_of(pilot).size.height == height
        assert banner_of(pilot).display == (height > 0)


async def test_its_height_follows_a_screen_that_changes_only_its_own() -> None:
    app = Stage(view_of(), BIG)
    async with app.run_test(size=(200, 60)) as pilot:
        for screen, height in ((60, 8), (24, 5), (12, 0), (40, 8), (16, 4)):
            await pilot.resize_terminal(200, screen)
            await pilot.pause()
            pane = banner_of(pilot)
            assert (pane.size.height if pane.display else 0) == height


async def test_a_step_costs_a_few_hundred_bytes() -> None:
    app = Stage(view_of(100), BIG)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        written: list[int] = []
        display = app._display

        def counting(screen: Screen[object], update: object) -> None:
            if isinstance(update, CompositorUpdate):
                written.append(len(update.render_segments(app.console).encode()))
            display(screen, update)  # type: ignore[arg-type]

        app._display = counting  # type: ignore[method-assign,assignment]
        for step in range(101, 111):
            app.view = view_of(step)
            await pilot.pause()
        assert 0 < sum(written) <= 10 * 700


async def test_it_says_what_the_step_that_is_read_says() -> None:
    app = Stage(view_of(200), BIG)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        newest = banner_of(pilot).text
        app.view = view_of(200, cursor=100)
        await pilot.pause()
        assert banner_of(pilot).text != newest
        read = banner_of(pilot).text
        app.view = view_of(100)
        await pilot.pause()
        assert banner_of(pilot).text == read


async def test_from_one_step_to_the_next_only_digits_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Stage(view_of(100), BIG)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        sent: list[Region] = []
        pane = banner_of(pilot)
        refresh = pane.refresh

        def noting(*regions: Region, **named: bool) -> BannerPane:
            sent.extend(regions)
            return refresh(*regions, **named)

        monkeypatch.setattr(pane, "refresh", noting)
        app.view = view_of(101)
        await pilot.pause()
        assert sent
        assert all(region.y > 0 for region in sent)
        assert sum(region.area for region in sent) < 0.35 * pane.size.area
        sent.clear()
        app.view = replace(app.view, title="the same figures")
        await pilot.pause()
        assert sent == []


async def test_what_it_shows_in_the_end_is_what_drawing_anew_shows() -> None:
    app = Stage(view_of(1), BIG)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for step in (2, 9, 10, 99, 200):
            app.view = view_of(step)
            await pilot.pause()
            pane = banner_of(pilot)
            shown = [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]
            anew = pane.draw(pane.size.width, pane.size.height)
            assert shown == [line.plain.rstrip() for line in anew]


async def test_at_any_size_and_look_they_are_drawn() -> None:
    app = Stage(view_of(), BIG)
    async with app.run_test(size=(80, 24)) as pilot:
        app.words = "a table   of two\n\n- and a bullet " + "with words " * 30
        for size in ((1, 1), (5, 3), (40, 16), (60, 20), (200, 60)):
            await pilot.resize_terminal(*size)
            for look in (
                BIG,
                Look(ASCII, DARK.without_colours(), big=True),
                Look(palette=SIXTEEN_DARK, big=True),
            ):
                app.look = look
                await pilot.pause()


def test_other_glyphs_and_colours_leave_the_letters_as_large() -> None:
    assert BIG.next_glyphs().big
    assert BIG.next_palette().big
    assert not Look().next_glyphs().big


def strip_of(*parts: tuple[str, str]) -> Strip:
    return Strip([Segment(words, Style.parse(style)) for words, style in parts])


def test_cells_that_are_near_are_sent_together() -> None:
    before = strip_of(("abc      def          ghi", "red"))
    assert differing(before, before) == []
    after = strip_of(("abX   X  def          gXX", "red"))
    assert differing(before, after) == [(2, 7), (23, 25)]


def test_another_colour_is_a_change_and_a_blank_has_none() -> None:
    assert differing(strip_of(("ab  ", "red")), strip_of(("ab", "red"), ("  ", "blue"))) == []
    assert differing(strip_of(("ab  ", "red")), strip_of(("ab", "blue"), ("  ", "red"))) == [(0, 2)]


# --- the slide -----------------------------------------------------------------------------------


async def test_another_text_is_another_slide_from_its_beginning() -> None:
    app = Stage(View(), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        app.words = "\n".join(f"line {number}" for number in range(80))
        await pilot.pause()
        slide = app.query_one(SlidePane)
        slide.focus()
        await pilot.press("down", "down", "j")
        await pilot.pause()
        assert slide.scroll_offset.y == 3
        app.words = "\n".join(f"row {number}" for number in range(80))
        await pilot.pause()
        assert slide.scroll_offset.y == 0
        assert "row 79" in slide.text
        slide.title = "Moons"
        slide.note = "2 of 11"
        await pilot.pause()
        assert "2 of 11" in slide.text


async def test_the_keys_of_a_presenters_remote_go_through_it() -> None:
    app = Stage(View(), Look())
    async with app.run_test(size=(80, 24)) as pilot:
        app.words = "\n".join(f"line {number}" for number in range(80))
        await pilot.pause()
        slide = app.query_one(SlidePane)
        slide.focus()
        await pilot.press("pagedown")
        assert app.went == 1
        assert slide.scroll_offset.y == 0


# --- the blank screen ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["b", "pageup", "pagedown", "space", "escape", "x", "up", "tab"])
async def test_any_key_brings_the_screen_back_and_does_nothing_else(key: str) -> None:
    app = Stage(view_of(), BIG)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("b")
        assert isinstance(app.screen, Blank)
        assert not any(strip.text.strip() for strip in app.screen._compositor.render_strips())
        await pilot.press(key)
        assert not isinstance(app.screen, Blank)
        assert app.went == 0
        assert len(app.screen_stack) == 1


async def test_a_click_brings_it_back_too() -> None:
    app = Stage(view_of(), BIG)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("b")
        await pilot.click(offset=(10, 5))
        assert not isinstance(app.screen, Blank)
