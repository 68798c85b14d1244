"""Populations made by hand, for the tests of what shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.recording.events import Header, Series
from engine.recording.history import History
from tests.tapes import COLUMNS, header

Ends = Mapping[int, int]
"""The step at which a member ends, by the member."""


def rows_of(
    members: int, steps: int, diverge: Ends | None = None, held: Ends | None = None
) -> np.ndarray:
    """Return train rows, [columns, steps, members]: member m's loss is (m + 1) / step."""
    values = np.ones((len(COLUMNS["train"]), steps, members), np.float32)
    values[0] = (1 + np.arange(members))[None] / np.arange(1, steps + 1)[:, None]
    values[1] = 0.5 + np.arange(members)[None] / (2 * members)
    values[2] = 0.1
    for member, step in (diverge or {}).items():
        values[0, step - 1, member] = np.inf
        values[:, step:, member] = np.nan
    for member, step in (held or {}).items():
        values[:, step:, member] = np.nan
    return values


def header_of(members: int, **changes: Any) -> Header:
    """Return the header of a population whose seeds begin at 102."""
    seeds = list(range(102, 102 + members))
    variants = [{"train.seed": seed} for seed in seeds]
    return header(**{"seeds": seeds, "variants": variants, "steps": 100, **changes})


def population(
    members: int = 4,
    steps: int = 20,
    diverge: Ends | None = None,
    held: Ends | None = None,
    dead: tuple[int, ...] = (),
    **changes: Any,
) -> History:
    """Return what is known of a population.

    Args:
        members: How many networks.
        steps: Steps that are done.
        diverge: Members whose loss is infinite at a step, and NaN from then on.
        held: Members that ended in good order after a step.
        dead: Members whose gradients are all 0.
        changes: What differs in the header.
    """
    history = History()
    history.add(header_of(members, **changes))
    values = rows_of(members, steps, diverge, held)
    values[3:, :, list(dead)] = 0
    history.add(Series(group="train", first=1, values=values))
    history.add(Series(group="dev", first=1, values=values[:2] * np.float32(2)))
    return history
