"""Runs from Python: a preset trained to its end, and the runs there are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..experiment.experiment import Experiment
from ..experiment.overrides import apply, parse
from ..experiment.tables import inline
from ..presets import preset as presets
from ..results.run import LoadedRun, of_folder
from ..runs.catalogue import RunFacts, facts_of
from ..runs.finding import list_runs
from ..runs.folder import create_run, runs_dir
from ..runs.requests import Control
from ..text.files import last_lines
from ..worker import launch


def train(
    what: str | os.PathLike[str] | Experiment,
    *,
    runs: str | os.PathLike[str] | None = None,
    device: str = "auto",
    allow_code: bool = False,
    **overrides: Any,
) -> LoadedRun:
    """Train an experiment to its end, as ``epochal run`` does, and return the run.

    The run is one like any other: the lab and ``epochal attach`` show it meanwhile. Ctrl-C stops
    it, and is raised again.

    Args:
        what: A preset, by its name or path, or an experiment.
        runs: Where runs are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        allow_code: Whether a network of one's own may be run.
        overrides: Keys of a preset, and what they are to be: ``**{"optimizer.lr": 0.1}``.

    Raises:
        PresetError: With everything that is wrong with the experiment.
        RunError: Its worker died.
    """
    texts = [f"{key}={inline(value)}" for key, value in overrides.items()]
    if isinstance(what, Experiment):
        tables = apply(what.model_dump(mode="json", exclude_unset=True), parse(texts), what)
        called, experiment = "experiment", presets.resolve(tables, "the experiment")
    else:
        preset = presets.load(str(what), texts)
        called, experiment = preset.called, preset.experiment
    worker = launch.Worker.start()
    try:
        folder = create_run(
            called, presets.dumps(experiment, full=True), Path(runs) if runs else runs_dir()
        )
        worker.give(folder, device=device, allow_code=allow_code)
    except BaseException:
        worker.close()
        raise
    try:
        worker.wait()
    except BaseException:
        Control(folder).send("stop")
        worker.wait()
        raise
    if not folder.recording.exists():
        words = "".join(last_lines(folder.log, 1))
        raise RunError(f"{folder.name}: its worker died before it began: {words}")
    return of_folder(folder, allow_code=allow_code)


def runs(place: str | os.PathLike[str] | None = None) -> list[RunFacts]:
    """Return what is known of all runs, the newest first.

    Args:
        place: Where they are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory.
    """
    return [facts_of(each) for each in list_runs(Path(place) if place else runs_dir())]
