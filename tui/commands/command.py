"""What a row of the table of commands says: keys, where and when they do something, words.

The table itself is ``tui.commands.table``. A key belongs to the lab, or to a place in it: a pane,
a kind of field, a dialog. Where the place that has the keys knows one, the lab's own meaning of it
rests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ..places.registry import PANES

Situation = Literal[
    "setup", "live", "paused", "over", "showing", "replay", "lecture", "slide", "follow", "form"
]
"""``setup``: no run is shown. ``live``: one is starting, training or silent. ``paused``: it
waits. ``over``: it ended or crashed. ``showing``: it is shown more slowly than it is trained.
``replay``: it is shown at an earlier step. ``lecture``: so it
is in a scene of a lecture. ``slide``: a scene of a lecture is a text. ``follow``: a presenter moves
it. ``form``: a field takes what is typed.
"""

Situations = frozenset[Situation]

ALWAYS: Final = Situations(
    ("setup", "live", "paused", "over", "showing", "replay", "lecture", "slide")
)
EVERYWHERE: Final = ALWAYS | Situations(("follow", "form"))
LOOKED_AT: Final = ALWAYS | Situations(("follow",))
PANED: Final = ALWAYS - Situations(("slide",))
"""Where panes are seen that can be gone to."""
NOW: Final = Situations(("setup", "live", "paused", "over"))
GOING: Final = Situations(("live", "paused"))
SHOWN: Final = Situations(("live", "paused", "over"))
SEEN: Final = Situations(("live", "paused", "over", "showing", "replay", "lecture"))
SHOWING: Final = Situations(("showing",))
REPLAY: Final = Situations(("replay", "lecture"))
MOVED: Final = REPLAY | SHOWING
LECTURE: Final = Situations(("lecture", "slide"))

IN_WORDS: Final[Mapping[Situation, str]] = {
    "setup": "while no run is shown",
    "live": "while a run is being trained",
    "paused": "while a run is paused",
    "over": "when a run is over",
    "showing": "while a run is shown more slowly than it is trained",
    "replay": "in a replay",
    "lecture": "in a lecture",
    "slide": "at a lecture's text",
    "follow": "while a presenter is followed",
    "form": "while something is typed",
}
"""Each situation, to go on a sentence with."""

Spot = str
"""A place with keys of its own: a pane, a kind of field, a dialog."""

SPOTS: Final[Mapping[Spot, str]] = {
    **{pane.name: pane.where for pane in PANES if pane.where},
    "presets": "in the list of presets",
    "choice": "on a choice",
    "fold": "on a heading that folds",
    "entry": "in a layer, a mark or another entry of a list",
    "add": "on '+' for another entry",
    "filter": "where runs or presets are filtered",
    "slide": "at a lecture's text",
    "blank": "on the blank screen",
    "field": "where something is typed",
    "list": "in a list",
    "scroll": "where there is more than fits",
    "dialog": "in every dialog",
    "quit": "where leaving is asked about",
    "help": "in the help",
    "search": "where a key or a word is looked for",
    "chapters": "in the list of marks",
    "members": "in the list of members",
    "sweep": "in the heat map of a sweep",
    "data_file": "in a data file's columns",
    "delete": "where deleting is asked about",
    "palette": "where a command is looked for",
    "notes": "in a lecture's notes",
}
"""Each place, to go on a sentence with, in the order of the help."""

Need = Literal["", "columns", "members", "marks", "remedy", "changes", "undo", "redo", "result"]
"""What has to be there for a command to do anything."""

NEEDS: Final[Mapping[Need, str]] = {
    "columns": "there is room for one pane only",
    "members": "this run has one network; population.seeds in the setup trains several",
    "marks": "this run has no marks; m sets one",
    "remedy": "the diagnosis advises nothing that can be changed here",
    "changes": "nothing differs from the preset",
    "undo": "nothing was changed in the setup",
    "redo": "nothing was taken back in the setup",
    "result": "the run is not at its end, or no dev set says which of its weights are best",
}
"""Why a command does nothing where it is missing."""


Group = Literal["Run", "Read", "Replay", "Lecture", "View", "Setup", "Lab", "Here"]
"""The headings of the help."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One thing that can be done."""

    keys: tuple[str, ...]
    """What does it, as Textual names keys; the first one is shown."""
    action: str
    """A method of one of the lab's parts, or of the place, ``action_<name>``; empty where a place
    takes its keys as they come.
    """
    label: str
    """A word for the footer."""
    help: str
    """What it does, in a sentence."""
    group: Group
    when: Situations = ALWAYS
    at: Spot | None = None
    """The place whose key it is; none for the lab's own."""
    needs: Need = ""
    """What has to be there for it to do anything."""
    footer: int = 0
    """Its place in the footer, 1 first; 0 for a command that stands only in the help."""
    several: str = ""
    """Its key and word in the footer, where it stands there for several: ``1-9 panes``."""
    urgent: bool = False
    """Whether it comes before what the place would do with the key otherwise."""

    @property
    def name(self) -> str:
        """The action without its argument."""
        return self.action.partition("(")[0]

    @property
    def words(self) -> tuple[str, str]:
        """What stands in the footer: the key and the word."""
        if self.several:
            key, _, word = self.several.partition(" ")
            return key, word
        return key_name(self.keys[0]), self.label


CLICK: Final = 'screen.do("{}")'
"""What a click on words does, for their style: the action of a row, as its key would do it."""

KEY_NAMES: Final = {
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "pagedown": "PgDn",
    "pageup": "PgUp",
}
"""How keys are written for people, where that is not their name."""


CHARACTERS: Final = frozenset(("space", *KEY_NAMES)) - {"escape", "pagedown", "pageup"}
"""Keys with a name of their own that a field would take as a character."""


def is_character(key: str) -> bool:
    """Whether a key writes something where text is typed."""
    return len(key) == 1 or key in CHARACTERS


def key_name(key: str) -> str:
    """Return a key as it is written for people."""
    return KEY_NAMES.get(key, key).replace("ctrl+", "^")
