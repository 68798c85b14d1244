"""The fields of the setup: text that is typed, and a choice that the arrow keys go through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from engine.plain import plain
from tui.drawing.text import fit
from tui.settings import Option


class TextField(Input):
    """One line of text."""

    DEFAULT_CSS = """
    TextField, TextField:focus {
        border: none;
        height: 1;
        padding: 0 1 0 3;
        background: $surface;
        background-tint: transparent;
    }
    """

    def __init__(self, *, id: str) -> None:
        # A blinking cursor sends 2 kB/s for as long as it blinks.
        super().__init__(id=id, select_on_focus=False)
        self.cursor_blink = False

    def show(self, text: str) -> None:
        """Show ``text`` without saying that it was typed."""
        if text != self.value:
            with self.prevent(Input.Changed):
                self.value = text
            self.cursor_position = len(text)


class ChoiceField(Widget, can_focus=True):
    """One of a few values: left and right go through them, enter shows them all."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "go(-1)", "Previous value", show=False),
        Binding("right", "go(1)", "Next value", show=False),
        Binding("enter", "open", "All values", show=False),
    ]
    DEFAULT_CSS = """
    ChoiceField {
        height: 1;
        padding: 0 1;
        background: $surface;
    }
    ChoiceField:focus {
        text-style: bold;
        color: $primary;
    }
    """

    value: reactive[str] = reactive("", init=False)
    """What is chosen."""

    @dataclass
    class Chosen(Message):
        """Another value was chosen."""

        field: ChoiceField
        value: str

        @property
        def control(self) -> ChoiceField:
            """The field it was chosen in."""
            return self.field

    @dataclass
    class Opened(Message):
        """All values are to be shown."""

        field: ChoiceField

        @property
        def control(self) -> ChoiceField:
            """The field whose values they are."""
            return self.field

    def __init__(self, options: tuple[Option, ...], *, id: str) -> None:
        super().__init__(id=id)
        self.options = options
        self.own: str | None = None
        """A value that is none of the options, such as a list; offered as the first one."""

    def render(self) -> Text:
        """Return the value between two arrows."""
        width = max(self.content_size.width - 4, 0)
        words = fit(plain(self.value), width)
        return Text.assemble(("‹ ", "dim"), words, (" ›", "dim"), no_wrap=True)

    def show(self, text: str) -> None:
        """Show ``text`` without saying that it was chosen."""
        self.value = text

    @property
    def values(self) -> list[str]:
        """Everything that can be chosen."""
        names = [option.value for option in self.options]
        return names if self.own is None or self.own in names else [self.own, *names]

    def action_go(self, by: int) -> None:
        """Choose the value ``by`` places on."""
        values = self.values
        place = values.index(self.value) if self.value in values else 0
        self.choose(values[(place + by) % len(values)])

    def choose(self, value: str) -> None:
        """Choose a value, and say so."""
        self.value = value
        self.post_message(self.Chosen(self, value))

    def action_open(self) -> None:
        """Ask for the list of all values."""
        self.post_message(self.Opened(self))

    def on_click(self, event: events.Click) -> None:
        """Go on by a click at an end, open by one in between."""
        if event.x <= 2:
            self.action_go(-1)
        elif event.x >= len(self.value) + 3:
            self.action_go(1)
        else:
            self.action_open()
