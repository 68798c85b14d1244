"""Run folders: their names, finding one, and the state a run is in.

runs/two-moons-20261121-093000-4f1c/
    experiment.toml    the resolved experiment, written by whoever starts the run
    recording.jsonl    what happened; alone it replays
    checkpoints/       what is needed to go on
    control/           requests, a file for each viewer
    notes.toml         names, tags and marks added later
    worker.log         what Python itself complained of
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import re
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from engine.errors import RunError
from engine.runs.notes import Notes

if TYPE_CHECKING:
    from engine.recording.history import History

State = Literal["starting", "running", "paused", "silent", "crashed", "ended"]

SILENT_SECONDS: Final = 10.0
"""A worker writes at least every 2 s; one that has not for so long is silent."""

PID_TOLERANCE: Final = 2.0
"""Seconds by which a process's start may seem to differ: it is computed from the boot time."""

START_SECONDS: Final = 60.0
"""A worker has begun its recording within so long, on the slowest of network disks."""

_STARTED: Final = re.compile(r"-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[0-9a-f]{4}$", re.A)
"""When a run was made, at the end of its name."""

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


def runs_dir() -> Path:
    """Return where runs are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory."""
    return Path(os.environ.get("EPOCHAL_RUNS") or "runs")


def stem_of(name: str) -> str:
    """Return what the names of runs begin with that are called so."""
    return (re.sub(r"[^\w-]+", "-", name).strip("-") or "run")[:60]


def called_after(preset: str, file: str) -> str:
    """Return what runs are called that are no longer what their preset describes.

    Args:
        preset: Its name.
        file: The file whose rows took the place of its data, if one did.
    """
    return Path(file).stem if file else f"{preset}-changed"


def create_run(
    called: str,
    experiment_toml: str,
    folder: Path,
    *,
    now: Callable[[], datetime] = datetime.now,
    token: Callable[[], str] = lambda: secrets.token_hex(2),
) -> RunFolder:
    """Make a new run's folder.

    Args:
        called: What the run's name begins with.
        experiment_toml: The resolved experiment.
        folder: Where runs are kept.
        now: The time that stands in the name.
        token: Four hex digits that tell runs of one second apart.

    Raises:
        RunError: The folder cannot be written to.
    """
    stem = stem_of(called)
    try:
        for attempt in itertools.count(1):
            run = RunFolder(folder / f"{stem}-{now():%Y%m%d-%H%M%S}-{token()}")
            try:
                run.path.mkdir(parents=True)
                break
            except FileExistsError:
                if attempt == _ATTEMPTS or not run.path.is_dir():
                    raise
        run.control.mkdir()
        run.checkpoints.mkdir()
        run.experiment_file.write_text(experiment_toml, "utf-8")
    except OSError as error:
        why = error.strerror or error
        raise RunError(f"{folder}: no run can be made here: {why}; set --runs-dir") from None
    return run


def list_runs(folder: Path) -> list[RunFolder]:
    """Return all runs, the newest first."""
    try:
        runs = [RunFolder(path) for path in folder.iterdir() if is_run(path)]
    except OSError:
        return []
    return sorted(runs, key=order_of, reverse=True)


class Unclear(RunError):
    """A name that several runs have, or begin with."""


def find_run(reference: str, folder: Path) -> RunFolder:
    """Return the run that is meant.

    Args:
        reference: A run's folder, a recording, a run's name (its folder's or the one it was
            given) or a unique beginning of it, or ``last``.
        folder: Where runs are kept.

    Raises:
        RunError: There is none, or more than one; says which come near.
    """
    if found := run_at(reference):
        return found
    runs = list_runs(folder)
    found = runs[0] if runs and reference == "last" else _by_name(reference, runs)
    if found is None:
        raise RunError(f"{reference or 'a run'}: {_why_none(reference, runs, folder)}")
    return found


def run_at(reference: str) -> RunFolder | None:
    """Return the run in a folder or a recording, if that is what a reference says."""
    path = Path(reference)
    with contextlib.suppress(OSError, ValueError):  # No path at all may still be answered kindly.
        if path.suffix == ".jsonl" and path.is_file():
            return RunFolder(path.parent if path.name == "recording.jsonl" else path)
        if reference and is_run(path):
            # A folder that is named by where one stands has a name all the same.
            return RunFolder(path if path.name.strip(".") else path.resolve())
    return None


