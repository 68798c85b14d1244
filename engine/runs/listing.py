"""The list of runs as rows of text, and as objects for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..text.safe import plain
from ..text.tables import SETS, finite, mean_text, time_text, value_text

if TYPE_CHECKING:
    from ..recording.events import End
    from .catalogue import RunFacts


def ending_text(end: End) -> str:
    """Return how a run ended, in a few words."""
    return plain(f"{end.status} ({end.reason})" if end.reason else end.status)


def main_figure(result: Mapping[str, Any]) -> str:
    """Return the figure that says most about a run, with its name."""
    for place in reversed(SETS):
        for measure in ("accuracy", "loss"):
            if (key := f"{place}_{measure}") in result:
                value = result[key]
                several = isinstance(value, list) and (numbers := finite(value))
                return f"{place} {measure} {mean_text(numbers) if several else value_text(value)}"
    return ""


ENDING_WIDTH: Final = 80
"""Characters of why a run ended; epochal show has all of it."""

RUN_CELLS: Final = ("name", "called", "state", "step", "status", "result", "age")
"""What the list of runs says of each; ``called`` only where a run was given a name."""


def runs_table(runs: Sequence[RunFacts], now: float) -> list[list[str]]:
    """Return the list of runs as rows of cells, the heading first.

    Args:
        runs: In their order.
        now: Seconds since 1970.
    """
    rows = [list(RUN_CELLS), *(run_cells(run, now) for run in runs)]
    if not any(run.notes.name for run in runs):
        called = RUN_CELLS.index("called")
        rows = [[*row[:called], *row[called + 1 :]] for row in rows]
    return rows


def run_cells(run: RunFacts, now: float) -> list[str]:
    """Return a run's cells in the list of runs.

    Args:
        run: The run.
        now: Seconds since 1970.
    """
    glance = run.glance
    ending = glance.problem or glance.quiet_text(now)
    if glance.end:
        ending = ending_text(glance.end)
    # One reason that is long would push what follows off every line.
    if len(ending) > ENDING_WIDTH:
        ending = f"{ending[: ENDING_WIDTH - 1]}…"
    result = f"{main_figure(glance.end.result)}{_whose(glance.end)}" if glance.end else ""
    age = f"{time_text(now - glance.started)} ago" if glance.started else ""
    return [glance.name, run.notes.name, glance.state, str(glance.step), ending, result, age]


KEYS: Final = (
    *("name", "called", "path", "state", "step", "started", "last_sign", "status", "reason"),
    *("result", "problem", "origin", "tags", "pinned"),
)
"""What the list of runs says of each to programs."""


def run_object(run: RunFacts) -> dict[str, Any]:
    """Return a run as one JSON object of the list of runs."""
    glance, end = run.glance, run.glance.end
    return {
        "name": glance.name,
        "called": run.notes.name or None,
        "path": str(glance.path),
        "state": glance.state,
        "step": glance.step,
        "started": glance.started,
        "last_sign": glance.last_sign or None,
        "status": end.status if end else None,
        "reason": end.reason if end else None,
        "result": dict(end.result) if end else None,
        "problem": glance.problem or None,
        "origin": glance.origin or None,
        "tags": list(run.notes.tags),
        "pinned": run.notes.pinned,
    }


def _whose(end: End) -> str:
    """Return whose weights the figure of a list is of: `` (best)``, `` (last)``."""
    if not main_figure(end.result):
        return ""
    best = end.result.get("best_step")
    kept = any(best) if isinstance(best, list) else best
    return " (best)" if kept and end.status in ("finished", "stopped") else " (last)"
