"""Characters that are shapes: what of a cell they fill."""

from __future__ import annotations

import pytest

from tui.film.shapes import rectangles


def area(character: str) -> float:
    return sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in rectangles(character) or ())


@pytest.mark.parametrize("pair", ["▀▄", "▌▐", "▘▟", "▝▙", "▖▜", "▗▛", "▚▞"])
def test_two_halves_fill_a_cell_and_do_not_meet(pair: str) -> None:
    assert sum(map(area, pair)) == pytest.approx(1)
    assert not {*(rectangles(pair[0]) or ())} & {*(rectangles(pair[1]) or ())}


@pytest.mark.parametrize("steps", ["▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█"])
def test_eighths_grow(steps: str) -> None:
    assert [area(each) for each in steps] == pytest.approx([n / 8 for n in range(1, 9)])


def test_braille_has_a_dot_for_each_bit() -> None:
    assert rectangles("\u2800") == ()
    assert [len(rectangles(chr(0x2800 + bits)) or ()) for bits in (1, 0b101, 0xFF)] == [1, 2, 8]
    left, top, right, bottom = (rectangles("⠁") or ())[0]
    assert right < 0.5
    assert bottom < 0.25
    assert min(left, top) > 0


def test_a_letter_is_no_shape() -> None:
    assert [rectangles(each) for each in ("a", " ", "─", "★")] == [None] * 4
