"""The headless viewer's words: progress while a run goes on, its result when it is over.

What is drawn is a pure function of the history; where it goes is the ``Progress``'s business.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TextIO

from engine.text.numbers import figure_text, shortest
from engine.text.safe import plain

if TYPE_CHECKING:
    from engine.recording.events import End
    from engine.recording.history import History
    from engine.runs.catalogue import RunFacts

SPARSE_PARTS: Final = 10
"""How many lines of progress a whole run prints where there is no terminal."""

SETS: Final = ("train", "dev", "test")
"""The sets that figures are of."""


class Progress:
    """Shows how a run goes on; this one shows nothing.

    Args:
        steps: How many steps the run is to take.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""

    def show(self, history: History) -> None:
        """Show where the run is now."""

    def say(self, text: str) -> None:
        """Say something that is not the result."""


class Lines(Progress):
    """A line for every tenth of the run, for a log file.

    Args:
        steps: How many steps the run is to take.
        out: Where to print.
    """

    def __init__(self, steps: int, out: TextIO) -> None:
        super().__init__(steps)
        self._out = out
        self._shown = 0

    def show(self, history: History) -> None:
        """Print a line when another tenth is done."""
        part = history.last_step * SPARSE_PARTS // max(self.steps, 1)
        if part > self._shown and history.last_step < self.steps:
            self._shown = part
            self.say(progress_text(history, self.steps))

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._out, flush=True)


class Bar(Progress):
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def show(self, history: History) -> None:
        """Move the bar."""
        if history.header is not None:
            text = progress_text(history, self.steps)
            self._bar.update(self._task, completed=history.last_step, description=text)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)


def progress_for(steps: int, *, quiet: bool, out: TextIO | None = None) -> Progress:
    """Return what shows progress best on ``out``, which is stderr where left out."""
    out = sys.stderr if out is None else out
    if quiet:
        return Progress(steps)
    return Bar(steps, out) if out.isatty() else Lines(steps, out)


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


CONFUSION_LIMIT: Final = 12
"""Classes up to which a confusion matrix is printed with the result."""


def last_losses(history: History) -> list[float]:
    """Return the newest training loss of each member; none before the first step."""
    rows = history.series.get("train")
    if rows is None or not rows.count:
        return []
    return [shortest(value) for value in rows.across("loss", rows.count - 1)]


def _losses_text(losses: Sequence[float]) -> list[str]:
    """Return the loss, or its mean and spread over the members and how many of them still train."""
    if len(losses) == 1:
        return [f"loss {figure_text(losses[0])}"]
    going = finite(losses)
    if not going:
        return [f"none of {len(losses)} still trains"]
    several = "trains" if len(going) == 1 else "train"
    return [f"loss {mean_text(going)}", f"{len(going)} of {len(losses)} {several}"]


