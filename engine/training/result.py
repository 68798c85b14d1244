"""The figures a run comes to, as its end records them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..experiment.experiment import Experiment
from ..step.batches import Batch
from ..step.evaluation import Evaluator, decided
from ..text.numbers import shortest
from .block import Outcome
from .data_sets import DataSets
from .stopping import EarlyStopping


class SetFigures:
    """What a network is worth on every set there is.

    Args:
        experiment: Says which figures.
        data: The sets.
        measure: Measures the network as it is.
    """

    def __init__(self, experiment: Experiment, data: DataSets, measure: Evaluator) -> None:
        self._experiment, self._data, self._measure = experiment, data, measure

    def of_members(self) -> dict[str, NDArray[Any]]:
        """Return loss and accuracy, or error in the data's units, on each set: [members] each.

        The accuracy of labels is the share of all of them that is right.
        """
        figures = {}
        for name, batch in self._data.sets.items():
            loss, accuracy = (each.cpu().numpy() for each in self._measure(batch))
            figures[f"{name}_loss"] = loss
            if self._experiment.has_accuracy:
                figures[f"{name}_accuracy"] = accuracy
                continue
            outputs = self._measure.outputs(batch.inputs)
            match self._experiment.data.target_kind:
                case "labels":
                    right = (outputs > self._experiment.loss.threshold()) == batch.targets
                    figures[f"{name}_accuracy"] = right.double().mean((1, 2)).cpu().numpy()
                case "numbers":
                    figures[f"{name}_rmse"] = self._data.rms_error(outputs, batch.targets)
        return figures

    def confusion(self) -> dict[str, list[list[int]]]:
        """Return how many rows of each true class of the last set were said to be of which class.

        Nothing of a population, or where there are no classes.
        """
        sets: list[Batch] = list(self._data.sets.values())
        if not (sets and self._experiment.has_accuracy and len(self._data.datasets) == 1):
            return {}
        classes, batch = self._experiment.data.class_count, sets[-1]
        said = decided(self._experiment, self._measure.outputs(batch.inputs)).flatten()
        true = batch.targets.flatten().long()
        # Pairs as one number: the row of the matrix is the true class, the column what was said.
        counts = torch.bincount(true * classes + said, minlength=classes * classes)
        return {"confusion": counts.view(classes, classes).tolist()}


def endings(stopping: EarlyStopping, outcome: Outcome | None, step: int) -> dict[str, Any]:
    """Return how each member ended, why, and at which step.

    Args:
        stopping: Which have ended by themselves.
        outcome: Why the run is over for the others, if it is.
        step: The last step.
    """
    # A member that ended by itself keeps its own reason; the others have the run's.
    outcomes = [each or outcome or Outcome("stopped", "") for each in stopping.outcomes]
    return {
        "statuses": [each.status for each in outcomes],
        "reasons": [each.reason for each in outcomes],
        "ended_at": np.minimum(stopping.ended_at, step).tolist(),
    }


def recorded(values: Tensor | NDArray[Any]) -> Any:
    """Return one number, or a list with one for each member, float32 as its shortest decimal."""
    single = isinstance(values, np.ndarray) and values.dtype == np.float32
    # 0.1 and not 0.10000000149: as many digits as float32 has.
    numbers = [shortest(value) for value in values] if single else values.tolist()
    return numbers[0] if len(numbers) == 1 else numbers
