"""A run that branches off from a recorded one at any of its steps, and is another from there on.

    parent's recording ─► its nearest checkpoint ─► its steps taken again, held against its rows
                                                         │ at the step that is asked for
    what is to be other ─► another experiment ─► a trainer that has the parent's state there

What may be other is what leaves every part of that state its meaning. Another optimizer begins
anew; another network, other data or another seed would be another run, not a branch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from ..errors import RequestError, RunError
from ..experiment.experiment import Experiment
from ..recording.checkpoints import State
from ..recording.events import (
    Event,
    Fork,
    MarkReached,
    Request,
    Resume,
    RunWarning,
    Series,
    Snapshot,
)
from ..recording.history import History
from ..runs.folder import RunFolder
from ..text.safe import plain
from .branching import branched_experiment
from .marks import Marks
from .probe_steps import ProbeSteps
from .repeats import lengths_of_seams
from .resuming import differences_of, marks_to_come
from .retaking import TOLERANCE, Retaking, trainer_before
from .stopping import NEVER
from .trainer import Trainer

_RATES: Final = (
    *("optimizer.lr", "optimizer.name", "schedule."),
    *("train.batch_size", "train.drop_last"),
)
_LENGTH: Final = ("train.steps", "train.epochs")


@dataclass(frozen=True, eq=False)
class Branch:
    """A run that is about to branch off."""

    trainer: Trainer
    """With the parent's state at the step, and the experiment that is trained from there on."""
    marks: Marks
    """Those that are still to come."""
    events: list[Event]
    """What the parent recorded up to the step."""
    fork: Fork
    """What the recording says of it."""


def branch(
    folder: RunFolder,
    events: Sequence[Event],
    *,
    step: int,
    changes: Sequence[str],
    member: int = 0,
    device: str = "auto",
    allow_code: bool = False,
) -> Branch:
    """Return a run that branches off from another.

    Args:
        folder: The parent's.
        events: All that it recorded.
        step: The last step that both have in common.
        changes: What is other from there on, each as ``optimizer.lr=0.1``.
        member: Which network of a population it is, from 1; 0 for all of them.
        device: Where it trains, if not where its parent did; ``auto`` for that.
        allow_code: Whether a network of one's own may be run.

    Raises:
        RunError: The parent cannot be taken again up to there, or does not come to the same.
        RequestError: Something is to be other that cannot be.
        PresetError: What it would be does not hold.
    """
    history = History(events)
    header = history.header
    assert header is not None
    experiment, changed = branched_experiment(history, step, changes, member)
    parent = trainer_before(folder, history, step, device=device, allow_code=allow_code)
    otherwise = differences_of(header, parent)
    tolerance = TOLERANCE if otherwise else 0.0
    for difference in Retaking(history, parent, tolerance).steps(step):
        if difference is not None:
            raise RunError(
                f"{plain(folder.name)}: does not come to what it recorded: {difference.words}; "
                f"epochal verify {folder.name} looks at all of it"
            )
    # Rows that are none of the header's are passed over, as by whoever reads the parent.
    recorded = recorded_until(events, step)
    common = [each for each in recorded if not isinstance(each, Series) or history.takes(each)]
    if member:
        common = list(_of_member(common, member))
        header = replace(header, seeds=header.seeds[member - 1 : member], variants=[])
    before = History([header, *common])
    trainer, fresh = branched(
        parent, before, experiment, changed, member=member, allow_code=allow_code
    )
    if trainer.ended_at.min() < step:
        numbers = ", ".join(str(each + 1) for each in np.flatnonzero(trainer.ended_at < step))
        said = f"networks that had ended before step {step} stay as they were: {numbers}"
        common.append(RunWarning(step=step, message=said))
    lengthened = [each for each in lengths_of_seams(history) if each[0] < step]
    digest = hashlib.sha256()
    for group, rows in before.series.items():
        digest.update(group.encode())
        digest.update(np.ascontiguousarray(rows.between(1, step), "<f4").tobytes())
    fork = Fork(
        step=step,
        parent=header.run,
        digest=digest.hexdigest(),
        experiment=dict(header.experiment),
        weights_kept=header.weights_kept,
        probe_per_octave=header.probe_per_octave,
        changes=changed,
        fresh=fresh,
        otherwise=otherwise,
        member=member,
        lengthened_at=[at for at, _ in lengthened],
        lengths=[steps for _, steps in lengthened],
        ignores_stopping=any(seam.ignores_stopping for seam in history.seams),
    )
    marks = marks_to_come(before, trainer)
    return Branch(trainer, marks, common, fork)


