"""The pane of runs: what is listed, what can be done, and what is sent."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.notes import Notes
from engine.runs.removal import size_of
from tests.labs import shown, until
from tests.runs import end, record, rows
from tui.dialogs.runs import DeleteDialog, RenameDialog, TagDialog, size_text
from tui.panes.picture import Picture
from tui.panes.runs.filter import FilterLine
from tui.panes.runs.list import RunList
from tui.panes.runs.messages import RunDeleted, RunOpened, RunOverlaid, RunResumed
from tui.panes.runs.pane import RunsPane
from tui.watching.view import Trace, View

NOW = 1_800_000_000.0


class Holder(App[None]):
    """A screen with nothing but the pane; what it asks for is kept."""

    def __init__(self, runs_dir: Path) -> None:
        super().__init__()
        self.pane = RunsPane(runs_dir, clock=lambda: NOW, poll_seconds=0.05, id="runs")
        self.asked: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    @on(RunOpened)
    @on(RunOverlaid)
    @on(RunDeleted)
    @on(RunResumed)
    def keep(self, message: Message) -> None:
        self.asked.append(message)


@contextlib.asynccontextmanager
async def opened(
    runs_dir: Path, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[None], RunsPane, Holder]]:
    app = Holder(runs_dir)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.pane.reader.whole)
        app.pane.query_one(RunList).focus()
        await pilot.pause()
        yield pilot, app.pane, app


def made(place: Path, name: str, minute: int, *events: Any, **result: Any) -> RunFolder:
    folder = RunFolder(place / f"{name}-20260101-00{minute:02}00-0001")
    record(folder, *(events or (rows(1, [0.5] * 3), end(**result))))
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Three runs that have ended: gamma is the newest, beta the best."""
    for minute, (name, accuracy) in enumerate((("alpha", 0.5), ("beta", 0.9), ("gamma", 0.7))):
        made(tmp_path, name, minute, test_accuracy=accuracy, seconds=minute + 1.0)
    return tmp_path


def names(pane: RunsPane) -> list[str]:
    """The presets of what is listed, in its order."""
    return [run.preset for run in pane.query_one(RunList).runs]


def chosen(pane: RunsPane) -> str:
    return pane.chosen.preset if pane.chosen else ""


