"""Undo and redo in the setup: the drafts of before, and those that were taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .draft import Draft

MOST: Final = 200
"""Changes of a preset that can be taken back."""


@dataclass(eq=False)
class Trail:
    """One preset's."""

    past: list[Draft] = field(default_factory=list)
    """The drafts before each change, the newest last."""
    future: list[Draft] = field(default_factory=list)
    """The drafts that were taken back, the last of them last."""


@dataclass(eq=False)
class Undo:
    """What was changed in every preset, change by change.

    What is typed into a field, letter by letter, is one change.
    """

    _trails: dict[str, Trail] = field(default_factory=dict)
    _typed_in: str = ""
    """The field in which the newest change was typed."""

    def trail(self, draft: Draft | None) -> Trail:
        """Return what can be taken back of a draft, and done again."""
        return self._trails.setdefault(draft.name, Trail()) if draft is not None else Trail()

    def note(self, before: Draft, after: Draft, key: str = "") -> None:
        """Take a change down; what was taken back before it cannot be done again.

        Args:
            before: The draft before it.
            after: The draft with it; of another preset it is no change but a choice.
            key: The setting into whose field it was typed, where it was.
        """
        if before.name != after.name or before.tables == after.tables:
            return
        trail = self.trail(after)
        if not (key and key == self._typed_in and trail.past):
            trail.past = [*trail.past, before][-MOST:]
        trail.future.clear()
        self._typed_in = key

    def undone(self, draft: Draft) -> Draft:
        """Return the draft before the last change."""
        return self._turned(draft, self.trail(draft).past, self.trail(draft).future)

    def redone(self, draft: Draft) -> Draft:
        """Return the draft with the change that was taken back last."""
        return self._turned(draft, self.trail(draft).future, self.trail(draft).past)

    def _turned(self, draft: Draft, taken: list[Draft], kept: list[Draft]) -> Draft:
        self._typed_in = ""
        if not taken:
            return draft
        kept.append(draft)
        return taken.pop()
