"""A preset for a data file: its columns ticked, what each is, what is learned, and then written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from textual import on
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import EpochalError
from engine.headless.new import destination, layout_words, write_draft
from engine.presets.file_draft_text import rows_words
from engine.text.numbers import counted
from engine.text.safe import plain

from ..drawing.setup.columns import draw_column_heading, draw_columns, preview_of
from ..setup.file_choice import FileChoice
from ..style.look import Look
from .dialog import Dialog

BESIDE: Final = 9
"""Lines of the box beside those of the columns."""


class DataFileDialog(Dialog[Path], spot="data_file"):
    """Every column of a file; answers with the preset that was written.

    Args:
        choice: The file, and what is chosen of it at first.
        look: What it is drawn with.
    """

    foot = "space ticks, t target, a also, k kind, c task, enter writes, esc leaves"

    def __init__(self, choice: FileChoice, look: Look) -> None:
        super().__init__()
        self._choice, self._look = choice, look
        self._path = destination(choice.profile.path)
        self._agreed = False
        """Whether a file that is there may be written over: enter was pressed once."""
        self.heading = f"{choice.profile.name}: {rows_words(choice.profile)}"

    def body(self) -> Iterable[Widget]:
        """Return how the file is laid out, its columns, and what comes of what is chosen."""
        yield Static(plain(layout_words(self._choice.profile)), id="layout", markup=False)
        yield Static(id="heading", markup=False)
        yield OptionList(compact=True, markup=False)
        yield Static(id="told", markup=False)

    def on_mount(self) -> None:
        """Begin at what is to be learned."""
        names = list(self._choice.profile.columns)
        self._list()
        self.query_one(OptionList).highlighted = names.index(self._choice.draft.target.name)

    def on_resize(self) -> None:
        """Use the room there is."""
        self._list()

    def _list(self) -> None:
        """List the columns as they are chosen now; the one under the cursor stays."""
        width = max(self.app.size.width * 95 // 100 - 6, 20)
        columns, look = self.query_one(OptionList), self._look
        at = columns.highlighted
        columns.styles.max_height = max(self.app.size.height * 95 // 100 - BESIDE, 3)
        self.query_one("#heading", Static).update(draw_column_heading(self._choice, width, look))
        columns.set_options(map(Option, draw_columns(self._choice, width, look)))
        columns.highlighted = at
        self._say_what_comes_of_it()

    @on(OptionList.OptionHighlighted)
    def _say_what_comes_of_it(self) -> None:
        """Say what is learned and written, and show the first cells of the column."""
        made = self._choice.draft
        goes = f"{counted(made.features, 'number')} in, hidden {made.network.hidden}"
        first = f"{self._under_cursor}: {preview_of(self._choice, self._under_cursor, self._look)}"
        names = ", ".join(target.name for target in made.targets)
        learned = f"{names} as {made.task}: {made.why_task}"
        self._tell(f"{first}\n{learned}\n{goes}; to {self._path}")

    @property
    def _under_cursor(self) -> str:
        """The column under the cursor."""
        at = self.query_one(OptionList).highlighted or 0
        return list(self._choice.profile.columns)[at]

    def _tell(self, words: str, *, wrong: bool = False) -> None:
        self.query_one("#told", Static).set_class(wrong, "-wrong").update(plain(words, lines=True))

    def _change(self, how: Callable[[FileChoice, str], FileChoice]) -> None:
        """Choose something else; say why where it cannot be."""
        self._agreed = False
        try:
            self._choice = how(self._choice, self._under_cursor)
        except EpochalError as error:
            self._tell(str(error), wrong=True)
        else:
            self._list()

    @on(OptionList.OptionSelected)
    def action_tick(self) -> None:
        """Let the column go in, or leave it out."""
        self._change(FileChoice.ticked)

    def action_target(self) -> None:
        """Learn the column."""
        self._change(FileChoice.learned)

    def action_also(self) -> None:
        """Learn the column beside the others, or no more."""
        self._change(FileChoice.learned_as_well)

    def action_kind(self) -> None:
        """Take the column for the next thing that it can be."""
        self._change(FileChoice.retold)

    def action_task(self) -> None:
        """Learn something else of the same columns: classes, numbers, labels or shares."""
        self._change(lambda choice, _: choice.other_task())

    def action_write(self) -> None:
        """Write the preset; over one that is there after a second enter."""
        if self._path.exists() and not self._agreed:
            self._agreed = True
            self._tell(f"{self._path} is there already: enter again writes over it", wrong=True)
            return
        try:
            write_draft(self._choice.draft, self._path, force=self._agreed)
        except EpochalError as error:
            self._tell(str(error), wrong=True)
        else:
            self.dismiss(self._path)
