"""The diagnosis."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="diagnosis",
    label="Diagnosis",
    short="Diagnosis",
    key="5",
    about="what is wrong, and what would help",
    two="middle",
    three="right",
    shown=ByWidget(
        widget="diagnosis.DiagnosisPane",
        id="diagnosis",
        first="diagnosis",
        given=("view", "look", "tabbed"),
    ),
    several=None,
    where="in the diagnosis",
    commands=(
        ("enter", "follow", "follow", "Train what this finding advises, beside the run.", 1),
        ("up", "choose(-1)", "finding before", "Choose the finding before."),
        ("down", "choose(1)", "next finding", "Choose the next finding."),
    ),
    words=(),
)
