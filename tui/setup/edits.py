"""How a change in the setup is written into a preset's tables.

Most are one value at one place. The others have consequences, and these stand here: another kind
of table keeps what both kinds share, a split follows the number of rows, layers move with their
activations. Whether the outcome holds is not known here.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from engine.components.section import Section
from engine.experiment.experiment import Experiment
from engine.experiment.layers import KEYS_OF
from engine.experiment.overrides import INSTEAD
from engine.experiment.problems import Path

from .families import Family, family_of
from .settings import (
    ACTIVATION,
    HIDDEN,
    LAYERS,
    PYTHON,
    Setting,
    Tables,
    at,
    is_layer_kind,
    kind_of_layer,
)
from .values import NOTHING, leaf_of, number

Move = Literal["add", "remove", "up", "down"]

NEW: Final[Mapping[Path, Mapping[str, Any]]] = {
    HIDDEN: {"units": 5},
    LAYERS: {"dense": 5},
    ("marks",): {"at": {"step": 0}, "title": "Mark"},
}
"""The first entry of a list of tables; every further one is like the one before."""

SIZES: Final[Mapping[str, Any]] = {"conv": 8, "pool": 2, "flatten": True, "dense": 16}
"""What a listed layer that becomes one of another kind is at first."""


def write(tables: Tables, setting: Setting, text: str) -> None:
    """Set a setting in a preset's tables; text that is no value is handed on as it is."""
    path, value = setting.path, setting.leaf.read(text)
    if setting.required and not text.strip():
        value = NOTHING
    if is_layer_kind(path):
        _change_layer(tables, path, value)
    elif path[:2] in (HIDDEN, LAYERS) and "init" in path:
        _write_init(tables, setting, value)
    elif setting.is_kind:
        _change_kind(tables, path, value)
    elif path == HIDDEN:
        _write_widths(tables, text)
    elif path == ACTIVATION:
        _write_activation(tables, value)
    elif path == ("model", "kind"):
        _change_model(tables, value)
    elif path in (("data", "samples"), ("data", "points")):
        _write_rows(tables["data"], str(path[-1]), value)
    elif path[:2] in (HIDDEN, LAYERS):
        _write_in_layer(tables, path, value)
    else:
        put(tables, path, value)


def put(tables: Tables, path: Path, value: Any) -> None:
    """Set one value, or leave its key out; a key that cannot stand beside it goes."""
    here: Any = tables
    for part in path[:-1]:
        here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
    key = path[-1]
    if value is NOTHING:
        if isinstance(here, dict):
            here.pop(key, None)
        return
    if "at" in path[:-1]:
        here.clear()  # A mark stands at one place.
    here[key] = value
    if path in INSTEAD:
        here.pop(INSTEAD[path][-1], None)


# --- kinds ---------------------------------------------------------------------------------


def _change_kind(tables: Tables, path: Path, kind: Any) -> None:
    """Make a table one of another kind; of what both kinds have, what was set is kept."""
    before = at(tables, path[:-1], {})
    if before.get(path[-1]) == kind:
        return
    family = _family(path[:-1])
    old, new = family.kinds.get(str(before.get(path[-1]))), family.kinds.get(str(kind))
    kept = _shared(before, old, new) if old and new else {}
    if path[0] == "data" and isinstance(kept.get("split"), list):
        same = all(each is not None and "samples" in each.model_fields for each in (old, new))
        kept["split"] = kept["split"] if same else _shares(kept["split"], before)
    put(tables, path[:-1], {path[-1]: kind, **kept})


def _family(path: Path) -> Family:
    """Return the classes a table can be of."""
    section: type[Section] = Experiment
    family: Family | None = None
    for part in path:
        if isinstance(part, str):
            family = family_of(section.model_fields[part].annotation)
            assert family is not None
            section = family.only
    assert family is not None
    return family


def _shared(before: Tables, old: type[Section], new: type[Section]) -> Tables:
    """Return what was set of the keys of the nearest class that both come from."""
    both = next(base for base in old.__mro__ if issubclass(new, base))
    names = both.model_fields if issubclass(both, Section) else ()
    return {
        name: before[name]
        for name in names
        if name in before
        and before[name] != old.model_fields[name].default
        and name in new.model_fields
        and not leaf_of(new.model_fields[name].annotation).is_fixed
    }


def _shares(split: list[Any], before: Tables) -> list[Any]:
    """Return a split for another number of rows: shares in place of numbers of them."""
    if not all(isinstance(part, int) for part in split):
        return split
    rows = max(before.get("samples") or before.get("points") or 0, sum(split), 1)
    return [round(part / rows, 4) for part in split if part > 0]


def _change_model(tables: Tables, kind: Any) -> None:
    """Make the network one of another kind: no key of the other says anything then."""
    model = tables["model"]
    if kind == model.get("kind"):
        return
    allowed = {key: value for key, value in model.items() if (key in PYTHON) == (kind == "python")}
    tables["model"] = {**allowed, "kind": kind}


# --- rows ----------------------------------------------------------------------------------


