"""A network that takes a row as it comes and answers in the units of the data.

    codes [rows, columns] ─► FromColumns ─► the network ─► InUnits, or Probabilities

What is learned from the training set, what stands for a missing value and how numbers are scaled,
is among its buffers. It is computed in float64, as ``predict`` does, and only then made the
network's numbers: a year or a price in cents is more than float32 has room for.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
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

    All columns go together: torch would take minutes to export some hundreds one by one.

    Args:
        preprocessing: What makes features of them.
        dtype: What the network computes with.
    """

    fill: Tensor
    """[columns]: the code that stands for a missing value, or NaN."""
    count: Tensor
    """[columns]: how many codes a category has, or NaN where it is none."""
    has_own: Tensor
    """[columns]: whether a missing value of a category is a value of its own."""
    source: Tensor
    """[features]: which column each is made of."""
    place: Tensor
    """[features]: the code that it is 1 for; NaN where it is no category's."""
    is_gap: Tensor
    """[features]: whether it is 1 where the value is missing."""
    shift: Tensor
    scale: Tensor

    def __init__(self, preprocessing: Preprocessing, dtype: torch.dtype) -> None:
        super().__init__()
        self._computed, self._dtype = preprocessing.computed, dtype
        columns, scaling = preprocessing.columns, preprocessing.scaling
        features = [(at, *each) for at, column in enumerate(columns) for each in _roles(column)]
        counts = [len(e.values) + e.rest if e.kind == "category" else math.nan for e in columns]
        source, place, is_gap = zip(*features, strict=True)
        made: dict[str, Any] = {
            "fill": [math.nan if each.fill is None else each.fill for each in columns],
            "count": counts,
            "place": place,
            "shift": scaling.shift,
            "scale": scaling.scale,
        }
        for name, numbers in made.items():
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.float64))
        self.register_buffer("has_own", torch.tensor([each.missing == "own" for each in columns]))
        self.register_buffer("source", torch.tensor(source))
        self.register_buffer("is_gap", torch.tensor(is_gap))

    def forward(self, codes: Tensor) -> Tensor:
        """Return [rows, features] for codes [rows, columns].

        A code is a number, or the place of a category's value among its values; of any other value
        their count, and NaN where there is none. What is said of a code that stands for nothing is
        NaN.
        """
        codes = codes.to(torch.float64)
        gaps = codes.isnan()
        filled = torch.where(gaps, self.fill, codes)
        is_code = (filled >= 0) & (filled < self.count) & (filled == filled.floor())
        stands = self.count.isnan() | is_code | (gaps & self.has_own)
        seen, gaps, stands = (each.index_select(1, self.source) for each in (filled, gaps, stands))
        features = torch.where(self.place.isnan(), seen, (seen == self.place).to(seen))
        features = torch.where(self.is_gap, gaps.to(seen), features)
        features = torch.where(stands, features, torch.nan)
        if self._computed is not None:
            features = computed(self._computed, features)
        return ((features - self.shift) / self.scale).to(self._dtype)


def _roles(column: RawColumn) -> Iterator[tuple[float, bool]]:
    """Yield for each feature of a column the code that it is 1 for, and whether it is of a gap."""
    if column.kind == "category":
        yield from ((float(place), False) for place in range(len(column.values) + column.rest))
        tells_gaps = column.missing == "own"
    else:
        yield math.nan, False
        tells_gaps = bool(column.indicator)
    if tells_gaps:
        yield math.nan, True


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
