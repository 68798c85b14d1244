"""What is written with the glyphs and colours of a look."""

from __future__ import annotations

from tui.style.look import Look


def test_words_stand_in_the_middle_of_the_room() -> None:
    lines = Look().centred("two short words", 12, 6)
    assert [line.plain for line in lines] == [" " * 12, " " * 12, " two short  ", "   words    "]
    assert Look().centred("no room at all", 3, 0) == []
