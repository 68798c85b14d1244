"""Presets: finding them, reading them, and turning them into experiments.

    reference ─► find ─► a path ─► load ─► tables ─► override ─► resolve ─► Experiment
                                                                  dumps ◄─┘

A name is looked for in ``./presets``, in the user's configuration folder and among the packaged
ones; the first found counts. Whatever a file holds, what comes out is an experiment or a
``PresetError`` with every problem it has. How the problems are worded is
``engine.experiment.problems``, how presets are written is ``engine.presets.writing``.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..data import as_recorded
from ..data.plane import Moons
from ..data.preprocessing import given_by
from ..errors import PresetError, Problem
from ..experiment.axes import check_sweep
from ..experiment.changes import called, described
from ..experiment.experiment import Experiment
from ..experiment.members import check_members
from ..experiment.overrides import Override, apply, parse
from ..experiment.problems import explain
from ..experiment.tables import Tables
from ..figures.proofreading import marred, passages, titled, unfilled
from ..recording.events import Header
from ..recording.fitting import UNSAID
from .toml_files import PRESETS, exists
from .writing import anchor
from .writing import dumps as dumps
from .writing import save as save


@dataclass(frozen=True)
class Preset:
    """A preset that holds."""

    name: str
    """The file's name, without its ending."""
    path: Path
    """Where it was found."""
    experiment: Experiment
    """What it says, overrides included: where these make something else of it, its own words are
    marked as such."""
    text: str
    """The file as it stands, with its comments and without the overrides."""

    @property
    def called(self) -> str:
        """What its runs are called."""
        return called(self.experiment, self.name)


catalogue = PRESETS.catalogue
find = PRESETS.find
is_packaged = PRESETS.is_packaged


def load(reference: str, overrides: Sequence[str] = ()) -> Preset:
    """Return a preset.

    Args:
        reference: A path or a name.
        overrides: What to change, each as ``optimizer.lr=0.1``.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    path = find(reference)
    source = str(path)
    read, text = PRESETS.tables(path)
    tables = anchor(read, path.parent)
    changes = parse(overrides)
    if not changes:
        return Preset(path.stem, path, resolve(tables, source), text)
    return Preset(path.stem, path, _resolve_changed(tables, changes, source, path.stem), text)


def experiment_of(reference: str) -> Experiment | None:
    """Return what a preset says, or None where there is none that holds."""
    try:
        return load(reference).experiment
    except PresetError:
        return None


def resolve(tables: Mapping[str, Any], source: str, *, recorded: bool = False) -> Experiment:
    """Return the experiment that a preset's tables say.

    Args:
        tables: As read from TOML.
        source: Where they come from, for the messages.
        recorded: Whether they are those of a run, whose words stay as they were.

    Raises:
        PresetError: With everything that is wrong with them.
    """
    if recorded and not tables:
        raise PresetError([Problem(source, "", UNSAID)])
    tamed = PRESETS.tame(tables, source)
    if recorded and isinstance(tamed.get("data"), dict):
        tamed = {**tamed, "data": as_recorded(tamed["data"])}
    try:
        experiment = Experiment.model_validate(tamed)
    except ValidationError as error:
        raise PresetError(explain(error, tamed, source, Experiment)) from None
    check_members(experiment, source)
    check_sweep(experiment, source)
    problems = [] if recorded else marred(passages(experiment), source)
    problems += [] if recorded else unfilled(titled(experiment), source)
    if problems:
        raise PresetError(problems)
    return experiment


def recorded_experiment(header: Header) -> Experiment:
    """Return the experiment of a run, as its recording says it.

    Raises:
        PresetError: It no longer holds, as where its data file is gone, or it does not fit what was
            recorded of it: classes where no row has an accuracy, numbers where rows have, more or
            fewer classes or outputs than are named, other layers, or other networks.
    """
    experiment = resolve(header.experiment, header.run, recorded=True)
    if not _was_recorded(experiment, header):
        raise PresetError([Problem(header.run, "", UNSAID)])
    return experiment


def understood(header: Header) -> Experiment | None:
    """Return what a run was to train, whatever it recorded; None where that does not hold here."""
    try:
        return resolve(header.experiment, header.run, recorded=True)
    except PresetError:
        return None


def _was_recorded(experiment: Experiment, header: Header) -> bool:
    """Whether rows and weights are such as an experiment has."""
    measured = "accuracy" in header.columns.get("train", ())
    # A recording of an earlier version names none.
    named = len(header.target_names or experiment.data.target_names)
    if measured != experiment.has_accuracy or named != len(experiment.data.target_names):
        return False
    # A branch may be of one of them.
    if header.members not in (1, experiment.population.members):
        return False
    # What layers a network of one's own has, only its file knows; and where a file of data is
    # another by now, that is what readers say.
    if experiment.model.kind == "python" or not _has_its_files(experiment, header):
        return True
    if not _takes_what_was_recorded(experiment, header):
        return False
    shapes = experiment.shapes | experiment.buffers
    recorded = {**header.parameters, **header.buffers}
    return {name: list(shape) for name, shape in shapes.items()} == recorded


def _takes_what_was_recorded(experiment: Experiment, header: Header) -> bool:
    """Whether an experiment's inputs are called as a recording calls them, where it does."""
    data = experiment.data
    try:
        given = given_by(header.raw_columns)
    except (KeyError, TypeError, ValueError):
        return False
    named = header.input_names in ([], data.input_names)
    return (
        named and header.given_names in ([], data.given_names) and given in ([], data.given_names)
    )


