"""Steps from CUDA graphs: what can be held of them without a GPU, and with one the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.gradients.manual import cuda_graphs as graphs
from engine.gradients.manual import forward_backward as propagation
from engine.gradients.manual import outputs as kept
from engine.gradients.manual.cuda_graphs import STEPS, CudaGraphs
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


class Captures:
    """Stands for CUDA's capture: what is captured is not done until it is launched."""

    def __init__(self) -> None:
        self.captured = self.launched = 0

    def __call__(self, work: Callable[[], None]) -> Callable[[], None]:
        self.captured += 1

        def launch() -> None:
            self.launched += 1
            work()

        return launch


def test_long_stretches_come_from_graphs_and_the_rest_one_by_one() -> None:
    seen: list[tuple[int, int, float, float]] = []

    def step(row: int, slot: int, inputs: Tensor, targets: Tensor) -> None:
        seen.append((row, slot, float(inputs), float(targets)))

    captures = Captures()
    play = CudaGraphs(step, constant=False, capturing=captures).play
    steps = 2 * STEPS + 5
    for start in (0, 1000):
        inputs = torch.arange(start, start + steps, dtype=torch.float32)
        play(0, 0, steps, inputs, -inputs)
    expected = [
        (row, row, start + row, -start - row) for start in (0, 1000) for row in range(steps)
    ]
    assert seen == expected
    assert (captures.captured, captures.launched) == (2, 4)


def test_graphs_are_kept_within_their_number() -> None:
    captures = Captures()
    play = CudaGraphs(lambda *_: None, constant=True, capturing=captures).play
    for start in range(3 * graphs.MOST_GRAPHS):
        play(start, 0, STEPS, torch.zeros(STEPS), torch.zeros(STEPS))
    assert captures.captured == captures.launched == graphs.MOST_GRAPHS


@pytest.mark.parametrize("tables", [MOONS, CUBIC, FRESH, MINIBATCHES], ids=["a", "b", "c", "d"])
def test_steps_from_graphs_are_the_same_to_the_last_bit(
    tables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses are those of the CPU; what must not move or be frozen is the same."""
    monkeypatch.setitem(kept.MOST_NUMBERS, "cpu", 10_000_000)
    plain = trained(tables)
    captures = Captures()

    monkeypatch.setattr(propagation, "CudaGraphs", partial(CudaGraphs, capturing=captures))
    monkeypatch.setattr(propagation, "is_captured", lambda inputs: True)
    monkeypatch.setattr(propagation, "CAPTURED_AFTER", 1)
    assert trained(tables) == plain
    if tables is not MINIBATCHES:  # An epoch has five steps, which no graph has.
        assert captures.launched > captures.captured > 0


def trained(tables: dict[str, Any], device: str = "cpu") -> bytes:
    """Return the bits of every row of 1000 steps."""
    length = {"epochs": None, "steps": 1000, "gradients": "manual", "probe": "off"}
    trainer = Trainer(experiment(tables, train=length), device=device, way="operations")
    values = []
    while trainer.outcome is None:
        values.append(trainer.advance(256).series[0].values)
    return np.concatenate(values, axis=1).tobytes()


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("tables", [MOONS, CUBIC, FRESH, MINIBATCHES], ids=["a", "b", "c", "d"])
def test_cuda_graphs_train_as_single_launches_do(
    tables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    captured = np.frombuffer(trained(tables, "cuda"), np.float32)
    monkeypatch.setattr(propagation, "CAPTURED_AFTER", 10**9)
    launched = np.frombuffer(trained(tables, "cuda"), np.float32)
    np.testing.assert_allclose(captured, launched, rtol=1e-4, atol=1e-6)
