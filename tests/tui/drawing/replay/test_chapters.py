"""The chapter list, drawn and as a dialog."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import OptionList

from tui.dialogs.lists import ChapterDialog
from tui.drawing.replay.chapters import Chapter, draw_chapters, gather_chapters
from tui.replay.tempo import Stop
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

MARKS = (
    Stop(1200, "No mistake is left", "say why"),
    Stop(0, "Untrained", pause=True),
    Stop(431, "The boundary bends", pause=True),
    Stop(9000, "Never reached"),
)


def chapters(step: int = 800, *marks: Stop) -> tuple[Chapter, ...]:
    return gather_chapters(marks or MARKS, lambda at: at / 10, 3000, step)


def text(step: int = 800, width: int = 60) -> list[str]:
    return [
        line.plain.rstrip() for line in draw_chapters(chapters(step), width, Look(BRAILLE, DARK))
    ]


def test_the_marks_that_there_are_stand_by_their_steps() -> None:
    assert [chapter.step for chapter in chapters()] == [0, 431, 1200]


def test_the_current_one_is_the_newest_that_was_passed() -> None:
    for step, current in ((0, 0), (430, 0), (431, 431), (1199, 431), (1200, 1200), (3000, 1200)):
        assert [each.step for each in chapters(step) if each.current] == [current]
    assert not any(each.current for each in chapters(5, Stop(10, "later")))


def test_a_mark_that_stands_there_twice_is_named_once() -> None:
    twice = chapters(0, Stop(5, "a"), Stop(5, "a", pause=True), Stop(5, "b"))
    assert [(each.title, each.pause) for each in twice] == [("a", True), ("b", False)]


def test_each_line_has_step_time_title_and_whether_it_pauses() -> None:
    assert text() == [
        "  Ⅱ     0  0:00  Untrained",
        "● Ⅱ   431  0:43  The boundary bends",
        "    1 200  2:00  No mistake is left",
    ]


def test_where_it_is_narrow_the_title_stays() -> None:
    assert text(width=32)[1] == "● Ⅱ   431  The boundary bends"


def test_at_every_width_the_lines_fit_and_titles_are_harmless() -> None:
    rude = chapters(0, Stop(1, "\x1b[2J" + "月" * 100, pause=True), Stop(2, "a\nb"))
    for width in (0, 1, 2, 5, 10, 20, 40, 80, 200):
        for glyphs in GLYPHS:
            for palette in (DARK, DARK.without_colours()):
                lines = draw_chapters(rude, width, Look(glyphs, palette))
                assert [line.cell_len for line in lines] == [width, width]
                assert not any(set(line.plain) & set("\x1b\n") for line in lines)
    assert all(line.plain.isascii() for line in draw_chapters(chapters(), 60, Look(ASCII, DARK)))
    assert draw_chapters((), 60, Look(BRAILLE, DARK)) == []


class Stage(App[None]):
    """The dialog, and what it answers."""

    def __init__(self, listed: tuple[Chapter, ...]) -> None:
        super().__init__()
        self.listed = listed
        self.answers: list[int | None] = []

    def on_mount(self) -> None:
        self.push_screen(ChapterDialog(self.listed, Look(BRAILLE, DARK)), self.answers.append)


def shown(pilot: Pilot[Any]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], 431),
        (["up", "enter"], 0),
        (["down", "enter"], 1200),
        (["pagedown", "enter"], 1200),
        (["pageup", "enter"], 0),
        (["escape"], None),
        (["q"], None),
    ],
)
async def test_it_begins_at_the_current_one_and_enter_goes_to_the_chosen(
    keys: list[str], answer: int | None
) -> None:
    app = Stage(chapters())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.screen.query_one(OptionList).highlighted == 1
        await pilot.press(*keys)
        await pilot.pause()
        assert app.answers == [answer]


async def test_it_shows_every_chapter_at_every_size() -> None:
    for size in ((40, 10), (80, 24), (200, 60)):
        async with Stage(chapters()).run_test(size=size) as pilot:
            await pilot.pause()
            lines = [line for line in shown(pilot).split("\n") if "│" in line]
            assert len(lines) == 3
            assert "The bound" in lines[1]


async def test_a_run_without_marks_says_so() -> None:
    app = Stage(())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "no marks" in shown(pilot)
        await pilot.press("pagedown", "escape")
        await pilot.pause()
        assert app.answers == [None]


async def test_of_more_chapters_than_rows_the_chosen_one_is_seen() -> None:
    marks = [Stop(step, f"mark {step}") for step in range(100)]
    app = Stage(chapters(90, *marks))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "mark 90" in shown(pilot)
        await pilot.press("home")
        await pilot.pause()
        assert "mark 0" in shown(pilot)
        assert "enter goes there" in shown(pilot)