def _has_its_files(experiment: Experiment, header: Header) -> bool:
    """Whether the data is what it was, as far as it lies in files."""
    pairs = zip(header.files, experiment.data.files, strict=False)
    return all(then.get("sha256") == now.get("sha256") for then, now in pairs)


def destination(reference: str) -> Path:
    """Return where a preset of one's own is written so that it is found by its name.

    Args:
        reference: A name, which goes to the user's folder, or a path.

    Raises:
        PresetError: It is no name, or another preset of that name would be found before it.
    """
    stem = Path(reference).name.removesuffix(".toml")
    if not re.fullmatch(r"[\w][\w .+=@-]*", stem) or reference.endswith(os.sep):
        message = "is no name for a preset; use letters, digits and - . _"
        raise PresetError([Problem(reference or "the name", "", message)])
    if os.sep in reference or reference.endswith(".toml"):
        return (Path(reference).expanduser().parent / f"{stem}.toml").absolute()
    folders = [(origin, folder) for origin, folder in PRESETS.folders() if origin != "epochal"]
    for origin, folder in folders:
        if origin == "yours":
            return folder / f"{stem}.toml"
        if exists(folder / f"{stem}.toml"):
            message = f"{origin} has a preset of this name, which would be found before it"
            raise PresetError([Problem(stem, "", f"{message}; choose another name")])
    message = f"there is no home folder; say where, as in ./{stem}.toml"
    raise PresetError([Problem(stem, "", message)])


def hides(path: Path) -> bool:
    """Whether a preset at a path is found by its name in place of one that comes with epochal."""
    folders = dict(PRESETS.folders())
    packaged = folders.pop("epochal")
    before = any(folder.absolute() == path.absolute().parent for folder in folders.values())
    return before and exists(packaged / path.name)


def unused_name(name: str) -> str:
    """Return the first of ``name-2``, ``name-3`` … that no preset has."""
    taken = {listing.name for listing in catalogue()}
    stem, _, number = name.rpartition("-")
    first = 2
    if stem in taken and re.fullmatch(r"[1-9]\d?", number):
        name, first = stem, int(number) + 1
    candidates = (f"{name}-{place}" for place in count(first))
    return next(candidate for candidate in candidates if candidate not in taken)


def save_as(
    path: Path, experiment: Experiment, source: Path | None, *, overwrite: bool = False
) -> None:
    """Write an experiment as a preset of one's own.

    Args:
        path: Where.
        experiment: What it is to say.
        source: The preset it was made from: its comments and its order are kept.
        overwrite: Whether a file that is there already may be written over.

    Raises:
        PresetError: The file cannot be written, or is there already.
    """
    text, origin = "", None
    if source is not None:
        # A preset that is gone takes its comments with it, and nothing else.
        with contextlib.suppress(PresetError):
            text, origin = PRESETS.read(source), source.parent
    save(path, experiment, text, origin=origin, overwrite=overwrite)


def _resolve_changed(
    tables: Tables, changes: Sequence[Override], source: str, name: str
) -> Experiment:
    """Return the experiment with the changes; a problem names the change it comes from."""
    try:
        unchanged, own_problems = resolve(tables, source), set()
    except PresetError as error:
        unchanged, own_problems = None, set(error.problems)
    changed = anchor(apply(tables, changes, unchanged), Path())
    try:
        experiment = resolve(changed, source)
    except PresetError as error:
        caused = {p: replace(p, source=_cause(p.key, changes)) for p in error.problems}
        problems = [p if p in own_problems else caused[p] for p in error.problems]
        raise PresetError(problems) from None
    preset = unchanged or _with_other_data(tables, changed, source)
    return experiment if preset is None else described(experiment, preset, name)


def _with_other_data(tables: Tables, changed: Tables, source: str) -> Experiment | None:
    """Return what a preset says but for its data, where that cannot be had here and another took
    its place; None where it does not hold for another reason.
    """
    try:
        preset = resolve({**tables, "data": changed.get("data", {})}, source)
    except PresetError:
        return None
    return preset.model_copy(update={"data": Moons()})


def _cause(key: str, changes: Sequence[Override]) -> str:
    """Return the change that a new problem at ``key`` comes from, or all where none is nearer."""
    near = (change.source for change in reversed(changes) if change.concerns(key))
    return next(near, ", ".join(change.source for change in changes))
