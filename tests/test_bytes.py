"""The bytes that the lab sends: counted by the frame, at the terminal's end of the line."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.events import Heartbeat, Request
from tests.labs import FakeRun
from tests.terminals import DEADLINE, Terminal

pytestmark = pytest.mark.terminal

FRAMES = 6
"""How many frames are counted."""
ROWS = 400
"""How many steps a fast worker takes between two frames."""
SEVERAL = 1.2
"""Seconds of several ticks of the clock, over SSH too."""
LITTLE = 0.4
"""Seconds after which a frame has been sent whole."""
BUDGETS = {(80, 24): 7_500, (120, 40): 15_000, (200, 60): 30_000}
"""Bytes of a frame, two of which are sent in a second."""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FakeRun]:
    fake = FakeRun(tmp_path / "runs", layers=4).begin()
    train(fake)
    yield fake
    fake.close()


def train(run: FakeRun) -> None:
    """Take the steps between two frames: a loss that falls, and never smoothly."""
    steps = range(run.step + 1, run.step + ROWS + 1)
    run.train([2 * math.exp(-step / 2000) + 0.3 * math.sin(step) ** 2 for step in steps])


@pytest.fixture
def watched(run: FakeRun, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    size = getattr(request, "param", (80, 24))
    runs = str(run.folder.path.parent)
    terminal = Terminal("attach", run.folder.name, size=size, EPOCHAL_RUNS=runs)
    terminal.shows(step_of(run))
    terminal.press("2")
    silence(terminal)
    yield terminal
    terminal.close()


def step_of(run: FakeRun) -> str:
    return f"step {run.step:,}".replace(",", " ")


def silence(terminal: Terminal, seconds: float = SEVERAL) -> None:
    """Wait until nothing has come for so long: what never falls silent fails."""
    deadline = time.monotonic() + DEADLINE
    while terminal.read(seconds):
        assert time.monotonic() < deadline, f"it still sends {terminal.sent[-300:]!r}"


@pytest.mark.parametrize("watched", BUDGETS, indirect=True)
def test_a_frame_stays_within_half_of_a_second_s_budget(run: FakeRun, watched: Terminal) -> None:
    size = watched.screen.columns, watched.screen.lines
    counts = []
    for _ in range(FRAMES):
        before = len(watched.sent)
        train(run)
        watched.shows(step_of(run))
        silence(watched, LITTLE)
        counts.append(len(watched.sent) - before)
    assert all(counts), "a frame that is not drawn costs nothing"
    assert sum(counts) / FRAMES <= BUDGETS[size], counts


def test_a_paused_run_sends_nothing(run: FakeRun, watched: Terminal) -> None:
    run.tell(Request(id="1", viewer="test", action="pause", step=run.step))
    watched.shows("paused")
    silence(watched)
    for _ in range(4):
        run.tell(Heartbeat(step=run.step))
        assert watched.read(0.4) == b""


@pytest.mark.parametrize("environment", [{}, {"SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}])
def test_an_idle_lab_sends_nothing_whatever_it_shows(
    run: FakeRun, environment: dict[str, str]
) -> None:
    run.end()
    runs = str(run.folder.path.parent)
    given = {"EPOCHAL_RUNS": runs, **environment}
    terminal = Terminal("attach", run.folder.name, **given)  # type: ignore[arg-type]
    try:
        terminal.shows("finished")
        for keys in ("", "1", "?", "\x1b", "\x10"):
            terminal.press(keys)
            silence(terminal)
    finally:
        terminal.close()
