"""What the form of the setup asks of the lab: each passes by the pane on its way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ..picture import LabMessage

if TYPE_CHECKING:
    from engine.experiment.problems import Path

    from ...setup.draft import Draft
    from ...setup.edits import Move
    from ...style.look import Look

DEVICE_KEY: Final = "device"
"""The key of the row that says where the next run trains; it is none of the experiment's."""

Heard = Mapping[str, int]
"""The number of the last change of each setting that a draft knows of."""


class Told(NamedTuple):
    """What the form is told."""

    draft: Draft
    look: Look
    """What it is shown with."""
    device: str
    """Where the next run trains."""
    heard: Heard
    """What the draft knows of what was typed."""


@dataclass(frozen=True)
class TypedText:
    """What a field says, and the number of the change that made it say so."""

    key: str
    text: str
    change: int


@dataclass
class PresetChosen(LabMessage):
    """Another preset is to be shown."""

    name: str


@dataclass
class SettingChanged(LabMessage):
    """A setting was given another value, which may not hold."""

    typed: TypedText


@dataclass
class ListChanged(LabMessage):
    """An entry of a list, such as a hidden layer, is to be added, removed or moved."""

    list: Path
    what: Move
    index: int


@dataclass
class NothingFound(LabMessage):
    """A key did nothing."""

    words: str
