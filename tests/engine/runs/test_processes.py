"""Whether the process that writes a run is still there, as machines of every kind tell it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine.recording.events import Writer
from engine.runs.folder import RunFolder
from engine.runs.processes import MAX_BYTES, Processes, appoint, appointed

NAMESPACE = "pid:[4026531836]"


def linux(
    place: Path,
    *,
    host: str = "here",
    boot: str = "9ecd3c71",
    namespace: str = NAMESPACE,
    ticks: Mapping[int, int] = {42: 7000},
    state: str = "S",
) -> Processes:
    """A machine with Linux, on which these processes run since these ticks."""
    (place / "sys/kernel/random").mkdir(parents=True)
    (place / "sys/kernel/random/boot_id").write_text(f"{boot}\n")
    (place / "self/ns").mkdir(parents=True)
    (place / "self/ns/pid").symlink_to(namespace)
    for pid, tick in ticks.items():
        (place / str(pid)).mkdir()
        told = [str(pid), "(python) (x", "S)", state, *["0"] * 18, str(tick), *["0"] * 20]
        (place / str(pid) / "stat").write_text(" ".join(told))
    # What the clock on the wall makes of the start is never asked for.
    return Processes(host, place, started=lambda pid: None, signal=nobody)


def nobody(pid: int, number: int) -> None:
    raise ProcessLookupError


def hidden(pid: int, number: int) -> None:
    raise PermissionError


@pytest.fixture
def worker(tmp_path: Path) -> Writer:
    """A process of the machine that all others are held against."""
    return linux(tmp_path / "then").of(42)


OTHERS = {
    "the same process": ({}, True),
    "after the machine was named anew": ({"host": "renamed"}, True),
    "the pid is another process's now": ({"ticks": {42: 9000}}, False),
    "no such process": ({"ticks": {}}, False),
    "it has ended, and nobody has asked after it": ({"state": "Z"}, False),
    "after a reboot with the same pid": ({"boot": "11111111"}, False),
    "in another container": ({"namespace": "pid:[4026532999]"}, None),
    "in another container with a name of its own": (
        {"host": "f00d", "namespace": "pid:[4026532999]"},
        None,
    ),
    "another host sharing the folder": ({"host": "there", "boot": "22222222"}, None),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_process_is_known_again(case: str, worker: Writer, tmp_path: Path) -> None:
    changes, there = OTHERS[case]
    assert linux(tmp_path / "now", **changes).has(worker) is there  # type: ignore[arg-type]


def test_another_users_process_that_is_hidden_may_be_there(worker: Writer, tmp_path: Path) -> None:
    machine = linux(tmp_path / "now", ticks={})
    assert replace(machine, signal=hidden).has(worker) is None
    assert machine.has(replace(worker, pid=2**40)) is False


def test_no_clock_that_is_set_changes_who_it_is(worker: Writer, tmp_path: Path) -> None:
    """What psutil computes from the time of the boot moves with the clock."""
    machine = replace(linux(tmp_path / "now"), started=lambda pid: 5e9)
    assert machine.has(worker) is True


@pytest.mark.parametrize(
    ("started", "there"), [(1000.5, True), (1010.0, False), (None, False)], ids=str
)
def test_elsewhere_the_second_tells_it(started: float | None, there: bool, tmp_path: Path) -> None:
    """Neither macOS nor a recording of before knows boots and ticks."""
    old = Writer(host="here", pid=42, pid_started=1000.0)
    for machine in (linux(tmp_path / "proc"), Processes("here", tmp_path / "none")):
        assert replace(machine, started=lambda pid: started).has(old) is there
        assert replace(machine, host="there", started=lambda pid: started).has(old) is None


def test_this_process_is_there_until_it_ends() -> None:
    machine = Processes()
    assert machine.has(machine.of(os.getpid())) is True
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        child = machine.of(process.pid)
        assert machine.has(child) is True
        assert machine.has(replace(child, boot="", pid_ticks=0)) is True, "of an old recording"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert machine.has(child) is False
        assert machine.has(replace(child, boot="")) is False


def test_whose_run_it_is_stands_in_its_folder(worker: Writer, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert appointed(folder) is None
    appoint(folder, worker)
    assert appointed(folder) == worker
    appoint(RunFolder(tmp_path / "gone"), worker)


@pytest.mark.parametrize(
    "said", [b"", b"[]", b'{"pid": "42"}', b'{"boot": null}', b"[" * 5000, b"1" * MAX_BYTES * 2]
)
def test_what_is_no_process_is_none(said: bytes, tmp_path: Path) -> None:
    (tmp_path / "worker.json").write_bytes(said)
    assert appointed(RunFolder(tmp_path)) is None
