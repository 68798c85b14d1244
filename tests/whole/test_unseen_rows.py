"""The test of what learned from fresh rows: one table, whoever prints it."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys

import numpy as np
import pytest

from engine.explain.program import program
from engine.presets import preset as presets
from engine.results.unseen_rows import FIRST_INPUTS, NEW_ROWS, table
from tests.patience import DEADLINE
from tui import cli
from tui.drawing.network.unseen_rows import UnseenTest, draw_tests
from tui.style.look import Look

CHANGES = ("train.steps=40",)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 0
    return capsys.readouterr().out.splitlines()


def table_in(lines: list[str], indent: int = 0) -> list[str]:
    head = next(at for at, line in enumerate(lines) if line.endswith(" target      error"))
    return [line[indent:].rstrip() for line in lines[head : head + NEW_ROWS + 1]]


def test_run_lab_and_program_have_the_same_rows_and_digits(tmp_path, capsys) -> None:
    place = ("--runs-dir", str(tmp_path))
    command = [sys.executable, "-m", "tui", "run", "sum-of-30", "-q", "--set", *CHANGES, *place]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert "  10 new rows, never trained on (weights of step 40, the last):" in done.stdout
    of_run = table_in(done.stdout.splitlines(), indent=2)
    shown = said(capsys, "show", "last", "--view", "tests", "--size", "80x24", *place)
    assert table_in(shown) == of_run
    path = tmp_path / "program.py"
    path.write_text(program(presets.load("sum-of-30", CHANGES).experiment), "utf-8")
    runpy.run_path(str(path))
    assert table_in(capsys.readouterr().out.splitlines()) == of_run
    (told,) = said(capsys, "show", "last", "--view", "tests", "--json", *place)
    parts = ("inputs", "predictions", "targets")
    inputs, outputs, targets = (np.array(json.loads(told)["tests"][part]) for part in parts)
    assert table([f"x{at}" for at in range(1, 31)], inputs, outputs, targets) == of_run
    np.testing.assert_allclose(inputs.sum(axis=1), targets[:, 0])


@pytest.mark.parametrize("width", [33, 40, 60, 67, 68, 100])
def test_where_there_is_little_room_the_answers_stay(width) -> None:
    inputs, one = np.ones((2, 30)), np.ones((2, 1))
    names = tuple(f"x{at}" for at in range(1, 31))
    test = UnseenTest(input_names=names, inputs=inputs, outputs=one, targets=one)
    drawn = [line.plain.split() for line in draw_tests(test, width, 4, Look())[1:]]
    shown = names[: min((width - 33) // 7, FIRST_INPUTS)]
    assert drawn[0] == [*shown, "prediction", "target", "error"]
    assert all(row[-3:] == ["1.00", "1.00", "0.00"] for row in drawn[1:])


def test_a_table_has_two_decimals_and_no_negative_zero() -> None:
    one = np.array([[0.5]])
    head, line = table(["only"], one, np.array([[1.0]]), np.array([[1.001]]))
    assert head.split() == ["only", "prediction", "target", "error"]
    assert line.split() == ["0.50", "1.00", "1.00", "0.00"]
    many = table([f"x{i}" for i in range(9)], np.zeros((2, 9)), one.repeat(2, 0), one.repeat(2, 0))
    assert all(len(each.split()) == FIRST_INPUTS + 3 for each in many)
