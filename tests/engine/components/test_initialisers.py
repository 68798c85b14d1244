"""The initialisers' keys are the arguments of PyTorch's functions."""

from __future__ import annotations

import inspect
from typing import Any, Literal, get_args

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from engine.components.initialisers import (
    Constant,
    Default,
    Initialiser,
    InitialiserBase,
    KaimingNormal,
    Normal,
    Uniform,
    Zeros,
)

_TABLES = get_args(Initialiser)[0]
INITIALISERS: list[type[InitialiserBase]] = list(get_args(_TABLES))


@pytest.fixture(params=INITIALISERS, ids=lambda cls: cls.__name__)
def initialiser(request: pytest.FixtureRequest) -> type[InitialiserBase]:
    cls: type[InitialiserBase] = request.param
    return cls


def read(value: Any) -> Any:
    return TypeAdapter(Initialiser).validate_python(value)


@pytest.mark.parametrize("left_out", ["name", "function", "draws", "needs_matrix"])
def test_one_that_leaves_out_a_part_fails_where_it_is_written(left_out: str) -> None:
    parts = {"name": "ones", "function": "ones_", "draws": False, "needs_matrix": False}
    del parts[left_out]
    kinds = {"name": Literal["ones"]} if "name" in parts else {}
    with pytest.raises(TypeError, match=rf"\.Ones lacks {left_out}$"):
        type(
            "Ones", (InitialiserBase,), {"__module__": __name__, "__annotations__": kinds, **parts}
        )


def test_the_keys_are_arguments_of_the_function(initialiser: type[InitialiserBase]) -> None:
    function = getattr(torch.nn.init, initialiser.function)
    assert set(initialiser().arguments) <= set(inspect.signature(function).parameters)


def test_pytorch_takes_the_arguments(initialiser: type[InitialiserBase]) -> None:
    tensor = torch.full((4, 3), torch.nan)
    getattr(torch.nn.init, initialiser.function)(tensor, **initialiser().arguments)
    assert bool(tensor.isfinite().all())


def test_only_those_scaled_by_both_sides_refuse_a_vector(
    initialiser: type[InitialiserBase],
) -> None:
    vector = torch.empty(3)
    function = getattr(torch.nn.init, initialiser.function)
    if initialiser.needs_matrix:
        with pytest.raises(ValueError, match=r"[Ff]an in and fan out|[Oo]nly tensors with 2"):
            function(vector, **initialiser().arguments)
    else:
        function(vector, **initialiser().arguments)


def test_only_those_that_draw_take_a_generator(initialiser: type[InitialiserBase]) -> None:
    function = getattr(torch.nn.init, initialiser.function)
    assert initialiser.draws == ("generator" in inspect.signature(function).parameters)


def test_a_name_stands_for_a_table_without_settings(initialiser: type[InitialiserBase]) -> None:
    name = initialiser.model_fields["name"].default
    assert read(name) == read({"name": name}) == initialiser()


def test_a_number_stands_for_a_constant() -> None:
    assert read(-8) == read(-8.0) == Constant(val=-8.0)
    assert read(0) == Constant(val=0.0)


@pytest.mark.parametrize("value", [True, None, [0.0], {}, {"std": 1.0}, "nomal", 1e31])
def test_nothing_else_stands_for_one(value: object) -> None:
    with pytest.raises(ValidationError):
        read(value)


def test_the_gains_are_known_for_every_activation_that_may_be_named() -> None:
    for name in get_args(KaimingNormal.model_fields["nonlinearity"].annotation):
        assert torch.nn.init.calculate_gain(name) > 0


def test_bounds_that_are_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"b: must be at least a, 2 \(got 1\)"):
        Uniform(a=2.0)
    assert Uniform(a=1.0).b == 1.0


def test_their_defaults_are_the_textbook_s() -> None:
    assert Normal().arguments == {"mean": 0.0, "std": 1.0}
    assert Uniform().arguments == {"a": -1.0, "b": 1.0}
    assert Zeros().arguments == Default().arguments == {}
