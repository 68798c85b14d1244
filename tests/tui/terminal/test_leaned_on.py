"""Each name of Textual and asyncio that nobody promises, tested for what it is leaned on for."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import ClassVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Vertical
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from tests.patience import DEADLINE
from tui.terminal.leaned_on import (
    KNOWN_SEQUENCES,
    PASTE_END,
    PASTE_START,
    BoundApp,
    Parser,
    ShownUnderDialogs,
    StyledWhereKeysMove,
    TerminalDriver,
    close_pipes,
    drawn_lines,
    is_drawn,
    is_idle,
    is_quiet,
)


class Page(ShownUnderDialogs):
    """A screen with one line."""

    def compose(self) -> ComposeResult:
        yield Static("line", id="line")


class Example(BoundApp):
    """An application that keeps what it was asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "bell"), Binding("b", "fail")]

    def __init__(self) -> None:
        super().__init__()
        self.bound: list[tuple[str, bool, bool]] = []

    def get_default_screen(self) -> Page:
        return Page()

    async def do_bound(self, key: str, *, urgent: bool) -> bool:
        done = await super().do_bound(key, urgent=urgent)
        self.bound.append((key, urgent, done))
        return done

    def action_fail(self) -> None:
        raise RuntimeError("it failed")

    def last_words(self) -> str:
        return f"The last words: {sys.exc_info()[1]}"


def test_textual_knows_the_sequences_of_keys() -> None:
    assert {"\x1b[A", "\x1bOP", "\x1b[[A"} <= KNOWN_SEQUENCES


def test_a_paste_has_its_marks() -> None:
    assert (PASTE_START, PASTE_END) == ("\x1b[200~", "\x1b[201~")


def test_the_parser_makes_keys_and_tells_when_it_waits() -> None:
    parser = Parser()
    (key,) = parser.feed("\x1b[A")
    assert isinstance(key, events.Key)
    assert key.key == "up"
    assert not parser.waits
    list(parser.feed("\x1b[?9999999"))
    assert parser.waits


def test_a_renewed_parser_waits_for_nothing_and_knows_where_the_mouse_is() -> None:
    parser = Parser()
    list(parser.feed("\x1b[<35;5;7M"))
    parser.terminal_size, parser.mouse_pixels = (80, 24), True
    list(parser.feed("\x1b[?9999999"))
    renewed = parser.renewed()
    assert not renewed.waits
    assert (renewed.last_x, renewed.last_y) == (parser.last_x, parser.last_y) == (4, 6)
    assert (renewed.terminal_size, renewed.mouse_pixels) == ((80, 24), True)


async def test_a_driver_writes_to_the_terminal_and_knows_the_loop() -> None:
    driver = TerminalDriver(Example())
    assert driver.terminal is sys.__stderr__
    assert driver.loop is asyncio.get_running_loop()


async def test_a_driver_has_the_terminal_for_as_long_as_its_thread_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = {each: signal.getsignal(each) for each in (signal.SIGWINCH, signal.SIGCONT)}
    driver, over = TerminalDriver(Example()), threading.Event()
    with Path(os.devnull).open("r+") as nowhere:
        monkeypatch.setattr(driver, "_file", nowhere)
        monkeypatch.setattr(driver, "fileno", nowhere.fileno())
        monkeypatch.setattr(driver, "run_input_thread", lambda: over.wait(DEADLINE))
        assert not driver.has_terminal
        driver.start_application_mode()  # type: ignore[no-untyped-call]
        assert driver.has_terminal
        over.set()
        driver.stop_application_mode()
        assert not driver.has_terminal
        driver.close()
    for each, handler in kept.items():
        signal.signal(each, handler)


async def test_every_key_is_asked_for_twice_and_tells_whether_it_did_something() -> None:
    app = Example()
    async with app.run_test() as pilot:
        await pilot.press("a", "x")
        assert app.bound == [
            ("a", True, False),
            ("a", False, True),
            ("x", True, False),
            ("x", False, False),
        ]


async def test_last_words_are_printed_once_the_terminal_is_clean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = Example()
    with pytest.raises(RuntimeError, match="it failed"):
        async with app.run_test() as pilot:
            await pilot.press("b")
    assert "The last words: it failed" in capsys.readouterr().err


