"""The one table of what can be done in the lab: keys, footer, palette and help come from it.

An action is a method of the lab, ``action_<name>``. The same key may do different things in
different situations; the situation decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tui.places import PANES

Situation = Literal["setup", "live", "paused", "over", "replay", "lecture", "follow", "form"]
"""``setup``: no run is shown. ``live``: one is starting, training or silent. ``paused``: it
waits. ``over``: it ended or crashed. ``replay``: it is shown at an earlier step. ``lecture``: so it
is in a scene of a lecture. ``follow``: a presenter moves it. ``form``: a field takes what is
typed.
"""

ALWAYS: Final = frozenset[Situation](("setup", "live", "paused", "over", "replay", "lecture"))
EVERYWHERE: Final = ALWAYS | frozenset[Situation](("follow", "form"))
LOOKED_AT: Final = ALWAYS | frozenset[Situation](("follow",))
NOW: Final = frozenset[Situation](("setup", "live", "paused", "over"))
GOING: Final = frozenset[Situation](("live", "paused"))
SHOWN: Final = frozenset[Situation](("live", "paused", "over"))
SEEN: Final = frozenset[Situation](("live", "paused", "over", "replay", "lecture"))
REPLAY: Final = frozenset[Situation](("replay", "lecture"))
LECTURE: Final = frozenset[Situation](("lecture",))


@dataclass(frozen=True, kw_only=True)
class Command:
    """One thing that can be done."""

    keys: tuple[str, ...]
    """What does it, as Textual names keys; the first one is shown."""
    action: str
    label: str
    """A word for the footer."""
    help: str
    """What it does, in a sentence."""
    group: Literal["Run", "Read", "Replay", "Lecture", "View", "Setup", "Lab"]
    when: frozenset[Situation] = ALWAYS
    footer: int = 0
    """Its place in the footer, 1 first; 0 for a command that stands only in the help."""

    def key_in(self, situation: Situation) -> str:
        """Return the key to show in a situation: a field takes every key that is a character."""
        if situation == "form":
            return next((key for key in self.keys if not is_character(key)), self.keys[0])
        return self.keys[0]

    @property
    def name(self) -> str:
        """The action without its argument."""
        return self.action.partition("(")[0]


COMMANDS: Final = (
    Command(
        keys=("space",),
        action="start",
        label="start",
        help="Train the experiment that the setup shows, as a new run.",
        group="Run",
        when=frozenset(("setup", "over")),
        footer=1,
    ),
    Command(
        keys=("space",),
        action="pause",
        label="pause",
        help="Pause the run between two steps.",
        group="Run",
        when=frozenset(("live",)),
        footer=1,
    ),
    Command(
        keys=("space",),
        action="go_on",
        label="go on",
        help="Let a paused run go on.",
        group="Run",
        when=frozenset(("paused",)),
        footer=1,
    ),
    Command(
        keys=("s",),
        action="step(1)",
        label="step",
        help="Take one step, then pause; where nothing runs yet, start with one step.",
        group="Run",
        when=NOW,
        footer=2,
    ),
    Command(
        keys=("S",),
        action="step(10)",
        label="ten steps",
        help="Take ten steps, then pause.",
        group="Run",
        when=NOW,
    ),
    Command(
        keys=("e",),
        action="step_epoch",
        label="epoch",
        help="Train for one epoch, then pause; where there are no epochs, for 100 steps.",
        group="Run",
        when=NOW,
        footer=11,
    ),
    Command(
        keys=("x",),
        action="stop",
        label="stop",
        help="End the run after this step; its result is measured and kept.",
        group="Run",
        when=GOING,
        footer=3,
    ),
    Command(
        keys=("r",),
        action="restart",
        label="restart",
        help="Stop what runs and train the setup from the start, as a new run.",
        group="Run",
        when=SHOWN,
        footer=5,
    ),
    Command(
        keys=("R",),
        action="restart_anew",
        label="new seed",
        help="Restart with the next seed: other weights, other data, the same experiment.",
        group="Run",
        when=SHOWN,
    ),
    Command(
        keys=("plus", "equals_sign"),
        action="change_lr(1)",
        label="lr up",
        help="Multiply the learning rate by 1.25 from the next step on.",
        group="Run",
        when=GOING,
        footer=9,
    ),
    Command(
        keys=("minus",),
        action="change_lr(-1)",
        label="lr down",
        help="Divide the learning rate by 1.25 from the next step on.",
        group="Run",
        when=GOING,
        footer=10,
    ),
    Command(
        keys=("m",),
        action="mark",
        label="mark",
        help="Set a mark at this step, with a title, where a replay can pause.",
        group="Run",
        when=SEEN,
        footer=8,
    ),
    Command(
        keys=("F",),
        action="follow_remedy",
        label="remedy",
        help="Train what the diagnosis advises, beside this run.",
        group="Run",
        when=SHOWN,
        footer=6,
    ),
    Command(
        keys=("c",),
        action="compare",
        label="compare",
        help="Draw the run before this one beside it, or take it away again.",
        group="Run",
        when=SEEN,
    ),
    Command(
        keys=("left",),
        action="move_cursor(-1)",
        label="back",
        help="Read an earlier step: a column of the curves to the left.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("right",),
        action="move_cursor(1)",
        label="forward",
        help="Read a later step: a column of the curves to the right.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("comma",),
        action="step_cursor(-1)",
        label="one back",
        help="Read the step before.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("full_stop",),
        action="step_cursor(1)",
        label="one forward",
        help="Read the step after.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("home",),
        action="cursor_home",
        label="first",
        help="Read the first step that the curves show.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("end",),
        action="follow_newest",
        label="newest",
        help="Read the newest step again, and show all steps as they come.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("i",),
        action="zoom(1)",
        label="zoom in",
        help="Show half as many steps, around the one that is read.",
        group="Read",
        when=SEEN,
    ),
    Command(
        keys=("o",),
        action="zoom(-1)",
        label="zoom out",
        help="Show twice as many steps.",
        group="Read",
        when=SEEN,
    ),
    Command(
        keys=("left_square_bracket",),
        action="pan(-1)",
        label="pan left",
        help="Show earlier steps, as many as now.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("right_square_bracket",),
        action="pan(1)",
        label="pan right",
        help="Show later steps, as many as now.",
        group="Read",
        when=SHOWN,
    ),
    Command(
        keys=("space",),
        action="toggle_play",
        label="play",
        help="Play the recording, or pause.",
        group="Replay",
        when=REPLAY,
        footer=1,
    ),
    Command(
        keys=("k",),
        action="replay",
        label="replay",
        help="Replay the run that is shown from its beginning; k again shows its newest step.",
        group="Replay",
        when=frozenset(("live", "paused", "over", "replay")),
        footer=12,
    ),
    Command(
        keys=("right", "full_stop"),
        action="play_step(1)",
        label="step on",
        help="Show the step after.",
        group="Replay",
        when=REPLAY,
        footer=2,
    ),
    Command(
        keys=("left", "comma"),
        action="play_step(-1)",
        label="step back",
        help="Show the step before.",
        group="Replay",
        when=REPLAY,
        footer=3,
    ),
    Command(
        keys=("S", "shift+right"),
        action="play_step(10)",
        label="ten on",
        help="Show the step ten further on.",
        group="Replay",
        when=REPLAY,
    ),
    Command(
        keys=("D", "shift+left"),
        action="play_step(-10)",
        label="ten back",
        help="Show the step ten before.",
        group="Replay",
        when=REPLAY,
    ),
    Command(
        keys=("right_square_bracket",),
        action="play_mark(1)",
        label="next mark",
        help="Go to the next mark.",
        group="Replay",
        when=REPLAY,
        footer=4,
    ),
    Command(
        keys=("left_square_bracket",),
        action="play_mark(-1)",
        label="mark before",
        help="Go to the mark before.",
        group="Replay",
        when=REPLAY,
        footer=5,
    ),
    Command(
        keys=("home",),
        action="play_home",
        label="beginning",
        help="Show the untrained network.",
        group="Replay",
        when=REPLAY,
    ),
    Command(
        keys=("end",),
        action="play_end",
        label="end",
        help="Show the last step.",
        group="Replay",
        when=REPLAY,
    ),
    Command(
        keys=("plus", "equals_sign"),
        action="play_faster(1)",
        label="faster",
        help="Replay at twice the speed.",
        group="Replay",
        when=REPLAY,
        footer=6,
    ),
    Command(
        keys=("minus",),
        action="play_faster(-1)",
        label="slower",
        help="Replay at half the speed.",
        group="Replay",
        when=REPLAY,
        footer=7,
    ),
    Command(
        keys=("T",),
        action="next_tempo",
        label="tempo",
        help="As recorded, steps a second, all in 90 seconds, or one event a key.",
        group="Replay",
        when=REPLAY,
        footer=9,
    ),
    Command(
        keys=("C",),
        action="chapters",
        label="chapters",
        help="Choose a mark to go to.",
        group="Replay",
        when=REPLAY,
        footer=8,
    ),
    *(
        Command(
            keys=(str(tenths),),
            action=f"play_share({tenths})",
            label=f"{tenths}0 %",
            help=f"Show the step at {tenths}0 % of the run.",
            group="Replay",
            when=REPLAY,
        )
        for tenths in range(10)
    ),
    Command(
        keys=("pagedown",),
        action="scene(1)",
        label="next scene",
        help="Go to the next scene; a presenter's remote does.",
        group="Lecture",
        when=LECTURE,
        footer=2,
    ),
    Command(
        keys=("pageup",),
        action="scene(-1)",
        label="scene before",
        help="Go to the scene before.",
        group="Lecture",
        when=LECTURE,
        footer=3,
    ),
    Command(
        keys=("b",),
        action="blank",
        label="blank",
        help="Show nothing until the next key.",
        group="Lecture",
        when=REPLAY,
        footer=11,
    ),
    Command(
        keys=("pagedown",),
        action="page_step(1)",
        label="step on",
        help="Show the step after; a presenter's remote does.",
        group="Replay",
        when=frozenset(("replay",)),
    ),
    Command(
        keys=("pageup",),
        action="page_step(-1)",
        label="step back",
        help="Show the step before.",
        group="Replay",
        when=frozenset(("replay",)),
    ),
    Command(
        keys=("l",),
        action="toggle_log",
        label="log axis",
        help="Show the curves on a logarithmic axis, or on a plain one again.",
        group="View",
        footer=4,
    ),
    Command(
        keys=("a",),
        action="next_quantity",
        label="quantity",
        help="Show the loss, the accuracy, the learning rate or the gradient norm.",
        group="View",
        footer=7,
    ),
    Command(
        keys=("w",),
        action="next_smoothing",
        label="smooth",
        help="Smooth the curves more, or not at all; the raw band stays.",
        group="View",
    ),
    Command(
        keys=("v",),
        action="next_exhibit(1)",
        label="picture",
        help="Show the next picture of the network.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("V",),
        action="next_exhibit(-1)",
        label="picture back",
        help="Show the picture of the network before.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("y",),
        action="next_layer",
        label="layer",
        help="Show the next layer's weights in the pictures of weights.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("n",),
        action="next_member(1)",
        label="member",
        help="Of a population: show the next member, and after the last all of them together.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("N",),
        action="next_member(-1)",
        label="member before",
        help="Of a population: show the member before, and before the first all of them.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("M",),
        action="choose_member",
        label="look at member",
        help="Choose which member of a population to look at, or all of them.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("tab",),
        action="next_pane",
        label="next pane",
        help="Go to the next pane.",
        group="View",
        when=ALWAYS | frozenset[Situation](("form",)),
        footer=12,
    ),
    Command(
        keys=("shift+tab",),
        action="previous_pane",
        label="pane before",
        help="Go to the pane before.",
        group="View",
        when=ALWAYS | frozenset[Situation](("form",)),
    ),
    *(
        Command(
            keys=(str(number),),
            action=f"show_pane('{place.name}')",
            label=place.label.lower(),
            help=f"Go to: {place.about}.",
            group="View",
            when=NOW,
        )
        for number, place in enumerate(PANES, start=1)
    ),
    Command(
        keys=("G",),
        action="show_pane('microscope')",
        label="microscope",
        help="Take the update at this step apart: every formula with its numbers.",
        group="View",
        when=SEEN,
    ),
    Command(
        keys=("z",),
        action="maximise",
        label="maximise",
        help="Give the pane that has the keys the whole screen, or put it back.",
        group="View",
    ),
    Command(
        keys=("less_than_sign",),
        action="widen(-2)",
        label="narrower",
        help="Make the left column narrower.",
        group="View",
    ),
    Command(
        keys=("greater_than_sign",),
        action="widen(2)",
        label="wider",
        help="Make the left column wider.",
        group="View",
    ),
    Command(
        keys=("t",),
        action="next_theme",
        label="theme",
        help="Dark, light, or bright on black for a projector.",
        group="View",
        when=LOOKED_AT,
    ),
    Command(
        keys=("g",),
        action="next_glyphs",
        label="glyphs",
        help="Draw with braille, with blocks, or with plain ASCII.",
        group="View",
        when=LOOKED_AT,
    ),
    Command(
        keys=("p",),
        action="screenshot",
        label="screenshot",
        help="Save the screen as SVG, and the pane that has the keys as text.",
        group="View",
        when=LOOKED_AT,
    ),
    Command(
        keys=("escape",),
        action="leave_field",
        label="done typing",
        help="Leave a field, so that keys are commands again.",
        group="Setup",
        when=frozenset(("form",)),
        footer=1,
    ),
    Command(
        keys=("u",),
        action="undo_changes",
        label="undo changes",
        help="Set every setting back to what the preset says.",
        group="Setup",
    ),
    Command(
        keys=("ctrl+s",),
        action="save_preset",
        label="save",
        help="Save the setup as a preset of your own.",
        group="Setup",
        when=ALWAYS | frozenset[Situation](("form",)),
    ),
    Command(
        keys=("d",),
        action="detach",
        label="detach",
        help="Leave the lab; the run goes on, and 'epochal attach' shows it again.",
        group="Lab",
        when=LOOKED_AT,
        footer=13,
    ),
    Command(
        keys=("q", "ctrl+q", "ctrl+c"),
        action="quit",
        label="quit",
        help="Leave the lab; asks what becomes of a run that is going.",
        group="Lab",
        when=EVERYWHERE,
        footer=15,
    ),
    Command(
        keys=("question_mark", "f1"),
        action="help",
        label="help",
        help="Show every key and what it does.",
        group="Lab",
        when=EVERYWHERE,
        footer=14,
    ),
    Command(
        keys=("ctrl+p",),
        action="command_palette",
        label="commands",
        help="Find a command by its name.",
        group="Lab",
        when=EVERYWHERE,
    ),
)
"""Every command, in the order of the help."""


def can(action: str, situation: Situation) -> bool:
    """Whether an action makes sense in a situation; one that is no command always does."""
    named = [command for command in COMMANDS if command.name == action]
    return not named or any(situation in command.when for command in named)


KEY_NAMES: Final = {
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "question_mark": "?",
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


def available(situation: Situation) -> Iterator[Command]:
    """Return what can be done in a situation."""
    return (command for command in COMMANDS if situation in command.when)


def footer(situation: Situation) -> list[Command]:
    """Return what the footer shows, the most important first."""
    return sorted((c for c in available(situation) if c.footer), key=lambda c: c.footer)


def groups(commands: Iterable[Command] = COMMANDS) -> dict[str, list[Command]]:
    """Return the commands by their groups, in the table's order."""
    found: dict[str, list[Command]] = {}
    for command in commands:
        found.setdefault(command.group, []).append(command)
    return found
