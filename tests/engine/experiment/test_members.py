"""Populations: what may vary, and that a member is what it would be alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.experiment.members import label, members_of
from engine.experiment.training import Population
from engine.presets.preset import dumps, load, resolve
from engine.recording.events import RunWarning, Series
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment, of_seeds

WILD = experiment(
    CUBIC,
    optimizer={"name": "sgd", "lr": 0.1},
    train={"steps": 60},
    population={"vary": {"optimizer.lr": [0.1, 1e12, 0.05]}},
)
"""Three members, of which the second diverges."""


def changes_of(**population: Any) -> list[dict[str, Any]]:
    found = members_of(experiment(MOONS, population=population))
    return [member.changes for member in found]


def refusal(tables: dict[str, Any], **population: Any) -> str:
    """What is said of a population that does not hold."""
    with pytest.raises(PresetError) as caught:
        resolve({**tables, "population": population}, "p")
    return str(caught.value)


class TestMembers:
    def test_seeds_count_on_from_the_seed(self) -> None:
        found = members_of(experiment(MOONS, population={"seeds": 3}))
        assert [each.changes for each in found] == [{"train.seed": s} for s in (102, 103, 104)]
        assert [each.experiment for each in found] == [
            experiment(MOONS, train={"seed": seed}) for seed in (102, 103, 104)
        ]

    def test_one_member_differs_in_nothing(self) -> None:
        (only,) = members_of(experiment(MOONS))
        assert (only.changes, only.experiment) == ({}, experiment(MOONS))

    def test_keys_make_a_grid_in_which_seeds_vary_fastest(self) -> None:
        vary = {"optimizer.lr": [0.5, 1], "optimizer.momentum": [0.0, 0.9]}
        found = changes_of(seeds=2, vary=vary)
        assert [(c["optimizer.lr"], c["optimizer.momentum"], c["train.seed"]) for c in found] == [
            (lr, momentum, seed)
            for lr in (0.5, 1.0)
            for momentum in (0.0, 0.9)
            for seed in (102, 103)
        ]
        assert list(found[0]) == ["optimizer.lr", "optimizer.momentum", "train.seed"]

    def test_seeds_count_on_from_each_seed_that_varies(self) -> None:
        found = changes_of(seeds=2, vary={"train.seed": [10, 20]})
        assert [each["train.seed"] for each in found] == [10, 11, 20, 21]

    def test_settings_list_the_members_one_by_one(self) -> None:
        listed = [
            {"optimizer.lr": 0.1, "train.seed": 7, "optimizer.momentum": 0.5},
            {"optimizer.lr": 1, "train.seed": 9, "optimizer.momentum": 0.5},
        ]
        found = members_of(experiment(MOONS, population={"settings": listed}))
        assert [each.changes for each in found] == [
            {"optimizer.lr": 0.1, "train.seed": 7},
            {"optimizer.lr": 1.0, "train.seed": 9},
        ]
        for member, setting in zip(found, listed, strict=True):
            tables = {**MOONS, "train": {**MOONS["train"], "seed": setting["train.seed"]}}
            tables["optimizer"] = {"lr": float(setting["optimizer.lr"]), "momentum": 0.5}
            assert member.experiment == experiment(tables)
        assert len(changes_of(seeds=3, settings=listed)) == 6

    def test_a_key_with_a_single_value_tells_nothing_apart(self) -> None:
        assert changes_of(vary={"optimizer.lr": [0.7]}) == [{}]
        (only,) = members_of(experiment(MOONS, population={"vary": {"optimizer.lr": [0.7]}}))
        assert only.experiment.optimizer.lr == 0.7

    def test_initialisers_vary_by_name_and_by_value(self) -> None:
        found = members_of(
            experiment(MOONS, population={"vary": {"model.init.weight": ["zeros", 0.5]}})
        )
        assert [each.changes["model.init.weight"] for each in found] == ["zeros", 0.5]
        assert [each.experiment.model.init.weight.name for each in found] == ["zeros", "constant"]

    def test_a_member_is_named_by_what_it_differs_in(self) -> None:
        assert label({"optimizer.lr": 0.5, "train.seed": 104}) == "lr 0.5 · seed 104"
        alike = {"model.init.weight.std": 1.0, "model.init.bias.std": 2.0}
        assert label(alike) == "model.init.weight.std 1 · model.init.bias.std 2"
        assert label({}) == ""


class TestRefusals:
    @pytest.mark.parametrize(
        ("vary", "said"),
        [
            ({"model.hidden[0]": [7]}, "'model.hidden[0]' changes the shape: members must have "
             "the same; epochal sweep trains what differs in it"),
            ({"train.batch_size": [8, 16]}, "'train.batch_size' changes the batches"),
            ({"train.shuffle": [True, False]}, "'train.shuffle' changes the batches"),
            ({"train.epochs": [300, 301]}, "'train.epochs' changes the length"),
            ({"train.evaluate_every": [1, 2]}, "'train.evaluate_every' changes the evaluation"),
            ({"model.dropout": [0.0, 0.5]}, "'model.dropout' changes whether there is dropout"),
            ({"model.activation": ["tanh"]}, "'model.activation' changes the activations"),
            ({"optimizer.name": ["sgd", "adam"]}, "'optimizer.name' changes the optimizer"),
            ({"loss.reduction": ["sum"]}, "'loss.reduction' changes the loss"),
            ({"schedule.name": ["step"]}, "'schedule.name' changes the schedule"),
            ({"train.dtype": ["float64"]}, "'train.dtype' changes the way of training"),
            ({"title": ["a", "b"]}, "'title' changes the words and marks"),
            ({"optimizer.lrr": [1.0, 2.0]}, "'optimizer.lrr' = 1.0: is not a key of 'sgd' (did "
             "you mean 'lr'?)"),
            ({"optimizer.lr": [1, -2]}, "'optimizer.lr' = -2: must be at least 0 (got -2)"),
            ({"optimizer.lr": [[date(2026, 1, 2)]]}, "'optimizer.lr' = [2026-01-02]: must be a "),
            ({"model.hidden[3].units": [3]}, "model.hidden has no [3]"),
            ({"population.seeds": [2]}, "'population.seeds' = 2: is no key that can vary"),
            ({"a b": [2]}, "'a b' = 2: is no key that can vary"),
            ({"optimizer.nesterov": [True]}, "'optimizer.nesterov' = true: needs a "
             "momentum above 0"),
        ],
    )  # fmt: skip
    def test_what_cannot_vary_is_told_with_its_key(self, vary: dict[str, Any], said: str) -> None:
        found = refusal(MOONS, vary=vary)
        assert found.startswith("p: population.vary: ")
        assert said in found
        assert found.count("did you mean") <= 1

    def test_combinations_are_checked_as_well(self) -> None:
        tables = {**MOONS, "optimizer": {"momentum": 0.9, "nesterov": True}}
        vary = {"optimizer.momentum": [0.9, 0.5], "optimizer.dampening": [0.0]}
        assert resolve({**tables, "population": {"vary": vary}}, "p").population.members == 2
        uniform = {"name": "uniform", "a": 0.0, "b": 1.0}
        tables = {**MOONS, "model": {**MOONS["model"], "init": {"weight": uniform}}}
        vary = {"model.init.weight.a": [-1.0, 0.9], "model.init.weight.b": [0.5, 1.0]}
        said = refusal(tables, vary=vary)
        assert "'model.init.weight.a' = 0.9, 'model.init.weight.b' = 0.5: " in said

    @pytest.mark.parametrize(
        ("vary", "said"),
        [
            ({"model.hidden[0]": [7]}, "'model.hidden[0]' = 7 change the shape: members must"),
            ({"optimizer.lr": [-1.0]}, "must be at least 0"),
        ],
    )
    def test_they_are_refused_where_they_are_made_as_well(
        self, vary: dict[str, Any], said: str
    ) -> None:
        made = experiment(MOONS).model_copy(
            update={"population": Population.model_construct(seeds=1, vary=vary)}
        )
        with pytest.raises(PresetError) as caught:
            Trainer(made)
        assert said in str(caught.value)

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            (
                [{"optimizer.lr": 1}, {"train.seed": 2}],
                "settings[1]: must have the keys of the first",
            ),
            (
                [{"optimizer.lr": 1}, {"optimizer.lr": -1}],
                "'optimizer.lr' = -1: must be at least 0",
            ),
            ([{"model.hidden": [3]}], "'model.hidden' = [3] change the shape: members must"),
            ([{"optimizer.lrr": 1}], "'optimizer.lrr' = 1: is not a key of 'sgd' (did you mean"),
            ([{"train.seed": 2**63}], "must be below"),
            ([{"population.seeds": 2}], "is no key that can vary"),
        ],
    )
    def test_settings_are_checked_as_what_varies_is(self, settings: Any, said: str) -> None:
        found = refusal(MOONS, settings=settings)
        assert found.startswith("p: population")
        assert said in found

    def test_settings_stand_in_place_of_what_varies(self) -> None:
        both = {"settings": [{"optimizer.lr": 1}], "vary": {"train.seed": [1]}}
        assert "set vary or settings, not both" in refusal(MOONS, **both)

    def test_too_many_are_refused_without_being_made(self) -> None:
        values = [index / 1000 for index in range(1000)]
        vary = {"optimizer.lr": values, "optimizer.momentum": values}
        assert "makes 1000000 networks; at most 10000" in refusal(MOONS, vary=vary)
        large = {**MOONS, "model": {"hidden": [10_000, 10_000], "output_activation": "sigmoid"}}
        said = refusal(large, seeds=100)
        assert said.startswith("p: population.seeds: 100 networks would have 1e+10 parameters")
        wide = {**MOONS, "data": {"kind": "moons", "samples": 10**6}}
        assert "a step of 2000 networks would compute" in refusal(wide, seeds=2000)

    def test_the_last_seed_must_be_one(self) -> None:
        tables = {**MOONS, "train": {"seed": 2**63 - 1}}
        assert "population.seeds: the last seed would be 9223372036854775808" in refusal(
            tables, seeds=2
        )

    def test_a_network_of_ones_own_has_one_member(self) -> None:
        tables = {"model": {"kind": "python", "module": "net.py:Net"}}
        assert "trains one member at a time; use several runs" in refusal(tables, seeds=2)

    def test_values_are_numbers_and_names(self) -> None:
        for odd in ([], [{"a": 1}], 3, {"a": 1}):
            with pytest.raises(ValidationError):
                Experiment.model_validate({"population": {"vary": {"optimizer.lr": odd}}})

    def test_a_population_is_written_and_read_back(self) -> None:
        made = experiment(MOONS, population={"seeds": 2, "vary": {"optimizer.lr": [0.1, 1.0]}})
        for full in (True, False):
            assert '"optimizer.lr" = [0.1, 1.0]' in dumps(made, full=full)

    def test_the_command_sets_it(self) -> None:
        found = load("two-moons", ["population.seeds=4"]).experiment
        assert found.population.members == 4


def whole(trainer: Trainer, size: int) -> tuple[dict[str, np.ndarray], list[RunWarning]]:
    """Train to the end; return every group's rows [columns, rows, members], and the warnings."""
    parts: dict[str, list[np.ndarray]] = {}
    warnings: list[RunWarning] = []
    while trainer.outcome is None:
        for event in trainer.advance(size).events():
            if isinstance(event, Series):
                parts.setdefault(event.group, []).append(event.values)
            elif isinstance(event, RunWarning):
                warnings.append(event)
    return {group: np.concatenate(each, axis=1) for group, each in parts.items()}, warnings


