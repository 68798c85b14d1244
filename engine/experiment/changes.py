"""What an experiment changes of the preset it was made from, and what is then said of it.

    preset + experiment ─► changes ─► described ─► its title, its about, its marks, its origin
                                          └─► called: what its runs are called

A preset's words hold for what it describes. Another seed, length or device shows the same thing;
anything else makes another experiment: its title then says what it is, and what the preset says
of itself is marked as the preset's. That is decided here alone and written into the experiment,
so that whoever reads a recording says the same of it. ``restored`` takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ..components.section import Section
from ..text.run_names import called_after, stem_of
from .experiment import Experiment
from .marks import Mark, Origin
from .model import Model

Key = tuple[str, ...]
"""A key of a preset, part by part."""

UNCOUNTED: Final[frozenset[str]] = frozenset(
    (
        # Words, and where they come from.
        *("title", "about", "marks", "origin"),
        # Which random numbers, and how many times the same is trained with others.
        *("train.seed", "population.seeds", "sweep"),
        # How long, and what ends it earlier.
        *("train.epochs", "train.steps", "train.patience", "train.loss_threshold"),
        *("train.monitor", "train.min_delta"),
        # How gradients are computed, as where they are, and how closely the network is looked at.
        *("train.gradients", "train.probe"),
    )
)
"""The keys that may differ from the preset while what it says still holds. Every other counts."""

MOST_WORDS: Final = 120
"""Characters of the changes in a title; what is beyond is counted."""

LONGEST: Final = 40
"""Characters of a single change."""

_NAMES: Final = {
    "model.output_activation": "output",
    "model.init.weight": "weights",
    "model.init.bias": "biases",
    "model.init": "init",
}
"""What keys are called where that is not their last part."""

_BY_VALUE: Final = frozenset(
    ("data.set", "model.activation", "model.module", "train.dtype", "loss.reduction")
)
"""Keys whose value says enough."""

_TAGS: Final = ("kind", "name")
"""Keys that say which kind of table theirs is."""


def changes(preset: Experiment, experiment: Experiment) -> dict[str, str]:
    """Return what an experiment changes of a preset: each key that counts, and words for it.

    What comes to the same is no change: a layer's own activation that is the model's anyway, or
    the same list written as one word. The order is that of the schema.
    """
    differences: dict[str, str] = {}
    for key, value in _differing(preset, experiment, ()):
        words = _words(key, value)
        differences[".".join(key)] = words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
    return differences


def described(experiment: Experiment, preset: Experiment, name: str) -> Experiment:
    """Return an experiment that says of itself what it is, where its preset's words do not hold.

    A title, an about and marks that the preset does not have are the experiment's own and stay.

    Args:
        experiment: What the preset became, with the preset's words still in it.
        preset: What the preset says.
        name: The preset's.
    """
    differences = changes(preset, experiment)
    if not differences:
        return experiment
    file = _file(preset, experiment)
    words = [told for key, told in differences.items() if not (file and key.startswith("data."))]
    own_about = experiment.about != preset.about
    origin = Origin(preset=name[:200], changed=words, file=file, own_about=own_about)
    said: dict[str, Any] = {"origin": origin}
    if experiment.title == preset.title:
        said["title"] = title_of(origin)
    added = [mark for mark in experiment.marks if mark not in preset.marks]
    if file:
        # Not a row of what the preset speaks of is left.
        said |= {"about": experiment.about if own_about else "", "marks": added}
    else:
        marks = experiment.marks
        said["marks"] = [mark if mark in added else _theirs(mark, origin) for mark in marks]
    return experiment.model_copy(update=said)


def restored(experiment: Experiment, preset: Experiment) -> Experiment:
    """Return an experiment with the preset's words as the preset has them: ``described`` undone.

    Args:
        experiment: What ``described`` returned, or any other, which stays as it is.
        preset: What its preset says.
    """
    origin = experiment.origin
    if origin is None or origin == preset.origin:
        return experiment
    said: dict[str, Any] = {"origin": preset.origin}
    if experiment.title == title_of(origin):
        said["title"] = preset.title
    if origin.file:
        about = experiment.about if origin.own_about else preset.about
        said |= {"about": about, "marks": [*preset.marks, *experiment.marks]}
    else:
        said["marks"] = list(_with_marks_of(preset, experiment.marks, origin))
    return experiment.model_copy(update=said)


def title_of(origin: Origin) -> str:
    """Return the title of an experiment that is no longer its preset's."""
    words = _listed(origin.changed)
    if origin.file:
        return ": ".join(filter(None, (Path(origin.file).name[:80], words)))
    return f"{origin.preset[:60]}, changed: {words}"


