"""Where parameters lie and how they start."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.network.module import Network
from engine.network.parameters import ALIGNMENT, ParameterLayout, initialise
from tests.experiments import CUBIC, experiment, seeded

widths = st.lists(st.integers(1, 40), min_size=1, max_size=4)


@given(hidden=widths, members=st.integers(1, 4))
def test_packing_gives_every_parameter_in_order(hidden: list[int], members: int) -> None:
    spec = experiment(CUBIC, model={"hidden": hidden, "activation": "tanh"})
    layout = ParameterLayout(spec, members)
    flat = torch.zeros(layout.size)
    for index, view in enumerate(layout.views(flat).values()):
        view.copy_(index * 100 + torch.arange(members)[:, None, None])
    packed = layout.pack(flat)
    sizes = [math.prod(shape) for shape in spec.shapes.values()]
    expected = np.repeat(np.arange(len(sizes)) * 100, sizes)
    assert packed.shape == (members, spec.parameters)
    np.testing.assert_array_equal(packed, expected[None] + np.arange(members)[:, None])


@given(hidden=widths, members=st.integers(1, 4))
def test_every_parameter_starts_on_64_bytes(hidden: list[int], members: int) -> None:
    spec = experiment(CUBIC, model={"hidden": hidden, "activation": "tanh"})
    layout = ParameterLayout(spec, members)
    flat = torch.zeros(3, layout.size)
    for part in layout.slices(flat):
        assert part[0].storage_offset() % ALIGNMENT == 0
    assert layout.size % ALIGNMENT == 0


def test_named_parameters_have_the_recorded_shapes() -> None:
    spec = experiment(CUBIC)
    layout = ParameterLayout(spec, 2)
    named = layout.named(initialise(seeded(spec, 1, 2), torch.float32))
    assert {name: tuple(value.shape) for name, value in named.items()} == {
        name: (2, *shape) for name, shape in spec.shapes.items()
    }


def test_the_default_is_what_pytorch_does() -> None:
    spec = experiment(CUBIC, model={"hidden": [400, 400], "activation": "relu"})
    named = ParameterLayout(spec, 1).named(initialise(seeded(spec, 1), torch.float32))
    for name in ("layer2.weight", "layer2.bias"):
        bound = 1 / math.sqrt(400)
        assert float(named[name].abs().max()) <= bound
        assert float(named[name].std()) == pytest.approx(bound / math.sqrt(3), rel=0.1)


@pytest.mark.parametrize(
    ("init", "check"),
    [
        ({"weight": "zeros", "bias": 0}, lambda w, b: not w.any() and not b.any()),
        ({"weight": 0.5, "bias": -8}, lambda w, b: (w == 0.5).all() and (b == -8).all()),
        ({"weight": {"name": "normal", "std": 0.01}}, lambda w, b: 0.009 < w.std() < 0.011),
        (
            {"weight": {"name": "uniform", "a": 2.0, "b": 3.0}},
            lambda w, b: 2 <= w.min() < w.max() <= 3,
        ),
        ({"weight": "xavier_uniform"}, lambda w, b: abs(w.std() - (2 / 200) ** 0.5) < 0.01),
        ({"weight": "xavier_normal"}, lambda w, b: abs(w.std() - (2 / 200) ** 0.5) < 0.01),
        ({"weight": "kaiming_uniform"}, lambda w, b: abs(w.std() - (2 / 100) ** 0.5) < 0.01),
        ({"weight": "kaiming_normal"}, lambda w, b: abs(w.std() - (2 / 100) ** 0.5) < 0.01),
        ({"weight": "orthogonal"}, lambda w, b: torch.allclose(w @ w.T, torch.eye(100), atol=1e-4)),
    ],
)
def test_initialisers_do_what_they_say(init: dict, check) -> None:
    spec = experiment(CUBIC, model={"hidden": [100, 100], "activation": "relu", "init": init})
    named = ParameterLayout(spec, 1).named(initialise(seeded(spec, 7), torch.float32))
    assert check(named["layer2.weight"][0], named["layer2.bias"][0])


def test_a_layer_more_does_not_change_the_first() -> None:
    starts = []
    for hidden in ([8], [8, 8]):
        spec = experiment(CUBIC, model={"hidden": hidden, "activation": "relu"})
        starts.append(ParameterLayout(spec, 1).named(initialise(seeded(spec, 7), torch.float32)))
    assert torch.equal(starts[0]["layer1.weight"], starts[1]["layer1.weight"])


def test_a_layer_may_start_differently() -> None:
    hidden = [{"units": 3, "init": {"weight": "zeros", "bias": 1}}, 4]
    spec = experiment(CUBIC, model={"hidden": hidden, "activation": "relu"})
    named = ParameterLayout(spec, 1).named(initialise(seeded(spec, 7), torch.float32))
    assert not named["layer1.weight"].any()
    assert named["layer2.weight"].all()


def test_what_the_optimizer_changes_changes_the_flat_tensor() -> None:
    spec = experiment(CUBIC)
    flat = initialise(seeded(spec, 1, 2), torch.float32)
    network = Network([spec, spec], flat)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(3.0)
    assert (flat[torch.from_numpy(ParameterLayout(spec, 2).positions)] == 3).all()
    assert network(torch.zeros(2, 10, 1)).shape == (2, 10, 1)
