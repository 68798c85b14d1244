"""Whether what the diagnosis advises cures: each rule on experiments that no preset ships.

    python -m benchmarks.remedies [--rule RULE]

An experiment is trained with three seeds side by side until its fault is found. Then it is trained
again as the finding advises, with the same seeds and at equal length, and three things must hold
of each network: the finding is gone at every later step, nothing else that is bad has come, and at
the end the loss on the dev set (where there is none, on the training set), in the units of the
data, is at most ``MARGIN`` of the sick run's and of that of one answer for every row.

What the diagnosis says of healthy runs is ``benchmarks.healthy``'s business.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.diagnosis import Finding, diagnose
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.history import History
from engine.training.constant_answer import constant_losses
from engine.training.header import header_of
from engine.training.loop import Pace, closing, train
from engine.training.trainer import Trainer

MARGIN = 0.9
"""The share of the sick run's loss, and of the constant answer's, that a cured one's is at most."""

SEEDS = 3
"""Networks that are trained side by side, each with a seed of its own."""

SAMPLES = 40
"""Steps of a run at which it is diagnosed, half of them early."""

MOONS = 'data={kind="moons", samples=300, noise=0.15, split=[200, 100]}'
CIRCLES = 'data={kind="circles", samples=300, noise=0.05, split=[200, 100]}'
XOR = 'data={kind="xor", samples=300, noise=0.1, split=[200, 100]}'
WINE = 'data={kind="sklearn", set="wine", scale_inputs="standard", split=[0.7, 0.3]}'
DIABETES = (
    'data={kind="sklearn", set="diabetes", scale_inputs="standard", scale_targets="standard", '
    "split=[0.7, 0.3]}"
)
SINE = (
    'data={kind="function", domain=[-2, 2], points=120, targets=["sin(2 * x)"], noise=0.05, '
    "split=[80, 40]}"
)
PARABOLA = 'data={kind="function", domain=[-2, 2], points=80, targets=["x**2"], split=[50, 30]}'
BINARY = ('loss={name="binary_cross_entropy_with_logits"}',)
CLASSES = ('loss={name="cross_entropy"}',)
NUMBERS = ('loss={name="mse"}',)


def mlp(*hidden: int, activation: str = "tanh", more: str = "") -> str:
    """Return the model of an experiment."""
    return f'model={{hidden={list(hidden)}, activation="{activation}"{more and ", " + more}}}'


def sgd(lr: float, more: str = "") -> str:
    """Return an optimizer of an experiment."""
    return f'optimizer={{name="sgd", lr={lr}{more and ", " + more}}}'


def adam(lr: float, more: str = "") -> str:
    """Return an optimizer of an experiment."""
    return f'optimizer={{name="adam", lr={lr}{more and ", " + more}}}'


Changes = tuple[str, ...]
"""What makes an experiment out of the default one: each as ``--set`` takes it."""

