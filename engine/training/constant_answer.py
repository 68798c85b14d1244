"""What is known of the data before anything is trained: how large it is, and what one answer for
every row is worth.

A network that has learned nothing from its inputs can still say the same for every row: the mean,
the median or the shares of the classes. The loss of the best such answer is where learning begins.
Everything is found on the training part alone; what it loses on the dev set is then measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ..experiment.experiment import Experiment, Members
from ..step.batches import Batch
from ..step.class_weights import class_weights, row_weights
from ..step.evaluation import loss_function

RAREST = 1e-6
"""The least share that an answer gives to a class which the training set does not have."""


def constant_losses(members: Members, learned_from: Batch, judged: Batch) -> list[float]:
    """Return the loss of the best answer that is the same for every row, for each member.

    Args:
        members: Say which loss.
        learned_from: The rows on which the answer is found.
        judged: The rows on which it is measured.

    Returns:
        A number for each member; none where one is no finite number.
    """
    loss = loss_function(members)
    answers = list(_answers(members, learned_from.targets))
    there, here = (
        torch.stack([loss(_repeated(answer, batch), batch.targets) for answer in answers])
        for batch in (learned_from, judged)
    )
    # The answer that is best where one may learn, and what it loses where it is judged.
    losses: list[float] = here.gather(0, there.argmin(0)[None])[0].double().tolist()
    return [brief(each) for each in losses] if all(map(math.isfinite, losses)) else []


def shares(experiment: Experiment, targets: Tensor) -> list[list[float]]:
    """Return the share of each class in some rows, for each member."""
    flat = targets.flatten(1).long()
    # [members, classes]; members of other seeds have drawn other rows.
    # A member at a time, for bincount knows of no axes.
    counts = torch.stack(
        [torch.bincount(row, minlength=experiment.data.class_count) for row in flat]
    )
    class_shares = (counts.double() / flat.shape[1]).tolist()
    return [[brief(share) for share in row] for row in class_shares]


def size_of(values: Tensor) -> dict[str, float]:
    """Return how large the columns of some rows [members, rows, columns] are, of all members.

    Returns:
        The ``least`` and ``greatest`` number; the root of the mean square, ``rms``, over all
        numbers, and of the ``column`` that has the greatest; the ``narrowest`` and ``widest``
        standard deviation of a column. Empty where one is no finite number.
    """
    columns = values.double().flatten(0, 1)
    squares = columns.square().mean(0)
    spread = columns.std(0, correction=0)
    sizes = {
        "least": float(columns.min()),
        "greatest": float(columns.max()),
        "rms": float(squares.mean().sqrt()),
        "column": float(squares.argmax()),
        "column_rms": float(squares.max().sqrt()),
        "narrowest": float(spread.min()),
        "widest": float(spread.max()),
    }
    finite = all(map(math.isfinite, sizes.values()))
    return {name: brief(value) for name, value in sizes.items()} if finite else {}


def brief(value: float) -> float:
    """Return a number with the six digits that are worth recording."""
    return float(f"{value:.6g}")


def _answers(members: Members, targets: Tensor) -> Iterator[Tensor]:
    """Yield answers that are the same for every row, [members, 1, outputs], one of them the best.

    The mean is the best for squared errors and for probabilities, the median for absolute errors,
    an end of the margin for a hinge; between the two, one of them is near it.
    """
    loss, weights = members[0].loss, class_weights(members)
    if weights is not None:
        weights = weights.to(targets.device)
    if loss.targets == "classes":
        each = targets.double().mean(1)
        if not members[0].has_shares:
            each = torch.tensor(shares(members[0], targets), device=targets.device)
        each = each if weights is None else each * weights / (each * weights).sum(1, keepdim=True)
        # Logarithms of the shares: softmax makes the shares of them again.
        yield each.clamp(min=RAREST).log()[:, None]
        return
    rows = targets.double()
    mean = rows.mean(1, keepdim=True)
    if weights is not None:
        counts = row_weights(weights, targets)
        mean = (rows * counts).sum(1, keepdim=True) / counts.sum(1, keepdim=True)
    if loss.outputs == "logit":
        # The logit of the mean: sigmoid makes the mean of it again, which is the best probability.
        yield mean.clamp(RAREST, 1 - RAREST).logit()
        return
    if loss.outputs == "margin":
        yield from (torch.ones_like(mean), -torch.ones_like(mean))
        return
    yield mean
    if loss.targets == "numbers":
        yield rows.median(1, keepdim=True).values


def _repeated(answer: Tensor, batch: Batch) -> Tensor:
    """Return an answer for every row, in the numbers the loss wants."""
    whole = batch.targets.dtype if batch.targets.is_floating_point() else torch.float64
    return answer.to(whole).expand(-1, batch.targets.shape[1], -1)
