"""The filter of the list of runs: a line to type it into, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from engine.errors import EpochalError
from engine.text.safe import plain

from ...commands.spots import Keyed
from ...dialogs.line import Line
from ..picture import State

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts
    from engine.runs.filters import Filter


class FilterLine(Keyed, Line, spot="filter"):
    """Where a filter is typed; enter keeps it, escape takes it away."""

    DEFAULT_CSS = """
    FilterLine { border: none; height: 1; padding: 0 1; background: $surface; display: none; }
    """

    @dataclass
    class GivenUp(Message):
        """The filter is to be taken away."""

    def action_give_up(self) -> None:
        """Take the filter away."""
        self.clear_away()
        self.post_message(self.GivenUp())

    def on_input_submitted(self) -> None:
        """Stay only where something is looked for."""
        self.display = bool(self.value.strip())

    def open(self) -> None:
        """Show the line, and let it have the keys."""
        self.display = True
        self.focus()

    def clear_away(self) -> None:
        """Empty the line and hide it."""
        self.value, self.display = "", False


class RunFilter(Vertical):
    """Which runs are listed: those that what is typed here is true of."""

    DEFAULT_CSS = """
    RunFilter { height: auto; }
    RunFilter #why { height: auto; max-height: 3; color: $text-muted; display: none; }
    RunFilter #why.-wrong { color: $error; }
    """

    facts: State[tuple[RunFacts, ...]] = State(())
    """Every run there is."""

    @dataclass
    class Filtered(Message):
        """Other runs are to be listed."""

    @dataclass
    class Left(Message):
        """The keys are the list's again."""

    def __init__(self) -> None:
        super().__init__()
        self._filter: Filter | None = None

    def compose(self) -> ComposeResult:
        """The line, and under it what is wrong with what it says."""
        line = FilterLine(id="filter", compact=True, placeholder="words, cfg.optimizer.lr>=0.1 …")
        line.tooltip = "Words, cfg.KEY=…, result.KEY>…, state=…, tag=…; a minus before means not."
        yield line
        yield Static(id="why", markup=False)

    @property
    def line(self) -> FilterLine:
        """Where it is typed."""
        return self.query_one(FilterLine)

    def of(self, runs: Iterable[RunFacts]) -> list[RunFacts]:
        """Return the runs that the filter is true of."""
        return [run for run in runs if self._filter is None or self._filter.matches(run)]

    @on(FilterLine.GivenUp)
    @on(Input.Submitted)
    def _leave(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Left())

    @on(Input.Changed)
    def _try(self, event: Input.Changed) -> None:
        """List what the filter says; where it says nothing, why, and the list stays."""
        from engine.runs.filters import parse

        event.stop()
        try:
            self._filter = parse(event.value)
        except EpochalError as error:
            self._explain(str(error), wrong=True)
            return
        self._explain(self._filter.unknown(self.facts))
        self.post_message(self.Filtered())

    def _explain(self, words: str, *, wrong: bool = False) -> None:
        line = self.query_one("#why", Static)
        line.display = bool(words)
        line.set_class(wrong, "-wrong")
        line.update(plain(words))
