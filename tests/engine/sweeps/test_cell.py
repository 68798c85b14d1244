"""A cell of a sweep looked at as a run: its networks, from whichever groups they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import RecordingError
from engine.recording.events import End, Event, Header, Series, Snapshot
from engine.recording.file import Recorder, read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.sweeps.cell import CellReader, CellRun, runs_of_cell
from engine.sweeps.folder import SweepFolder
from tests.engine.sweeps.small import Inline, asked, planned, running
from tests.runs import COLUMNS, header


def history_of(cell: CellRun) -> History:
    reader = CellReader(cell)
    history = History(reader.poll())
    assert not reader.behind
    return history


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A sweep of two shapes by two rates that was asked for with two seeds, and then with three."""
    runs_dir = tmp_path_factory.mktemp("grown")
    for seeds in (2, 3):
        folder, work = planned(runs_dir, asked(seeds=seeds))
        running(folder, work, Inline()).run()
    return folder


def trials(sweep: SweepFolder, **setting: object) -> list[int]:
    """The numbers of the trials of a setting."""
    wanted = {key.replace("__", "."): value for key, value in setting.items()}
    return [
        each.number
        for each in sweep.plan().trials
        if all(each.setting[key] == value for key, value in wanted.items())
    ]


def test_the_seeds_of_a_setting_are_one_population_wherever_they_were_trained(grown) -> None:
    numbers = trials(grown, model__hidden=[2], optimizer__lr=0.1)
    [cell] = runs_of_cell(grown, numbers)
    groups = {run.name for run, _ in cell.places}
    assert len(groups) == 2
    assert cell.title == "hidden [2] · lr 0.1"
    joined = history_of(cell)
    assert joined.header is not None
    assert joined.header.seeds == [3, 4, 5]
    assert [dict(each) for each in joined.header.variants] == [{"train.seed": n} for n in (3, 4, 5)]
    for slot, (run, member) in enumerate(cell.places):
        alone = History(read(run.recording))
        for name, rows in alone.series.items():
            there = joined.series[name]
            assert there.steps.tolist() == rows.steps.tolist()
            for column in rows.columns:
                ours, theirs = there.column(column, slot), rows.column(column, member)
                assert ours.tobytes() == theirs.tobytes()
        assert joined.end is not None
        assert alone.end is not None
        for key in ("dev_loss", "test_accuracy", "statuses", "best_step"):
            assert joined.end.result[key][slot] == alone.end.result[key][member]
        assert joined.best is not None
        assert alone.best is not None
        assert joined.best.values[slot].tobytes() == alone.best.values[member].tobytes()
        assert 0 in joined.snapshot_steps


def test_what_diverged_is_told_as_in_its_group(grown) -> None:
    [cell] = runs_of_cell(grown, trials(grown, model__hidden=[2], optimizer__lr=1e30))
    joined = history_of(cell)
    assert joined.end is not None
    assert joined.end.status == "diverged"
    assert joined.end.result["statuses"] == ["diverged"] * 3


def test_one_network_is_a_run_alone_and_other_forms_are_other_runs(grown) -> None:
    numbers = trials(grown, model__hidden=[2], optimizer__lr=0.1)[:1]
    [alone] = runs_of_cell(grown, numbers)
    history = history_of(alone)
    assert history.header is not None
    assert history.header.members == 1
    assert history.end is not None
    assert isinstance(history.end.result["test_loss"], float)
    assert "statuses" not in history.end.result
    both = runs_of_cell(grown, trials(grown, optimizer__lr=0.1))
    assert [each.title for each in both] == ["hidden [2] · lr 0.1", "hidden [3, 2] · lr 0.1"]


def test_what_has_not_begun_is_left_out(tmp_path: Path) -> None:
    folder, work = planned(tmp_path, asked(seeds=2))
    running(folder, work, Inline()).run()
    folder, _ = planned(tmp_path, asked(seeds=3))
    numbers = trials(folder, model__hidden=[2], optimizer__lr=0.1)
    [cell] = runs_of_cell(folder, numbers)
    assert cell.trials == tuple(numbers[:2])


class Group:
    """A group of two networks that is written by hand."""

    def __init__(self, path: Path, **said: Any) -> None:
        path.mkdir(exist_ok=True)
        self.run = RunFolder(path)
        made = header(path.name, **{"seeds": [1, 2], "parameters": {"w": [1]}, **said})
        self.recorder = Recorder.create(self.run.recording, made)

    def tell(self, *events: Event) -> None:
        self.recorder.record(*events)
        self.recorder.flush()

    def train(self, steps: list[int], stride: int = 1) -> None:
        for group in COLUMNS:
            values = np.array([[[s, 10 * s] for s in steps], [[0, 0]] * len(steps)], np.float32)
            self.tell(Series(group=group, first=steps[0], stride=stride, values=values))


@pytest.fixture
def two(tmp_path: Path) -> tuple[Group, Group, CellRun]:
    """Two groups, and the cell of the second network of one and the first of the other."""
    one, other = Group(tmp_path / "group-1"), Group(tmp_path / "group-2")
    cell = CellRun(
        path=tmp_path / "cell",
        called="a cell",
        trials=(0, 1),
        places=((other.run, 0), (one.run, 1)),
        experiment={"title": "A"},
        variants=({}, {}),
    )
    return one, other, cell


