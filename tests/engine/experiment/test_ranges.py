"""How far pictures go: as far as what they show, whatever its size and wherever it lies."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.experiment.experiment import Experiment
from engine.recording.events import Header, Series
from engine.recording.file import Reader
from engine.recording.history import History
from tests.experiments import MOONS, experiment
from tests.trained import recorded
from tui.drawing.base.axis import linear_axis, roomy
from tui.drawing.curves.curves import CurveData, Curves
from tui.drawing.curves.plot import draw_curves
from tui.drawing.network import function, region
from tui.drawing.network.histogram import Histogram, draw_histogram
from tui.drawing.network.material import Material, RecordedNetwork
from tui.style.glyphs import BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.traces import gather_view
from tui.watching.view import View

PLAIN = DARK.without_colours()
RNG = np.random.default_rng(7)
SHARES = RNG.uniform(0, 1, (60, 2))
AT = {
    "thousandths": (0.0, 1e-3),
    "ones": (-1.0, 1.0),
    "thousands": (-2e3, 2e3),
    "years": (2000.0, 2020.0),
    "negative": (-2020.0, -2000.0),
    "far": (1e20, 2e20),
}
"""From where to where the data goes."""
POINTS = "○△◉◬●▲"


def network(spec: Experiment, path: Path) -> RecordedNetwork:
    """Return a network that was hardly trained."""
    folder, _ = recorded(spec, path / "run", checkpoint=False)
    history = History()
    history.extend(Reader(folder.recording).poll())
    return Material(history).network(0)


def tabled(inputs, targets, *, classes: bool) -> Experiment:
    return Experiment.model_validate(
        {
            "data": {
                "kind": "table",
                "inputs": np.asarray(inputs).tolist(),
                "targets": np.asarray(targets).tolist(),
                "scale_inputs": "standard",
                "scale_targets": "none" if classes else "standard",
            },
            "model": {"hidden": [2], "activation": "tanh"},
            "loss": {"name": "cross_entropy" if classes else "mse"},
            "optimizer": {"name": "sgd", "lr": 0.1},
            "train": {"steps": 1},
        }
    )


def columns_and_rows(lines: list[str], characters: str) -> tuple[int, int]:
    """Return in how many columns and rows of a picture these characters stand."""
    found = [(x, y) for y, line in enumerate(lines) for x, c in enumerate(line) if c in characters]
    return len({x for x, _ in found}), len({y for _, y in found})


@pytest.mark.parametrize("ends", AT.values(), ids=AT)
def test_the_points_of_a_region_are_spread_over_it(ends, tmp_path: Path) -> None:
    low, high = ends
    inputs = low + SHARES * (high - low)
    shown = region.gather(
        network(tabled(inputs, (SHARES[:, 0] > 0.5).astype(int), classes=True), tmp_path)
    )
    for (start, end), column in zip((shown.across, shown.up), inputs.T, strict=True):
        assert start < column.min() <= column.max() < end
        assert end - start < 1.2 * np.ptp(column)
    lines = [
        each.plain[8:40] for each in region.draw_region(shown, 72, 19, Look(BRAILLE, PLAIN))[1:-2]
    ]
    columns, rows = columns_and_rows(lines, POINTS)
    assert columns > 16
    assert rows > 8


def test_a_constant_input_has_room_around_it(tmp_path: Path) -> None:
    inputs = np.stack([SHARES[:, 0], np.full(60, 2000.0)], axis=1)
    shown = region.gather(
        network(tabled(inputs, (SHARES[:, 0] > 0.5).astype(int), classes=True), tmp_path)
    )
    assert shown.up == (1000.0, 3000.0)


def test_moons_keep_the_range_in_which_they_are_published(tmp_path: Path) -> None:
    assert Experiment.model_validate(MOONS).data.extent == (-math.pi, math.pi)
    spec = experiment(MOONS, train={"epochs": 1})
    shown = region.gather(network(spec, tmp_path))
    assert shown.across == shown.up == (-math.pi, math.pi)


def test_what_lies_beyond_the_range_of_its_kind_is_seen(tmp_path: Path) -> None:
    spec = experiment(MOONS, data={"noise": 3.0}, train={"epochs": 1})
    shown = region.gather(network(spec, tmp_path))
    places = np.concatenate([each.places for each in shown.points])
    assert shown.across[0] <= min(places[:, 0].min(), -math.pi)
    assert shown.across[1] >= max(places[:, 0].max(), math.pi)


@pytest.mark.parametrize(("across", "up"), [*pairwise(AT.values()), (AT["far"], AT["thousandths"])])
def test_the_targets_of_a_function_are_spread_whatever_is_fitted(across, up) -> None:
    inputs = across[0] + np.linspace(0, 1, 40) * (across[1] - across[0])
    targets = up[0] + SHARES[:40, 1] * (up[1] - up[0])
    grid = np.linspace(*across, 100)
    drawn = []
    for fitted in (np.zeros(100), np.full(100, up[0]), np.full(100, 1e25)):
        fit = function.Fit(name="y", inputs=inputs, targets=targets, fitted=fitted)
        shown = function.FunctionPicture(fits=(fit,), grid=grid, noisy=True)
        lines = [each.plain for each in function.draw_function(shown, 80, 24, Look(BRAILLE, PLAIN))]
        columns, rows = columns_and_rows([line[8:] for line in lines[2:-2]], "○")
        assert columns > 25
        assert rows > 8
        drawn.append([line[:8] for line in lines[2:]])
    # The axis is that of the targets at every step of a replay.
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize("ends", AT.values(), ids=AT)
def test_the_bars_of_a_histogram_are_spread_over_it(ends) -> None:
    values = ends[0] + SHARES.ravel() * (ends[1] - ends[0])
    lines = draw_histogram(Histogram(name="w", values=values), 80, 24, Look(BRAILLE, PLAIN))
    columns, _ = columns_and_rows([each.plain[8:] for each in lines[2:-2]], BRAILLE.levels)
    assert columns > 60


def _curve(values) -> CurveData:
    values, count = np.asarray(values, float), len(values)
    steps = np.arange(1.0, count + 1)
    return CurveData(
        label="train",
        steps=steps,
        low=values,
        mean=values,
        high=values,
        newest=float(values[-1]),
        newest_at=count,
    )


@pytest.mark.parametrize("ends", AT.values(), ids=AT)
def test_a_curve_goes_from_the_bottom_to_the_top(ends) -> None:
    curves = Curves(curves=(_curve(np.linspace(ends[1], ends[0], 60)),), last=60)
    lines = [each.plain for each in draw_curves(curves, 80, 24, Look(BRAILLE, PLAIN))]
    filled = [line[8:].strip() != "" for line in lines[1:-2]]
    assert sum(filled) > 0.6 * len(filled)


@pytest.mark.parametrize("glyphs", GLYPHS, ids=lambda glyphs: glyphs.name)
@pytest.mark.parametrize("log", [False, True])
def test_a_value_is_never_drawn_below_the_tick_of_a_smaller_one(glyphs, log) -> None:
    for low in np.geomspace(0.005, 5, 12):
        for height in (8, 13, 37):
            curves = Curves(curves=(_curve([9.0] * 20 + [low] * 20),), last=40, log=log)
            lines = [each.plain for each in draw_curves(curves, 60, height, Look(glyphs, PLAIN))]
            canvas = lines[1:-2]
            row = max(index for index, line in enumerate(canvas) if line[50:].strip())
            for index, line in enumerate(canvas):
                if line[:7].strip() and float(line[:7]) < low * (1 - 1e-9):
                    assert row <= index, "\n".join(lines)


@pytest.mark.parametrize("low", [0.0, 1e-3, 1.0, 2e3, -2e3, 1e6, 1e30])
@pytest.mark.parametrize("span", [1e-3, 1e-2, 1.0, 3.0])
@pytest.mark.parametrize("most", [1, 4, 12])
def test_no_two_ticks_say_the_same(low, span, most) -> None:
    ticks = linear_axis(low, low + span * (abs(low) or 1.0), most).ticks
    assert len({label for _, label in ticks}) == len(ticks)


def test_what_hardly_differs_has_room_as_a_constant_has() -> None:
    assert roomy(2000.0, 2000.0001) == pytest.approx((1000.0, 3000.0))
    assert roomy(0.0, 0.0) == (-0.5, 0.5)
    assert roomy(0.0, 10.0) == (-0.5, 10.5)


def test_a_replay_of_curves_keeps_one_axis_throughout() -> None:
    known = History()
    losses = np.geomspace(9.0, 0.05, 60).astype(np.float32)
    columns = {"train": ["loss"]}
    known.add(
        Header(
            run="r",
            experiment={},
            seeds=[1],
            parameters={},
            columns=columns,
            gradients="",
            device="",
        )
    )
    known.add(Series(group="train", first=1, values=losses[None, :, None]))
    for log in (False, True):
        axes = set()
        for step in (5, 20, 59):
            then = known.until(step)
            view = View(history=then, whole=known, run="r", step=step, version=step, log=log)
            lines = draw_curves(gather_view(view, 80), 80, 20, Look(BRAILLE, PLAIN))
            axes.add(tuple(line.plain[:8] for line in lines[1:-2]))
        assert len(axes) == 1
