"""The setup: the experiment that would be trained, and every preset."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="setup",
    label="Setup",
    short="Setup",
    key="1",
    about="the experiment, and every preset",
    two="left",
    three="left",
    shown=ByWidget(
        widget="setup.pane.SetupPane",
        id="setup",
        first="presets",
        given=("heard", "draft", "presets", "look", "device"),
    ),
    several=None,
    where="in the setup",
    commands=(
        ("up", "go(-1)", "field before", "Go to the setting before."),
        ("down enter", "go(1)", "next field", "Go to the next setting."),
        ("pageup", "go_group(-1)", "group before", "Go to the group of settings before."),
        ("pagedown", "go_group(1)", "next group", "Go to the next group of settings."),
    ),
    words=(),
)
