"""Lectures: an ordered list of scenes, each with what to show and what to say.

    reference ─► find ─► a path ─► load ─► Script ─► check ─► Inspection
                                             └► shown(scene) ─► presets and runs

A lecture is a TOML file in the folder ``lectures`` beside the presets, or anywhere. Like a preset
it is data: whatever a file holds, what comes out is a lecture or a ``LectureError`` with every
problem it has. What it may say is ``engine.lectures.scenes``; how a scene is put on a screen is
for others to know.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ..errors import EpochalError, FileError, LectureError, Problem, RunError
from ..experiment.experiment import Experiment
from ..experiment.problems import explain
from ..figures.figures import figures
from ..figures.proofreading import faults, marred, unfilled
from ..presets import preset as presets
from ..presets import references
from ..presets.preset import Preset
from ..presets.toml_files import LECTURES, exists
from ..recording.loading import load_history
from ..runs.finding import is_path, is_run, run_at
from ..runs.folder import RunFolder
from ..runs.notes import Notes
from ..text.run_names import before_the_last
from ..training.marks import is_certain, why_never
from .passages import passages_of, titled_in
from .scenes import Lecture, Scene


@dataclass(frozen=True)
class Script:
    """A lecture that holds, and the file it is in."""

    name: str
    """The file's name, without its ending."""
    path: Path
    """Where it was found."""
    lecture: Lecture
    """What it says."""


@dataclass(frozen=True)
class Inspection:
    """What is known of a lecture before it is held."""

    problems: tuple[Problem, ...]
    """What is wrong, in the order of its scenes."""
    remarks: tuple[Problem, ...]
    """What cannot be known beforehand, or needs a word from whoever holds it."""


catalogue = LECTURES.catalogue
find = LECTURES.find


def load(reference: str, panes: Sequence[str] | None = None) -> Script:
    """Return a lecture.

    Args:
        reference: A path or a name.
        panes: The panes that scenes may be shown in; any where that is left out, for only who
            shows them knows them.

    Raises:
        LectureError: With everything that is wrong with it. What its scenes refer to is not
            looked at: see ``check``.
    """
    path = find(reference)
    tables, _ = LECTURES.tables(path)
    return Script(path.stem, path, resolve(tables, str(path), panes))


def resolve(tables: dict[str, object], source: str, panes: Sequence[str] | None = None) -> Lecture:
    """Return the lecture that tables say.

    Args:
        tables: As read from TOML.
        source: Where they come from, for the messages.
        panes: The panes that scenes may be shown in, as for ``load``.

    Raises:
        LectureError: With everything that is wrong with them.
    """
    tamed = LECTURES.tame(tables, source)
    try:
        lecture = Lecture.model_validate(tamed, context={"panes": panes})
    except ValidationError as error:
        raise LectureError(explain(error, tamed, source, Lecture)) from None
    problems = marred([passage for _, passage in passages_of(lecture)], source)
    if problems := problems + unfilled(titled_in(lecture), source):
        raise LectureError(problems)
    return lecture


def is_lecture(reference: str) -> bool:
    """Whether a lecture is meant, where it might be a preset: of one name, the preset counts."""
    path = LECTURES.seek(reference)
    if path is None:
        return False
    if os.sep not in reference and not reference.endswith(".toml"):
        return not any(reference == listing.name for listing in presets.catalogue())
    try:
        return "scenes" in LECTURES.tables(path)[0]
    except LectureError:
        return path.absolute().parent.name == "lectures"


def shown(script: Script, scene: Scene, runs: Path) -> tuple[Preset | RunFolder, ...]:
    """Return what a scene shows: nothing for a text, and in a race each by itself.

    Args:
        script: The lecture it belongs to: files are looked for beside that one first.
        scene: One of its scenes.
        runs: Where runs are kept.

    Raises:
        EpochalError: There is no such preset or run, or the preset does not hold.
    """
    return tuple(_shown(scene, each, script.path.parent, runs) for each in scene.references)


