"""The list of a population's members: which of them to look at."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.command import Spot
from tui.dialogs import Dialog
from tui.drawing.members import MemberRow, draw_members
from tui.look import Look
from tui.spots import bindings_at

WIDTH = 72


class MemberDialog(Dialog[int]):
    """Every member of a run; answers with the one that is chosen: 0 for all, else from 1 on.

    Args:
        rows: What ``tui.drawing.members.gather_members`` returns.
        chosen: The row that is shown now.
        look: What it is drawn with.
    """

    SPOT: ClassVar[Spot] = "members"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("members")
    DEFAULT_CSS = """
    MemberDialog > .box { width: 72; }
    MemberDialog OptionList {
        border: none; padding: 0; height: auto; max-height: 24; background: $background;
    }
    """

    def __init__(self, rows: tuple[MemberRow, ...], chosen: int, look: Look) -> None:
        super().__init__()
        self._rows = rows
        self._chosen = chosen
        self._look = look

    def compose(self) -> ComposeResult:
        """All of them, then each."""
        with Vertical(classes="box") as box:
            box.border_title = "Look at member"
            box.border_subtitle = "enter shows it, esc leaves"
            width = max(min(self.app.size.width * 95 // 100, WIDTH) - 8, 1)
            glyphs, palette = self._look.glyphs, self._look.palette
            lines = draw_members(self._rows, self._chosen, width, glyphs, palette)
            yield OptionList(*map(Option, lines), compact=True, markup=False)

    def on_mount(self) -> None:
        """Begin at what is shown."""
        self.query_one(OptionList).highlighted = self._chosen

    def action_move(self, by: int) -> None:
        """Go to another line."""
        choices = self.query_one(OptionList)
        choices.action_cursor_down() if by > 0 else choices.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the member."""
        self.dismiss(event.option_index)
