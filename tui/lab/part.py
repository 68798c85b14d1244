"""What the parts of the lab know of its screen: what is shown now, and how to show it anew.

    keys, messages of panes ──► parts ──► view ──► panes
                                 ▲ └──► requests, runs
                                 └── recordings

A part holds a state and the commands that change it, ``action_<name>`` each; one that takes a
while, because it asks somebody, is a coroutine. Parts know those below them: ``messages``,
``setup`` and ``reading``, then ``panes``, ``replay`` and ``pacing``, then ``runs``, then
``steering`` and ``lecturing``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from textual.reactive import reactive

from ..commands.command import Need, Situation, Spot
from ..drawing.lists.log import Entry
from ..drawing.lists.message import Bulletin
from ..drawing.lists.status import Standing
from ..panes.setup.pane import PresetEntry
from ..places import Form
from ..style.look import Look
from ..terminal.leaned_on import ShownUnderDialogs, StyledWhereKeysMove
from ..watching.view import View
from .opening import Opening

if TYPE_CHECKING:
    from ..replay.tempo import Transport
    from ..setup.draft import Draft

HINTS: Final[dict[Situation, str]] = {
    "setup": "Space trains what the setup shows, s takes one step of it, ? shows every key.",
    "slide": "PgDn goes to the next scene, PgUp to the one before, b shows nothing.",
}
"""What to do, where nothing else is said."""


class LabScreen(ShownUnderDialogs, StyledWhereKeysMove):
    """The screen, as its parts see it: what its panes are given, and how that is brought about."""

    opening: Opening
    """What it was opened with."""
    view: reactive[View] = reactive(View(standing=Standing(note=HINTS["setup"])), repaint=False)
    """What is shown of which recording."""
    draft: reactive[Draft | None] = reactive(None, repaint=False)
    """What the next run will train."""
    look: reactive[Look] = reactive(Look(), repaint=False)
    """What pictures are drawn with."""
    situation: reactive[Situation] = reactive("setup", repaint=False)
    """Which commands make sense."""
    spots: reactive[tuple[Spot, ...]] = reactive((), repaint=False)
    """The place that has the keys, and those around it."""
    lacking: reactive[frozenset[Need]] = reactive(frozenset(), repaint=False)
    """What is not there that some commands need."""
    transport: reactive[Transport | None] = reactive(None, repaint=False)
    """Where a replay stands; None where nothing is replayed."""
    entries: reactive[tuple[Entry, ...]] = reactive((), repaint=False)
    """Everything that happened."""
    bulletin: reactive[Bulletin | None] = reactive(None, repaint=False)
    """What has just happened; None where that is over."""
    heard: reactive[Mapping[str, int]] = reactive[Mapping[str, int]]({}, repaint=False)
    """The number of the last change of each setting that the draft knows of."""
    device: reactive[str] = reactive("auto", repaint=False)
    """Where the next run trains."""
    presets: reactive[tuple[PresetEntry, ...]] = reactive((), repaint=False)
    """Every preset there is."""
    pane: reactive[str] = reactive("setup", repaint=False)
    """The pane that has the keys."""
    tabbed: reactive[bool] = reactive(False, repaint=False)
    """Whether there is room for one pane only."""
    form: reactive[Form] = reactive("two", repaint=False)
    """How many columns there are."""
    maximised: reactive[bool] = reactive(False, repaint=False)
    """Whether one pane was given the whole screen."""
    headline: reactive[str] = reactive("", repaint=False)
    """Which scene is shown; empty where there is no lecture."""
    slide: reactive[tuple[str, str]] = reactive(("", ""), repaint=False)
    """Title and words of a scene of plain text; empty where there is none."""

    @property
    def run_situation(self) -> Situation:
        """How it stands with the run that is shown, whatever takes the keys."""
        raise NotImplementedError

    def has(self, need: Need) -> bool:
        """Whether what some commands need is there."""
        raise NotImplementedError

    def find_situation(self) -> None:
        """Find out which commands make sense now."""

    def show_now(self) -> None:
        """Bring the view up to date."""

    def read_on(self) -> None:
        """Read what is new, do what waited for it, and show it."""

    def wake(self) -> None:
        """Read what is new and show it, now and from now on."""