def shown_as(script: Script, scene: int, reference: str, runs: Path) -> Preset | RunFolder:
    """Return one of what a scene shows.

    Args:
        script: The lecture it belongs to.
        scene: The scene's index.
        reference: What the scene calls it.
        runs: Where runs are kept.

    Raises:
        EpochalError: There is no such preset or run, or the preset does not hold.
    """
    return _shown(script.lecture.scenes[scene], reference, script.path.parent, runs)


def referred(lecture: Lecture, index: int | None, name: str) -> tuple[int, str] | None:
    """Return the scene and the reference that a figure's run is meant by; None where it is none.

    A scene's own runs count, then those of the nearest scene before it: a text at the end looks
    back at what was shown.

    Args:
        lecture: The lecture.
        index: The scene that the figure stands in; None for the lecture's ``about``.
        name: A preset or run as a scene names it, or its file's name without an ending; empty for
            the first that the scene shows.
    """
    if not name:
        references = [] if index is None else lecture.scenes[index].references
        return (index, references[0]) if index is not None and references else None
    last = len(lecture.scenes) - 1 if index is None else index
    for at in range(last, -1, -1):
        for reference in lecture.scenes[at].references:
            if name in (reference, Path(reference).stem):
                return at, reference
    return None


def check(script: Script, runs: Path) -> Inspection:
    """Return what is wrong with a lecture: a preset or a run that is not there or does not hold, a
    mark that cannot be reached, a beginning that is nowhere, a figure that no run can give.

    Args:
        script: The lecture.
        runs: Where runs are kept.
    """
    problems, remarks = list[Problem](), list[Problem]()
    for index, scene in enumerate(script.lecture.scenes):
        for key, reference in _keys(scene):
            place = f"scenes[{index}].{key}"
            for serious, message in _remarks(script, index, reference, runs):
                (problems if serious else remarks).append(Problem(str(script.path), place, message))
    # A scene that shows nothing has no figures either; one problem says as much as two.
    if not problems:
        problems += _misplaced(script, runs)
    return Inspection(tuple(problems), tuple(dict.fromkeys(remarks)))


def _misplaced(script: Script, runs: Path) -> Iterator[Problem]:
    """Yield the figures that no run of a lecture can give."""

    @functools.cache
    def at(scene: int, reference: str) -> Experiment | None:
        return _experiment(shown_as(script, scene, reference, runs))

    for index, passage in passages_of(script.lecture):

        def shown_by(name: str, index: int | None = index) -> Experiment | None:
            place = referred(script.lecture, index, name)
            return None if place is None else at(*place)

        for figure in figures(passage.text):
            for problem in faults(figure, passage, shown_by):
                yield Problem(str(script.path), passage.key, problem)


def _experiment(shown: Preset | RunFolder) -> Experiment | None:
    """Return what is trained, or was; None where that is not to be understood."""
    if isinstance(shown, Preset):
        return shown.experiment
    header = load_history(shown.recording).header
    return None if header is None else presets.understood(header)


Remark = tuple[bool, str]
"""Whether something is wrong, and what; otherwise it is only to be known."""


