"""The questions the lab asks, and its help: small screens over the lab, left with escape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar, runtime_checkable

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as ListOption

from engine.text.safe import plain

from ..commands.command import Command
from ..commands.spots import Keyed
from ..drawing.lists.keys import draw_help
from ..style.palette import Palette
from ..style.text import pad
from .line import Line

if TYPE_CHECKING:
    from ..setup.settings import Option

Answer = TypeVar("Answer")


@runtime_checkable
class Beneath(Protocol):
    """A screen that names the keys there are."""

    def find_situation(self) -> None:
        """Find out who has the keys."""


class Dialog(Keyed, ModalScreen[Answer | None], Generic[Answer], spot="dialog"):
    """A box in the middle of the screen; escape leaves it without an answer."""

    AUTO_FOCUS = "*"
    # The rules of every kind of dialog, which none of them holds by itself.
    SCOPED_CSS = False
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text("utf-8")

    heading: str = ""
    """What stands at the top of the box."""
    foot: str = ""
    """What stands at its bottom."""

    def compose(self) -> ComposeResult:
        """The box."""
        box = Vertical(*self.body(), classes="box")
        box.border_title, box.border_subtitle = Text(plain(self.heading)), self.foot
        yield box

    def body(self) -> Iterable[Widget]:
        """Return what is in the box."""
        raise NotImplementedError

    @on(events.Mount)
    @on(events.DescendantFocus)
    def take_keys(self) -> None:
        """Let the lab beneath name the keys of this dialog, and no longer its own."""
        for screen in self.app.screen_stack:
            if isinstance(screen, Beneath):
                screen.find_situation()

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


Farewell = Literal["leave", "stop"]


class QuitDialog(Dialog[Farewell], spot="quit"):
    """Asks what becomes of the run that is going."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run

    def body(self) -> Iterable[Widget]:
        """Return the question and its three answers."""
        yield Static(
            f"{self._run} is going on.\n\n"
            "l    leave it running ('epochal attach' shows it again)\n"
            "s    stop it, then quit\n"
            "esc  stay",
            markup=False,
        )

    def action_answer(self, answer: Farewell) -> None:
        """Leave with an answer."""
        self.dismiss(answer)


class LineDialog(Dialog[str]):
    """Asks for a line of text.

    Args:
        title: What is asked for.
        text: What stands there at first.
        hint: What the line shows where it is empty.
        longest: Characters that it takes.
        words: What its keys do.
    """

    def __init__(self, title: str, text: str, hint: str, longest: int, words: str) -> None:
        super().__init__()
        self.heading, self._words = title, words
        self._line = Line(plain(text), placeholder=plain(hint), max_length=longest, compact=True)

    def body(self) -> Iterable[Widget]:
        """Return a line to type into, and what enter does with it."""
        return self._line, Static(self._words, markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave with what was typed."""
        self.dismiss(self.answer(event.value))

    def answer(self, text: str) -> str:
        """Return what the text comes to."""
        return text


class MarkDialog(LineDialog):
    """Asks what is to be seen at a step."""

    def __init__(self, step: str) -> None:
        words = "enter sets the mark, esc leaves it"
        super().__init__(f"Mark at step {step}", "", "what is to be seen here", 200, words)

    def answer(self, text: str) -> str:
        """Return the title."""
        return text.strip() or "Mark"


class ListDialog(Dialog[Answer], Generic[Answer]):
    """A list to choose from."""

    def action_move(self, by: int) -> None:
        """Go to another line."""
        for choices in self.query(OptionList):
            choices.action_cursor_down() if by > 0 else choices.action_cursor_up()


class ChoiceDialog(ListDialog[str]):
    """Every value of a setting, with a sentence on each."""

    def __init__(self, label: str, options: Sequence[Option], value: str) -> None:
        super().__init__()
        self.heading, self._options, self._value = label, options, value

    def body(self) -> Iterable[Widget]:
        """Return the list of values."""
        width = max(len(option.value) for option in self._options) + 2
        lines = {
            option.value: Text(pad(option.value, width), "bold").append(option.about, "not bold")
            for option in self._options
        }
        items = [ListOption(line, id=value) for value, line in lines.items()]
        yield OptionList(*items, compact=True, markup=False)

    def on_mount(self) -> None:
        """Begin at the value there is."""
        values = [option.value for option in self._options]
        if self._value in values:
            self.query_one(OptionList).highlighted = values.index(self._value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the value."""
        self.dismiss(event.option.id)


class SearchLine(Keyed, Input, spot="search"):
    """Where the help is searched; what has brought it takes it away again."""

    async def on_key(self, event: events.Key) -> None:
        """Leave with the key that has brought it, and begin with no word."""
        leaves = event.key == "question_mark"
        if leaves or (not self.value and event.key in ("slash", "space")):
            event.stop()
            event.prevent_default()
            if leaves:
                await self.run_action("screen.leave")


class HelpDialog(Dialog[None], spot="help"):
    """What can be done now, what the words of the pane mean, then every other key and word.

    Args:
        palette: What it looks like.
        now: What can be done.
        where: The place that has the keys, to go on a sentence with.
        pane: The pane whose words come first.
    """

    heading, foot = "Help", "esc leaves"

    def __init__(
        self, palette: Palette, now: Sequence[Command] = (), where: str = "", pane: str = ""
    ) -> None:
        super().__init__()
        self._draw = partial(draw_help, palette=palette, now=now, where=where, pane=pane)

    def body(self) -> Iterable[Widget]:
        """Return a line to type a word into, and under it what has it."""
        line = SearchLine(placeholder="type a word, a key or a column to look for", compact=True)
        line.cursor_blink = False
        return line, VerticalScroll(Static(self._rows_with("")), can_focus=False)

    def _rows_with(self, search: str) -> Text:
        width = min(max(self.app.size.width * 95 // 100 - 5, 20), 103)
        return Text("\n").join(self._draw(width, search=search))

    @on(Input.Changed)
    def look_for(self, event: Input.Changed) -> None:
        """Show what has the words that are typed."""
        event.stop()
        self.query_one(Static).update(self._rows_with(event.value))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_read(self, lines: int) -> None:
        """Read on, or back."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_read_page(self, pages: int) -> None:
        """Read a screenful on, or back, with a line in common."""
        body = self.query_one(VerticalScroll)
        body.scroll_relative(y=pages * max(body.size.height - 1, 1), animate=False)
