"""The setup: which preset, what it says, and what is changed in it.

Every change is said with a message as it is typed; the lab answers with a new draft, which says
for each field whether it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as ListOption

from engine.plain import plain
from tui.drawing.text import pad
from tui.look import Look

if TYPE_CHECKING:
    from tui.draft import Draft
    from tui.panes.field import ChoiceField, TextField
    from tui.settings import Setting


PRESETS_HINT = "Up and down choose a preset, enter goes to its settings, space trains it."


@dataclass(frozen=True)
class PresetEntry:
    """A preset in the list."""

    name: str
    title: str


class SetupPane(Vertical):
    """Choose a preset; see and change its main settings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", "Field before", show=False),
        Binding("down", "go(1)", "Next field", show=False),
        Binding("enter", "go(1)", "Next field", show=False),
    ]

    draft: reactive[Draft | None] = reactive(None, init=False, repaint=False)
    """What the next run will train; None until presets have been read."""
    presets: reactive[tuple[PresetEntry, ...]] = reactive((), init=False, repaint=False)
    """Every preset there is."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What marks are drawn with."""

    @dataclass
    class PresetChosen(Message):
        """Another preset is to be shown."""

        name: str

    @dataclass
    class SettingChanged(Message):
        """A setting was given another value, which may not hold."""

        key: str
        text: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: dict[str, SettingRow] = {}

    def compose(self) -> ComposeResult:
        """The presets and what they are about; beside or under them the settings."""
        with Vertical(id="catalogue"):
            presets = PresetList(id="presets", compact=True, markup=False)
            presets.tooltip = PRESETS_HINT
            yield presets
            with VerticalScroll(id="about-frame", can_focus=False):
                yield Static(id="about", markup=False)
        yield VerticalScroll(
            Static("reading presets", id="problems", markup=False), id="form", can_focus=False
        )

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "Setup"

    def watch_presets(self, presets: Sequence[PresetEntry]) -> None:
        """List the presets."""
        width = max((len(entry.name) for entry in presets), default=0) + 2
        options = [
            ListOption(
                Text(pad(entry.name, width) + plain(entry.title), no_wrap=True), id=entry.name
            )
            for entry in presets
        ]
        self.query_one("#presets", OptionList).set_options(options)
        self.query_one("#problems", Static).update("choose a preset")
        self._highlight()

    async def watch_draft(self, draft: Draft | None) -> None:
        """Show the draft: every field's value, whether it differs, and whether it holds."""
        if draft is None:
            return
        if not self._rows:
            await self._mount_rows()
        for row in self._rows.values():
            row.show(draft, self.look)
        self._highlight()
        self.query_one("#about", Static).update(plain(draft.preset.about, lines=True))
        self.border_title = Text(f"Setup: {plain(draft.name)}")
        self.border_subtitle = "differs from the preset" if draft.changed else ""
        self._say_what_it_comes_to(draft)

    async def _mount_rows(self) -> None:
        from tui.settings import SETTINGS

        self._rows = {setting.key: SettingRow(setting) for setting in SETTINGS}
        form = self.query_one("#form")
        await form.mount_all(self._rows.values(), before=0)

    def _say_what_it_comes_to(self, draft: Draft) -> None:
        from tui.draft import summary

        line = self.query_one("#problems", Static)
        if draft.experiment is not None:
            others = (
                [f"also changed: {', '.join(draft.other_changes)}"] if draft.other_changes else []
            )
            line.update("\n".join([*summary(draft.experiment), *others]))
        else:
            others = [draft.problems[""]] if "" in draft.problems else []
            line.update("\n".join([*others, "This cannot be started yet."]))
        line.set_class(draft.experiment is None, "-wrong")

    def _highlight(self) -> None:
        """Move the list's cursor to the draft's preset."""
        presets, draft = self.query_one("#presets", OptionList), self.draft
        names = [entry.name for entry in self.presets]
        if draft is not None and draft.name in names:
            with presets.prevent(OptionList.OptionHighlighted):
                presets.highlighted = names.index(draft.name)

    @on(OptionList.OptionHighlighted)
    @on(OptionList.OptionSelected)
    def choose_preset(
        self, event: OptionList.OptionHighlighted | OptionList.OptionSelected
    ) -> None:
        """Ask for the preset under the cursor."""
        event.stop()
        name = event.option.id
        if name and (self.draft is None or self.draft.name != name):
            self.post_message(self.PresetChosen(name))

    def action_go(self, by: int) -> None:
        """Go to the field ``by`` places on."""
        fields: list[Widget] = [row.field for row in self._rows.values() if row.display]
        focused = self.screen.focused
        if focused in fields:
            place = fields.index(focused) + by
            if 0 <= place < len(fields):
                fields[place].focus()
            elif place < 0:
                self.query_one("#presets").focus()
        elif fields:
            fields[0].focus()


