"""What is chosen of a data file: its columns, what each is taken for, and what is learned."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from engine.data.file_rows import Task
from engine.data.profile.column import USABLE, ColumnProfile, Kind
from engine.data.profile.profile import Profile
from engine.errors import DataError
from engine.presets.file_draft import FileDraft, Wishes, draft
from engine.text.spelling import show

KINDS: Final[tuple[Kind, ...]] = ("number", "category", "truth", "date")
"""What a column can be taken for, in the order in which a key goes through them."""


@dataclass(frozen=True, eq=False)
class FileChoice:
    """A file, what was wished for of it, and the draft that comes of that."""

    profile: Profile
    wishes: Wishes = field(default_factory=Wishes)

    @cached_property
    def draft(self) -> FileDraft:
        """What the preset would say.

        Raises:
            DataError: It could not be.
        """
        return draft(self.profile, self.wishes)

    def column(self, name: str) -> ColumnProfile:
        """Return a column as it is taken for."""
        taken = [*self.draft.inputs, *self.draft.targets]
        return next((each for each in taken if each.name == name), self.profile.columns[name])

    def ticked(self, name: str) -> FileChoice:
        """Return it where a column goes in that did not, or does not that did.

        Raises:
            DataError: It cannot go in, or no other does.
        """
        if name in (target.name for target in self.draft.targets):
            raise DataError(f"{show(name)} is what is to be learned; t chooses another")
        chosen = [column.name for column in self.draft.inputs]
        if name in chosen:
            return self._with(inputs=[each for each in chosen if each != name])
        return self._taken_for(name, self._kind(name))._with(inputs=[*chosen, name])

    def learned(self, name: str) -> FileChoice:
        """Return it where a column is to be learned; the one before goes in no more.

        Raises:
            DataError: It cannot be.
        """
        chosen = [column.name for column in self.draft.inputs if column.name != name]
        return self._with(target=name, task=None, inputs=chosen)

    def learned_as_well(self, name: str) -> FileChoice:
        """Return it where a column is learned beside the others, or no more where it is.

        Raises:
            DataError: It cannot be, or nothing would be learned.
        """
        learned = [target.name for target in self.draft.targets]
        if learned == [name]:
            raise DataError(f"{show(name)} is all that is to be learned; t chooses another")
        others = [each for each in learned if each != name]
        chosen = [column.name for column in self.draft.inputs if column.name != name]
        targets = others if name in learned else [*learned, name]
        return self._with(target=targets, task=None, inputs=chosen)

    def retold(self, name: str) -> FileChoice:
        """Return it where a column is taken for the next thing that it can be.

        Raises:
            DataError: It can be nothing else.
        """
        column = self.column(name)
        able = [kind for kind in KINDS if kind in column.may_be]
        if not able or able == [column.kind]:
            raise DataError(f"{show(name)} can be nothing else: {column.why or column.kind}")
        at = able.index(column.kind) + 1 if column.kind in able else 0
        return self._taken_for(name, able[at % len(able)])

    def other_task(self) -> FileChoice:
        """Return it with the next thing that can be learned of the same columns.

        Raises:
            DataError: There is nothing else.
        """
        tasks: tuple[Task, ...] = ("numbers", "labels", "shares")
        tasks = ("classes", "numbers") if len(self.draft.targets) == 1 else tasks
        at = tasks.index(self.draft.task)
        refused = DataError("there is nothing else to learn of it")
        for task in [*tasks[at + 1 :], *tasks[:at]]:
            try:
                return self._with(task=task)
            except DataError as error:
                refused = error
        raise refused

    def _kind(self, name: str) -> Kind:
        column = self.column(name)
        able = [column.kind, *KINDS] if column.kind in USABLE else KINDS
        kind = next((each for each in able if each in column.may_be), None)
        if kind is None:
            raise DataError(f"{show(name)} cannot go in: it {column.why}")
        return kind

    def _taken_for(self, name: str, kind: Kind) -> FileChoice:
        return self._with(kinds={**self.wishes.kinds, name: kind})

    def _with(self, **wished: object) -> FileChoice:
        """Return it with other wishes, if they hold."""
        other = FileChoice(self.profile, replace(self.wishes, **wished))  # type: ignore[arg-type]
        _ = other.draft
        return other
