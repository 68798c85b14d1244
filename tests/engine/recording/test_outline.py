"""What is known of a run without its rows is what is known with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.recording.events import End, Event, GroupBegins, Request, Resume, Series
from engine.recording.history import History
from engine.recording.lines import decode, encode
from engine.recording.outline import Outline
from engine.recording.packed import Packed
from tests.tapes import dev_rows, header, train_rows, weights

TAPES: dict[str, list[Event]] = {
    "rows and weights": [weights(0), train_rows(1, 50), dev_rows(10, 5, stride=10), weights(50)],
    "paused, and a few steps": [
        train_rows(1, 5),
        Request(id="a", viewer="a", action="pause", step=5),
        Request(id="b", viewer="a", action="step", step=5, arguments={"n": 2}),
        train_rows(6, 1),
    ],
    "gone on with": [
        train_rows(1, 9),
        End(step=9, status="stopped", reason="a"),
        Resume(from_step=4, steps=70),
    ],
    "a group of its own": [
        GroupBegins(group="mine", columns=["x"]),
        Series(group="mine", first=60, values=np.ones((1, 2, 1), np.float32)),
        Series(group="nobody's", first=99, values=np.ones((1, 2, 1), np.float32)),
        Series(group="mine", first=99, values=np.ones((2, 2, 1), np.float32)),
    ],
}


@pytest.mark.parametrize("tape", TAPES)
def test_an_outline_says_what_a_history_says(tape: str) -> None:
    told = [header(), *TAPES[tape]]
    history, outline = History(told), Outline()
    outline.extend(decode(encode(event), unpack=Packed) for event in told)  # type: ignore[misc]
    said: Any = vars(outline)
    assert said["last_step"] > 0
    for name in said.keys() - {"header", "writer", "end", "requests", "seams"}:
        assert getattr(history, name) == said[name], name
    assert outline.header == history.header
