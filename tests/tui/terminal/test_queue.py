"""What waits for the terminal: the newest of each piece, in an order that draws what was meant."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tui.terminal.queue import LEAVE, SYNC_END, SYNC_START, Outbox

LINK = "\x1b]8;id=1;https://example.org\x1b\\link\x1b]8;;\x1b\\"


def piece(row: int, column: int, text: str) -> bytes:
    """Return a piece of a row as Textual writes it."""
    return f"\x1b[{row};{column}H\x1b[38;5;33m{text}\x1b[0m".encode()


def frame(*pieces: bytes) -> bytes:
    """Return a frame; it leaves the cursor in the corner."""
    return b"\n".join(pieces) + b"\x1b[1;1H"


def everything(outbox: Outbox, room: int = 1 << 20) -> list[bytes]:
    """Return what is sent, in parts of about so many bytes."""
    sent = []
    while data := outbox.take(room):
        sent.append(data)
    return sent


def test_what_there_is_room_for_is_sent_whole() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one"), piece(2, 1, "two")))
    assert everything(outbox) == [b"\x1b[1;1H\x1b[38;5;33mone\x1b[2;1Htwo\x1b[m\x1b[1;1H"]
    assert outbox.held == 0
    assert outbox.take(100) == b""


def test_a_piece_that_a_newer_one_covers_is_never_sent() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 5, "old"), piece(1, 20, "stays")))
    outbox.put(frame(piece(1, 4, "newer")))
    [sent] = everything(outbox)
    assert b"old" not in sent
    assert b"stays" in sent
    assert outbox.held == 0


def test_a_piece_that_is_covered_in_part_is_sent_before_what_covers_it() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "a long one")))
    outbox.put(frame(piece(1, 3, "new")))
    [sent] = everything(outbox)
    assert sent.index(b"a long one") < sent.index(b"new")


def test_a_wide_character_covers_two_cells() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "four")))
    outbox.put(frame(piece(1, 1, "模型")))
    [sent] = everything(outbox)
    assert b"four" not in sent


def test_rows_that_changed_last_go_first() -> None:
    outbox = Outbox()
    outbox.put(frame(*(piece(row, 1, f"row {row}") for row in range(1, 20))))
    assert b"row 1" in outbox.take(30)
    outbox.put(frame(piece(15, 1, "the echo")))
    assert b"the echo" in outbox.take(30)


def test_little_room_gives_at_least_a_piece_at_a_time() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one"), piece(2, 1, "two")))
    assert [part.count(b"H\x1b[38") for part in everything(outbox, 1)] == [1, 1]


def test_what_is_no_frame_overtakes_nothing() -> None:
    outbox = Outbox()
    outbox.put(b"\x1b[?1049h")
    outbox.put(frame(piece(1, 1, "one")))
    outbox.put(b"\x1b]52;c;YQ==\x07")
    outbox.put(frame(piece(1, 1, "two")))
    sent = b"".join(everything(outbox, 10))
    found = [sent.index(part) for part in (b"1049h", b"one", b"]52", b"two")]
    assert found == sorted(found)


def test_leaving_the_screen_forgets_what_was_still_to_be_drawn_on_it() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "unseen")))
    outbox.put(LEAVE)
    assert everything(outbox) == [LEAVE]
    assert outbox.held == 0


def test_where_the_terminal_can_show_pieces_at_once_each_part_is_shown_at_once() -> None:
    outbox = Outbox()
    outbox.put(SYNC_START)
    outbox.put(frame(piece(1, 1, "one"), piece(2, 1, "two")))
    outbox.put(SYNC_END)
    for part in everything(outbox, 1):
        assert part.startswith(SYNC_START)
        assert part.endswith(SYNC_END)


def test_the_cursor_ends_where_the_newest_frame_leaves_it() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one")) + b"\x1b[7;9H")
    assert everything(outbox)[-1].endswith(b"\x1b[7;9H")


def test_only_the_cells_that_differ_are_sent() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "the loss is 0.125 now")))
    everything(outbox)
    outbox.put(frame(piece(1, 1, "the loss is 0.117 now")))
    assert everything(outbox) == [b"\x1b[16G\x1b[38;5;33m17\x1b[m\x1b[1G"]


def test_what_is_shown_already_does_not_even_wait() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one"), piece(2, 1, "two")))
    everything(outbox)
    outbox.put(frame(piece(1, 1, "one"), piece(2, 1, "two")))
    assert outbox.held == 0
    assert outbox.take(100) == b""


def test_what_is_sent_is_compared_with_what_was_sent_and_not_with_what_waits() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one")))
    everything(outbox)
    outbox.put(frame(piece(1, 1, "two")))
    outbox.put(frame(piece(1, 1, "one")))
    assert everything(outbox) == []
    assert outbox.held == 0


def test_a_cursor_that_moves_alone_is_moved() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one")))
    everything(outbox)
    outbox.put(piece(1, 1, "one") + b"\x1b[7;9H")
    assert everything(outbox) == [b"\x1b[7;9H"]


@pytest.mark.parametrize(
    "said", [b"\x1b[?1049h", b"\x1b[2J", b"\x1b[?1049l\x1b[?1049h", b"shell", b"\x1bc"]
)
def test_what_may_change_the_screen_has_everything_sent_again(said: bytes) -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one")))
    everything(outbox)
    outbox.put(said)
    outbox.put(frame(piece(1, 1, "one")))
    assert b"one" in b"".join(everything(outbox))


@pytest.mark.parametrize(
    "said", [b"\x1b[?25l", b"\x1b]52;c;YQ==\x07", b"\x07", b"\x1b[?1000h", b"\x1b]0;title\x1b\\"]
)
def test_what_does_not_change_the_screen_has_nothing_sent_again(said: bytes) -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one")))
    everything(outbox)
    outbox.put(said)
    outbox.put(frame(piece(1, 1, "one")))
    assert everything(outbox) == [said]


def resent(before: str, after: str) -> bytes:
    """Return what is sent where one row follows another, both in one style and the corner last."""
    outbox = Outbox()
    for text in (before, after):
        outbox.put(f"\x1b[1;1H{text}\x1b[5;5H".encode())
        sent = b"".join(everything(outbox))
    return sent.removesuffix(b"\x1b[5;5H")


def test_a_wide_character_is_sent_whole() -> None:
    assert resent("模ab", "型ac") == "\x1b[1;1H型ac".encode()
    assert resent("ab", "模") == "\x1b[1;1H模".encode()
    assert resent("模模", "a模b") == "\x1b[1;1Ha模b".encode()


def test_a_wide_character_leaves_the_cursor_after_both_its_cells() -> None:
    outbox = Outbox()
    for text in ("模", "型"):
        outbox.put(f"\x1b[1;1H{text}\x1b[1;2H".encode())
        sent = b"".join(everything(outbox))
    assert sent == "\x1b[1G型\x1b[2G".encode()


def test_a_wide_character_that_was_cut_in_two_is_sent_again() -> None:
    for column in (1, 2):
        outbox = Outbox()
        for data in ("\x1b[1;1H模", f"\x1b[1;{column}Hx", "\x1b[1;1H模"):
            outbox.put(f"{data}\x1b[5;5H".encode())
            sent = b"".join(everything(outbox))
        assert sent == "\x1b[1;1H模\x1b[5;5H".encode()


def test_a_few_unchanged_cells_are_sent_again_where_a_leap_costs_more() -> None:
    assert resent("a.....b", "x.....y") == b"\x1b[1;1Hx.....y"
    assert resent("a......b", "x......y") == b"\x1b[1;1Hx\x1b[8Gy"
    assert resent("a──b", "x──y") == b"\x1b[1;1Hx\x1b[4Gy"


def test_unchanged_cells_of_another_style_are_leapt_over() -> None:
    assert resent("a\x1b[1m.\x1b[0mb", "x\x1b[1m.\x1b[0my") == b"\x1b[1;1Hx\x1b[3Gy"
    whole = "\x1b[1;1Hx\x1b[1m.y\x1b[m"
    assert resent("a\x1b[1m.b\x1b[0m", "x\x1b[1m.y\x1b[0m") == whole.encode()


def test_of_two_styles_only_the_difference_is_sent() -> None:
    ground = "48;5;234"
    before = f"\x1b[38;5;1;{ground}ma\x1b[0m\x1b[1;38;5;2;{ground}mb\x1b[0m\x1b[{ground}mc\x1b[0m"
    sent = resent("", before).decode()
    assert sent == f"\x1b[1;1H\x1b[38;5;1;{ground}ma\x1b[1;38;5;2mb\x1b[0;{ground}mc\x1b[m"


@pytest.mark.parametrize("text", ["e\u0301", "\U0001f600", LINK])
def test_a_row_that_terminals_may_show_differently_is_sent_as_it_came(text: str) -> None:
    outbox = Outbox()
    for _ in range(2):
        outbox.put(frame(piece(1, 1, "before"), piece(2, 1, "other"), piece(1, 9, text)))
        sent = b"".join(everything(outbox))
        assert piece(1, 9, text) in sent
    assert b"other" not in sent
    outbox.put(frame(piece(1, 1, "before")))
    assert b"before" in b"".join(everything(outbox)), "it is not known to be there still"


def test_a_piece_that_may_do_anything_makes_all_unknown() -> None:
    outbox = Outbox()
    outbox.put(frame(piece(1, 1, "one"), piece(2, 1, "two")))
    everything(outbox)
    outbox.put(frame(piece(2, 1, "\x1b[2J")))
    everything(outbox)
    outbox.put(frame(piece(1, 1, "one")))
    assert b"one" in b"".join(everything(outbox))


def test_another_size_makes_all_unknown() -> None:
    outbox = Outbox()
    for size in ((80, 24), (40, 24)):
        outbox.resized(*size)
        outbox.put(frame(piece(1, 1, "one")))
        assert b"one" in b"".join(everything(outbox))


def test_what_has_no_place_on_the_screen_leaves_its_row_unknown() -> None:
    outbox = Outbox()
    outbox.resized(10, 4)
    for _ in range(2):
        outbox.put(frame(piece(1, 1, "one"), piece(1, 9, "edge")))
        assert piece(1, 9, "edge") in b"".join(everything(outbox))
    outbox.put(frame(piece(1, 1, "one")))
    assert b"one" in b"".join(everything(outbox))


STYLES = ["", "1", "4;31", "38;5;33", "38;5;33;48;5;234", "1;38;2;9;8;7", "7;48;2;1;2;3"]
TEXTS = ["a", "b", "ab", "  ", "─", "⣿⣿⣶", "é", "模", "模型", "ｗ", "x" * 9]
STRANGE = ["e\u0301", "\U0001f600", LINK]

runs = some.tuples(some.sampled_from(STYLES), some.sampled_from(TEXTS + STRANGE))
usual = some.tuples(some.sampled_from(STYLES), some.sampled_from(TEXTS))
bodies = some.lists(usual, min_size=1, max_size=6) | some.lists(runs, min_size=1, max_size=3)
drawn = some.lists(
    some.tuples(some.integers(1, 4), some.integers(1, 40), bodies), min_size=1, max_size=5
)
cursors = some.tuples(some.integers(1, 5), some.integers(1, 40))


def body(parts: list[tuple[str, str]]) -> bytes:
    """Return parts of a row as Textual writes them."""
    styled = (f"\x1b[{style}m{text}\x1b[0m" if style else text for style, text in parts)
    return "".join(styled).encode()


def cells(screen: pyte.Screen) -> list[list[pyte.screens.Char]]:
    """Return everything that a screen shows."""
    return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]


@given(
    some.lists(some.tuples(drawn, cursors), max_size=8),
    some.lists(some.integers(1, 120), min_size=8, max_size=8),
    some.booleans(),
)
def test_however_little_is_sent_at_a_time_the_screen_ends_as_if_all_had_been(
    frames: list[tuple[list[tuple[int, int, list[tuple[str, str]]]], tuple[int, int]]],
    rooms: list[int],
    whole: bool,
) -> None:
    plain, paced = pyte.Screen(100, 5), pyte.Screen(100, 5)
    fast, slow = pyte.ByteStream(plain), pyte.ByteStream(paced)
    outbox = Outbox()
    outbox.resized(100, 5)
    if whole:
        outbox.put(SYNC_START)
    for (pieces, cursor), room in zip(frames, rooms, strict=False):
        rows = [b"\x1b[%d;%dH%b" % (y, x, body(parts)) for y, x, parts in pieces]
        data = b"\n".join(rows) + b"\x1b[%d;%dH" % cursor
        fast.feed(data)
        outbox.put(data)
        slow.feed(outbox.take(room))
    for part in everything(outbox, 20):
        slow.feed(part)
    assert outbox.held == 0
    assert cells(paced) == cells(plain)
    assert (paced.cursor.x, paced.cursor.y) == (plain.cursor.x, plain.cursor.y)
    assert paced.cursor.attrs == plain.cursor.attrs
