"""A member's bits are its own, whatever its neighbours do and however members are grouped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.gradients.compiled.library import why_none
from engine.gradients.compiled.method import MOST_WEIGHTS, WIDE, lacking
from engine.training.trainer import Trainer
from tests.experiments import experiment

pytestmark = pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is a library")

MOONS: dict[str, Any] = {
    "data": {"kind": "moons", "samples": 90, "noise": 0.1, "split": [60, 20, 10]},
    "model": {"hidden": [7, 5], "activation": "tanh", "dropout": 0.25},
    "loss": {"name": "binary_cross_entropy_with_logits"},
    "optimizer": {"name": "adam"},
    "train": {"steps": 24, "seed": 3, "gradients": "manual", "batch_size": 25, "probe": "off"},
}


def losses(rates: list[float], threads: int = 1, ways: tuple[int, ...] = (24,)) -> Any:
    """Every member's losses, [steps, members]."""
    spec = experiment(MOONS, population={"vary": {"optimizer.lr": rates}})
    trainer = Trainer(spec, device="cpu", threads=threads, way="compiled")
    assert trainer.method.way == "compiled"
    rows = []
    for count in ways:
        rows.append(trainer.advance(count).series[0].values[0])
    return np.concatenate(rows)


@pytest.mark.parametrize("wild", [0, 3, 8])
def test_one_that_explodes_changes_no_other(wild: int) -> None:
    rates = [0.001 * (1 + each) for each in range(9)]
    calm = losses(rates)
    rates[wild] = 1e30
    beside = losses(rates, ways=(1, 5, 18))
    others = [each for each in range(9) if each != wild]
    assert calm[:, others].tobytes() == beside[:, others].tobytes()
    assert np.nanmax(beside[:, wild]) > 1e20


def test_who_shares_a_thread_with_whom_changes_no_bit() -> None:
    rates = [0.001 * (1 + each) for each in range(7)]
    whole = losses(rates)
    assert losses(rates, threads=3).tobytes() == whole.tobytes()
    # PyTorch's threads spin while there is nothing to do, and have no part in it.
    assert torch.get_num_threads() == 1
    parts = [losses(rates[:2]), losses(rates[2:])]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


@pytest.mark.parametrize("vectors", ["AVX512", "AVX2", "DEFAULT", "NEON"])
def test_what_pytorch_multiplies_faster_is_left_to_it(
    vectors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: vectors)
    large = lacking(experiment(MOONS, model={"hidden": [300, MOST_WEIGHTS // 300 + 1]}))
    assert large == (
        "" if vectors in WIDE else "a layer of 60,300 weights is faster as PyTorch multiplies it"
    )
    assert not lacking(experiment(MOONS, model={"hidden": [300, MOST_WEIGHTS // 300]}))
