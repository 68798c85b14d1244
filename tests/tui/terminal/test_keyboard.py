"""Bytes become the same keys however they are parted, and an escape is a key only when it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.message import Message

from tui.terminal.keyboard import BEGUN, LONE, Keyboard, is_whole

PIECES = (
    *("a", "7", ",", " ", "é", "…", "日", "🜚", "\r", "\t", "\x7f", "\x15", "\x17", "\x03"),
    *("\x1b[A", "\x1b[B", "\x1b[D", "\x1bOH", "\x1b[1~", "\x1b[1;5D", "\x1bb", "\x1b[97;1;97u"),
    *("\x1b[200~16\n8 \x1b[D é\x1b[201~", "\x1b[<0;12;7M", "\x1b[I", "\x1b[?1;2c", "\x1b[[A"),
)
"""What terminals send: characters, keys, pastes, the mouse, answers that nobody asked for."""


class Hand:
    """Types bytes, at times that the test says."""

    def __init__(self, patience: float = LONE) -> None:
        self.now = 100.0
        self.keyboard = Keyboard(lambda: patience, lambda: self.now)

    def type(self, data: bytes, gap: float = 0.0) -> list[Message]:
        """Wait, then send bytes; return what was said until then."""
        self.now += gap
        return [*self.keyboard.tick(), *self.keyboard.feed(data)]

    def rest(self) -> list[Message]:
        """Wait until nothing is in doubt."""
        return self.type(b"", 10 * BEGUN * LONE)


def said(messages: Iterable[Message]) -> list[str]:
    """Return what messages say, so that it can be compared."""
    words = []
    for message in messages:
        match message:
            case events.Key():
                words.append(f"{message.key} {message.character!r}")
            case events.Paste():
                words.append(f"paste {message.text!r}")
            case events.MouseEvent():
                words.append(f"{type(message).__name__} {message.x} {message.y}")
            case _:
                words.append(type(message).__name__)
    return words


@st.composite
def parted(draw: st.DrawFn) -> tuple[list[str], list[tuple[bytes, float]]]:
    """Draw what is typed, and how a line parts it: bytes, and the time before each part."""
    pieces = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12))
    data = "".join(pieces).encode()
    cuts = sorted(draw(st.sets(st.integers(1, len(data)), max_size=len(data))) | {0, len(data)})
    parts = [data[start:end] for start, end in itertools.pairwise(cuts)]
    return pieces, [(part, draw(st.floats(0, 0.9 * LONE))) for part in parts]


@settings(max_examples=150, deadline=None)
@given(parted())
def test_however_a_line_parts_them_bytes_are_the_same_keys(
    typed: tuple[list[str], list[tuple[bytes, float]]],
) -> None:
    pieces, parts = typed
    slow, line = Hand(), Hand()
    one_by_one = [each for piece in pieces for each in (*slow.type(piece.encode()), *slow.rest())]
    came = [message for part, gap in parts for message in line.type(part, gap)]
    assert said([*came, *line.rest()]) == said(one_by_one)


def test_a_lone_escape_is_a_key_when_nothing_follows_in_time() -> None:
    hand = Hand()
    assert said(hand.type(b"\x1b")) == []
    assert said(hand.type(b"", 0.9 * LONE)) == []
    assert said(hand.type(b"", 0.2 * LONE)) == ["escape '\\x1b'"]


def test_an_answer_of_the_terminal_ends_the_waiting_for_a_line_that_stalls() -> None:
    hand = Hand(patience=100.0)
    hand.type(b"\x1b")
    assert hand.keyboard.in_doubt
    assert said(hand.type(b"", 10.0)) == []
    assert said([*hand.type(b"\x1b[1;1R"), *hand.type(b"")]) == [
        "CursorPosition",
        "escape '\\x1b'",
    ]
    assert not hand.keyboard.in_doubt


def test_an_answer_is_no_doubt_of_its_own() -> None:
    """Else every answer would be a reason to ask again, as fast as the line goes."""
    hand = Hand(patience=100.0)
    hand.type(b"\x1b")
    asked = hand.keyboard.doubts
    for _ in range(5):
        hand.type(b"\x1b[1;1R", 0.01)
    assert hand.keyboard.in_doubt
    assert hand.keyboard.doubts == asked


def test_an_answer_in_the_middle_of_a_key_parts_it_no_more_than_time_does() -> None:
    hand = Hand(patience=2.0)
    hand.type(b"\x1b")
    assert said(hand.type(b"\x1b[12;1R", 0.1)) == ["CursorPosition"]
    assert said(hand.type(b"[D", 0.2)) == ["left None"]
    hand.type(b"\x1b[")
    assert said(hand.type(b"\x1b[12;1R", 0.1)) == ["CursorPosition"]
    assert said(hand.type(b"D", 0.2)) == ["left None"]
    hand.type(b"\x1b[1;")
    assert said(hand.type(b"\x1b[12;1R", 0.1)) == ["CursorPosition"]
    assert said(hand.type(b"5D", 3.0)) == ["ctrl+left None"]


def test_an_arrow_that_comes_in_two_parts_is_no_escape_where_the_terminal_answers() -> None:
    hand = Hand(patience=2.0)
    assert said([*hand.type(b"\x1b"), *hand.type(b"[D", 1.9)]) == ["left None"]


def test_an_answer_in_the_middle_of_a_paste_is_no_part_of_it() -> None:
    hand = Hand()
    came = [*hand.type(b"\x1b[200~16"), *hand.type(b"\x1b[1;1R"), *hand.type(b" 8\x1b[201~")]
    assert said(came) == ["CursorPosition", "paste '16 8'"]
    came = [*hand.type(b"\x1b[200~3\x1b[20"), *hand.type(b"\x1b[1;1R"), *hand.type(b"1~x")]
    assert said(came) == ["CursorPosition", "paste '3'", "x 'x'"]


def test_escape_and_another_key_in_one_piece_are_two_keys() -> None:
    assert said(Hand().type(b"\x1bq")) == ["escape '\\x1b'", "q 'q'"]
    assert said(Hand().type(b"\x1b7")) == ["escape '\\x1b'", "7 '7'"]
    assert said(Hand().type(b"\x1b\x1b[A")) == ["escape '\\x1b'", "up None"]
    hand = Hand()
    assert said([*hand.type(b"\x1b["), *hand.rest()]) == [
        "escape '\\x1b'",
        "left_square_bracket '['",
    ]


def test_what_no_program_knows_takes_no_key_with_it() -> None:
    assert said(Hand().type(b"\x1b[?62;22cx")) == ["x 'x'"]
    assert said(Hand().type(b"\x1b[1;\rx")) == ["enter '\\r'", "x 'x'"]
    assert said(Hand().type(b"\x1b[" + b"1;" * 60 + b"x"))[-1] == "x 'x'"


def test_every_sequence_that_textual_knows_ends_where_it_ends() -> None:
    known = [each for each in ANSI_SEQUENCES_KEYS if each[0] == "\x1b" and len(each) > 2]
    assert len(known) > 100
    for sequence in known:
        assert is_whole(sequence), repr(sequence)
        begun = [sequence[:length] for length in range(2, len(sequence))]
        assert not any(map(is_whole, begun)), repr(sequence)


def test_bytes_that_are_no_text_are_shown_as_such_and_stop_nothing() -> None:
    assert said(Hand().type(b"\xe9x")) == ["replacement_character '\ufffd'", "x 'x'"]
