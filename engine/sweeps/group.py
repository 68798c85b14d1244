"""A group of trials: what one population trains, fixed once it is written down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TrialGroup:
    """The trials that are trained side by side."""

    number: int
    """Counted from 1; its folder is named after it."""
    trials: tuple[int, ...]
    """Their numbers, in the order of its members."""
    device: str = "cpu"
    """What it is trained on."""
    allow_code: bool = False
    """Whether a network of one's own may be run."""
    threads: int = 1
    """CPU threads of one operation: another number of them would round otherwise."""
    every: int = 1
    """Steps from one recorded row to the next."""
    rungs: tuple[tuple[int, float], ...] = ()
    """Steps, each with the loss beyond which a trial is ended there."""
