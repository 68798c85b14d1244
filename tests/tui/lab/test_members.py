"""A population in the lab: all of its members, or one, by keys, live and in a replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from engine.recording.events import Series
from tests.labs import FakeRun, lab_of, make_app, shown, until
from tests.populations import rows_of
from tui.dialogs.lists import MemberDialog
from tui.lab.screen import Lab

SEEDS = [102, 103, 104]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FakeRun]:
    """A run of three networks, the first of which diverges at step 5."""
    variants = [{"train.seed": seed} for seed in SEEDS]
    fake = FakeRun(tmp_path, seeds=SEEDS, variants=variants).begin()
    train(fake, rows_of(3, 20, diverge={0: 5})[:4])
    yield fake
    fake.close()


def train(fake: FakeRun, values: np.ndarray) -> None:
    """Write rows, [4, steps, members], with a gradient for each parameter."""
    norms = np.repeat(values[3:4], len(fake.parameters), axis=0)
    whole = np.concatenate([values, norms])
    fake.step = values.shape[1]
    fake.tell(
        Series(group="train", first=1, values=whole),
        Series(group="dev", first=1, values=values[:2]),
    )


async def watching(pilot: Pilot[Any], fake: FakeRun) -> Lab:
    lab = lab_of(pilot)
    lab.runs.show(fake.folder)
    await until(pilot, lambda: lab.view.step == 20)
    return lab


async def test_all_members_are_shown_until_one_is_chosen(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await watching(pilot, run)
        assert lab.view.member is None
        await until(pilot, lambda: "mean of 2, band 5 to 95 %" in shown(pilot))
        assert "1 of 3 diverged" in shown(pilot)
        await until(pilot, lambda: "such as member 1" in shown(pilot))
        await pilot.press("n", "n")
        assert lab.view.member == 1
        await until(pilot, lambda: "seed 103 (2 of 3)" in shown(pilot))
        assert "band" not in shown(pilot)
        await pilot.press("N", "N", "N")
        assert lab.view.member == 2
        await pilot.press("n")
        assert lab.view.member is None


async def test_a_member_is_chosen_from_the_list_of_them(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        lab = await watching(pilot, run)
        await pilot.press("M")
        await until(pilot, lambda: "diverged at step 5" in shown(pilot))
        await until(pilot, lambda: app.screen.query_one(OptionList).highlighted == 0)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: lab.view.member == 1)


async def test_members_are_listed_by_what_is_asked_and_the_right_one_is_taken(
    tmp_path: Path, run: FakeRun
) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        lab = await watching(pilot, run)
        for presses, title, expected in (
            (1, "by loss", min),
            (1, "by accuracy", max),
        ):
            await pilot.press("M")
            await until(pilot, lambda: isinstance(app.screen, MemberDialog))
            await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 4)
            await pilot.press(*["o"] * presses)
            await until(pilot, lambda title=title: f"Look at member {title}" in shown(pilot))
            await pilot.press("home", "down", "enter")
            await until(pilot, lambda: not isinstance(app.screen, MemberDialog))
            rows = lab.view.history.series["train" if expected is min else "dev"]  # type: ignore[union-attr]
            column = "loss" if expected is min else "accuracy"
            figures = {m: rows.value(column, 20, m) for m in (1, 2)}
            assert lab.view.member == expected(figures, key=figures.__getitem__)


async def test_a_replay_keeps_to_the_member(tmp_path: Path, run: FakeRun) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await watching(pilot, run)
        await pilot.press("2", "n", "k")
        await until(pilot, lambda: lab.replay.player is not None)
        await pilot.press("space", "end")
        assert lab.view.member == 0
        await pilot.press("N")
        assert lab.view.member is None
        await until(pilot, lambda: "mean of 2" in shown(pilot))
        # Before any of them diverged all are in the mean.
        await pilot.press("home", "right", "right")
        await until(pilot, lambda: "mean of 3" in shown(pilot))


async def test_a_run_of_one_network_has_nothing_to_choose(tmp_path: Path) -> None:
    fake = FakeRun(tmp_path).begin()
    fake.train([1.0] * 20)
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await watching(pilot, fake)
        await pilot.press("n", "M")
        assert lab.view.member == 0
        await until(pilot, lambda: "this run has one network" in shown(pilot))
        assert "×" not in shown(pilot)
    fake.close()
