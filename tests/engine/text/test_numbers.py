"""Numbers as figures, and as JSON has them."""

from __future__ import annotations

import numpy as np

from engine.text.numbers import as_json


def test_what_is_not_finite_is_a_word_in_json_wherever_it_lies() -> None:
    told = as_json({"a": np.array([[1.5, np.nan]], np.float32), "b": (np.float64("inf"), 2, "x")})
    assert told == {"a": [[1.5, "nan"]], "b": ["inf", 2, "x"]}
