"""A network that takes a row as it comes and answers in the units of the data.

    codes [rows, columns] ─► FromColumns ─► the network ─► InUnits, or Probabilities

What is learned from the training set, what stands for a missing value and how numbers are scaled,
is among its buffers. It is computed in float64, as ``predict`` does, and only then made the
network's numbers: a year or a price in cents is more than float32 has room for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from ..components.expressions import CONSTANTS, FUNCTIONS
from ..data.features import Features
from ..data.preprocessing import Preprocessing, RawColumn
from ..data.scaling import ColumnScaling

_KNOWN: Final[dict[str, Any]] = {
    **{name: getattr(torch, name) for name in FUNCTIONS},
    **{name: torch.tensor(value, dtype=torch.float64) for name, value in CONSTANTS.items()},
}
"""What a name stands for in every expression."""


class FromColumns(nn.Module):
    """Columns as they come, as the network was trained on them.

    Args:
        preprocessing: What makes features of them.
        dtype: What the network computes with.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, preprocessing: Preprocessing, dtype: torch.dtype) -> None:
        super().__init__()
        self._preprocessing, self._dtype = preprocessing, dtype
        self.register_buffer("shift", torch.tensor(preprocessing.scaling.shift))
        self.register_buffer("scale", torch.tensor(preprocessing.scaling.scale))

    def forward(self, codes: Tensor) -> Tensor:
        """Return [rows, features] for codes [rows, columns].

        A code is a number, or the place of a category's value among its values; of any other value
        their count, and NaN where there is none.
        """
        codes, columns = codes.to(torch.float64), self._preprocessing.columns
        features = torch.cat(
            [encoded(column, codes[:, place]) for place, column in enumerate(columns)], dim=1
        )
        if (expressions := self._preprocessing.computed) is not None:
            features = computed(expressions, features)
        return ((features - self.shift) / self.scale).to(self._dtype)


def encoded(column: RawColumn, codes: Tensor) -> Tensor:
    """Return a column's codes [rows] as its features [rows, features], not scaled."""
    gaps = codes.isnan()
    filled = codes if column.fill is None else torch.where(gaps, column.fill, codes)
    if column.kind != "category":
        return torch.stack([filled, *([gaps.to(filled)] if column.indicator else [])], dim=1)
    places = torch.arange(len(column.values) + column.rest, dtype=filled.dtype)
    hits = (filled[:, None] == places).to(filled.dtype)
    own = column.missing == "own"
    # A code that stands for nothing is no row of zeros: what is said of it is NaN.
    nothing = (hits.sum(dim=1) == 0) & ~(gaps & own)
    hits = torch.where(nothing[:, None], torch.nan, hits)
    return torch.cat([hits, gaps[:, None].to(hits)], dim=1) if own else hits


def computed(expressions: Features, rows: Tensor) -> Tensor:
    """Return expressions [rows, features] of inputs [rows, inputs]."""
    names = {name: rows[:, place] for name, place in expressions.places.items()}
    values = [
        each.among({**_KNOWN, **names}, lambda value: torch.tensor(value, dtype=rows.dtype))
        for each in expressions.expressions
    ]
    # An expression may be a number, the same for every row.
    return torch.stack([value.expand(rows.shape[0]) for value in values], dim=1)


class InUnits(nn.Module):
    """Outputs in the units of the data.

    Args:
        scaling: How the targets were scaled.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, scaling: ColumnScaling) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(scaling.shift))
        self.register_buffer("scale", torch.tensor(scaling.scale))

    def forward(self, outputs: Tensor) -> Tensor:
        """Return [rows, outputs], in float64."""
        return outputs.to(torch.float64) * self.scale + self.shift


class Probabilities(nn.Module):
    """Outputs as probabilities.

    Args:
        link: What makes them of the outputs: ``softmax``, ``sigmoid``, or ``none``.
        is_pair: Whether the one output is of the second of two classes.
    """

    def __init__(self, link: str, *, is_pair: bool) -> None:
        super().__init__()
        self._link, self._is_pair = link, is_pair

    def forward(self, outputs: Tensor) -> Tensor:
        """Return [rows, classes or labels], in float64."""
        said = outputs.to(torch.float64)
        match self._link:
            case "softmax":
                said = said.softmax(dim=1)
            case "sigmoid":
                said = said.sigmoid()
        return torch.cat([1 - said, said], dim=1) if self._is_pair else said


def in_units(scaling: ColumnScaling | None) -> InUnits | None:
    """Return what brings outputs into the units of the data; none where they are in them."""
    return None if scaling is None or scaling.changes_nothing else InUnits(scaling)


def raw_network(
    network: nn.Module,
    *,
    preprocessing: Preprocessing | None,
    row: Sequence[int],
    answer: nn.Module | None,
) -> nn.Module:
    """Return a network with what comes before it and behind it, in evaluation mode.

    Args:
        network: The network; its modules keep their names where it is a row of them.
        preprocessing: What makes its inputs; none where a row is its inputs.
        row: The shape of a row as it takes one; empty where that is flat.
        answer: What is made of its outputs; none where they are the answer.
    """
    dtype = next(network.parameters()).dtype
    before = {} if preprocessing is None else {"columns": FromColumns(preprocessing, dtype)}
    shaped = {"row": nn.Unflatten(1, [*row])} if row else {}
    inner = dict(network.named_children()) if isinstance(network, nn.Sequential) else {}
    after = {} if answer is None else {"answer": answer}
    if not {**before, **shaped, **after}:
        return network
    named = {**before, **shaped, **(inner or {"network": network}), **after}
    return nn.Sequential(OrderedDict(named)).eval()
