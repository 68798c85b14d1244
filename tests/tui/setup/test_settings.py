"""The settings of the setup: every key of the schema, read off the schema."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.components.initialisers import Initialiser
from engine.components.section import Section
from engine.experiment.experiment import Experiment
from engine.experiment.tables import tables_of
from engine.presets import preset as presets
from tui.setup.draft import Draft
from tui.setup.families import family_of
from tui.setup.settings import (
    HIDDEN,
    IN_FILES,
    Setting,
    at,
    groups_of,
    is_layer_kind,
    settings_in,
    value,
)
from tui.setup.values import NOTHING, UNSET, leaf_of, show

BASES = ("two-moons", "function-set", "iris", "sum-of-30", "digits-convolution")

TABLE = """
[data]
kind = "table"
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [0, 1, 1, 0]
"""

OTHERS = {
    # Where a value of another shape would only be refused.
    "data.domain": ["0.5, 2", "-2, 2"],
    "data.targets": ["x, x**2", "1, 0, 0, 1", "a"],
    "data.inputs": ["[0, 0], [0, 1], [1, 0], [2, 2]", "a"],
    "data.split": ["10, 5, 5", "0.5, 0.5", "2"],
    "data.separator": [",", ";"],
    "data.size": ["3, 2"],
    "data.encoding": ["latin-1"],
    "data.features": ["x1, x1**2", "x, x**2"],
    "loss.class_weights": ["balanced", "1, 3"],
    "data.names": ["u, v, w"],
    "data.classes": ["4, 3"],
    "data.columns": ['a = {"missing": "mean"}', 'a = { missing = "mean" }'],
    "data.split_by": ["rows"],
    "model.module": ["other.py:Net"],
    "model.arguments": ['channels = 4, deep = true, name = "x"'],
    "model.input_shape": ["1, 64"],
    "model.hidden": ["4, 3"],
    "population.vary": ["optimizer.lr = [0.1, 0.5]"],
}


def schema_keys() -> set[str]:
    """Return every key of the schema that can say more than one thing."""
    schema = Experiment.model_json_schema(mode="serialization")

    def follow(node: Mapping[str, Any]) -> Mapping[str, Any]:
        for option in node.get("anyOf", ()):
            if "$ref" in option:
                node = option
        return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node

    def walk(node: Mapping[str, Any], key: str) -> Iterator[str]:
        for name, inner in node["properties"].items():
            here = f"{key}.{name}" if key else name
            found = follow(inner)
            items = follow(found.get("items", {}))
            if "discriminator" in found:
                yield f"{here}.{found['discriminator']['propertyName']}"
                for kind, reference in found["discriminator"]["mapping"].items():
                    yield from walk(follow({"$ref": reference}), f"{here}[{kind}]")
            elif "properties" in found:
                yield from walk(found, here)
            elif "properties" in items:
                yield from walk(items, f"{here}[]")
            elif "const" not in inner and inner.get("type") != "null":
                yield here

    return set(walk(schema, ""))


LISTED = """
loss = { name = "cross_entropy" }
[data]
kind = "table"
inputs = [[0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 0, 0, 0, 0, 0, 0]]
targets = [0, 1]
[model]
layers = [{ conv = 2, kernel = 1 }, { pool = 1 }, { flatten = true }, { dense = 4 }]
input_shape = [1, 3, 3]
"""


def general_key(draft: Draft, setting: Setting) -> str:
    """Return a setting's key with the kinds of the tables on the way."""
    key = ""
    for place, part in enumerate(setting.path):
        if isinstance(part, int):
            key += "[]"
            continue
        key += f".{part}" if key else part
        for tag in ("kind", "name"):
            path = (*setting.path[: place + 1], tag)
            kinds = [own for own in draft.settings.values() if own.is_kind and own.path == path]
            if kinds and setting.path != path:
                key += f"[{value(draft.tables, kinds[0])}]"
    return key


