"""The gradients of each layer; of several runs, their tables."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="gradients",
    label="Gradients",
    short="Gradients",
    key="3",
    about="norms, weights and units of each layer",
    two="middle",
    three="middle",
    shown=ByWidget(
        widget="gradients.GradientsPane",
        id="gradients",
        first="layers",
        given=("view", "look", "tabbed"),
    ),
    several=ByWidget(
        widget="race.RacePane", id="race", first="race-layers", given=("view", "look", "tabbed")
    ),
    where="",
    commands=(),
    words=(),
)
