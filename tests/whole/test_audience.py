"""A presenter, a follower and the notes: three programs in three terminals, one folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminals import FORKED, IDLE, Terminal

pytestmark = pytest.mark.terminal

Open = Callable[..., Terminal]

LECTURE = """
title = "Two scenes"

[[scenes]]
title = "Words first"
notes = "Say hello to everybody."
text = "nothing trains here"

[[scenes]]
title = "Then a run"
notes = "Look at the boundary."
preset = "two-moons"
set = ["train.epochs=400"]
tempo = "keys"
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, **changes: Any) -> Terminal:
        opened.append(Terminal(*arguments, **changes, EPOCHAL_RUNS=str(tmp_path / "runs")))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def step_of(terminal: Terminal) -> int:
    found = re.search(r"(?:paused|playing|waiting) · step +([\d ]+)/", terminal.text)
    return int(found[1].replace(" ", "")) if found else -1


def test_they_show_what_the_presenter_shows(tmp_path: Path, terminal: Open) -> None:
    path = tmp_path / "two-scenes.toml"
    path.write_text(LECTURE)
    follower = terminal("follow", str(path), program=IDLE)
    follower.shows("Nobody presents yet")
    presenter = terminal("lecture", str(path), "--device", "cpu", program=FORKED)
    presenter.shows("1/2 Words first", "nothing trains here")
    follower.shows("1/2 Words first", "nothing trains here")
    notes = terminal("lecture", str(path), "--notes", program=IDLE)
    notes.shows("Words first", "Say hello to everybody.", "Then a run")

    presenter.press("\x1b[6~")
    for each in (presenter, follower):
        each.shows("2/2 Then a run", "two-moons")
    notes.shows("Look at the boundary.")
    presenter.until(lambda: step_of(presenter) == 0)
    # There is no such step before training has come to it.
    presenter.until(lambda: presenter.press("9") or step_of(presenter) == 360)
    follower.until(lambda: step_of(follower) == 360)
    notes.shows("step 360")
    presenter.press("l")
    follower.shows("log axis")
    presenter.press("b")
    follower.until(lambda: not follower.text.strip())
    presenter.press("b")
    follower.shows("2/2 Then a run")

    # A follower can ask nothing of anybody.
    follower.press("5 x")
    follower.read(0.5)
    assert step_of(follower) == 360
    assert step_of(presenter) == 360

    presenter.press("q")
    presenter.until(lambda: presenter.process.poll() is not None or "stay" in presenter.text)
    presenter.press("l")
    assert presenter.finish() == 0
    follower.shows("The presenter has left")
    for each in (follower, notes):
        each.press("q")
        assert each.finish() == 0
        assert each.is_clean()
