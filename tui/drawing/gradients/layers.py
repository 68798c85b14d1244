"""What is known of each layer at a step: its gradients, its weights, its units, its verdict.

``tui.drawing.gradients.table`` makes the table of it; nothing is drawn here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from engine.diagnosis.evidence import median, medians
from engine.recording.events import Header
from engine.recording.history import History
from engine.recording.member_spread import mean_of
from engine.recording.rows import Rows
from engine.recording.values import Values, are_unsaid
from engine.text.safe import plain

from ..members.crowd import Crowd, crowd_of
from ..members.labels import member_name

if TYPE_CHECKING:
    from engine.diagnosis import Verdict

SHARES = ("dead/", "saturated/")
"""What columns of shares begin with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRow:
    """One layer at one step. None is what was never measured; NaN was measured."""

    name: str
    shape: str = ""
    """Units in and out."""
    weight: float
    """Norm of the weights' gradient."""
    bias: float | None = None
    """Norm of the biases' gradient."""
    idle_bias: bool = False
    """Whether batch normalisation takes the biases out again: then ``bias`` is a rounding error."""
    norm: float | None = None
    """Norm of the weights themselves."""
    update: float | None = None
    """Norm of the last update, as a part of ``norm``."""
    dead: float | None = None
    """The share of units that never answer."""
    saturated: float | None = None
    """The share of units that hardly answer to a change."""
    verdict: Verdict | None = None
    """What the rules of the diagnosis say."""
    recent: Values
    """``weight`` over time, the greatest of each stretch; NaN where one was not finite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GradientTable:
    """Everything that the table shows."""

    layers: tuple[LayerRow, ...]
    kinds: frozenset[str]
    """Which columns of ``ORDER`` there is something for."""
    whole: float
    """Norm of all parameters' gradients together."""
    step: int = 0
    """The step whose gradients these are."""
    probe_step: int | None = None
    """The step of what is measured now and then; None before the first."""
    cursor: bool = False
    """Whether an earlier step is read."""
    member: int | None = 0
    """Which network; None for the medians over all of them."""
    members: int = 1
    name: str = ""
    """What the network is called, where there are several."""
    crowd: Crowd | None = None
    """The population, where all of it is shown."""

    @property
    def longest(self) -> int:
        """Cells of the longest name."""
        return max((cell_len(layer.name) for layer in self.layers), default=0)


Layers = Mapping[str, tuple[str, str | None]]
"""The names of each layer's weight and bias, by the layer's."""


def layers_of(header: Header) -> Layers:
    """Return each layer's weight and bias by name, as far as they have gradients, in their order.

    A parameter that is neither weight nor bias is a layer of its own.
    """
    trained = {
        column.removeprefix("grad_norm/")
        for column in header.columns.get("train", ())
        if column.startswith("grad_norm/")
    }
    layers: dict[str, tuple[str, str | None]] = {}
    for name in header.parameters:
        layer, _, kind = name.rpartition(".")
        if name not in trained or (kind == "bias" and layer in layers):
            continue
        if kind != "weight" or not layer:
            layer = name
        layers[layer] = (name, f"{layer}.bias" if f"{layer}.bias" in trained else None)
    return layers


def matched(runs: Sequence[Sequence[LayerRow]]) -> list[list[LayerRow | None]]:
    """Return the layers of several runs, those of one name in one line; None where a run has none.

    Lines stand in the order of the first run's layers, and what it does not have after what it
    follows. A run that has not one name of the first's is matched to it by position.
    """
    lines: dict[str, list[LayerRow | None]] = {}
    order: list[str] = []
    first = [layer.name for layer in runs[0]] if runs else []
    for index, layers in enumerate(runs):
        names = [layer.name for layer in layers]
        if first and not set(names) & set(first):
            names = [*first[: len(names)], *names[len(first) :]]
        place = 0
        for name, layer in zip(names, layers, strict=True):
            if name not in lines:
                lines[name] = [None] * len(runs)
                order.insert(place, name)
            lines[name][index] = layer
            place = order.index(name) + 1
    return [lines[name] for name in order]


def depth(layers: Sequence[LayerRow]) -> int:
    """Return how many layers there are, without the normalisations that are parts of them."""
    names = {layer.name for layer in layers}
    return sum(layer.name.rpartition(".")[0] not in names for layer in layers)


