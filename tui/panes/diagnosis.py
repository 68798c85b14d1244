"""The diagnosis: what is wrong with the run that is shown, and what to do about it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events

from ..commands.spots import Keyed
from ..drawing.lists.diagnosis import (
    WAITING,
    draw_findings,
    draw_healthy,
    draw_opinion,
    first_choice,
)
from ..style.numbers import count
from ..style.text import Lines
from ..watching.view import View
from .picture import BlockPicture, LabMessage, State

if TYPE_CHECKING:
    from engine.diagnosis import Finding


class DiagnosisPane(Keyed, BlockPicture, can_focus=True, spot="diagnosis"):
    """The findings, the worst first; the chosen one is what the lab follows."""

    DEFAULT_CSS = """
    DiagnosisPane.-scrolls { height: 6; max-height: 33%; }
    DiagnosisPane.-tabbed { height: 1fr; max-height: 100%; }
    """

    tabbed = State(False)
    """Whether the pane has the room to itself."""
    chosen = State(0)
    """Which finding is followed."""

    @dataclass
    class Follow(LabMessage):
        """What this finding advises shall be trained."""

        finding: Finding

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picked: tuple[str, str] | None = None
        """Rule and place of the finding that somebody chose; it stays chosen while it is there."""
        self._tall: tuple[Hashable, int] = (None, 0)
        """What the pane's height was found for, and the height."""

    @property
    def followed(self) -> Finding | None:
        """The finding that is followed: the chosen one, where it has a remedy."""
        findings = self.view.findings
        finding = findings[self.chosen] if self.chosen < len(findings) else None
        return finding if finding is not None and finding.remedy is not None else None

    def watch_view(self, before: View, view: View) -> None:
        """Keep to the finding that was chosen, and draw what has changed."""
        if view.run != before.run:
            self._picked = None
        names = [_name(finding) for finding in view.findings]
        picked = self._picked
        chosen = names.index(picked) if picked in names else first_choice(view.findings)
        self.set_reactive(DiagnosisPane.chosen, chosen)
        self.redraw()
        self._fit()

    def watch_tabbed(self, tabbed: bool) -> None:
        """Take the room there is."""
        self.set_class(tabbed, "-tabbed")
        self._fit()

    def on_resize(self, event: events.Resize) -> None:
        """Break the sentences elsewhere."""
        super().on_resize(event)
        self._fit()

    def key(self) -> Hashable:
        """Return what the sentences depend on."""
        who = self.view.label, self.view.opinions
        judged = self.view.findings, self._at, self._begun, self.view.reading, who
        return judged, self.chosen, self.look

    @property
    def _at(self) -> int:
        """The step that is read, where a finding's own may be another."""
        return self.view.at if self.view.findings else 0

    @property
    def _begun(self) -> bool:
        """Whether there is anything that could be wrong."""
        history = self.view.history
        foreign = history is not None and history.header is not None and history.header.is_foreign
        rows = history.series.get("train") if history is not None else None
        return foreign or (rows is not None and rows.row_at(self.view.at) is not None)

    def blocks(self, width: int) -> list[Lines]:
        """Return the lines of each finding, or those that stand in their place."""
        if self.view.reading:
            return [self.look.muted(self.view.reading, width)]
        if not self._begun:
            return [self.look.muted(WAITING, width)]
        view, look = self.view, self.look
        who = (view.label or view.title) if view.opinions else ""
        findings = draw_findings(view.findings, self.chosen, self._at, width, look, who)
        opinions = [draw_opinion(each, width, look) for each in view.opinions]
        return [*(findings or [draw_healthy(width, look, who)]), *opinions]

    def captions(self) -> tuple[str, str]:
        """Return the pane's name and the number of findings."""
        number = len(self.view.findings)
        return "Diagnosis", f"{count(number)} findings" if number > 1 else ""

    def _fit(self) -> None:
        """Be as high as what is said; CSS says how high at most.

        While the same things are said the pane only grows: figures in them that get longer and
        shorter would otherwise move everything on the screen.
        """
        width = self.scrollable_content_region.width
        if self.tabbed:
            self.styles.height, self._tall = None, (None, 0)
        if self.tabbed or not width:
            return
        same = (
            self.view.run,
            tuple(map(_name, self.view.findings)),
            tuple((each.run, *map(_name, each.findings)) for each in self.view.opinions),
            self._begun,
            self.chosen,
            self.outer_size.width,
        )
        needed = sum(map(len, self.blocks(width))) + self.gutter.height
        before = self._tall[1] if self._tall[0] == same else 0
        if needed > before:
            self._tall = same, needed
            self.styles.height = needed

    def action_choose(self, by: int) -> None:
        """Choose the finding before or the next; where there is none, scroll."""
        last = max(len(self.view.findings) - 1, 0)
        index = min(max(self.chosen + by, 0), last)
        if index == self.chosen:
            self.scroll_relative(y=by, animate=False)
        else:
            self._choose(index)

    def on_click(self, event: events.Click) -> None:
        """Choose the finding that was clicked on."""
        index = self.block_at(event)
        if index is not None and index < len(self.view.findings):
            self._choose(index)

    def _choose(self, index: int) -> None:
        """Choose a finding, and scroll to it."""
        if index == self.chosen:
            return
        self._picked, self.chosen = _name(self.view.findings[index]), index
        self.redraw()
        self._fit()
        self.scroll_to_block(self.chosen)

    def action_follow(self) -> None:
        """Train what the chosen finding advises."""
        if self.followed is not None:
            self.post_message(self.Follow(self.followed))


def _name(finding: Finding) -> tuple[str, str]:
    """Return what makes a finding the same one at another step."""
    return finding.rule, finding.where
