"""Numbers and names as a diagnosis writes them: briefly."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence


def number(value: float, digits: int = 2) -> str:
    """Return a number with few digits: ``4e-6``, ``0.026``, ``4500``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        # Whole numbers keep all their digits; beyond the point, only those that count.
        rounded = float(f"{value:.{digits}g}")
        return f"{rounded:.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    whole = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{whole}e{int(exponent)}"


def percent(share: float) -> str:
    """Return a share as per cent, without ever rounding up to all of it."""
    return f"{min(math.floor(share * 100 + 0.5), 99 if share < 1 else 100)} %"


def layer_name(layer: str) -> str:
    """Return what to call a layer: ``layer 3``, or its own name where it has one."""
    counted = re.fullmatch(r"layer(\d+)", layer)
    return f"layer {counted[1]}" if counted else layer


def layer_names(layers: Sequence[str]) -> str:
    """Return what to call several: ``layer 2``, ``layers 1 and 2``, ``layers 1 to 4``."""
    names = [layer_name(layer).removeprefix("layer ") for layer in layers]
    if len(names) == 1:
        return layer_name(layers[0])
    if len(names) > 2 and all(name.isdigit() for name in names):
        first, last = int(names[0]), int(names[-1])
        if last - first == len(names) - 1:
            return f"layers {first} to {last}"
    return f"layers {', '.join(names[:-1])} and {names[-1]}"


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