def read_layers(
    history: History,
    step: int,
    recent: Callable[[frozenset[str], int], int],
    *,
    member: int | None = 0,
    cursor: bool = False,
) -> GradientTable | None:
    """Return every layer at a step, or None where there are no gradients yet.

    Args:
        history: What is known of the run.
        step: The step that is read.
        recent: Says how many values ``LayerRow.recent`` may have, from which columns there are
            and how long names are.
        member: Which network; None for the medians over all of them.
        cursor: Whether the step is an earlier one than the newest.
    """
    rows, header = history.series.get("train"), history.header
    index = rows.row_at(step) if rows is not None else None
    if rows is None or header is None or index is None:
        return None
    layers = layers_of(header)
    if not layers and "grad_norm" not in rows.columns:
        return None
    probe = history.series.get("probe")
    from engine.diagnosis import verdicts as judge

    verdicts = judge(history, step, member)
    kinds = _kinds(layers, probe, verdicts)
    cells = recent(kinds, max(map(cell_len, map(plain, layers)), default=0))
    read, measured = _reader(rows, step, member), _reader(probe, step, member)
    layer_rows = [
        LayerRow(
            name=plain(layer),
            shape=_shape(weight, header.parameters[weight]),
            weight=_number(read(f"grad_norm/{weight}")),
            bias=read(f"grad_norm/{bias}") if bias else None,
            idle_bias=bias in header.idle_biases,
            norm=measured(f"weight_norm/{weight}"),
            update=measured(f"update_ratio/{weight}"),
            dead=measured(f"dead/{layer}"),
            saturated=measured(f"saturated/{layer}"),
            verdict=verdicts.get(layer),
            recent=_over_time(rows, f"grad_norm/{weight}", step, cells, member),
        )
        for layer, (weight, bias) in layers.items()
    ]
    at = probe.row_at(step) if probe is not None else None
    return GradientTable(
        layers=tuple(layer_rows),
        kinds=kinds,
        whole=_number(read("grad_norm")),
        step=rows.step_of(index),
        probe_step=probe.step_of(at) if probe is not None and at is not None else None,
        cursor=cursor,
        member=member,
        members=header.members,
        name="" if member is None or header.members == 1 else member_name(header, member),
        crowd=crowd_of(history, step) if member is None else None,
    )


def _kinds(layers: Layers, probe: Rows | None, verdicts: Mapping[str, Verdict]) -> frozenset[str]:
    """Return which columns there is something for; what is there from the start stays."""
    measured = {column.partition("/")[0] for column in (probe.columns if probe else ())}
    named = (("weight_norm", "norm"), ("update_ratio", "update"))
    kinds = {"dead", "saturated"} & measured | {kind for each, kind in named if each in measured}
    kinds |= {"bias"} if any(bias for _, bias in layers.values()) else set()
    return frozenset(kinds | ({"verdict", "word"} if verdicts else set()))


def _reader(rows: Rows | None, step: int, member: int | None) -> Callable[[str], float | None]:
    """Return what reads a column at a step: its newest value, or None where nothing was measured.

    Of all members it is the median, and of a share of units the mean, which is their share of all
    units.
    """
    index = rows.row_at(step) if rows is not None else None
    if rows is None or index is None:
        return lambda column: None
    columns = frozenset(rows.columns)

    def read(column: str) -> float | None:
        if column not in columns:
            return None
        if member is not None or rows.members == 1:
            # What a step does not use, as a generator in its critic's, is as it was used last.
            return rows.value(column, step, member)
        values = rows.across(column, index)
        return mean_of(values) if column.startswith(SHARES) else median(values)

    return read


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _over_time(rows: Rows, column: str, step: int, width: int, member: int | None) -> Values:
    """Return a column up to ``step`` in at most ``width`` values: the greatest of each stretch.

    Of all members it is the median at each stretch's end.

    Stretches end at multiples of their length, which has three digits in base 2 that count, so
    that they stay while steps are added.
    """
    number = (rows.row_at(step) or 0) + 1
    several = member is None and rows.members > 1
    if width < 1 or (number <= width and not several):
        values = rows.column(column, 0 if several else member, 0, number if width > 0 else 0)
        return values[~are_unsaid(values)]
    size = -(-number // width)
    unit = 1 << max(size.bit_length() - 3, 0)
    size = -(-size // unit) * unit
    if several:
        ends = np.minimum(np.arange(size, number + size, size), number) - 1
        return medians(rows.across(column, ends).T).astype(np.float32)
    stretches = rows.stretches(column, 0, number, size, member)
    # What is not finite is greater than anything else here, so it is not lost among many steps.
    values = np.where(stretches.nonfinite, np.float32(np.inf), stretches.high)
    return values[~np.isnan(values)]


def _shape(name: str, shape: list[int]) -> str:
    """Return a shape in words: what no layer calls its weight may lie either way round."""
    is_weight = name.rpartition(".")[2] == "weight" and len(shape) == 2
    return f"{shape[1]}→{shape[0]}" if is_weight else "×".join(map(str, shape))
