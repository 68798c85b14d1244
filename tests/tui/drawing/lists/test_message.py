"""The line under the pictures: newest of the worst, cut with the way to the log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.drawing.lists.log import Entry
from tui.drawing.lists.message import Bulletin, bulletin_of, draw_message
from tui.style.glyphs import ASCII, BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK
from tui.style.severity import Severity


def text(bulletin: Bulletin | None, width: int = 80, note: str = "", log: str = "L") -> str:
    return draw_message(bulletin, note, width, Look(BRAILLE, DARK), log=log).plain


def said(
    words: str, severity: Severity = "note", more: int = 0, step: int | None = None
) -> Bulletin:
    return Bulletin(entry=Entry(words=words, severity=severity, step=step), more=more)


def test_it_is_one_line_of_its_width_whatever_it_says() -> None:
    for bulletin in (None, said("x"), said("long " * 60, "bad"), said("y", more=4)):
        for width in (0, 1, 2, 10, 40, 80, 200):
            assert len(text(bulletin, width, note="a note " * 30)) == width


def test_what_is_cut_says_where_all_of_it_stands() -> None:
    line = text(said("forty of sixty-four units are dead " * 4))
    assert line.rstrip().endswith("… (L: log)")
    assert "(see the log)" in text(said("forty of sixty-four units are dead " * 4), log="")
    assert "log" not in text(said("the learning rate is 0.1"))


def test_what_the_log_has_not_does_not_send_there() -> None:
    refusal = replace(said("F (remedy) does nothing: " + "why it does not " * 8), logged=False)
    for width in (20, 40, 80, 120):
        line = text(refusal, width)
        assert "log" not in line
        assert line.rstrip().endswith("…")


def test_of_several_at_once_the_newest_of_the_worst_is_said_and_the_others_are_counted() -> None:
    entries = tuple(
        Entry(words=words, severity=severity)
        for words, severity in (("a", "note"), ("b", "bad"), ("c", "bad"), ("d", "good"))
    )
    line = text(bulletin_of(entries))  # type: ignore[arg-type]
    assert line.startswith("✗ error: c and 3 more (L: log)")


@pytest.mark.parametrize(("severity", "word"), [("bad", "error: "), ("warning", "warning: ")])
def test_how_bad_it_is_stands_there_as_a_word_and_a_symbol(severity: Severity, word: str) -> None:
    for glyphs in (BRAILLE, ASCII):
        line = draw_message(said("why", severity), "", 80, Look(glyphs, DARK)).plain
        assert line[2:].startswith(f"{word}why")
        assert line[0] in "!✗x"


def test_where_nothing_has_happened_it_says_what_the_place_is_for() -> None:
    assert text(None, note="Up and down choose a preset.").startswith("Up and down")
    assert text(said("done"), note="Up and down choose a preset.").startswith("• done")


def test_a_note_that_is_cut_says_where_all_of_it_stands() -> None:
    assert text(None, note="Five sigmoids and together " * 6).endswith("… (L: log)")
    assert "log" not in text(None, note="Five sigmoids and together " * 6, log="")


def test_text_of_others_cannot_command_the_terminal() -> None:
    assert "\x1b" not in text(said("\x1b[2Jboo")) + text(None, note="\x1b]0;x\x07")
