"""Runs whose files were damaged or made up, given to every command that reads them.

``python -m tests.mutants 5000`` tries so many; the suite tries some. ``python -m tests.mutants 1
57`` tries that of seed 57 again. Whatever a file says, a command has a result or a clear word for
it, within limits of time and memory.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache, partial
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

import numpy as np
import typer

from engine.errors import EpochalError
from engine.experiment.experiment import Experiment
from engine.headless.stopping import stop
from engine.loops.watch import watch
from engine.presets import preset as presets
from engine.recording.file import read
from engine.recording.history import History
from engine.recording.lines import encode
from engine.results.run import load_run
from engine.runs.folder import RunFolder, create_run
from engine.runs.notes import NotedMark, Notes
from engine.runs.requests import Inbox, PendingRequest
from engine.sweeps.cell import runs_of_cell
from engine.sweeps.folder import SweepFolder, is_sweep
from engine.training.loop import Pace
from engine.worker import __main__ as worker
from engine.worker.launch import Worker
from engine.worker.requests import RequestHandler
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment
from tests.foreign import foreign_run
from tests.mutations import (
    NOTES,
    REQUESTS,
    mixed_lines,
    mutated_checkpoint,
    mutated_lines,
    mutated_notes,
)
from tests.shown import the_lab_shows
from tests.sweeps import make_sweep, train_group
from tests.within_limits import Attempt, Failure, failures_of, run
from tui import cli
from tui.pictures.still import read_watch

COMMAND: Final = cache(typer.main.get_command)
"""Makes the command of its parts, which takes as long as most of what it does here."""

PROMISE: Final = "a file of a run that is damaged or made up ends no command"

STEPS: Final = 300
"""What a recording may say of how long it took, that is trained again: it takes that long."""
NUMBERS: Final = 10_000
"""The same, of how large the network is."""
BLOCKS: Final = 6
"""Blocks after which a run that is gone on with is stopped."""


SHOWN: Final = (
    *("show last", "show last --view all", "show last --json", "show last --step best"),
    *("show last --view weights --step 5 --json", "show last --log-every 1", "show last --preset"),
    *("show last --view curves --member 1", "show last --view gradients", "predict last"),
    *("predict last --json --set train", "runs", "runs --json", "stop last"),
    "runs result.test_accuracy>0.5 cfg.optimizer.lr>0",
)
"""The commands that read a recording."""
RESUMED: Final = ("verify last", "resume last", "fork last --at 3 --set optimizer.lr=0.1")
"""Those that train on from it."""
CALLED: Final = (
    *("evaluate last", "evaluate last --json --member 1", "evaluate last --set train --rows 2"),
    *("show last last", "show last --view region", "show last --view function"),
    *("export last last/a.csv --to csv", "export last last/a.html --to html"),
    *("export last last/a.safetensors --to safetensors", "export last last/a.svg --to svg"),
    *("predict last --values 0.5,1", "predict last --to last/answers.csv", "show last --step 0"),
    *("show last --view norms --log", "show last --view activations --layer layer1"),
    *("show last --view curves --member 2", "show last --view predictions --json"),
    *("show last --steps 0..5", "show last --view histogram --layer layer2.weight"),
    *("export last last/t --to tensorboard", "export last last/a.onnx --to onnx"),
)
"""More of them, of which a mutant is given some."""
SOME: Final = 5
"""How many."""
OF_CHECKPOINTS: Final = ("show last --view all", "show last --step best", "predict last")
OF_NOTES: Final = ("runs", "runs --json", "show last", "runs tag=a")
OF_SWEEPS: Final = (
    *("runs", "runs --json", "show last", "show last --json", "stop last", "show last/trial-1"),
    *("show last --view dev_loss --by hidden,lr", "sweep last --dry-run", "predict last/trial-2"),
)


def of_a_run(folder: RunFolder, draw: Random) -> tuple[str, list[Attempt]]:
    """Damage a file of a run; return what was done, and what reads it."""
    runs = folder.path.parent
    match draw.choices(["recording", "checkpoint", "notes", "requests"], [14, 4, 1, 1])[0]:
        case "notes":
            how = changed(folder.notes, mutated_notes, draw)
            return how, [*commands(runs, OF_NOTES), ("notes", lambda: noted(folder))]
        case "requests":
            (folder.control / "ada.jsonl").write_bytes(REQUESTS)
            how = changed(folder.control / "ada.jsonl", mutated_lines, draw)
            return how, [("requests", lambda: answered(folder))]
        case "checkpoint" if files := [*folder.checkpoints.glob("*")]:
            without(folder, b"snapshot", b"end")
            others = sorted(
                path for path in runs.parent.glob("*/*/checkpoints/*") if path not in files
            )
            how = changed(draw.choice(files), partial(mixed_checkpoint, others), draw)
            return how, [*commands(runs, OF_CHECKPOINTS), *taken_up(folder)]
    without(folder, *draw.choice([(), (), (b"end",), (b"snapshot",), (b"snapshot", b"end")]))
    how = changed(folder.recording, partial(otherwise, runs.parent), draw)
    read = [("load_run", lambda: loaded(folder)), ("the lab", lambda: the_lab(folder))]
    called = draw.sample(CALLED, SOME)
    return how, [*commands(runs, (*SHOWN, *called)), *read, *taken_up(folder)]


def of_a_sweep(folder: RunFolder, draw: Random) -> tuple[str, list[Attempt]]:
    """Damage a file of a sweep; return what was done, and what reads it."""
    recording = folder.path / "group-1" / "recording.jsonl"
    file = draw.choice([folder.path / "sweep.jsonl"] * 3 + [recording])
    how = changed(file, partial(otherwise, folder.path.parent.parent), draw)
    return how, [*commands(folder.path.parent, OF_SWEEPS), ("its cells", lambda: cells_of(folder))]


def mixed_checkpoint(others: list[Path], body: bytes, draw: Random) -> tuple[str, bytes]:
    """Return a checkpoint as it is otherwise, and how; some are another run's."""
    if draw.random() < 0.8:
        return mutated_checkpoint(body, draw)
    return "another run's", draw.choice(others).read_bytes()


