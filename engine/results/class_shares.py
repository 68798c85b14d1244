"""What a network's outputs say of the classes: probabilities, whatever its loss has outputs be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..components.activations import ACTIVATIONS

if TYPE_CHECKING:
    from ..components.losses import LossBase


def class_shares(
    outputs: NDArray[np.float64], loss: LossBase | type[LossBase]
) -> NDArray[np.float64]:
    """Return the classes' probabilities, [rows, classes]; NaN where a network says no number.

    Args:
        outputs: [rows, outputs], as the output layer gives them.
        loss: What the network was trained by.
    """
    with np.errstate(all="ignore"):
        if loss.targets == "classes":
            if loss.outputs == "log_probabilities":
                return np.exp(outputs)
            return np.asarray(ACTIVATIONS["softmax"].numpy(outputs), np.float64)
        one = outputs[:, 0]
        if loss.outputs == "logit":
            one = np.asarray(ACTIVATIONS["sigmoid"].numpy(one), np.float64)
        if loss.outputs == "margin":
            # No probability, but how far it is on the way from one margin to the other.
            one = (one + 1) / 2
        one = np.where(np.isnan(one), np.nan, np.clip(one, 0, 1))
    return np.stack([1 - one, one], axis=1)


def each_share(
    outputs: NDArray[np.float64], loss: LossBase | type[LossBase]
) -> NDArray[np.float64]:
    """Return what outputs [rows, outputs] say where each of them is a label or a class's share.

    Args:
        outputs: As the output layer gives them.
        loss: What the network was trained by.
    """
    with np.errstate(all="ignore"):
        if loss.outputs == "logits":
            return np.asarray(ACTIVATIONS["softmax"].numpy(outputs), np.float64)
        if loss.outputs == "logit":
            return np.asarray(ACTIVATIONS["sigmoid"].numpy(outputs), np.float64)
    return (outputs + 1) / 2 if loss.outputs == "margin" else outputs
