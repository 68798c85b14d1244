"""The pictures of the network."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="network",
    label="Network",
    short="Network",
    key="4",
    about="what the network does with its data",
    two="left",
    three="right",
    shown=ByWidget(
        widget="network.NetworkPane", id="network", first="network", given=("view", "look")
    ),
    several=None,
    where="",
    commands=(),
    words=(),
)
