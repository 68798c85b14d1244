"""What a preset says of a sweep: which keys take which values, and with how many seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from ..components.section import Section
from .training import VariedValue

MAX_TRIALS: Final = 100_000
"""Networks that a sweep trains at most."""


class Sweep(Section):
    """A table of settings: every one is trained with several seeds, and then compared."""

    grid: dict[str, Annotated[list[VariedValue], Field(min_length=1)] | str] = Field(
        default={}, max_length=20
    )
    """Keys of the preset, each with its values, as in ``{ "optimizer.lr" = [0.01, 1],
    "model.hidden" = [[5], [5, 3]] }``, or with a range of them: ``"1e-4..1e-1 log 7"``,
    ``"0..1 lin 5"``. Every combination is trained; any key may be one of them."""
    seeds: Annotated[int, Field(ge=1, le=MAX_TRIALS)] = 1
    """How many networks each setting trains, each with the next seed, from ``train.seed`` on."""
    random: Annotated[int, Field(ge=1, le=MAX_TRIALS)] | None = None
    """In place of every combination, so many drawn at random: from lists, or from ranges such as
    ``"1e-4..1e-1 log"``, which need not say how many values they have."""
    search: Literal["tpe"] | None = None
    """In place of every combination, settings that are asked for as results come, by Optuna:
    ``"tpe"``, the tree-structured Parzen estimator (Bergstra 2011). What it makes small is the
    loss on the dev set, the mean over seeds (on the training set, where there is no other)."""
    trials: Annotated[int, Field(ge=1, le=MAX_TRIALS)] = 50
    """How many settings a search tries."""
    prune: bool = False
    """Whether a search ends networks early that at a quarter or at half of their length have a
    greater loss than half of the settings before. In a population they are computed on: time is
    saved where all of a group are ended."""

    def _problems(self) -> Iterator[str]:
        if self.search and self.random:
            yield "set random or search, not both"
        if self.prune and not self.search:
            yield "prune: only a search ends networks early; set search"
