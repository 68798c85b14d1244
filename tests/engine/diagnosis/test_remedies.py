"""What the diagnosis advises cures, and healthy runs are left in peace: a share of the benchmarks.

Every rule has one of its experiments trained here, sick and as advised, with three seeds; the
whole matrix and a hundred healthy runs are ``make remedies``.
"""

from __future__ import annotations

import pytest

from benchmarks import healthy, remedies
from engine.diagnosis.rules import RULES
from tui.setup.draft import Draft

QUICK = {
    "cut": "a sine at rate 0",
    "dead": "a sine, biases of -9",
    "decay": "a sine under AdamW",
    "diverged": "a rate that its schedule raises",
    "dropout": "a sine",
    "exploding": "moons, ten layers",
    "overfitting": "diabetes by 40 patients",
    "plateau": "circles by straight lines",
    "saturated": "a sine",
    "symmetric": "a sine, zeros under Adam",
    "uncleared": "a parabola",
    "unreachable": "a sine by a ReLU",
    "unscaled": "a sum in grams",
    "vanishing": "a sine, small weights",
}
"""The quickest experiment of each rule."""

WITHOUT = {"same", "still"}
"""Rules that have no remedy: one cannot say what helps, one only judges layers."""


def test_every_rule_with_a_remedy_has_three_experiments() -> None:
    assert {rule.name for rule in RULES} == {*remedies.SICK, *WITHOUT}
    assert all(len(experiments) >= 3 for experiments in remedies.SICK.values())
    assert set(QUICK) == set(remedies.SICK)


@pytest.mark.parametrize("rule", QUICK)
def test_a_remedy_cures(rule: str) -> None:
    outcomes = remedies.outcomes(rule, QUICK[rule])
    assert {each.seed for each in outcomes} == set(range(remedies.SEEDS))
    assert [(each.remedy, each.faults) for each in outcomes if each.faults] == []


@pytest.mark.parametrize("first", [2000, 4000])
def test_healthy_runs_are_left_in_peace(first: int) -> None:
    for count, (seed, run) in enumerate(healthy.healthy(first), start=1):
        assert healthy.alarms(run) == [], f"seed {seed}: {healthy.drawn(seed)}"
        if count == 4:
            break


@pytest.mark.parametrize(
    ("rule", "name", "changes"),
    [
        ("cut", "moons, a tenth every epoch", ('schedule={name="constant"}',)),
        (
            "unscaled",
            "prices by area",
            ("data.scale_inputs=standard", "data.scale_targets=standard"),
        ),
        ("overfitting", "a noisy sine", ("train.patience=12", "train.keep_best=loss")),
        ("decay", "moons, 3 at a step", ("optimizer.weight_decay=0",)),
        ("plateau", "xor at a small rate", ('optimizer={name="adam", lr=0.01}',)),
    ],
)
def test_the_lab_follows_it_as_the_command_does(
    rule: str, name: str, changes: tuple[str, ...]
) -> None:
    """What F changes in a draft is what ``--set`` changes in a preset."""
    sick = remedies.SICK[rule][name]
    draft = Draft.of("a", remedies.experiment(sick)).with_changes(changes)
    asked = remedies.experiment([*sick, *changes])
    assert draft.experiment is not None
    words = {"title", "about", "origin"}
    assert draft.experiment.model_dump(exclude=words) == asked.model_dump(exclude=words)
