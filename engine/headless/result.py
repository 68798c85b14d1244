"""What a run came to, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ..runs.listing import ending_text
from ..text.numbers import shortest
from ..text.safe import plain
from ..text.tables import SETS, aligned, value_text

if TYPE_CHECKING:
    from ..recording.events import End
    from ..recording.history import History

CONFUSION_LIMIT: Final = 12
"""Classes up to which a confusion matrix is printed with the result."""


def last_losses(history: History) -> list[float]:
    """Return the newest training loss of each member; none before the first step."""
    rows = history.series.get("train")
    if rows is None or not rows.count or "loss" not in rows.columns:
        return []
    return [shortest(value) for value in rows.across("loss", rows.count - 1)]


def result_text(
    run: str, end: End, classes: Sequence[str] = (), variants: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Return how a run ended and its figures, as an aligned table.

    Args:
        run: Its name.
        end: How it ended.
        classes: The names of the classes, for the confusion matrix.
        variants: What tells each member of a population from the others.
    """
    lines = [f"{plain(run)}: {ending_text(end)}"]
    if isinstance(end.result.get("statuses"), list):
        from .population import tally_lines

        return "\n".join([*lines, *tally_lines(end.result, variants)])
    measures = [m for m in ("loss", "accuracy") if any(f"{s}_{m}" in end.result for s in SETS)]
    sets = [s for s in SETS if any(f"{s}_{m}" in end.result for m in measures)]
    if measures:
        head = ["", *sets]
        rows = [[m, *(value_text(end.result.get(f"{s}_{m}", "")) for s in sets)] for m in measures]
        lines += [f"  {line}" for line in aligned([head, *rows], numbers=True)]
    if whose := whose_text(end):
        lines.append(f"  {whose}")
    told = {"confusion", *(f"{s}_{m}" for s in sets for m in measures)}
    others = {key: value for key, value in end.result.items() if key not in told}
    pairs = [[plain(key.replace("_", " ")), value_text(value)] for key, value in others.items()]
    lines += [f"  {line}" for line in aligned(pairs)]
    return "\n".join([*lines, *_confusion_lines(end.result, sets, classes)])


def whose_text(end: End) -> str:
    """Return whose weights the figures of a result are of; empty where there are no figures."""
    result, best = end.result, end.result.get("best_step")
    if not any(f"{place}_loss" in result for place in SETS):
        return ""
    if end.status not in ("finished", "stopped"):
        kept = f"; the best weights, of step {best}, are kept" if best else ""
        return f"of the last step, {end.step}{kept}"
    if best:
        return f"of the best weights, of step {best}"
    # Without a set to measure on, the loss is that which the last update used.
    return f"of the last {'weights, of ' if 'epochs' in result else ''}step {end.step}"


def _confusion_lines(
    result: Mapping[str, Any], sets: Sequence[str], classes: Sequence[str]
) -> list[str]:
    """Return the confusion matrix of the last set there is, where it fits a screen."""
    counts = result.get("confusion")
    if not (isinstance(counts, list) and 1 < len(counts) <= CONFUSION_LIMIT):
        return []
    names = [plain(name)[:12] for name in classes] if len(classes) == len(counts) else []
    names = names or [str(index) for index in range(len(counts))]
    rows = [[name, *map(str, row)] for name, row in zip(names, counts, strict=True)]
    table = aligned([["true \\ said", *names], *rows], numbers=True)
    head = [f"of the {sets[-1]} set:"] if sets else []
    lacking = [name for name, row in zip(names, counts, strict=True) if not any(row)]
    foot = [f"there is no row of {', '.join(lacking)} in it"] if lacking else []
    return ["", *(f"  {line}" for line in [*head, *table, *foot])]