VARIED: dict[str, Experiment] = {
    "init": experiment(
        MOONS, population={"seeds": 2, "vary": {"model.init.weight.std": [0.5, 2.0]}}
    ),
    "data": experiment(CUBIC, population={"vary": {"data.noise": [0.0, 0.4]}}),
    "batches": experiment(
        MINIBATCHES, population={"seeds": 2, "vary": {"optimizer.momentum": [0.9, 0.5]}}
    ),
    "fresh": experiment(FRESH, population={"seeds": 2, "vary": {"data.divide_by": [1.0, 50.0]}}),
    "dropout": experiment(
        CUBIC,
        model={"hidden": [8, 8], "activation": "relu", "dropout": 0.5},
        population={"vary": {"model.dropout": [0.1, 0.5]}},
    ),
    "plateau": experiment(
        {**CUBIC, "schedule": {"name": "plateau", "patience": 1}},
        optimizer={"lr": 0.3},
        population={"seeds": 2, "vary": {"schedule.factor": [0.5, 0.1]}},
    ),
    "adam": experiment(
        CUBIC, population={"vary": {"optimizer.lr": [0.005, 0.02], "optimizer.beta1": [0.5, 0.9]}}
    ),
}


@pytest.mark.parametrize("gradients", ["auto", "autograd"])
@pytest.mark.parametrize("name", VARIED)
def test_a_member_is_what_it_is_alone(name: str, gradients: str) -> None:
    spec = VARIED[name]
    train = spec.train.model_copy(update={"gradients": gradients})
    spec = spec.model_copy(update={"train": train})
    together = Trainer(spec)
    start, batch = together.snapshot().values, together.data.typical.inputs
    rows = together.advance(40).series[0].values
    for member, own in enumerate(members_of(spec)):
        alone = Trainer(own.experiment)
        assert alone.snapshot().values[0].tobytes() == start[member].tobytes()
        assert torch.equal(alone.data.typical.inputs[0], batch[member])
        for one, other in zip(alone.data.sets.values(), together.data.sets.values(), strict=True):
            assert torch.equal(one.inputs[0], other.inputs[member])
            assert torch.equal(one.targets[0], other.targets[member])
        expected = alone.advance(40).series[0].values[:, :, 0]
        np.testing.assert_allclose(rows[:, :, member], expected, rtol=5e-3, atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 256])
