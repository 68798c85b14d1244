"""Each rule of the diagnosis, on histories made by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.diagnosis import Finding, diagnose, rules, verdicts
from engine.diagnosis.finding import Rule
from engine.diagnosis.rules import dead, diverged, exploding, saturated, vanishing
from engine.diagnosis.words import layer_names, number, percent
from engine.recording.events import Series, Snapshot
from engine.recording.history import History
from engine.training import snapshots
from engine.training.snapshots import SnapshotSteps
from tests import tapes
from tests.patience import DEADLINE

LAYERS = ("layer1", "layer2", "layer3")
SHAPES = {
    "layer1.weight": [4, 2],
    "layer1.bias": [4],
    "layer2.weight": [3, 4],
    "layer2.bias": [3],
    "layer3.weight": [1, 3],
    "layer3.bias": [1],
}
EXPERIMENT: dict[str, Any] = {
    "model": {
        "kind": "mlp",
        "hidden": [{"units": 4}, {"units": 3}],
        "activation": "sigmoid",
        "output_activation": "sigmoid",
        "init": {"weight": {"name": "normal", "std": 1.0}, "bias": {"name": "zeros"}},
    },
    "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.0},
    "train": {"batch_size": "full", "zero_grad": True},
}


def experiment(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the experiment's tables with some keys of them changed."""
    return {name: {**table, **changes.get(name, {})} for name, table in EXPERIMENT.items()}


def history(
    steps: int = 40,
    loss: Any = None,
    lr: Any = 0.1,
    norm: Any = 1.0,
    norms: Mapping[str, Any] | None = None,
    dev: Any = None,
    probe: Mapping[str, Any] | None = None,
    weights: Any = None,
    accuracy: Any = None,
    members: int = 1,
    **header: Any,
) -> History:
    """Return a run of three layers: a loss that falls, norms of 1, and what is said otherwise.

    A column is a number, one for each step, or [steps, members].
    """
    columns = [f"grad_norm/{name}" for name in SHAPES]
    train = {
        "loss": np.geomspace(1, 0.01, steps) if loss is None else loss,
        "lr": lr,
        "grad_norm": norm,
        **dict.fromkeys(columns, 1.0),
        **{f"grad_norm/{name}": values for name, values in (norms or {}).items()},
    }
    if accuracy is not None:
        train["accuracy"] = accuracy
    groups: dict[str, Mapping[str, Any]] = {"train": train}
    if dev is not None:
        groups["dev"] = dev if isinstance(dev, Mapping) else {"loss": dev}
    if probe is not None:
        groups["probe"] = probe
    names = {group: list(values) for group, values in groups.items()}
    told = History()
    given: dict[str, Any] = {
        "experiment": experiment(),
        "parameters": SHAPES,
        "columns": names,
        "seeds": list(range(members)),
        **header,
    }
    told.add(tapes.header(**given))
    if weights is not None:
        told.add(Snapshot(step=0, values=np.tile(np.float32(weights), (members, 1))))
    for group, values in groups.items() if steps else ():
        rows = [_rows(each, steps, members) for each in values.values()]
        told.add(Series(group=group, first=1, values=np.stack(rows)))
    return told


def _rows(values: Any, steps: int, members: int) -> np.ndarray:
    column = np.asarray(values, np.float32)
    column = column[:, None] if column.ndim == 1 else column
    return np.broadcast_to(column, (steps, members))


def layer_norms(*norms: Any) -> dict[str, Any]:
    """Return the norms of each layer's weights."""
    return {f"{layer}.weight": each for layer, each in zip(LAYERS, norms, strict=True)}


def found(told: History, step: int | None = None) -> dict[str, Finding]:
    return {finding.rule: finding for finding in diagnose(told, step)}


def words(told: History, step: int) -> dict[str, str]:
    return {layer: verdict.word for layer, verdict in verdicts(told, step).items()}