def result_text(
    run: str, end: End, classes: Sequence[str] = (), variants: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Return how a run ended and its figures, as an aligned table.

    Args:
        run: Its name.
        end: How it ended.
        classes: The names of the classes, for the confusion matrix.
        variants: What tells each member of a population from the others.
    """
    lines = [f"{plain(run)}: {ending_text(end)}"]
    if isinstance(end.result.get("statuses"), list):
        from engine.headless.population import tally_lines

        return "\n".join([*lines, *tally_lines(end.result, variants)])
    measures = [m for m in ("loss", "accuracy") if any(f"{s}_{m}" in end.result for s in SETS)]
    sets = [s for s in SETS if any(f"{s}_{m}" in end.result for m in measures)]
    if measures:
        head = ["", *sets]
        rows = [[m, *(value_text(end.result.get(f"{s}_{m}", "")) for s in sets)] for m in measures]
        lines += [f"  {line}" for line in aligned([head, *rows], numbers=True)]
    if whose := whose_text(end):
        lines.append(f"  {whose}")
    told = {"confusion", *(f"{s}_{m}" for s in sets for m in measures)}
    others = {key: value for key, value in end.result.items() if key not in told}
    pairs = [[plain(key.replace("_", " ")), value_text(value)] for key, value in others.items()]
    lines += [f"  {line}" for line in aligned(pairs)]
    return "\n".join([*lines, *_confusion_lines(end.result, sets, classes)])


def whose_text(end: End) -> str:
    """Return whose weights the figures of a result are of; empty where there are no figures."""
    result, best = end.result, end.result.get("best_step")
    if not any(f"{place}_loss" in result for place in SETS):
        return ""
    if end.status not in ("finished", "stopped"):
        kept = f"; the best weights, of step {best}, are kept" if best else ""
        return f"of the last step, {end.step}{kept}"
    if best:
        return f"of the best weights, of step {best}"
    # Without a set to measure on, the loss is that which the last update used.
    return f"of the last {'weights, of ' if 'epochs' in result else ''}step {end.step}"


def _confusion_lines(
    result: Mapping[str, Any], sets: Sequence[str], classes: Sequence[str]
) -> list[str]:
    """Return the confusion matrix of the last set there is, where it fits a screen."""
    counts = result.get("confusion")
    if not (isinstance(counts, list) and 1 < len(counts) <= CONFUSION_LIMIT):
        return []
    names = [plain(name)[:12] for name in classes] if len(classes) == len(counts) else []
    names = names or [str(index) for index in range(len(counts))]
    rows = [[name, *map(str, row)] for name, row in zip(names, counts, strict=True)]
    table = aligned([["true \\ said", *names], *rows], numbers=True)
    head = [f"of the {sets[-1]} set:"] if sets else []
    return ["", *(f"  {line}" for line in [*head, *table])]


def ending_text(end: End) -> str:
    """Return how a run ended, in a few words."""
    return plain(f"{end.status} ({end.reason})" if end.reason else end.status)


def main_figure(result: Mapping[str, Any]) -> str:
    """Return the figure that says most about a run, with its name."""
    for place in reversed(SETS):
        for measure in ("accuracy", "loss"):
            if (key := f"{place}_{measure}") in result:
                value = result[key]
                several = isinstance(value, list) and (known := finite(value))
                return f"{place} {measure} {mean_text(known) if several else value_text(value)}"
    return ""


def finite(values: Sequence[Any]) -> list[float]:
    """Return those members' figures that are finite numbers."""
    # A recording writes the others out, as "nan" and "inf".
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return [number for number in numbers if math.isfinite(number)]


def mean_text(values: Sequence[float]) -> str:
    """Return the mean of several members' figures, and their standard deviation."""
    mean = figure_text(statistics.fmean(values))
    return mean if len(values) == 1 else f"{mean} ± {figure_text(statistics.stdev(values))}"


def value_text(value: object) -> str:
    """Return a figure of a result: a number, a list of them, or what else there is."""
    if isinstance(value, list):
        shown = [value_text(item) for item in value[:5]]
        return " ".join([*shown, "…"] if len(value) > 5 else shown)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return plain(str(value))
    return figure_text(value)


def time_text(seconds: float) -> str:
    """Return a length of time in its two greatest units."""
    whole = round(min(max(seconds, 0), 1e9))
    for name, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // part} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def aligned(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """Return rows of cells as lines with columns, two spaces apart.

    Args:
        rows: As many cells in each.
        numbers: Align every column but the first to the right.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if numbers and index else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines


RUN_CELLS: Final = ("name", "called", "state", "step", "status", "result", "age")
"""What the list of runs says of each; ``called`` only where a run was given a name."""


def runs_table(runs: Sequence[RunFacts], now: float) -> list[list[str]]:
    """Return the list of runs as rows of cells, the heading first.

    Args:
        runs: In their order.
        now: Seconds since 1970.
    """
    rows = [list(RUN_CELLS), *(run_cells(run, now) for run in runs)]
    if not any(run.notes.name for run in runs):
        called = RUN_CELLS.index("called")
        rows = [[*row[:called], *row[called + 1 :]] for row in rows]
    return rows


def run_cells(run: RunFacts, now: float) -> list[str]:
    """Return a run's cells in the list of runs.

    Args:
        run: The run.
        now: Seconds since 1970.
    """
    glance = run.glance
    ending = ending_text(glance.end) if glance.end else glance.problem
    result = f"{main_figure(glance.end.result)}{_whose(glance.end)}" if glance.end else ""
    age = f"{time_text(now - glance.started)} ago" if glance.started else ""
    return [glance.name, run.notes.name, glance.state, str(glance.step), ending, result, age]


def _whose(end: End) -> str:
    """Return whose weights the figure of a list is of: `` (best)``, `` (last)``."""
    if not main_figure(end.result):
        return ""
    best = end.result.get("best_step")
    kept = any(best) if isinstance(best, list) else best
    return " (best)" if kept and end.status in ("finished", "stopped") else " (last)"


def run_object(run: RunFacts) -> dict[str, Any]:
    """Return a run as one JSON object of the list of runs."""
    glance, end = run.glance, run.glance.end
    return {
        "name": glance.name,
        "called": run.notes.name or None,
        "path": str(glance.path),
        "state": glance.state,
        "step": glance.step,
        "started": glance.started,
        "status": end.status if end else None,
        "reason": end.reason if end else None,
        "result": dict(end.result) if end else None,
        "problem": glance.problem or None,
        "tags": list(run.notes.tags),
        "pinned": run.notes.pinned,
    }
