"""What an export is asked for, what it writes, and what a format says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final

from ..errors import RequestError
from ..recording.history import History
from ..results.run import LoadedRun, of_folder
from ..runs.folder import RunFolder
from ..runs.state import state_of

SECONDS: Final = 12.0
"""How long what moves takes, where nobody says."""

FilmFiles = Callable[[str, "Export"], Iterator["ExportFile"]]
"""From the name of a format and a run to the files of it."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """A run, and how it is to be written."""

    folder: RunFolder
    """Where the run is."""
    history: History
    """All that was recorded of it."""
    path: Path
    """The file to be written, or the folder."""
    name: str = ""
    """What the one network is called that is asked for, where that is a trial of a sweep."""
    member: int | None = None
    """Which network of a population, from 0; all of them where left out, and where only one can be
    written, the first."""
    plain: bool = False
    """Whether texts that a spreadsheet would take for formulas stay as they are."""
    allow_code: bool = False
    """Whether a network of one's own may be run."""
    seconds: float = SECONDS
    """How long what moves takes."""
    size: str = ""
    """How large a film of the screen is, as in ``120x36``; as it thinks fit where left out."""
    film: FilmFiles | None = None
    """What makes a film of the screen; none where nobody has one."""

    @property
    def members(self) -> range:
        """The networks that are asked for, from 0."""
        header = self.history.header
        return range(header.members if header else 0)[self._wanted]

    def called(self, member: int) -> str:
        """Return what a network is called among those of other runs: ``a-run/member-2``."""
        header = self.history.header
        several = header is not None and header.members > 1
        return self.name or self.folder.name + f"/member-{member + 1}" * several

    @property
    def _wanted(self) -> slice:
        return slice(None) if self.member is None else slice(self.member, self.member + 1)

    @cached_property
    def run(self) -> LoadedRun:
        """The run with its network.

        Raises:
            RunError: Nothing was trained, or there is no such network.
        """
        return of_folder(self.folder, allow_code=self.allow_code, member=self.member or 0)

    @cached_property
    def state(self) -> str:
        """Whether it has ended, and how: ``finished``, ``stopped``, ``running``, ``crashed`` …."""
        end = self.history.end
        return end.status if end else state_of(self.history, self.folder)

    @property
    def unfinished(self) -> str:
        """What is to be said of a run that is not all there; nothing where it is."""
        if self.state in ("finished", "stopped"):
            return ""
        header, step = self.history.header, self.history.last_step
        of = f" of {header.steps}" if header and header.steps else ""
        return f"{self.folder.name}: {self.state} at step {step}{of}; what there is was exported"


@dataclass(frozen=True)
class ExportFile:
    """A file of an export."""

    path: Path
    """Where it is to lie."""
    write: Callable[[BinaryIO], None]
    """Writes it, from its first byte to its last."""


@dataclass(frozen=True, kw_only=True)
class ExportFormat:
    """What is known of a format; an entry that leaves out a part fails on import."""

    ending: str
    """How a file of it is called, such as ``.csv``; empty where it is a folder."""
    modules: tuple[str, ...]
    """What must be installed, as it is imported."""
    extra: str
    """The extra of epochal's that brings it; empty where nothing beyond epochal is needed."""
    files: Callable[[Export], Iterator[ExportFile]]
    """Yields the files of a run."""
    takes: tuple[str, ...] = ()
    """What of ``--seconds`` and ``--size`` says how it is drawn."""

    def check(self, name: str, path: Path) -> None:
        """See that what it needs is installed, and that the file will be known for what it is.

        Args:
            name: What ``--to`` calls it.
            path: Where it is to lie.

        Raises:
            RequestError: It is not, with the remedy.
        """
        if self.ending and path.suffix.lower() != self.ending:
            raise RequestError(f"{path}: a file of --to {name} must end with {self.ending}")
        for module in self.modules:
            if find_spec(module) is None:
                raise RequestError(
                    f"--to {name}: needs {module}: pip install 'epochal[{self.extra}]'"
                )
