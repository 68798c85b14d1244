"""An activation is stated once: shortcut, rule in torch and rule in numpy agree."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.components.activation_rules import NUMPY, ActivationRule, LayerRule
from engine.components.activations import ACTIVATIONS, ActivationEntry, Traits
from engine.components.formulas import parsed, written
from engine.gradients.manual import activations
from engine.gradients.manual.activations import (
    FORMULAS,
    FUNCTIONS,
    FusedActivation,
    RuledActivation,
)

RULES = {
    name: entry.rule
    for name, entry in ACTIVATIONS.items()
    if isinstance(entry.rule, ActivationRule) and name in FORMULAS
}
CORNERS = [-3.0, -1.0, 0.0, 1.0, 3.0]
POINTS = torch.cat(
    [torch.linspace(-12, 12, 1201), torch.tensor([-1e30, -1e4, -200.0, 200.0, 1e4, 1e30])]
).double()
SMOOTH = POINTS[~torch.isin(POINTS, torch.tensor(CORNERS).double())]
"""Where no activation has a corner: there a slope is what somebody says it is."""

UNSETTLED = ("elu", "hard_tanh")
"""Those whose slope at NaN is one in PyTorch's vectors and another in what fills none."""


def both_ways(
    formula: type[activations.ActivationFormula], z: Tensor, slope_of: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Return h and the slope, or what becomes of a derivative, [numbers] each."""
    inputs, d = z.clone()[None, None], torch.full_like(z, slope_of)[None, None]
    h = inputs if formula.in_place else torch.empty_like(inputs)
    made = formula(inputs, h, d)
    made.forward()
    made.backward(0)
    return made.h[0, 0].clone(), d[0, 0].clone()


def by_rule(rule: ActivationRule) -> type[RuledActivation]:
    return type("ByRule", (RuledActivation,), {"rule": rule})


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_shortcut_computes_what_the_rule_states(name: str) -> None:
    values, slopes = both_ways(by_rule(RULES[name]), SMOOTH)
    by_shortcut, slopes_by_shortcut = both_ways(FORMULAS[name], SMOOTH)
    torch.testing.assert_close(values, by_shortcut, rtol=1e-9, atol=1e-9)
    # PyTorch's sixth of a hard sigmoid is one of single precision.
    torch.testing.assert_close(slopes, slopes_by_shortcut, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", sorted(RULES))
@pytest.mark.parametrize("d", [0.0, 1.0, torch.inf, torch.nan])
def test_a_shortcut_passes_on_what_is_not_finite_as_the_rule_does(name: str, d: float) -> None:
    for z in (torch.inf, -torch.inf, torch.nan, 1e30, -1e30):
        if z != z and name in UNSETTLED:
            continue
        points = torch.full((17,), z).double()
        ours, theirs = (
            both_ways(each, points, d) for each in (by_rule(RULES[name]), FORMULAS[name])
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("d", [torch.inf, torch.nan])
def test_what_a_rule_does_not_pass_is_nothing_whatever_comes(d: float) -> None:
    rule = ActivationRule("z", "where(z > 0, where(z > 1, 0, 1), 0.5)")
    _, turned = both_ways(by_rule(rule), torch.tensor([2.0, 0.5, -1.0, torch.nan]), d)
    assert turned[0] == 0.0
    torch.testing.assert_close(turned[1:], torch.full((3,), d), equal_nan=True)


@pytest.mark.parametrize("name", sorted(RULES))
def test_numpy_has_the_slope_that_torch_has(name: str) -> None:
    with np.errstate(all="ignore"):
        slopes = RULES[name].numpy_slope(SMOOTH.numpy())
    torch.testing.assert_close(
        torch.from_numpy(slopes.copy()), both_ways(FORMULAS[name], SMOOTH)[1], rtol=0, atol=2e-6
    )


def test_a_rule_calls_nothing_that_either_side_lacks() -> None:
    assert {*FUNCTIONS} == {*NUMPY}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("identity", ""),
        ("sigmoid", "h (1 - h)"),
        ("tanh", "(1 - h²)"),
        ("relu", "(0 where z ≤ 0, else 1)"),
        ("leaky_relu", "(1 where z > 0, else 0.01)"),
        ("elu", "(1 where z > 0, else exp(z))"),
        ("gelu", "(Φ(z) + z φ(z))"),
        ("silu", "s (1 + z (1 - s)), s = sigmoid(z)"),
        ("mish", "(t + z (1 - t²) sigmoid(z)), t = tanh(softplus(z))"),
        ("softplus", "sigmoid(z)"),
        ("hard_sigmoid", "(1/6 where -3 < z < 3, else 0)"),
        ("hard_tanh", "(0 where |z| ≥ 1, else 1)"),
    ],
)
def test_a_slope_is_written_as_a_lesson_writes_it(name: str, text: str) -> None:
    rule = ACTIVATIONS[name].rule
    assert isinstance(rule, ActivationRule)
    assert rule.slope_text() == text


@pytest.mark.parametrize("whole", [ACTIVATIONS["mish"], ACTIVATIONS["mish"].traits])
def test_an_entry_without_a_part_is_none(whole: ActivationEntry | Traits) -> None:
    known = {field.name: getattr(whole, field.name) for field in fields(whole)}
    for part in known:
        with pytest.raises(TypeError, match=part):
            type(whole)(**{name: value for name, value in known.items() if name != part})


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("z - (1 - z)", "z - (1 - z)"),
        ("z / (2 * z)", "z / (2 z)"),
        ("(1 / z) * z", "(1 / z) z"),
        ("z * -z", "z (-z)"),
        ("(z + 1)**2 / z**3", "(z + 1)² / z³"),
        ("abs(z) * (z <= 1)", "|z| (z ≤ 1)"),
        ("where(z > 0, where(z < 1, z, 1), 0)", "(z where z < 1, else 1) where z > 0, else 0"),
    ],
)
def test_a_formula_keeps_the_brackets_that_it_needs(formula: str, text: str) -> None:
    assert written(parsed(formula)) == text


def test_a_rule_that_nobody_can_write_is_none() -> None:
    with pytest.raises(TypeError, match=r"nobody knows how to write 'z // 2'"):
        ActivationRule("z // 2", "1")


def test_a_part_speaks_of_those_before_it_alone() -> None:
    with pytest.raises(TypeError, match="unknown things: b"):
        ActivationRule("a + b", "1", {"a": "z * b", "b": "z"})


def test_a_rule_that_speaks_of_unknown_things_is_none() -> None:
    with pytest.raises(TypeError, match="unknown things: softmin"):
        ActivationRule("softmin(z)", "1")


def test_what_mixes_units_and_has_no_class_is_refused_by_name() -> None:
    rule = ACTIVATIONS["softmax"].rule
    assert isinstance(rule, LayerRule)
    entry = replace(ACTIVATIONS["softmax"], rule=replace(rule, value="{z}"))
    formula = activations._formula_of("softmax", entry)
    assert formula is not None
    assert issubclass(formula, FusedActivation)
    with pytest.raises(TypeError, match="sparsemax: mixes the units"):
        activations._formula_of("sparsemax", entry)
