"""Branching off from the run that is shown: asked for in a dialog, trained and drawn beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from engine.headless.continuing import PlannedFork
from engine.presets import preset as presets
from engine.recording.events import Fork, Series
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.text.run_names import beginning_of
from tests.labs import FakeWorker, lab_of, make_app, shown, until
from tests.runs import header
from tests.sweeps import SEEDS, make_sweep, train_group
from tests.trained import recorded
from tui.dialogs.fork import ForkDialog, settings_in
from tui.watching.traces import gather_view
from tui.watching.view import Trace, View
from tui.watching.workers import WorkshopError


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    experiment = presets.load("two-moons", ["train.steps=20"]).experiment
    return recorded(experiment, tmp_path_factory.mktemp("runs") / "two-moons")[0]


def dialogs(pilot: Pilot[Any]) -> list[ForkDialog]:
    return [screen for screen in pilot.app.screen_stack if isinstance(screen, ForkDialog)]


async def asked(pilot: Pilot[Any], step: int) -> None:
    """Ask for a fork at a step."""
    lab = lab_of(pilot)
    await until(pilot, lambda: lab.view.step == 20 and lab.setup.ready)
    lab.panes.give_keys("curves")
    lab.reading.look_through(cursor=step)
    await pilot.press("f")
    await until(pilot, lambda: f"at step {step}" in shown(pilot))


async def typed(pilot: Pilot[Any], text: str) -> None:
    [dialog] = dialogs(pilot)
    dialog.query_one("Line").value = text  # type: ignore[attr-defined]
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_fork_is_asked_for_and_shown_beside_its_parent(
    parent: RunFolder, tmp_path: Path, size: tuple[int, int]
) -> None:
    app, workers = make_app(tmp_path, run=parent)
    async with app.run_test(size=size) as pilot:
        await asked(pilot, 12)
        assert "12 steps are taken again, from step 0 on; it ends at step 20" in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "say what is other" in shown(pilot))
        await typed(pilot, "model.hidden=[3] optimizer.lr=0.5")
        await until(pilot, lambda: "model.hidden: cannot be another" in shown(pilot))
        await pilot.press("enter")
        assert dialogs(pilot)
        await typed(pilot, "train.steps=12")
        await until(pilot, lambda: "leaves no step to take" in shown(pilot))
        await typed(pilot, "optimizer.lr=0.5 train.steps=30")
        await until(pilot, lambda: "it ends at step 30" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: not dialogs(pilot))
        lab = lab_of(pilot)
        [worker] = [each for each in workers if each.given]
        assert worker.fork == {
            "parent": str(parent.path.resolve()),
            "step": 12,
            "changes": ["optimizer.lr=0.5", "train.steps=30"],
            "member": 0,
        }
        assert worker.given is not None
        folder = worker.given[0]
        assert presets.load(str(folder.experiment_file)).experiment.steps == 30
        assert [watch.folder for watch in lab.cast.watches] == [folder, parent]
        assert lab.pane == "curves"


async def test_what_cannot_be_started_is_said_in_the_dialog_which_stays(
    parent: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = make_app(tmp_path, run=parent)
    async with app.run_test(size=(120, 40)) as pilot:

        def full(*_: object) -> None:
            raise WorkshopError("the disk is full")

        monkeypatch.setattr(lab_of(pilot).runs.workshop, "fork", full)
        await asked(pilot, 5)
        await typed(pilot, "optimizer.lr=0.5")
        await pilot.press("enter")
        await until(pilot, lambda: "the disk is full" in shown(pilot))
        assert "optimizer.lr=0.5" in shown(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not dialogs(pilot))
        lead = lab_of(pilot).cast.lead
        assert lead is not None
        assert lead.folder == parent


async def test_the_network_of_a_population_that_is_looked_at_branches_off_alone(
    tmp_path: Path,
) -> None:
    sweep = make_sweep(tmp_path)
    train_group(sweep, 1)
    app, workers = make_app(tmp_path, sweep=sweep.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "hidden [5] · lr 0.01" in shown(pilot))
        await pilot.press("enter")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 20)
        lab.panes.give_keys("curves")
        lab.reading.look_through(cursor=7)
        await pilot.press("f")
        await until(pilot, lambda: "n goes to one, which can be forked" in shown(pilot))
        await pilot.press("n", "f")
        await until(pilot, lambda: f"seed {SEEDS[0]}, at step 7" in shown(pilot))
        await typed(pilot, "optimizer.lr=0.5")
        await pilot.press("enter")
        await until(pilot, lambda: not dialogs(pilot))
    # Its pictures come from training it again, alone, which is another worker's.
    [fork] = [each.fork for each in workers if each.fork]
    # The smaller rate stands first in the map, and second in the group.
    assert fork == {
        "parent": str(sweep.group(1).path.resolve()),
        "step": 7,
        "changes": ["optimizer.lr=0.5"],
        "member": 3,
    }


@pytest.mark.parametrize("of_group", ["", "/group-1"])
def test_a_fork_is_called_as_what_its_parent_was_made_from(tmp_path: Path, of_group: str) -> None:
    planned = PlannedFork(
        parent=RunFolder(tmp_path),
        header=header(f"two-moons-20261129-102744-7184{of_group}"),
        step=1,
        changes=(),
        experiment=presets.load("two-moons").experiment,
        checkpoint=0,
    )
    folder = planned.give(FakeWorker(), tmp_path, allow_code=False)  # type: ignore[arg-type]
    assert beginning_of(folder.name) == "two-moons"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", []),
        ("  optimizer.lr=0.1  ", ["optimizer.lr=0.1"]),
        ("optimizer.lr=0.1 train.epochs = 5", ["optimizer.lr=0.1", "train.epochs = 5"]),
        (
            'schedule={name="cosine", warmup = 5} optimizer.lr=1',
            ['schedule={name="cosine", warmup = 5}', "optimizer.lr=1"],
        ),
        ("nonsense", ["nonsense"]),
    ],
)
def test_settings_are_parted_by_blanks_and_a_table_is_one(text: str, settings: list[str]) -> None:
    assert settings_in(text) == settings


def told(run: str, *forks: Fork) -> History:
    rows = Series(group="train", first=1, values=np.ones((1, 100, 1), np.float32))
    return History([header(run, columns={"train": ["loss"]}), rows, *forks])


def test_a_fork_beside_its_parent_is_drawn_from_where_they_part_and_alone_whole() -> None:
    fork = Fork(step=60, parent="parent", digest="", experiment={}, changes={})
    parent, child = told("parent"), told("child", fork)
    beside = Trace(history=parent, run="parent", step=100)
    alone = View(history=child, run="child", step=100)
    both = View(history=child, run="child", step=100, others=(beside,))
    swapped = View(
        history=parent,
        run="parent",
        step=100,
        others=(Trace(history=child, run="child", step=100),),
    )
    assert gather_view(alone, 60).curves[0].steps[0] < 5
    assert gather_view(alone, 60).branches == (60,)
    assert ("branch", "from parent, step 60") in gather_view(alone, 60).happened
    drawn = gather_view(both, 60)
    assert 60 <= drawn.curves[0].steps[0] < 64
    assert drawn.others[0].curves[0].steps[0] < 5
    other = gather_view(swapped, 60)
    assert other.curves[0].steps[0] < 5
    assert 60 <= other.others[0].curves[0].steps[0] < 64
    assert other.branches == (60,)
    earlier = View(history=child.until(40), run="child", step=40, whole=child)
    assert gather_view(earlier, 60).branches == ()
    one = told("child", replace(fork, member=2))
    of_many = View(history=one, run="child", step=100, others=(beside,))
    assert gather_view(of_many, 60).curves[0].steps[0] < 5, "the parent's mean is not its curve"