def about_of(origin: Origin | None, about: str) -> str:
    """Return what a preset says about itself, as the preset's where it is of something else."""
    if origin is None or origin.own_about or not about:
        return about
    return f"{origin.preset}, from which this was made, says of itself:\n\n{about.lstrip()}"


def called(experiment: Experiment, preset: str) -> str:
    """Return what the runs of an experiment are called, before the date.

    Args:
        experiment: What they train.
        preset: The name of its preset.
    """
    origin = experiment.origin
    # What a preset was made from when it was saved is no change of it.
    if origin is None or origin.preset != preset[:200]:
        return preset
    return called_after(origin.preset, origin.file)


def preset_of(experiment: Experiment, name: str) -> str:
    """Return the preset of runs that are called so: ``called`` undone.

    Args:
        experiment: What they train.
        name: What they are called.
    """
    origin = experiment.origin
    if origin is not None and stem_of(called_after(origin.preset, origin.file)) == name:
        return origin.preset
    return name


# --- words ---------------------------------------------------------------------------------


def _with_marks_of(preset: Experiment, marks: Sequence[Mark], origin: Origin) -> Iterator[Mark]:
    """Yield marks, those that were the preset's as the preset has them now, whatever is said there
    by now.
    """
    theirs = list(preset.marks)
    for mark in marks:
        place = (mark.at, mark.title, mark.of)
        same = [m for m in theirs if (m.at, m.title, _theirs(m, origin).of) == place]
        # Of two that stand at one place under one title, the one that says the same.
        best = next((each for each in same if each.note == mark.note), same[0] if same else None)
        if best is not None:
            theirs.remove(best)
        yield mark if best is None else best


def _theirs(mark: Mark, origin: Origin) -> Mark:
    """Return a mark as one of the preset it is from; that may be what its preset was made from."""
    return mark if mark.of else mark.model_copy(update={"of": origin.preset})


def _listed(words: Sequence[str]) -> str:
    """Return changes in a row, as many as a title has room for."""
    row = ""
    for index, word in enumerate(words):
        longer = f"{row}, {word}" if row else word
        if row and len(longer) > MOST_WORDS:
            return f"{row} and {len(words) - index} more"
        row = longer
    return row


def _words(key: Key, value: Any) -> str:
    """Return a change in words: ``hidden 8 4``, ``relu``, ``no clip norm``."""
    path, last = ".".join(key), key[-1]
    if last in _TAGS or path in _BY_VALUE:
        before = _NAMES.get(".".join(key[:-1]), "") if last in _TAGS else ""
        return f"{before} {_said(value)}".strip()
    if path == "model.normalisation":
        return f"{'no' if value == 'none' else _said(value)} normalisation"
    table = _NAMES.get(".".join(key[:-1]), "")
    name = _NAMES.get(path, "" if last == "val" else last.replace("_", " "))
    name = f"{table} {name}".strip()
    match value:
        case None | False:
            return f"no {name}"
        case True:
            return name
        case [first, *_] if isinstance(first, list | dict | Section):
            return f"other {name}"
        case [] | {}:
            return f"no {name}" if path != "model.hidden" else "no hidden layers"
    return f"{name} {_said(value)}"


def _said(value: Any) -> str:
    match value:
        case list() | tuple():
            return " ".join(map(_said, value))
        case dict():
            return " ".join(f"{key} {_said(item)}" for key, item in value.items())
        case float():
            return f"{value:g}"
        case bool():
            return str(value).lower()
    return str(value)


