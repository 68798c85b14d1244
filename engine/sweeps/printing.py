"""The table of a sweep as text, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any, Final

from ..text.numbers import figure_text
from ..text.safe import plain
from ..text.spreadsheet import harmless_cell
from ..text.tables import aligned
from .naming import key_names, setting_text, value_text
from .table import FIGURES, SpreadFigure, SweepTable, SweptSetting, TrialRow, TrialState
from .trial import SEED

SHOWN: Final = frozenset(("test_accuracy", "test_loss", "test_rmse", "dev_accuracy", "dev_loss"))
"""The figures that have a column where they are there."""

STATES: Final[tuple[TrialState, ...]] = ("pruned", "diverged", "failed", "training", "waiting")
"""What is counted beside what finished."""

NAMED: Final = 10
"""Trials that are listed by name at most, and settings of which the best one need not be."""


def text(table: SweepTable) -> str:
    """Return the table as aligned lines, a setting each."""
    figures = _columns(table)
    states = [state for state in STATES if table.count(state)]
    names = key_names([axis.key for axis in table.axes])
    head = [*names.values(), "seeds", *(key.replace("_", " ") for key in figures), *states]
    rows = [head]
    for setting in table.settings:
        reached = [_figure(setting.figures.get(key)) for key in figures]
        counts = [str(setting.count(state) or "") for state in states]
        cells = [*_setting_cells(table, setting), str(len(setting.trials)), *reached, *counts]
        rows.append(list(map(plain, cells)))
    lines = aligned(rows, numbers=True)
    name = plain(table.name)
    return "\n".join([f"{name}: {_counts(table)}", "", *lines, "", *_words(table)])


def objects(table: SweepTable) -> Iterator[dict[str, Any]]:
    """Yield a setting each, with its trials, as objects of JSON."""
    for setting in table.settings:
        yield {
            "preset": setting.preset,
            "setting": dict(setting.setting),
            "state": setting.state,
            "seeds": [trial.seed for trial in setting.trials],
            "finished": setting.count("finished"),
            **{state: setting.count(state) for state in STATES},
            "figures": {
                key: {"mean": figure.mean, "spread": figure.spread, "count": figure.count}
                for key, figure in setting.figures.items()
            },
            "trials": [_trial(trial) for trial in setting.trials],
        }


def csv_text(table: SweepTable, *, bare: bool = False) -> str:
    """Return the table as CSV, a trial each, in the units of the recordings.

    Args:
        table: What to write.
        bare: Whether texts stay as they are that a spreadsheet would take for formulas.
    """
    figures = [key for key in FIGURES if key in table.figures]
    keys = [axis.key for axis in table.axes if axis.key != "preset"]
    head = ["preset", *keys, "seed", "state", "best_step", "step", *figures]
    head += ["bit_equal", "run", "member"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for trial in table.trials:
        settings = (_csv_value(trial.setting.get(key)) for key in keys)
        came_to = (trial.seed, trial.state, trial.best_step, trial.step)
        reached = (trial.figures.get(key) for key in figures)
        where = (_csv_value(trial.alone), trial.run, trial.member + 1)
        row = trial.preset, *settings, *came_to, *reached, *where
        writer.writerow(row if bare else map(harmless_cell, row))
    return out.getvalue()


def _columns(table: SweepTable) -> list[str]:
    """Return the figures that have a column: a setting that finished has one of them at least."""
    shown = [key for key in table.figures if key in SHOWN]
    reached = [key for key in table.figures if any(key in each.figures for each in table.settings)]
    bare = [each for each in table.settings if each.figures and not each.figures.keys() & {*shown}]
    beside = [key for key in reached if any(key in each.figures for each in bare)]
    return [*shown, *beside] or list(table.figures[:2])


def _setting_cells(table: SweepTable, row: SweptSetting) -> list[str]:
    values = {"preset": row.preset, **row.setting}
    return [value_text(values[axis.key]) if axis.key in values else "" for axis in table.axes]


def _figure(figure: SpreadFigure | None) -> str:
    if figure is None:
        return ""
    mean = figure_text(figure.mean)
    return f"{mean} ± {figure_text(figure.spread)}" if figure.count > 1 else mean


def _counts(table: SweepTable) -> str:
    """Return how many trials there are, and how many of them are over."""
    count, over = table.expected, table.over
    return f"{over} of {count} trials are over" if over < count else f"{count} trials are over"


def _words(table: SweepTable) -> Iterator[str]:
    """Yield what is to be said of the trials, and where they lie."""
    for state in ("diverged", "failed"):
        if fallen := [trial for trial in table.trials if trial.state == state]:
            left_out = " and have no figures" if state == "diverged" else ""
            which = _named(table, fallen)
            yield f"  {len(fallen)} of {len(table.trials)} {state}{left_out}: {which}"
    if pruned := table.count("pruned"):
        why = "ended early, for half of those before did better"
        yield f"  {pruned} of {len(table.trials)} pruned: {why}"
    if len(table.settings) > NAMED and (best := best_setting(table)) is not None:
        least = figure_text(best.figures["dev_loss"].mean)
        yield f"  the least dev loss, {least}: {plain(setting_text(best.setting))}"
    if table.figures:
        whose = "best" if any(trial.best_step for trial in table.trials) else "last"
        spread = "; ± is the standard deviation over seeds" if table.seeds > 1 else ""
        yield f"  of each network's {whose} weights{spread}"
        yield f"  as each run done alone {_equality(table)}"
    if table.failure:
        yield f"  not all was trained: {plain(table.failure)}"
    yield f"  sweep  {plain(str(table.path))}"


def best_setting(table: SweepTable) -> SweptSetting | None:
    """Return the setting of the least dev loss; the test set is no ground to choose by."""
    with_loss = [each for each in table.settings if "dev_loss" in each.figures]
    return min(with_loss, key=lambda each: each.figures["dev_loss"].mean, default=None)


def _equality(table: SweepTable) -> str:
    """Return how nearly the figures are those of runs done alone."""
    alone = sum(trial.alone for trial in table.trials)
    exactly = "on one thread, to the bit"
    if alone == len(table.trials):
        return exactly
    rounding = "up to rounding, as they were trained side by side"
    return f"{exactly}: {alone} of them; else {rounding}" if alone else rounding


def _named(table: SweepTable, trials: list[TrialRow]) -> str:
    """Return some trials by what they are, with the reason of the first that failed."""
    several = any(axis.key == "preset" for axis in table.axes)
    named = []
    for trial in trials[:NAMED]:
        preset = {"preset": trial.preset} if several else {}
        named.append(setting_text({**preset, **trial.setting, SEED: trial.seed}))
    more = [f"and {len(trials) - NAMED} more"] if len(trials) > NAMED else []
    why = f" ({trials[0].reason})" if trials[0].state == "failed" else ""
    return plain(f"{', '.join([*named, *more])}{why}")


def _trial(trial: TrialRow) -> dict[str, Any]:
    return {
        "seed": trial.seed,
        "state": trial.state,
        "reason": trial.reason,
        "best_step": trial.best_step,
        "step": trial.step,
        "bit_equal": trial.alone,
        "run": str(trial.run),
        "member": trial.member + 1,
        "hash": trial.digest,
        **{key: value for key, value in trial.figures.items() if math.isfinite(value)},
    }


def _csv_value(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | bool) else value
