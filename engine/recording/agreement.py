"""Does a header agree with itself? A number for each member, each output, each input.

Readers go through one of its fields and count by another. Each field may be what its type says
while the two are of different lengths, in a recording that was damaged or made up; they are held
against each other once, where the line is read, and no reader has to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Sized
from dataclasses import MISSING, fields, replace
from itertools import pairwise
from typing import Any, Final

from .events import Header

SETS: Final = 3
"""Train, dev and test."""


def agreeing(header: Header) -> Header:
    """Return a header without what disagrees with the rest of it.

    A field that does is as in a recording of before there was one. Then nobody knows what was
    trained, so that the experiment is left out as well: readers say so.

    Raises:
        ValueError: Its rows or its weights cannot be such, so that nothing would be left of it.
    """
    shapes = [*header.parameters.values(), *header.buffers.values()]
    if any(size < 0 for shape in shapes for size in shape):
        raise ValueError("the line is no header: its parameters have no such shapes")
    if any(len({*names}) < len(names) or not names for names in header.columns.values()):
        raise ValueError("the line is no header: two columns of a group have one name, or none")
    wrong = [name for name, agrees in _agreements(header).items() if not agrees]
    if not wrong:
        return header
    usual = {name: _USUAL[name] for name in wrong if name in _USUAL}
    return replace(header, experiment={}, **usual)


def _agreements(header: Header) -> Mapping[str, bool]:
    """Return whether each field agrees with those that say how many there must be."""
    members, targets = header.members, len(header.target_names)
    inputs, outputs = _sides(header)
    shifts = ("input_shift", "input_scale"), ("target_shift", "target_scale")
    scaling = header.scaling
    return {
        "parameters": _is_chain(header),
        "buffers": not {*header.parameters} & {*header.buffers},
        "variants": len(header.variants) in (0, members),
        "rows": len(header.rows) in (0, SETS) and min(header.rows, default=0) >= 0,
        "row_shape": min(header.row_shape, default=1) > 0,
        "steps": header.steps >= 0,
        "steps_per_epoch": header.steps_per_epoch >= 0,
        "input_names": not inputs or len(header.input_names) in (0, inputs),
        # Of two classes one output tells, and is one of two.
        "target_names": not outputs or targets in (0, outputs) or (targets, outputs) == (2, 1),
        "scaling": all(len(scaling.get(a, ())) == len(scaling.get(b, ())) for a, b in shifts),
        "target_range": _are_of(header.target_range, len(header.target_range), 2),
        "class_weights": _are_of(header.class_weights, members, targets),
        "constant_loss": all(len(each) == members for each in header.constant_loss.values()),
        "class_shares": all(
            _are_of(each, members, targets) for each in header.class_shares.values()
        ),
    }


def _are_of(table: Sequence[Sized], rows: int, columns: int) -> bool:
    """Whether a table is empty, or has so many rows of so many columns; of any number where 0."""
    sizes = {len(row) for row in table}
    return not table or (len(table) == rows and len(sizes) == 1 and columns in (0, *sizes))


def _matrices(header: Header) -> Mapping[str, Sequence[int]]:
    """Return the shape of the weights of each layer, from the input to the output.

    None where these do not say it: those of a network of one's own lie in an order of its own.
    """
    model = header.experiment.get("model")
    if model is None or model.get("kind", "mlp") != "mlp":
        return {}
    shapes = header.parameters.items()
    return {name: shape for name, shape in shapes if len(shape) > 1 and name.endswith(".weight")}


def _is_chain(header: Header) -> bool:
    """Whether each layer takes what the one before gives, and has a bias for each unit."""
    matrices = _matrices(header)
    for name, shape in matrices.items():
        bias = header.parameters.get(f"{name.removesuffix('weight')}bias")
        if bias is not None and bias != [shape[0]]:
            return False
    # What comes out of a convolution is as many numbers as its channels have places.
    pairs = pairwise(matrices.values())
    return all(before[0] and after[1] % before[0] == 0 for before, after in pairs)


def _sides(header: Header) -> tuple[int, int]:
    """Return how many numbers go into the network and come out, by its weights.

    0 each where these do not say it.
    """
    matrices = [*_matrices(header).values()]
    if not matrices:
        return 0, 0
    inputs = math.prod(header.row_shape) if header.row_shape else matrices[0][-1]
    return inputs, matrices[-1][0]


_USUAL: Final[Mapping[str, Any]] = {
    item.name: item.default if item.default_factory is MISSING else item.default_factory()
    for item in fields(Header)
    if (item.default, item.default_factory) != (MISSING, MISSING)
}
"""What every field is in a recording that does not have it."""
