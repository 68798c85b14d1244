"""What a network is worth as a picture: figures, bars and rows, in the room there is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.results.asked_rows import rows_of_set
from engine.results.evaluation import __main__ as child
from engine.results.evaluation.evaluation import evaluation, plain_object
from engine.results.evaluation.judgement import Judgement
from engine.results.run import of_folder
from engine.text.parsing import from_json
from tests.engine.exports.asked import FILES, trained
from tui.drawing.network.evaluation import draw_evaluation
from tui.style.glyphs import ASCII, BRAILLE
from tui.style.look import Look
from tui.style.palette import DARK

LOOK = Look(BRAILLE, DARK.without_colours())


def judged(name: str) -> Judgement:
    run = trained(name)
    return Judgement.from_plain(plain_object(evaluation(run, rows_of_set(run, "dev"), 8, None)))


def drawn(judgement: Judgement, width: int, look: Look = LOOK) -> list[str]:
    return [line.plain for line in draw_evaluation(judgement, width, look)]


@pytest.mark.parametrize("name", FILES)
def test_whatever_is_learned_has_its_figures_and_every_column_at_any_width(name: str) -> None:
    judgement = judged(name)
    for width in (1, 7, 24, 42, 78, 84, 118, 198):
        for look in (LOOK, Look(ASCII, DARK)):
            lines = drawn(judgement, width, look)
            assert {len(line) for line in lines} <= {width}
            # What a town is called is the file's own.
            assert look is LOOK or not {*"…█│±·²"} & {*"".join(lines)}
    text = "\n".join(drawn(judgement, 118))
    assert judgement.figures[0].name in text
    for column in ("age", "job", "town", "smoker", "joined"):
        assert column in text
    assert ("calibration" in text) == bool(judgement.calibration)
    assert ("recall" in text) == bool(judgement.classes)
    assert ("greatest" in text) == bool(judgement.numbers)
    assert "the worst rows" in text


def test_a_column_that_is_worth_twice_as_much_has_twice_the_bar() -> None:
    judgement = judged("people, numbers")
    assert judgement.importances is not None
    first, second, *_ = judgement.importances.columns
    name = next(iter(first.worse_by))
    columns = [
        replace(first, worse_by={name: (0.5, 0.1)}),
        replace(second, worse_by={name: (0.25, 0.1)}),
    ]
    lines = drawn(
        replace(judgement, importances=replace(judgement.importances, columns=columns)), 60
    )
    at = next(place for place, line in enumerate(lines) if line.startswith("column"))
    long, short = (line.count("█") for line in lines[at + 1 : at + 3])
    assert long == 2 * short > 0


def test_of_more_than_is_shown_the_rest_is_told_and_where_it_is() -> None:
    judgement = judged("people, classes")
    assert judgement.importances is not None
    many = replace(judgement.importances, columns=judgement.importances.columns * 20)
    text = "\n".join(drawn(replace(judgement, importances=many), 80))
    assert "… 70 more columns: epochal evaluate --json has them all" in text


def test_that_it_has_learned_from_the_rows_is_said() -> None:
    judgement = judged("people, classes")
    assert "It has learned from these rows" not in "\n".join(drawn(judgement, 80))
    assert "It has learned from these rows" in "\n".join(
        drawn(replace(judgement, trained_on=True), 80)
    )


def test_the_process_that_judges_says_what_it_is_at_and_then_what_came_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "people, classes"
    folder = trained(name).folder.recording.parent
    assert child.main([str(folder), "0"]) == 0
    *doing, last = [from_json(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["doing"] for each in doing][-1] == "what each column is worth: 5 of 5"
    run = of_folder(trained(name).folder)
    made = plain_object(evaluation(run, rows_of_set(run, None), child.WORST, None))
    assert last["evaluation"] == from_json(json.dumps(made))
    assert Judgement.from_plain(last["evaluation"]).figures
    assert child.main([str(tmp_path), "0"]) == 2
    assert "is not there" in capsys.readouterr().err


@pytest.mark.parametrize("body", [None, [], {}, {"of": "x"}])
def test_what_is_no_evaluation_is_refused(body: object) -> None:
    with pytest.raises(ValueError, match="is no evaluation"):
        Judgement.from_plain(body)
