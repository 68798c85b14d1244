"""The log."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="log",
    label="Log",
    short="Log",
    key="7",
    about="everything that happened",
    two="left",
    three="left",
    shown=ByWidget(widget="log.LogPane", id="log", first="log", given=("entries", "view", "look")),
    several=None,
    where="",
    commands=(),
    words=(),
)
