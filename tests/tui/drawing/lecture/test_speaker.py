"""What a presenter reads: that it says everything, and fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.safe import plain
from tui.drawing.lecture.speaker import (
    CLOCK_WIDTH,
    READABLE,
    Foot,
    RunStanding,
    SceneHeading,
    Span,
    draw_clock,
    draw_foot,
    draw_heading,
    draw_notes,
    whole_seconds,
)
from tui.replay.next_mark import Promise, next_mark
from tui.replay.tempo import Stop
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS, Glyphs
from tui.style.look import Look
from tui.style.palette import DARK, SIXTEEN_DARK
from tui.style.text import Lines

WIDTHS = st.integers(0, 140)
HEIGHTS = st.integers(0, 9)
LOOKS = st.sampled_from(
    [Look(glyphs, palette) for glyphs in GLYPHS for palette in (DARK, SIXTEEN_DARK)]
)
TEXTS = st.text(max_size=60)
SPANS = st.builds(Span, st.none() | st.integers(0, 10**6), st.integers(0, 10**6))
PROMISES = st.none() | st.builds(
    Promise,
    step=st.none() | st.integers(0, 10**9),
    when=TEXTS.map(plain),
    title=TEXTS,
    note=TEXTS,
    pause=st.booleans(),
)
SHOWN = st.builds(
    RunStanding,
    run=TEXTS,
    step=st.integers(0, 10**9),
    steps=st.integers(0, 10**9),
    loss=st.none() | st.floats(),
    words=st.lists(TEXTS, max_size=2).map(tuple),
)
FEET = st.none() | st.builds(Foot, shown=SHOWN, here=PROMISES, mark=PROMISES, next_scene=TEXTS)
HEADINGS = st.builds(
    SceneHeading, number=st.just("2/9"), title=TEXTS, about=TEXTS, wrong=st.booleans()
)

RIGHT = Promise(
    step=210,
    title="All are right",
    note="The loss goes on falling: the network can always be surer than it is.",
    pause=True,
)
FOOT = Foot(
    shown=RunStanding(run="manual 4f1c", step=117, steps=1000, loss=0.8312, words=("playing 2x",)),
    mark=RIGHT,
    next_scene="The gradient on paper",
)


def text(lines: Lines) -> str:
    return "\n".join(line.plain.rstrip() for line in lines)


def foot(foot: Foot, height: int = 8, width: int = 80, glyphs: Glyphs = BRAILLE) -> str:
    return text(draw_foot(foot, width, height, Look(glyphs, DARK)))


def check(lines: Lines, width: int, height: int) -> None:
    assert len(lines) == height
    assert all(line.cell_len == width for line in lines)
    assert all(line.plain == plain(line.plain) for line in lines)


@given(HEADINGS, SPANS, SPANS, FEET, WIDTHS, HEIGHTS, LOOKS)
def test_at_every_size_the_lines_fit_and_nothing_in_them_acts(
    heading: SceneHeading,
    lecture: Span,
    scene: Span,
    foot: Foot | None,
    width: int,
    height: int,
    look: Look,
) -> None:
    check(draw_heading(heading, width, height, look), width, height)
    check(draw_clock(lecture, scene, width, height, look), width, height)
    check(draw_foot(foot, width, height, look), width, height)


@given(st.text(max_size=300), WIDTHS)
def test_notes_of_any_length_fit_the_width(notes: str, width: int) -> None:
    lines = draw_notes(notes, width, DARK)
    check(lines, width, len(lines))


def test_notes_are_broken_between_words_and_paragraphs_stay_apart() -> None:
    lines = draw_notes("\none two three four\n\nfive\n", 10, DARK)
    assert [line.plain.rstrip() for line in lines] == ["one two", "three four", "", "five"]


def test_lines_of_notes_are_never_too_long_to_read() -> None:
    lines = draw_notes("word " * 100, 300, DARK)
    assert max(len(line.plain.rstrip()) for line in lines) <= READABLE


def test_where_there_are_no_notes_it_says_so() -> None:
    assert "no notes" in text(draw_notes(" \n", 40, DARK))


def test_the_heading_says_which_scene_of_which_lecture() -> None:
    heading = SceneHeading(number="2/9", title="The update", about="Gradients")
    lines = draw_heading(heading, 30, 3, Look(BRAILLE, DARK))
    assert text(lines) == f"2/9  The update\nGradients\n{'─' * 30}"


def test_in_one_line_what_is_wrong_stays() -> None:
    heading = SceneHeading(title="The update", about="The presenter is gone.", wrong=True)
    assert "gone" in text(draw_heading(heading, 30, 1, Look(BRAILLE, DARK)))
    assert "update" in text(draw_heading(replace(heading, wrong=False), 30, 1, Look(BRAILLE, DARK)))


def test_the_clock_says_how_long_and_how_long_it_was_meant_to_take() -> None:
    lines = draw_clock(Span(252, 1080), Span(100, 150), CLOCK_WIDTH, 2, Look(BRAILLE, DARK))
    assert text(lines).split() == ["lecture", "4:12", "/", "18:00", "scene", "1:40", "/", "2:30"]


def test_what_takes_too_long_has_a_sign_and_a_colour() -> None:
    for span, late in ((Span(150, 150), False), (Span(151, 150), True), (Span(9999, 0), False)):
        _, line = draw_clock(Span(), span, CLOCK_WIDTH, 2, Look(BRAILLE, DARK))
        colours = {str(part.style) for part in line.spans}
        assert (str(DARK.style("warning", bold=True)) in colours) is late
        assert ("+" in line.plain) is late


def test_a_clock_does_not_move_as_it_counts() -> None:
    ends = set()
    for seconds in (0, 59, 60, 599, 600, 3599):
        line = draw_clock(Span(seconds, 5400), Span(), CLOCK_WIDTH, 1, Look(BRAILLE, DARK))[0]
        ends.add(line.plain.index("/"))
    assert len(ends) == 1


def test_nothing_has_begun_where_nobody_presents() -> None:
    assert text(draw_clock(Span(), Span(), CLOCK_WIDTH, 2, Look(BRAILLE, DARK))).split() == []
    assert text(draw_foot(None, 80, 4, Look(BRAILLE, DARK))).split() == []


def test_the_foot_says_what_is_shown_and_what_comes() -> None:
    said = foot(FOOT)
    assert "step 117/1 000 · loss 0.8312 · playing 2x · manual 4f1c" in said
    assert "▲ Ⅱ step 210, in 93 · All are right" in said
    assert "The loss goes on falling" in said
    assert "next    The gradient on paper" in said


def test_the_mark_one_stands_on_is_said_beside_the_next() -> None:
    said = foot(replace(FOOT, here=Promise(step=117, title="Here we are")))
    assert "here    ▲ step 117 · Here we are" in said
    assert "step 210" in said


def test_a_mark_that_training_finds_is_said_by_what_it_waits_for() -> None:
    mark = Promise(step=None, when="when the loss is below 0.1", title="Low")
    assert "when the loss is below 0.1 · Low" in foot(replace(FOOT, mark=mark))


def test_at_the_end_there_is_neither_mark_nor_scene() -> None:
    said = foot(replace(FOOT, mark=None, next_scene=""))
    assert "none any more" in said
    assert "the end" in said


def test_where_there_is_little_room_what_is_shown_stays_longest() -> None:
    assert foot(FOOT, 1).startswith("shown")
    assert [line.split()[0] for line in foot(FOOT, 2).split("\n")] == ["shown", "mark"]
    assert [line.split()[0] for line in foot(FOOT, 3).split("\n")] == ["shown", "mark", "next"]
    assert "step 117" in foot(FOOT, 2, 24)


def test_a_note_that_is_too_long_is_cut_visibly() -> None:
    long = replace(FOOT, mark=replace(RIGHT, note="word " * 200))
    assert foot(long, 6).count("…") == 1
    assert "…" not in foot(FOOT, 8)


def test_ascii_is_ascii() -> None:
    assert foot(FOOT, glyphs=ASCII).isascii()
    heading = SceneHeading(number="2/9", title="The update " * 9, about="Gradients")
    assert text(draw_heading(heading, 40, 3, Look(ASCII, DARK))).isascii()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1.99, 1), (-5.0, 0), (float("nan"), 0), (float("inf"), 0)]
)
def test_times_are_whole_seconds_and_never_negative(seconds: float, shown: int) -> None:
    assert whole_seconds(seconds) == shown


# --- which mark comes next -------------------------------------------------------------------

STOPS = (Stop(0, "Start"), Stop(50, "Fifty", "Half way.", pause=True), Stop(90, "Ninety"))
PROMISED = (
    Promise(step=0, title="Start"),
    Promise(step=None, when="when all are right", title="Right"),
    Promise(step=120, title="Late"),
)


def titles(step: int, *, going: bool, stops: tuple[Stop, ...] = STOPS) -> str | None:
    found = next_mark(stops, PROMISED, step, going=going)
    return found.title if found is not None else None


def test_the_next_mark_of_a_recording_is_the_first_after_the_step() -> None:
    assert titles(0, going=False) == "Fifty"
    assert titles(49, going=False) == "Fifty"
    assert titles(50, going=False) == "Ninety"
    assert titles(90, going=False) is None


def test_of_a_run_that_goes_on_those_to_come_count_too() -> None:
    assert titles(90, going=True) == "Late"
    assert titles(120, going=True) == "Right"
    assert titles(120, going=True, stops=(*STOPS, Stop(110, "Right"))) is None


def test_a_mark_keeps_its_note_and_whether_it_pauses() -> None:
    found = next_mark(STOPS, (), 0, going=False)
    assert found == Promise(step=50, title="Fifty", note="Half way.", pause=True)
