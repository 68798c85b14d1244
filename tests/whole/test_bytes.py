"""The bytes that the lab sends: counted by the frame, at the terminal's end of the line."""

from __future__ import annotations

import fcntl
import math
import struct
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.recording.events import Heartbeat, Request
from tests.labs import FakeRun
from tests.terminals import IDLE, Terminal

pytestmark = pytest.mark.terminal

FRAMES = 6
"""How many frames are counted."""
ROWS = 400
"""How many steps a fast worker takes between two frames."""
SEVERAL = 1.2
"""Seconds of several ticks of the clock, over SSH too."""
LITTLE = 0.4
"""Seconds after which a frame has been sent whole."""
BUDGETS = {(80, 24): 3_000, (120, 40): 4_000, (200, 60): 8_000}
"""Bytes of a frame, two of which are sent in a second."""
SWITCHES = {(120, 40): 7_800, (200, 60): 10_000}
"""Bytes of another pane and of its keys on the screen: what both show is not sent. Where the
machine is busy, its keys are drawn a frame before it: 7 588 in place of 7 368."""
DIALOGS = {(120, 40): 15_000, (200, 60): 24_000}
"""Bytes of a dialog, behind which everything takes another shade."""


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
    terminal = Terminal("attach", run.folder.name, size=size, program=IDLE, EPOCHAL_RUNS=runs)
    terminal.shows(step_of(run))
    terminal.press("2")
    terminal.falls_silent(SEVERAL)
    yield terminal
    terminal.close()


def step_of(run: FakeRun) -> str:
    return f"step {run.step:,}".replace(",", " ")


@pytest.mark.parametrize("watched", BUDGETS, indirect=True)
def test_a_frame_stays_within_half_of_a_second_s_budget(run: FakeRun, watched: Terminal) -> None:
    size = watched.screen.columns, watched.screen.lines
    counts = []
    for _ in range(FRAMES):
        before = len(watched.sent)
        train(run)
        watched.shows(step_of(run))
        watched.falls_silent(LITTLE)
        counts.append(len(watched.sent) - before)
    assert all(counts), "a frame that is not drawn costs nothing"
    assert sum(counts) / FRAMES <= BUDGETS[size], counts


@pytest.mark.parametrize("watched", SWITCHES, indirect=True)
def test_another_pane_or_a_dialog_sends_what_it_changes(watched: Terminal) -> None:
    size = watched.screen.columns, watched.screen.lines
    assert 0 < bytes_of(watched, "1") <= SWITCHES[size]
    assert 0 < bytes_of(watched, "7") <= SWITCHES[size]
    assert 0 < bytes_of(watched, "?", lambda: "Help" in watched.text) <= DIALOGS[size]
    assert 0 < bytes_of(watched, "\x1b", lambda: "Help" not in watched.text) <= DIALOGS[size]


def bytes_of(terminal: Terminal, keys: str, there: Callable[[], bool] = lambda: True) -> int:
    """Press keys, and return how many bytes answer them: as far as what is looked for, and on."""
    before = len(terminal.sent)
    terminal.press(keys)
    terminal.until(lambda: len(terminal.sent) > before and there())
    terminal.falls_silent(SEVERAL)
    return len(terminal.sent) - before


def test_a_terminal_of_another_size_is_sent_what_it_showed_before_too(watched: Terminal) -> None:
    assert "Curves" in watched.screen.display[0]
    watched.screen.resize(20, 70)
    watched.screen.erase_in_display(2)
    fcntl.ioctl(watched._master, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
    watched.until(lambda: "Curves" in watched.screen.display[0])
    watched.falls_silent(SEVERAL)
    assert watched.screen.display[-1].strip(), "what tells the keys is the last row of both"


def test_a_paused_run_sends_nothing(run: FakeRun, watched: Terminal) -> None:
    run.tell(Request(id="1", viewer="test", action="pause", step=run.step))
    watched.shows("paused")
    watched.falls_silent(SEVERAL)
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
    terminal = Terminal("attach", run.folder.name, program=IDLE, **given)  # type: ignore[arg-type]
    try:
        terminal.shows("finished")
        for keys in ("", "1", "?", "\x1b", "\x10"):
            terminal.press(keys)
            terminal.falls_silent(SEVERAL)
    finally:
        terminal.close()
