"""The presenter's second screen, in memory and as a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from textual.pilot import Pilot

from engine.lectures import lecture as lectures
from engine.presets import preset as presets
from engine.recording.events import Header, MarkReached
from engine.runs.notes import NotedMark, Notes
from tests.labs import FakeRun, shown, until
from tests.runs import header
from tests.terminals import Terminal
from tui.lecture.following import programme_of
from tui.lecture.notes_screen import NotesApp, NotesPart, SpeakerPart
from tui.lecture.presented import Presented, Programme, ShownRun
from tui.lecture.presenting import FOLDER, GONE, Presenter, path_of
from tui.lecture.prompter import Prompter
from tui.replay.next_mark import promises_of
from tui.terminal.frame_clock import Clock

SIZE = (100, 30)
NOW = 10_000.0


class Time:
    """The time of day, moved by hand."""

    def __init__(self, at: float = NOW) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class Hall:
    """A presenter with a run and a lecture, who says at once whatever is new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = FakeRun(folder).begin()
        self.run.train([1.0 / step for step in range(1, 61)])
        self.script = lectures.load("gradients")
        self._time = 0.0
        self.presenter = Presenter(folder, "gradients", lambda: self._time)
        self.presented = Presented(
            runs=(ShownRun(place=self.run.folder.name),), head=20, programme=self.programme(1)
        )

    def programme(self, scene: int, lecture: float = 252, scene_: float = 100) -> Programme:
        return programme_of(self.script, scene, NOW - lecture, NOW - scene_)

    def show(self, **changes: Any) -> None:
        self._time += 1
        self.presented = replace(self.presented, **changes)
        self.presenter.show(self.presented)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    found = Hall(tmp_path)
    yield found
    found.presenter.close()
    found.run.close()


def notes_app(folder: Path, now: Time | None = None) -> NotesApp:
    return NotesApp(folder, "gradients", clock=Clock(50.0), now=now or Time())


async def shows(pilot: Pilot[Any], *words: str) -> None:
    await until(pilot, lambda: all(word in shown(pilot) for word in words))


async def test_it_shows_the_scene_the_notes_the_time_and_what_comes(hall: Hall) -> None:
    hall.show()
    async with notes_app(hall.folder).run_test(size=SIZE) as pilot:
        await shows(pilot, "The update, written out", "step 20/3 000", "loss 0.05000", "paused")
        assert "2/10" in shown(pilot)
        assert "Six points in three classes." in shown(pilot)
        assert "4:12 / 19:00" in shown(pilot)
        assert "1:40 / 2:30" in shown(pilot)
        assert "step 50, in 30 · The boundary is still a line" in shown(pilot)
        assert "next    The gradient on paper" in shown(pilot)


async def test_it_follows_the_presenter(hall: Hall) -> None:
    hall.show()
    async with notes_app(hall.folder).run_test(size=SIZE) as pilot:
        await shows(pilot, "step 20/3 000")
        hall.show(head=33, playing=True, blank=True)
        await shows(pilot, "step 33/3 000", "playing 1x", "the screen is blank", "in 17")
        hall.show(head=None, programme=hall.programme(2))
        await shows(pilot, "The gradient on paper", "step 60/3 000", "running")
        hall.show(runs=(), programme=hall.programme(0))
        await shows(pilot, "Downhill", "no run")


async def test_before_and_after_it_says_that_nobody_presents(hall: Hall) -> None:
    async with notes_app(hall.folder).run_test(size=SIZE) as pilot:
        await shows(pilot, "Nobody presents it yet.", "epochal lecture gradients")
        hall.show()
        await shows(pilot, "The update, written out", "step 20/3 000")
        hall.presenter.close()
        await shows(pilot, "The presenter is gone", "step 20/3 000", "Six points")


async def test_a_file_of_a_newer_version_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    path_of(tmp_path, "gradients").write_text('{"format": 99}')
    async with notes_app(tmp_path).run_test(size=SIZE) as pilot:
        await shows(pilot, "(format 99); update this one to follow")