class TestTheWhole:
    def test_a_healthy_run_has_no_findings(self) -> None:
        told = history()
        assert diagnose(told) == ()
        assert words(told, 40) == dict.fromkeys(LAYERS, "fine")

    def test_a_history_without_a_header_or_rows_has_none_either(self) -> None:
        assert diagnose(History()) == ()
        assert verdicts(History(), 3) == {}
        assert diagnose(history(steps=0)) == ()
        assert verdicts(history(), 0) == {}

    def test_a_member_that_is_not_there_has_none(self) -> None:
        assert diagnose(history(norms=layer_norms(1e-9, 1, 1)), member=1) == ()

    def test_every_member_is_diagnosed_for_itself(self) -> None:
        told = history(members=2, norms=layer_norms(np.tile([1, 1e-9], (40, 1)), 1, 1))
        assert diagnose(told, member=0) == ()
        assert [each.rule for each in diagnose(told, member=1)] == ["vanishing"]

    def test_a_header_of_almost_nothing_is_diagnosed_without_an_error(self) -> None:
        told = History()
        told.add(tapes.header(experiment={}))
        told.add(tapes.train_rows(1, 20))
        assert isinstance(diagnose(told), tuple)
        assert set(verdicts(told, 20)) == {"layer1"}

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 1e-38, 3e38])
    def test_no_value_of_any_column_is_an_error(self, value: float) -> None:
        norms = dict.fromkeys(SHAPES, value)
        told = history(steps=200, loss=value, norms=norms, dev=value, probe={"dead/layer1": value})
        assert isinstance(diagnose(told), tuple)
        assert set(verdicts(told, 200)) == set(LAYERS)

    def test_the_worst_comes_first(self) -> None:
        told = history(norms=layer_norms(1e-9, 1, 1), probe={"saturated/layer2": 1.0})
        assert [each.severity for each in diagnose(told)] == ["bad", "warning"]

    def test_what_comes_after_the_step_does_not_count(self) -> None:
        norms = np.where(np.arange(80) < 40, 1.0, 1e-9)
        told = history(steps=80, norms=layer_norms(norms, 1, 1))
        assert diagnose(told, 40) == ()
        assert found(told, 80)["vanishing"].step == 80

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            (None, "has no RULE called 'dead'"),
            (replace(dead.RULE, name="deed"), "has no RULE called 'dead'"),
            (replace(dead.RULE, explains="still quiet"), "explains no rule: quiet"),
        ],
    )
    def test_a_file_that_holds_no_rule_is_named(
        self, rule: Rule | None, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert rules._entry("dead") is dead.RULE
        monkeypatch.setattr(dead, "RULE", rule)
        with pytest.raises(TypeError, match=f"engine/diagnosis/rules/dead.py: {said}$"):
            rules._entry("dead")

    def test_it_needs_neither_torch_nor_pydantic(self) -> None:
        script = (
            "import sys, engine.diagnosis;"
            "print(*{'torch', 'pydantic', 'textual', 'tui'} & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            timeout=DEADLINE,
        )
        assert done.stdout.split() == []


class TestVanishing:
    def test_the_smallest_layer_is_compared_with_the_last(self) -> None:
        finding = found(history(norms=layer_norms(4e-6, 2e-3, 1)))["vanishing"]
        assert finding.words == "Layer 1's gradient is 4e-6 of layer 3's: vanishing."
        assert finding.advice == "Try ReLU with He initialisation."
        assert (finding.severity, finding.where, finding.step) == ("bad", "layer1", 40)
        assert finding.remedy is not None
        assert finding.remedy.changes == (
            "model.activation=relu",
            "model.init.weight=kaiming_normal",
        )

    @pytest.mark.parametrize(
        ("relative", "severity"), [(1.1, None), (0.9, "warning"), (0.009, "bad")]
    )
    def test_its_thresholds(self, relative: float, severity: str | None) -> None:
        told = history(norms=layer_norms(relative * vanishing.SMALL, 1, 1))
        finding = found(told).get("vanishing")
        assert (finding.severity if finding else None) == severity
        assert words(told, 40)["layer1"] == ("vanishing" if severity else "fine")

    def test_one_step_of_noise_is_not_enough(self) -> None:
        norms = np.ones(40)
        norms[-1] = 1e-9
        assert diagnose(history(norms=layer_norms(norms, 1, 1))) == ()

    def test_the_first_step_is(self) -> None:
        assert "vanishing" in found(history(norms=layer_norms(1e-9, 1, 1)), 1)

    def test_relus_get_weights_and_biases_then_a_normalisation(self) -> None:
        model = {
            "activation": "relu",
            "init": {
                "weight": {"name": "normal", "std": 0.01},
                "bias": {"name": "constant", "val": -8.0},
            },
        }
        small = layer_norms(1e-9, 1, 1)
        remedy = found(history(norms=small, experiment=experiment(model=model)))["vanishing"].remedy
        assert remedy is not None
        assert remedy.changes == ("model.init.weight=kaiming_normal", "model.init.bias=0")
        model["init"] = {"weight": {"name": "kaiming_normal"}, "bias": {"name": "zeros"}}
        remedy = found(history(norms=small, experiment=experiment(model=model)))["vanishing"].remedy
        assert remedy is not None
        assert remedy.changes == ("model.normalisation=batch",)

    def test_layers_with_settings_of_their_own_are_changed_too(self) -> None:
        hidden = [{"units": 4}, {"units": 3, "activation": "tanh"}]
        told = history(
            norms=layer_norms(1e-9, 1, 1), experiment=experiment(model={"hidden": hidden})
        )
        remedy = found(told)["vanishing"].remedy
        assert remedy is not None
        assert "model.hidden[1].activation=relu" in remedy.changes

    def test_a_network_of_ones_own_is_only_advised(self) -> None:
        told = history(
            norms=layer_norms(1e-9, 1, 1), experiment=experiment(model={"kind": "python"})
        )
        finding = found(told)["vanishing"]
        assert finding.remedy is None
        assert finding.advice

    def test_where_the_last_weights_have_no_gradient_its_bias_counts(self) -> None:
        norms = dict.fromkeys(SHAPES, 1e-9) | {"layer3.weight": 0.0, "layer3.bias": 0.5}
        assert "3e-9 of layer 3's" in found(history(norms=norms))["vanishing"].words


class TestExploding:
    def test_the_largest_layer_is_compared_with_the_last(self) -> None:
        finding = found(history(norms=layer_norms(150, 30, 1)))["exploding"]
        assert finding.words == "Layer 1's gradient is 150 times layer 3's: exploding."
        assert finding.severity == "bad"
        assert finding.remedy is not None
        assert finding.remedy.changes == ("model.init.weight=xavier_normal",)

    def test_its_threshold(self) -> None:
        assert diagnose(history(norms=layer_norms(0.9 * exploding.LARGE, 1, 1))) == ()
        told = history(norms=layer_norms(1.1 * exploding.LARGE, 1, 1))
        assert words(told, 40) == {"layer1": "exploding", "layer2": "fine", "layer3": "fine"}

    @pytest.mark.parametrize(
        "changes", [{"train": {"clip_norm": 1.0}}, {"optimizer": {"name": "adam", "lr": 0.01}}]
    )
    def test_it_matters_little_where_updates_are_bounded(self, changes: Any) -> None:
        told = history(norms=layer_norms(150, 1, 1), experiment=experiment(**changes))
        finding = found(told)["exploding"]
        assert finding.severity == "note"
        assert "stay small" in finding.words or "keeps the updates small" in finding.words

    def test_weights_that_fit_already_are_followed_by_a_bound(self) -> None:
        model = {
            "normalisation": "batch",
            "init": {"weight": {"name": "xavier_normal"}, "bias": {"name": "zeros"}},
        }
        told = history(norms=layer_norms(150, 1, 1), experiment=experiment(model=model))
        remedy = found(told)["exploding"].remedy
        assert remedy is not None
        assert remedy.changes == ("train.clip_norm=1.0",)


class TestDead:
    RELU = experiment(model={"activation": "relu", "output_activation": "identity"})
    CUT = dict.fromkeys(SHAPES, 0.0) | {"layer3.bias": 0.5}

    def test_the_probe_says_it(self) -> None:
        told = history(probe={"dead/layer1": 0.1, "dead/layer2": 1.0}, experiment=self.RELU)
        finding = found(told)["dead"]
        assert finding.words == "No unit of layer 2 is ever active: dead."
        assert (finding.severity, finding.where) == ("bad", "layer2")
        assert words(told, 40)["layer2"] == "dead"

    def test_where_it_is_probed_seldom_the_newest_row_counts_alone(self) -> None:
        told = history(probe={"dead/layer2": 1.0}, experiment=self.RELU)
        history_of = [told.header, *told.series["train"].as_series("train")]
        for first, dead_units in ((16, 0.0), (24, 0.0), (32, 1.0)):
            values = np.full((1, 1, 1), dead_units, np.float32)
            history_of.append(Series(group="probe", first=first, stride=8, values=values))
        assert found(History(history_of))["dead"].where == "layer2"

    @pytest.mark.parametrize(("step", "gone"), [(8, "layer2"), (16, None)])
    def test_what_died_since_it_was_probed_is_told_by_its_gradients(
        self, step: int, gone: str | None
    ) -> None:
        told = history(probe={"dead/layer1": 0.1, "dead/layer2": 0.2}, norms=self.CUT)
        header = replace(told.header, experiment=self.RELU)
        events = [header, *told.series["train"].as_series("train")]
        # Of 40 steps the last 32 are recent: what was alive in the middle of these is so.
        probed = np.float32([[[0.1]], [[0.2]]])
        told = History([*events, Series(group="probe", first=step, values=probed)])
        assert getattr(found(told).get("dead"), "where", None) == gone
        assert words(told, 40)["layer1"] != "dead"

    def test_many_dead_units_are_a_warning(self) -> None:
        share = dead.MANY + 0.1
        told = history(probe={"dead/layer1": share}, experiment=self.RELU)
        assert found(told)["dead"].severity == "warning"
        assert words(told, 40)["layer1"] == "dying"
        assert diagnose(history(probe={"dead/layer1": dead.MANY}, experiment=self.RELU)) == ()

    def test_units_that_died_while_training_ask_for_smaller_steps(self) -> None:
        shares = np.linspace(0, 1, 40)
        remedy = found(history(probe={"dead/layer1": shares}, experiment=self.RELU))["dead"].remedy
        assert remedy is not None
        assert remedy.changes == ("optimizer.lr=0.01",)
        remedy = found(history(probe={"dead/layer1": 1.0}, experiment=self.RELU))["dead"].remedy
        assert remedy is not None
        assert remedy.changes[0] == "model.activation=leaky_relu"

    def test_without_a_probe_gradients_of_exactly_0_say_it(self) -> None:
        told = history(norms=self.CUT, experiment=self.RELU)
        finding = found(told)["dead"]
        assert finding.words.startswith("No unit of layers 1 and 2 is ever active: dead.")
        assert words(told, 40) == {"layer1": "dead", "layer2": "dead", "layer3": "fine"}

    def test_a_sigmoid_without_a_gradient_is_still_and_not_dead(self) -> None:
        told = history(norms=self.CUT)
        assert "dead" not in found(told)
        assert words(told, 40)["layer1"] == "still"

    def test_a_dead_output_stops_everything(self) -> None:
        outputs = experiment(model={"activation": "relu", "output_activation": "relu"})
        zeros = dict.fromkeys(SHAPES, 0.0)
        told = history(norm=0.0, norms=zeros, experiment=outputs)
        finding = found(told)["dead"]
        assert (finding.where, finding.severity) == ("layer3", "bad")
        assert finding.remedy is not None
        assert finding.remedy.changes == ("model.output_activation=identity",)
        assert words(told, 40) == {"layer1": "still", "layer2": "still", "layer3": "dead"}

    def test_an_output_that_died_while_training_asks_for_smaller_steps(self) -> None:
        outputs = experiment(model={"activation": "relu", "output_activation": "relu"})
        remedy = found(history(norms=dict.fromkeys(SHAPES, 0.0), experiment=outputs))["dead"].remedy
        assert remedy is not None
        assert remedy.changes == ("optimizer.lr=0.01",)

    def test_a_loss_of_0_needs_no_gradient(self) -> None:
        zeros = dict.fromkeys(SHAPES, 0.0)
        assert "dead" not in found(history(loss=0.0, norms=zeros, experiment=self.RELU))


class TestSaturated:
    def test_many_flat_units_are_a_warning(self) -> None:
        told = history(probe={"saturated/layer1": 0.2, "saturated/layer2": 0.9})
        finding = found(told)["saturated"]
        assert finding.words == "90 % of layer 2's units lie where sigmoid is flat: saturated."
        assert finding.severity == "warning"
        assert words(told, 40)["layer2"] == "saturated"

    def test_its_threshold(self) -> None:
        assert diagnose(history(probe={"saturated/layer1": saturated.MANY})) == ()

    def test_one_probe_of_noise_is_not_enough(self) -> None:
        shares = np.zeros(40)
        shares[-1] = 1
        assert diagnose(history(probe={"saturated/layer1": shares})) == ()


class TestSymmetric:
    ZEROS = np.zeros(31)

    def test_units_that_are_copies_are_found_before_the_first_step(self) -> None:
        told = history(weights=self.ZEROS)
        finding = found(told, 0)["symmetric"]
        assert (finding.severity, finding.where, finding.step) == ("bad", "layer1", 0)
        assert finding.words.startswith("All 4 units of layer 1 have the same weights")
        assert words(told, 1)["layer1"] == "stuck"

    def test_the_last_bit_does_not_part_them(self) -> None:
        weights = np.full(31, 0.3)
        weights[0] *= 1 + 1e-7
        assert "symmetric" in found(history(weights=weights), 0)
        weights[0] *= 1 + 1e-4
        assert found(history(weights=weights), 0)["symmetric"].where == "layer2"

    def test_it_does_not_come_and_go_with_the_weights_that_are_kept(self) -> None:
        told, steps = history(steps=300, weights=np.zeros(31)), SnapshotSteps(300, 0)
        assert steps.per_octave == snapshots.LEAST
        for step in steps.between(1, 300):
            told.add(Snapshot(step=step, values=np.zeros((1, 31), np.float32)))
        assert all("symmetric" in found(told, step) for step in range(301))

    def test_different_weights_going_out_part_them(self) -> None:
        weights = np.zeros(31)
        weights[12:] = np.random.default_rng(0).normal(size=19)
        assert diagnose(history(weights=weights), 0) == ()

    def test_dropout_parts_them(self) -> None:
        told = history(weights=self.ZEROS, experiment=experiment(model={"dropout": 0.5}))
        assert diagnose(told, 0) == ()

    def test_weights_long_out_of_date_say_nothing(self) -> None:
        assert diagnose(history(weights=self.ZEROS), 40) == ()


class TestUncleared:
    KEPT = experiment(train={"zero_grad": False})

    def test_the_experiment_and_the_norms_say_it(self) -> None:
        told = history(norm=np.linspace(1, 13, 40), experiment=self.KEPT)
        finding = found(told)["uncleared"]
        assert finding.severity == "bad"
        assert "The norm grew from 1 to 13 while the loss fell from 1 to 0.01." in finding.words
        assert finding.remedy is not None
        assert finding.remedy.changes == ("train.zero_grad=true",)

    def test_no_growth_is_told_where_there_is_none(self) -> None:
        assert "grew" not in found(history(experiment=self.KEPT))["uncleared"].words
        assert diagnose(history(experiment=self.KEPT), 0) == ()


class TestDiverged:
    def test_the_step_at_which_the_loss_was_lost_is_named(self) -> None:
        losses = np.ones(40)
        losses[37:] = np.nan
        told = history(loss=losses, norm=np.geomspace(1, 1e12, 40))
        finding = found(told)["diverged"]
        assert finding.words.startswith("The loss was NaN at step 38: diverged.")
        assert "grew from 1 to 1e12 at learning rate 0.1" in finding.words
        assert (finding.severity, finding.step) == ("bad", 38)
        assert finding.remedy is not None
        assert finding.remedy.changes == ("optimizer.lr=0.01",)
        assert diagnose(told, 37) == ()

    def test_a_loss_that_runs_away_is_a_warning(self) -> None:
        run_away = 1.1 * diverged.GROWN
        told = history(steps=80, loss=np.where(np.arange(80) < 20, 1.0, run_away))
        finding = found(told)["diverged"]
        assert finding.words == "The loss rose from 1 to 4.4: diverging."
        assert finding.severity == "warning"

    def test_a_rate_that_was_raised_is_to_be_taken_back(self) -> None:
        told = history(loss=np.nan, lr=5.0)
        finding = found(told)["diverged"]
        assert finding.remedy is None
        assert "the experiment's own, 0.1" in finding.advice

    def test_a_layer_whose_gradient_is_no_number_is_told(self) -> None:
        norms = np.ones(40)
        norms[-1] = np.nan
        assert words(history(norms=layer_norms(norms, 1, 1)), 40)["layer1"] == "not finite"


class TestPlateau:
    def test_a_loss_that_stands_still_at_its_beginning_is_a_warning(self) -> None:
        finding = found(history(steps=200, loss=0.69))["plateau"]
        assert finding.severity == "warning"
        assert finding.words == "The loss has stood near 0.69 since step 81: a plateau."
        assert finding.remedy is not None
        assert finding.remedy.changes == ('optimizer={name="adam", lr=0.01}',)

    def test_further_down_it_is_a_note_and_perhaps_a_minimum(self) -> None:
        losses = np.concatenate([np.linspace(1, 0.3, 40), np.full(160, 0.3)])
        told = history(steps=200, loss=losses)
        assert found(told)["plateau"].severity == "note"
        norms = np.where(np.arange(200) < 40, 1.0, 1e-7)
        finding = found(history(steps=200, loss=losses, norm=norms))["plateau"]
        assert "at a minimum" in finding.words
        assert finding.remedy is None

    def test_a_converged_run_is_none(self) -> None:
        losses = np.concatenate([np.linspace(1, 0.05, 40), np.full(160, 0.05)])
        assert diagnose(history(steps=200, loss=losses)) == ()

    def test_nor_is_a_slow_one_or_a_young_one(self) -> None:
        assert diagnose(history(steps=200, loss=np.linspace(1, 0.8, 200))) == ()
        assert diagnose(history(steps=99, loss=0.69)) == ()

    def test_linear_layers_are_told_what_they_lack(self) -> None:
        linear = experiment(model={"activation": "identity"})
        remedy = found(history(steps=200, loss=0.69, experiment=linear))["plateau"].remedy
        assert remedy is not None
        assert remedy.changes == ("model.activation=relu",)


class TestOverfitting:
    TRAIN = np.geomspace(1, 0.001, 200)
    DEV = np.concatenate([np.geomspace(1, 0.3, 80), np.geomspace(0.3, 0.9, 120)])

    def test_dev_rises_while_train_falls(self) -> None:
        told = history(steps=200, loss=self.TRAIN, dev=self.DEV)
        finding = found(told)["overfitting"]
        assert finding.severity == "warning"
        assert "rose from 0.31 near step 81 to 0.81" in finding.words
        assert finding.remedy is not None
        patience, by_loss = finding.remedy.changes
        assert by_loss == "train.keep_best=loss"
        assert 10 <= int(patience.removeprefix("train.patience=")) <= 30
        assert diagnose(told, 80) == ()

    def test_dev_that_jumps_has_not_risen(self) -> None:
        dev = self.DEV.copy()
        dev[5::10] = 0.3
        assert diagnose(history(steps=200, loss=self.TRAIN, dev=dev)) == ()

    def test_both_rising_is_something_else(self) -> None:
        assert "overfitting" not in found(history(steps=200, loss=self.DEV, dev=self.DEV))


class TestUnreachable:
    GELU = experiment(model={"output_activation": "gelu"})

    def test_a_target_below_the_output_is_named(self) -> None:
        told = history(
            experiment=self.GELU,
            target_range=[[0.0, 7.0], [-9.9, 7.1]],
            target_names=["exp(x)", "x * exp(x) - 10"],
        )
        finding = found(told, 0)["unreachable"]
        assert finding.words == (
            "Target x * exp(x) - 10 goes down to -9.9, and gelu gives nothing below -0.17: "
            "out of reach."
        )
        assert finding.severity == "bad"
        assert finding.remedy is not None
        assert finding.remedy.changes == ("model.output_activation=identity",)

    def test_a_target_above_the_output_is_named(self) -> None:
        told = history(target_range=[[0.0, 3.0]])
        assert "goes up to 3, and sigmoid gives nothing above 1" in found(told)["unreachable"].words

    @pytest.mark.parametrize("ranges", [[[-0.16, 9.0]], [[0.0, 1.0]], []])
    def test_what_can_be_reached_is_no_finding(self, ranges: list[list[float]]) -> None:
        assert diagnose(history(experiment=self.GELU, target_range=ranges)) == ()

    def test_a_constant_target_may_be_out_of_reach_as_well(self) -> None:
        assert "unreachable" in found(history(target_range=[[5.0, 5.0]]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.4e-6, "4e-6"),
        (0.69, "0.7"),
        (150.0, "200"),
        (1e12, "1e12"),
        (np.nan, "NaN"),
        (np.inf, "infinite"),
        (0.0, "0"),
        (-9.9, "-10"),
    ],
)
def test_numbers_are_brief(value: float, text: str) -> None:
    assert number(value, 1) == text


def test_shares_and_layers_in_words() -> None:
    assert (percent(1.0), percent(0.999), percent(0.4)) == ("100 %", "99 %", "40 %")
    assert layer_names(["layer2"]) == "layer 2"
    assert layer_names(["layer1", "layer2", "layer3", "layer4"]) == "layers 1 to 4"
    assert layer_names(["layer1", "layer3"]) == "layers 1 and 3"
    assert layer_names(["conv1", "output"]) == "layers conv1 and output"


def test_a_rule_that_fails_for_a_recording_says_so_and_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(facts: object) -> Finding | None:
        raise TypeError("a float has no keys")

    def find(facts: object) -> Finding | None:
        return Finding("bad", "It is on fire.")

    broken = (Rule("broken", fail, word="broken"), Rule("fire", find))
    monkeypatch.setattr("engine.diagnosis.RULES", broken)
    history = History([tapes.header(), tapes.train_rows(1, 3)])
    bad, note = diagnose(history)
    assert (bad.words, bad.rule) == ("It is on fire.", "fire")
    assert (note.severity, note.rule) == ("note", "broken")
    assert "a float has no keys" in note.words
    assert "broken" not in {verdict.word for verdict in verdicts(history, 3).values()}
