"""What lies under the real code while schedules are played, and what watches over it."""

from __future__ import annotations

import contextlib
import io
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import safetensors

import engine.worker.__main__ as worker
from engine.errors import RequestError
from engine.recording import reserve
from engine.recording.file import Recorder
from engine.recording.tail import Tail
from engine.runs import processes
from engine.runs.requests import Control, Inbox
from engine.training import checkpoints, failures, resuming

from . import training
from .calls import answered, process, world
from .people import RESERVE_BYTES, truth
from .promises import Asked


@contextlib.contextmanager
def stage() -> Iterator[None]:
    """Lay the simulated world under the real code, meanwhile."""
    with contextlib.ExitStack() as stack:
        for owner, name, value in _substitutes():
            stack.enter_context(patch.object(owner, name, value))
        stack.enter_context(answered())
        yield


def _substitutes() -> list[tuple[Any, str, Any]]:
    return [
        (worker, "presets", types.SimpleNamespace(load=training.load)),
        (worker, "Trainer", training.Trainer),
        (worker, "Meter", training.Meter),
        (worker, "header_of", training.header_of),
        (worker, "sys", types.SimpleNamespace(stderr=io.StringIO())),
        (failures, "traceback", types.SimpleNamespace(print_exc=lambda: None)),
        (worker, "_stop_on_signals", lambda inbox: None),
        (resuming, "trainer_of", lambda *_, **__: training.Trainer()),
        (resuming, "differences_of", lambda *_: []),
        (worker, "PAUSED_SECONDS", 0.1),
        (checkpoints, "SECONDS", 0.1),
        (checkpoints, "TIMES", 2),
        (reserve, "RESERVE_BYTES", RESERVE_BYTES),
        (safetensors, "safe_open", training.SafeOpen),
        (Tail, "lines", _watched_lines(Tail.lines)),
        (Inbox, "poll", _watched_poll(Inbox.poll)),
        (Control, "send", _watched_send(Control.send)),
        (Recorder, "record", _watched_record(Recorder.record)),
        (processes.Processes, "__init__", _named(processes.Processes.__init__)),
    ]


def _watched_lines(lines: Callable[..., list[bytes]]) -> Callable[..., list[bytes]]:
    def watched(tail: Tail, *limits: Any) -> list[bytes]:
        read_now = lines(tail, *limits)
        if process() is not None and tail.path.name == "recording.jsonl":
            if tail.offset == sum(map(len, read_now)) + len(read_now):
                vars(tail)["lines_before"] = 0
            truth().read(tail, read_now)
        return read_now

    return watched


def _watched_poll(poll: Callable[..., Any]) -> Callable[..., Any]:
    def watched(inbox: Inbox) -> Any:
        asking = process()
        if asking is None:
            return poll(inbox)
        since = world().now
        requests = poll(inbox)
        truth().polled(asking, since, requests)
        return requests

    return watched


def _watched_send(send: Callable[..., str]) -> Callable[..., str]:
    def watched(control: Control, action: Any, **arguments: Any) -> str:
        asking = process()
        if asking is None:
            return send(control, action, **arguments)
        asked = Asked(at=float("inf"), begun=world().now, machine=asking.machine)
        name = f"{world()._tokens + 1:016x}"
        truth().requests[name] = asked
        try:
            assert send(control, action, **arguments) == name
        except RequestError:
            asked.refused = True
            raise
        asked.at = world().now
        world().note(f"{asking.name} asks for {action} {name}")
        return name

    return watched


def _watched_record(record: Callable[..., None]) -> Callable[..., None]:
    def watched(recorder: Recorder, *events: Any) -> None:
        record(recorder, *events)
        if process() is not None:
            truth().synced([event.kind for event in events])

    return watched


def _nobody(pid: int, number: int) -> None:
    raise ProcessLookupError


def _named(init: Callable[..., None]) -> Callable[..., None]:
    def named(self: Any, *rest: Any, **others: Any) -> None:
        init(self, *rest, **others)
        if (asking := process()) is not None:
            object.__setattr__(self, "host", asking.machine.name)
            object.__setattr__(self, "signal", _nobody)

    return named
