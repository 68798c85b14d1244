"""The learning rate finder: one short training at many rates, and the loss that each comes to.

Where the loss is least a network learns most in so many steps; where it rises again the steps
leap over what they look for, and beyond that they diverge. Between them lies what to take.
"""

from __future__ import annotations

import math
from typing import Final

from ..experiment.experiment import Experiment
from ..text.numbers import figure_text
from ..text.safe import plain
from ..text.tables import aligned
from .naming import value_text
from .table import SweepTable, SweptSetting

KEY: Final = "optimizer.lr"
RATES: Final = (f"{KEY}={','.join(f'{m}e{e}' for e in range(-5, 2) for m in (1, 2, 5))}",)
"""The rates that are tried where nothing is said: three in each power of ten."""

SEEDS: Final = 3
"""Networks of each rate, so that it is not the luck of one."""

STEPS: Final = 100
"""How long they are trained at most, and at least an epoch."""

BAR: Final = 40
"""Cells of the longest bar."""

WORST: Final = 2
"""Times as much as at the least rate, where next to nothing is learned, is as long as a bar gets:
one network that leaps away would else make all others alike."""

EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def steps_of(experiment: Experiment) -> int:
    """Return how many steps of an experiment are enough to tell rates apart."""
    return min(experiment.steps, max(STEPS, experiment.steps_per_epoch or 0))


def best_rate(table: SweepTable) -> SweptSetting | None:
    """Return the rate of the least loss, of those at which no network diverged."""
    trained = [each for each in table.settings if math.isfinite(loss_of(each))]
    return min(trained, key=loss_of, default=None)


def loss_of(setting: SweptSetting) -> float:
    """Return what the training loss came to; infinite where a network diverged."""
    figure = setting.figures.get("train_loss") or setting.figures.get("test_loss")
    return math.inf if figure is None or setting.count("diverged") else figure.mean


def rates_text(table: SweepTable) -> str:
    """Return the loss against the rate as bars, and the rate to take."""
    best = best_rate(table)
    rows = [["learning rate", "loss", ""]]
    settings = sorted(table.settings, key=lambda setting: float(setting.setting[KEY]))
    losses = [loss_of(setting) for setting in settings if math.isfinite(loss_of(setting))]
    for setting in settings:
        loss, rate = loss_of(setting), value_text(setting.setting[KEY])
        if math.isfinite(loss):
            mark = " ◄ least" if setting is best else ""
            rows.append([rate, figure_text(loss), f"{_bar(loss, WORST * losses[0])}{mark}"])
        else:
            count = setting.count("diverged")
            rows.append([rate, f"{count} of {len(setting.trials)} diverged" if count else "", ""])
    steps = max((trial.step for trial in table.trials), default=0)
    lines = [f"{plain(table.name)}: training loss after {steps} steps, over {table.seeds} seeds"]
    lines += ["", *aligned(rows), ""]
    if best is None:
        return "\n".join([*lines, "  no rate is one to take: all of them diverged"])
    rate = value_text(best.setting[KEY])
    end = ", the greatest that was tried" if best is settings[-1] else ""
    lines.append(
        f"  the loss falls farthest at {rate}{end}; a long training may want a third of it"
    )
    return "\n".join([*lines, f"  --set {KEY}={rate}", f"  sweep  {plain(str(table.path))}"])


def _bar(loss: float, most: float) -> str:
    if loss > most:
        return "█" * BAR + "…"
    eighths = max(round(loss / most * BAR * 8), 1) if most > 0 else 1
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]
