"""The gradient table: every size of number, of network and of screen."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from engine.diagnosis import Verdict
from engine.recording.events import Header, Series
from engine.recording.history import History
from tui.drawing.base.spark import draw_gauge, scale, sparkline
from tui.drawing.gradients.layers import GradientTable, LayerRow
from tui.drawing.gradients.table import (
    Columns,
    draw_footing,
    draw_heading,
    draw_rows,
    gather,
    share_role,
    standing,
    update_role,
)
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK, PALETTES

NAN, INF = math.nan, math.inf
VANISHING = [1.8e-11, 3.5e-9, 4.4e-6, 1.3e-3, 0.29]
NASTY = [0.0, NAN, INF, 1e-38, 3e38, 1e30, -1.0, 0.5]
ALL = frozenset({"verdict", "word", "norm", "update", "bias", "dead", "saturated"})
OLD = frozenset({"bias"})
"""What a recording without a probe has."""
PLAIN = DARK.without_colours()


def table(
    *weights: float,
    recent: list[float] | None = None,
    kinds: frozenset[str] = ALL,
    verdict: Verdict | None = None,
    names: list[str] | None = None,
    **more: Any,
) -> GradientTable:
    layers = tuple(
        LayerRow(
            name=names[index] if names else f"layer{index + 1}",
            shape="2→3",
            weight=weight,
            bias=weight / 2,
            norm=weight,
            update=weight,
            dead=weight,
            saturated=weight,
            verdict=verdict or Verdict("fine", "good"),
            recent=np.array(recent if recent is not None else [weight] * 9, np.float32),
        )
        for index, weight in enumerate(weights)
    )
    return GradientTable(layers=layers, kinds=kinds, whole=0.3, **more)


def rows(drawn: GradientTable, width: int = 110) -> list[str]:
    return [line.plain for line in draw_rows(drawn, width, Look(BRAILLE, DARK))]


def history(
    train: dict[str, list[float]],
    probe: dict[str, tuple[list[int], list[float]]] | None = None,
    parameters: dict[str, list[int]] | None = None,
    members: int = 1,
) -> History:
    """Return a history with these columns; the probe's are sampled at the steps given with them."""
    shapes = parameters or {"layer1.weight": [3, 2], "layer1.bias": [3]}
    columns = {"train": list(train)} | ({"probe": list(probe)} if probe is not None else {})
    known = History()
    known.add(
        Header(
            run="r",
            experiment={},
            seeds=list(range(members)),
            parameters=shapes,
            columns=columns,
            gradients="manual",
            device="cpu",
        )
    )
    values = np.array(list(train.values()), np.float32)[:, :, None].repeat(members, axis=2)
    if values.shape[1]:
        known.add(Series(group="train", first=1, values=values))
    for index, step in enumerate(next(iter(probe.values()))[0] if probe else []):
        row = np.array([[[column[1][index]]] for column in (probe or {}).values()], np.float32)
        known.add(Series(group="probe", first=step, values=row.repeat(members, axis=2)))
    return known


def probed() -> History:
    """Return five steps of one layer, of which the probe saw the first and the fourth."""
    return history(
        {
            "loss": [1.0] * 5,
            "grad_norm": [2.0] * 5,
            "grad_norm/layer1.weight": [0.1, 0.2, 0.3, 0.4, 0.5],
            "grad_norm/layer1.bias": [0.01, 0.02, 0.03, 0.04, 0.05],
        },
        {
            "weight_norm/layer1.weight": ([1, 4], [7.0, 8.0]),
            "update_ratio/layer1.weight": ([1, 4], [0.001, 0.002]),
            "dead/layer1": ([1, 4], [0.0, 0.25]),
        },
    )


@pytest.mark.parametrize("kinds", [ALL, OLD, frozenset()])
def test_every_line_is_as_wide_as_asked(kinds: frozenset[str]) -> None:
    drawn = table(*NASTY, recent=NASTY, kinds=kinds)
    for width, glyphs in itertools.product([*range(131), 200], GLYPHS):
        lines = draw_rows(drawn, width, Look(glyphs, DARK))
        around = [
            draw_heading(drawn, width, Look(glyphs, DARK)),
            draw_footing(drawn, width, Look(glyphs, DARK)),
        ]
        assert {line.cell_len for line in [*lines, *around]} == {width}


