"""Which step of a run is its best, and how it came to be: one answer for every command.

    dev rows ── improvements ─► each new best: the step, the old value and the new
             └─ best_step ────► the last of them, as early stopping orders them

Early stopping decides while a run trains, and its result says what it decided. The rows of the dev
set say the same again, so that a run which is going on, was killed or diverged has a best step too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .events import Header
    from .history import History
    from .rows import Rows
    from .values import Values

Measured = Literal["accuracy", "loss", "off"]
"""Which measurement on the dev set decides; ``off`` where none does."""

NEVER_BETTER: Final = complex(-np.inf, -np.inf)
"""The score of what is no number, and of a member without a measurement."""


def scores(accuracy: Values | None, loss: Values) -> NDArray[np.complex128]:
    """Return measurements as numbers in the order of which is better.

    By accuracy the greater accuracy is better, and of equal ones the smaller loss; by loss the
    smaller. NumPy orders complex numbers by their real part and then by the imaginary one, which
    is just that. What is no number is never better than anything.

    Args:
        accuracy: The accuracies, of any shape; none where the loss alone decides.
        loss: The losses, of the same shape.
    """
    ranked = np.empty(loss.shape, np.complex128)
    with np.errstate(invalid="ignore"):
        ranked.real = -loss.astype(np.float64) if accuracy is None else accuracy
        ranked.imag = 0.0 if accuracy is None else np.where(np.isnan(loss), -np.inf, -loss)
    ranked[np.isnan(ranked.real) | (ranked.real == -np.inf)] = NEVER_BETTER
    return ranked


def decides(header: Header) -> Measured:
    """Return which measurement decides a run's best weights, from its recorded experiment."""
    columns = header.columns.get("dev", [])
    # Other programs' logs may have measured something else than the loss.
    if "loss" not in columns:
        return "off"
    asked = header.experiment.get("train", {}).get("keep_best")
    choices: tuple[Measured, ...] = ("accuracy", "loss", "off")
    for each in choices:
        if asked == each and each in (*columns, "off"):
            return each
    return "accuracy" if "accuracy" in columns else "loss"


def best_step(history: History, member: int = 0) -> int | None:
    """Return the step after which a member did best on the dev set; None where there is none.

    It is what the result says, where there is one that does. Of a run that is going on it is the
    best so far.

    Args:
        history: What is known of the run.
        member: Which network.
    """
    if history.header is None or decides(history.header) == "off":
        return None
    end = history.end
    stated = None if end is None else end.result.get("best_step")
    stated = stated[member] if isinstance(stated, list) else stated
    if isinstance(stated, int | float) and math.isfinite(stated) and stated > 0:
        return int(stated)
    if end is not None and end.status in ("finished", "stopped") and stated is not None:
        return None
    rows = history.series.get("dev")
    return None if rows is None else _best_of_rows(rows, decides(history.header), member)


def why_none(history: History) -> str:
    """Return why there is no best step, in a few words."""
    header = history.header
    if header is None or "dev" not in header.columns:
        return "there is no dev set"
    if "loss" not in header.columns["dev"]:
        return "there is no loss of the dev set"
    if decides(header) == "off":
        return 'train.keep_best = "off" keeps the last weights'
    return "no measurement on the dev set is a number" if history.end else "none is measured yet"


def _best_of_rows(rows: Rows, by: Measured, member: int) -> int | None:
    """Return the step of a member's best row, as ``scores`` orders them: the first of equal ones.

    A live picture asks for it again and again, of up to millions of rows: no score is made of all,
    and what is known of a whole page of rows is remembered.
    """
    best: _Best | None = None
    for start, stop in rows.ranges(0, rows.count):
        key = ("best", by, member, start, stop)
        if key not in rows.memo:
            candidate = _best_among(rows, by, member, start, stop)
            # The last part grows: what is known of it is not worth to be kept.
            if stop == rows.count:
                best = _better(best, candidate)
                break
            rows.memo[key] = candidate
        best = _better(best, rows.memo[key])
    return None if best is None else rows.step_of(best[1])


_Best = tuple[tuple[float, ...], int]
"""How good a row is, and which it is."""


def _better(one: _Best | None, other: _Best | None) -> _Best | None:
    """Return the better of two rows, of equal ones the first."""
    if one is None or other is None:
        return one or other
    return other if other[0] > one[0] else one


def _best_among(rows: Rows, by: Measured, member: int, start: int, stop: int) -> _Best | None:
    losses = rows.column("loss", member, start, stop)
    if by == "loss":
        least = np.fmin.reduce(losses, initial=np.inf)
        place = int((losses == least).argmax())
        return ((-float(least),), start + place) if least < np.inf else None
    accuracies = rows.column("accuracy", member, start, stop)
    greatest = np.fmax.reduce(accuracies, initial=-np.inf)
    if greatest == -np.inf:
        return None
    equal = np.flatnonzero(accuracies == greatest)
    each = scores(None, losses[equal])
    place = int(each.argmax())
    worth = float(greatest), float(each[place].real)
    return worth, start + int(equal[place])
