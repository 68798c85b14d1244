"""The rows of the setup's form: a setting, a group's head, a layer, and where one is added.

A row shows what it is told and says what was typed; what becomes of it is up to the pane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from engine.text.safe import plain

from ...commands.spots import Keyed
from ...setup.settings import Adder, Group, ListEntry, Option, Setting, SetupPart
from ...setup.values import UNSET, Leaf
from ...style.look import Look
from .field import ChoiceField, Fold, TextField
from .messages import DEVICE_KEY, Heard, ListChanged, SettingChanged, Told, TypedText
from .words import Words

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


def field_id(key: str) -> str:
    """Return the id of a setting's field."""
    return "".join(sign if sign.isalnum() else "-" for sign in key.replace("]", ""))


def make_field(setting: Setting) -> Field:
    """Return a field for a setting."""
    name = field_id(setting.key)
    if setting.options:
        return ChoiceField(setting.options, id=name)
    placeholder = PLACEHOLDERS.get(setting.key, UNSET if setting.leaf.optional else "")
    return TextField(id=name, placeholder=placeholder)


class SettingRow(Horizontal):
    """Anything of the form that stands in a line of its own.

    Args:
        part: What of the setup it shows; later ones that it fits may take its place.
        fold: Opens what is folded away, where something is.
    """

    KEYS: ClassVar[str] = ""
    """What else can be done in this row."""
    HELP: ClassVar[str] = ""
    """What the row itself is."""

    def __init__(self, part: SetupPart, fold: Fold | None = None) -> None:
        super().__init__()
        self.part: Any = part
        self.fold = fold
        self.fields = {setting.key: make_field(setting) for setting in part.settings}
        """The row's fields by their setting's key."""
        self.stops: list[Widget] = [*([fold] if fold else []), *self.fields.values()]
        """What can have the keys, in order."""
        # Styled once, where it is mounted.
        self.set_class(not self.fields, "-wide", update=False)
        self._was = Words(classes="was", markup=False)
        self._wait = 0.0
        self._said: dict[str, int] = {}
        """The number of the last change of each field that was handed on."""
        self._draft: Draft | None = None
        self._heard: Heard = {}

    def fits(self, part: SetupPart) -> bool:
        """Whether the row can show another part of the same key."""
        before, now = self.part.settings, part.settings
        return [(s.label, s.options) for s in before] == [(s.label, s.options) for s in now]

    def compose(self) -> ComposeResult:
        """What can have the keys, beside a label where there is one."""
        yield from self.stops

    # --- what is shown ---------------------------------------------------------------------

    def show(self, told: Told) -> None:
        """Show what the draft says."""
        draft, look, _, heard = told
        self._draft, self._heard = draft, heard
        self._wait = REST if draft.seconds > SLOW else 0.0
        for setting in self.part.settings:
            self._show_field(setting, draft, look)
        changed, was = self.difference(draft)
        self.show_changed(look, changed)
        if was is not None:
            if not self._was.is_attached and self.is_attached:
                self.mount(self._was)
            self._was.update(f"was {plain(was) or UNSET}")

    def difference(self, draft: Draft) -> tuple[bool, str | None]:
        """Return whether a draft differs here from its preset, and what that one says."""
        was = next((draft.was(key) for key in self.fields), None)
        return was is not None, was

    def show_changed(self, look: Look, changed: bool) -> None:
        """Show what the row is called, with a sign where it differs from the preset."""
        self.set_class(changed, "-changed")
        self._make_room()
        self.name_it(f"{look.glyphs.changed} {self.part.label}" if changed else self.part.label)
        if self.fold is not None:
            self.fold.glyphs = look.glyphs

    def name_it(self, words: str) -> None:
        """Show what the row is called."""
        if self.fold is not None and self.fold.words != (named := Text(words, end="")):
            self.fold.words = named

    def help(self, focused: Widget) -> str:
        """Return what the part that has the keys is."""
        for setting in self.part.settings:
            if (field := self.fields[setting.key]) is focused:
                about = field.about if isinstance(field, ChoiceField) else ""
                about = f"{field.value}: {about}" if about else ""
                return " ".join(filter(None, (setting.help, about, self.KEYS)))
        return self.HELP.format(label=self.part.label, keys=self.KEYS)

    def _show_field(self, setting: Setting, draft: Draft, look: Look) -> None:
        """Show a setting in its field, unless more was typed there than the draft knows of."""
        key = setting.key
        field = self.fields[key]
        field.set_class(key in draft.problems, "-wrong")
        if isinstance(field, ChoiceField):
            start = draft.text(key)
            field.own = start if start not in {o.value for o in setting.options} else field.own
            field.glyphs, field.detail = look.glyphs, draft.detail(key)
        self._show_text(key)

    def _show_text(self, key: str) -> None:
        """Show what the draft says in a field, unless the draft does not know what it says."""
        field = self.fields[key]
        if self._draft is not None and field.change <= self._heard.get(key, 0):
            field.show(self._draft.text(key, typing=field.has_focus) or "")

    def _make_room(self) -> None:
        """Leave the room of what the preset says to a long text that is being typed."""
        long = any(each.has_focus and len(each.value) > SHORT for each in self.fields.values())
        self._was.display = self.has_class("-changed") and not long

    # --- what was done ---------------------------------------------------------------------

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
                self.post_message(SettingChanged(typed))

    def on_choice_field_chosen(self, event: ChoiceField.Chosen) -> None:
        """Hand on what was chosen."""
        event.stop()
        self.say()

    def on_choice_field_unrolled(self, event: ChoiceField.Unrolled) -> None:
        """Show every value with a sentence on each."""
        from ...dialogs.dialog import ChoiceDialog

        event.stop()
        field = event.field

        def take(value: str | None) -> None:
            if value is not None:
                field.choose(value)

        self.app.push_screen(ChoiceDialog(self.part.label, field.options, field.value), take)