def _write_rows(data: Tables, key: str, wanted: Any) -> None:
    """Set the number of rows; a split in numbers follows in proportion."""
    split = data.get("split")
    counted = isinstance(split, list) and split and all(isinstance(part, int) for part in split)
    if counted and split and isinstance(wanted, int) and wanted >= len(split):
        parts = [max(part * wanted // max(sum(split), 1), 1) for part in split]
        data["split"] = [max(wanted - sum(parts[1:]), 1), *parts[1:]]
    data[key] = wanted


# --- layers --------------------------------------------------------------------------------


def _write_widths(tables: Tables, text: str) -> None:
    """Set the widths of all layers; a layer that stays keeps the rest of what it says."""
    before = tables["model"].get("hidden", [])
    layers = [
        {**(copy.deepcopy(before[index]) if index < len(before) else {}), "units": number(word)}
        for index, word in enumerate(widths_in(text))
    ]
    tables["model"]["hidden"] = layers
    named = tables["model"].get("activation")
    if isinstance(named, list) and named:
        _name(tables, [*named, *named[-1:] * len(layers)][: len(layers)] or named[:1])


def widths_in(text: str) -> list[str]:
    """Return the widths in a text, whatever stands between them."""
    return re.sub(r"[,\[\]]", " ", text).split()


def _name(tables: Tables, names: list[Any]) -> None:
    """Set the layers' activations: a single name where all are the same."""
    same = all(name == names[0] for name in names)
    tables["model"]["activation"] = names[0] if same and names else names


def _write_activation(tables: Tables, value: Any) -> None:
    """Set the activation of all layers."""
    for layer in tables["model"].get("hidden", []):
        layer.pop("activation", None)
    tables["model"]["activation"] = value


def _write_in_layer(tables: Tables, path: Path, value: Any) -> None:
    """Set what one layer says of its own; what is as in the model is left out again."""
    index, key = path[2], path[3]
    layer = at(tables, path[:3])
    if key in ("units", *SIZES):
        layer[key] = value
    elif path[:2] == HIDDEN and key == "activation" and "activation" not in layer:
        layers = tables["model"]["hidden"]
        names = [at(tables, (*HIDDEN, place, "activation"), "relu") for place in range(len(layers))]
        if any("activation" in other for other in layers):
            layer["activation"] = value
        else:
            assert isinstance(index, int)
            _name(tables, [*names[:index], value, *names[index + 1 :]])
    elif value is NOTHING or value == tables["model"].get(key):
        layer.pop(key, None)
    else:
        layer[key] = value


def _change_layer(tables: Tables, path: Path, kind: Any) -> None:
    """Make a listed layer one of another kind; what both can say is kept."""
    before = at(tables, path[:3])
    if kind == kind_of_layer(before) or kind not in SIZES:
        return
    kept = {key: before[key] for key in KEYS_OF[kind] & before.keys() if key != "stride"}
    put(tables, path[:3], {kind: SIZES[kind], **kept})


def _write_init(tables: Tables, setting: Setting, value: Any) -> None:
    """Set what a layer's weights or biases are drawn from; what is as in the model is left out."""
    path, shared = setting.path, tables["model"].get("init", {})
    layer, part = at(tables, path[:3]), path[4]
    init = layer.setdefault("init", copy.deepcopy(shared))
    if not setting.is_kind:
        put(tables, path, value)
    elif part in shared and shared[part].get("name") == value:
        init[part] = copy.deepcopy(shared[part])
    else:
        _change_kind(tables, path, value)
    if layer["init"] == shared:
        del layer["init"]


def move(tables: Tables, path: Path, what: Move, index: int) -> int:
    """Add, remove or move an entry of a list of tables; return where to go on.

    Args:
        tables: The preset's.
        path: The list's key.
        what: ``add`` puts another after the entry, like it.
        index: Which; one past the last to add at the end.
    """
    entries = at(tables, path, NOTHING)
    if entries is NOTHING:
        entries = []
        put(tables, path, entries)
    if path == LAYERS and not entries:
        return _list_layers(tables)
    lists = [entries]
    named = at(tables, ACTIVATION)
    if path == HIDDEN and isinstance(named, list):
        lists.append(named)
    there = min(index, len(entries) - 1)
    for items in lists:
        there = _moved(items, what, index, dict(NEW.get(path, {})))
    if path == LAYERS and not entries:
        # Without any, the hidden layers are those of the model: as few.
        tables["model"]["hidden"] = []
    if len(lists) > 1 and named:
        _name(tables, named)
    return there


def _list_layers(tables: Tables) -> int:
    """List the hidden layers as dense ones, behind a flattening that pictures need."""
    model = tables["model"]
    listed: list[Any] = [{"flatten": True}]
    for index, layer in enumerate(model.pop("hidden", [])):
        activation = at(tables, (*ACTIVATION, index)) if "activation" not in layer else NOTHING
        own = {} if activation is NOTHING else {"activation": activation}
        rest = {key: said for key, said in layer.items() if key != "units"}
        listed.append({"dense": layer["units"], **own, **rest})
    model["layers"] = listed
    if isinstance(names := model.get("activation"), list):
        model["activation"] = names[0] if names else "relu"
    return 0


def _moved(items: list[Any], what: Move, index: int, new: Any) -> int:
    index = min(index, len(items) - 1)
    if what == "add":
        items.insert(index + 1, copy.deepcopy(items[index] if items else new))
        return index + 1
    if what == "remove":
        if len(items) > index >= 0:
            del items[index]
        return max(min(index, len(items) - 1), 0)
    other = index + (1 if what == "down" else -1)
    if index >= 0 and 0 <= other < len(items):
        items[index], items[other] = items[other], items[index]
        return other
    return index
