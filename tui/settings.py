"""The settings that the setup shows: how each is read off an experiment and written into tables.

What is right is not known here: every change goes through ``engine.presets.resolve``, the same
way as a preset's file. To show another setting, add its row to ``SETTINGS``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from engine.activations import ACTIVATIONS
from engine.experiment import Experiment, Layer
from engine.initialisers import Initialiser
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.section import Section
from engine.writing import tables_of

Tables = dict[str, Any]


@dataclass(frozen=True)
class Option:
    """One value of a setting that has only so many."""

    value: str
    about: str
    """What it is, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One row of the setup."""

    key: str
    """Its key in a preset."""
    label: str
    help: str
    """What may be written, for a reader who sees it for the first time."""
    show: Callable[[Experiment], str | None]
    """Its value as text; None where the experiment has no such setting."""
    write: Callable[[Tables, str], None]
    """Set it in a preset's tables; text that is no value is handed on as it is."""
    options: tuple[Option, ...] = ()
    """All values it can take, where these are names."""
    also: tuple[str, ...] = ()
    """Other keys that it sets, whose problems are its own."""


def number(text: str) -> int | float | str:
    """Return what a text says as a number, or the text itself where it says none."""
    compact = text.replace(" ", "").replace("−", "-")
    for read in (int, float):
        try:
            return read(compact)
        except ValueError:
            continue
    return text.strip()


def _at(*path: str) -> Callable[[Tables, str], None]:
    """Return how a plain number or name is set."""

    def write(tables: Tables, text: str) -> None:
        here = tables
        for key in path[:-1]:
            here = here.setdefault(key, {})
        here[path[-1]] = number(text)

    return write


def _write_hidden(tables: Tables, text: str) -> None:
    """Set the widths; a layer that has a table of its own keeps the rest of it."""
    model = tables.setdefault("model", {})
    before = model.get("hidden", [5])
    words = text.replace(",", " ").replace("[", " ").replace("]", " ").split()
    model["hidden"] = [
        {**before[index], "units": number(word)}
        if index < len(before) and isinstance(before[index], dict)
        else number(word)
        for index, word in enumerate(words)
    ]


def _write_activation(tables: Tables, text: str) -> None:
    names = [name.strip() for name in text.split(",")]
    tables.setdefault("model", {})["activation"] = names if len(names) > 1 else names[0]


