"""One line of text, as it is typed anywhere in the lab: in the setup, a filter, a dialog."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.widgets import Input


class Line(Input):
    """Textual's line, entered with all of it selected, so that typing replaces what stands there.

    What is pasted goes in whole: of several lines Textual would keep the first.
    """

    def __init__(self, value: str | None = None, **settings: Any) -> None:
        super().__init__(value, **settings)
        # A blinking cursor sends 2 kB/s for as long as it blinks.
        self.cursor_blink = False

    def on_paste(self, event: events.Paste) -> None:
        """Put in what was pasted, as one line, as much of it as there is room for."""
        event.stop()
        event.prevent_default()
        start, end = sorted(self.selection)
        text = one_line(event.text)
        if self.max_length:
            text = text[: self.max_length - len(self.value) + end - start]
        if text:
            self.replace(text, start, end)
        else:
            self.restricted()


def one_line(text: str) -> str:
    """Return text of several lines as one, without what cannot be shown."""
    lines = text.expandtabs(1).splitlines()
    if len(lines) > 1:
        lines = [line.strip() for line in lines if line.strip()]
    return "".join(sign for sign in " ".join(lines) if sign.isprintable())