SICK: dict[str, dict[str, Changes]] = {
    "cut": {
        "moons, a tenth every epoch": (
            MOONS,
            *BINARY,
            mlp(8),
            sgd(0.5),
            'schedule={name="step", step_size=1, gamma=0.1}',
            "train={epochs=400}",
        ),
        "wine, halved every epoch": (
            WINE,
            *CLASSES,
            mlp(16),
            sgd(0.02),
            'schedule={name="exponential", gamma=0.5}',
            "train={epochs=100, batch_size=32}",
        ),
        "a sine at rate 0": (SINE, *NUMBERS, mlp(16), sgd(0.0), "train={epochs=600}"),
        "circles under Adam, a tenth every third epoch": (
            CIRCLES,
            *BINARY,
            mlp(12, activation="relu"),
            adam(0.003),
            'schedule={name="step", step_size=3, gamma=0.1}',
            "train={epochs=200, batch_size=50}",
        ),
    },
    "unscaled": {
        "wine as measured": (
            'data={kind="sklearn", set="wine", split=[0.7, 0.3]}',
            *CLASSES,
            mlp(16, activation="relu"),
            sgd(0.1),
            "train={epochs=200}",
        ),
        "tumours as measured": (
            'data={kind="sklearn", set="breast_cancer", split=[0.7, 0.3]}',
            *BINARY,
            mlp(16),
            sgd(0.1),
            "train={epochs=200}",
        ),
        "diabetes from 25 to 346": (
            'data={kind="sklearn", set="diabetes", scale_inputs="standard", split=[0.7, 0.3]}',
            *NUMBERS,
            mlp(16, activation="relu"),
            sgd(0.02),
            "train={epochs=200}",
        ),
        "prices by area": (
            'data={kind="function", domain=[30, 300], points=150, '
            'targets=["2000 * x + 3 * x**2"], noise=5000, split=[100, 50]}',
            *NUMBERS,
            mlp(16, activation="relu"),
            adam(0.001),
            "train={epochs=500}",
        ),
        "a sum in grams": (
            'data={kind="sum", terms=5, highest=1000, divide_by=1}',
            *NUMBERS,
            mlp(16),
            sgd(0.01),
            "train={steps=500, batch_size=32}",
        ),
    },
    "decay": {
        "moons, 3 at a step": (
            MOONS,
            *BINARY,
            mlp(8, 8),
            sgd(0.3, "weight_decay=10"),
            "train={epochs=300}",
        ),
        "wine, pulled to 0": (
            WINE,
            *CLASSES,
            mlp(16),
            sgd(0.1, "weight_decay=1"),
            "train={epochs=300}",
        ),
        "a sine under AdamW": (
            SINE,
            *NUMBERS,
            mlp(16),
            'optimizer={name="adamw", lr=0.01, weight_decay=300}',
            "train={epochs=400}",
        ),
        "circles under Adam": (
            CIRCLES,
            *BINARY,
            mlp(12, activation="relu"),
            adam(0.01, "weight_decay=1"),
            "train={epochs=300}",
        ),
    },
    "dropout": {
        "moons": (MOONS, *BINARY, mlp(16, 16, more="dropout=0.95"), sgd(0.3), "train={epochs=500}"),
        "wine": (
            WINE,
            *CLASSES,
            mlp(12, 12, activation="relu", more="dropout=0.95"),
            adam(0.005),
            "train={epochs=100, batch_size=32}",
        ),
        "a sine": (
            SINE,
            *NUMBERS,
            mlp(20, 20, more="dropout=0.97"),
            adam(0.01),
            "train={epochs=500}",
        ),
    },
    "overfitting": {
        "moons that overlap": (
            'data={kind="moons", samples=240, noise=0.5, split=[40, 200]}',
            *BINARY,
            mlp(64, 64, activation="relu"),
            adam(0.01),
            "train={epochs=300}",
        ),
        "diabetes by 40 patients": (
            'data={kind="sklearn", set="diabetes", scale_inputs="standard", '
            'scale_targets="standard", split=[60, 200]}',
            *NUMBERS,
            mlp(64),
            adam(0.01),
            "train={epochs=400}",
        ),
        "a noisy sine": (
            'data={kind="function", domain=[-3, 3], points=100, targets=["sin(x)"], noise=0.4, '
            "split=[15, 85]}",
            *NUMBERS,
            mlp(64, 64),
            adam(0.01),
            "train={epochs=1000}",
        ),
    },
    "diverged": {
        "moons, large weights": (
            MOONS,
            *BINARY,
            mlp(
                *[24] * 10, activation="relu", more='init={weight={name="normal", std=0.8}, bias=0}'
            ),
            sgd(0.05),
            "train={epochs=300}",
        ),
        "a sine, large weights": (
            SINE,
            *NUMBERS,
            mlp(
                *[20] * 8, activation="relu", more='init={weight={name="normal", std=0.9}, bias=0}'
            ),
            sgd(0.05),
            "train={epochs=300}",
        ),
        "a sine at rate 3": (
            SINE,
            *NUMBERS,
            mlp(16, activation="relu"),
            sgd(3.0),
            "train={epochs=300}",
        ),
        "diabetes with momentum": (
            DIABETES,
            *NUMBERS,
            mlp(32, 32, activation="relu"),
            sgd(2.0, "momentum=0.9"),
            "train={epochs=200}",
        ),
        "a parabola": (
            'data={kind="function", domain=[-3, 3], points=80, targets=["x**2"], split=[50, 30]}',
            *NUMBERS,
            mlp(16, activation="relu"),
            sgd(1.0),
            "train={epochs=400}",
        ),
        "a rate that its schedule raises": (
            SINE,
            *NUMBERS,
            mlp(16, activation="relu"),
            sgd(0.05),
            'schedule={name="exponential", gamma=1.05}',
            "train={epochs=400}",
        ),
    },
    "plateau": {
        "moons, small weights": (
            MOONS,
            *BINARY,
            mlp(*[10] * 6, more='init={weight={name="normal", std=0.02}, bias=0}'),
            sgd(0.1),
            "train={epochs=400}",
        ),
        "moons, four layers of sigmoids": (
            MOONS,
            *BINARY,
            mlp(8, 8, 8, 8, activation="sigmoid"),
            sgd(0.1),
            "train={epochs=500}",
        ),
        "circles by straight lines": (
            CIRCLES,
            *BINARY,
            mlp(8, activation="identity"),
            sgd(0.3),
            "train={epochs=500}",
        ),
        "wine, sigmoids at a small rate": (
            WINE,
            *CLASSES,
            mlp(12, 12, activation="sigmoid"),
            sgd(0.001),
            "train={epochs=500}",
        ),
        "xor at a small rate": (XOR, *BINARY, mlp(8), sgd(0.0005), "train={epochs=500}"),
    },
    "dead": {
        "wine, biases of -20": (
            WINE,
            *CLASSES,
            mlp(16, activation="relu", more='init={weight="default", bias=-20}'),
            sgd(0.1),
            "train={epochs=200}",
        ),
        "a sine, biases of -9": (
            SINE,
            *NUMBERS,
            mlp(16, 16, activation="relu", more='init={weight="kaiming_normal", bias=-9}'),
            sgd(0.05),
            "train={epochs=300}",
        ),
        "moons, killed by large steps": (
            MOONS,
            *BINARY,
            mlp(8, 8, activation="relu"),
            sgd(60.0),
            "train={epochs=300}",
        ),
    },
    "saturated": {
        "moons": (
            MOONS,
            *BINARY,
            mlp(12, 12, more='init={weight={name="normal", std=20}, bias=0}'),
            sgd(0.1),
            "train={epochs=500}",
        ),
        "wine": (
            WINE,
            *CLASSES,
            mlp(16, activation="sigmoid", more='init={weight={name="normal", std=10}, bias=0}'),
            sgd(0.3),
            "train={epochs=300}",
        ),
        "a sine": (
            SINE,
            *NUMBERS,
            mlp(16, 16, more='init={weight={name="normal", std=30}, bias=0}'),
            adam(0.003),
            "train={epochs=500}",
        ),
    },
    "symmetric": {
        "moons, zeros": (
            MOONS,
            *BINARY,
            mlp(8, more='init="zeros"'),
            sgd(0.5),
            "train={epochs=500}",
        ),
        "wine, all 0.1": (
            WINE,
            *CLASSES,
            mlp(12, 12, more="init={weight=0.1, bias=0}"),
            sgd(0.1),
            "train={epochs=300}",
        ),
        "a sine, zeros under Adam": (
            SINE,
            *NUMBERS,
            mlp(16, activation="sigmoid", more='init="zeros"'),
            adam(0.02),
            "train={epochs=800}",
        ),
    },
    "uncleared": {
        "a sine": (SINE, *NUMBERS, mlp(16), sgd(0.1), "train={epochs=800, zero_grad=false}"),
        "diabetes": (DIABETES, *NUMBERS, mlp(8), sgd(0.05), "train={epochs=150, zero_grad=false}"),
        "a parabola": (
            PARABOLA,
            *NUMBERS,
            mlp(16),
            sgd(0.02),
            "train={epochs=500, zero_grad=false}",
        ),
    },
    "unreachable": {
        "a sine by a sigmoid": (
            SINE,
            *NUMBERS,
            mlp(16, more='output_activation="sigmoid"'),
            adam(0.01),
            "train={epochs=500}",
        ),
        "a parabola by a tanh": (
            'data={kind="function", domain=[-2, 2], points=80, targets=["x**2"], split=[50, 30]}',
            *NUMBERS,
            mlp(16, more='output_activation="tanh"'),
            adam(0.01),
            "train={epochs=500}",
        ),
        "a sine by a ReLU": (
            SINE,
            *NUMBERS,
            mlp(16, activation="relu", more='output_activation="relu"'),
            adam(0.01),
            "train={epochs=500}",
        ),
    },
    "vanishing": {
        "wine, eight layers of sigmoids": (
            WINE,
            *CLASSES,
            mlp(*[12] * 8, activation="sigmoid"),
            sgd(0.1),
            "train={epochs=300}",
        ),
        "moons, six layers of sigmoids": (
            MOONS,
            *BINARY,
            mlp(*[10] * 6, activation="sigmoid"),
            sgd(0.3),
            "train={epochs=400}",
        ),
        "a sine, small weights": (
            SINE,
            *NUMBERS,
            mlp(*[16] * 6, more='init={weight={name="normal", std=0.05}, bias=0.3}'),
            sgd(0.05),
            "train={epochs=400}",
        ),
    },
    "exploding": {
        "wine, eight layers": (
            WINE,
            *CLASSES,
            mlp(*[24] * 8, more='init={weight={name="normal", std=1.2}, bias=0}'),
            sgd(0.05),
            "train={epochs=150}",
        ),
        "moons, ten layers": (
            MOONS,
            *BINARY,
            mlp(*[20] * 10, more='init={weight={name="normal", std=1.3}, bias=0}'),
            sgd(0.1),
            "train={epochs=200}",
        ),
        "circles, ten layers": (
            CIRCLES,
            *BINARY,
            mlp(*[20] * 10, more='init={weight={name="normal", std=1.3}, bias=0}'),
            sgd(0.1),
            "train={epochs=200}",
        ),
    },
}
"""Experiments with one fault each, by the rule that has to find it."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A population that was trained to its end."""

    history: History
    """All that was recorded."""
    losses: np.ndarray
    """What each network loses at the end, in the units of the data."""
    kept: np.ndarray
    """The same of the weights that its result is of."""
    constants: np.ndarray
    """What one answer for every row loses, in the same units."""


