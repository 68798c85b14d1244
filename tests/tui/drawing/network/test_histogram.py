"""Histograms as text: an area of 1 at any width, and nothing hidden."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tui.drawing.network.histogram import Density, Histogram, column_densities, draw_histogram
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK, Palette

PLAIN = DARK.without_colours()
SIZES = [(1, 1), (3, 2), (16, 6), (20, 8), (40, 12), (80, 24), (200, 60)]
RNG = np.random.default_rng(1)
NASTY = {
    "normal": RNG.standard_normal(10_000),
    "empty": np.empty(0),
    "one": np.array([3.0]),
    "constant": np.full(9, -2.5),
    "zeros": np.zeros(9),
    "nan": np.full(9, np.nan),
    "some nan": np.array([1.0, np.nan, 2.0, np.inf, -np.inf]),
    "huge": np.array([-1e30, 1e30, 0]),
    "tiny": np.array([1e-30, 2e-30]),
    "nearly constant": np.array([1.0, 1.0 + 1e-9]),
}


def histogram(values=NASTY["normal"], **changes) -> Histogram:
    given = {"name": "layer1.weight", "values": values, "facts": ("weights after step 0",)}
    return Histogram(**{**given, **changes})


def text(shown, width=80, height=24, glyphs: Glyphs = BRAILLE, palette: Palette = PLAIN):
    return [line.plain for line in draw_histogram(shown, width, height, Look(glyphs, palette))]


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("values", NASTY.values(), ids=NASTY)
def test_it_has_exactly_its_size_whatever_the_weights_are(glyphs, values) -> None:
    for density in (None, Density("normal", 0.0, 1.0)):
        shown = histogram(values, density=density)
        for size, palette in itertools.product(SIZES, (DARK, PLAIN)):
            lines = draw_histogram(shown, *size, Look(glyphs, palette))
            assert len(lines) == size[1]
            assert {line.cell_len for line in lines} == {size[0]}


@pytest.mark.parametrize("columns", [1, 7, 72, 200, 333])
def test_the_area_is_one_at_any_width(columns) -> None:
    values = NASTY["normal"]
    ends = float(values.min()), float(values.max())
    densities = column_densities(values, ends, columns)
    assert densities.sum() * (ends[1] - ends[0]) / columns == pytest.approx(1)


def test_two_hundred_columns_are_numpys_own_histogram() -> None:
    values = NASTY["normal"]
    ends = float(values.min()), float(values.max())
    expected, _ = np.histogram(values, bins=200, density=True)
    np.testing.assert_allclose(column_densities(values, ends, 200), expected, atol=1e-12)


def test_it_says_the_figures_and_the_step() -> None:
    lines = text(histogram(np.array([1.0, 2.0, 3.0])))
    assert "layer1.weight · weights after step 0" in lines[0]
    assert " ".join(lines[1].split()) == "n 3 mean 2.000 std 0.8165 min 1.000 max 3.000"


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    lines = text(histogram(NASTY["some nan"]))
    assert "n 5  3 not finite, left out" in lines[1]
    assert "█" in "".join(lines[2:])


def test_what_it_was_drawn_from_is_a_line_of_its_own() -> None:
    drawn = Density("uniform", -1.0, 1.0)
    lines = text(histogram(np.linspace(-1, 1, 1000), density=drawn))
    assert "drawn from: uniform from -1 to 1" in lines[2]
    assert "━" * 72 in lines[3] + lines[4] + lines[5] + lines[6]


def test_in_ascii_everything_is() -> None:
    shown = histogram(density=Density("normal", 0.0, 1.0))
    assert "".join(text(shown, glyphs=ASCII)).isascii()


@pytest.mark.parametrize("density", [Density("normal", 1.0, 0.5), Density("uniform", -1.0, 2.0)])
def test_a_density_has_an_area_of_one(density) -> None:
    places = np.linspace(-10, 10, 200_001)
    assert math.isclose(np.trapezoid(density.at(places), places), 1, rel_tol=1e-3)


def test_figures_that_have_no_room_in_one_line_take_two_or_are_left_out_whole() -> None:
    wide, tall, flat = text(histogram(), 80), text(histogram(), 40, 20), text(histogram(), 40, 8)
    assert " max " in wide[1]
    assert [row.split()[0] for row in tall[1:3]] == ["n", "min"]
    assert " max " in tall[2]
    assert "…" not in "".join(flat)
    assert "│" in flat[2] or "┤" in flat[2]
