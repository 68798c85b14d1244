"""What is wrong with one run of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.diagnosis import Finding


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What is wrong with one run at one step."""

    run: str
    """The run's name."""
    label: str
    """What it is called beside others."""
    step: int
    """The step that it was asked about at."""
    findings: tuple[Finding, ...] = ()
    """The worst first; none where nothing is wrong."""
    members: int = 1
    """How many networks it has: several are diagnosed where they are shown alone."""
