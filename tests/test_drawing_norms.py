"""The table of gradient norms: every size of number, of network and of screen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tui.drawing.norms import (
    Columns,
    LayerNorms,
    Norms,
    draw_footing,
    draw_gauge,
    draw_heading,
    draw_rows,
    scale,
    sparkline,
    standing,
)
from tui.glyphs import ASCII, BRAILLE, GLYPHS
from tui.palette import DARK

NAN, INF = math.nan, math.inf
VANISHING = [1.8e-11, 3.5e-9, 4.4e-6, 1.3e-3, 0.29]


def table(*weights: float, recent: list[float] | None = None, **more: int) -> Norms:
    layers = tuple(
        LayerNorms(
            name=f"layer{index}",
            shape="2→3",
            weight=weight,
            bias=weight / 2,
            recent=np.array(recent if recent is not None else [weight] * 9, np.float32),
        )
        for index, weight in enumerate(weights, start=1)
    )
    return Norms(layers=layers, whole=0.3, steps=200, **more)


def rows(norms: Norms, width: int = 100) -> list[str]:
    return [line.plain for line in draw_rows(norms, width, BRAILLE, DARK)]


@pytest.mark.parametrize("width", [0, 1, 5, 12, 20, 30, 44, 60, 76, 100, 200])
@pytest.mark.parametrize("count", [1, 5, 50])
def test_every_line_is_as_wide_as_asked(width: int, count: int) -> None:
    nasty = [0.0, NAN, INF, 1e-38, 3e38, 0.5]
    norms = table(*(nasty * 9)[:count], recent=nasty)
    for glyphs in GLYPHS:
        lines = draw_rows(norms, width, glyphs, DARK)
        assert len(lines) == count
        around = [
            draw_heading(norms, width, glyphs, DARK),
            draw_footing(norms, width, glyphs, DARK),
        ]
        assert {line.cell_len for line in [*lines, *around]} == {width}


def test_a_vanishing_gradient_is_seen_in_number_bar_and_colour() -> None:
    norms = table(*VANISHING)
    lines = draw_rows(norms, 100, BRAILLE, DARK)
    assert [line.plain.split()[2] for line in lines] == [
        "1.80e-11",
        "3.50e-9",
        "4.40e-6",
        "0.001300",
        "0.2900",
    ]
    bars = [line.plain.count("█") for line in lines]
    assert bars == sorted(bars)
    assert bars[-1] - bars[0] > 10
    assert [standing(value, VANISHING[-1]) for value in VANISHING] == [
        "vanishing",
        "vanishing",
        "vanishing",
        "small",
        "level",
    ]


def test_an_exploding_gradient_has_its_own_colour() -> None:
    assert standing(30.0, 1.0) == "large"
    assert standing(3e4, 1.0) == "exploding"


def test_exactly_zero_is_said_and_is_no_small_number() -> None:
    dead, alive = rows(table(0.0, 1e-38))
    assert "exactly 0" in dead
    assert "exactly 0" not in alive


def test_what_is_not_finite_is_named() -> None:
    broken, infinite = rows(table(NAN, INF))
    assert "NaN" in broken
    assert "no number" in broken
    assert "∞" in infinite
    assert "not finite" in infinite


def test_the_scale_holds_every_layer_and_is_never_narrow() -> None:
    low, high = scale(table(*VANISHING))
    assert low <= -11
    assert high == 0
    low, high = scale(table(0.5, 0.5))
    assert high - low >= 4
    assert scale(table(0.0, NAN)) == (-4, 0)


def test_the_heading_names_the_ends_of_the_scale() -> None:
    heading = draw_heading(table(*VANISHING), 100, BRAILLE, DARK).plain
    low, high = scale(table(*VANISHING))
    assert high == 0
    assert f"1e{low} " in heading
    assert " 1 last 200 steps" in heading


def test_a_gauge_is_longer_for_more() -> None:
    bars = [
        draw_gauge(value, (-12, 0), 40, ASCII, DARK, style_of=1.0).plain.count("#")
        for value in (1e-11, 1e-6, 1e-1)
    ]
    assert bars == sorted(bars)
    assert bars[0] >= 1


def test_a_sparkline_shows_the_way_down() -> None:
    line = sparkline([1.0, 0.1, 0.01, 0.001], 4, BRAILLE)
    assert line == "█▆▃▁"


def test_a_sparkline_that_hardly_moves_is_level() -> None:
    assert len(set(sparkline([0.5, 0.501, 0.499], 3, BRAILLE))) == 1


def test_a_sparkline_tells_zero_from_what_is_not_finite() -> None:
    assert sparkline([0.0, NAN, INF, 1.0], 6, BRAILLE) == "0××▅  "


def test_the_footing_compares_the_first_layer_with_the_last() -> None:
    footing = draw_footing(table(*VANISHING), 100, BRAILLE, DARK).plain
    assert "layer1 / layer5 = 6.2e-11" in footing
    assert "member" not in footing
    several = draw_footing(table(0.1, member=2, members=7), 100, BRAILLE, DARK).plain
    assert "member 3 of 7" in several


def test_columns_give_way_from_the_least_important_on() -> None:
    narrow, middle, wide = Columns.of(20), Columns.of(60), Columns.of(120)
    assert not narrow.bias
    assert not narrow.recent
    assert middle.bias
    assert middle.gauge
    assert not middle.shape
    assert wide.shape
    assert wide.recent
