"""The probe: what it measures is so, costs no bit of the training, and hangs on no block size."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from engine.components.activations import ACTIVATIONS, SATURATED
from engine.data import load
from engine.experiment.experiment import Experiment
from engine.explain.program import program
from engine.recording.forward import forward, layers_of, unpack
from engine.recording.history import History
from engine.recording.lines import decode, encode
from engine.training import probe, probe_steps
from engine.training.block import Block
from engine.training.header import header_of
from engine.training.probe import MOST_ROWS, fixed_rows
from engine.training.probe_steps import (
    LEAST,
    PER_OCTAVE,
    ProbeSteps,
    count_until,
    fitting,
    measured_steps,
    stride_at,
)
from engine.training.trainer import Trainer
from tests.experiments import ALL, CUBIC, FRESH, MINIBATCHES, MOONS, experiment, of_seeds

DEEP: dict[str, Any] = {
    **MINIBATCHES,
    "model": {
        "hidden": [
            {"units": 6, "activation": "relu", "normalisation": "batch", "dropout": 0.2},
            {"units": 5, "activation": "leaky_relu"},
            {"units": 4, "activation": "hard_tanh", "normalisation": "layer"},
            {"units": 7, "activation": "gelu", "dropout": 0.5},
            {"units": 4, "activation": "identity"},
        ]
    },
}
"""Every kind of layer there is."""
SPECS = {**ALL, "deep": DEEP}
SHORT = {"epochs": None, "steps": 100}
NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(2, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.outer(nn.functional.dropout(self.inner(x).relu(), training=self.training))
"""


def run(trainer: Trainer, n: int = 256) -> list[Block]:
    """Advance by ``n`` until the run is over."""
    blocks = []
    while trainer.outcome is None:
        blocks.append(trainer.advance(n))
    return blocks


def rows(blocks: list[Block], group: str = "probe") -> tuple[list[int], np.ndarray]:
    """Return the steps and the values [columns, rows, members] of a group."""
    series = [part for block in blocks for part in block.series if part.group == group]
    steps = [part.first + i * part.stride for part in series for i in range(part.count)]
    return steps, np.concatenate([part.values for part in series], axis=1)


def probed(trainer: Trainer, blocks: list[Block]) -> dict[str, np.ndarray]:
    """Return the columns of the probe by name, [rows, members] each."""
    return dict(zip(trainer.columns["probe"], rows(blocks)[1], strict=True))


def test_auto_is_every_step_up_to_16_and_then_16_an_octave() -> None:
    steps = list(measured_steps(1, 2**13, "auto"))
    assert steps[:16] == list(range(1, 17))
    assert all(sum(2**k <= s < 2 ** (k + 1) for s in steps) == 16 for k in range(4, 13))
    assert all(s <= 16 or s % 2 ** (math.floor(math.log2(s)) - 4) == 0 for s in steps)


@pytest.mark.parametrize(("every", "expected"), [("off", []), (1, [5, 6, 7, 8, 9]), (4, [8])])
def test_a_number_is_every_so_many_steps_and_off_is_none(every: Any, expected: list[int]) -> None:
    assert list(measured_steps(5, 9, every)) == expected


@pytest.mark.parametrize("cut", [1, 7, 100, 256])
def test_blocks_cut_the_schedule_anywhere(cut: int) -> None:
    joined = [
        step
        for first in range(1, 2000, cut)
        for step in measured_steps(first, first + cut - 1, "auto")
    ]
    assert joined == list(measured_steps(1, joined[-1], "auto"))


@pytest.mark.parametrize("end", [1, 2, 9, 24, 64, 100, 200])
@pytest.mark.parametrize("cut", [1, 7, 64])
def test_the_planned_end_is_measured_too_and_once(end: int, cut: int) -> None:
    steps = ProbeSteps("auto", 4, end)
    found = list[int]()
    for first in range(1, 200, cut):
        found += [step for part in steps.runs(first, first + cut - 1) for step in part]
    wanted = {*measured_steps(1, 300, "auto", 4)} | {end}
    assert found == sorted(step for step in wanted if step < first + cut)
    assert all((step in steps) == (step in found) for step in range(1, 200))
    for every in ("off", 3):
        assert [*ProbeSteps(every, 4, end).runs(1, 50)] == [*ProbeSteps(every, 4).runs(1, 50)]