@pytest.mark.parametrize("palette", [*PALETTES, PLAIN])
@pytest.mark.parametrize("count", [0, 1, 60])
def test_any_number_of_layers_has_as_many_rows(count: int, palette: Any) -> None:
    drawn = table(*(NASTY * 9)[:count], recent=[])
    assert len(draw_rows(drawn, 100, Look(BRAILLE, palette))) == count
    assert draw_heading(drawn, 100, Look(BRAILLE, palette)).cell_len == 100
    assert "whole norm 0.3000" in draw_footing(drawn, 100, Look(BRAILLE, palette)).plain


def test_the_columns_stand_under_their_names() -> None:
    drawn = table(0.1234, kinds=ALL)
    for width in (35, 69, 75, 105, 150):
        heading = draw_heading(drawn, width, Look(BRAILLE, DARK)).plain
        row = rows(drawn, width)[0]
        assert heading.index("grad W") + 6 == row.index("0.1234") + 6
        if "verdict" in heading:
            assert heading.index("verdict") == row.index("✓ fine")


def test_forty_wide_shows_layer_norms_and_the_verdicts_symbol() -> None:
    row = rows(table(0.25), 35)[0]
    assert row.split()[:4] == ["layer1", "0.2500", "0.2500", "✓"]


def test_seventy_four_wide_shows_every_figure() -> None:
    drawn = table(0.25, verdict=Verdict("not finite", "bad"))
    heading = draw_heading(drawn, 69, Look(BRAILLE, DARK)).plain.split()
    assert " ".join(heading) == "layer grad W grad b norm W update dead sat. verdict"
    assert " ".join(rows(drawn, 69)[0].split()) == (
        "layer1 0.2500 0.1250 0.2500 0.2500 25 % 25 % ✗ not finite"
    )


def test_where_there_is_room_there_are_a_gauge_and_a_sparkline() -> None:
    drawn = table(*VANISHING)
    heading = draw_heading(drawn, 106, Look(BRAILLE, DARK)).plain
    for words in ("in→out", "saturated", "over time", "1e-11", "grad W"):
        assert words in heading
    assert "█" in rows(drawn, 106)[-1]


def test_without_a_probe_its_columns_are_left_out() -> None:
    drawn = table(0.25, kinds=OLD)
    heading = draw_heading(drawn, 100, Look(BRAILLE, DARK)).plain
    assert "grad b" in heading
    assert not {"norm", "update", "dead", "saturated", "verdict"} & set(heading.split())
    assert "usual" not in draw_footing(drawn, 100, Look(BRAILLE, DARK)).plain


def test_a_vanishing_gradient_is_seen_in_number_bar_and_colour() -> None:
    drawn = table(*VANISHING, kinds=OLD)
    lines = rows(drawn, 100)
    assert [line.split()[2] for line in lines] == [
        "1.80e-11",
        "3.50e-9",
        "4.40e-6",
        "0.001300",
        "0.2900",
    ]
    bars = [line.count("█") for line in rows(table(*VANISHING, kinds=OLD, recent=[]), 100)]
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


def test_an_updates_colour_says_how_far_it_is_from_a_thousandth() -> None:
    found = [update_role(value) for value in (9e-6, 9e-5, 1e-3, 9e-3, 2e-2, 0.2)]
    assert found == ["vanishing", "small", "level", "level", "large", "exploding"]
    assert update_role(0.0) == update_role(NAN) == update_role(INF) == "bad"
    assert update_role(None) == "muted"


def test_a_share_says_none_some_half_and_all() -> None:
    assert [share_role(value) for value in (None, 0.0, 0.2, 0.5, 1.0, NAN)] == [
        "muted",
        "muted",
        "text",
        "warning",
        "bad",
        "bad",
    ]


