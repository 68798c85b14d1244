"""Large letters: every character that figures need, every size, whatever the words are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from engine.recording.events import Series
from engine.recording.history import History
from tests.tapes import header
from tui.drawing.base.letters import LARGE, QUADRANTS, SMALL, Font
from tui.drawing.lecture.banner import Banner, banner_height, banner_room, draw_banner, gather
from tui.drawing.lecture.big import big_rows, letterings
from tui.drawing.network.function import Fit, FunctionPicture, draw_function
from tui.style.glyphs import ASCII, BLOCKS, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.numbers import figure
from tui.style.palette import DARK, SIXTEEN, Palette
from tui.style.text import Lines, cut

FONTS = (LARGE, SMALL)
PALETTES = (DARK, DARK.without_colours(), *SIXTEEN)
FULL = Banner(loss=0.1582, step=2431, steps=3000, accuracy=0.957, has_accuracy=True)


def draw_big(words: str, width: int, height: int, look: Look) -> Lines:
    """Return words in the middle of their room, from the top to the bottom."""
    written = big_rows(words, width, height, look.glyphs)
    above = (height - len(written)) // 2
    written = [""] * above + written + [""] * (height - len(written) - above)
    return [cut(Text(row, end="", no_wrap=True), width) for row in written]


def rows(words: str, width: int, height: int, glyphs: Glyphs = BRAILLE) -> list[str]:
    return [line.plain.rstrip() for line in draw_big(words, width, height, Look(glyphs, DARK))]


def banner_rows(banner: Banner, width: int, height: int, glyphs: Glyphs = BRAILLE) -> list[str]:
    return [line.plain for line in draw_banner(banner, width, height, Look(glyphs, DARK))]


# --- the alphabets -------------------------------------------------------------------------------


@pytest.mark.parametrize("font", FONTS)
def test_every_glyph_is_a_rectangle_of_the_fonts_height(font: Font) -> None:
    for name, glyph in font.glyphs.items():
        assert len(glyph) == font.height, name
        assert len({len(row) for row in glyph}) == 1, name
        assert set("".join(glyph)) <= {"#", " "}, name
        assert "#" in "".join(glyph), name


@pytest.mark.parametrize("font", FONTS)
def test_no_two_characters_look_the_same(font: Font) -> None:
    drawn = {}
    for name, glyph in font.glyphs.items():
        assert drawn.setdefault(glyph, name) == name
    assert SMALL.glyphs["0"] != SMALL.glyphs["8"]


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize(
    "value", [0.0, 0.1582, -3.25, 1.8e-11, 1e30, 12345.0, math.nan, math.inf, -math.inf]
)
def test_every_figure_can_be_written(font: Font, value: float) -> None:
    for infinity in ("∞", "inf"):
        assert font.spelled(figure(value, infinity=infinity)) is not None
    assert font.spelled("3 000") is not None
    assert font.spelled("95 %") is not None


@pytest.mark.parametrize("font", FONTS)
def test_digits_are_all_as_wide_so_that_nothing_moves(font: Font) -> None:
    assert len({font.width(digit) for digit in "0123456789"}) == 1


def test_letters_with_accents_are_drawn_without() -> None:
    assert LARGE.spelled("Größe - naïve") == "Grosse - naive"
    assert LARGE.spelled("3 × 4") == "3 x 4"
    assert LARGE.spelled("e\u0301") == "e"
    assert SMALL.spelled("loss") == "LOSS"
    assert LARGE.spelled("a \N{EM DASH} b") == "a - b"


def test_what_is_not_drawn_is_said_so() -> None:
    assert LARGE.spelled("月") is None
    assert LARGE.spelled("\x1b") is None


# --- words ---------------------------------------------------------------------------------------


def test_a_figure_looks_like_itself() -> None:
    assert rows("0.1", 12, 3) == [" █▀█   ▄█", " █ █    █", " ▀▀▀ ▀ ▀▀▀"]
    assert [row.strip() for row in rows("1", 4, 5, ASCII)] == ["#", "##", "#", "#", "###"]


def test_letters_grow_with_the_room() -> None:
    heights = []
    for width, height in ((12, 3), (20, 4), (40, 5), (80, 7)):
        drawn = [row for row in rows("0.15", width, height) if row]
        heights.append((len(drawn), max(map(len, drawn))))
    assert [each for each, _ in heights] == [3, 4, 5, 7]
    assert heights == sorted(heights)


def test_words_are_broken_between_words_and_evenly() -> None:
    lines = rows("one two six ten", 40, 7)
    assert lines[3] == ""
    wide = [max(len(line.strip()) for line in part) for part in (lines[:3], lines[4:])]
    assert max(wide) - min(wide) <= 8


def test_where_no_letters_fit_the_words_stand_as_they_are() -> None:
    assert rows("loss 0.1582", 20, 2) == ["    loss 0.1582", ""]
    assert rows("月 two moons", 100, 9)[4].strip() == "月 two moons"
    assert rows("a long title here", 8, 1) == ["a long…"]
    assert [row.strip() for row in rows("a long title here", 10, 2)] == ["a long", "title here"]


def test_nothing_is_not_a_mistake() -> None:
    assert draw_big("loss", 0, 0, Look(BRAILLE, DARK)) == []
    assert rows("", 5, 2) == ["", ""]
    assert [line.plain for line in draw_big("loss", 0, 2, Look(BRAILLE, DARK))] == ["", ""]


WORDS = st.text(max_size=30) | st.sampled_from(
    ["loss 0.1582", "\x1b[31mred\x1b[0m", "月" * 20, "a\u202eb", "NaN", "-inf", "1.8e-11", "\n\t"]
)


@settings(deadline=None)
@given(
    words=WORDS,
    width=st.integers(1, 200),
    height=st.integers(1, 60),
    glyphs=st.sampled_from(GLYPHS),
    palette=st.sampled_from(PALETTES),
)
def test_any_words_at_any_size_fill_exactly_their_room(
    words: str, width: int, height: int, glyphs: Glyphs, palette: Palette
) -> None:
    lines = draw_big(words, width, height, Look(glyphs, palette))
    assert [line.cell_len for line in lines] == [width] * height
    drawn = "".join(line.plain for line in lines)
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    if glyphs is ASCII and words.isascii():
        assert drawn.replace("~", "").isascii()


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
def test_a_lettering_says_how_wide_its_words_are(glyphs: Glyphs) -> None:
    for lettering in letterings(glyphs):
        for words in ("0.1582", "Step 3 000", "95 %", "M", ""):
            spelled = lettering.spelled(words)
            assert spelled is not None
            drawn = lettering.lines(spelled)
            assert len(drawn) == lettering.height
            assert {cell_len(row) for row in drawn} == {lettering.width(spelled)}


def test_three_to_seven_lines_are_what_letters_take() -> None:
    heights = {lettering.height for lettering in letterings(BRAILLE)}
    assert (min(heights), max(heights)) == (3, 7)
    assert letterings(BRAILLE) == letterings(BLOCKS)


# --- pictures ------------------------------------------------------------------------------------


def test_a_fitted_function_is_a_thick_line_over_filled_shapes() -> None:
    grid = np.linspace(-1, 1, 101)
    fit = Fit(name="x", inputs=grid[::10], targets=grid[::10] + 0.5, fitted=grid)
    picture = FunctionPicture(fits=(fit,), grid=grid)
    for glyphs in (BRAILLE, BLOCKS):
        plain, big = (
            "".join(
                line.plain[8:]
                for line in draw_function(picture, 60, 20, Look(glyphs, DARK, big))[2:-2]
            )
            for big in (False, True)
        )
        assert (plain.count("○"), plain.count("●")) == (big.count("●"), big.count("○")) != (0, 0)
        assert sum(map(_dots, big)) >= 1.8 * sum(map(_dots, plain))


def _dots(cell: str) -> int:
    if 0x2800 <= ord(cell) < 0x2900:
        return (ord(cell) - 0x2800).bit_count()
    return QUADRANTS.index(cell).bit_count() if cell in QUADRANTS else 0


# --- the banner ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    loss=st.none() | st.floats() | st.sampled_from([math.nan, math.inf, 1e30, -1e-30, 0.0]),
    step=st.integers(0, 10**9),
    steps=st.integers(0, 10**9),
    accuracy=st.none() | st.floats(0, 1) | st.just(math.nan),
    has_accuracy=st.booleans(),
    width=st.integers(1, 200),
    height=st.integers(1, 60),
    glyphs=st.sampled_from(GLYPHS),
    palette=st.sampled_from(PALETTES),
)
def test_any_figures_at_any_size_fill_exactly_their_room(
    loss: float | None,
    step: int,
    steps: int,
    accuracy: float | None,
    has_accuracy: bool,
    width: int,
    height: int,
    glyphs: Glyphs,
    palette: Palette,
) -> None:
    banner = Banner(loss=loss, step=step, steps=steps, accuracy=accuracy, has_accuracy=has_accuracy)
    lines = draw_banner(banner, width, height, Look(glyphs, palette))
    assert [line.cell_len for line in lines] == [width] * height
    assert banner_height(banner, width, height, glyphs) <= height
    if glyphs is ASCII:
        assert all(line.plain.isascii() for line in lines)


def test_it_is_as_large_as_the_screen_allows() -> None:
    sizes = [
        (80, 24, 4),
        (120, 40, 5),
        (200, 60, 8),
    ]
    for width, screen, height in sizes:
        assert banner_height(FULL, width, banner_room(screen), BRAILLE) == height
        drawn = banner_rows(FULL, width, height)
        assert all(word in drawn[0] for word in ("loss", "step", "accuracy"))
    assert banner_height(FULL, 80, banner_room(24), ASCII) == 6
    assert banner_room(15) == 0


def test_without_room_for_all_facts_the_loss_stays() -> None:
    assert banner_rows(FULL, 20, 4)[0].split() == ["loss"]
    assert banner_rows(FULL, 30, 4)[0].split() == ["loss", "step"]


def test_without_room_for_large_letters_the_facts_stand_in_a_line() -> None:
    drawn = banner_rows(FULL, 60, 1)
    assert drawn[0].rstrip() == "loss 0.1582   step 2 431   accuracy 95 %"


def test_labels_are_large_where_there_is_room_for_them() -> None:
    drawn = banner_rows(FULL, 200, 3)
    assert "loss" not in "".join(drawn)
    assert drawn[0].split()[0] != "loss"


def test_what_is_not_finite_has_the_colour_of_trouble() -> None:
    for value in (math.nan, math.inf, -math.inf):
        lines = draw_banner(Banner(loss=value, step=3, steps=9), 80, 4, Look(BRAILLE, DARK))
        assert f"color({DARK.bad})" in str(lines[1].spans)
    lines = draw_banner(FULL, 80, 4, Look(BRAILLE, DARK))
    assert f"color({DARK.bad})" not in str(lines[1].spans)


def test_nothing_moves_while_a_run_trains() -> None:
    labels = set()
    for step, loss in ((1, 0.9), (20, 0.01234), (300, 0.00123), (2999, 1.23e-4), (3000, 1.2e-11)):
        banner = Banner(loss=loss, step=step, steps=3000, accuracy=loss, has_accuracy=True)
        labels.add(banner_rows(banner, 120, 5)[0])
    assert len(labels) == 1


def test_before_the_first_row_there_is_a_dash() -> None:
    drawn = banner_rows(Banner(steps=100, has_accuracy=True), 60, 1)
    assert drawn[0].rstrip() == "loss -   step 0   accuracy -"


def history_of(losses: list[float], accuracies: list[float]) -> History:
    history = History()
    history.add(header(columns={"train": ["loss", "accuracy"], "dev": ["loss", "accuracy"]}))
    train = np.array([losses, [0.5] * len(losses)], np.float32)[:, :, None]
    history.add(Series(group="train", first=1, values=train))
    dev = np.array([accuracies, accuracies], np.float32)[:, :, None]
    history.add(Series(group="dev", first=2, stride=2, values=dev))
    return history


def test_every_figure_is_the_one_of_the_step_that_is_read() -> None:
    history = history_of([1.0, 0.5, 0.25, 0.125], [0.75, 0.875])
    assert gather(history, 3, 100) == Banner(
        loss=0.25, step=3, steps=100, accuracy=0.75, has_accuracy=True
    )
    assert gather(history, 4, 0).steps == 4
    assert gather(history, 1, 4).accuracy == 0.5
    assert gather(history, 0, 4).loss is None
