"""The causes that the diagnosis names, with their symptom and without, on histories made by hand.

cut        a learning rate that is gone        dropout    too little is left of a layer
unscaled   inputs or targets of another size   same       one answer for every row
decay      weights pulled to 0 or past it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from engine.diagnosis import diagnose, verdicts
from engine.diagnosis.evidence import Facts
from engine.diagnosis.symptoms import is_guessing
from engine.recording.events import Request, Series
from engine.recording.history import History
from tests import tapes
from tests.engine.diagnosis.test_diagnosis import (
    LAYERS,
    SHAPES,
    experiment,
    found,
    history,
    layer_norms,
    words,
)

STEPS = 200
CONSTANT = {"train": [0.69], "dev": [0.7]}
LEARNED = np.geomspace(0.7, 0.05, STEPS)
GONE = 0.1 * 0.5 ** np.arange(STEPS)
LARGE = {
    "least": 0.0,
    "greatest": 255.0,
    "rms": 80.0,
    "column": 1.0,
    "column_rms": 120.0,
    "narrowest": 20.0,
    "widest": 60.0,
}
HALVED = {"schedule": {"name": "exponential", "gamma": 0.5}}


def run(loss: Any = 0.69, changes: Mapping[str, Any] | None = None, **given: Any) -> History:
    """Return a run whose constant answer loses 0.69, which is where its own loss stays."""
    settings: dict[str, Any] = {"steps": STEPS, "loss": loss, "constant_loss": CONSTANT}
    tables = experiment(**(changes or {}))
    tables |= {name: table for name, table in (changes or {}).items() if name not in tables}
    return history(experiment=tables, **(settings | given))


def facts_of(told: History, step: int | None = None) -> Facts:
    assert told.header is not None
    return Facts(told, told.header, told.last_step if step is None else step, 0)


class TestGuessing:
    def test_a_loss_that_is_no_better_than_one_answer_shows_it(self) -> None:
        assert is_guessing(facts_of(run()))
        assert is_guessing(facts_of(run(5.0)))

    @pytest.mark.parametrize(
        "told",
        [run(LEARNED), run(0.3), run(steps=99), run(constant_loss={}), run(dev=0.3)],
        ids=["learned", "low", "young", "unknown", "dev is better"],
    )
    def test_a_run_that_learns_or_has_hardly_begun_does_not(self, told: History) -> None:
        assert told.header is not None
        told.header = replace(told.header, steps=10 * STEPS)
        assert not is_guessing(facts_of(told))

    def test_nor_does_one_that_will_get_there_at_its_pace(self) -> None:
        told = run(np.linspace(5, 3, STEPS))
        assert is_guessing(facts_of(told))
        assert told.header is not None
        told.header = replace(told.header, steps=1000)
        assert not is_guessing(facts_of(told))

    def test_an_accuracy_of_chance_counts_where_the_loss_is_hardly_better(self) -> None:
        shares = {"class_shares": {"train": [[0.5, 0.5]]}}
        columns = {"loss": 0.6, "accuracy": 0.5}
        assert is_guessing(facts_of(_with_accuracy(columns, **shares)))
        assert not is_guessing(facts_of(_with_accuracy(columns | {"accuracy": 0.7}, **shares)))


def _with_accuracy(columns: Mapping[str, float], **given: Any) -> History:
    """Return a run with a column of accuracies."""
    return run(columns["loss"], accuracy=columns["accuracy"], **given)


class TestCut:
    def test_a_schedule_that_cut_the_rate_to_nothing_is_named(self) -> None:
        finding = found(run(changes=HALVED, lr=GONE))["cut"]
        assert finding.words.startswith("The learning rate has fallen from 0.1 to ")
        assert "the schedule, exponential, had cut it to next to nothing by step" in finding.words
        assert finding.remedy is not None
        assert finding.remedy.changes == ('schedule={name="constant"}',)

    @pytest.mark.parametrize(
        "told",
        [
            run(LEARNED, HALVED, lr=GONE),
            run(changes=HALVED, lr=GONE, norm=np.geomspace(1, 1e-5, STEPS)),
            run(changes=HALVED, lr=np.where(np.arange(STEPS) < 150, 0.1, 1e-9)),
            run(lr=GONE),
        ],
        ids=["learned", "nothing to gain", "gone for a short while", "no schedule"],
    )
    def test_it_is_no_cause_where_a_constant_rate_would_not_have_gained(
        self, told: History
    ) -> None:
        assert "cut" not in found(told)

    def test_a_rate_of_0_is_given_a_usual_one(self) -> None:
        finding = found(run(changes={"optimizer": {"lr": 0.0}}, lr=0.0))["cut"]
        assert finding.words == "The learning rate is 0: no update changes anything."
        assert finding.remedy is not None
        assert finding.remedy.changes == ("optimizer.lr=0.1",)

    def test_what_someone_set_by_hand_is_theirs(self) -> None:
        told = run(changes=HALVED, lr=GONE)
        told.add(Request(id="1", viewer="a", action="set_lr", arguments={"lr": 0}, step=3))
        assert "cut" not in found(told)

    def test_each_member_has_its_own_rate(self) -> None:
        told = run(
            members=2, changes={"optimizer": {"lr": 0.1}}, lr=np.tile([0.1, 0.0], (STEPS, 1)),
            variants=[{"optimizer.lr": 0.1}, {"optimizer.lr": 0.0}],
        )  # fmt: skip
        assert "cut" not in {each.rule for each in diagnose(told, member=0)}
        assert "cut" in {each.rule for each in diagnose(told, member=1)}


class TestUnscaled:
    @pytest.mark.parametrize(
        ("sizes", "changes"),
        [
            ({"input_size": LARGE}, ("data.scale_inputs=standard",)),
            ({"target_size": LARGE}, ("data.scale_targets=range",)),
            (
                {"input_size": LARGE, "target_size": LARGE},
                ("data.scale_inputs=standard", "data.scale_targets=range"),
            ),
            ({"input_size": LARGE | {"narrowest": 0.0}}, ("data.scale_inputs=range",)),
            (
                {"input_size": LARGE | {"rms": 1e-3, "column_rms": 2e-3, "greatest": 3e-3}},
                ("data.scale_inputs=standard",),
            ),
        ],
        ids=["inputs", "targets", "both", "hardly varying", "small"],
    )
    def test_what_is_scaled_is_what_has_another_size(
        self, sizes: Mapping[str, Any], changes: tuple[str, ...]
    ) -> None:
        finding = found(run(**sizes))["unscaled"]
        assert "not scaled" in finding.words
        assert finding.remedy is not None
        assert finding.remedy.changes == changes

    @pytest.mark.parametrize(
        "symptom",
        [
            {"loss": np.where(np.arange(STEPS) < 190, 1.0, np.nan)},
            {"loss": LEARNED, "probe": {"dead/layer1": np.linspace(0, 2, STEPS).clip(0, 1)}},
            {"loss": LEARNED, "probe": {"saturated/layer1": 1.0}},
            {},
        ],
        ids=["diverged", "died", "saturated", "guessing"],
    )
    def test_it_explains_each_symptom(self, symptom: Mapping[str, Any]) -> None:
        told = run(**({"input_size": LARGE} | symptom))
        assert [each.rule for each in diagnose(told)] == ["unscaled"]

    @pytest.mark.parametrize(
        "told",
        [
            run(LEARNED, input_size=LARGE),
            run(changes={"data": {"scale_inputs": "standard"}}, input_size=LARGE),
            run(input_size=LARGE | {"column_rms": 19.0}),
            run(),
        ],
        ids=["no symptom", "scaled", "not so large", "unknown"],
    )
    def test_without_a_symptom_or_another_size_nothing_is_said(self, told: History) -> None:
        assert "unscaled" not in found(told)

    def test_sums_are_divided(self) -> None:
        data = {"data": {"kind": "sum", "highest": 500}}
        remedy = found(run(changes=data, input_size=LARGE))["unscaled"].remedy
        assert remedy is not None
        assert remedy.changes == ("data.divide_by=500",)


class TestDecay:
    STRONG: ClassVar = {"optimizer": {"lr": 0.3, "weight_decay": 10.0}}

    def test_past_2_the_weights_grow(self) -> None:
        finding = found(run(np.geomspace(1, 1e9, STEPS), self.STRONG, lr=0.3))["decay"]
        assert "multiplies every weight by -2 each step" in finding.words
        assert finding.remedy is not None
        assert finding.remedy.changes == ("optimizer.weight_decay=0",)

    def test_below_that_they_vanish(self) -> None:
        probe = {f"weight_norm/{layer}.weight": np.geomspace(2, 1e-9, STEPS) for layer in LAYERS}
        told = run(changes={"optimizer": {"weight_decay": 1.0}}, probe=probe)
        assert "has pulled all weights to 0" in found(told)["decay"].words

    def test_a_run_that_learns_is_left_in_peace(self) -> None:
        assert diagnose(run(LEARNED, self.STRONG, lr=0.3)) == ()
        assert "decay" not in found(run(changes={"optimizer": {"weight_decay": 1.0}}))


class TestDropout:
    def test_a_layer_of_which_little_is_left_is_named(self) -> None:
        finding = found(run(changes={"model": {"dropout": 0.9}}))["dropout"]
        assert finding.words.startswith("Dropout leaves out 90 % of layer 1: of its 4 units")
        assert finding.remedy is not None
        assert finding.remedy.changes == ("model.dropout=0",)

    def test_a_layers_own_is_changed_too(self) -> None:
        hidden = [{"units": 4}, {"units": 3, "dropout": 0.95}]
        finding = found(run(changes={"model": {"hidden": hidden}}))["dropout"]
        assert "95 % of layer 2" in finding.words
        assert finding.remedy is not None
        assert finding.remedy.changes == ("model.dropout=0", "model.hidden[1].dropout=0")

    def test_where_it_learns_it_is_no_fault(self) -> None:
        assert diagnose(run(LEARNED, {"model": {"dropout": 0.9}})) == ()
        assert "dropout" not in found(run(changes={"model": {"dropout": 0.5}}))


class TestSame:
    UNEVEN: ClassVar = {
        "class_shares": {"train": [[0.04, 0.96]], "dev": [[0.05, 0.95]]},
        "target_names": ["fraud", "ok"],
        "constant_loss": {"train": [0.17], "dev": [0.2]},
    }

    def test_the_class_that_every_row_is_said_to_be_is_named(self) -> None:
        told = run(0.16, dev={"loss": 0.21, "accuracy": 0.95}, **self.UNEVEN)
        finding = found(told)["same"]
        assert finding.words.startswith("It says ok for every row of the dev set: right for 95 %")
        assert finding.remedy is None

    @pytest.mark.parametrize(
        "dev", [{"loss": 0.21, "accuracy": 0.96}, {"loss": 0.1, "accuracy": 0.95}]
    )
    def test_an_answer_or_a_loss_of_its_own_is_no_such_thing(self, dev: Any) -> None:
        assert "same" not in found(run(0.16, dev=dev, **self.UNEVEN))


class TestDiverged:
    def test_a_rate_that_the_schedule_raised_is_held(self) -> None:
        rising = {"schedule": {"name": "exponential", "gamma": 1.1}}
        finding = found(run(np.geomspace(1, 1e5, STEPS), rising, lr=np.geomspace(0.1, 9, STEPS)))[
            "diverged"
        ]
        assert "The schedule has raised the learning rate from 0.1 to 9." in finding.words
        assert finding.remedy is not None
        assert finding.remedy.changes == ('schedule={name="constant"}',)

    def test_nothing_is_called_vanishing_beside_it(self) -> None:
        told = run(np.nan, norm=1e32, norms=layer_norms(1e7, 1e20, 1e32))
        assert [each.rule for each in diagnose(told)] == ["diverged"]

    def test_weights_that_were_too_large_from_the_start_are_made_to_fit(self) -> None:
        finding = found(run(np.geomspace(1e6, 1e30, STEPS)))["diverged"]
        assert finding.remedy is not None
        assert finding.remedy.changes == ("model.init.weight=xavier_normal",)


class TestOverfitting:
    TRAIN = np.geomspace(0.7, 1e-6, STEPS)

    def test_a_dev_loss_that_was_never_better_has_no_remedy(self) -> None:
        finding = found(run(self.TRAIN, dev=0.72))["overfitting"]
        assert "was never below the 0.7 of one answer for every row" in finding.words
        assert finding.remedy is None

    def test_a_rise_of_a_fifth_is_enough_where_the_rows_are_known_by_heart(self) -> None:
        dev = np.concatenate([np.linspace(0.7, 0.5, 20), np.linspace(0.5, 0.6, STEPS - 20)])
        assert found(run(self.TRAIN, dev=dev))["overfitting"].remedy is not None
        assert diagnose(run(self.TRAIN, dev=0.4 * dev)) == ()


TOLD = {
    "symmetric": history(weights=np.zeros(31)),
    "unreachable": history(target_range=[[0.0, 3.0]]),
    "plateau": run(),
    "cut": run(changes=HALVED, lr=GONE),
    "unscaled": run(input_size=LARGE),
    "decay": run(np.geomspace(1, 1e9, STEPS), TestDecay.STRONG, lr=0.3),
    "dropout": run(changes={"model": {"dropout": 0.9}}),
    "same": run(0.16, dev={"loss": 0.21, "accuracy": 0.95}, **TestSame.UNEVEN),
    "diverged": run(np.nan),
    "uncleared": history(experiment=experiment(train={"zero_grad": False})),
    "vanishing": history(norms=layer_norms(1e-9, 1, 1)),
    "exploding": history(norms=layer_norms(150, 1, 1)),
    "saturated": history(probe={"saturated/layer2": 0.9}),
    "dead": history(probe={"dead/layer1": 1.0}),
}


@pytest.mark.parametrize("rule", TOLD)
def test_no_layer_is_fine_that_the_diagnosis_speaks_of(rule: str) -> None:
    """Of the whole network that is every layer; of one layer that layer, with what it has."""
    told = TOLD[rule]
    step = 1 if rule == "symmetric" else told.last_step
    findings = diagnose(told, step)
    assert rule in {each.rule for each in findings}
    judged = verdicts(told, step)
    for finding in findings:
        for layer in [finding.where] if finding.where else LAYERS:
            assert judged[layer].severity != "good", f"{layer}: {judged[layer].word}"
    if rule in ("plateau", "cut", "dropout", "same"):
        assert words(told, step) == dict.fromkeys(LAYERS, "not learning")
    if rule == "unreachable":
        assert judged["layer3"].word == "out of reach"


def test_recordings_that_know_nothing_of_the_data_are_diagnosed_as_before() -> None:
    told = history(steps=STEPS, loss=0.69, lr=GONE, experiment=experiment() | HALVED)
    assert [each.rule for each in diagnose(told)] == ["plateau"]


def test_a_recording_without_a_loss_is_judged_without_an_error() -> None:
    columns = {"train": [f"grad_norm/{name}" for name in SHAPES]}
    told = History()
    told.add(tapes.header(experiment=experiment(), parameters=SHAPES, columns=columns))
    values = np.ones((len(SHAPES), STEPS, 1), np.float32)
    told.add(Series(group="train", first=1, values=values))
    assert diagnose(told) == ()
    assert set(verdicts(told, STEPS)) == set(LAYERS)
