"""The fields of the setup: text that is typed, a choice that the arrow keys go through, a fold."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from engine.text.safe import plain

from ...commands.spots import Keyed
from ...dialogs.line import Line
from ...setup.settings import Option
from ...style.glyphs import BRAILLE, Glyphs
from ...style.text import fit
from .messages import NothingFound

_changes: Final = itertools.count(1)
"""Numbers everything that a person changes in any field."""


class TextField(Line):
    """One line of text."""

    def __init__(self, *, id: str, placeholder: str = "") -> None:
        super().__init__(id=id, placeholder=placeholder)
        self.change = 0
        """The number of what was typed last."""
        self._is_shown = False
        """Whether what the field is given was not typed."""

    def watch_value(self, value: str) -> None:
        """Count what is typed, at once: what belongs to an older text may be on its way."""
        if not self._is_shown:
            self.change = next(_changes)

    def show(self, text: str) -> None:
        """Show ``text`` without saying that it was typed."""
        if text == self.value:
            return
        self._is_shown = True
        with self.prevent(Input.Changed):
            self.value = text
        self._is_shown = False
        self.cursor_position = len(text)


class ChoiceField(Keyed, Widget, can_focus=True, spot="choice"):
    """One of a few values: left and right go through them, letters look for one, enter shows all.

    What is looked for goes on for as long as letters come, however slowly, and something begins
    with all of them.
    """

    value: reactive[str] = reactive("", init=False)
    """What is chosen."""
    detail: reactive[str] = reactive("", init=False)
    """What else belongs to the value, in a few words."""
    glyphs: reactive[Glyphs] = reactive(BRAILLE, init=False)
    """What its arrows are drawn with."""

    @dataclass
    class Chosen(Message):
        """Another value was chosen."""

    @dataclass
    class Unrolled(Message):
        """All values are to be shown."""

        field: ChoiceField

    def __init__(self, options: tuple[Option, ...], *, id: str) -> None:
        super().__init__(id=id)
        self.options = options
        self.change = 0
        """The number of what was chosen last."""
        self._sought = ""
        """What was typed to look for a value."""
        self.own: str | None = None
        """A value that is none of the options, such as a list; offered as the first one."""

    def render(self) -> Text:
        """Return the value between two arrows."""
        words = fit(plain(self.words), max(self.content_size.width - 4, 0), self.glyphs.ellipsis)
        before, after = self.glyphs.choice
        return Text.assemble((f"{before} ", "dim"), words, (f" {after}", "dim"), no_wrap=True)

    @property
    def words(self) -> str:
        """The value with what else belongs to it."""
        return f"{self.value} {self.detail}" if self.detail else self.value

    @property
    def about(self) -> str:
        """What the value is, in a sentence; empty where its name says it."""
        return next((o.about for o in self.options if o.value == self.value), "")

    def show(self, text: str) -> None:
        """Show ``text`` without saying that it was chosen."""
        self.value = text

    @property
    def values(self) -> list[str]:
        """Everything that can be chosen."""
        names = [option.value for option in self.options]
        return names if self.own is None or self.own in names else [self.own, *names]

    def on_key(self, event: events.Key) -> None:
        """Look for a value by a letter or a digit: here they are no commands."""
        sign = event.character or ""
        if event.is_printable and (sign.isalnum() or self._goes_on(sign)):
            event.stop()
            self.seek(sign)
        else:
            self._sought = ""

    def on_blur(self) -> None:
        """Forget what was looked for."""
        self._sought = ""

    def _goes_on(self, sign: str) -> bool:
        """Whether a value begins with what was looked for and one more sign."""
        return bool(self._sought and self._beginning(self._sought + sign, 0))

    def _beginning(self, sought: str, after: int) -> str:
        """Return the first value that begins so, at a place after that of the value, or at it."""
        values = self.values
        here = values.index(self.value) if self.value in values else 0
        turned = values[here:] + values[:here]
        turned = turned[after:] + turned[:after]
        return next((each for each in turned if each.lower().startswith(sought.lower())), "")

    def seek(self, sign: str) -> None:
        """Choose the next value that begins with what was typed; say so where there is none."""
        going_on = self._sought + sign
        value = self._beginning(going_on, 0) if self._sought else ""
        self._sought = going_on if value else sign
        value = value or self._beginning(sign, 1)
        if value and value != self.value:
            self.choose(value)
        elif not value or len(self._sought) == 1:
            self._sought = self._sought if value else ""
            other = "other " if self.value.lower().startswith(sign.lower()) else ""
            words = f"No {other}value here begins with {sign}; enter shows them all."
            self.post_message(NothingFound(words))

    def action_go(self, by: int) -> None:
        """Choose the value ``by`` places on."""
        values = self.values
        if self.value in values:
            self.choose(values[(values.index(self.value) + by) % len(values)])
        else:
            self.choose(values[0 if by > 0 else -1])

    def choose(self, value: str) -> None:
        """Choose a value, and say so."""
        self.value, self.change = value, next(_changes)
        self.post_message(self.Chosen())

    def action_open(self) -> None:
        """Ask for the list of all values."""
        self.post_message(self.Unrolled(self))

    def on_click(self, event: events.Click) -> None:
        """Go on by a click at an end, open by one in between."""
        if event.x <= 2:
            self.action_go(-1)
        elif event.x >= min(len(self.words), max(self.content_size.width - 4, 0)) + 3:
            self.action_go(1)
        else:
            self.action_open()


class Fold(Keyed, Widget, can_focus=True, spot="fold"):
    """The head of what can be folded away: right opens, left closes, enter does either."""

    words: reactive[Text] = reactive(Text(), init=False)
    """What it says, beside whether it is open."""
    is_open: reactive[bool] = reactive(False, init=False)
    glyphs: reactive[Glyphs] = reactive(BRAILLE, init=False)
    """What its sign is drawn with."""

    @dataclass
    class Turned(Message):
        """It is to be opened or closed."""

        key: str
        is_open: bool

    def __init__(self, key: str, *, id: str) -> None:
        super().__init__(id=id)
        self.key = key

    def render(self) -> Text:
        """Return its sign and its words."""
        line = Text(f"{self.glyphs.fold[self.is_open]} ", no_wrap=True, end="")
        line.append_text(self.words)
        line.truncate(self.content_size.width)
        return line

    def action_fold(self, is_open: bool) -> None:
        """Open or close."""
        if is_open != self.is_open:
            self.post_message(self.Turned(self.key, is_open))

    def action_turn(self) -> None:
        """Open what is closed, close what is open."""
        self.action_fold(not self.is_open)

    def on_click(self, event: events.Click) -> None:
        """Do what enter does."""
        self.action_turn()