def otherwise(place: Path, body: bytes, draw: Random) -> tuple[str, bytes]:
    """Return a file of lines as it is otherwise, and how; of some a part is another run's."""
    if draw.random() < 0.75:
        return mutated_lines(body, draw)
    recordings = sorted(place.glob("*/*/recording.jsonl")) + sorted(place.glob("*/*/*/rec*.jsonl"))
    others = [path for path in recordings if path.parts[len(place.parts)] != "mutant"]
    return mixed_lines(body, draw.choice(others).read_bytes(), draw)


def changed(file: Path, change: Callable[[bytes, Random], tuple[str, bytes]], draw: Random) -> str:
    """Change a file, and say how."""
    how, body = change(file.read_bytes(), draw)
    file.write_bytes(body)
    return f"{file.name} {how}"


def without(folder: RunFolder, *kinds: bytes) -> None:
    """Take all lines of some kinds out of a recording."""
    left_out = tuple(b'{"kind":"' + kind for kind in kinds)
    lines = folder.recording.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not kinds or not line.startswith(left_out)]
    folder.recording.write_bytes(b"".join(kept))


def commands(runs: Path, those: Sequence[str]) -> list[Attempt]:
    """Return commands as something to try, of the one run that there is."""
    [name] = [path.name for path in runs.iterdir()]
    return [(each, partial(command, runs, named(each, name, runs))) for each in those]


def named(line: str, name: str, runs: Path) -> list[str]:
    """Return what a user types, word by word: of a run ``last``, and of files in its folder."""
    paths = (f"{runs}/{name}{word[4:]}" if word[:5] == "last/" else word for word in line.split())
    return [name if word == "last" else word for word in paths]


def command(runs: Path, words: Sequence[str]) -> None:
    """Do what a user types."""
    cli.main([*words, "--runs-dir", str(runs)])


def taken_up(folder: RunFolder) -> list[Attempt]:
    """Return what trains on, where that takes no longer than what is there."""
    if not is_short(folder):
        return commands(folder.path.parent, RESUMED[1:2])
    worker = ("worker", lambda: work(folder, resume={}))
    return [*commands(folder.path.parent, RESUMED), worker]


def loaded(folder: RunFolder) -> None:
    """Read a run in Python, all of it."""
    run = load_run(folder.path)
    for group, rows in run.history.series.items():
        for name in rows.columns:
            assert len(run[f"{group}/{name}"]) == rows.count
    run.predict(np.zeros((2, len(run.header.input_names) or 2)))
    run.module()


def the_lab(folder: RunFolder) -> None:
    """Draw a run as the lab's panes do, at some of its steps."""
    watch = read_watch(folder)
    if watch.history.header is not None:
        the_lab_shows(watch, watch.history.header)


def cells_of(folder: RunFolder) -> None:
    """Draw what the lab shows of a sweep's cells: some networks of its groups."""
    sweep = SweepFolder(folder.path)
    trials = range(len(sweep.plan().trials))
    for chosen in (trials, trials[1:3], trials[-1:]):
        for cell in runs_of_cell(sweep, chosen):
            the_lab(cell)


