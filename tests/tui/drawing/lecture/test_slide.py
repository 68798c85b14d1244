"""Slides: a title in large letters, a text as it was set, a card."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.lectures import lecture as lectures
from tui.drawing.lecture.slide import COLUMN, draw_slide, set_line
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK, SIXTEEN, Palette

PALETTES = (DARK, DARK.without_colours(), *SIXTEEN)
TABLE = """
given      points (x, t)
wanted     a function y = f(x)

a layer    h = g(W x + b)
"""


def slide(
    title: str,
    text: str,
    width: int = 80,
    height: int = 24,
    glyphs: Glyphs = BRAILLE,
    *,
    big: bool = False,
) -> list[str]:
    drawn = draw_slide(title, text, width, height, Look(glyphs, DARK, big))
    return [line.plain.rstrip() for line in drawn]


def test_every_line_of_the_text_stays_as_it_was_set() -> None:
    drawn = slide("What is asked", TABLE)
    given = TABLE.strip().split("\n")
    first = next(row for row, line in enumerate(drawn) if "given" in line)
    left = drawn[first].index("given")
    assert [line[left:] for line in drawn[first : first + 4]] == given


def test_the_text_stands_in_the_middle_under_a_large_title() -> None:
    drawn = slide("What is asked", TABLE, 100, 30)
    first = next(row for row, line in enumerate(drawn) if "given" in line)
    assert sum("█" in line for line in drawn[:first]) >= 3
    left = drawn[first].index("given")
    longest = max(len(line) for line in drawn[first : first + 4])
    assert abs(left - (100 - longest)) <= 1
    assert "".join(drawn[first + 4 :]).strip() == ""


def test_words_are_wrapped_in_a_column_that_is_read_with_ease() -> None:
    rows = set_line("many words " * 40, 190)
    assert len(rows) > 3
    assert max(map(cell_len, rows)) <= COLUMN
    assert " ".join(rows).split() == ["many", "words"] * 40


@pytest.mark.parametrize("bullet", ["- ", "* ", "• ", "  - ", "2. ", "12) ", "1  ", "a) "])
def test_what_follows_a_bullet_stands_under_its_first_word(bullet: str) -> None:
    first, *rest = set_line(bullet + "many words " * 10, 30)
    assert first.startswith(bullet + "many")
    assert all(re.fullmatch(f" {{{len(bullet)}}}\\S.*", row) for row in rest)


def test_a_formula_or_table_wider_than_the_column_is_not_broken() -> None:
    wide = "W" * 50 + "   " + "b" * 50
    assert set_line(wide, 150) == [wide]
    assert len(set_line(wide, 60)) > 1


def test_a_slide_without_a_text_is_a_card_with_its_title_in_the_middle() -> None:
    drawn = slide("A cubic", "", 80, 25)
    filled = [row for row, line in enumerate(drawn) if line]
    assert abs((filled[0] + filled[-1]) / 2 - 12) <= 1


def test_the_note_stands_at_the_foot() -> None:
    drawn = draw_slide("A cubic", "", 40, 10, Look(BRAILLE, DARK), note="2 of 11")
    assert drawn[-1].plain.strip() == "2 of 11"
    assert (
        draw_slide("A", "", 40, 3, Look(BRAILLE, DARK), note="2 of 11")[-1].plain.strip()
        != "2 of 11"
    )


def test_a_text_that_has_no_room_goes_on_below() -> None:
    drawn = slide("Long", "\n".join(f"line {number}" for number in range(50)), 60, 10)
    assert len(drawn) > 50
    assert drawn[-1].strip() == "line 49"
    assert drawn[0].strip() == "Long"


def test_for_the_back_row_a_text_is_in_large_letters_where_it_fits() -> None:
    text = "h = g(x)\n\nloss   0.1"
    large = slide("Short", text, 120, 40, big=True)
    assert "h = g(x)" not in "".join(large)
    assert "h = g(x)" in "".join(slide("Short", text, 120, 40))
    assert "h = g(x)" in "".join(slide("Short", text, 40, 12, big=True))
    assert "月" in "".join(slide("Short", "月", 120, 40, big=True))


def test_large_columns_stand_under_one_another() -> None:
    drawn = slide("", "I    I\nIII  I", 120, 40, ASCII, big=True)
    filled = [line for line in drawn if line]
    upper, lower = filled[0], filled[len(filled) // 2]
    assert upper.rindex("#") == lower.rindex("#")


def test_what_could_move_the_cursor_is_written_out() -> None:
    drawn = "".join(slide("a\x1b[2Jb", "x\x1b]0;t\x07y\u202ez\ttab\r", 80, 24))
    assert "\x1b" not in drawn
    assert "\x07" not in drawn
    assert "\\x1b" in drawn
    assert "\u202e" not in drawn


ANY = st.text(max_size=200) | st.sampled_from(
    [
        "",
        " ",
        TABLE,
        "月亮 " * 30,
        "- a\n- b",
        "\x1b[31m",
        "x" * 300,
        "  " * 50 + "x",
        "\n\n\na\n\n",
    ]
)


@settings(deadline=None)
@given(
    title=ANY,
    text=ANY,
    note=st.sampled_from(["", "2 of 11", "月" * 90]),
    width=st.integers(1, 200),
    height=st.integers(1, 60),
    glyphs=st.sampled_from(GLYPHS),
    palette=st.sampled_from(PALETTES),
    big=st.booleans(),
)
def test_any_slide_at_any_size_has_lines_of_the_width(
    title: str,
    text: str,
    note: str,
    width: int,
    height: int,
    glyphs: Glyphs,
    palette: Palette,
    big: bool,
) -> None:
    lines = draw_slide(title, text, width, height, Look(glyphs, palette, big), note=note)
    assert len(lines) >= height
    assert {line.cell_len for line in lines} == {width}
    if not text.strip():
        assert len(lines) == height


@pytest.mark.parametrize("name", ["functions", "gradients", "deep-networks"])
def test_every_text_of_the_shipped_lectures_is_on_one_screen(name: str) -> None:
    scenes = [scene for scene in lectures.load(name).lecture.scenes if scene.text]
    assert scenes
    for scene in scenes:
        lines = draw_slide(
            scene.title, scene.text or "", 80, 24, Look(BRAILLE, DARK), note="1 of 9"
        )
        assert len(lines) == 24, scene.title
        drawn = {line.plain.strip() for line in lines}
        assert {line.strip() for line in (scene.text or "").split("\n")} <= drawn | {""}
