"""The status lines, the footer and the help."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tui.commands.command import IN_WORDS, NEEDS, SPOTS, Spot, is_character
from tui.commands.table import COMMANDS, LOCAL, TABLE, available, can, footer
from tui.drawing.lists.keys import draw_footer
from tui.drawing.lists.status import Standing, draw_status
from tui.style.glyphs import ASCII, BRAILLE, GLYPHS, choose
from tui.style.look import Look
from tui.style.palette import DARK

RUNNING = Standing(
    state="running",
    step=1200,
    steps=3000,
    epoch=1.5,
    epochs=10,
    loss=0.1423,
    dev_loss=0.2,
    dev_accuracy=0.9812,
    lr=0.2,
    steps_per_second=8123.0,
    device="cpu",
    gradients="autograd",
    note="something happened",
)
ENDED = replace(
    RUNNING,
    state="ended",
    status="finished",
    reason="epochs",
    result={"test_loss": 0.2242, "test_accuracy": 0.905, "seconds": 1.3},
)
SITUATIONS = (
    "setup", "live", "paused", "over", "replay", "lecture", "slide", "follow", "form",
)  # fmt: skip


def text(standing: Standing, width: int = 160, height: int = 2) -> list[str]:
    return [line.plain for line in draw_status(standing, width, height, Look(BRAILLE, DARK))]


@pytest.mark.parametrize(
    "standing",
    [
        Standing(),
        RUNNING,
        ENDED,
        replace(RUNNING, state="crashed", reason="x" * 500),
        replace(RUNNING, state="silent"),
        replace(RUNNING, loss=math.nan, lr=math.nan, steps=0, steps_per_second=math.inf),
        replace(ENDED, status="diverged", reason="NaN", result={"test_loss": "nan"}),
        replace(ENDED, result={"test_accuracy": [0.5, 0.6]}),
    ],
)
def test_at_every_size_the_lines_fit(standing: Standing) -> None:
    for width in (0, 1, 2, 10, 40, 80, 200):
        for height in (0, 1, 2, 3):
            for glyphs in GLYPHS:
                lines = draw_status(standing, width, height, Look(glyphs, DARK))
                assert len(lines) == height
                assert all(line.cell_len == width for line in lines)


def test_a_running_run_says_everything_where_there_is_room() -> None:
    figures, _ = text(RUNNING, 200)
    for fact in (
        "● running",
        "step 1 200/3 000",
        "40 %",
        "epoch 1/10",
        "loss 0.1423",
        "dev accuracy 0.9812",
        "8.12k steps/s",
        "lr 0.2",
        "cpu",
        "gradients by autograd",
    ):
        assert fact in figures


def test_where_there_is_no_room_what_matters_least_goes() -> None:
    figures = text(RUNNING, 80)[0]
    assert "running" in figures
    assert "loss 0.1423" in figures
    assert "dev accuracy 0.9812" in figures
    assert "autograd" not in figures


def test_the_result_stands_out() -> None:
    figures, outcome = text(ENDED)
    assert "✓ finished" in figures
    assert outcome.startswith("test accuracy 0.9050   test loss 0.2242")
    assert "every epoch done in 1.3 s" in outcome


def test_a_failure_says_why_before_anything_else() -> None:
    failed = replace(ENDED, status="failed", reason="there is no CUDA here", result={})
    assert text(failed)[1].startswith("there is no CUDA here")
    assert "✗ failed" in text(failed)[0]


def test_a_crash_says_what_is_known_of_it() -> None:
    figures, outcome = text(replace(RUNNING, state="crashed", reason="killed by 9"))
    assert "✗ crashed" in figures
    assert outcome.startswith("killed by 9")


def test_a_silent_run_says_since_when() -> None:
    silent = replace(RUNNING, state="silent", reason="the last word came at 14:03:12")
    assert text(silent, 80)[0].startswith("? silent  the last word came at 14:03:12")


def test_with_one_line_the_outcome_of_a_run_is_worth_more_than_its_figures() -> None:
    assert "test accuracy" in text(ENDED, 80, 1)[0]
    assert "running" in text(RUNNING, 80, 1)[0]


def test_text_of_others_cannot_command_the_terminal() -> None:
    hostile = replace(RUNNING, device="\x1b]0;x\x07[red]boo")
    assert "\x1b" not in "".join(text(hostile))
    assert "[red]boo" in "".join(text(hostile))


def test_figures_that_do_not_fit_the_first_line_stand_in_the_second() -> None:
    first, second = text(RUNNING, 80)
    assert "loss" in first
    assert "gradients by" not in first
    assert "gradients by" in second
    assert text(RUNNING, 250)[1].strip() == ""


def test_every_command_has_a_key_a_word_and_a_sentence() -> None:
    for command in TABLE:
        assert command.keys
        assert command.label
        assert command.help.endswith(".")
        assert command.when


def test_no_key_does_two_things_in_one_situation() -> None:
    for situation in SITUATIONS:
        keys = [key for command in available(situation) for key in command.keys]
        assert len(keys) == len(set(keys))


def test_an_action_is_possible_where_its_command_is() -> None:
    assert can("start", "setup")
    assert not can("start", "live")
    assert can("pause", "live")
    assert not can("pause", "paused")
    assert can("scroll_up", "live")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_footer_shows_what_can_be_done_and_always_help_and_quit(situation: str) -> None:
    commands = footer(situation)  # type: ignore[arg-type]
    for width in (0, 1, 14, 40, 80, 200):
        line = draw_footer(commands, width, DARK)  # type: ignore[arg-type]
        assert line.cell_len == width
    line = draw_footer(commands, 40, DARK).plain  # type: ignore[arg-type]
    assert "help" in line
    assert "quit" in line


def test_in_a_field_the_footer_names_only_keys_that_are_no_characters() -> None:
    assert footer("form")
    assert not any(is_character(key) for command in footer("form") for key in command.keys)


@pytest.mark.parametrize("spot", [None, *SPOTS])
def test_at_80_cells_the_footer_names_space_tab_the_panes_help_and_quit(spot: str | None) -> None:
    spots = () if spot is None else (spot,)
    for situation in ("setup", "live", "paused", "over"):
        line = draw_footer(footer(situation, spots), 80, DARK).plain  # type: ignore[arg-type]
        for words in ("? help", "q quit", "tab next pane", "1-9 panes", "space "):
            if words[0] not in {key for each in LOCAL if each.at == spot for key in each.keys}:
                assert words in line or spot is not None


def test_the_footer_shows_what_the_place_that_has_the_keys_does_with_them() -> None:
    line = draw_footer(footer("over", ("runs",)), 120, DARK).plain
    assert "c overlay" in line
    assert "n name" in line
    assert "m mark" not in line
    assert "m mark" in draw_footer(footer("over"), 160, DARK).plain


def test_what_is_not_there_is_not_offered() -> None:
    names = {command.name for command in available("over", (), NEEDS)}
    assert names.isdisjoint(command.name for command in COMMANDS if command.needs)
    assert "next_member" in {command.name for command in available("over")}


def test_glyphs_are_ascii_where_nothing_else_is_sure() -> None:
    assert choose("auto", {"TERM": "linux"}, "UTF-8") is ASCII
    assert choose("auto", {"TERM": "xterm"}, "ANSI_X3.4-1968") is ASCII
    assert choose("auto", {"TERM": "xterm"}, "UTF-8") is BRAILLE
    assert choose("blocks", {"TERM": "linux"}, "ascii").name == "blocks"


def test_ascii_glyphs_are_ascii() -> None:
    lines = text(RUNNING) and draw_status(RUNNING, 160, 2, Look(ASCII, DARK))
    assert all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize(
    ("spots", "words"),
    [
        (("list", "dialog"), "enter choose  esc leave"),
        (("quit", "dialog"), "l leave it running  s stop it  q stay  esc leave"),
        (("delete", "dialog"), "n keep it  y delete it  esc leave"),
        (("list", "members", "dialog"), "enter choose  o order  q leave"),
        (("search", "field", "help", "dialog"), "any search  ? leave"),
        (("field", "dialog"), "esc leave"),
    ],
)
def test_a_dialog_has_its_own_keys_and_none_of_those_beneath(
    spots: tuple[Spot, ...], words: str
) -> None:
    for situation in IN_WORDS:
        assert draw_footer(footer(situation, spots), 80, DARK).plain.rstrip() == words
        assert all(command.at is not None for command in available(situation, spots))
