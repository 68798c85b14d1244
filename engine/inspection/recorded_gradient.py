"""The whole gradient of one update of a recorded run, as numbers: small or large, each of them.

It is computed anew, by autograd in float64, at the weights that the recording keeps. The
microscope shows how each number comes about, for the first units and rows of small networks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import RunError
from ..gradients.numeric import batch_of
from ..results.run import of_folder
from ..runs.folder import RunFolder
from .loss_around import LossAround
from .single_network import alone, make_workload


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordedGradient:
    """What one update of a run was given."""

    step: int
    """Which update: the gradient is that of the weights after ``step - 1`` of them."""
    loss: float
    piles_up: bool
    """Whether the run never clears gradients, and so used this on top of all before."""
    values: Mapping[str, NDArray[np.float64]]
    """By the name of the parameter."""


def gradient_of(
    folder: Path, step: int, member: int = 0, *, allow_code: bool = False
) -> RecordedGradient:
    """Return the gradient of a recorded update.

    Args:
        folder: The run's.
        step: Which update; where the weights before it were not kept, the last one before it
            whose were.
        member: Which network of a population.
        allow_code: Whether a network of one's own may be run.

    Raises:
        RunError: No weights were kept.
        CodeError: A network of one's own may not be run.
        DataError: The data is not there any more.
    """
    run = of_folder(RunFolder(folder), allow_code=allow_code, member=member)
    kept = run.history.snapshot(max(step, 1) - 1)
    if kept is None:
        raise RunError(
            f"{folder.name}: the recording holds no weights at this step: the network is too "
            "large for that"
        )
    spec = alone(run.experiment, member, "autograd")
    workload = make_workload(spec, torch.float64, kept.values[member], allow_code=allow_code)
    update = kept.step + 1
    gradient = LossAround(workload, update, batch_of(workload.batches.at(update), 0)).gradient()
    shapes = workload.layout.parameters
    ends = np.cumsum([0, *(math.prod(shape) for shape in shapes.values())]).tolist()
    return RecordedGradient(
        step=update,
        loss=gradient.loss,
        piles_up=not spec.train.zero_grad,
        values={
            name: gradient.values[start:stop].reshape(shape)
            for (name, shape), (start, stop) in zip(shapes.items(), pairwise(ends), strict=True)
        },
    )