def is_path(reference: str) -> bool:
    """Whether a reference says where something lies, and not only what it is called."""
    named = reference.endswith((".jsonl", ".toml")) or reference in (".", "..")
    return named or os.sep in reference


def _by_name(reference: str, runs: list[RunFolder]) -> RunFolder | None:
    """Return the run whose folder, or whose name in its notes, is called or begins so.

    Raises:
        Unclear: There are several.
    """
    if not reference:
        return None
    given = {run.path: Notes.load(run).name for run in runs}
    for called in (lambda run: run.name, lambda run: given[run.path]):
        exact = [run for run in runs if called(run) == reference]
        if len(exact) == 1:
            return exact[0]
    beginning = [
        run
        for run in runs
        if run.name.startswith(reference) or given[run.path].startswith(reference)
    ]
    if len(beginning) > 1:
        names = ", ".join(run.name for run in beginning[:5])
        more = f" and {len(beginning) - 5} more" if len(beginning) > 5 else ""
        raise Unclear(f"{reference}: {len(beginning)} runs begin so: {names}{more}")
    return beginning[0] if beginning else None


def _why_none(reference: str, runs: list[RunFolder], folder: Path) -> str:
    """Return why a reference names no run, and what would."""
    path = Path(reference)
    with contextlib.suppress(OSError, ValueError):
        if path.is_dir() and is_path(reference):
            inside = list_runs(path)
            if inside:
                return f"is a folder of {len(inside)} runs; name one, such as {inside[0].path}"
            return "is a folder, but no run's: it has neither recording.jsonl nor experiment.toml"
        if path.is_file() and is_path(reference):
            return "is a file, but no recording: the name of one ends in .jsonl"
    if is_path(reference):
        return "there is no such file or folder; epochal runs lists the runs there are"
    if not runs:
        return f"there are no runs in {folder}; set --runs-dir"
    known = [*(run.name for run in runs), *filter(None, (Notes.load(run).name for run in runs))]
    close = difflib.get_close_matches(reference, known, n=1, cutoff=0.4)
    hint = f" (did you mean {close[0]!r}?)" if close else "; see epochal runs"
    return f"no such run in {folder}{hint}"


def is_run(path: Path) -> bool:
    """Whether a folder is a run's."""
    return (path / "recording.jsonl").is_file() or (path / "experiment.toml").is_file()


def order_of(run: RunFolder) -> tuple[float, float, str]:
    """Return what runs are ordered by: the second in their name, then when they were made."""
    made = run.made
    found = _STARTED.search(run.name)
    with contextlib.suppress(ValueError, OverflowError, OSError):
        if found:
            year, month, day, hour, minute, second = map(int, found.groups())
            named = datetime(year, month, day, hour, minute, second)
            return named.timestamp(), made, run.name
    return made, made, run.name


def process_started(pid: int) -> float | None:
    """Return when a process of this machine started, in seconds since 1970, if it is there."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def state_of(
    history: History,
    *,
    now: float | None = None,
    host: str | None = None,
    process_started: Callable[[int], float | None] = process_started,
    made: float | None = None,
) -> State:
    """Return the state a run is in, as far as its recording and this machine can tell.

    Args:
        history: What was read of the recording.
        now: The time, in seconds since 1970; this moment where left out.
        host: This machine's name.
        process_started: When a process of this machine started.
        made: When the run's folder was made; a worker that has not begun its recording long
            after that never will.
    """
    now = time.time() if now is None else now
    writer = history.writer
    if writer is None:
        late = made is not None and now - made > START_SECONDS
        return "crashed" if late else "starting"
    if history.end is not None:
        return "ended"
    if writer.host == (host or socket.gethostname()):
        there = process_started(writer.pid)
        if there is None or abs(there - writer.pid_started) > PID_TOLERANCE:
            return "crashed"
    # ``t`` goes on from where it was when a run is resumed; the clock on the wall does not.
    elif now - (writer.time + history.last_t - writer.t) > SILENT_SECONDS:
        return "silent"
    return "paused" if history.paused else "running"
