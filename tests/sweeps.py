"""Sweeps whose groups were really trained, a few steps each, for tests of what shows them."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

from engine.presets import preset as presets
from engine.runs.folder import RunFolder
from engine.sweeps import plan as plans
from engine.sweeps.folder import SweepFolder, create_sweep
from engine.sweeps.group import TrialGroup
from engine.sweeps.plan import Base, Plan
from engine.sweeps.trial import Trial
from engine.text.owned import Share
from tests.labs import FakeWorker
from tests.trained import recorded

HIDDEN = ([5], [5, 3])
RATES = (5.0, 0.01)
SEEDS = (102, 103)


def make_sweep(
    runs_dir: Path, *, called: str = "two-moons-sweep", share: Share = "nobody"
) -> SweepFolder:
    """Return a sweep of two-moons by shape and rate of which no group has begun yet."""
    base = presets.load("two-moons", ["train.steps=20"]).experiment
    plan = Plan(
        name="",
        identity="by hand",
        keys=("model.hidden", "optimizer.lr"),
        bases=(Base(preset="two-moons", text=presets.dumps(base, full=True)),),
    )
    folder = create_sweep(called, plan, runs_dir, share)
    settings = itertools.product(HIDDEN, RATES, SEEDS)
    trials = [
        Trial(
            number=number,
            base=0,
            setting={"model.hidden": hidden, "optimizer.lr": rate},
            seed=seed,
            digest=f"{number:016x}",
        )
        for number, (hidden, rate, seed) in enumerate(settings)
    ]
    groups = [
        TrialGroup(number=1, trials=tuple(range(4))),
        TrialGroup(number=2, trials=tuple(range(4, 8))),
    ]
    plans.add(folder.plan_file, trials, groups)
    return folder


def train_group(folder: SweepFolder, number: int) -> None:
    """Train a group of it."""
    changes = [
        "train.steps=20",
        f"model.hidden={HIDDEN[number - 1]}",
        "population.seeds=2",
        "population.vary={'optimizer.lr'=[5.0, 0.01]}",
    ]
    recorded(presets.load("two-moons", changes).experiment, folder.group(number).path)


class InlineWorker(FakeWorker):
    """A worker that trains what it is given at once, in this process."""

    def give(self, folder: RunFolder, **order: Any) -> None:
        super().give(folder, **order)
        shutil.rmtree(folder.checkpoints)
        recorded(presets.load(str(folder.experiment_file)).experiment, folder.path)
