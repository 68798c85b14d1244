"""What a run's name says: one grammar for whoever makes it and whoever reads it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.run_names import RunName, beginning_of, label_of

NAME = "two-moons-20261121-093000-4f1c"


def test_a_name_says_what_a_run_is_called_when_it_was_made_and_which_of_several_it_is() -> None:
    parsed = RunName("two-moons", datetime(2026, 11, 21, 9, 30), "4f1c")
    assert (RunName.parse(NAME), str(parsed)) == (parsed, NAME)
    assert (beginning_of(NAME), label_of(NAME)) == ("two-moons", "two-moons 4f1c")


@given(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),
    st.integers(0, 0xFFFF),
)
def test_what_is_made_is_read_back(called: str, made: datetime, token: int) -> None:
    name = RunName(called, made.replace(microsecond=0), f"{token:04x}")
    assert RunName.parse(str(name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "two-moons",
        "one-two-three-four",
        f"{NAME}-copy",
        f"{NAME}\n",
        "two-moons-20261321-093000-4f1c",
        "two-moons-20261121-093000-4F1C",
        "two-moons-२०२६1121-093000-4f1c",
    ],
)
def test_a_folder_that_somebody_else_named_is_called_by_all_of_its_name(name: str) -> None:
    assert RunName.parse(name) is None
    assert beginning_of(name) == label_of(name) == name
