"""Keys that come in one piece act one after the other, wherever each of them leads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from tests.labs import FakeRun, lab_of, make_app, until
from tests.patience import DEADLINE
from tui.lab import setup as lab
from tui.terminal.keyboard import Keyboard
from tui.terminal.leaned_on import is_quiet
from tui.terminal.turns import Turns


class Question(ModalScreen[str]):
    """Asks for a word."""

    AUTO_FOCUS = "Input"

    def compose(self) -> ComposeResult:
        yield Input()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Fields(App[None]):
    """Two fields, and keys that lead from one to the other and to a question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go('second')"),
        Binding("up", "go('first')"),
        Binding("f2", "ask"),
    ]
    AUTO_FOCUS = "#first"

    answer = ""

    def compose(self) -> ComposeResult:
        with Vertical(), Vertical(), Vertical():
            yield Input("5", id="first", select_on_focus=False)
            yield Input(id="second", select_on_focus=False)

    def action_go(self, name: str) -> None:
        self.query_one(f"#{name}").focus()

    @work
    async def action_ask(self) -> None:
        self.answer = await self.push_screen_wait(Question())

    @property
    def texts(self) -> tuple[str, str]:
        first, second = self.query(Input)
        return first.value, second.value


TYPED: dict[bytes, tuple[str, str]] = {
    b"\x7f9": ("9", ""),
    b"\x1512 8": ("12 8", ""),
    b"\x1b[D4\x1b[F3": ("453", ""),
    b"\x1b[B7\x1b[A6\x1b[B8": ("56", "78"),
    b"\x1b[B16, 8\x17\x7f\x1b[H[\x1b[F]": ("5", "[16,]"),
    b"\x1b[200~1\x1b[201~\x7f2\x1b[200~3\x1b[201~": ("523", ""),
}
"""What is typed in one piece, and what the fields hold then."""


async def typed(app: App[Any], data: bytes, put: Callable[[Message], object]) -> None:
    """Type bytes as the driver does."""
    for message in Keyboard().feed(data):
        message.set_sender(app)
        put(message)


@pytest.mark.parametrize("data", TYPED, ids=str)
async def test_keys_of_one_piece_act_in_their_order(data: bytes) -> None:
    app = Fields()
    async with app.run_test():
        turns = Turns(app)
        await typed(app, data, turns.put)
        await turns.done()
        assert app.texts == TYPED[data]


async def test_without_turns_textual_itself_loses_the_order() -> None:
    """What the turns are for; they can go when this fails."""
    app = Fields()
    async with app.run_test() as pilot:
        await typed(app, b"\x7f9", app.post_message)
        await until(pilot, lambda: app.texts == ("5", ""))


async def test_a_question_that_a_key_brings_takes_the_keys_after_it() -> None:
    app = Fields()
    async with app.run_test():
        turns = Turns(app)
        await typed(app, b"1\x1bOQmoons\r2", turns.put)
        await turns.done()
        assert (app.answer, app.texts) == ("moons", ("512", ""))


async def test_keys_that_come_while_the_lab_opens_mean_what_they_will_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down chooses the next preset and space trains it, though neither was there yet."""
    read = threading.Event()
    entries = lab.preset_entries
    monkeypatch.setattr(lab, "preset_entries", lambda: (read.wait(DEADLINE), entries())[1])
    app, workers = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        turns = Turns(app)
        await typed(app, b"\x1b[B ", turns.put)
        await pilot.pause(0.05)
        assert app.is_opening
        assert not any(worker.given for worker in workers)
        read.set()
        await turns.done()
        await until(pilot, lambda: any(worker.given for worker in workers))
        [folder] = [worker.given[0] for worker in workers if worker.given]
        assert folder.name.startswith("two-moons-deeper-")
        assert not app.is_opening


async def test_who_wants_to_leave_while_the_lab_opens_need_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = threading.Event()
    monkeypatch.setattr(lab, "preset_entries", lambda: read.wait(DEADLINE) and ())
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        turns = Turns(app)
        await typed(app, b"x\x03", turns.put)
        await until(pilot, lambda: not app.is_running or app._exit)
        assert not read.is_set()
        read.set()


async def test_an_application_is_quiet_when_nothing_goes_on_and_only_then() -> None:
    app = Fields()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert is_quiet(app)
        app.query_one("#second").post_message(Input.Changed(app.query_one("#first", Input), "6"))
        assert not is_quiet(app)
        await pilot.pause()
        app.call_after_refresh(lambda: None)
        assert not is_quiet(app)


@pytest.mark.parametrize(("key", "seed"), [(b"r", 102), (b"R", 103)])
async def test_a_restart_that_is_asked_for_while_the_lab_opens_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: bytes, seed: int
) -> None:
    """The run that goes on is stopped, and the next one has the seed that was meant."""
    read = threading.Event()
    entries = lab.preset_entries
    monkeypatch.setattr(lab, "preset_entries", lambda: (read.wait(DEADLINE), entries())[1])
    run = FakeRun(tmp_path).begin()
    run.train([0.5])
    app, workers = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        turns = Turns(app)
        await typed(app, key, turns.put)
        await turns.done()
        assert lab_of(pilot).situation == "live"
        assert not list(run.folder.control.iterdir())
        read.set()
        await until(pilot, lambda: any(worker.given for worker in workers))
        assert list(run.folder.control.iterdir())
        [folder] = [worker.given[0] for worker in workers if worker.given]
        assert f"seed = {seed}" in folder.experiment_file.read_text("utf-8")
    run.close()
