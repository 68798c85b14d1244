"""Whatever lies where something is written, a pipe, a link: nobody waits, and no link is followed.

Every writer is a row of a table. What lies in its place is planted after everything beside it was
made, as by whoever may write in a folder that is shared too widely.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from engine.errors import EpochalError
from engine.explain.programs import written
from engine.exports.export import ExportFile
from engine.exports.writing import write_files
from engine.notices.__main__ import complain
from engine.presets.writing import write as write_preset
from engine.recording import checkpoints
from engine.recording.events import Resume
from engine.recording.file import Recorder, leave_warning
from engine.recording.reserve import keep_reserve, reserve_of
from engine.runs.folder import RunFolder
from engine.runs.notes import Notes
from engine.runs.processes import Processes, appoint
from engine.runs.removal import remove
from engine.runs.requests import Control
from engine.sweeps import plan as plans
from engine.sweeps.folder import SweepFolder
from engine.sweeps.locks import locked
from engine.sweeps.planning import Asked
from engine.sweeps.search import Search
from engine.text.files import replace_file
from tests.experiments import MOONS, experiment
from tests.runs import end, header, record, rows
from tests.sweeps import make_sweep
from tui.lab.opening import Choices, Memory
from tui.lecture.presented import Presented
from tui.lecture.presenting import Presenter, path_of

SECONDS: Final = 60.0
"""How long a writer may take before it is said to wait."""

VICTIM: Final = b"somebody's own\n"


def held(path: Path) -> None:
    with locked(path) as mine:
        assert mine


def asked_whether_held(path: Path) -> None:
    with locked(path, shared=True):
        pass


def searching(sweep: SweepFolder) -> Search:
    text = {"search": "tpe", "trials": 2, "grid": {"optimizer.lr": "0.1..1 log"}}
    return Search(sweep, Asked("moons", experiment(MOONS, sweep=text)))


def presented(place: Path) -> None:
    presenter = Presenter(place, "a lecture")
    presenter.show(Presented())
    if presenter.trouble:
        raise OSError(presenter.trouble)


def exported(path: Path) -> None:
    list(
        write_files([ExportFile(path, lambda file: file.write(b"new") and None)], path, force=True)
    )


class Place:
    """A run that is over, and a sweep, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = RunFolder(folder / "runs" / "a-run")
        record(self.run, rows(1, [0.5, 0.4, 0.3]), end())
        Control(self.run, "ada").send("mark", title="one")
        self.sweep = make_sweep(folder / "runs")

    @property
    def requests(self) -> Path:
        [path] = self.run.control.iterdir()
        return path

    def complain(self) -> None:
        complain({"folder": "", "log": str(self.sweep.log)}, ["it is full"])


Row = tuple[Callable[[Place], Path], Callable[[Place], object]]

