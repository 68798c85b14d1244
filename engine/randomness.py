"""Where every random number comes from: (seed, purpose, counter), never how many came before.

One generator per purpose means that evaluating consumes nothing, that resuming is a counter,
and that a member of a population draws what it would draw alone.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

Purpose = Literal["data", "split", "init", "order", "fresh", "dropout", "probe"]

_PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
"""Their places are part of every recording's meaning: append, never insert."""


def derive_seed(seed: int, purpose: Purpose, counter: int = 0) -> int:
    """Return the 63-bit seed of one stream, for ``torch.Generator.manual_seed``."""
    return int(_sequence(seed, purpose, counter).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator(seed: int, purpose: Purpose, counter: int = 0) -> np.random.Generator:
    """Return numpy's generator of one stream."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, purpose, counter)))


def _sequence(seed: int, purpose: Purpose, counter: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(_PURPOSES.index(purpose), counter))
