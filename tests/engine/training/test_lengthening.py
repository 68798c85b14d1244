"""Runs that are lengthened, with schedules that keep their length or are given the new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import RequestError
from engine.experiment.experiment import Experiment
from engine.headless import continuing
from engine.headless.run import Telling
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.training import checkpoints
from engine.training.branching import branched_experiment
from engine.training.verification import verify
from tests.engine.training.test_forking import forked
from tests.engine.training.test_resuming import came_to, folder_for, killed, work
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment

pytestmark = pytest.mark.usefixtures("often")

COSINE = experiment(MINIBATCHES, schedule={"name": "cosine", "warmup": 1}, train={"epochs": 5})
"""25 steps, in epochs of 5."""

LONGER: dict[str, Any] = {"until": 60, "reschedule": True}


def rates(history: History) -> np.ndarray[Any, Any]:
    """The learning rate of each step."""
    return history.series["train"].column("lr")


def of_length(spec: Experiment, path: Path, steps: int) -> History:
    """What is recorded of a run that was planned to be of another length."""
    return work(folder_for(path, spec.lengthened(steps), "planned"))


@pytest.mark.parametrize("gradients", ["manual", "autograd"])
@pytest.mark.parametrize(
    "schedule",
    [
        {"name": "cosine", "warmup": 1},
        {"name": "cosine", "warmup": 7},
        {"name": "step", "step_size": 2, "warmup": 1},
    ],
    ids=str,
)
def test_schedules_are_those_of_a_run_of_that_length_where_that_is_asked_for(
    schedule: dict[str, Any], gradients: str, tmp_path: Path
) -> None:
    spec = experiment(MINIBATCHES, schedule=schedule, train={"epochs": 5, "gradients": gradients})
    folder = folder_for(tmp_path, spec)
    short = rates(work(folder))
    long = rates(of_length(spec, tmp_path, 60))
    history = work(folder, resume=LONGER)
    assert history.last_step == 60
    assert rates(history)[:25].tolist() == short.tolist()
    assert rates(history)[25:].tolist() == long[25:].tolist()
    assert verify("longer", history).words.startswith("bit-equal: 60 steps")


@pytest.mark.parametrize("warmup", [0, 2])
def test_without_that_the_rate_stays_what_it_has_come_to(warmup: int, tmp_path: Path) -> None:
    spec = experiment(MINIBATCHES, schedule={"name": "cosine", "warmup": warmup})
    spec = spec.lengthened(25)
    folder = folder_for(tmp_path, spec)
    work(folder)
    history = work(folder, resume={"until": 60})
    assert set(rates(history)[25:].tolist()) == {0.0}
    assert verify("longer", history).words.startswith("bit-equal: 60 steps")


def test_a_schedule_that_looks_at_the_loss_goes_on_with_what_it_has_seen(tmp_path: Path) -> None:
    schedule = {"name": "plateau", "patience": 1, "factor": 0.5}
    spec = experiment(MOONS, schedule=schedule, train={"epochs": 20}, optimizer={"lr": 60.0})
    # Its planned end is probed as well, and another one is planned here.
    spec = spec.model_copy(update={"train": spec.train.model_copy(update={"probe": 1})})
    planned = of_length(spec, tmp_path, 50)
    assert len(set(rates(planned)[20:].tolist())) > 1
    folder = folder_for(tmp_path, spec)
    work(folder)
    history = work(folder, resume={"until": 50, "reschedule": True})
    assert came_to(history) == came_to(planned)


class TestARunThatWasGivenLongerSchedules:
    @pytest.fixture
    def longer(self, tmp_path: Path) -> RunFolder:
        folder = folder_for(tmp_path, COSINE)
        work(folder)
        work(folder, resume=LONGER)
        return folder

    @pytest.mark.parametrize("lost", [0, 2])
    def test_is_broken_off_and_goes_on_to_the_same(
        self, lost: int, longer: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = came_to(History(read(longer.recording)))
        folder = folder_for(tmp_path, COSINE, "broken-off")
        work(folder)
        killed(folder, monkeypatch, 6, resume=LONGER)
        # Where its newest checkpoints are damaged, it goes on from before it was lengthened.
        for path in checkpoints.written(folder)[::-1][:lost]:
            path.write_bytes(b"")
        history = work(folder, resume={})
        assert (history.seams[1].from_step < 25) == (lost == 2)
        assert came_to(history) == wanted

    def test_branches_off_with_them(self, longer: RunFolder, tmp_path: Path) -> None:
        parent = History(read(longer.recording))
        assert branched_experiment(parent, 40, [])[0].train.epochs == 12
        assert branched_experiment(parent, 20, [])[0].train.epochs == 5
        history = History(read(forked(longer, 40, "train.clip_norm=1", path=tmp_path).recording))
        assert rates(history).tolist() == rates(parent).tolist()
        assert verify("branch", history).words.startswith("bit-equal: 60 steps")


def test_a_branch_of_a_run_whose_stopping_was_ignored_is_verified(tmp_path: Path) -> None:
    spec = experiment(MOONS, optimizer={"name": "adam"}, train={"patience": 5})
    folder = folder_for(tmp_path, spec)
    end = work(folder).end
    assert end is not None
    assert end.reason == "patience"
    work(folder, resume={"ignore_stopping": True})
    branch = forked(folder, end.step + 20, "train.patience=250", path=tmp_path)
    history = History(read(branch.recording))
    assert verify("branch", history).words.startswith(f"bit-equal: {history.last_step} steps")


def test_without_a_length_there_is_none_to_give(tmp_path: Path) -> None:
    folder = folder_for(tmp_path, experiment(CUBIC, train={"steps": 5}))
    with pytest.raises(RequestError, match="the length that --until says; say that"):
        continuing.resume(
            folder,
            until="",
            reschedule=True,
            ignore_stopping=False,
            any_way=False,
            device="auto",
            allow_code=False,
            telling=Telling(),
        )