def experiment(changes: Sequence[str], seeds: int = SEEDS) -> Experiment:
    """Return the experiment that some changes make out of the default one."""
    return presets.load("cubic", ["marks=[]", *changes, f"population.seeds={seeds}"]).experiment


def trained(spec: Experiment) -> Trained:
    """Train an experiment in this process."""
    trainer = Trainer(spec, device="cpu")
    told = History()
    told.add(header_of(trainer, "a-run"))
    for events in train(trainer, Pace()):
        told.extend(events)
    losses, constants = standing(trainer)
    told.extend(closing(trainer))
    assert told.end is not None
    result = told.end.result
    figure = "loss" if spec.has_accuracy else "rmse"
    kept = np.array(result.get(f"dev_{figure}", result.get(f"train_{figure}", losses)), float)
    return Trained(history=told, losses=losses, kept=np.atleast_1d(kept), constants=constants)


def standing(trainer: Trainer) -> tuple[np.ndarray, np.ndarray]:
    """Return what each member loses as it is, and what the best answer that is the same for
    every row does: on the dev set, else on the training set.

    Of classes it is the loss, of numbers the error in the units of the data, so that networks
    whose targets were scaled in different ways can be compared.
    """
    data, spec = trainer.data, trainer.experiment
    judged = data.sets.get("dev", data.learned_from)
    if spec.has_accuracy:
        constants = constant_losses([spec], data.learned_from, judged)
        losses = trainer.measure(judged)[0].double().cpu().numpy()
        return losses, np.array(constants or [np.nan] * len(trainer.members))
    means = []
    learned = data.learned_from.targets.cpu().numpy()
    for dataset, targets in zip(data.datasets, learned, strict=True):
        means.append(dataset.scaling.to_original(targets).mean(0))
    spread = [
        np.sqrt(np.square(dataset.scaling.to_original(dev) - mean).mean())
        for dataset, dev, mean in zip(
            data.datasets, judged.targets.cpu().numpy(), means, strict=True
        )
    ]
    outputs = trainer.measure.outputs(judged.inputs)
    return data.rms_error(outputs, judged.targets), np.array(spread)