async def test_under_a_dialog_only_what_has_changed_is_painted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Example()
    async with app.run_test() as pilot:
        page = app.screen
        dialog: ModalScreen[None] = ModalScreen()
        await app.push_screen(dialog)
        await pilot.pause()
        painted: list[int] = []
        refresh = dialog.refresh

        def noted(*regions: Region, **how: bool) -> Widget:
            painted.extend(region.height for region in regions or [page.region])
            return refresh(*regions, **how)

        monkeypatch.setattr(dialog, "refresh", noted)
        # What the dialog itself has covered is painted with the first.
        for words in ("other", "third"):
            painted.clear()
            page.query_one("#line", Static).update(words, layout=False)
            await pilot.pause()
        assert painted == [1]


async def test_a_dialog_that_is_gone_keeps_no_row() -> None:
    app = Example()
    async with app.run_test() as pilot:
        rows = []
        for _ in range(3):
            await app.push_screen(ModalScreen())
            await pilot.pause()
            await app.screen.mount(Static("a title"))
            await pilot.pause()
            app.pop_screen()
            await pilot.pause()
            gc.collect()
            rows.append(sum(isinstance(each, Strip) for each in gc.get_objects()))
        assert rows[0] == rows[1] == rows[2]


class Keys(Static, can_focus=True):
    """Something that can have the keys."""


class Form(StyledWhereKeysMove):
    """Rows that look different while the keys are in them, in a part that does too."""

    AUTO_FOCUS = ""
    CSS = """
    #part:focus-within { background: red; }
    .row:focus-within .label { color: red; }
    """

    def compose(self) -> ComposeResult:
        with Vertical(id="part"):
            for row in range(20):
                with Vertical(classes="row"):
                    yield Static("label", classes="label", id=f"label{row}")
                    yield Keys("keys", id=f"keys{row}")
        yield Keys("elsewhere", id="elsewhere")


async def test_only_what_looks_different_is_styled_when_the_keys_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        form = Form()
        await app.push_screen(form)
        red = Color.parse("red")
        styled: list[str | None] = []
        apply = app.stylesheet.apply
        monkeypatch.setattr(
            app.stylesheet,
            "apply",
            lambda node, **how: (styled.append(node.id), apply(node, **how)),
        )

        def red_ones() -> list[str | None]:
            parts = form.query_one("#part"), *form.query(".label")
            return [part.id for part in parts if red in (part.styles.background, part.styles.color)]

        for key, expected in (("keys3", ["part", "label3"]), ("keys4", ["part", "label4"])):
            styled.clear()
            form.set_focus(form.query_one(f"#{key}"))
            await pilot.pause()
            assert red_ones() == expected
        assert "keys4" in styled
        assert "label3" in styled
        assert "label9" not in styled
        form.set_focus(form.query_one("#elsewhere"))
        await pilot.pause()
        assert red_ones() == []
        form.set_focus(form.query_one("#keys0"))
        await pilot.pause()
        styled.clear()
    assert set(styled) <= {"keys0"}


async def test_an_application_is_quiet_once_all_it_was_told_is_done() -> None:
    app = Example()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert is_quiet(app)
        app.screen.post_message(events.Key("x", "x"))
        assert not is_quiet(app)
        await pilot.pause()
        assert is_quiet(app)
        app.call_later(lambda: None)
        assert not is_idle(app)
    assert is_idle(app)
    assert isinstance(app._driver, HeadlessDriver)


async def test_a_screen_tells_what_stands_on_it_and_whether_more_is_to_come() -> None:
    app = Example()
    async with app.run_test(size=(20, 3)) as pilot:
        await pilot.pause()
        assert is_drawn(app.screen)
        assert drawn_lines(app.screen)[0].text.rstrip() == "line"
        app.screen.query_one("#line", Static).update("changed")
        app.screen.refresh(layout=True)
        assert not is_drawn(app.screen)
        await pilot.pause()
        assert is_drawn(app.screen)
        assert drawn_lines(app.screen)[0].text.rstrip() == "changed"


async def test_a_process_that_has_ended_leaves_no_pipe_open() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ""), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    await process.wait()
    close_pipes(process)
    assert process.stdout is not None
    assert process._transport.is_closing()  # type: ignore[attr-defined]
