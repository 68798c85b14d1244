"""What is promised of a recording, broken on purpose: how often it was tried, and what was lost.

    python -m benchmarks.reliability kills 200     runs killed at random moments, gone on with
    python -m benchmarks.reliability presets       every preset broken off, branched off, verified
    python -m benchmarks.reliability changed 100   recordings in which one number was changed

Each prints a row of ``benchmarks/RELIABILITY.md``. Seeds are counted, so that a failure is tried
again by its number: ``kills 1 57`` is the kill of seed 57. With ``--seconds N`` none is begun after
so long.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np

from engine.errors import EpochalError
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.events import Event, Series
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.environment import worker_environment
from engine.runs.folder import RunFolder, create_run
from engine.training.branching import branched_experiment
from engine.training.verification import verify

LENGTHS: Final[Mapping[str, list[str]]] = {
    "cubic": ["train.steps=30000"],
    "two-moons": ["train.epochs=9000"],
    "two-moons-deeper": ["train.epochs=6000"],
    "digits": ["train.epochs=40"],
    "function-set": ["train.steps=4000"],
    "sum-of-30": ["train.steps=9000"],
    "exploding-batch-norm": ["train.steps=2000"],
}
"""What is killed, and how long it would take: one to three seconds each."""

DEADLINE: Final = 120.0
"""Seconds after which a worker that says nothing has failed."""

OFTEN: Final = (
    "import sys; sys.path.insert(0, ''); import engine.training.checkpoints as c; c.SECONDS = 0.1; "
    "c.TIMES = 2; from engine.worker.__main__ import main; main()"
)
"""A worker as it is, but that it writes checkpoints often enough to be killed in one."""


FAILED, KILLED = 1, 9
"""How a process ends that is broken off: not as it was meant to, and as it was."""


class Worker:
    """A real worker, in a process that can be killed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", OFTEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=worker_environment() | {"OMP_NUM_THREADS": "1"},
        )

    def give(self, folder: RunFolder, **order: Any) -> None:
        """Hand over a run's folder."""
        given = {"folder": str(folder.path), "device": "cpu", **order}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(given).encode() + b"\n")
        self.process.stdin.close()

    def wait(self) -> int:
        """Wait until it has ended; return its status."""
        return self.process.wait(DEADLINE)


def history_of(folder: RunFolder) -> History:
    """Return what a run recorded."""
    history = History()
    history.extend(read(folder.recording))
    return history


def came_to(history: History) -> dict[str, Any]:
    """Return all that a run came to, bit by bit, but how long it took."""
    rows = {
        group: (each.steps.tobytes(), each.between(1, history.last_step).tobytes())
        for group, each in history.series.items()
    }
    weights = [history.snapshot(step) for step in history.snapshot_steps]
    end = history.end
    assert end is not None
    return {
        **rows,
        "weights": [(each.step, each.values.tobytes()) for each in weights if each],
        "best": history.best and (history.best.best, history.best.values.tobytes()),
        "marks": [(mark.step, mark.title, mark.note) for mark in history.marks],
        "end": (end.step, end.status, end.reason),
        "result": {k: repr(v) for k, v in end.result.items() if "second" not in k},
    }


def kills(count: int, first: int, place: Path) -> Iterator[str]:
    """Kill workers at random moments, go on with their runs, and yield of each what is lost."""
    straight: dict[str, tuple[dict[str, Any], float]] = {}
    for seed in range(first, first + count):
        draw = Random(seed)
        name = draw.choice(list(LENGTHS))
        spec = presets.load(name, LENGTHS[name]).experiment
        text = presets.dumps(spec, full=True)
        if name not in straight:
            folder, worker = create_run(name, text, place), Worker()
            worker.give(folder)
            worker.wait()
            history = history_of(folder)
            straight[name] = came_to(history), history.last_t
        wanted, seconds = straight[name]
        folder = create_run(name, text, place)
        order: dict[str, Any] = {}
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            worker = Worker()
            worker.give(folder, **order)
            with contextlib.suppress(subprocess.TimeoutExpired):
                # From before its first line to after its last one.
                worker.process.wait(_ready(folder, bool(order)) + draw.uniform(0, 1.1 * seconds))
            worker.process.kill()
            worker.process.wait()
            order = {"resume": {}}
            if not folder.recording.exists():
                order = {}
            elif history_of(folder).end is not None:
                break
        if not folder.recording.exists() or history_of(folder).end is None:
            worker = Worker()
            worker.give(folder, **order)
            worker.wait()
        try:
            same = came_to(history_of(folder)) == wanted
        except (AssertionError, EpochalError) as error:
            yield f"seed {seed}, {name}: {error!r}; {folder.path}"
            continue
        yield "" if same else f"seed {seed}, {name}: came to something else; {folder.path}"


def _ready(folder: RunFolder, resumes: bool) -> float:
    """Wait until a worker has begun to write, and return no more seconds than that."""
    size = folder.recording.stat().st_size if resumes else 0
    deadline = time.monotonic() + DEADLINE
    while not folder.recording.exists() or folder.recording.stat().st_size <= size:
        assert time.monotonic() < deadline, f"{folder.path}: no worker"
        time.sleep(0.005)
    return 0.0


