"""What is pasted goes into a line whole."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult

from tui.dialogs.line import Line, one_line

PASTED = {
    "16": "16",
    "16\n8\r\n24\n": "16 8 24",
    "16\t8": "16 8",
    "~/data.csv\n": "~/data.csv",
    " a\x07b": " ab",
    "\n": "",
}


class Lines(App[None]):
    """One line with room for six characters."""

    def compose(self) -> ComposeResult:
        yield Line("5", max_length=6)


@pytest.mark.parametrize("pasted", PASTED, ids=repr)
def test_lines_become_one(pasted: str) -> None:
    assert one_line(pasted) == PASTED[pasted]


async def test_a_paste_replaces_what_is_selected_as_far_as_there_is_room() -> None:
    app = Lines()
    async with app.run_test() as pilot:
        line = app.query_one(Line)
        line.focus()
        await pilot.pause()
        line.post_message(events.Paste("16\n8\n24"))
        await pilot.pause()
        assert line.value == "16 8 2"
        await pilot.press("backspace", "backspace", "home")
        line.post_message(events.Paste("9,"))
        await pilot.pause()
        assert line.value == "9,16 8"
