"""The rows of the setup's form: a setting, a group's head, a layer, and where one is added.

A row shows what it is told and says what was typed; what becomes of it is up to the pane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from engine.text.safe import plain

from ...commands.command import Spot
from ...commands.spots import bindings_at
from ...setup.settings import Adder, Entry, Group, Setting
from ...setup.values import UNSET
from ...style.look import Look
from ...style.setup_words import Words
from .field import ChoiceField, Fold, TextField

if TYPE_CHECKING:
    from ...setup.draft import Draft
    from ...setup.edits import Move

PLACEHOLDERS = {"train.epochs": "1000", "data.separator": ","}
"""What a text field shows where its key is left out, in place of ``not set``."""

SLOW = 0.01
"""Seconds: where trying what was typed takes longer, it is tried when the typing rests."""

REST = 0.25
"""Seconds without a letter that are a rest."""

SHORT = 5
"""Characters of a text beside which there is room for another."""

Field = TextField | ChoiceField

Heard = Mapping[str, int]
"""The number of the last change of each setting that a draft knows of."""


@dataclass(frozen=True)
class TypedText:
    """What a field says, and the number of the change that made it say so."""

    key: str
    text: str
    change: int


def field_id(key: str) -> str:
    """Return the id of a setting's field."""
    return "".join(sign if sign.isalnum() else "-" for sign in key.replace("]", ""))


class SettingRow(Horizontal):
    """Anything of the form that stands in a line of its own."""

    DEFAULT_CSS = """
    SettingRow {
        height: 1;
        & .label { width: 17; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        & .was { width: auto; max-width: 40%; color: $secondary; padding: 0 0 0 1; }
        & Fold { width: 17; }
        &.-wide Fold { width: 1fr; }
        &.-changed .label, &.-changed Fold { color: $secondary; }
        & TextField, & ChoiceField { width: 1fr; }
        &:focus-within .label { color: $primary; text-style: bold; }
    }
    """

    @dataclass
    class Typed(Message):
        """A setting was given another text, which may not hold."""

        typed: TypedText

    def __init__(self) -> None:
        super().__init__()
        self.stops: list[Widget] = []
        """What can have the keys, in order."""
        self._was = Words(classes="was", markup=False)
        self._shown: object = None
        self._wait = 0.0
        self._said: dict[str, int] = {}
        """The number of the last change of each field that was handed on."""
        self._draft: Draft | None = None
        self._heard: Heard = {}

    @property
    def fields(self) -> dict[str, Field]:
        """The row's fields by their setting's key."""
        return {}

    def show(self, draft: Draft, look: Look, heard: Heard) -> None:
        """Show what the draft says.

        Args:
            draft: The draft.
            look: What it is shown with.
            heard: What the draft knows of what was typed.
        """
        raise NotImplementedError

    def help(self, focused: Widget) -> str:
        """Return what the part that has the keys is."""
        raise NotImplementedError

    def show_field(
        self, key: str, setting: Setting, draft: Draft, look: Look, heard: Heard
    ) -> None:
        """Show a setting in its field, unless more was typed there than the draft knows of."""
        field = self.fields[key]
        self._draft, self._heard = draft, heard
        self._wait = REST if draft.seconds > SLOW else 0.0
        field.set_class(key in draft.problems, "-wrong")
        if isinstance(field, ChoiceField):
            start = draft.text(key)
            field.own = start if start not in {o.value for o in setting.options} else field.own
            field.glyphs, field.detail = look.glyphs, draft.detail(key)
        self._show_text(key)

    def show_was(self, was: str | None) -> None:
        """Show what the preset says, where that is something else."""
        self.set_class(was is not None, "-changed")
        self._make_room()
        if was is not None:
            if not self._was.is_attached and self.is_attached:
                self.mount(self._was)
            self._was.update(f"was {plain(was) or UNSET}")

    def _make_room(self) -> None:
        """Leave the room of what the preset says to a long text that is being typed."""
        long = any(each.has_focus and len(each.value) > SHORT for each in self.fields.values())
        self._was.display = self.has_class("-changed") and not long

    def compose(self) -> ComposeResult:
        """What can have the keys, beside a label where there is one."""
        yield from self.stops

    @on(Input.Changed)
    def note_what_was_typed(self, event: Input.Changed) -> None:
        """Hand on what was typed; where trying it is slow, when the typing rests."""
        event.stop()
        self._make_room()
        if not self._wait:
            self.say()
            return
        last = event.value
        self.set_timer(self._wait, lambda: self.say() if event.input.value == last else None)

    @on(Input.Blurred)
    def finish_field(self, event: Input.Blurred) -> None:
        """Hand on what was typed before the keys go elsewhere, and show what it comes to."""
        event.stop()
        self._make_room()
        self.say()
        for key, field in self.fields.items():
            if field is event.input:
                self._show_text(key)

    def _show_text(self, key: str) -> None:
        """Show what the draft says in a field, unless the draft does not know what it says."""
        field = self.fields[key]
        if self._draft is not None and field.change <= self._heard.get(key, 0):
            field.show(self._draft.text(key, typing=field.has_focus) or "")

    def typed(self) -> list[TypedText]:
        """Return what the fields say since a person last changed them."""
        return [
            TypedText(key, field.value, field.change)
            for key, field in self.fields.items()
            if field.change
        ]

    def say(self) -> None:
        """Hand on what was typed or chosen and was not handed on yet."""
        for typed in self.typed():
            if typed.change > self._said.get(typed.key, 0):
                self._said[typed.key] = typed.change
                self.post_message(self.Typed(typed))

    def on_choice_field_chosen(self, event: ChoiceField.Chosen) -> None:
        """Hand on what was chosen."""
        event.stop()
        self.say()

    def on_choice_field_opened(self, event: ChoiceField.Opened) -> None:
        """Show every value with a sentence on each."""
        from ...dialogs.dialog import ChoiceDialog

        event.stop()
        field = event.field

        def take(value: str | None) -> None:
            if value is not None:
                field.choose(value)

        self.app.push_screen(ChoiceDialog(self.title, field.options, field.value), take)

    @property
    def title(self) -> str:
        """What a list of its values is called."""
        return ""


