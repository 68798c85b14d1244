"""Run folders: their names, finding one, and the state a run is in.

runs/two-moons-20261121-093000-4f1c/
    experiment.toml    the resolved experiment, written by whoever starts the run
    recording.jsonl    what happened; alone it replays
    checkpoints/       what is needed to go on
    control/           requests, a file for each viewer
    notes.toml         names, tags and marks added later
    worker.json        which process it was given to
    worker.log         what Python itself complained of
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import RunError
from ..text.numbers import counted
from ..text.owned import shut
from ..text.run_names import RunName, before_the_last
from ..text.spelling import closest
from .folder import RunFolder
from .notes import Notes


def list_runs(folder: Path) -> list[RunFolder]:
    """Return all runs, the newest first."""
    try:
        runs = [RunFolder(path) for path in folder.iterdir() if is_run(path)]
    except OSError:
        return []
    return sorted(runs, key=order_of, reverse=True)


class Unclear(RunError):
    """A name that several runs have, or begin with."""


class Shut(RunError):
    """A run that is another user's, and not to be read."""


def find_run(reference: str, folder: Path) -> RunFolder:
    """Return the run that is meant.

    Args:
        reference: A run's folder, also as seen from where runs are kept, a recording, a run's name
            (its folder's or the one it was given) or a unique beginning of it, or ``last``, or
            ``last-1`` for the one before it.
        folder: Where runs are kept.

    Raises:
        RunError: There is none, or more than one; says which come near.
    """
    if run := run_at(reference) or (os.sep in reference and run_at(str(folder / reference))):
        return run
    runs, back = list_runs(folder), before_the_last(reference)
    meant = _by_name(reference, runs) if back is None else next(iter(runs[back:]), None)
    if meant is None:
        _refuse_shut(reference, folder)
        raise RunError(f"{reference or 'a run'}: {_why_none(reference, runs, folder)}")
    return meant


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
    called_both = ((run, (run.name, given[run.path])) for run in runs)
    beginning = [
        run for run, both in called_both if any(each.startswith(reference) for each in both)
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
    if before_the_last(reference) is not None:
        return f"no such run: {folder} has {counted(len(runs), 'run')}"
    names = [*(run.name for run in runs), *filter(None, (Notes.load(run).name for run in runs))]
    close = closest(reference, names, cutoff=0.4)
    hint = f" (did you mean {close!r}?)" if close else "; see epochal runs"
    return f"no such run in {folder}{hint}"


def _refuse_shut(reference: str, folder: Path) -> None:
    """Say of what is not found whether it may be what cannot be read.

    Raises:
        Shut: It may.
    """
    for place in (Path(reference), folder / reference, *_beginning_so(folder, reference), folder):
        if words := shut(place):
            raise Shut(f"{place}: {words}")


def _beginning_so(folder: Path, reference: str) -> Iterator[Path]:
    """Yield what begins so in a folder of runs, or any of it where the last of them is meant."""
    begins = "" if before_the_last(reference) is not None else reference
    with contextlib.suppress(OSError):
        yield from (
            path
            for path in folder.iterdir()
            if path.name.startswith(begins) and not path.name.startswith(".")
        )


def is_run(path: Path) -> bool:
    """Whether a folder is a run's."""
    # Whether another user's folder that is shared with nobody is one, nobody else can tell.
    with contextlib.suppress(OSError):
        return (path / "recording.jsonl").is_file() or (path / "experiment.toml").is_file()
    return False


def order_of(run: RunFolder) -> tuple[float, float, str]:
    """Return what runs are ordered by: the second in their name, then when they were made."""
    made, name = run.made, RunName.parse(run.name)
    with contextlib.suppress(ValueError, OverflowError, OSError):
        if name:
            return name.made.timestamp(), made, run.name
    return made, made, run.name