def losses(history: History) -> list[list[float]]:
    rows = history.series["train"]
    return [rows.column("loss", member).tolist() for member in (0, 1)]


def test_rows_come_as_far_as_both_groups_have_come(two: tuple[Group, Group, CellRun]) -> None:
    one, other, cell = two
    reader, history = CellReader(cell), History()
    one.train([1, 2, 3])
    history.extend(reader.poll())
    assert history.header is not None
    assert history.header.seeds == [1, 2]
    assert history.last_step == 0
    other.train([1, 2])
    history.extend(reader.poll())
    assert losses(history) == [[1, 2], [10, 20]]
    assert reader.state == "running"
    other.train([3, 4, 5])
    one.tell(End(step=3, status="stopped", reason="patience", result={"train_loss": [7.0, 8.0]}))
    history.extend(reader.poll())
    assert losses(history)[0] == [1, 2, 3, 4, 5]
    assert losses(history)[1][:3] == [10, 20, 30]
    assert np.isnan(losses(history)[1][3:]).all(), "its group has ended"
    assert history.end is None
    other.tell(End(step=5, status="finished", reason="steps", result={"train_loss": [5.0, 6.0]}))
    history.extend(reader.poll())
    assert history.end is not None
    assert (history.end.status, history.end.step) == ("finished", 5)
    assert history.end.result["train_loss"] == [5.0, 8.0]
    assert history.end.result["statuses"] == ["finished", "stopped"]
    assert reader.state == "ended"
    assert reader.poll() == []


def test_of_groups_with_other_strides_the_rows_that_both_have_are_told(two) -> None:
    one, other, cell = two
    one.train([2, 4, 6], stride=2)
    other.train([1, 2, 3, 4, 5, 6])
    history = history_of(cell)
    assert history.series["train"].steps.tolist() == [2, 4, 6]
    assert losses(history) == [[2, 4, 6], [20, 40, 60]]


def test_weights_are_told_where_both_have_kept_some(two) -> None:
    one, other, cell = two
    one.tell(Snapshot(step=0, values=np.array([[1.0], [2.0]], np.float32)))
    other.tell(Snapshot(step=0, values=np.array([[3.0], [4.0]], np.float32)))
    one.tell(Snapshot(step=3, values=np.zeros((2, 1), np.float32)))
    history = history_of(cell)
    assert history.snapshot_steps == [0]
    kept = history.snapshot(0)
    assert kept is not None
    assert kept.values.tolist() == [[3.0], [2.0]]


def test_facts_of_networks_go_where_the_networks_go(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "group-1")
    run.path.mkdir()
    shares = {"train": [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]}
    made = header(seeds=[1, 2, 3], class_shares=shares, constant_loss={"dev": [4.0, 5.0, 6.0]})
    Recorder.create(run.recording, made).close()
    cell = CellRun(
        path=tmp_path / "cell",
        called="a cell",
        trials=(0, 1),
        places=((run, 2), (run, 0)),
        experiment={},
        variants=({}, {}),
    )
    [told] = [event for event in CellReader(cell).poll() if isinstance(event, Header)]
    assert told.seeds == [3, 1]
    assert told.class_shares == {"train": [[0.3, 0.7], [0.1, 0.9]]}
    assert told.constant_loss == {"dev": [6.0, 4.0]}


def test_a_group_of_fewer_networks_than_its_plan_says_is_refused(two) -> None:
    one, _, cell = two
    one.run.recording.unlink()
    Group(one.run.path, seeds=[1])
    with pytest.raises(RecordingError, match="has 1 network, and its sweep's plan says more"):
        history_of(cell)


def test_what_does_not_fit_its_group_or_the_others_is_passed_over(two) -> None:
    one, other, cell = two
    shorter = Series(group="train", first=1, values=np.zeros((2, 1, 1), np.float32))
    alone = Snapshot(step=0, values=np.zeros((1, 1), np.float32))
    some = Snapshot(step=0, best=[1], values=np.zeros((2, 1), np.float32))
    for group in (one, other):
        group.tell(shorter, alone, some)
    one.train([1])
    other.train([1])
    history = history_of(cell)
    assert losses(history) == [[1], [10]]
    assert history.snapshot_steps == []


def test_groups_of_other_networks_have_neither_rows_nor_weights_in_common(two) -> None:
    one, other, cell = two
    one.run.recording.unlink()
    made = Group(one.run.path, columns={"train": ["another"]}, parameters={"w": [2]})
    made.tell(Snapshot(step=0, values=np.zeros((2, 2), np.float32)))
    other.tell(Snapshot(step=0, values=np.zeros((2, 1), np.float32)))
    other.train([1])
    history = history_of(cell)
    assert history.snapshot_steps == []
    assert history.last_step == 0


def test_classes_count_alike_where_no_group_says_otherwise(two) -> None:
    history = history_of(two[-1])
    assert history.header is not None
    assert history.header.class_weights == []