def steps_of(told: History) -> list[int]:
    """Return steps all over a run, and more of the early ones."""
    last, half = told.last_step, SAMPLES // 2
    steps = {1, *np.linspace(1, last, half), *np.geomspace(1, last, half)}
    return sorted(int(step) for step in steps)


def findings(told: History, member: int) -> Iterator[tuple[int, Finding]]:
    """Yield what is found in a member at steps all over a run, with the step."""
    for step in steps_of(told):
        for finding in diagnose(told, step, member):
            yield step, finding


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a remedy, for one network."""

    rule: str
    name: str
    """The experiment."""
    seed: int
    remedy: str
    """What was advised."""
    sick: float
    """What was lost without it."""
    cured: float
    """What was lost with it."""
    constant: float
    """What one answer for every row loses."""
    faults: tuple[str, ...]
    """What is wrong with it; nothing where it cures."""


def outcomes(rule: str, name: str) -> list[Outcome]:
    """Return what comes of what a rule advises for an experiment, network by network."""
    sick = trained(experiment(SICK[rule][name]))
    advised: dict[tuple[str, ...], Trained] = {}
    told = []
    for member in range(SEEDS):
        found = [(step, each) for step, each in findings(sick.history, member) if each.rule == rule]
        told += _outcomes_of(rule, name, member, sick, found, advised)
    return told


def _outcomes_of(
    rule: str,
    name: str,
    member: int,
    sick: Trained,
    found: Sequence[tuple[int, Finding]],
    advised: dict[tuple[str, ...], Trained],
) -> Iterator[Outcome]:
    """Yield what comes of the first and of the last remedy of a network, where they differ."""
    before, constant = float(sick.losses[member]), float(sick.constants[member])
    base = {
        "rule": rule,
        "name": name,
        "seed": member,
        "sick": before,
        "constant": constant,
    }
    remedies = {each.remedy.changes: (step, each) for step, each in reversed(found) if each.remedy}
    if not remedies:
        also = {each.rule for _, each in findings(sick.history, member)}
        what = "no remedy" if found else f"not found, but {sorted(also) or 'nothing'}"
        yield Outcome(**base, remedy="", cured=before, faults=(what,))  # type: ignore[arg-type]
    for changes, (step, finding) in remedies.items():
        if changes not in advised:
            advised[changes] = trained(experiment([*SICK[rule][name], *changes]))
        cured = advised[changes]
        # Where it is told to keep the best weights, those are what it is worth.
        kept = any(change.startswith("train.keep_best") for change in changes)
        after = float((cured.kept if kept else cured.losses)[member])
        faults = {
            f"{each.rule} at {at}"
            for at, each in findings(cured.history, member)
            if at >= step and (each.rule == rule or each.severity == "bad")
        }
        if not after <= MARGIN * np.nan_to_num(before, nan=np.inf):
            faults.add("no better than the sick run")
        if not after <= MARGIN * constant:
            faults.add("no better than one answer")
        label = finding.remedy.label if finding.remedy else ""
        yield Outcome(
            **base,
            remedy=label,
            cured=after,
            faults=tuple(sorted(faults)),  # type: ignore[arg-type]
        )


def main() -> None:
    """Print the matrix, and leave with 1 where a remedy does not cure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rule", choices=sorted(SICK))
    asked = parser.parse_args()
    failed = total = 0
    print("| rule | experiment | seed | remedy | sick | cured | constant | |")
    print("|---|---|---|---|---|---|---|---|")
    for rule in [asked.rule] if asked.rule else SICK:
        for name in SICK[rule]:
            began = time.perf_counter()
            for each in outcomes(rule, name):
                total, failed = total + 1, failed + bool(each.faults)
                figures = f"{each.sick:.4g} | {each.cured:.4g} | {each.constant:.4g}"
                said = "; ".join(each.faults[:3]) or "cured"
                print(f"| {rule} | {name} | {each.seed} | {each.remedy} | {figures} | {said} |")
            print(f"{name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    print(f"\n{total - failed} of {total} cured")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
