"""A screen of its own for what a test looks at, in the lab's colours."""

from __future__ import annotations

from typing import Any

from textual.app import App

from tui.style.themes import THEMES


class Stage(App[None]):
    """Nothing but what a test puts on it."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name


def lines(app: App[Any]) -> list[str]:
    """Return what is on the screen, line by line."""
    return [line.text for line in app.screen._compositor.render_strips()]


def screen(app: App[Any]) -> str:
    """Return what is on the screen, as text."""
    return "\n".join(lines(app))
