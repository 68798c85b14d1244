"""The draft: what is typed in the setup, tried against the schema."""

from __future__ import annotations

import copy

import pytest

from engine import presets
from engine.writing import tables_of
from tui.draft import Draft, summary
from tui.settings import SETTINGS, number

PRESETS = [listing.name for listing in presets.catalogue()]


@pytest.mark.parametrize("name", PRESETS)
def test_what_a_field_shows_reads_back_as_what_it_was(name: str) -> None:
    draft = Draft.load(name)
    for setting in SETTINGS:
        text = draft.text(setting.key)
        if text is None or (setting.options and text not in {o.value for o in setting.options}):
            continue
        if setting.key.startswith("model.init") and " " in text:
            continue
        if setting.options:
            # The name of a kind alone stands for that kind's defaults.
            assert draft.with_text(setting.key, text).experiment == draft.start
            continue
        tables = copy.deepcopy(tables_of(draft.start))
        setting.write(tables, text)
        assert presets.resolve(tables, name) == draft.start, setting.key


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_summary_and_no_changes(name: str) -> None:
    draft = Draft.load(name)
    assert draft.experiment is not None
    assert len(summary(draft.experiment)) == 4
    assert not draft.changed
    assert draft.other_changes == []
    assert not any(draft.was(setting.key) for setting in SETTINGS)


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("model.hidden", "5, 0", "must be at least 1 (got 0)"),
        ("model.hidden", "5 x 3", "must be a whole number (got 'x')"),
        ("optimizer.lr", "-1", "must be at least 0 (got -1)"),
        ("optimizer.lr", "", "must be a number (got '')"),
        ("optimizer.lr", "nan", "must be a finite number (got nan)"),
        ("train.batch_size", "ful", "must be 'full' or a whole number"),
        ("train.seed", "1.5", "must be a whole number"),
        ("data.samples", "2", "asks for 1000 rows of 2"),
        ("model.hidden", "99999 99999 99999", "parameters"),
    ],
)
def test_what_does_not_hold_gives_a_reason_and_no_experiment(
    key: str, text: str, reason: str
) -> None:
    draft = Draft.load("two-moons").with_text(key, text)
    assert draft.experiment is None
    assert reason in draft.problems[key]


def test_every_problem_is_said_at_once_each_at_its_own_setting() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "0").with_text("optimizer.lr", "x")
    assert set(draft.problems) == {"model.hidden", "optimizer.lr"}
    repaired = draft.with_text("model.hidden", "7").with_text("optimizer.lr", "0.1")
    assert repaired.experiment is not None
    assert [layer.units for layer in repaired.experiment.model.hidden] == [7]


def test_no_hidden_layer_is_a_single_linear_layer() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "")
    assert draft.experiment is not None
    assert draft.experiment.widths == [2, 1]


def test_the_split_follows_the_number_of_samples() -> None:
    draft = Draft.load("two-moons").with_text("data.samples", "500")
    assert draft.experiment is not None
    assert draft.experiment.data.sizes == (320, 80, 100)
    assert draft.other_changes == []


def test_another_optimizer_keeps_the_learning_rate_and_nothing_it_does_not_have() -> None:
    draft = Draft.load("two-moons", ["optimizer.momentum=0.9"])
    assert draft.other_changes == ["optimizer.momentum"]
    adam = draft.with_text("optimizer.name", "adam")
    assert adam.experiment is not None
    assert adam.experiment.optimizer.name == "adam"
    assert adam.experiment.optimizer.lr == 0.2
    assert adam.other_changes == []


def test_what_differs_from_the_preset_says_what_it_was() -> None:
    draft = Draft.load("two-moons", ["train.seed=5"])
    assert draft.was("train.seed") == "102"
    assert draft.with_text("train.seed", "102").was("train.seed") is None
    assert draft.changed
    assert not draft.without_changes().changed


def test_typing_back_what_was_there_is_no_change() -> None:
    draft = Draft.load("two-moons")
    there_and_back = draft.with_text("optimizer.lr", "0.5").with_text("optimizer.lr", "0.2")
    assert there_and_back.texts == {}
    assert there_and_back.experiment == draft.start


def test_steps_stand_in_the_place_of_epochs() -> None:
    draft = Draft.load("two-moons", ["train.steps=50"])
    assert draft.text("train.epochs") is None
    assert draft.text("train.steps") == "50"


def test_a_run_that_differs_from_its_preset_says_so() -> None:
    experiment = presets.load("two-moons", ["optimizer.lr=0.7"]).experiment
    assert Draft.of("two-moons", experiment).was("optimizer.lr") == "0.2"
    assert not Draft.of("gone", experiment).changed


def test_numbers_are_read_as_people_write_them() -> None:
    assert number("1 000") == 1000
    assert number(" 1e-3 ") == 0.001
    assert number("−2") == -2
    assert number("full") == "full"


def test_every_choice_says_what_it_is() -> None:
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        for option in setting.options:
            assert option.about.strip()


def test_the_summary_has_a_rule_of_thumb_for_hidden_layers() -> None:
    moons, own = (Draft.load(name).experiment for name in ("two-moons", "digits-convolution"))
    assert moons is not None
    assert own is not None
    assert summary(moons)[-1] == "a rule of thumb: 3 units in a hidden layer"
    assert summary(own)[0] == "a network of one's own, from a Python file"
