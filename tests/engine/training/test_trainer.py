"""The trainer: steps and rows mean what they say, and agree with a loop written by hand."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.experiment.experiment import Experiment
from engine.recording.events import Event, Series, Snapshot
from engine.step.evaluation import Evaluator
from engine.training.block import Block
from engine.training.snapshots import FIRST, LEAST, SnapshotSteps, count_until, most_snapshots
from engine.training.trainer import Trainer
from tests.experiments import ALL, CUBIC, FRESH, MINIBATCHES, MOONS, experiment


def run(trainer: Trainer, n: int) -> list[Block]:
    """Advance by ``n`` until the run is over."""
    blocks = []
    while trainer.outcome is None:
        blocks.append(trainer.advance(n))
    return blocks


def rows(blocks: list[Block], group: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Return the steps [rows] and the values [columns, rows, members] of a group."""
    series = [part for block in blocks for part in block.series if part.group == group]
    steps = [part.first + i * part.stride for part in series for i in range(part.count)]
    return np.array(steps), np.concatenate([part.values for part in series], axis=1)


def best_row(dev: np.ndarray) -> int:
    """Return the row with the best accuracy: of equal ones that of least loss, then the first."""
    loss, accuracy = dev[:, :, 0]
    return min(range(len(loss)), key=lambda row: (-accuracy[row], loss[row]))


def by_hand(spec: Experiment, steps: int) -> dict[str, Any]:
    """Train ``spec`` (full batch, numbers) as one writes it, from the trainer's own weights."""
    trainer = Trainer(spec)
    weights = unpacked(trainer, trainer.snapshot())
    linears = [nn.Linear(a, b) for a, b in zip(spec.widths, spec.widths[1:], strict=False)]
    for index, linear in enumerate(linears, start=1):
        linear.weight.data = torch.from_numpy(weights[f"layer{index}.weight"][0])
        linear.bias.data = torch.from_numpy(weights[f"layer{index}.bias"][0])
    model = nn.Sequential(linears[0], nn.ReLU(), linears[1], nn.Sigmoid(), linears[2])
    data = trainer.data.datasets[0].train
    inputs, targets = torch.from_numpy(data.inputs), torch.from_numpy(data.targets)
    optimizer = torch.optim.Adam(model.parameters(), lr=spec.optimizer.lr)
    losses, norms = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        losses.append(loss.item())
        norms.append([p.grad.norm().item() for p in model.parameters()])
        optimizer.step()
    return {"loss": np.array(losses), "norms": np.array(norms).T}


