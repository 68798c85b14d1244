from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from engine.recording.events import End, Header, MachineFigures, Resume
from engine.recording.history import History
from engine.recording.lines import decode, encode
from engine.runs.meter import Meter, Pipeline
from engine.runs.nvidia import gpu_reader
from engine.training.gpu import gpu_beside, gpu_figures, gpu_of
from tests.patience import DEADLINE


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_figures_come_at_most_once_a_second_and_say_what_this_process_takes() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    read = []
    for step in range(1, 20):
        clock.now += 0.25
        read += meter.read(step)
    assert [each.step for each in read] == [1, 5, 9, 13, 17]
    for each in read:
        assert set(each.figures) == {"cpu", "memory", "threads", "speed"}
        assert each.figures["speed"] == 4
        assert each.figures["memory"] > 2**20
        assert each.figures["threads"] >= 1
        assert each.figures["cpu"] >= 0


def test_figures_of_several_processes_are_of_those_that_are_there() -> None:
    clock, there = Clock(), [psutil.Process()]
    meter = Meter(clock=clock, processes=lambda: there)
    clock.now += 1
    # One that has come since worked for this from its beginning on.
    there.append(psutil.Process(os.getppid()))
    [both] = meter.read(1)
    assert both.figures["threads"] == sum(each.num_threads() for each in there)
    there.clear()
    clock.now += 1
    [nobody] = meter.read(3)
    assert nobody.figures == {"speed": 2}


def test_programs_of_a_pipeline_are_those_of_its_group() -> None:
    pipeline = Pipeline()
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    apart = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    seen = {each.pid for each in pipeline()}
    assert other.pid in seen
    assert not {os.getpid(), apart.pid} & seen
    for each in (other, apart):
        each.communicate(b"\n", timeout=DEADLINE)


def test_waiting_is_no_training() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    clock.now += 1
    meter.read(10)
    clock.now += 3600
    meter.skip(10)
    clock.now += 2
    assert [each.figures["speed"] for each in meter.read(30)] == [10]


def test_a_history_knows_the_figures_of_a_step_and_forgets_those_that_no_longer_count() -> None:
    history = History()
    header = Header(
        run="r",
        experiment={},
        seeds=[0],
        parameters={},
        columns={"train": []},
        gradients="manual",
        device="cpu",
    )
    history.extend([header, *(MachineFigures(step=n, figures={"cpu": n}) for n in (5, 10, 15))])
    history.add(End(step=20, status="finished", reason="steps"))
    assert [each.step for each in history.until(12).machine] == [5, 10]
    assert history.last_step == 20
    history.add(Resume(from_step=9, host="here", pid=1))
    assert [each.step for each in history.machine] == [5]


def test_a_reader_that_does_not_know_them_passes_over_them() -> None:
    line = encode(MachineFigures(step=1, figures={"cpu": 1.0}))
    assert decode(line.replace(b'"machine"', b'"of another version"')) is None


def test_a_gpu_whose_use_nobody_tells_has_its_other_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class DriverError(Exception):
        pass

    def refuse(device: torch.device) -> int:
        raise DriverError

    told = {"mem_get_info": (30, 100), "memory_allocated": 20, "memory_reserved": 40}
    for name, value in told.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, value=value: value)
    monkeypatch.setattr(torch.cuda, "utilization", lambda _: 75)
    figures = {"gpu_memory": 20, "gpu_reserved": 40, "gpu_used": 70, "gpu_total": 100}
    assert gpu_of(torch.device("cuda:0"))() == {**figures, "gpu_use": 0.75}
    assert gpu_of(torch.device("cpu"))() == {}
    monkeypatch.setattr(torch.cuda, "utilization", refuse)
    assert gpu_figures(torch.device("cuda:0")) == figures


class Driver:
    """What nvidia-ml-py says of two GPUs, or does not say."""

    def __init__(self, *, answers: bool = True) -> None:
        self._answers = answers

    def nvmlInit(self) -> None:
        if not self._answers:
            raise OSError("no driver")

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        return {"GPU-zero": 0, "GPU-one": 1}[uuid]

    def nvmlDeviceGetMemoryInfo(self, gpu: int) -> Any:
        return SimpleNamespace(used=gpu + 1, total=100)

    def nvmlDeviceGetUtilizationRates(self, gpu: int) -> Any:
        return SimpleNamespace(gpu=50)


@pytest.mark.parametrize(
    ("visible", "used"),
    [(None, 1), ("1,0", 2), ("GPU-one", 2), ("", None), ("-1", None), ("GPU-other", None)],
)
def test_the_driver_is_asked_about_the_gpu_that_is_computed_on(
    visible: str | None, used: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    figures = {"gpu_used": used, "gpu_total": 100, "gpu_use": 0.5}
    assert gpu_reader()() == (figures if used else {})


def test_without_a_driver_or_its_package_there_are_no_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for there in (None, Driver(answers=False)):
        monkeypatch.setitem(sys.modules, "pynvml", there)
        assert gpu_reader()() == {}


def test_beside_a_loop_nothing_is_asked_of_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_beside(torch.device("cpu"))() == {}
    monkeypatch.setitem(sys.modules, "pynvml", Driver())
    about = SimpleNamespace(total_memory=100, uuid="one")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: about)
    for name, value in {"memory_allocated": 20, "memory_reserved": 40}.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, value=value: value)
    monkeypatch.delattr(torch.cuda, "mem_get_info")
    monkeypatch.delattr(torch.cuda, "utilization")
    read = gpu_beside(torch.device("cuda:0"))
    figures = {"gpu_memory": 20, "gpu_reserved": 40, "gpu_used": 2, "gpu_total": 100}
    assert read() == {**figures, "gpu_use": 0.5}
