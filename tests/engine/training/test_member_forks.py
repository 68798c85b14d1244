"""One network of a population that goes on as a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import RequestError, RunError
from engine.experiment.experiment import Experiment
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.training.branching import branched_experiment
from engine.training.verification import verify
from engine.worker import __main__ as worker
from tests.engine.training.test_resuming import came_to, folder_for, history_of, work
from tests.experiments import CUBIC, MINIBATCHES, experiment

pytestmark = pytest.mark.usefixtures("often")

TWO_RATES_OF_THREE_SEEDS = {"vary": {"optimizer.lr": [0.01, 0.2]}, "seeds": 3}
"""Members 4 to 6 have the second rate; the fifth the seed in the middle."""

SPECS: Mapping[str, Experiment] = {
    f"{name} by {gradients}": experiment(
        tables,
        population=TWO_RATES_OF_THREE_SEEDS,
        train={"gradients": gradients, **length},
        schedule=schedule,
    )
    for gradients in ("manual", "autograd")
    for name, tables, length, schedule in (
        ("cubic", CUBIC, {"steps": 60}, {"name": "constant"}),
        ("minibatches", MINIBATCHES, {"epochs": 12, "zero_grad": False}, {"name": "cosine"}),
    )
}
MEMBER, AT = 5, 23


def alone(parent: RunFolder, *changes: str, path: Path, member: int = MEMBER) -> RunFolder:
    """Train a branch of one of a run's networks."""
    child, _ = branched_experiment(history_of(parent), AT, changes, member)
    folder = folder_for(path, child)
    fork = {"parent": str(parent.path), "step": AT, "changes": list(changes), "member": member}
    worker.work(folder, device="cpu", fork=fork)
    return folder


def rows_of(history: History, first: int, last: int, member: int) -> Mapping[str, np.ndarray]:
    of = slice(member - 1, member)
    return {name: rows.between(first, last)[:, :, of] for name, rows in history.series.items()}


@pytest.mark.parametrize("name", SPECS)
def test_it_holds_that_network_s_rows_and_goes_on_as_it_would_have(
    name: str, parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    before = history_of(parents[name])
    after = history_of(alone(parents[name], path=tmp_path))
    assert before.header is not None
    assert after.header is not None
    assert after.header.seeds == before.header.seeds[MEMBER - 1 : MEMBER]
    assert after.forks[0].words.startswith(f"branches off from member 5 of {parents[name].name}")
    wanted, held = rows_of(before, 1, AT, MEMBER), rows_of(after, 1, AT, 1)
    assert {group: rows.tobytes() for group, rows in held.items()} == {
        group: rows.tobytes() for group, rows in wanted.items()
    }
    # A product of one matrix is rounded otherwise than one of many.
    wanted, held = rows_of(before, AT + 1, 60, MEMBER), rows_of(after, AT + 1, 60, 1)
    for group, rows in held.items():
        np.testing.assert_allclose(rows, wanted[group], rtol=2e-3, atol=1e-4)
    rates = after.series["train"].column("lr")
    assert rates.tolist() == before.series["train"].column("lr", MEMBER - 1).tolist()
    assert verify("a-branch", after).words.startswith("bit-equal: 60 steps")


@pytest.mark.parametrize("changes", [["optimizer.lr=0.05"], ["optimizer.name=rmsprop"]], ids=str)
def test_it_differs_from_there_on_and_can_be_gone_on_with_and_branched_off_from(
    changes: list[str], parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    branch = alone(parents["cubic by manual"], *changes, path=tmp_path)
    assert verify("a-branch", history_of(branch)).words.startswith("bit-equal: 60 steps")
    longer = work(branch, resume={"until": 75})
    assert verify("a-branch", longer).words.startswith("bit-equal: 75 steps")
    child, _ = branched_experiment(longer, 40, ["train.clip_norm=0.1"])
    second = folder_for(tmp_path, child)
    fork = {"parent": str(branch.path), "step": 40, "changes": ["train.clip_norm=0.1"]}
    worker.work(second, device="cpu", fork=fork)
    history = history_of(second)
    assert [each.member for each in history.forks] == [MEMBER, 0]
    assert verify("second", history).words.startswith("bit-equal: 60 steps")
    for member in (-1, 7):
        history.forks[0] = replace(history.forks[0], member=member)
        with pytest.raises(RunError, match="its recording does not say what was trained"):
            verify("second", history)


def test_without_one_a_population_branches_off_whole(
    parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    parent = parents["minibatches by manual"]
    child, _ = branched_experiment(history_of(parent), AT, [])
    folder = folder_for(tmp_path, child)
    fork = {"parent": str(parent.path), "step": AT, "changes": []}
    worker.work(folder, device="cpu", fork=fork)
    # Nothing differs: it is the run that it branched off from.
    assert came_to(history_of(folder)) == came_to(history_of(parent))


def test_a_member_that_is_none_or_has_ended_is_refused(
    parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    history = history_of(parents["cubic by manual"])
    with pytest.raises(RequestError, match="--member 7: there are the members 1 to 6"):
        branched_experiment(history, AT, [], 7)
    single = work(folder_for(tmp_path, experiment(CUBIC, train={"steps": 5})))
    with pytest.raises(RequestError, match="--member: the run is one network"):
        branched_experiment(single, 3, [], 1)
    diverges = experiment(
        CUBIC,
        model={"activation": "identity"},
        optimizer={"name": "sgd"},
        population={"vary": {"optimizer.lr": [0.01, 5.0]}},
        train={"steps": 150},
    )
    history = work(folder_for(tmp_path, diverges))
    assert history.warnings[0].message.startswith("member 2")
    step = history.warnings[0].step
    with pytest.raises(RequestError, match=f"--member 2: had ended by step {step}"):
        branched_experiment(history, step, [], 2)
    assert branched_experiment(history, step - 2, [], 2)
