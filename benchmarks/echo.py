"""Key echo: from a key to the first changed cells at the terminal, while a worker trains flat out.

    python -m benchmarks.echo [--keys 30] [--size 120x40] [--mute]

The real lab in a pseudo-terminal of 256 colours at the clock of an SSH connection, the worker on
the same cores. The key is ``a``, which changes what the curves show and so the title of their
pane; the echo has come when the title's cells have. Terminals that read all at once and such that
read 20 kB/s; ``--mute`` for terminals that do not answer when they are asked what they have drawn.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence

from tests.terminals import DEADLINE, Terminal

SIZES = ("80x24", "120x40", "200x60")
PRESETS = ("two-moons", "vanishing-sigmoid")
SLOW = 20_000.0
"""Bytes a second of a slow terminal."""
MOVE = re.compile(rb"\x1b\[(\d+);(\d+)H")
STYLE = re.compile(rb"\x1b\[[\d;?]*[a-zA-Z]")


def pieces(sent: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield row, column and text of each piece of row that was sent."""
    parts = iter(MOVE.split(sent)[1:])
    for row, column, body in zip(parts, parts, parts, strict=True):
        yield int(row) - 1, int(column) - 1, STYLE.sub(b"", body).decode("utf-8", "ignore")


def place_of(words: str, terminal: Terminal) -> tuple[int, int]:
    """Return row and column of words on the screen."""
    for row, line in enumerate(terminal.screen.display):
        if words in line:
            return row, line.index(words)
    raise LookupError(f"{words} is not on the screen:\n{terminal.text}")


def title_at(place: tuple[int, int], sent: bytes, before: str) -> str:
    """Return the last four cells that were sent to a place, or those from before."""
    row, column = place
    for y, x, text in pieces(sent):
        if y == row and x <= column and len(text) >= column - x + 4:
            before = text[column - x : column - x + 4]
    return before


def echo(terminal: Terminal, place: tuple[int, int], title: str) -> tuple[float, str]:
    """Press the key; return the seconds until its echo, and the new title."""
    came = b""
    pressed = time.monotonic()
    terminal.press("a")
    while (new := title_at(place, came, title)) == title:
        assert time.monotonic() < pressed + DEADLINE, "no echo came"
        came += terminal.read(0.005)
    return time.monotonic() - pressed, new


def echoes(preset: str, size: str, rate: float | None, keys: int, answers: bool) -> list[float]:
    """Return how long each of so many keys took."""
    width, height = map(int, size.split("x"))
    with tempfile.TemporaryDirectory() as runs:
        terminal = Terminal(
            *("open", preset, "--set", "train.epochs=100000000"),
            size=(width, height),
            rate=rate,
            answers=answers,
            EPOCHAL_RUNS=runs,
            SSH_CONNECTION="far away",
        )
        try:
            return _measured(terminal, keys)
        finally:
            _leave(terminal)


def _measured(terminal: Terminal, keys: int) -> list[float]:
    terminal.shows("ready")
    terminal.press(" ")
    terminal.until(lambda: "running" in terminal.text and "Loss" in terminal.text)
    _read_for(terminal, 3.0)
    place, title = place_of("Loss", terminal), "Loss"
    chance, taken = random.Random(1), []
    for _ in range(keys):
        _read_for(terminal, chance.uniform(0.5, 1.2))
        seconds, title = echo(terminal, place, title)
        taken.append(seconds)
    return taken


def _read_for(terminal: Terminal, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        terminal.read(0.02)


def _leave(terminal: Terminal) -> None:
    terminal.press("x")
    terminal.until(lambda: "stopped" in terminal.text)
    terminal.press("q")
    terminal.finish()
    terminal.close()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of them lies."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=30)
    parser.add_argument("--size", action="append", default=None)
    parser.add_argument("--preset", action="append", default=None)
    parser.add_argument("--mute", action="store_true", help="a terminal that does not answer")
    given = parser.parse_args()
    for preset in given.preset or PRESETS:
        for size in given.size or SIZES:
            for rate in (None, SLOW):
                taken = echoes(preset, size, rate, given.keys, not given.mute)
                middle, high = quantile(taken, 0.5) * 1000, quantile(taken, 0.95) * 1000
                speed = "at full speed" if rate is None else f"{rate / 1000:.0f} kB/s"
                print(f"{preset:18} {size:8} {speed:14} {middle:5.0f} ms   95 %: {high:5.0f} ms")


if __name__ == "__main__":
    main()