class Bench:
    """What a trainer looks like to those who ask things of it."""

    step, lr = 40, 0.1

    def stop(self, status: str, reason: str) -> None:
        """End where it is."""


def answered(folder: RunFolder) -> None:
    """Take the requests there are, answer them and write down what came of them."""
    handler = RequestHandler(Bench())
    for request in Inbox(folder).poll():
        for event in handler.answer(request):
            encode(event)


def noted(folder: RunFolder) -> None:
    """Read notes, add to them, and read them again."""
    notes = Notes.load(folder).with_mark(NotedMark(step=3, title="x")).named("q")
    notes.save(folder)
    assert Notes.load(folder).name == "q"


def is_short(folder: RunFolder) -> bool:
    """Whether to train what a recording says takes no time worth mentioning."""
    try:
        history = History(read(folder.recording))
        header = history.header
        if header is None:
            return True
        spec = presets.resolve(header.experiment, "run", recorded=True)
    except Exception:
        # The commands themselves say it, or fail of it.
        return True
    return history.last_step <= STEPS and spec.parameters + spec.data.rows <= NUMBERS


def work(folder: RunFolder, **order: Any) -> int:
    """Train a run in this process; return how that ended."""
    with patch.object(worker, "Pace", partial(Pace, clock=lambda: 0.0)):
        return worker.work(folder, **{**order, "device": "cpu"})


class InlineWorker:
    """A worker that trains what it is given at once, in this process."""

    def __init__(self, **_: object) -> None:
        self.status: int | None = None

    def give(self, folder: RunFolder, **order: Any) -> None:
        """Train it."""
        self.status = work(folder, **order)

    def poll(self) -> int | None:
        """Return how it ended."""
        return self.status

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended."""
        return self.status or 0

    def kill(self) -> None:
        """It is over."""

    close = kill

    def last_words(self) -> str:
        """Return what it complained of."""
        return "it said nothing"


def stops_after(blocks: int) -> Callable[[Inbox], list[PendingRequest]]:
    """Return an inbox's answers that ask for a rate, set a mark, and end a run before long."""
    # None of them is one that a run was asked before.
    name = secrets.token_hex(4)
    asked = {
        2: PendingRequest(f"{name}-1", "ada", "set_lr", {"lr": 0.2}),
        4: PendingRequest(f"{name}-2", "ada", "mark", {"title": "here", "note": "at {loss}"}),
        blocks: PendingRequest(f"{name}-3", "ada", "stop"),
    }
    polls, before = Counter[Inbox](), Inbox.poll

    def poll(inbox: Inbox) -> list[PendingRequest]:
        polls[inbox] += 1
        return [*before(inbox), *([asked[polls[inbox]]] if polls[inbox] in asked else ())]

    return poll


# What is there to be damaged.


PICTURES: Final[dict[str, Any]] = {
    "data": {
        "kind": "table",
        "inputs": [[n / 12 + each % 2 for n in range(12)] for each in range(6)],
        "targets": [0, 1, 0, 1, 0, 1],
    },
    "loss": {"name": "cross_entropy"},
    "optimizer": {"name": "adam", "lr": 0.01},
}
LAYERS: Final = [{"conv": 2, "kernel": 2}, {"pool": 2}, {"flatten": True}, {"dense": 3}]
"""Of a network that sees pictures."""


def spec_of(tables: dict[str, Any], **changes: dict[str, Any]) -> Experiment:
    """Return an experiment that is trained in no time."""
    small = {"data": {"samples": 24, "split": [12, 6, 6]}, "model": {"hidden": [3]}}
    return experiment(tables, **{**(small if "samples" in tables["data"] else {}), **changes})


SPECS: Final = {
    "moons": spec_of(MOONS, train={"epochs": 20, "keep_best": "loss"}),
    "circles": spec_of(
        MINIBATCHES, data={"samples": 24, "split": [16, 8]}, train={"epochs": 5, "batch_size": 8}
    ),
    "population": spec_of(
        CUBIC,
        model={"hidden": [3], "activation": "relu"},
        train={"steps": 20},
        population={"vary": {"optimizer.lr": [0.01, 9.0]}},
    ),
    "cubic": spec_of(CUBIC, model={"hidden": [3], "activation": "relu"}, train={"steps": 20}),
    "pictures": spec_of(
        PICTURES, model={"layers": LAYERS, "input_shape": [1, 3, 4]}, train={"epochs": 6}
    ),
    "diverged": spec_of(
        CUBIC,
        model={"hidden": [3], "activation": "relu"},
        optimizer={"name": "sgd", "lr": 1e9},
        train={"steps": 20},
    ),
}
"""What is trained for it."""


