"""What the shipped presets and lectures teach is so: each figure is compared, each numeral known.

A numeral in a text is one of these, and the walk over all texts leaves no other:

    {loss@20 = 0.138}     a figure, which a training here is held against
    data.noise = 0.1      a setting of what is shown, or a number that settings alone decide
    step 20, layer 1      a place, not a finding
    EXACT                 computed below, by hand and apart from the program
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.loading import load as load_data
from engine.experiment.experiment import Experiment
from engine.figures.figures import Quantity, figures, parse
from engine.figures.proofreading import misplaced, passages
from engine.lectures import lecture as lectures
from engine.lectures.lecture import Script
from engine.lectures.passages import passages_of
from engine.lectures.rehearsal import WHOLE, Rehearsal
from engine.presets import preset as presets
from engine.presets.preset import Preset
from engine.recording.forward import forward, layers_of, unpack
from engine.recording.history import History
from tests.trained import whole, whole_of

ROOT = Path(presets.__file__).resolve().parents[2] / "presets"
PRESETS = sorted(path.stem for path in ROOT.glob("*.toml"))
LECTURES = sorted(path.stem for path in (ROOT / "lectures").glob("*.toml"))


class SharedRehearsal(Rehearsal):
    """A rehearsal of runs that other tests look at too: none of them is trained twice."""

    def history(self, experiment: Experiment, last: int) -> History:
        """Return what a run gives; of one that nobody else needs, as far as is asked for."""
        shared = last == WHOLE or experiment.model_dump_json() in SHIPPED
        return whole_of(experiment) if shared else super().history(experiment, last)


SHIPPED = {presets.load(name).experiment.model_dump_json() for name in PRESETS}
REHEARSAL = SharedRehearsal(allow_code=True)

PLACES = re.compile(
    r"\b(?:steps?|epochs?|layers?|scene|row|W|b|z|d|dW|db|g) ?\d[\d ]*"  # where, not how much
    r"|\bfirst (?:layer|step) \d+"
    r"|\b(?:19|20)\d\d\b(?=\))"  # when it was published
    r"|\d+ layers?\b"
    r"|exp\(x\) - 10"
    r"|\blog \d+"
    r"|(?m:^\d  )"  # a list on a slide
    r"|10(?=[⁻⁰¹²³⁴⁵⁶⁷⁸⁹])"
)
NUMERAL = re.compile(r"(?<![\w.])-?\d+(?: \d{3})*(?:\.\d+)?")


def script(name: str) -> Script:
    return lectures.load(str(ROOT / "lectures" / f"{name}.toml"))


def outputs(run: History, inputs: Any, step: int, *, last: str = "") -> np.ndarray:
    """What the network of a run says after a step, by numpy."""
    assert run.header is not None
    snapshot = run.snapshot(step)
    assert snapshot is not None
    assert snapshot.step == step
    layers = layers_of(run.header)
    layers = [*layers[:-1], replace(layers[-1], activation=last)] if last else layers
    weights = unpack(run.header, snapshot)
    return np.asarray(forward(layers, weights, np.asarray(inputs, np.float32))[-1])


class TestFigures:
    @pytest.mark.parametrize("name", PRESETS)
    def test_a_presets_figures_are_what_it_gives_here(self, name: str) -> None:
        preset = presets.load(str(ROOT / f"{name}.toml"))
        assert misplaced(preset.experiment, name, presets.experiment_of) == []
        assert wrong(REHEARSAL.of_preset(preset)) == []

    @pytest.mark.parametrize("name", LECTURES)
    def test_a_lectures_figures_are_what_its_scenes_give_here(self, name: str) -> None:
        found = REHEARSAL.of_lecture(script(name))
        assert len(found) > 20
        assert wrong(found) == []

    def test_what_is_said_of_weights_is_measured_at_the_step_that_is_named(self) -> None:
        """Where nothing was measured, the newest row before it is read, of another step."""
        said = [(name, each.text) for name in PRESETS for each in passages(loaded(name))]
        asked = {(q.run or name, q.at) for name, text in said for q in probed(text)}
        for lecture in map(script, LECTURES):
            for index, each in passages_of(lecture.lecture):
                for q in probed(each.text):
                    place = lectures.referred(lecture.lecture, index, q.run)
                    assert place is not None
                    asked.add((place[1], q.at))
        for name, at in asked:
            rows = REHEARSAL.history(loaded(name), WHOLE).series["probe"]
            assert (name, at, at in rows.steps) == (name, at, True)
        assert asked

    def test_a_figure_that_is_wrong_is_found(self, tmp_path: Path) -> None:
        text = (ROOT / "lectures" / "functions.toml").read_text("utf-8")
        assert text.count("{loss@20 = 0.138}") == 1
        path = tmp_path / "x.toml"
        path.write_text(text.replace("{loss@20 = 0.138}", "{loss@20 = 0.139}"), "utf-8")
        (problem,) = wrong(REHEARSAL.of_lecture(lectures.load(str(path))))
        assert problem.endswith("notes: {loss@20 = 0.139} is 0.138 here; write 0.138")

    @pytest.mark.parametrize("name", ["exploding", *(n for n in PRESETS if "exploding-" in n)])
    def test_no_end_of_a_chaotic_run_is_said(self, name: str) -> None:
        """Another machine's rounding gives another: it is filled in from the run, or not told."""
        texts = [each.text for each in passages(presets.load(name).experiment)]
        lecture = script("deep-networks").lecture
        texts += [each.notes for each in lecture.scenes if name in each.references]
        said = [q for text in texts for f in figures(text) if f.said for q in f.quantities]
        assert all(q.at == 1 or q.run not in ("", name) for q in said)