def test_a_member_that_diverges_is_held_and_the_others_go_on(size: int) -> None:
    trainer = Trainer(WILD)
    rows, warnings = whole(trainer, size)
    losses = rows["train"][0]
    ended = int(np.flatnonzero(~np.isfinite(losses[:, 1]))[0]) + 1
    assert 1 < ended < 60
    assert np.isnan(rows["train"][:, ended:, 1]).all()
    assert np.isfinite(losses[:, [0, 2]]).all()
    assert np.isnan(rows["probe"][:, -1, 1]).all()
    outcome, result = trainer.outcome, trainer.result()
    assert outcome is not None
    assert (outcome.status, outcome.reason) == ("finished", "steps")
    assert result["statuses"] == ["finished", "diverged", "finished"]
    assert result["ended_at"] == [60, ended, 60]
    assert result["reasons"][1].endswith(f"at step {ended}")
    assert np.isfinite(result["train_rmse"]).tolist() == [True, False, True]
    (warning,) = warnings
    assert warning.step == ended
    what = result["reasons"][1]
    assert warning.message == (
        f"member 2 (lr 1e+12) diverged: {what}; its weights are held, the others go on"
    )


@pytest.mark.parametrize("size", [1, 7, 256])
def test_what_is_held_is_what_it_ended_with(size: int) -> None:
    trainer = Trainer(WILD)
    snapshots = []
    while trainer.outcome is None:
        snapshots += trainer.advance(size).snapshots
    ended = trainer.result()["ended_at"][1]
    held = [each.values[1].tobytes() for each in snapshots if each.step >= ended]
    assert len(held) == sum(map(trainer.snapshots.keeps, range(ended, 61))) > 30
    assert len({*held, trainer.snapshot().values[1].tobytes()}) == 1
    # The last is that of the member alone.
    alone = Trainer(members_of(WILD)[1].experiment)
    while alone.outcome is None:
        alone.advance(size)
    assert alone.step == ended
    np.testing.assert_array_equal(
        np.isfinite(alone.snapshot().values[0]), np.isfinite(trainer.snapshot().values[1])
    )