async def test_runs_are_listed_newest_first(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        assert names(pane) == ["gamma", "beta", "alpha"]
        text = shown(pilot)
        assert "✓ finished" in text
        assert "0.9000 acc" in text
        assert "gamma-20260101-000200-0001" in text
        assert str(pane.border_subtitle).startswith("3 runs")


async def test_no_runs_are_words(tmp_path: Path) -> None:
    async with opened(tmp_path / "none") as (pilot, pane, _):
        await until(pilot, lambda: "There are no runs yet" in shown(pilot))
        for key in ("enter", "c", "n", "m", "D", "down", "pagedown", "end", "ctrl+o"):
            await pilot.press(key)
        assert pane.chosen is None


async def test_keys_choose_a_run_and_enter_and_c_ask_for_it(place: Path) -> None:
    async with opened(place) as (pilot, pane, app):
        for key, found in (
            ("down", "beta"),
            ("down", "alpha"),
            ("down", "alpha"),
            ("home", "gamma"),
            ("up", "gamma"),
            ("end", "alpha"),
            ("pageup", "gamma"),
            ("pagedown", "alpha"),
        ):
            await pilot.press(key)
            assert chosen(pane) == found, key
        await pilot.press("enter", "up", "c")
        await until(pilot, lambda: len(app.asked) == 2)
        first, second = app.asked
        assert isinstance(first, RunOpened)
        assert first.folder.name.startswith("alpha")
        assert isinstance(second, RunOverlaid)
        assert second.folder.name.startswith("beta")


async def test_the_mouse_chooses_and_a_double_click_opens(place: Path) -> None:
    async with opened(place) as (pilot, pane, app):
        await pilot.click("#run-list", offset=(5, 1))
        assert chosen(pane) == "beta"
        assert app.asked == []
        await pilot.click("#run-list", offset=(5, 2), times=2)
        await until(pilot, lambda: app.asked)
        assert chosen(pane) == "alpha"
        assert isinstance(app.asked[0], RunOpened)


async def test_the_orders_of_the_list(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        await pilot.press("down")
        for order, words in (
            (["beta", "gamma", "alpha"], "best first"),
            (["alpha", "beta", "gamma"], "by name"),
            (["gamma", "beta", "alpha"], "longest first"),
            (["gamma", "beta", "alpha"], "newest first"),
        ):
            await pilot.press("ctrl+o")
            assert names(pane) == order
            assert words in str(pane.border_subtitle)
            assert chosen(pane) == "beta", "the run that is chosen stays so"


async def test_a_filter_lists_some_and_a_wrong_one_says_why_and_changes_nothing(
    place: Path,
) -> None:
    async with opened(place) as (pilot, pane, _):
        await pilot.press("slash", *"result.test_accuracy", "greater_than_sign", *"0.6")
        assert names(pane) == ["gamma", "beta"]
        assert "2 of 3 runs" in str(pane.border_subtitle)
        line = pane.query_one(FilterLine)
        line.value = "result.test_accuracy>0.6 stat=x"
        await pilot.pause()
        assert names(pane) == ["gamma", "beta"]
        assert "did you mean state?" in shown(pilot)
        line.value = "result.test_accuracy>0.6"
        await pilot.press("enter")
        assert isinstance(pilot.app.focused, RunList)
        assert "did you mean" not in shown(pilot)
        assert pane.query_one(FilterLine).display
        await pilot.press("escape")
        assert len(names(pane)) == 3
        assert not pane.query_one(FilterLine).display


async def test_escape_in_the_filter_takes_it_away(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        await pilot.press("slash", *"nothing")
        assert names(pane) == []
        assert "No run is such" in shown(pilot)
        await pilot.press("escape")
        assert len(names(pane)) == 3
        assert isinstance(pilot.app.focused, RunList)
        await pilot.press("slash", *"cfg.x", "equals_sign", "1")
        assert "no run here has cfg.x" in shown(pilot)
        assert not pane.query_one("#why", Static).has_class("-wrong")


async def test_a_run_is_named_and_its_folder_keeps_its_own(place: Path) -> None:
    async with opened(place) as (pilot, pane, app):
        await pilot.press("down", "n")
        await until(pilot, lambda: isinstance(pilot.app.screen, RenameDialog))
        await pilot.press(*"best", "enter")
        await until(pilot, lambda: pane.chosen and pane.chosen.notes.name == "best")
        assert chosen(pane) == "beta"
        assert (place / "beta-20260101-000100-0001").is_dir()
        assert "best" in shown(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, RenameDialog))
        pilot.app.screen.query_one(Input).value = "last"
        await pilot.press("enter")
        await until(
            pilot, lambda: "always means" in " ".join(n.message for n in app._notifications)
        )
        assert Notes.load(pane.chosen.folder).name == "best"  # type: ignore[union-attr]


async def test_a_run_is_tagged_and_the_filter_finds_it(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        await pilot.press("down", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TagDialog))
        await pilot.press(*"good", "space", *"#lecture", "enter")
        await until(pilot, lambda: pane.chosen and pane.chosen.notes.tags == ("good", "lecture"))
        assert 'tags = ["good", "lecture"]' in pane.chosen.folder.notes.read_text()  # type: ignore[union-attr]
        await until(pilot, lambda: "#good" in shown(pilot))
        await pilot.press("slash", *"tag", "equals_sign", *"good", "enter")
        await until(pilot, lambda: len(pane.query_one(RunList).runs) == 1)
        assert chosen(pane) == "beta"
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TagDialog))
        assert pilot.app.screen.query_one(Input).value == "good lecture"
        await pilot.press("ctrl+a", "delete", "enter")
        await until(pilot, lambda: not pane.query_one(RunList).runs)