def of_every_preset(place: Path) -> Iterator[str]:
    """Verify every preset, break it off and branch it off, and yield of each what is lost."""
    for listing in presets.catalogue():
        draw = Random(listing.name)
        spec = presets.load(listing.name).experiment
        steps = min(spec.steps, 300)
        text = presets.dumps(_shortened(spec, steps), full=True)
        folder = create_run(listing.name, text, place)
        _train(folder)
        history = history_of(folder)
        said = verify(listing.name, history, allow_code=True)
        is_equal = not (said.difference or said.elsewhere)
        yield "" if is_equal else f"verify {listing.name}: {said.words}"
        # Broken off: a run of a part of its steps that is then lengthened to all of them.
        part = draw.randrange(1, max(2, history.last_step))
        broken = create_run(listing.name, text, place)
        _break_off(broken, part)
        _train(broken, resume={})
        after = history_of(broken)
        lost = [] if came_to(after) == came_to(history) else ["came to something else"]
        from_step = after.seams[0].from_step
        if not (part // 2 or -1) <= from_step < part:
            lost.append(f"went on from {from_step}")
        yield f"resume {listing.name} at {part}: {'; '.join(lost)}" if lost else ""
        at = draw.randrange(0, max(1, history.last_step - 1))
        changes = ["optimizer.lr=0.001"]
        child, _ = branched_experiment(history, at, changes)
        branch = create_run(listing.name, presets.dumps(child, full=True), place)
        _train(branch, fork={"parent": str(folder.path), "step": at, "changes": changes})
        after = history_of(branch)
        said = verify(listing.name, after, allow_code=True)
        lost = [said.words] if said.difference or said.elsewhere else []
        for group, rows in after.series.items():
            if rows.between(1, at).tobytes() != history.series[group].between(1, at).tobytes():
                lost.append(f"{group} is not its parent's")
        yield f"fork {listing.name} at {at}: {'; '.join(lost)}" if lost else ""


def _train(folder: RunFolder, **order: Any) -> None:
    """Train in this process."""
    from engine.runs import resuming
    from engine.worker import __main__ as worker

    resuming.state_of = lambda *_: "crashed"  # type: ignore[assignment]
    worker.work(folder, device="cpu", allow_code=True, **order)


def _break_off(folder: RunFolder, at: int) -> None:
    """Train up to a step and end as if killed there, with checkpoints, one of half of these steps.

    Raises:
        AssertionError: It was not broken off there, so that there is nothing to go on with.
    """
    from engine.training import checkpoints
    from engine.training.trainer import Trainer
    from engine.worker import __main__ as worker

    child = os.fork()
    if not child:
        status, advance, events = FAILED, Trainer.advance, worker._Work.events
        checkpoints.SECONDS = checkpoints.TIMES = 0  # type: ignore[misc]

        def until_there(self: Trainer, n: int) -> Any:
            ends = next(each for each in (at // 2, at) if each > self.step)
            return advance(self, min(n, ends - self.step))

        def until_killed(self: Any) -> Iterator[list[Event]]:
            for each in events(self):
                yield each
                if self.trainer.step >= at:
                    self.recorder.flush()
                    os._exit(KILLED)

        try:
            Trainer.advance, worker._Work.events = until_there, until_killed  # type: ignore[method-assign]
            status = worker.work(folder, device="cpu", allow_code=True)
        finally:
            os._exit(status)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    history = history_of(folder)
    assert (ended, history.last_step, history.end) == (KILLED, at, None), f"{folder.path}: {ended}"


def _shortened(spec: Experiment, steps: int) -> Experiment:
    train = spec.train.model_dump() | {"steps": steps, "epochs": None}
    return Experiment.model_validate(spec.model_dump(mode="json") | {"train": train, "sweep": {}})


def changed(count: int, first: int, place: Path) -> Iterator[str]:
    """Change one number of a recording, and yield of each where ``verify`` does not name it."""
    spec = presets.load("digits", ["train.epochs=3"]).experiment
    folder = create_run("digits", presets.dumps(spec, full=True), place)
    _train(folder)
    events = list(read(folder.recording))
    parts = [at for at, each in enumerate(events) if isinstance(each, Series)]
    for seed in range(first, first + count):
        draw, history, changed_events = Random(seed), History(), list(events)
        part = changed_events[at := draw.choice(parts)]
        assert isinstance(part, Series)
        values = part.values.copy()
        column, row = draw.randrange(values.shape[0]), draw.randrange(values.shape[1])
        values[column, row, 0] = np.nextafter(values[column, row, 0], np.float32(np.inf))
        changed_events[at] = replace(part, values=values)
        history.extend(changed_events)
        name = f"{part.group}/{history.series[part.group].columns[column]}"
        said = verify("a-run", history).difference
        place_of_it = f"{name} of step {part.first + row * part.stride}"
        is_found = said.startswith(f"{place_of_it} ")
        yield "" if is_found else f"seed {seed}: {place_of_it}: {said or 'equal'}"


PROGRAMS: Final[Mapping[str, tuple[str, Callable[[int, int, Path], Iterator[str]]]]] = {
    "kills": ("a run that is killed goes on to the same bits", kills),
    "presets": (
        "every preset is gone on with, branched off and verified, bit-equal",
        lambda count, first, place: of_every_preset(place),
    ),
    "changed": ("a number that was changed is found at its step", changed),
}
"""What is promised, and what breaks it: how often, from which seed on, in which folder."""


def main() -> int:
    """Break what is asked for, and print the row."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability")
    parser.add_argument("what", choices=PROGRAMS)
    parser.add_argument("count", type=int, nargs="?", default=20)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("--seconds", type=float, default=math.inf)
    asked = parser.parse_args()
    promise, program = PROGRAMS[asked.what]
    end = time.monotonic() + asked.seconds
    tried = lost = 0
    with tempfile.TemporaryDirectory() as place:
        for failure in program(asked.count, asked.first, Path(place)):
            tried += 1
            lost += bool(failure)
            print(failure or f"{tried}", file=sys.stdout if failure else sys.stderr, flush=True)
            if time.monotonic() > end:
                break
    command = " ".join(["python -m benchmarks.reliability", *sys.argv[1:]])
    print(f"| {promise} | {tried} | {tried - lost} | {lost} | `{command}` |")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