IMPATIENT = experiment(
    MOONS,
    train={"patience": 40, "epochs": 150},
    population={"seeds": 2, "vary": {"train.loss_threshold": [0.5, 0.6]}},
)
"""Four members, each of which ends at a step of its own."""


@pytest.mark.parametrize("spec", [WILD, IMPATIENT], ids=["diverges", "impatient"])
def test_the_size_of_a_block_never_changes_a_bit_of_who_is_held(spec: Experiment) -> None:
    first, *others = [(whole(trainer, size), trainer) for trainer, size in sized(spec)]
    for (rows, warnings), trainer in others:
        for group, values in first[0][0].items():
            assert values.tobytes() == rows[group].tobytes(), group
        assert warnings == first[0][1]
        assert trainer.snapshot().values.tobytes() == first[1].snapshot().values.tobytes()
        keys = [key for key in trainer.result() if "second" not in key]
        assert repr([trainer.result()[key] for key in keys]) == repr(
            [first[1].result()[key] for key in keys]
        )


def sized(spec: Experiment) -> list[tuple[Trainer, int]]:
    """Return trainers and the sizes of their blocks."""
    return [(Trainer(spec), size) for size in (1, 7, 256)]


def test_who_diverges_costs_the_others_not_a_bit() -> None:
    calm = experiment(
        CUBIC,
        optimizer={"name": "sgd", "lr": 0.1},
        train={"steps": 60},
        population={"vary": {"optimizer.lr": [0.1, 0.2, 0.05]}},
    )
    (wild, _), (without, _) = whole(Trainer(WILD), 16), whole(Trainer(calm), 16)
    for group, values in without.items():
        assert values[:, :, [0, 2]].tobytes() == wild[group][:, :, [0, 2]].tobytes(), group


