"""The draft: what is typed in the setup, tried against the schema."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest

from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.experiment.problems import Path
from engine.presets import preset as presets
from engine.presets.writing import dumps
from tui.setup.draft import Draft, rule_of_thumb, summary
from tui.setup.edits import Move
from tui.setup.settings import HIDDEN
from tui.setup.values import number

PRESETS = [listing.name for listing in presets.catalogue()]


def experiment_of(draft: Draft) -> Experiment:
    assert draft.experiment is not None, draft.problems
    return draft.experiment


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_a_summary_and_no_changes(name: str) -> None:
    draft = Draft.load(name)
    assert draft.experiment is not None
    assert len(summary(draft.experiment)) == 4
    assert not draft.changed
    assert draft.changes == []


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("model.hidden", "5, 0", "must be at least 1 (got 0)"),
        ("model.hidden", "5 x 3", "must be a whole number (got 'x')"),
        ("model.hidden[0].units", "0", "must be at least 1 (got 0)"),
        ("optimizer.lr", "-1", "must be at least 0 (got -1)"),
        ("optimizer.lr", "", "must be a number (got '')"),
        ("optimizer.lr", "nan", "must be a finite number (got nan)"),
        ("optimizer.nesterov", "true", "needs a momentum above 0"),
        ("train.batch_size", "ful", "must be 'full' or a whole number"),
        ("train.seed", "1.5", "must be a whole number"),
        ("train.clip_norm", "0", "must be above 0 (got 0)"),
        ("data.split", "900, 200", "asks for 1100 rows of 1000"),
        ("model.hidden", "99999 99999 99999", "parameters"),
        ("marks[0].at.step", "x", "must be a whole number"),
    ],
)
def test_what_does_not_hold_gives_a_reason_and_no_experiment(
    key: str, text: str, reason: str
) -> None:
    draft = Draft.load("two-moons").with_text(key, text)
    assert draft.experiment is None
    assert reason in draft.problems[key]
    assert draft.last == draft.preset


def test_a_required_key_that_is_missing_is_said_where_it_is_to_be_written() -> None:
    draft = Draft.load("two-moons").with_text("data.kind", "file")
    assert draft.problems["data.path"] == "is missing"
    assert draft.problems["data.task"] == "is missing"
    assert draft.text("data.path") == ""


def test_every_problem_is_said_at_once_each_at_its_own_setting() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "0").with_text("optimizer.lr", "x")
    assert set(draft.problems) == {"model.hidden", "optimizer.lr"}
    repaired = draft.with_text("model.hidden", "7").with_text("optimizer.lr", "0.1")
    assert [layer.units for layer in experiment_of(repaired).model.hidden] == [7]


def test_no_hidden_layer_is_a_single_linear_layer() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "")
    assert experiment_of(draft).widths == [2, 1]


def test_the_split_follows_the_number_of_samples() -> None:
    draft = Draft.load("two-moons").with_text("data.samples", "500")
    assert experiment_of(draft).data.sizes == (320, 80, 100)


def test_what_follows_a_number_comes_of_none_of_those_it_is_on_its_way() -> None:
    draft = Draft.load("two-moons")
    for text in ("", "7", "70", "7000"):
        draft = draft.with_text("data.samples", text)
    assert experiment_of(draft).data.sizes == (4480, 1120, 1400)


def test_layers_typed_anew_keep_what_each_said_of_its_own() -> None:
    draft = Draft.load("cubic")
    before = draft.experiment.model.activation
    for text in ("", "6", "64", "64,", "64, 6"):
        draft = draft.with_text("model.hidden", text)
    assert experiment_of(draft).model.activation == before == ["relu", "sigmoid"]


def test_what_was_changed_between_two_letters_is_kept() -> None:
    draft = Draft.load("cubic").with_text("model.hidden", "6").with_text("optimizer.lr", "0.5")
    assert experiment_of(draft.with_text("model.hidden", "6, 7")).optimizer.lr == 0.5


def test_another_optimizer_keeps_the_learning_rate_and_nothing_it_does_not_have() -> None:
    draft = Draft.load("two-moons", ["optimizer.momentum=0.9"])
    assert draft.changes == ["optimizer.momentum"]
    adam = experiment_of(draft.with_text("optimizer.name", "adam"))
    assert (adam.optimizer.name, adam.optimizer.lr) == ("adam", 0.2)
    assert draft.with_text("optimizer.name", "adam").text("optimizer.momentum") is None


def test_another_optimizer_has_its_own_defaults() -> None:
    draft = Draft.load("two-moons").with_text("optimizer.lr", "0.1")
    assert experiment_of(draft.with_text("optimizer.name", "adamw")).optimizer.weight_decay == 0.01


def test_another_kind_of_data_keeps_its_shares() -> None:
    draft = Draft.load("two-moons")
    assert experiment_of(draft.with_text("data.kind", "circles")).data.sizes == (640, 160, 200)
    other = draft.with_text("data.kind", "function").with_text("loss.name", "mse")
    assert experiment_of(other).data.sizes == (64, 16, 20)


def test_a_network_of_ones_own_says_nothing_of_layers() -> None:
    draft = Draft.load("two-moons").with_text("model.kind", "python")
    assert draft.text("model.hidden") is None
    assert "must name a file" in draft.problems["model.module"]
    held = draft.with_text("model.module", "net.py:Net")
    assert experiment_of(held).model.kind == "python"
    assert experiment_of(held.with_text("model.kind", "mlp")) == held.preset


def test_going_through_kinds_and_back_loses_nothing() -> None:
    draft = Draft.load("two-moons", ["optimizer.momentum=0.9"])
    there = draft.with_text("optimizer.name", "adam").with_text("optimizer.lr", "0.01")
    back = there.with_text("optimizer.name", "sgd")
    assert back.experiment == draft.experiment
    assert experiment_of(back.with_text("optimizer.name", "adam")).optimizer.lr == 0.01


def test_steps_and_epochs_take_each_others_place() -> None:
    draft = Draft.load("two-moons").with_text("train.steps", "50")
    assert (draft.text("train.epochs"), draft.text("train.steps")) == ("", "50")
    assert experiment_of(draft).steps == 50
    back = draft.with_text("train.epochs", "3000")
    assert experiment_of(back) == back.preset


def test_a_mark_stands_at_a_step_or_an_epoch() -> None:
    draft = Draft.load("two-moons").with_text("marks[1].at.step", "9")
    assert experiment_of(draft).marks[1].at.step == 9
    assert draft.text("marks[1].at.epoch") == ""


# --- layers ------------------------------------------------------------------------------------


def test_layers_of_one_kind_are_written_short() -> None:
    draft = Draft.load("two-moons").with_entry(HIDDEN, "add", 0)
    draft = draft.with_text("model.hidden[1].units", "3")
    text = dumps(experiment_of(draft))
    assert "hidden = [5, 3]\n" in text
    assert 'activation = "sigmoid"\n' in text


def test_a_layer_with_an_activation_of_its_own_makes_a_list_and_back() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "5, 3")
    mixed = draft.with_text("model.hidden[1].activation", "relu")
    assert experiment_of(mixed).model.activation == ["sigmoid", "relu"]
    assert mixed.text("model.activation") == "sigmoid, relu"
    back = mixed.with_text("model.hidden[1].activation", "sigmoid")
    assert experiment_of(back) == experiment_of(draft)
    all_alike = mixed.with_text("model.activation", "tanh")
    assert experiment_of(all_alike).model.activation == "tanh"


@pytest.mark.parametrize(
    ("what", "index", "units", "activations"),
    [
        ("add", 0, [5, 5, 3], ["tanh", "tanh", "relu"]),
        ("add", 2, [5, 3, 3], ["tanh", "relu", "relu"]),
        ("remove", 0, [3], ["relu"]),
        ("up", 1, [3, 5], ["relu", "tanh"]),
        ("down", 0, [3, 5], ["relu", "tanh"]),
        ("up", 0, [5, 3], ["tanh", "relu"]),
        ("down", 1, [5, 3], ["tanh", "relu"]),
    ],
)
def test_a_layer_takes_its_activation_along(
    what: Move, index: int, units: list[int], activations: list[str]
) -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "5, 3")
    draft = draft.with_text("model.hidden[0].activation", "tanh")
    draft = draft.with_text("model.hidden[1].activation", "relu")
    experiment = experiment_of(draft.with_entry(HIDDEN, what, index))
    assert [layer.units for layer in experiment.model.hidden] == units
    assert experiment.model.activations[:-1] == activations


def test_the_last_layer_can_be_removed_and_another_added() -> None:
    empty = Draft.load("two-moons").with_entry(HIDDEN, "remove", 0)
    assert experiment_of(empty).widths == [2, 1]
    assert experiment_of(empty.with_entry(HIDDEN, "remove", 0)).widths == [2, 1]
    assert experiment_of(empty.with_entry(HIDDEN, "add", 0)).widths == [2, 5, 1]


def test_an_initialiser_of_one_layer_leaves_the_others_alone() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "5, 3")
    key = "model.hidden[0].init.weight"
    own = draft.with_text(f"{key}.name", "kaiming_normal")
    names = [init.weight.name for init in experiment_of(own).model.inits]
    assert names == ["kaiming_normal", "normal", "normal"]
    assert experiment_of(own).model.inits[0].bias == experiment_of(draft).model.init.bias
    back = own.with_text(f"{key}.name", "normal")
    assert experiment_of(back) == experiment_of(draft)
    narrow = draft.with_text(f"{key}.std", "0.1")
    assert narrow.detail(f"{key}.name") == "std 0.1"
    assert narrow.detail("model.init.weight.name") == ""


def test_what_a_layer_leaves_out_is_shown_as_the_model_says() -> None:
    draft = Draft.load("two-moons").with_text("model.dropout", "0.25")
    assert draft.text("model.hidden[0].dropout") == "0.25"
    own = draft.with_text("model.hidden[0].dropout", "0.5")
    assert experiment_of(own).model.hidden[0].dropout == 0.5
    assert experiment_of(own.with_text("model.hidden[0].dropout", "")) == experiment_of(draft)


def test_marks_are_added_and_removed() -> None:
    marks: Path = ("marks",)
    draft = Draft.load("two-moons").with_entry(marks, "remove", 0).with_entry(marks, "add", 2)
    draft = draft.with_text("marks[3].title", "The end").with_text("marks[3].at.epoch", "3000")
    experiment = experiment_of(draft)
    assert [mark.title for mark in experiment.marks][2:] == ["The boundary bends", "The end"]
    assert experiment.marks[3].at.epoch == 3000


# --- what differs ------------------------------------------------------------------------------


def test_what_differs_from_the_preset_says_what_it_was() -> None:
    draft = Draft.load("two-moons", ["train.seed=5"])
    assert draft.was("train.seed") == "102"
    assert draft.with_text("train.seed", "102").was("train.seed") is None
    assert draft.changed
    assert not draft.without_changes().changed


def test_a_key_that_was_left_out_was_empty() -> None:
    draft = Draft.load("two-moons").with_text("train.clip_norm", "1")
    assert draft.was("train.clip_norm") == ""
    assert draft.changes == ["train.clip_norm"]


def test_typing_back_what_was_there_is_no_change() -> None:
    draft = Draft.load("two-moons")
    there_and_back = draft.with_text("optimizer.lr", "0.5").with_text("optimizer.lr", "0.2")
    assert there_and_back.experiment == draft.start
    assert not there_and_back.changed


def test_what_is_typed_stays_as_it_is_typed() -> None:
    draft = Draft.load("two-moons").with_text("optimizer.lr", "0.")
    assert draft.text("optimizer.lr") == "0."
    assert draft.with_text("model.hidden", "5,").text("model.hidden") == "5,"
    assert draft.with_text("optimizer.name", "adam").text("optimizer.lr") == "0."


def test_a_layers_text_is_forgotten_when_the_layer_has_moved() -> None:
    draft = Draft.load("two-moons").with_text("model.hidden", "5, 3")
    draft = draft.with_text("model.hidden[0].units", "07").with_entry(HIDDEN, "down", 0)
    assert [draft.text(f"model.hidden[{index}].units") for index in (0, 1)] == ["3", "7"]


def test_a_run_that_differs_from_its_preset_says_so() -> None:
    experiment = presets.load("two-moons", ["optimizer.lr=0.7"]).experiment
    assert Draft.of("two-moons", experiment).was("optimizer.lr") == "0.2"
    assert not Draft.of("gone", experiment).changed


def test_changes_are_taken_as_the_command_line_takes_them() -> None:
    changes = ("model.activation=relu", "model.init.weight=kaiming_normal", "model.hidden=[5, 3]")
    draft = Draft.load("two-moons").with_changes(changes)
    experiment = experiment_of(draft)
    assert experiment == presets.load("two-moons", changes).experiment
    assert draft.text("model.init.weight.name") == "kaiming_normal"
    assert draft.text("model.hidden[1].units") == "3"


def test_a_change_of_kind_leaves_behind_what_the_new_kind_does_not_have() -> None:
    draft = Draft.load("two-moons", ["optimizer.momentum=0.9"])
    changed = draft.with_changes(("optimizer.name=adam", "optimizer.lr=0.01"))
    assert experiment_of(changed).optimizer.lr == 0.01


def test_a_change_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(PresetError, match="KEY=VALUE"):
        Draft.load("two-moons").with_changes(["optimizer.lr"])
    wrong = Draft.load("two-moons").with_changes(["optimizer.pace=1"])
    assert "optimizer.pace: is not a key" in wrong.problems["optimizer.name"]


def test_another_seed_is_the_only_change() -> None:
    draft = Draft.load("two-moons").with_seed(7)
    assert experiment_of(draft).train.seed == 7
    assert draft.changes == ["train.seed"]


@pytest.mark.parametrize(
    ("change", "key", "was", "now"),
    [
        ("optimizer.lr=0.1", "optimizer.lr", "0.2", "0.1"),
        ("optimizer.name=adam", "optimizer.name", "sgd", "adam"),
        ("model.hidden=[5, 3]", "model.hidden", "5", "5, 3"),
        ("model.activation=relu", "model.activation", "sigmoid", "relu"),
        ("model.init.weight.std=0.1", "model.init.weight.name", "normal", "normal std 0.1"),
        ("train.clip_norm=1", "train.clip_norm", "", "1"),
        ("model.dropout=0.5", "model.dropout", "0", "0.5"),
        ("title=Other", "optimizer.lr", None, "0.2"),
    ],
)
def test_a_difference_is_said_in_a_few_words(
    change: str, key: str, was: str | None, now: str
) -> None:
    draft = Draft.load("two-moons").with_changes([change])
    assert draft.was(key) == was
    assert " ".join(filter(None, (draft.text(key), draft.detail(key)))) == now


def test_numbers_are_read_as_people_write_them() -> None:
    assert number("1 000") == 1000
    assert number(" 1e-3 ") == 0.001
    assert number("−2") == -2
    assert number("full") == "full"


def test_the_summary_has_a_rule_of_thumb_for_hidden_layers() -> None:
    moons, own = (Draft.load(name).experiment for name in ("two-moons", "digits-convolution"))
    assert moons is not None
    assert own is not None
    rule = "a rule of thumb: 3 units in one or two layers (Heaton 2008, Lippmann 1987)"
    assert summary(moons)[-1] == rule_of_thumb(moons) == rule
    assert rule_of_thumb(own) == ""
    assert summary(own)[0] == "a network of one's own, from a Python file"


@pytest.mark.parametrize("text", ["", " ", "0.", "1e", "[", "é", "nan", "8,", "-"])
def test_whatever_is_typed_stands_to_the_letter_while_somebody_types(text: str) -> None:
    for name in ("two-moons", "sum-of-30", "exploding", "iris"):
        draft = Draft.load(name)
        for key, setting in draft.settings.items():
            if not setting.options and (typed := draft.with_text(key, text)).settings.get(key):
                assert typed.text(key, typing=True) == text, (name, key)


def test_a_file_that_is_typed_lies_where_the_lab_was_started_wherever_the_run_lies(
    tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{i % 7},{i % 5},{['no', 'yes'][i % 2]}\n" for i in range(40))
    (tmp_path / "own.csv").write_text(f"a,b,kind\n{rows}")
    monkeypatch.chdir(tmp_path)
    draft = Draft.load("two-moons").with_text("data.kind", "file")
    draft = draft.with_text("data.path", "own.csv").with_text("data.task", "classes")
    assert draft.text("data.path") == "own.csv"
    assert draft.called == "own.csv"
    assert draft.experiment is not None
    # What a run's folder keeps, and what a preset of one's own does, is read from there.
    (tmp_path / "elsewhere").mkdir()
    kept = tmp_path / "elsewhere" / "kept.toml"
    draft.save(kept)
    recorded = tmp_path / "elsewhere" / "experiment.toml"
    recorded.write_text(dumps(draft.experiment, full=True))
    for path in (kept, recorded):
        data = presets.load(str(path)).experiment.data
        assert data.model_dump()["path"] == str(tmp_path.resolve() / "own.csv")
