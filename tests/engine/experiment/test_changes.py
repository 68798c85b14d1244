"""What a preset says is said only of what it describes: every key, and every way of changing it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from engine.components.section import Section
from engine.experiment.changes import (
    UNCOUNTED,
    about_of,
    called,
    changes,
    described,
    preset_of,
    restored,
)
from engine.experiment.experiment import Experiment
from engine.experiment.layers import Layer, ListedLayer
from engine.explain.program import program
from engine.presets import preset as presets
from engine.presets.preset import dumps
from engine.recording.events import MarkReached
from engine.recording.history import History
from engine.runs.folder import create_run
from engine.training.marks import Marks
from tests.runs import header
from tests.strategies import experiments
from tests.trained import recorded
from tests.tui.setup.test_settings import schema_keys
from tui.replay.lockstep import stops
from tui.replay.next_mark import promises_of
from tui.setup.draft import Draft
from tui.setup.families import family_of
from tui.watching.chronicle import Chronicle
from tui.watching.watch import _newest_note

# --- every key -----------------------------------------------------------------------------

NEEDED: dict[str, Any] = {
    "lr": 0.1,
    "path": "a.csv",
    "task": "classes",
    "inputs": [[1.0, 2.0]],
    "targets": [0],
    "at": {"step": 3},
    "title": "a",
    "units": 5,
}
"""What keys are that have no default."""

Rebuild = Callable[[Any], Experiment]


def made(kind: type[Section]) -> Any:
    """Return a table with its defaults, whether or not it holds."""
    needed = {
        name: NEEDED[name] for name, field in kind.model_fields.items() if field.is_required()
    }
    # A listed layer is one of four, and a convolution has the most keys.
    needed |= {"conv": 8} if kind is ListedLayer else {}
    return kind.model_construct(**needed)


OTHER = {"population.settings": [{"optimizer.lr": 0.5}]}
"""Where another value of the same sort is not made by adding to it."""


def another(value: Any) -> Any:
    """Return another value of the same sort."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 3
        case str():
            return f"{value}x"
        case list():
            return [*value, 7]
        case dict():
            return {**value, "optimizer.lr": [0.5]}
    return 7


def pairs(
    table: Section, key: str, rebuild: Rebuild
) -> Iterator[tuple[str, Experiment, Experiment]]:
    """Yield every key under a table, and two experiments that differ in it alone."""
    for name, field in type(table).model_fields.items():
        here, value = f"{key}.{name}".lstrip("."), getattr(table, name)

        def put(inner: Any, name: str = name) -> Experiment:
            return rebuild(table.model_copy(update={name: inner}))

        family = family_of(field.annotation)
        if family is None:
            if get_args(field.annotation) != (value,):  # Else there is only one thing it can say.
                yield here, put(value), put(OTHER.get(here) or another(value))
        elif family.is_list:
            entry = made(family.only)
            yield here, put([entry]), put([entry, entry])
            yield from pairs(entry, f"{here}[]", lambda inner, put=put: put([inner]))
        elif not family.tag:
            yield from pairs(made(family.only), here, put)
        else:
            for kind, own in family.kinds.items():
                if type(value) is not own:
                    yield f"{here}.{family.tag}", put(value), put(made(own))
                yield from pairs(made(own), f"{here}[{kind}]", put)


def is_listed(key: str) -> bool:
    return any(key == each or key.startswith((f"{each}.", f"{each}[")) for each in UNCOUNTED)


def test_every_key_of_the_schema_counts_as_a_change_or_is_listed() -> None:
    left = schema_keys()
    for key, *both in pairs(Experiment(), "", lambda made: made):
        if key.startswith("model.") and key != "model.kind":
            # The keys of a network of one's own say nothing of layers, and the other way.
            own = key in ("model.module", "model.arguments", "model.input_shape")
            both = [_with_kind(each, "python" if own else "mlp") for each in both]
        found = changes(*both)
        assert bool(found) != is_listed(key), (key, found)
        assert all(words.strip() for words in found.values()), (key, found)
        left.discard(key)
    assert not left


def _with_kind(experiment: Experiment, kind: str) -> Experiment:
    model = experiment.model.model_copy(update={"kind": kind})
    return experiment.model_copy(update={"model": model})


def test_what_does_not_count_is_in_the_schema() -> None:
    keys = schema_keys()
    assert all(
        any(key == u or key.startswith((f"{u}.", f"{u}[")) for key in keys) for u in UNCOUNTED
    )


