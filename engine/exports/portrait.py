"""What every picture of a run says in words: its title, how it went, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..diagnosis import Finding
from ..diagnosis.report import findings_of
from ..errors import EpochalError
from ..figures.figures import filled
from ..figures.readings import of_history
from ..recording.events import Header, MarkReached
from ..results.charts.axes import step_text
from ..results.charts.curves import uncharted
from ..results.charts.drawing import Area
from ..runs.listing import ending_text
from ..text.moments import written
from ..text.numbers import figure_text
from ..text.tables import time_text
from .export import Export
from .film import Film, film_of


@dataclass(frozen=True)
class Portrait:
    """An export, as its words and pictures."""

    export: Export

    @property
    def header(self) -> Header:
        """What was started."""
        header = self.export.history.header
        assert header is not None
        return header

    @property
    def name(self) -> str:
        """The run's, or that of the trial of a sweep."""
        return self.export.name or self.header.run

    @property
    def title(self) -> str:
        """The experiment's, or else the run's name."""
        return str(self.header.experiment.get("title") or self.name)

    @property
    def about(self) -> str:
        """What the experiment says of itself."""
        history = self.export.history
        said = str(self.header.experiment.get("about") or "")
        return filled(said, of_history(history, history.last_step))

    @property
    def member(self) -> int | None:
        """Which network of a population is shown, None for all of them."""
        return self.export.member if self.header.members > 1 else 0

    @property
    def last_step(self) -> int:
        """The newest, at least 1."""
        return max(self.export.history.last_step, 1)

    @property
    def standing(self) -> str:
        """How the run stands: how it ended, after how many steps, in what time."""
        history, end = self.export.history, self.export.history.end
        seconds = end.result.get("seconds") if end else None
        parts = [
            self.name if self.name != self.title else "",
            ending_text(end) if end else self.export.state,
            f"{step_text(history.last_step)} steps",
            f"trained in {_time(seconds)}" if isinstance(seconds, int | float) else "",
            self._networks,
            written(self.header.time, "%Y-%m-%d"),
        ]
        return " · ".join(filter(None, parts))

    @property
    def _networks(self) -> str:
        count = self.header.members
        if count == 1:
            return ""
        return (
            f"{count} networks" if self.member is None else f"network {self.member + 1} of {count}"
        )

    @property
    def result(self) -> dict[str, Any]:
        """The figures it ended with: of one network where one is shown."""
        end, members = self.export.history.end, self.header.members
        figures = dict(end.result) if end else {}
        if members == 1 or self.member is None:
            return figures
        one = {
            key: value[self.member]
            for key, value in figures.items()
            if isinstance(value, list) and len(value) == members
        }
        return {**figures, **one}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with it, the worst first."""
        return findings_of(self.export.history, member=self.member)

    @property
    def marks(self) -> list[MarkReached]:
        """The steps at which there is something to see."""
        return self.export.history.marks

    def film(self, box: Area) -> tuple[Film | None, str]:
        """Return what its network learned, or why that cannot be shown; neither for most."""
        if self.member is None or not self.header.parameters:
            return None, ""
        try:
            return film_of(self.export.run, box), ""
        except EpochalError as error:
            return None, f"no picture of the network: {self._without_folders(str(error))}"

    def _without_folders(self, words: str) -> str:
        """Return what is said of a file without where it lies: a page goes to others."""
        data = self.header.experiment.get("data")
        path = str(data.get("path", "")) if isinstance(data, dict) else ""
        folders = {
            str(Path(path).parent),
            str(self.export.folder.path.absolute()),
            str(Path.home()),
        }
        for folder in sorted(folders - {"/", "."}, key=len, reverse=True):
            words = words.replace(f"{folder}/", "").replace(folder, "its folder")
        return words

    @property
    def without(self) -> str:
        """What has no chart, in a sentence; nothing where everything has."""
        more = uncharted(self.export.history)
        return f"{more} more quantities have no chart: --to csv has them" if more else ""


def _time(seconds: float) -> str:
    return f"{figure_text(float(seconds), 2)} s" if seconds < 10 else time_text(seconds)
