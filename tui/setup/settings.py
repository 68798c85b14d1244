"""The settings that the setup shows: read off the schema, so that a new key is a new setting.

Which there are depends on what is chosen: another optimizer has other keys. What stands here by
hand is their order, which of them are common, and a label where a key's own name is poor. How a
value is text is ``tui.setup.values``; how a change is written into tables is ``tui.setup.edits``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.components.activations import ACTIVATIONS
from engine.components.initialisers import InitialiserBase
from engine.components.section import Section
from engine.data import DataBase
from engine.experiment.experiment import WRITTEN, Experiment
from engine.experiment.layers import KEYS_OF, KINDS, Init
from engine.experiment.model import Model
from engine.experiment.problems import Path, key_text

from .families import Family, family_of, fields_of
from .values import NOTHING, UNSET, Leaf, leaf_of, show

Tables = dict[str, Any]

HIDDEN: Final[Path] = ("model", "hidden")
LAYERS: Final[Path] = ("model", "layers")
ACTIVATION: Final[Path] = ("model", "activation")

GROUPS: Final[Mapping[str, str]] = {
    "data": "Data",
    "model": "Network",
    "loss": "Loss",
    "optimizer": "Optimizer",
    "schedule": "Schedule",
    "clipping": "Clipping",
    "train": "Training",
    "population": "Population",
    "words": "Title, marks",
}
"""The groups of settings in the order of the setup; a table of the schema that has none of its
own here comes after them under its own name.
"""

ELSEWHERE: Final[Mapping[str, str]] = {
    "train.clip_norm": "clipping",
    "train.clip_value": "clipping",
    "title": "words",
    "about": "words",
    "marks": "words",
}
"""Keys that stand in another group than their table's."""

LABELS: Final[Mapping[str, str]] = {
    "data.kind": "data",
    "model.kind": "made of",
    "model.hidden": "hidden layers",
    "model.output_activation": "at the output",
    "model.init.weight.name": "weights start",
    "model.init.bias.name": "biases start",
    "model.init.weight.val": "weight value",
    "model.init.bias.val": "bias value",
    "optimizer.lr": "learning rate",
    "train.evaluate_every": "measured every",
    "train.zero_grad": "clear gradients",
    "loss.name": "loss",
    "optimizer.name": "optimizer",
    "schedule.name": "schedule",
}
"""Labels where the key's own name is poor."""

COMMON: Final[Mapping[str, frozenset[str]]] = {
    "model": frozenset(
        ("hidden", "activation", "output_activation", "init.weight.name", "init.bias.name")
    ),
    "optimizer": frozenset(("name", "lr")),
    "train": frozenset(("epochs", "batch_size", "seed")),
    "clipping": frozenset(),
    "words": frozenset(),
}
"""The keys that are always shown, in these groups; in the others ``RARE`` are not."""

RARE: Final = frozenset(
    (*DataBase.model_fields, "separator", "reduction", "class_weights", "warmup")
)

INLINE: Final[Mapping[Path, tuple[Path, ...]]] = {
    HIDDEN: (("units",), ("activation",), ("init", "weight", "name")),
    LAYERS: (("kind",), ("conv",), ("pool",), ("dense",), ("activation",)),
    ("marks",): (("title",),),
}
"""What of each entry of a list of tables stands in its own line."""

ENTRY: Final[Mapping[Path, str]] = {HIDDEN: "layer", LAYERS: "layer", ("marks",): "mark"}
"""What an entry of a list of tables is called."""

IN_FILES: Final = frozenset(("population.settings", "sweep"))
"""Keys that are lists too long for a field: they are written in a preset's file."""

PYTHON: Final = frozenset(("kind", "module", "arguments", "input_shape"))
"""The keys of a network of one's own; every other key of the model is of layers, and these have
``input_shape`` as well where they are listed."""

MANY: Final = 8
"""More layers than this are folded away."""