def make_field(setting: Setting) -> Field:
    """Return a field for a setting."""
    name = field_id(setting.key)
    if setting.options:
        return ChoiceField(setting.options, id=name)
    placeholder = PLACEHOLDERS.get(setting.key, UNSET if setting.leaf.optional else "")
    return TextField(id=name, placeholder=placeholder)


def help_of(setting: Setting, field: Widget) -> str:
    """Return what a setting is, and what it is set to."""
    about = field.about if isinstance(field, ChoiceField) else ""
    return f"{setting.help} {field.value}: {about}" if about else setting.help  # type: ignore[attr-defined]


class OneRow(SettingRow):
    """A setting: its name, its field, and what the preset says where that is something else."""

    def __init__(self, setting: Setting, *, inside: bool = False) -> None:
        super().__init__()
        self.setting = setting
        self.field = make_field(setting)
        self.stops = [self.field]
        self._label = Words(setting.label, classes="label", markup=False)
        self._indent = "  " if inside else ""

    @property
    def fields(self) -> dict[str, Field]:
        """The one field."""
        return {self.setting.key: self.field}

    @property
    def title(self) -> str:
        """The setting's name."""
        return self.setting.label

    def compose(self) -> ComposeResult:
        """Its name and its field."""
        yield self._label
        yield self.field

    def show(self, draft: Draft, look: Look, heard: Heard) -> None:
        """Show the setting of a draft."""
        key = self.setting.key
        self.show_field(key, self.setting, draft, look, heard)
        self.show_value(draft.was(key), look)

    def show_value(self, was: str | None, look: Look) -> None:
        """Show whether it differs."""
        self.show_was(was)
        sign = f"{look.glyphs.changed} " if was is not None else ""
        label = f"{self._indent}{sign}{self.setting.label}"
        if label != self._shown:
            self._shown = label
            self._label.update(label)

    def help(self, focused: Widget) -> str:
        """Return the schema's words on the setting."""
        return help_of(self.setting, focused)


class GroupRow(SettingRow):
    """The head of a group: opens what is folded away, and chooses its kind where it has kinds."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.group = group
        self.fold = Fold(group.name, id=f"group-{group.name}")
        self.field = make_field(group.kind) if group.kind is not None else None
        self.stops = [self.fold, *([self.field] if self.field is not None else [])]
        self.set_class(self.field is None, "-wide")

    @property
    def fields(self) -> dict[str, Field]:
        """The field of the kind."""
        kind = self.group.kind
        return {kind.key: self.field} if kind is not None and self.field is not None else {}

    @property
    def title(self) -> str:
        """The group's name."""
        return self.group.title

    def show(self, draft: Draft, look: Look, heard: Heard) -> None:
        """Show the kind of the draft, and how much of what is folded away differs."""
        kind = self.group.kind
        was = None
        if kind is not None:
            self.show_field(kind.key, kind, draft, look, heard)
            was = draft.was(kind.key)
        self.show_was(was)
        sign = f"{look.glyphs.changed} " if was is not None else ""
        words = Text(f"{sign}{self.group.title}", end="")
        hidden = 0 if self.fold.is_open else len(self.group.rare)
        if hidden:
            words.append(f" +{hidden}", "dim not bold")
        if words != self._shown:
            self._shown = self.fold.words = words
        self.fold.glyphs = look.glyphs

    def help(self, focused: Widget) -> str:
        """Return the schema's words on the kind, or how to open the group."""
        kind = self.group.kind
        if isinstance(focused, ChoiceField) and kind is not None:
            return help_of(kind, focused)
        return "right or enter shows every setting of this group, left folds the rare ones away."