TABLE: Final[dict[str, Row]] = {
    "a new recording": (
        lambda at: at.folder / "recording.jsonl",
        lambda at: Recorder.create(at.folder / "recording.jsonl", header()),
    ),
    "a recording gone on with": (
        lambda at: at.run.recording,
        lambda at: Recorder.reopen(at.run.recording, Resume(from_step=3, pid=1)),
    ),
    "a recording that is held": (
        lambda at: at.run.recording,
        lambda at: Recorder.hold(at.run.recording),
    ),
    "a warning": (
        lambda at: at.run.recording,
        lambda at: leave_warning(at.run.recording, "nobody was told"),
    ),
    "the room for an end": (
        lambda at: reserve_of(at.run.recording),
        lambda at: keep_reserve(at.run.recording),
    ),
    "a checkpoint": (
        lambda at: at.run.path / "3.safetensors",
        lambda at: checkpoints.write(at.run.path / "3.safetensors", {"step": 3}),
    ),
    "a request": (lambda at: at.requests, lambda at: Control(at.run, "ada").send("stop")),
    "notes": (lambda at: at.run.notes, lambda at: Notes(name="mine").save(at.run)),
    "who is the worker": (
        lambda at: at.run.worker_file,
        lambda at: appoint(at.run, Processes().of(os.getpid())),
    ),
    "what is removed": (lambda at: at.run.recording, lambda at: remove(at.run)),
    "a new plan": (
        lambda at: at.folder / "sweep.jsonl",
        lambda at: plans.begin(at.folder / "sweep.jsonl", at.sweep.plan()),
    ),
    "a plan that grows": (
        lambda at: at.sweep.plan_file,
        lambda at: plans.add(at.sweep.plan_file, [], []),
    ),
    "a plan of a search": (
        lambda at: at.sweep.plan_file,
        lambda at: plans.write_search(at.sweep.plan_file, {}),
    ),
    "a sweep that is held": (lambda at: at.sweep.plan_file, lambda at: held(at.sweep.plan_file)),
    "a sweep that is asked about": (
        lambda at: at.sweep.plan_file,
        lambda at: asked_whether_held(at.sweep.plan_file),
    ),
    "a stop of a sweep": (lambda at: at.sweep.stop_file, lambda at: at.sweep.ask_to_stop()),
    "a sweep's log": (lambda at: at.sweep.log, Place.complain),
    "a sweep's failure": (
        lambda at: at.sweep.failure_file,
        lambda at: replace_file(at.sweep.failure_file, b"it was full"),
    ),
    "a study": (lambda at: at.sweep.study, lambda at: searching(at.sweep).study),
    "a study gone on with": (lambda at: at.sweep.study, lambda at: searching(at.sweep)._mend()),
    "a preset": (
        lambda at: at.folder / "mine.toml",
        lambda at: write_preset(at.folder / "mine.toml", "new", overwrite=True),
    ),
    "an export": (lambda at: at.folder / "a.csv", lambda at: exported(at.folder / "a.csv")),
    "a program's numbers": (
        lambda at: at.folder / "a.npz",
        lambda at: written(
            experiment(MOONS, train={"gradients": "manual"}), "numpy", "a", at.folder / "a.npz"
        ),
    ),
    "what a presenter shows": (
        lambda at: path_of(at.folder, "a lecture"),
        lambda at: presented(at.folder),
    ),
    "what a lab remembers": (
        lambda at: at.folder / "lab.json",
        lambda at: Memory(at.folder / "lab.json").keep(Choices(palette="dark")),
    ),
}

FOLLOWED: Final = {"a preset"}
"""Who follows a link: a preset may lie elsewhere, and is written over only where that is asked."""

LEAVING_NOTHING: Final = {"what is removed", "a study gone on with"}


@contextlib.contextmanager
def nobody_waits() -> Iterator[None]:
    """Fail where what is done takes for ever."""

    def waited(number: int, frame: FrameType | None) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, waited)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("writer", TABLE)
def test_where_nothing_is_planted_it_is_written(writer: str, tmp_path: Path) -> None:
    at = Place(tmp_path)
    TABLE[writer][1](at)
    assert writer in LEAVING_NOTHING or TABLE[writer][0](at).is_file()


@pytest.mark.parametrize("planted", ["pipe", "link", "link to a pipe"])
@pytest.mark.parametrize("writer", TABLE)
def test_nobody_waits_and_no_link_is_followed(writer: str, planted: str, tmp_path: Path) -> None:
    where, write = TABLE[writer]
    at = Place(tmp_path / "place")
    path, victim, pipe = where(at), tmp_path / "victim", tmp_path / "pipe"
    victim.write_bytes(VICTIM)
    os.mkfifo(pipe)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if planted == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(victim if planted == "link" else pipe)
    with nobody_waits(), contextlib.suppress(EpochalError, OSError):
        write(at)
    if writer not in FOLLOWED:
        assert victim.read_bytes() == VICTIM
        assert pipe.is_fifo()
