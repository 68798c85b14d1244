"""A real connection to a real server, which breaks while a run is trained behind it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.recording.file import read
from engine.recording.history import History
from engine.runs.finding import list_runs
from tests.forked import ADDRESS, workshop
from tests.patience import DEADLINE
from tests.terminals import SOURCE, Terminal, experienced
from tests.whole.test_terminal import ended, step_on, stop

SERVER = shutil.which("sshd", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")
PRIVATE = Path("/run/sshd")
"""A server that root starts wants this folder, which is otherwise made when the machine starts."""

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.skipif(
        not (SERVER and shutil.which("ssh") and shutil.which("ssh-keygen")),
        reason="needs sshd, ssh and ssh-keygen: apt-get install openssh-server",
    ),
]

CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host
AuthorizedKeysFile {place}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
"""
TO_SSH = "import os, sys; os.execvp('ssh', ['ssh', *sys.argv[1:]])"

Log_In = Callable[..., Terminal]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A server of this test's own, with keys of its own; where it listens."""
    for name in ("host", "user"):
        key = ["-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(["ssh-keygen", *key], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = tmp_path / "sshd_config"
    configuration.write_text(CONFIGURATION.format(place=tmp_path, port=port))
    made = os.geteuid() == 0 and not PRIVATE.exists()
    if made:
        PRIVATE.mkdir(mode=0o755)
    assert SERVER is not None
    server = subprocess.Popen([SERVER, "-D", "-e", "-f", str(configuration)], stdin=-3, stderr=-3)
    deadline = time.monotonic() + DEADLINE
    while not _answers(port):
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() < deadline, "the server does not answer"
    yield port
    server.kill()
    server.wait()
    if made:
        PRIVATE.rmdir()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


@pytest.fixture
def log_in(tmp_path: Path, port: int) -> Iterator[Log_In]:
    """Have a lab on the far side; terminals are let go at the end."""
    opened: list[Terminal] = []
    there = {
        "EPOCHAL_RUNS": str(tmp_path / "runs"),
        "XDG_STATE_HOME": experienced(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "PYTHONPATH": str(SOURCE),
        "TEXTUAL_DISABLE_KITTY_KEY": "1",
        "OMP_NUM_THREADS": "1",
        "LC_ALL": "C.UTF-8",
        ADDRESS: workshop("workers"),
    }

    def log_in(*arguments: str) -> Terminal:
        asked = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        options = [word for each in asked for word in ("-o", each)]
        who = ["-F", "none", "-i", f"{tmp_path}/user", "-p", f"{port}", "-tt"]
        environment = [f"{name}={value}" for name, value in there.items()]
        command = ["env", *environment, sys.executable, "-m", "tests.forked", *arguments]
        where = f"{getpass.getuser()}@127.0.0.1"
        program = ("-c", TO_SSH, *who, *options, where, *command)
        opened.append(Terminal(program=program))
        return opened[-1]

    yield log_in
    for each in opened:
        each.close()


def test_a_run_goes_on_when_the_connection_breaks_and_nothing_of_it_is_lost(
    tmp_path: Path, log_in: Log_In
) -> None:
    # It is never over by itself, however long it takes to break the connection.
    changes = ["--set", "train.epochs=1000000000", "--set", "model.hidden=[64,32]"]
    first = log_in("open", "two-moons", *changes, "--device", "cpu")
    first.shows("two-moons", "ready")
    first.press(" ")
    first.until(lambda: step_on(first) > 50)
    [folder] = list_runs(tmp_path / "runs")
    first.process.kill()
    last = History(read(folder.recording)).last_step
    second = log_in("attach")
    second.until(lambda: step_on(second) > last)
    stop(second)
    history = ended(folder.recording)
    assert history.end is not None
    assert history.end.status == "stopped"
    assert history.series["train"].steps.tolist() == list(range(1, history.end.step + 1))
