"""The lab in a real terminal, as a person uses it: at the three sizes, in 256 colours and in 16."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.presets import preset as presets
from engine.runs.finding import list_runs
from tests.terminals import FORKED, IDLE, Terminal, experienced

pytestmark = pytest.mark.terminal

Open = Callable[..., Terminal]

SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open labs whose runs, presets and memory lie in the test's folder."""
    opened: list[Terminal] = []
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def open_terminal(*arguments: str, **changes: Any) -> Terminal:
        given = {
            "EPOCHAL_RUNS": str(tmp_path / "runs"),
            "XDG_STATE_HOME": experienced(tmp_path / "state"),
            **changes,
        }
        opened.append(Terminal(*arguments, **given))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def finished(terminal: Terminal) -> None:
    terminal.until(lambda: re.search(r"(✓|#) finished", terminal.text))


@pytest.mark.parametrize("size", SIZES)
def test_a_network_is_changed_trained_diagnosed_cured_compared_saved_and_deleted(
    tmp_path: Path, terminal: Open, size: tuple[int, int]
) -> None:
    lab = terminal(
        *("open", "vanishing-sigmoid", "--set", "train.epochs=40", "--device", "cpu"),
        size=size,
        program=FORKED,
    )
    lab.shows("2 → 3 → 3 → 3 → 3 → 1", "ready")

    # A layer goes: down to the hidden layers, one width fewer.
    lab.press("\r")
    lab.shows("What is learned from")
    for _ in range(4):
        before = lab.text
        lab.press("\x1b[B")
        lab.until(lambda before=before: lab.text != before)
    lab.shows("The hidden layers from")
    # What stands in a field is chosen on entering it: first to its end.
    lab.press("\x1b[F\x7f\x7f\x7f")
    lab.shows("2 → 3 → 3 → 3 → 1")
    lab.press("\x1b")
    lab.shows("space start")

    # It trains, and the diagnosis says what is wrong with it.
    lab.press(" ")
    finished(lab)
    lab.press("5")
    lab.shows("vanishing", "Try ReLU")

    # The remedy trains beside it; both are in one picture.
    lab.press("F")
    lab.until(lambda: len(list_runs(tmp_path / "runs")) == 2)
    finished(lab)
    lab.press("2")
    lab.shows("activation relu", "activation sigmoid")

    # Numbers at an earlier step, and the newest again.
    lab.press("\x1b[H\x1b[C")
    lab.until(lambda: re.search(r"step \d\b", lab.text))
    lab.press("\x1b[F")

    # What cured it is worth a preset.
    lab.press("1")
    lab.shows("2 → 3 → 3 → 3 → 1")
    lab.press("\x13")
    lab.shows("Save as a preset")
    lab.press("\x1b[F-cured\r")
    lab.until(lambda: "vanishing-sigmoid-2-cured" in _presets(tmp_path))
    lab.until(lambda: "Save as a preset" not in lab.text and "Saved:" in lab.text)
    saved = presets.load(str(tmp_path / "config/epochal/presets/vanishing-sigmoid-2-cured.toml"))
    assert saved.experiment.model.activation == "relu"
    assert [layer.units for layer in saved.experiment.model.hidden] == [3, 3, 3]

    # The first run is wanted no more.
    lab.press("6")
    lab.shows("2 runs")
    lab.until(lambda: "›" in lab.screen.display[2] + lab.screen.display[3])
    lab.press("\x1b[B")
    lab.until(lambda: "›" not in lab.screen.display[2] + lab.screen.display[3])
    lab.press("D")
    lab.shows("Delete this run")
    lab.press("y")
    lab.until(lambda: len(list_runs(tmp_path / "runs")) == 1)
    lab.shows("1 run")

    lab.press("q")
    assert lab.finish() == 0
    assert lab.is_clean()


def test_it_remembers_what_was_chosen(terminal: Open) -> None:
    first = terminal(program=IDLE)
    first.shows("two-moons", "ready")
    first.press("g")
    first.press("g")
    first.until(lambda: not any("⠁" <= character <= "⣿" for character in first.text))
    first.press(">>")
    first.until(lambda: first.screen.display[1].find("+", 1) == 49)
    first.press("q")
    assert first.finish() == 0

    second = terminal(program=IDLE)
    second.shows("two-moons", "ready")
    assert second.screen.display[1].find("+", 1) == 49
    second.press("q")
    assert second.finish() == 0


def test_sixteen_colours_and_ascii_show_a_whole_run(terminal: Open) -> None:
    lab = terminal(
        "open", "two-moons", "--set", "train.epochs=60", "--glyphs", "ascii",
        size=(120, 40), TERM="xterm", program=FORKED,
    )  # fmt: skip
    lab.shows("two-moons", "ready")
    lab.press(" ")
    lab.until(lambda: "finished" in lab.text)
    lab.shows("train", "layer2", "class")
    assert not re.search(rb"[34]8;[25];", lab.sent)
    lab.press("q")
    assert lab.finish() == 0


def test_a_screenshot_is_saved_as_svg_and_as_text(
    tmp_path: Path, terminal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lab = terminal("open", "two-moons", "--set", "train.epochs=60", size=(120, 40), program=FORKED)
    lab.shows("ready", "2 → 5 → 1")
    lab.press(" ")
    finished(lab)
    lab.press("p")
    lab.until(lambda: len(list(tmp_path.glob("*.txt"))) == 1)
    lab.until(lambda: len(list(tmp_path.glob("*.svg"))) == 1)
    [text], [svg] = list(tmp_path.glob("*.txt")), list(tmp_path.glob("*.svg"))
    assert text.stem == svg.stem
    lab.until(lambda: "train" in text.read_text("utf-8") and "</svg>" in svg.read_text("utf-8"))
    lab.press("q")
    assert lab.finish() == 0


def _presets(folder: Path) -> list[str]:
    return [path.stem for path in (folder / "config/epochal/presets").glob("*.toml")]
