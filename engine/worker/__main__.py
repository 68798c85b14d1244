"""The worker: a detached process that trains one run and records it.

It waits on its stdin for one line of JSON that names a run folder, then trains the experiment
it finds there. Everything it has to say is an event of the recording; what Python itself
complains of is in the folder's ``worker.log``. Between blocks it looks for requests.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    # Of what is imported nothing is garbage, and looking for it takes a tenth of the time.
    gc.disable()

import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ..errors import EpochalError, RecordingError
from ..experiment.experiment import Experiment
from ..notices.watcher import Watcher
from ..presets import preset as presets
from ..recording.events import Event, Heartbeat, RunWarning
from ..recording.file import Recorder, read
from ..runs.folder import RunFolder
from ..runs.meter import Meter
from ..runs.requests import Inbox, PendingRequest
from ..text.owned import open_to_append
from ..text.parsing import from_json
from ..training.checkpoints import Checkpoints
from ..training.failures import fail_to_start, record_failure
from ..training.forking import branch
from ..training.gpu import gpu_of
from ..training.header import header_of
from ..training.loop import Pace, ending, train, weights_to_keep
from ..training.repeats import Repeats
from ..training.resuming import Continuation, resume
from ..training.trainer import Trainer
from .requests import RequestHandler

FAILED: Final = 1
"""Exit status where the training failed, or not all of it is recorded."""

WRONG: Final = 2
"""Exit status where what was asked for cannot be had."""

STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
"""What asks a worker to stop: people, terminals, and schedulers before they take the machine."""

HEARTBEAT_SECONDS: Final = 2.0
"""How long a worker may say nothing."""

PAUSED_SECONDS: Final = 0.02
"""How often a paused worker looks for requests."""


def main() -> None:
    """Get ready, wait for a folder, train it."""
    gc.freeze()
    gc.enable()
    # Whose folder is there already has nothing to wait for.
    if not select.select([sys.stdin], [], [], 0)[0]:
        _warm_up()
    line = sys.stdin.readline()
    if not line.strip():
        return
    order = from_json(line)
    folder = RunFolder(Path(order["folder"]))
    _redirect_output(folder)
    del order["folder"]
    watcher = Watcher.start(folder.path)
    status = work(folder, watcher=watcher, **order)
    if status == WRONG and order.get("resume") is not None:
        watcher.say(dismissed=True)
    watcher.close()
    sys.exit(status)


def work(
    folder: RunFolder,
    *,
    heard: Mapping[str, int] | None = None,
    device: str = "auto",
    steps: int | None = None,
    allow_code: bool = False,
    resume: Mapping[str, Any] | None = None,
    fork: Mapping[str, Any] | None = None,
    watcher: Watcher | None = None,
) -> int:
    """Train and record the run of a folder.

    Args:
        folder: Holds ``experiment.toml``.
        heard: How much of each file of requests is older than this order: none of this run.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        steps: Pause after so many steps; run freely where left out.
        allow_code: Whether a network of one's own may be run.
        resume: How to go on with what is recorded there; a new run where left out.
        fork: What to branch off from, at which step, and what is other from there on.
        watcher: Who is told how it goes on.

    Returns:
        0 where the run finished or was stopped, 1 where it diverged or failed, 2 where it cannot
        be gone on with: then the log says why.
    """
    # Before anything that takes time: a stop asked for while the data loads is not lost.
    inbox = Inbox(folder, heard)
    _stop_on_signals(inbox)
    watcher = watcher or Watcher()
    try:
        if resume is not None:
            return _go_on(folder, inbox, watcher, Continuation(**resume), device, allow_code)
        if fork is not None:
            return _branch_off(folder, inbox, watcher, fork, device, allow_code)
        return _begin(folder, inbox, watcher, device, steps, allow_code)
    except EpochalError as error:
        # There is no recording, or it stays as it is: it says how the run ended.
        print(error, file=sys.stderr)
        return WRONG


def _begin(
    folder: RunFolder,
    inbox: Inbox,
    watcher: Watcher,
    device: str,
    steps: int | None,
    allow_code: bool,
) -> int:
    """Train the run of a folder from its beginning."""
    try:
        experiment = presets.load(str(folder.experiment_file)).experiment
        trainer = Trainer(experiment, device=device, allow_code=allow_code)
        recorder = Recorder.create(folder.recording, header_of(trainer, folder.name))
    except Exception as error:  # Whatever it is, a viewer must learn of it from the recording.
        return fail_to_start(folder, error)
    pace = Pace()
    worked = _Work(recorder, folder, trainer, inbox, watcher, pace, train(trainer, pace))
    if steps is not None:
        worked.handler.owed = 0
        inbox.put(PendingRequest("start", "start", "step", {"n": steps}))
    return _record(worked)


def _go_on(
    folder: RunFolder,
    inbox: Inbox,
    watcher: Watcher,
    wanted: Continuation,
    device: str,
    allow_code: bool,
) -> int:
    """Go on with the run of a folder, from its newest checkpoint."""
    # First of all: what is read of it, and gone on from, is then what nobody else adds to.
    recorder = Recorder.hold(folder.recording)
    try:
        run = resume(folder, wanted, device=device, allow_code=allow_code)
        recorder.go_on(run.event)
    except EpochalError:
        recorder.close()
        raise
    inbox.ignore(run.answered)
    pace = Pace()
    stream = train(run.trainer, pace, run.marks)
    work = _Work(recorder, folder, run.trainer, inbox, watcher, pace, stream, run.repeats)
    work.checkpoints.first = run.first
    return _record(work)


def _branch_off(
    folder: RunFolder,
    inbox: Inbox,
    watcher: Watcher,
    wanted: Mapping[str, Any],
    device: str,
    allow_code: bool,
) -> int:
    """Train a run that branches off from another."""
    parent = RunFolder(Path(wanted["parent"]))
    try:
        events = list(read(parent.recording))
        run = branch(
            parent,
            events,
            step=wanted["step"],
            changes=wanted["changes"],
            member=wanted.get("member", 0),
            device=device,
            allow_code=allow_code,
        )
        header = replace(header_of(run.trainer, folder.name), branch_of=run.fork.parent)
        recorder = Recorder.create(folder.recording, header)
    except Exception as error:  # Whatever it is, a viewer must learn of it from the recording.
        return fail_to_start(folder, error)
    pace = Pace()
    stream = train(run.trainer, pace, run.marks)
    work = _Work(recorder, folder, run.trainer, inbox, watcher, pace, stream)
    work.checkpoints.first = run.fork.step
    try:
        recorder.copy(run.events)
        recorder.record(run.fork)
        # At once: without the state at this step nobody could go on with it.
        recorder.record(*work.checkpoints.save())
    except RecordingError as error:
        record_failure(recorder, run.trainer, error)
        return FAILED
    return _record(work)


def _record(work: _Work) -> int:
    """Record a run to its end; return the exit status."""
    recorder, trainer = work.recorder, work.trainer
    try:
        for events in work.events():
            recorder.record(*events)
        # The end is said last: whoever reads it finds weights and checkpoint there.
        recorder.record(*weights_to_keep(trainer))
        recorder.record(*work.checkpoints.save())
        recorder.record(ending(trainer))
        recorder.close()
    except Exception as error:
        record_failure(recorder, trainer, error)
        return FAILED
    return 0 if trainer.outcome and trainer.outcome.status in ("finished", "stopped") else FAILED


class _Work:
    """A run that is trained: its events, its requests, its checkpoints.

    Args:
        recorder: Where it is recorded.
        folder: The run's.
        trainer: What is trained.
        inbox: Where requests come from.
        watcher: Who is told how it goes on.
        pace: How many steps at a time.
        stream: The run's events.
        repeats: What was said of it when its steps were taken before, and is said again.
    """

    def __init__(
        self,
        recorder: Recorder,
        folder: RunFolder,
        trainer: Trainer,
        inbox: Inbox,
        watcher: Watcher,
        pace: Pace,
        stream: Iterator[list[Event]],
        repeats: Repeats | None = None,
    ) -> None:
        self.recorder, self.trainer = recorder, trainer
        self._inbox, self._pace, self._stream = inbox, pace, stream
        self._watcher, self.handler = watcher, RequestHandler(trainer)
        self.checkpoints = Checkpoints(folder, trainer, partial(recorder.flush, sync=True))
        self._repeats = repeats

    def events(self) -> Iterator[list[Event]]:
        """Pull the run's events until it is over, answering requests between the pulls.

        Not pulling is pausing.
        """
        trainer, recorder, handler, pace = self.trainer, self.recorder, self.handler, self._pace
        yield next(self._stream)
        if trouble := self._watcher.trouble:
            yield [RunWarning(step=trainer.step, message=trouble)]
        meter = Meter(gpu_of(trainer.device))
        while trainer.outcome is None:
            if not recorder.is_there():
                # Nobody could reach it any more, nor ever read what it writes.
                raise RecordingError(f"{recorder.path}: was removed or moved away")
            # What was said before at this step comes before what is asked for now.
            ahead = self._repeats.take(trainer) if self._repeats else None
            requests = self._inbox.poll()
            if said := self._inbox.complaints():
                yield [RunWarning(step=trainer.step, message=each) for each in said]
            if requests:
                yield [event for request in requests for event in handler.answer(request)]
            elif not handler.paused:
                # Someone who asks for three steps gets three, whatever fits a block.
                before = trainer.step
                pace.limit = min(filter(None, (ahead, handler.owed)), default=None)
                events = next(self._stream)
                handler.taken(trainer.step - before)
                self._watcher.at(trainer.step)
                self._watcher.told(events, trainer.diverged)
                yield [*events, *meter.read(trainer.step)]
                # Its rows first: a checkpoint is of a step that the recording has.
                yield self.checkpoints.take()
            else:
                recorder.flush()
                self._watcher.at(trainer.step, paused=True)
                if recorder.seconds_since_write >= HEARTBEAT_SECONDS:
                    yield [Heartbeat(step=trainer.step)]
                yield self.checkpoints.take(paused=True)
                time.sleep(PAUSED_SECONDS)
                meter.skip(trainer.step)


def _stop_on_signals(inbox: Inbox) -> None:
    """Treat the signals that ask a process to end as the request they are, between two steps."""

    def stop(signum: int, frame: FrameType | None) -> None:
        name = signal.Signals(signum).name
        inbox.put(PendingRequest(name, name, "stop"))

    for number in STOPPING:
        signal.signal(number, stop)


def _redirect_output(folder: RunFolder) -> None:
    """Send whatever is printed from here on to the run's log."""
    log = open_to_append(folder.log)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _warm_up() -> None:
    """Take a few steps of nothing: what is needed for the first is imported and made."""
    trainer = Trainer(Experiment.model_validate({"train": {"steps": 3}}), device="cpu")
    for _ in train(trainer, Pace()):
        pass


if __name__ == "__main__":
    main()
