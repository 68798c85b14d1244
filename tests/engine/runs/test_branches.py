"""What a run was to branch off from, where it was killed before its recording said so."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from unittest.mock import Mock

import pytest

from engine.errors import RunError
from engine.headless.continuing import PlannedFork, fork
from engine.headless.run import Telling
from engine.headless.verify import verify_run
from engine.presets.preset import load
from engine.recording.history import History
from engine.runs.branches import AskedBranch, branch_in
from engine.runs.folder import RunFolder, create_run
from engine.runs.removal import remove
from engine.runs.resuming import check_resumable
from tests.runs import header

CHANGES = ["optimizer.lr=0.1", 'optimizer.name="adam"']

COMMAND = (
    "epochal fork a-20260101-000000-0001 --at 30 --set optimizer.lr=0.1 "
    "--set 'optimizer.name=\"adam\"' --member 2"
)


@pytest.fixture
def killed(tmp_path: Path) -> RunFolder:
    """A branch whose worker was killed before it wrote anything."""
    parent = RunFolder(tmp_path / "a-20260101-000000-0001")
    experiment = load("cubic").experiment
    planned = PlannedFork(parent, header(parent.name), 30, CHANGES, experiment, 0, member=2)
    return dead(planned.give(Mock(), tmp_path, allow_code=False))


def dead(run: RunFolder) -> RunFolder:
    """Have a run be long without a worker."""
    os.utime(run.experiment_file, (1, 1))
    return run


@pytest.mark.parametrize("begun", [False, True])
def test_it_is_told_what_it_was_and_how_it_is_asked_for_again(
    begun: bool, killed: RunFolder, tmp_path: Path
) -> None:
    if begun:
        killed.recording.write_bytes(b"")
    again = f"broken off before it branched off from a-20260101-000000-0001; ask .*: {COMMAND}$"
    asked = {"step": 3, "changes": [], "member": 0, "device": "auto", "allow_code": False}
    with pytest.raises(RunError, match=again):
        check_resumable(killed, History())
    with pytest.raises(RunError, match=f"cannot be verified, for it was {again}"):
        verify_run(killed, allow_code=False, as_json=False)
    with pytest.raises(RunError, match=again):
        fork(killed, tmp_path, telling=Telling(), **asked)  # type: ignore[arg-type]
    # Whoever types that says the same again.
    sets = [word for word in shlex.split(COMMAND) if "=" in word]
    assert branch_in(killed) == AskedBranch(
        parent="a-20260101-000000-0001", step=30, changes=sets, member=2
    )


def test_a_run_that_was_no_branch_is_trained_again_from_its_preset(tmp_path: Path) -> None:
    run = dead(create_run("a", "", tmp_path))
    with pytest.raises(RunError, match="never began; train its preset again with epochal run"):
        check_resumable(run, History())


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{", '{"parent": 3, "step": 1}', '{"parent": "a", "step": true, "changes": []}'],
)
def test_what_makes_no_sense_there_says_nothing(said: str, tmp_path: Path) -> None:
    run = create_run("a", "", tmp_path)
    run.branch_file.write_text(said)
    assert branch_in(run) is None
    run.branch_file.write_text(json.dumps({"parent": "a\x1b[2J", "step": 1, "changes": []}))
    branch = branch_in(run)
    assert branch is not None
    assert "\x1b" not in branch.command


def test_it_goes_with_the_run(killed: RunFolder) -> None:
    assert remove(killed) == []
    assert not killed.path.exists()
