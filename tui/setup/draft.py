"""The draft: a preset, what was changed in it, and whether that holds.

It is a value: typing makes a new one. An experiment comes out only where everything holds, so
what does not can never be started.
"""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from engine.components.initialisers import initialiser_table
from engine.errors import PresetError, Problem
from engine.experiment import overrides
from engine.experiment.axes import axes_of, trials_in
from engine.experiment.changes import about_of, described, restored, title_of
from engine.experiment.experiment import Experiment
from engine.experiment.layers import init_table, layer_table
from engine.experiment.marks import Origin
from engine.experiment.problems import Path as Keys
from engine.experiment.sweep import Sweep
from engine.experiment.tables import tables_of
from engine.explain.summary import usual_width
from engine.presets import preset as presets
from engine.presets.writing import anchor

from ..style.numbers import count
from .edits import Move, move, put, widths_in, write
from .settings import (
    HIDDEN,
    LAYERS,
    Group,
    ListEntry,
    Setting,
    Tables,
    at,
    detail,
    groups_of,
    settings_in,
    value,
)

KIND: Final[Keys] = ("model", "kind")


@dataclass(frozen=True)
class Typed:
    """What was typed into a setting's field, letter by letter."""

    text: str
    value: Any
    """What it made of the setting; while that stands, so does the text."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """What the next run will train."""

    name: str
    """The preset's."""
    preset: Experiment
    """What the preset says."""
    source: Path | None = None
    """The preset's file, where there is one."""
    start: Experiment
    """The same with what was set on the command line."""
    tables: Tables
    """What is set now, as a preset's tables; may hold what was typed and is no value."""
    texts: Mapping[str, Typed] = field(default_factory=dict)
    """What was typed, by the setting's key."""
    experiment: Experiment | None
    """What comes of it; None where it does not hold."""
    last: Experiment
    """What came of it when it last did."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why it does not, by the setting's key; under the empty key what belongs to none of them."""
    seconds: float = 0.0
    """How long it took to find that out."""
    shelf: Mapping[tuple[Keys, str], Tables] = field(default_factory=dict)
    """Tables of other kinds as they were left, for coming back."""
    before: tuple[str, Tables] | None = None
    """The setting that is being typed, and the tables from before its first letter: on its way to
    2000 a number is 2 and 20, and what follows it must not come of these."""

    @classmethod
    def load(cls, reference: str, overrides: Sequence[str] = ()) -> Self:
        """Return the draft that is a preset.

        Raises:
            PresetError: With everything that is wrong with it.
        """
        preset = presets.load(reference)
        start = presets.load(reference, overrides).experiment if overrides else preset.experiment
        return cls._begin(preset.name, preset.experiment, start, preset.path)

    @classmethod
    def of(cls, name: str, experiment: Experiment) -> Self:
        """Return the draft that repeats a run's experiment, compared to its preset if there is
        one.
        """
        try:
            preset = presets.load(name)
        except PresetError:
            return cls._begin(name, experiment, experiment, None)
        start = restored(experiment, preset.experiment)
        start = described(start, preset.experiment, preset.name)
        return cls._begin(name, preset.experiment, start, preset.path)

    @classmethod
    def _begin(cls, name: str, preset: Experiment, start: Experiment, source: Path | None) -> Self:
        return cls(
            name=name,
            preset=preset,
            source=source,
            start=start,
            tables=_tables(restored(start, preset)),
            experiment=start,
            last=start,
        )

    @property
    def swept(self) -> bool:
        """Whether it is a sweep that is trained, and not one run."""
        return self.experiment is not None and self.experiment.sweep != Sweep()

    # --- what is changed -------------------------------------------------------------------

    def with_text(self, key: str, text: str) -> Draft:
        """Return the draft in which a setting is what was typed."""
        setting = self.settings.get(key)
        if setting is None:
            return self
        before = self.tables
        if self.before is not None and self.before[0] == key and not _is_kind(setting):
            before = self.before[1]
        tables = copy.deepcopy(before)
        write(tables, setting, text)
        texts = {**self.texts, key: Typed(text, value(tables, setting))}
        if not _is_kind(setting):
            return self._with(tables, texts, before=(key, before))
        spot, kind = setting.path[:-1], str(value(self.tables, setting))
        shelf = {**self.shelf, (spot, kind): at(self.tables, spot)}
        if (spot, text) in self.shelf:
            put(tables, spot, copy.deepcopy(self.shelf[spot, text]))
        return replace(self._with(tables, texts), shelf=shelf)

    def with_entry(self, path: Keys, what: Move, index: int) -> Draft:
        """Return the draft in which an entry of a list of tables was added, removed or moved."""
        tables = copy.deepcopy(self.tables)
        move(tables, path, what, index)
        return self._with(tables, {})

    def with_changes(self, changes: Sequence[str]) -> Draft:
        """Return the draft with changes as ``--set`` takes them: ``optimizer.lr=0.1``.

        Raises:
            PresetError: One of them is no change, or leads nowhere.
        """
        draft = self
        for change in overrides.parse(changes):
            draft = draft._with_change(change)
        return draft

    def _with_change(self, change: overrides.Override) -> Draft:
        key = change.source.removeprefix("--set ").partition("=")[0].strip()
        setting = self.settings.get(key)
        if setting is not None and setting.is_kind:
            return self.with_text(key, str(change.value))
        changed = self._with(_long(overrides.apply(self.tables, [change], self.experiment)), {})
        return changed if changed.experiment is None else changed._settled()

    def with_seed(self, seed: int) -> Draft:
        """Return the draft with another seed."""
        return self.with_text("train.seed", str(seed))

    def without_changes(self) -> Draft:
        """Return the draft that is the preset alone."""
        return Draft._begin(self.name, self.preset, self.preset, self.source)

    def _settled(self) -> Draft:
        """Return the draft with its tables as its experiment says them."""
        assert self.experiment is not None
        return replace(self, tables=_tables(restored(self.experiment, self.preset)))

    def _with(
        self,
        tables: Tables,
        texts: Mapping[str, Typed],
        *,
        before: tuple[str, Tables] | None = None,
    ) -> Draft:
        started = time.perf_counter()
        groups = groups_of(tables)
        settings = settings_in(groups)
        texts = {
            key: typed
            for key, typed in texts.items()
            if key in settings and _is_same(value(tables, settings[key]), typed.value)
        }
        experiment, problems = None, dict[str, str]()
        try:
            # A file that is named here lies where the lab was started, and a run lies elsewhere.
            resolved = presets.resolve(anchor(tables, Path()), self.name)
            experiment = described(resolved, self.preset, self.name)
        except PresetError as error:
            for problem in error.problems:
                key = _setting_of(problem.key, settings, texts)
                where = "" if _is_at(problem.key, key) else f"{problem.key}: "
                problems.setdefault(key, f"{where}{problem.message}")
        draft = replace(
            self,
            tables=tables,
            texts=texts,
            experiment=experiment,
            last=experiment or self.last,
            problems=problems,
            before=before,
            seconds=time.perf_counter() - started,
        )
        # The preset is the same, and what there is to set has just been found out.
        vars(draft).update(_before=self._before, groups=groups, settings=settings)
        return draft

    # --- what is shown ---------------------------------------------------------------------

    @functools.cached_property
    def groups(self) -> tuple[Group, ...]:
        """Every setting there is, in the order of the setup."""
        return groups_of(self.tables)

    @functools.cached_property
    def settings(self) -> Mapping[str, Setting]:
        """Every setting by its key."""
        return settings_in(self.groups)

    @functools.cached_property
    def _before(self) -> tuple[Tables, Mapping[str, Setting]]:
        """The preset's tables and settings."""
        tables = _tables(self.preset)
        return tables, settings_in(groups_of(tables))

    def text(self, key: str, *, typing: bool = False) -> str | None:
        """Return what a setting's field shows; None where there is no such setting.

        Args:
            key: The setting's.
            typing: Whether somebody is typing there: what was typed then stands to the letter,
                where it is left out as much as where it is half a number.
        """
        setting = self.settings.get(key)
        if setting is None:
            return None
        typed = self.texts.get(key)
        if typed is not None and (typing or _says(self.tables, setting, typed.text)):
            return typed.text
        if key == "title" and self.experiment is not None:
            return self.experiment.title
        return _text(self.tables, setting)

    def detail(self, key: str) -> str:
        """Return what else belongs to a setting's value, in a few words."""
        return detail(self.tables, self.settings[key])

    def was(self, key: str) -> str | None:
        """Return what the preset says where this draft differs from it, else None."""
        tables, settings = self._before
        if key not in settings or key not in self.settings:
            return None
        before, now = settings[key], self.settings[key]
        was, said = value(tables, before), value(self.tables, now)
        extra = detail(tables, before)
        if was == said and extra == self.detail(key):
            return None
        return " ".join(filter(None, (_text(tables, before), extra)))

    def is_new(self, entry: ListEntry) -> bool:
        """Whether the preset has no such entry."""
        return entry.index >= len(at(self._before[0], entry.list, []))

    @property
    def changes(self) -> list[str]:
        """The keys of the settings that differ from the preset."""
        return [key for key in self.settings if self.was(key) is not None]

    @property
    def called(self) -> str:
        """What is set up, in a few words: the preset's name, or what became of it."""
        if self.experiment is None:
            return f"{self.name}, changed"
        origin = self.experiment.origin
        if origin is None or origin == self.preset.origin:
            return self.name
        return title_of(origin)

    @property
    def about(self) -> str:
        """What the preset says of itself, as the preset's where that is not what is set up."""
        origin = self.last.origin
        if origin is not None and origin.own_about:
            return self.last.about
        if origin is not None and origin.file:
            name = Path(origin.file).name
            return f"The rows are those of {name}; of them {self.name} says nothing."
        if origin is None and self.experiment is None:
            origin = Origin(preset=self.name[:200])
        return about_of(origin, self.preset.about)

    @property
    def unknown_data(self) -> bool:
        """Whether what does not hold may be the data, so that there is none to show."""
        return any(not key or key.partition(".")[0] == "data" for key in self.problems)

    @property
    def changed(self) -> bool:
        """Whether anything differs from the preset."""
        return self.experiment != self.preset

    # --- keeping it ------------------------------------------------------------------------

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the draft as a preset; what its own preset has of comments is kept.

        Raises:
            PresetError: It does not hold, the file is there already, or cannot be written.
        """
        if self.experiment is None:
            raise PresetError(
                [Problem(self.name, key, words) for key, words in self.problems.items()]
            )
        experiment = self.experiment
        if self.source is not None and path.resolve() == self.source.resolve():
            # The preset itself becomes this, and what it says is its own.
            experiment = restored(experiment, self.preset)
        presets.save_as(path, experiment, self.source, overwrite=overwrite)


def _is_kind(setting: Setting) -> bool:
    """Whether it says which keys its table has; a layer's own table is not kept apart."""
    return (setting.is_kind or setting.path == KIND) and setting.path[:2] not in (HIDDEN, LAYERS)


