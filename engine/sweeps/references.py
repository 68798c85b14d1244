"""Which sweep or trial is meant by a name, where a run or a preset may be meant as well."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import PresetError, RunError
from ..presets.toml_files import PRESETS
from ..runs.finding import list_runs
from ..text.run_names import beginning_of
from .folder import SweepFolder, find_sweep, list_sweeps

if TYPE_CHECKING:
    from .again import SweptTrial

_TRIAL: Final = re.compile(r"(?P<sweep>.+)/trial-(?P<number>[0-9]{1,6})/?")


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


def trial_meant(reference: str, folder: Path) -> SweptTrial | None:
    """Return the trial that is meant, where a reference says one: ``SWEEP/trial-4``.

    Raises:
        RunError: The sweep has no such trial, or nobody has begun to train it.
    """
    said = _TRIAL.fullmatch(reference)
    sweep = sweep_meant(said["sweep"], folder) if said else None
    if said is None or sweep is None:
        return None
    # What trains one again takes time to import, and every other name is known without.
    from .again import trial_numbered

    return trial_numbered(SweepFolder(sweep), int(said["number"]) - 1)


def instead_of(reference: str, folder: Path, *, trials: bool = True) -> str:
    """Return what to name in place of a sweep, or of a trial, where a run is meant.

    Args:
        reference: What was named.
        folder: Where runs are kept.
        trials: Whether a trial could be named as well.

    Returns:
        What it is, and what to name; nothing where it is neither.

    Raises:
        RunError: The sweep has no such trial, or nobody has begun to train it.
    """
    said = _TRIAL.fullmatch(reference)
    named = said["sweep"] if said else reference.rstrip(os.sep)
    sweep = sweep_by_name(named, folder)
    if sweep is None:
        return ""
    called = named if os.sep in named else sweep.name
    if said:
        group, member = sweep.place_of(int(said["number"]) - 1)
        run = f"{called}/{group.name}"
        return f"is a trial of a sweep: network {member + 1} of the run {run}; name that"
    groups = sweep.plan().groups
    if not groups:
        return "is a sweep of which nothing is trained yet; the same sweep again trains it"
    run = f"{called}/{sweep.group(groups[0].number).name}"
    if trials:
        return f"is a sweep; name one of its trials, as in {called}/trial-1, or a run, as in {run}"
    return f"is a sweep; name one of its runs, as in {run}"


def refuse_sweep(reference: str, folder: Path) -> None:
    """Say what to name in place of a sweep, where a run is meant.

    Raises:
        RunError: It is one.
    """
    if words := instead_of(reference, folder):
        raise RunError(f"{reference}: {words}") from None


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
