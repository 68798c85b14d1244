"""What is meant by a name: a run, or where one is taken, a preset.

    a folder · a recording ── runs/two-moons-20261121-093000-4f1c · mailed.jsonl
    last                   ── the newest run
    a preset               ── two-moons · my.toml, where one is taken
    a name, its beginning  ── two-moons-20261121 · the name that a run was given

Every command and every scene of a lecture asks here, so a name means the same everywhere, and
what is wrong with it is said before anything opens.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import NoRunError, PresetError, Problem, RecordingError, RunError
from ..runs.finding import Shut, Unclear, find_run, is_path, list_runs, run_at
from ..runs.folder import RunFolder
from ..runs.imported import log_meant
from ..text.endings import TABLES, ending_of
from ..text.owned import Share
from ..text.run_names import before_the_last
from ..text.spelling import nearest
from .mistaken import what_else
from .toml_files import PRESETS, exists


@dataclass(frozen=True)
class PresetName:
    """A preset that is there."""

    reference: str
    """How it was named."""
    path: Path
    """Its file."""


class Mistaken(RunError):
    """A name of something else than a run."""


def run(reference: str, folder: Path, *, trials: bool = True) -> RunFolder:
    """Return the run that is meant.

    Args:
        reference: A run's folder, a recording, a run's name or a unique beginning of it, or
            ``last``.
        folder: Where runs are kept.
        trials: Whether whoever asks takes a sweep's trial as well, and has looked for one before.

    Raises:
        NoRunError: There is none.
        RunError: There is more than one, or it is something else; says what.
        RecordingError: What is there cannot be read.
    """
    try:
        folder_of_run = find_run(reference, folder)
    except (Unclear, Shut):
        raise
    except RunError as error:
        if words := what_else(reference):
            raise Mistaken(_otherwise(reference, str(error), words)) from None
        raise NoRunError(str(error), reference, folder, trials=trials) from None
    check(folder_of_run)
    return folder_of_run


def run_or_preset(
    reference: str, folder: Path, overrides: Sequence[str] = (), share: Share = "nobody"
) -> RunFolder | PresetName:
    """Return the run or the preset that is meant.

    A run's folder and a recording are runs; of another program's log a run is made. Of names that
    are no path a preset's comes first, for it is also the beginning of its runs' names.

    Args:
        reference: As for ``run``, or a preset's name or file.
        folder: Where runs are kept.
        overrides: What is changed in a preset.
        share: Who else may read a run that is made.

    Raises:
        PresetError: There is neither, or the preset does not hold.
        RunError: There are several such runs, or the file is neither.
        RecordingError: What is there cannot be read.
    """
    if (log := log_meant(reference)) is not None:
        from ..runs.imported.importing import opened

        return opened(log, folder, share=share)
    path = is_path(reference)
    is_last = before_the_last(reference) is not None
    if is_last or (path and (run_at(reference) or not _is_preset_file(reference))):
        return run(reference, folder)
    preset = _preset(reference)
    if preset is not None:
        _check_preset(preset, overrides)
        return preset
    try:
        return run(reference, folder)
    except (Unclear, Shut, Mistaken, RecordingError):
        raise
    except RunError as error:
        raise _neither(reference, folder, error) from None


def apart(terms: Sequence[str], folder: Path) -> tuple[list[RunFolder], list[str]]:
    """Return the runs that some terms of a filter name by their place, and the other terms.

    Args:
        terms: What was asked for.
        folder: Where runs are kept.

    Raises:
        RunError: A path leads to no run.
        RecordingError: What is there cannot be read.
    """
    said = [
        before_the_last(term) is not None or (is_path(term) and not re.search(r'^-|[=<>"]', term))
        for term in terms
    ]
    named = [run(term, folder) for term, is_run in zip(terms, said, strict=True) if is_run]
    return named, [term for term, is_run in zip(terms, said, strict=True) if not is_run]


def _otherwise(reference: str, error: str, words: str) -> str:
    """Return what is wrong with a name of something else, which is there."""
    is_there = "no such file or folder" in error or is_path(reference)
    return f"{reference}: {words.removeprefix('it ')}" if is_there else f"{error}; {words}"


def check(shown: RunFolder) -> None:
    """Refuse a run whose recording cannot be read at all.

    Raises:
        RecordingError: It is no recording, or one of a newer format.
    """
    from ..recording.file import Reader

    if not shown.recording.exists():
        return
    reader = Reader(shown.recording)
    reader.poll(1)
    if reader.header is None and shown.path == shown.recording:
        raise RecordingError(f"{shown.path}: is no recording: it has no whole line")


def check_begun(shown: RunFolder) -> None:
    """Refuse a run in which there is nothing to be played.

    Raises:
        RunError: Its worker never began.
    """
    from ..runs.branches import never_began
    from ..runs.summary import glance

    seen = glance(shown)
    if seen.state == "crashed" and not seen.started and not seen.step:
        raise RunError(f"{shown.name}: there is nothing to play: it {never_began(shown)}")


def _is_preset_file(reference: str) -> bool:
    path = Path(reference)
    return reference.endswith(".toml") or (exists(path) and not path.is_dir())


def _preset(reference: str) -> PresetName | None:
    """Return the preset of a name or in a file, if there is one."""
    path = PRESETS.seek(reference)
    return None if path is None or path.is_dir() else PresetName(reference, path)


def _check_preset(preset: PresetName, overrides: Sequence[str]) -> None:
    """Refuse a preset that does not hold; those that come with epochal are known to.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    # Reading the schema takes a quarter of a second, which a first frame need not wait for.
    if overrides or not PRESETS.is_packaged(preset.path):
        from . import preset as presets

        presets.load(preset.reference, overrides)


def _neither(reference: str, folder: Path, why: RunError) -> PresetError:
    """Return what to say of a name that nothing has."""
    if not reference or os.sep in reference:
        return PresetError([Problem("", "", str(why))])
    names = [listing.name for listing in PRESETS.catalogue()]
    near = nearest(reference, [*names, *(each.name for each in list_runs(folder))])
    what = f"there is no such preset, and no such run in {folder}{near}"
    return PresetError([Problem(reference, "", f"{what}; see epochal presets and epochal runs")])


def is_data_file(what: str) -> bool:
    """Whether what is meant is a file of data, by its ending, and no log of a training.

    Raises:
        DataError: It is not there.
    """
    path = Path(what)
    if ending_of(path) not in TABLES or path.is_dir():
        return False
    # What reads data takes long to import, and most names are those of something else.
    from ..data.sheet import state_of
    from ..runs.imported.csv_logs import says_steps

    if says_steps(path):
        return False
    state_of(path)
    return True
