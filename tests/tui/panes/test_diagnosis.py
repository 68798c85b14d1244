"""The diagnosis pane, in an app of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from engine.diagnosis import Finding, Remedy
from tests.stages import Stage, screen
from tests.tui.panes.test_gradients import history
from tui.panes.diagnosis import DiagnosisPane
from tui.style.glyphs import ASCII
from tui.style.look import Look
from tui.style.palette import DARK
from tui.watching.view import View

FIRST = Finding(
    rule="vanishing",
    severity="bad",
    step=20,
    where="layer1",
    words="Layer 1's gradient is 4e-6 of layer 5's: vanishing.",
    advice="Try ReLU with He initialisation.",
    remedy=Remedy(label="ReLU", changes=("model.activation=relu",)),
)
SECOND = replace(
    FIRST, rule="plateau", severity="warning", where="", words="The loss stands still."
)
THIRD = replace(FIRST, rule="overfitting", severity="note", words="It overfits.", remedy=None)


class PaneApp(Stage):
    """Nothing but the pane, something else that takes the keys, and what the pane says."""

    CSS = "DiagnosisPane { border: round $border; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Input()
        yield DiagnosisPane(id="diagnosis")

    def on_diagnosis_pane_follow(self, message: DiagnosisPane.Follow) -> None:
        self.heard.append(message)


def view(*findings: Finding, run: str = "r", cursor: int | None = None) -> View:
    return View(history=history(2), run=run, step=20, cursor=cursor, findings=findings)


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 2), (12, 5), (40, 6), (74, 20), (80, 24), (120, 40), (200, 60)]
)
async def test_it_is_drawn_at_any_size(size: tuple[int, int]) -> None:
    app = PaneApp()
    async with app.run_test(size=size) as pilot:
        pane = app.query_one(DiagnosisPane)
        for findings in ((), (FIRST,), (FIRST, SECOND, THIRD) * 4):
            pane.view = view(*findings)
            for look in (Look(), Look(ASCII, DARK.without_colours())):
                pane.tabbed, pane.look = look != Look(), look
                await pilot.pause()


async def test_it_says_what_it_waits_for_what_is_right_and_what_is_wrong() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 30)) as pilot:
        pane = app.query_one(DiagnosisPane)
        assert "What is wrong with a run is said here" in screen(app)
        pane.view = view()
        await pilot.pause()
        assert "✓ Nothing is wrong that the lab knows how to see." in screen(app)
        pane.view = view(FIRST)
        await pilot.pause()
        assert "✗ Layer 1's gradient is 4e-6 of layer 5's: vanishing." in screen(app)
        assert "Try ReLU with He initialisation: press F." in screen(app)
        pane.view = view(cursor=0)
        await pilot.pause()
        assert "What is wrong with a run is said here" in screen(app)


async def test_up_and_down_choose_and_enter_follows() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 40)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(FIRST, SECOND, THIRD)
        pane.focus()
        await pilot.press("up", "down", "enter", "down", "enter", "down")
        assert len(app.heard) == 1
        follow = app.heard[0]
        assert isinstance(follow, DiagnosisPane.Follow)
        assert follow.finding is SECOND
        assert pane.followed is None
        assert "press F" not in screen(app)


async def test_a_click_chooses() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 40)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(FIRST, SECOND, THIRD)
        await pilot.pause()
        await pilot.click(DiagnosisPane, offset=(10, 4))
        assert pane.followed is SECOND
        await pilot.click(DiagnosisPane, offset=(10, 30))
        assert pane.followed is SECOND


async def test_a_single_long_finding_scrolls() -> None:
    app = PaneApp()
    async with app.run_test(size=(40, 24)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(replace(FIRST, words="begin " + "and so on " * 60 + "end"))
        pane.focus()
        await pilot.pause()
        assert "begin" in screen(app)
        await pilot.press("down", "down")
        await pilot.pause()
        assert "begin" not in screen(app)


async def test_what_was_chosen_stays_chosen_while_it_is_there() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 40)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(FIRST, SECOND)
        assert pane.followed is FIRST
        pane.focus()
        await pilot.press("down")
        later = replace(SECOND, words="The loss stands still for longer.")
        pane.view = view(THIRD, FIRST, later)
        assert pane.followed is later
        pane.view = view(THIRD, FIRST)
        assert pane.followed is FIRST
        pane.view = view(FIRST, SECOND, run="another")
        assert pane.followed is FIRST


async def test_it_is_as_high_as_what_it_says_up_to_a_third() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 36)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(FIRST)
        await pilot.pause()
        assert pane.outer_size.height == 4
        pane.view = view(*[replace(FIRST, where=f"layer{number}") for number in range(20)])
        await pilot.pause()
        assert 10 <= pane.outer_size.height <= 12
        pane.tabbed = True
        await pilot.pause()
        assert pane.outer_size.height > 20
        pane.view = view(FIRST)
        pane.tabbed = False
        await pilot.pause()
        assert pane.outer_size.height == 4


async def test_hidden_and_shown_again_it_is_as_high_as_before() -> None:
    app = PaneApp()
    async with app.run_test(size=(100, 36)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.display = False
        pane.view = view(FIRST)
        await pilot.pause()
        pane.display = True
        await pilot.pause()
        await pilot.pause()
        assert pane.outer_size.height == 4
        pane.display = False
        await pilot.pause()
        pane.view = view(FIRST, cursor=19)
        pane.display = True
        await pilot.pause()
        assert pane.outer_size.height == 4


async def test_it_does_not_shrink_while_the_same_things_are_said() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 36)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(replace(FIRST, words="long " * 20))
        await pilot.pause()
        tall = pane.outer_size.height
        pane.view = view(FIRST)
        await pilot.pause()
        assert pane.outer_size.height == tall
        pane.view = view(SECOND)
        await pilot.pause()
        assert pane.outer_size.height < tall


async def test_the_chosen_one_is_scrolled_to() -> None:
    app = PaneApp()
    findings = [replace(SECOND, where=str(n), words=f"Finding {n}.") for n in range(20)]
    async with app.run_test(size=(60, 24)) as pilot:
        pane = app.query_one(DiagnosisPane)
        pane.view = view(*findings)
        pane.focus()
        await pilot.press(*["down"] * 19)
        await pilot.pause()
        assert "Finding 19." in screen(app)
        assert "Finding 0." not in screen(app)
