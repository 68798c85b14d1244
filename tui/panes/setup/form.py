"""The form of the setup: every setting of a draft in its row, the rare ones folded away.

Rows are made when they are first seen and kept for when they are seen again, so that opening a
group or choosing another kind costs no more than its own rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from engine.text.safe import plain

from ...setup.settings import Adder, Entry, Group, Option, Row, Setting
from ...setup.values import Leaf
from ...style.look import Look
from ...style.setup_words import Words
from .field import ChoiceField, Fold
from .pane import DEVICE_KEY, SetupPane
from .rows import (
    AddButton,
    AddRow,
    EntryRow,
    GroupRow,
    Heard,
    OneRow,
    SettingRow,
    TypedText,
)

if TYPE_CHECKING:
    from ...setup.draft import Draft

AnyRow = TypeVar("AnyRow", bound=SettingRow)

DEVICE = Setting(
    path=(DEVICE_KEY,),
    key=DEVICE_KEY,
    label="device",
    help="Where the next run trains; it is no part of the experiment.",
    leaf=Leaf("choice"),
    options=(
        Option("auto", "CUDA where a step is large enough to be worth it, else the CPU."),
        Option("cpu", "The processor."),
        Option("cuda", "The first GPU."),
        *(Option(f"cuda:{index}", f"GPU number {index}, counted from 0.") for index in range(1, 8)),
    ),
)


class Form(VerticalScroll, inherit_bindings=False):
    """All settings of a draft."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    Form {
        height: 1fr;
        scrollbar-size-vertical: 1;
        & .problem { height: auto; color: $error; padding: 0 0 0 2; }
    }
    """

    def __init__(self, *, id: str, can_focus: bool) -> None:
        super().__init__(id=id, can_focus=can_focus)
        self._rows: dict[str, SettingRow] = {}
        self._problems: dict[str, Words] = {}
        self._open: set[str] = set()
        """The groups and entries that are unfolded."""
        self._stops: list[Widget] = []
        """What can have the keys, in order."""
        self._draft: Draft | None = None
        self._look = Look()
        self._device = "auto"
        self._heard: Heard = {}
        self._next: str | None = None
        """Where the keys go once the rows are there."""

    async def show(self, draft: Draft, look: Look, device: str, heard: Heard) -> None:
        """Show a draft.

        Args:
            draft: The draft.
            look: What it is shown with.
            device: Where the next run trains.
            heard: What the draft knows of what was typed.
        """
        self._draft, self._look, self._device, self._heard = draft, look, device, heard
        rows = list(self._wanted(draft))
        await self._arrange(list(self._with_problems(rows, draft)))
        for row in rows:
            if isinstance(row, OneRow) and row.setting is DEVICE:
                self._show_device(row)
            else:
                row.show(draft, look, heard)
        self._stops = [stop for row in rows for stop in row.stops]
        if self._next is not None:
            self._focus_next()

    def _focus_next(self) -> None:
        row = self._rows.get(self._next or "")
        self._next = None
        if row is not None and row.display:
            row.stops[min(1, len(row.stops) - 1)].focus()

    def _show_device(self, row: OneRow) -> None:
        field = row.field
        assert isinstance(field, ChoiceField)
        field.glyphs = self._look.glyphs
        known = any(option.value == self._device for option in DEVICE.options)
        field.own = field.own if known else self._device
        if field.change <= self._heard.get(DEVICE.key, 0):
            field.show(self._device)
        row.show_value(None, self._look)

    # --- which rows there are --------------------------------------------------------------

    def _wanted(self, draft: Draft) -> Iterator[SettingRow]:
        """Yield the rows that are to be seen, in order."""
        for group in draft.groups:
            yield self._group_row(group)
            is_open = group.name in self._open
            rows: Sequence[Row] = group.common
            for row in rows:
                yield from self._rows_of(row, draft)
            if group.name == "train":
                yield self._one_row(DEVICE)
            for row in group.rare:
                if is_open or self._is_wrong(row, draft):
                    yield from self._rows_of(row, draft, force=not is_open)

    def _rows_of(self, row: Row, draft: Draft, *, force: bool = False) -> Iterator[SettingRow]:
        match row:
            case Setting():
                yield self._one_row(row)
            case Entry():
                yield (entry := self._entry_row(row))
                entry.fold.is_open = row.key in self._open
                for setting in row.inside:
                    if entry.fold.is_open or setting.key in draft.problems:
                        yield self._one_row(setting, inside=True)
            case Adder() if not force:
                yield self._add_row(row)

    def _is_wrong(self, row: Row, draft: Draft) -> bool:
        match row:
            case Setting():
                return row.key in draft.problems
            case Entry():
                return any(s.key in draft.problems for s in (*row.inline, *row.inside))
        return False

    def _group_row(self, group: Group) -> SettingRow:
        key = f"group {group.name}"
        row = self._rows.get(key)
        if not isinstance(row, GroupRow) or not _is_like(row.group.kind, group.kind):
            row = self._keep(key, GroupRow(group))
        row.group = group
        row.fold.is_open = group.name in self._open
        return row

    def _one_row(self, setting: Setting, *, inside: bool = False) -> SettingRow:
        row = self._rows.get(setting.key)
        if not isinstance(row, OneRow) or not _is_like(row.setting, setting):
            row = self._keep(setting.key, OneRow(setting, inside=inside))
        row.setting = setting
        return row

    def _entry_row(self, entry: Entry) -> EntryRow:
        row = self._rows.get(entry.key)
        if not isinstance(row, EntryRow):
            row = self._keep(entry.key, EntryRow(entry))
        row.entry = entry
        return row

    def _add_row(self, adder: Adder) -> SettingRow:
        row = self._rows.get(adder.key)
        if not isinstance(row, AddRow):
            row = self._keep(adder.key, AddRow(adder))
        row.adder = adder
        return row

    def _keep(self, key: str, row: AnyRow) -> AnyRow:
        """Keep a new row, in the place of one that no longer fits."""
        before = self._rows.get(key)
        if before is not None and before.is_attached:
            before.remove()
        self._rows[key] = row
        return row

    def _with_problems(self, rows: Sequence[SettingRow], draft: Draft) -> Iterator[Widget]:
        """Yield the rows, and under each what is wrong with it."""
        for row in rows:
            yield row
            keys = [row.setting.key] if isinstance(row, OneRow) else list(row.fields)
            for key in keys:
                if words := draft.problems.get(key, ""):
                    yield self._problem(key, words)

    def _problem(self, key: str, words: str) -> Words:
        line = self._problems.setdefault(key, Words(classes="problem", markup=False))
        line.update(plain(words))
        return line

    async def _arrange(self, wanted: Sequence[Widget]) -> None:
        """Show exactly these, in this order; make those that were never seen."""
        keep = set(wanted)
        for child in self.children:
            child.display = child in keep
        new: list[Widget] = []
        last: Widget | None = None
        for widget in wanted:
            if not widget.is_attached:
                new.append(widget)
                continue
            if new:
                await self._mount_before(new, widget)
                new = []
            if last is not None and _place(self, widget) < _place(self, last):
                self.move_child(widget, after=last)
            last = widget
        if new:
            await self.mount_all(new)

    async def _mount_before(self, new: Sequence[Widget], widget: Widget) -> None:
        await self.mount_all(new, before=widget)

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
        heads = [row.fold for row in self._rows.values() if isinstance(row, GroupRow)]
        heads = [stop for stop in self._stops if isinstance(stop, Fold) and stop in heads]
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

    def folded_changes(self, draft: Draft) -> list[str]:
        """Return the keys that differ from the preset and are folded away."""
        seen = {key for row in self._rows.values() if row.display for key in row.fields}
        entries = [row.entry.key for row in self._rows.values() if isinstance(row, EntryRow)]
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

    @on(SettingRow.Typed)
    def say_what_was_typed(self, event: SettingRow.Typed) -> None:
        """Hand on what was typed."""
        event.stop()
        if event.typed.key == DEVICE.key:
            self.post_message(SetupPane.DeviceChosen(event.typed))
        else:
            self.post_message(SetupPane.SettingChanged(event.typed))

    @on(ChoiceField.Missed)
    def say_what_was_missed(self, event: ChoiceField.Missed) -> None:
        """Hand on that a letter found nothing."""
        event.stop()
        other = "other " if event.field.value.lower().startswith(event.sought.lower()) else ""
        words = f"No {other}value here begins with {event.sought}; enter shows them all."
        self.post_message(SetupPane.NothingFound(words))

    @on(EntryRow.Changed)
    def change_list(self, event: EntryRow.Changed) -> None:
        """Hand on what is to become of an entry; the keys go with it."""
        event.stop()
        entry, what = event.entry, event.what
        count = len([row for row in self._list(entry.list) if row.display])
        place = {"add": 1, "remove": 0, "up": -1, "down": 1}[what] + entry.index
        last = count if what == "add" else count - 1 - (what == "remove")
        self._next = self._entry_key(entry, min(max(place, 0), max(last, 0)))
        self.post_message(SetupPane.ListChanged(entry.list, what, entry.index))

    def _list(self, path: object) -> list[EntryRow]:
        rows = [row for row in self._rows.values() if isinstance(row, EntryRow)]
        return [row for row in rows if row.entry.list == path]

    @staticmethod
    def _entry_key(entry: Entry, index: int) -> str:
        return Entry(list=entry.list, index=index, label="", inline=(), inside=()).key

    @on(AddButton.Pressed)
    def add_entry(self, event: AddButton.Pressed) -> None:
        """Hand on that there is to be another entry."""
        event.stop()
        for row in self._rows.values():
            if isinstance(row, AddRow) and row.button is event.button:
                adder = row.adder
                self._next = f"{adder.key[:-1]}[{adder.count}]"
                self.post_message(SetupPane.ListChanged(adder.list, "add", adder.count))

    @on(Fold.Turned)
    async def turn(self, event: Fold.Turned) -> None:
        """Open or close what is folded away; the pane then says what of it differs."""
        (self._open.add if event.is_open else self._open.discard)(event.key)
        if self._draft is not None:
            await self.show(self._draft, self._look, self._device, self._heard)

    @on(Input.Submitted)
    def leave_field(self, event: Input.Submitted) -> None:
        """Go to the next field."""
        event.stop()
        self.go(1, event.input)


def _is_like(before: Setting | None, now: Setting | None) -> bool:
    """Whether a row made for one setting can show another of the same key."""
    if before is None or now is None:
        return before is now
    return before.options == now.options and before.label == now.label


def _place(form: Form, widget: Widget) -> int:
    return form.children.index(widget)
