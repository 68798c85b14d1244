"""What a row counts for by its class: ``loss.class_weights``.

a preset: numbers, or "balanced" ─► numbers, from each member's own training part ─► a row's
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..data import Examples
from ..errors import DataError
from ..experiment.experiment import Experiment, Members
from ..text.spelling import show


def weighted(members: Members, parts: Sequence[Examples]) -> list[Experiment]:
    """Return the members with numbers for class weights that are balanced.

    Args:
        members: What each is.
        parts: The training part of each.

    Raises:
        DataError: A class has no row in a training part.
    """
    return [
        _with_numbers(member, part) if member.loss.class_weights == "balanced" else member
        for member, part in zip(members, parts, strict=True)
    ]


def _with_numbers(member: Experiment, part: Examples) -> Experiment:
    names = member.data.target_names
    counts = np.bincount(part.targets, minlength=len(names))
    if not counts.all():
        name = show(names[int(counts.argmin())])
        raise DataError(
            f"loss.class_weights: no row of class {name} is in the training part, so nothing "
            "balances it; give numbers, or part the rows otherwise"
        )
    numbers = (len(part) / (len(names) * counts)).tolist()
    loss = member.loss.model_copy(update={"class_weights": numbers})
    return member.model_copy(update={"loss": loss})


def class_weights(members: Members) -> Tensor | None:
    """Return each member's weights, [members, classes]; None where every row counts the same."""
    weights = [member.loss.class_weights for member in members]
    if all(each is None for each in weights):
        return None
    ones = [1.0] * members[0].data.class_count
    return torch.tensor([ones if each is None else each for each in weights], dtype=torch.float64)


def row_weights(weights: Tensor, targets: Tensor) -> Tensor:
    """Return what each row counts for, of the shape of the targets.

    Args:
        weights: [members, classes], or [1, classes] for all of them.
        targets: Which class each row is of, [members, rows] or [members, rows, 1].
    """
    each = weights.expand(len(targets), -1)
    return each.gather(1, targets.flatten(1).long()).view(targets.shape)
