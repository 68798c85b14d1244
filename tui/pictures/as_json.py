"""A run as JSON: its figures and its diagnosis at a step, and all numbers of a view that has some.

A picture of numbers leaves out what has no room; here they are whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.text.numbers import as_json

from .still import of_run, read_watch, refuse_later, step_of, steps_of, with_weights
from .wish import refuse_member, refuse_view

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.runs.folder import RunFolder

    from ..watching.watch import Watch
    from .wish import Wish


def show_object(folder: RunFolder, wish: Wish) -> None:
    """Print a run at a step as one JSON object, or one a line where several steps are meant.

    Raises:
        RecordingError: The recording cannot be read.
        ViewError: There is no such step or member.
    """
    watch = read_watch(folder)
    refuse_view(watch.history, wish)
    refuse_member(watch.history, wish)
    refuse_later([watch], wish)
    watch, wish = with_weights(watch, wish)
    for each in _wishes(watch, wish):
        print(json.dumps(object_of(watch, each), ensure_ascii=False))


def _wishes(watch: Watch, wish: Wish) -> Iterator[Wish]:
    if not wish.steps:
        yield wish
        return
    for step in steps_of(watch.history, wish):
        yield replace(wish, step=step, steps=())


def object_of(watch: Watch, wish: Wish) -> dict[str, Any]:
    """Return what is told of a run at a step."""
    from engine.diagnosis.report import findings_of, plain_object
    from engine.recording.best import best_step

    history, header = watch.history, watch.history.header
    at = history.last_step
    numbers: dict[str, Any] = {}
    if header is not None and header.experiment:
        from ..drawing.network.material import Material

        at = step_of(history, wish, Material(history, wish.member or 0))
        numbers = _numbers(watch, wish)
    end = history.end
    return {
        "name": watch.folder.name,
        "title": watch.title or None,
        "state": watch.standing(history.last_step, wish.member).state,
        "step": at,
        "best_step": best_step(history, wish.member or 0) if header is not None else None,
        "steps": header.steps if header is not None else None,
        "members": header.members if header is not None else None,
        "status": end.status if end else None,
        "reason": end.reason if end else None,
        "result": dict(end.result) if end else None,
        "diagnosis": [plain_object(each) for each in findings_of(history, at, wish.member)],
        "layers": _layers_of(history, at, wish.member),
        **numbers,
    }


def _layers_of(history: History, at: int, member: int | None) -> dict[str, str]:
    """Return the verdict on each layer; on the medians of a population's members."""
    from engine.diagnosis import verdicts

    return {layer: verdict.word for layer, verdict in verdicts(history, at, member).items()}


def _numbers(watch: Watch, wish: Wish) -> dict[str, Any]:
    """Return what a view has in numbers, under its name; nothing of one that is a picture."""
    from .gallery import GRADIENTS, VIEWS

    if wish.view != GRADIENTS and (wish.view not in VIEWS or VIEWS[wish.view].numbers is None):
        return {}
    still, material = of_run(watch, wish)
    if wish.view == GRADIENTS:
        from .gradient import compute_gradient

        gradient = compute_gradient(material, still.step)
        told = {"step": gradient.step, "loss": gradient.loss, "parameters": {**gradient.values}}
        return {GRADIENTS: as_json(told)}
    network, exhibit = still.network(material), VIEWS[wish.view]
    assert exhibit.numbers is not None
    return {wish.view: as_json({"step": network.step, **exhibit.numbers(network, wish.layer)})}
