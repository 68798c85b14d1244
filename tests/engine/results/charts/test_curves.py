"""What charts of a run show, however long it was and whatever it measured."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recording.events import Series
from engine.recording.history import History
from engine.results.charts.curves import (
    MOST_CHARTS,
    MOST_LINES,
    POINTS,
    Chart,
    charts_of,
    uncharted,
)
from tests.runs import header


def history_of(columns: dict[str, list[float]], group: str = "train", members: int = 1) -> History:
    values = np.array([*columns.values()], np.float32).reshape(len(columns), -1, members)
    return History(
        [
            header(columns={group: [*columns]}, seeds=[0] * members),
            Series(group=group, first=1, values=values),
        ]
    )


def chart_of(losses: list[float], members: int = 1) -> Chart:
    (chart,) = charts_of(history_of({"loss": losses}, members=members))
    return chart


def test_a_long_run_is_a_bounded_number_of_points_and_keeps_its_spike() -> None:
    losses = np.full(100_000, 0.5)
    losses[77_777] = 9.0
    (line,) = chart_of(losses.tolist()).lines
    assert len(line.steps) <= POINTS + 1
    assert line.high.max() == 9.0
    assert line.low.min() == 0.5


def test_it_begins_and_ends_with_what_was_recorded_and_not_with_a_mean() -> None:
    losses = np.linspace(1.0, 0.0, 10_001)
    (line,) = chart_of(losses.tolist()).lines
    assert (line.steps[0], line.mean[0], line.shown[0]) == (1, 1.0, 1.0)
    assert (line.steps[-1], line.shown[-1]) == (10_001, 0.0)
    np.testing.assert_allclose(line.shown, losses[line.steps - 1], atol=1e-6)


def test_what_is_not_finite_is_a_gap_that_is_said() -> None:
    (line,) = chart_of([0.5, 0.25, float("nan"), float("inf")]).lines
    assert np.isfinite(line.mean).tolist() == [True, True, False, False]
    assert line.broken == 3


def test_a_population_is_its_mean_and_a_band() -> None:
    (chart,) = charts_of(history_of({"loss": [*range(8)]}, members=4))
    (line,) = chart.lines
    assert chart.band
    assert line.mean.tolist() == [1.5, 5.5]
    assert (line.low < line.mean).all()
    (one,) = charts_of(history_of({"loss": [*range(8)]}, members=4), member=2)
    assert (one.lines[0].mean.tolist(), one.band) == ([2.0, 6.0], False)


def test_each_quantity_has_a_chart_and_each_weight_a_line() -> None:
    norms = {
        f"grad_norm/layer{n}.{kind}": [1.0, 2.0] for n in (1, 2) for kind in ("weight", "bias")
    }
    columns = {"tag/a": [1.0, 2.0], "lr": [0.1, 0.1], "grad_norm": [2.0, 3.0], "loss": [3.0, 1.0]}
    charts = charts_of(history_of({**columns, **norms}))
    assert [chart.title for chart in charts] == ["Loss", "Gradient norms", "tag"]
    assert [line.name for line in charts[1].lines] == ["all layers", "layer 1", "layer 2"]


@pytest.mark.parametrize(
    ("losses", "logarithmic"),
    [([1.0, 0.5], False), ([1e6, 1.0], True), ([1e6, 0.0], False), ([-1.0, 1e6], False)],
)
def test_an_axis_is_logarithmic_where_powers_of_ten_are_spanned(
    losses: list[float], logarithmic: bool
) -> None:
    assert chart_of(losses).logarithmic is logarithmic


def test_a_thousand_columns_are_bounded_and_that_is_said() -> None:
    history = history_of({f"quantity{n}": [1.0, 2.0] for n in range(1000)})
    assert len(charts_of(history)) == MOST_CHARTS
    assert uncharted(history) == 1000 - MOST_CHARTS
    (chart,) = charts_of(history_of({f"norm/layer{n}": [1.0, 2.0] for n in range(100)}))
    assert (len(chart.lines), chart.left_out) == (MOST_LINES, 100 - MOST_LINES)
    assert [chart.lines[0].name, chart.lines[-1].name] == ["layer 0", "layer 99"]


def test_what_never_changed_and_says_nothing_has_no_chart() -> None:
    history = history_of({"lr": [0.1, 0.1], "dead/layer1": [0.0, 0.0], "saturated/layer1": [1, 1]})
    assert [chart.title[:9] for chart in charts_of(history)] == ["Saturated"]


def test_a_run_without_rows_has_no_charts() -> None:
    assert charts_of(History([header()])) == []
    assert charts_of(History()) == []
