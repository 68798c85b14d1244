"""The questions the lab asks, and its help: small screens over the lab, left with escape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as ListOption

from tui.command import Spot
from tui.drawing.keys import draw_help
from tui.drawing.text import pad
from tui.palette import Palette
from tui.spots import bindings_at

if TYPE_CHECKING:
    from tui.settings import Option

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """A box in the middle of the screen; escape leaves it without an answer."""

    AUTO_FOCUS = "*"
    SPOT: ClassVar[Spot] = "dialog"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("dialog")
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: transparent;
        & > .box {
            width: 64;
            max-width: 95%;
            height: auto;
            max-height: 95%;
            padding: 0 1;
            border: round $primary;
            background: $background;
        }
    }
    """

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)


Farewell = Literal["leave", "stop"]


class QuitDialog(Dialog[Farewell]):
    """Asks what becomes of the run that is going."""

    SPOT: ClassVar[Spot] = "quit"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("quit")

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run

    def compose(self) -> ComposeResult:
        """The question and its three answers."""
        words = (
            f"{self._run} is going on.\n\n"
            "l    leave it running ('epochal attach' shows it again)\n"
            "s    stop it, then quit\n"
            "esc  stay"
        )
        with Vertical(classes="box"):
            yield Static(words, markup=False)

    def action_answer(self, answer: Farewell) -> None:
        """Leave with an answer."""
        self.dismiss(answer)


class MarkDialog(Dialog[str]):
    """Asks what is to be seen at a step."""

    DEFAULT_CSS = """
    MarkDialog Input { border: none; height: 1; background: $surface; padding: 0 1; }
    """

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def compose(self) -> ComposeResult:
        """A line to type into."""
        with Vertical(classes="box") as box:
            box.border_title = Text(f"Mark at step {self._step}")
            field = Input(placeholder="what is to be seen here", max_length=200, compact=True)
            field.cursor_blink = False
            yield field
            yield Static("enter sets the mark, esc leaves it", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave with the title."""
        self.dismiss(event.value.strip() or "Mark")


class ChoiceDialog(Dialog[str]):
    """Every value of a setting, with a sentence on each."""

    DEFAULT_CSS = """
    ChoiceDialog > .box { width: 90; }
    ChoiceDialog OptionList { border: none; padding: 0; height: auto; background: $background; }
    """

    def __init__(self, label: str, options: Sequence[Option], value: str) -> None:
        super().__init__()
        self._label = label
        self._options = options
        self._value = value

    def compose(self) -> ComposeResult:
        """The list of values."""
        width = max(len(option.value) for option in self._options) + 2
        items = []
        for option in self._options:
            line = Text(pad(option.value, width), "bold")
            line.append(option.about, "not bold")
            items.append(ListOption(line, id=option.value))
        with Vertical(classes="box") as box:
            box.border_title = self._label
            yield OptionList(*items, compact=True, markup=False)

    def on_mount(self) -> None:
        """Begin at the value there is."""
        values = [option.value for option in self._options]
        if self._value in values:
            self.query_one(OptionList).highlighted = values.index(self._value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the value."""
        self.dismiss(event.option.id)


class HelpDialog(Dialog[None]):
    """Every key and what it does."""

    SPOT: ClassVar[Spot] = "help"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("help")
    DEFAULT_CSS = """
    HelpDialog > .box { width: 108; scrollbar-size-vertical: 1; }
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self._palette = palette

    def compose(self) -> ComposeResult:
        """The table of commands."""
        width = min(max(self.app.size.width * 95 // 100 - 5, 20), 103)
        with VerticalScroll(classes="box") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc leaves"
            yield Static(Text("\n").join(draw_help(width, self._palette)))
