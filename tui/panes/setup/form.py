"""The form of the setup: every setting of a draft in its row, the rare ones folded away.

Rows are made when they are first seen and kept for when they are seen again, so that opening a
group or choosing another kind costs no more than its own rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from engine.experiment.problems import key_text
from engine.text.safe import plain

from ...setup.settings import Adder, Group, ListEntry, Setting, SetupPart
from .field import Fold
from .messages import ListChanged, Told, TypedText
from .rows import DEVICE, AddRow, DeviceRow, EntryRow, GroupRow, OneRow, SettingRow
from .words import Words

if TYPE_CHECKING:
    from ...setup.draft import Draft

ROWS: Final[Mapping[type[SetupPart], Callable[[Any], SettingRow]]] = {
    Group: GroupRow,
    Setting: OneRow,
    ListEntry: EntryRow,
    Adder: AddRow,
}
"""What shows each part of a setup."""


class Form(VerticalScroll, inherit_bindings=False):
    """All settings of a draft."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text("utf-8")

    def __init__(self, *, id: str, can_focus: bool) -> None:
        super().__init__(id=id, can_focus=can_focus)
        self._rows: dict[str, SettingRow] = {}
        self._problems: dict[str, Words] = {}
        self._open: set[str] = set()
        """The groups and entries that are unfolded."""
        self._stops: list[Widget] = []
        """What can have the keys, in order."""
        self._shown: Told | None = None
        self._next: str | None = None
        """Where the keys go once the rows are there."""

    async def show(self, told: Told) -> None:
        """Show a draft."""
        self._shown = told
        rows = list(self._wanted(told.draft))
        await self._arrange(list(self._with_problems(rows, told.draft)))
        for row in rows:
            row.show(told)
        self._stops = [stop for row in rows for stop in row.stops]
        if self._next is not None:
            self._focus_next()

    def _focus_next(self) -> None:
        row = self._rows.get(self._next or "")
        self._next = None
        if row is not None and row.display:
            row.stops[min(1, len(row.stops) - 1)].focus()

    # --- which rows there are --------------------------------------------------------------

    def _wanted(self, draft: Draft) -> Iterator[SettingRow]:
        """Yield the rows that are to be seen, in order."""
        for group in draft.groups:
            yield self._row(group)
            for part in group.common:
                yield from self._rows_of(part, draft)
            if group.name == "train":
                yield self._row(DEVICE)
            for part in group.rare:
                settings = (*part.settings, *part.inside)
                if group.key in self._open or any(s.key in draft.problems for s in settings):
                    yield from self._rows_of(part, draft)

    def _rows_of(self, part: SetupPart, draft: Draft) -> Iterator[SettingRow]:
        yield self._row(part)
        for setting in part.inside:
            if part.key in self._open or setting.key in draft.problems:
                yield self._row(setting)

    def _row(self, part: SetupPart) -> SettingRow:
        """Return the row of a part of the setup: that of before, unless it no longer fits."""
        row = self._rows.get(part.key)
        if row is None or not row.fits(part):
            if row is not None and row.is_attached:
                row.remove()
            row = self._rows[part.key] = DeviceRow() if part is DEVICE else ROWS[type(part)](part)
        row.part = part
        if row.fold is not None:
            row.fold.is_open = part.key in self._open
        return row

    def _with_problems(self, rows: Sequence[SettingRow], draft: Draft) -> Iterator[Widget]:
        """Yield the rows, and under each what is wrong with it."""
        for row in rows:
            yield row
            for key in row.fields:
                if words := draft.problems.get(key, ""):
                    line = self._problems.setdefault(key, Words(classes="problem", markup=False))
                    line.update(plain(words))
                    yield line

    async def _arrange(self, wanted: Sequence[Widget]) -> None:
        """Show exactly these, in this order; make those that were never seen."""
        keep, place = set(wanted), self.children.index
        for child in self.children:
            child.display = child in keep
        new: list[Widget] = []
        last: Widget | None = None
        for widget in wanted:
            if not widget.is_attached:
                new.append(widget)
                continue
            if new:
                await self.mount_all(new, before=widget)
                new = []
            if last is not None and place(widget) < place(last):
                self.move_child(widget, after=last)
            last = widget
        if new:
            await self.mount_all(new)

    # --- getting about ---------------------------------------------------------------------

    def go(self, by: int, focused: Widget | None) -> bool:
        """Go to the part ``by`` places on; return whether there is one."""
        if focused not in self._stops:
            first = next((stop for stop in self._stops if not isinstance(stop, Fold)), None)
            if first is not None:
                first.focus()
            return first is not None
        place = self._stops.index(focused) + by
        if 0 <= place < len(self._stops):
            self._stops[place].focus()
        return place >= 0

    def go_group(self, by: int, focused: Widget | None) -> bool:
        """Go to the head of the group ``by`` places on; return whether there is one."""
        heads = [stop for stop in self._stops if isinstance(stop.parent, GroupRow)]
        heads = [head for head in heads if isinstance(head, Fold)]
        place = self._stops.index(focused) if focused in self._stops else -1
        if by > 0:
            heads = [head for head in heads if self._stops.index(head) > place]
        else:
            heads = [head for head in heads if self._stops.index(head) < place][::-1]
        if heads:
            heads[0].focus()
        return bool(heads) or by > 0

    def help_on(self, widget: Widget) -> str:
        """Return what a part of the form is."""
        for row in self._rows.values():
            if widget in row.stops:
                return row.help(widget)
        return ""

    def setting_of(self, widget: Widget) -> str:
        """Return the key of the setting that a part of the form changes; empty of others."""
        fields = (pair for row in self._rows.values() for pair in row.fields.items())
        return next((key for key, field in fields if field is widget), "")

    def folded_changes(self, draft: Draft) -> list[str]:
        """Return the keys that differ from the preset and are folded away."""
        seen = {key for row in self._rows.values() if row.display for key in row.fields}
        entries = [row.part.key for row in self._rows.values() if isinstance(row, EntryRow)]
        return [
            key
            for key in draft.changes
            if key not in seen and not any(key.startswith(entry) for entry in entries)
        ]

    # --- what was done ---------------------------------------------------------------------

    def typed(self) -> list[TypedText]:
        """Return what fields say that a person has changed, the last change last."""
        typed = [each for row in self._rows.values() if row.is_attached for each in row.typed()]
        return sorted(typed, key=lambda each: each.change)

    @on(ListChanged)
    def follow_entry(self, event: ListChanged) -> None:
        """Have the keys go with what becomes of an entry, which the lab decides."""
        entries = [row for row in self._rows.values() if isinstance(row, EntryRow) and row.display]
        count = sum(row.part.list == event.list for row in entries)
        place = {"add": 1, "remove": 0, "up": -1, "down": 1}[event.what] + event.index
        last = count if event.what == "add" else count - 1 - (event.what == "remove")
        self._next = key_text((*event.list, min(max(place, 0), max(last, 0))))

    @on(Fold.Turned)
    async def turn(self, event: Fold.Turned) -> None:
        """Open or close what is folded away; the pane then says what of it differs."""
        (self._open.add if event.is_open else self._open.discard)(event.key)
        if self._shown is not None:
            await self.show(self._shown)

    @on(Input.Submitted)
    def leave_field(self, event: Input.Submitted) -> None:
        """Go to the next field."""
        event.stop()
        self.go(1, event.input)
