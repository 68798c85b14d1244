"""The transport bar: what it says, and that it fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.drawing.replay.transport import bar_width, draw_transport, share_at
from tui.replay.tempo import Stop, Tempo, Transport
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK, LIGHT, SIXTEEN_DARK

MARKS = (Stop(0, "Untrained"), Stop(500, "The boundary bends", pause=True), Stop(900, "Done"))
HALF = Transport(
    playing=True,
    step=500,
    last_step=1000,
    steps=1000,
    time=12.3,
    whole_time=83.0,
    tempo=Tempo("time", 2.0, 2.0),
    marks=MARKS,
)
WIDTHS = (0, 1, 2, 3, 5, 12, 20, 40, 41, 60, 80, 120, 200)


def text(transport: Transport, width: int = 120, height: int = 2) -> list[str]:
    lines = draw_transport(transport, width, Look(BRAILLE, DARK), height)
    return [line.plain.rstrip() for line in lines]


STEPS = st.integers(0, 10**7)
TRANSPORTS = st.builds(
    Transport,
    playing=st.booleans(),
    step=STEPS,
    last_step=STEPS,
    steps=STEPS,
    over=st.booleans(),
    time=st.floats(0, 1e7),
    whole_time=st.floats(0, 1e7),
    tempo=st.sampled_from(
        [Tempo("time", 2.0, 0.25), Tempo("steps", 0.1), Tempo("whole", 5400.0), Tempo("keys", 0.0)]
    ),
    marks=st.lists(st.builds(Stop, STEPS, st.text(max_size=30), st.just(""), st.booleans())).map(
        tuple
    ),
)


@given(
    TRANSPORTS,
    st.integers(0, 220),
    st.sampled_from(GLYPHS),
    st.sampled_from([DARK, LIGHT, SIXTEEN_DARK, DARK.without_colours()]),
    st.integers(0, 3),
)
def test_at_every_size_the_lines_fit(
    transport: Transport, width: int, glyphs: object, palette: object, height: int
) -> None:
    lines = draw_transport(transport, width, Look(glyphs, palette), height)  # type: ignore[arg-type]
    assert len(lines) == height
    assert all(line.cell_len == width for line in lines)


def test_everything_is_said_where_there_is_room() -> None:
    bar, figures = text(HALF)
    assert bar.startswith("► ▲━━━")
    assert "━━●──" in bar
    for fact in (
        "playing",
        "step   500/1 000",
        "0:12/1:23",
        "2x as recorded, waits up to 2 s",
        "▲ The boundary bends",
    ):
        assert fact in figures


def test_the_marks_stand_where_their_steps_are() -> None:
    bar = text(replace(HALF, step=250), 103)[0][2:]
    assert [cell for cell, drawn in enumerate(bar) if drawn == "▲"] == [0, 50, 90]
    assert bar.index("●") == 25


def test_the_head_is_at_both_ends_at_both_ends() -> None:
    for width in (3, 40, 101):
        assert text(replace(HALF, step=0, marks=()), width)[0][2] == "●"
        assert text(replace(HALF, step=1000, marks=()), width)[0][-1] == "●"
        assert len(text(replace(HALF, step=1000, marks=()), width)[0]) == width


def test_what_is_still_to_come_is_another_line() -> None:
    bar = text(replace(HALF, steps=2000, marks=()), 103)[0][2:]
    assert (bar.count("━"), bar.count("●"), bar.count("─"), bar.count("·")) == (25, 1, 25, 50)


def test_a_title_is_said_only_where_one_stands_on_its_mark() -> None:
    assert "bends" in text(HALF)[1]
    assert "bends" not in text(replace(HALF, step=501))[1]


@pytest.mark.parametrize(
    ("changes", "symbol", "word"),
    [
        ({}, "►", "playing"),
        ({"playing": False}, "Ⅱ", "paused"),
        ({"playing": False, "step": 1000}, "■", "the end"),
        ({"playing": False, "step": 1000, "over": False}, "Ⅱ", "paused"),
        ({"step": 1000, "over": False}, "◌", "waiting"),
    ],
)
def test_a_symbol_and_a_word_say_whether_it_plays(
    changes: dict[str, object], symbol: str, word: str
) -> None:
    bar, figures = text(replace(HALF, **changes))  # type: ignore[arg-type]
    assert bar.startswith(f"{symbol} ")
    assert figures.startswith(f"{word} ")


def test_ascii_is_ascii() -> None:
    transport = replace(HALF, marks=(Stop(500, "bends"),), steps=2000)
    for height in (1, 2):
        lines = draw_transport(transport, 100, Look(ASCII, DARK), height)
        assert all(line.plain.isascii() for line in lines)
        assert lines[0].plain.startswith("> ====")


def test_without_colours_there_are_none_and_bold_tells_a_mark_that_pauses() -> None:
    transport = replace(HALF, step=250)
    lines = draw_transport(transport, 103, Look(BRAILLE, DARK.without_colours()))
    styles = [span.style for line in lines for span in line.spans]
    assert all(style.color is None for style in styles)  # type: ignore[union-attr]
    bold = {
        span.start - 2
        for span in lines[0].spans
        if span.style.bold and lines[0].plain[span.start] == "▲"  # type: ignore[union-attr]
    }
    assert bold == {50}


def test_a_title_cannot_act_nor_push_the_line_out() -> None:
    for title in ("\x1b[2J\x07", "月" * 200, "a\nb\tc", "\u202eabc"):
        marks = (Stop(500, title),)
        for width in WIDTHS:
            for height in (1, 2):
                for line in draw_transport(
                    replace(HALF, marks=marks), width, Look(BRAILLE, DARK), height
                ):
                    assert line.cell_len == width
                    assert not set(line.plain) & set("\x1b\x07\n\t\u202e")


def test_where_it_is_narrow_the_step_stays() -> None:
    for width in (40, 60, 80):
        figures = text(HALF, width)[1]
        assert "500/1 000" in figures
        assert "▲ The bound" in figures
        assert "500/1 000" in text(HALF, width, 1)[0]


def test_one_line_has_bar_and_figures() -> None:
    (line,) = text(HALF, 160, 1)
    assert "━●─" in line
    for fact in ("500/1 000", "0:12/1:23", "2x as recorded", "▲ The boundary bends"):
        assert fact in line


def test_nothing_moves_aside_while_it_plays() -> None:
    early, late = (replace(HALF, step=step, time=step / 12, marks=()) for step in (1, 999))
    for width in (80, 120):
        assert bar_width(early, width, BRAILLE, 1) == bar_width(late, width, BRAILLE, 1)
        assert text(early, width)[1].index("/") == text(late, width)[1].index("/")


@given(st.integers(1, 10**6), st.integers(12, 200), st.sampled_from([1, 2]))
def test_a_click_on_the_head_is_where_the_head_is(step: int, width: int, height: int) -> None:
    transport = Transport(step=step, last_step=10**6, steps=10**6)
    column = text(transport, width, height)[0].index("●")
    share = share_at(column, transport, width, BRAILLE, height)
    assert share is not None
    cells = bar_width(transport, width, BRAILLE, height)
    assert abs(share - step / 10**6) <= 1 / max(cells - 1, 1)


def test_a_click_beside_the_bar_is_none() -> None:
    assert share_at(1, HALF, 80, BRAILLE) is None
    assert share_at(80, HALF, 80, BRAILLE) is None
    assert share_at(70, HALF, 80, BRAILLE, height=1) is None
    assert share_at(2, HALF, 80, BRAILLE) == 0.0
    assert share_at(79, HALF, 80, BRAILLE) == 1.0
    assert share_at(2, HALF, 3, BRAILLE) == 0.0
