"""Where a replay stands and what it does there, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from .tempo import TEMPI, Stop, Tempo, mark_at


@dataclass(frozen=True, kw_only=True)
class Transport:
    """One moment of a replay. Two are equal where they look the same."""

    playing: bool = False
    step: int = 0
    """The step that is shown."""
    last_step: int = 0
    """The newest step of the recording."""
    steps: int = 0
    """The steps that there will be at the end; no fewer than there are."""
    over: bool = True
    """Whether the run has ended, so that nothing more will come."""
    time: float = 0.0
    """When the step was done, in seconds since the start."""
    whole_time: float = 0.0
    """The same of the newest step."""
    tempo: Tempo = TEMPI[0]
    marks: tuple[Stop, ...] = ()

    @property
    def mark(self) -> Stop | None:
        """The mark that one stands on."""
        return mark_at(self.step, self.marks)

    @property
    def length(self) -> int:
        """The steps from one end of the bar to the other."""
        return max(self.steps, self.last_step, 1)