def drafts(folder: Path) -> Iterator[Draft]:
    """Yield drafts of every kind of every table."""
    table, file = folder / "table.toml", folder / "file.toml"
    table.write_text(TABLE)
    (folder / "rows.csv").write_text("a,b,c\n" + "1,2,3\n2,1,4\n" * 10)
    (folder / "others.csv").write_text("a,b,c\n" + "1,2,3\n2,1,5\n" * 10)
    file.write_text('data = { kind = "file", path = "rows.csv", task = "numbers" }\n'
                    'loss = { name = "mse" }\n')  # fmt: skip
    nameless, classes = folder / "nameless.toml", folder / "classes.toml"
    (folder / "numbers.csv").write_text("1,2,3\n2,1,4\n" * 10)
    of_rows = file.read_text()
    nameless.write_text(
        of_rows.replace("rows.csv", "numbers.csv").replace(" }", ", header=false }", 1)
    )
    of_classes = of_rows.replace("numbers", "classes").replace("mse", "cross_entropy")
    classes.write_text(of_classes.replace(" }", ", split = [0.5, 0.5] }", 1))
    listed = folder / "listed.toml"
    listed.write_text(LISTED)
    shown = folder / "shown.toml"
    for name, first in (("shown", 0), ("others", 1)):
        pixels = np.arange(first, first + 64, dtype=np.uint8).reshape(4, 4, 4)
        np.savez(folder / f"{name}.npz", images=pixels, labels=[0, 1, 0, 1])
    shown.write_text('data = { kind = "pictures", path = "shown.npz" }\n'
                     'loss = { name = "cross_entropy" }\n')  # fmt: skip
    made = (table, file, nameless, classes, listed, shown)
    bases = [Draft.load(name) for name in (*BASES, *map(str, made))]
    bases[0] = bases[0].with_text("model.hidden", "5, 3")
    # Nesterov's way needs a momentum.
    yield bases[0].with_text("optimizer.momentum", "0.9")
    for draft in list(bases):
        yield draft
        for key, setting in draft.settings.items():
            is_kind = setting.is_kind or is_layer_kind(setting.path)
            for option in setting.options if is_kind else ():
                changed = draft.with_text(key, option.value)
                if changed.experiment is None and key == "loss.name":
                    last = "log_softmax" if option.value == "nll_loss" else "identity"
                    changed = changed.with_text("model.output_activation", last)
                if changed.experiment is not None:
                    yield changed


def candidates(setting: Setting, now: str) -> list[str]:
    """Return texts that may be another value of a setting."""
    if setting.options:
        return [option.value for option in setting.options if option.value not in (now, UNSET)]
    if setting.key in OTHERS:
        return OTHERS[setting.key]
    return ["3", "7", "0.25", "1e-3", "words", "other.py:Net", "words, more"]


def takes_effect(draft: Draft, setting: Setting) -> bool:
    """Whether some text changes the setting in the experiment, and is shown again."""
    now = draft.text(setting.key)
    assert now is not None
    for text in candidates(setting, now):
        changed = draft.with_text(setting.key, text)
        if changed.experiment is None:
            continue
        said = at(tables_of(changed.experiment, full=True, short=False), setting.path)
        if said != at(draft.tables, setting.path) and changed.experiment != draft.experiment:
            assert changed.text(setting.key) == text
            return True
    return False


def is_refused(draft: Draft, setting: Setting) -> bool:
    """Whether this data cannot be scaled or parted so, and that is said."""
    if general_key(draft, setting) == "data[pictures].split_by":
        return "data.path" in draft.with_text(setting.key, "folders").problems
    if setting.key not in ("data.scale_inputs", "data.scale_targets"):
        return False
    return setting.key in draft.with_text(setting.key, "standard").problems


def test_every_key_of_the_schema_can_be_set_and_takes_effect(tmp_path: Path) -> None:
    left = {key for key in schema_keys() if not key.startswith("origin.")} - {"marks[].of"}
    left = {key for key in left if not key.startswith(tuple(IN_FILES))}
    left.remove("model.layers[].flatten")  # It says what the layer is, and that is one setting.
    assert len(left) > 150
    initialisers = get_args(get_args(Initialiser)[0])
    for name in (each.model_fields["name"].default for each in initialisers if each.needs_matrix):
        # A bias is no matrix: such an initialiser is refused, so it has no settings.
        left = {key for key in left if f"init.bias[{name}]" not in key}
    OTHERS["data.path"] = [str(tmp_path / "others.csv"), str(tmp_path / "others.npz")]
    for draft in drafts(tmp_path):
        for setting in draft.settings.values():
            key = general_key(draft, setting)
            if key in left and (takes_effect(draft, setting) or is_refused(draft, setting)):
                left.remove(key)
    assert not left


def test_a_setting_is_helped_by_the_schemas_own_words() -> None:
    draft = Draft.load("two-moons")
    for setting in draft.settings.values():
        assert setting.help.endswith((".", ")", ";")), setting.key
        assert "``" not in setting.help
    assert draft.settings["optimizer.momentum"].help.startswith("How much of the last update")
    about = {option.value: option.about for option in draft.settings["optimizer.name"].options}
    assert about["adam"].startswith("Running means of the gradient")


def test_every_kind_says_what_it_is() -> None:
    for setting in Draft.load("two-moons").settings.values():
        if setting.is_kind:
            assert all(option.about for option in setting.options), setting.key