@dataclass(frozen=True)
class Option:
    """One value of a setting that has only so many."""

    value: str
    about: str
    """What it is, in a sentence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SetupPart:
    """What stands in a line of the setup."""

    key: str
    """What it is known by."""
    label: str

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What can be set in its own line."""
        return ()

    @property
    def inside(self) -> tuple[Setting, ...]:
        """The rest of it, folded away."""
        return ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting(SetupPart):
    """One key of a preset that can be set."""

    path: Path
    """Where it is; ``key`` is the same as it is written."""
    help: str
    """What it is: the schema's own words."""
    leaf: Leaf
    """What may be written there."""
    default: Any = NOTHING
    """What it is where it is left out."""
    required: bool = False
    """Whether it cannot be left out."""
    options: tuple[Option, ...] = ()
    """All values it can take, where these are names."""
    is_kind: bool = False
    """Whether it says which kind of table it stands in."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Itself."""
        return (self,)


@dataclass(frozen=True, kw_only=True, eq=False)
class ListEntry(SetupPart):
    """One entry of a list of tables, such as a hidden layer."""

    list: Path
    """The list's key."""
    index: int
    all: tuple[Setting, ...]
    """Everything that can be set in it."""

    @functools.cached_property
    def settings(self) -> tuple[Setting, ...]:
        """What of it stands in its own line."""
        by_path = {setting.path[len(self.list) + 1 :]: setting for setting in self.all}
        return tuple(by_path[path] for path in INLINE.get(self.list, ()) if path in by_path)

    @functools.cached_property
    def inside(self) -> tuple[Setting, ...]:
        """The rest, folded away."""
        return tuple(setting for setting in self.all if setting not in self.settings)


@dataclass(frozen=True, kw_only=True, eq=False)
class Adder(SetupPart):
    """Where another entry can be added to a list of tables."""

    list: Path
    count: int
    """How many there are."""


Row = Setting | ListEntry | Adder


@dataclass(frozen=True, kw_only=True, eq=False)
class Group(SetupPart):
    """Settings that belong together."""

    name: str
    kind: Setting | None
    """What says which kind it is, where there are several."""
    common: tuple[Row, ...]
    rare: tuple[Row, ...]
    """What is folded away."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What says which kind it is, if anything."""
        return () if self.kind is None else (self.kind,)


def groups_of(tables: Tables) -> tuple[Group, ...]:
    """Return the settings that a preset with these tables has."""
    rows: dict[str, list[Row]] = {name: [] for name in GROUPS}
    for row in _rows(Experiment, tables, ()):
        path = row.path if isinstance(row, Setting) else row.list
        name = ELSEWHERE.get(str(path[0])) or ELSEWHERE.get(key_text(path)) or str(path[0])
        rows.setdefault(name, []).append(row)
    return tuple(_group(name, of_group, tables) for name, of_group in rows.items() if of_group)


def settings_in(groups: tuple[Group, ...]) -> dict[str, Setting]:
    """Return every setting of some groups by its key, whatever row it stands in."""
    parts = [part for group in groups for part in (group, *group.common, *group.rare)]
    return {setting.key: setting for part in parts for setting in (*part.settings, *part.inside)}


def _group(name: str, rows: list[Row], tables: Tables) -> Group:
    kind = next(
        (row for row in rows if isinstance(row, Setting) and row.is_kind and len(row.path) == 2),
        None,
    )
    # What holds for all layers stands above the layers.
    rest = [row for row in rows if row is not kind]
    rest.sort(key=lambda row: not isinstance(row, Setting))
    common = tuple(row for row in rest if _is_common(name, row, tables))
    return Group(
        key=f"group {name}",
        name=name,
        label=GROUPS.get(name, name.replace("_", " ").capitalize()),
        kind=kind,
        common=common,
        rare=tuple(row for row in rest if row not in common),
    )


def _is_common(group: str, row: Row, tables: Tables) -> bool:
    if not isinstance(row, Setting):
        return row.list in (HIDDEN, LAYERS) and len(at(tables, row.list, [])) <= MANY
    name = key_text(row.path[1:])
    if group == "train" and name in ("epochs", "steps"):
        # Only one of them is set; without either, epochs are what counts.
        other = "steps" if name == "epochs" else "epochs"
        return name in tables["train"] or (name == "epochs" and other not in tables["train"])
    if group in COMMON:
        return name in COMMON[group] or row.key in ("model.module", "model.arguments")
    return name not in RARE


def at(tables: Tables, path: Path, otherwise: Any = NOTHING) -> Any:
    """Return what stands at a path of a preset's tables.

    What a layer leaves out is as the model says.
    """
    here: Any = tables
    for depth, part in enumerate(path):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            if path[:2] in (HIDDEN, LAYERS) and depth == 3 and part in Model.model_fields:
                return _of_the_model(tables, path, otherwise)
            return otherwise
    return here


