"""Whoever calls may have closed what is printed to: then it goes nowhere, and into no file."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from engine.text.streams import leave_lost_terminal

SCRIPT = """
import os, sys
from pathlib import Path
from engine.text.streams import open_those_closed

open_those_closed()
with Path(sys.argv[1]).open("w") as file:
    print("to stdout", flush=True)
    print("to stderr", file=sys.stderr, flush=True)
    os.write(2, b"past Python")
    file.write(f"{file.fileno() > 2} {sys.stdin.read()!r}")
"""


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "2>&-", ">&-", "<&-"])
def test_no_file_gets_what_is_printed(closed: str, tmp_path: Path) -> None:
    call = shlex.join([sys.executable, "-c", SCRIPT, str(tmp_path / "file")])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{call} {closed}"], input="", capture_output=True, text=True, check=True
    )
    assert (tmp_path / "file").read_text() == "True ''"
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else "to stdout\n")
    assert done.stderr == ("" if "2>&-" in closed else "to stderr\npast Python")


def test_what_is_said_to_a_terminal_that_is_gone_goes_nowhere() -> None:
    before, (terminal, its_end) = os.dup(0), os.openpty()
    try:
        os.dup2(its_end, 0)
        os.close(its_end)
        leave_lost_terminal()
        assert os.isatty(0)
        os.close(terminal)
        with pytest.raises(OSError, match="Input/output error"):
            os.write(0, b"stopping")
        leave_lost_terminal()
        assert os.write(0, b"stopping") == 8
    finally:
        os.dup2(before, 0)
        os.close(before)