@pytest.mark.parametrize("size", [1, 7, 256])
def test_each_member_ends_at_its_own_threshold_and_patience(size: int) -> None:
    spec = IMPATIENT
    trainer = Trainer(spec)
    rows, warnings = whole(trainer, size)
    result = trainer.result()
    assert not warnings
    for member, own in enumerate(members_of(spec)):
        alone = Trainer(own.experiment)
        alone_rows, _ = whole(alone, 64)
        assert alone.outcome is not None
        assert result["ended_at"][member] == alone.step
        assert result["reasons"][member] == alone.outcome.reason
        assert result["best_step"][member] == alone.result().get("best_step", 0)
        assert result["test_loss"][member] == pytest.approx(alone.result()["test_loss"], rel=1e-4)
        for group in ("train", "dev"):
            known = rows[group][:, : alone.step, member]
            np.testing.assert_allclose(known, alone_rows[group][:, :, 0], rtol=1e-3, atol=1e-5)
            assert np.isnan(rows[group][:, alone.step :, member]).all()
    assert len(set(result["ended_at"])) > 1


def test_the_run_is_over_when_every_member_is() -> None:
    vary = {"optimizer.lr": [1e12, 1e11]}
    spec = experiment(CUBIC, optimizer={"name": "sgd", "lr": 0.1}, population={"vary": vary})
    trainer = Trainer(spec)
    rows, warnings = whole(trainer, 64)
    outcome = trainer.outcome
    assert outcome is not None
    assert outcome.status == "diverged"
    assert trainer.step == max(trainer.result()["ended_at"]) == rows["train"].shape[1]
    assert not warnings[-1].message.endswith("the others go on")
    assert "test_loss" not in trainer.result()


def test_epochs_in_which_a_member_has_ended_have_no_mean_of_it() -> None:
    vary = {"optimizer.lr": [0.1, 1e12]}
    train, sgd = {"steps": 40, "batch_size": 10}, {"name": "sgd"}
    spec = experiment(CUBIC, train=train, optimizer=sgd, population={"vary": vary})
    trainer = Trainer(spec)
    rows, _ = whole(trainer, 13)
    ended = trainer.result()["ended_at"][1]
    assert ended < 40
    assert np.isnan(rows["epoch"][:, ended // 5 + 1 :, 1]).all()
    assert np.isfinite(rows["epoch"][0, :, 0]).all()


def test_a_dead_member_has_a_gradient_of_exactly_nothing() -> None:
    found = load("sum-of-30", ["train.steps=20"]).experiment
    # The seed of sum-of-30-dead, between two that live.
    trainer = Trainer(of_seeds(found, 1, 10, 2))
    whole(trainer, 20)
    assert [norm == 0 for norm in trainer.result()["grad_norm"]] == [False, True, False]


def test_one_member_has_the_result_it_always_had() -> None:
    trainer = Trainer(experiment(MOONS, train={"epochs": 3}))
    whole(trainer, 3)
    result = trainer.result()
    assert not {"statuses", "reasons", "ended_at", "grad_norm"} & set(result)
    assert isinstance(result["test_accuracy"], float)
    assert result["confusion"]


def test_setting_the_learning_rate_sets_every_members() -> None:
    trainer = Trainer(VARIED["adam"])
    assert trainer.method.lr == [0.005, 0.005, 0.02, 0.02]
    trainer.lr = 0.5
    values = trainer.advance(2).series[0].values
    assert (values[1] == np.float32(0.5)).all()
