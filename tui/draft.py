"""The draft: a preset, what was changed in it, and whether that holds.

It is a value: typing makes a new one. An experiment comes out only where everything holds, so
what does not can never be started.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from engine import presets
from engine.errors import PresetError
from engine.experiment import Experiment
from engine.explain import usual_width
from engine.writing import tables_of
from tui.drawing.numbers import count
from tui.settings import SETTINGS, flat


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """What the next run will train."""

    name: str
    """The preset's."""
    preset: Experiment
    """What the preset says."""
    start: Experiment
    """The same with what was set on the command line."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What was typed and differs from ``start``, by the setting's key."""
    experiment: Experiment | None
    """What comes of it; None where it does not hold."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why not, by the setting's key; under the empty key what belongs to none of them."""

    @classmethod
    def load(cls, reference: str, overrides: Sequence[str] = ()) -> Self:
        """Return the draft that is a preset.

        Raises:
            PresetError: With everything that is wrong with it.
        """
        preset = presets.load(reference)
        start = presets.load(reference, overrides).experiment if overrides else preset.experiment
        return cls(name=preset.name, preset=preset.experiment, start=start, experiment=start)

    @classmethod
    def of(cls, name: str, experiment: Experiment) -> Self:
        """Return the draft that repeats a run's experiment, compared to its preset if there is
        one.
        """
        try:
            preset = presets.load(name).experiment
        except PresetError:
            preset = experiment
        return cls(name=name, preset=preset, start=experiment, experiment=experiment)

    def with_text(self, key: str, text: str) -> Draft:
        """Return the draft in which a setting is what was typed."""
        texts = {**self.texts, key: text}
        setting = next(setting for setting in SETTINGS if setting.key == key)
        if setting.show(self.start) == text:
            del texts[key]
        return self._with(texts)

    def without_changes(self) -> Draft:
        """Return the draft that is the preset alone."""
        return Draft(name=self.name, preset=self.preset, start=self.preset, experiment=self.preset)

    def _with(self, texts: Mapping[str, str]) -> Draft:
        tables = copy.deepcopy(tables_of(self.start))
        for setting in SETTINGS:
            if setting.key in texts:
                setting.write(tables, texts[setting.key])
        experiment, problems = None, dict[str, str]()
        try:
            experiment = presets.resolve(tables, self.name)
        except PresetError as error:
            for problem in error.problems:
                key = _setting_of(problem.key)
                where = f"{problem.key}: " if problem.key and not key else ""
                problems.setdefault(key, f"{where}{problem.message}")
        return Draft(
            name=self.name,
            preset=self.preset,
            start=self.start,
            texts=texts,
            experiment=experiment,
            problems=problems,
        )

    def text(self, key: str) -> str | None:
        """Return what a setting's field shows; None where there is no such setting."""
        if key in self.texts:
            return self.texts[key]
        setting = next(setting for setting in SETTINGS if setting.key == key)
        return setting.show(self.start)

    def was(self, key: str) -> str | None:
        """Return what the preset says where this draft differs from it, else None."""
        setting = next(setting for setting in SETTINGS if setting.key == key)
        before = setting.show(self.preset)
        return before if before is not None and before != self.text(key) else None

    @property
    def other_changes(self) -> list[str]:
        """The keys that differ from the preset and have no row of their own; those that only
        another kind of loss or optimizer has do not count.
        """
        if self.experiment is None:
            return []
        before, after = flat(self.preset), flat(self.experiment)
        return [
            key
            for key in sorted(before.keys() & after.keys())
            if before[key] != after[key] and not _setting_of(key)
        ]

    @property
    def changed(self) -> bool:
        """Whether anything differs from the preset."""
        return self.experiment != self.preset


def _setting_of(key: str) -> str:
    """Return the setting that a key of a preset belongs to, or nothing."""
    plain = re.sub(r"\[\d+\]", "", key)
    for setting in SETTINGS:
        if plain in (setting.key, *setting.also) or plain.startswith(f"{setting.key}."):
            return setting.key
    return ""


def summary(experiment: Experiment) -> list[str]:
    """Return an experiment in a few lines: its network, its data, its length, a rule of thumb."""
    widths = " → ".join(count(width) for width in experiment.widths)
    network = f"{widths}, {count(experiment.parameters)} parameters"
    guess = usual_width(experiment.widths[0], experiment.widths[-1])
    rule = f"a rule of thumb: {count(guess)} unit{'s' * (guess != 1)} in a hidden layer"
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