@pytest.mark.parametrize("steps", [1, 30, probe_steps.SHORT, probe_steps.SHORT + 1, 5000])
@pytest.mark.parametrize("most", [0, 20.5, 60, 1000])
def test_as_often_as_may_be_it_is_measured_and_no_more(steps: int, most: float) -> None:
    often = fitting(steps, most)
    assert count_until(steps, often) == len([*measured_steps(1, steps, "auto", often)])
    least = LEAST if steps > probe_steps.SHORT else LEAST // 4
    assert often in (least, 2, 4, 8, 16)
    assert often == least or count_until(steps, often) <= most
    assert often == PER_OCTAVE or count_until(steps, 2 * often) > most


def test_the_cheaper_a_step_is_the_fewer_are_measured_in_a_run_of_as_many() -> None:
    def often(**tables: Any) -> int:
        return Trainer(experiment(CUBIC, **tables)).probe.steps.per_octave

    short, long = ({"train": {"steps": steps}} for steps in (300, 100_000))
    assert often(**short) == LEAST
    assert often(**long) == PER_OCTAVE
    # Operations that are called one by one take far longer than what is measured beside them.
    assert often(train={"steps": 1000, "gradients": "autograd"}) == PER_OCTAVE


@pytest.mark.parametrize("every", [0, -1, 1.5, "sometimes", True])
def test_other_values_are_refused(every: object) -> None:
    with pytest.raises(ValidationError, match="probe"):
        experiment(MOONS, train={"probe": every})


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("every", ["auto", 3])
def test_the_size_of_a_block_never_changes_a_bit(name: str, every: str | int) -> None:
    spec = experiment(SPECS[name], train={**SHORT, "probe": every})
    trainers = [Trainer(spec, probe_steps=ProbeSteps(every, 8, 60)) for _ in range(3)]
    blocks = zip(trainers, (1, 7, 256), strict=True)
    (steps, values), *others = (rows(run(trainer, size)) for trainer, size in blocks)
    ends = {60} if every == "auto" else set()
    assert steps == sorted({*measured_steps(1, spec.steps, every, 8)} | ends)
    for other_steps, other in others:
        assert other_steps == steps
        assert other.tobytes() == values.tobytes()


@pytest.mark.parametrize("size", [7, 256])
def test_each_series_has_the_stride_of_its_octave(size: int) -> None:
    trainer = Trainer(experiment(MOONS))
    blocks, often = run(trainer, size), trainer.probe.steps.per_octave
    series = [part for block in blocks for part in block.series if part.group == "probe"]
    assert series.pop().first == trainer.step
    for part in series:
        steps = range(part.first, part.last_step + 1, part.stride)
        assert {stride_at(step, "auto", often) for step in steps} == {part.stride}


def test_a_history_reads_the_rows() -> None:
    trainer = Trainer(experiment(MOONS))
    history = History()
    header = decode(encode(header_of(trainer, "a-run")))
    assert header is not None
    history.add(header)
    for block in run(trainer, 64):
        history.extend(e for e in (decode(encode(e)) for e in block.events()) if e is not None)
    read = history.series["probe"]
    often = trainer.probe.steps.per_octave
    assert read.steps.tolist() == [*measured_steps(1, 299, "auto", often), 300]
    assert np.isfinite(read.column("update_ratio/layer1.weight")).all()
    assert history.last_step == 300


@pytest.mark.parametrize("name", SPECS)
def test_it_changes_no_number_of_the_training(name: str) -> None:
    without, with_it = (
        Trainer(experiment(SPECS[name], train={**SHORT, "probe": every})) for every in ("off", 1)
    )
    blocks, others = run(without), run(with_it)
    assert "probe" not in without.columns
    assert not [s for block in blocks for s in block.series if s.group == "probe"]
    for group in without.columns:
        assert rows(blocks, group)[1].tobytes() == rows(others, group)[1].tobytes()
    result, other = without.result(), with_it.result()
    measured = [key for key in result if "second" not in key]
    assert {key: result[key] for key in measured} == {key: other[key] for key in measured}
    assert without.snapshot().values.tobytes() == with_it.snapshot().values.tobytes()