def _of_the_model(tables: Tables, path: Path, otherwise: Any) -> Any:
    usual = at(tables, ("model", *path[3:]), otherwise)
    if path[3:] == ("activation",) and isinstance(usual, list):
        index = path[2]
        return usual[index] if isinstance(index, int) and index < len(usual) else otherwise
    return usual


def value(tables: Tables, setting: Setting) -> Any:
    """Return what a setting is in a preset's tables."""
    if setting.path == ACTIVATION:
        layers = at(tables, HIDDEN, [])
        names = [at(tables, (*HIDDEN, index, "activation")) for index in range(len(layers))]
        if any(isinstance(name, str) for name in names):
            return names[0] if len(set(map(str, names))) == 1 else names
    if is_layer_kind(setting.path):
        return kind_of_layer(at(tables, setting.path[:-1], {}))
    if setting.path == HIDDEN:
        return [layer.get("units", "") for layer in at(tables, HIDDEN, [])]
    return at(tables, setting.path, setting.default)


def is_layer_kind(path: Path) -> bool:
    """Whether a setting says what a listed layer is, for which the preset has a key each."""
    return path[:2] == LAYERS and path[3:] == ("kind",)


def kind_of_layer(entry: Mapping[str, Any]) -> str:
    """Return what a listed layer is; ``dense`` where it does not say."""
    return next((kind for kind in KINDS if entry.get(kind)), "dense")


def detail(tables: Tables, setting: Setting) -> str:
    """Return what else an initialiser is set to, in a few words."""
    table = at(tables, setting.path[:-1], {})
    if "init" not in setting.path or not setting.is_kind or not isinstance(table, dict):
        return ""
    family = family_of(Init.model_fields["weight"].annotation)
    kind = family.kinds.get(str(table.get("name"))) if family else None
    words = []
    for key, field in kind.model_fields.items() if kind else ():
        set_to = table.get(key, field.default)
        if key == "val":
            words.append(show(set_to))
        elif key != "name" and set_to != field.default:
            words.append(f"{key} {show(set_to)}")
    return " ".join(words)


def _rows(section: type[Section], tables: Tables, path: Path) -> Iterator[Row]:
    """Walk through a table of the schema."""
    for name, family in fields_of(section).items():
        inner = (*path, name)
        if path == ("model",) and not _fits(tables, name):
            continue
        if ".".join(part for part in inner if isinstance(part, str)) in WRITTEN | IN_FILES:
            continue
        if inner == HIDDEN:
            yield _setting(section, name, inner)
        if inner == LAYERS:
            yield from _entries(family.only, tables, inner) if family else ()
        elif family is None:
            if (setting := _setting(section, name, inner)) is not None:
                yield setting
        elif family.is_list:
            yield from _entries(family.only, tables, inner)
        else:
            yield from _table(section, name, family, tables, inner)


def _fits(tables: Tables, name: str) -> bool:
    """Whether a key of the model says something for its kind."""
    if name == "kind":
        return True
    if at(tables, ("model", "kind"), "mlp") == "python":
        return name in PYTHON
    listed = bool(at(tables, LAYERS, []))
    return (
        listed
        if name == "input_shape"
        else name not in PYTHON and not (listed and name == "hidden")
    )


def _table(
    section: type[Section], name: str, family: Family, tables: Tables, path: Path
) -> Iterator[Row]:
    """Walk through a table in a table, of whatever kind it now is."""
    if not family.tag:
        yield from _rows(family.only, tables, path)
        return
    default = section.model_fields[name].get_default(call_default_factory=True)
    kind = at(tables, (*path, family.tag), getattr(default, family.tag, NOTHING))
    yield _kind(section, name, family, path)
    kinds = family.kinds
    for row in _rows(kinds.get(str(kind), next(iter(kinds.values()))), tables, path):
        if not (isinstance(row, Setting) and row.path == (*path, family.tag)):
            yield row


