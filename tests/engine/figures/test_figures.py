"""Figures in a text: what may stand between braces, and what is read in their place."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.errors import LectureError, PresetError
from engine.experiment.experiment import Experiment
from engine.figures.figures import FigureError, Quantity, figures, filled, number, parse, spoken
from engine.figures.proofreading import columns_of, misplaced
from engine.figures.readings import NotedReadings, of_history, of_scene
from engine.lectures import lecture as lectures
from engine.lectures import rehearsal
from engine.presets import preset as presets
from engine.recording.events import End, MarkReached, Series
from engine.recording.history import History
from engine.training.loop import Pace, train
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment
from tests.runs import header

KNOWN = {
    Quantity("train", "loss", 100): 0.0123456,
    Quantity("train", "loss", "own"): 2.0,
    Quantity("train", "accuracy", 100): 0.8859,
    Quantity("train", "grad_norm/layer1.weight", 1): 1.8e-11,
    Quantity("train", "grad_norm/layer5.weight", 1): 0.27,
    Quantity("dev", "accuracy", "end"): 1.0,
    Quantity("", "step"): 210.0,
}


class TestRead:
    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ("a loss of {loss@100}.", "a loss of 0.0123."),
            ("{loss}, {loss@step}", "2, 2"),
            ("{train/loss@100}", "0.0123"),
            ("{accuracy@100 %} right", "88.6 % right"),
            ("{dev_accuracy@end %}", "100 %"),
            ("{grad_norm/layer1.weight@1}", "1.8e-11"),
            ("{grad_norm/layer5.weight@1 / grad_norm/layer1.weight@1}", "1.5e10"),
            ("{sqrt(loss@100)}", "0.111"),
            ("at step {step}", "at step 210"),
            ("{loss@99}", "–"),
            ("{loss@100 / loss@99}", "–"),
            ("{loss@100 = 0.012}", "0.012"),
            ("{loss@100 = 0.013}", "0.012"),
            ("{loss@99 = 0.013}", "0.013"),
            ("{accuracy@100 = 88 %}", "89 %"),
            ("{grad_norm/layer1.weight@1 = 1.9·10⁻¹¹}", "1.8·10⁻¹¹"),
            ("{grad_norm/layer1.weight@1 = 1.9e-11}", "1.8e-11"),
            ("{loss@100 ~ 0.0125}", "0.0125"),
            ("{loss@100 ~ 0.02}", "0.0123"),
            ("{loss@100 < 0.1}", "0.1"),
            ("{loss@100 > 0.1}", "0.0123"),
            ("{1.5 ** 50 = 637 621 500}", "637 621 500"),
            ("{log(3) = 1.099}", "1.099"),
            ("{{1, 2}} and {{}}", "{1, 2} and {}"),
            ("", ""),
        ],
    )
    def test_figures_are_filled_in(self, text: str, read: str) -> None:
        assert filled(text, KNOWN.get) == read

    def test_without_a_run_what_is_said_is_read_and_the_rest_is_a_dash(self) -> None:
        assert (
            spoken("{loss@1} and {loss@1 = 4.8} of {exploding:loss@1 = 3.8}") == "– and 4.8 of 3.8"
        )

    def test_a_ratio_to_nothing_is_no_accident(self) -> None:
        assert filled("{loss / (loss - loss)}", KNOWN.get) == "infinite"
        assert filled("{loss = 3}", lambda _: math.nan) == "NaN"

    @given(st.text(alphabet="{}a@/1 .=<~%*-e:", max_size=30))
    def test_no_text_is_too_odd(self, text: str) -> None:
        try:
            parse(text)
        except FigureError:
            assert spoken(text) == text
        else:
            assert not {"{", "}"} & set(spoken(text.replace("{{", "").replace("}}", "")))

    @pytest.mark.parametrize(
        ("value", "read"),
        [(667.3, "667"), (0.0235, "0.0235"), (6715.4, "6 715"), (2107740, "2 107 740"),
         (0.3, "0.3"), (0, "0"), (5e16, "5e16"), (-1.25, "-1.25"), (math.inf, "infinite")],
    )  # fmt: skip
    def test_a_number_is_fit_to_be_read_aloud(self, value: float, read: str) -> None:
        assert number(value) == read

    def test_a_share_is_all_only_where_it_is(self) -> None:
        assert [number(share, percent=True) for share in (0.9999, 1.0)] == ["99.9 %", "100 %"]


class TestHolds:
    @pytest.mark.parametrize(
        ("claim", "value", "holds"),
        [
            ("= 0.138", 0.1384, True),
            ("= 0.138", 0.1386, False),
            ("= 0", 0.0, True),
            ("= 0", 1e-30, False),
            ("= 0.00", 1e-30, True),
            ("= 100 %", 0.999, False),
            ("= 88.6 %", 0.88594, True),
            ("= 6 715", 6715.3, True),
            ("= 2·10⁻⁷", 2.4e-7, True),
            ("= 2·10⁻⁷", 2.6e-7, False),
            ("~ 700", 640.0, True),
            ("~ 700", 620.0, False),
            ("< 1", 1.0, False),
            ("> 1", 1.1, True),
            ("= 1", math.nan, False),
            ("< 1", math.nan, False),
        ],
    )
    def test_what_is_said_is_true_to_its_last_digit(
        self, claim: str, value: float, holds: bool
    ) -> None:
        (figure,) = figures(f"{{loss@1 {claim}}}")
        assert figure.holds(value) == holds


class TestMarred:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("a {loss@", "the brace in '{loss@' has no partner; write {loss@100}, or {{ for a"),
            ("a loss} b", "the brace in 'a loss}' has no partner"),
            ("{a {b} }", "the brace in '{a {b} }' has no partner"),
            ("{}", "{} holds nothing"),
            ("{1, 2}", "{1, 2} is no arithmetic with quantities such as loss@100; write {{"),
            ("{loss@last}", "{loss@last} has no step after its @: it is a number, step or end"),
            ("{loss@1 = low}", "{loss@1 = low} says no number after its sign (got 'low')"),
            ("{loss@1 = 1 = 1}", "{loss@1 = 1 = 1} has more than one of = ~ < >"),
            ("{open('x')}", "function 'open' is not known"),
        ],
    )
    def test_a_preset_whose_braces_hold_no_figure_is_refused(self, text: str, problem: str) -> None:
        tables: dict[str, Any] = {"marks": [{"at": {"step": 1}, "title": "a", "note": text}]}
        with pytest.raises(PresetError) as caught:
            presets.resolve(tables, "x.toml")
        assert str(caught.value).startswith("x.toml: marks[0].note: ")
        assert problem in str(caught.value)

    def test_a_title_has_no_figures(self) -> None:
        tables: dict[str, Any] = {"marks": [{"at": {"step": 1}, "title": "at {loss}"}]}
        with pytest.raises(PresetError) as caught:
            presets.resolve(tables, "x.toml")
        assert str(caught.value) == (
            "x.toml: marks[0].title: a title has no figures; put it into the note"
        )
        text = "scenes = [{ title = '{loss@1 = 2}', text = 'b' }]"
        with pytest.raises(LectureError, match=r"scenes\[0\].title: a title has no figures"):
            lectures.resolve(tomllib.loads(text), "x.toml")
        tables["marks"][0]["title"] = "the set {1, 2}"
        assert presets.resolve(tables, "x.toml").marks[0].title == "the set {1, 2}"

    def test_words_of_a_recorded_run_stay_as_they_are(self) -> None:
        tables = {"about": "the set {1, 2}"}
        assert presets.resolve(tables, "a-run", recorded=True).about == "the set {1, 2}"
        assert spoken("the set {1, 2}") == "the set {1, 2}"


def problems(note: str, at: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    marks = [{"at": at or {"step": 50}, "title": "a", "note": note}]
    spec = experiment({**MOONS, "marks": marks}, **changes)
    return [str(each) for each in misplaced(spec, "x.toml", presets.experiment_of)]


class TestMisplaced:
    @pytest.mark.parametrize(
        "note",
        ["{loss@50} {loss@step} {dev/loss} {dev_accuracy %}", "{weight_norm/layer1.weight@1}",
         "{grad_norm/layer2.bias@1 / grad_norm@1}", "{loss@300 = 0.2}", "{step}",
         "{test_accuracy = 95 %}", "{saturated/layer1 %}", "{cubic:loss@4000 = 0.02}"],
    )  # fmt: skip
    def test_what_a_run_gives_in_time_is_right(self, note: str) -> None:
        assert problems(note) == []

    @pytest.mark.parametrize(
        ("note", "problem"),
        [
            ("{los@1}", "{los@1} names no column: 'los' (did you mean 'loss'?); there are: loss,"),
            ("{grad_norm/layer3.weight@1}", "names no column: 'grad_norm/layer3.weight'"),
            ("{epoch/loss}", "is of the group epoch, which this run has not; there are: train,"),
            ("{loss@51}", "is of step 51, and the mark stands at step 50: it cannot know it yet"),
            ("{loss@end}", "is of step 300, and the mark stands at step 50"),
            ("{loss@301 = 1}", "is of step 301, and the run ends at step 300"),
            (
                "{other:loss@1 = 1}",
                "{other:loss@1 = 1} is of 'other', and there is no such run here",
            ),
            ("{cubic:loss@1}", "{cubic:loss@1} is of another preset's run, which is not there"),
            ("{cubic:accuracy@1 = 1}", "names no column: 'accuracy'"),
            ("{test_loss}", "is known only when the run is over, after every mark"),
            ("{log(3) = 1.098}", "{log(3) = 1.098} is 1.1"),
        ],
    )
    def test_what_no_run_gives_in_time_is_told_with_its_place(
        self, note: str, problem: str
    ) -> None:
        (told,) = problems(note)
        assert told.startswith("x.toml: marks[0].note: ")
        assert problem in told

    def test_a_mark_before_the_first_row_knows_nothing(self) -> None:
        (told,) = problems("{loss}", {"step": 0})
        assert "is of step 0, and the first row is that of step 1" in told

    def test_an_about_is_read_before_there_is_a_run(self) -> None:
        spec = experiment({**MOONS, "about": "{loss@1} {loss@1 = 0.7} {loss = 0.7}"})
        first, second = (each.message for each in misplaced(spec, "x.toml", presets.experiment_of))
        assert "{loss@1} is filled in from the run that is shown, and here none is" in first
        assert "{loss = 0.7} says no step" in second

    @pytest.mark.parametrize("tables", [MOONS, CUBIC, MINIBATCHES])
    def test_the_columns_are_those_of_a_trainer(self, tables: dict[str, Any]) -> None:
        spec = experiment(tables)
        known = dict(columns_of(spec))
        trainer = Trainer(spec)
        result = known.pop("result")
        assert {group: set(names) for group, names in known.items()} == {
            str(group): set(names) for group, names in trainer.columns.items()
        }
        while trainer.outcome is None:
            trainer.advance(256)
        assert set(result) - {"best_step"} <= set(trainer.result())


class TestCommand:
    TEXT = """
    [train]
    epochs = 20
    [[marks]]
    at = { step = 10 }
    title = "a"
    note = "{loss} {loss@1 SAID}"
    """

    @pytest.mark.parametrize(
        ("said", "options", "status", "line"),
        [
            ("= 0.679", ["--figures"], 0, "x.toml: holds; 21 parameters, 20 steps; 2 figures, "),
            ("= 0.5", ["--figures"], 2, "x.toml: marks[0].note: {loss@1 = 0.5} is 0.679 here; "),
            ("= 0.5", [], 0, "x.toml: holds; 21 parameters, 20 steps\n"),
            ("= 0.5} {lss", [], 2, "x.toml: marks[0].note: {lss} names no column: 'lss' (did you"),
            ("= 0.5} {", [], 2, "x.toml: marks[0].note: {} holds nothing; write"),
        ],
    )
    def test_a_check_trains_only_where_it_is_told_to(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        said: str,
        options: list[str],
        status: int,
        line: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("x.toml").write_text(self.TEXT.replace("SAID", said))
        if not options:
            monkeypatch.setattr(rehearsal, "trained", None)
        with pytest.raises(SystemExit) as left:
            main(["check", "x.toml", *options])
        assert (left.value.code or 0) == status
        assert line in "".join(capfd.readouterr())


NOTE = "{loss}|{loss@3}|{loss@40}|{accuracy@40 %}|{dev/loss@40}|{grad_norm/layer1.weight}|{step}"


class TestFilledWhileItTrains:
    @pytest.mark.parametrize("size", [1, 7, 256])
    def test_marks_read_what_a_history_says_however_steps_are_grouped(self, size: int) -> None:
        at: list[dict[str, Any]] = [{"step": 40}, {"loss_below": 0.6}, {"epoch": 100}]
        marks = [{"at": each, "title": str(each), "note": NOTE} for each in at]
        spec = experiment({**MOONS, "marks": marks})
        found, history = reached(spec, size)
        assert len(found) == 3
        for mark in found:
            readings = of_history(history, mark.step, until=mark.step)
            assert mark.note == filled(NOTE, readings)
            assert ("–" in mark.note) == (mark.step < 40)
        assert reached(spec, 256)[0] == found

    def test_of_a_population_it_is_the_median_of_those_that_have_a_number(self) -> None:
        values = np.array([[[1.0, 3.0, 9.0, np.nan]]], np.float32)
        rows = Series(group="train", first=1, values=values)
        history = History()
        history.extend([header(columns={"train": ["loss"]}, seeds=[0] * 4), rows])
        kept = NotedReadings(["{loss@1}"], {"train": ["loss"]}, 1)
        kept.add([rows])
        assert [filled("{loss@1}", each) for each in (of_history(history, 1), kept.at(1))] == [
            "3", "3",
        ]  # fmt: skip

    def test_a_text_knows_nothing_after_its_step(self) -> None:
        history = History()
        rows = Series(group="train", first=1, values=np.ones((1, 9, 1), np.float32))
        end = End(step=9, status="finished", reason="epochs", result={"test_loss": 0.5})
        history.extend([header(columns={"train": ["loss"]}), rows, end])
        text = "{loss@5} {loss@end} {test_loss}"
        assert filled(text, of_history(history, 4, until=4)) == "– – –"
        assert filled(text, of_history(history, 9)) == "1 1 0.5"

    def test_a_scene_names_its_runs(self) -> None:
        each = [lambda q, v=v: None if q.run else float(v) for v in (1, 2)]
        readings = of_scene(["a", "talks/b.toml"], each)  # type: ignore[arg-type]
        assert filled("{loss} {a:loss} {b:loss} {c:loss}", readings) == "1 1 2 –"
        assert filled("{b:loss / a:loss}", of_scene(["a", "b"], each[:1])) == "–"  # type: ignore[arg-type]


def reached(spec: Experiment, size: int) -> tuple[list[MarkReached], History]:
    """Train in blocks of a size; return the marks and everything else."""

    class Even(Pace):
        def begin(self) -> int:
            return size

    trainer, history = Trainer(spec), History()
    history.add(header(columns={str(g): n for g, n in trainer.columns.items()}))
    for events in train(trainer, Even()):
        history.extend(events)
    return history.marks, history