class OneRow(SettingRow):
    """A setting: its name, its field, and what the preset says where that is something else."""

    def __init__(self, part: Setting) -> None:
        super().__init__(part)
        self._label = Words(part.label, classes="label", markup=False)
        self._indent = "  " if any(isinstance(key, int) for key in part.path) else ""

    def compose(self) -> ComposeResult:
        """Its name and its field."""
        yield self._label
        yield from self.stops

    def name_it(self, words: str) -> None:
        """Show the setting's name; what belongs to an entry of a list stands further in."""
        self._label.update(f"{self._indent}{words}")


class GroupRow(SettingRow):
    """The head of a group: opens what is folded away, and chooses its kind where it has kinds."""

    HELP = "right or enter shows every setting of this group, left folds the rare ones away."

    def __init__(self, part: Group) -> None:
        super().__init__(part, Fold(part.key, id=f"group-{part.name}"))

    def name_it(self, words: str) -> None:
        """Show the group's name, and how much of it is folded away."""
        assert self.fold is not None
        hidden = 0 if self.fold.is_open else len(self.part.rare)
        more = [(f" +{hidden}", "dim not bold")] if hidden else []
        if self.fold.words != (named := Text.assemble(words, *more, end="")):
            self.fold.words = named


class EntryRow(Keyed, SettingRow, spot="entry"):
    """An entry of a list, such as a layer: its main settings in one line, the rest folded away."""

    HELP = "right or enter shows all of {label}. {keys}"

    KEYS = "ctrl+n adds another after it, ctrl+d removes it, shift+up and shift+down move it."

    def __init__(self, part: ListEntry) -> None:
        super().__init__(part, Fold(part.key, id=field_id(part.key)))
        for field in self.fields.values():
            field.set_class(len(self.fields) == 1, "-wide", update=False)

    def difference(self, draft: Draft) -> tuple[bool, str | None]:
        """Return whether the entry is new or anything in it differs; there is no room for what."""
        settings = (*self.part.settings, *self.part.inside)
        new = draft.is_new(self.part)
        return new or any(draft.was(each.key) is not None for each in settings), None

    def action_change(self, what: Move) -> None:
        """Ask for a change of the list."""
        self.post_message(ListChanged(self.part.list, what, self.part.index))


class AddRow(SettingRow):
    """Where another entry can be added to a list."""

    HELP = "enter or a click: {label} after the last one, like it."

    def __init__(self, part: Adder) -> None:
        super().__init__(part)
        self.stops = [AddButton(part.label, id=f"{field_id('.'.join(map(str, part.list)))}-add")]


class AddButton(Keyed, Widget, can_focus=True, spot="add"):
    """Words that add something."""

    def __init__(self, words: str, *, id: str) -> None:
        super().__init__(id=id)
        self._words = words

    def render(self) -> Text:
        """Return its words."""
        return Text(f"+ {self._words}", no_wrap=True)

    def action_add(self) -> None:
        """Ask for another entry."""
        adder = self.query_ancestor(AddRow).part
        self.post_message(ListChanged(adder.list, "add", adder.count))

    def on_click(self, event: events.Click) -> None:
        """Do what enter does."""
        self.action_add()


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


class DeviceRow(OneRow):
    """Where the next run trains: no draft knows of it."""

    def __init__(self) -> None:
        super().__init__(DEVICE)

    def show(self, told: Told) -> None:
        """Show where that is; one that is none of the usual can be chosen again."""
        _, look, device, heard = told
        field = self.fields[DEVICE_KEY]
        assert isinstance(field, ChoiceField)
        field.glyphs = look.glyphs
        if device not in {option.value for option in DEVICE.options}:
            field.own = device
        if field.change <= heard.get(DEVICE_KEY, 0):
            field.show(device)
        self.show_changed(look, changed=False)
