"""A run at a glance: its state, its last step and its figures, without its rows.

A recording of a million steps is tens of megabytes of rows; to list runs, only the other lines
are decoded, and of the rows the newest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import RecordingError
from engine.events import FORMAT, End, Event, Header, decode
from engine.history import History
from engine.runs import RunFolder, State, state_of

_ROWS: Final = b'{"kind":"series","'
_WEIGHTS: Final = b'{"kind":"snapshot","'


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What a list of runs shows of one."""

    name: str
    """The run's."""
    path: Path
    """Its folder."""
    state: State
    """What it is doing."""
    step: int
    """The last step recorded."""
    started: float
    """When, in seconds since 1970; 0 where nothing says so."""
    end: End | None
    """How it ended, where it has."""
    problem: str = ""
    """Why its recording cannot be read."""


def glance(folder: RunFolder) -> Glance:
    """Return what a list of runs shows of one."""
    history = History()
    problem = ""
    try:
        history.extend(_told(folder.recording))
    except FileNotFoundError:
        pass  # Its worker has not begun.
    except (OSError, RecordingError) as error:
        problem = str(error)
    return Glance(
        name=folder.name,
        path=folder.path,
        state=state_of(history, made=folder.made),
        step=history.last_step,
        started=history.header.time if history.header else 0.0,
        end=history.end,
        problem=problem,
    )


def _told(recording: Path) -> list[Event]:
    """Return a recording's events without its rows and weights, but for the newest rows."""
    events: list[Event] = []
    newest = b""
    with recording.open("rb") as file:
        for line in file:
            if line.startswith(_ROWS):
                newest = line
            elif not line.startswith(_WEIGHTS):
                events += _decoded(newest, line)
                newest = b""
    return events + _decoded(newest)


def _decoded(*lines: bytes) -> list[Event]:
    """Return the events of those lines that hold one."""
    events = []
    for line in lines:
        try:
            event: Any = decode(line)
        except ValueError:
            continue
        if isinstance(event, Header) and event.format > FORMAT:
            raise RecordingError(
                f"was recorded in format {event.format} by a later version of epochal; "
                f"this one reads up to format {FORMAT}"
            )
        if event is not None:
            events.append(event)
    return events
