"""Every call that changes the disk fails once: what is there then is what was promised.

An operation is tried with the first call failing, then with the second, and so on until it needs
no more calls; each time in seven ways (``tests.faults``). After each the disk has what it had
before or what was to be there, whole; what could not be done is said in words, with a remedy; no
file stays open; and tried again on a disk that is well, it succeeds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from engine.errors import EpochalError
from engine.experiment.experiment import Experiment
from engine.presets import writing
from engine.recording import checkpoints as checkpoint_files
from engine.recording.events import Checkpoint, End, Event, MarkReached, Resume, RunWarning
from engine.recording.file import Recorder, read
from engine.runs.finding import list_runs
from engine.runs.folder import RunFolder, create_run
from engine.runs.notes import Notes
from engine.runs.removal import remove
from engine.runs.requests import Control, Inbox
from engine.text.files import replace_file
from engine.training.checkpoints import Checkpoints, written
from tests.faults import Disk, Fault, faults
from tests.tapes import header, train_rows, weights
from tui.lab.opening import Choices, Memory
from tui.lecture.presented import Presented
from tui.lecture.presenting import Audience, Presenter

MOST: Final = 40
"""Calls that an operation needs at most."""


class Operation:
    """Something that changes the disk."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.prepare()

    def prepare(self) -> None:
        """Make what is there before."""

    def do(self) -> object:
        """Do it; raise ``EpochalError`` where it cannot be done."""
        raise NotImplementedError

    def again(self) -> object:
        """Do it once more, after it failed."""
        return self.do()

    def close(self) -> None:
        """Let go of what is held between two operations."""

    def is_old(self) -> bool:
        """Whether everything is as it was before."""
        raise NotImplementedError

    def is_new(self) -> bool:
        """Whether what was to be done is done."""
        raise NotImplementedError


def strays(place: Path) -> list[str]:
    """Return the files below a folder that were to be there for a moment only.

    What is kept for the end of a run is there from when it is made until it is over.
    """
    left = [each for each in place.rglob(".*") if each.suffix in (".tmp", ".reserve")]
    begun = [each for each in left if each.suffix == ".reserve" and not recording_of(each).exists()]
    return [each.name for each in left if each not in begun]


def recording_of(reserve: Path) -> Path:
    return reserve.with_name(f"{reserve.stem[1:]}.jsonl")


class WithRecording(Operation):
    """A recording with three steps, and one more thing to be said."""

    def prepare(self) -> None:
        self.path = self.place / "recording.jsonl"
        self.recorder = Recorder.create(self.path, header())
        self.recorder.record(train_rows(1, 3), MarkReached(step=3, title="a mark"))
        self.said: list[Event] = []

    def kinds(self) -> list[str]:
        return [event.kind for event in read(self.path)]

    def is_old(self) -> bool:
        return self.kinds() == ["header", "series", "mark"]

    def is_new(self) -> bool:
        return self.kinds() == ["header", "series", "mark", *[each.kind for each in self.said]]

    def again(self) -> object:
        """What a worker does that could not write: say how it ended, where it then can."""
        before = self.kinds()
        end = End(step=3, status="failed", reason="the disk", result={})
        self.recorder.record(end)
        self.recorder.close()
        assert self.kinds() == [*before, "end"]
        self.said = [*self.said, end]
        assert not strays(self.place)
        Recorder.reopen(self.path, Resume(from_step=3, host="", pid=1)).close()
        assert self.kinds() == [*before, "end", "resume"]
        self.is_new = lambda: True  # type: ignore[method-assign]
        return None

    def close(self) -> None:
        self.recorder.close()


class RecordRows(WithRecording):
    def do(self) -> None:
        self.said = [train_rows(4, 50), weights(53)]
        self.recorder.record(*self.said)
        self.recorder.flush()


class RecordAMark(WithRecording):
    def do(self) -> None:
        self.said = [MarkReached(step=4, title="another")]
        self.recorder.record(*self.said)


class CopyRows(WithRecording):
    def do(self) -> None:
        self.said = [train_rows(4, 5), weights(8)]
        self.recorder.copy(self.said)


class CloseARecording(WithRecording):
    def do(self) -> None:
        self.said = [train_rows(4, 5)]
        self.recorder.record(*self.said)
        self.recorder.close()

    def again(self) -> None:
        self.recorder.close()
        Recorder.reopen(self.path, Resume(from_step=3, host="", pid=1)).close()
        assert self.kinds()[-1] == "resume"
        self.is_new = lambda: True  # type: ignore[method-assign]


class ReopenARecording(WithRecording):
    def prepare(self) -> None:
        super().prepare()
        self.recorder.close()

    def do(self) -> None:
        self.said = [Resume(from_step=3, host="", pid=1)]
        self.recorder = Recorder.reopen(self.path, Resume(from_step=3, host="", pid=1))

    again = do

    def is_new(self) -> bool:
        # One that was not sure to be on the disk may be there all the same.
        return self.kinds()[:4] == ["header", "series", "mark", "resume"]


