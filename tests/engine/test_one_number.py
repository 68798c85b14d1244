"""One value is one number, wherever it stands, and the test set is counted once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.experiment.experiment import Experiment
from engine.recording.file import Reader
from engine.recording.history import History
from engine.text.numbers import figure_text, shortest
from tests.experiments import MINIBATCHES, MOONS, experiment
from tests.trained import recorded
from tui.drawing.curves.curves import CurveData, Curves
from tui.drawing.curves.legend import draw_legend
from tui.drawing.network import confusion, predictions, region
from tui.drawing.network.material import Material
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.numbers import figure, figure_within, percent
from tui.style.palette import DARK

PLAIN = DARK.without_colours()


def history_of(spec: Experiment, path: Path) -> History:
    folder, _ = recorded(spec, path, checkpoint=False)
    history = History()
    history.extend(Reader(folder.recording).poll())
    return history


@pytest.fixture(scope="module")
def moons(tmp_path_factory: pytest.TempPathFactory) -> History:
    spec = experiment(MOONS, train={"epochs": 60})
    return history_of(spec, tmp_path_factory.mktemp("moons") / "run")


@pytest.fixture(scope="module")
def untested(tmp_path_factory: pytest.TempPathFactory) -> History:
    spec = experiment(MINIBATCHES, train={"epochs": 2})
    return history_of(spec, tmp_path_factory.mktemp("circles") / "run")


def test_a_value_is_written_alike_in_single_and_in_double_precision() -> None:
    rows = np.arange(1, 400)
    for total in (7, 160, 360, 399):
        for right in rows[rows <= total]:
            share = right / total
            single = float(np.float32(share))
            assert figure(share) == figure(single)
            assert figure_text(share) == figure_text(single)
    assert figure(float(np.float32(0.99375))) == figure(0.99375) == "0.9938"


@pytest.mark.parametrize("value", [0.0, 1e-45, 3.4e38, -2.5, float("inf"), 0.1, 1 / 3])
def test_the_shortest_of_a_number_is_that_number(value: float) -> None:
    assert np.float32(shortest(value)) == np.float32(value)
    assert shortest(float(np.float32(value))) == pytest.approx(value, rel=1e-7)


def test_a_share_in_percent_is_not_one_too_low() -> None:
    assert [percent(each / 100) for each in range(101)] == [f"{each} %" for each in range(101)]
    assert percent(0.99999) == "99 %"


@pytest.mark.parametrize("value", [0.0345678, 1.83e-11, 123456.0, 1e30, 0.5, 99999.0])
def test_a_figure_within_few_cells_is_rounded_and_not_cut(value: float) -> None:
    written = figure_within(value, 6)
    assert len(written) <= 6
    assert float(written) == pytest.approx(value, rel=0.1)


def test_a_run_without_steps_has_no_loss_and_not_one_that_is_no_number() -> None:
    nothing = np.empty(0)
    curve = CurveData(
        label="train", steps=nothing, low=nothing, mean=nothing, high=nothing, newest=float("nan")
    )
    legend = draw_legend(Curves(curves=(curve,), last=1), 60, 1, Look(BRAILLE, PLAIN))[0].plain
    assert "train none yet" in legend
    assert "NaN" not in legend


def pictures(history: History, step: int, *, best: bool = False) -> dict[str, list[str]]:
    """Return the pictures that count errors, of the network after a step."""
    network = Material(history).network(step, best=best)
    size = (100, 30, Look(BRAILLE, PLAIN))
    drawn = {
        "region": region.draw_region(region.gather(network), *size),
        "predictions": predictions.draw_predictions(predictions.gather(network), *size),
        "confusion": confusion.draw_confusion(confusion.gather(network), *size),
    }
    return {name: [line.plain for line in lines] for name, lines in drawn.items()}


def test_until_a_run_is_over_no_picture_counts_the_test_set(moons: History) -> None:
    drawn = pictures(moons.until(40), 40)
    for name in ("predictions", "confusion"):
        assert "dev set" in drawn[name][0]
        assert any("test errors only at the result" in line for line in drawn[name])
        assert not any("test rows" in line for line in drawn[name])
    legend = "\n".join(drawn["region"])
    assert re.search(r"test 20 +\n.*only at the result", legend)
    assert len(re.findall(r"\d+ wrong", legend)) == 2


def test_of_a_run_that_is_over_its_result_alone_is_counted_on_the_test_set(moons: History) -> None:
    best = Material(moons).result_step
    assert best is not None
    drawn = pictures(moons, best, best=True)
    assert "test set" in drawn["predictions"][0]
    assert "test set" in drawn["confusion"][0]
    assert len(re.findall(r"\d+ wrong", "\n".join(drawn["region"]))) == 3
    assert moons.end is not None
    right = moons.end.result["test_accuracy"]
    assert any(f"accuracy {figure(right)} " in line for line in drawn["confusion"])
    another = next(step for step in moons.snapshot_steps if step not in (0, best))
    assert "dev set" in pictures(moons, another)["predictions"][0]


def test_where_there_is_no_test_set_nothing_waits_for_it(untested: History) -> None:
    drawn = pictures(untested.until(4), 4)
    assert not any("at the result" in line for lines in drawn.values() for line in lines)