def _tables(experiment: Experiment) -> Tables:
    return tables_of(experiment, full=True, short=False)


def _text(tables: Tables, setting: Setting) -> str:
    """Return a setting's value as text."""
    return setting.leaf.show(value(tables, setting))


def _is_same(before: Any, now: Any) -> bool:
    """Whether two values of a setting are the same; one that is no number is the same as itself."""
    return bool(before == now) or repr(before) == repr(now)


def _says(tables: Tables, setting: Setting, text: str) -> bool:
    """Whether what was typed is still what is set."""
    if setting.path == HIDDEN:
        text = ", ".join(widths_in(text))
    said = setting.leaf.read(text)
    return bool(said == value(tables, setting) or said == at(tables, setting.path))


def _long(tables: Tables) -> Tables:
    """Return tables without the short forms of layers and of initialisers."""
    model: Any = tables.get("model")
    if not isinstance(model, dict):
        return tables
    model = dict(model)
    if isinstance(model.get("hidden"), list):
        model["hidden"] = [layer_table(layer) for layer in model["hidden"]]
    if isinstance(init := init_table(model.get("init")), dict):
        model["init"] = {part: initialiser_table(value) for part, value in init.items()}
    return {**tables, "model": model}


def _setting_of(key: str, settings: Mapping[str, Setting], texts: Mapping[str, Typed]) -> str:
    """Return the setting that a problem at a key of a preset belongs to, or nothing."""
    hidden = "model.hidden"
    if key.startswith(hidden) and hidden in texts:
        return hidden
    here = key
    while here:
        for candidate in (here, f"{here}.name", f"{here}.kind"):
            if candidate in settings:
                return candidate
        inside = next((each for each in settings if each.startswith(f"{here}.")), "")
        if inside and "." in here:
            return inside
        here = here[: max(here.rfind("."), here.rfind("["), 0)]
    return ""


