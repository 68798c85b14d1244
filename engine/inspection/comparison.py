"""How far the ways of getting a gradient are apart, and that in words: no torch here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from ..text.tables import aligned

REFERENCE: Final = "autograd"
"""What the others are held against."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far one parameter's gradient is from autograd's."""

    absolute: float
    """The largest difference of a number."""
    of_own: float
    """The same over the norm of the parameter's gradient."""
    of_all: float
    """The same over the norm of the whole gradient."""


@dataclass(frozen=True, kw_only=True)
class ParameterDifferences:
    """One parameter, or all of them."""

    name: str
    norm: float
    """Of autograd's gradient."""
    differences: dict[str, Difference]
    """By method."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What the differences of one method mean."""

    method: str
    holds: bool
    """Whether they are no more than its precision explains."""
    words: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All methods in one precision."""

    dtype: str
    step: int
    """Whose gradient it is."""
    loss: float
    rows: list[ParameterDifferences]
    """Every parameter, and last all of them."""
    seconds: dict[str, float]
    """What a step takes, by method."""
    refused: dict[str, str]
    """Why a method has no gradient, by method."""
    verdicts: list[Agreement]
    notes: list[str] = field(default_factory=list)
    """What else is worth knowing."""

    @property
    def holds(self) -> bool:
        """Whether all methods agree."""
        return all(verdict.holds for verdict in self.verdicts)


def text(comparison: Comparison) -> str:
    """Return a comparison as a table with its verdicts."""
    names = list(comparison.rows[0].differences)
    head, below = ["", "autograd"], ["parameter", "norm"]
    for name in names:
        head += [name, "", ""]
        below += ["differs by", "of own", "of all"]
    table = [head, below]
    for row in comparison.rows:
        cells = [row.name, _figure(row.norm)]
        for name in names:
            each = row.differences[name]
            cells += [_figure(each.absolute), _figure(each.of_own), _figure(each.of_all)]
        table.append(cells)
    times = ["time a step", _duration(comparison.seconds[REFERENCE])]
    for name in names:
        times += [_duration(comparison.seconds[name]), "", ""]
    table.append(times)
    title = f"{comparison.dtype}, step {comparison.step}: loss {comparison.loss:.6g}"
    lines = [title, "", *aligned(table, numbers=True), ""]
    lines += [f"{verdict.words}." for verdict in comparison.verdicts]
    lines += [f"{name}: none: {why}" for name, why in comparison.refused.items()]
    lines += [f"note: {note}." for note in comparison.notes]
    return "\n".join(lines)


def plain_object(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison for ``--json``: numbers that are not finite are null."""
    told = _finite(asdict(comparison))
    head = {key: told.pop(key) for key in ("dtype", "step", "loss")}
    return {**head, "holds": comparison.holds, "parameters": told.pop("rows"), **told}


def _finite(value: Any) -> Any:
    """Return a value with null for each number in it that is not finite."""
    match value:
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list():
            return [_finite(each) for each in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _figure(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.1e}" if not 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.2g} µs"