class BeginARecording(Operation):
    def prepare(self) -> None:
        self.path = self.place / "recording.jsonl"
        self.recorder: Recorder | None = None

    def do(self) -> None:
        self.recorder = Recorder.create(self.path, header())

    def is_old(self) -> bool:
        return not self.path.exists()

    def is_new(self) -> bool:
        return [event.kind for event in read(self.path)] == ["header"]

    def close(self) -> None:
        if self.recorder is not None:
            self.recorder.close()


class FakeTrainer:
    """What a checkpoint is made of."""

    step = 40
    best_steps = np.array([30])

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "weights": {"layer1.weight": np.ones((1, 20, 30))}}


class SaveACheckpoint(Operation):
    def prepare(self) -> None:
        self.folder = RunFolder(self.place)
        self.trainer = FakeTrainer()
        self.checkpoints = Checkpoints(self.folder, self.trainer, lambda: None)  # type: ignore[arg-type]
        for step in (8, 9, 10, 30):
            self.trainer.step = step
            self.checkpoints.save()
        self.trainer.step = 40
        self.before = self.steps()
        # As a worker that was killed leaves one.
        (self.folder.checkpoints / ".0123.tmp").write_bytes(b"half a checkpoint")

    def steps(self) -> list[int]:
        return [int(checkpoint_files.read(path)["step"]) for path in written(self.folder)]

    def do(self) -> object:
        (event,) = self.checkpoints.save()
        if isinstance(event, RunWarning):
            raise EpochalError(event.message)
        assert isinstance(event, Checkpoint)
        return event

    def is_old(self) -> bool:
        return self.steps() == self.before

    def is_new(self) -> bool:
        # One too many may be left for the next time; none that was named is half there.
        return {30, 40} <= set(self.steps())


class SendARequest(Operation):
    before: tuple[str, ...] = ("pause",)

    def prepare(self) -> None:
        self.folder = RunFolder(self.place)
        self.control = Control(self.folder, "ada")
        for action in self.before:
            self.control.send(action)  # type: ignore[arg-type]

    def do(self) -> None:
        self.control.send("step", n=3)

    def heard(self) -> list[str]:
        return [each.action for each in Inbox(self.folder).poll()]

    def is_old(self) -> bool:
        # Not even when somebody of the same name goes on after it.
        path = next(self.folder.control.glob("*"), None)
        whole = path is not None and path.read_bytes()
        if path is not None:
            with path.open("ab") as file:
                file.write(b"\n")
        heard = self.heard()
        if path is not None:
            path.write_bytes(whole or b"")
        return heard == [*self.before]

    def is_new(self) -> bool:
        return self.heard() == [*self.before, "step"]


class SendTheFirstRequest(SendARequest):
    before = ()


class SaveNotes(Operation):
    text = b'name = "before"\n# a word\n'

    def prepare(self) -> None:
        self.folder = RunFolder(self.place)
        if self.text:
            self.folder.notes.write_bytes(self.text)

    def do(self) -> None:
        Notes(name="after", tags=("a",)).save(self.folder)

    def is_old(self) -> bool:
        there = {path.name: path.read_bytes() for path in self.place.iterdir()}
        return there == ({"notes.toml": self.text} if self.text else {})

    def is_new(self) -> bool:
        return Notes.load(self.folder) == Notes(name="after", tags=("a",))


class SaveTheFirstNotes(SaveNotes):
    text = b""


class SaveNotesBesideDamage(SaveNotes):
    text = b"name = [\n"

    def is_old(self) -> bool:
        # The damaged file is where it was, or aside.
        return [path.read_bytes() for path in self.place.iterdir()] == [self.text]

    def is_new(self) -> bool:
        return super().is_new() and (self.place / "notes.toml.damaged").read_bytes() == self.text


class MakeARun(Operation):
    def do(self) -> None:
        create_run("cubic", "title = 'x'\n" * 100, self.place / "runs")

    def is_old(self) -> bool:
        return not [*(self.place / "runs").glob("*")]

    def is_new(self) -> bool:
        (run,) = list_runs(self.place / "runs")
        whole = run.experiment_file.read_text("utf-8") == "title = 'x'\n" * 100
        return whole and run.control.is_dir() and run.checkpoints.is_dir()


class RemoveARun(Operation):
    def prepare(self) -> None:
        self.run = create_run("cubic", "", self.place)
        recorder = Recorder.create(self.run.recording, header(pid=2**22 + 5))
        recorder.record(End(step=0, status="stopped", reason="", result={}))
        recorder.close()
        Notes(name="x").save(self.run)
        for path in (self.run.log, self.run.control / "a.jsonl", self.run.checkpoints / "step-1"):
            path.touch()
        for place in (self.run.path, self.run.checkpoints):
            (place / ".0123.tmp").touch()

    def do(self) -> None:
        assert remove(self.run) == []

    def is_old(self) -> bool:
        # What is left of it is a run that can be removed, or an empty folder.
        return list_runs(self.place) == [self.run] or not list_runs(self.place)

    def is_new(self) -> bool:
        return not self.run.path.exists()


