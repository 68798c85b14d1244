"""What can be chosen in a run: a mark to go to, a member of a population to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ..drawing.members.list import ORDERS, MemberRow, Order, draw_heading, draw_members, ordered
from ..drawing.replay.chapters import Chapter, draw_chapters
from ..style.look import Look
from .dialog import ListDialog


class ChapterDialog(ListDialog[int], spot="chapters"):
    """Every mark of a run; answers with the step of the one that is chosen.

    Args:
        chapters: What ``tui.drawing.replay.chapters.gather_chapters`` returns.
        look: What it is drawn with.
    """

    heading, foot = "Marks", "enter goes there, esc leaves"

    def __init__(self, chapters: Sequence[Chapter], look: Look) -> None:
        super().__init__()
        self._chapters, self._look = tuple(chapters), look

    def body(self) -> Iterable[Widget]:
        """Return the list, or in words why there is none."""
        if not self._chapters:
            return [Static("This run has no marks. m sets one.", markup=False)]
        # The box is 90 wide where there is room, with a border and a space at each side.
        width = max(min(self.app.size.width * 95 // 100, 90) - 6, 1)
        lines = draw_chapters(self._chapters, width, self._look)
        return [OptionList(*map(Option, lines), compact=True, markup=False)]

    def on_mount(self) -> None:
        """Begin at the chapter that is shown."""
        if self._chapters:
            current = (index for index, each in enumerate(self._chapters) if each.current)
            self.query_one(OptionList).highlighted = next(current, 0)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the step."""
        self.dismiss(self._chapters[event.option_index].step)


WIDTH = 72


class MemberDialog(ListDialog[int], spot="members"):
    """Every member of a run; answers with the one that is chosen: 0 for all, else from 1 on.

    Args:
        rows: What ``tui.drawing.members.list.gather_members`` returns.
        chosen: The row that is shown now.
        look: What it is drawn with.
        judged: Whose accuracy they have; empty where there is none.
        order: What they are listed by at first.
    """

    foot = "enter shows it, o orders, esc leaves"

    def __init__(
        self,
        rows: tuple[MemberRow, ...],
        chosen: int,
        look: Look,
        *,
        judged: str = "",
        order: Order = "number",
    ) -> None:
        super().__init__()
        self._rows, self._chosen, self._look, self._judged = rows, rows[chosen], look, judged
        self.order: Order = order
        """What they are listed by."""

    def body(self) -> Iterable[Widget]:
        """Return all of them, then each."""
        return Static(id="heading", markup=False), OptionList(compact=True, markup=False)

    def on_mount(self) -> None:
        """Begin at what is shown."""
        self._list(self._chosen)

    def _list(self, chosen: MemberRow) -> None:
        """List the members in their order, one of them chosen."""
        rows = self._listed
        width = max(min(self.app.size.width * 95 // 100, WIDTH) - 8, 1)
        by = "" if self.order == "number" else f" by {self.order}"
        self.query_one(".box").border_title = f"Look at member{by}"
        heading = draw_heading(rows, width, self._judged, self._look)
        self.query_one("#heading", Static).update(heading)
        choices, shown = self.query_one(OptionList), rows.index(self._chosen)
        choices.set_options(map(Option, draw_members(rows, shown, width, self._look)))
        choices.highlighted = rows.index(chosen)

    @property
    def _listed(self) -> tuple[MemberRow, ...]:
        return ordered(self._rows, self.order)

    def action_order(self) -> None:
        """List them by the next of number, loss and accuracy; the one under the cursor stays."""
        orders = ORDERS if self._judged else ORDERS[:2]
        chosen = self._listed[self.query_one(OptionList).highlighted or 0]
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self._list(chosen)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the member."""
        self.dismiss(self._rows.index(self._listed[event.option_index]))
