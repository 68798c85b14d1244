"""The list of runs, drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style

from engine.runs.catalogue import RunFacts
from engine.runs.folder import RunFolder
from engine.runs.notes import Notes
from engine.runs.summary import Glance
from tests.runs import end
from tui.drawing.lists.runs import (
    RunRow,
    age,
    draw_details,
    draw_heading,
    draw_rows,
    gather,
    gather_details,
    lines_each,
    sample,
    told,
)
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS
from tui.style.look import Look
from tui.style.palette import DARK

NAME = "two-moons-20261121-093000-4f1c"


def facts(name: str = NAME, notes: Notes | None = None, **changes: Any) -> RunFacts:
    folder = RunFolder(Path("runs") / name)
    told: dict[str, Any] = {
        "name": name,
        "path": folder.path,
        "state": "ended",
        "step": 3000,
        "steps": 3000,
        "started": 1000.0,
        "seconds": 2.5,
        "end": end(),
    }
    return RunFacts(
        folder=folder,
        glance=Glance(**{**told, **changes}),
        notes=notes or Notes(),
        title="月\x1b[2J",
        config={"optimizer.lr": 0.2, "model.activation": "relu", "model.hidden": "8,8,8,8"},
    )


KEYS = ("optimizer.lr", "model.activation", "model.hidden", "model.init")


def row(run: RunFacts | None = None, **changes: Any) -> RunRow:
    return replace(gather([run or facts()], KEYS, {}, 1200.0)[0], **changes)


def text(rows: list[RunRow], width: int, height: int = 4, **options: Any) -> list[str]:
    lines = draw_rows(rows, width, height, Look(BRAILLE, DARK), **options)
    assert len(lines) == height
    assert all(line.cell_len == width for line in lines)
    return [line.plain for line in lines]


def test_a_run_has_a_line_where_there_is_room() -> None:
    (line, *_) = text([row()], 118)
    assert " ".join(line.split()) == (
        "✓ finished two-moons 0.8750 acc 3 000 2.5 s 3 min lr 0.2 · activation relu …"
    )
    heading = draw_heading(118, Look(BRAILLE, DARK)).plain
    assert heading.index("what differs") == line.index("lr 0.2")
    assert heading.index("age") + 3 == line.index("3 min") + 5


def test_a_run_has_two_lines_where_there_is_not() -> None:
    assert (lines_each(42), lines_each(69), lines_each(70)) == (2, 2, 1)
    first, second, *_ = text([row()], 42)
    assert first.split() == ["✓", "finished", "two-moons", "0.8750", "acc"]
    assert second.split() == ["lr", "0.2", "…", "2.5", "s", "·", "3", "min"]
    _, second, *_ = text([row()], 60)
    assert second.split()[-8:] == ["step", "3", "000", "·", "2.5", "s", "·", "3", "min"][-8:]


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("starting", "", "◌ starting"),
        ("running", "", "● running"),
        ("paused", "", "Ⅱ paused"),
        ("silent", "", "? silent"),
        ("crashed", "", "✗ crashed"),
        ("ended", "finished", "✓ finished"),
        ("ended", "stopped", "■ stopped"),
        ("ended", "diverged", "✗ diverged"),
        ("ended", "failed", "✗ failed"),
    ],
)
@pytest.mark.parametrize("width", [42, 74])
def test_each_state_is_a_symbol_and_a_word(state: str, status: str, words: str, width: int) -> None:
    assert words in text([row(state=state, status=status)], width)[0]


def test_the_result_is_the_best_figure_there_is() -> None:
    def result(**changes: Any) -> str:
        return text([row(facts(**changes))], 74)[0]

    assert "0.8750 acc" in result()
    assert "0.5000 loss" in result(end=replace(end(), result={"test_loss": 0.5}))
    assert "0.2500 train" in result(end=None, state="running", loss=0.25)
    assert "NaN train" in result(end=None, state="running", loss=float("nan"))
    nothing = result(end=None, state="starting")
    assert "acc" not in nothing
    assert "train" not in nothing


def test_a_damaged_recording_says_so_in_the_list() -> None:
    damaged = row(facts(end=None, state="crashed", problem="is no recording\x1b"))
    for width in (42, 74):
        assert "is no recording\\x1b" in "".join(text([damaged], width))


def test_wide_characters_and_escape_sequences_move_no_column() -> None:
    strange = Notes(name="損失関数の実験その一・とても長い名前 \x1b[31m\x07", pinned=True)
    for width in (42, 56, 74, 118):
        one, other = row(facts(notes=strange)), row()
        lines = draw_rows([one, other], width, 4, Look(BRAILLE, DARK))
        starts = []
        for line in lines[:: lines_each(width)][:2]:
            starts.append(line.plain.index("0.8750"))
            assert not any(ord(character) < 32 for character in line.plain)
        # The wide name has fewer characters in as many cells.
        cells = [
            line.divide([start])[0].cell_len
            for line, start in zip(lines[:: lines_each(width)], starts, strict=False)
        ]
        assert len(set(cells)) == 1


def test_the_chosen_run_is_told_by_a_pointer_and_pins_by_a_mark() -> None:
    pinned = row(pinned=True, name="mine")
    lines = text([row(), pinned], 74, cursor=1, focused=True)
    assert lines[1].startswith("›")
    assert not lines[0].startswith("›")
    assert "▲ mine" in lines[1]
    plain = draw_rows([row()], 74, 1, Look(BRAILLE, DARK.without_colours()), 0, True)
    assert any("reverse" in str(span.style) for span in plain[0].spans)


def test_runs_whose_curves_are_drawn_have_their_colour_or_their_number() -> None:
    rows = gather([facts(), facts("cubic")], (), {NAME: 1}, 0.0)
    assert [each.slot for each in rows] == [1, None]
    assert "━━" in text(rows, 74)[0]
    assert "━━" not in text(rows, 74)[1]
    style = sample(1, Look(BRAILLE, DARK)).style
    assert isinstance(style, Style)
    assert style.color == Color.from_ansi(DARK.runs[1])
    assert sample(1, Look(BRAILLE, DARK.without_colours())).plain == "2 "


def test_what_differs_is_brief() -> None:
    run = facts()
    assert [told(key, run.config[key]) for key in KEYS[:3]] == [
        "lr 0.2",
        "activation relu",
        "hidden 8 x4",
    ]
    assert row().differs == ("lr 0.2", "activation relu", "hidden 8 x4")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "now"), (59, "now"), (60, "1 min"), (7199, "1 h"), (7200, "2 h"), (2e5, "2 d")],
)
def test_ages_are_coarse(seconds: float, words: str) -> None:
    assert age(seconds) == words


def test_the_details_say_what_has_no_room_in_the_list() -> None:
    notes = Notes(tags=("draft",), note="see\x1b this")
    run = facts(notes=notes, end=end(status="diverged", reason="the loss is NaN"))
    details = gather_details(run, row(run))
    lines = [line.plain.rstrip() for line in draw_details(details, 60, 6, Look(BRAILLE, DARK))]
    assert lines == [
        NAME,
        "the loss is NaN",
        "step 3 000/3 000 · 2.5 s · 3 min ago",
        "#draft  see\\x1b this",
        "lr 0.2 · activation relu · hidden 8 x4",
        "月\\x1b[2J",
    ]
    # What was noted stays where there is little room.
    few = [line.plain.rstrip() for line in draw_details(details, 60, 4, Look(BRAILLE, DARK))]
    assert few == lines[:4]
    damaged = facts(notes=Notes(problem="notes.toml: is no TOML"))
    told = draw_details(gather_details(damaged, row(damaged)), 60, 3, Look(BRAILLE, DARK))
    assert told[1].plain.rstrip() == "notes.toml: is no TOML"


@pytest.mark.parametrize(
    ("state", "now", "words"),
    [
        ("crashed", 1130.0, "died 2 min ago"),
        ("crashed", 1015.0, "died less than a minute ago"),
        ("silent", 9000.0, "nothing came for 2 h"),
    ],
)
def test_the_details_say_since_when_nothing_comes(state: str, now: float, words: str) -> None:
    quiet = facts(end=None, state=state, last_sign=1000.0)
    assert gather_details(quiet, gather([quiet], KEYS, {}, now)[0]).reason == words


def test_no_runs_are_words() -> None:
    lines = Look(BRAILLE, DARK).muted("There are no runs yet.", 12)
    assert [line.plain.strip() for line in lines] == ["There are no", "runs yet."]


ROWS = st.builds(
    RunRow,
    name=st.text(max_size=40).map(lambda name: name.replace("\n", " ")),
    state=st.sampled_from(["starting", "running", "paused", "silent", "crashed", "ended"]),
    measure=st.sampled_from(["", "accuracy", "loss", "train"]),
    value=st.floats(),
    step=st.integers(0, 10**12),
    seconds=st.floats(0, 1e12),
    differs=st.lists(st.sampled_from(["lr 0.2", "activation relu", "月" * 30]), max_size=5).map(
        tuple
    ),
    problem=st.sampled_from(["", "is no recording " * 9]),
    slot=st.none() | st.integers(0, 99),
)


@given(
    rows=st.lists(ROWS, max_size=4),
    width=st.integers(1, 210),
    height=st.integers(0, 9),
    glyphs=st.sampled_from(GLYPHS),
    colours=st.booleans(),
)
def test_every_size_is_filled_exactly(
    rows: list[RunRow], width: int, height: int, glyphs: Any, colours: bool
) -> None:
    palette = DARK if colours else DARK.without_colours()
    lines = draw_rows(rows, width, height, Look(glyphs, palette), 0, True)
    assert [line.cell_len for line in lines] == [width] * height
    assert draw_heading(width, Look(glyphs, palette)).cell_len == width
    details = gather_details(facts(), row())
    told = draw_details(details, width, height, Look(glyphs, palette))
    assert [line.cell_len for line in told] == [width] * height


def test_plain_ascii_is_ascii() -> None:
    rows = [row(), row(state="paused", status=""), row(pinned=True, slot=2)]
    for width in (42, 118):
        lines = [
            draw_heading(width, Look(ASCII, DARK)),
            *draw_rows(rows, width, 6, Look(ASCII, DARK), 0, True),
        ]
        assert all(line.plain.isascii() for line in lines)
