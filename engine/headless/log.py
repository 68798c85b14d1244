"""A run's log, as every tutorial prints it: each hundredth row, and every improvement between.

    every 100 epochs:
    epoch  100: loss 0.5021, accuracy 0.7625, dev loss 0.4987, dev accuracy 0.7750
    best dev accuracy 0.7750 → 0.7875 at step 131
    epoch  200: …

All of it is read from the recorded rows: a run that is quicker than anybody looks has every line,
a run of any age has the same ones, and none comes before what it tells is surely whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..recording.history import History
from ..recording.improvements import improvements, member_words
from ..recording.rows import Rows
from ..text.numbers import as_json, counted, figure_text, shortest
from ..text.safe import plain
from ..text.tables import finite, mean_text


class LogEntry(Protocol):
    """A line of a log."""

    @property
    def step(self) -> int:
        """The step it is of."""

    def plain(self) -> dict[str, Any]:
        """Return it as one JSON object."""


@dataclass(frozen=True, kw_only=True)
class LoggedRow:
    """What a step measured, or what an epoch's steps did on the average."""

    step: int
    """Which, or the last one of the epoch."""
    epoch: int | None
    """In which epoch it lies; None where every step draws fresh rows."""
    figures: Mapping[str, Sequence[float]]
    """By name, such as ``dev_loss``: a number for each member."""

    def words(self, unit: str, width: int = 1) -> str:
        """Return the line: ``epoch  100: loss 0.5021, accuracy 0.7625``.

        Args:
            unit: What is counted: ``epoch`` or ``step``.
            width: Cells of the greatest count.
        """
        count = self.epoch if unit == "epoch" else self.step
        told = [f"{name.replace('_', ' ')} {_text(each)}" for name, each in self.figures.items()]
        return f"{unit} {count:>{width}}: {', '.join(told)}"

    def plain(self) -> dict[str, Any]:
        """Return it as one JSON object; of a population a figure is a list."""
        figures = {
            name: values[0] if len(values) == 1 else list(values)
            for name, values in self.figures.items()
        }
        head = {"kind": "log", "step": self.step, "epoch": self.epoch}
        return {**head, **as_json(figures)}


def _text(values: Sequence[float]) -> str:
    if len(values) == 1:
        return figure_text(values[0])
    numbers = finite(values)
    return mean_text(numbers) if numbers else "of none that still trains"


def _count(history: History, unit: str, step: int) -> str:
    """Return the number of a step, or of the epoch that it lies in."""
    per_epoch = history.header.steps_per_epoch if history.header else 0
    return str(-(-step // per_epoch) if unit == "epoch" else step)


def counts_epochs(history: History) -> bool:
    """Whether a run's length is told in epochs, and not in steps."""
    header = history.header
    if header is None or not header.steps_per_epoch:
        return False
    return not header.experiment.get("train", {}).get("steps")


def logged_rows(history: History, every: int, *, after: int, upto: int) -> list[LoggedRow]:
    """Return each so many-th row of a run, and its last one once it is over.

    Args:
        history: What is known of the run.
        every: How many epochs lie from one to the next, or steps where it does not count epochs.
        after: Only those after this step.
        upto: Only those up to this step.
    """
    header, epochs = history.header, counts_epochs(history)
    rows = history.series.get("epoch" if epochs and "epoch" in history.series else "train")
    if header is None or rows is None or not rows.count:
        return []
    stride = every * (header.steps_per_epoch if epochs else 1)
    wanted = list[int]()
    for start, stop in rows.ranges(rows.count_until(after), rows.count_until(upto)):
        steps = rows.steps_of(np.arange(start, stop))
        wanted += steps[steps % stride == 0].tolist()
    if history.end is not None and after < rows.last_step <= upto:
        wanted = sorted({*wanted, rows.last_step})
    dev = history.series.get("dev")
    return [
        LoggedRow(
            step=step,
            epoch=-(-step // header.steps_per_epoch) if header.steps_per_epoch else None,
            figures=_figures(rows, step, "") | _figures(dev, step, "dev_"),
        )
        for step in wanted
    ]


def _figures(rows: Rows | None, step: int, of: str) -> dict[str, list[float]]:
    """Return the newest loss and accuracy at or before a step, for each member."""
    row = None if rows is None else rows.row_at(step)
    if rows is None or row is None:
        return {}
    names = [name for name in ("loss", "accuracy") if name in rows.columns]
    return {f"{of}{name}": [shortest(value) for value in rows.across(name, row)] for name in names}


class RunLog:
    """Tells what is asked for of a run, each thing once and in the order of its steps.

    Args:
        say: Where the lines go.
        every: Rows to tell: each so many-th; 0 for none.
        improved: Whether to tell each new best on the dev set: of a population, each that no member
            had reached.
    """

    def __init__(
        self, say: Callable[[str], None], *, every: int = 0, improved: bool = False
    ) -> None:
        self._say = say
        self._every = every
        self._improved = improved
        self._step = 0
        self._introduced = not every

    def tell(self, history: History, *, whole: bool = False) -> list[LogEntry]:
        """Tell what came since it was last asked, and return it.

        Args:
            history: What is known of the run.
            whole: Whether no more will come, so that the newest steps are told as they are.
        """
        # What is measured at a step follows its row in the recording: of the newest steps it may
        # not have come yet.
        ends = history.blocks()[0]
        settled = ends[-2] if len(ends) > 1 else 0
        upto = history.last_step if whole or history.end is not None else settled
        if upto <= self._step or history.header is None:
            return []
        if not self._introduced:
            self._say(f"{self._introduction(history)}:")
            self._introduced = True
        told = list(self._entries(history, upto))
        self._step = upto
        for _, words in told:
            self._say(plain(words))
        return [entry for entry, _ in told]

    def _entries(self, history: History, upto: int) -> Iterator[tuple[LogEntry, str]]:
        """Yield what there is after the step told last, and its words."""
        entries = list[tuple[LogEntry, str]]()
        unit, width = self._counted_in(history)
        if self._every:
            rows = logged_rows(history, self._every, after=self._step, upto=upto)
            entries += [(row, row.words(unit, width)) for row in rows]
        if self._improved:
            several = history.header is not None and history.header.members > 1
            # Told between rows of epochs, it is told in epochs.
            unit = unit if self._every else "step"
            count = partial(_count, history, unit)
            entries += [
                (each, each.words(count, member_words(history, each), unit))
                for each in improvements(history, None if several else 0, after=self._step)
                if each.step <= upto
            ]
        yield from sorted(entries, key=lambda entry: entry[0].step)

    @staticmethod
    def _counted_in(history: History) -> tuple[str, int]:
        """Return what is counted, and the cells that the greatest count takes."""
        header = history.header
        if header is None or not counts_epochs(history):
            return "step", len(str(header.steps if header else 0))
        return "epoch", len(str(header.steps // header.steps_per_epoch))

    def _introduction(self, history: History) -> str:
        """Return what the lines are: of which rows, and of how many networks."""
        header, (unit, _) = history.header, self._counted_in(history)
        words = f"every {counted(self._every, unit) if self._every > 1 else unit}"
        if unit == "epoch" and "epoch" in history.series and header is not None:
            words += f", means of its {header.steps_per_epoch} batches"
        if header is not None and header.members > 1:
            words += f", mean ± standard deviation of {header.members} networks"
        return words