def _write_rows(key: str) -> Callable[[Tables, str], None]:
    """Return how the number of points is set: a split in numbers follows in proportion."""

    def write(tables: Tables, text: str) -> None:
        data, wanted = tables.setdefault("data", {}), number(text)
        split = data.get("split")
        counted = split and all(isinstance(part, int) for part in split)
        if counted and isinstance(wanted, int) and wanted >= len(split):
            parts = [max(part * wanted // sum(split), 1) for part in split]
            data["split"] = [max(wanted - sum(parts[1:]), 1), *parts[1:]]
        data[key] = wanted

    return write


def _write_name(table: str, kept: tuple[str, ...]) -> Callable[[Tables, str], None]:
    """Return how a table's kind is set: of its other keys, those that every kind has are kept."""

    def write(tables: Tables, text: str) -> None:
        before = tables.get(table, {})
        if before.get("name") != text:
            tables[table] = {"name": text, **{key: before[key] for key in kept if key in before}}

    return write


def _write_init(part: str) -> Callable[[Tables, str], None]:
    def write(tables: Tables, text: str) -> None:
        model = tables.setdefault("model", {})
        init = model.get("init", "default")
        both = {"weight": init, "bias": init} if isinstance(init, str) else dict(init)
        model["init"] = both | {part: number(text)}

    return write


def _options(union: Any, key: str = "name") -> tuple[Option, ...]:
    """Return the kinds of a table of a preset, each with its class's first sentence."""
    found = []
    for kind in get_args(get_args(union)[0]):
        about = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        found.append(Option(kind.model_fields[key].default, about.replace("``", "")))
    return tuple(found)


def _activations(*, output: bool) -> tuple[Option, ...]:
    return tuple(
        Option(name, activation.about)
        for name, activation in ACTIVATIONS.items()
        if output or not activation.output_only
    )


def _layer(layer: Layer) -> str:
    return str(layer.units)


def _activation(experiment: Experiment) -> str:
    named = experiment.model.activation
    return named if isinstance(named, str) else ", ".join(named)


def _own(table: str, key: str) -> Callable[[Experiment], str | None]:
    """Return how a key is shown that only some kinds of a table have."""

    def show(experiment: Experiment) -> str | None:
        value = getattr(getattr(experiment, table), key, None)
        return None if value is None else _number_text(value)

    return show


def _number_text(value: float) -> str:
    """Return a number so that reading it back gives the same one."""
    return str(value) if isinstance(value, int) else repr(value).removesuffix(".0")


def _init(part: str) -> Callable[[Experiment], str]:
    def show(experiment: Experiment) -> str:
        init = getattr(experiment.model.init, part)
        table: Mapping[str, Any] = tables_of(init, short=True)
        if table["name"] == "constant":
            return _number_text(table.get("val", 0.0))
        arguments = [f"{key} {value:g}" for key, value in table.items() if key != "name"]
        return " ".join([table["name"], *arguments])

    return show


def _epochs(experiment: Experiment) -> str | None:
    if experiment.data.fresh or experiment.train.steps is not None:
        return None
    return str(experiment.train.epochs or 1000)


def _steps(experiment: Experiment) -> str | None:
    return None if _epochs(experiment) is not None else str(experiment.steps)


SETTINGS: Final = (
    Setting(
        key="data.samples",
        label="samples",
        help="Points in all; train, dev and test keep their proportions.",
        show=_own("data", "samples"),
        write=_write_rows("samples"),
        also=("data.split",),
    ),
    Setting(
        key="data.points",
        label="points",
        help="Values of x, evenly spaced.",
        show=_own("data", "points"),
        write=_write_rows("points"),
        also=("data.split",),
    ),
    Setting(
        key="data.noise",
        label="noise",
        help="Standard deviation of the noise.",
        show=_own("data", "noise"),
        write=_at("data", "noise"),
    ),
    Setting(
        key="model.hidden",
        label="hidden layers",
        help="Units of each hidden layer, as in 5, 3; empty for a single linear layer.",
        show=lambda experiment: ", ".join(map(_layer, experiment.model.hidden)),
        write=_write_hidden,
    ),
    Setting(
        key="model.activation",
        label="activation",
        help="After every hidden layer.",
        show=_activation,
        write=_write_activation,
        options=_activations(output=False),
    ),
    Setting(
        key="model.output_activation",
        label="at the output",
        help="After the last layer.",
        show=lambda experiment: experiment.model.output_activation,
        write=_at("model", "output_activation"),
        options=_activations(output=True),
    ),
    Setting(
        key="model.init.weight",
        label="weights start",
        help="What the weights are drawn from.",
        show=_init("weight"),
        write=_write_init("weight"),
        options=tuple(option for option in _options(Initialiser) if option.value != "constant"),
    ),
    Setting(
        key="model.init.bias",
        label="biases start",
        help="A number, or default.",
        show=_init("bias"),
        write=_write_init("bias"),
    ),
    Setting(
        key="loss.name",
        label="loss",
        help="What is made small.",
        show=lambda experiment: experiment.loss.name,
        write=_write_name("loss", ("reduction",)),
        options=_options(Loss),
    ),
    Setting(
        key="optimizer.name",
        label="optimizer",
        help="What turns gradients into updates.",
        show=lambda experiment: experiment.optimizer.name,
        write=_write_name("optimizer", ("lr", "weight_decay")),
        options=_options(Optimizer),
    ),
    Setting(
        key="optimizer.lr",
        label="learning rate",
        help="How far each update goes.",
        show=lambda experiment: _number_text(experiment.optimizer.lr),
        write=_at("optimizer", "lr"),
    ),
    Setting(
        key="train.epochs",
        label="epochs",
        help="Passes over the training set.",
        show=_epochs,
        write=_at("train", "epochs"),
    ),
    Setting(
        key="train.steps",
        label="steps",
        help="Updates in all.",
        show=_steps,
        write=_at("train", "steps"),
    ),
    Setting(
        key="train.batch_size",
        label="batch size",
        help="Rows in a step: a number, or full.",
        show=lambda experiment: str(experiment.train.batch_size),
        write=_at("train", "batch_size"),
    ),
    Setting(
        key="train.seed",
        label="seed",
        help="What every random number is derived from.",
        show=lambda experiment: str(experiment.train.seed),
        write=_at("train", "seed"),
    ),
)
"""Every setting, in the order of the setup."""


def flat(section: Section) -> dict[str, Any]:
    """Return every value of an experiment by its key, to compare two of them."""

    def walk(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{key}.{name}" if key else name)
        else:
            found[key] = value

    found: dict[str, Any] = {}
    walk(section.model_dump(mode="json"), "")
    return found