def _is_at(problem: str, setting: str) -> bool:
    """Whether a setting's place says what a problem at a key is about."""
    table = setting.rpartition(".")[0]
    return problem in (setting, table) or bool(setting and problem.startswith(f"{setting}["))


def rule_of_thumb(experiment: Experiment) -> str:
    """Return how wide and how many hidden layers usually are; nothing of any other network."""
    if experiment.model.kind == "python" or experiment.model.layers:
        return ""
    guess = usual_width(experiment.widths[0], experiment.widths[-1])
    units = f"{count(guess)} unit{'s' * (guess != 1)}"
    return f"a rule of thumb: {units} in one or two layers (Heaton 2008, Lippmann 1987)"


def _sizes(experiment: Experiment) -> list[str]:
    """Return how large a row is on its way: units, or a picture's sides and channels."""
    if not experiment.model.layers:
        return [count(width) for width in experiment.widths]
    shapes = [experiment.row_shape, *(layer.out for layer in experiment.plan)]
    return ["x".join(map(count, shape)) for shape in shapes]


def summary(experiment: Experiment) -> list[str]:
    """Return an experiment in a few lines: its network, its data, its length, a rule of thumb."""
    widths = " → ".join(_sizes(experiment))
    network = f"{widths}, {count(experiment.parameters)} parameters"
    rule = rule_of_thumb(experiment) or "trained by autograd: listed layers have no formulas"
    if experiment.model.kind == "python":
        network, rule = "a network of one's own, from a Python file", "it runs with --allow-code"
    train, dev, test = experiment.data.sizes
    if experiment.data.fresh:
        data = f"{count(experiment.batch_rows)} fresh rows every step"
    else:
        parts = [f"{count(train)} train"]
        parts += [f"{count(size)} {name}" for size, name in ((dev, "dev"), (test, "test")) if size]
        data = " · ".join(parts)
    each = experiment.steps_per_epoch
    length = f"{count(experiment.steps)} step{'s' * (experiment.steps != 1)}"
    if each:
        length += f", {count(each)} an epoch"
    return [network, data, length, rule]


def sweep_words(experiment: Experiment) -> list[str]:
    """Return what an experiment sweeps, in a line; none where it is no sweep."""
    sweep = experiment.sweep
    if sweep == Sweep():
        return []
    trials = trials_in(sweep, axes_of(sweep))
    settings = trials // sweep.seeds
    each = f", {count(sweep.seeds)} seeds each" if sweep.seeds > 1 else ""
    what = "search" if sweep.search else "sweep"
    return [f"a {what} of {count(settings)} settings{each}: space trains all, s this one"]
