"""A population: networks of one shape that are trained side by side and differ in numbers.

    seeds = 2, vary = { "optimizer.lr" = [0.1, 1.0] }, or settings, which lists them one by one

    member 1    lr 0.1 · seed 7        each an experiment of its own, which is validated
    member 2    lr 0.1 · seed 8        as a preset is, and equals the run of that preset
    member 3    lr 1.0 · seed 7
    member 4    lr 1.0 · seed 8

What may vary is not a list of keys: anything may that leaves a member's ``member_form`` as it is.

A member draws what it draws alone, to the bit: its initial weights, its data, the order of its
batches, what dropout leaves out. From there on it is the same up to rounding, as a product of many
matrices may round otherwise than one: every row within a thousandth over sixty steps, in the tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from ..errors import PresetError, Problem
from ..text.spelling import show
from .experiment import Experiment
from .overrides import Override, apply, path_of
from .problems import explain, key_text
from .tables import inline, tables_of
from .training import Population

SEED: Final = "train.seed"
"""The key that the population's seeds count on from."""

LAST_SEED: Final = 2**63 - 1
"""The greatest seed there is."""

SAME: Final = ": members must have the same; epochal sweep trains what differs in it"
"""What to do about members that are no batched computation."""

MOST_TOLD: Final = 20
"""Problems of members that are told one by one."""

Changes = Mapping[str, Any]
"""What tells a member from the others: keys of the preset, each with its value."""


@dataclass(frozen=True)
class Member:
    """One network of a population."""

    experiment: Experiment
    """What it is, as if it were trained alone."""
    changes: dict[str, Any] = field(default_factory=dict)
    """The keys in which members differ, each with its value here; the seed stands last."""


def members_of(experiment: Experiment) -> list[Member]:
    """Return the members of an experiment's population, the next seed before the next setting.

    Raises:
        PresetError: They do not have the same form, or one of them does not hold.
    """
    population = experiment.population
    if population == Population():
        return [Member(experiment)]
    alone = experiment.model_copy(update={"population": Population()})
    settings, original = list(_settings(population)), Original(alone)
    first = settings[0]
    varying = [key for key in first if any(each[key] != first[key] for each in settings)]
    seeds_vary = population.seeds > 1 or SEED in varying
    members, form = [], member_form(alone)
    for setting in settings:
        made = original.changed(setting)
        if other := _differing(form, made):
            said = said_of(setting)
            raise PresetError([Problem("", _list_of(population), f"{said} change {other}{SAME}")])
        told = {key: _told(made, key, setting[key]) for key in varying}
        for seed in range(made.train.seed, made.train.seed + population.seeds):
            # The seed stands last, wherever it was named.
            changed = setting_of(told) | {SEED: seed} if seeds_vary else told
            members.append(Member(with_seed(made, seed), changed))
    return members


def label(changes: Changes) -> str:
    """Return what to call a member by what it differs in, such as ``lr 0.5 · seed 104``.

    Each key goes by its last part, or by its whole name where two of them end alike.
    """
    names = [key.rpartition(".")[2] for key in changes]
    return " · ".join(
        f"{name if names.count(name) == 1 else key} {_brief(value)}"
        for name, (key, value) in zip(names, changes.items(), strict=True)
    )


def setting_of(changes: Changes) -> dict[str, Any]:
    """Return what a member differs in beside its seed."""
    return {key: value for key, value in changes.items() if key != SEED}


def check_members(experiment: Experiment, source: str) -> None:
    """Refuse an experiment whose members do not hold, or would be no batched computation.

    Args:
        experiment: What holds as one network.
        source: Where it comes from, for the messages.

    Raises:
        PresetError: With everything that is wrong with its members.
    """
    population = experiment.population
    if population == Population():
        return
    alone = experiment.model_copy(update={"population": Population()})
    told = list(_axis_problems(alone, population)) or list(_grid_problems(alone, population))
    named = [*population.vary.get(SEED, ()), *(each.get(SEED) for each in population.settings)]
    first = [seed for seed in named if isinstance(seed, int)]
    last = max(first, default=experiment.train.seed) + population.seeds - 1
    if told:
        told = list(dict.fromkeys(told))[:MOST_TOLD]
        raise PresetError([Problem(source, _list_of(population), each) for each in told])
    if last > LAST_SEED:
        message = f"the last seed would be {last}, beyond 2**63 - 1; lower train.seed"
        raise PresetError([Problem(source, "population.seeds", message)])


def _axis_problems(alone: Experiment, population: Population) -> Iterator[str]:
    """Say what is wrong with each value of each key by itself."""
    form, original = member_form(alone), Original(alone)
    for key, values in population.vary.items():
        told: set[str] = set()
        for value in values:
            said = said_of({key: value})
            try:
                changed = original.changed({key: value})
            except PresetError as error:
                problems = [about(problem, key) for problem in error.problems]
                # A key that is not there is not there for any of its values.
                yield from (f"{said}: {each}" for each in problems if each not in told)
                told |= {*problems}
                continue
            if other := _differing(form, changed):
                yield f"{key!r} changes {other}{SAME}"
                break


