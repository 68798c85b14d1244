"""Every kind of terminal, and every way to leave it: each time it is as it was before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminals import Terminal

pytestmark = pytest.mark.terminal

LAB = """
import sys
from tests import idle
from tui import opening

def broken(app):
    app.set_timer(0.1, lambda: 1 / 0)

def show(wanted, **settings):
    # Textual asks the environment while it is imported, which the lab sets up first.
    import tui.app
    if "broken" in sys.argv:
        tui.app.LabApp.on_mount = broken
    shown(wanted, **settings)

shown, opening.show_lab = opening.show_lab, show
idle.main([])
"""
"""The lab without a worker; ``broken`` for one that fails while it is shown."""

KINDS = {
    "xterm-256color": {"TERM": "xterm-256color"},
    "screen-256color": {"TERM": "screen-256color"},
    "tmux-256color": {"TERM": "tmux-256color"},
    "screen": {"TERM": "screen"},
    "xterm": {"TERM": "xterm"},
    "linux": {"TERM": "linux"},
    "no colour": {"NO_COLOR": "1"},
    "tmux": {"TERM": "screen", "TMUX": "/tmp/tmux-1000/default,1,0"},
}
PALETTE = {"xterm-256color", "screen-256color", "tmux-256color", "tmux"}
"""Those that show 256 colours."""
UNLIKE = ("xterm-256color", "tmux", "linux")
"""Those that the lab asks for different things: how it is left differs in no more than these."""
MODES = (b"1000", b"1003", b"1006", b"1004", b"2004")
"""Mouse, focus and paste."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def terminal(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    extra = getattr(request, "param", ())
    given = {"EPOCHAL_RUNS": str(tmp_path), **KINDS[kind]}
    # There Textual is told before it is imported what tmux shows.
    fresh = "TMUX" in KINDS[kind]
    opened = Terminal(
        *extra,
        size=(80, 24),
        program=("-c", LAB),
        fresh=fresh,
        **given,  # type: ignore[arg-type]
    )
    yield opened
    opened.close()


def left_on(terminal: Terminal) -> list[bytes]:
    """Return the modes that were switched on and not off again."""
    sent = terminal.sent
    return [
        mode
        for mode in MODES
        if sent.rfind(b"\x1b[?" + mode + b"h") > sent.rfind(b"\x1b[?" + mode + b"l")
    ]


def assert_clean(terminal: Terminal) -> None:
    assert terminal.is_clean()
    assert left_on(terminal) == []
    # Lines wrap again.
    assert terminal.sent.rfind(b"\x1b[?7h") >= terminal.sent.rfind(b"\x1b[?7l")


def test_it_draws_and_quits(kind: str, terminal: Terminal) -> None:
    terminal.shows("Setup: two-moons", "quit")
    in_palette = re.search(rb"[34]8;5;\d", terminal.sent) is not None
    assert in_palette == (kind in PALETTE | {"no colour"})
    # 24 bits only where the terminal says so.
    assert not re.search(rb"[34]8;2;\d", terminal.sent)
    if kind == "linux":
        # The console's font has no braille.
        assert not re.search(r"[⠁-⣿]", terminal.text)
    terminal.press("q")
    assert terminal.finish() == 0
    assert_clean(terminal)
    assert b"Traceback" not in terminal.sent


@pytest.mark.parametrize("kind", UNLIKE, indirect=True)
def test_asked_to_end_from_outside_it_leaves_a_clean_terminal(terminal: Terminal) -> None:
    terminal.shows("Setup: two-moons")
    terminal.process.terminate()
    terminal.finish()
    assert_clean(terminal)


@pytest.mark.parametrize("kind", UNLIKE, indirect=True)
@pytest.mark.parametrize("terminal", [("broken",)], indirect=True)
def test_a_lab_that_breaks_leaves_a_clean_terminal(terminal: Terminal) -> None:
    assert terminal.finish() != 0
    assert_clean(terminal)
    # What went wrong is said where it stays: after the lab's own screen was left.
    assert terminal.sent.rfind(b"ZeroDivisionError") > terminal.sent.rfind(b"\x1b[?1049l")


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_where_there_is_no_screen_it_says_so_and_draws_nothing(term: str, tmp_path: Path) -> None:
    refused = Terminal(program=("-c", LAB), EPOCHAL_RUNS=str(tmp_path), TERM=term)
    try:
        assert refused.finish() == 2
        assert b"epochal run" in refused.sent
        assert b"\x1b[?" not in refused.sent
    finally:
        refused.close()
