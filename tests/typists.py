"""Random typing into every kind of field, slowly and as bad lines and late answers make it.

``python -m tests.typists 10000`` tries so many sequences; the suite tries some. Each is typed twice
into the real lab, through the driver's own reading of bytes: once key by key, everything done after
each; once in arbitrary pieces with arbitrary gaps, while what belongs to older text arrives late.
Both must end alike. Time is injected; nothing sleeps.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from textual import events
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, OptionList

from tests.labs import make_app
from tui.app import LabApp
from tui.dialogs.dialog import Dialog, MarkDialog
from tui.dialogs.runs import RenameDialog
from tui.dialogs.save_preset import SaveDialog
from tui.lab.screen import Lab
from tui.panes.setup import rows
from tui.panes.setup.field import TextField
from tui.panes.setup.form import Form
from tui.panes.setup.messages import SettingChanged
from tui.panes.setup.pane import SetupPane
from tui.panes.setup.rows import SettingRow
from tui.setup.draft import Draft
from tui.terminal.keyboard import Keyboard
from tui.terminal.turns import Turns

SIZE: Final = (80, 24)
PATIENCE: Final = 2.0
"""Seconds that a bare escape is waited on in a terminal that answers."""

OWN: Final = """
[data]
kind = "file"
path = "{path}"
task = "classes"
targets = ["kind"]
"""
"""A preset of one's own."""

DIGITS: Final = tuple("0123456789,.")
LETTERS: Final = tuple("eExyz -+_/=é…日🜚")
EDITS: Final = (
    *("\x7f", "\x7f", "\x1b[3~", "\x15", "\x17", "\x0b", "\x01", "\x05"),
    *("\x1b[D", "\x1b[C", "\x1bOD", "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[F", "\x1b[4~"),
    *("\x1b[1;5D", "\x1b[1;5C", "\x1bb", "\x1b[1;2D", "\x1b[1;2C"),
    *("\x1b[200~16\n8, 4\x1b[201~", "\x1b[200~é\x1b[201~"),
)
"""Backspace, delete, ``^U``, ``^W``, ``^K``, arrows, Home and End in every spelling, pastes."""
MOVES: Final = ("\x1b[B", "\x1b[A", "\r", "\x1b[6~", "\x1b[5~")
"""Keys that go to another field."""


@dataclass(frozen=True)
class Place:
    """Somewhere to type.

    Args:
        name: What kind of field it is.
        field: Its id in the setup, if it stands there.
        folds: What has to be unfolded for it.
        draft: What the setup shows.
        dialog: Opens what asks.
    """

    name: str
    field: str = ""
    folds: frozenset[str] = frozenset()
    draft: str = "two-moons"
    dialog: Callable[[], Dialog[Any]] | None = None


IN_THE_SETUP: Final = (
    Place("number", "train-seed"),
    Place("number with a point", "optimizer-lr"),
    Place("number that may be left out", "model-hidden-0-dropout", frozenset(("model.hidden[0]",))),
    Place("list", "model-hidden"),
    Place("list", "model-hidden", draft="sum-of-30"),
    Place("layer", "model-hidden-0-units"),
    Place("shares", "data-split", frozenset(("group data",))),
    Place("text", "title", frozenset(("group words",)), "own"),
    Place("notes", "marks-0-note", frozenset(("group words", "marks[0]")), "sum-of-30"),
    Place("path", "data-path", draft="own"),
)
ELSEWHERE: Final = (
    Place("filter"),
    Place("mark", dialog=lambda: MarkDialog("12")),
    Place("name", dialog=lambda: RenameDialog("two-moons-1", "mine")),
    Place("file", dialog=lambda: SaveDialog("two-moons-2")),
)
PLACES: Final = (*IN_THE_SETUP, *ELSEWHERE, *ELSEWHERE)


@dataclass(frozen=True)
class Typing:
    """What is typed, and how a line parts it."""

    number: int
    place: Place
    pieces: tuple[str, ...]
    parts: tuple[tuple[bytes, float], ...]
    slow: bool
    """Whether trying what was typed waits for a rest."""


def typing(number: int) -> Typing:
    """Return the sequence of a number."""
    random = Random(number)
    place = PLACES[number % len(PLACES)]
    moving = bool(place.field) and random.random() < 0.4
    alphabets: list[Sequence[str]] = [DIGITS, EDITS, MOVES if moving else (*LETTERS, *DIGITS)]
    pieces = tuple(random.choice(random.choice(alphabets)) for _ in range(random.randint(1, 8)))
    data = "".join(pieces).encode()
    count = random.choice((0, 1, 3, len(data)))
    cuts = sorted({0, len(data), *random.choices(range(len(data) + 1), k=count)})
    parts = [data[start:end] for start, end in itertools.pairwise(cuts)]
    gaps = [random.choice((0.0, 0.001, 0.05, 0.3, 0.9 * PATIENCE)) for _ in parts]
    return Typing(
        number, place, pieces, tuple(zip(parts, gaps, strict=True)), random.random() < 0.5
    )


