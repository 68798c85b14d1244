"""What happened in one run, in words: its events as entries of the log, each of them once.

    History ──► Chronicle.unread ──► Entry, Entry, …

A history grows and, where a run goes on from an earlier step, is cut: what is told of once is
never told of again, and what happens again is. Who shows an entry is not known here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.recording.events import (
    Checkpoint,
    End,
    Event,
    Fork,
    Header,
    MarkReached,
    Request,
    Resume,
    RunWarning,
)
from engine.recording.improvements import Improvement, improvements, member_words
from engine.text.safe import plain

from ..drawing.lists.log import Entry
from ..drawing.lists.status import REASONS
from ..style.numbers import count, short
from ..style.severity import Severity

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.recording.rows import Rows

WATCHED: Final = (("loss", "the loss"), ("grad_norm", "the gradient's norm"))
"""The train columns whose first number that is not finite is an entry."""

SINGLE: Final = 30
"""Improvements of a run that have an entry each."""

_ENDS: Final[dict[str, Severity]] = {"finished": "good", "stopped": "warning"}
"""How an end is to be taken; any other is bad."""


class Chronicle:
    """What happened in a run, as far as it was read.

    Args:
        run: Its name.
        viewer: Who reads: what others ask of the run is signed.
        log: Where its worker writes what went wrong.
    """

    def __init__(self, run: str, viewer: str = "", log: str = "") -> None:
        self._run, self._viewer, self._log = run, viewer, log
        self._read: set[Hashable] = set()
        self._scanned: dict[str, int] = {}
        """Up to which step a column was looked at."""
        self._broken: dict[str, int] = {}
        """The first step at which a column was not finite."""
        self._compared: tuple[int, int] = (0, 0)
        """Up to which step and of how many rows of the dev set improvements were looked for."""
        self._pending: list[Improvement] = []
        """Improvements that wait to be told of together."""
        self._improvements = 0
        """How many were told."""

    def unread(self, history: History) -> list[Entry]:
        """Return what happened since the last time, in its order."""
        start = history.header.time if history.header is not None else 0.0
        entries = []
        for event in self._unread_events(history):
            entries.append(self._entry(event, start))
            if isinstance(event, Resume):
                self._take_back(event.from_step)
        # A run that got better did so before it was over.
        entries = sorted([*self._improved(history), *entries], key=lambda entry: entry.time or 0.0)
        return [*entries, *self._not_finite(history)]

    def trouble(self, words: str, time: float) -> list[Entry]:
        """Return why a worker died or a recording cannot be read, the first time."""
        if not words or not self._is_unread(("trouble", words)):
            return []
        return [Entry(words=self._with_log(plain(words)), severity="bad", time=time, run=self._run)]

    def _is_unread(self, key: Hashable) -> bool:
        if key in self._read:
            return False
        self._read.add(key)
        return True

    def _unread_events(self, history: History) -> list[Event]:
        header = history.header
        groups: list[Iterable[Event]] = [
            [header] if header is not None and header.gradients_why else [],
            reversed(history.marks),
            reversed(history.requests),
            reversed(history.warnings),
            reversed(history.checkpoints),
            reversed(history.forks),
            [history.writer] if isinstance(history.writer, Resume) else [],
            [history.end] if history.end is not None else [],
        ]
        events: list[Event] = []
        for group in groups:
            fresh = []
            for event in group:
                # Events are only ever added after the last: what comes before it was read.
                if not self._is_unread(_key(event)):
                    break
                fresh.append(event)
            events += reversed(fresh)
        return sorted(events, key=lambda event: event.t)

    def _entry(self, event: Event, start: float) -> Entry:
        """Return an event as an entry."""
        words, severity, quiet = self._told(event)
        step = (
            max(0, event.from_step) if isinstance(event, Resume) else getattr(event, "step", None)
        )
        return Entry(
            words=plain(words),
            severity=severity,
            time=start + event.t if start else None,
            step=step,
            run=self._run,
            quiet=quiet,
        )

    def _told(self, event: Event) -> tuple[str, Severity, bool]:
        """Return what an event says, how it is to be taken, and whether it is for the log only."""
        match event:
            case Header():
                return f"gradients by {event.gradients_by}: {event.gradients_why}", "note", True
            case MarkReached():
                note = " ".join(event.note.split())
                return event.called + (f" · {note}" if note else ""), "note", bool(event.of)
            case Request() if event.refused:
                return f"{event.action} was refused: {event.refused}", "warning", False
            case Request():
                by = f" · asked by {event.viewer}" if event.viewer != self._viewer else ""
                return _carried_out(event) + by, "note", True
            case RunWarning():
                return event.message, "warning", False
            case Checkpoint():
                return f"everything needed to go on is in {event.file}", "note", True
            case Resume() | Fork():
                return event.words, "note", False
            case End():
                words = f"{event.status}: {REASONS.get(event.reason, event.reason)}"
                words = self._with_log(words) if event.status == "failed" else words
                return words, _ENDS.get(event.status, "bad"), False
        return event.kind, "note", True

    def _with_log(self, words: str) -> str:
        """Return what went wrong, and where there is more about it."""
        return f"{words}; its log is {plain(self._log)}" if self._log else words

    def _improved(self, history: History) -> list[Entry]:
        """Return an entry for each new best measurement on the dev set.

        Of a run that has many of them, the later ones are told together: every time as many have
        come as were told before, and at the end.
        """
        rows, header = history.series.get("dev"), history.header
        if rows is None or header is None or not rows.count:
            return []
        after, count_then = self._compared
        if rows.count != count_then:
            self._pending += improvements(history, 0 if header.members == 1 else None, after=after)
            self._compared = rows.last_step, rows.count
        waiting, counted = self._pending, self._improvements
        singly = counted + len(waiting) <= SINGLE
        if not waiting or not (singly or len(waiting) >= counted or history.end is not None):
            return []
        self._pending, self._improvements = [], counted + len(waiting)
        told = [[each] for each in waiting] if singly else [waiting[:-1], waiting[-1:]]
        return [self._improvement(group, history, header) for group in told if group]

    def _improvement(self, group: Sequence[Improvement], history: History, header: Header) -> Entry:
        """Return an entry for improvements that are told together."""
        last = group[-1]
        words = replace(last, before=group[0].before).words(count, member_words(history, last))
        if len(group) > 1:
            words += f", in {count(len(group))} improvements since step {count(group[0].step)}"
        time = header.time + history.time_of(last.step) if header.time else None
        return Entry(words=plain(words), time=time, run=self._run, quiet=True)

    def _not_finite(self, history: History) -> list[Entry]:
        """Return an entry for a column's first number that is not finite."""
        rows, header = history.series.get("train"), history.header
        entries: list[Entry] = []
        # A member of a population that ends has no numbers any more: a warning says why.
        if rows is None or header is None or not rows.count or header.members > 1:
            return entries
        for column, name in WATCHED:
            if column in self._broken or column not in rows.columns:
                continue
            step = _first_not_finite(rows, column, self._scanned.get(column, 0))
            self._scanned[column] = rows.last_step
            if step is not None:
                self._broken[column] = step
                words = f"{name} is no finite number any more"
                entries.append(Entry(words=words, severity="bad", step=step, run=self._run))
        return entries

    def _take_back(self, step: int) -> None:
        """Look again at what comes after a step: the run went on from there."""
        for column, _ in WATCHED:
            self._scanned[column] = min(self._scanned.get(column, 0), step)
            if self._broken.get(column, step) > step:
                del self._broken[column]
        self._compared = min(self._compared[0], step), 0
        self._pending = [each for each in self._pending if each.step <= step]


def _carried_out(request: Request) -> str:
    """Return what was done, in words."""
    match request.action:
        case "set_lr":
            lr = request.arguments.get("lr")
            return f"learning rate {short(lr) if isinstance(lr, int | float) else lr}"
        case "pause":
            return "paused"
        case "continue":
            return "goes on"
        case "step":
            n = request.arguments.get("n", 1)
            return f"{'one step' if n == 1 else f'{n} steps'} by hand"
    return request.action


def _first_not_finite(rows: Rows, column: str, after: int) -> int | None:
    """Return the step of the first number after a step that is not finite."""
    row = rows.first_broken(column, rows.count_until(after), rows.count)
    return None if row is None else rows.step_of(row)


def _key(event: Event) -> Hashable:
    """Return what tells an event from every other of its recording."""
    return event.kind, event.t, "" if isinstance(event, Header) else repr(event)
