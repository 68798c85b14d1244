"""One network with all that a method of getting gradients needs, outside a run.

What checks gradients and what takes an update apart want the same weights and the same batch
given to several methods. A population is stood for by its first member.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..data import load
from ..errors import RunError
from ..experiment.experiment import Experiment
from ..experiment.members import members_of
from ..gradients.method import Workload
from ..network.parameters import ParameterLayout
from ..network.trainable import make_network
from ..step.batches import batches_for, to_batch
from ..step.class_weights import weighted

CPU = torch.device("cpu")


def alone(experiment: Experiment, member: int = 0, gradients: str | None = None) -> Experiment:
    """Return one member of an experiment as an experiment of its own.

    Args:
        experiment: What it is part of.
        member: Which.
        gradients: How its gradients are computed, where that shall be otherwise.
    """
    single = members_of(experiment)[member].experiment
    if gradients is None:
        return single
    train = single.train.model_copy(update={"gradients": gradients})
    return single.model_copy(update={"train": train})


def make_workload(
    experiment: Experiment,
    dtype: torch.dtype,
    weights: ArrayLike | None = None,
    *,
    allow_code: bool = False,
) -> Workload:
    """Return one network on the CPU, with batches and without a dev set.

    Args:
        experiment: What is trained; no population.
        dtype: What it computes with.
        weights: Its parameters and buffers, [numbers] as in a recording; untrained where left out.
        allow_code: Whether a network of one's own may be run.

    Raises:
        CodeError: A network of one's own may not be run, or does not work.
        DataError: The data is not there any more.
        RunError: The weights are those of another network.
    """
    shaped, network, flat = make_network([experiment], CPU, dtype, allow_code=allow_code)
    layout = ParameterLayout(shaped, 1)
    if weights is not None:
        given = torch.tensor(np.array(weights), dtype=dtype)
        if given.shape != layout.positions[0].shape:
            raise RunError("the weights that are recorded are none of the experiment's network")
        flat[layout.positions[0]] = given
    train, real = experiment.train, getattr(np, experiment.train.dtype)
    part = load(experiment.data, train.seed, real, shuffled=train.shuffle).train
    [experiment] = weighted([experiment], [part])
    whole = to_batch(experiment, [part], CPU, dtype) if len(part) else None
    batches = batches_for([experiment], whole, CPU, dtype)
    return Workload([experiment], network, layout, flat, batches, None)