def test_a_new_optimizer_would_have_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lion(Section):
        """Takes the sign of the update."""

        name: str = "lion"
        tamed: bool = False
        """Whether it bites."""

    family = family_of(Experiment.model_fields["optimizer"].annotation)
    assert family is not None
    changed = type(family)(family.tag, {**family.kinds, "lion": Lion})
    monkeypatch.setattr(
        "tui.setup.settings.fields_of",
        lambda section: {
            name: changed if name == "optimizer" else family_of(field.annotation)
            for name, field in section.model_fields.items()
        },
    )
    tables = tables_of(Draft.load("two-moons").start, full=True, short=False)
    tables["optimizer"] = {"name": "lion"}
    settings = settings_in(groups_of(tables))
    assert settings["optimizer.tamed"].help == "Whether it bites."


@pytest.mark.parametrize("name", [listing.name for listing in presets.catalogue()])
def test_what_a_field_shows_reads_back_as_what_it_was(name: str) -> None:
    draft = Draft.load(name)
    for key in draft.settings:
        text = draft.text(key)
        assert text is not None
        assert draft.with_text(key, text).experiment == draft.experiment, key


words = st.text(max_size=20).filter(lambda text: "\r" not in text)


@given(words)
def test_any_text_reads_back_from_a_line(text: str) -> None:
    line = leaf_of(str).show(text)
    assert "\n" not in line
    assert leaf_of(str).read(line) == text


@given(st.lists(words.filter(bool), min_size=1, max_size=4))
def test_any_list_of_words_reads_back(items: list[str]) -> None:
    leaf = leaf_of(list[str])
    assert leaf.read(leaf.show(items)) == items


@given(st.lists(st.lists(st.integers() | st.floats(allow_nan=False), min_size=1), min_size=1))
def test_any_rows_of_numbers_read_back(rows: list[list[float]]) -> None:
    leaf = leaf_of(list[list[float]])
    assert leaf.read(leaf.show(rows)) == rows


def test_a_list_of_words_parts_at_commas_outside_brackets() -> None:
    assert leaf_of(list[str]).read("max(x, 0), x") == ["max(x, 0)", "x"]


def test_a_table_of_settings_reads_as_toml() -> None:
    leaf = leaf_of(dict[str, bool | int | float | str])
    read = leaf.read('channels = 4, deep = true, name = "x, y"')
    assert read == {"channels": 4, "deep": True, "name": "x, y"}
    assert leaf.read(leaf.show(read)) == read


def test_what_may_be_left_out_is_left_out_by_an_empty_field() -> None:
    draft = Draft.load("two-moons").with_text("train.clip_norm", "1.5")
    assert draft.experiment is not None
    assert draft.experiment.train.clip_norm == 1.5
    cleared = draft.with_text("train.clip_norm", "")
    assert cleared.experiment is not None
    assert cleared.experiment.train.clip_norm is None
    assert leaf_of(float | None).show(NOTHING) == ""


def test_true_and_false_are_choices() -> None:
    leaf = leaf_of(bool)
    assert (leaf.read("true"), leaf.read("false")) == (True, False)
    assert show(True) == "true"


def test_more_than_a_few_layers_are_folded_away() -> None:
    few, many = (
        Draft.load("two-moons").with_text("model.hidden", text) for text in ("5", "5 " * 9)
    )

    def common(draft: Draft) -> int:
        network = next(group for group in draft.groups if group.name == "model")
        return sum(getattr(row, "list", None) == HIDDEN for row in network.common)

    assert (common(few), common(many)) == (2, 0)


@functools.cache
def _keys() -> frozenset[str]:
    return frozenset(schema_keys())


def test_the_walk_of_the_schema_finds_what_is_deep_inside() -> None:
    assert "model.hidden[].init.weight[normal].std" in _keys()
    assert "optimizer[adam].beta1" in _keys()
    assert "schedule[cosine].T_max" in _keys()
    assert "marks[].at.epoch" in _keys()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda key: key == key.strip()),
        st.sampled_from([{"kind": "truth", "yes": ["a, b", "c=d"]}, [1, 2.5]]),
    )
)
def test_tables_of_columns_read_back(table: dict[str, Any]) -> None:
    leaf = leaf_of(dict[str, Any])
    assert leaf.read(leaf.show(table)) == table


def test_a_table_in_place_of_a_word_reads_back() -> None:
    leaf = leaf_of(str | dict[str, str])
    assert leaf.read(leaf.show({"groups": "ward, 3"})) == {"groups": "ward, 3"}
