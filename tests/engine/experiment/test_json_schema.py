"""The schema of a preset: what it derives, what it refuses, and that every key is documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from engine.components.initialisers import Zeros
from engine.components.optimizers import Adam
from engine.components.section import Section, named
from engine.experiment.experiment import Experiment
from engine.experiment.json_schema import json_schema
from engine.experiment.layers import Init, Layer
from engine.text.spelling import closest, nearest, one_of, show

SUM = {"data": {"kind": "sum"}, "loss": {"name": "mse"}, "train": {"batch_size": 32}}
CUBIC = {"data": {"kind": "function"}, "loss": {"name": "mse"}}


def experiment(**tables: Any) -> Experiment:
    return Experiment.model_validate(tables)


def refusal(**tables: Any) -> str:
    """What the schema says of tables that do not hold."""
    with pytest.raises(ValidationError) as caught:
        Experiment.model_validate(tables)
    return "\n".join(error["msg"] for error in caught.value.errors())


class TestSection:
    def test_refuses_keys_it_does_not_know(self) -> None:
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            Adam.model_validate({"momentum": 0.9})

    def test_bends_no_value_to_fit(self) -> None:
        for lr in ("0.1", True, None, float("nan"), float("inf")):
            with pytest.raises(ValidationError):
                Adam.model_validate({"lr": lr})

    def test_never_changes(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            Adam().lr = 3.0  # type: ignore[misc]

    def test_the_nearest_word_is_offered_where_one_is_near(self) -> None:
        assert nearest("nois", ["noise", "samples"]) == " (did you mean 'noise'?)"
        assert nearest("zzz", ["noise", "samples"]) == ""
        assert closest("m" * 10**6, ["moons"]) is None

    def test_one_of_returns_the_word_or_names_all(self) -> None:
        assert one_of("a", ["a", "b"]) == "a"
        with pytest.raises(ValueError, match=r"^must be one of 'one', 'two' \(got 'three'\)$"):
            one_of("three", ["one", "two"])
        with pytest.raises(ValueError, match=r"\(got 'tow'; did you mean 'two'\?\)$"):
            one_of("tow", ["one", "two"])

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("a", "'a'"),
            ("it's", '"it\'s"'),
            ("\x1b[31m", "'\\x1b[31m'"),
            ("m" * 100, "'" + "m" * 55 + "…'"),
            (True, "true"),
            (10**39, "1" + "0" * 39),
            (10**6000, "a huge number"),
            (0.5, "0.5"),
            ([], "an empty list"),
            ([1], "a list"),
            ({}, "a table"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_values_are_shown_short_and_on_one_line(self, value: object, text: str) -> None:
        assert show(value) == text

    def test_a_table_may_leave_out_its_name(self) -> None:
        assert named("sgd")({"lr": 1}) == {"name": "sgd", "lr": 1}
        assert named("sgd")({"name": "adam"}) == {"name": "adam"}
        assert named("sgd")(3) == 3


class TestShapes:
    def test_layers_run_from_the_inputs_to_the_outputs(self) -> None:
        made = experiment(model={"hidden": [5, 3]})
        assert made.widths == [2, 5, 3, 1]
        assert made.shapes == {
            "layer1.weight": (5, 2),
            "layer1.bias": (5,),
            "layer2.weight": (3, 5),
            "layer2.bias": (3,),
            "layer3.weight": (1, 3),
            "layer3.bias": (1,),
        }
        assert made.parameters == 15 + 18 + 4

    def test_without_hidden_layers_there_is_one_linear_layer(self) -> None:
        assert experiment(model={"hidden": []}).shapes == {
            "layer1.weight": (1, 2),
            "layer1.bias": (1,),
        }

    def test_outputs_follow_from_data_and_loss(self) -> None:
        table = {"kind": "table", "inputs": [[0.0], [1.0]], "targets": [0, 2]}
        assert experiment(data=table, loss={"name": "cross_entropy"}).outputs == 3
        assert experiment(loss={"name": "cross_entropy"}).outputs == 2
        assert experiment().outputs == 1
        assert experiment(loss={"name": "mse"}).outputs == 1
        two = {"kind": "function", "targets": ["x", "x**2"]}
        assert experiment(data=two, loss={"name": "mse"}).outputs == 2

    def test_a_layer_s_own_activation_and_init_go_before_the_model_s(self) -> None:
        own = {"units": 3, "activation": "tanh", "init": "zeros"}
        made = experiment(model={"hidden": [2, own], "activation": ["relu", "elu"]})
        assert made.model.activations == ["relu", "tanh", "identity"]
        assert made.model.inits == [Init(), Init(weight=Zeros(), bias=Zeros()), Init()]

    def test_a_width_is_short_for_a_layer_and_a_name_for_both_inits(self) -> None:
        made = experiment(model={"hidden": [4], "init": "zeros"})
        assert made.model.hidden == [Layer(units=4)]
        assert made.model.init == Init(weight=Zeros(), bias=Zeros())


class TestLength:
    def test_of_a_full_batch_an_epoch_is_a_step(self) -> None:
        made = experiment(train={"epochs": 7})
        assert (made.batch_rows, made.steps_per_epoch, made.steps) == (1000, 1, 7)

    def test_the_last_batch_of_an_epoch_may_be_smaller(self) -> None:
        made = experiment(train={"epochs": 7, "batch_size": 300})
        assert (made.batch_rows, made.steps_per_epoch, made.steps) == (300, 4, 28)

    def test_a_batch_is_no_larger_than_the_training_set(self) -> None:
        assert experiment(train={"batch_size": 5000}).batch_rows == 1000
        assert experiment(**{**SUM, "train": {"batch_size": 5000}}).batch_rows == 5000

    def test_left_open_it_is_1000_epochs_or_fresh_steps(self) -> None:
        assert experiment(train={"batch_size": 500}).steps == 2000
        assert experiment(**SUM).steps == 1000

    def test_fresh_rows_make_no_epochs(self) -> None:
        assert experiment(**SUM).steps_per_epoch is None

    def test_dev_measurements_are_counted_in_epochs(self) -> None:
        split = {"kind": "moons", "split": [100, 50]}
        made = experiment(data=split, train={"batch_size": 30, "evaluate_every": 2})
        assert made.evaluation_stride == 8
        assert experiment().evaluation_stride == 0

    def test_a_mark_stands_at_a_step_or_at_the_end_of_an_epoch(self) -> None:
        made = experiment(
            train={"batch_size": 300},
            marks=[
                {"at": {"step": 3}, "title": "a"},
                {"at": {"epoch": 2}, "title": "b"},
                {"at": {"epoch": 0}, "title": "c"},
            ],
        )
        assert [made.step_of(mark) for mark in made.marks] == [3, 8, 0]

    @pytest.mark.parametrize(
        ("tables", "kept"),
        [
            ({}, "off"),
            ({"data": {"split": [9, 9]}}, "accuracy"),
            ({"data": {"kind": "function", "split": [9, 9]}, "loss": {"name": "mse"}}, "loss"),
            ({"data": {"split": [9, 9]}, "train": {"keep_best": "off"}}, "off"),
        ],
    )
    def test_what_decides_the_best_weights(self, tables: dict[str, Any], kept: str) -> None:
        assert experiment(**tables).keep_best == kept


class TestRefusals:
    @pytest.mark.parametrize(
        ("tables", "beginning"),
        [
            ({"data": {"kind": "function"}}, "loss.name: is left out, and "
             "'binary_cross_entropy_with_logits', which stands for that, needs two classes, "
             "the data has numbers; use 'mse'"),
            ({**CUBIC, "loss": {"name": "cross_entropy"}}, "loss.name: 'cross_entropy' needs "
             "classes, the data has numbers; use 'mse'"),
            ({"data": {"kind": "table", "inputs": [[1], [2], [3]], "targets": [0, 1, 2]},
              "loss": {"name": "mse"}}, "loss.name: 'mse' compares numbers, the data has 3 "
             "classes; use 'cross_entropy'"),
            ({"loss": {"name": "binary_cross_entropy"}}, "model.output_activation: "
             "'binary_cross_entropy' needs outputs between 0 and 1, 'identity' gives others"),
            ({"loss": {"name": "negative_log_likelihood"}}, "model.output_activation: "
             "'negative_log_likelihood' needs 'log_softmax' (got 'identity')"),
            ({"model": {"output_activation": "sigmoid"}}, "model.output_activation: "
             "'binary_cross_entropy_with_logits' applies its own, so 'sigmoid' would be applied "
             "twice"),
            ({**CUBIC, "model": {"output_activation": "softmax"}}, "model.output_activation: "
             "'softmax' of a single output is constant"),
            ({"model": {"activation": "softmax"}}, "activation: 'softmax' only makes sense at "
             "the output"),
            ({"model": {"hidden": [10**6, 10**6]}}, "model.hidden: the network would have 1e+12 "
             "parameters"),
            ({"data": {"samples": 10**7}, "model": {"hidden": [10**5]}}, "train.batch_size: a step "
             "would compute 1e+12 numbers, 4e+03 GB"),
            ({"train": {"epochs": 10**9, "batch_size": 1}}, "train: would take 1000000000000 "
             "steps; at most 1e+09"),
            ({**SUM, "train": {}}, "train.batch_size: every step draws fresh rows"),
            ({**SUM, "train": {"batch_size": 1, "epochs": 3}}, "train.epochs: every step draws "
             "fresh rows"),
            ({**SUM, "marks": [{"at": {"epoch": 1}, "title": "a"}]}, "marks[0].at: there are no "
             "epochs here"),
            ({"train": {"patience": 3}}, "train.patience: needs a dev set"),
            ({"train": {"keep_best": "loss"}}, "train.keep_best: needs a dev set"),
            ({"train": {"monitor": "loss"}}, "train.monitor: needs a dev set"),
            ({"data": {"kind": "function", "split": [60, 40]}, "loss": {"name": "mse"},
              "train": {"monitor": "accuracy"}}, "train.monitor: there is no accuracy for "
             "numbers; set 'loss'"),
            ({"data": {"kind": "function"}, "loss": {"name": "mse"},
              "schedule": {"name": "plateau", "monitor": "accuracy"}},
             "schedule.monitor: there is no accuracy for numbers; set 'loss'"),
            ({"data": {"split": [9, 9]}, "train": {"patience": 3, "keep_best": "off"}},
             "train.patience: needs keep_best"),
            ({"data": {"kind": "function", "split": [9, 9]}, "loss": {"name": "mse"},
              "train": {"keep_best": "accuracy"}}, "train.keep_best: there is no accuracy for "
             "numbers"),
        ],
    )  # fmt: skip
    def test_parts_that_do_not_fit_are_told_with_the_key_to_change(
        self, tables: dict[str, Any], beginning: str
    ) -> None:
        assert refusal(**tables).startswith(f"Value error, {beginning}")

    def test_a_network_that_no_machine_holds_costs_nothing_to_refuse(self) -> None:
        said = refusal(model={"hidden": [10**6] * 1000})
        assert "the network would have 9.99e+14 parameters" in said

    @pytest.mark.parametrize(
        "tables",
        [
            {"loss": {"name": "mse"}},
            {"model": {"output_activation": "sigmoid"}, "loss": {"name": "mse"}},
            {"loss": {"name": "cross_entropy"}},
            {
                "model": {"output_activation": "log_softmax"},
                "loss": {"name": "negative_log_likelihood"},
            },
            {
                "model": {"output_activation": "softplus"},
                "loss": {"name": "binary_cross_entropy_with_logits"},
            },
            SUM,
            CUBIC,
            {"train": {"keep_best": "off"}},
        ],
    )  # fmt: skip
    def test_parts_that_fit_are_let_be(self, tables: dict[str, Any]) -> None:
        assert experiment(**tables).steps > 0


def _sections(cls: type[Section] = Section) -> Iterator[type[Section]]:
    for sub in cls.__subclasses__():
        if sub.__module__.startswith("engine."):
            yield sub
            yield from _sections(sub)


class TestDocumentation:
    @pytest.mark.parametrize("section", [*_sections()], ids=lambda section: section.__name__)
    def test_every_key_says_what_it_means(self, section: type[Section]) -> None:
        assert section.__doc__
        for name in section.model_fields:
            if name not in ("name", "kind"):
                words = section.meaning(name)
                assert words.endswith((".", ")")), f"{section.__name__}.{name}: {words}"

    @pytest.mark.parametrize("section", [*_sections()], ids=lambda section: section.__name__)
    def test_every_key_has_a_default_but_what_nobody_can_guess(
        self, section: type[Section]
    ) -> None:
        required = {name for name, field in section.model_fields.items() if field.is_required()}
        assert required <= {"units", "at", "title", "inputs", "targets", "lr", "path", "task"}

    def test_the_json_schema_describes_every_key(self) -> None:
        schema = json_schema()
        tables = [schema, *schema["$defs"].values()]
        for table in tables:
            for name, node in table.get("properties", {}).items():
                referred = schema["$defs"].get(node.get("$ref", "").rpartition("/")[2], node)
                assert name in ("kind", "name") or referred.get("description"), name

    def test_the_json_schema_takes_short_forms_and_tables_without_a_kind(self) -> None:
        schema = json_schema()
        assert "oneOf" not in str(schema)
        hidden = schema["$defs"]["Model"]["properties"]["hidden"]["items"]["anyOf"]
        assert {"type": "integer"} in hidden
        weight = schema["$defs"]["Init"]["properties"]["weight"]["anyOf"]
        assert {"type": "string"} in weight
        assert {"type": "number"} in weight
