"""A race drawn whole, as its pane puts it together."""

from __future__ import annotations

from tui.drawing.base.frame import filled, words
from tui.drawing.race.race import draw_footing, draw_heading, draw_rows
from tui.drawing.race.racers import Race
from tui.style.look import Look
from tui.style.text import Lines


def draw_race(race: Race, width: int, height: int, look: Look) -> Lines:
    """Return the picture in so many lines; layers in the middle go where there is no room."""
    heading, rows = draw_heading(race, width, look), draw_rows(race, width, look)
    footing = draw_footing(race, width, look)
    footing = footing[: max(height - len(heading) - len(rows), height // 3)]
    room = max(height - len(heading) - len(footing), 0)
    if (hidden := len(rows) - room + 1) > 1:
        first = room // 2
        between = words(f"{hidden} more layers", width, look)
        rows = [*rows[:first], between, *rows[first + hidden :]][:room]
    return filled([*heading, *rows, *footing], width, height)