class PresetList(OptionList):
    """The list of presets; enter and right go on to the settings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right", "settings", "Settings", show=False),
    ]

    def action_settings(self) -> None:
        """Go to the first setting."""
        self.query_ancestor(SetupPane).action_go(1)


class SettingRow(Vertical):
    """A setting: its name, its field, and under it what is wrong with it."""

    DEFAULT_CSS = """
    SettingRow {
        height: auto;
        & Horizontal { height: 1; }
        & .label { width: 17; color: $text-muted; }
        & .wrong { height: auto; color: $error; padding: 0 0 0 2; display: none; }
        & .was { width: auto; max-width: 40%; color: $secondary; padding: 0 0 0 1; }
        &.-changed .label { color: $secondary; }
        &.-wrong .wrong { display: block; }
        & TextField, & ChoiceField { width: 1fr; }
        &:focus-within .label { color: $primary; text-style: bold; }
    }
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        from tui.panes.field import ChoiceField, TextField

        self.setting = setting
        name = setting.key.replace(".", "-")
        self.field: TextField | ChoiceField = (
            ChoiceField(setting.options, id=name) if setting.options else TextField(id=name)
        )
        self.field.tooltip = setting.help
        if setting.options:
            self.field.tooltip += " Left and right change it, enter shows every value."
        self._label = Static(setting.label, classes="label", markup=False)
        self._was = Static(classes="was", markup=False)
        self._wrong = Static(classes="wrong", markup=False)

    def compose(self) -> ComposeResult:
        """One line, and another where something is wrong."""
        yield Horizontal(self._label, self.field, self._was)
        yield self._wrong

    def show(self, draft: Draft, look: Look) -> None:
        """Show this setting of a draft; the row is gone where it has none."""
        from tui.panes.field import ChoiceField

        key = self.setting.key
        text = draft.text(key)
        self.display = text is not None
        if text is None:
            return
        if isinstance(self.field, ChoiceField):
            self.field.own = self.setting.show(draft.start)
        self.field.show(text)
        was, problem = draft.was(key), draft.problems.get(key)
        self.set_class(was is not None, "-changed")
        self.set_class(problem is not None, "-wrong")
        changed = look.glyphs.changed
        self._label.update(
            f"{changed} {self.setting.label}" if was is not None else self.setting.label
        )
        self._was.update(f"was {was or 'empty'}" if was is not None else "")
        self._wrong.update(plain(problem or ""))

    @on(Input.Changed)
    def say_what_was_typed(self, event: Input.Changed) -> None:
        """Hand on what was typed."""
        event.stop()
        self.post_message(SetupPane.SettingChanged(self.setting.key, event.value))

    def on_choice_field_chosen(self, event: ChoiceField.Chosen) -> None:
        """Hand on what was chosen."""
        event.stop()
        self.post_message(SetupPane.SettingChanged(self.setting.key, event.value))

    def on_choice_field_opened(self, event: ChoiceField.Opened) -> None:
        """Show every value with a sentence on each."""
        from tui.dialogs import ChoiceDialog

        event.stop()
        field = event.field
        dialog = ChoiceDialog(self.setting.label, field.options, field.value)

        def take(value: str | None) -> None:
            if value is not None:
                field.choose(value)

        self.app.push_screen(dialog, take)
