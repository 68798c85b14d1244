"""The trials of a cell: a line each, the figure of the cells first, the chosen one in sight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.drawing.sweep.trials import draw_trials
from tui.style.glyphs import BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK

from .tables import trial

LOOK = Look(BRAILLE, DARK)
TRIALS = [
    replace(trial(0, {"optimizer.lr": 1.0}, 1, dev_loss=0.26, test_loss=0.25), best_step=1200),
    replace(trial(1, {"optimizer.lr": 1.0}, 2, "diverged"), step=51),
    replace(trial(2, {"optimizer.lr": 1.0}, 3, "training"), step=700),
]


def text(width: int, height: int, figures=("test_loss", "dev_loss"), trials=TRIALS, chosen=0):
    return [
        line.plain.rstrip() for line in draw_trials(trials, figures, width, height, LOOK, chosen)
    ]


def test_each_trial_says_how_it_ended_and_its_figures_stand_under_their_names() -> None:
    head, *lines = text(76, 10)
    assert head.startswith("lr 1 ")
    assert lines[0].startswith("› seed 1  finished, best of step 1 200")
    assert lines[1].startswith("  seed 2  diverged at step 51")
    assert lines[2].startswith("  seed 3  training, step 700")
    for name, value in (("test loss", "0.2500"), ("dev loss", "0.2600")):
        assert lines[0].index(value) + len(value) == head.index(name) + len(name)


def test_what_the_trials_have_in_common_stands_whole_over_them() -> None:
    setting = {"model.hidden": [5, 3], "optimizer.lr": 0.01}
    waiting = [trial(number, setting, number, "waiting") for number in range(2)]
    assert text(76, 10, (), waiting, None)[0] == "hidden [5, 3] · lr 0.01"


def test_the_first_figures_have_room_before_the_others() -> None:
    assert "dev loss" in text(48, 10, ("dev_loss", "test_loss"))[0]
    assert "test loss" not in text(48, 10, ("dev_loss", "test_loss"))[0]


@pytest.mark.parametrize("chosen", [0, 7, 19])
def test_the_trial_that_is_chosen_is_in_sight_and_what_is_left_out_is_counted(chosen) -> None:
    many = [trial(number, {}, number) for number in range(20)]
    lines = text(60, 8, trials=many, chosen=chosen)
    assert len(lines) == 8
    assert f"› seed {chosen} " in "\n".join(lines)
    assert lines[-1] == "  … 14 more"
