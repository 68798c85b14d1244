"""The canvas: dots, what lies over what, and the same dots as plotext's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from tui.drawing.base.canvas import DOTS, Canvas, stroke
from tui.drawing.base.plotext import Polyline, plotted
from tui.style.glyphs import ASCII, BLOCKS, BRAILLE, GLYPHS, Glyphs

RED, BLUE = Style(color="red"), Style(color="blue")


def text(canvas: Canvas) -> list[str]:
    return [line.plain for line in canvas.lines()]


def places(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@settings(deadline=None, max_examples=60)
@given(
    glyphs=st.sampled_from(GLYPHS),
    size=st.tuples(st.integers(2, 30), st.integers(2, 12)),
    points=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30),
)
def test_a_stroke_is_what_plotext_makes_of_it(
    glyphs: Glyphs, size: tuple[int, int], points: list[tuple[float, float]]
) -> None:
    across, down = DOTS[glyphs.name]
    dots = size[0] * across, size[1] * down
    xs = places(*(round(x * (dots[0] - 1)) for x, _ in points))
    ys = places(*(round(y * (dots[1] - 1)) for _, y in points))
    canvas = Canvas(*size, glyphs)
    canvas.dots(*stroke(xs, ys), RED, glyphs.markers[0])
    theirs = plotted([Polyline(xs=xs, ys=ys, marker=glyphs.markers[0], of=3)], *size, dots)[3]
    assert text(canvas) == ["".join(chr(cell or 32) for cell in row) for row in theirs.tolist()]


def test_plotext_tells_curves_apart_and_puts_the_last_on_top() -> None:
    flat = {of: Polyline(xs=places(0, 9), ys=places(0, 0), marker="*", of=of) for of in (0, 1)}
    other = Polyline(xs=places(0, 9), ys=places(4, 4), marker="+", of=2)
    found = plotted([flat[0], flat[1], other], 10, 5, (10, 5))
    assert set(found) == {1, 2}
    assert found[1].sum(axis=1).tolist() == [0, 0, 0, 0, 10 * ord("*")]
    assert found[2].sum(axis=1).tolist() == [10 * ord("+"), 0, 0, 0, 0]


def test_nothing_is_drawn_of_nothing() -> None:
    assert plotted([], 5, 5, (5, 5)) == {}
    assert text(Canvas(3, 2, BRAILLE)) == ["   ", "   "]


@pytest.mark.parametrize(
    ("glyphs", "expected"), [(BRAILLE, "⡀ ⠈"), (BLOCKS, "▖ ▝"), (ASCII, "*  ")]
)
def test_a_dot_is_where_it_was_put_and_outside_there_is_none(glyphs: Glyphs, expected: str) -> None:
    canvas = Canvas(3, 1, glyphs)
    across, down = DOTS[glyphs.name]
    canvas.dots(places(0, -1, 99, 0), places(0, 0, 0, 99), RED)
    if glyphs is not ASCII:
        canvas.dots(places(3 * across - 1), places(down - 1), RED)
    assert text(canvas) == [expected]


def test_a_cell_loses_its_dots_to_what_lies_over_it_and_keeps_them_otherwise() -> None:
    for over, expected in ((True, "⢀"), (False, "⢁")):
        canvas = Canvas(1, 1, BRAILLE)
        canvas.dots(places(0), places(3), RED)
        canvas.dots(places(1), places(0), BLUE, over=over)
        [line] = canvas.lines()
        assert line.plain == expected
        assert [span.style for span in line.spans] == [BLUE]


def test_blanks_cost_no_colour_of_their_own() -> None:
    canvas = Canvas(9, 1, ASCII)
    canvas.dots(places(0, 4, 8), places(0, 0, 0), RED, "*")
    [line] = canvas.lines()
    assert line.plain == "*   *   *"
    assert [(span.start, span.end) for span in line.spans] == [(0, 9)]


def test_an_upright_line_lies_behind_what_comes_later() -> None:
    canvas = Canvas(3, 3, ASCII)
    canvas.upright(1, "|", BLUE)
    canvas.upright(7, "|", BLUE)
    canvas.dots(places(1), places(1), RED, "*")
    assert text(canvas) == [" | ", " * ", " | "]


def test_marks_lie_over_curves_unless_they_are_behind() -> None:
    canvas = Canvas(3, 1, ASCII)
    canvas.curve(np.array([0.5, np.nan, 0.5]), RED, "*")
    canvas.mark(0.0, 0.5, "o", BLUE)
    canvas.mark(0.5, 0.5, "o", BLUE, behind=True)
    canvas.mark(1.0, 0.5, "o", BLUE, behind=True)
    canvas.mark(1.5, 0.5, "o", BLUE)
    assert text(canvas) == ["oo*"]
