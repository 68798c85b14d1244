"""Which sweep is meant by a name, where a run or a preset may be meant as well."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import PresetError
from ..presets.toml_files import PRESETS
from ..runs.finding import list_runs
from ..text.run_names import beginning_of
from .folder import SweepFolder, find_sweep, list_sweeps


def sweep_meant(reference: str, folder: Path) -> Path | None:
    """Return the folder of the sweep that is meant, if one is.

    It is named by its folder or its name; the newest one by the preset that is swept; else by the
    beginning of its name, where no preset is called so and no run's name begins so.
    """
    named = sweep_by_name(reference, folder)
    if named is not None and _is_whole(reference, named):
        return named.path
    if _is_preset(reference):
        of_preset = [each for each in list_sweeps(folder) if beginning_of(each.name) == reference]
        return of_preset[0].path if of_preset and _is_swept(reference) else None
    if any(run.name.startswith(reference) for run in list_runs(folder)):
        return None
    return None if named is None else named.path


def sweep_by_name(reference: str, folder: Path) -> SweepFolder | None:
    """Return the sweep of a folder or a name, or of a beginning of it that is no preset's name."""
    named = find_sweep(reference, folder)
    if named is None or _is_whole(reference, named) or not _is_preset(reference):
        return named
    return None


def _is_whole(reference: str, named: SweepFolder) -> bool:
    return os.sep in reference or reference in (named.name, ".")


def _is_preset(reference: str) -> bool:
    try:
        PRESETS.find(reference)
    except PresetError:
        return False
    return True


def _is_swept(reference: str) -> bool:
    """Whether a preset says itself what is swept."""
    # The schema is slow to import, and is needed only here.
    from ..experiment.sweep import Sweep
    from ..presets import preset as presets

    return presets.load(reference).experiment.sweep != Sweep()
