"""The gradient pane, in an app of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from textual.app import ComposeResult
from textual.geometry import Region

from engine.recording.events import Header, Series
from engine.recording.history import History
from tests.stages import Stage, lines
from tui.drawing.gradients import table as gradients
from tui.drawing.gradients.layers import GradientTable
from tui.panes.gradients import GradientsPane
from tui.panes.part import TableRows
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.view import View


class PaneApp(Stage):
    """Nothing but the pane."""

    CSS = "GradientsPane { border: round $border; padding: 0 1; max-height: 45%; }"

    def compose(self) -> ComposeResult:
        yield GradientsPane(id="gradients")


def history(layers: int, steps: int = 20) -> History:
    """Return a history whose first layer's norm grows, and whose others' stay."""
    names = [f"layer{number + 1}.weight" for number in range(layers)]
    known = History()
    known.add(
        Header(
            run="r",
            experiment={},
            seeds=[1],
            parameters={name: [3, 2] for name in names},
            columns={"train": ["loss", "grad_norm", *(f"grad_norm/{name}" for name in names)]},
            gradients="manual",
            device="cpu",
        )
    )
    values = np.full((layers + 2, steps, 1), 0.5, np.float32)
    values[2, :, 0] = np.arange(1, steps + 1)
    known.add(Series(group="train", first=1, values=values))
    return known


def view(known: History, step: int, cursor: int | None = None) -> View:
    return View(history=known, run="r", version=known.version, step=step, cursor=cursor)


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 2), (12, 5), (40, 6), (74, 20), (80, 24), (120, 40), (200, 60)]
)
async def test_it_is_drawn_at_any_size(size: tuple[int, int]) -> None:
    app = PaneApp()
    async with app.run_test(size=size) as pilot:
        pane = app.query_one(GradientsPane)
        for layers in (1, 5, 60):
            pane.view = view(history(layers), 20)
            for look in (Look(), Look(ASCII, DARK.without_colours())):
                pane.tabbed, pane.look = look != Look(), look
                await pilot.pause()
            if size[0] >= 40 and size[1] >= 20:
                assert "layer1" in "\n".join(lines(app))


async def test_before_the_first_step_it_says_what_it_is_for() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        assert "The norm of each layer's gradient appears here." in "\n".join(lines(app))
        app.query_one(GradientsPane).view = view(history(2), 20, cursor=0)
        await pilot.pause()
        assert "no gradient yet at this step" in "\n".join(lines(app))


async def test_the_figures_are_those_of_the_cursors_step() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        pane = app.query_one(GradientsPane)
        pane.view = view(history(2), 20)
        await pilot.pause()
        assert "20.00" in "\n".join(lines(app))
        pane.view = view(history(2), 20, cursor=7)
        await pilot.pause()
        assert "7.000" in "\n".join(lines(app))
        assert "step 7 " in "\n".join(lines(app))


async def test_heading_and_rows_stand_in_line_where_the_rows_scroll() -> None:
    app = PaneApp()
    async with app.run_test(size=(74, 24)) as pilot:
        app.query_one(GradientsPane).view = view(history(40), 20)
        await pilot.pause()
        await pilot.pause()
        table = app.query_one(TableRows)
        assert table.show_vertical_scrollbar
        rows = lines(app)
        heading = next(line for line in rows if "grad W" in line)
        row = next(line for line in rows if "layer1 " in line)
        assert heading.index("grad W") + 6 == row.index("20.00") + 5


async def test_the_table_is_gathered_once_for_its_three_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []
    gather = gradients.gather

    def counted(known: History, *, step: int, **more: Any) -> GradientTable | None:
        calls.append(step)
        return gather(known, step=step, **more)

    monkeypatch.setattr(gradients, "gather", counted)
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(GradientsPane).view = view(history(5), 20)
        await pilot.pause()
        calls.clear()
        app.query_one(GradientsPane).view = view(history(5), 20, cursor=9)
        await pilot.pause()
        assert calls == [9]


async def test_a_row_that_stays_the_same_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        pane = app.query_one(GradientsPane)
        known = history(5, steps=2000)
        pane.view = view(known, 2000, cursor=1500)
        await pilot.pause()
        sent: list[Region] = []
        table = app.query_one(TableRows)
        refresh = table.refresh

        def noted(*regions: Region, **more: Any) -> TableRows[Any]:
            sent.extend(regions)
            return refresh(*regions, **more)

        monkeypatch.setattr(table, "refresh", noted)
        # Same step, same figures; then one layer's figures of five.
        pane.view = view(known, 1999, cursor=1500)
        assert not sent
        pane.view = view(known, 1999, cursor=1501)
        assert {region.y for region in sent} == {0}