# --- what differs --------------------------------------------------------------------------


def _differing(before: Section, after: Section, key: Key) -> Iterator[tuple[Key, Any]]:
    """Yield the keys in which a table differs from the preset's, each with what it is now."""
    tag = next((each for each in _TAGS if each in type(after).model_fields), "")
    other = type(before) is not type(after)
    if other:
        yield (*key, tag), getattr(after, tag)
    for name, field in type(after).model_fields.items():
        if other and name == tag:
            continue
        # What another kind of table has in common with this one may be the same as before.
        default = field.get_default(call_default_factory=True)
        was, now = getattr(before, name, default), getattr(after, name)
        here = (*key, name)
        if was == now or ".".join(here) in UNCOUNTED:
            continue
        if here == ("population", "vary"):
            yield from _varied(was, now)
        elif here == ("population", "settings"):
            yield from _varied(_values(was), _values(now))
        elif isinstance(was, Model) and isinstance(now, Model):
            yield from _of_model(was, now)
        elif isinstance(was, Section) and isinstance(now, Section):
            yield from _differing(was, now, here)
        else:
            yield here, now


def _of_model(before: Model, after: Model) -> Iterator[tuple[Key, Any]]:
    """Yield what differs of two networks, layer by layer, however it was written."""
    was, now = _network(before), _network(after)
    for name, value in now.items():
        if name in was and was[name] == value:
            continue
        if name == "init":
            yield from _of_inits(was.get(name), value)
        else:
            yield ("model", name), value


def _network(model: Model) -> dict[str, Any]:
    """Return a network's keys with what they come to."""
    if model.kind == "python":
        keys = ("kind", "module", "arguments", "input_shape")
        return {name: getattr(model, name) for name in keys}
    network: dict[str, Any] = {"kind": model.kind}
    if model.layers:
        network["layers"] = [layer.words for layer in model.layers]
    else:
        network["hidden"] = [layer.units for layer in model.hidden]
    if model.layers or model.hidden:
        network["activation"] = _common(_of_learning(model, model.activations))
    network["output_activation"] = model.output_activation
    if model.layers or model.hidden:
        network["normalisation"] = _common(_of_learning(model, model.normalisations))
        network["dropout"] = _common(model.dropouts[:-1])
    return {**network, "init": _common(model.inits)}


def _of_learning(model: Model, settings: Sequence[Any]) -> Sequence[Any]:
    """Return what the layers with weights have, of what all but the output layer have."""
    if not model.layers:
        return settings[:-1]
    return [said for layer, said in zip(model.layers, settings, strict=False) if layer.learns]


def _common(values: Sequence[Any]) -> Any:
    """Return the one value that all layers have, or all of them."""
    return values[0] if values and all(value == values[0] for value in values) else list(values)


def _of_inits(was: Any, now: Any) -> Iterator[tuple[Key, Any]]:
    if isinstance(was, Section) and isinstance(now, Section):
        yield from _differing(was, now, ("model", "init"))
    elif was is not None:
        yield ("model", "init"), "layer by layer" if isinstance(now, list) else "the same for all"


def _varied(was: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Yield what members differ in, beside their seeds."""
    for name in {**now, **was}:
        if name not in UNCOUNTED and was.get(name) != now.get(name):
            yield tuple(name.split(".")), now.get(name, "the same for all")


def _values(settings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the values that keys have in some settings, each once."""
    return {
        key: [value for at, value in enumerate(values) if value not in values[:at]]
        for key in (settings[0] if settings else ())
        if (values := [setting[key] for setting in settings])
    }


def _file(preset: Experiment, experiment: Experiment) -> str:
    """Return the file whose rows took the place of the preset's data; empty where none did."""
    was, now = preset.data, experiment.data
    paths = [getattr(now, key) for key in now.paths]
    return paths[0] if paths and paths != [getattr(was, key) for key in was.paths] else ""