def _entries(section: type[Section], tables: Tables, path: Path) -> Iterator[Row]:
    """Yield the entries of a list of tables, and where another can be added."""
    entries = at(tables, path, [])
    name = ENTRY.get(path, str(path[-1]))
    for index in range(len(entries)):
        here = (*path, index)
        settings = tuple(row for row in _rows(section, tables, here) if isinstance(row, Setting))
        if path == LAYERS:
            settings = _of_layer(section, settings, kind_of_layer(entries[index]), here)
        label = f"{name} {index + 1}"
        yield ListEntry(key=key_text(here), label=label, list=path, index=index, all=settings)
    label = f"add a {name}"
    if path == LAYERS and not entries:
        label = "list layers of several kinds"
    yield Adder(key=f"{key_text(path)}+", label=label, list=path, count=len(entries))


def _of_layer(
    section: type[Section], settings: tuple[Setting, ...], kind: str, path: Path
) -> tuple[Setting, ...]:
    """Return what can be set in a listed layer of a kind, and first of all its kind."""
    says = {kind, *KEYS_OF[kind]} - {"flatten"}  # type: ignore[index]
    kinds = _set_at(
        (*path, "kind"),
        "What the layer is.",
        leaf=Leaf("choice", choices={each: each for each in KINDS}),
        options=tuple(Option(each, sentence(section.meaning(each))) for each in KINDS),
    )
    return (kinds, *(each for each in settings if each.path[3] in says))


@functools.lru_cache(maxsize=4096)
def _setting(section: type[Section], name: str, path: Path) -> Any:
    """Return a key as a setting; None where there is only one thing it can say."""
    field = section.model_fields[name]
    leaf = Leaf("numbers") if path == HIDDEN else leaf_of(field.annotation)
    if leaf.is_fixed:
        return None
    named = _named(path)
    if named:
        leaf = Leaf("choice" if path != ACTIVATION else "word or words")
    default = field.get_default(call_default_factory=True)
    choices = (UNSET,) * leaf.optional + tuple(leaf.choices) if leaf.choices else ()
    return _set_at(
        path,
        section.meaning(name),
        leaf=leaf,
        default=NOTHING if field.is_required() or default is None else default,
        required=field.is_required(),
        options=named or tuple(Option(choice, "") for choice in choices),
    )


def _set_at(path: Path, described: str, **rest: Any) -> Setting:
    """Return the setting at a path, called and explained as the schema has it."""
    words = sentence(described)
    return Setting(path=path, key=key_text(path), label=_label(path), help=words, **rest)


@functools.lru_cache(maxsize=4096)
def _kind(section: type[Section], name: str, family: Family, path: Path) -> Setting:
    """Return what chooses the kind of a table."""
    field = section.model_fields[name]
    default = getattr(field.get_default(call_default_factory=True), family.tag, NOTHING)
    kinds = {
        kind: of_kind
        for kind, of_kind in family.kinds.items()
        if not (path[-1] == "bias" and _needs_matrix(of_kind))
    }
    return _set_at(
        (*path, family.tag),
        section.meaning(name),
        leaf=Leaf("choice", choices={kind: kind for kind in kinds}),
        default=default,
        options=tuple(Option(kind, sentence(_about(of_kind))) for kind, of_kind in kinds.items()),
        is_kind=True,
    )


def _needs_matrix(kind: type[Section]) -> bool:
    return issubclass(kind, InitialiserBase) and kind.needs_matrix


def _named(path: Path) -> tuple[Option, ...]:
    """Return the activations, where a key names one."""
    if path[-1] not in ("activation", "output_activation"):
        return ()
    output = path[-1] == "output_activation"
    return tuple(
        Option(name, activation.about)
        for name, activation in ACTIVATIONS.items()
        if output or not activation.output_only
    )


def _label(path: Path) -> str:
    # A layer's keys are labelled as the model's, whose they are where it has none of its own.
    of_layer = path[:2] in (HIDDEN, LAYERS) and len(path) > 2 and path[3:] != ("kind",)
    general = ("model", *path[3:]) if of_layer else path
    label = LABELS.get(key_text(general))
    if label is not None:
        return label
    words = [str(part) for part in general[1:] or general if not isinstance(part, int)]
    if len(words) > 1 and words[-1] in ("name", "kind"):
        words.pop()
    if path[0] == "marks":
        words = words[-1:]
    return " ".join(words[-2:]).replace("_", " ")


def _about(kind: type[Section]) -> str:
    return (inspect.getdoc(kind) or "").partition("\n\n")[0]


def sentence(text: str) -> str:
    """Return a docstring as one line of plain text."""
    return " ".join(text.replace("``", "").split())
