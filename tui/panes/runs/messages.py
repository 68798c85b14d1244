"""What the pane of runs asks of the lab, and tells it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.runs.folder import RunFolder

from ..picture import LabMessage


@dataclass
class RunOpened(LabMessage):
    """A run is to be shown."""

    folder: RunFolder


@dataclass
class RunOverlaid(LabMessage):
    """A run's curves are to be drawn beside those of the one that is shown, or no more."""

    folder: RunFolder


@dataclass
class RunDeleted(LabMessage):
    """A run is gone."""

    folder: RunFolder


@dataclass
class RunResumed(LabMessage):
    """A run is to go on where it was broken off or stopped."""

    folder: RunFolder
