"""Moments in words, for people who look at a clock."""

from __future__ import annotations

import math
import time


def written(at: float | None, form: str) -> str:
    """Return a moment in words; nothing where it is unknown or no time at all.

    Args:
        at: Seconds since 1970.
        form: As ``time.strftime`` has it.
    """
    if at is None or not math.isfinite(at) or at <= 0:
        return ""
    try:
        return time.strftime(form, time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return ""


def moment_text(at: float, now: float) -> str:
    """Return when something was: ``at 14:03:12``, of another day ``on 2026-11-27 at 14:03``.

    Args:
        at: Seconds since 1970; 0 where nobody knows, which is said by nothing.
        now: The same of this moment.
    """
    day = "%Y-%m-%d"
    today = written(at, day) == written(now, day)
    return written(at, "at %H:%M:%S" if today else f"on {day} at %H:%M")
