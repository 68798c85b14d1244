"""From a preset's ``data`` to the three sets: drawn, parted, made features of, scaled."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..randomness import generator
from .base import DataBase, Dataset, Examples
from .preprocessing import Preprocessing
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
    parts = raw_parts(spec, seed, dtype, shuffled=shuffled)
    fitted = _fitted(spec, parts[0], dtype)
    train, dev, test = (_prepared(spec, part, *fitted, dtype) for part in parts)
    sets = train, dev if len(dev) else None, test if len(test) else None
    return Dataset(*sets, *fitted)


def raw_parts(
    spec: DataBase, seed: int, dtype: Real = np.float32, *, shuffled: bool = True
) -> Parts:
    """Draw the data and part it, with its rows as they come: the inputs are codes."""
    return _parted(spec, _drawn(spec, seed, dtype), seed, shuffled)


def _drawn(spec: DataBase, seed: int, dtype: Real) -> Examples:
    """Return all rows: what is made up is made up in the network's own numbers."""
    whole = spec.draw(generator(seed, "data"))
    if spec.measured:
        return whole
    targets = whole.targets if spec.class_count else whole.targets.astype(dtype)
    # What is computed of them is rounded afterwards.
    inputs = whole.inputs if spec.features else whole.inputs.astype(dtype)
    return Examples(inputs, targets)


def _parted(spec: DataBase, whole: Examples, seed: int, shuffled: bool) -> Parts:
    if not spec.is_parted:
        return whole, whole.taken(slice(0)), whole.taken(slice(0))
    rows_of_sets = spec.rows_of_sets(generator(seed, "split").permutation(len(whole)))
    if not shuffled:
        rows_of_sets[0].sort()
    train, dev, test = map(whole.taken, rows_of_sets)
    return train, dev, test


def _fitted(spec: DataBase, train: Examples, dtype: Real) -> tuple[Preprocessing, Scaling]:
    """Return what the training set alone asks for."""
    made = Preprocessing.filled(spec.raw_columns, train.inputs, spec.computed_features)
    inputs = ColumnScaling.nothing(len(spec.input_names))
    if not len(train):
        return made.with_scaling(inputs), Scaling(inputs, None, made.computed)
    if spec.scale_inputs != "none":
        features = _with_features(spec, made, train, dtype).inputs
        inputs = ColumnScaling.fitted(features, spec.scale_inputs).only(made.numeric)
    targets = None
    if not spec.class_count:
        targets = ColumnScaling.fitted(train.targets, spec.scale_targets)
    return made.with_scaling(inputs), Scaling(inputs, targets, made.computed)


def _with_features(
    spec: DataBase, preprocessing: Preprocessing, part: Examples, dtype: Real
) -> Examples:
    """Return rows with their features, not scaled.

    Raises:
        DataError: One is no number for one of the rows.
    """
    given = preprocessing.encoded(part.inputs)
    if (computed := preprocessing.computed) is None:
        return Examples(given, part.targets)
    if wrong := computed.wrong(given):
        raise DataError(f"data.{wrong}")
    features = computed.of(given)
    return Examples(features if spec.measured else features.astype(dtype), part.targets, given)


def _prepared(
    spec: DataBase, part: Examples, preprocessing: Preprocessing, scaling: Scaling, dtype: Real
) -> Examples:
    made = _with_features(spec, preprocessing, part, dtype)
    targets = part.targets
    if scaling.targets is not None:
        targets = scaling.targets.apply(targets, dtype)
    return Examples(scaling.inputs.apply(made.inputs, dtype), targets, made.given)
