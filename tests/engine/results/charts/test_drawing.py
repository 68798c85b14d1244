"""Charts as SVG: whatever they are made of, it is SVG, and nothing lies outside of its place."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.recording.events import Series
from engine.recording.history import History
from engine.results.charts.animation import Animation, parts_of
from engine.results.charts.axes import ChartAxis
from engine.results.charts.curves import charts_of
from engine.results.charts.drawing import Area, draw_axes, draw_chart, said
from tests.runs import header

BOX = Area(10, 20, 400, 300)


def drawn(losses: list[float], columns: int = 1, animation: Animation | None = None) -> str:
    names = [f"loss/{n}" for n in range(columns)]
    values = np.tile(np.array(losses, np.float32)[:, None], (columns, 1, 1))
    series = Series(group="train", first=1, values=values)
    (chart,) = charts_of(History([header(columns={"train": names}), series]))
    return draw_chart(chart, BOX, [1], animation)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "losses",
    [[0.5], [0.0], [NAN], [INF, -INF], [-3.0, 2.0], [1e30, 1e-30], [3e38, -3e38], [1.0, NAN, 2.0]],
)
@pytest.mark.parametrize("columns", [1, 12])
def test_whatever_there_is_is_drawn_within_its_box(losses: list[float], columns: int) -> None:
    svg = drawn(losses, columns, Animation(5))
    ElementTree.fromstring(svg)
    assert not re.search(r"\bnan\b|\binf\b", re.sub(r"<text.*?</text>", "", svg))
    for path in re.findall(r' d="M([^"]*)"', svg):
        pairs = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)
        assert all(BOX.left <= float(x) <= BOX.right for x, _ in pairs)
        assert all(BOX.top <= float(y) <= BOX.bottom + 5 for _, y in pairs)


def test_a_long_number_under_the_last_tick_stands_within_the_picture() -> None:
    plot = Area(62, 0, 382, 200)
    axis = ChartAxis.of_steps(1_000_000, 2)
    places = re.findall(r'middle" x="([\d.]+)"[^>]*>([^<]*)<', "".join(draw_axes(plot, axis, axis)))
    assert [text for _, text in places][-1] == "1\u202f000\u202f000"
    assert float(places[-1][0]) < plot.right
    assert float(places[0][0]) == plot.left


def test_a_line_has_a_gap_where_there_is_no_number() -> None:
    line = re.search(
        r'class="line shade0" d="(M[^"]*)"/><', drawn([1.0, 2.0, NAN, 3.0]).split("<svg")[1]
    )
    assert line is not None
    assert line[1].count("M") == 2


def test_no_text_can_be_an_element_or_act_on_whoever_reads_it() -> None:
    assert (
        said("<b a='&'>\x00\u202e\ud800\"")
        == "&lt;b a=&#x27;&amp;&#x27;&gt;\\x00\\u202e\\ud800&quot;"
    )


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0.0", "0.5", "1.0"]),
        (-3.0, 3.0, ["-2", "0", "2"]),
        (0.0, 1e-6, ["0", "5e-07", "1e-06"]),
        (0.0, 3e7, ["0", "1e+07", "2e+07", "3e+07"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, texts: list[str]) -> None:
    assert [text for _, text in ChartAxis.between(low, high, 3).ticks] == texts


def test_steps_are_whole_and_powers_are_powers() -> None:
    assert [text for _, text in ChartAxis.of_steps(1, 6).ticks] == ["0", "1"]
    assert [text for _, text in ChartAxis.of_steps(3000, 3).ticks] == [
        "0",
        "1\u202f000",
        "2\u202f000",
        "3\u202f000",
    ]
    powers = ChartAxis.of_values(np.array([1e-3, 1e3]), 4, logarithmic=True)
    assert [text for _, text in powers.ticks] == ["10⁻²", "10⁰", "10²"]
    assert float(powers.share(1.0)) == pytest.approx(0.5)
    assert np.isnan(powers.share(0.0))


def test_of_frames_one_is_shown_at_a_time() -> None:
    parts = parts_of([0, 25, 100], 100)
    assert parts == [(0.0, 0.25), (0.25, 1.0), (1.0, None)]
    shown = [Animation(10).shown_between(*part) for part in parts]
    times = [re.search(r'keyTimes="([^"]*)" values="([^"]*)"', each) for each in shown]
    assert [each and each.groups() for each in times] == [
        ("0;0.4", "visible;hidden"),
        ("0;0.4;0.8", "hidden;visible;hidden"),
        ("0;0.8", "hidden;visible"),
    ]