class EntryRow(SettingRow):
    """An entry of a list, such as a layer: its main settings in one line, the rest folded away."""

    SPOT: ClassVar[Spot] = "entry"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("entry")
    DEFAULT_CSS = """
    EntryRow {
        & Fold { width: 11; text-style: none; }
        & TextField { padding: 0 0 0 1; width: 6; margin: 0 1 0 0; }
        & TextField.-wide { width: 1fr; margin: 0; }
        & TextField:focus { padding: 0 0 0 1; }
        & .-wrong { color: $error; }
        & ChoiceField { padding: 0; margin: 0 1 0 0; &:last-of-type { margin: 0; } }
    }
    """
    KEYS = "ctrl+n adds another after it, ctrl+d removes it, shift+up and shift+down move it."

    @dataclass
    class Changed(Message):
        """The list is to be changed at this entry."""

        entry: Entry
        what: Move

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry
        self.fold = Fold(entry.key, id=field_id(entry.key))
        self._fields = {setting.key: make_field(setting) for setting in entry.inline}
        for field in self._fields.values():
            field.set_class(len(self._fields) == 1, "-wide")
        self.stops = [self.fold, *self._fields.values()]
        self.set_class(not self._fields, "-wide")

    @property
    def fields(self) -> dict[str, Field]:
        """The fields in the line."""
        return self._fields

    @property
    def title(self) -> str:
        """The entry's name."""
        return self.entry.label

    def show(self, draft: Draft, look: Look, heard: Heard) -> None:
        """Show the entry of a draft."""
        for setting in self.entry.inline:
            self.show_field(setting.key, setting, draft, look, heard)
        settings = (*self.entry.inline, *self.entry.inside)
        changed = draft.is_new(self.entry) or any(draft.was(s.key) is not None for s in settings)
        self.set_class(changed, "-changed")
        words = Text(f"{look.glyphs.changed} {self.entry.label}" if changed else self.entry.label)
        if words != self._shown:
            self._shown = self.fold.words = words
        self.fold.glyphs = look.glyphs

    def help(self, focused: Widget) -> str:
        """Return what the part that has the keys is, and what can be done with the entry."""
        for setting in self.entry.inline:
            if self._fields[setting.key] is focused:
                return f"{help_of(setting, focused)} {self.KEYS}"
        return f"right or enter shows all of {self.entry.label}. {self.KEYS}"

    def action_change(self, what: Move) -> None:
        """Ask for a change of the list."""
        self.post_message(self.Changed(self.entry, what))


class AddRow(SettingRow):
    """Where another entry can be added to a list."""

    def __init__(self, adder: Adder) -> None:
        super().__init__()
        self.adder = adder
        self.button = AddButton(adder.label, id=f"{field_id('.'.join(map(str, adder.list)))}-add")
        self.stops = [self.button]

    def show(self, draft: Draft, look: Look, heard: Heard) -> None:
        """It is always the same."""

    def help(self, focused: Widget) -> str:
        """Return what it does."""
        return f"enter or a click: {self.adder.label} after the last one, like it."


class AddButton(Widget, can_focus=True):
    """Words that add something."""

    SPOT: ClassVar[Spot] = "add"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("add")
    DEFAULT_CSS = """
    AddButton { height: 1; width: 1fr; color: $text-muted; }
    AddButton:focus { color: $primary; text-style: bold; }
    AddButton:focus:nocolor { text-style: bold reverse; }
    """

    @dataclass
    class Pressed(Message):
        """Another entry is to be added."""

        button: AddButton

    def __init__(self, words: str, *, id: str) -> None:
        super().__init__(id=id)
        self._words = words

    def render(self) -> Text:
        """Return its words."""
        return Text(f"+ {self._words}", no_wrap=True)

    def action_add(self) -> None:
        """Ask for another entry."""
        self.post_message(self.Pressed(self))

    def on_click(self, event: events.Click) -> None:
        """Do what enter does."""
        self.action_add()
