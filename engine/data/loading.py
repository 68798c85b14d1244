"""From a preset's ``data`` to the three sets: drawn, parted, scaled."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..randomness import generator
from .base import DataBase, Dataset, Examples
from .scaling import ColumnScaling, Real, Scaling

Parts = tuple[Examples, Examples, Examples]
"""Train, dev and test."""


def load(spec: DataBase, seed: int, dtype: Real = np.float32, *, shuffled: bool = True) -> Dataset:
    """Draw an experiment's data, part it into train, dev and test, and scale it.

    The rows are shuffled before they are parted, and left in their order where they are not.

    Args:
        spec: The preset's ``data``.
        seed: The experiment's seed.
        dtype: What the network computes with: in float64 no number passes through float32.
        shuffled: Whether the training set stays shuffled; else it has the order of the data again.

    Raises:
        DataError: A feature is no number for one of the rows.
    """
    train, dev, test = _parted(spec, _drawn(spec, seed, dtype), seed, shuffled)
    scaling = _fitted(spec, train)
    train, dev, test = (_scaled(part, scaling, dtype) for part in (train, dev, test))
    return Dataset(train, dev if len(dev) else None, test if len(test) else None, scaling)


def _drawn(spec: DataBase, seed: int, dtype: Real) -> Examples:
    """Return all rows: what is made up is made up in the network's own numbers."""
    whole = _with_features(spec, spec.draw(generator(seed, "data")))
    if spec.measured:
        return whole
    targets = whole.targets if spec.class_count else whole.targets.astype(dtype)
    return Examples(whole.inputs.astype(dtype), targets, whole.given)


def _with_features(spec: DataBase, whole: Examples) -> Examples:
    """Return the rows with the features that are computed of them, where there are such."""
    if (features := spec.computed_features) is None:
        return whole
    if wrong := features.wrong(whole.inputs):
        raise DataError(f"data.{wrong}")
    return Examples(features.of(whole.inputs), whole.targets, whole.inputs)


def _parted(spec: DataBase, whole: Examples, seed: int, shuffled: bool) -> Parts:
    if spec.split is None:
        return whole, whole.taken(slice(0)), whole.taken(slice(0))
    order = generator(seed, "split").permutation(len(whole))
    if not shuffled:
        order[: spec.sizes[0]].sort()
    train, dev, test = map(whole.taken, np.split(order, np.cumsum(spec.sizes))[:3])
    return train, dev, test


def _fitted(spec: DataBase, train: Examples) -> Scaling:
    """Return the scaling that the training set alone asks for."""
    if not len(train):
        return Scaling(ColumnScaling.nothing(len(spec.input_names)), None, spec.computed_features)
    inputs = ColumnScaling.fitted(train.inputs, spec.scale_inputs)
    fitted = None if spec.class_count else ColumnScaling.fitted(train.targets, spec.scale_targets)
    return Scaling(inputs, fitted, spec.computed_features)


def _scaled(part: Examples, scaling: Scaling, dtype: Real) -> Examples:
    targets = part.targets
    if scaling.targets is not None:
        targets = scaling.targets.apply(targets, dtype)
    return Examples(scaling.inputs.apply(part.inputs, dtype), targets, part.given)