def test_what_comes_to_the_same_is_no_change() -> None:
    preset = presets.load("two-moons").experiment
    model = preset.model
    same = model.model_copy(
        update={
            "activation": ["sigmoid"],
            "hidden": [Layer(units=5, activation="sigmoid", dropout=0.0, init=model.init)],
        }
    )
    assert same != model
    assert changes(preset, preset.model_copy(update={"model": same})) == {}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["model.hidden=[8, 4]", "model.activation=relu"], "hidden 8 4, relu"),
        (["optimizer.lr=0.5"], "lr 0.5"),
        (['optimizer={name="adam", lr=0.2}'], "adam"),
        (["optimizer.name=adam", "optimizer.lr=1e-3"], "adam, lr 0.001"),
        (["train.clip_norm=5.0"], "clip norm 5"),
        (["train.zero_grad=false"], "no zero grad"),
        (["train.batch_size=32"], "batch size 32"),
        (["model.hidden=[]"], "no hidden layers"),
        (["model.normalisation=batch"], "batch normalisation"),
        (["model.init.weight=zeros"], "weights zeros"),
        (["model.init.weight.std=0.5"], "weights std 0.5"),
        (["model.init.bias=1.0"], "biases 1"),
        (["data.kind=circles"], "circles"),
        (["schedule.name=cosine"], "cosine"),
        (["train.dtype=float64"], "float64"),
        (['model.hidden=[{units=5, activation="relu"}, 3]'], "hidden 5 3, relu sigmoid"),
        (["population.vary={'optimizer.lr' = [0.1, 0.5]}"], "lr 0.1 0.5"),
        (["population.settings=[{'optimizer.lr' = 0.1}, {'optimizer.lr' = 0.5}]"], "lr 0.1 0.5"),
    ],
)
def test_a_title_says_what_is_changed(asked: list[str], words: str) -> None:
    found = presets.load("two-moons", asked)
    assert found.experiment.title == f"two-moons, changed: {words}"
    assert found.called == "two-moons-changed"
    assert {mark.of for mark in found.experiment.marks} == {"two-moons"}


@pytest.mark.parametrize(
    "asked",
    [
        ["train.seed=5"],
        ["train.epochs=10"],
        ["train.steps=10"],
        ["population.seeds=3"],
        ["population.vary={'train.seed' = [3, 9]}"],
        ["train.patience=5"],
        ["train.gradients=autograd"],
    ],
)
def test_another_seed_length_or_method_is_the_preset_still(asked: list[str]) -> None:
    preset, found = presets.load("two-moons"), presets.load("two-moons", asked)
    assert found.experiment.title == preset.experiment.title
    assert found.experiment.marks == preset.experiment.marks
    assert (found.experiment.origin, found.called) == (None, "two-moons")


def test_a_title_has_room_for_so_much_and_counts_the_rest() -> None:
    asked = [f"optimizer.{key}=0.125" for key in ("lr", "weight_decay", "momentum", "dampening")]
    asked += ["model.hidden=[8, 4]", "model.activation=relu", "train.batch_size=32"]
    asked += ["train.clip_norm=1.0", "train.clip_value=1.0", "model.dropout=0.25"]
    title = presets.load("two-moons", asked).experiment.title
    assert len(title) <= 200
    assert title.endswith(" more")


def test_what_the_person_says_stays_as_it_is_said() -> None:
    mine = '[{at={step=3}, title="mine", note="my note", pause=true}]'
    asked = ["optimizer.lr=0.5", "title=My moons", "about=Mine.", f"marks={mine}"]
    found = presets.load("two-moons", asked).experiment
    assert (found.title, found.about) == ("My moons", "Mine.")
    assert [(mark.title, mark.of, mark.pause) for mark in found.marks] == [("mine", "", True)]
    assert about_of(found.origin, found.about) == "Mine."


def test_a_program_says_whose_words_it_begins_with(people: Path) -> None:
    changed = " ".join(program(by_set(people.parent), "module", "two-moons").split())
    assert TITLE in changed
    assert "two-moons, from which this was made, says of itself: Two half circles" in changed
    assert "The preset two-moons" not in changed
    text = program(presets.load("iris", [own(people)]).experiment, "module", "iris")
    assert not [word for word in ("setosa", "petal", "flower", "iris") if word in text.lower()]


