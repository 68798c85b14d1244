"""What curves can show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from engine.recording.naming import OTHER, role_of

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.recording.rows import Rows

Quantity = str
"""What the curves show: a column."""

QUANTITIES: Final[tuple[Quantity, ...]] = ("loss", "accuracy", "lr", "grad_norm")
"""What every run may have, in the order in which a key goes through them."""

_ROLES: Final = ("train", "dev", "test", OTHER)
"""Which rows a run from elsewhere may have curves of, the most important first."""


def quantities_of(history: History | None) -> tuple[Quantity, ...]:
    """Return what the curves of a run can show; of one from elsewhere every column."""
    if history is None or history.header is None:
        return QUANTITIES
    rows = history.series.get("train")
    if not history.header.is_foreign:
        return tuple(name for name in QUANTITIES if rows and name in rows.columns) or ("loss",)
    columns = [name for _, rows in _drawn(history) for name in rows.columns]
    names = [*(name for name in QUANTITIES if name in columns), *columns]
    return tuple(dict.fromkeys(names)) or ("loss",)


def rows_with(history: History, quantity: Quantity) -> Iterator[tuple[str, Rows]]:
    """Yield the groups that have curves of a quantity, each with what its curve is called."""
    for role, rows in _drawn(history):
        if quantity in rows.columns:
            yield (quantity if role == OTHER else role), rows


def _drawn(history: History) -> Iterator[tuple[str, Rows]]:
    """Yield the groups that are drawn, with their roles."""
    foreign = history.header is not None and history.header.is_foreign
    for role in _ROLES if foreign else _ROLES[:2]:
        for group, rows in history.series.items():
            if role_of(group) == role:
                yield role, rows


def top_of(history: History, quantity: Quantity) -> float | None:
    """Return a value that an axis never goes beyond; others may write an accuracy in per cent."""
    foreign = history.header is not None and history.header.is_foreign
    return 1.0 if quantity == "accuracy" and not foreign else None
