from __future__ import annotations

import pytest
import torch

from engine.recording.events import End, Header, MachineFigures, Resume
from engine.recording.history import History
from engine.recording.lines import decode, encode
from engine.training.meter import Meter, gpu_figures


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_figures_come_at_most_once_a_second_and_say_what_this_process_takes() -> None:
    clock = Clock()
    meter = Meter(torch.device("cpu"), clock)
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


def test_waiting_is_no_training() -> None:
    clock = Clock()
    meter = Meter(torch.device("cpu"), clock)
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
    assert gpu_figures(torch.device("cuda:0")) == {**figures, "gpu_use": 0.75}
    monkeypatch.setattr(torch.cuda, "utilization", refuse)
    assert gpu_figures(torch.device("cuda:0")) == figures
