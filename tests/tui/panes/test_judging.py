"""Networks judged while the lab goes on: by another process, and only while that is looked at."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from engine.errors import RequestError
from engine.recording.history import History
from engine.results.asked_rows import rows_of_set
from engine.results.evaluation.evaluation import evaluation, plain_object
from engine.results.evaluation.judgement import Judgement
from engine.results.run import of_folder
from engine.runs.folder import RunFolder
from tests.experiments import MOONS, experiment
from tests.labs import until
from tests.trained import recorded
from tui.drawing.lists.status import Standing
from tui.panes import judging
from tui.panes.network import NetworkPane
from tui.panes.picture import Picture
from tui.pictures.judge import judge
from tui.watching.view import View
from tui.watching.watch import Watch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    spec = experiment(MOONS, train={"epochs": 30})
    return recorded(spec, tmp_path_factory.mktemp("runs") / "moons")[0]


@pytest.fixture(scope="module")
def history(folder: RunFolder) -> History:
    watch = Watch(folder)
    watch.poll()
    return watch.history


@pytest.fixture(scope="module")
def judgement(folder: RunFolder) -> Judgement:
    run = of_folder(folder)
    return Judgement.from_plain(plain_object(evaluation(run, rows_of_set(run, None), 3, None)))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(judging, "PATIENCE", 0.001)
    monkeypatch.setattr(judging, "PERIOD", 0.001)
    Picture.failures.clear()
    yield
    assert not Picture.failures


class Child:
    """Judges what it is asked to, once it is let."""

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement
        self.asked: list[tuple[Path, int]] = []
        self.ended = 0
        self.trouble = ""
        self.gate = asyncio.Event()

    async def __call__(self, folder: Path, member: int, say: Callable[[str], None]) -> Judgement:
        self.asked.append((folder, member))
        say("what each column is worth: 1 of 2")
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended += 1
            raise
        if self.trouble:
            raise RequestError(self.trouble)
        return self.judgement


class Hall(App[None]):
    """The pane alone."""

    def compose(self) -> ComposeResult:
        yield NetworkPane(id="network")


@asynccontextmanager
async def hall(child: Child) -> AsyncIterator[tuple[Pilot[None], NetworkPane]]:
    app = Hall()
    async with app.run_test(size=(60, 40)) as pilot:
        pane = app.query_one(NetworkPane)
        pane._judging._judge = child
        yield pilot, pane


def view_of(history: History, folder: RunFolder, **changes: object) -> View:
    return replace(
        View(
            history=history,
            run="moons",
            folder=folder.recording.parent,
            step=history.last_step,
            version=history.version,
            standing=Standing(state="ended"),
            weights="best",
            exhibit="evaluation",
        ),
        **changes,  # type: ignore[arg-type]
    )


def words(pane: NetworkPane) -> str:
    return " ".join(pane.text.split())


async def test_it_is_judged_once_and_shows_how_far_that_is(folder, history, judgement) -> None:
    child = Child(judgement)
    async with hall(child) as (pilot, pane):
        pane.view = view_of(history, folder)
        await until(pilot, lambda: "what each column is worth: 1 of 2" in words(pane))
        child.gate.set()
        await until(pilot, lambda: "accuracy" in words(pane))
        assert "the worst rows" in words(pane)
        pane.view = view_of(history, folder, exhibit="weights")
        pane.view = view_of(history, folder)
        await until(pilot, lambda: "accuracy" in words(pane))
        assert child.asked == [(folder.recording.parent, 0)]


async def test_nobody_waits_for_what_nobody_looks_at(folder, history, judgement) -> None:
    child = Child(judgement)
    async with hall(child) as (pilot, pane):
        pane.view = view_of(history, folder)
        await until(pilot, lambda: child.asked)
        pane.view = view_of(history, folder, exhibit="weights")
        await until(pilot, lambda: child.ended == 1)
        pane.view = view_of(history, folder)
        await until(pilot, lambda: len(child.asked) == 2)
        pane.display = False
        await until(pilot, lambda: child.ended == 2)


async def test_what_cannot_be_judged_says_why(folder, history, judgement) -> None:
    child = Child(judgement)
    child.trouble = "own.csv: is not there"
    child.gate.set()
    async with hall(child) as (pilot, pane):
        pane.view = view_of(history, folder)
        await until(pilot, lambda: "It cannot be judged: own.csv: is not there" in words(pane))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": "last"}, "with its best weights: B shows them"),
        ({"weights": "", "cursor": 3}, "by what its run came to: end goes there"),
        ({"standing": Standing(state="crashed")}, "has crashed and came to no result"),
    ],
)
async def test_the_test_set_is_touched_once(changes, said, folder, history, judgement) -> None:
    child = Child(judgement)
    async with hall(child) as (pilot, pane):
        pane.view = view_of(history, folder, **changes)
        await until(pilot, lambda: said in words(pane))
        assert child.asked == []


async def test_a_run_that_goes_on_is_not_judged_yet(folder, history, judgement) -> None:
    going = History()
    going.add(history.header)
    async with hall(Child(judgement)) as (pilot, pane):
        standing = Standing(state="running")
        pane.view = view_of(going, folder, weights="", standing=standing)
        await until(pilot, lambda: "this one goes on" in words(pane))


async def test_the_process_judges_a_run_or_says_why_not(
    folder, judgement, tmp_path, monkeypatch
) -> None:
    doing: list[str] = []
    made = await judge(folder.recording.parent, 0, doing.append)
    assert made.figures == judgement.figures
    assert doing[0] == "reading the recording and its data"
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\necho own.csv: is not there >&2\nexit 2\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(failing))
    with pytest.raises(RequestError, match=r"^own\.csv: is not there$"):
        await judge(folder.recording.parent, 0, doing.append)
