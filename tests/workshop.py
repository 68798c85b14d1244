"""Forks workers from a process that has imported PyTorch; see ``tests.forked``."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from engine.worker import __main__ as worker


def serve(address: str, owner: int) -> bool:
    """Fork workers until the tests are over.

    Returns:
        Whether this is a worker, which has its stdin, stdout and stderr: there it returns too.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # What is forked here is waited for by nobody.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen(64)
        Path(f"{address}.new").rename(address)
        while _lives(owner):
            if not select.select([listener], [], [], 1.0)[0]:
                continue
            told, _ = listener.accept()
            _, stdio, *_ = socket.recv_fds(told, 1, 3)
            with told, told.makefile("r") as words:
                order = json.loads(words.readline())
                if os.fork() == 0:
                    listener.close()
                    return _watch_a_worker(told, stdio, order)
            for each in stdio:
                os.close(each)
    for each in (address, f"{address}.lock"):
        Path(each).unlink(missing_ok=True)
    return False


def _watch_a_worker(told: socket.socket, stdio: list[int], order: dict[str, Any]) -> bool:
    """Fork a worker, say its pid, wait for it and say how it ended; in it, return True."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for number, each in enumerate(stdio):
            os.dup2(each, number)
            os.close(each)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        return True
    for each in stdio:
        os.close(each)
    told.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    # Who asked for it may be gone: a worker outlives its lab.
    with contextlib.suppress(OSError):
        told.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


if __name__ == "__main__" and serve(sys.argv[1], int(sys.argv[2])):
    worker.main()