def unpacked(trainer: Trainer, snapshot: Snapshot) -> dict[str, np.ndarray]:
    """Return a snapshot's parameters by name, each [members, *shape]."""
    shapes = trainer.experiment.shapes
    ends = np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1].astype(int)
    parts = np.split(snapshot.values, ends, axis=1)
    return {
        name: part.reshape(-1, *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def test_a_run_agrees_with_the_loop_written_by_hand() -> None:
    spec = experiment(CUBIC)
    trainer = Trainer(spec)
    blocks = run(trainer, 50)
    _, values = rows(blocks)
    expected = by_hand(spec, spec.steps)
    assert trainer.columns["train"][:3] == ["loss", "lr", "grad_norm"]
    np.testing.assert_allclose(values[0, :, 0], expected["loss"], rtol=2e-3)
    np.testing.assert_allclose(values[3:, :50, 0], expected["norms"][:, :50], rtol=1e-3)
    assert values[0, -1, 0] < values[0, 0, 0] / 2


@pytest.mark.parametrize("name", ALL)
def test_the_size_of_a_block_never_changes_a_bit(name: str) -> None:
    outcomes = []
    for size in (1, 7, 256):
        trainer = Trainer(experiment(ALL[name]))
        blocks = run(trainer, size)
        groups = {group: rows(blocks, group) for group in trainer.columns}
        snapshots = [part for block in blocks for part in block.snapshots]
        outcomes.append((groups, snapshots, trainer.result(), trainer.snapshot()))
    (groups, snapshots, result, last), *others = outcomes
    for other_groups, other_snapshots, other_result, other_last in others:
        for group, (steps, values) in groups.items():
            np.testing.assert_array_equal(steps, other_groups[group][0])
            assert values.tobytes() == other_groups[group][1].tobytes(), group
        assert [s.step for s in snapshots] == [s.step for s in other_snapshots]
        for one, other in zip(snapshots, other_snapshots, strict=True):
            assert one.values.tobytes() == other.values.tobytes()
        assert last.values.tobytes() == other_last.values.tobytes()
        measured = [k for k in result if "second" not in k]
        assert {k: result[k] for k in measured} == {k: other_result[k] for k in measured}


def test_rows_are_counted_from_one_and_none_is_left_out() -> None:
    steps, values = rows(run(Trainer(experiment(MOONS)), 7))
    np.testing.assert_array_equal(steps, np.arange(1, 301))
    assert np.isfinite(values).all()


def test_row_one_is_the_loss_of_the_untrained_network() -> None:
    trainer = Trainer(experiment(MOONS))
    untrained, _ = trainer.measure(trainer.data.sets["train"])
    block = trainer.advance(1)
    assert block.series[0].values[0, 0, 0] == pytest.approx(float(untrained), rel=1e-6)


def test_dev_at_a_step_shows_the_network_after_its_update() -> None:
    trainer = Trainer(experiment(MOONS))
    block = trainer.advance(5)
    dev = next(part for part in block.series if part.group == "dev")
    after, _ = trainer.measure(trainer.data.sets["dev"])
    assert dev.last_step == 5
    assert dev.values[0, -1, 0] == pytest.approx(float(after), rel=1e-6)


def test_dev_is_measured_at_the_stride_and_nowhere_else() -> None:
    spec = experiment(MINIBATCHES)
    steps, _ = rows(run(Trainer(spec), 11), "dev")
    assert spec.steps_per_epoch == 5
    np.testing.assert_array_equal(steps, np.arange(10, 301, 10))


def test_epoch_rows_are_the_means_of_their_steps() -> None:
    blocks = run(Trainer(experiment(MINIBATCHES)), 13)
    steps, means = rows(blocks, "epoch")
    _, train = rows(blocks)
    np.testing.assert_array_equal(steps, np.arange(5, 301, 5))
    expected = train[:, :, 0].reshape(len(train), 60, 5).mean(axis=2, dtype=np.float64)
    np.testing.assert_allclose(means[:, :, 0], expected, rtol=1e-5)


def test_the_best_weights_have_the_least_loss_among_the_best_accuracies() -> None:
    trainer = Trainer(experiment(MOONS))
    steps, dev = rows(run(trainer, 32), "dev")
    result = trainer.result()
    assert result["best_step"] == steps[best_row(dev)] > steps[int(dev[1, :, 0].argmax())]
    assert result["dev_accuracy"] == pytest.approx(float(dev[1].max()))


def test_best_by_loss_keeps_the_least_dev_loss() -> None:
    trainer = Trainer(
        experiment(MOONS, train={"keep_best": "loss", "epochs": 400}, optimizer={"lr": 9.0})
    )
    steps, dev = rows(run(trainer, 32), "dev")
    result = trainer.result()
    assert result["best_step"] == steps[int(dev[0, :, 0].argmin())]
    assert result["dev_loss"] == pytest.approx(float(dev[0].min()), rel=1e-6)


def test_the_test_set_is_touched_once_and_only_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(experiment(MOONS))
    test_set, touched = trainer.data.sets["test"], []
    measure = Evaluator.__call__

    def watched(self: Evaluator, batch: Any) -> Any:
        touched.append(batch is test_set)
        return measure(self, batch)

    monkeypatch.setattr(Evaluator, "__call__", watched)
    run(trainer, 64)
    assert not any(touched)
    trainer.result()
    assert sum(touched) == 1


def test_the_confusion_matrix_counts_the_last_set_by_its_true_classes() -> None:
    trainer = Trainer(experiment(MOONS))
    run(trainer, 64)
    result = trainer.result()
    confusion = np.array(result["confusion"])
    assert confusion.sum() == 20
    assert np.trace(confusion) / 20 == pytest.approx(result["test_accuracy"])
    true = trainer.data.datasets[0].test.targets  # type: ignore[union-attr]
    assert confusion.sum(axis=1).tolist() == np.bincount(true, minlength=2).tolist()
    classes = Trainer(experiment(MINIBATCHES))
    run(classes, 64)
    result = classes.result()
    assert np.trace(result["confusion"]) / 20 == pytest.approx(result["dev_accuracy"])
    assert "confusion" not in Trainer(experiment(CUBIC)).result()


def test_measuring_the_result_leaves_the_network_as_it_is() -> None:
    trainer = Trainer(experiment(MOONS))
    run(trainer, 64)
    before = trainer.snapshot().values.tobytes()
    trainer.result()
    assert trainer.snapshot().values.tobytes() == before


@pytest.mark.parametrize("size", [1, 7, 256])
def test_the_threshold_ends_the_run_at_its_step(size: int) -> None:
    free_steps, free = rows(run(Trainer(experiment(CUBIC)), 256))
    threshold = float(free[0, 150, 0])
    at = int(free_steps[np.flatnonzero(free[0, :, 0] <= threshold)[0]])
    trainer = Trainer(experiment(CUBIC, train={"loss_threshold": threshold}))
    blocks = run(trainer, size)
    steps, values = rows(blocks)
    assert trainer.outcome is not None
    assert (trainer.outcome.status, trainer.outcome.reason) == ("finished", "threshold")
    assert trainer.step == steps[-1] == at
    assert values.tobytes() == np.ascontiguousarray(free[:, :at]).tobytes()


@pytest.mark.parametrize("size", [1, 256])
def test_after_the_threshold_the_network_is_that_of_its_step(size: int) -> None:
    _, free = rows(run(Trainer(experiment(CUBIC)), 256))
    trainer = Trainer(experiment(CUBIC, train={"loss_threshold": float(free[0, 40, 0])}))
    run(trainer, size)
    other = Trainer(experiment(CUBIC))
    other.advance(trainer.step)
    assert trainer.snapshot().values.tobytes() == other.snapshot().values.tobytes()


@pytest.mark.parametrize("size", [1, 7, 256])
def test_patience_ends_the_run(size: int) -> None:
    spec = experiment(MOONS, train={"patience": 20})
    trainer = Trainer(spec)
    steps, dev = rows(run(trainer, size), "dev")
    assert trainer.outcome is not None
    assert trainer.outcome.reason == "patience"
    assert trainer.step == steps[best_row(dev)] + 20


@pytest.mark.parametrize("gradients", ["auto", "autograd"])
@pytest.mark.parametrize(("epochs", "status"), [(1, "finished"), (5, "diverged")])
def test_probabilities_that_are_no_numbers_cost_none(
    gradients: str, epochs: int, status: str
) -> None:
    # PyTorch's own loss refuses them, and a run that blows up at its last step would fail.
    model = {"hidden": [30, 30], "activation": "relu"}
    train = {"epochs": epochs, "gradients": gradients}
    trainer = Trainer(experiment(MOONS, model=model, optimizer={"lr": 1e30}, train=train))
    run(trainer, 10)
    assert trainer.outcome is not None
    assert trainer.outcome.status == status
    assert np.isnan(trainer.result()["train_loss"])


@pytest.mark.parametrize("size", [1, 256])
def test_a_loss_that_is_no_number_ends_the_run_as_diverged(size: int) -> None:
    spec = experiment(CUBIC, optimizer={"name": "sgd", "lr": 1e12})
    trainer = Trainer(spec)
    steps, values = rows(run(trainer, size))
    assert trainer.outcome is not None
    assert trainer.outcome.status == "diverged"
    assert f"step {steps[-1]}" in trainer.outcome.reason
    assert not np.isfinite(values[0, -1, 0])
    assert np.isfinite(values[0, :-1, 0]).all()
    assert "test_loss" not in trainer.result()


def test_changing_the_learning_rate_takes_effect_at_the_next_step() -> None:
    changed, constant = Trainer(experiment(CUBIC)), Trainer(experiment(CUBIC))
    changed.advance(10)
    changed.lr = 0.0
    block = changed.advance(5)
    constant.advance(10)
    assert (block.series[0].values[1] == 0).all()
    assert changed.snapshot().values.tobytes() == constant.snapshot().values.tobytes()


def test_rows_show_the_gradients_before_nesterov_has_changed_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = experiment(MINIBATCHES, optimizer={"nesterov": True})
    values = Trainer(spec, device="cpu").advance(20).series[0].values
    # What PyTorch takes on CUDA by itself.
    sgd = importlib.import_module("torch.optim.sgd")
    monkeypatch.setattr(sgd, "_default_to_fused_or_foreach", lambda *_, **__: (False, True))
    on_cuda = Trainer(spec, device="cpu").advance(20).series[0].values
    np.testing.assert_allclose(on_cuda, values, rtol=1e-5, atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    one, two = (Trainer(experiment(MOONS)) for _ in range(2))
    other = Trainer(experiment(MOONS, train={"seed": 103}))
    blocks = [trainer.advance(20) for trainer in (one, two, other)]
    bits = [block.series[0].values.tobytes() for block in blocks]
    assert bits[0] == bits[1] != bits[2]


@pytest.mark.parametrize(
    "tables", [MOONS, MINIBATCHES, FRESH], ids=["moons", "minibatches", "fresh"]
)
def test_a_member_starts_with_the_bits_it_has_alone_and_stays_close(tables: dict[str, Any]) -> None:
    seeds = [11, 5, 8]
    together = Trainer(experiment(tables, population={"vary": {"train.seed": seeds}}))
    start = together.snapshot().values
    _, values = rows([together.advance(60)])
    for member, seed in enumerate(seeds):
        alone = Trainer(experiment(tables, train={"seed": seed}))
        assert alone.snapshot().values[0].tobytes() == start[member].tobytes()
        _, expected = rows([alone.advance(60)])
        np.testing.assert_allclose(values[:, :, member], expected[:, :, 0], rtol=1e-3, atol=1e-5)


def test_results_of_several_members_are_lists() -> None:
    trainer = Trainer(experiment(MOONS, train={"epochs": 3}, population={"seeds": 2}))
    run(trainer, 8)
    result = trainer.result()
    assert len(result["test_accuracy"]) == len(result["best_step"]) == 2


def test_a_larger_network_keeps_rows_within_its_memory() -> None:
    spec = experiment(
        CUBIC, model={"hidden": [1500, 1500], "activation": "relu"}, train={"steps": 9}
    )
    trainer = Trainer(spec)
    assert trainer._rows.capacity < 9
    steps, values = rows(run(trainer, 9))
    np.testing.assert_array_equal(steps, np.arange(1, 10))
    assert not any(map(trainer.snapshots.keeps, range(10)))
    assert np.isfinite(values).all()


def test_snapshots_are_as_many_in_every_octave_and_no_more_than_may_be() -> None:
    kept = SnapshotSteps(1024, 10_000).between(0, 1024)
    assert kept[:65] == list(range(65))
    assert [sum(2**k <= s < 2 ** (k + 1) for s in kept) for k in (6, 7, 8, 9)] == [64] * 4
    for steps in (1, 7, 33, 64, 1000, 4321):
        for most in (30, 60, 333.3):
            some = SnapshotSteps(steps, most, [5, 777])
            assert [step in some for step in (5, 777)] == [True, True]
            whole = [step for step in some.between(1, steps) if step != 777]
            assert len(whole) == count_until(steps, some.per_octave)
            assert len(whole) <= most or some.per_octave == LEAST
            assert whole == [step for step in range(1, steps + 1) if step in some and step != 777]
            assert some.per_octave == 64 or count_until(steps, some.per_octave + 1) > most


def test_snapshots_take_half_of_the_bytes_where_a_run_has_more_than_a_few() -> None:
    spec = experiment(CUBIC, train={"steps": 20_000})
    trainer = Trainer(spec)
    most = most_snapshots(spec, trainer._rows.layout)
    kept = trainer.snapshots._steps.between(0, 20_000)
    assert FIRST + 9 * LEAST < len(kept) - 1 <= most
    numbers = len(trainer.columns["train"]) * 20_000
    assert len(kept) * trainer.snapshot().values.size <= numbers


def test_float64_is_computed_in_float64() -> None:
    single, double = (
        Trainer(experiment(CUBIC, train={"dtype": dtype})) for dtype in ("float32", "float64")
    )
    assert double.method.weights.dtype == torch.float64
    assert single.advance(1).series[0].values[0] == pytest.approx(
        double.advance(1).series[0].values[0], rel=1e-5
    )


def test_blocks_list_their_events() -> None:
    block = Trainer(experiment(MOONS)).advance(3)
    events: list[Event] = list(block.events())
    assert [event.kind for event in events] == [*["series"] * 3, *["snapshot"] * 3]
    assert isinstance(events[0], Series)
    assert (block.first, block.last) == (1, 3)


@pytest.mark.parametrize("size", [1, 7, 256])
def test_members_that_do_worse_than_a_rung_allows_end_at_its_step(size) -> None:
    rates = {"optimizer.lr": [1e-4, 0.5]}
    spec = experiment({**MOONS, "population": {"vary": rates}})
    free = Trainer(spec)
    steps, dev = rows(run(free, 256), "dev")
    step = int(steps[len(steps) // 2])
    losses = dev[0, len(steps) // 2]
    trainer = Trainer(spec, rungs=[(step, float(losses.mean()))])
    run(trainer, size)
    assert trainer.ended_at[0] == step
    assert trainer.step == free.step, "the better one goes on"
    told = trainer.result()
    assert told["reasons"][0] == "pruned"
    assert told["statuses"] == ["finished", "finished"]
    assert told["dev_loss"][1] == free.result()["dev_loss"][1]


def test_where_all_are_ended_early_the_run_is_over_and_its_time_saved() -> None:
    trainer = Trainer(experiment(MOONS), rungs=[(4, 0.0)])
    run(trainer, 256)
    assert trainer.outcome is not None
    assert (trainer.step, trainer.outcome.status, trainer.outcome.reason) == (
        4,
        "finished",
        "pruned",
    )
