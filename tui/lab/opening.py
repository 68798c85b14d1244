"""What the lab opens with: a preset or runs, how they are looked at, what may be done to them.

What it remembers from one time to the next is a small file of JSON in the user's state directory.
That it cannot be read or written is no reason to trouble anybody: then the lab opens as it does for
the first time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from engine.text.files import read_file, replace_file
from engine.text.parsing import from_json

from ..style.look import Look
from ..terminal.frame_clock import Clock

if TYPE_CHECKING:
    from engine.lectures.lecture import Script
    from engine.runs.folder import RunFolder
    from engine.text.owned import Share
    from engine.worker.launch import Worker

    from ..lecture.presenting import Audience
    from ..replay.tempo import Tempo


FILE: Final = "lab.json"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What was chosen; an empty word or 0 where nothing was."""

    palette: str = ""
    glyphs: str = ""
    left_width: int = 0
    """Cells of the left column."""
    log: bool = False
    smoothing: int = 0
    paced: bool = False
    """Whether somebody has gone to the newest step of a run that was shown, or chosen a pace."""
    greeted: bool = False
    """Whether the first start has been seen."""

    @classmethod
    def of(cls, table: object) -> Self:
        """Return what a table says; what is no choice is left out."""
        said = table if isinstance(table, dict) else {}
        kinds = {item.name: type(item.default) for item in fields(cls)}
        names = [name for name, kind in kinds.items() if type(said.get(name)) is kind]
        return cls(**{name: said[name] for name in names})


class Memory:
    """Keeps choices in a file, or nowhere.

    Args:
        path: The file; none to remember nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.choices = self._read()

    @classmethod
    def of_user(cls) -> Memory:
        """Return what this user's lab remembers."""
        from platformdirs import user_state_path

        return cls(user_state_path("epochal", appauthor=False) / FILE)

    def _read(self) -> Choices:
        if self._path is not None:
            with contextlib.suppress(OSError, ValueError):
                return Choices.of(from_json(read_file(self._path)))
            return Choices()
        # A lab that remembers nothing is nobody's first one.
        return Choices(paced=True, greeted=True)

    def choose(self, **changes: Any) -> None:
        """Remember what was chosen, beside what is remembered already."""
        self.keep(replace(self.choices, **changes))

    def keep(self, choices: Choices) -> None:
        """Remember, if there is anything new."""
        if choices == self.choices:
            return
        self.choices = choices
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                body = json.dumps(asdict(choices), indent=1) + "\n"
                replace_file(self._path, body.encode(), durable=False, shared=0)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the lab opens with."""

    preset: str | None = None
    """A preset; two-moons, or else the first there is, where this is left out."""
    data: Path | None = None
    """A data file for which a preset is to be written."""
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
    share: Share = "nobody"
    """Who else may read what is trained here, and follow what is presented."""
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