def loaded(name: str) -> Experiment:
    return presets.load(name).experiment


def probed(text: str) -> list[Quantity]:
    """The quantities of a text that are measured at some steps alone."""
    return [q for figure in figures(text) for q in figure.quantities if q.group == "probe"]


def wrong(found: Any) -> list[str]:
    return [str(each.problem) for each in found if not each.holds]


class TestNumerals:
    @pytest.mark.parametrize("name", PRESETS)
    def test_a_preset_has_none_that_nobody_holds(self, name: str) -> None:
        experiment = presets.load(str(ROOT / f"{name}.toml")).experiment
        texts = [each.text for each in passages(experiment)]
        texts += [mark.title for mark in experiment.marks] + [experiment.title]
        known = settings(experiment) | EXACT.get(name, set())
        assert [n for text in texts for n in numerals(text) if n not in known] == []

    @pytest.mark.parametrize("name", LECTURES)
    def test_a_lecture_has_none_that_nobody_holds(self, name: str) -> None:
        lesson = script(name)
        known = set(EXACT.get(name, set()))
        for scene in lesson.lecture.scenes:
            for shown in lectures.shown(lesson, scene, Path("runs")):
                assert isinstance(shown, Preset)
                known |= settings(shown.experiment)
        texts = [each.text for _, each in passages_of(lesson.lecture)]
        texts += [scene.title for scene in lesson.lecture.scenes]
        assert [n for text in texts for n in numerals(text) if n not in known] == []

    def test_the_readmes_table_has_none_either(self) -> None:
        readme = (ROOT.parent / "README.md").read_text("utf-8")
        rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", readme, re.M)
        assert sorted(name for name, _ in rows) == PRESETS
        for name, words in rows:
            known = settings(presets.load(name).experiment) | EXACT.get(name, set())
            assert [each for each in numerals(words) if each not in known] == [], name


def numerals(text: str) -> list[float]:
    """The numbers in a text that are no figures and no places."""
    words = "".join(part if isinstance(part, str) else "·" for part in parse(text))
    return [float(found.replace(" ", "")) for found in NUMERAL.findall(PLACES.sub("·", words))]


def settings(experiment: Experiment) -> set[float]:
    """What is exact because the experiment says so, or because settings alone decide it."""
    spec = experiment.model_dump(mode="json", exclude={"marks", "title", "about"})
    found = set(numbers(spec)) | {float(width) for width in experiment.widths}
    rows = [float(size) for size in experiment.data.sizes]
    found |= {*rows, sum(rows), float(experiment.steps), float(experiment.steps_per_epoch or 1)}
    found |= {float(experiment.parameters), float(experiment.batch_rows), 0.0, 1.0}
    for mark in experiment.marks:
        found |= set(numbers(mark.at.model_dump(mode="json")))
    return found


