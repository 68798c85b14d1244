"""Where runs differ at a step, in words.

    layer1: 1.80e-11 against 1.24e-8, 690 times.
    They agree to 3e-7 in every gradient.
    They start from the same weights, and their losses part at step 1.

Nothing here knows colours or widths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...style.numbers import count, exponent, figure
from ..gradients.layers import LayerRow, depth, matched
from .parting import TOLERANCE
from .racers import Racer

AGREEMENT: Final = 1e-3
"""The part of its size by which a gradient may differ and still be called the same."""

WIDER: Final = 10.0
"""How many times as far as the first layer that differs another must be apart to be named too."""


@dataclass(frozen=True)
class RaceSentence:
    """A sentence about a race."""

    words: str
    about: int | None = None
    """Which run it is about; None for all of them."""
    is_trouble: bool = False


def sentences(runs: Sequence[Racer], infinity: str = "inf") -> tuple[RaceSentence, ...]:
    """Return where runs differ from the first, what matters most first."""
    if len(runs) < 2:
        return ()
    several = len(runs) > 2
    all_said = [RaceSentence(held(runs), is_trouble=True)]
    for index, other in enumerate(runs[1:], 1):
        words = gradients(runs[0], other, infinity)
        all_said.append(RaceSentence(words, index if several else None))
    all_said.append(RaceSentence(past(runs)))
    return tuple(said for said in all_said if said.words)


def held(runs: Sequence[Racer]) -> str:
    """Return which runs are shown at an earlier step than the others, and why."""
    behind = [f"{run.label} {run.held}" for run in runs if run.held]
    if len(behind) < 2:
        return f"{behind[0]} and is held there." if behind else ""
    return f"{', '.join(behind)}: each is held there."


def gradients(first: Racer, other: Racer, infinity: str = "inf") -> str:
    """Return which layer's gradients part first from the input on, or how well all agree."""
    pairs = list(_pairs(first.layers, other.layers))
    if not pairs:
        return ""
    depths = depth(first.layers), depth(other.layers)
    deeper = f" {depths[0]} layers against {depths[1]}." if depths[0] != depths[1] else ""
    farthest = max(apart(one, two) for _, one, two in pairs)
    if farthest == 0:
        return f"Every gradient is the same to the last digit.{deeper}"
    if farthest <= AGREEMENT:
        return f"They agree to {exponent(farthest, 0)} in every gradient.{deeper}"
    here = next(pair for pair in pairs if apart(pair[1], pair[2]) > AGREEMENT)
    widest = max(pairs, key=lambda pair: factor(pair[1], pair[2]))
    words = _against(here, infinity)
    if factor(*widest[1:]) > WIDER * factor(*here[1:]):
        words += f" Farthest apart {_against(widest, infinity)}"
    return words + deeper


Pair = tuple[str, float, float]
"""What is compared, and its two values."""


def _pairs(ours: Sequence[LayerRow], theirs: Sequence[LayerRow]) -> Iterator[Pair]:
    """Yield every gradient that both have, from the input on."""
    for one, two in matched([ours, theirs]):
        if one is None or two is None:
            continue
        name = " / ".join(dict.fromkeys((one.name, two.name)))
        yield name, one.weight, two.weight
        idle = one.idle_bias or two.idle_bias
        if one.bias is not None and two.bias is not None and not idle:
            yield f"{name} biases", one.bias, two.bias


def _against(pair: Pair, infinity: str) -> str:
    name, one, two = pair
    values = f"{_value(one, infinity)} against {_value(two, infinity)}"
    far = factor(one, two)
    return f"{name}: {values}, {times(far)}." if math.isfinite(far) else f"{name}: {values}."


def _value(value: float, infinity: str) -> str:
    return "exactly 0" if value == 0 else figure(value, 3, infinity)


def apart(one: float | None, two: float | None) -> float:
    """Return how far apart two values are, as a part of the greater: 0 for the same, 1 at most.

    What is not finite, and what only one of them has, is infinitely far from everything else.
    """
    if one is None or two is None:
        return 0.0 if one is two else math.inf
    if one == two or (math.isnan(one) and math.isnan(two)):
        return 0.0
    if not (math.isfinite(one) and math.isfinite(two)):
        return math.inf
    return abs(one - two) / max(abs(one), abs(two))


def factor(one: float, two: float) -> float:
    """Return how many times the smaller the greater is; infinite where one is no size."""
    if apart(one, two) == 0:
        return 1.0
    low, high = sorted((abs(one), abs(two)))
    return high / low if math.isfinite(one) and math.isfinite(two) and low > 0 else math.inf


_LARGE: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
_ROUND: Final = {"1": "a", "10": "ten", "100": "a hundred"}
"""How a round number of thousands, millions … is said."""


def times(far: float) -> str:
    """Return a factor as one says it: ``1.3 times``, ``690 times``, ``a hundred million times``."""
    if far >= 9.5e14:
        return f"{exponent(far, 0)} times"
    rounded = float(f"{far:.1e}")
    # 97 million are a hundred million, to whoever hears it.
    coarse = float(f"{far:.0e}")
    rounded = coarse if abs(coarse - far) <= 0.05 * far and far >= 1e3 else rounded
    for size, name in _LARGE:
        if rounded >= size:
            number = rounded / size
            return f"{_ROUND.get(f'{number:g}', f'{number:g}')} {name} times"
    return f"{rounded:g} times" if rounded >= 1.05 else f"{far:.4g} times"


def past(runs: Sequence[Racer]) -> str:
    """Return whether runs began alike, and since when their losses are no longer the same."""
    words = ", and ".join([part for part in (_start(runs), _losses(runs)) if part])
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _start(runs: Sequence[Racer]) -> str:
    alike = [run.starts_alike for run in runs[1:]]
    if None in alike:
        return ""
    if all(alike):
        return "they start from the same weights"
    if len(alike) == 1 or not any(alike):
        return "they start from different weights"
    others = [run.label for run in runs[1:] if not run.starts_alike]
    return f"{_listed(others)} {'start' if len(others) > 1 else 'starts'} from other weights"


def _losses(runs: Sequence[Racer]) -> str:
    others = [run for run in runs[1:] if run.loss is not None]
    if not others or runs[0].loss is None:
        return ""
    steps = dict.fromkeys(run.parted for run in others)
    if len(steps) == 1:
        return f"their losses {_parting(runs[0], others[0])}"
    parts = []
    for step in steps:
        alike = [run for run in others if run.parted == step]
        parts.append(f"{_listed([run.label for run in alike])} {_parting(runs[0], alike[0])}")
    return f"beside {runs[0].label} the losses of {', of '.join(parts)}"


def _parting(first: Racer, other: Racer) -> str:
    if other.parted is not None:
        return f"part at step {count(other.parted)}"
    which = "so far" if first.step == other.step else "that both have"
    return f"agree to {exponent(TOLERANCE, 0)} at every step {which}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
