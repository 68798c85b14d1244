"""The race: two to four runs in lockstep, their gradient tables side by side."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from ..style.look import Look
from ..style.text import Lines
from ..watching.view import View
from .part import Place, Room, Source, TablePane

if TYPE_CHECKING:
    from ..drawing.race.parting import Partings
    from ..drawing.race.racers import Race

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
        lead = id(view.history), view.run, view.version, view.label, view.title, view.slot
        histories = tuple(id(each.history) for each in view.others)
        return lead, view.others, histories, race_step(view), view.member

    def gather(self, view: View, width: int) -> Race | None:
        """Return the race at the step that is read; None where there is one run or none."""
        if view.history is None or not view.others:
            return None
        # numpy is not needed for the first frame.
        from ..drawing.curves.curves import told_apart
        from ..drawing.race.parting import Partings
        from ..drawing.race.racers import RunAt, gather_race

        self._partings = self._partings or Partings()
        lead = (view.label or view.title, view.run, view.slot, view.history)
        others = ((each.title, each.run, each.slot, each.history) for each in view.others)
        titles, names, slots, histories = zip(lead, *others, strict=True)
        labelled = zip(told_apart(titles, names), slots, histories, strict=True)
        runs = [RunAt(label=label, slot=slot, history=each) for label, slot, each in labelled]
        return gather_race(runs[:MOST], race_step(view), view.member, self._partings)

    def draw(self, place: Place, gathered: Race, room: Room, look: Look) -> Lines:
        """Return names, figures and columns, a line for each layer, or where the runs differ."""
        from ..drawing.race.race import draw_footing, draw_heading, draw_rows

        if place == "heading":
            return draw_heading(gathered, room[0], look, room[1])
        return (draw_rows if place == "rows" else draw_footing)(gathered, room[0], look)

    def missing(self, view: View) -> str:
        """Return what the race is for."""
        return ALONE


def race_step(view: View) -> int:
    """Return the step that is shown of every run: one that is over does not hold the others up."""
    if view.cursor is not None:
        return view.at
    return max(view.step, *(each.step for each in view.others[: MOST - 1]), 0)


class RacePane(TablePane["Race"]):
    """The gradient tables of two to four runs, side by side."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(_RaceSource(), ("racers", "race-layers", "differences"), id=id)
        self._said: tuple[Hashable, int] = (None, 0)
        """The runs and the width that the footing's height was found for, and the height."""

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
        race = self.source.at(self.view) if self.is_mounted else None
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
