"""Recordings of strangers, in every text of which stands what would act on a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.experiments import MOONS, experiment
from tests.trained import recorded
from tui.cli import main

EVIL = "\x1b]0;pwned\x07\x1b[2J\u202e\x9b31m"
"""Sets the window's title, rings, clears the screen, turns the writing round, colours."""

COMMANDS = (
    *("runs", "runs --json", "show last", "show last --json", "show last --view log"),
    *("show last --log-every 1", "explain last", "resume last", "verify last", "stop last"),
    *("fork last --at 1 --set train.seed=9", "predict last"),
)


def poisoned(value: Any) -> Any:
    """A value with all that is free text in it replaced."""
    if isinstance(value, dict):
        return {key: poisoned(each) for key, each in value.items()}
    return EVIL if isinstance(value, str) else value


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run, in which every text is a stranger's."""
    place = tmp_path_factory.mktemp("strangers")
    folder, _ = recorded(experiment(MOONS, train={"epochs": 3}), place / f"run{EVIL}")
    lines = []
    for line in folder.recording.read_text().splitlines():
        body = json.loads(line)
        kept = {name: body[name] for name in ("kind", "group", "columns", "data") if name in body}
        if body["kind"] == "header":
            kept |= {"experiment": body["experiment"] | {"title": EVIL, "about": EVIL}}
        lines.append(json.dumps(poisoned(body) | kept, ensure_ascii=False))
    folder.recording.write_text("\n".join(lines) + "\n")
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_of_it_reaches_the_terminal(
    command: str, runs: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--runs-dir", str(runs)])
    printed = b"".join(capfdbinary.readouterr())
    assert printed
    for each in ("\x1b]", "\x1b[2J", "\x07", "\u202e", "\x9b"):
        assert each.encode() not in printed
