"""Curves: every number a network can come to, at every size."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tui.drawing.curves import Curve, Curves, draw_curves, points
from tui.glyphs import ASCII, BLOCKS, BRAILLE, GLYPHS
from tui.palette import DARK, PALETTES

NAN = float("nan")
INF = float("inf")

NASTY = {
    "empty": [],
    "one point": [0.5],
    "constant": [0.25] * 50,
    "zero": [0.0] * 50,
    "negative": [-3.0, -2.0, -1.0, -2.5],
    "huge": [1e30, 3e30, 2e30],
    "tiny": [1e-30, 1e-38, 1e-30],
    "falling": list(np.geomspace(10, 1e-8, 200)),
    "all NaN": [NAN] * 20,
    "a NaN inside": [1.0, 0.5, NAN, 0.4, 0.3],
    "NaN at both ends": [NAN, 0.5, 0.4, NAN],
    "mixed signs": [-1.0, 0.0, 1.0],
    "largest float32": [3.4e38, -3.4e38],
    "jitter": list(1 + 1e-9 * np.arange(30)),
}

SIZES = [(1, 1), (2, 2), (5, 3), (18, 4), (19, 5), (20, 6), (80, 24), (120, 40), (200, 60)]


def curve(values: list[float], label: str = "train", **more: object) -> Curve:
    data = np.array(values, np.float64)
    newest = values[-1] if values else NAN
    steps = np.arange(1, len(values) + 1, dtype=np.float64)
    return Curve(label=label, steps=steps, low=data, mean=data, high=data, newest=newest, **more)  # type: ignore[arg-type]


def picture(values: list[float], width: int = 60, height: int = 12, **more: object) -> list[str]:
    curves = Curves(curves=(curve(values),), last=max(len(values), 1), **more)  # type: ignore[arg-type]
    return [line.plain for line in draw_curves(curves, width, height, BRAILLE, DARK)]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("name", NASTY)
def test_whatever_the_numbers_are_the_picture_has_its_size(name: str, log: bool) -> None:
    both = (curve(NASTY[name]), curve(NASTY[name][::-1], "dev"))
    curves = Curves(curves=both, last=max(len(NASTY[name]), 1), marks=(0, 1), log=log)
    for (width, height), glyphs in zip(SIZES, itertools.cycle(GLYPHS), strict=False):
        lines = draw_curves(curves, width, height, glyphs, DARK)
        assert len(lines) == height
        assert {line.cell_len for line in lines} == {width}


def test_there_is_no_picture_without_room() -> None:
    assert draw_curves(Curves(curves=(), last=1), 0, 5, BRAILLE, DARK) == []
    assert draw_curves(Curves(curves=(), last=1), 5, 0, BRAILLE, DARK) == []


def test_a_falling_curve_falls() -> None:
    canvas = [line[8:] for line in picture(list(np.linspace(1, 0, 50)))[1:-2]]
    first_column = [row for row, line in enumerate(canvas) if line[1] != " "]
    last_column = [row for row, line in enumerate(canvas) if line[-1] != " "]
    assert first_column[0] < last_column[-1]
    assert canvas[0].strip()
    assert canvas[-1].strip()


def test_a_spike_is_drawn_from_its_foot_to_its_top() -> None:
    values = np.zeros(10)
    high = values.copy()
    high[5] = 1.0
    spiky = Curve(
        label="train",
        steps=np.arange(10.0),
        low=values,
        mean=values,
        high=high,
        newest=0.1,
    )
    lines = draw_curves(Curves(curves=(spiky,), last=9), 40, 12, BRAILLE, DARK)
    assert all(line.plain[8:].strip() for line in lines[1:-2])


def test_ticks_are_round_and_steps_have_thousands() -> None:
    lines = picture([0.7, 0.1] * 1000, 80, 14)
    assert any(line.startswith(("    0.5┤", "    0.6┤")) for line in lines)
    assert "1 000" in lines[-1]
    assert "2 000" in lines[-1]


def test_a_log_axis_has_decades_and_says_what_it_hides() -> None:
    lines = picture([1.0, 1e-3, 1e-6, 0.0], log=True)
    assert any(line.strip().startswith("1e-6┤") for line in lines)
    assert "log axis; 0 and less not shown" in lines[0]


def test_what_is_not_finite_is_named_with_its_step() -> None:
    broken = curve([0.5, NAN], broken_at=431, broken=NAN)
    infinite = curve([0.5, INF], "dev", broken_at=1200, broken=INF)
    curves = Curves(curves=(broken, infinite), last=2)
    legend = draw_curves(curves, 100, 10, BRAILLE, DARK)[0].plain
    assert "train NaN at step 431" in legend
    assert "dev ∞ at step 1 200" in legend


def test_a_gap_parts_the_curve() -> None:
    steps = np.arange(1.0, 6.0)
    values = np.array([1, 2, NAN, 4, 5])
    assert points(steps, values, values, values) == [([1, 2], [1, 2]), ([4, 5], [4, 5])]


def test_a_falling_curve_is_entered_from_above() -> None:
    steps, low, high = np.array([1.0, 2.0]), np.array([4.0, 1.0]), np.array([5.0, 3.0])
    [(xs, ys)] = points(steps, low, (low + high) / 2, high)
    assert xs == [1, 1, 2, 2]
    assert ys == [4, 5, 3, 1]


def test_at_most_two_points_a_column_are_drawn() -> None:
    steps = np.arange(100.0)
    pieces = points(steps, np.zeros(100), np.full(100, 0.5), np.ones(100))
    assert sum(len(xs) for xs, _ in pieces) == 200


def test_marks_stand_on_the_axis() -> None:
    lines = picture([0.5] * 100, 60, 10, marks=(50, 5000))
    assert lines[-2].count("▲") == 1


def test_without_colours_the_two_curves_have_different_shapes() -> None:
    train, dev = curve([1.0] * 40), curve([0.1] * 40, "dev")
    curves = Curves(curves=(train, dev), last=40)
    for glyphs in (BRAILLE, BLOCKS, ASCII):
        lines = draw_curves(curves, 60, 12, glyphs, DARK.without_colours())
        rows = [set(line.plain[8:]) - {" "} for line in lines[1:-2]]
        drawn = [marks for marks in rows if marks]
        assert len(drawn) == 2
        assert not drawn[0] & drawn[1]
        assert all(
            not span.style or not getattr(span.style, "color", None)
            for line in lines
            for span in line.spans
        )


def test_with_colours_each_curve_has_its_own() -> None:
    curves = Curves(curves=(curve([1.0] * 40), curve([0.1] * 40, "dev")), last=40)
    for palette in PALETTES:
        lines = draw_curves(curves, 60, 12, BRAILLE, palette)
        colours = {
            span.style.color.number
            for line in lines[1:-2]
            for span in line.spans
            if not isinstance(span.style, str) and span.style.color is not None
        }
        assert {palette.train, palette.dev} <= colours


def test_ascii_stays_ascii() -> None:
    curves = Curves(curves=(curve([1.0, 0.5, NAN]), curve([1.0, 0.1], "dev")), last=3, marks=(1,))
    lines = draw_curves(curves, 70, 12, ASCII, DARK)
    assert all(line.plain.isascii() for line in lines)
