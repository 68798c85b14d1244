"""A sweep in the list of runs: one line, with how many of its trials are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..errors import RunError
from ..recording.events import End
from ..runs.catalogue import RunFacts, flat
from ..runs.folder import RunFolder
from ..runs.notes import Notes
from ..runs.summary import Glance
from ..text.safe import plain
from .folder import DIED, SweepFolder, list_sweeps
from .table import SweepReader, SweepTable

POLL_SECONDS: Final = 0.1
"""How often it is looked whether a sweep has stopped."""


def sweeps_in(runs_dir: Path) -> list[RunFacts]:
    """Return what is known of the sweeps in a folder of runs, the newest first."""
    return SweepArchive(runs_dir).sweeps()


class SweepArchive:
    """Keeps what is known of the sweeps in a folder, and looks again at what is new alone.

    Args:
        runs_dir: Where runs are kept.
    """

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._readers: dict[Path, SweepReader] = {}
        self._facts: dict[Path, RunFacts] = {}

    def sweeps(self) -> list[RunFacts]:
        """Return what is known by now, the newest first."""
        there = [folder.path for folder in list_sweeps(self._runs_dir)]
        for path in there:
            reader = self._readers.setdefault(path, SweepReader(path))
            now, before = facts_of_sweep(reader), self._facts.get(path)
            # An experiment that is the same is the same object: lists compare them so.
            same = before is not None and before.config == now.config
            self._facts[path] = replace(now, config=before.config) if before and same else now
        return [self._facts[path] for path in there]


def facts_of_sweep(reader: SweepReader) -> RunFacts:
    """Return what the list of runs says of a sweep, in which a trial is what a step is to a run."""
    folder, problem = reader.folder, ""
    run = RunFolder(folder.path)
    tables: Mapping[str, Any] = {}
    table = None
    try:
        table = reader.table()
        tables = reader.plan().bases[0].tables
    except RunError as error:
        problem = str(error)
    died = table is None or (table.failure == DIED and table.over < table.expected)
    going = table is not None and table.busy
    return RunFacts(
        folder=run,
        glance=Glance(
            name=folder.name,
            path=folder.path,
            state="crashed" if died else "running" if going else "ended",
            step=table.over if table else 0,
            steps=table.expected if table else 0,
            started=table.made if table else 0.0,
            end=_end(table) if table else None,
            problem=problem,
        ),
        notes=Notes.load(run),
        title=str(tables.get("title", "")),
        config=flat(tables),
        of_trials=True,
    )


def _end(table: SweepTable) -> End:
    """Return how a sweep stands, as the end of a run says it."""
    count, failed = table.expected, table.count("failed")
    if table.failure and table.over < count:
        return End(step=table.over, status="failed", reason=table.failure)
    status = "running" if table.busy else "stopped" if table.over < count else "finished"
    if failed and not table.busy:
        return End(step=table.over, status="failed", reason=f"{failed} of {count} trials")
    return End(step=table.over, status=status, reason=table.progress)


def stop_sweep(
    folder: SweepFolder, *, seconds: float = 20.0, sleep: Callable[[float], None] = time.sleep
) -> str:
    """Ask a sweep to stop, and wait until it has.

    Args:
        folder: The sweep's.
        seconds: How long to wait at most.
        sleep: Waits between two looks.

    Returns:
        What came of it, in a sentence.

    Raises:
        RunError: Nobody trains it.
    """
    name = plain(folder.name)
    if not folder.busy():
        raise RunError(f"{name} is not being trained; epochal runs says how far it is")
    for _ in range(round(seconds / POLL_SECONDS)):
        # Whoever has only begun to train it has taken away what was left there before.
        folder.ask_to_stop()
        sleep(POLL_SECONDS)
        if not folder.busy():
            folder.stop_file.unlink(missing_ok=True)
            return f"{name}: stopped after {SweepReader(folder.path).table().progress}"
    return f"{name} was asked to stop; not all of its groups have answered yet"
