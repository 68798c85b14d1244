"""A scene of plain text on the whole screen, a scene's card, and the blank screen."""

from __future__ import annotations

from collections.abc import Hashable

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen

from ..commands.spots import Keyed
from ..drawing.lecture.slide import draw_slide
from ..style.text import Lines
from .picture import Picture, State


class SlidePane(Keyed, Picture, can_focus=True, inherit_bindings=False, spot="slide"):
    """A title in large letters and a text; without a text, the card of a scene.

    Its keys scroll a text that is longer than the screen. PgUp and PgDn are not among them: a
    presenter's remote goes to another scene with these.
    """

    scrolls = True

    title = State("")
    """What stands over it."""
    words = State("")
    """The text, line by line; none for a card."""
    note = State("")
    """A few words at its foot, such as which scene it is."""

    def watch_title(self) -> None:
        """Show another slide, from its beginning."""
        self.scroll_home(animate=False)
        self.redraw()

    watch_words = watch_title

    def key(self) -> Hashable:
        """Return what the slide depends on."""
        return self.title, self.words, self.note, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the slide."""
        return draw_slide(self.title, self.words, width, height, self.look, note=self.note)


class Blank(Keyed, Screen[None], inherit_bindings=False, spot="blank"):
    """Nothing, so that a class looks at whoever speaks; any key or click brings the screen back."""

    DEFAULT_CSS = """
    Blank {
        background: $background;
    }
    """

    def compose(self) -> ComposeResult:
        """Nothing at all."""
        return iter(())

    @on(events.Key)
    @on(events.Click)
    def leave(self, event: events.Event) -> None:
        """Go away."""
        event.stop()
        event.prevent_default()
        # A second key may be on its way before the first has taken the screen away.
        if self.is_current:
            self.dismiss()
