"""The setup: which preset, what it says, and what is changed in it.

Every change is said with a message as it is typed; the lab answers with a new draft, which says
for each field whether it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option as ListOption

from engine.text.safe import plain

from ...commands.spots import Keyed
from ...style.look import Look
from ...style.text import pad
from ..picture import State
from ..runs.filter import FilterLine
from .example import DataPicture
from .messages import PresetChosen, Told
from .words import Words

if TYPE_CHECKING:
    from ...setup.draft import Draft
    from .field import Fold
    from .form import Form
    from .messages import TypedText


PRESETS_HINT = "Up and down choose a preset, enter goes to its settings, space trains it."

BESIDE = 70
"""From this width on the presets stand beside the settings, else over them."""
LOW = 22
"""Below this height, one over the other, only the list of presets is shown of what a preset is."""
LEGIBLE = 12
"""Cells beside the longest name from which presets have their titles: of fewer they are none."""
FOR_A_PREVIEW = 15
"""From this height on there is room for a picture of the data beside the presets."""


@dataclass(frozen=True)
class PresetEntry:
    """A preset in the list."""

    name: str
    title: str


class SetupPane(Keyed, Vertical, spot="setup"):
    """Choose a preset; see and change its settings."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text("utf-8")

    draft: State[Draft | None] = State(None)
    """What the next run will train; None until presets have been read."""
    presets: State[tuple[PresetEntry, ...]] = State(())
    """Every preset there is."""
    look: State[Look] = State(Look())
    """What marks are drawn with."""
    device: State[str] = State("auto")
    """Where the next run trains."""
    heard: State[Mapping[str, int]] = State({})
    """The number of the last change of each setting that the draft knows of."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._form: Form | None = None
        self._titled = True

    def compose(self) -> ComposeResult:
        """The presets and what they are about; beside or under them the settings."""
        with Vertical(id="catalogue"):
            words = "words of a preset's name or title"
            yield FilterLine(id="search", placeholder=words, compact=True)
            presets = PresetList(id="presets", compact=True, markup=False)
            presets.tooltip = PRESETS_HINT
            yield presets
            with VerticalScroll(id="about-frame", can_focus=False):
                yield Words(id="about", markup=False)
            yield DataPicture(id="preview").data_bind(SetupPane.draft, SetupPane.look)
        # The form is made when somebody sees it: the lab is there in half the time without it.
        with Vertical(id="sheet"), Vertical(id="foot"):
            yield Words(id="wrong", markup=False)
            yield Words("reading presets", id="problems", markup=False)
            yield Words(id="help", markup=False)

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "Setup"

    def watch_presets(self, presets: Sequence[PresetEntry]) -> None:
        """List the presets."""
        self._list()

    def ask_for_one(self) -> None:
        """Say that none is set up, where they were read and that which was to be is not there."""
        self.query_one("#problems", Words).update("choose a preset")

    def _list(self) -> None:
        """List the presets that have the words that are searched for."""
        presets = self.query_one("#presets", OptionList)
        width = max((len(entry.name) for entry in self.presets), default=0) + 2
        words = {entry.name: pad(entry.name, width) + plain(entry.title) for entry in self._listed}
        if not self._titled:
            words = {name: name for name in words}
        options = [ListOption(Text(line, no_wrap=True), id=name) for name, line in words.items()]
        none = ListOption("No preset has these words.", disabled=True)
        presets.set_options(options or [none] * bool(self.presets))
        self._highlight()

    def make_room(self, width: int) -> None:
        """List the presets with their titles, or where these have no room without."""
        titled = width >= max((len(entry.name) for entry in self.presets), default=0) + LEGIBLE
        if titled != self._titled:
            self._titled = titled
            self._list()

    @property
    def _listed(self) -> list[PresetEntry]:
        """The presets that have every word of the search in their name or title."""
        words = self.query_one("#search", FilterLine).value.casefold().split()
        return [
            entry
            for entry in self.presets
            if all(word in f"{entry.name} {entry.title}".casefold() for word in words)
        ]

    def search(self) -> None:
        """Go to the line in which words are searched for."""
        self.query_one("#search", FilterLine).open()

    @on(FilterLine.Changed, "#search")
    def _search_again(self, event: FilterLine.Changed) -> None:
        """List what is found so far."""
        event.stop()
        self._list()

    @on(FilterLine.Submitted, "#search")
    def _take_found(self, event: FilterLine.Submitted) -> None:
        """Go to the presets that were found: the first, unless the one that is set up is there."""
        event.stop()
        presets = self.query_one("#presets", OptionList)
        presets.focus()
        if presets.highlighted is None and self._listed:
            presets.highlighted = 0

    @on(FilterLine.GivenUp)
    def _search_no_more(self, event: FilterLine.GivenUp) -> None:
        """List all presets again."""
        event.stop()
        self._list()
        self.query_one("#presets").focus()

    async def watch_draft(self, draft: Draft | None) -> None:
        """Show the draft: every field's value, whether it differs, and whether it holds."""
        if draft is None or draft is not self.draft or not self.query_one("#sheet").is_attached:
            return
        if self._form is None and not self.display:
            return
        form = await self._the_form()
        if not form.is_attached:
            return  # Nobody sees it any more: the lab is being left.
        await form.show(Told(draft, self.look, self.device, self.heard))
        self._highlight()
        from engine.figures.figures import spoken

        self.query_one("#about", Words).update(plain(spoken(draft.about), lines=True))
        self.border_title = Text(f"Setup: {plain(draft.called)}")
        self.border_subtitle = "differs from the preset" if draft.changed else ""
        self._say_what_it_comes_to(draft)
        self._help_with(self.screen.focused)

    async def on_show(self) -> None:
        """Make the form, if the draft came while the pane was hidden."""
        if self._form is None:
            # Seen at once: each row would be sent as it comes.
            with self.app.batch_update():
                await self.watch_draft(self.draft)

    async def _the_form(self) -> Form:
        if self._form is None:
            from .form import Form

            self._form = Form(id="form", can_focus=False)
            await self.query_one("#sheet").mount(self._form, before=0)
        return self._form

    def typed(self) -> list[TypedText]:
        """Return what was typed that the draft does not know of yet."""
        typed = self._form.typed() if self._form is not None else []
        return [each for each in typed if each.change > self.heard.get(each.key, 0)]

    async def watch_device(self) -> None:
        """Show where the next run trains."""
        await self.watch_draft(self.draft)

    async def watch_look(self) -> None:
        """Draw with other glyphs."""
        await self.watch_draft(self.draft)

    def _say_what_it_comes_to(self, draft: Draft) -> None:
        from ...setup.draft import summary, sweep_words

        lines = []
        # What does not hold has no shapes, rows or steps: those of before would be of another.
        if draft.experiment is not None:
            lines = summary(draft.experiment)
            if self.size.height < 2 * LOW:
                lines = [lines[0], lines[2]]
            lines += sweep_words(draft.experiment)
            if folded := self._form.folded_changes(draft) if self._form is not None else []:
                lines.append(f"also changed: {', '.join(folded)}")
        self.query_one("#problems", Words).update(plain("\n".join(lines), lines=True))
        others = [draft.problems[""]] if "" in draft.problems else []
        wrong = self.query_one("#wrong", Words)
        wrong.update(plain("\n".join([*others, "This cannot be started yet."]), lines=True))
        wrong.set_class(draft.experiment is None, "-wrong")

    def _highlight(self) -> None:
        """Move the list's cursor to the draft's preset."""
        presets, draft = self.query_one("#presets", OptionList), self.draft
        names = [entry.name for entry in self._listed]
        if draft is not None and draft.name in names:
            with presets.prevent(OptionList.OptionHighlighted):
                presets.highlighted = names.index(draft.name)

    @on(OptionList.OptionHighlighted)
    @on(OptionList.OptionSelected)
    def choose_preset(self, event: OptionList.OptionMessage) -> None:
        """Ask for the preset under the cursor."""
        event.stop()
        name = event.option.id
        if name and (self.draft is None or self.draft.name != name):
            self.post_message(PresetChosen(name))

    def on_resize(self, event: events.Resize) -> None:
        """Use the room there is."""
        self._use(event.size)
        if self.draft is not None:
            self._say_what_it_comes_to(self.draft)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the field that has the keys is."""
        self._help_with(event.widget)

    def unsaid(self, focused: Widget) -> str:
        """Return what a field is, where the pane has no room to say so itself."""
        return self._words_on(focused) if self.has_class("-low") else ""

    def _words_on(self, focused: Widget | None) -> str:
        """Return what a field is; where the size of a layer is set, also what is usual."""
        if self._form is None or focused is None:
            return ""
        words, key = self._form.help_on(focused), self._form.setting_of(focused)
        is_size = key == "model.hidden" or key.endswith(".units")
        if is_size and self.draft is not None and self.draft.experiment is not None:
            from ...setup.draft import rule_of_thumb

            rule = rule_of_thumb(self.draft.experiment)
            words += f" {rule[:1].upper()}{rule[1:]}." * bool(rule)
        return words

    def _help_with(self, focused: Widget | None) -> None:
        self.query_one("#help", Words).update(plain(self._words_on(focused)))
        chosen = self._activation_at(focused)
        self.query_one("#preview", DataPicture).setting = chosen
        # What an activation looks like is worth more, while it is chosen, than what a preset is.
        # All that is within is styled anew: the form has no part in it.
        self.query_one("#catalogue").set_class(bool(chosen), "-curve")

    def _activation_at(self, focused: Widget | None) -> str:
        """Return what a field says, where that is an activation; empty of any other."""
        key = self._form.setting_of(focused) if self._form is not None and focused else ""
        is_one = key.rpartition(".")[2] in ("activation", "output_activation")
        return (self.draft.text(key) or "") if is_one and self.draft is not None else ""

    def on_fold_turned(self, event: Fold.Turned) -> None:
        """Say which changes can no longer be seen."""
        event.stop()
        if self.draft is not None:
            self._say_what_it_comes_to(self.draft)

    def _use(self, size: Size) -> None:
        beside = size.width >= BESIDE
        self.set_class(beside, "-beside")
        self.set_class(not beside and size.height < LOW, "-low")
        height = size.height if beside else size.height * 2 // 5
        self.set_class(height >= FOR_A_PREVIEW, "-preview")

    def action_go(self, by: int) -> None:
        """Go to the field ``by`` places on."""
        if self._form is None:
            return
        if isinstance(self.screen.focused, FilterLine):
            self.query_one("#presets").focus()
            return
        if not self._form.go(by, self.screen.focused) and by < 0:
            self.query_one("#presets").focus()

    def action_go_group(self, by: int) -> None:
        """Go to the group ``by`` places on."""
        if self._form is not None and not self._form.go_group(by, self.screen.focused):
            self.query_one("#presets").focus()


class PresetList(Keyed, OptionList, spot="presets"):
    """The list of presets; enter and right go on to the settings."""

    def on_resize(self, event: events.Resize) -> None:
        """Show of every preset what has room."""
        self.query_ancestor(SetupPane).make_room(event.size.width)

    def action_search(self) -> None:
        """Search for a preset."""
        self.query_ancestor(SetupPane).search()

    def action_settings(self) -> None:
        """Go to the first setting."""
        self.query_ancestor(SetupPane).action_go(1)
