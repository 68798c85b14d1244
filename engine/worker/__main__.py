"""The worker: a detached process that trains one run and records it.

It waits on its stdin for one line of JSON that names a run folder, then trains the experiment
it finds there. Everything it has to say is an event of the recording; what Python itself
complains of is in the folder's ``worker.log``. Between blocks it looks for requests.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from ..experiment.experiment import Experiment
from ..presets import preset as presets
from ..recording.events import Event, Heartbeat
from ..recording.file import Recorder
from ..runs.folder import RunFolder
from ..runs.requests import Inbox, PendingRequest
from ..training.header import header_of
from ..training.loop import Pace, ending, train, weights_to_keep
from ..training.meter import Meter
from ..training.records import fail_to_start, record_failure, save_checkpoint
from ..training.trainer import Trainer
from .requests import RequestHandler

HEARTBEAT_SECONDS: Final = 2.0
"""How long a worker may say nothing."""

PAUSED_SECONDS: Final = 0.02
"""How often a paused worker looks for requests."""


def main() -> None:
    """Get ready, wait for a folder, train it."""
    _warm_up()
    line = sys.stdin.readline()
    if not line.strip():
        return
    order = json.loads(line)
    folder = RunFolder(Path(order["folder"]))
    _redirect_output(folder)
    since = order.pop("time")
    del order["folder"]
    sys.exit(work(folder, since=since, **order))


def work(
    folder: RunFolder,
    *,
    since: float,
    device: str = "auto",
    steps: int | None = None,
    allow_code: bool = False,
) -> int:
    """Train and record the run of a folder.

    Args:
        folder: Holds ``experiment.toml``.
        since: When the folder was handed over; older requests are none of this run.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        steps: Pause after so many steps; run freely where left out.
        allow_code: Whether a network of one's own may be run.

    Returns:
        0 where the run finished or was stopped, 1 where it diverged or failed.
    """
    # Before anything that takes time: a stop asked for while the data loads is not lost.
    inbox = Inbox(folder, since=since)
    _stop_on_sigterm(inbox)
    try:
        experiment = presets.load(str(folder.experiment_file)).experiment
        trainer = Trainer(experiment, device=device, allow_code=allow_code)
        header = header_of(trainer, folder.name)
    except Exception as error:  # Whatever it is, a viewer must learn of it from the recording.
        return fail_to_start(folder, error)
    recorder = Recorder.create(folder.recording, header)
    handler = RequestHandler(trainer)
    if steps is not None:
        handler.owed = 0
        inbox.put(PendingRequest("start", "start", "step", {"n": steps}, since))
    try:
        for events in _pull(trainer, recorder, handler, inbox):
            recorder.record(*events)
        # The end is said last: whoever reads it finds weights and checkpoint there.
        recorder.record(*weights_to_keep(trainer))
        recorder.record(*save_checkpoint(folder, trainer))
        recorder.record(ending(trainer))
        recorder.close()
    except Exception as error:
        record_failure(recorder, trainer, error)
        return 1
    return 0 if trainer.outcome and trainer.outcome.status in ("finished", "stopped") else 1


def _pull(
    trainer: Trainer, recorder: Recorder, handler: RequestHandler, inbox: Inbox
) -> Iterator[list[Event]]:
    """Pull a run's events until it is over, answering requests between the pulls.

    Not pulling is pausing.
    """
    pace = Pace()
    stream = train(trainer, pace)
    yield next(stream)
    meter = Meter(trainer.device)
    while trainer.outcome is None:
        if requests := inbox.poll():
            yield [event for request in requests for event in handler.answer(request)]
        elif not handler.paused:
            # Someone who asks for three steps gets three, whatever fits a block.
            before, pace.limit = trainer.step, handler.owed
            events = next(stream)
            handler.taken(trainer.step - before)
            yield [*events, *meter.read(trainer.step)]
        else:
            recorder.flush()
            if recorder.seconds_since_write >= HEARTBEAT_SECONDS:
                yield [Heartbeat(step=trainer.step)]
            time.sleep(PAUSED_SECONDS)
            meter.skip(trainer.step)


def _stop_on_sigterm(inbox: Inbox) -> None:
    """Treat SIGTERM as the request it is: it takes effect between two steps."""

    def stop(signum: int, frame: FrameType | None) -> None:
        name = signal.Signals(signum).name
        inbox.put(PendingRequest(name, name, "stop", {}, time.time()))

    signal.signal(signal.SIGTERM, stop)


def _redirect_output(folder: RunFolder) -> None:
    """Send whatever is printed from here on to the run's log."""
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _warm_up() -> None:
    """Take a few steps of nothing: the first optimizer costs a second of imports."""
    trainer = Trainer(Experiment.model_validate({"train": {"steps": 3}}), device="cpu")
    for _ in train(trainer, Pace()):
        pass


if __name__ == "__main__":
    main()
