"""The log as it is written: every entry whole, at every width."""

from __future__ import annotations

import itertools
import math
import time

import pytest

from tui.drawing.lists.log import EMPTY, Entry, draw_entries
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

PLAIN = DARK.without_colours()
NOON = time.mktime((2026, 11, 21, 12, 31, 5, 0, 0, -1))
DAY = 86_400.0


def drawn(*entries: Entry, width: int = 60) -> list[str]:
    return [line.plain.rstrip() for line in draw_entries(entries, width, Look(BRAILLE, DARK))]


def test_an_entry_has_its_time_its_symbol_its_step_and_its_words() -> None:
    entry = Entry(words="the boundary bends", time=NOON, step=1512)
    assert drawn(entry) == [
        "── 2026-11-21 ──",
        "12:31:05 • step 1 512: the boundary bends",
    ]


def test_its_sentence_is_what_a_toast_says() -> None:
    assert Entry(words="it bends", step=1512).sentence == "step 1 512: it bends"
    assert Entry(words="saved").sentence == "saved"


def test_long_words_are_wrapped_beside_their_time() -> None:
    entry = Entry(words="word " * 20, time=NOON, severity="warning")
    lines = drawn(entry, width=50)[1:]
    assert lines[0].startswith("12:31:05 ! word word")
    assert len(lines) > 1
    assert all(line.startswith(" " * 11 + "word") for line in lines[1:])


def test_a_day_is_named_once() -> None:
    entries = [Entry(words="a", time=NOON + day * DAY) for day in (0, 0, 1, 1)]
    lines = drawn(*entries, Entry(words="timeless"))
    assert [line for line in lines if "──" in line] == ["── 2026-11-21 ──", "── 2026-11-22 ──"]
    assert lines[-1] == "         • timeless"


def test_a_narrow_log_has_no_times() -> None:
    assert drawn(Entry(words="it bends", time=NOON, step=5), width=30) == ["• step 5: it bends"]


@pytest.mark.parametrize("at", [math.nan, math.inf, -1.0, 0.0, 1e30, 1e300])
def test_what_is_no_time_is_left_out(at: float) -> None:
    assert drawn(Entry(words="hello", time=at)) == ["         • hello"]


def test_severities_differ_without_colours() -> None:
    for glyphs in GLYPHS:
        entries = [Entry(words="x", severity=each) for each in ("good", "note", "warning", "bad")]
        lines = draw_entries(entries, 20, Look(glyphs, PLAIN))
        assert len({line.plain for line in lines}) == 4


def test_every_line_is_as_wide_as_asked() -> None:
    wild = Entry(
        words="两个月亮\x1b[2J\x07\u202e and " + "x" * 200 + "\n\nlast", time=NOON, step=10**12
    )
    for width, glyphs in itertools.product([*range(1, 80), 200], GLYPHS):
        lines = [
            *draw_entries([wild, wild], width, Look(glyphs, DARK)),
            *Look(glyphs, DARK).muted(EMPTY, width),
        ]
        assert {line.cell_len for line in lines} == {width}
        assert not any(mark in line.plain for line in lines for mark in "\x1b\x07\u202e\n")


def test_in_ascii_everything_is() -> None:
    entry = Entry(words="It bends · and bends", time=NOON)
    lines = [*draw_entries([entry], 60, Look(ASCII, PLAIN)), *Look(ASCII, PLAIN).muted(EMPTY, 60)]
    assert all(line.plain.isascii() for line in lines)


def test_without_entries_it_says_what_it_is_for() -> None:
    assert "What happens to a run is kept here" in EMPTY
    assert draw_entries([], 100, Look(BRAILLE, DARK)) == []
