"""The curves over the steps."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="curves",
    label="Curves",
    short="Curves",
    key="2",
    about="loss, accuracy, learning rate and gradient norm over the steps",
    two="middle",
    three="middle",
    shown=ByWidget(widget="curves.CurvesPane", id="curves", first="curves", given=("view", "look")),
    several=None,
    where="",
    commands=(),
    words=(),
)