class Delays:
    """Holds back what belongs to older text, until it is let go."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.holds = False
        self.held: list[Callable[[], Any]] = []
        """What waits: drafts on their way to the setup, and texts on their way to the lab."""
        self.rests: list[Callable[[], Any]] = []
        """What waits for the typing to rest."""

    @contextlib.contextmanager
    def patched(self) -> Iterator[None]:
        """Put itself in the way."""
        show, post = SetupPane.watch_draft, Form.post_message

        async def watch_draft(pane: SetupPane, draft: Draft | None) -> None:
            if self.holds:
                self.held.append(lambda: pane.call_next(show, pane, pane.draft))
            else:
                await show(pane, draft)

        def post_message(form: Form, message: Message) -> bool:
            if self.holds and isinstance(message, SettingChanged):
                self.held.append(lambda: post(form, message))
                return True
            return post(form, message)

        def set_timer(row: SettingRow, delay: float, callback: Callable[[], Any]) -> None:
            self.rests.append(callback)

        with (
            patch.object(SetupPane, "watch_draft", watch_draft),
            patch.object(Form, "post_message", post_message),
            patch.object(SettingRow, "set_timer", set_timer),
        ):
            yield

    def let_some_go(self) -> None:
        """Let go of none, of some or of all."""
        for waiting in (self.held, self.rests):
            for _ in range(self._random.choice((0, 0, 1, len(waiting)))):
                if waiting:
                    waiting.pop(0)()

    def let_go(self, *, rests: bool = True) -> bool:
        """Let go of all; return whether there was any."""
        going = self.held + (self.rests if rests else [])
        self.held.clear()
        if rests:
            self.rests.clear()
        for go in going:
            go()
        return bool(going)


class Typist:
    """Types into a lab, and says what it then shows."""

    def __init__(self, app: LabApp, lab: Lab, drafts: dict[str, Draft]) -> None:
        self.app, self.lab = app, lab
        self._drafts = drafts
        self.now = 0.0
        self.turns = Turns(app)
        self.delays = Delays(Random(0))
        self._answers: list[object] = []
        self._listed = {entry.name for entry in lab.presets}

    async def try_both(self, typing: Typing) -> tuple[object, object]:
        """Return what the lab shows after slow typing, and after the same over a bad line."""
        rows.SLOW = -1.0 if typing.slow else 1e9
        self.delays = Delays(Random(typing.number))
        with self.delays.patched():
            await self._begin(typing.place)
            await self._slowly(typing)
            slow = await self._end(typing.place)
            await self._begin(typing.place)
            await self._badly(typing)
            return slow, await self._end(typing.place)

    async def _begin(self, place: Place) -> None:
        """Bring the lab to where it always begins."""
        self._answers = []
        lab, form = self.lab, self.lab.query_one(Form)
        if form._open != place.folds or lab.draft is None or lab.draft.name != place.draft:
            form._open = set(place.folds)
            lab.draft = replace(self._drafts[place.draft])
        elif lab.draft.texts or lab.draft.tables != self._drafts[place.draft].tables:
            lab.draft = replace(self._drafts[place.draft])
        lab.pane = "setup" if place.field else "runs"
        await self._settle()
        if place.dialog is not None:
            self.app.push_screen(place.dialog(), self._answers.append)
        elif place.field:
            field = lab.query_one(f"#{place.field}", TextField)
            if lab.draft is not None and lab.draft.name not in self._listed:
                presets = lab.query_one("#presets", OptionList)
                with presets.prevent(OptionList.OptionHighlighted):
                    presets.highlighted = 0
            lab.set_focus(field)
            await self._settle()
            field.select_all()
        else:
            self._put(Keyboard().feed(b"/"))
        await self._settle()

    async def _settle(self) -> None:
        """Wait until everything is done that typing leads to."""
        await self.turns.done()
        while self.delays.let_go():
            await self.turns.done()

    def _put(self, messages: Iterator[Message]) -> None:
        for message in messages:
            message.set_sender(self.app)
            self.turns.put(message)

    async def _slowly(self, typing: Typing) -> None:
        for piece in typing.pieces:
            self._put(Keyboard().feed(piece.encode()))
            await self._settle()

    async def _badly(self, typing: Typing) -> None:
        keyboard = Keyboard(lambda: PATIENCE, lambda: self.now)
        moves = any(piece in MOVES for piece in typing.pieces)
        # A key that goes elsewhere has its turn when everything is done that came before, but for
        # what waits for a rest in the typing.
        self.delays.holds = not moves
        for part, gap in typing.parts:
            self.now += gap
            self._put(keyboard.tick())
            self._put(keyboard.feed(part))
            await self.turns.done()
            self.delays.let_some_go()
        self.delays.holds = False

    async def _end(self, place: Place) -> object:
        """Return what is shown, and take it away."""
        await self._settle()
        lab, screen = self.lab, self.app.screen
        seen = [each for each in screen.query(Input) if is_seen(each)]
        texts = {each.id or "dialog": each.value for each in seen}
        focused = screen.focused
        cursor = focused.selection if isinstance(focused, Input) else None
        assert lab.draft is not None
        # A copy: to take a dialog away is an answer too, and no part of what was typed.
        answers = [*self._answers]
        shown = (texts, focused and focused.id, cursor, lab.pane, lab.draft.tables, answers)
        if isinstance(screen, Dialog):
            screen.dismiss(None)
        elif not place.field:
            self._put(iter([events.Key("escape", "\x1b")]))
        await self._settle()
        return shown


def is_seen(field: Input) -> bool:
    """Whether a field stands on the screen, and so does its row."""
    return all(node.display for node in field.ancestors_with_self if isinstance(node, Widget))


async def show_nothing(screen: Lab, event: events.Idle) -> None:
    """Do what follows a repaint, without one."""
    event.prevent_default()
    screen._layout_required = screen._scroll_required = screen._repaint_required = False
    screen._dirty_widgets.clear()
    await screen._invoke_and_clear_callbacks()


@contextlib.asynccontextmanager
async def typist(folder: Path) -> AsyncIterator[Typist]:
    """Open a lab whose setup is unfolded, and somebody to type into it."""
    drafts = {name: Draft.load(name) for name in ("two-moons", "sum-of-30")}
    (folder / "rows.csv").write_text("a,b,kind\n" + "1,2,x\n3,1,y\n" * 20)
    own = folder / "own.toml"
    own.write_text(OWN.format(path=folder / "rows.csv"))
    drafts["own"] = Draft.load(str(own))
    app, _ = make_app(folder / "runs")
    async with contextlib.AsyncExitStack() as stack:
        pilot = await stack.enter_async_context(app.run_test(size=SIZE))
        lab = app.screen
        assert isinstance(lab, Lab)
        while lab.draft is None or not lab.query(Form):
            await pilot.pause(0.01)
        await pilot.pause()
        # What the screen looks like is no matter here, and takes most of the time.
        stack.enter_context(patch.object(Lab, "_update_focus_styles", lambda *_: None))
        stack.enter_context(patch.object(Lab, "_on_idle", show_nothing, create=True))
        for kind in (Lab, Screen):
            stack.enter_context(patch.object(kind, "_compositor_refresh", lambda *_: None))
        yield Typist(app, lab, drafts)


def nothing(tried: Typing, slow: object, bad: object) -> None:
    """Say nothing of what differs."""


def say(tried: Typing, slow: object, bad: object) -> None:
    """Say what differs."""
    print(f"{tried.number} {tried.place.name}, {tried.slow=}\n  {tried.pieces}\n  {tried.parts}")
    print(f"  slowly {slow}\n  badly  {bad}", flush=True)


async def differing(
    numbers: Sequence[int],
    folder: Path,
    tell: Callable[[Typing, object, object], None] = nothing,
) -> list[tuple[Typing, object, object]]:
    """Try sequences, and return those that differ, which are told of at once."""
    found = []
    before = rows.SLOW
    try:
        async with typist(folder) as somebody:
            # One place after the other: to go from one to the next takes longer than to type.
            order = [typing(number) for number in numbers]
            for tried in sorted(order, key=lambda each: each.number % len(PLACES)):
                slow, bad = await somebody.try_both(tried)
                if slow != bad:
                    found.append((tried, slow, bad))
                    tell(tried, slow, bad)
    finally:
        rows.SLOW = before
    return found


def main() -> int:
    """Try as many sequences as are asked for, and say how many differ."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(differing(range(first, first + count), Path(folder), say))
    seconds = time.monotonic() - started
    print(f"{len(found)} of {count} sequences differ ({seconds:.0f} s)")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
