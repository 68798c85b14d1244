"""Activations as pictures: every activation, every size, and what stops gradients is said."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.components.activation_rules import ActivationRule
from engine.components.activations import ACTIVATIONS
from tui.drawing.network.activations import LayerSums, draw_curves, draw_sums, reach
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

PLAIN = DARK.without_colours()
SIZES = [(1, 1), (3, 2), (20, 8), (40, 12), (80, 24), (200, 60)]
RNG = np.random.default_rng(1)
SUMS = {
    "normal": RNG.standard_normal((50, 4)),
    "far": RNG.standard_normal((50, 4)) * 300 - 100,
    "no rows": np.empty((0, 4)),
    "nan": np.full((5, 2), np.nan),
    "some infinite": np.array([[1.0, np.inf], [-np.inf, np.nan]]),
    "huge": np.array([[-1e30, 1e30, 0.0]]),
    "one": np.array([[0.0]]),
}
CURVED = [name for name, entry in ACTIVATIONS.items() if isinstance(entry.rule, ActivationRule)]


def layer(activation: str, sums=SUMS["normal"]) -> LayerSums:
    return LayerSums(
        name="layer1",
        activation=activation,
        sums=sums,
        rows=len(sums),
        facts=("weights of step 3",),
    )


def text(shown: LayerSums, width=100, height=24) -> list[str]:
    return [line.plain for line in draw_sums(shown, width, height, Look(BRAILLE, PLAIN))]


@pytest.mark.parametrize("sums", SUMS.values(), ids=SUMS)
def test_it_has_exactly_its_size_whatever_goes_in(sums) -> None:
    looks = [*(Look(glyphs, DARK) for glyphs in GLYPHS), Look(BRAILLE, PLAIN)]
    for activation, size, look in itertools.product(ACTIVATIONS, SIZES, looks):
        lines = draw_sums(layer(activation, sums), *size, look)
        assert len(lines) == size[1]
        assert {line.cell_len for line in lines} == {size[0]}
        if look.glyphs is ASCII:
            assert all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize("activation", CURVED)
def test_the_slope_is_the_derivative_of_the_curve(activation) -> None:
    rule = ACTIVATIONS[activation].rule
    z = np.linspace(-6, 6, 241) + 0.013
    differences = (rule.numpy(z + 1e-4) - rule.numpy(z - 1e-4)) / 2e-4
    np.testing.assert_allclose(
        layer(activation, z[:, None]).slopes[:, 0], abs(differences), atol=2e-3
    )


def test_only_what_falls_before_it_rises_has_a_minimum() -> None:
    least = {name: entry.minimum for name, entry in ACTIVATIONS.items() if entry.minimum}
    assert set(least) == {"gelu", "silu", "mish"}
    for name, (z, value) in least.items():
        assert value == pytest.approx(ACTIVATIONS[name].traits.range[0], abs=1e-4)
        assert abs(ACTIVATIONS[name].rule.numpy_slope(np.array([z]))[0]) < 1e-3


def test_what_stops_gradients_is_counted() -> None:
    sums = np.array([[-1.0, 2.0], [-3.0, -0.5]])
    assert layer("relu", sums).shares == {"dead": 0.5, "no slope": 0.75}
    assert layer("tanh", np.array([[9.0, 0.0], [8.0, 9.0]])).shares == {
        "saturated": 0.5,
        "flat": 0.75,
    }
    assert layer("gelu", sums).shares["below the minimum"] == 0.5
    assert layer("identity", sums).shares == {}
    assert layer("softmax", sums).shares == {}


def test_a_dead_and_a_saturated_layer_are_told() -> None:
    dead = text(layer("relu", np.full((10, 3), -8.0)))
    assert dead[1].startswith("3 of 3 units dead  100 % of z at slope 0")
    saturated = text(layer("sigmoid", np.full((10, 1), 20.0)))
    assert saturated[1].startswith("1 of 1 unit saturated  100 % of z flat")


def test_where_no_number_is_finite_nothing_is_counted() -> None:
    sums = np.full((10, 3), np.nan)
    assert text(layer("gelu", sums))[1].strip() == "no z is finite"
    sums[0] = 0.5
    assert text(layer("gelu", sums))[1].startswith("27 not finite, left out  0 of 3 units")


def test_the_minimum_of_a_gelu_is_marked_where_it_is() -> None:
    lines = text(layer("gelu"))
    assert "minimum -0.17 at z = -0.75" in lines[2]
    marked = [line for line in lines[3:] if "▼" in line]
    assert len(marked) == 1
    columns = 100 - marked[0].index("│") - 1 if "│" in marked[0] else 100 - marked[0].index("┤") - 1
    at = marked[0].index("▼") - (100 - columns)
    assert at == round((4 - 0.75) / 8 * (columns - 1))
    assert "▼" not in "".join(text(layer("relu")))
    # In the lab's middle column there is less room for words.
    assert "▼ least -0.17" in text(layer("gelu"), 42)[2]


def test_most_of_z_is_in_the_picture_and_the_rest_is_said() -> None:
    assert reach(np.array([0.1])) == (-4.0, 4.0)
    sums = np.append(RNG.standard_normal(999), 1000.0)[:, None]
    assert reach(sums[:, 0])[1] < 10
    assert "further out" in text(layer("identity", sums), 200)[1]


def test_what_mixes_units_has_no_curve_and_says_so() -> None:
    lines = text(layer("softmax"))
    assert "no curve of one z" in lines[2]
    assert any("█" in line for line in lines[3:])


@pytest.mark.parametrize("activation", CURVED)
def test_a_curve_is_drawn_for_every_activation_of_one_z(activation) -> None:
    lines = draw_curves(activation, (-4.0, 4.0), (40, 8), Look(BRAILLE, PLAIN))
    drawn = "".join(line.plain for line in lines)
    assert "h" in drawn
    assert "s" in drawn
