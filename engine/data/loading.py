"""From a preset's ``data`` to the three sets: drawn, parted, scaled."""

from __future__ import annotations

import numpy as np

from engine.data.base import DataBase, Dataset, Part
from engine.data.scaling import Columns, Scaling
from engine.randomness import generator


def load(spec: DataBase, seed: int) -> Dataset:
    """Draw an experiment's data, part it into train, dev and test, and scale it.

    The rows are shuffled before they are parted, and left in their order where they are not.

    Args:
        spec: The preset's ``data``.
        seed: The experiment's seed.
    """
    train, dev, test = _parted(spec, spec.draw(generator(seed, "data")), seed)
    scaling = _fitted(spec, train)
    return Dataset(
        _scaled(train, scaling),
        _scaled(dev, scaling) if len(dev) else None,
        _scaled(test, scaling) if len(test) else None,
        scaling,
    )


def _parted(spec: DataBase, whole: Part, seed: int) -> tuple[Part, Part, Part]:
    if spec.split is None:
        nothing = Part(whole.inputs[:0], whole.targets[:0])
        return whole, nothing, nothing
    order = generator(seed, "split").permutation(len(whole))
    first, second, third = np.cumsum(spec.sizes)
    train, dev, test = (
        Part(whole.inputs[rows], whole.targets[rows])
        for rows in (order[:first], order[first:second], order[second:third])
    )
    return train, dev, test


def _fitted(spec: DataBase, train: Part) -> Scaling:
    """Return the scaling that the training set alone asks for."""
    if not len(train):
        return Scaling(Columns.nothing(len(spec.input_names)), None)
    inputs = Columns.fitted(train.inputs, spec.scale_inputs)
    return Scaling(
        inputs, None if spec.classes else Columns.fitted(train.targets, spec.scale_targets)
    )


def _scaled(part: Part, scaling: Scaling) -> Part:
    targets = part.targets if scaling.targets is None else scaling.targets.apply(part.targets)
    return Part(scaling.inputs.apply(part.inputs), targets)
