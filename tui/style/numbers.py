"""Numbers as people read them: short, and never in a way that hides what is not finite."""

from __future__ import annotations

import math

from engine.text.numbers import shortest


def figure(value: float, digits: int = 4, infinity: str = "inf") -> str:
    """Return a measured number in few characters: ``0.1423``, ``1.83e-11``, ``0``, ``NaN``."""
    value = shortest(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return infinity if value > 0 else f"-{infinity}"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        return _fixed(value, digits)
    return exponent(value, digits - 2)


def figure_within(value: float, width: int, infinity: str = "inf") -> str:
    """Return a measured number with as many digits as fit in ``width`` cells, at most four."""
    written = (figure(value, digits, infinity) for digits in (4, 3, 2))
    return next((words for words in written if len(words) <= width), figure(value, 2, infinity))


def _fixed(value: float, digits: int) -> str:
    """Return ``value`` with ``digits`` significant digits and no exponent, zeros kept."""
    whole = math.floor(math.log10(abs(value))) + 1
    return f"{value:.{max(digits - whole, 0)}f}"


def exponent(value: float, decimals: int) -> str:
    """Return ``1.8e-5``, without the sign and zeros that ``%e`` puts into the exponent."""
    mantissa, power = f"{value:.{max(decimals, 0)}e}".split("e")
    return f"{mantissa}e{int(power)}"


def short(value: float) -> str:
    """Return a setting as one would type it: ``0.2``, ``1e-05`` as ``1e-5``."""
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return f"{value:g}"
    mantissa, _, power = f"{value:g}".partition("e")
    return f"{mantissa}e{int(power)}" if power else mantissa


def count(value: int) -> str:
    """Return a whole number with a space between thousands: ``1 200``."""
    return f"{value:,}".replace(",", " ")


def rate(value: float) -> str:
    """Return steps per second: ``0.4``, ``12``, ``8.1k``, ``1.2M``."""
    if not math.isfinite(value) or value <= 0:
        return "0"
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """Return a span of time: ``8 s``, ``3:05``, ``2:03:05``."""
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    if seconds < 0.05:
        return "under 0.1 s"
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float) -> str:
    """Return a share as whole percent, 100 only where it is all."""
    # 0.29 times 100 is a little less than 29.
    return f"{min(math.floor(round(share * 100, 9)), 100)} %"
