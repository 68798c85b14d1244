"""The race: two to four runs in lockstep, their gradient tables side by side."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Vertical

from ..style.look import Look
from ..style.text import Lines
from ..watching.view import View
from .part import Part, Source
from .picture import State

if TYPE_CHECKING:
    from ..drawing.race.parting import Partings
    from ..drawing.race.race import Race

MOST: Final = 4
"""Runs side by side; ``tui.replay.lockstep`` says so too, and is not imported for the first
frame."""

ALONE: Final = "Two to four runs stand side by side here, the same step of each."


class _RaceSource(Source["Race"]):
    """The race that the three parts of the pane draw."""

    def __init__(self) -> None:
        super().__init__()
        self._partings: Partings | None = None

    def moment(self, view: View) -> Hashable:
        """Return what the race depends on."""
        own = id(view.history), view.run, view.version, view.label, view.title, view.slot
        histories = tuple(id(each.history) for each in view.others)
        return own, view.others, histories, race_step(view), view.member

    def gather(self, view: View, width: int) -> Race | None:
        """Return the race at the step that is read; None where there is one run or none."""
        if view.history is None or not view.others:
            return None
        # numpy is not needed for the first frame.
        from ..drawing.curves.curves import told_apart
        from ..drawing.race.parting import Partings
        from ..drawing.race.race import RunAt, gather_race

        self._partings = self._partings or Partings()
        labels = told_apart(
            [view.label or view.title, *(each.title for each in view.others)],
            [view.run, *(each.run for each in view.others)],
        )
        histories = [view.history, *(each.history for each in view.others)]
        slots = [view.slot, *(each.slot for each in view.others)]
        runs = [
            RunAt(label=label, slot=slot, history=history)
            for label, slot, history in zip(labels, slots, histories, strict=True)
        ]
        return gather_race(runs[:MOST], race_step(view), view.member, self._partings)


def race_step(view: View) -> int:
    """Return the step that is shown of every run: one that is over does not hold the others up."""
    if view.cursor is not None:
        return view.at
    return max(view.step, *(each.step for each in view.others[: MOST - 1]), 0)


class RaceHeading(Part["Race"]):
    """The runs' names, their losses and accuracies, and what each column is."""

    def draw_part(self, gathered: Race, width: int) -> Lines:
        """Return the lines over the table, as many as there is room for."""
        from ..drawing.race.race import draw_heading

        height = self.scrollable_content_region.height
        return draw_heading(gathered, width, self.look, height)


class RaceTable(Part["Race"], can_focus=True):
    """The layers, which scroll where there are more than fit."""

    DEFAULT_CSS = """
    RaceTable { min-height: 1; }
    """

    scrolls = True

    def draw_part(self, gathered: Race, width: int) -> Lines:
        """Return a line for each layer."""
        from ..drawing.race.race import draw_rows

        return draw_rows(gathered, width, self.look)

    def draw_nothing(self, width: int) -> Lines:
        """Return what the race is for."""
        return self.look.muted(ALONE, width)


class RaceFooting(Part["Race"]):
    """Where the runs differ, in words."""

    def draw_part(self, gathered: Race, width: int) -> Lines:
        """Return the lines under the table."""
        from ..drawing.race.race import draw_footing

        return draw_footing(gathered, width, self.look)


class RacePane(Vertical):
    """The gradient tables of two to four runs, side by side."""

    view = State(View())
    """What is shown: the first run, and those beside it."""
    look = State(Look())
    """What it is drawn with."""
    tabbed = State(False)
    """Whether the pane has the room to itself."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source = _RaceSource()
        self._said: tuple[Hashable, int] = (None, 0)
        """The runs and the width that the footing's height was found for, and the height."""

    def compose(self) -> ComposeResult:
        """Lines over the table, the table, lines under it."""
        source = self._source
        for part in (
            RaceHeading(source, id="racers"),
            RaceTable(source, id="race-layers"),
            RaceFooting(source, id="differences"),
        ):
            yield part.data_bind(RacePane.view, RacePane.look)

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "Race"
        self.fit()

    def watch_view(self, before: View, view: View) -> None:
        """Say how many runs there are, and share out the room."""
        number = 1 + len(view.others)
        of_all = f"{MOST} of {number}" if number > MOST else f"{number}"
        self.border_subtitle = f"{of_all} runs" if number > 1 else ""
        self.fit()

    def watch_tabbed(self) -> None:
        """Take the room there is."""
        self.fit()

    def on_resize(self) -> None:
        """Share out the room anew."""
        self.fit()

    def fit(self) -> None:
        """Share out the room: names, then layers, then figures and words; be as high as all."""
        race = self._source.at(self.view) if self.is_mounted else None
        parts = [self.query_one(f"#{name}") for name in ("racers", "differences")]
        for part in parts:
            part.display = race is not None
        if race is None:
            return
        over, under = 2 + len(race.figures), self._footing_lines(race)
        rows = max(len(race.rows), 1)
        self.styles.height = "1fr" if self.tabbed else over + rows + under + self.gutter.height
        height = self.content_size.height
        if not height:
            return
        under = min(under, max(height - over - rows, height // 3))
        over = over if height >= over + under + 3 else min(max(height - under - 2, 1), 2)
        for part, lines in zip(parts, (over, under), strict=True):
            part.styles.height = lines
            part.display = lines > 0

    def _footing_lines(self, race: Race) -> int:
        """Return the lines of the footing; while the same runs are shown it only grows.

        Figures that get longer and shorter would otherwise move everything on the screen.
        """
        from ..drawing.race.race import draw_footing

        width = max(self.content_size.width - 1, 1)
        same = (width, self.view.run, tuple(each.run for each in self.view.others))
        needed = len(draw_footing(race, width, self.look))
        needed = max(needed, self._said[1]) if same == self._said[0] else needed
        self._said = same, needed
        return needed
