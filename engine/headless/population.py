"""What a population came to, in words: its figures' distribution, and who fell by the way.

              mean    standard deviation  least   median  greatest
    loss      0.1432              0.0210  0.1190  0.1400    0.1881

Members that diverged have no figures and are left out, which is said. All of this is a function
of the run's result.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..text.averages import deviation_of, mean_of
from ..text.numbers import figure_text
from ..text.safe import plain
from ..text.tables import SETS, aligned, finite, mean_text, value_text

BINS: Final = 7
"""Bars of the distribution, at most: with its heading they are eight lines."""

BAR: Final = 32
"""Cells of the longest bar."""

EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
"""The part of a cell that a bar ends with."""

WIDE: Final = 100
"""How many times the least the greatest must be for bars of equal ratio, not equal width."""

NAMED: Final = 10
"""Members that are listed by name at most."""

TOLD: Final = frozenset({"statuses", "reasons", "ended_at", "grad_norm", "best_step"})
"""Lists of a result that are told otherwise than in the table."""


def tally_lines(result: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the result of a population.

    Args:
        result: The figures, most of them a list with one entry for each member.
        variants: What tells each member from the others.
    """
    whose = [f"of {whose_words(result)}"] if main_key(result) else []
    counts = [whose, figure_lines(result), ["", *distribution_lines(result)]]
    others = {k: v for k, v in result.items() if not isinstance(v, list) and k not in TOLD}
    pairs = [[plain(key.replace("_", " ")), value_text(value)] for key, value in others.items()]
    blocks = [*counts, ["", *_fates(result, variants)], _setting_lines(result, variants)]
    lines = [line for block in blocks if any(block) for line in block]
    return [f"  {line}".rstrip() for line in [*lines, "", *aligned(pairs)]]


def whose_words(result: Mapping[str, Any]) -> str:
    """Return whose weights a population's figures are of."""
    best = [bool(step) for step in _members(result, "best_step")]
    if best and all(best):
        return "each member's best weights"
    return "each member's best weights, or its last" if any(best) else "each member's last weights"


def figure_lines(result: Mapping[str, Any]) -> list[str]:
    """Return a table with a line for each figure: how it lies over the members."""
    head = ["", "mean", "standard deviation", "least", "median", "greatest"]
    rows = []
    for key, values in result.items():
        if isinstance(values, list) and key not in TOLD and (numbers := finite(values)):
            spread = figure_text(deviation_of(numbers)) if len(numbers) > 1 else ""
            row = [min(numbers), statistics.median(numbers), max(numbers)]
            cells = [figure_text(mean_of(numbers)), spread, *map(figure_text, row)]
            rows.append([plain(key.replace("_", " ")), *cells])
    return aligned([head, *rows], numbers=True) if rows else []


def main_key(result: Mapping[str, Any]) -> str:
    """Return the name of the figure that says most: the test accuracy, or what comes nearest."""
    keys = [f"{place}_{what}" for place in reversed(SETS) for what in ("accuracy", "loss")]
    return next((key for key in keys if finite(_members(result, key))), "")


def distribution_lines(result: Mapping[str, Any]) -> list[str]:
    """Return how many members have which value of the main figure, as bars."""
    key = main_key(result)
    values = sorted(finite(_members(result, key)))
    if len(values) < 2:
        return []
    counts, edges = np.histogram(values, _edges(values))
    ends = [figure_text(float(edge)) for edge in edges]
    width, unit = max(map(len, ends)), BAR / counts.max()
    bars = [
        f"{low:>{width}} … {high:>{width}}  {_bar(count * unit)} {count or ''}".rstrip()
        for (low, high), count in zip(pairwise(ends), counts.tolist(), strict=True)
    ]
    return [f"{key.replace('_', ' ')} of {len(values)} members", *bars]


def _edges(values: Sequence[float]) -> Sequence[float] | NDArray[np.float64]:
    """Return where the bars begin and end; where values lie far apart, each is of equal ratio."""
    least, greatest = values[0], values[-1]
    if least == greatest:
        return [least, greatest]
    bins = min(BINS, max(2, math.ceil(math.sqrt(len(values)))))
    spaced = np.geomspace if least > 0 and greatest / least >= WIDE else np.linspace
    return spaced(least, greatest, bins + 1)


def _bar(cells: float) -> str:
    eighths = round(cells * 8)
    # One member is seen beside a thousand.
    eighths = max(eighths, 1) if cells > 0 else 0
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]


def _fates(result: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how many members diverged and are dead, and how the others ended."""
    statuses, norms = _members(result, "statuses"), _members(result, "grad_norm")
    count = len(statuses)
    diverged = [member for member, status in enumerate(statuses) if status == "diverged"]
    dead = [member for member, norm in enumerate(norms) if norm == 0]
    lines = []
    if diverged:
        told = f"{share_text(len(diverged), count)} diverged and {_be(len(diverged))} left out"
        lines.append(f"{told}: {_named(diverged, variants)}")
    if dead:
        whose = "its" if len(dead) == 1 else "their"
        told = f"{share_text(len(dead), count)} {_be(len(dead))} dead"
        lines.append(f"{told}: every gradient of {whose} last step was exactly 0")
    pairs = zip(_members(result, "reasons"), statuses, strict=False)
    reasons = [str(reason) for reason, status in pairs if status != "diverged"]
    if len(set(reasons)) > 1:
        kinds = [f"{reasons.count(each)} by {each}" for each in dict.fromkeys(reasons)]
        lines.append(plain(f"ended {', '.join(kinds)}"))
    return lines


def share_text(part: int, whole: int) -> str:
    """Return how many of how many, and the share: ``17 of 64 (27 %)``."""
    return f"{part} of {whole} ({100 * part / whole:.0f} %)"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def _named(members: Sequence[int], variants: Sequence[Mapping[str, Any]]) -> str:
    named = [_name(member, variants) for member in members[:NAMED]]
    more = len(members) - len(named)
    return ", ".join([*named, *([f"and {more} more"] if more else [])])


def _name(member: int, variants: Sequence[Mapping[str, Any]]) -> str:
    from ..experiment.members import label

    told = label(variants[member]) if member < len(variants) else ""
    return plain(f"member {member + 1} ({told})" if told else f"member {member + 1}")


def _setting_lines(result: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each setting, over its seeds, where more than seeds vary."""
    from ..experiment.members import settings_of

    settings = settings_of(variants)
    statuses, norms = _members(result, "statuses"), _members(result, "grad_norm")
    if len(settings) < 2 or not len(variants) == len(statuses) == len(norms):
        return []
    said = dict.fromkeys(filter(None, (main_key(result), "train_loss")))
    keys = [key for key in said if len(_members(result, key)) == len(variants)]
    head = ["setting", "members", *(key.replace("_", " ") for key in keys), "diverged", "dead"]
    rows = []
    for told, members in settings.items():
        figures = [finite([_members(result, key)[member] for member in members]) for key in keys]
        fallen = sum(statuses[member] == "diverged" for member in members)
        dead = sum(norms[member] == 0 for member in members)
        cells = [mean_text(numbers) if numbers else "none" for numbers in figures]
        rows.append([plain(told), str(len(members)), *cells, str(fallen or ""), str(dead or "")])
    return ["", *aligned([head, *rows], numbers=True)]


def _members(result: Mapping[str, Any], key: str) -> list[Any]:
    """Return a figure of every member; nothing where there are none."""
    values = result.get(key)
    return values if isinstance(values, list) else []
