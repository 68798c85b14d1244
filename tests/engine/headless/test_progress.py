"""What the headless viewer says, and where."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from engine.headless.progress import (
    Progress,
    ProgressBar,
    ProgressLines,
    progress_for,
    progress_text,
)
from engine.headless.result import result_text, whose_text
from engine.recording.events import End, Series
from engine.recording.history import History
from engine.runs.listing import main_figure
from engine.text.numbers import figure_text
from engine.text.safe import plain
from engine.text.tables import aligned, time_text
from tests.runs import end, header, rows


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def history_of(*events: object) -> History:
    history = History()
    history.extend([header(), *events])  # type: ignore[list-item]
    return history


class TestProgress:
    def test_without_a_terminal_there_is_a_line_for_each_tenth(self) -> None:
        out = io.StringIO()
        lines = ProgressLines(1000, out)
        for first in range(1, 1000, 10):
            lines.show(history_of(rows(first, [0.5] * 10)))
        told = out.getvalue().splitlines()
        assert [line.split(" · ")[0] for line in told] == [
            f"step {step} of 1000" for step in range(100, 1000, 100)
        ]
        assert all(" · loss 0.5000" in line for line in told)

    def test_the_end_of_a_run_needs_no_line(self) -> None:
        out = io.StringIO()
        ProgressLines(3, out).show(history_of(rows(1, [0.5] * 3)))
        assert out.getvalue() == ""

    def test_of_several_members_the_mean_loss_is_shown(self) -> None:
        history = History()
        values = np.array([[[1.0, 3.0]], [[0.5, 0.5]]], np.float32)
        history.extend([header(seeds=[1, 2]), Series(group="train", first=1, values=values)])
        assert "loss 2.000 ± 1.414 · 2 of 2 train" in progress_text(history, 10)

    def test_members_that_have_ended_are_not_counted(self) -> None:
        history = History()
        values = np.array([[[1.0, np.nan, np.inf]], [[0.5, 0.5, 0.5]]], np.float32)
        history.extend([header(seeds=[1, 2, 3]), Series(group="train", first=1, values=values)])
        assert "loss 1.000 · 1 of 3 trains" in progress_text(history, 10)
        history.extend([Series(group="train", first=2, values=values * np.float32(np.nan))])
        assert "none of 3 still trains" in progress_text(history, 10)

    def test_a_loss_that_is_no_number_is_shown_as_such(self) -> None:
        assert "loss nan" in progress_text(history_of(rows(1, [float("nan")])), 10)

    def test_a_run_without_rows_has_no_loss_yet(self) -> None:
        assert progress_text(history_of(), 10) == "step 0 of 10"

    def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "xterm")
        out = Terminal()
        bar = progress_for(10, quiet=False, out=out)
        assert isinstance(bar, ProgressBar)
        with bar:
            bar.show(History())
            bar.show(history_of(rows(1, [0.25] * 5)))
        shown = out.getvalue()
        assert "50%" in shown
        assert "step 5 of 10 · loss 0.2500" in shown
        assert "\x1b[?25h" in shown.rpartition("step 5")[2]

    def test_a_file_gets_lines_and_quiet_gets_nothing(self) -> None:
        assert isinstance(progress_for(10, quiet=False, out=io.StringIO()), ProgressLines)
        assert type(progress_for(10, quiet=True, out=Terminal())) is Progress


class TestResult:
    def test_is_a_table_of_sets_and_measures_then_the_rest(self) -> None:
        text = result_text(
            "two-moons-1",
            end(
                3000,
                train_loss=0.17012,
                train_accuracy=0.9328,
                dev_loss=0.165,
                dev_accuracy=0.95,
                test_loss=0.1432,
                test_accuracy=0.95,
                steps=3000,
                seconds=1.0382,
                steps_per_second=2889.466,
            ),
        )
        assert text.splitlines() == [
            "two-moons-1: finished (epochs)",
            "             train     dev    test",
            "  loss      0.1701  0.1650  0.1432",
            "  accuracy  0.9328  0.9500  0.9500",
            "  of the last step 3000",
            "  steps             3000",
            "  seconds           1.038",
            "  steps per second  2889",
        ]

    def test_a_figure_that_a_set_lacks_is_left_blank(self) -> None:
        lines = result_text("a", end()).splitlines()
        assert lines[1:4] == [
            "             train    test",
            "  loss      0.2500",
            "  accuracy          0.8750",
        ]

    def test_a_list_shows_the_first_of_its_members(self) -> None:
        text = result_text("a", end(train_loss=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
        assert "0.1000 0.2000 0.3000 0.4000 0.5000 …" in text

    def test_what_is_not_finite_is_shown_as_it_is_written(self) -> None:
        assert "nan" in result_text("a", end(train_loss="nan"))
        assert "inf" in result_text("a", end(train_loss=float("inf")))

    def test_classes_have_a_confusion_matrix_and_it_is_said_of_which_set(self) -> None:
        two = result_text("a", end(confusion=[[1, 2], [3, 4]], test_loss=0.5), ["ok", "fraud"])
        assert two.splitlines()[-4:] == [
            "  of the test set:",
            "  true \\ said  ok  fraud",
            "  ok            1      2",
            "  fraud         3      4",
        ]
        counts = [[16, 0, 0], [0, 11, 1], [0, 0, 17]]
        named = result_text("a", end(confusion=counts), ["setosa", "versicolor", "\x1b[2J"])
        assert "versicolor        0          11        1" in named.splitlines()[-2]
        assert "\x1b" not in named
        assert "true \\ said   0   1   2" in result_text("a", end(confusion=counts))
        for other in ([[7]], [[1] * 30] * 30, "odd"):
            assert "said" not in result_text("a", end(confusion=other))

    @pytest.mark.parametrize(
        ("figures", "status", "said"),
        [
            ({"best_step": 96, "epochs": 3}, "finished", "of the best weights, of step 96"),
            ({"best_step": 96}, "stopped", "of the best weights, of step 96"),
            ({"epochs": 3}, "finished", "of the last weights, of step 200"),
            ({}, "finished", "of the last step 200"),
            ({}, "diverged", "of the last step, 200"),
            (
                {"best_step": 96},
                "diverged",
                "of the last step, 200; the best weights, of step 96, are kept",
            ),
        ],
    )
    def test_figures_say_whose_weights_they_are_of(
        self, figures: dict[str, Any], status: str, said: str
    ) -> None:
        ended = End(step=200, status=status, reason="", result={"train_loss": 0.5, **figures})
        # Under the table of sets and measures: a heading, and the loss.
        assert result_text("a", ended).splitlines()[3] == f"  {said}"

    def test_without_figures_there_is_nothing_to_say_of_them(self) -> None:
        assert whose_text(End(step=0, status="failed", reason="", result={"steps": 0})) == ""

    def test_escape_sequences_do_nothing(self) -> None:
        text = result_text("\x1b[31mred", end(reason="\x1b]0;title\x07", odd="\x9b1m"))
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\x9b" not in text
        assert "\\x1b[31mred" in text

    def test_the_main_figure_is_the_test_accuracy_or_what_comes_nearest(self) -> None:
        assert main_figure({"train_loss": 1.0, "test_loss": 2.0, "test_accuracy": 0.5}) == (
            "test accuracy 0.5000"
        )
        assert main_figure({"train_loss": 1.0, "dev_loss": 2.0}) == "dev loss 2.000"
        assert main_figure({"steps": 4}) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.0, "0.000"),
        (1.0, "1.000"),
        (0.12345, "0.1235"),
        (1234.5, "1234"),
        (1e-11, "1.000e-11"),
        (2.5e12, "2.500e+12"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_figures_have_four_digits_that_count(value: float, text: str) -> None:
    assert figure_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3661, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (float("inf"), "11574 d 1 h"),
    ],
)
def test_times_have_two_units(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    assert aligned([["損失", "1"], ["ab", "22"]]) == ["損失  1", "ab    22"]
    assert aligned([["a", "1"], ["b", "22"]], numbers=True) == ["a   1", "b  22"]
    assert aligned([]) == []


class TestPlain:
    def test_text_stays_as_it_is(self) -> None:
        for text in ("", "two moons", "x³ · 50 % – é 損失 👩‍🔬"):
            assert plain(text) == text

    def test_controls_are_written_out(self) -> None:
        assert plain("\x1b[2J\x00\x7f\x9b") == "\\x1b[2J\\x00\\x7f\\x9b"

    def test_invisible_characters_and_half_characters_are_written_out(self) -> None:
        assert plain("\u202e\ud800\u2028") == "\\u202e\\ud800\\u2028"

    def test_line_breaks_become_spaces_or_stay(self) -> None:
        assert plain("a\nb\tc\r") == "a b c\\r"
        assert plain("a\nb", lines=True) == "a\nb"
