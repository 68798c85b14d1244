"""From a view to what its curves show: which runs, which steps, which of them is read.

The state of the screen on one side, pure drawing on the other: nothing here is drawn.
"""

from __future__ import annotations

import math

from engine.recording.best import best_step
from engine.recording.history import History

from ..drawing.base.axis import horizon
from ..drawing.base.smoothing import SMOOTHINGS
from ..drawing.curves.curves import (
    CurveData,
    Curves,
    Happening,
    RunCurves,
    branch_words,
    canvas_columns,
    gather,
    gather_events,
    gather_happened,
    gather_readings,
    seams_of,
    told_apart,
)
from ..drawing.curves.quantities import rows_with, top_of
from ..drawing.lists.result import place
from ..drawing.members.crowd import crowd_of
from ..drawing.members.labels import name_of
from ..drawing.replay.timeline import Timeline
from .view import Trace, View


def axis_end(view: View) -> int:
    """Return the step at which the axis ends where there is no window."""
    newest = view.step if view.history is None else view.history.last_step
    over = view.standing.state in ("ended", "crashed") and view.step >= newest
    end = view.step if over else horizon(view.step, view.standing.steps)
    return max(end, *(trace.step for trace in view.others), 1)


def timeline(view: View, width: int) -> Timeline:
    """Return which steps a picture of this width shows, and which one is read."""
    return Timeline(
        newest=view.step,
        end=axis_end(view),
        columns=canvas_columns(width),
        window=view.window,
        cursor=view.cursor,
    )


def gather_view(view: View, width: int) -> Curves:
    """Return what a picture of the view's curves shows, thinned for its width."""
    history = view.history
    assert history is not None
    line = timeline(view, width)
    first, last = line.shown
    title, *titles = told_apart(
        [view.label or view.title, *(each.title for each in view.others)],
        [view.run, *(each.run for each in view.others)],
    )
    marks, requests = gather_events(history, view.step)
    read = view.cursor is not None
    forks = [fork for each in (view, *view.others) if each.history for fork in each.history.forks]
    return Curves(
        curves=_curves(view, view, line, width, view.at, view.member),
        title=title,
        slot=view.slot,
        crowd=crowd_of(history, view.at) if view.member is None else None,
        member=name_of(history, view.member),
        readings=gather_readings(history, view.quantity, view.at, view.member) if read else (),
        first=first,
        last=last,
        others=tuple(
            _gather_trace(trace, name, view, line, width)
            for trace, name in zip(view.others, titles, strict=True)
        ),
        marks=marks,
        requests=requests,
        seams=seams_of(history, view.step),
        branches=tuple({fork.step for fork in forks if fork.step <= view.step}),
        reach=_reach(view),
        place=place(history, view.member, "last" if history.end is not None else ""),
        best=None if view.reading else best_of(history, view.member),
        cursor=view.at if read else None,
        happened=gather_happened(history, line.around(view.at)) if read else _origin(history),
        # An accuracy lies between 0 and 1: there is nothing for a log axis to spread.
        log=view.log and view.quantity != "accuracy",
        top=top_of(history, view.quantity),
    )


def _reach(view: View) -> tuple[float, float] | None:
    """Return the least and the greatest value that a replay comes to; None for part of it."""
    if view.window is not None or view.whole is None:
        return None
    wholes = [(view.whole, view.member), *((each.whole, None) for each in view.others)]
    ends: list[float] = []
    for history, member in wholes:
        if history is None:
            continue
        for _, rows in rows_with(history, view.quantity):
            thinned = rows.buckets(view.quantity, 0, history.last_step, 1, member)
            ends += [*thinned.low.tolist(), *thinned.high.tolist()]
    finite = [value for value in ends if math.isfinite(value) and (value > 0 or not view.log)]
    return (min(finite), max(finite)) if finite else None


def best_of(history: History, member: int | None) -> int | None:
    """Return the best step of one network whose run is over."""
    alone = history.header is not None and history.header.members == 1
    if history.end is None or (member is None and not alone):
        return None
    return best_step(history, member or 0)


def weight(view: View) -> float:
    """Return the weight of the view's moving average; 0 for none."""
    return SMOOTHINGS[view.smoothing % len(SMOOTHINGS)]


def _curves(
    trace: View | Trace, view: View, line: Timeline, width: int, at: int | None, member: int | None
) -> tuple[CurveData, ...]:
    """Return the curves of one run up to its newest step, as the view is looked at."""
    assert trace.history is not None
    first, last = line.shown
    return gather(
        trace.history,
        view.quantity,
        step=trace.step,
        first=first,
        begins=_begins(trace, view),
        last=last,
        width=width,
        member=member,
        at=at,
        smoothing=weight(view),
    )


def _begins(trace: View | Trace, view: View) -> int:
    """Return the step from which a run is drawn: where it parts from one that is drawn as well."""
    assert trace.history is not None
    histories = [each.history for each in (view, *view.others)]
    shown = {each.header.run for each in histories if each is not None and each.header is not None}
    # Of a population its mean is drawn, which is no beginning of one network's curve.
    shared = (each for each in trace.history.forks if each.parent in shown and not each.member)
    return max((fork.step for fork in shared), default=0)


def _origin(history: History) -> tuple[Happening, ...]:
    """Return from which run it branched off, whichever step is read."""
    return tuple(("branch", branch_words(fork)) for fork in history.forks[-1:])


def _gather_trace(trace: Trace, title: str, view: View, line: Timeline, width: int) -> RunCurves:
    """Return the curves of a run beside the one that is shown, up to its own newest step."""
    read = view.cursor is not None
    return RunCurves(
        curves=_curves(trace, view, line, width, view.at if read else None, None),
        title=title,
        slot=trace.slot,
        crowd=crowd_of(trace.history, min(trace.step, view.at) if read else trace.step),
        readings=gather_readings(trace.history, view.quantity, view.at) if read else (),
    )
