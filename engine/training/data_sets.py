"""A run's data on its device, and what a header says of it before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data import load
from ..data.scaling import Scaling
from ..data.unseen import notices_of
from ..experiment.experiment import Members
from ..step.batches import Batch, to_batch
from ..step.class_weights import class_weights, weighted
from .constant_answer import brief, constant_losses, shares, size_of
from .probe import fixed_rows


class DataSets:
    """The training, dev and test set of all members, as far as there are such.

    Args:
        members: Each says what its data is.
        device: Where the tensors go.
        dtype: What the network computes with.
    """

    def __init__(self, members: Members, device: torch.device, dtype: torch.dtype) -> None:
        self._experiment: Final = members[0]
        real = getattr(np, self._experiment.train.dtype)
        self.datasets: Final = [
            load(each.data, each.train.seed, real, shuffled=each.train.shuffle) for each in members
        ]
        """What each member learns from: members of other seeds have drawn other rows."""
        self.members: Final = weighted(members, [dataset.train for dataset in self.datasets])
        """What each is, with what it takes from its own training part."""
        self.sets: Final[dict[str, Batch]] = {}
        """``train``, ``dev`` and ``test``; none for train where every step draws fresh rows."""
        for name in ("train", "dev", "test"):
            # Members differ in numbers alone: where one has a set, all have, of as many rows.
            parts = [getattr(dataset, name) for dataset in self.datasets]
            if parts[0] is not None and len(parts[0]):
                self.sets[name] = to_batch(self._experiment, parts, device, dtype)
        self.typical: Final = fixed_rows(members, self.sets.get("train"), device, dtype)
        """A few rows that stand for the data, the same all along."""

    @property
    def learned_from(self) -> Batch:
        """The training set, or rows like those that every step draws."""
        return self.sets.get("train", self.typical)

    @property
    def scaling(self) -> Scaling:
        """How the data was scaled: the first member's, where each has its own."""
        return self.datasets[0].scaling

    @property
    def notices(self) -> list[str]:
        """What somebody should know of the rows, in a sentence each: of the first member's."""
        return notices_of(self._experiment.data, self.datasets[0])

    @property
    def raw_columns(self) -> list[Mapping[str, Any]]:
        """The columns of which features are made, as a header has them; none that are their own."""
        preprocessing = self.datasets[0].preprocessing
        return [] if preprocessing.is_plain else [*preprocessing.plain_columns()]

    @property
    def target_range(self) -> list[list[float]]:
        """The least and the greatest of each target, as the loss sees them; none for classes."""
        if self._experiment.data.target_kind != "numbers":
            return []
        targets = self.learned_from.targets
        # [outputs, 2], over all members and rows: it is held against what an output can say.
        ends = torch.stack([targets.amin((0, 1)), targets.amax((0, 1))], dim=-1)
        ranges: list[list[float]] = ends.tolist()
        return ranges if ends.isfinite().all() else []

    def facts(self) -> dict[str, Any]:
        """Return what a header says of the data: its size, and the worth of a constant answer."""
        experiment, learned = self._experiment, self.learned_from
        kind = experiment.data.target_kind
        sets = {"train": learned} | {name: self.sets[name] for name in ["dev"] if name in self.sets}
        losses = {
            name: constant_losses(self.members, learned, batch) for name, batch in sets.items()
        }
        if experiment.loss.reduction == "sum":
            # A step's loss is the sum over its own rows alone.
            share = experiment.batch_rows / learned.targets.shape[1]
            # So that a step's loss and this one are of as many rows, and can be compared.
            losses["train"] = [brief(loss * share) for loss in losses["train"]]
        classes, weights = sets if experiment.has_accuracy else {}, class_weights(self.members)
        return {
            "class_weights": [] if weights is None else weights.tolist(),
            "input_size": size_of(learned.inputs),
            "target_size": size_of(learned.targets) if kind == "numbers" else {},
            "constant_loss": {name: each for name, each in losses.items() if each},
            "class_shares": {
                name: shares(experiment, each.targets) for name, each in classes.items()
            },
        }

    def rms_error(self, outputs: Tensor, targets: Tensor) -> NDArray[np.float64]:
        """Return the root mean square error in the units of the data, [members].

        Args:
            outputs: What the network says, [members, rows, outputs].
            targets: What was to be said, [members, rows, outputs].
        """
        scalings = [dataset.scaling for dataset in self.datasets]
        said, true = (
            np.stack([scale.to_original(rows) for scale, rows in zip(scalings, part, strict=True)])
            for part in (outputs.cpu().numpy(), targets.cpu().numpy())
        )
        # Over rows and outputs; in the data's units, which those of scaled targets tell nobody.
        error: NDArray[np.float64] = np.sqrt(np.square(said - true).mean(axis=(1, 2)))
        return error
