"""A recording may come from anyone: every value below the first level of its lines, replaced.

The fields of an event are held against their types when a line is read. What lies below them, in
the header's experiment, in a result or in a request's arguments, some thirty readers take for what
it should be. Here each of those values is something else once, and everything that is said and
drawn of such a run is said and drawn.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import pytest

from engine.errors import EpochalError, PresetError
from engine.presets import preset as presets
from engine.recording.fitting import UNSAID
from engine.recording.history import History
from engine.recording.lines import decode, encode
from engine.results.run import load_run
from engine.runs.catalogue import facts_of
from engine.runs.folder import RunFolder
from engine.runs.listing import run_cells, run_object
from tests import tapes
from tests.shown import the_lab_shows
from tests.trained import recorded
from tui.pictures.as_json import object_of
from tui.pictures.shown import draw_shown
from tui.pictures.still import PLAIN, draw_wish, read_watch
from tui.pictures.wish import Wish
from tui.watching.view import View

OTHERS: Final = ("abc", 5, -1, 0.5, True, [], {}, ["abc"], None, math.inf, math.nan, "x" * 100_000)
"""What stands in a value's place."""

REQUESTS: Final = (
    {"action": "set_lr", "arguments": {"lr": 0.1}, "refused": ""},
    {"action": "step", "arguments": {"n": 2}, "refused": ""},
    {"action": "mark", "arguments": {"title": "here", "note": "this"}, "refused": ""},
    {"action": "set_lr", "arguments": {"lr": -1}, "refused": "must be at least 0"},
)

Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield where values lie below a line's fields: of the items of a list, the first's."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for key, item in items:
        if place:
            yield (*place, key)
        if isinstance(item, dict | list):
            yield from places(item, (*place, key))


def replaced(line: dict[str, Any], place: Place, other: Any) -> dict[str, Any]:
    """Return a line that has another value at a place."""
    changed = deepcopy(line)
    table: Any = changed
    for key in place[:-1]:
        table = table[key]
    table[place[-1]] = other
    return changed


def otherwise(lines: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what a recording is otherwise, each of what it may be read as once, and its name.

    Each value is one other value, and outside the many values of a header one of three, the next of
    them in turn, where not all of them are asked for.
    """
    read: set[str] = set()
    turns = cycle(OTHERS)
    whole = "EPOCHAL_NESTED" in os.environ
    for index, line in enumerate(lines):
        for place in places(line) if line["kind"] not in ("series", "snapshot") else ():
            few = 1 if line["kind"] == "header" else 3
            for other in OTHERS if whole else islice(turns, few):
                changed = replaced(line, place, other)
                try:
                    event = repr(decode(json.dumps(changed)))
                except ValueError:
                    event = "damaged"
                if event not in read:
                    read.add(event)
                    name = f"{line['kind']} {place} {other!r:.20}"
                    yield name, [*lines[:index], changed, *lines[index + 1 :]]


def everything_of(folder: RunFolder) -> None:
    """Say and draw all there is of a run, as its commands and the lab's panes do.

    What cannot be said is an error of epochal's own, which commands and panes print.
    """
    facts = facts_of(folder)
    run_cells(facts, 0.0)
    json.dumps(run_object(facts))
    watch = read_watch(folder)
    for wish in (Wish(view="all"), Wish(step="best")):
        with suppress(EpochalError):
            json.dumps(object_of(watch, wish))
            draw_wish(watch, wish, 60, 12, PLAIN)
    if watch.history.header is not None:
        the_lab_shows(watch, watch.history.header)
    with suppress(EpochalError):
        load_run(folder.path).predict([[0.5, 0.2]])


@pytest.mark.parametrize(
    "changes",
    [("train.epochs=3",), ("train.epochs=2", "population.seeds=2")],
    ids=["one network", "a population"],
)
def test_no_value_of_another_kind_ends_what_reads_a_recording(
    changes: tuple[str, ...], tmp_path: Path
) -> None:
    small = ("data.samples=12", "data.split=[6,3,3]", "model.hidden=[2]")
    folder, _ = recorded(presets.load("two-moons", (*small, *changes)).experiment, tmp_path / "run")
    lines = [json.loads(line) for line in folder.recording.read_text("utf-8").splitlines()]
    requests = [
        {"kind": "request", "t": 0.1, "id": str(number), "viewer": "v", "step": 1, **request}
        for number, request in enumerate(REQUESTS)
    ]
    count = 0
    for name, changed in otherwise([*lines[:-1], *requests, lines[-1]]):
        folder.recording.write_text("".join(json.dumps(line) + "\n" for line in changed))
        try:
            everything_of(RunFolder(folder.path))
        except Exception as error:
            raise AssertionError(f"{name}: {type(error).__name__}: {error}") from error
        count += 1
    assert count > 50


def test_what_was_trained_is_said_or_that_it_is_not() -> None:
    damaged = decode(encode(tapes.header(experiment={"model": 5})))
    view = View(history=History([damaged] if damaged else []), run="run")
    words = " ".join(line.plain.strip() for line in draw_shown(view, None, 60, 12, PLAIN)).strip()
    assert words == f"{UNSAID.capitalize()}."
    with pytest.raises(PresetError, match=UNSAID):
        presets.resolve({}, "run", recorded=True)
