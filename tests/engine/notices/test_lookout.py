"""What is seen of a run from beside it is told once, by one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from engine.notices import overdue
from engine.notices.__main__ import complain
from engine.notices.lookout import CRASHED, Lookout, outcome
from engine.notices.notice import Notice
from engine.notices.pulse import Pulse
from engine.notices.watched import Watched, all_watched
from engine.recording.events import End, Header, Resume, Writer
from engine.recording.file import Recorder, leave_warning, read
from engine.recording.history import History
from engine.runs.processes import Processes
from tests.engine.notices.conftest import Configure


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TestAPulse:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    def beats(self, clock: Clock, seconds: float, count: int = 20) -> Pulse:
        """Those of a run whose steps take so long."""
        pulse = Pulse(clock)
        for step in range(count):
            pulse.beat(step, paused=False)
            clock.now += seconds
        return pulse

    @pytest.mark.parametrize(("seconds", "silence"), [(0.01, 60.0), (2.0, 60.0), (30.0, 300.0)])
    def test_stalls_after_ten_times_a_step_and_a_minute_at_least(
        self, seconds: float, silence: float, clock: Clock
    ) -> None:
        pulse = self.beats(clock, seconds)
        clock.now += silence - seconds - 0.1
        assert pulse.stall() == ""
        clock.now += 0.2
        assert pulse.stall().startswith(f"no step for {silence:.0f} s after step 19; one took")
        pulse.beat(20, paused=False)
        assert pulse.stall() == ""

    def test_a_slow_step_among_quick_ones_counts_little(self, clock: Clock) -> None:
        pulse = self.beats(clock, 0.01)
        clock.now += 59.0
        pulse.beat(21, paused=False)
        clock.now += 61.0
        assert pulse.stall()

    def test_who_is_paused_does_not_stall(self, clock: Clock) -> None:
        pulse = self.beats(clock, 0.01)
        pulse.beat(19, paused=True)
        clock.now += 1e4
        assert pulse.stall() == ""
        # Nor is a pause a step's time.
        pulse.beat(20, paused=False)
        clock.now += 59.0
        assert pulse.stall() == ""
        clock.now += 2.0
        assert pulse.stall()

    def test_before_two_steps_nobody_knows_how_long_one_takes(self, clock: Clock) -> None:
        pulse = Pulse(clock)
        clock.now += 59.0
        assert pulse.stall() == ""
        clock.now += 2.0
        assert pulse.stall() == "no step for 61 s since it began"
        # One that is gone on with begins at a step, and it was not this one that took so long.
        pulse.beat(500, paused=False)
        clock.now += 59.0
        pulse.beat(500, paused=False)
        assert pulse.stall() == ""
        clock.now += 2.0
        assert pulse.stall() == "no step for 61 s after step 500"
        pulse.beat(501, paused=False)
        clock.now += 609.0
        assert pulse.stall() == ""
        clock.now += 2.0
        assert pulse.stall() == "no step for 611 s after step 501; one took 61 s before"

    def test_who_is_to_take_no_step_yet_does_not_stall(self, clock: Clock) -> None:
        pulse = Pulse(clock)
        pulse.beat(0, paused=True)
        clock.now += 1e4
        assert pulse.stall() == ""


def test_each_thing_is_told_once() -> None:
    told: list[Notice] = []
    clock = Clock()
    watch = Lookout({"folder": "/runs/moons"}, told.append, clock)
    for step in range(3):
        watch.hear(json.dumps({"step": step, "paused": False}).encode())
        clock.now += 1.0
    watch.hear(b'{"diverged": "member 2 (lr 9) diverged"}')
    watch.hear(b'{"diverged": "member 3 (lr 9) diverged"}')
    clock.now += 60.0
    watch.look()
    clock.now += 60.0
    watch.look()
    assert [(each.run, each.status) for each in told] == [
        ("moons", "diverged"),
        ("moons", "stalled"),
    ]
    assert told[0].reason == "member 2 (lr 9) diverged"
    assert not watch.dismissed
    watch.hear(b'{"dismissed": true}')
    assert watch.dismissed


def test_a_run_that_hangs_before_its_first_step_is_told_of() -> None:
    told: list[Notice] = []
    clock = Clock()
    watch = Lookout({"folder": "/runs/moons"}, told.append, clock)
    for _ in range(3):
        clock.now += 30.0
        watch.look()
    (notice,) = told
    assert (notice.status, notice.reason) == ("stalled", "no step for 60 s since it began")


HERE = Writer(host="h", boot="b", pid_namespace="n", pid=7, pid_ticks=70, pid_started=1.0)
BEFORE = replace(HERE, pid_ticks=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "moons"


def recorded(folder: Path, *seams: Writer, end: str = "") -> None:
    """A run that was begun by one writer and gone on with by others."""
    folder.mkdir()
    header = Header(
        run="moons",
        experiment={},
        seeds=[1],
        parameters={"w": [1]},
        columns={},
        gradients="manual",
        device="cpu",
        **asdict(seams[0]),
    )
    recorder = Recorder.create(folder / "recording.jsonl", header)
    for writer in seams[1:]:
        recorder.record(End(step=3, status="stopped", reason="request of ada"))
        recorder.record(Resume(from_step=3, time=1.0, **asdict(writer)))
    if end:
        recorder.record(End(step=9, status=end, reason="steps"))
    recorder.close()


def order(folder: Path) -> Mapping[str, Any]:
    return {"folder": str(folder), "worker": asdict(HERE)}


class TestWhatHasBecomeOfARun:
    @pytest.mark.parametrize("seams", [[HERE], [BEFORE, HERE]])
    def test_is_what_its_recording_ends_with(self, seams: list[Writer], folder: Path) -> None:
        recorded(folder, *seams, end="finished")
        notice = outcome(order(folder))
        assert (notice.run, notice.status, notice.reason) == ("moons", "finished", "steps")

    @pytest.mark.parametrize("seams", [[HERE], [BEFORE, HERE]])
    def test_is_a_crash_where_it_ends_with_nothing(self, seams: list[Writer], folder: Path) -> None:
        recorded(folder, *seams)
        notice = outcome(order(folder))
        assert (notice.status, notice.reason) == CRASHED

    def test_is_a_crash_where_the_worker_never_took_it_up(self, folder: Path) -> None:
        recorded(folder, BEFORE, end="stopped")
        assert outcome(order(folder)).status == "crashed"
        (folder / "recording.jsonl").unlink()
        assert outcome(order(folder)).status == "crashed"

    def test_is_no_crash_where_somebody_removed_it(self, folder: Path) -> None:
        assert outcome(order(folder)).reason == "its folder was removed or moved away"


def test_what_has_no_recording_ends_as_it_said_and_else_has_crashed(folder: Path) -> None:
    folder.mkdir()
    watch = Lookout(order(folder), lambda notice: None, Clock())
    assert (watch.outcome().status, watch.outcome().reason) == CRASHED
    watch.hear(b'{"ended": ["finished", "30 trials"]}')
    assert (watch.outcome().status, watch.outcome().reason) == ("finished", "30 trials")
    complain({**order(folder), "log": str(folder / "sweep.log")}, ["it is full", "it is full"])
    assert (folder / "sweep.log").read_text().count("it is full") == 1


def test_of_several_that_would_tell_one_does(configure: Configure, folder: Path) -> None:
    assert list(all_watched()) == []
    watched = Watched.begin(order(folder))
    (also,) = all_watched()
    assert also.order == watched.order
    assert watched.path.stat().st_mode & 0o777 == 0o600
    assert [each.claim() for each in (also, watched, also)] == [True, False, False]
    assert list(all_watched()) == []


def test_the_next_command_has_told_what_nobody_is_left_to_tell(
    configure: Configure, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(overdue, "_have_told", told.append)
    here = Processes()
    alive = here.of(os.getpid())
    dead = replace(alive, pid_ticks=alive.pid_ticks + 1, pid_started=alive.pid_started + 1000)
    for worker, watch in ((alive, alive), (dead, alive), (alive, dead), (dead, dead)):
        Watched.begin({**order(folder), "worker": asdict(worker), "watch": asdict(watch)})
    Watched.begin({"folder": "damaged", "worker": 5})
    overdue.tell_overdue()
    # Without a configuration there is nobody to tell.
    assert told == []
    configure("[notify]\n")
    overdue.tell_overdue()
    overdue.tell_overdue()
    assert [each["worker"] == asdict(dead) == each["watch"] for each in told] == [True]
    assert len(list(all_watched())) == 4


def test_a_warning_is_left_where_nobody_writes(folder: Path) -> None:
    recorded(folder, HERE, end="finished")
    with (folder / "recording.jsonl").open("ab") as file:
        file.write(b'{"kind":"torn')
    leave_warning(folder / "recording.jsonl", "nobody was told")
    history = History(read(folder / "recording.jsonl"))
    assert [(each.message, each.step) for each in history.warnings] == [("nobody was told", 9)]
    assert history.end is not None
    assert history.last_t == history.end.t
