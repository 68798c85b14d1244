"""The headless viewer's words: progress while a run goes on, its result when it is over.

What is drawn is a pure function of the history; where it goes is the ``Progress``'s business.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from ..text.numbers import figure_text
from ..text.tables import finite, mean_text, time_text
from .result import last_losses

if TYPE_CHECKING:
    from ..recording.history import History

SPARSE_PARTS: Final = 10
"""How many lines of progress a whole run prints where there is no terminal."""


class Progress:
    """Shows how a run goes on; this one shows nothing.

    Args:
        steps: How many steps the run is to take.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *raised: object) -> None:
        """Leave the terminal as it was."""

    def show(self, history: History) -> None:
        """Show where the run is now."""
        if history.header is not None:
            self.at(history.last_step, lambda: progress_text(history, self.steps))

    def at(self, step: int, words: Callable[[], str]) -> None:
        """Show how much of it is done, and what is to be said of that."""

    def say(self, text: str) -> None:
        """Say something that is not the result."""


class Notices(Progress):
    """Says what there is to say, and shows nothing: for a run that is told of in another way.

    Args:
        steps: How many steps the run is to take.
        out: Where to print.
    """

    def __init__(self, steps: int, out: TextIO) -> None:
        super().__init__(steps)
        self._out = out

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._out, flush=True)


class ProgressLines(Notices):
    """A line for every tenth of the run, for a log file."""

    _shown = 0

    def at(self, step: int, words: Callable[[], str]) -> None:
        """Print a line when another tenth is done."""
        part = step * SPARSE_PARTS // max(self.steps, 1)
        if part > self._shown and step < self.steps:
            self._shown = part
            self.say(words())


class ProgressBar(Progress):
    """A bar that moves, for a terminal.

    Args:
        steps: How many steps the run is to take.
        out: The terminal.
    """

    def __init__(self, steps: int, out: TextIO) -> None:
        super().__init__(steps)
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            BarColumn(bar_width=16),
            TaskProgressColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(file=out),
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("starting …", total=steps)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Take the bar away."""
        self._bar.stop()

    def at(self, step: int, words: Callable[[], str]) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step, description=words())

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)


def progress_for(
    steps: int, *, quiet: bool, logged: bool = False, out: TextIO | None = None
) -> Progress:
    """Return what shows progress best.

    Args:
        steps: How many steps the run is to take.
        quiet: Nothing is to be shown or said.
        logged: A log shows it already.
        out: Where to; stderr where left out.
    """
    out = sys.stderr if out is None else out
    if quiet:
        return Progress(steps)
    if logged:
        return Notices(steps, out)
    return ProgressBar(steps, out) if out.isatty() else ProgressLines(steps, out)


def progress_text(history: History, steps: int) -> str:
    """Return where a run is: its step, loss, speed, and the time that is left."""
    parts = [f"step {history.last_step} of {steps}"]
    if losses := last_losses(history):
        parts += _losses_text(losses)
    if history.paused:
        return " · ".join([*parts, "paused"])
    if speed := history.steps_per_second():
        parts.append(f"{speed:.3g} steps/s" if speed < 100 else f"{speed:.0f} steps/s")
        parts.append(f"{time_text((steps - history.last_step) / speed)} left")
    return " · ".join(parts)


def _losses_text(losses: Sequence[float]) -> list[str]:
    """Return the loss, or its mean and spread over the members and how many of them still train."""
    if len(losses) == 1:
        return [f"loss {figure_text(losses[0])}"]
    going = finite(losses)
    if not going:
        return [f"none of {len(losses)} still trains"]
    several = "trains" if len(going) == 1 else "train"
    return [f"loss {mean_text(going)}", f"{len(going)} of {len(losses)} {several}"]
