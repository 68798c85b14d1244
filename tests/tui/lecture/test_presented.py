"""What a presenter says: whole, tolerant of whatever a file holds, and harmless."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.safe import plain
from tui.drawing.curves.quantities import QUANTITIES
from tui.lecture.presented import Message, Presented, Programme, ShownRun, read, readers_of, write
from tui.places import NAMES
from tui.replay.tempo import Kind, Tempo
from tui.watching.view import Lens

STEPS = st.integers(0, 2**53)
WORDS = st.text(max_size=20).map(plain)
PARAGRAPHS = st.text(max_size=40).map(lambda text: plain(text, lines=True))
MINUTES = st.floats(0, 1e6)
PLACES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=()), min_size=1, max_size=20
)
WINDOWS = st.tuples(STEPS, STEPS).map(lambda pair: (min(pair), max(pair)))
LENSES = st.builds(
    Lens,
    log=st.booleans(),
    quantity=st.sampled_from(QUANTITIES),
    smoothing=st.integers(0, 9),
    cursor=st.none() | STEPS,
    window=st.none() | WINDOWS,
    exhibit=WORDS,
    layer=WORDS,
    weights=st.sampled_from(["", "best", "last"]),
    member=st.none() | STEPS,
)
PROGRAMMES = st.builds(
    Programme,
    lecture=WORDS,
    title=WORDS,
    scene=STEPS,
    scenes=STEPS,
    heading=WORDS,
    text=PARAGRAPHS,
    notes=PARAGRAPHS,
    next_heading=WORDS,
    minutes=MINUTES,
    scene_minutes=MINUTES,
    started=MINUTES,
    scene_started=MINUTES,
)
TEMPI = st.builds(
    Tempo, st.sampled_from(get_args(Kind)), st.floats(0.01, 1e6), st.floats(0.01, 64.0)
) | st.just(Tempo("time", math.inf))
PRESENTED = st.builds(
    Presented,
    runs=st.lists(st.builds(ShownRun, place=PLACES, slot=st.integers(0, 5)), max_size=6).map(
        lambda runs: tuple({run.place: run for run in runs}.values())
    ),
    race=st.booleans(),
    head=st.none() | STEPS,
    lens=LENSES,
    pane=st.sampled_from(NAMES),
    recent=st.permutations(NAMES).map(tuple),
    maximised=st.booleans(),
    blank=st.booleans(),
    big=st.booleans(),
    playing=st.booleans(),
    tempo=TEMPI,
    programme=PROGRAMMES,
)


@given(PRESENTED)
def test_whatever_is_said_is_understood(presented: Presented) -> None:
    message = Message(presenter="me", beat=3, presented=presented)
    assert read(write(message)) == message


@pytest.mark.parametrize("kind", [Presented, Lens, Programme])
def test_no_field_is_left_out(kind: Any) -> None:
    assert list(readers_of(kind)) == [field.name for field in fields(kind)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*readers_of(Presented)]), JSON)
    | st.builds(
        dict,
        lens=st.dictionaries(st.sampled_from([*readers_of(Lens)]), JSON),
        programme=st.dictionaries(st.sampled_from([*readers_of(Programme)]), JSON),
        tempo=st.dictionaries(st.sampled_from(["kind", "value", "speed"]), JSON),
        runs=st.lists(st.dictionaries(st.sampled_from(["place", "slot"]), JSON), max_size=3),
    )
)
def test_whatever_a_file_holds_what_comes_out_can_be_said_again(table: dict[str, Any]) -> None:
    presented = read(json.dumps({"format": 1, "presented": table}).encode()).presented
    message = Message(presenter="", beat=0, presented=presented)
    assert read(write(message)) == message


def is_message(body: bytes) -> bool:
    try:
        read(body)
    except ValueError:
        return False
    return True


@given(st.binary(max_size=200))
def test_what_is_no_message_is_said_to_be_none(body: bytes) -> None:
    assert not is_message(body)


def test_a_deep_or_huge_file_is_none_either() -> None:
    for body in (b"[" * 100_000, b'{"format": ' + b"9" * 10_000 + b"}"):
        assert not is_message(body)


def test_what_is_not_understood_leaves_the_rest_as_it_is() -> None:
    table = {
        "head": -1,
        "pane": "nowhere",
        "lens": {"quantity": 7, "log": True, "window": [5, 2], "of_tomorrow": 1},
        "runs": [{"place": "a", "slot": 99}, "b", {"place": "c", "slot": 2}],
        "tempo": {"kind": "steps", "value": 10**400},
        "programme": {"minutes": math.nan, "started": 10**400, "heading": "The title"},
        "of_tomorrow": [1, 2],
    }
    said = read(json.dumps({"format": 1, "presented": table}).encode()).presented
    assert said == Presented(
        runs=(ShownRun(place="a"), ShownRun(place="c", slot=2)),
        lens=Lens(log=True),
        programme=Programme(heading="The title"),
    )
    assert Lens(quantity="weight").quantity_of(None) == "loss"


def test_titles_and_notes_cannot_act_on_a_terminal() -> None:
    table = {"programme": {"heading": "\x1b[2J", "notes": "one\n\x07two\u202e"}}
    programme = read(json.dumps({"format": 1, "presented": table}).encode()).presented.programme
    assert programme.heading == "\\x1b[2J"
    assert programme.notes == "one\n\\x07two\\u202e"
