"""Words of the setup, which is laid out anew as seldom as can be."""

from __future__ import annotations

from textual.visual import VisualType
from textual.widgets import Static


class Words(Static):
    """Words that are laid out anew only when they change: with every letter that is typed, all of
    the setup says again what it says.
    """

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Say something, unless it is what is said already."""
        if content != self.content:
            super().update(content, layout=layout)
