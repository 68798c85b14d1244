"""Typing into the real program in a real terminal, over a bad line, while the other core is busy.

``make torture`` tries a hundred sequences, the suite a few.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from textual.app import App, ComposeResult

from tests.patience import DEADLINE
from tests.terminals import IDLE, Terminal
from tests.typists import DIGITS, EDITS
from tui.dialogs.line import Line
from tui.setup.draft import Draft
from tui.terminal.keyboard import Keyboard
from tui.terminal.turns import Turns

pytestmark = pytest.mark.terminal

COUNT = int(os.environ.get("EPOCHAL_TYPED", "6"))
"""How many sequences are tried."""
KEY = "model.hidden"


class OneLine(App[None]):
    """A line and nothing else."""

    AUTO_FOCUS = "Line"

    def compose(self) -> ComposeResult:
        yield Line()


@contextmanager
def busy() -> Iterator[None]:
    """Keep a core busy."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def sequence(number: int) -> list[str]:
    """Return what is typed: it begins with an empty field."""
    random = Random(number)
    pieces = [random.choice(random.choice((DIGITS, EDITS))) for _ in range(random.randint(3, 14))]
    return ["\x05", "\x15", *"16, 8", *pieces]


async def slowly(pieces: list[str]) -> str:
    """Return what a line says into which everything was typed key by key."""
    app = OneLine()
    async with app.run_test():
        turns = Turns(app)
        for piece in pieces:
            for message in Keyboard().feed(piece.encode()):
                turns.put(message)
            await turns.done()
        return app.query_one(Line).value


def badly(terminal: Terminal, pieces: list[str], random: Random) -> None:
    """Type in arbitrary parts with arbitrary pauses; a terminal that answers is never in doubt."""
    data = "".join(pieces).encode()
    while data:
        size = random.choice((1, 1, 2, 5, len(data)))
        os.write(terminal._master, data[:size])
        data = data[size:]
        terminal.read(random.choice((0.001, 0.02, 0.15, 0.3)))


async def test_a_field_holds_what_was_typed_in_a_real_terminal(tmp_path: Path) -> None:
    setting = Draft.load("sum-of-30").settings[KEY]
    runs = str(tmp_path / "runs")
    terminal = Terminal("open", "sum-of-30", size=(200, 50), program=IDLE, EPOCHAL_RUNS=runs)
    try:
        terminal.shows("sum-of-30", setting.label, "start")
        terminal.press("\r")
        terminal.falls_silent(0.5)
        deadline = time.monotonic() + DEADLINE
        while setting.help[:24] not in terminal.text:
            assert time.monotonic() < deadline, terminal.text
            terminal.press("\x1b[B")
            terminal.falls_silent(0.5)
        row = re.compile(rf"│ (?:\S )?{setting.label} +(.*?) *(?:was .*?)?│")

        def held() -> str | None:
            lines = (row.match(line) for line in terminal.screen.display)
            return next((line[1] for line in lines if line), None)

        for number in range(COUNT):
            pieces = sequence(number)
            expected = (await slowly(pieces)).strip()
            with busy():
                badly(terminal, pieces, Random(number))
                terminal.until(lambda wanted=expected: held() == wanted)  # type: ignore[misc]
    finally:
        terminal.close()
