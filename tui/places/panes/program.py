"""The network in words and as programs."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="program",
    label="Program",
    short="Code",
    key="",
    about="the network layer by layer, and the experiment as a program",
    two="left",
    three="left",
    shown=ByWidget(
        widget="program.ProgramPane", id="program", first="program", given=("view", "draft", "look")
    ),
    several=None,
    where="in the program",
    commands=(
        ("right", "turn(1)", "next", "Show the next way to write it.", 1),
        ("left", "turn(-1)", "before", "Show the way before."),
    ),
    words=(
        ("output", "What a layer gives for one batch: rows, and its units."),
        ("rules of thumb", "First guesses at the size of a hidden layer; none is a law."),
    ),
)