def test_a_share_is_nothing_only_where_it_is() -> None:
    shown = [rows(table(value), 69)[0] for value in (0.0, 0.003, 0.999, 1.0, NAN)]
    words = ["0 %", "<1 %", "99 %", "100 %", "NaN"]
    assert all(word in row for word, row in zip(words, shown, strict=True))


def test_exactly_zero_is_said_and_is_no_small_number() -> None:
    dead, alive = rows(table(0.0, 1e-38, kinds=OLD))
    assert "exactly 0" in dead
    assert "exactly 0" not in alive


def test_what_is_not_finite_is_named() -> None:
    broken, infinite = rows(table(NAN, INF, kinds=OLD))
    assert "NaN" in broken
    assert "no number" in broken
    assert "∞" in infinite
    assert "not finite" in infinite


def test_a_verdict_is_a_symbol_a_word_and_a_colour() -> None:
    drawn = table(0.1, verdict=Verdict("exploding", "bad"))
    line = draw_rows(drawn, 69, Look(BRAILLE, DARK))[0]
    assert "✗ exploding" in line.plain
    assert DARK.style("bad") in [span.style for span in line.spans]
    ascii_row = draw_rows(drawn, 69, Look(ASCII, PLAIN))[0].plain
    assert "x exploding" in ascii_row
    assert ascii_row.isascii()


def test_a_layer_that_has_no_such_figure_shows_nothing_there() -> None:
    row = LayerRow(name="layer1", weight=0.5, recent=np.empty(0, np.float32))
    drawn = GradientTable(layers=(row,), kinds=ALL, whole=0.5)
    assert rows(drawn, 69)[0].split() == ["layer1", "0.5000"]


def test_names_that_are_long_wide_or_wild_break_no_column() -> None:
    names = ["layer1.norm", "编码器编码器编码器编码器", "features.0.conv_with_a_long_name"]
    drawn = table(0.1, 0.2, 0.3, names=names)
    for width in (20, 35, 69, 100, 150):
        lines = draw_rows(drawn, width, Look(BRAILLE, DARK))
        assert {line.cell_len for line in lines} == {width}
    assert rows(drawn, 69)[0].startswith("  norm ")
    assert rows(drawn, 150)[0].startswith("layer1.norm ")


def test_an_escape_sequence_in_a_name_is_written_out() -> None:
    wild = history(
        {"grad_norm": [1.0], "grad_norm/\x1b[31mred.weight": [0.5]},
        parameters={"\x1b[31mred.weight": [3, 2]},
    )
    drawn = gather(wild, step=1, width=150)
    assert drawn is not None
    assert drawn.layers[0].name == "\\x1b[31mred"


def test_the_scale_holds_every_layer_and_is_never_narrow() -> None:
    low, high = scale(VANISHING)
    assert low <= -11
    assert high == 0
    low, high = scale([0.5, 0.5])
    assert high - low >= 4
    assert scale([0.0, NAN]) == (-4, 0)