def numbers(value: Any) -> Iterator[float]:
    match value:
        case bool() | None:
            return
        case int() | float():
            yield float(value)
        case str():
            yield from (float(each) for each in re.findall(r"\d+(?:\.\d+)?", value))
        case dict():
            for each in value.values():
                yield from numbers(each)
        case list():
            for each in value:
                yield from numbers(each)


EXACT: dict[str, set[float]] = {
    "above-and-below": {0.5},  # a formula to try
    "digits": {8.0},  # the sides of a picture, and a digit
    "exploding": {-100.0},
    "function-set-normalised": {-10.0},
    "function-set-shifted": {-0.17},
    "init-histograms": {10_000.0},
    "sum-of-30": {15.0},
    "sum-of-30-unscaled": {0.5, 50.0, 10_000.0},
    "vanishing-sigmoid": {4.0},
    # Factors of the product on the slide, orders of magnitude, and what is computed below.
    "deep-networks": {0.5, 1.1, 1.5, 4.0, 5.0, 50.0, -100.0, 3.8165},
    "functions": {-9.9, -4.0, -0.75, -0.0001, -0.17, 0.17, 0.841, 2.996, 81.0, 4244.0},
    "gradients": {0.243, 0.439, 0.318, -0.757, 66.0, 10.0, 1e-3, 1e-5, 1e-8, 1e-12,
                  -0.0190748272, -0.0190461622, -0.0190748243, -0.0190748306, -0.0192068583},
}  # fmt: skip
"""Numerals that are neither figures nor settings: each is computed by a test of ``TestExact``."""


class TestExact:
    def test_what_settings_alone_decide(self) -> None:
        words = presets.load("init-histograms").experiment.widths
        assert words[0] * words[1] == 10_000
        data = presets.load("sum-of-30").experiment.data.model_dump()
        middle = data["highest"] / 2
        assert (middle, middle / 100, 30 * middle / 100) == (50, 0.5, 15)
        assert max(s * (1 - s) for s in (0.4, 0.5, 0.6)) == 1 / 4  # a sigmoid's slope
        assert 2 * presets.load("automatic-update").experiment.parameters == 66

    def test_what_a_gelu_can_say(self) -> None:
        spec = presets.load("function-set-shifted").experiment
        target = np.asarray(load_data(spec.data, 1).train.targets, np.float64)[:, 0]
        said = {z: round(gelu(z), 3) for z in (-0.75, 0, 1, 3)}
        assert said == {-0.75: -0.170, 0: 0.0, 1: 0.841, 3: 2.996}
        assert round(gelu(-4), 4) == -0.0001
        least = min(gelu(z) for z in np.linspace(-1, -0.5, 5001))
        assert round(least, 2) == -0.17
        assert round(target.min(), 1) == -9.9
        assert round(target.min()) == -10
        below = target[target < -0.17]
        assert len(below) == 81
        assert round(((below + 0.17) ** 2).sum()) == 4244

    def test_most_points_sit_where_a_gelu_is_least_and_some_far_to_the_left(self) -> None:
        spec = presets.load("function-set-shifted").experiment
        inputs = load_data(spec.data, 1).train.inputs
        sums = outputs(whole("function-set-shifted"), inputs, 1000, last="identity")[:, 0]
        assert 75 <= ((sums > -0.9) & (sums < -0.6)).sum() <= 85
        assert 10 <= (sums < -2).sum() <= 25
        assert sums.max() < 0

    def test_the_first_loss_of_exploding_is_in_part_that_of_float32(self) -> None:
        one, double = (
            REHEARSAL.history(presets.load("exploding", [f"train.dtype={each}"]).experiment, 1)
            for each in ("float32", "float64")
        )
        losses = [run.series["train"].value("loss", 1) for run in (one, double)]
        assert [round(loss, 4) for loss in losses] == [4.8154, 3.8165]
        spec = presets.load("exploding").experiment
        train = load_data(spec.data, spec.train.seed).train
        said = outputs(one, train.inputs, 0)[:, 0]
        wrong_and_sure = (said == 1) & (np.asarray(train.targets).ravel() == 0)
        assert wrong_and_sure.sum() == 8
        # PyTorch cuts a logarithm off at -100, which is more than these points would cost.
        z = outputs(double, train.inputs, 0, last="identity")[:, 0].astype(np.float64)
        right = np.where(np.asarray(train.targets).ravel() > 0, -z, z)
        exact = np.logaddexp(0, right)
        assert exact.mean() == pytest.approx(losses[1], rel=1e-4)
        cut = np.where(wrong_and_sure, 100.0, exact)
        assert cut.mean() == pytest.approx(losses[0], rel=1e-3)

    def test_the_probabilities_on_the_board(self) -> None:
        z = outputs(whole("automatic-update"), [[0, 0]], 0)[0].astype(np.float64)
        p = np.exp(z) / np.exp(z).sum()
        assert p.round(3).tolist() == [0.243, 0.439, 0.318]
        assert round(p[0] - 1, 3) == -0.757

    def test_the_central_differences_on_the_slide(self) -> None:
        """In float64, of the weight from the first unit to the first output."""
        run = whole("automatic-update")
        assert run.header is not None
        snapshot = run.snapshot(0)
        assert snapshot is not None
        spec = presets.load("automatic-update").experiment
        train = load_data(spec.data, spec.train.seed).train
        weights = {k: v.astype(np.float64) for k, v in unpack(run.header, snapshot).items()}
        x, rows = np.asarray(train.inputs, np.float64), np.arange(len(train))
        hidden = np.maximum(x @ weights["layer1.weight"].T + weights["layer1.bias"], 0)
        targets = np.asarray(train.targets)

        def scores(shift: float) -> np.ndarray:
            second = weights["layer2.weight"].copy()
            second[0, 0] += shift
            z = hidden @ second.T + weights["layer2.bias"]
            return np.asarray(z - np.log(np.exp(z).sum(1, keepdims=True)))

        def loss(shift: float) -> float:
            return float(-scores(shift)[rows, targets].mean())

        p = np.exp(scores(0))
        exact = float(((p[:, 0] - (targets == 0)) / len(rows)) @ hidden[:, 0])
        assert f"{exact:.10f}" == "-0.0190748272"
        differences = {h: (loss(h) - loss(-h)) / (2 * h) for h in (0.1, 1e-3, 1e-5, 1e-8, 1e-12)}
        said = [-0.0190461622, -0.0190748243, -0.0190748272]
        assert [round(differences[h], 10) for h in (0.1, 1e-3, 1e-5)] == said
        # What is left of these is rounding, and that of another machine is another.
        errors = [abs(differences[h] - exact) for h in (1e-5, 1e-8, 1e-12)]
        assert errors[0] < errors[1] < 1e-7 < errors[2] < 1e-3


