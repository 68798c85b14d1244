"""A schedule is one entry, and nothing is made up for one that leaves out a part."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from engine.components.schedules import Exponential, Plateau, ScheduleBase
from engine.errors import EpochalError

PARTS = ("name", "torch_name", "needs_measurement", "rate")


@pytest.mark.parametrize("left_out", PARTS)
def test_one_that_leaves_out_a_part_fails_where_it_is_written(left_out: str) -> None:
    parts: dict[str, Any] = {part: getattr(Exponential, part) for part in PARTS[1:]}
    parts = {part: value for part, value in parts.items() if part != left_out}
    named = {"name": Literal["mine"]} if left_out != "name" else {}
    said = {"__module__": __name__, "__annotations__": named, **parts}
    with pytest.raises(TypeError, match=rf"\.Mine lacks {left_out}$"):
        type("Mine", (ScheduleBase,), said | ({"name": "mine"} if named else {}))


def test_what_hangs_on_measurements_has_no_formula() -> None:
    with pytest.raises(EpochalError, match="the rates of 'plateau' are no formula"):
        Plateau().rate("lr", "tick", 10)
