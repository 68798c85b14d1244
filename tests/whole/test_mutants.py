"""What is damaged, broken or made up: some of what ``make torture`` tries by the thousand."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from engine.errors import EpochalError
from tests import broken, mutants, within_limits
from tests.within_limits import failures_of


def test_no_damaged_file_of_a_run_ends_a_command(tmp_path: Path) -> None:
    mutants.make_originals(tmp_path)
    for seed in range(100):
        what, failures = mutants.try_one(tmp_path, seed, most=2)
        assert not failures, f"python -m tests.mutants 1 {seed} ({what})"


def test_nothing_that_is_broken_is_more_than_refused(tmp_path: Path) -> None:
    for seed in range(100):
        what, failures = broken.try_one(tmp_path / "place", seed)
        assert not failures, f"python -m tests.broken 1 {seed} ({what})"


def spin() -> None:
    while True:
        pass


def refuse() -> None:
    raise EpochalError("no")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: None, ""),
        (refuse, ""),
        (lambda: exit(2), ""),
        (lambda: exit(3), "Status: 3"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda: bytearray(400_000_000), "MemoryError: "),
        (lambda: print("\x1b[2J"), "NotPlain: '\\x1b' was printed"),
        (lambda: os._exit(3), "Died: status 3"),
        (spin, "TooLong: more than 0.05 s of a core"),
        (signal.pause, "Hangs: nothing for 0.5 seconds"),
    ],
)
def test_limits_hold(call: object, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is to come to an end has the time it needs, on a machine that is slow as well.
    if error.startswith("TooLong"):
        monkeypatch.setattr(within_limits, "SECONDS", 0.05)
    if error.startswith("Hangs"):
        monkeypatch.setattr(within_limits, "DEADLINE", 0.5)
    failures = failures_of([("it", call)])  # type: ignore[list-item]
    assert [each.error for each in failures] == [error] * bool(error)
