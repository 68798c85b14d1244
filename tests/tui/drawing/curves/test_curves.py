"""Curves: every number a network can come to, at every size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.style import Style
from rich.text import Text

from engine.recording.events import Fork, Header, MarkReached, Request, Resume, Series
from engine.recording.history import History
from tests.tapes import header
from tui.drawing.base.letters import QUADRANTS
from tui.drawing.base.pieces import points
from tui.drawing.base.plotext import Polyline, plotted
from tui.drawing.base.smoothing import SMOOTHINGS, smoothed
from tui.drawing.curves import plot
from tui.drawing.curves.curves import (
    CurveData,
    Curves,
    RunCurves,
    first_broken,
    gather,
    gather_events,
    gather_happened,
    gather_readings,
    seams_of,
    told_apart,
)
from tui.drawing.curves.plot import draw_curves
from tui.drawing.curves.quantities import Quantity
from tui.style.glyphs import ASCII, BLOCKS, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK, PALETTES, SIXTEEN, Palette
from tui.style.run_colours import faded

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


def curve(values: list[float], label: str = "train", **more: object) -> CurveData:
    data = np.array(values, np.float64)
    newest = values[-1] if values else NAN
    steps = np.arange(1, len(values) + 1, dtype=np.float64)
    return CurveData(
        label=label, steps=steps, low=data, mean=data, high=data, newest=newest, **more
    )  # type: ignore[arg-type]


def picture(values: list[float], width: int = 60, height: int = 12, **more: object) -> list[str]:
    curves = Curves(curves=(curve(values),), last=max(len(values), 1), **more)  # type: ignore[arg-type]
    return [line.plain for line in draw_curves(curves, width, height, Look(BRAILLE, DARK))]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("name", NASTY)
def test_whatever_the_numbers_are_the_picture_has_its_size(name: str, log: bool) -> None:
    both = (curve(NASTY[name]), curve(NASTY[name][::-1], "dev"))
    curves = Curves(curves=both, last=max(len(NASTY[name]), 1), marks=(0, 1), log=log)
    for (width, height), glyphs in zip(SIZES, itertools.cycle(GLYPHS), strict=False):
        lines = draw_curves(curves, width, height, Look(glyphs, DARK))
        assert len(lines) == height
        assert {line.cell_len for line in lines} == {width}


COLUMNS = {"train": ["loss", "lr"], "dev": ["loss"]}


def history_of(values: list[float], dev: list[float] | None = None, every: int = 1) -> History:
    history = History()
    history.add(_header())
    for group, rows in (("train", [values, [0.1] * len(values)]), ("dev", [dev or []])):
        if rows[0]:
            stride = every if group == "dev" else 1
            data = np.array(rows, np.float32)[:, :, None]
            history.add(Series(group=group, first=stride, stride=stride, values=data))
    return history


def _header() -> Header:
    return header(columns=COLUMNS)


def gathered(history: History, **more: object) -> tuple[CurveData, ...]:
    last = history.last_step
    arguments: dict[str, object] = {"step": last, "last": max(last, 1), "width": 60, **more}
    return gather(history, "loss", **arguments)  # type: ignore[arg-type]


def drawn(
    curves: tuple[CurveData, ...], width: int = 60, height: int = 12, **more: object
) -> list[Text]:
    picture = Curves(curves=curves, **{"last": 100, **more})  # type: ignore[arg-type]
    return draw_curves(picture, width, height, Look(BRAILLE, DARK))


ROW = st.floats(width=32) | st.sampled_from([0.0, -1.0, 1e30, 1e-30, NAN, INF, -INF])
ROWS = st.lists(ROW, max_size=60) | st.sampled_from(list(NASTY.values()))
WINDOWS = st.none() | st.tuples(st.integers(0, 70), st.integers(1, 70))


@settings(deadline=None)
@given(
    values=ROWS,
    dev=ROWS,
    other=ROWS,
    window=WINDOWS,
    cursor=st.none() | st.integers(0, 80),
    smoothing=st.sampled_from(SMOOTHINGS),
    log=st.booleans(),
    glyphs=st.sampled_from(GLYPHS),
    colours=st.booleans(),
    size=st.tuples(st.integers(1, 200), st.integers(1, 60)),
    several=st.booleans(),
)
def test_any_run_any_window_and_any_cursor_give_a_picture_of_the_size(
    values: list[float],
    dev: list[float],
    other: list[float],
    window: tuple[int, int] | None,
    cursor: int | None,
    smoothing: float,
    log: bool,
    glyphs: Glyphs,
    colours: bool,
    size: tuple[int, int],
    several: bool,
) -> None:
    history, beside = history_of(values, dev, 3), history_of(other, dev, 2)
    last = max(history.last_step, beside.last_step, 1)
    first, last = (window[0], sum(window)) if window else (0, last)
    both = [
        gather(
            each,
            "loss",
            step=each.last_step,
            first=first,
            last=last,
            width=size[0],
            at=cursor,
            smoothing=smoothing,
        )
        for each in (history, beside)
    ]
    curves = Curves(
        curves=both[0],
        title="两个月亮" * 4,
        first=first,
        last=last,
        others=(RunCurves(curves=both[1], title="\x1b[31mred 月", slot=9),) if several else (),
        marks=(0, 5),
        requests=(3,),
        cursor=cursor,
        happened=(("mark", "月"),) if cursor else (),
        log=log,
        readings=(("lr", 0.1),),
    )
    palette = DARK if colours else DARK.without_colours()
    lines = draw_curves(curves, *size, Look(glyphs, palette))
    assert [line.cell_len for line in lines] == [size[0]] * size[1]
    assert "\x1b" not in "".join(line.plain for line in lines)


def test_there_is_no_picture_without_room() -> None:
    assert draw_curves(Curves(curves=(), last=1), 0, 5, Look(BRAILLE, DARK)) == []
    assert draw_curves(Curves(curves=(), last=1), 5, 0, Look(BRAILLE, DARK)) == []


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
    spiky = CurveData(
        label="train",
        steps=np.arange(10.0),
        low=values,
        mean=values,
        high=high,
        newest=0.1,
    )
    lines = draw_curves(Curves(curves=(spiky,), last=9), 40, 12, Look(BRAILLE, DARK))
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
    legend = draw_curves(curves, 100, 10, Look(BRAILLE, DARK))[0].plain
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


def test_where_a_run_comes_from_and_where_it_was_gone_on_with_stands_on_the_axis() -> None:
    lines = picture([1.0] * 50, seams=(30,), branches=(10,), happened=(("branch", "from a run"),))
    axis = lines[-2]
    assert 0 < axis.index("Y") < axis.index("║")
    assert "Y from a run" in lines[0]


def test_a_curve_begins_where_the_run_parts_from_another() -> None:
    rows = Series(group="train", first=1, values=np.ones((1, 100, 1), np.float32))
    told = History([header(columns={"train": ["loss"]}, seeds=[0]), rows])
    [whole] = gather(told, "loss", step=100, last=100, width=60)
    [part] = gather(told, "loss", step=100, last=100, width=60, begins=40)
    assert whole.steps[0] < 5
    assert 40 <= part.steps[0] < 44
    assert part.steps.tolist() == whole.steps[-len(part.steps) :].tolist()
    assert part.newest == whole.newest


def test_what_happened_there_is_told_in_words() -> None:
    fork = Fork(step=4, parent="a-run", digest="", experiment={}, changes={"optimizer.lr": 0.5})
    seam = Resume(from_step=7, host="", pid=1)
    anew = Resume(from_step=-1, host="", pid=1)
    told = History([header(), anew, fork, seam])
    assert seams_of(told, 9) == (7,)
    assert seams_of(told, 6) == ()
    said = dict(gather_happened(told, (1, 9)))
    assert "branches off from a-run at step 4 with optimizer.lr 0.5" in said["branch"]
    assert "goes on from step 7" in said["seam"]


def test_marks_stand_on_the_axis() -> None:
    lines = picture([0.5] * 100, 60, 10, marks=(50, 5000))
    assert lines[-2].count("▲") == 1


def test_without_colours_the_two_curves_have_different_shapes() -> None:
    train, dev = curve([1.0] * 40), curve([0.1] * 40, "dev")
    curves = Curves(curves=(train, dev), last=40)
    for glyphs in (BRAILLE, BLOCKS, ASCII):
        lines = draw_curves(curves, 60, 12, Look(glyphs, DARK.without_colours()))
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
        lines = draw_curves(curves, 60, 12, Look(BRAILLE, palette))
        colours = {
            span.style.color.number
            for line in lines[1:-2]
            for span in line.spans
            if not isinstance(span.style, str) and span.style.color is not None
        }
        assert {palette.train, palette.dev} <= colours


def test_ascii_stays_ascii() -> None:
    curves = Curves(curves=(curve([1.0, 0.5, NAN]), curve([1.0, 0.1], "dev")), last=3, marks=(1,))
    lines = draw_curves(curves, 70, 12, Look(ASCII, DARK))
    assert all(line.plain.isascii() for line in lines)


# --- what is taken from a history ----------------------------------------------------------------


def test_a_window_shows_only_its_own_steps_and_the_way_in_and_out() -> None:
    history = history_of(list(np.linspace(100, 1, 100)), [50.0, 10.0], 50)
    train, dev = gathered(history, first=40, last=60)
    assert train.steps[0] == 39
    assert train.steps[-1] == 61
    assert dev.steps.tolist() == [50, 100]
    lines = drawn((train, dev), first=40, last=60)
    assert "40" in lines[-1].plain
    assert "60" in lines[-1].plain
    assert not any("100┤" in line.plain for line in lines)


def test_a_curve_of_few_rows_runs_through_a_window_without_any() -> None:
    _, dev = gathered(history_of([1.0] * 100, [1.0, 0.0], 50), first=60, last=80)
    lines = drawn((dev,), first=60, last=80)
    assert all(lines[1 + row].plain[8:].strip() for row in (3, 5))


def test_what_was_drawn_stays_while_a_run_grows() -> None:
    values = list(1 + np.random.default_rng(0).random(2000))
    early = gathered(history_of(values[:1000]), last=2000)[0]
    late = gathered(history_of(values[:1100]), last=2000)[0]
    same = len(early.steps) - 1
    assert early.steps[:same].tolist() == late.steps[:same].tolist()
    assert early.high[:same].tolist() == late.high[:same].tolist()


def test_the_rows_of_a_growing_run_that_no_new_step_touches_stay_the_same() -> None:
    values = list(0.2 + np.exp(-np.arange(2000) / 300))
    pictures = [
        [line.plain for line in drawn(gathered(history_of(values[:n]), last=2000), last=2000)]
        for n in (1500, 1550)
    ]
    changed = [row for row, (a, b) in enumerate(zip(*pictures, strict=True)) if a != b]
    assert len(changed) <= 3


def test_the_step_that_is_read_is_read_exactly() -> None:
    history = history_of([1.0, 0.5, 0.25, 0.125], [0.75, 0.375], 2)
    train, dev = gathered(history, at=3)
    assert (train.newest, train.newest_at) == (0.25, 3)
    assert (dev.newest, dev.newest_at) == (0.75, 2)
    [(name, lr)] = gather_readings(history, "loss", 3)
    assert name == "lr"
    assert lr == pytest.approx(0.1)
    assert gather_readings(history, "loss", 0) == ()


@settings(deadline=None)
@given(st.integers(1, 3000), st.data())
def test_the_first_value_that_is_not_finite_is_found_wherever_it_is(
    rows: int, data: st.DataObject
) -> None:
    values = np.ones(rows)
    places = data.draw(st.lists(st.integers(0, rows - 1), max_size=4))
    values[places] = data.draw(st.sampled_from([NAN, INF, -INF]))
    history = history_of(values.tolist())
    step = data.draw(st.integers(1, rows))
    found, value = first_broken(history.series["train"], "loss", step, 0)
    expected = [place + 1 for place in sorted(places) if place < step]
    assert found == (expected[0] if expected else None)
    assert not np.isfinite(value)


def test_looking_for_what_is_not_finite_does_not_touch_every_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history = history_of([1.0] * 100_000)
    rows = history.series["train"]
    gathered(history)
    seen: list[int] = []
    isfinite = np.isfinite

    def counting(values: np.ndarray, *more: object, **named: object) -> object:
        seen.append(np.size(values))
        return isfinite(values, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(np, "isfinite", counting)
    first_broken(rows, "loss", 99_999, 0)
    gathered(history, at=50_000)
    assert max(seen, default=0) < 10_000


def test_every_stretch_that_is_not_finite_is_kept() -> None:
    values = [1.0] * 100
    values[20] = NAN
    values[60:70] = [INF] * 10
    train, *_ = gathered(history_of(values))
    assert train.breaks[0][0] == 21
    assert len(train.breaks) == 2
    assert train.breaks[1][0] <= 61 <= 70 <= train.breaks[1][1]


def test_requests_that_took_effect_are_kept_and_steps_are_not() -> None:
    history = history_of([1.0] * 50)
    for step, action, refused in ((5, "pause", ""), (7, "step", ""), (9, "set_lr", "no")):
        history.add(
            Request(t=0, id=str(step), viewer="v", action=action, step=step, refused=refused)
        )
    history.add(Request(t=0, id="lr", viewer="v", action="set_lr", arguments={"lr": 0.05}, step=20))
    history.add(MarkReached(t=0, step=20, title="look"))
    assert gather_events(history, 50) == ((20,), (5, 20))
    assert gather_events(history, 10) == ((), (5,))
    assert gather_happened(history, (19, 21)) == (("mark", "look"), ("request", "lr set to 0.05"))


def test_runs_of_one_title_are_told_apart_by_their_names() -> None:
    assert told_apart(["Moons", "Moons", "XOR"], ["m-1a", "m-2b", "x-3c"]) == (
        "Moons 1a",
        "Moons 2b",
        "XOR",
    )
    assert told_apart([""], ["moons-1a"]) == ("moons-1a",)


# --- smoothing -----------------------------------------------------------------------------------


def test_without_a_weight_nothing_is_smoothed() -> None:
    means = np.array([1.0, 5.0, 2.0])
    assert smoothed(np.arange(3.0), means, 0.0, 100.0).tolist() == means.tolist()
    assert gathered(history_of([1.0, 2.0]))[0].smooth is None


def test_a_constant_stays_what_it_is_from_the_first_step_on() -> None:
    found = smoothed(np.arange(1.0, 51.0), np.full(50, 3.0), 0.9, 50.0)
    assert found == pytest.approx(np.full(50, 3.0))


def test_it_is_the_debiased_average_over_rows() -> None:
    values = np.random.default_rng(0).random(80)
    found = smoothed(np.arange(1.0, 81.0), values, 0.9, 100.0)
    average = weight = 0.0
    for value, own in zip(values, found, strict=True):
        average, weight = 0.9 * average + 0.1 * value, 0.9 * weight + 0.1
        assert own == pytest.approx(average / weight)


def test_buckets_come_to_what_their_rows_come_to() -> None:
    rows = np.repeat(np.random.default_rng(0).random(20), 8)
    steps = np.arange(1.0, 161.0)
    each = smoothed(steps, rows, 0.9, 160.0)
    buckets = smoothed(steps[7::8], rows[7::8], 0.9, 160.0)
    assert buckets == pytest.approx(each[7::8])


def test_a_gap_stays_a_gap_and_spoils_nothing() -> None:
    found = smoothed(np.arange(4.0), np.array([2.0, NAN, 2.0, 2.0]), 0.9, 100.0)
    assert np.isnan(found).tolist() == [False, True, False, False]
    assert found[2:] == pytest.approx([2.0, 2.0])


def test_where_a_log_axis_hides_the_least_value_the_band_reaches_its_foot() -> None:
    values = [1.0, 0.5, 0.0, 0.25] * 200
    lines = drawn(gathered(history_of(values), smoothing=0.97), last=800, log=True)
    assert lines[-3].plain[8:].strip()


def test_behind_a_smoothed_curve_the_raw_band_is_to_be_seen() -> None:
    values = [1.0, 0.0] * 400
    smooth = drawn(gathered(history_of(values), smoothing=0.97), last=800)
    raw = drawn(gathered(history_of(values)), last=800)
    assert sum(bool(line.plain[8:].strip()) for line in smooth[1:-2]) >= 8
    count = [
        sum(cell not in " " for line in each[1:-2] for cell in line.plain[8:])
        for each in (smooth, raw)
    ]
    assert count[0] > 0.8 * count[1]
    colours = {
        span.style.color.number
        for line in smooth[1:-2]
        for span in line.spans
        if not isinstance(span.style, str) and span.style.color
    }
    assert faded(DARK.train, DARK.background) in colours


# --- what is drawn -------------------------------------------------------------------------------


def test_the_cursor_is_a_line_and_its_step_stands_under_it() -> None:
    lines = [line.plain for line in drawn((curve([0.5] * 100),), cursor=40)]
    columns = {line[8:].find("│") for line in lines[1:-2]}
    assert len(columns - {-1}) == 1
    assert " 40 " in lines[-1]
    place = 8 + next(iter(columns - {-1}))
    assert lines[-1][place - 1 : place + 1] == "40"


def test_with_a_cursor_everything_is_read_there_and_an_earlier_step_is_named() -> None:
    history = history_of([1.0, 0.5, 0.25, 0.125], [0.75, 0.375], 2)
    lines = drawn(gathered(history, at=3), 90, cursor=3, last=4, readings=(("lr", 0.1),))
    assert "train 0.2500" in lines[0].plain
    assert "dev 0.7500 (2)" in lines[0].plain
    assert "lr 0.1000" in lines[0].plain


def test_each_run_has_a_line_with_its_title_and_its_colour() -> None:
    other = RunCurves(curves=(curve([0.2] * 50),), title="月 wide", slot=1)
    lines = drawn((curve([0.5] * 100),), height=20, title="Moons", others=(other,))
    assert lines[0].plain.startswith("Moons")
    assert lines[1].plain.startswith("月 wide")
    assert lines[0].plain.index("train") == lines[1].plain.index("train") + 1
    colours = {
        span.style.color.number
        for line in lines[2:-2]
        for span in line.spans
        if not isinstance(span.style, str) and span.style.color
    }
    assert {DARK.runs[0], DARK.runs[1]} <= colours


def test_a_title_without_room_keeps_the_word_that_tells_it_from_another() -> None:
    others = (RunCurves(curves=(curve([0.2] * 50),), title="A long title 9a9a", slot=1),)
    lines = drawn((curve([0.5] * 100),), 36, 20, title="A long title 4f1c", others=others)
    assert lines[0].plain.startswith("A long… 4f1c")
    assert lines[1].plain.startswith("A long… 9a9a")


def test_a_run_keeps_its_colour_whatever_is_drawn_beside_it() -> None:
    for slots in ((0, 3), (3, 0), (7, 3)):
        other = RunCurves(curves=(curve([0.2] * 50),), title="b", slot=slots[1])
        lines = drawn((curve([0.5] * 100),), height=20, title="a", slot=slots[0], others=(other,))
        for line, slot in zip(lines, slots, strict=False):
            [style] = {str(span.style) for span in line.spans if "bold" in str(span.style)}
            assert f"color({DARK.runs[slot % len(DARK.runs)]})" in style


def test_where_there_are_too_many_runs_the_legend_says_how_many_it_leaves_out() -> None:
    others = tuple(
        RunCurves(curves=(curve([0.2] * 50),), title=f"run {slot}", slot=slot)
        for slot in range(1, 6)
    )
    lines = drawn((curve([0.5] * 100),), 60, 12, title="own", others=others)
    assert lines[1].plain.rstrip().endswith("+4 more")


def test_among_several_runs_dev_is_sparser_than_train() -> None:
    other = RunCurves(curves=(curve([0.2] * 50),), title="b", slot=1)
    counts = []
    for label in ("train", "dev"):
        lines = drawn((curve([0.5] * 100, label),), 60, 20, title="a", others=(other,))
        row = next(line.plain[8:] for line in lines[2:-2] if line.plain[8:].strip())
        counts.append(sum((ord(cell) - 0x2800).bit_count() for cell in row if cell != " "))
    assert counts[1] <= 0.6 * counts[0]


def test_without_colours_a_letter_stands_at_the_end_of_each_of_several_curves() -> None:
    other = RunCurves(curves=(curve([0.9] * 100), curve([0.7] * 100, "dev")), title="b", slot=1)
    own = (curve([0.1] * 100), curve([0.3] * 100, "dev"))
    for glyphs in GLYPHS:
        picture = Curves(curves=own, last=100, title="a", others=(other,))
        lines = draw_curves(picture, 60, 20, Look(glyphs, DARK.without_colours()))
        ends = [line.plain[-1] for line in lines[2:-2] if line.plain[-1].isalpha()]
        assert ends == ["B", "b", "a", "A"]
        assert lines[0].plain.startswith("A a")
        assert lines[1].plain.startswith("B b")


def test_what_is_not_finite_stands_on_the_axis_in_the_colour_of_trouble() -> None:
    train, *_ = gathered(history_of([1.0] * 50 + [NAN] * 50))
    axis = drawn((train,))[-2]
    place = axis.plain.index("✗")
    assert place == 8 + 26
    bad = [span for span in axis.spans if f"color({DARK.bad})" in str(span.style)]
    assert (bad[0].start, bad[-1].end) == (place, 60)


def test_marks_and_requests_have_signs_of_their_own() -> None:
    axis = drawn((curve([0.5] * 100),), marks=(20,), requests=(60, 5000))[-2].plain
    assert (axis.count("▲"), axis.count("◆")) == (1, 1)
    assert axis.index("▲") < axis.index("◆")


def test_an_axis_that_ends_near_zero_begins_there() -> None:
    assert any(line.plain.startswith("      0┤") for line in drawn((curve([1.0, 0.1] * 50),)))


def cells_of(lines: list[Text]) -> list[list[tuple[str, Style]]]:
    """Return what stands in each cell, and in which style."""
    console = Console(color_system="256", force_terminal=True)
    return [
        [
            (character, segment.style or Style.null())
            for segment in line.render(console)
            for character in segment.text
        ]
        for line in lines
    ]


@settings(deadline=None)
@given(
    values=ROWS,
    dev=ROWS,
    others=st.lists(ROWS, max_size=3),
    window=WINDOWS,
    log=st.booleans(),
    smoothing=st.sampled_from(SMOOTHINGS),
    glyphs=st.sampled_from(GLYPHS),
    colours=st.booleans(),
    size=st.tuples(st.integers(20, 90), st.integers(6, 30)),
)
def test_plotext_and_the_canvas_set_the_same_cells(
    values: list[float],
    dev: list[float],
    others: list[list[float]],
    window: tuple[int, int] | None,
    log: bool,
    smoothing: float,
    glyphs: Glyphs,
    colours: bool,
    size: tuple[int, int],
) -> None:
    histories = [history_of(each, dev, 2) for each in (values, *others)]
    first, last = 0, max(1, *(history.last_step for history in histories))
    if window:
        first, last = window[0], sum(window)
    runs = [
        gather(
            each,
            "loss",
            step=each.last_step,
            first=first,
            last=last,
            width=size[0],
            smoothing=smoothing,
        )
        for each in histories
    ]
    curves = Curves(
        curves=runs[0],
        first=first,
        last=last,
        others=tuple(RunCurves(curves=each, slot=slot) for slot, each in enumerate(runs[1:], 1)),
        log=log,
    )
    palette = DARK if colours else DARK.without_colours()
    asked, pictures = [], []
    for budget in (math.inf, 0.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plot, "BUDGET", budget)
            patch.setattr(plot, "plotted", lambda *of: asked.append(1) or plotted(*of))
            pictures.append(cells_of(draw_curves(curves, *size, Look(glyphs, palette))))
    assert len(asked) == 1
    assert pictures[0] == pictures[1]


NOISY = np.random.default_rng(0).random(2_000).tolist()


@pytest.mark.parametrize(
    ("values", "others", "size", "by_plotext"),
    [
        ([1.0, 0.5, 0.2], 0, (40, 10), True),
        ([1.0, 0.0] * 6, 0, (84, 40), True),
        ([1.0, 0.5, 0.2], 0, (198, 55), True),
        ([1.0, 0.5, 0.2], 4, (198, 55), True),
        (NOISY, 0, (72, 18), False),
        (NOISY, 0, (198, 55), False),
        (NOISY, 4, (118, 35), False),
    ],
)
def test_plotext_draws_wherever_a_picture_stays_within_its_budget(
    values: list[float],
    others: int,
    size: tuple[int, int],
    by_plotext: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Sequence[Polyline]] = []

    def noting(polylines: Sequence[Polyline], *size: object) -> dict[int, object]:
        asked.append(polylines)
        return {}

    monkeypatch.setattr(plot, "plotted", noting)
    runs = [gathered(history_of(values, values), width=size[0])] * (others + 1)
    curves = Curves(
        curves=runs[0],
        last=len(values),
        others=tuple(RunCurves(curves=each, slot=slot) for slot, each in enumerate(runs[1:], 1)),
    )
    draw_curves(curves, *size, Look(BRAILLE, DARK))
    assert len(asked) == by_plotext
    if by_plotext:
        assert {each.of for each in asked[0]} == set(range(2 * len(runs)))
        assert any(not each.joined for each in asked[0]) == bool(others)


@pytest.mark.parametrize("quantity", ["loss", "accuracy", "lr", "grad_norm"])
def test_only_what_a_run_has_is_drawn(quantity: Quantity) -> None:
    found = gather(history_of([1.0] * 9, [1.0]), quantity, step=9, last=9, width=60)
    labels = {"loss": ["train", "dev"], "lr": ["train"]}
    assert [each.label for each in found] == labels.get(quantity, [])


# --- for the back row ----------------------------------------------------------------------------


def big_and_not(
    glyphs: Glyphs, *curves: CurveData, palette: Palette = DARK, **more: object
) -> tuple[list[Text], list[Text]]:
    given = Curves(curves=curves, **{"last": 100, **more})  # type: ignore[arg-type]
    plain, big = (draw_curves(given, 60, 16, Look(glyphs, palette, big)) for big in (False, True))
    return big, plain


def dot_count(lines: list[Text]) -> int:
    cells = "".join(line.plain[8:] for line in lines[1:-2])
    quadrants = {cell: code.bit_count() for code, cell in enumerate(QUADRANTS)}
    return sum(
        (ord(cell) - 0x2800).bit_count() if ord(cell) >= 0x2800 else quadrants.get(cell, 0)
        for cell in cells
    )


@pytest.mark.parametrize(("glyphs", "times"), [(BRAILLE, 3), (BLOCKS, 2)])
def test_a_level_stroke_is_two_or_three_times_as_thick_and_in_its_place(
    glyphs: Glyphs, times: int
) -> None:
    big, plain = big_and_not(glyphs, curve([0.0, 1.0] + [0.5] * 98))
    assert times - 0.5 <= dot_count(big) / dot_count(plain) <= times + 0.5
    rows = [
        {row for row, line in enumerate(each) if line.plain[50:].strip()} for each in (big, plain)
    ]
    assert rows[1] <= rows[0]


def test_in_ascii_a_stroke_is_as_thick_as_a_cell_and_bold() -> None:
    big, plain = big_and_not(ASCII, curve([0.0, 1.0] + [0.5] * 98))
    assert [line.plain for line in big[1:]] == [line.plain for line in plain[1:]]
    assert "bold" in str(big[5].spans)
    assert "bold" not in str(plain[5].spans)


def test_the_labels_stay_and_the_legend_is_bold() -> None:
    other = RunCurves(curves=(curve([0.9] * 100),), title="b", slot=1)
    big, plain = big_and_not(BRAILLE, curve([0.5] * 100), title="a", others=(other,))
    assert [line.plain[:8] for line in big] == [line.plain[:8] for line in plain]
    assert big[-1].plain == plain[-1].plain
    for line in big[:2]:
        said = len(line.plain.rstrip())
        assert any(
            "bold" in str(span.style) and not span.start and span.end >= said for span in line.spans
        )


def test_marks_and_requests_are_three_cells_wide() -> None:
    big, plain = big_and_not(BRAILLE, curve([0.5] * 100), marks=(20, 0), requests=(60,))
    assert plain[-2].plain.count("▲") == 2
    at = plain[-2].plain.index("▲", 9)
    assert big[-2].plain[at - 1 : at + 2] == "▟█▙"
    assert big[-2].plain[plain[-2].plain.index("◆")] == "█"
    assert big[-2].plain[7:10] == "└█▙"


def test_a_thick_dotted_curve_is_one_of_dashes() -> None:
    other = RunCurves(curves=(curve([0.9] * 100),), title="b", slot=1)
    big, _ = big_and_not(BRAILLE, curve([0.5] * 100, "dev"), title="a", others=(other,))
    row = next(line.plain[8:] for line in big[8:-2] if line.plain[8:].strip())
    assert len(row.split()) >= 5


@settings(deadline=None)
@given(
    values=ROWS,
    dev=ROWS,
    glyphs=st.sampled_from(GLYPHS),
    palette=st.sampled_from([DARK, DARK.without_colours(), *SIXTEEN]),
    size=st.tuples(st.integers(1, 200), st.integers(1, 60)),
    log=st.booleans(),
    several=st.booleans(),
)
def test_any_run_drawn_thick_gives_a_picture_of_the_size(
    values: list[float],
    dev: list[float],
    glyphs: Glyphs,
    palette: Palette,
    size: tuple[int, int],
    log: bool,
    several: bool,
) -> None:
    history = history_of(values, dev, 3)
    found = gathered(history, width=size[0])
    curves = Curves(
        curves=found,
        last=max(history.last_step, 1),
        others=(RunCurves(curves=found, title="b", slot=1),) if several else (),
        marks=(0, 1),
        requests=(2,),
        log=log,
    )
    lines = draw_curves(curves, *size, Look(glyphs, palette, big=True))
    assert [line.cell_len for line in lines] == [size[0]] * size[1]
