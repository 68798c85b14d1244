"""What is said of a pane in its entry: all of it, or the program does not start.

Nothing here knows Textual, so that the names of the panes can be asked for by whoever checks a
lecture. An entry therefore names the widget it is shown by, or the module that draws it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol, cast

if TYPE_CHECKING:
    from engine.recording.history import History

    from ..style.look import Look
    from ..style.text import Lines

Side = Literal["left", "middle", "right"]

Row = tuple[str, str, str, str] | tuple[str, str, str, str, int]
"""Keys, action, label, help, and the place in the footer where it stands there."""


@dataclass(frozen=True, kw_only=True)
class ByWidget:
    """A widget that shows a pane."""

    widget: str
    """Its module in ``tui.panes`` and its class, as in ``curves.CurvesPane``."""
    id: str
    """Its own, on the screen."""
    first: str
    """The id of what gets the keys in it when it is visited for the first time."""
    given: tuple[str, ...]
    """What of the screen's state it is told, and told again whenever it changes."""
    made_of: tuple[str, ...] = ()
    """What of the screen it is made with, as attributes."""


class PanePicture(Protocol):
    """What draws a pane: the functions of a module."""

    def draw(self, history: History, step: int, room: tuple[int, int], look: Look) -> Lines:
        """Return the picture of a run at a step, in so many cells across and down."""

    def there(self, history: History, step: int) -> int:
        """Return how much of it a run has at a step: it is drawn again only when that changes, and
        not where it is 0.
        """

    def missing(self, history: History | None) -> str:
        """Return why there is nothing, in a sentence; without a run, what is to be seen here."""


@dataclass(frozen=True, kw_only=True)
class ByPicture:
    """A pane that is a picture of the run that is shown, and needs no widget of its own."""

    picture: str
    """The module that draws it, from ``tui`` on, as in ``.drawing.lists.machine``: what it has, a
    ``PanePicture`` says."""
    view: str
    """Its name as a view of ``epochal show``; empty where it is none."""

    def load(self) -> PanePicture:
        """Return what draws it: it is not needed before there is something to draw."""
        house = (__package__ or "").partition(".")[0]
        return cast("PanePicture", import_module(self.picture, house))


@dataclass(frozen=True, kw_only=True)
class Pane:
    """A pane."""

    name: str
    """What presenters, lectures and the screen know it by."""
    label: str
    """Its name for people."""
    short: str
    """The same where there is little room: eighty columns hold the names of nine panes."""
    key: str
    """The digit that goes to it; panes stand in this order. Empty where none is left: then it is
    gone to by tab, or by mouse."""
    about: str
    """What is to be seen there, in a few words."""
    two: Side
    """Its column where there are two."""
    three: Side
    """Its column where there are three."""
    shown: ByWidget | ByPicture
    """What shows it."""
    several: ByWidget | None
    """What stands in its place where several runs are shown."""
    where: str
    """That one is in it, to go on a sentence with; empty where it has no keys of its own."""
    commands: tuple[Row, ...]
    """Its own keys; they are its widget's actions."""
    words: tuple[tuple[str, str], ...]
    """The words that stand in it, each with a sentence, where ``tui.commands.words`` has none."""

    def side(self, form: str) -> Side:
        """Return its column in a form."""
        return self.three if form == "three" else self.two

    def widget(self, several: bool) -> tuple[str, str]:
        """Return the id of what shows it, and of what gets the keys there first.

        Args:
            several: Whether several runs are shown.
        """
        shown = self.several if several and self.several else self.shown
        return (shown.id, shown.first) if isinstance(shown, ByWidget) else (self.name, self.name)
