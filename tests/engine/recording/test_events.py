"""Events and their lines say the same."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.recording import events
from engine.recording.events import End, Header, MarkReached, Request, Series, Snapshot
from engine.recording.lines import MOST_NAMED, decode, encode
from tests.tapes import COLUMNS, header, train_rows

shapes = st.tuples(st.integers(1, 6), st.integers(1, 20), st.integers(1, 3))
any_float = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(shapes.flatmap(lambda shape: hnp.arrays(np.float32, shape, elements=any_float)))
def test_every_bit_of_a_series_comes_back(values: np.ndarray) -> None:
    line = encode(Series(group="train", first=3, stride=2, values=values))
    back = decode(line)
    assert isinstance(back, Series)
    assert (back.group, back.first, back.stride, back.count) == ("train", 3, 2, values.shape[1])
    assert back.values.tobytes() == values.tobytes()
    assert back.last_step == 3 + 2 * (values.shape[1] - 1)


@given(hnp.arrays(np.float32, (2, 5), elements=any_float))
def test_every_bit_of_a_snapshot_comes_back(values: np.ndarray) -> None:
    back = decode(encode(Snapshot(step=9, values=values)))
    assert isinstance(back, Snapshot)
    assert back.values.tobytes() == values.tobytes()


@pytest.mark.parametrize("name", ["data", ',"data":"', "\\"])
def test_a_column_may_be_called_as_the_data_is(name: str) -> None:
    values = np.array([[[1.0]], [[np.nan]]], np.float32)
    line = encode(Series(group="train", first=1, values=values), {"train": ["loss", name]})
    event = decode(line[:-1])
    assert isinstance(event, Series)
    np.testing.assert_array_equal(event.values, values)


def test_the_newest_row_stands_in_plain_numbers() -> None:
    body = json.loads(encode(train_rows(5, 3, lr=[0.1, 0.1, 0.2]), COLUMNS))
    assert body["last"] == {
        "loss": 7.0,
        "accuracy": 7.0,
        "lr": 0.2,
        "grad_norm": 7.0,
        "grad_norm/layer1.weight": 7.0,
        "grad_norm/layer1.bias": 7.0,
    }


@pytest.mark.parametrize(("members", "named"), [(MOST_NAMED, True), (MOST_NAMED + 1, False)])
def test_only_so_many_members_are_named_in_a_line(members: int, named: bool) -> None:
    values = np.arange(members * 2, dtype=np.float32).reshape(1, 2, members)
    line = encode(Series(group="train", first=1, values=values), {"train": ["loss"]})
    assert json.loads(line).get("last") == ({"loss": values[0, 1].tolist()} if named else None)
    back = decode(line[:-1])
    assert isinstance(back, Series)
    np.testing.assert_array_equal(back.values, values)


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")]
)
def test_a_line_is_strict_json_whatever_the_numbers(value: float, text: str) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    lines = [
        encode(train_rows(1, 1, loss=[value]), COLUMNS),
        encode(
            End(step=1, status="diverged", reason="x", result={"train_loss": value, "all": [value]})
        ),
    ]
    bodies = [json.loads(line, parse_constant=refuse) for line in lines]
    assert bodies[0]["last"]["loss"] == text
    assert bodies[1]["result"] == {"train_loss": text, "all": [text]}
    assert float(text) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    "event",
    [
        header(),
        header(target_range=[[-1.0, 2.5], [0.0, 0.0]]),
        MarkReached(step=4, title="二つの月\n\x1b[2J", note='quotes " and \\', pause=True),
        Request(id="1", viewer="a", action="set_lr", arguments={"lr": 0.1}, step=3, refused="no"),
        events.Checkpoint(step=3, file="checkpoints/step-3.pt"),
        events.RunWarning(step=3, message="look"),
        events.Heartbeat(step=3),
        events.MachineFigures(step=3, figures={"cpu": 1.5, "memory": 2.0**34}),
        End(step=9, status="finished", reason="epochs", result={"test_loss": 0.5}),
        events.Resume(from_step=5, host="there", pid=3, pid_started=1.5, time=2.5),
    ],
    ids=lambda event: event.kind,
)
def test_an_event_comes_back_as_it_was(event: events.Event) -> None:
    line = encode(event)
    assert line.count(b"\n") == 1
    assert b"\x1b" not in line
    assert decode(line) == event


def test_a_kind_that_is_not_known_is_no_error() -> None:
    assert decode(b'{"kind":"hologram","t":1}') is None


def test_a_field_that_is_not_known_is_passed_over() -> None:
    line = encode(events.Heartbeat(step=3)).replace(b'"step"', b'"mood":"good","step"')
    assert decode(line) == events.Heartbeat(step=3)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'"header"',
        b"\xff\xfe",
        b'{"kind":"series"}',
        b'{"kind":"series","group":"train","first":1,"count":2,"members":1,"data":"AAAA"}',
        b'{"kind":"series","group":"train","first":1,"count":1,"members":1,"data":"!!"}',
        b'{"kind":"end"}',
        b'{"kind":["header"]}',
        b'{"kind":"heartbeat","step":"4"}',
        b'{"kind":"heartbeat","step":4,"t":NaN}',
        b'{"kind":"heartbeat","step":true}',
        b'{"kind":"heartbeat","step":99999999999999999999}',
        b'{"kind":"mark","step":4,"title":null}',
        b'{"kind":"request","id":"1","viewer":"a","action":"step","arguments":7,"step":4}',
        b'{"kind":"series","group":"train","first":1,"count":Infinity,"members":1,"data":""}',
        b'{"kind":"series","group":"train","first":1,"count":0,"members":1,"data":""}',
        b'{"kind":"series","group":"dev","first":1,"stride":0,"count":1,"members":1,"data":"AAAAAA=="}',
    ],
)
def test_a_line_that_is_no_event_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(line)


def test_a_header_counts_its_members() -> None:
    assert header(seeds=[1, 2, 3]).members == 3
    assert isinstance(decode(encode(header())), Header)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seeds", 3),
        ("seeds", []),
        ("columns", ["loss"]),
        ("columns", {"train": "loss"}),
        ("columns", {"train": [["loss"]]}),
        ("parameters", {"layer1.weight": 3}),
        ("target_range", [1.0]),
        ("experiment", "moons"),
        ("time", "now"),
        ("pid", None),
    ],
)
def test_a_header_that_says_nonsense_is_none(field: str, value: object) -> None:
    body = json.loads(encode(header())) | {field: value}
    with pytest.raises(ValueError, match="the line is no header"):
        decode(json.dumps(body))


@pytest.mark.parametrize(
    ("gradients", "words"),
    [("manual", "formulas"), ("numeric", "differences"), ("autograd", "autograd")],
)
def test_what_gradients_came_by_is_said_in_words(gradients: str, words: str) -> None:
    assert header(gradients=gradients).gradients_by == words
