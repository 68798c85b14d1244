"""Presets are found, read, changed and written back; what is wrong is told all at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.experiment.sweep import Sweep
from engine.presets import preset as presets
from engine.training.header import header_of
from engine.training.trainer import Trainer
from tests.strategies import any_tables, anything, experiments, tables

SHIPPED = sorted(path.stem for path in (Path(__file__).parents[3] / "presets").glob("*.toml"))
MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a configuration folder with no presets of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def problems_of(text: str, *overrides: str) -> list[str]:
    """What is said of a preset with this text."""
    Path("x.toml").write_text(text, "utf-8")
    with pytest.raises(PresetError) as caught:
        presets.load("x.toml", overrides)
    return str(caught.value).splitlines()


def loaded(text: str, *overrides: str) -> Experiment:
    Path("x.toml").write_text(text, "utf-8")
    return presets.load("x.toml", overrides).experiment


class TestProblems:
    def test_every_problem_of_a_file_is_told_at_once_in_its_order(self) -> None:
        assert problems_of(
            """
            [train]
            epochs = "many"
            [model]
            hidden = [5, -5]
            [data]
            nois = 0.1
            """
        ) == [
            "x.toml: train.epochs: must be a whole number (got 'many')",
            "x.toml: model.hidden[1]: must be at least 1 (got -5)",
            "x.toml: data.nois: is not a key of 'moons' (did you mean 'noise'?); "
            "there are: kind, split, scale_inputs, scale_targets, features, samples, noise",
        ]

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ("title = 3", "title: must be a text (got 3)"),
            ("title = true", "title: must be a text (got true)"),
            ("model.hidden = 5", "model.hidden: must be a list (got 5; write [5])"),
            ("model.hidden = [1.5]", "model.hidden[0]: must be a whole number (got 1.5)"),
            ("model.hidden = ['a']", "model.hidden[0]: must be a whole number (got 'a')"),
            ("model.hidden = [true]", "model.hidden[0]: must be a whole number (got true)"),
            ("model.hidden = [[5]]", "model.hidden[0]: must be a whole number (got a list)"),
            ("model.hidden = [{units = 0}]", "model.hidden[0].units: must be at least 1 (got 0)"),
            ("model.hidden = [{}]", "model.hidden[0].units: is missing"),
            ("optimizer.lr = -0.1", "optimizer.lr: must be at least 0 (got -0.1)"),
            ("optimizer.lr = nan", "optimizer.lr: must be a finite number (got nan)"),
            ("optimizer.lr = 1e31", "optimizer.lr: must be at most 1e+30 (got 1e+31)"),
            ("optimizer = 3", "optimizer: must be a table (got 3)"),
            ("optimizer.nesterov = 1", "optimizer.nesterov: must be true or false (got 1)"),
            ("data.kind = 3", "data.kind: must be one of 'moons', 'circles', 'spirals', 'xor', "
             "'boundary', 'function', 'table', 'sum', 'file', 'sklearn', 'pictures' (got 3)"),
            ("data.kind = 'moon'", "data.kind: must be one of 'moons', 'circles', 'spirals', "
             "'xor', 'boundary', 'function', 'table', 'sum', 'file', 'sklearn', 'pictures' "
             "(got 'moon'; did you mean 'moons'?)"),
            ("data.split = []", "data.split: must have at least 1 entry (got 0)"),
            ("data.split = [1, 1, 1, 1]", "data.split: must have at most 3 entries (got 4)"),
            ("data.split = [900, 200]", "data.split: asks for 1100 rows of 1000"),
            ("train.batch_size = 0",
             "train.batch_size: must be 'full' or a whole number of at least 1 (got 0)"),
            ("train.batch_size = 'all'",
             "train.batch_size: must be 'full' or a whole number (got 'all')"),
            ("train.gradients = 'autgrad'", "train.gradients: must be one of 'auto', "
             "'manual', 'autograd', 'numeric' (got 'autgrad'; did you mean 'autograd'?)"),
            ("train.epochs = 1\ntrain.steps = 1", "train: set epochs or steps, not both"),
            ("train.seed = 99999999999999999999",
             "train.seed: must be below 9223372036854775808 (got 99999999999999999999)"),
            ("marks = [{at = {step = 1}}]", "marks[0].title: is missing"),
            ("marks = [{title = 'a', at = {}}]",
             "marks[0].at: set exactly one of step, epoch, loss_below and event, "
             "as in at = { epoch = 50 }"),
            ("optimizer.nesterov = true",
             "optimizer.nesterov: needs a momentum above 0 and dampening 0"),
            ("model.init.bias = 'orthogonal'", "model.init.bias: 'orthogonal' is scaled by both "
             "sides of a matrix; a bias takes a number, 'zeros', 'normal', 'uniform' or 'default'"),
            ("model.init.weight = {std = 1.0}", "model.init.weight.name: is missing"),
            ("model.init.weight.name = 'uniform'\nmodel.init.weight.a = 2",
             "model.init.weight.b: must be at least a, 2 (got 1)"),
            ("epochs = 5", "epochs: is not a key here (did you mean train.epochs?); "
             "there are: title, about, data, model, loss, optimizer, schedule, train, population, "
             "sweep, marks"),
            ("data = {kind = 'file', columns = {joined = {kind = 'date', missyng = 'drop'}}}",
             "data.columns.joined.missyng: is not a key of 'date' (did you mean 'missing'?); "
             "there are: kind, missing, format, parts, indicator"),
            ("'odd key' = 5", '"odd key": is not a key here; '
             "there are: title, about, data, model, loss, optimizer, schedule, train, population, "
             "sweep, marks"),
            ("loss.name = 'mse'\ndata = {kind = 'function', targets = ['x', 'y + 1']}",
             "data.targets[1]: 'y' is not known"),
            ("data = {kind = 'sum', split = [3]}\ntrain.batch_size = 1\nloss.name = 'mse'",
             "data.split: must be left out (got a list)"),
            ("model.activation = ['tanh', 'tanh']",
             "model.activation: must have one name for each of the 1 hidden layers (got 2)"),
            ("model.activation = 3", "model.activation: must be a text or a list (got 3)"),
            ("loss.name = 'mse'\nmodel.hidden = [1000000, 1000000]",
             "model.hidden: the network would have 1e+12 parameters, 1.6e+04 GB with gradients "
             "and optimizer state; at most 1e+09 are allowed"),
        ],
    )  # fmt: skip
    def test_is_told_in_plain_words(self, line: str, problem: str) -> None:
        assert problem in [told.removeprefix("x.toml: ") for told in problems_of(line)]

    def test_a_wrong_name_in_a_list_is_told_where_it_stands(self) -> None:
        told = problems_of("model = {hidden = [5, 5], activation = ['relu', 'rleu']}")
        assert len(told) == 1
        assert told[0].startswith("x.toml: model.activation[1]: must be one of 'identity', ")
        assert told[0].endswith("(got 'rleu'; did you mean 'relu'?)")

    def test_a_wrong_short_form_is_told_once_at_the_key_that_has_it(self) -> None:
        told = problems_of("model.init = 'nomal'")
        assert len(told) == 1
        assert told[0].startswith("x.toml: model.init: must be one of 'default', 'zeros', ")
        assert told[0].endswith("(got 'nomal'; did you mean 'normal'?)")

    def test_parts_that_do_not_fit_each_other_are_all_told(self) -> None:
        told = problems_of(
            "data.kind = 'sum'\ntrain = {epochs = 5}\nloss.name = 'mse'\nmarks = "
            "[{at = {epoch = 2}, title = 'a'}]"
        )
        assert [line.split(": ")[1] for line in told] == [
            "train.epochs",
            "train.batch_size",
            "marks[0].at",
        ]

    def test_of_two_kinds_of_targets_the_one_that_was_meant_is_told(self) -> None:
        table = "loss.name = 'mse'\ndata = {kind = 'table', inputs = [[1], [2]], targets = "
        assert problems_of(table + "[[1], ['a']]}") == [
            "x.toml: data.targets[1][0]: must be a number (got 'a')"
        ]
        assert problems_of(table + "[1, -1]}") == [
            "x.toml: data.targets[1]: must be at least 0 (got -1)"
        ]

    def test_a_key_of_a_tag_s_name_does_not_confuse_the_path(self) -> None:
        text = "loss.name = 'mse'\ntrain.batch_size = 1\n[data]\nkind = 'sum'\nsum = 1\nterms = 0"
        assert [line.split(": ")[1] for line in problems_of(text)] == ["data.sum", "data.terms"]

    def test_a_million_problems_are_cut_short(self) -> None:
        text = "\n".join(f"k{i} = 1" for i in range(50_000))
        told = problems_of(text)
        assert len(told) == 201
        assert told[-1] == "x.toml: and 49800 more problems"


class TestFiles:
    def test_an_empty_file_is_a_preset_of_defaults(self) -> None:
        assert loaded("") == Experiment()

    def test_a_file_that_is_no_toml_is_told_with_line_and_column(self) -> None:
        assert problems_of("a = 1\nb = = 2") == ["x.toml: line 2, column 5: invalid value"]
        assert problems_of("a = [1") == ["x.toml: end of the file: unclosed array"]

    def test_a_byte_order_mark_does_no_harm(self) -> None:
        Path("x.toml").write_bytes(b"\xef\xbb\xbftitle = 'a'\r\n")
        assert presets.load("x.toml").experiment.title == "a"

    def test_what_is_no_text_is_told_with_its_line(self) -> None:
        Path("x.toml").write_bytes(b"a = 1\nb = '\xff'")
        with pytest.raises(PresetError, match=r"^x.toml: line 2: is not UTF-8 text"):
            presets.load("x.toml")

    def test_a_folder_is_no_preset(self) -> None:
        Path("x.toml").mkdir()
        with pytest.raises(PresetError, match=r"^x.toml: is a folder, not a preset$"):
            presets.load("x.toml")

    def test_a_file_that_may_not_be_read_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> Any:
            raise PermissionError(13, "Permission denied")

        Path("x.toml").touch()
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(PresetError, match=r"^x.toml: cannot be read: permission denied$"):
            presets.load("x.toml")

    def test_a_file_of_a_megabyte_is_no_preset(self) -> None:
        assert problems_of("#" * 1_000_001) == ["x.toml: is larger than 1 MB, so it is no preset"]

    def test_a_missing_preset_is_told_with_the_nearest_and_all_there_are(self) -> None:
        with pytest.raises(PresetError) as caught:
            presets.load("two-mons")
        assert str(caught.value) == (
            "two-mons: there is no such preset (did you mean 'two-moons'?); there are: "
            + ", ".join(SHIPPED)
        )

    def test_a_path_that_leads_nowhere_is_told_as_a_path(self) -> None:
        for reference, what in (("no/such.toml", "there is no such file"), (".", "is a folder")):
            with pytest.raises(PresetError, match=re.escape(f"{reference}: {what}")):
                presets.load(reference)

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("a = 1\na = 2\n", "line 2, column 6: this is said already, further up"),
            ("[a]\nb.c = 1\n[a.b]\n", "this is said already|of this name stands further up"),
            ("[a]\n[a]\n", "line 2, column 3: a table of this name stands further up"),
        ],
    )
    def test_what_is_said_twice_is_told_so(self, text: str, what: str) -> None:
        (problem,) = problems_of(text)
        assert re.search(what, problem), problem

    @pytest.mark.parametrize(
        "reference", ["", "\0", "a" * 5000, "a/b/c.toml", ".", "../", "~no/no"]
    )
    def test_no_reference_is_too_odd(self, reference: str) -> None:
        with pytest.raises(PresetError):
            presets.load(reference)

    @pytest.mark.parametrize(
        "text",
        [
            "a = " + "[" * 100_000,
            "a = " + "{b = " * 10_000,
            "a" + ".a" * 20_000 + " = 1",
            "model.hidden = " + "[" * 100 + "]" * 100,
            "title = " + "9" * 10_000,
            "title = 0x" + "f" * 10_000,
            "data.kind = '" + "m" * 900_000 + "'",
        ],
        ids=["lists", "tables", "dots", "nested", "digits", "hex", "long"],
    )
    def test_nothing_that_is_deep_or_long_gets_further_than_a_problem(self, text: str) -> None:
        told = problems_of(text)
        assert told
        assert all(len(line) < 300 for line in told)

    @settings(max_examples=200, deadline=None)
    @given(any_tables)
    def test_any_tables_are_an_experiment_or_problems(self, made: dict[str, Any]) -> None:
        _resolves_or_tells(made)

    @settings(max_examples=200, deadline=None)
    @given(tables(), st.data())
    def test_good_tables_made_worse_are_an_experiment_or_problems(
        self, made: dict[str, Any], data: st.DataObject
    ) -> None:
        _worsen(made, data)
        _resolves_or_tells(made)

    @MANY
    @given(st.text() | st.binary())
    def test_any_file_is_an_experiment_or_problems(
        self, empty_place: Path, content: str | bytes
    ) -> None:
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        (empty_place / "x.toml").write_bytes(data)
        assert None not in _outcome(lambda: presets.load("x.toml"))


def _outcome(make: Callable[[], Any]) -> list[Any]:
    """What was made, or what was said of it."""
    try:
        return [make()]
    except PresetError as error:
        return str(error).splitlines() or [None]


def _resolves_or_tells(made: dict[str, Any]) -> None:
    outcome = _outcome(lambda: presets.resolve(made, "x.toml"))
    if not isinstance(outcome[0], Experiment):
        assert all(line.startswith("x.toml: ") for line in outcome)


def _worsen(made: Any, data: st.DataObject) -> None:
    """Put anything anywhere."""
    keys = list(made) if isinstance(made, dict) else list(range(len(made)))
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    if isinstance(made[key], dict | list) and data.draw(st.booleans()):
        _worsen(made[key], data)
    else:
        made[key] = data.draw(anything)


_SOME_KEYS = st.text(max_size=10) | st.sampled_from(
    [
        "optimizer",
        "optimizer.name",
        "model.hidden[0]",
        "model.hidden[0].init",
        "marks[0].at",
        "data.kind",
        "data.split",
        "title",
        "train",
        "train.steps[0].x",
        "model.init.weight",
        "model.init.weight.std",
    ]
)
_SOME_VALUES = st.text(max_size=10) | st.sampled_from(
    ["adam", "sum", "{}", "[]", "[{}]", "1", "'", "zeros", "0x" + "f" * 5000]
)


class TestOverrides:
    def test_a_value_is_toml_or_else_a_text(self) -> None:
        experiment = loaded(
            "",
            "optimizer.lr=0.5",
            "model.hidden=[7, 3]",
            "model.activation=tanh",
            'title="0.5"',
            "about=a = b",
            "optimizer.momentum = 1",
            "optimizer.nesterov=true",
        )
        assert experiment.optimizer.lr == 0.5
        assert experiment.widths == [2, 7, 3, 1]
        assert experiment.model.activation == "tanh"
        assert experiment.title == "0.5"
        assert experiment.about == "a = b"
        assert experiment.optimizer.arguments["nesterov"] is True

    def test_an_index_sets_one_entry(self) -> None:
        assert loaded("model.hidden = [5, 3]", "model.hidden[1]=7").widths == [2, 5, 7, 1]

    def test_an_index_reaches_into_a_default(self) -> None:
        assert loaded("", "model.hidden[0]=7").widths == [2, 7, 1]

    def test_short_forms_open_up(self) -> None:
        experiment = loaded(
            "model = {hidden = [5, 4], init = 'normal'}",
            "model.hidden[1].activation=tanh",
            "model.init.weight.std=3",
        )
        assert experiment.widths == [2, 5, 4, 1]
        assert experiment.model.activations == ["relu", "tanh", "identity"]
        assert experiment.model.init.weight.arguments == {"mean": 0.0, "std": 3.0}
        assert experiment.model.init.bias.arguments == {"mean": 0.0, "std": 1.0}

    def test_steps_take_the_place_of_epochs(self) -> None:
        assert loaded("train.epochs = 9", "train.steps=4").steps == 4
        assert loaded("train.steps = 9", "train.epochs=4").steps == 4

    def test_both_steps_and_epochs_are_too_many(self) -> None:
        assert problems_of("", "train.steps=4", "train.epochs=4") == [
            "--set train.epochs=4: train: set epochs or steps, not both"
        ]

    def test_the_last_of_one_key_counts(self) -> None:
        assert loaded("", "optimizer.lr=1", "optimizer.lr=2").optimizer.lr == 2

    def test_a_problem_names_the_override_it_comes_from_and_the_file_s_own_the_file(self) -> None:
        assert problems_of("train.seed = -1", "optimizer.lr=-1", "model.hidden[0]=0") == [
            "x.toml: train.seed: must be at least 0 (got -1)",
            "--set optimizer.lr=-1: optimizer.lr: must be at least 0 (got -1)",
            "--set model.hidden[0]=0: model.hidden[0]: must be at least 1 (got 0)",
        ]

    def test_a_key_that_another_kind_does_not_have_is_named(self) -> None:
        assert problems_of("optimizer = {name = 'sgd', momentum = 0.9}", "optimizer.name=adam") == [
            "--set optimizer.name=adam: optimizer.momentum: is not a key of 'adam'; "
            "there are: name, lr, weight_decay, l1, beta1, beta2, eps, amsgrad"
        ]

    def test_a_table_replaces_a_table(self) -> None:
        text = "optimizer = {name = 'sgd', momentum = 0.9}"
        assert loaded(text, 'optimizer={name = "adam"}').optimizer.name == "adam"

    @pytest.mark.parametrize(
        ("override", "problem"),
        [
            ("optimizer.lr", "must be KEY=VALUE, as in optimizer.lr=0.1 or model.hidden[0]=7"),
            ("=3", "must be KEY=VALUE, as in optimizer.lr=0.1 or model.hidden[0]=7"),
            ("a..b=3", "must be KEY=VALUE, as in optimizer.lr=0.1 or model.hidden[0]=7"),
            ("a[-1]=3", "must be KEY=VALUE, as in optimizer.lr=0.1 or model.hidden[0]=7"),
            ("model.hidden[4]=3", "model.hidden has no [4]; the last is [0]"),
            ("model.hidden.x=3", "model.hidden: must be a list (got a table)"),
            ("title.x=3", "title is no table"),
            ("train.epochs[0]=3", "train.epochs is no list"),
            ("optimizer.rl=3", "optimizer.rl: is not a key of 'sgd' (did you mean 'lr'?); there "
             "are: name, lr, weight_decay, l1, momentum, dampening, nesterov"),
        ],
    )  # fmt: skip
    def test_that_leads_nowhere_is_told(self, override: str, problem: str) -> None:
        assert problems_of("title = 'a'", override) == [f"--set {override}: {problem}"]

    @pytest.mark.parametrize(
        ("override", "meant"),
        [
            ("optimizer.learning_rate=3", "'lr'"),
            ("learning_rate=3", "optimizer.lr"),
            ("model.neurons=3", "'hidden'"),
        ],
    )
    def test_by_another_name_for_a_key_is_told_what_it_is_here(
        self, override: str, meant: str
    ) -> None:
        (problem,) = problems_of("title = 'a'", override)
        assert f"(did you mean {meant}?); there are: " in problem

    def test_a_value_cannot_bring_other_keys_along(self) -> None:
        assert loaded("", "title=1\ntrain.seed = 5").train.seed == 0

    @MANY
    @given(st.lists(st.builds("{}={}".format, _SOME_KEYS, _SOME_VALUES), max_size=3))
    def test_any_overrides_are_an_experiment_or_problems(
        self, empty_place: Path, overrides: list[str]
    ) -> None:
        (empty_place / "x.toml").write_text("optimizer.momentum = 0.5")
        assert None not in _outcome(lambda: presets.load("x.toml", overrides))


class TestFinding:
    @pytest.fixture
    def folders(self, empty_place: Path) -> Iterator[tuple[Path, Path]]:
        here, own = empty_place / "presets", empty_place / "config" / "epochal" / "presets"
        here.mkdir()
        own.mkdir(parents=True)
        return here, own

    def test_the_packaged_ones_are_found_from_anywhere(self) -> None:
        assert [listing.name for listing in presets.catalogue()] == SHIPPED
        assert {listing.origin for listing in presets.catalogue()} == {"epochal"}
        assert presets.load("cubic").name == presets.load("cubic.toml").name == "cubic"

    def test_a_nearer_folder_hides_those_after_it(self, folders: tuple[Path, Path]) -> None:
        here, own = folders
        (own / "cubic.toml").write_text("title = 'mine'")
        (own / "extra.toml").write_text("title = 'extra'")
        assert presets.load("cubic").experiment.title == "mine"
        (here / "cubic.toml").write_text("title = 'here'")
        assert presets.load("cubic").experiment.title == "here"
        listed = {item.name: (item.title, item.origin) for item in presets.catalogue()}
        assert listed["cubic"] == ("here", "./presets")
        assert listed["extra"] == ("extra", "yours")
        assert listed["two-moons"] == ("Two moons", "epochal")
        assert len(listed) == len(SHIPPED) + 1

    def test_a_path_is_taken_as_it_is(self, empty_place: Path) -> None:
        (empty_place / "cubic.toml").write_text("title = 'a file'")
        assert presets.load("cubic.toml").experiment.title == "a file"
        assert presets.load("./cubic.toml").path == Path("cubic.toml")
        assert presets.load("cubic").experiment.title == "A noisy cubic"

    def test_a_folder_of_a_preset_s_name_hides_nothing(self, empty_place: Path) -> None:
        (empty_place / "cubic").mkdir()
        assert presets.load("cubic").experiment.title == "A noisy cubic"

    def test_a_preset_that_cannot_be_read_is_listed_without_a_title(
        self, folders: tuple[Path, Path]
    ) -> None:
        (folders[0] / "bad.toml").write_bytes(b"\xff")
        assert [item.title for item in presets.catalogue() if item.name == "bad"] == [""]

    @pytest.mark.parametrize("said", ["", ".", "config"])
    def test_the_configuration_folder_is_under_home_where_none_is_named(
        self, empty_place: Path, monkeypatch: pytest.MonkeyPatch, said: str
    ) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", said)
        monkeypatch.setenv("HOME", str(empty_place))
        folder = empty_place / ".config" / "epochal" / "presets"
        folder.mkdir(parents=True)
        (folder / "mine.toml").write_text("title = 'mine'")
        assert presets.load("mine").experiment.title == "mine"


class TestWriting:
    @MANY
    @given(experiments, st.booleans())
    def test_what_is_written_loads_back_equal(self, experiment: Experiment, full: bool) -> None:
        text = presets.dumps(experiment, full=full)
        assert presets.resolve(tomllib.loads(text), "x.toml") == experiment

    def test_short_forms_stay_short(self) -> None:
        text = 'title = "A"\n\n[model]\nhidden = [5, { units = 3, activation = "tanh" }]\n'
        text += 'init = { weight = "zeros", bias = -8.0 }\n'
        assert presets.dumps(loaded(text)) == text

    def test_in_full_every_key_with_a_value_is_written(self) -> None:
        written = tomllib.loads(presets.dumps(Experiment(), full=True))
        assert written["optimizer"] == {
            "name": "sgd",
            "lr": 0.1,
            "weight_decay": 0.0,
            "l1": 0.0,
            "momentum": 0.0,
            "dampening": 0.0,
            "nesterov": False,
        }
        assert written["train"]["batch_size"] == "full"
        assert "patience" not in written["train"]

    def test_saving_changes_only_what_differs(self, empty_place: Path) -> None:
        text = (
            "# My preset\ntitle = 'a'   # a title\n\n[train]\nseed = 3\n"
            "epochs = 9 # few\n\n[optimizer]\nlr = 0.2\n# end\n"
        )
        experiment = loaded(text.replace("0.2", "0.5").replace("[optim", "batch_size = 8\n[optim"))
        presets.save(empty_place / "x.toml", experiment, text)
        assert (empty_place / "x.toml").read_text() == text.replace("0.2", "0.5").replace(
            "# few\n", "# few\nbatch_size = 8\n"
        )

    def test_saving_another_kind_drops_the_keys_it_does_not_have(self, empty_place: Path) -> None:
        text = "[optimizer]\nname = 'sgd'\nmomentum = 0.9\nlr = 0.2 # mine\n"
        experiment = loaded('[optimizer]\nname = "adam"\nlr = 0.01')
        presets.save(empty_place / "x.toml", experiment, text)
        saved = (empty_place / "x.toml").read_text()
        assert saved == '[optimizer]\nname = "adam"\nlr = 0.01 # mine\n'

    def test_saving_nothing_new_changes_not_a_byte(self, empty_place: Path) -> None:
        for listing in presets.catalogue():
            preset = presets.load(listing.name)
            if preset.experiment.model.module:
                continue  # Saved elsewhere, it must say where the file with its class lies.
            presets.save(empty_place / "x.toml", preset.experiment, preset.text)
            assert (empty_place / "x.toml").read_text() == preset.text

    @MANY
    @given(experiments, experiments)
    def test_what_is_saved_over_another_loads_back_equal(
        self, empty_place: Path, before: Experiment, after: Experiment
    ) -> None:
        path = empty_place / "x.toml"
        presets.save(path, after, presets.dumps(before))
        assert presets.load(str(path)).experiment == after

    def test_a_text_that_is_no_preset_is_written_anew(self, empty_place: Path) -> None:
        presets.save(empty_place / "x.toml", Experiment(title="a"), "= broken")
        assert (empty_place / "x.toml").read_text() == 'title = "a"\n'

    def test_a_file_that_cannot_be_written_keeps_its_text(
        self, empty_place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = empty_place / "x.toml"
        path.write_text("title = 'a'")

        def full(descriptor: int, *args: Any, **options: Any) -> Any:
            os.close(descriptor)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fdopen", full)
        with pytest.raises(PresetError, match=r"x.toml: cannot be written: no space left"):
            presets.save(path, Experiment(), "")
        assert path.read_text() == "title = 'a'"
        assert list(empty_place.iterdir()) == [path]

    def test_a_saved_file_keeps_its_mode(self, empty_place: Path) -> None:
        path = empty_place / "x.toml"
        path.touch(mode=0o640)
        presets.save(path, Experiment(title="a"), "")
        assert path.stat().st_mode & 0o777 == 0o640


class TestShipped:
    @pytest.mark.parametrize("name", SHIPPED)
    def test_teaches_in_plain_words_and_marks_what_is_to_be_seen(self, name: str) -> None:
        preset = presets.load(name)
        experiment = preset.experiment
        assert experiment.title
        assert 2 <= experiment.about.count(". ") + experiment.about.count(": ") <= 8
        # A sweep is read off its table; no single run of it is replayed in front of anybody.
        assert experiment.marks or experiment.sweep != Sweep()
        assert all(mark.title and mark.note for mark in experiment.marks)
        assert all((experiment.step_of(mark) or 0) <= experiment.steps for mark in experiment.marks)
        named = {"manual-update": "manual", "automatic-update": "autograd"}
        assert experiment.train.gradients == named.get(name, "auto")
        assert max(map(len, preset.text.splitlines())) <= 100

    def test_two_moons_is_set_as_published(self) -> None:
        experiment = presets.load("two-moons").experiment
        assert experiment.widths == [2, 5, 1]
        assert experiment.model.activations == ["sigmoid", "sigmoid"]
        assert experiment.data.sizes == (640, 160, 200)
        assert experiment.model.init.weight.arguments == {"mean": 0.0, "std": 1.0}
        assert experiment.model.init.bias.arguments == {"val": 0.0}
        assert experiment.loss.name == "binary_cross_entropy"
        assert (experiment.optimizer.name, experiment.optimizer.lr) == ("sgd", 0.2)
        assert (experiment.steps, experiment.batch_rows) == (3000, 640)
        assert (experiment.keep_best, experiment.evaluation_stride) == ("accuracy", 1)

    def test_cubic_is_set_as_published(self) -> None:
        experiment = presets.load("cubic").experiment
        assert experiment.widths == [1, 32, 32, 1]
        assert experiment.model.activations == ["relu", "sigmoid", "identity"]
        assert experiment.data.sizes == (100, 0, 0)
        assert experiment.data.model_dump(include={"noise", "domain", "targets"}) == {
            "noise": 0.1,
            "domain": [-1.0, 1.0],
            "targets": ["x**3"],
        }
        assert (experiment.loss.name, experiment.loss.reduction) == ("mse", "mean")
        assert (experiment.optimizer.name, experiment.optimizer.lr) == ("sgd", 0.05)
        assert (experiment.steps, experiment.batch_rows) == (4000, 100)
        assert experiment.train.loss_threshold is None

    def test_zero_init_is_two_moons_with_nothing_but_zeros_for_5_epochs(self) -> None:
        zeros, moons = presets.load("zero-init").experiment, presets.load("two-moons").experiment
        assert (zeros.data, zeros.loss, zeros.optimizer) == (
            moons.data,
            moons.loss,
            moons.optimizer,
        )
        assert zeros.widths == moons.widths
        assert zeros.model.init.weight.name == zeros.model.init.bias.name == "zeros"
        assert zeros.steps == 5

    @pytest.mark.parametrize(
        ("name", "activation", "bias"),
        [
            ("vanishing-sigmoid", "sigmoid", 1.0),
            ("vanishing-relu", "relu", 1.0),
            ("dying-relu", "relu", -8.0),
            ("leaky-relu", "leaky_relu", -8.0),
        ],
    )
    def test_the_deep_ones_differ_in_activation_and_bias_alone(
        self, name: str, activation: str, bias: float
    ) -> None:
        experiment = presets.load(name).experiment
        assert experiment.data == presets.load("two-moons").experiment.data
        assert experiment.widths == [2, 3, 3, 3, 3, 1]
        assert experiment.model.activations == [activation] * 4 + ["sigmoid"]
        assert experiment.model.init.weight.arguments == {"mean": 0.0, "std": 0.01}
        assert experiment.model.init.bias.arguments == {"val": bias}
        assert experiment.loss.name == "binary_cross_entropy"
        assert (experiment.optimizer.name, experiment.optimizer.lr) == ("sgd", 0.01)
        assert experiment.steps == 1

    def test_automatic_update_is_set_as_published(self) -> None:
        experiment = presets.load("automatic-update").experiment
        assert experiment.data.model_dump(include={"kind", "inputs", "targets"}) == {
            "kind": "table",
            "inputs": [[0, 0], [1, 0], [1, 1], [0, 0], [0, 0], [0, 1]],
            "targets": [0, 1, 2, 0, 0, 2],
        }
        assert experiment.widths == [2, 5, 3]
        assert experiment.model.activations == ["relu", "identity"]
        assert experiment.model.init.weight.name == experiment.model.init.bias.name == "default"
        assert experiment.loss.name == "cross_entropy"
        assert (experiment.optimizer.name, experiment.optimizer.lr) == ("sgd", 0.01)
        assert experiment.steps == 1000


@pytest.mark.parametrize("name", ["two-moons", "cubic"])
def test_an_experiment_that_does_not_fit_what_was_recorded_of_it_is_refused(name: str) -> None:
    header = header_of(Trainer(presets.load(name).experiment, device="cpu"), "run")
    assert presets.recorded_experiment(header) == presets.load(name).experiment
    columns = header.columns["train"]
    other = [*{*columns} ^ {"accuracy"}]
    with pytest.raises(PresetError, match="run: its recording does not say what was trained"):
        presets.recorded_experiment(replace(header, columns={**header.columns, "train": other}))
    for named in (header.target_names[1:] or ["y", "z"], [*header.target_names, "another"]):
        with pytest.raises(PresetError, match="does not say"):
            presets.recorded_experiment(replace(header, target_names=named))
    others = {"layer1.weight": [9, len(header.input_names)]}
    for changes in (
        {"parameters": {**header.parameters, **others}},
        {"buffers": {"layer1.norm.running_mean": [5]}},
        {"seeds": [1, 2, 3]},
        {"input_names": ["another", *header.input_names[1:]]},
        {"raw_columns": [{"name": "another"}]},
        {"raw_columns": [{"kind": "number"}]},
    ):
        with pytest.raises(PresetError, match="does not say"):
            presets.recorded_experiment(replace(header, **changes))
    unnamed = presets.recorded_experiment(replace(header, target_names=[]))
    assert unnamed == presets.load(name).experiment
    with_none = {group: each for group, each in header.columns.items() if group != "train"}
    if "accuracy" in columns:
        with pytest.raises(PresetError, match="does not say"):
            presets.recorded_experiment(replace(header, columns=with_none))