# --- every way -----------------------------------------------------------------------------

CHANGES = ["model.hidden=[8,4]", "model.activation=relu"]
TITLE = "two-moons, changed: hidden 8 4, relu"


def by_set(tmp_path: Path) -> Experiment:
    return presets.load("two-moons", CHANGES).experiment


def by_typing(tmp_path: Path) -> Experiment:
    draft = Draft.load("two-moons").with_text("model.hidden", "8, 4")
    experiment = draft.with_text("model.activation", "relu").experiment
    assert experiment is not None
    return experiment


def by_the_command_line_of_the_lab(tmp_path: Path) -> Experiment:
    experiment = Draft.load("two-moons", CHANGES).experiment
    assert experiment is not None
    return experiment


def by_a_remedy(tmp_path: Path) -> Experiment:
    """A run's experiment, read back from its folder and changed as a finding advises."""
    path = tmp_path / "experiment.toml"
    path.write_text(dumps(presets.load("two-moons").experiment, full=True))
    draft = Draft.of("two-moons", presets.load(str(path)).experiment).with_changes(CHANGES)
    assert draft.experiment is not None
    return draft.experiment


def by_repeating_a_changed_run(tmp_path: Path) -> Experiment:
    path = tmp_path / "experiment.toml"
    path.write_text(dumps(by_set(tmp_path), full=True))
    experiment = presets.load(str(path)).experiment
    draft = Draft.of(preset_of(experiment, "two-moons-changed"), experiment)
    assert "model.hidden" in draft.changes
    assert draft.experiment is not None
    return draft.experiment


def by_saving(tmp_path: Path) -> Experiment:
    draft = Draft.load("two-moons", CHANGES)
    draft.save(tmp_path / "mine.toml")
    return presets.load(str(tmp_path / "mine.toml")).experiment