async def test_long_notes_scroll_and_another_scene_begins_at_the_top(hall: Hall) -> None:
    hall.show()
    async with notes_app(hall.folder).run_test(size=(60, 16)) as pilot:
        await shows(pilot, "Six points")
        notes = pilot.app.query_one(NotesPart)
        await pilot.press("down", "down")
        await until(pilot, lambda: notes.scroll_offset.y == 2)
        assert "Six points" not in shown(pilot)
        await pilot.press("up")
        await until(pilot, lambda: notes.scroll_offset.y == 1)
        await pilot.press("pagedown")
        await until(pilot, lambda: notes.scroll_offset.y == notes.size.height)
        await pilot.press("end")
        await shows(pilot, "the slopes are small.")
        await pilot.press("home")
        await shows(pilot, "Six points")
        await pilot.press("end")
        hall.show(programme=hall.programme(2))
        await shows(pilot, "Read it backwards")
        assert notes.scroll_offset.y == 0


async def test_q_quits(tmp_path: Path) -> None:
    app = notes_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (30, 10), (40, 6), (80, 24), (200, 60)])
async def test_at_every_size_it_says_what_it_can(hall: Hall, size: tuple[int, int]) -> None:
    hall.show()
    async with notes_app(hall.folder).run_test(size=size) as pilot:
        await until(
            pilot, lambda: pilot.app.query_one("#foot", SpeakerPart).speaker.foot is not None
        )
        if size[0] >= 30:
            await shows(pilot, "step 20")
            assert "The update" in shown(pilot) or size[0] < 40
            assert "Six points" in shown(pilot)


class Drawn:
    """Counts what is sent of each part."""

    def __init__(self, app: NotesApp, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parts: list[str] = []
        for name in ("heading", "clock", "notes", "foot"):
            part = app.query_one(f"#{name}", SpeakerPart)
            refresh = part.refresh

            def counted(*regions: Any, _of: Any = refresh, _name: Any = part.id, **how: Any) -> Any:
                self.parts.append(_name)
                return _of(*regions, **how)

            monkeypatch.setattr(part, "refresh", counted)


async def test_a_second_draws_the_clock_alone_and_less_than_that_nothing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.show()
    now = Time()
    app = notes_app(hall.folder, now)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "step 20/3 000", "4:12")
        await pilot.pause()
        drawn = Drawn(app, monkeypatch)
        polls = Mock(wraps=app._prompter.poll)
        monkeypatch.setattr(app._prompter, "poll", polls)
        now.at += 0.5
        hall.show()
        await until(pilot, lambda: polls.call_count > 3)
        assert drawn.parts == []
        now.at += 0.5
        await shows(pilot, "4:13")
        assert set(drawn.parts) == {"clock"}
        hall.show(head=21)
        await shows(pilot, "step 21/3 000")
        assert set(drawn.parts) == {"clock", "foot"}


async def test_what_takes_longer_than_planned_is_seen(hall: Hall) -> None:
    hall.show(programme=hall.programme(1, lecture=1141, scene_=151))
    async with notes_app(hall.folder).run_test(size=SIZE) as pilot:
        await shows(pilot, "+19:01 / 19:00", "+2:31 / 2:30")


# --- what it reads of the run ----------------------------------------------------------------


def test_a_mark_added_later_comes_next_and_one_that_is_reached_is_said(hall: Hall) -> None:
    hall.run.tell(MarkReached(step=20, title="Now", note="Look.", pause=True))
    Notes(marks=(NotedMark(step=44, title="Added", note="By hand."),)).save(hall.run.folder)
    hall.show()
    foot = Prompter(hall.folder, "gradients").poll().foot
    assert foot is not None
    assert foot.here is not None
    assert foot.mark is not None
    assert (foot.here.title, foot.here.pause) == ("Now", True)
    assert (foot.mark.step, foot.mark.title, foot.mark.note) == (44, "Added", "By hand.")