class Present(Operation):
    def prepare(self) -> None:
        self.clock = 0.0
        self.presenter = Presenter(self.place, "a-lecture", lambda: self.clock)
        self.presenter.show(Presented(pane="curves"))

    def do(self) -> None:
        self.clock += 10.0
        self.presenter.show(Presented(pane="network"))
        if self.presenter.trouble:
            raise EpochalError(self.presenter.trouble)

    def pane(self) -> str:
        audience = Audience(self.place, "a-lecture", lambda: self.clock)
        presented = audience.poll()
        assert not audience.trouble
        return presented.pane if presented else ""

    def is_old(self) -> bool:
        return self.pane() == "curves"

    def is_new(self) -> bool:
        return self.pane() == "network"


class PresentAtFirst(Present):
    def prepare(self) -> None:
        self.clock = 0.0
        self.presenter = Presenter(self.place, "a-lecture", lambda: self.clock)

    def is_old(self) -> bool:
        return self.pane() == ""


class StopPresenting(Present):
    def do(self) -> None:
        self.presenter.close()

    def is_old(self) -> bool:
        return False

    def is_new(self) -> bool:
        # A file that stays is as old as its last sign of life: whoever looks knows that.
        return self.pane() in ("", "curves")


class SaveAPreset(Operation):
    def prepare(self) -> None:
        self.path = self.place / "mine" / "a.toml"
        self.text = "# a word\n" * 20

    def do(self) -> None:
        writing.save(self.path, Experiment(), self.text)

    def is_old(self) -> bool:
        return not self.path.exists()

    def is_new(self) -> bool:
        return self.path.read_text("utf-8") == self.text


class RememberAChoice(Operation):
    def prepare(self) -> None:
        self.path = self.place / "state" / "lab.json"

    def do(self) -> None:
        Memory(self.path).choose(smoothing=7)

    def is_old(self) -> bool:
        return not self.path.exists()

    def is_new(self) -> bool:
        # Nobody is troubled with what could not be remembered.
        return Memory(self.path).choices in (Choices(), Choices(smoothing=7))


class ReplaceAFile(Operation):
    def prepare(self) -> None:
        self.path = self.place / "file"
        self.path.write_bytes(b"old" * 1000)
        self.path.chmod(0o604)

    def do(self) -> None:
        try:
            replace_file(self.path, b"new" * 2000)
        except OSError as error:
            raise EpochalError(f"{self.path}: {error.strerror}; by its caller") from None

    def is_old(self) -> bool:
        return self.path.read_bytes() == b"old" * 1000 and self.path.stat().st_mode & 0o777 == 0o604

    def is_new(self) -> bool:
        return self.path.read_bytes() == b"new" * 2000 and self.path.stat().st_mode & 0o777 == 0o604


OPERATIONS: Final[list[type[Operation]]] = [
    *(BeginARecording, RecordRows, RecordAMark, CopyRows, CloseARecording, ReopenARecording),
    *(SaveACheckpoint, SendARequest, SendTheFirstRequest),
    *(SaveNotes, SaveTheFirstNotes, SaveNotesBesideDamage, MakeARun, RemoveARun),
    *(Present, PresentAtFirst, StopPresenting, SaveAPreset, RememberAChoice, ReplaceAFile),
]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path, monkeypatch)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_whichever_call_fails_the_disk_has_what_was_promised(
    operation: type[Operation], disk: Disk, tmp_path: Path
) -> None:
    tried = 0
    for kind in range(len(faults(0))):
        for n in range(MOST):
            fault = faults(n)[kind]
            place = tmp_path / f"{fault.name}-{n}"
            place.mkdir()
            try_with(operation(place), fault, disk)
            if not fault.happened:
                break
            tried += 1
        else:
            pytest.fail(f"{operation.__name__} never came to its end")
    assert tried


def try_with(operation: Operation, fault: Fault, disk: Disk) -> None:
    open_before, said = set(disk.descriptors), ""
    with disk.failing(fault):
        try:
            operation.do()
        except EpochalError as error:
            said = str(error)
    # Of a disk that is gone for good, nothing is asked but that it is told.
    gone = fault.name == "gone"
    context = f"{type(operation).__name__}: {fault.name} {fault.happened}: {said or 'nothing said'}"
    if not said:
        assert gone or operation.is_new(), context
    else:
        assert gone or operation.is_old() or operation.is_new(), context
        assert os.strerror(fault.error) in said or os.strerror(fault.error).lower() in said, context
        assert str(operation.place) in said, context
        assert "; " in said, context
        if not gone:
            operation.again()
            assert operation.is_new(), context
    operation.close()
    assert gone or "unlink" in fault.happened or not strays(operation.place), context
    assert not disk.descriptors - open_before, context
