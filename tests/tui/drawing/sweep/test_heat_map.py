"""A heat map: every cell says its figure, its spread and what became of its trials."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from tui.drawing.sweep.heat_map import (
    RAMP,
    HeatMap,
    draw_heat_map,
    is_logarithmic,
    levels_of,
    part_of,
)
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK, PALETTES, SIXTEEN

PLAIN = Look(BRAILLE, DARK.without_colours())
SIZES = [(0, 0), (1, 1), (5, 3), (24, 9), (80, 24), (120, 40), (200, 60)]
NAN = float("nan")


def heat(mean, **changes) -> HeatMap:
    mean = np.array(mean)
    rows, columns = mean.shape
    given = {
        "figure": "test accuracy",
        "row_key": "model.hidden",
        "column_key": "optimizer.lr",
        "rows": tuple(f"[{row}]" for row in range(1, rows + 1)),
        "columns": tuple(f"{column}" for column in range(1, columns + 1)),
        "mean": mean,
        "spread": np.where(np.isfinite(mean), 0.01, NAN),
        "trials": np.full(mean.shape, 5),
        "finished": np.full(mean.shape, 5),
        "diverged": np.zeros(mean.shape, np.int64),
        "pruned": np.zeros(mean.shape, np.int64),
        "failed": np.zeros(mean.shape, np.int64),
        "facts": ("mean and spread of 5 seeds", "28 of 30 trials"),
    }
    return HeatMap(**{**given, **changes})


TEXTBOOK = heat(
    [[0.861, 0.988, 0.992], [NAN, 0.981, NAN]],
    finished=np.array([[5, 5, 5], [5, 3, 0]]),
    diverged=np.array([[0, 0, 2], [5, 0, 0]]),
    pruned=np.array([[0, 3, 0], [0, 0, 0]]),
    failed=np.array([[0, 0, 0], [0, 1, 0]]),
)
LARGE = heat(np.linspace(0.5, 1, 900).reshape(30, 30))


def text(shown: HeatMap, width: int, height: int, look: Look = PLAIN, cursor=None) -> list[str]:
    return [line.plain.rstrip() for line in draw_heat_map(shown, width, height, look, cursor)]


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize(
    "shown", [TEXTBOOK, LARGE, heat([[NAN]]), heat([[np.inf, -1.0]]), heat(np.empty((0, 3)))]
)
def test_it_has_exactly_its_size_whatever_the_figures_are(glyphs, shown) -> None:
    for size, palette in itertools.product(SIZES, (*PALETTES, *SIXTEEN, PLAIN.palette)):
        for cursor in (None, (0, 0)):
            lines = draw_heat_map(shown, *size, Look(glyphs, palette), cursor)
            assert len(lines) == size[1]
            assert {line.cell_len for line in lines} <= {size[0]}


def test_a_cell_says_its_figure_its_spread_and_what_became_of_its_trials() -> None:
    assert text(TEXTBOOK, 80, 12) == [
        "test accuracy · mean and spread of 5 seeds · 28 of 30 trials",
        r"hidden \ lr                   1                    2                    3",
        "        [1]            ▁ 0.8610             █ 0.9880             █ 0.9920",
        "                         ±0.010               ±0.010               ±0.010",
        "                                          - 3 pruned         ✗ 2 diverged",
        "        [2]          ✗ diverged             ▇ 0.9810             ◌ 0 of 5",
        "                                              ±0.010",
        "                                 ! 1 failed ◌ 3 of 5",
        *[""] * 3,
        "worse 0.8610 ▁▂▃▄▅▆▇█ 0.9920 better",
    ]


@pytest.mark.parametrize("size", [(80, 5), (80, 8), (80, 24), (120, 40), (200, 60), (40, 7)])
@pytest.mark.parametrize("look", [PLAIN, Look(ASCII, DARK.without_colours())])
def test_what_diverged_failed_or_waits_is_never_blank(size, look) -> None:
    said = "\n".join(text(TEXTBOOK, *size, look))
    states = look.glyphs.states
    assert said.count(states["crashed"]) >= 2
    assert "!" in said
    assert re.search(rf"{states['starting']} ?0( of |/)5", said)


def test_the_best_is_the_brightest_and_for_a_loss_the_least_is_best() -> None:
    values = [[0.1, 0.2, 0.4, NAN]]
    assert levels_of(heat(values)).tolist() == [[0, 2, 7, -1]]
    assert levels_of(heat(values, smaller_is_better=True)).tolist() == [[7, 5, 0, -1]]
    foot = text(heat(values, smaller_is_better=True), 80, 8)[-1]
    assert foot == "worse 0.4000 ▁▂▃▄▅▆▇█ 0.1000 better"


def test_equal_figures_are_all_the_best() -> None:
    assert levels_of(heat([[0.5, 0.5]])).tolist() == [[7, 7]]


def test_figures_far_apart_stand_on_a_logarithmic_scale_and_it_says_so() -> None:
    far = heat([[1e-4, 1e-2, 1.0]], smaller_is_better=True)
    assert is_logarithmic(far)
    assert levels_of(far).tolist() == [[7, 4, 0]]
    assert text(far, 80, 8)[-1].endswith("better, logarithmic")
    assert not is_logarithmic(heat([[0.0, 1.0]]))
    assert is_logarithmic(heat([[1.0, 1e308]]))


def test_with_colours_each_level_has_its_own_and_without_them_its_glyph() -> None:
    shown = heat([np.linspace(0, 1, 8).tolist()])
    lines = draw_heat_map(shown, 100, 6, Look(BRAILLE, DARK))
    colours = [
        span.style.bgcolor.number
        for span in lines[2].spans
        if not isinstance(span.style, str) and span.style.bgcolor is not None
    ]
    assert colours == list(RAMP)
    assert re.findall("[▁-█]", text(shown, 100, 6)[2]) == list("▁▂▃▄▅▆▇█")


def test_what_has_no_room_scrolls_with_the_cell_that_is_chosen_and_is_said() -> None:
    for cursor in [(0, 0), (15, 15), (29, 29), (0, 29)]:
        part = part_of(LARGE, 80, 20, cursor)
        assert part.top <= cursor[0] < part.top + part.rows
        assert part.left <= cursor[1] < part.left + part.columns
        lines = text(LARGE, 80, 20, cursor=cursor)
        assert sum("‹" in line for line in lines) == 1
        assert f"rows {part.top + 1} to {part.top + part.rows} of 30" in lines[-1]
    assert "of 30" not in text(LARGE, 400, 40)[-1]


def test_a_pair_that_the_sweep_lacks_is_told_from_one_that_waits() -> None:
    shown = heat([[0.5, NAN]], trials=np.array([[5, 0]]))
    assert text(shown, 60, 6)[2].endswith("·")
