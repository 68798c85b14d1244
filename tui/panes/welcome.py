"""What is said at the very first start: what this is, and which three keys do what."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from rich.text import Text

from ..style.text import Lines, cut, fit
from .picture import RunPicture

LEAST_HEIGHT: Final = 20
"""Lines of a screen that has room for it."""

WORDS: Final = (
    ("", "A laboratory for neural networks: you set one up, and you watch it learn."),
    ("", "An experiment is set up; change any line of it, or choose another preset."),
    ("space", "trains it; again, and what is shown stands still, or goes on"),
    ("tab", "goes to the next pane: curves, gradients, the network, what is wrong"),
    ("?", "shows every other key, and what can be done now"),
)
"""A key, if any, and what it does."""


class WelcomePane(RunPicture):
    """Five lines, which take no key and no focus; gone with the first run."""

    DEFAULT_CSS = """
    WelcomePane {
        height: 5;
        padding: 0 1;
    }
    """

    def __init__(self, wanted: bool, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._wanted = wanted
        self.display = wanted

    def on_mount(self) -> None:
        """Take no room where there is none to spare."""
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _: self.settle())
        self.settle()

    def watch_view(self) -> None:
        """Make room for the first run."""
        self._wanted = self._wanted and not self.view.run
        self.settle()

    def settle(self) -> None:
        """Stand where there is room for it, until a run is shown."""
        self.display = self._wanted and self.screen.size.height >= LEAST_HEIGHT

    def key(self) -> Hashable:
        """Return what the lines depend on."""
        return self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the five lines."""
        palette, glyphs = self.look.palette, self.look.glyphs
        keys = max(len(key) for key, _ in WORDS)
        lines = []
        for key, words in WORDS:
            line = Text(end="")
            if key:
                line.append(f"{key:>{keys}}  ", palette.style("train", bold=True))
            style = palette.style("muted" if key else "text")
            line.append(fit(words, max(width - line.cell_len, 0), glyphs.ellipsis), style)
            lines.append(cut(line, width))
        return lines