class TestWords:
    """What is said in words alone."""

    def test_one_seed_in_four_is_dead_on_arrival(self) -> None:
        run = REHEARSAL.history(
            presets.load("sum-of-30", ["population.seeds=80", "marks=[]"]).experiment, 1
        )
        norms = run.series["train"].across("grad_norm", 0)
        assert 0.15 < (norms == 0).mean() < 0.35

    def test_untrained_iris_is_never_called_virginica(self) -> None:
        spec = presets.load("iris").experiment
        data = load_data(spec.data, spec.train.seed)
        said, early, late = (
            outputs(whole("iris"), data.train.inputs, step).argmax(1) for step in (0, 5, 50)
        )
        flowers = np.asarray(data.train.targets)
        assert set(said) == {0, 1}
        assert (early[flowers == 0] == 0).all()
        # What is left are versicolor taken for virginica.
        assert set(zip(flowers[late != flowers], late[late != flowers], strict=True)) == {(1, 2)}

    def test_untrained_digits_are_nearly_all_read_as_the_same_few(self) -> None:
        spec = presets.load("digits").experiment
        data = load_data(spec.data, spec.train.seed)
        assert data.dev is not None
        said = outputs(whole("digits"), data.dev.inputs, 0).argmax(1)
        assert np.sort(np.bincount(said, minlength=10))[-3:].sum() > 0.85 * len(said)
        said = outputs(whole("digits"), data.dev.inputs, 38).argmax(1)
        eights = np.asarray(data.dev.targets) == 8
        assert (said[eights] == 8).mean() < 0.3

    def test_two_moons_is_there_in_half_the_time(self) -> None:
        deep, flat = (whole(name).series["train"] for name in ("two-moons-deeper", "two-moons"))
        there = int(np.argmax(flat.column("loss") <= deep.value("loss", 1000))) + 1
        assert 400 < there < 600

    def test_a_smaller_rate_would_not_have_come_this_far(self) -> None:
        slow, quick = whole("two-moons", "optimizer.lr=0.1"), whole("two-moons")
        assert slow.series["train"].value("accuracy", 2000) < 0.89
        assert quick.series["train"].value("accuracy", 2000) > 0.91

    def test_equal_units_draw_one_line_for_thousands_of_epochs(self) -> None:
        run = whole("zero-init", "train.epochs=3000", "marks=[]")
        assert run.header is not None
        assert 0.87 < run.series["train"].value("accuracy", 3000) < 0.9
        snapshot = run.snapshot(3000)
        assert snapshot is not None
        rows = unpack(run.header, snapshot)["layer1.weight"]
        np.testing.assert_allclose(rows, np.broadcast_to(rows[0], rows.shape), rtol=1e-4)

    def test_adam_hardly_minds_inputs_a_hundred_times_too_large(self) -> None:
        scaled, raw = (
            whole(name).series["train"].column("loss")
            for name in ("sum-of-30", "sum-of-30-unscaled")
        )
        for step in (100, 1000):
            assert np.median(raw[step - 20 : step]) / 1e4 < 2 * np.median(scaled[step - 20 : step])
        assert np.median(raw[-100:]) / 1e4 < 0.001

    @pytest.mark.parametrize("name", ["cubic", "iris"])
    def test_gradients_that_are_never_cleared_do_harm_on_harder_data(self, name: str) -> None:
        wild = whole(name, "optimizer.name=by_hand", "train.zero_grad=false", "marks=[]")
        late = [
            run.series["train"].column("loss")[run.last_step // 4 :] for run in (wild, whole(name))
        ]
        # The loss does not come to rest; where it wanders to is a matter of roundings.
        assert late[0].max() > 2 * late[0].min()
        if name == "iris":
            assert np.median(late[0]) > 2 * np.median(late[1])

    def test_two_programs_agree_to_the_last_digits(self) -> None:
        runs = [
            whole(name, "model.init=normal", "marks=[]").series["train"].column("loss")
            for name in ("manual-update", "automatic-update")
        ]
        apart = np.abs(runs[0] - runs[1])
        assert 0 < apart.max() < 1e-6

    def test_the_old_weights_do_not_learn_at_a_larger_rate_either(self) -> None:
        for name in ("vanishing-sigmoid", "vanishing-relu"):
            run = whole(name, "optimizer.lr=0.1", "train.epochs=1000", "marks=[]")
            assert run.series["train"].value("loss", 1000) == pytest.approx(math.log(2), abs=2e-3)

    def test_nothing_moves_in_the_first_layers_of_a_bad_start(self) -> None:
        for name in ("leaky-relu", "vanishing-sigmoid"):
            ratios = whole(name).series["probe"]
            for layer in ("layer1", "layer2"):
                assert ratios.value(f"update_ratio/{layer}.weight", 1) == 0

    def test_batch_normalisation_falls_without_a_jump_from_the_same_weights(self) -> None:
        run, sick = whole("exploding-batch-norm"), whole("exploding")
        loss = run.series["train"].column("loss")
        assert (np.diff(loss) < 0.01).all()
        assert loss[-1] < 0.5 * sick.series["train"].column("loss")[-20:].min()
        first, second = (each.snapshot(0) for each in (run, sick))
        assert run.header is not None
        assert sick.header is not None
        assert first is not None
        assert second is not None
        own, same = unpack(run.header, first), unpack(sick.header, second)
        assert all((own[name] == values).all() for name, values in same.items())

    def test_a_point_of_its_own_class_is_lost_and_comes_back_last(self) -> None:
        run = whole("automatic-update")
        right = run.series["train"].column("accuracy")
        first = int(np.argmax(right == 1))
        lost = first + int(np.argmax(right[first:] < 1))
        back = lost + int(np.argmax(right[lost:] == 1))
        assert (first + 1, lost + 1) == (80, 89)
        assert back > 900
        said = outputs(run, [[1, 0]], lost + 8)[0].argmax()
        assert said != 1


def gelu(z: float) -> float:
    return z * 0.5 * (1 + math.erf(z / math.sqrt(2)))
