"""The microscope: one update taken apart."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="microscope",
    label="Microscope",
    short="Scope",
    key="8",
    about="one update taken apart: every formula with its numbers",
    two="left",
    three="left",
    shown=ByWidget(
        widget="microscope.MicroscopePane",
        id="microscope",
        first="microscope",
        given=("view", "look"),
        made_of=("cast.lead_place",),
    ),
    several=None,
    where="in the microscope",
    commands=(
        ("down", "choose(1)", "next quantity", "Choose the next quantity.", 1),
        ("up", "choose(-1)", "quantity before", "Choose the quantity before."),
        ("right", "move(1)", "next number", "Choose the next of its numbers.", 2),
        ("left", "move(-1)", "number before", "Choose the number before."),
    ),
    words=(),
)