def _grid_problems(alone: Experiment, population: Population) -> Iterator[str]:
    """Say what is wrong with combinations whose values hold by themselves."""
    form, original = member_form(alone), Original(alone)
    several = len(population.vary) > 1 or population.settings
    for setting in _settings(population) if several else ():
        said = said_of(setting)
        try:
            if other := _differing(form, original.changed(setting)):
                yield f"{said} change {other}{SAME}"
        except PresetError as error:
            only = next(iter(setting)) if len(setting) == 1 else ""
            yield from (f"{said}: {about(problem, only)}" for problem in error.problems)


def said_of(setting: Mapping[str, Any]) -> str:
    """Return some keys with their values, as messages name them."""
    return ", ".join(
        f"{key!r} = {inline(value) if isinstance(value, list) else show(value)}"
        for key, value in setting.items()
    )


def about(problem: Problem, key: str = "") -> str:
    """Return what is wrong, and with which key where that is another."""
    return problem.message if problem.key == key else f"{problem.key}: {problem.message}"


def _list_of(population: Population) -> str:
    """Return the key of a preset that lists a population's settings."""
    return "population.settings" if population.settings else "population.vary"


def _settings(population: Population) -> Iterator[dict[str, Any]]:
    """Yield what the networks are set to beside their seed, which may be nothing."""
    if population.settings:
        yield from population.settings
        return
    for values in itertools.product(*population.vary.values()):
        yield dict(zip(population.vary, values, strict=True))


class Original:
    """An experiment of which others are made by setting keys.

    Args:
        experiment: What stays as it is where no key is set.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._tables = tables_of(experiment, short=False)
        self._last: tuple[Changes, Experiment] = ({}, experiment)

    def changed(self, setting: Changes) -> Experiment:
        """Return the experiment with some keys set.

        Raises:
            PresetError: It no longer holds, or a key leads nowhere.
        """
        seed, others = setting.get(SEED), setting_of(setting)
        if type(seed) is not int or not 0 <= seed <= LAST_SEED:
            return self._with(setting)
        # Seeds come one after another, and checking an experiment takes a millisecond.
        if self._last[0] != others:
            self._last = others, self._with(others)
        return with_seed(self._last[1], seed)

    def _with(self, setting: Changes) -> Experiment:
        if not setting:
            return self._experiment
        changes = []
        for key, value in setting.items():
            path = path_of(key)
            if path is None or path[0] in ("population", "sweep"):
                raise PresetError([Problem("", key, "is no key that can vary")])
            changes.append(Override(path, value, ""))
        try:
            tables = apply(self._tables, changes, self._experiment)
        except PresetError as error:
            # What leads nowhere is told with its source, which here is the population.
            first = key_text(changes[0].path)
            problems = [Problem("", first, each.message) for each in error.problems]
            raise PresetError(problems) from None
        try:
            return Experiment.model_validate(tables)
        except ValidationError as error:
            raise PresetError(explain(error, tables, "", Experiment)) from None


def with_seed(experiment: Experiment, seed: int) -> Experiment:
    """Return an experiment that draws other random numbers, and is else the same."""
    train = experiment.train.model_copy(update={"seed": seed})
    return experiment.model_copy(update={"train": train})


def _told(experiment: Experiment, key: str, value: Any) -> Any:
    """Return what was said of a key; a whole number where any may stand counts as one of these."""
    here: Any = experiment
    for part in path_of(key) or ():
        here = here[part] if isinstance(part, int) else getattr(here, part)
    return here if isinstance(here, float) else value


def _brief(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def member_form(experiment: Experiment) -> dict[str, object]:
    """Return all that must be the same in every member, so that they are one batched computation.

    The names are what a message calls them.
    """
    data, model, train = experiment.data, experiment.model, experiment.train
    which = [value for key, value in data if key in ("kind", "path", "set")]
    rows = (data.sizes, data.class_count, data.fresh, data.input_names, data.target_names)
    module = (model.kind, model.module, model.arguments, model.input_shape)
    plan = experiment.plan if model.layers else ()
    return {
        "the shape": (experiment.widths, experiment.shapes, experiment.buffers, module, plan),
        "the activations": model.activations,
        "the normalisations": model.normalisations,
        "whether there is dropout": [share > 0 for share in model.dropouts],
        "the data": (*rows, which),
        "the batches": (experiment.batch_rows, experiment.steps_per_epoch, train.shuffle),
        "the length": experiment.steps,
        "the evaluation": (experiment.evaluation_stride, experiment.keep_best, train.monitor),
        # Whether a row counts by its class is the same computation, by whatever numbers.
        "the loss": experiment.loss.model_copy(update={"class_weights": None}),
        # A switch of an optimizer is another computation; its numbers are not.
        "the optimizer": [each for each in experiment.optimizer if isinstance(each[1], bool | str)],
        "the schedule": (experiment.schedule.name, experiment.schedule.watches),
        "the way of training": (train.dtype, train.gradients, train.zero_grad, train.probe),
        "the words and marks": (experiment.title, experiment.about, experiment.marks),
    }


def _differing(form: Mapping[str, object], experiment: Experiment) -> str:
    """Return the first thing in which an experiment has another form; empty where in none."""
    other = member_form(experiment)
    return next((name for name, value in form.items() if other[name] != value), "")


def settings_of(variants: Sequence[Changes]) -> dict[str, list[int]]:
    """Return the members of each setting, whatever their seeds, by the setting's label."""
    groups: dict[str, list[int]] = {}
    for member, changes in enumerate(variants):
        groups.setdefault(label(setting_of(changes)), []).append(member)
    return groups
