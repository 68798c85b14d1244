"""The lab's parts, without a screen: what they hold, and what their commands make of it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isfunction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tui.lab.messages import Messages
from tui.lab.opening import Choices, Memory, Opening
from tui.lab.pacing import Pacing
from tui.lab.part import HINTS
from tui.lab.reading import Reading
from tui.lab.replay import Replay
from tui.lab.screen import Lab
from tui.style.look import Look
from tui.watching.cast import Cast
from tui.watching.view import View

MOST_METHODS = 40


class BareScreen:
    """What a part sees of a screen, and nothing of Textual."""

    def __init__(self, memory: Memory) -> None:
        self.opening = Opening(memory=memory)
        self.view, self.look = View(), Look()
        self.app: Any = SimpleNamespace(theme="")
        self.run_situation = "setup"
        self.bulletin: Any = None
        self.entries: Any = ()
        self.timers: list[Callable[[], None]] = []
        self.shown = 0

    def has(self, need: str) -> bool:
        return False

    def show_now(self) -> None:
        self.shown += 1

    def wake(self) -> None:
        self.shown += 1

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Any:
        self.timers.append(callback)
        return SimpleNamespace(stop=lambda: self.timers.remove(callback))


@pytest.fixture
def screen(tmp_path: Path) -> Any:
    return BareScreen(Memory(tmp_path / "lab.json"))


@pytest.fixture
def messages(screen: Any) -> Messages:
    return Messages(screen)


def test_the_screen_has_its_parts_and_is_not_them() -> None:
    ours = [kind for kind in Lab.__mro__ if kind.__module__.startswith("tui.")]
    methods = {
        name
        for kind in ours
        for name, value in vars(kind).items()
        if isfunction(value) or isinstance(value, property | staticmethod | classmethod)
    }
    assert len(methods) <= MOST_METHODS


def test_what_was_done_is_said_for_a_while_and_what_failed_until_a_key(
    screen: Any, messages: Messages
) -> None:
    messages.say("saved")
    messages.heed()
    assert screen.bulletin.entry.words == "saved"
    screen.timers[0]()
    assert screen.bulletin is None
    messages.complain("no room")
    assert screen.timers == []
    messages.heed()
    assert screen.bulletin is None
    assert [entry.words for entry in screen.entries] == ["saved", "no room"]


def test_a_key_that_does_nothing_is_told_of_and_not_kept(screen: Any, messages: Messages) -> None:
    messages.refuse("nothing to step back to")
    assert screen.bulletin.entry.words == "nothing to step back to"
    assert screen.entries == ()


def test_the_hint_follows_the_situation(screen: Any, messages: Messages) -> None:
    assert messages.hint == HINTS["setup"]
    screen.run_situation = "live"
    assert messages.hint == ""


def test_how_a_run_is_read_is_shown_at_once_and_remembered(
    screen: Any, messages: Messages, tmp_path: Path
) -> None:
    reading = Reading(screen, messages, screen.opening.memory, lambda: 80)
    reading.action_toggle_log()
    reading.action_next_smoothing()
    assert (reading.lens.log, reading.lens.smoothing, screen.shown) == (True, 1, 2)
    kept = Memory(tmp_path / "lab.json").choices
    assert (kept.log, kept.smoothing, kept.palette) == (True, 1, screen.look.palette.name)


def test_without_a_population_there_is_no_member_to_choose(screen: Any, messages: Messages) -> None:
    reading = Reading(screen, messages, screen.opening.memory, lambda: 80)
    reading.action_next_member(1)
    assert reading.lens.member is None
    assert "one network" in screen.bulletin.entry.words


def test_keys_for_a_replay_that_is_still_read_wait_and_say_so(
    screen: Any, messages: Messages
) -> None:
    reading = Reading(screen, messages, screen.opening.memory, lambda: 80)
    replay = Replay(screen, Cast(), messages, reading)
    replay.action_play_end()
    assert screen.shown == 0, "where nothing is replayed the key does nothing"
    replay.start_soon(None)
    assert (replay.awaiting, replay.transport) == (True, None)
    replay.action_play_faster(1)
    assert "still being read" in messages.note
    assert screen.opening.memory.choices.paced
    replay.leave()
    assert not replay.awaiting


def test_who_goes_to_the_newest_step_is_told_once_what_that_means(
    screen: Any, messages: Messages
) -> None:
    screen.opening.memory.keep(Choices())
    reading = Reading(screen, messages, screen.opening.memory, lambda: 80)
    pacing = Pacing(screen, Replay(screen, Cast(), messages, reading))
    assert not pacing.showing
    assert pacing.reach_worker()
    pacing.action_show_newest()
    pacing.action_show_newest()
    assert ["as they come" in entry.words for entry in screen.entries] == [True]