WAYS = [
    by_set,
    by_typing,
    by_the_command_line_of_the_lab,
    by_a_remedy,
    by_repeating_a_changed_run,
    by_saving,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_however_it_is_changed_it_says_the_same(
    way: Callable[[Path], Experiment], tmp_path: Path
) -> None:
    found = way(tmp_path)
    assert found.title == TITLE
    assert {mark.of for mark in found.marks} == {"two-moons"}
    assert found.origin is not None
    assert found.origin.changed == ["hidden 8 4", "relu"]


def test_a_changed_draft_turned_back_is_the_preset_again(tmp_path: Path) -> None:
    preset = presets.load("two-moons").experiment
    draft = Draft.of("two-moons", by_set(tmp_path))
    back = draft.with_text("model.hidden", "5").with_text("model.activation", "sigmoid")
    assert back.experiment == preset
    assert draft.without_changes().experiment == preset


def test_a_run_knows_its_presets_marks_again_when_their_words_have_changed(tmp_path: Path) -> None:
    preset = presets.load("two-moons").experiment
    before = [mark.model_copy(update={"note": "As it was put once."}) for mark in preset.marks]
    old = preset.model_copy(update={"marks": before})
    ran = old.model_copy(update={"model": by_set(tmp_path).model})
    draft = Draft.of("two-moons", described(ran, old, "two-moons"))
    assert draft.experiment == by_set(tmp_path)
    assert not [key for key in draft.changes if key.startswith("marks")]


def test_a_saved_preset_describes_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    Draft.load("two-moons", CHANGES).save(path)
    assert presets.load(str(path)).called == "mine"
    other = presets.load(str(path), ["optimizer.lr=0.5"])
    assert (other.called, other.experiment.title) == ("mine-changed", "mine, changed: lr 0.5")
    assert {mark.of for mark in other.experiment.marks} == {"two-moons"}
    draft = Draft.load(str(path)).with_text("optimizer.lr", "0.5")
    draft.save(path, overwrite=True)
    saved = presets.load(str(path)).experiment
    assert (saved.title, saved.optimizer.lr) == (TITLE, 0.5)


@settings(max_examples=40)
@given(experiments, experiments)
def test_what_is_said_can_be_taken_back(preset: Experiment, after: Experiment) -> None:
    words = {name: getattr(preset, name) for name in ("title", "about", "marks")}
    changed = after.model_copy(update=words)
    told = described(changed, preset, "the-preset")
    assert restored(told, preset) == changed
    assert described(restored(told, preset), preset, "the-preset") == told
    assert (told == changed) == (not changes(preset, changed))
    assert preset_of(told, called(told, "the-preset")) == "the-preset"


# --- a file of one's own -------------------------------------------------------------------


@pytest.fixture
def people(tmp_path: Path) -> Path:
    rows = [f"{index % 7},{index * 37 % 11},{'abc'[index % 3]}" for index in range(60)]
    path = tmp_path / "people.csv"
    path.write_text("age,income,kind\n" + "\n".join(rows) + "\n")
    return path


def own(path: Path) -> str:
    return (
        f'data={{kind="file", path={json.dumps(str(path))}, task="classes", '
        'split=[0.6, 0.2, 0.2], scale_inputs="standard"}'
    )


def test_data_of_ones_own_is_called_after_its_file(people: Path) -> None:
    found = presets.load("iris", [own(people)])
    assert (found.called, found.experiment.title) == ("people", "people.csv")
    other = presets.load("iris", [own(people), "model.hidden=[8, 4]"])
    assert (other.called, other.experiment.title) == ("people", "people.csv: hidden 8 4")
    for each in (found, other):
        text = dumps(each.experiment, full=True).lower()
        assert not [word for word in ("setosa", "petal", "flower", "sorts") if word in text]


def test_data_of_ones_own_needs_no_data_of_the_presets(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    found = presets.load("iris", [own(people)])
    assert found.experiment.title == "people.csv"


def test_the_draft_of_a_run_on_ones_own_file_goes_back_to_its_preset(people: Path) -> None:
    experiment = presets.load("iris", [own(people)]).experiment
    draft = Draft.of(preset_of(experiment, "people"), experiment)
    assert (draft.name, draft.called, draft.experiment) == ("iris", "people.csv", experiment)
    assert draft.about == "The rows are those of people.csv; of them iris says nothing."
    assert draft.without_changes().experiment == presets.load("iris").experiment


def test_a_run_says_it_to_whoever_reads_it(people: Path, tmp_path: Path) -> None:
    found = presets.load("iris", [own(people), "train.epochs=2"])
    folder = create_run(found.called, dumps(found.experiment, full=True), tmp_path)
    assert folder.name.startswith("people-")
    # What a worker does with a folder.
    told, _ = recorded(presets.load(str(folder.experiment_file)).experiment, tmp_path / "people-1")
    text = told.recording.read_text("utf-8").lower()
    assert '"title":"people.csv"' in text
    assert '"kind":"end"' in text
    assert not [word for word in ("setosa", "petal", "flower", "sorts") if word in text]


# --- who announces -------------------------------------------------------------------------

MARK = MarkReached(step=3, title="A plateau", note="Some 88 % are right.", pause=False)
THEIRS = dataclasses.replace(MARK, note="", of="two-moons")


def history(*marks: MarkReached) -> History:
    told = History()
    told.marks = list(marks)
    return told


def test_a_mark_of_the_preset_is_listed_as_its_own_and_not_announced() -> None:
    own, theirs = history(MARK), history(THEIRS)
    assert [entry.quiet for entry in Chronicle("r").unread(own)] == [False]
    entries = Chronicle("r").unread(theirs)
    assert [(entry.words, entry.quiet) for entry in entries] == [("A plateau (of two-moons)", True)]
    assert "88 %" in _newest_note(own)
    assert _newest_note(theirs) == ""
    (stop,) = stops([theirs])
    assert (stop.title, stop.note, stop.pause, stop.of) == (
        "A plateau (of two-moons)",
        "",
        False,
        "two-moons",
    )
    (both,) = stops([theirs, own])
    assert (both.title, both.of) == ("A plateau", "")


def test_a_mark_of_the_preset_halts_nothing() -> None:
    for asked, halts in (["train.epochs=60"], True), (["train.epochs=60", *CHANGES], False):
        found = presets.load("two-moons", asked).experiment
        assert all(mark.pause for mark in found.marks)
        reached = Marks(found, {}).reached(60)
        assert [mark.step for mark in reached] == [0, 50]
        assert {mark.pause for mark in reached} == {halts}
        assert {bool(mark.note) for mark in reached} == {halts}


def test_a_promise_is_only_of_the_run_itself() -> None:
    for asked, promised in ([], True), (CHANGES, False):
        experiment = presets.load("two-moons", asked).experiment
        told = header(experiment=experiment.model_dump(mode="json", exclude_none=True))
        assert bool(promises_of(told)) is promised
