"""Fitted functions as text: pure drawing, with whatever a network may say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tui.drawing.network.function import Fit, FunctionPicture, draw_function
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK, Palette

PLAIN = DARK.without_colours()
SIZES = [(1, 1), (3, 2), (18, 7), (20, 8), (40, 12), (80, 24), (200, 60)]
GRID = np.linspace(-1, 1, 101)


def fit(name="x**2", targets=None, fitted=None, inputs=None) -> Fit:
    inputs = np.linspace(-1, 1, 21) if inputs is None else np.array(inputs, float)
    return Fit(
        name=name,
        inputs=inputs,
        targets=inputs**2 if targets is None else np.array(targets, float),
        fitted=GRID**2 if fitted is None else np.array(fitted, float),
    )


def picture(*fits: Fit, **changes) -> FunctionPicture:
    given = {"fits": fits or (fit(),), "grid": GRID, "facts": ("weights after step 7",)}
    return FunctionPicture(**{**given, **changes})


def text(shown, width=80, height=24, glyphs: Glyphs = BRAILLE, palette: Palette = PLAIN):
    return [line.plain for line in draw_function(shown, width, height, Look(glyphs, palette))]


def dots(lines) -> int:
    return sum(0x2800 < ord(character) < 0x2900 for line in lines[2:] for character in line)


NASTY = {
    "nan": np.full(101, np.nan),
    "infinite": np.full(101, np.inf),
    "one spike": np.where(GRID == 0, 1e30, 0),
    "constant": np.zeros(101),
    "huge": np.full(101, 1e300),
    "half": np.where(GRID < 0, np.nan, GRID),
    "both infinities": np.where(GRID < 0, -np.inf, np.inf),
}


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("values", NASTY.values(), ids=NASTY)
def test_it_has_exactly_its_size_whatever_the_network_says(glyphs, values) -> None:
    shown = picture(fit(fitted=values), fit("y", targets=values[::5]))
    for size, palette in itertools.product(SIZES, (DARK, PLAIN)):
        lines = draw_function(shown, *size, Look(glyphs, palette))
        assert len(lines) == size[1]
        assert {line.cell_len for line in lines} == {size[0]}


def test_it_names_the_step_and_the_targets() -> None:
    lines = text(picture(fit("x**2"), fit("exp(x)")))
    assert "weights after step 7" in lines[0]
    assert "x**2" in lines[1]
    assert "exp(x)" in lines[1]


def test_what_is_not_finite_is_named_and_leaves_a_gap() -> None:
    lines = text(picture(fit(fitted=NASTY["half"])))
    assert "not finite: x**2" in lines[1]
    left = [line[8:40] for line in lines[2:20]]
    right = [line[48:78] for line in lines[2:20]]
    assert dots(["", "", *left]) == 0 < dots(["", "", *right])


def test_an_exploding_fit_does_not_squash_the_targets() -> None:
    lines = text(picture(fit(fitted=np.full(101, 1e30))))
    assert not any("e30" in line for line in lines)
    rows = [index for index, line in enumerate(lines[2:]) if "○" in line]
    assert max(rows) - min(rows) > 5


def test_targets_have_shapes_and_without_colours_fits_have_letters() -> None:
    shown = picture(fit("one"), fit("two", targets=np.linspace(0, 1, 21), fitted=-GRID))
    lines = text(shown)
    assert "a one" in lines[1]
    assert "b two" in lines[1]
    assert any(line.endswith("a") for line in lines[2:])
    assert any(line.endswith("b") for line in lines[2:])
    body = "".join(lines[2:])
    assert "○" in body
    assert "△" in body
    assert not any(line.endswith("a") for line in text(shown, palette=DARK)[2:])


def test_colours_belong_to_the_targets_and_not_to_what_is_shown() -> None:
    styles = []
    for fits in ((fit("one"), fit("two")), (fit("one"), fit("two"), fit("three"))):
        legend = draw_function(picture(*fits), 80, 24, Look(BRAILLE, DARK))[1]
        styles.append([span.style.color for span in legend.spans[:2]])
    assert styles[0] == styles[1]
    assert len({*styles[0]}) == 2


def test_in_ascii_everything_is() -> None:
    assert "".join(text(picture(fit("one"), fit("two")), glyphs=ASCII)).isascii()


def test_one_point_and_none_are_drawn() -> None:
    lines = text(picture(fit(inputs=[0.5], targets=[2.0], fitted=np.ones(101))))
    assert "○" in "".join(lines[2:])
    assert text(picture(fit(inputs=[], targets=[])))
    assert text(picture(grid=np.full(101, 3.0)))
    assert text(FunctionPicture(fits=(), grid=GRID))


def test_among_scattered_points_the_fit_stays_whole() -> None:
    crowd = fit(inputs=np.linspace(-1, 1, 500), targets=np.zeros(500), fitted=np.zeros(101))
    assert max(dots(["", "", line]) for line in text(picture(crowd, noisy=True))[2:]) == 71
    assert max(dots(["", "", line]) for line in text(picture(crowd))[2:]) < 60


def test_where_names_have_no_room_beside_samples_their_shapes_have_to_do() -> None:
    three = picture(fit("x * exp(x)"), fit("exp(x)"), fit("x**2"))
    wide, narrow = (text(three, width, 12, palette=DARK)[1] for width in (80, 38))
    assert "○ ⠒⠒ x * exp(x)   △ ⠒⠒ exp(x)   □ ⠒⠒ x**2" in wide
    assert narrow.rstrip() == "○ x * exp(x)   △ exp(x)   □ x**2"
