"""The textbook's six cells beside plain PyTorch loops, and beside the same runs done alone.

    python -m benchmarks.cells [--seeds 5 20] [--plain 20]

Each cell of ``two-moons-sweep`` is trained by so many plain loops, which draw weights of their own,
and by the sweep with so many seeds. How likely two such means are to lie so far apart, if both come
from one distribution, is told by a permutation test: of twelve figures, six cells' accuracy and
loss, the least is below 0.05 / 12 by chance alone one time in twenty at most.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import permutation_test

from benchmarks.interrupted import left_alone
from benchmarks.plain import result
from engine.experiment.members import Original
from engine.presets import preset as presets
from engine.sweeps.folder import SweepFolder
from engine.sweeps.naming import setting_text
from engine.sweeps.table import SweepTable
from engine.sweeps.trials import candidates
from engine.training.trainer import Trainer

PRESET = "two-moons-sweep"
FIGURES = ("test_accuracy", "test_loss")
CHANCE = 0.05 / 12
"""How unlikely a figure must be, of twelve, to count as another distribution's."""

Cell = dict[str, list[float]]
"""Figures of the networks of a setting, by name."""


def main() -> None:
    """Train the cells both ways; print them beside each other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 20], help="of our cells")
    parser.add_argument("--plain", type=int, default=20, help="plain loops of each cell")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    theirs = plain_cells(asked.plain)
    print("| cell | trained by | test accuracy | p | test loss | p |\n|---|---|---|---|---|---|")
    for name, cell in theirs.items():
        cells = " | | ".join(spread(cell[figure]) for figure in FIGURES)
        print(f"| {name} | {asked.plain} plain loops | {cells} | |", flush=True)
    said = []
    for seeds in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            table = left_alone(Path(folder), [PRESET, "--seeds", str(seeds)])
            least = beside(table, theirs)
            other = "another" if least < CHANCE else "no other"
            said += [f"{seeds} seeds: least p {least:.3f}, {other} distribution's; {apart(table)}"]
    print("\n" + "\n".join(said))


def beside(table: SweepTable, theirs: dict[str, Cell]) -> float:
    """Print the cells of a sweep as rows; return how likely the least likely figure is."""
    likelihoods = []
    for setting in table.settings:
        name, row = setting_text(setting.setting), []
        for figure in FIGURES:
            ours = [trial.figures[figure] for trial in setting.trials]
            likelihoods.append(likely(ours, theirs[name][figure]))
            row.append(f"{spread(ours)} | {likelihoods[-1]:.3f}")
        print(f"| {name} | the sweep, {table.seeds} seeds | {' | '.join(row)} |", flush=True)
    return min(likelihoods)


def plain_cells(seeds: int) -> dict[str, Cell]:
    """Return what plain loops come to, by what to call the setting."""
    experiment = presets.load(PRESET).experiment
    sweep = experiment.sweep.model_copy(update={"seeds": seeds})
    cells: dict[str, Cell] = {}
    for each in candidates(0, experiment.model_copy(update={"sweep": sweep})):
        torch.manual_seed(each.trial.seed)
        figures = result(each.experiment)
        cell = cells.setdefault(setting_text(each.trial.setting), {name: [] for name in FIGURES})
        for name in FIGURES:
            cell[name].append(figures[name])
    return cells


def likely(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return how likely means of one distribution are to lie as far apart."""

    def difference(one: Any, other: Any, axis: int) -> Any:
        return np.mean(one, axis=axis) - np.mean(other, axis=axis)

    tested = permutation_test((ours, theirs), difference, rng=np.random.default_rng(1))
    return float(tested.pvalue)


def apart(table: SweepTable) -> str:
    """Return how far the trials of a sweep are from the same runs done alone, in words."""
    plan = SweepFolder(table.path).plan()
    accuracies, losses = 0, []
    for trial, row in zip(plan.trials, table.trials, strict=True):
        alone = Original(plan.bases[trial.base].experiment).changed(trial.changes)
        trainer = Trainer(alone, threads=1)
        trainer.advance(alone.steps)
        figures = trainer.result()
        accuracies += figures["test_accuracy"] == row.figures["test_accuracy"]
        losses.append(abs(row.figures["test_loss"] / figures["test_loss"] - 1))
    near = sum(each < 1e-3 for each in losses)
    return (
        f"of {len(losses)} trials beside the same runs done alone: the same accuracy in "
        f"{accuracies}, the loss within a thousandth in {near}, {max(losses):.1%} apart at most"
    )


def spread(numbers: Sequence[float]) -> str:
    """Return the mean and the standard deviation of some figures."""
    return f"{statistics.fmean(numbers):.4f} ± {statistics.stdev(numbers):.4f}"


if __name__ == "__main__":
    main()
