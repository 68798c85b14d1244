"""Proofreading: what is wrong with the figures of a preset or a lecture, without training anything.

    marred      braces that hold no figure: no such preset or lecture is loaded
    misplaced   a figure that no run can give, or that comes too late: what ``check`` tells

Whether a figure is true, only training tells: see ``engine.lectures.rehearsal``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ..components.activations import ACTIVATIONS
from ..errors import Problem
from ..experiment.experiment import Experiment
from ..text.spelling import nearest
from .figures import Figure, FigureError, Quantity, figures, filled, nothing, number

Referred = Callable[[str], Experiment | None]
"""Returns the experiment that a figure means by a name; None where there is none."""

SETS: Final = ("train", "dev", "test")
"""Of what a result has figures."""


@dataclass(frozen=True)
class Passage:
    """A text that may have figures, and where it stands."""

    key: str
    """Its place in the file."""
    text: str
    """What it says."""
    step: int | None = None
    """The step that it belongs to; None where only training finds it, or it belongs to none."""
    kind: str = "about"
    """``about``, ``mark``, ``notes`` or ``text``: what it knows of a run."""


def passages(experiment: Experiment) -> list[Passage]:
    """Return the texts of a preset."""
    marks = [
        Passage(f"marks[{at}].note", mark.note, experiment.step_of(mark), "mark")
        for at, mark in enumerate(experiment.marks)
    ]
    return [Passage("about", experiment.about), *marks]


def titled(experiment: Experiment) -> list[Passage]:
    """Return the titles of a preset: they are read as they are written, in lists and headings."""
    marks = [Passage(f"marks[{at}].title", mark.title) for at, mark in enumerate(experiment.marks)]
    return [Passage("title", experiment.title), *marks]


def unfilled(titles: Iterable[Passage], source: str) -> list[Problem]:
    """Return the titles that have figures, which nobody would fill in.

    Args:
        titles: The titles; braces that hold no figure are braces there.
        source: The file they are in.
    """
    return [
        Problem(source, passage.key, "a title has no figures; put it into the note")
        for passage in titles
        if filled(passage.text, nothing) != passage.text and "{{" not in passage.text
    ]


def marred(texts: Iterable[Passage], source: str) -> list[Problem]:
    """Return what is wrong with the braces of some texts.

    Args:
        texts: The texts.
        source: The file they are in.
    """
    problems = []
    for passage in texts:
        try:
            figures(passage.text)
        except FigureError as error:
            problems.append(Problem(source, passage.key, str(error)))
    return problems


def misplaced(experiment: Experiment, source: str, other: Referred) -> list[Problem]:
    """Return the figures of a preset that no run can give, and those that are simply wrong.

    Args:
        experiment: What the preset says.
        source: The file it is in.
        other: What another preset says, by its name; None where there is none.
    """
    return [
        Problem(source, passage.key, problem)
        for passage in passages(experiment)
        for figure in figures(passage.text)
        for problem in faults(figure, passage, lambda run: other(run) if run else experiment)
    ]


def faults(figure: Figure, place: Passage, shown: Referred) -> Iterator[str]:
    """Yield what is wrong with a figure.

    Args:
        figure: The figure.
        place: The text it stands in.
        shown: The experiment of a run by the name that a figure gives it, or of the run that is
            shown; None where there is none.
    """
    name = f"{{{' '.join(figure.text.split())}}}"
    if not figure.quantities:
        value = figure.value(nothing)
        if value is not None and not figure.holds(value):
            yield f"{name} is {number(value)}"
    if figure.quantities and figure.said is None and place.kind in ("about", "text"):
        remedy = "say what it is, as in {loss@1 = 0.69}"
        yield f"{name} is filled in from the run that is shown, and here none is; {remedy}"
        return
    if figure.said is None and place.kind == "mark" and any(q.run for q in figure.quantities):
        remedy = "say what it is, as in {two-moons:loss@1 = 0.75}"
        yield f"{name} is of another preset's run, which is not there; {remedy}"
        return
    for quantity in figure.quantities:
        experiment = shown(quantity.run)
        if experiment is None:
            yield f"{name} is of {_no_run(quantity)}"
        elif problem := _fault(figure, quantity, place, experiment):
            yield f"{name} {problem}"


def _no_run(quantity: Quantity) -> str:
    if not quantity.run:
        return "no run, for none is shown here; say of which, as in exploding:loss@1"
    return f"{quantity.run!r}, and there is no such run here, and no such preset"


def _fault(figure: Figure, quantity: Quantity, place: Passage, experiment: Experiment) -> str:
    """Return why a run never gives a quantity, or not in time; nothing where it does."""
    if not quantity.group:
        return ""
    columns = columns_of(experiment).get(quantity.group)
    if columns is None:
        there = ", ".join(columns_of(experiment))
        return f"is of the group {quantity.group}, which this run has not; there are: {there}"
    # A network of one's own may have a column that nobody knows beforehand.
    is_of_code = experiment.model.kind == "python" and "/" in quantity.column
    if quantity.column not in columns and not is_of_code:
        there = ", ".join(_in_short(columns))
        close = nearest(quantity.column, columns)
        return f"names no column: {quantity.column!r}{close}; there are: {there}"
    if quantity.group == "result":
        told = place.kind == "mark" and figure.said is None
        return "is known only when the run is over, after every mark" if told else ""
    return _out_of_time(figure, quantity, place, experiment)


def _out_of_time(figure: Figure, quantity: Quantity, place: Passage, experiment: Experiment) -> str:
    last = experiment.steps
    at = last if quantity.at == "end" else quantity.at
    if at == "own":
        if place.kind == "about":
            return "says no step; write it after an @, as in loss@100"
        at = place.step if place.step is not None else 1
    if at > last:
        return f"is of step {at}, and the run ends at step {last}"
    if at == 0 and figure.said is None:
        return "is of step 0, and the first row is that of step 1"
    if place.kind == "mark" and figure.said is None and place.step is not None and at > place.step:
        return f"is of step {at}, and the mark stands at step {place.step}: it cannot know it yet"
    return ""


def columns_of(experiment: Experiment) -> Mapping[str, list[str]]:
    """Return the columns of each group that a run of an experiment has, and of its result.

    Of a network of one's own those of its parameters are left out, for only its code knows them.
    """
    accuracy = ["accuracy"] if experiment.has_accuracy else []
    names = [] if experiment.model.kind == "python" else list(experiment.shapes)
    train = ["loss", *accuracy, "lr", "grad_norm", *(f"grad_norm/{name}" for name in names)]
    columns = {"train": train}
    if experiment.evaluation_stride:
        columns["dev"] = ["loss", *accuracy]
    if (experiment.steps_per_epoch or 1) > 1:
        columns["epoch"] = train
    if experiment.train.probe != "off":
        norms = [f"{what}/{name}" for what in ("weight_norm", "update_ratio") for name in names]
        columns["probe"] = [*norms, *_slopes(experiment)]
    sizes = experiment.data.sizes
    sets = [name for name, size in zip(SETS, sizes, strict=True) if size or name == "train"]
    measured = ["loss", *(accuracy or ["rmse"])]
    columns["result"] = [f"{name}_{what}" for name in sets for what in measured]
    columns["result"] += ["best_step", "steps", "epochs"]
    return columns


def _slopes(experiment: Experiment) -> list[str]:
    """Return the columns of the shares of hidden units that are dead or saturated."""
    names = experiment.model.activations[:-1] if experiment.model.kind == "mlp" else []
    traits = [ACTIVATIONS[name].traits for name in names]
    dying = [f"dead/layer{at}" for at, trait in enumerate(traits, start=1) if trait.dies]
    return dying + [f"saturated/layer{at}" for at, trait in enumerate(traits, 1) if trait.steepest]


def _in_short(names: list[str]) -> list[str]:
    """Return the names of columns, those of a network's parameters by the first of them."""
    plain = [name for name in names if "/" not in name]
    kinds = {name.partition("/")[0]: name for name in reversed(names) if "/" in name}
    return [*plain, *(f"{name} …" for name in reversed(kinds.values()))]
