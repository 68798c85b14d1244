"""Tables of sweeps, made by hand."""

from __future__ import annotations

import itertools
from pathlib import Path

from engine.sweeps.table import SweepTable, TrialRow, table_of

HIDDEN = ([5], [5, 3])
RATES = (5.0, 0.01, 1.0)


def trial(number: int, setting, seed: int, state="finished", **figures: float) -> TrialRow:
    return TrialRow(
        number=number,
        preset="two-moons",
        setting=setting,
        seed=seed,
        digest=f"{number:016x}",
        state=state,
        run=Path(f"group-{1 + len(setting.get('model.hidden', ()))}"),
        member=number,
        figures=figures,
    )


def textbook(*, seeds: int = 3, busy: bool = False) -> SweepTable:
    """Six settings; the deeper network diverges at the greatest rate, and one trial waits."""
    trials = []
    for number, (hidden, rate, seed) in enumerate(
        itertools.product(HIDDEN, RATES, range(1, seeds + 1))
    ):
        setting = {"model.hidden": hidden, "optimizer.lr": rate}
        accuracy = 0.8 + 0.03 * RATES.index(rate) + 0.01 * seed
        state = "diverged" if (len(hidden), rate) == (2, 5.0) else "finished"
        figures = {} if state == "diverged" else {"test_accuracy": accuracy, "dev_loss": 1 / seed}
        trials.append(trial(number, setting, seed, state, **figures))
    trials[-1] = trial(len(trials) - 1, trials[-1].setting, seeds, "waiting")
    return table_of("two-moons-sweep", Path("runs/two-moons-sweep"), 0.0, busy, trials)
