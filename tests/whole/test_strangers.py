"""Files of strangers, in every text and name of which stands what would act on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.experiments import MOONS, experiment
from tests.sweeps import make_sweep
from tests.terminals import IDLE, Terminal, experienced
from tests.trained import recorded
from tui.cli import main
from tui.places.registry import PANES

EVIL = "\x1b]0;pwned\x07\x1b[66;66H\x1b[2J\u202e\x9b31m"
"""Sets the window's title, rings, goes elsewhere, clears the screen, turns the writing round,
colours."""

ACTING = ("\x1b]0;pwned", "\x1b[66;66H", "\x1b[2J", "\u202e", "\x9b31m")
"""What of it must reach no terminal; the lab rings and goes elsewhere itself."""

COMMANDS = (
    *("runs", "runs --json", "show last", "show last --json", "show last --view log"),
    *("show last --log-every 1", "explain last", "resume last", "verify last", "stop last"),
    *("fork last --at 1 --set train.seed=9", "predict last", "presets", "lectures"),
    *(f"check presets/{EVIL}.toml", f"explain presets/{EVIL}.toml", f"show {EVIL}"),
    *(f"import log{EVIL}.csv", f"new presets/data.csv --to {EVIL}.toml"),
    *(f"evaluate last --compare {EVIL}", f"predict last presets/{EVIL}.csv", f"race last {EVIL}"),
    *(f"export last {EVIL}.csv --to csv --force", f"run presets/{EVIL}.toml --device {EVIL}"),
    *(f"sweep presets/{EVIL}.toml --grid optimizer.lr=1,2 --dry-run", f"runs --filter {EVIL}"),
    *(f"sweep presets/{EVIL}.toml --grid {EVIL}=1,2", f"open {EVIL}", f"follow {EVIL}"),
)


def poisoned(value: Any) -> Any:
    """A value with all that is free text in it replaced."""
    if isinstance(value, dict):
        return {key: poisoned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each) for each in value]
    return EVIL if isinstance(value, str) else value


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs, a sweep, presets and a lecture, in which every text is a stranger's."""
    place = tmp_path_factory.mktemp("strangers")
    folder, _ = recorded(experiment(MOONS, train={"epochs": 3}), place / "runs" / f"run{EVIL}")
    lines = []
    for line in folder.recording.read_text().splitlines():
        body = json.loads(line)
        kept = {name: body[name] for name in ("kind", "group", "columns", "data") if name in body}
        if body["kind"] == "header":
            kept |= {"experiment": body["experiment"] | {"title": EVIL, "about": EVIL}}
        lines.append(json.dumps(poisoned(body) | kept, ensure_ascii=False))
    for kind in ("mark", "warning"):
        told = {"title": EVIL, "note": EVIL, "message": EVIL, "step": 1, "t": 0.0, "kind": kind}
        lines.insert(-1, json.dumps(told, ensure_ascii=False))
    folder.recording.write_text("\n".join(lines) + "\n")
    said = json.dumps(EVIL)
    marks = f"[[marks]]\nstep = 1\ntitle = {said}\nnote = {said}\n"
    folder.notes.write_text(f"name = {said}\nnote = {said}\ntags = [{said}]\n{marks}")
    make_sweep(place / "runs", called=EVIL)
    presets = place / "presets"
    (presets / "lectures").mkdir(parents=True)
    cells = "".join(f"{at},{at % 3},{EVIL}{at % 2}\n" for at in range(30))
    (presets / "data.csv").write_text(f"{EVIL},b{EVIL},c{EVIL}\n{cells}")
    (place / f"log{EVIL}.csv").write_text(f"step,loss,{EVIL}\n1,0.5,2\n2,0.4,{EVIL}\n")
    data = '[data]\nkind = "file"\npath = "data.csv"\ntask = "classes"\n'
    (presets / f"{EVIL}.toml").write_text(f"title = {said}\nabout = {said}\n{data}")
    scene = f"[[scenes]]\ntitle = {said}\ntext = {said}\nnotes = {said}\n"
    (presets / "lectures" / f"{EVIL}.toml").write_text(f"title = {said}\n{scene}")
    return place


@pytest.fixture
def place(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the working directory."""
    monkeypatch.chdir(made)
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_of_it_reaches_the_terminal(
    command: str, place: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with pytest.raises(SystemExit):
        main(command.split(" "))
    printed = b"".join(capfdbinary.readouterr())
    assert printed
    for each in (*ACTING, "\x07"):
        assert each.encode() not in printed


@pytest.fixture
def lab(place: Path, tmp_path: Path) -> Iterator[Any]:
    """Open the lab in a terminal, on what lies there."""
    opened: list[Terminal] = []

    def open_lab(*arguments: str) -> Terminal:
        state = experienced(tmp_path)
        opened.append(Terminal(*arguments, size=(200, 60), program=IDLE, XDG_STATE_HOME=state))
        return opened[-1]

    yield open_lab
    for each in opened:
        each.close()


@pytest.mark.terminal
@pytest.mark.parametrize("arguments", [("replay", "last"), ("open", f"presets/{EVIL}.toml")])
def test_nothing_of_it_reaches_the_terminal_from_any_pane(
    arguments: tuple[str, str], lab: Any
) -> None:
    terminal = lab(*arguments)
    terminal.shows("pwned")
    for key in [*filter(None, (pane.key for pane in PANES)), *"vvvvC?"]:
        terminal.press(key)
        terminal.falls_silent(0.3)
    assert b"pwned" in terminal.sent
    for each in ACTING:
        assert each.encode() not in terminal.sent


@pytest.mark.terminal
def test_nothing_of_it_reaches_the_terminal_from_a_lecture(lab: Any) -> None:
    for more in ((), ("--notes",)):
        terminal = lab("lecture", f"presets/lectures/{EVIL}.toml", *more)
        terminal.shows("pwned")
        terminal.falls_silent(0.3)
        for each in ACTING:
            assert each.encode() not in terminal.sent
