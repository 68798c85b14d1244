"""What consecutive steps gave: rows for the recording, and whether the run is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..recording.events import Event, RunWarning, Series, Snapshot


@dataclass(frozen=True)
class Outcome:
    """Why a run is over."""

    status: str
    """``finished``, ``stopped``, ``diverged`` or ``failed``."""
    reason: str
    """In a word or a sentence."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The measurements of consecutive steps."""

    first: int
    """The first step."""
    count: int
    """How many steps; fewer than were asked for only where the run ended."""
    series: tuple[Series, ...]
    """Their rows, a series for each group."""
    snapshots: tuple[Snapshot, ...]
    """The weights at those of its steps that keep them."""
    warnings: tuple[RunWarning, ...] = ()
    """What the user should know of its steps, in their order."""

    @property
    def last(self) -> int:
        """The last step."""
        return self.first + self.count - 1

    def events(self) -> Iterator[Event]:
        """Yield what goes into the recording."""
        # Rows first: whoever reads of weights or a warning has the rows up to there.
        yield from self.series
        yield from self.snapshots
        yield from self.warnings


def joined(blocks: Sequence[Block]) -> Block:
    """Return consecutive blocks as one."""
    return Block(
        first=blocks[0].first,
        count=sum(block.count for block in blocks),
        series=tuple(series for block in blocks for series in block.series),
        snapshots=tuple(snapshot for block in blocks for snapshot in block.snapshots),
        warnings=tuple(warning for block in blocks for warning in block.warnings),
    )
