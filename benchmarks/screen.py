"""What the lab costs: start-up, the first step, and the bytes it sends, over time and to keys.

    python -m benchmarks.screen [--rounds 5]

The real program in a pseudo-terminal of 256 colours, at the clock of an SSH connection (2 Hz).
Absolute times, so they say something only on a quiet machine; the ratio beside each is to
``python -c pass``, started next to it in the same round.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from tests.terminals import Terminal
from tui.lab.messages import MESSAGE_SECONDS

SIZES = {(80, 24): 15, (120, 40): 30, (200, 60): 60}
"""Columns and lines, and the kB/s that they may take."""
WATCHED = 4.0
"""Seconds over which bytes are counted."""
PATIENCE = 60.0
"""Seconds after which what has not begun does not begin any more."""
ANSWERED = 0.8
"""Seconds of silence after which a key has been answered."""


def seconds(what: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def nothing() -> None:
    """Start Python and do nothing."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def help_text() -> None:
    """Print what there is."""
    command = [sys.executable, "-m", "tui", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def first_frame() -> None:
    """Open the lab until its panes are on the screen."""
    terminal = Terminal()
    while b"Setup" not in terminal.sent:
        terminal.read(0.002)
    terminal.close()


def first_step(runs: str) -> float:
    """Return the seconds from space to the first step on the screen, with the worker warm."""
    terminal = Terminal("open", "two-moons", "--set", "train.epochs=100000000", EPOCHAL_RUNS=runs)
    try:
        terminal.shows("ready")
        terminal.read(0.5)
        wait_for_warmth(terminal)
        return seconds(lambda: start_and_see(terminal))
    finally:
        stop(terminal)


def wait_for_warmth(terminal: Terminal) -> None:
    """Give the worker the seconds that importing PyTorch takes."""
    until = time.monotonic() + 5.0
    while time.monotonic() < until:
        terminal.read(0.2)


def start_and_see(terminal: Terminal) -> None:
    """Press space, and read until a step is on the screen."""
    terminal.press(" ")
    until = time.monotonic() + PATIENCE
    while "running" not in terminal.text:
        assert time.monotonic() < until, f"nothing runs; on the screen:\n{terminal.text}"
        terminal.read(0.002)


def stop(terminal: Terminal) -> None:
    """Stop the run and leave the lab."""
    terminal.press("x")
    terminal.until(lambda: "stopped" in terminal.text)
    terminal.press("q")
    terminal.close()


def bytes_per_second(size: tuple[int, int], runs: str) -> tuple[float, float]:
    """Return the bytes a second while a run trains flat out, and while it is paused."""
    terminal = Terminal(
        *("open", "two-moons", "--set", "train.epochs=100000000"),
        size=size,
        EPOCHAL_RUNS=runs,
        SSH_CONNECTION="far away",
    )
    try:
        terminal.shows("ready")
        wait_for_warmth(terminal)
        start_and_see(terminal)
        terminal.read(1.0)
        running = counted(terminal)
        terminal.press(" ")
        terminal.until(lambda: "paused" in terminal.text)
        # What was said of the last mark goes by itself, and the line says how to go on.
        said = time.monotonic() + MESSAGE_SECONDS + 1.5
        while time.monotonic() < said:
            terminal.read(0.2)
        return running, counted(terminal)
    finally:
        stop(terminal)


def bytes_of_keys(size: tuple[int, int], runs: str) -> dict[str, int]:
    """Return the bytes that another pane and a dialog cost, opened and closed."""
    terminal = Terminal("open", "two-moons", size=size, EPOCHAL_RUNS=runs, SSH_CONNECTION="far")
    try:
        terminal.shows("ready")
        answer(terminal, "1")
        keys = {"another pane": "7", "back": "1", "help": "?", "closed": "\x1b"}
        return {name: answer(terminal, key) for name, key in keys.items()}
    finally:
        terminal.press("q")
        terminal.close()


def answer(terminal: Terminal, keys: str) -> int:
    """Press keys; return how many bytes come until nothing comes any more."""
    terminal.press(keys)
    came = 0
    while more := len(terminal.read(ANSWERED)):
        came += more
    return came


def counted(terminal: Terminal) -> float:
    """Return the bytes a second that come over some seconds."""
    until, came = time.monotonic() + WATCHED, 0
    while time.monotonic() < until:
        came += len(terminal.read(0.1))
    return came / WATCHED


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    for name, what in (("--help", help_text), ("first frame", first_frame)):
        pairs = [(seconds(what), seconds(nothing)) for _ in range(rounds)]
        taken = statistics.median(own for own, _ in pairs)
        ratio = statistics.median(own / base for own, base in pairs)
        print(f"{name:24} {taken:6.3f} s   {ratio:5.1f} x python -c pass")
    with tempfile.TemporaryDirectory() as runs:
        steps = [first_step(runs) for _ in range(rounds)]
        print(f"{'space to first step':24} {statistics.median(steps):6.3f} s   (warm worker)")
        for size, budget in SIZES.items():
            running, paused = bytes_per_second(size, runs)
            where = f"{size[0]}x{size[1]}"
            print(
                f"{where:24} {running / 1000:6.1f} kB/s training (of {budget})   "
                f"{paused:5.0f} B/s paused"
            )
        for size in SIZES:
            costs = bytes_of_keys(size, runs)
            listed = "   ".join(f"{name} {count:,} B" for name, count in costs.items())
            print(f"{f'{size[0]}x{size[1]}':24} {listed}")


if __name__ == "__main__":
    main()