def branched(
    parent: Trainer,
    history: History,
    experiment: Experiment,
    changed: Mapping[str, Any],
    *,
    member: int = 0,
    until: int = 0,
    allow_code: bool = False,
    probe_steps: ProbeSteps | None = None,
) -> tuple[Trainer, list[str]]:
    """Return a trainer with the state of another and an experiment of its own.

    Args:
        parent: At the step at which it branches off.
        history: What the parent recorded.
        experiment: What is trained from there on.
        changed: The keys in which it differs.
        member: Which network of a population it is, from 1; 0 for all of them.
        until: Its last step, where that is not the experiment's.
        allow_code: Whether a network of one's own may be run.
        probe_steps: At which steps it was probed, where that is known.

    Returns:
        The trainer, and what begins anew in it, in words.
    """
    child = Trainer(
        experiment,
        device=str(parent.device),
        allow_code=allow_code,
        threads=parent.threads,
        until=until,
        way=parent.method.way,
        probe_steps=probe_steps,
    )
    if (child.columns, child.shaped.shapes) != (parent.columns, parent.shaped.shapes):
        raise RequestError("a branch has the columns and the network of its parent, and not others")
    train = experiment.train
    # A schedule knows how long its run is: of another length, its rates are others from here on.
    moves = any(each.schedule.moves for each in (*parent.members, *child.members))
    reschedules = _concerns(changed, _RATES) or (moves and _concerns(changed, _LENGTH))
    # All is taken over first; what has lost its meaning is then taken from the child's beginning.
    state, own, fresh = dict(_state_of(parent, member)), child.state(), list[str]()
    if parent.method.name == child.method.name and "optimizer.name" not in changed:
        state["method"] = _method(state["method"], own["method"], reschedules)
    else:
        # What one optimizer remembers means nothing to another, though of the same shape.
        state["method"] = own["method"]
        fresh.append(f"what the optimizer remembers: it is {experiment.optimizer.name} now")
    # What ends a network at this very step ends it again only if that is still asked for. Of one
    # that ended before nobody knows what its optimizer would remember now: it stays as it is.
    before, stopping = state["stopping"]["ended_at"] < parent.step, dict(state["stopping"])
    stopping["ended_at"] = np.where(before, stopping["ended_at"], NEVER)
    outcomes = zip(before, stopping["outcomes"], strict=True)
    stopping["outcomes"] = [each if ended else None for ended, each in outcomes]
    begun = list[str]()
    other_loss, by_loss = _concerns(changed, ("loss.",)), {experiment.keep_best, train.monitor}
    if other_loss and experiment.keep_best == "loss":
        begun += ["best_scores", "best_steps"]
        fresh.append("which weights are the best: by another loss")
    if "train.monitor" in changed or (other_loss and "loss" in by_loss):
        begun += ["counted_scores", "waited"]
    state["stopping"] = stopping | {name: own["stopping"][name] for name in begun}
    if experiment.steps_per_epoch != parent.experiment.steps_per_epoch:
        # The epoch that is under way is none of these: its mean is no number.
        state["epochs"] = {"sum": np.full_like(state["epochs"]["sum"], np.nan)}
    # Its schedules have just begun: they are taken through the steps that lie behind it.
    child.restore(state)
    if reschedules:
        watched = experiment.schedule.watches
        child.method.reschedule(child.step, lambda step: _measured(history, step, watched))
    return child, fresh


def _state_of(trainer: Trainer, member: int) -> State:
    """Return the state of one of a trainer's networks, from 1, as if it were alone; 0 for all."""
    state, count = trainer.state(), len(trainer.members)
    if not member:
        return state
    rate = trainer.method.rate_of(member - 1)

    def alone(value: Any, name: str = "") -> Any:
        if isinstance(value, Mapping):
            return {key: alone(each, key) for key, each in value.items()}
        if name in ("groups", "schedules"):
            return value[rate : rate + 1]
        if name == "sum":
            return value[..., member - 1 : member] if value.ndim else value
        # What is something for each member has them first.
        size = [len(value)] if isinstance(value, list) else [*getattr(value, "shape", ())]
        return value[member - 1 : member] if size[:1] == [count] else value

    return {
        name: alone(each) if isinstance(each, Mapping) else each for name, each in state.items()
    }


def _of_member(events: Iterable[Event], member: int) -> Iterator[Event]:
    """Yield what events say of one member, from 1; what is warned of is told of others."""
    of = slice(member - 1, member)
    for event in events:
        match event:
            case Series():
                yield replace(event, values=event.values[:, :, of])
            case Snapshot():
                yield replace(event, values=event.values[of])
            case RunWarning():
                pass
            case _:
                yield event


def _method(state: State, own: State, reschedules: bool) -> State:
    """Return the state that a method goes on from.

    Args:
        state: The parent's.
        own: The child's, at its beginning.
        reschedules: Whether its rates are those of its own schedules.
    """
    # A setting may bring something to remember, as momentum does: that begins with nothing.
    optimizer = {**own["optimizer"], **state["optimizer"]}
    if not reschedules:
        return {**state, "optimizer": optimizer}
    rates = {name: own[name] for name in ("rates", "groups", "schedules") if name in own}
    optimizer |= {"lr": own["optimizer"]["lr"]} if "lr" in own["optimizer"] else {}
    return {**state, **rates, "optimizer": optimizer}


def _measured(history: History, step: int, figure: str) -> list[float]:
    """Return each member's loss or accuracy after a step, on the dev set where there is one."""
    rows = history.series["dev" if history.series.get("dev") else "train"]
    figures: list[float] = rows.between(step, step)[rows.columns.index(figure), 0].tolist()
    return figures


def _concerns(changed: Mapping[str, Any], keys: Sequence[str]) -> bool:
    """Whether one of some keys has changed."""
    return any(key.startswith(tuple(keys)) for key in changed)


def recorded_until(events: Sequence[Event], step: int) -> Iterator[Event]:
    """Yield what a recording says of its steps up to one, without what no longer counts."""
    standing: list[Event] = []
    for event in events:
        if isinstance(event, Resume):
            # It was gone on with from a checkpoint: what came after that was taken again.
            standing = list(_up_to(standing, event.from_step))
        standing.append(event)
    return _up_to(standing, step)


def _up_to(events: Sequence[Event], step: int) -> Iterator[Event]:
    for event in events:
        match event:
            case Series() if event.first <= step:
                # [columns, rows, members]: a row every stride steps, from the first of them on.
                count = (step - event.first) // event.stride + 1
                yield replace(event, values=event.values[:, :count])
            case Snapshot() if event.step <= step and not event.best:
                yield event
            case MarkReached() | RunWarning() | Fork() if event.step <= step:
                yield event
            # One at the step itself came behind it, and what is behind it is the branch's own.
            case Request() if event.step < step:
                yield event
