"""Populations in pictures: mean and band, what became of members, one of them alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.recording.events import End
from engine.recording.history import History
from tests.populations import population
from tests.races import draw_race
from tui.drawing.curves.curves import Curves
from tui.drawing.curves.plot import draw_curves
from tui.drawing.gradients import table as gradients
from tui.drawing.lecture import banner
from tui.drawing.lists.runs import RunRow, draw_rows
from tui.drawing.lists.status import Standing, draw_figures, draw_outcome
from tui.drawing.members.crowd import crowd_of, picture_member
from tui.drawing.members.labels import member_name, name_of
from tui.drawing.members.list import (
    MemberRow,
    Order,
    draw_heading,
    draw_members,
    gather_members,
    judged_by,
    ordered,
)
from tui.drawing.network.distribution import distribution_of, draw_distribution
from tui.drawing.race.racers import RunAt, gather_race
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.traces import gather_view
from tui.watching.view import Trace, View

SIZES = [(1, 1), (20, 6), (80, 24), (120, 40), (200, 60)]


def curves_of(history: History, member: int | None, **more: Any) -> Curves:
    return gather_view(View(history=history, run="r", step=20, member=member, **more), 80)


def text(lines: list[Any]) -> str:
    return "\n".join(line.plain for line in lines)


# --- curves --------------------------------------------------------------------------------------


def test_the_curve_of_all_is_their_mean_with_a_band() -> None:
    (train, dev) = curves_of(population(4), None).curves
    assert train.mean[-1] == pytest.approx(2.5 / 20)
    assert train.range is not None
    assert dev.range is not None
    low, high = (end[-1] for end in train.range)
    assert 1 / 20 < low < train.mean[-1] < high < 4 / 20
    assert len(train.range[0]) == len(train.steps)


def test_the_curve_of_one_is_its_own() -> None:
    curves = curves_of(population(4), 2)
    assert curves.curves[0].mean[-1] == pytest.approx(3 / 20)
    assert curves.curves[0].range is None
    assert curves.member == "seed 104"
    assert "seed 104" in text(draw_curves(curves, 80, 20, Look(BRAILLE, DARK)))


def test_who_diverged_is_left_out_and_said() -> None:
    curves = curves_of(population(4, diverge={3: 5}), None)
    assert curves.curves[0].mean[0] == pytest.approx(2.0)
    assert curves.curves[0].broken_at is None
    legend = draw_curves(curves, 100, 20, Look(BRAILLE, DARK))[0].plain
    assert "mean of 3, band 5 to 95 %" in legend
    assert "1 of 4 diverged" in legend


def test_where_all_diverged_that_is_said() -> None:
    legend = draw_curves(
        curves_of(population(2, diverge={0: 5, 1: 9}), None), 100, 20, Look(BRAILLE, DARK)
    )
    assert "2 of 2 diverged" in legend[0].plain


def test_the_band_is_drawn_around_the_mean() -> None:
    history = population(8)
    curves = replace(curves_of(history, None), curves=curves_of(history, None).curves[:1])
    alone = replace(curves, curves=(replace(curves.curves[0], range=None),))
    inked = [
        sum(character not in " \u2800" for line in drawn[1:-2] for character in line.plain[9:])
        for drawn in (draw_curves(each, 80, 24, Look(BRAILLE, DARK)) for each in (curves, alone))
    ]
    assert inked[0] > 1.2 * inked[1]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("smoothing", [0, 2])
def test_pictures_of_populations_have_their_size(log: bool, smoothing: int) -> None:
    for history in (population(4), population(3, diverge={0: 1, 1: 1, 2: 1}), population(2, 1)):
        step = history.last_step
        view = View(history=history, step=step, member=None, log=log, smoothing=smoothing)
        for width, height in SIZES:
            for glyphs in GLYPHS:
                lines = draw_curves(gather_view(view, width), width, height, Look(glyphs, DARK))
                assert [line.cell_len for line in lines] == [width] * height


def test_an_overlay_is_the_mean_and_says_of_how_many() -> None:
    trace = Trace(history=population(3), run="b", title="cubic", step=20, slot=1)
    curves = curves_of(population(1), 0, label="moons", others=(trace,))
    assert curves.others[0].curves[0].mean[-1] == pytest.approx(2 / 20)
    drawn = text(draw_curves(curves, 90, 24, Look(BRAILLE, DARK)))
    assert "cubic × 3" in drawn
    assert "moons ×" not in drawn
    assert "cubic x 3" in text(draw_curves(curves, 90, 24, Look(ASCII, DARK)))


def test_a_member_is_called_by_what_it_differs_in() -> None:
    header = population(2).header
    assert header is not None
    assert member_name(header, 1) == "seed 103"
    varied = replace(
        header, variants=[{"optimizer.lr": 0.5, "train.seed": 102}, {"optimizer.lr": 1.0}]
    )
    assert member_name(varied, 0) == "lr 0.5 · seed 102"
    assert member_name(varied, 1) == "lr 1"
    assert member_name(replace(header, variants=[]), 1) == "seed 103"
    assert name_of(population(1), 0) == "" == name_of(population(2), None)


# --- figures -------------------------------------------------------------------------------------


def standing(history: History, **more: Any) -> Standing:
    return Standing(
        state="running",
        step=20,
        steps=100,
        loss=history.series["train"].value("loss", 20, None),
        crowd=crowd_of(history, 20),
        **more,
    )


def test_the_status_says_mean_spread_and_who_goes_on() -> None:
    history = population(4, diverge={3: 5}, held={2: 10}, dead=(0,))
    line = draw_figures(standing(history), 160, Look(BRAILLE, DARK)).plain
    # Losses 1/20, 2/20 and the held 3/10.
    assert "loss 0.1500 ± 0.13" in line
    assert "2 of 4 train" in line
    assert "1 of 4 diverged" in line
    assert "1 dead" in line
    assert "+-" in draw_figures(standing(history), 160, Look(ASCII, DARK)).plain


def test_the_outcome_is_the_mean_of_those_that_have_a_number() -> None:
    result = {"test_loss": [0.1, 0.3, float("nan"), None], "seconds": 2.0}
    ended = Standing(state="ended", status="finished", reason="epochs", result=result)
    assert "test loss 0.2000 ± 0.14" in draw_outcome(ended, 100, Look(BRAILLE, DARK)).plain


def test_the_banner_shows_the_mean_and_how_many_train() -> None:
    found = banner.gather(population(4, diverge={3: 5}), 20, 100, None)
    assert found.loss == pytest.approx(2 / 20)
    lines = text(banner.draw_banner(found, 200, 1, Look(BRAILLE, DARK)))
    assert "mean loss 0.1000" in lines
    assert "training 3/4" in lines
    assert "mean" not in text(
        banner.draw_banner(banner.gather(population(1), 20, 9), 200, 1, Look(BRAILLE, DARK))
    )


def test_the_gradient_table_shows_medians_of_those_that_train() -> None:
    history = population(5, diverge={4: 5}, dead=(0,))
    rows = history.series["train"]
    for member in range(4):
        rows.column("grad_norm/layer1.weight", member)[:] = member
    found = gradients.gather(history, step=20, width=100, member=None)
    assert found is not None
    assert found.layers[0].weight == pytest.approx(1.5)
    assert found.layers[0].recent[-1] == pytest.approx(1.5)
    assert np.isfinite(found.layers[0].recent).all()
    footing = gradients.draw_footing(found, 120, Look(BRAILLE, DARK)).plain
    assert "medians of 4 members" in footing
    assert "1 of 5 diverged" in footing
    assert "1 of 5 dead" in footing
    one = gradients.gather(history, step=20, width=100, member=3)
    assert one is not None
    assert one.layers[0].weight == 3.0
    assert "seed 105, member 4 of 5" in gradients.draw_footing(one, 120, Look(BRAILLE, DARK)).plain


def test_a_race_names_how_many_run_in_each_lane() -> None:
    runs = [
        RunAt(label="many", slot=0, history=population(3)),
        RunAt(label="one", slot=1, history=population(1)),
    ]
    race = gather_race(runs, 20, None)
    assert race.runs[0].loss == pytest.approx(2 / 20)
    drawn = text(draw_race(race, 100, 20, Look(BRAILLE, DARK)))
    assert "many × 3" in drawn
    assert "one ×" not in drawn


def test_the_list_of_runs_names_how_many_a_run_has() -> None:
    rows = [RunRow(name="cubic-of-a-long-name-that-is-cut", state="ended", members=32)]
    for width in (40, 100):
        assert "× 32" in text(draw_rows(rows, width, 4, Look(BRAILLE, DARK)))
    assert "×" not in text(
        draw_rows([RunRow(name="one", state="ended")], 100, 4, Look(BRAILLE, DARK))
    )


def test_a_picture_is_of_the_chosen_member_or_the_first_living() -> None:
    history = population(3, diverge={0: 5})
    assert picture_member(history, 2, 20) == 2
    assert picture_member(history, None, 20) == 1
    assert picture_member(history, None, 4) == 0
    assert crowd_of(population(1), 20) is None


# --- members, distribution -----------------------------------------------------------------------


def test_every_member_is_listed_with_its_fate() -> None:
    rows = gather_members(population(4, diverge={3: 5}, held={2: 10}, dead=(0,)), 20)
    drawn = [line.plain for line in draw_members(rows, 2, 70, Look(BRAILLE, DARK))]
    assert len(drawn) == 5
    assert "mean of 3" in drawn[0]
    assert "2 train" in drawn[0]
    assert "seed 102" in drawn[1]
    assert "dead" in drawn[1]
    assert drawn[2].startswith(BRAILLE.changed)
    assert "held since step 10" in drawn[3]
    assert "0.3000" in drawn[3]
    assert "diverged at step 5" in drawn[4]
    assert gather_members(population(2, 20), 0) == ()


def test_members_are_ordered_by_loss_and_by_accuracy() -> None:
    def row(number: int, value: float, accuracy: float) -> MemberRow:
        return MemberRow(number=str(number), name="", value=value, accuracy=accuracy)

    both = MemberRow(number="all", name="", value=0.5)
    rows = (both, row(1, math.nan, 0.5), row(2, 0.3, 0.8), row(3, 0.2, 0.8), row(4, 0.1, 0.7))

    def numbers(order: Order) -> list[str]:
        return [each.number for each in ordered(rows, order)]

    assert numbers("number") == ["all", "1", "2", "3", "4"]
    assert numbers("loss") == ["all", "4", "3", "2", "1"]
    assert numbers("accuracy") == ["all", "3", "2", "4", "1"]


def test_members_have_the_figures_that_the_heading_names() -> None:
    history = population(4, diverge={3: 5}, held={2: 10})
    rows = gather_members(history, 20)
    heading = draw_heading(rows, 70, judged_by(history), Look(BRAILLE, DARK)).plain
    assert heading.split() == ["loss", "dev", "acc"]
    drawn = [line.plain for line in draw_members(rows, 0, 70, Look(BRAILLE, DARK))]
    dev = history.series["dev"]
    for member, at in ((0, 20), (2, 10)):
        assert rows[member + 1].accuracy == dev.value("accuracy", at, member)
        told = drawn[member + 1][: len(heading.rstrip())].split()
        assert told[-1] == f"{dev.value('accuracy', at, member):.3f}"
    assert math.isnan(rows[4].accuracy)


def test_the_distribution_holds_every_member_that_did_not_diverge() -> None:
    found = distribution_of(population(5, diverge={4: 5}, held={1: 10}), 20)
    assert (found.name, found.diverged) == ("dev accuracy", 1)
    np.testing.assert_allclose(np.sort(found.values), np.float32([1.0, 1.2, 1.4, 1.6]))
    lines = draw_distribution(found, 90, 14, Look(BRAILLE, DARK))
    assert "dev accuracy of 5 members" in lines[0].plain
    assert "1 diverged, left out" in lines[0].plain
    assert "median 1.300" in lines[1].plain
    assert sum("█" in line.plain for line in lines) >= 8


def test_of_a_run_that_is_over_it_is_that_of_the_result() -> None:
    history = population(3)
    history.add(
        End(step=20, status="finished", reason="steps", result={"test_loss": [0.1, "nan", 0.3]})
    )
    found = distribution_of(history, 20)
    assert found.name == "test loss"
    np.testing.assert_allclose(found.values, [0.1, 0.3])
    assert distribution_of(history, 19).name == "dev accuracy"


def test_distributions_have_their_size_whatever_there_is() -> None:
    gone = population(2, diverge={0: 1, 1: 1})
    for history, step in ((population(40), 20), (gone, 20), (population(2), 0)):
        for width, height in SIZES:
            for glyphs in GLYPHS:
                found = distribution_of(history, step)
                lines = draw_distribution(found, width, height, Look(glyphs, DARK))
                assert [line.cell_len for line in lines] == [width] * height


def test_a_count_of_members_has_no_halves_on_its_axis() -> None:
    lines = draw_distribution(distribution_of(population(3), 20), 80, 24, Look(BRAILLE, DARK))
    labels = [line.plain.split("┤")[0].strip() for line in lines if "┤" in line.plain]
    assert labels
    assert all(label.isdigit() for label in labels)