def _keys(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield what a scene shows, each with the key it stands at."""
    if scene.race is None:
        yield from ((scene.kind, reference) for reference in scene.references)
    else:
        yield from ((f"race[{at}]", reference) for at, reference in enumerate(scene.race))


def check_names(script: Script, runs: Path) -> None:
    """Refuse a lecture that shows what is not there, before anybody sees it.

    Args:
        script: The lecture.
        runs: Where runs are kept.

    Raises:
        LectureError: With every such name.
    """
    problems = []
    for index, scene in enumerate(script.lecture.scenes):
        for key, reference in _keys(scene):
            try:
                _find(scene, reference, script.path.parent, runs)
            except EpochalError as error:
                if scene.preset is not None or not _may_come(script, index, reference):
                    problems.append(Problem(str(script.path), f"scenes[{index}].{key}", str(error)))
    if problems:
        raise LectureError(problems)


def _shown(scene: Scene, reference: str, folder: Path, runs: Path) -> Preset | RunFolder:
    named = _find(scene, reference, folder, runs)
    return named if isinstance(named, RunFolder) else presets.load(named, scene.overrides)


def _find(scene: Scene, reference: str, folder: Path, runs: Path) -> str | RunFolder:
    """Return the run that a scene shows, or how its preset is named from here.

    Raises:
        EpochalError: There is no such preset or run, or it is the other of the two.
    """
    beside = folder / Path(reference).expanduser()
    near = exists(beside) and (is_path(reference) or (not scene.preset and is_run(beside)))
    place = str(beside.absolute()) if near else reference
    if scene.run is not None:
        return references.run(place, runs)
    if scene.preset is None:
        named = references.run_or_preset(place, runs)
        return named if isinstance(named, RunFolder) else named.reference
    if is_path(place) and run_at(place):
        raise RunError(f"{reference}: is a run, not a preset; set run = {reference!r} instead")
    presets.find(place)
    return place


def _may_come(script: Script, index: int, reference: str) -> bool:
    """Whether a scene may show a run that an earlier one trains."""
    scenes = [scene for scene in script.lecture.scenes[:index] if scene.run is None]
    named = (each for scene in scenes for each in scene.references)
    trained = [Path(each).name.removesuffix(".toml") for each in named]
    if is_path(reference) or not trained:
        return False
    back = before_the_last(reference)
    if back is not None:
        return back < len(trained)
    return any(name.startswith(reference) for name in trained)


def _remarks(script: Script, index: int, reference: str, runs: Path) -> Iterator[Remark]:
    """Yield what is to be said of one preset or run of a scene."""
    scene = script.lecture.scenes[index]
    try:
        shown = _shown(scene, reference, script.path.parent, runs)
        if isinstance(shown, Preset):
            yield from _of_preset(shown, scene)
        else:
            yield from _of_run(shown, scene)
    except FileError as error:
        yield from ((True, str(problem)) for problem in error.problems)
    except EpochalError as error:
        if scene.preset is None and _may_come(script, index, reference):
            yield False, f"{reference}: whether there is such a run then, only the lecture tells"
        else:
            yield True, str(error)


def _of_preset(preset: Preset, scene: Scene) -> Iterator[Remark]:
    experiment = preset.experiment
    # A mark of what the scene changes is not told, so nobody waits for it.
    for mark in (mark for mark in experiment.marks if not mark.of):
        if why := why_never(experiment, mark):
            remedy = "leave the mark out" if mark.at.event else "train longer, or leave it out"
            yield True, f"{preset.name}: the mark {mark.title!r} {why}; {remedy}"
        elif not is_certain(experiment, mark):
            what = "whether it is reached, only training tells"
            yield False, f"{preset.name}: the mark {mark.title!r}: {what}"
    if experiment.model.kind == "python":
        yield False, f"{preset.name}: runs code from a file; it needs --allow-code"
    if scene.quantity == "accuracy" and not experiment.has_accuracy:
        yield True, f"{preset.name}: there is no accuracy for numbers; set quantity = 'loss'"
    titles = [mark.title for mark in experiment.marks]
    yield from _of_start(scene, preset.name, titles, experiment.steps)


def _of_run(run: RunFolder, scene: Scene) -> Iterator[Remark]:
    history = load_history(run.recording)
    if history.header is None or not history.header.parameters:
        yield True, f"{run.name}: nothing was trained; take another run"
        return
    titles = [mark.title for mark in history.marks]
    titles += (mark.title for mark in Notes.load(run).marks)
    yield from _of_start(scene, run.name, titles, history.last_step)


def _of_start(scene: Scene, name: str, titles: Sequence[str], steps: int) -> Iterator[Remark]:
    """Yield what is wrong with where a scene begins."""
    start = scene.start
    if isinstance(start, str) and start not in titles:
        there = ", ".join(map(repr, titles)) or "none"
        yield True, f"{name}: start names no mark: {start!r}; there are: {there}"
    if isinstance(start, int) and start > steps:
        yield True, f"{name}: start is step {start}, and the last one is {steps}"