OTHERS: Final = ("stopped", "resumed", "forked", "swept", "foreign", "people", "watched")
"""What else there is."""


def people(place: Path) -> Experiment:
    """Return an experiment on a file that has columns of every kind."""
    rows = [f"{n or ''},{'ab'[n % 2]},{['yes', 'no'][n % 2]},2024-02-1{n},{n}" for n in range(9)]
    (place / "people.csv").write_text("\n".join(["age,job,smoker,joined,pay", *rows]))
    columns = {
        "age": {"missing": "median", "indicator": True},
        "job": {"kind": "category", "values": ["a"]},
        "smoker": {"kind": "truth"},
        "joined": {"kind": "date", "parts": ["month", "days"], "missing": "drop"},
    }
    data = {"kind": "file", "path": str(place / "people.csv"), "task": "numbers"}
    data |= {"columns": columns, "scale_inputs": "standard", "scale_targets": "standard"}
    return experiment({"data": data, "loss": {"name": "mse"}, "train": {"epochs": 5}})


def watched(runs: Path) -> None:
    """Watch a loop of somebody's own."""
    import torch

    torch.manual_seed(1)
    net, rows = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU()), torch.ones(4, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with watch(net, optimizer, name="watched", runs=runs) as run:
        for _ in range(10):
            loss = ((net(rows) - 0.5) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.log(loss=loss)
        run.mark("here", "at {loss}")


def trained(name: str, runs: Path, spec: Experiment | None = None, **order: Any) -> RunFolder:
    """Train a run; return its folder."""
    spec = spec or SPECS.get(name, SPECS["moons"])
    folder = create_run(name, presets.dumps(spec, full=True), runs)
    work(folder, **order)
    return folder


def make_originals(place: Path) -> None:
    """Have a run of each kind, each in a folder of runs of its own."""
    # In a process that is no more: what trained them can be asked for nothing.
    child = os.fork()
    if not child:
        try:
            train_originals(place)
        finally:
            os._exit(len(list(place.glob("*/*"))))
    made = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert made == len(SPECS) + len(OTHERS), "not all of them were trained"
    for original, those in (("moons", SHOWN), ("swept", OF_SWEEPS)):
        warm_up(place / original, those)


def train_originals(place: Path) -> None:
    """Train them, in this process."""
    for name in SPECS:
        trained(name, place / name)
    with patch.object(Inbox, "poll", stops_after(6)):
        stopped = trained("stopped", place / "stopped")
    resumed = shutil.copytree(place / "stopped", place / "resumed") / stopped.name
    work(RunFolder(resumed), resume={})
    fork = {"parent": str(stopped.path), "step": 3, "changes": ["optimizer.lr=0.1"]}
    trained("forked", place / "forked", fork=fork)
    foreign_run(place / "foreign", "record")
    watched(place / "watched")
    trained("people", place / "people", spec=people(place))
    for folder in place.glob("*/*"):
        RunFolder(folder).notes.write_bytes(NOTES)
    train_group(make_sweep(place / "swept"), 1)


def warm_up(runs: Path, those: Sequence[str]) -> None:
    """Import what commands import, once for all mutants."""
    [folder] = map(RunFolder, runs.iterdir())
    read = [] if is_sweep(folder.path) else [("", partial(loaded, folder))]
    for _, call in [*commands(runs, those), *read]:
        with (
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
            suppress(SystemExit, EpochalError),
        ):
            call()


# One of it.


def try_one(place: Path, seed: int, most: int = 1000) -> tuple[str, list[Failure]]:
    """Make a mutant, try with it what reads it, and return what it is, and what failed.

    Args:
        place: Where the originals are.
        seed: The mutant's.
        most: How many things are tried, at most.
    """
    draw = Random(seed)
    original = draw.choice(
        sorted(path for path in place.iterdir() if path.name != "mutant" and path.is_dir())
    )
    runs = place / "mutant"
    shutil.rmtree(runs, ignore_errors=True)
    shutil.copytree(original, runs)
    [folder] = map(RunFolder, runs.iterdir())
    what, attempts = (of_a_sweep if original.name == "swept" else of_a_run)(folder, draw)
    with (
        patch.object(typer.main, "get_command", COMMAND),
        patch.object(Worker, "start", InlineWorker),
        patch.object(Inbox, "poll", stops_after(BLOCKS)),
        patch.object(stop, "__kwdefaults__", {"seconds": 0.0}),
    ):
        chosen = draw.sample(attempts, min(most, len(attempts)))
        return f"{original.name}, {what}", failures_of(chosen)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make_originals(Path(folder))
        sys.exit(run("tests.mutants", PROMISE, partial(try_one, Path(folder))))
