"""The chapter list of a replay: where to go on from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

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
