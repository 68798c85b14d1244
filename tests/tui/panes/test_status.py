"""The first line of the screen, at any width and with nothing to name."""

from __future__ import annotations

import pytest

from tui.commands.command import Situation
from tui.panes.status import TitleLine
from tui.places.pane import Pane
from tui.places.registry import PANES
from tui.watching.view import View

SHOWN = [View(), View(title="Two moons", run="two-moons-20260101-000000-abcd")]


@pytest.mark.parametrize("view", SHOWN, ids=["no run", "a run"])
@pytest.mark.parametrize("pane", [pane.name for pane in PANES])
@pytest.mark.parametrize("headline", ["", "3/9 A scene with a long title, as scenes have"])
def test_the_title_is_drawn_at_any_width(view: View, pane: str, headline: str) -> None:
    title = TitleLine()
    title.set_reactive(TitleLine.view, view)
    title.set_reactive(TitleLine.pane, pane)
    title.set_reactive(TitleLine.headline, headline)
    for width in range(1, 220):
        (line,) = title.draw(width, 1)
        assert line.cell_len <= width
    assert view.run in line.plain


@pytest.mark.parametrize("view", SHOWN, ids=["no run", "a run"])
@pytest.mark.parametrize("situation", ["setup", "live", "replay"])
@pytest.mark.parametrize("chosen", PANES, ids=[pane.name for pane in PANES])
def test_eighty_columns_name_every_pane_that_has_a_key_and_the_one_that_is_chosen(
    view: View, situation: Situation, chosen: Pane
) -> None:
    title = TitleLine()
    title.set_reactive(TitleLine.view, view)
    title.set_reactive(TitleLine.situation, situation)
    title.set_reactive(TitleLine.pane, chosen.name)
    words = title.draw(80, 1)[0].plain.split()
    for pane in PANES:
        if pane.key or pane is chosen:
            named = {pane.label, pane.short, f"{pane.key}{pane.label}", f"{pane.key}{pane.short}"}
            assert named & {*words}, pane.name
    assert "epochal" in words or not chosen.key
