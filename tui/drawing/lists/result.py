"""What a run that is over came to: a place of its own, after its last step.

    step 0 ─────────── best ─────────── last ┊ result: the best weights, or the last ones

A figure is of some weights, and so is a picture. Which, is said in the same words wherever one
stands; nothing here draws them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from ...style.numbers import count

if TYPE_CHECKING:
    from engine.recording.history import History

EACH: str = "each at its best step"
"""What the figures of a population are of, whose members did best at steps of their own."""


def weights_at_end(
    history: History, member: int | None, chosen: Weights, *, replayed: bool = False
) -> Weights:
    """Return which weights are shown of a run at its end; none of a run that is not over.

    Args:
        history: What is known of the run.
        member: Which network; None for all of a population.
        chosen: What somebody chose, if they did.
        replayed: Whether the run is replayed: its last step is then a step as any other.
    """
    if history.end is None:
        return ""
    if not has_best(history, member):
        return "last"
    return chosen or ("last" if replayed else "best")


def is_measured(history: History) -> bool:
    """Whether a run ended so that its best weights were measured, and not only its last step."""
    return history.end is not None and history.end.status in ("finished", "stopped")


def has_best(history: History, member: int | None) -> bool:
    """Return whether there are best weights beside the last."""
    # Of a run without an experiment no weights are kept, so none of them are the best.
    foreign = history.header is not None and history.header.is_foreign
    return not foreign and bool(_best_steps(history, member))


def _best_steps(history: History, member: int | None) -> set[int]:
    """Return the steps at which a network did best, or those of a population's members."""
    from engine.recording.best import best_step

    members = history.header.members if history.header is not None else 0
    asked = range(members) if member is None else (member,)
    return {best for each in asked if (best := best_step(history, each)) is not None}


def place(history: History, member: int | None, weights: Weights) -> str:
    """Return where the end of a run stands: ``best, step 2 688``; empty for a run's other steps."""
    if weights != "best":
        return f"last, step {count(history.last_step)}" if weights else ""
    steps = _best_steps(history, member)
    return f"best, step {count(steps.pop())}" if len(steps) == 1 else EACH


def result_place(history: History, member: int | None) -> str:
    """Return what the figures of a run's result are of."""
    if history.end is None:
        return ""
    kept = is_measured(history) and bool(history.end.result.get("best_step"))
    return place(history, member, "best" if kept and has_best(history, member) else "last")


def result_loss(history: History, step: int, member: int) -> float | None:
    """Return the training loss of a result's weights, if they are those of this step."""
    from engine.recording.best import best_step
    from engine.recording.kept_weights import last_step

    if history.end is None or history.header is None or not is_measured(history):
        return None
    if not any(history.header.rows[:1]):
        # Of fresh rows there is no set to measure: the figure is that of the last step.
        return None
    result = history.end.result
    kept = best_step(history, member) if result.get("best_step") else None
    loss = result.get("train_loss")
    loss = loss[member] if isinstance(loss, list) and member < len(loss) else loss
    if step != (kept or last_step(history, member)):
        return None
    return float(loss) if isinstance(loss, int | float) else None


def titled(words: str, room: int, measure: Callable[[str], int]) -> str:
    """Return what stands before a result's figures, in the room there is for it."""
    short = words.partition(",")[0]
    return next((f"{each}: " for each in (words, short) if each and measure(each) + 2 <= room), "")


Weights = Literal["", "best", "last"]
"""Which weights of a run that is over are shown at its end; empty where a step is shown."""
