"""Whoever may read a shared file can lock it; that is told apart from who trains."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import RunError
from engine.recording.file import Recorder
from engine.sweeps.folder import SweepFolder
from engine.text.lock_holder import stranger_with
from tests.runs import header
from tests.sweeps import make_sweep
from tests.users import NOBODY, as_root


@contextmanager
def locked_by_nobody(path: Path) -> Iterator[int]:
    """Have another user's process lock a file; give its number."""
    said, tell = os.pipe()
    until, end = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.close(end)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX)
            os.write(tell, b"held")
            os.read(until, 1)
        finally:
            os._exit(0)
    os.close(tell)
    try:
        assert os.read(said, 4) == b"held"
        yield child
    finally:
        os.close(end)
        os.waitpid(child, 0)
        os.close(said)
        os.close(until)


@as_root
def test_a_stranger_that_holds_a_lock_is_named_and_taken_for_no_worker(common_place: Path) -> None:
    recording = common_place / "r.jsonl"
    Recorder.create(recording, header()).close()
    sweep = SweepFolder(make_sweep(common_place / "runs", share="all").path)
    for path in (recording, sweep.plan_file, *sweep.path.parents[:1]):
        path.chmod(0o755)
    with locked_by_nobody(recording) as pid:
        said = f"r.jsonl: process {pid} of nobody holds its lock and does not train it; have that"
        with pytest.raises(RunError, match=said):
            Recorder.hold(recording)
    with locked_by_nobody(sweep.plan_file) as pid:
        assert not sweep.busy()
        said = f": process {pid} of nobody holds its lock and does not train it"
        with pytest.raises(RunError, match=said), sweep.held():
            pass


def test_its_owner_is_no_stranger_and_who_is_unknown_neither(tmp_path: Path) -> None:
    path, locks = tmp_path / "r.jsonl", tmp_path / "locks"
    path.touch()
    status = path.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    for pid in (os.getpid(), 0, 2**22 + 1):
        line = f"1: FLOCK  ADVISORY  WRITE {pid} {device}:{status.st_ino} 0 EOF\n"
        locks.write_text(f"{line}1: -> FLOCK  ADVISORY  WRITE 7 {device}:{status.st_ino} 0 EOF\n")
        assert stranger_with(status, locks) == ""
    assert stranger_with(status, tmp_path / "none") == ""
