"""What the probe costs: steps per second with it against those without, everything recorded.

    python -m benchmarks.probe [--presets cubic two-moons …] [--steps 1000] [--rounds 7]

Both sides train and record the same experiment over its whole length, in turns, on one CPU
thread. Times are the processor's, so that what else runs on the machine counts less. What is
reported is the median ratio of neighbours; the budget is 0.95 at the least.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from benchmarks.speed import ours
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets

PRESETS = ("cubic", "two-moons", "sum-of-30", "vanishing-sigmoid", "exploding", "digits")
LEAST_STEPS = 1000
"""What presets of a few steps are drawn out to: theirs are over before anything counts."""


def sides(name: str, steps: int | None) -> list[Experiment]:
    """Return a preset's experiment without the probe and with it."""
    experiment = presets.load(name).experiment
    wanted = steps or (experiment.steps if experiment.steps > 10 else LEAST_STEPS)
    length = {"epochs": None, "steps": wanted}
    trains = [experiment.train.model_copy(update={**length, "probe": p}) for p in ("off", "auto")]
    return [experiment.model_copy(update={"train": train, "marks": []}) for train in trains]


def compare(name: str, steps: int | None, rounds: int) -> None:
    """Print one line for a preset."""
    both = sides(name, steps)
    for side in both:
        ours(side)
    times = [[ours(side, time.process_time) for side in both] for _ in range(rounds)]
    ratios = [without / probed for without, probed in times]
    per_step = [
        statistics.median(column) / both[0].steps * 1e6 for column in zip(*times, strict=True)
    ]
    print(
        f"{name:18} {both[0].steps:5} steps  off {per_step[0]:5.0f} µs/step  "
        f"auto {per_step[1]:5.0f} µs/step  ratio {statistics.median(ratios):5.3f}  "
        f"({min(ratios):.3f} to {max(ratios):.3f})",
        flush=True,
    )


def main() -> None:
    """Compare all presets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one CPU thread, {arguments.rounds} rounds")
    for name in arguments.presets:
        compare(name, arguments.steps, arguments.rounds)


if __name__ == "__main__":
    main()