async def test_a_pinned_run_stands_first_until_it_is_unpinned(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        await pilot.press("end", "m")
        await until(pilot, lambda: names(pane) == ["alpha", "gamma", "beta"])
        assert chosen(pane) == "alpha"
        await pilot.press("m")
        await until(pilot, lambda: names(pane) == ["gamma", "beta", "alpha"])


async def test_a_run_is_deleted_only_after_a_yes(place: Path) -> None:
    async with opened(place) as (pilot, pane, app):
        for answer in ("escape", "n", "enter"):
            await pilot.press("down", "delete")
            await until(pilot, lambda: isinstance(pilot.app.screen, DeleteDialog))
            run = pane.chosen
            assert run is not None
            size = size_text(size_of(run.folder))
            await until(pilot, lambda size=size: size in shown(pilot))
            assert run.folder.name in shown(pilot)
            await pilot.press(answer)
            await until(pilot, lambda: not isinstance(pilot.app.screen, DeleteDialog))
        assert len(list(place.iterdir())) == 3
        await pilot.press("home", "D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DeleteDialog))
        await pilot.press("y")
        await until(pilot, lambda: names(pane) == ["beta", "alpha"])
        assert [type(message) for message in app.asked] == [RunDeleted]
        assert not (place / "gamma-20260101-000200-0001").exists()
        assert chosen(pane) == "beta"


async def test_a_run_is_asked_to_go_on(place: Path) -> None:
    async with opened(place) as (pilot, pane, app):
        await pilot.press("g")
        assert [type(message) for message in app.asked] == [RunResumed]
        assert pane.chosen is not None
        assert app.asked[0].folder == pane.chosen.folder  # type: ignore[attr-defined]


async def test_a_run_that_goes_on_is_not_deleted(place: Path) -> None:
    made(place, "going", 9, rows(1, [0.5]))
    async with opened(place) as (pilot, pane, app):
        assert chosen(pane) == "going"
        await pilot.press("D")
        await until(pilot, lambda: app._notifications)
        assert "stop it before" in " ".join(n.message for n in app._notifications)
        assert not isinstance(pilot.app.screen, DeleteDialog)
        assert (place / "going-20260101-000900-0001").is_dir()


async def test_new_runs_and_new_ends_appear_by_themselves(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        await pilot.press("down")
        made(place, "new", 30, rows(1, [0.5]))
        await until(pilot, lambda: names(pane)[0] == "new")
        assert chosen(pane) == "beta"
        assert "● running" in shown(pilot)


async def test_of_a_thousand_only_those_that_are_seen_are_drawn(tmp_path: Path) -> None:
    for index in range(60):
        made(tmp_path, f"run{index:02}", index % 60)
    async with opened(tmp_path) as (pilot, pane, _):
        runs = pane.query_one(RunList)
        assert len(runs._strips) == runs.size.height
        await pilot.press("end")
        assert "run00" in shown(pilot)
        await pilot.press("pageup", "home")
        assert "run59" in shown(pilot)
        await pilot.press("pagedown", "pagedown")
        assert runs.top > 0


async def test_runs_whose_curves_are_drawn_are_marked(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        gamma, beta, _alpha = (run.folder.name for run in pane.facts)
        pane.view = View(run=gamma, others=(Trace(history=History(), run=beta, slot=2),))
        await pilot.pause()
        marked = [line for line in shown(pilot).split("\n") if "━━" in line]
        assert ["gamma" in marked[0], "beta" in marked[1], len(marked)] == [True, True, 2]


async def test_where_nothing_has_changed_nothing_is_sent(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(place) as (pilot, pane, _):
        sent: list[Any] = []
        monkeypatch.setattr(Widget, "refresh", lambda self, *_, **__: sent.append(self))
        for version in range(5):
            pane.view = replace(pane.view, version=version, step=version)
            pane.poll()
            await until(pilot, lambda: not pane.reader.busy)
        assert sent == []


async def test_moving_the_cursor_sends_only_the_rows_it_leaves_and_enters(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(place, (120, 30)) as (pilot, pane, _):
        runs, sent = pane.query_one(RunList), list[Region]()
        refresh = runs.refresh
        monkeypatch.setattr(
            runs, "refresh", lambda *regions, **kw: (sent.extend(regions), refresh(*regions, **kw))
        )
        await pilot.press("down")
        assert [region.y for region in sent] == [0, 1]


async def test_a_hidden_list_is_not_read(place: Path) -> None:
    async with opened(place) as (pilot, pane, _):
        pane.display = False
        await pilot.pause()
        await until(pilot, lambda: not pane.reader.busy)
        pane.poll()
        assert not pane.reader.busy
        made(place, "new", 30)
        pane.display = True
        await until(pilot, lambda: "new" in names(pane))


async def test_what_cannot_be_read_is_told_in_place(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.runs.catalogue import Archive

    async with opened(place) as (pilot, pane, _):
        monkeypatch.setattr(Archive, "runs", lambda self: 1 / 0)
        await until(pilot, lambda: Picture.failures)
        Picture.failures.clear()
        monkeypatch.undo()
        await until(pilot, lambda: not pane.reader.busy)
        Picture.failures.clear()
        assert len(names(pane)) == 3


@pytest.mark.parametrize("size", [(1, 1), (6, 3), (40, 6), (46, 34), (60, 55), (200, 60)])
async def test_every_size_is_drawn(place: Path, size: tuple[int, int]) -> None:
    Notes(name="損失 \x1b[31m").save(RunFolder(place / "alpha-20260101-000000-0001"))
    (place / "odd").mkdir()
    (place / "odd" / "recording.jsonl").write_bytes(b"\x89PNG\n")
    async with opened(place, size) as (pilot, pane, _):
        await pilot.press("down", "end", "slash", "q", "enter")
        assert names(pane) == []
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")
        assert len(names(pane)) == 4
        assert "\x1b" not in shown(pilot)


def test_sizes_are_told_as_people_say_them() -> None:
    assert [size_text(size) for size in (3, 1500, 2.5e6, 3e9)] == [
        "3 bytes",
        "1.5 kB",
        "2.5 MB",
        "3 GB",
    ]
