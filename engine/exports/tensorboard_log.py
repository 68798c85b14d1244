"""Event files for TensorBoard and whatever else shows such: a run in a folder of runs.

logs/                          what was asked for: tensorboard --logdir logs
└── two-moons-20261121-…/      the run; of a population below it member-1, member-2 …
    └── events.out.tfevents.…  train/loss, dev/loss, train/grad_norm/layer1.weight …
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ..recording.history import History
from ..results.history_table import column_names, table_parts
from . import event_files
from .export import Export, ExportFile
from .facts import figures_of, settings_of

_STATUSES: Final = {"finished": 1, "stopped": 1, "running": 3, "paused": 3, "silent": 3}
"""How the plugin for hyper-parameters calls a state; every other is a failure."""


def files(export: Export) -> Iterator[ExportFile]:
    """Yield a file of events for each member."""
    header = export.history.header
    assert header is not None
    for member in export.members:
        path = export.path / export.called(member) / f"events.out.tfevents.{int(header.time)}"
        yield ExportFile(path, partial(_write, export, member))


def _write(export: Export, member: int, file: BinaryIO) -> None:
    for events in _events(export, member):
        file.writelines(event_files.records(events))


def _events(export: Export, member: int) -> Iterator[list[bytes]]:
    """Yield the events of a member, some at a time."""
    history, header = export.history, export.history.header
    assert header is not None
    # Title and description are no settings.
    settings = {k: v for k, v in settings_of(header, member).items() if "." in k and v is not None}
    yield [
        event_files.version_event(header.time),
        event_files.settings_event(header.time, settings),
    ]
    tags = [name for name in column_names(history) if "/" in name]
    scalars = event_files.ScalarEvents(tags)
    # A recording that names no columns has no rows either.
    for part in table_parts(history, [member]) if tags else ():
        columns = np.ma.stack([part[tag] for tag in tags], axis=1)
        numbers = [row.tobytes() for row in np.ma.getdata(columns).astype("<f4")]
        there = [np.flatnonzero(row).tolist() for row in ~np.ma.getmaskarray(columns)]
        steps, times = part["step"], wall_times(history, part["step"], part["seconds"])
        yield [*map(scalars.event, times.tolist(), steps.tolist(), numbers, there)]
    yield [*_ending(export, member)]


def _ending(export: Export, member: int) -> Iterator[bytes]:
    """Yield the result, if there is one, and how the run ended."""
    history = export.history
    last = np.array([history.last_step]), np.array([history.last_t])
    [time] = wall_times(history, *last).tolist()
    figures = {k: v for k, v in figures_of(export, member).items() if isinstance(v, int | float)}
    if figures:
        scalars = event_files.ScalarEvents([f"result/{name}" for name in figures])
        # What is beyond a single number is infinite as one.
        with np.errstate(over="ignore"):
            numbers = np.array([*figures.values()], "<f4").tobytes()
        yield scalars.event(time, history.last_step, numbers, range(len(figures)))
    yield event_files.ending_event(time, _STATUSES.get(export.state, 2))


def wall_times(history: History, steps: NDArray[Any], seconds: NDArray[Any]) -> NDArray[np.float64]:
    """Return when steps were done, in seconds since 1970.

    The seconds of a run stand still while it does, from its end until it is gone on with.
    """
    assert history.header is not None
    began = np.full(len(steps), history.header.time)
    for seam in history.seams:
        began[steps > seam.from_step] = seam.time - seam.t
    times: NDArray[np.float64] = began + seconds
    return times