def test_it_changes_nothing_of_a_module_of_ones_own_and_measures_its_weights(
    tmp_path: Path,
) -> None:
    path = tmp_path / "net.py"
    path.write_text(NET)
    model = {"kind": "python", "module": f"{path}:Net"}
    trainers = [
        Trainer(
            experiment({**MINIBATCHES, "model": model}, train={"probe": every, "epochs": 4}),
            allow_code=True,
        )
        for every in ("off", 1)
    ]
    blocks = [run(trainer, 5) for trainer in trainers]
    assert rows(blocks[0], "train")[1].tobytes() == rows(blocks[1], "train")[1].tobytes()
    found = probed(trainers[1], blocks[1])
    assert {name.partition("/")[0] for name in found} == {"weight_norm", "update_ratio"}
    expected = np.linalg.norm(trainers[1].snapshot().values[0, :6])
    assert found["weight_norm/inner.weight"][-1, 0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", SPECS)
def test_norms_and_ratios_are_those_of_the_weights_after_the_step(name: str) -> None:
    trainer = Trainer(of_seeds(experiment(SPECS[name], train={"probe": 1}), 3, 4))
    start = trainer.snapshot()
    block = trainer.advance(16)
    snapshots = [start, *block.snapshots]
    found = probed(trainer, [block])
    header = header_of(trainer, "a-run")
    for member in range(2):
        weights = [unpack(header, snapshot, member) for snapshot in snapshots]
        for name in header.parameters:
            own = np.array([each[name].ravel() for each in weights], float)
            norms = np.linalg.norm(own, axis=1)[1:]
            moved = np.linalg.norm(np.diff(own, axis=0), axis=1)
            np.testing.assert_allclose(found[f"weight_norm/{name}"][:, member], norms, rtol=1e-6)
            np.testing.assert_allclose(
                found[f"update_ratio/{name}"][:, member], moved / norms, rtol=1e-4, atol=1e-12
            )


def slopes(name: str, sums: np.ndarray) -> np.ndarray:
    """Return how steep an activation is, computed from its values beside each point."""
    function = ACTIVATIONS[name].numpy
    with np.errstate(all="ignore"):
        rise: np.ndarray = function(sums + 1e-6) - function(sums - 1e-6)
    steep: np.ndarray = np.abs(rise) / 2e-6
    return steep


@pytest.mark.parametrize("name", SPECS)
def test_shares_are_those_of_the_network_as_it_is_measured(name: str) -> None:
    spec = experiment(SPECS[name], train={"dtype": "float64"})
    trainer = Trainer(of_seeds(spec, 1, 2))
    found = probed(trainer, [trainer.advance(16)])
    shares = [column for column in found if column.startswith(("dead/", "saturated/"))]
    assert shares
    header, last = header_of(trainer, "a-run"), trainer.snapshot()
    for member in range(2):
        inputs = trainer.data.typical.inputs[member].numpy()
        weights = {k: v.astype(float) for k, v in unpack(header, last, member).items()}
        for column in shares:
            what, _, layer = column.partition("/layer")
            index = int(layer) - 1
            *before, last_one = layers_of(header)[: index + 1]
            # With the identity in its place a layer gives what goes into its activation.
            sums = forward([*before, replace(last_one, activation="identity")], weights, inputs)[-1]
            steep = slopes(last_one.activation, sums)
            greatest = ACTIVATIONS[last_one.activation].traits.steepest
            below = steep.max(0) == 0 if what == "dead" else steep.mean(0) < SATURATED * greatest
            assert found[column][-1, member] == pytest.approx(below.mean())


def test_a_network_that_is_dead_or_saturated_is_found_and_a_healthy_one_is_not() -> None:
    def shares(activation: str, bias: float, std: float = 0.5) -> list[float]:
        model = {
            "hidden": [4],
            "activation": activation,
            "init": {"weight": {"name": "normal", "std": std}, "bias": bias},
        }
        trainer = Trainer(experiment({**CUBIC, "model": model}, optimizer={"lr": 1e-6}))
        found = probed(trainer, [trainer.advance(1)])
        return [float(v[0, 0]) for k, v in found.items() if k.startswith(("dead", "saturated"))]

    assert shares("relu", -100.0) == [1.0]
    assert shares("relu", 1.0) == [0.0]
    assert shares("tanh", 30.0) == shares("sigmoid", -30.0) == [1.0]
    assert shares("tanh", 0.0) == shares("sigmoid", 0.0) == [0.0]
    assert shares("hard_tanh", 9.0) == [1.0, 1.0]
    assert shares("leaky_relu", -100.0) == shares("identity", -100.0) == []


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_what_is_said_of_an_activation_is_so(name: str) -> None:
    activation = ACTIVATIONS[name]
    if activation.output_only:
        assert (activation.traits.dies, activation.traits.steepest) == (False, 0.0)
        return
    z = torch.linspace(-12, 12, 240_002, dtype=torch.float64, requires_grad=True)
    module: nn.Module = getattr(nn, activation.module)(**activation.arguments)
    steep = torch.autograd.grad(module(z).sum(), z)[0].abs()
    assert activation.traits.dies == bool((steep == 0).any())
    if activation.traits.steepest:
        assert activation.traits.steepest == pytest.approx(float(steep.max()), rel=1e-4)
        assert min(float(steep[0]), float(steep[-1])) < SATURATED * activation.traits.steepest
    elif not activation.traits.dies:
        assert float(steep.min()) > 0.005


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_no_numbers_give_none_and_stay_in_their_layer(bad: float) -> None:
    trainer = Trainer(experiment(CUBIC, model={"hidden": [8, 8], "activation": "relu"}))
    trainer.probe.keep(1, trainer.method.weights)
    trainer._rows.weights[0] = trainer.method.weights
    trainer._rows.layout.slices(trainer._rows.weights[0])[2][:] = bad
    (series,) = trainer.probe.read(1, 1, trainer._rows)
    found = dict(zip(trainer.columns["probe"], series.values[:, 0, 0], strict=True))
    spoiled = {name for name, value in found.items() if not np.isfinite(value)}
    assert {"weight_norm/layer2.weight", "update_ratio/layer2.weight"} <= spoiled
    assert "weight_norm/layer1.weight" not in spoiled
    assert "dead/layer1" not in spoiled
    assert bad == math.inf or math.isnan(found["dead/layer2"])


def test_a_run_that_diverges_is_measured_to_its_end() -> None:
    trainer = Trainer(experiment(CUBIC, optimizer={"name": "sgd", "lr": 1e12}, train={"probe": 1}))
    steps, values = rows(run(trainer))
    assert trainer.outcome is not None
    assert trainer.outcome.status == "diverged"
    assert steps == list(range(1, trainer.step + 1))
    assert not np.isfinite(values[:, -1]).all()


def test_what_never_moves_has_the_ratio_0_even_where_it_is_0() -> None:
    zeros = {"hidden": [3], "activation": "relu", "init": "zeros"}
    trainer = Trainer(experiment({**MOONS, "model": {**zeros, "output_activation": "sigmoid"}}))
    found = probed(trainer, [trainer.advance(4)])
    assert (found["weight_norm/layer1.weight"] == 0).all()
    assert (found["update_ratio/layer1.weight"] == 0).all()


@pytest.mark.parametrize("name", ["deep", "cubic", "fresh"])
def test_a_large_network_is_measured_in_parts_with_the_same_bits(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = experiment(SPECS[name], train={"probe": 1})
    _, whole = rows([Trainer(of_seeds(spec, 1, 2)).advance(40)])
    monkeypatch.setattr(probe, "CHUNK_NUMBERS", 1)
    _, parts = rows([Trainer(of_seeds(spec, 1, 2)).advance(40)])
    assert parts.tobytes() == whole.tobytes()
    monkeypatch.setattr(probe, "AT_ONCE", 1)
    _, by_parameter = rows([Trainer(of_seeds(spec, 1, 2)).advance(40)])
    np.testing.assert_allclose(by_parameter, whole, rtol=1e-6)


@pytest.mark.parametrize("tables", [MOONS, MINIBATCHES, FRESH], ids=["moons", "batches", "fresh"])
def test_a_member_is_measured_as_it_would_be_alone(tables: dict[str, Any]) -> None:
    seeds = [11, 5, 8]
    _, together = rows([Trainer(of_seeds(experiment(tables), *seeds)).advance(30)])
    for member, seed in enumerate(seeds):
        _, alone = rows([Trainer(experiment(tables, train={"seed": seed})).advance(30)])
        np.testing.assert_allclose(together[:, :, member], alone[:, :, 0], rtol=1e-2, atol=1e-6)


def typical(spec: Experiment) -> np.ndarray:
    """Return the inputs the probe looks at."""
    return Trainer(spec).data.typical.inputs[0].numpy()


def test_its_rows_are_training_rows_spread_evenly_and_every_one_of_a_small_set() -> None:
    small = experiment(CUBIC)
    assert {*typical(small).ravel()} == {*load(small.data, 3).train.inputs.ravel()}
    large = experiment(CUBIC, data={"points": 5000, "domain": [0.0, 1.0], "noise": 0.0})
    inputs = np.sort(typical(large).ravel())
    assert len(inputs) == MOST_ROWS
    assert {*inputs} <= {*load(large.data, 3).train.inputs.ravel()}


def test_fresh_rows_are_drawn_once_from_a_stream_of_their_own() -> None:
    spec = experiment(FRESH)
    trainer = Trainer(spec)
    again = fixed_rows([spec], None, torch.device("cpu"), torch.float32)
    assert torch.equal(again.inputs, trainer.data.typical.inputs)
    trained_on = trainer.batches.at(1).inputs  # type: ignore[attr-defined]
    assert not torch.equal(again.inputs[:, : trained_on.shape[1]], trained_on)


def test_the_header_has_the_range_of_the_targets_as_the_loss_sees_them() -> None:
    data = {"targets": ["x**3", "5 + x"], "scale_targets": "standard"}
    spec = experiment(CUBIC, data=data)
    header = decode(encode(header_of(Trainer(spec), "a-run")))
    targets = load(spec.data, 3).train.targets
    expected = np.stack([targets.min(0), targets.max(0)], axis=1)
    np.testing.assert_allclose(header.target_range, expected)  # type: ignore[union-attr]
    assert header_of(Trainer(experiment(MOONS)), "a-run").target_range == []
    ((least, greatest),) = header_of(Trainer(experiment(FRESH)), "a-run").target_range
    assert 0 <= least < 2.5 < greatest <= 5


@pytest.mark.parametrize("style", ["module", "sequential", "add_module"])
def test_printed_programs_know_nothing_of_it(style: Any) -> None:
    default = program(experiment(MOONS), style)
    for every in ("off", 5):
        assert program(experiment(MOONS, train={"probe": every}), style) == default


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spoiled", [False, True], ids=["fine", "spoiled"])
def test_what_is_compiled_sees_what_pytorch_sees(name: str, dtype: str, spoiled: bool) -> None:
    spec = experiment(SPECS[name], train={"dtype": dtype}, population={"seeds": 3})
    trainer = Trainer(spec, threads=2)
    assert trainer.method.way == "compiled"
    measured, rows = trainer.probe, trainer._rows
    measured.keep(1, trainer.method.weights)
    trainer.method.take(1, 20, rows)
    if spoiled:
        first = rows.layout.positions[1, 0]
        rows.weights[3:9, first], rows.weights[11, first] = math.nan, 1e9
        rows.weights[14] *= 100
    picked = [0, 2, 3, 4, 11, 12, 14, 19]
    compiled = measured._measure(picked, rows.weights)
    measured._look = None
    np.testing.assert_allclose(compiled, measured._measure(picked, rows.weights), rtol=1e-6)
