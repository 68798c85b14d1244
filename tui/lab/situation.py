"""Which commands make sense: how the run stands, which place has the keys, what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.widgets import Input

from ..commands.command import NEEDS, Need, Situation
from ..commands.spots import spots_of
from ..setup.undo import Undo
from .pacing import Pacing
from .part import LabScreen

if TYPE_CHECKING:
    pass


@dataclass(eq=False)
class Possibilities:
    """Finds out what can be done."""

    screen: LabScreen
    pacing: Pacing
    undo: Undo

    @property
    def run_situation(self) -> Situation:
        """How it stands with the run that is shown, whatever takes the keys."""
        opening, replay = self.screen.opening, self.pacing.replay
        lead = replay.cast.lead
        if opening.read_only:
            return "follow"
        if opening.lecture is not None:
            return "slide" if lead is None else "lecture"
        if replay.player is not None or replay.awaiting:
            return "showing" if self.pacing.showing else "replay"
        return "setup" if lead is None else lead.situation

    def find(self) -> None:
        """Find out which commands make sense now."""
        screen, stack = self.screen, self.screen.app.screen_stack
        screen.situation = "form" if isinstance(screen.focused, Input) else self.run_situation
        asking = spots_of(stack[-1].focused or stack[-1]) if stack else ()
        screen.spots = asking if "dialog" in asking else spots_of(screen.focused)
        screen.lacking = frozenset(need for need in NEEDS if not self.has(need))

    def has(self, need: Need) -> bool:
        """Whether what some commands need is there."""
        view, history, draft = self.screen.view, self.screen.view.history, self.screen.draft
        header = history.header if history is not None else None
        match need:
            case "columns":
                return self.screen.maximised or self.screen.form != "one"
            case "members":
                return header is not None and header.members > 1
            case "marks":
                return self.pacing.replay.marked
            case "remedy":
                # Whether there is one is known once all has been read; until then the key says so.
                return any(each.remedy for each in view.findings) or bool(view.reading)
            case "result":
                # The run stands at its end, where its best weights and its last ones are.
                if not view.weights or history is None:
                    return False
                from ..drawing.lists.result import has_best

                return has_best(history, view.member)
            case "changes":
                return draft is not None and bool(draft.changed)
            case "undo":
                return bool(self.undo.trail(draft).past)
            case "redo":
                return bool(self.undo.trail(draft).future)
        return True
