"""What the lab opens with: a preset or runs, how they are looked at, what may be done to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..style.look import Look
from ..terminal.frame_clock import Clock
from .preferences import Memory

if TYPE_CHECKING:
    from engine.lectures.lecture import Script
    from engine.runs.folder import RunFolder
    from engine.worker.launch import Worker

    from ..lecture.presenting import Audience
    from ..replay.tempo import Tempo


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the lab opens with."""

    preset: str | None = None
    """A preset; two-moons, or else the first there is, where this is left out."""
    run: RunFolder | None = None
    """A run to show, in place of a preset."""
    sweep: Path | None = None
    """The folder of a sweep whose heat map is shown at first."""
    overrides: Sequence[str] = ()
    """What ``--set`` and ``--seed`` ask for."""
    device: str = "auto"
    allow_code: bool = False
    """Whether a preset may run a network from a Python file."""
    runs_dir: Path = Path("runs")
    look: Look = field(default_factory=Look)
    clock: Clock = field(default_factory=Clock)
    memory: Memory = field(default_factory=Memory)
    replay: bool = False
    """Whether what is opened is replayed, from its beginning."""
    tempo: Tempo | None = None
    """How fast; what suits the recording where this is left out."""
    beside: Sequence[str | RunFolder] = ()
    """Presets and runs that are shown beside it, in lockstep."""
    lecture: Script | None = None
    """A lecture to hold."""
    scene: int = 0
    """The scene it begins with, counted from 0."""
    read_only: bool = False
    """Whether nothing can be asked of any run."""
    audience: Audience | None = None
    """Whom to follow; nobody where this is left out."""
    start_worker: Callable[[], Worker] | None = None
    """Starts a worker that gets ready; none where nothing is to be trained."""

    @property
    def shows_runs(self) -> bool:
        """Whether the lab is opened to look at runs, not to set one up."""
        looks = self.replay or self.read_only or self.lecture is not None
        return looks or self.run is not None or self.sweep is not None

    @property
    def greets(self) -> bool:
        """Whether this is the first start, which says what this is."""
        return not self.shows_runs and not self.memory.choices.greeted
