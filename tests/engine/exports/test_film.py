"""The network's picture of an export is what the network says, step by step."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest

from engine.exports.film import film_of, fit, region
from engine.exports.film.film import Film, Frame
from engine.exports.film.pictured import Pictured
from engine.exports.film.places import plot_box
from engine.exports.film.png import png
from engine.presets import preset as presets
from engine.results.charts.drawing import Area
from engine.results.run import LoadedRun, of_folder
from tests.trained import recorded

AREA = Area(0, 0, 470, 480)


def run_of(name: str, path: Path, *changes: str) -> LoadedRun:
    return of_folder(recorded(presets.load(name, changes).experiment, path / "a-run")[0])


def frame_of(film: Film, step: int) -> Frame:
    (frame,) = (frame for frame in film.frames if frame.step == step)
    return frame


def film(run: LoadedRun) -> Film:
    made = film_of(run, AREA)
    assert made is not None
    return made


def test_a_picture_has_the_colours_that_it_was_given() -> None:
    image = pytest.importorskip("PIL.Image")
    palette = [(0, 0, 0, 0), (10, 20, 30, 255), (200, 100, 0, 77)]
    pixels = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    shown = np.array(image.open(io.BytesIO(png(pixels, palette))).convert("RGBA"))
    assert shown.tolist() == np.array(palette)[pixels].tolist()


def test_a_region_is_where_the_network_says_each_class(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    run = run_of("two-moons", tmp_path, "train.epochs=300")
    made = film(run)
    assert made.best == run.weights_step
    drawing = frame_of(made, run.weights_step).drawing
    (data,) = re.findall(r"base64,([^\"]*)", drawing)
    shown = np.array(image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"), float)
    pictured = Pictured(run)
    points = np.concatenate([pictured.places_of(part) for part in pictured.sets().values()])
    asked = region._grid(region._plot(plot_box(AREA, 1), points))
    said = run.predict(asked)[:, 0].reshape(shown.shape[:2])
    # Blue where it says 0, orange where it says 1, and see-through where it cannot tell.
    is_orange = shown[..., 0] > shown[..., 2]
    assert (is_orange == (said > 0.5)).mean() > 0.999
    assert np.corrcoef(shown[..., 3].ravel(), np.abs(said - 0.5).ravel())[0, 1] > 0.98


def test_a_fit_is_what_the_network_says(tmp_path: Path) -> None:
    run = run_of("cubic", tmp_path, "train.steps=60")
    drawing = frame_of(film(run), run.weights_step).drawing
    (path,) = re.findall(r' d="M([^"]*)"', drawing)
    drawn = np.array(path.split(), float).reshape(-1, 2)
    pictured = Pictured(run)
    (part,) = pictured.sets().values()
    targets = run.scaling.to_original(part.targets)
    plot = fit._plot(
        plot_box(AREA, 1), {"train": pictured.places_of(part)[:, 0]}, {"train": targets}
    )
    asked = np.linspace(plot.level.low, plot.level.high, fit.PLACES)
    said = plot.box.up(plot.upright, run.predict(asked[:, None])[:, 0])
    np.testing.assert_allclose(drawn[:, 1], said, atol=0.06)


def test_frames_are_of_marks_of_the_beginning_and_of_the_end(tmp_path: Path) -> None:
    run = run_of("two-moons", tmp_path, "train.epochs=600")
    steps = [frame.step for frame in film(run).frames]
    assert steps == sorted(set(steps))
    assert {0, 50, 500, 600} <= {*steps}
    assert len(steps) < 80


def test_of_a_network_of_many_inputs_there_is_none(tmp_path: Path) -> None:
    assert film_of(run_of("sum-of-30", tmp_path, "train.steps=2"), AREA) is None