def test_a_mark_of_the_preset_is_foreseen_only_while_the_run_goes_on(hall: Hall) -> None:
    hall.show(head=60)
    foot = Prompter(hall.folder, "gradients").poll().foot
    assert foot is not None
    assert foot.mark is not None
    assert foot.mark.step is not None
    assert foot.mark.step > 60
    hall.run.end()
    foot = Prompter(hall.folder, "gradients").poll().foot
    assert foot is not None
    assert foot.mark is None
    assert foot.shown.steps == 60


def test_a_presenter_who_is_gone_is_said_to_be(hall: Hall) -> None:
    clock = Time(0.0)
    hall.show()
    prompter = Prompter(hall.folder, "gradients", clock)
    assert not prompter.poll().heading.wrong
    clock.at += GONE + 1
    speaker = prompter.poll()
    assert speaker.heading.wrong
    assert speaker.notes.startswith("Six points")


def test_a_run_that_is_no_more_or_not_yet_there_is_no_reason_to_fall(hall: Hall) -> None:
    hall.show(runs=(ShownRun(place="never"), ShownRun(place=hall.run.folder.name)), head=None)
    foot = Prompter(hall.folder, "gradients").poll().foot
    assert foot is not None
    assert foot.shown.run == "never"
    assert foot.shown.words[:2] == ("beside 1 more", "starting")


def a_header(preset: str) -> Header:
    experiment = presets.load(preset).experiment
    return header(experiment=experiment.model_dump(mode="json", exclude_none=True))


def test_every_mark_of_every_preset_can_be_foreseen() -> None:
    seen = 0
    for listing in presets.catalogue():
        marks = presets.load(listing.name).experiment.marks
        promises = promises_of(a_header(listing.name))
        assert [each.title for each in promises] == [mark.title for mark in marks]
        for promise in promises:
            assert (promise.step is None) is bool(promise.when)
            assert not {"{", "}"} & set(promise.note)
        seen += len(marks)
    assert seen


def test_an_experiment_this_version_does_not_understand_promises_nothing() -> None:
    assert promises_of(header(experiment={"model": {"of": "tomorrow"}})) == ()


# --- as a process ----------------------------------------------------------------------------

PROGRAM = """
import sys
from pathlib import Path
from tui.opening import settle_environment
import os
settle_environment(os.environ)
from tui.lecture.notes_screen import NotesApp
app = NotesApp(Path(sys.argv[1]), sys.argv[2], now=lambda: float(sys.argv[3]))
app.run()
sys.exit(app.return_code)
"""


@pytest.fixture
def terminal(hall: Hall) -> Iterator[Terminal]:
    opened = Terminal(
        str(hall.folder), "gradients", str(NOW), program=("-c", PROGRAM), size=(90, 28)
    )
    yield opened
    opened.close()


@pytest.mark.terminal
def test_in_a_terminal_of_its_own_it_follows_through_the_folder_alone(
    hall: Hall, terminal: Terminal
) -> None:
    terminal.shows("Nobody presents it yet.")
    hall.show()
    terminal.shows("The update, written out", "step 20/3 000", "4:12 / 19:00")
    hall.show(head=55, playing=True)
    terminal.shows("step 55/3 000", "playing 1x")
    hall.show(programme=hall.programme(2))
    terminal.shows("The gradient on paper", "Read it backwards")
    hall.presenter.close()
    terminal.shows("The presenter is gone")
    assert sorted(path.name for path in hall.folder.iterdir()) == [hall.run.folder.name]
    assert [path.name for path in hall.run.folder.control.iterdir()] == []
    terminal.press("q")
    assert terminal.finish() == 0
    assert terminal.is_clean()


@pytest.mark.terminal
def test_where_nothing_changes_nothing_is_sent(hall: Hall, terminal: Terminal) -> None:
    hall.show()
    terminal.shows("step 20/3 000")
    # For longer than several looks at the folder.
    terminal.falls_silent(1.2)


@pytest.mark.terminal
def test_asked_to_end_from_outside_it_leaves_a_clean_terminal(
    hall: Hall, terminal: Terminal
) -> None:
    terminal.shows("Nobody presents it yet.")
    terminal.process.terminate()
    terminal.finish()
    assert terminal.is_clean()