def test_a_gauge_is_longer_for_more() -> None:
    bars = [
        draw_gauge(value, (-12, 0), 40, Look(ASCII, DARK), "level").plain.count("#")
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
    footing = draw_footing(table(*VANISHING), 100, Look(BRAILLE, DARK)).plain
    assert "layer1 / layer5 = 6.2e-11" in footing
    assert "update 1e-3 is usual" in footing
    assert "member" not in footing
    several = draw_footing(table(0.1, member=2, members=7), 100, Look(BRAILLE, DARK)).plain
    assert "member 3 of 7" in several


def test_columns_give_way_from_the_least_important_on() -> None:
    for kinds in (ALL, OLD):
        before = Columns.of(30, kinds)
        for width in range(31, 200):
            columns = Columns.of(width, kinds)
            for name in ("bias", "norm", "update", "dead", "saturated", "verdict", "word"):
                assert getattr(columns, name) >= getattr(before, name)
            before = columns


def test_figures_are_those_of_the_step_that_is_read() -> None:
    drawn = gather(probed(), step=2, width=100, cursor=True)
    assert drawn is not None
    (layer,) = drawn.layers
    assert (layer.weight, layer.bias) == pytest.approx((0.2, 0.02))
    assert (layer.norm, layer.update, layer.dead) == pytest.approx((7.0, 0.001, 0.0))
    assert layer.saturated is None
    footing = draw_footing(drawn, 100, Look(BRAILLE, DARK)).plain
    assert footing.startswith("step 2 · whole norm 2.000 · probe at step 1")


def test_a_probe_of_this_very_step_needs_no_mention() -> None:
    drawn = gather(probed(), step=4, width=100)
    assert drawn is not None
    assert drawn.layers[0].dead == 0.25
    assert "probe" not in draw_footing(drawn, 100, Look(BRAILLE, DARK)).plain


def test_the_sparkline_reaches_from_the_first_step_to_the_one_that_is_read() -> None:
    drawn = gather(probed(), step=3, width=100)
    assert drawn is not None
    assert drawn.layers[0].recent == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.parametrize("steps", [5000, 70_001])
def test_one_bad_step_among_thousands_is_seen_in_the_sparkline(steps: int, bad: float) -> None:
    norms = [0.5] * steps
    norms[1234] = bad
    drawn = gather(history({"grad_norm/layer1.weight": norms}), step=steps, width=100)
    assert drawn is not None
    recent = drawn.layers[0].recent
    assert (~np.isfinite(recent)).sum() == 1
    assert 5 <= len(recent) <= Columns.of(100, drawn.kinds).recent - 1


def test_an_older_part_of_the_sparkline_stays_as_steps_are_added() -> None:
    norms = np.exp(np.sin(np.arange(1003.0))).tolist()
    known = history({"grad_norm/layer1.weight": norms})
    before, after = (gather(known, step=step, width=69) for step in (1000, 1003))
    assert before is not None
    assert after is not None
    old, new = before.layers[0].recent, after.layers[0].recent
    assert len(old) == len(new)
    assert (old[:-1] == new[:-1]).all()


def test_the_verdicts_are_the_diagnosis_own() -> None:
    norms = {f"grad_norm/layer{n + 1}.weight": [size] * 3 for n, size in enumerate(VANISHING)}
    shapes = {f"layer{n + 1}.weight": [3, 3] for n in range(len(VANISHING))}
    drawn = gather(history({"loss": [0.7] * 3} | norms, parameters=shapes), step=3, width=69)
    assert drawn is not None
    words = [layer.verdict.word for layer in drawn.layers if layer.verdict]
    assert (words[0], words[-1]) == ("vanishing", "fine")
    assert "✗ vanishing" in rows(drawn, 69)[0]


def test_columns_stay_before_the_probe_has_seen_a_step() -> None:
    early = history({"grad_norm/layer1.weight": [0.1]}, {"weight_norm/layer1.weight": ([], [])})
    drawn = gather(early, step=1, width=100)
    assert drawn is not None
    assert "norm" in drawn.kinds
    assert drawn.layers[0].norm is None


def test_there_is_no_table_before_the_first_step() -> None:
    assert gather(probed(), step=0, width=100) is None
    assert gather(History(), step=3, width=100) is None


def test_a_parameter_that_is_neither_weight_nor_bias_is_a_row_of_its_own() -> None:
    own = history(
        {"grad_norm/scale": [0.5], "grad_norm/a.bias": [0.1]},
        parameters={"scale": [], "a.bias": [3], "frozen.weight": [3, 3]},
    )
    drawn = gather(own, step=1, width=100)
    assert drawn is not None
    assert [layer.name for layer in drawn.layers] == ["scale", "a.bias"]


def test_each_member_has_its_own_figures() -> None:
    several = history({"grad_norm/layer1.weight": [0.5]}, members=3)
    drawn = gather(several, step=1, width=100, member=2)
    assert drawn is not None
    assert (drawn.member, drawn.members) == (2, 3)
