"""Where a run trains."""

from __future__ import annotations

import os
import threading

import pytest
import torch

from engine.errors import DeviceError
from engine.training.device import can_begin, pick_device, pick_threads
from engine.training.machine import device_name
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, MINIBATCHES, experiment

no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@no_cuda
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_device_that_is_not_there_is_a_clear_error(name: str) -> None:
    with pytest.raises(DeviceError, match=r"--device cuda.*use --device cpu"):
        pick_device(name, experiment(CUBIC))


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "mps", "meta"])
def test_what_is_no_device_is_refused(name: str) -> None:
    with pytest.raises(DeviceError, match="--device"):
        pick_device(name, experiment(CUBIC))


def test_a_small_network_trains_on_one_cpu_thread() -> None:
    spec = experiment(CUBIC)
    assert pick_device("auto", spec) == torch.device("cpu")
    assert pick_threads(spec) == 1
    assert device_name(torch.device("cpu"))


def test_a_large_one_uses_what_there_is() -> None:
    spec = experiment(CUBIC, model={"hidden": [3000, 3000], "activation": "relu"})
    assert pick_threads(spec) >= 1
    assert pick_device("auto", spec).type == ("cuda" if torch.cuda.is_available() else "cpu")


@needs_cuda
@pytest.mark.cuda
@pytest.mark.parametrize("tables", [CUBIC, MINIBATCHES], ids=["cubic", "minibatches"])
def test_cuda_and_cpu_agree(tables: dict) -> None:
    blocks = [Trainer(experiment(tables), device=name).advance(50) for name in ("cpu", "cuda")]
    cpu, cuda = (block.series[0].values for block in blocks)
    assert cpu == pytest.approx(cuda, rel=1e-2, abs=1e-4)


def test_threads_that_the_machine_does_not_begin_are_known_beforehand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = (os.cpu_count() or 1) + 3
    before = threading.active_count()
    assert can_begin(some)
    assert threading.active_count() == before

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert not can_begin(some)
    assert can_begin(os.cpu_count() or 1)
