"""Lines of JSON from a pipe are a run, and what is none of them is said with its line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from typer.testing import CliRunner

from engine.cli import app
from engine.recording.loading import load_history
from engine.runs.folder import RunFolder
from tests.patience import DEADLINE


def recorded(tmp_path: Path, text: str | bytes) -> tuple[RunFolder, str, str]:
    """Return the run of some lines, and what was said on stdout and stderr."""
    done = CliRunner().invoke(app, ["record", "theirs", "--runs-dir", str(tmp_path)], input=text)
    assert done.exit_code == 0
    (folder,) = tmp_path.iterdir()
    return RunFolder(folder), done.stdout, done.stderr


def test_lines_with_numbers_are_rows(tmp_path: Path) -> None:
    lines = (
        '{"step": 10, "loss": 0.5, "val": {"loss": 0.75, "deep": {"er": 1}}, "note": "x"}\n'
        '{"loss": NaN, "ok": true}\n\n'
        '{"step": 12, "loss": 1e999}'
    )
    folder, out, err = recorded(tmp_path, lines)
    history = load_history(folder.recording)
    assert history.series["train"].steps.tolist() == [10, 11, 12]
    assert str(history.series["train"].column("loss").tolist()) == "[0.5, nan, inf]"
    assert history.series["dev"].columns == ("loss", "deep/er")
    assert history.series["other"].columns == ("ok",)
    assert out == f"{folder.name}: 3 lines to step 12\n"
    assert err == f"{folder.name} is recorded; epochal attach shows it\n"


def test_what_is_no_line_of_numbers_is_left_out_and_said(tmp_path: Path) -> None:
    long = '{"a' + "a" * (1 << 20) + '": 1}'
    lines = ["x", "[1]", '{"step": 1.5}', '{"step": -1}', '{"a": "b"}', long, '{"loss": 1}']
    folder, out, err = recorded(tmp_path, "\n".join([*lines, *"yyyyyyyy"]))
    assert load_history(folder.recording).series["train"].steps.tolist() == [1]
    assert out.endswith(": 1 lines to step 1\n")
    said = err.splitlines()[1:]
    assert said[:6] == [
        "line 1 is no JSON, and is left out",
        'line 2 is no table of numbers, such as {"step": 1, "loss": 0.5}, and is left out',
        "line 3 has a step that is no whole number from 0 on, and is left out",
        "line 4 has a step that is no whole number from 0 on, and is left out",
        "line 5 has no numbers, and is left out",
        "line 6 has more than 1048576 bytes, and is left out",
    ]
    assert (len(said), said[-1]) == (11, "and 4 more lines are left out")


def test_it_is_there_while_it_grows_and_an_interrupt_is_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "engine", "record", "theirs", "--runs-dir", str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(command, **pipes, env=environment)  # type: ignore[call-overload]
    process.stdin.write(b'{"loss": 1}\n')
    process.stdin.flush()
    deadline = time.monotonic() + DEADLINE
    found = tmp_path.glob("*/recording.jsonl")
    while not (path := next(found, None)) or load_history(path).last_step < 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        found = tmp_path.glob("*/recording.jsonl")
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE) == 130
    process.stdin.close()
    end = load_history(path).end
    assert end is not None
    assert (end.status, end.reason, end.step) == ("stopped", "interrupted", 1)
