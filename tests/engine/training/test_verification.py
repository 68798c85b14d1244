"""Weights that a recording has lost, or that were changed in it, are found at their step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RunError
from engine.experiment.experiment import Experiment
from engine.recording.events import End, Event, Header, Series, Snapshot
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.training.probe_steps import PER_OCTAVE
from engine.training.resuming import trainer_of
from engine.training.snapshots import ENDS
from engine.training.verification import verify
from engine.worker import __main__ as worker
from tests.engine.training.test_resuming import folder_for, history_of, killed, work
from tests.experiments import CUBIC, MOONS, experiment

SPECS: Mapping[str, Experiment] = {
    "cubic": experiment(CUBIC, train={"steps": 60}),
    "moons": experiment(MOONS, train={"epochs": 30}, population={"seeds": 2}),
    "large": experiment(MOONS, train={"epochs": 30}, model={"hidden": [200, 60]}),
}

pytestmark = pytest.mark.usefixtures("often")


def kept(events: list[Event]) -> list[int]:
    """Where the lines with weights are."""
    return [at for at, each in enumerate(events) if isinstance(each, Snapshot)]


def said_of(events: list[Event]) -> str:
    return verify("a-run", History(events)).words


@pytest.mark.parametrize(("name", "least"), [("cubic", 40), ("moons", 31), ("large", 3)])
def test_any_of_them_that_is_missing_is_one(
    name: str, least: int, parents: Mapping[str, RunFolder]
) -> None:
    events = list(read(parents[name].recording))
    assert said_of(events).startswith("bit-equal")
    places = kept(events)
    assert len(places) >= least
    for place in {*places[:2], places[len(places) // 2], *places[-2:]}:
        gone = events[place]
        assert isinstance(gone, Snapshot)
        what = "the best weights, of" if gone.best else "weights of"
        others = [each for each in events if each is not gone]
        # Weights of a step that are also the best ones are there twice.
        twice = not gone.best and any(
            isinstance(each, Snapshot) and {*each.best} == {gone.step} for each in others
        )
        said = "bit-equal" if twice else f"differs: {what} step {gone.step}"
        assert said_of(others).startswith(said)
        assert said_of(others).endswith("what they come to" if twice else "are not recorded")


@pytest.mark.parametrize("name", ["cubic", "moons", "large"])
def test_any_of_them_that_is_another_is_one(name: str, parents: Mapping[str, RunFolder]) -> None:
    events = list(read(parents[name].recording))
    for place in (kept(events)[0], kept(events)[-1]):
        changed = events[place]
        assert isinstance(changed, Snapshot)
        values = changed.values.copy()
        values[-1, -1] = np.nextafter(values[-1, -1], np.float32(np.inf))
        said = said_of([*events[:place], replace(changed, values=values), *events[place + 1 :]])
        of = " of member 2" if len(values) > 1 else ""
        best = f"the best weights, of step {changed.step}, are others than were recorded"
        one = f"a weight{of} of step {changed.step} was recorded as"
        assert said.startswith(f"differs: {best if changed.best else one}")


def test_where_it_is_not_recorded_which_are_kept_none_is_missing(
    parents: Mapping[str, RunFolder],
) -> None:
    header, *events = read(parents["cubic"].recording)
    assert isinstance(header, Header)
    assert "those of the first 16 steps" in header.weights_kept
    for otherwise in ("", "none", "every one of them"):
        before = replace(header, weights_kept=otherwise)
        some = [each for each in events if not isinstance(each, Snapshot) or each.step % 2]
        assert said_of([before, *some]).startswith("bit-equal")


def test_its_planned_end_is_probed_and_where_it_went_on_from_there_too(
    tmp_path: Path, parents: Mapping[str, RunFolder]
) -> None:
    folder = folder_for(tmp_path, SPECS["cubic"])
    work(folder)
    history = work(folder, resume={"until": 100})
    assert {60, 64} <= {*history.series["probe"].steps.tolist()}
    assert verify("lengthened", history).words.startswith("bit-equal: 100 steps")
    events = [*read(parents["cubic"].recording)]
    ends = [each for each in events if isinstance(each, Series) and each.group == "probe"]
    assert ends[-1].last_step == 60
    said = said_of([each for each in events if each is not ends[-1]])
    assert said == "differs: probe of step 60 is not recorded"


def test_it_is_probed_as_often_as_its_recording_says(
    parents: Mapping[str, RunFolder],
) -> None:
    header = history_of(parents["cubic"]).header
    assert header is not None
    assert header.probe_per_octave < PER_OCTAVE
    # Recordings of before it was recorded: sixteen times, and so was what branched off from them.
    before = replace(header, probe_per_octave=0)
    trainer = trainer_of(before)
    assert trainer.probe.steps.per_octave == PER_OCTAVE
    untrained = trainer.snapshot()
    events = [before, untrained, *trainer.advance(60).events()]
    assert len(History(events).series["probe"].steps) > 32
    assert said_of(events).startswith("bit-equal")
    assert "probe" in said_of([header, *events[1:]])


def test_a_row_of_a_step_at_which_nothing_comes_is_one(parents: Mapping[str, RunFolder]) -> None:
    header = history_of(parents["cubic"]).header
    assert header is not None
    trainer = trainer_of(replace(header, probe_per_octave=2))
    untrained = trainer.snapshot()
    # Nobody could say that it is what it was: it would be equal unseen.
    seldom = replace(header, probe_per_octave=1)
    said = said_of([seldom, untrained, *trainer.advance(60).events()])
    assert said == "differs: probe of step 3 is recorded, and none is taken there"


def test_weights_that_would_not_be_kept_are_held_against_those_of_their_step(
    parents: Mapping[str, RunFolder],
) -> None:
    header, *events = read(parents["cubic"].recording)
    assert isinstance(header, Header)
    events = [replace(header, weights_kept=ENDS), *events]
    assert said_of(events).startswith("bit-equal")
    places = kept(events)
    for place in (places[1], places[len(places) // 2]):
        changed = events[place]
        assert isinstance(changed, Snapshot)
        values = changed.values + np.float32(1)
        said = said_of([*events[:place], replace(changed, values=values), *events[place + 1 :]])
        assert said.startswith(f"differs: a weight of step {changed.step} was recorded")


@pytest.mark.parametrize("said", [-1, 3, 2 * PER_OCTAVE, 2**40])
def test_a_recording_that_says_what_cannot_be_of_the_probe_is_refused(
    said: int, parents: Mapping[str, RunFolder]
) -> None:
    header, *events = read(parents["cubic"].recording)
    assert isinstance(header, Header)
    with pytest.raises(RunError, match=f"cannot be probed {said} times"):
        said_of([replace(header, probe_per_octave=said), *events])


def test_what_was_broken_off_may_lack_its_last_ones(parents: Mapping[str, RunFolder]) -> None:
    events = [each for each in read(parents["cubic"].recording) if not isinstance(each, End)]
    for count in (1, 5):
        last = [events[place] for place in kept(events)[-count:]]
        assert said_of([each for each in events if each not in last]).startswith("bit-equal")
    middle = events[kept(events)[20]]
    assert isinstance(middle, Snapshot)
    said = said_of([each for each in events if each is not middle])
    assert said == f"differs: weights of step {middle.step} are not recorded"


def test_a_run_that_was_gone_on_with_has_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_for(tmp_path, SPECS["cubic"])
    killed(folder, monkeypatch, 8)
    history = work(folder, resume={})
    assert verify("resumed", history).words.startswith("bit-equal: 60 steps")
    events = [each for each in read(folder.recording) if getattr(each, "step", 0) != 40]
    assert said_of(events) == "differs: weights of step 40 are not recorded"


def test_a_branch_has_its_parent_s_up_to_there(
    parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    folder = folder_for(tmp_path, SPECS["cubic"])
    order = {"parent": str(parents["cubic"].path), "step": 40, "changes": ["optimizer.lr=0.3"]}
    worker.work(folder, device="cpu", fork=order)
    history = history_of(folder)
    assert history.header is not None
    fork = history.forks[0]
    assert fork.weights_kept == history.header.weights_kept
    assert fork.probe_per_octave == history.header.probe_per_octave
    assert verify("branch", history).words.startswith("bit-equal")
    often, events = replace(history.header, probe_per_octave=3), [*read(folder.recording)]
    with pytest.raises(RunError, match=r"a-run: cannot be verified, .*: cannot be probed 3 times"):
        said_of([often, *events[1:]])
    for step in (0, 7, 40, 50):
        events = [
            each
            for each in read(folder.recording)
            if not isinstance(each, Snapshot) or each.step != step
        ]
        assert said_of(events) == f"differs: weights of step {step} are not recorded"


def test_where_few_were_kept_few_are_looked_for(parents: Mapping[str, RunFolder]) -> None:
    header = history_of(parents["cubic"]).header
    assert header is not None
    trainer = trainer_of(replace(header, weights_kept=ENDS))
    assert (trainer.snapshots.rule, trainer.snapshots.keeps(8)) == (ENDS, False)
