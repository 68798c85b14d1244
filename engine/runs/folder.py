"""The folder of one run, and the folder of all."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ..errors import RunError
from ..recording.reserve import keep_reserve
from ..text.files import replace_file
from ..text.owned import BITS, Share, ensure_folder, make_folder, sharing
from ..text.run_names import RunName, stem_of

_ATTEMPTS: Final = 100
"""Names to try for a new run."""


@dataclass(frozen=True)
class RunFolder:
    """A run's folder and the places in it."""

    path: Path
    """The folder, or a recording that was taken out of one."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.stem if self.path.suffix == ".jsonl" else self.path.name

    @property
    def recording(self) -> Path:
        """What happened."""
        return self.path if self.path.suffix == ".jsonl" else self.path / "recording.jsonl"

    @property
    def experiment_file(self) -> Path:
        """The resolved experiment."""
        return self.path / "experiment.toml"

    @property
    def control(self) -> Path:
        """Where viewers leave requests."""
        return self.path / "control"

    @property
    def checkpoints(self) -> Path:
        """Where the worker leaves what is needed to go on."""
        return self.path / "checkpoints"

    @property
    def worker_file(self) -> Path:
        """Which process it was given to."""
        return self.path / "worker.json"

    @property
    def branch_file(self) -> Path:
        """What it was to branch off from, where it was to."""
        return self.path / "branch.json"

    @property
    def log(self) -> Path:
        """What Python itself complained of."""
        return self.path / "worker.log"

    @property
    def notes(self) -> Path:
        """Names, tags and marks added later."""
        return self.path / "notes.toml"

    @property
    def made(self) -> float:
        """When the run was made, in seconds since 1970; 0 where nothing says so."""
        for path in (self.experiment_file, self.recording):
            with contextlib.suppress(OSError):
                return path.stat().st_mtime
        return 0.0

    @property
    def written(self) -> float:
        """When its recording was written to last, in seconds since 1970; 0 where there is none."""
        with contextlib.suppress(OSError):
            return self.recording.stat().st_mtime
        return 0.0


def runs_dir() -> Path:
    """Return where runs are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory."""
    return Path(os.environ.get("EPOCHAL_RUNS") or "runs")


def new_folder(
    folder: Path,
    called: str,
    *,
    share: Share = "nobody",
    now: Callable[[], datetime] = datetime.now,
    token: Callable[[], str] = lambda: secrets.token_hex(2),
) -> Path:
    """Make a folder that was not there, whose name tells what is in it and the moment.

    Args:
        folder: Where runs are kept.
        called: What the name begins with.
        share: Who else may read what is made.
        now: The time that stands in the name.
        token: Four hex digits that tell those of one second apart.

    Raises:
        RunError: Those who may read it could not reach it.
        OSError: It cannot be made.
    """
    open_place(folder, share)
    for attempt in itertools.count(1):
        path = folder / str(RunName(stem_of(called), now(), token()))
        try:
            make_folder(path, BITS[share])
            break
        except FileExistsError:
            if attempt == _ATTEMPTS or not path.is_dir():
                raise
    return path


def open_place(folder: Path, share: Share) -> None:
    """Make the folder of runs where there is none, and see that whoever may read can get there.

    Raises:
        RunError: They cannot.
        OSError: It cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        make_folder(folder, BITS[share])
    except FileExistsError:
        who = {"nobody": "", "group": "g", "all": "go"}[share]
        if BITS[share] & ~folder.stat().st_mode:
            raise RunError(
                f"--share {share}: others cannot look into {folder}; chmod {who}+rx {folder} lets "
                "them, and shows them none of the runs that are not shared"
            ) from None


def create_run(
    called: str,
    experiment_toml: str,
    folder: Path,
    share: Share = "nobody",
    *,
    first: Callable[[RunFolder], None] = lambda run: None,
    **moment: Callable[[], Any],
) -> RunFolder:
    """Make a new run's folder.

    Args:
        called: What the run's name begins with.
        experiment_toml: The resolved experiment.
        folder: Where runs are kept.
        share: Who else may read it.
        first: Writes what is to be there before anything else is.
        moment: What tells its name from others: see ``new_folder``.

    Raises:
        RunError: The folder cannot be written to.
    """
    run = None
    try:
        run = RunFolder(new_folder(folder, called, share=share, **moment))
        first(run)
        make_inside(run, experiment_toml)
    except OSError as error:
        if run is not None:
            shutil.rmtree(run.path, ignore_errors=True)
        reason = error.strerror or error
        raise RunError(f"{folder}: no run can be made here: {reason}; set --runs-dir") from None
    return run


def make_inside(run: RunFolder, experiment_toml: str) -> None:
    """Make what is in a run's folder before anything is trained.

    Raises:
        OSError: It cannot be made.
    """
    ensure_folder(run.control)
    ensure_folder(run.checkpoints, sharing(run.path))
    replace_file(run.experiment_file, experiment_toml.encode(), durable=False)
    # Now, while there is somebody to tell that there is no room.
    keep_reserve(run.recording)
