"""README's table of the textbook, followed from its first line to its last in one folder of runs.

Trainings are cut short, and no screen is opened; all else is as a reader types it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.presets import preset as presets
from engine.worker.launch import Worker
from tests import forked
from tests.patience import DEADLINE
from tests.test_readme import SHOWN
from tui import cli

SHOWS = {
    "open function-set": "function-set",
    "run function-set": r"train rmse +\d",
    "show last --view function": r"x \* exp\(x\)(.|\n)*┤",
    "show last --view activations": r"layer1 · gelu(.|\n)*% below the minimum(.|\n)*█",
    "race function-set-shifted function-set-normalised function-set-linear": "function-set-linear",
    "open two-moons": "two-moons",
    "run cubic --log-every 100": r"epoch +100: loss \d(.|\n)*epoch +200: loss \d",
    "run sum-of-30": r"x5 prediction +target +error\n( +-?\d+\.\d\d){8}\n",
    "show last --view tests": r"x5 prediction +target +error\n( +-?\d+\.\d\d){8}\n",
    "run sum-of-30 --seeds 100 --set train.steps=20": r"of \d+ \(\d+ %\) are dead",
    "race sum-of-30 sum-of-30-unscaled": "sum-of-30-unscaled",
    "explain manual-update --gradients formulas": r"gW1 = (.|\n)*import torch(.|\n)*gW1 = ",
    "run manual-update --log-every 200": r"epoch +200: loss \d\.\d+, accuracy \d",
    "predict last": r"probability  truth  right\n(.*  (yes|no)\n){6}",
    "race manual-update forgotten-zero": "forgotten-zero",
    "gradcheck automatic-update": r"autograd +manual +numeric(.|\n)*time a step(  +[\d.]+ \S+){3}",
    "run two-moons": "true .* said",
    "show last --view curves": r"loss  (.|\n)*train \d.* dev \d(.|\n)*accuracy|accuracy",
    "show last --view region": "the network says",
    "run two-moons --set 'model.hidden=[5, 3]'": "two-moons, changed: hidden 5 3",
    "show last-1 last --view region": "decision region .*decision region",
    "race two-moons two-moons-deeper": "two-moons-deeper",
    "predict last --values '0.5, 0.2'": r"0\.5000  0\.2000  [01] +0\.\d",
    "run two-moons-deeper --log-every 50": r"best dev accuracy .*(.|\n)*epoch +50: loss",
    "sweep two-moons-sweep": "30 trials",
    "run zero-init": "symmetric",
    "show last --view weights --steps 0..5": r"weights of step 0(.|\n)*weights of step 5",
    "run init-histograms": "finished",
    "show last --view histogram --step 0": r"drawn from: normal(.|\n)*drawn from: uniform",
    "run vanishing-sigmoid": "vanishing",
    "show last --view norms": r"layer1 +\d(.|\n)*layer5 +\d",
    "show last --view gradients": r"layer1 · 3x2 · gradient of step 1(.|\n)*bias",
    "race vanishing-sigmoid vanishing-relu dying-relu leaky-relu": "leaky-relu",
    "race exploding exploding-xavier exploding-he exploding-batch-norm": "exploding-batch-norm",
    "run no-activation": "true .* said",
    "run digits": "true .* said",
    "show last --view confusion": "confusion matrix of the test set",
    "explain two-moons": r"layer1  Linear 2 → 5(.|\n)*Heaton 2008",
    "explain two-moons --style all": r"nn\.Module(.|\n)*nn\.Sequential\((.|\n)*add_module\(",
}
"""What each command prints, or the last preset that the lab opens with."""

SHORT = {
    "function-set": ["train.epochs=20"],
    "cubic": ["train.epochs=250"],
    "sum-of-30": ["train.steps=4", "population.seeds=30"],
    "manual-update": ["train.epochs=250"],
    "two-moons": ["train.epochs=60"],
    "two-moons-deeper": ["train.epochs=60"],
    "no-activation": ["train.epochs=20"],
    "digits": ["train.epochs=1"],
}
"""What shortens a training; all others are short."""


@pytest.fixture
def say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[list[str]], str]:
    """Gives a command as its reader does; returns what it prints."""
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(forked.start())
        return workers[-1]

    def given(arguments: list[str]) -> str:
        with pytest.raises(SystemExit) as left:
            cli.main(arguments)
        out, error = capsys.readouterr()
        assert left.value.code == 0, error
        while workers:
            workers.pop().wait(DEADLINE)
        return out

    def opened(*place: object, preset: str, beside: Sequence[str] = (), **also: object) -> None:
        for name in (preset, *beside):
            print(presets.load(name).name)

    monkeypatch.setenv(forked.ADDRESS, forked.workshop("workers"))
    monkeypatch.setattr(Worker, "start", start)
    monkeypatch.setattr(cli, "open_screen", opened)
    monkeypatch.setenv("EPOCHAL_RUNS", str(tmp_path))
    return given


def shortened(arguments: list[str]) -> list[str]:
    """Return a command whose training is short."""
    name, what, *others = arguments
    if name == "sweep":
        return [*arguments, "--dry-run"]
    changes = SHORT.get(what, []) if name == "run" else []
    several = "--seeds" in others
    changes = [each for each in changes if several or not each.startswith("population")]
    return [*arguments, *(part for each in changes for part in ("--set", each))]


def test_each_command_shows_what_its_line_says(say) -> None:
    assert {*SHOWS} == {shlex.join(shlex.split(line)) for line in SHOWN}
    for line, following in zip(SHOWN, [*SHOWN[1:], ""], strict=True):
        # What is trained there is the last run then, and a test knows of none.
        assert not (line.startswith(("open", "race")) and "last" in following)
        shown = say(shortened(shlex.split(line)))
        assert re.search(SHOWS[shlex.join(shlex.split(line))], shown), f"{line}\n{shown}"
