"""The loss around some weights: whether a kink, or rounding, explains what differences say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ..gradients.method import Workload
from ..gradients.numeric import Differences
from ..step.batches import Batch
from ..step.evaluation import loss_function

BOUNDS: Final = {"manual": 1e-10, "numeric": 1e-6}
"""What a method may differ by in float64, of the whole gradient's norm."""

ROUNDING: Final = 1e-9
"""Below this share of the loss (at least 1) a difference of two losses in float64 resolves no
slope: their rounding, over the step between them."""

OTHERS: Final = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)
"""The shares of the usual step whose differences show whether any of them can be trusted."""

SCATTER: Final = (
    "smaller and larger steps give differences about as far apart, so the loss bends or is "
    "rounded too much there for any of them"
)

KINK: Final = (
    "at a kink, such as that of a ReLU at 0, where the loss has a slope on either side and "
    "autograd takes one of them"
)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gradient:
    """What one method gave."""

    loss: float
    values: Array
    """[parameters], those of all layers."""
    seconds: float


class LossAround:
    """The loss around some weights, as some rows see it."""

    def __init__(self, workload: Workload, step: int, batch: Batch) -> None:
        self._workload, self._step, self._batch = workload, step, batch
        self._differences = Differences(workload, 0)
        self._weights = self._differences.weights(workload.weights)

    def gradient(self) -> Gradient:
        """Return autograd's gradient there."""
        network, loss_of = self._workload.network, loss_function(self._workload.members)
        network.begin(self._step)
        loss = loss_of(network(self._batch.inputs), self._batch.targets).sum()
        parts = torch.autograd.grad(loss, list(network.learned), materialize_grads=True)
        values = torch.cat([part.flatten() for part in parts]).double().numpy()
        return Gradient(float(loss.detach()), values, 0.0)

    def differences(self, which: NDArray[np.int64], share: float = 1.0) -> Array:
        """Return the slope in some weights, by differences over a share of the usual step."""
        places = torch.from_numpy(which)
        slopes = self._differences.central(self._step, self._weights, self._batch, places, share)
        values: Array = slopes.numpy()
        return values

    def cause(self, which: NDArray[np.int64], apart: Array, reference: Gradient) -> str:
        """Return whether a kink, or what differences cannot resolve, explains how far they are.

        Args:
            which: The places of the weights.
            apart: How far differences and autograd are apart there.
            reference: Autograd's gradient.
        """
        exact, spare = reference.values[which], margin_of(reference)
        around = [self.differences(which, share) for share in OTHERS]
        scatters = np.ptp(around, axis=0) >= apart / 4
        place = self._step, self._weights, self._batch, torch.from_numpy(which)
        below, above = (each.numpy() for each in self._differences.slopes(*place))
        low, high = np.minimum(below, above), np.maximum(below, above)
        kinks = (low - spare <= exact) & (exact <= high + spare) & (high - low > 2 * spare)
        if scatters.all():
            return SCATTER
        return KINK if (scatters | kinks).all() else ""


def margin_of(gradient: Gradient) -> float:
    """Return by how much differences in float64 may miss a gradient."""
    return BOUNDS["numeric"] * norm_of(gradient.values) + ROUNDING * max(1.0, abs(gradient.loss))


def norm_of(values: Array) -> float:
    """Return the L2 norm, which squares cannot make 0 or infinite."""
    largest = float(np.abs(values).max(initial=0.0))
    if not (0 < largest < math.inf):
        return largest
    return largest * float(np.linalg.norm(values / largest))
