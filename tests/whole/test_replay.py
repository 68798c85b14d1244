"""Every key of the transport, in a real terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.recording.events import MarkReached
from tests.labs import FakeRun
from tests.terminals import IDLE, Terminal

pytestmark = pytest.mark.terminal

KEYS = [
    ("\x1b[C", 1),
    (".", 2),
    ("\x1b[D", 1),
    ("S", 11),
    (",", 10),
    ("D", 0),
    ("\x1b[1;2C", 10),
    ("\x1b[1;2D", 0),
    ("]", 32),
    ("]", 64),
    ("[", 32),
    ("5", 40),
    ("\x1b[F", 80),
    ("\x1b[H", 0),
    ("9", 72),
    ("\x1b[6~", 73),
    ("\x1b[5~", 72),
    ("0", 0),
]
"""What is pressed, and the step it leads to in a run of 80 steps with marks at 32 and 64."""


def step_of(terminal: Terminal) -> int:
    found = re.search(r" · step +(\d+)/80 ", terminal.text)
    return int(found[1]) if found else -1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_every_key_of_the_transport(tmp_path: Path, size: tuple[int, int]) -> None:
    run = FakeRun(tmp_path / "runs").begin()
    for _ in range(10):
        run.train([1 / (run.step + index + 1) for index in range(8)])
        if run.step in (32, 64):
            run.tell(MarkReached(step=run.step, title=f"mark {run.step}", pause=True))
    run.end()
    run.close()
    runs = str(tmp_path / "runs")
    arguments = ("replay", run.folder.name, "--tempo", "1/s")
    lab = Terminal(*arguments, size=size, program=IDLE, EPOCHAL_RUNS=runs)
    try:
        lab.until(lambda: step_of(lab) >= 0)
        lab.press(" ")
        lab.shows("paused · step")
        lab.press("\x1b[H")
        for key, step in KEYS:
            lab.press(key)
            lab.until(lambda step=step: step_of(lab) == step)
        lab.press("++-")
        lab.shows("2x")
        lab.press("T")
        lab.shows("all in")
        lab.press("C")
        lab.shows("mark 32", "mark 64")
        lab.press("\x1b[B\r")
        lab.until(lambda: step_of(lab) in (32, 64))
        lab.press("k")
        lab.until(lambda: "finished" in lab.text and step_of(lab) == -1)
        lab.press("k")
        lab.until(lambda: step_of(lab) >= 0)
        lab.press("q")
        assert lab.finish() == 0
        assert lab.is_clean()
    finally:
        lab.close()
