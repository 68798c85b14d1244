"""What may be other in a run that branches off from another, and what it then is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..errors import RequestError, RunError
from ..experiment.experiment import Experiment
from ..experiment.members import members_of
from ..experiment.overrides import apply, parse
from ..experiment.tables import inline, tables_of
from ..presets.preset import recorded_experiment, resolve
from ..recording.history import History
from ..text.safe import plain
from .repeats import lengths

OPEN: Final = ("optimizer.", "schedule.", "loss.", "model.dropout")
"""What keys begin with that may be other from a step on."""

OPEN_KEYS: Final = frozenset(
    f"train.{name}"
    for name in (
        *("steps", "epochs", "batch_size", "patience", "loss_threshold"),
        *("clip_norm", "clip_value", "monitor", "min_delta", "drop_last"),
    )
)
"""Keys that may be other from a step on."""


def branched_experiment(
    history: History, step: int, changes: Sequence[str], member: int = 0
) -> tuple[Experiment, dict[str, Any]]:
    """Return what a branch trains, and the keys in which that differs from its parent.

    Args:
        history: What the parent recorded.
        step: The last step that both have in common.
        changes: What is other from there on, each as ``optimizer.lr=0.1``.
        member: Which network of a population it is, from 1; 0 for all of them.

    Raises:
        RequestError: One of them may not differ.
        PresetError: What it would be does not hold.
    """
    header = history.header
    assert header is not None
    parent = recorded_experiment(header)
    # What the parent was by then: a run that was gone on with further has become a longer one.
    for at, steps in lengths(history):
        parent = parent.lengthened(steps) if at < step else parent
    if member:
        _check_member(history, step, member)
        parent = members_of(parent)[member - 1].experiment
    tables = apply(tables_of(parent, short=False), parse(changes), parent)
    child = resolve(tables, "--set", recorded=True)
    # Held against each other as they came out, not as they were asked for: one key may bring others
    # with it, as an optimizer does, and one that is set to what it was is no change.
    before, after = _flat(parent), _flat(child)
    keys = sorted({*before, *after})
    changed = {key: after.get(key) for key in keys if before.get(key) != after.get(key)}
    for key in changed:
        if not (key.startswith(OPEN) or key in OPEN_KEYS):
            given = " ".join(f"--set {each}" for each in changes)
            raise RequestError(
                f"{key}: cannot be another from a step on, for then it is another run; "
                f"train that from its beginning: epochal run PRESET {given}"
            )
    if child.steps <= step:
        raise RequestError(
            f"--at {step}: leaves no step to take, as it ends at {child.steps}; "
            "--set train.steps=N lengthens it"
        )
    # A key that is gone went with another one, which the title names.
    set_here = [(key, value) for key, value in changed.items() if value is not None]
    words = ", ".join(f"{key.rpartition('.')[2]} {inline(value)}" for key, value in set_here)
    of = f" · member {member}" if member else ""
    title = f"{parent.title or header.run}{of} · from step {step}" + (f": {words}" if words else "")
    return child.model_copy(update={"title": title[:200]}), changed


def check_has_beginning(history: History, step: int) -> None:
    """Refuse a step of a branch up to which no checkpoint is left: no seed leads there.

    Raises:
        RunError: The run is a branch.
    """
    if not history.forks:
        return
    # Of a branch of a branch, the run whose own step it is.
    whose = next((each for each in history.forks if each.step >= step), history.forks[-1])
    parent = plain(whose.parent)
    if step < history.forks[-1].step:
        raise RunError(f"--at {step}: is before the run branched off; fork {parent} there")
    raise RunError(
        f"--at {step}: none of the run's checkpoints up to there is left; --at a later step, "
        f"or fork {parent} again"
    )


def _check_member(history: History, step: int, member: int) -> None:
    """Refuse a member that is not there, or has ended by a step.

    Raises:
        RequestError: It is none, or has.
    """
    count = history.header.members if history.header else 0
    if count == 1:
        raise RequestError("--member: the run is one network; leave it out")
    if not 1 <= member <= count:
        raise RequestError(f"--member {member}: there are the members 1 to {count}")
    if step and not np.isfinite(history.series["train"].value("loss", step, member - 1)):
        raise RequestError(f"--member {member}: had ended by step {step}; --at an earlier one")


def _flat(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as dotted keys and their values, but for its words."""
    flat: dict[str, Any] = {}
    words = {"title", "about"}
    waiting = [("", experiment.model_dump(mode="json", exclude_none=True, exclude=words))]
    while waiting:
        place, table = waiting.pop()
        for name, value in table.items():
            if isinstance(value, dict):
                waiting.append((f"{place}{name}.", value))
            else:
                flat[place + name] = value
    return flat
