"""The command with a screen: what opens what, and what is refused."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer import Context
from typer.main import get_command
from typer.testing import CliRunner

from engine.cli import app
from engine.errors import EpochalError, PresetError
from engine.options import with_it
from tests.labs import FakeRun, make_app, until
from tests.patience import DEADLINE
from tui import opening as opens
from tui.cli import find_run_or_preset, newest_run, with_open
from tui.opening import make_opening, require_screen, settle_environment

SOURCE = Path(__file__).parents[2]


def loaded(*arguments: str, packages: str) -> str:
    """Return which packages a command imports, in a process of its own."""
    script = (
        f"import sys; sys.argv = ['epochal', *{list(arguments)!r}]\n"
        "from tui.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(*(name for name in {packages!r}.split() if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["open"]),
        (["--seed", "3"], ["open", "--seed", "3"]),
        (["open", "cubic"], ["open", "cubic"]),
        (["run", "cubic"], ["run", "cubic"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["nonsense"], ["nonsense"]),
    ],
)
def test_without_a_command_the_lab_is_meant(given: list[str], meant: list[str]) -> None:
    assert with_open(given) == meant


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    done = CliRunner().invoke(app, ["--help"])
    for command in ("open", "attach", "show", "run", "presets", "runs"):
        assert command in done.output
    assert loaded("--help", packages="numpy pydantic textual torch plotext") == ""


def test_a_command_is_laid_out_alone_and_as_among_all() -> None:
    every = get_command(app).commands  # type: ignore[attr-defined]
    for name, among in every.items():
        ((_, alone),) = get_command(with_it(app, name)).commands.items()  # type: ignore[attr-defined]
        assert alone.get_help(Context(alone)) == among.get_help(Context(among))
    for other in ("", "--help", "nonsense"):
        assert with_it(app, other) is app


async def test_from_its_command_to_the_first_frame_nothing_is_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[bool]()

    def shown(opening: object, *, mouse: bool) -> None:
        found.append(gc.isenabled())
        raise PresetError("it fails")

    monkeypatch.setattr(opens, "require_screen", lambda environment: None)
    monkeypatch.setattr(opens, "show_lab", shown)
    with pytest.raises(PresetError):
        opens.open_screen(opens.Screen(), tmp_path)
    assert (found, gc.isenabled()) == ([False], True)
    gc.disable()
    try:
        lab, _ = make_app(tmp_path)
        async with lab.run_test(size=(120, 40)) as pilot:
            await until(pilot, gc.isenabled)
    finally:
        gc.enable()


ASKING: dict[str, list[str]] = {
    "list": ["runs"],
    "list some": ["runs", "state=ended", "--json"],
    "stop": ["stop", "last"],
    "presets": ["presets"],
    "lectures": ["lectures", "--json"],
    "help": ["runs", "--help"],
    "a name that nothing has": ["attach", "nobody"],
}
"""Commands that only list or ask."""

HEAVY = """
import json, os, sys
from tui.cli import main
heavy, brought = {"numpy", "pydantic", "textual", "torch", "plotext"}, {}
out, sys.stdout = sys.stdout, open(os.devnull, "w")
for name, arguments in json.loads(sys.argv[1]).items():
    try:
        main(arguments)
    except SystemExit:
        pass
    brought[name] = sorted(heavy & {*sys.modules})
    heavy -= {*sys.modules}
