"""Numbers as people type them, wherever one can type them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PresetError
from engine.experiment.overrides import parse, value_of
from engine.presets.preset import load
from engine.text.numerals import number, number_of
from tui.setup.values import number as field_number

TYPED = [
    (".5", 0.5),
    ("-.5", -0.5),
    ("5.", 5.0),
    ("1e2", 100),
    ("1E3", 1000),
    ("1.5e2", 150.0),
    ("1e-3", 0.001),
    ("+3", 3),
    ("007", 7),
    ("1_000", 1000),
    ("−2", -2),
]


@pytest.mark.parametrize(("text", "value"), TYPED)
@pytest.mark.parametrize("read", [number, value_of, field_number])
def test_a_number_is_read_as_it_is_typed(read: object, text: str, value: float) -> None:
    said = read(text)  # type: ignore[operator]
    assert (said, type(said)) == (value, type(value))


@pytest.mark.parametrize("text", ["", ".", "e5", "1e", "0x10", "1,5", "one", "--1", "1 2e", "[1]"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(text) is None


@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False)))
def test_every_number_that_python_writes_is_read_back(value: float) -> None:
    assert number(repr(value)) == value


def test_numbers_in_a_list_may_be_typed_so_too() -> None:
    assert value_of("[.6, .2, 2.]") == [0.6, 0.2, 2.0]
    assert value_of('["a.b", ".5"]') == ["a.b", ".5"]
    (override,) = parse(["data.split=[.6,.2,.2]"])
    assert override.value == [0.6, 0.2, 0.2]


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("train.epochs", "100.0", "must be a whole number (got 100.0; write 100)"),
        ("train.epochs", "0,5", "must be a whole number (got '0,5')"),
        ("train.epochs", "1e99", "must be a whole number (got 1e+99)"),
        ("model.hidden", "8, 4", "must be a list (got '8, 4'; write [8, 4])"),
        ("optimizer.lr", "0,5", "must be a number (got '0,5'; write 0.5)"),
        ("train.zero_grad", "False", "must be true or false (got 'False'; write false)"),
    ],
)
def test_what_nobody_guesses_is_refused_with_what_to_write(key: str, typed: str, said: str) -> None:
    with pytest.raises(PresetError) as caught:
        load("two-moons", overrides=[f"{key}={typed}"])
    assert f"{key}: {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("lr = .5", "lr = 0.5"),
        ("lr = 0,5", "lr = 0.5"),
        ("lr = 1.", "lr = 1.0"),
        ("name = sgd", 'name = "sgd"'),
        ("name = “sgd”", 'name = "sgd"'),
        ("nesterov = True  # a switch", "nesterov = true"),
        ("lr: 0.5", "lr = 0.5"),
    ],
)
def test_a_line_that_is_no_toml_is_refused_with_one_that_is(
    tmp_path: Path, line: str, instead: str
) -> None:
    (tmp_path / "a.toml").write_text(f"[optimizer]\n{line}\n")
    with pytest.raises(PresetError) as caught:
        load(str(tmp_path / "a.toml"))
    assert "a.toml: line 2, column " in str(caught.value)
    assert str(caught.value).endswith(f"; write {instead}")


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3.0), ("1e3", 1000.0), (True, None), ("word", None), (None, None), (10**400, None)],
)
def test_what_is_a_number_is_known_of_any_value(value: object, number: float | None) -> None:
    assert number_of(value) == number
