"""Groups: the trials that one population trains.

    trials of one form ──► parts of nearly equal size, at most what one process can hold,
                           and as many as keep all processes busy where that is faster

A group is fixed once it is written down: who is in it, in which order, on how many threads. Its
numbers are then the same whenever it is trained.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..experiment.experiment import Experiment

MOST_MEMBERS: Final = 512
"""Networks of a group: beyond, no network is trained the faster for one more beside it."""

MOST_WEIGHTS: Final = 250_000
"""Weights of a group, so that its recording holds the best and the last of every network."""

MOST_OUTPUTS: Final = 8_000_000
"""Outputs of all layers that a step of a group computes: 32 MB, and as much for gradients."""

BYTES: Final = 4 * 4 / 3
"""Of a number in a recording: float32, written as base64."""

WORTH_APART: Final = 2**20
"""Multiplications of a step below which half as many networks take as long as all of them."""


def most_members(experiment: Experiment) -> int:
    """Return how many networks of a form one process trains side by side at most."""
    weights = max(experiment.parameters, 1)
    outputs = max(experiment.batch_rows * sum(experiment.widths), 1)
    if experiment.model.kind == "python":
        return 1
    return max(1, min(MOST_MEMBERS, MOST_WEIGHTS // weights, MOST_OUTPUTS // outputs))


def least_members(experiment: Experiment) -> int:
    """Return how many networks of a form a step must train to be worth a process of its own."""
    multiplications = max(experiment.parameters * experiment.batch_rows * 3, 1)
    return max(1, min(WORTH_APART // multiplications, most_members(experiment)))


def parted(
    forms: Mapping[str, Sequence[int]], examples: Mapping[str, Experiment], processes: int
) -> Iterator[tuple[int, ...]]:
    """Yield the trials of each group.

    Args:
        forms: The numbers of the trials of each form.
        examples: One of each form.
        processes: How many work at a time.
    """
    loads = {form: len(trials) * work_of(examples[form]) for form, trials in forms.items()}
    for form, trials in forms.items():
        # A form that is half of all the work is to keep half of the processes busy.
        share = round(processes * loads[form] / sum(loads.values()))
        worth = len(trials) // least_members(examples[form])
        needed = -(-len(trials) // most_members(examples[form]))
        yield from _split(trials, max(needed, min(share, worth), 1))


def work_of(experiment: Experiment) -> float:
    """Return about how many multiplications training one network takes, with what goes with it."""
    a_step = experiment.parameters * 3 + 40 * sum(experiment.widths)
    return float(a_step * experiment.batch_rows * experiment.steps)


def bytes_of(experiment: Experiment) -> int:
    """Return about how many bytes the recording of one network takes, all its rows in it."""
    shapes, accuracy = len(experiment.shapes), experiment.has_accuracy
    numbers = (3 + accuracy + shapes) * experiment.steps
    if experiment.evaluation_stride:
        numbers += (1 + accuracy) * experiment.steps // experiment.evaluation_stride
    if experiment.steps_per_epoch and experiment.steps_per_epoch > 1:
        numbers += (3 + accuracy + shapes) * experiment.steps // experiment.steps_per_epoch
    # The network is looked at ever less often, and its weights are kept three times.
    looks = 16 * max(experiment.steps.bit_length() - 3, 1)
    numbers += looks * (2 * shapes + len(experiment.model.hidden) + 1) + 3 * experiment.parameters
    return int(numbers * BYTES)


def _split(trials: Sequence[int], parts: int) -> Iterator[tuple[int, ...]]:
    """Yield neighbours together, in parts that differ by one at most."""
    ends = [len(trials) * part // parts for part in range(parts + 1)]
    for start, stop in itertools.pairwise(ends):
        yield tuple(trials[start:stop])
