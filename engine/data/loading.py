"""From a preset's ``data`` to the three sets: drawn, parted, scaled."""

from __future__ import annotations

import numpy as np

from ..randomness import generator
from .base import DataBase, Dataset, Part
from .scaling import Columns, Real, Scaling


def load(spec: DataBase, seed: int, dtype: Real = np.float32) -> Dataset:
    """Draw an experiment's data, part it into train, dev and test, and scale it.

    The rows are shuffled before they are parted, and left in their order where they are not.

    Args:
        spec: The preset's ``data``.
        seed: The experiment's seed.
        dtype: What the network computes with: in float64 no number passes through float32.
    """
    train, dev, test = _parted(spec, _drawn(spec, seed, dtype), seed)
    scaling = _fitted(spec, train)
    return Dataset(
        _scaled(train, scaling, dtype),
        _scaled(dev, scaling, dtype) if len(dev) else None,
        _scaled(test, scaling, dtype) if len(test) else None,
        scaling,
    )


def _drawn(spec: DataBase, seed: int, dtype: Real) -> Part:
    """Return all rows: what is made up is made up in the network's own numbers."""
    whole = spec.draw(generator(seed, "data"))
    if spec.measured:
        return whole
    targets = whole.targets if spec.classes else whole.targets.astype(dtype)
    return Part(whole.inputs.astype(dtype), targets)


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


def _scaled(part: Part, scaling: Scaling, dtype: Real) -> Part:
    targets = part.targets
    if scaling.targets is not None:
        targets = scaling.targets.apply(targets, dtype)
    return Part(scaling.inputs.apply(part.inputs, dtype), targets)