print(json.dumps(brought), file=out)
"""


def test_what_only_lists_or_asks_loads_neither_arrays_nor_schemas(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path).begin()
    fake.train([0.9, 0.5])
    fake.end(test_loss=0.25)
    fake.close()
    done = subprocess.run(
        [sys.executable, "-c", HEAVY, json.dumps(ASKING)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "EPOCHAL_RUNS": str(tmp_path)},
    )
    assert json.loads(done.stdout) == {name: [] for name in ASKING}
    # Each did what it was asked for.
    assert "over: finished" in done.stderr
    assert "no such run" in done.stderr


def test_show_prints_a_picture_and_needs_no_textual(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path).begin()
    fake.train([0.9, 0.5])
    fake.end(test_loss=0.25)
    fake.close()
    arguments = ["show", "last", "--runs-dir", str(tmp_path), "--size", "80x24"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines)
    assert "test loss 0.2500" in done.output
    assert "\x1b" not in done.output
    early = CliRunner().invoke(app, [*arguments, "--step", "1"])
    assert "step 1/" in early.output
    assert loaded(*arguments, packages="textual torch") == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "gone"], "gone"),
        (["show", "last", "--size", "5"], "100x30"),
        (["attach", "gone"], ""),
        (["open"], "epochal run"),
    ],
)
def test_a_wrong_request_is_one_line_and_status_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    FakeRun(tmp_path).begin().close()
    done = CliRunner().invoke(app, [*arguments, "--runs-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_screen_needs_a_terminal_that_moves_its_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EpochalError, match="epochal run"):
        require_screen({"TERM": "xterm"})
    monkeypatch.setattr(sys, "stdin", _Tty())
    monkeypatch.setattr(sys, "stdout", _Tty())
    require_screen({"TERM": "xterm"})
    for term in ({}, {"TERM": ""}, {"TERM": "dumb"}):
        with pytest.raises(EpochalError, match="epochal run"):
            require_screen(term)


def test_in_tmux_and_screen_256_colours_are_used_where_their_term_promises_16() -> None:
    inside = {"TERM": "screen.xterm", "TMUX": "/tmp/x"}
    settle_environment(inside)
    assert inside["TEXTUAL_COLOR_SYSTEM"] == "256"
    assert inside["TEXTUAL_ANIMATIONS"] == "none"
    outside = {"TERM": "xterm"}
    settle_environment(outside)
    assert "TEXTUAL_COLOR_SYSTEM" not in outside
    chosen = {"TERM": "screen", "STY": "1", "TEXTUAL_COLOR_SYSTEM": "truecolor"}
    settle_environment(chosen)
    assert chosen["TEXTUAL_COLOR_SYSTEM"] == "truecolor"


def test_what_is_opened_is_a_preset_first_then_a_run(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path).begin()
    fake.close()
    assert find_run_or_preset("two-moons", tmp_path, []) is None
    assert find_run_or_preset(fake.folder.name, tmp_path, []) == fake.folder
    assert find_run_or_preset("last", tmp_path, []) == fake.folder
    with pytest.raises(PresetError, match="two-moon"):
        find_run_or_preset("two-moonz", tmp_path, [])
    with pytest.raises(PresetError, match=r"optimizer\.lr"):
        find_run_or_preset("two-moons", tmp_path, ["optimizer.lr=-1"])


def test_attach_takes_the_newest_run_that_is_going_else_the_last(tmp_path: Path) -> None:
    older = FakeRun(tmp_path, folder=_folder(tmp_path, "a-20260101-000000-aaaa")).begin()
    newer = FakeRun(tmp_path, folder=_folder(tmp_path, "a-20260102-000000-bbbb")).begin()
    newer.end()
    assert newest_run(tmp_path) == older.folder
    older.end()
    assert newest_run(tmp_path) == newer.folder
    older.close()
    newer.close()


def _folder(runs_dir: Path, name: str) -> object:
    from engine.runs.folder import RunFolder

    folder = RunFolder(runs_dir / name)
    folder.control.mkdir(parents=True)
    return folder


def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not make_opening("ascii").look.palette.colours
    monkeypatch.delenv("NO_COLOR")
    opening = make_opening("ascii", device="cpu")
    assert opening.look.palette.colours
    assert opening.look.glyphs.name == "ascii"
    assert opening.start_worker is opens.start_worker


@pytest.mark.parametrize(
    ("whole", "damaged"),
    [
        (r'"activation":\s*"sigmoid"', '"activation": []'),
        (r'"model":\s*\{', '"model": 3, "lost": {'),
        (r'"best_step":\s*[^,}]+', '"best_step": "x"'),
    ],
)
def test_a_damaged_recording_is_shown_without_a_traceback(
    tmp_path: Path, whole: str, damaged: str
) -> None:
    recording = Path(__file__).parents[1] / "recordings" / "format-1.jsonl"
    text, times = re.subn(whole, damaged, recording.read_text(encoding="utf-8"))
    assert times
    (tmp_path / "damaged.jsonl").write_text(text, encoding="utf-8")

    done = CliRunner().invoke(app, ["show", str(tmp_path / "damaged.jsonl"), "--json"])

    assert done.exception is None, done.exception
    assert done.exit_code == 0
