"""The real program in a real terminal: a person's way through it, once."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.recording.file import Reader, read
from engine.recording.history import History
from engine.runs.finding import list_runs
from tests.patience import DEADLINE
from tests.terminals import FORKED, IDLE, Terminal

pytestmark = pytest.mark.terminal

Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open terminals that are let go at the end; runs are kept in the test's folder."""
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, **changes: Any) -> Terminal:
        given = {"EPOCHAL_RUNS": str(tmp_path / "runs"), **changes}
        opened.append(Terminal(*arguments, **given))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def step_on(terminal: Terminal) -> int:
    """Return the step that the status line shows."""
    found = re.search(r"step ([\d ]+)/", terminal.text)
    return int(found[1].replace(" ", "")) if found else 0


def curve_on(terminal: Terminal) -> str:
    """Return what is drawn in braille."""
    return "".join(character for character in terminal.text if "⠁" <= character <= "⣿")


def ended(recording: Path) -> History:
    """Wait until a run is over, and return all of it."""
    history, reader = History(), Reader(recording)
    deadline = time.monotonic() + DEADLINE
    while history.end is None:
        assert time.monotonic() < deadline, "the run was not stopped"
        history.extend(reader.poll())
        time.sleep(0.02)
    return history


def stop(terminal: Terminal) -> None:
    """Leave a run that is trained, and stop it."""
    terminal.press("q")
    terminal.shows("leave it running")
    terminal.press("s")
    assert terminal.finish() == 0
    assert terminal.is_clean()


def test_it_trains_survives_its_terminal_is_seen_again_and_leaves_a_clean_one(
    tmp_path: Path, terminal: Open
) -> None:
    # It is never over by itself, however long it takes to hang up.
    first = terminal("open", "two-moons", "--set", "train.epochs=1000000000", "--device", "cpu")
    first.shows("two-moons", "learning rate", "ready")
    first.press(" ")
    first.until(lambda: step_on(first) > 50 and curve_on(first))
    step, curve = step_on(first), curve_on(first)
    first.until(lambda: step_on(first) > step and curve_on(first) != curve)
    assert "layer2" in first.text
    [folder] = list_runs(tmp_path / "runs")
    first.hang_up()
    assert first.process.returncode == -signal.SIGHUP
    last = History(read(folder.recording)).last_step

    second = terminal("attach", program=IDLE)
    second.shows("Two moons", "step")
    second.until(lambda: step_on(second) > last)
    assert not second.is_clean()
    stop(second)
    end = ended(folder.recording).end
    assert end is not None
    assert end.status == "stopped"
    assert end.step > last


def test_an_idle_lab_sends_nothing_and_quits_cleanly(terminal: Open) -> None:
    lab = terminal()
    lab.shows("two-moons", "2 → 5 → 1", "ready")
    # What is still on its way after the first frames, then nothing, for longer than a tick.
    lab.falls_silent(1.2)
    lab.press("q")
    assert lab.finish() == 0
    assert lab.is_clean()


def test_detaching_says_how_to_come_back(tmp_path: Path, terminal: Open) -> None:
    lab = terminal("open", "zero-init", "--set", "train.epochs=1000000", program=FORKED)
    lab.shows("zero-init", "ready", "learning rate")
    lab.press("s")
    lab.shows("paused", "step 1/")
    lab.press("d")
    assert lab.finish() == 0
    assert lab.is_clean()
    [folder] = list_runs(tmp_path / "runs")
    assert f"epochal attach {folder.name}".encode() in lab.sent

    again = terminal("attach", folder.name, program=IDLE)
    again.shows("paused", "step 1/1 000 000")
    stop(again)
    end = ended(folder.recording).end
    assert end is not None
    assert end.status == "stopped"


def test_asked_to_end_from_outside_it_leaves_a_clean_terminal(terminal: Open) -> None:
    lab = terminal(program=FORKED)
    lab.shows("two-moons")
    lab.process.terminate()
    lab.finish()
    assert lab.is_clean()


def test_stopped_by_force_and_continued_it_gives_the_terminal_back_as_it_was(
    terminal: Open,
) -> None:
    """It has the terminal still; where a shell had it meanwhile, it takes it again."""
    lab = terminal(program=IDLE)
    lab.shows("two-moons", "2 → 5 → 1", "ready")
    taken = lab.setting
    for had_by_a_shell in (False, False, True):
        lab.falls_silent(0.5)
        os.kill(lab.process.pid, signal.SIGSTOP)
        if had_by_a_shell:
            lab.setting = lab.settings
        sent = len(lab.sent)
        os.kill(lab.process.pid, signal.SIGCONT)
        lab.until(lambda sent=sent: b"two-moons" in lab.sent[sent:])
        lab.until(lambda: lab.setting == taken)
    lab.press("q")
    assert lab.finish() == 0
    assert lab.is_clean()


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"NO_COLOR": "1"}, None),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, b"38;5;"),
    ],
)
def test_it_opens_without_colours_a_mouse_or_signs_of_other_languages(
    terminal: Open, environment: dict[str, str], colours: bytes | None
) -> None:
    lab = terminal("--no-mouse", program=IDLE, fresh="PYTHONUTF8" in environment, **environment)
    lab.shows("two-moons", "ready", "quit")
    if colours is None:
        # Textual shows a palette without colours in greys.
        used = {int(index) for index in re.findall(rb"[34]8;5;(\d+)", lab.sent)}
        assert used <= {16, 59, 102, 145, 188, 231, *range(232, 256)}
    else:
        assert colours in lab.sent
    lab.press("q")
    assert lab.finish() == 0
    assert lab.is_clean()


@pytest.mark.parametrize("term", ["dumb", ""])
def test_without_a_screen_it_names_the_command_that_needs_none(terminal: Open, term: str) -> None:
    refused = terminal(TERM=term)
    assert refused.finish() == 2
    assert b"epochal run" in refused.sent
    assert b"\x1b[?1049h" not in refused.sent
