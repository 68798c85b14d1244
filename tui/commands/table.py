"""The one table of what can be done in the lab: keys, footer, palette and help come from it.

An action of the lab is one of its methods, ``action_<name>``. The same key may do different things
in different situations, and at a place that has keys of its own; what a row says is
``tui.commands.command``'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from ..places import PANES
from .command import (
    ALWAYS,
    EVERYWHERE,
    GOING,
    IN_WORDS,
    LECTURE,
    LOOKED_AT,
    MOVED,
    NEEDS,
    NOW,
    PANED,
    REPLAY,
    SEEN,
    SHOWING,
    SHOWN,
    SPOTS,
    Command,
    Need,
    Situation,
    Spot,
    is_character,
    key_name,
)

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
        when=NOW | SHOWING,
        footer=2,
    ),
    Command(
        keys=("S",),
        action="step(10)",
        label="ten steps",
        help="Take ten steps, then pause.",
        group="Run",
        when=NOW | SHOWING,
    ),
    Command(
        keys=("e",),
        action="step_epoch",
        label="epoch",
        help="Train for one epoch, then pause; where there are no epochs, for 100 steps.",
        group="Run",
        when=NOW | SHOWING,
        footer=11,
    ),
    Command(
        keys=("x",),
        action="stop",
        label="stop",
        help="End the run after this step; its result is measured and kept.",
        group="Run",
        when=GOING | SHOWING,
        footer=3,
    ),
    Command(
        keys=("r",),
        action="restart",
        label="restart",
        help="Stop what runs and train the setup from the start, as a new run.",
        group="Run",
        when=SHOWN | SHOWING,
        footer=5,
    ),
    Command(
        keys=("R",),
        action="restart_anew",
        label="new seed",
        help="Restart with the next seed: other weights, other data, the same experiment.",
        group="Run",
        when=SHOWN | SHOWING,
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
        when=SHOWN | SHOWING,
        footer=6,
        needs="remedy",
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
        when=MOVED,
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
        keys=("end", "k"),
        action="show_newest",
        label="newest",
        help="Show the newest step, and from now on every run as it comes.",
        group="Replay",
        when=SHOWING,
        footer=2,
    ),
    Command(
        keys=("right", "full_stop"),
        action="play_step(1)",
        label="step on",
        help="Show the step after.",
        group="Replay",
        when=MOVED,
        footer=2,
    ),
    Command(
        keys=("left", "comma"),
        action="play_step(-1)",
        label="step back",
        help="Show the step before.",
        group="Replay",
        when=MOVED,
        footer=3,
    ),
    Command(
        keys=("S", "shift+right"),
        action="play_step(10)",
        label="ten on",
        help="Show the step ten further on.",
        group="Replay",
        when=MOVED,
    ),
    Command(
        keys=("D", "shift+left"),
        action="play_step(-10)",
        label="ten back",
        help="Show the step ten before.",
        group="Replay",
        when=MOVED,
    ),
    Command(
        keys=("right_square_bracket",),
        action="play_mark(1)",
        label="next mark",
        help="Go to the next mark.",
        group="Replay",
        when=MOVED,
        footer=4,
        needs="marks",
    ),
    Command(
        keys=("left_square_bracket",),
        action="play_mark(-1)",
        label="mark before",
        help="Go to the mark before.",
        group="Replay",
        when=MOVED,
        footer=5,
        needs="marks",
    ),
    Command(
        keys=("home",),
        action="play_home",
        label="beginning",
        help="Show the untrained network.",
        group="Replay",
        when=MOVED,
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
        when=MOVED,
        footer=6,
    ),
    Command(
        keys=("minus",),
        action="play_faster(-1)",
        label="slower",
        help="Replay at half the speed.",
        group="Replay",
        when=MOVED,
        footer=7,
    ),
    Command(
        keys=("T",),
        action="next_tempo",
        label="tempo",
        help="As recorded, steps a second, all in 90 seconds, or one event a key.",
        group="Replay",
        when=MOVED,
        footer=9,
    ),
    Command(
        keys=("C",),
        action="chapters",
        label="chapters",
        help="Choose a mark to go to.",
        group="Replay",
        when=MOVED,
        footer=8,
        needs="marks",
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
        when=REPLAY | LECTURE,
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
        keys=("B",),
        action="turn_result",
        label="best, last",
        help="Show the best weights of a run that is over, or its last ones.",
        group="View",
        footer=5,
        when=SEEN,
        needs="result",
    ),
    Command(
        keys=("l",),
        action="toggle_log",
        label="log axis",
        help="Show the curves on a logarithmic axis, or on a plain one again.",
        group="View",
        footer=4,
        when=SEEN,
    ),
    Command(
        keys=("a",),
        action="next_quantity",
        label="quantity",
        help="Show the loss, the accuracy, the learning rate or the gradient norm.",
        group="View",
        footer=7,
        when=SEEN,
    ),
    Command(
        keys=("w",),
        action="next_smoothing",
        label="smooth",
        help="Smooth the curves more, or not at all; the raw band stays.",
        group="View",
        when=SEEN,
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
        needs="members",
    ),
    Command(
        keys=("N",),
        action="next_member(-1)",
        label="member before",
        help="Of a population: show the member before, and before the first all of them.",
        group="View",
        when=SEEN,
        needs="members",
    ),
    Command(
        keys=("M",),
        action="choose_member",
        label="look at member",
        help="Choose which member of a population to look at, or all of them.",
        group="View",
        when=SEEN,
        needs="members",
    ),
    Command(
        keys=("tab",),
        action="next_pane",
        label="next pane",
        help="Go to the next pane.",
        group="View",
        when=PANED | frozenset[Situation](("form",)),
        footer=12,
    ),
    Command(
        keys=("shift+tab",),
        action="previous_pane",
        label="pane before",
        help="Go to the pane before.",
        group="View",
        when=PANED | frozenset[Situation](("form",)),
    ),
    *(
        Command(
            keys=(str(number),),
            action=f"show_pane('{place.name}')",
            label=place.label.lower(),
            help=f"Go to: {place.about}.",
            group="View",
            when=NOW | SHOWING,
            footer=13 if number == 1 else 0,
            several=f"1-{len(PANES)} panes" if number == 1 else "",
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
        keys=("L",),
        action="show_pane('log')",
        label="log",
        help="Show everything that happened, in full.",
        group="View",
        when=PANED,
    ),
    Command(
        keys=("z",),
        action="maximise",
        label="maximise",
        help="Give the pane that has the keys the whole screen, or put it back.",
        group="View",
        needs="columns",
        when=PANED,
    ),
    Command(
        keys=("less_than_sign",),
        action="widen(-2)",
        label="narrower",
        help="Make the left column narrower.",
        group="View",
        needs="columns",
        when=PANED,
    ),
    Command(
        keys=("greater_than_sign",),
        action="widen(2)",
        label="wider",
        help="Make the left column wider.",
        group="View",
        needs="columns",
        when=PANED,
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
        needs="changes",
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
        footer=15,
    ),
    Command(
        keys=("q", "ctrl+q", "ctrl+c"),
        action="quit",
        label="quit",
        help="Leave the lab; asks what becomes of a run that is going.",
        group="Lab",
        when=EVERYWHERE,
        footer=17,
    ),
    Command(
        keys=("question_mark", "f1"),
        action="help",
        label="help",
        help="Show every key and what it does.",
        group="Lab",
        when=EVERYWHERE,
        footer=16,
    ),
    Command(
        keys=("ctrl+p",),
        action="command_palette",
        label="commands",
        help="Find a command by its name.",
        group="Lab",
        when=EVERYWHERE,
    ),
    Command(
        keys=("super+c",),
        action="copy_text",
        label="copy",
        help="Copy what was selected with the mouse.",
        group="Lab",
        when=EVERYWHERE,
    ),
)
"""Every command, in the order of the help."""


def _at(
    spot: Spot, *rows: tuple[str, str, str, str, int], urgent: bool = False
) -> tuple[Command, ...]:
    """Return the commands of a place: keys, action, label, help and place in the footer."""
    return tuple(
        Command(
            keys=tuple(keys.split()),
            action=action,
            label=label,
            help=words,
            group="Here",
            when=EVERYWHERE,
            at=spot,
            footer=place,
            urgent=urgent,
        )
        for keys, action, label, words, place in rows
    )


LOCAL: Final = (
    *_at(
        "setup",
        ("up", "go(-1)", "field before", "Go to the setting before.", 0),
        ("down enter", "go(1)", "next field", "Go to the next setting.", 0),
        ("pageup", "go_group(-1)", "group before", "Go to the group of settings before.", 0),
        ("pagedown", "go_group(1)", "next group", "Go to the next group of settings.", 0),
    ),
    *_at(
        "presets",
        ("enter right", "settings", "settings", "Go to the settings of this preset.", 1),
        ("slash", "search", "search", "List only the presets that have these words.", 2),
    ),
    *_at(
        "choice",
        ("left", "go(-1)", "value before", "Take the value before.", 0),
        ("right", "go(1)", "next value", "Take the next value.", 1),
        ("enter", "open", "all values", "Show every value, with a sentence on each.", 2),
        ("letters", "", "look for one", "Take the next value that begins so.", 3),
    ),
    *_at(
        "fold",
        ("right", "fold(True)", "open", "Show what is folded away.", 1),
        ("left", "fold(False)", "close", "Fold it away.", 2),
        ("enter", "turn", "open or close", "Show what is folded away, or fold it away.", 0),
    ),
    *_at(
        "entry",
        ("ctrl+n", "change('add')", "another", "Add another after this one, like it.", 3),
        ("ctrl+d", "change('remove')", "remove", "Take this one out.", 4),
        ("ctrl+up shift+up", "change('up')", "up", "Move this one up.", 0),
        ("ctrl+down shift+down", "change('down')", "down", "Move this one down.", 0),
        urgent=True,
    ),
    *_at(
        "entry",
        ("insert", "change('add')", "another", "Add another after this one, like it.", 0),
        ("delete", "change('remove')", "remove", "Take this one out.", 0),
    ),
    *_at(
        "add",
        ("enter insert ctrl+n", "add", "add", "Add another after the last one, like it.", 1),
    ),
    *_at(
        "runs",
        ("enter", "open", "open", "Show this run.", 1),
        ("c", "overlay", "overlay", "Draw its curves beside those that are shown, or no more.", 2),
        ("slash", "filter", "filter", "List only some runs.", 3),
        ("n", "rename", "name", "Give this run a name.", 4),
        ("m", "pin", "pin", "Keep this run above the others, or no more.", 5),
        ("t", "tag", "tag", "Give this run tags: the filter tag=good finds them.", 5),
        ("D delete", "delete", "delete", "Delete this run; asks first.", 6),
        ("ctrl+o", "sort", "sort", "List the runs in another order.", 7),
        ("escape", "clear", "no filter", "List all runs again.", 0),
        ("up", "move(-1)", "run above", "Choose the run above.", 0),
        ("down", "move(1)", "run below", "Choose the run below.", 0),
        ("pageup", "page(-1)", "page up", "Choose a run a page up.", 0),
        ("pagedown", "page(1)", "page down", "Choose a run a page down.", 0),
        ("home", "move(-1000000000)", "first run", "Choose the first run.", 0),
        ("end", "move(1000000000)", "last run", "Choose the last run.", 0),
    ),
    *_at(
        "filter",
        ("escape", "give_up", "no filter", "List all of them again.", 1),
    ),
    *_at(
        "diagnosis",
        ("enter", "follow", "follow", "Train what this finding advises, beside the run.", 1),
        ("up", "choose(-1)", "finding before", "Choose the finding before.", 0),
        ("down", "choose(1)", "next finding", "Choose the next finding.", 0),
    ),
    *_at(
        "microscope",
        ("down", "choose(1)", "next quantity", "Choose the next quantity.", 1),
        ("up", "choose(-1)", "quantity before", "Choose the quantity before.", 0),
        ("right", "move(1)", "next number", "Choose the next of its numbers.", 2),
        ("left", "move(-1)", "number before", "Choose the number before.", 0),
    ),
    *_at(
        "slide",
        ("up k", "scroll_up", "up", "Read on above.", 0),
        ("down j", "scroll_down", "down", "Read on below.", 0),
    ),
    *_at("blank", ("any", "", "back", "Any key or click shows the screen again.", 0)),
    *_at(
        "field",
        ("space", "", "a blank", "Write a blank; everywhere else the key starts or pauses.", 1),
        ("enter", "submit", "take", "Take what is typed, and go on.", 0),
        ("left right", "cursor_left", "move", "Move by a character.", 0),
        ("ctrl+left ctrl+right", "cursor_left_word", "move", "Move by a word.", 0),
        ("home ctrl+a", "home", "beginning", "Go to the beginning.", 0),
        ("end ctrl+e", "end", "end", "Go to the end.", 0),
        (
            "shift+left shift+right ctrl+shift+left ctrl+shift+right shift+home shift+end",
            "cursor_left(True)",
            "select",
            "Select while moving.",
            0,
        ),
        ("ctrl+shift+a", "select_all", "select all", "Select all of it.", 0),
        ("backspace", "delete_left", "delete", "Delete the character before.", 0),
        ("delete ctrl+d", "delete_right", "delete on", "Delete the character after.", 0),
        ("ctrl+w", "delete_left_word", "delete word", "Delete the word before.", 0),
        (
            "ctrl+backspace alt+backspace",
            "delete_right_word",
            "delete word on",
            "Delete the word after.",
            0,
        ),
        ("ctrl+u super+backspace", "delete_left_all", "empty", "Delete all that is before.", 0),
        ("ctrl+k", "delete_right_all", "delete rest", "Delete all that comes after.", 0),
        ("ctrl+x", "cut", "cut", "Cut what is selected.", 0),
        ("ctrl+c super+c", "copy", "copy", "Copy what is selected.", 0),
        ("ctrl+v", "paste", "paste", "Paste what was cut or copied.", 0),
    ),
    *_at(
        "list",
        ("enter", "select", "choose", "Choose this one.", 0),
        ("up", "cursor_up", "up", "Go up.", 0),
        ("down", "cursor_down", "down", "Go down.", 0),
        ("pageup", "page_up", "page up", "Go a page up.", 0),
        ("pagedown", "page_down", "page down", "Go a page down.", 0),
        ("home", "first", "first", "Go to the first one.", 0),
        ("end", "last", "last", "Go to the last one.", 0),
    ),
    *_at(
        "scroll",
        ("up", "scroll_up", "up", "Read on above.", 0),
        ("down", "scroll_down", "down", "Read on below.", 1),
        ("pageup", "page_up", "page up", "Read on a page above.", 0),
        ("pagedown", "page_down", "page down", "Read on a page below.", 0),
        ("home", "scroll_home", "top", "Go to the top.", 0),
        ("end", "scroll_end", "bottom", "Go to the bottom.", 0),
    ),
    *_at(
        "dialog",
        ("escape ctrl+c", "leave", "leave", "Leave without an answer.", 0),
        ("tab", "app.focus_next", "next", "Go to the next thing in the dialog.", 0),
        ("shift+tab", "app.focus_previous", "before", "Go to the thing before.", 0),
    ),
    *_at(
        "quit",
        ("l d enter", "answer('leave')", "leave it running", "Leave; the run goes on.", 0),
        ("s x", "answer('stop')", "stop it", "Stop the run, then leave.", 0),
        ("q", "leave", "stay", "Stay in the lab.", 0),
    ),
    *_at(
        "help",
        ("f1 enter", "leave", "leave", "Leave the help.", 0),
        ("up", "read(-1)", "up", "Read on above.", 0),
        ("down", "read(1)", "down", "Read on below.", 0),
        ("pageup", "read_page(-1)", "page up", "Read on a page above.", 0),
        ("pagedown", "read_page(1)", "page down", "Read on a page below.", 0),
        ("ctrl+home", "read(-100000)", "top", "Go to the top.", 0),
        ("ctrl+end", "read(100000)", "bottom", "Go to the bottom.", 0),
        urgent=True,
    ),
    *_at(
        "search",
        ("any /", "", "search", "Type a word, and only what has it is shown.", 0),
        ("?", "", "leave", "Leave the help.", 0),
    ),
    *_at(
        "chapters",
        # A presenter's remote has these keys and no others.
        ("pageup k", "move(-1)", "up", "Go to the mark above.", 0),
        ("pagedown j", "move(1)", "down", "Go to the mark below.", 0),
        urgent=True,
    ),
    *_at("chapters", ("q", "leave", "leave", "Leave without going anywhere.", 0)),
    *_at(
        "members",
        ("o", "order", "order", "List them by number, by loss or by accuracy.", 1),
        ("k", "move(-1)", "up", "Go to the member above.", 0),
        ("j", "move(1)", "down", "Go to the member below.", 0),
        ("q", "leave", "leave", "Go on looking at what is shown.", 0),
    ),
    *_at(
        "delete",
        ("y", "answer", "delete it", "Delete the run for good.", 0),
        ("n q enter", "leave", "keep it", "Keep the run.", 0),
    ),
    *_at(
        "palette",
        ("up", "command_list('cursor_up')", "up", "Go to the command above.", 0),
        ("down", "cursor_down", "down", "Go to the command below.", 0),
        ("pageup", "command_list('page_up')", "page up", "Go a page up.", 0),
        ("pagedown", "command_list('page_down')", "page down", "Go a page down.", 0),
        ("ctrl+home shift+home", "command_list('first')", "first", "Go to the first one.", 0),
        ("ctrl+end shift+end", "command_list('last')", "last", "Go to the last one.", 0),
        ("escape", "escape", "leave", "Leave without doing anything.", 0),
    ),
    *_at(
        "notes",
        ("up k", "scroll_notes(-1)", "up", "Read on above.", 0),
        ("down j", "scroll_notes(1)", "down", "Read on below.", 0),
        ("pageup", "page_notes(-1)", "page up", "Read on a page above.", 0),
        ("pagedown space", "page_notes(1)", "page down", "Read on a page below.", 0),
        ("home", "scroll_notes(-100000)", "first line", "Go to the first line.", 0),
        ("end", "scroll_notes(100000)", "last line", "Go to the last line.", 0),
        ("q escape", "quit", "quit", "Leave the notes.", 0),
    ),
)
"""Every key that a place has of its own; what is typed and scrolled by Textual among them."""

TABLE: Final = (*COMMANDS, *LOCAL)
"""Everything that a person can press."""

ALWAYS_NAMED: Final = ("help", "quit", "next_pane", "show_pane")
"""What the footer names however little room there is."""


ELSEWHERE: Final = ("runs", "diagnosis", "microscope", "presets")
"""Places that are worth a hint to whoever presses one of their keys somewhere else."""


def can(action: str, situation: Situation, has: Callable[[Need], bool] = lambda _: True) -> bool:
    """Whether an action makes sense in a situation; one that is no command always does."""
    named = [command for command in COMMANDS if command.name == action]
    return not named or any(situation in each.when and has(each.needs) for each in named)


def available(
    situation: Situation, spots: Sequence[Spot] = (), lacking: Collection[Need] = ()
) -> list[Command]:
    """Return what can be done now, what belongs to the place that has the keys first.

    A key stands only where it does something: one that a place takes for itself, or that writes
    something where text is typed, is not among the keys of the lab; and under a dialog none is.

    Args:
        situation: How it stands with the run.
        spots: The place that has the keys and those around it, the innermost first.
        lacking: What is not there.
    """
    found: list[Command] = []
    taken: set[str] = set()
    for spot in spots if "dialog" in spots else (*spots, None):
        offered = [
            command
            for command in (COMMANDS if spot is None else LOCAL)
            if command.at == spot and situation in command.when and command.needs not in lacking
        ]
        for command in offered:
            keys = tuple(
                key
                for key in command.keys
                if key not in taken and not (spot is None and _is_typed(key, situation, spots))
            )
            if keys:
                found.append(command if keys == command.keys else replace(command, keys=keys))
        taken |= {key for command in offered for key in command.keys}
    return found


def _is_typed(key: str, situation: Situation, spots: Sequence[Spot]) -> bool:
    """Whether a key writes something, or looks for it."""
    sought = "choice" in spots and len(key) == 1 and key.isalnum()
    return sought or (situation == "form" and is_character(key))


def why_not(
    key: str, situation: Situation, spots: Sequence[Spot] = (), lacking: Collection[Need] = ()
) -> str:
    """Return why a key does nothing now, in a sentence that says what it does elsewhere."""
    name = key_name(key)
    own = [command for command in COMMANDS if key in command.keys]
    for command in own:
        if situation in command.when and command.needs in lacking:
            return f"{name} ({command.label}) does nothing: {NEEDS[command.needs]}."
    if own:
        return f"{name} ({own[0].label}) does nothing {IN_WORDS[situation]}; ? shows what does."
    others = [each for each in LOCAL if key in each.keys and each.at in ELSEWHERE]
    if others:
        places = " or ".join(SPOTS[each.at] for each in others if each.at is not None)
        return f"{name} ({others[0].label}) does something only {places}."
    return f"{name} does nothing here; ? shows what does."


def no_use(key: str) -> str:
    """Return that a key does nothing in a dialog."""
    return f"{key_name(key)} does nothing in this dialog; esc leaves it."


def doable(
    situation: Situation, spots: Sequence[Spot] = (), lacking: Collection[Need] = ()
) -> list[Command]:
    """Return what can be done now, what the footer shows first."""
    shown = footer(situation, spots, lacking)
    rest = [each for each in available(situation, spots, lacking) if not each.footer]
    # What the lab does is worth more than how one moves about in a list.
    return [*shown, *sorted(rest, key=lambda command: command.at is not None)]


def footer(
    situation: Situation, spots: Sequence[Spot] = (), lacking: Collection[Need] = ()
) -> list[Command]:
    """Return what the footer shows, in its order: what space does, the place's keys, the lab's."""
    found = available(situation, spots, lacking)
    if "dialog" in spots:
        return _answers(found)
    found = [command for command in found if command.footer]
    return sorted(found, key=lambda c: ("space" not in c.keys, c.at is None, c.footer))


def _answers(found: Sequence[Command]) -> list[Command]:
    """Return what a dialog can be told, each answer once, enter's first."""
    answers: dict[str, Command] = {}
    for command in found:
        if command.at != "field" and not _moves(command):
            answers.setdefault(command.label, command)
    return sorted(answers.values(), key=lambda c: ("enter" not in c.keys, c.at == "dialog"))


def _moves(command: Command) -> bool:
    """Whether a command of a dialog goes to another line of it."""
    return command.action.partition("(")[0] not in ("select", "leave", "answer", "order", "")


def groups(commands: Iterable[Command] = COMMANDS) -> dict[str, list[Command]]:
    """Return the commands by their groups, in the table's order."""
    found: dict[str, list[Command]] = {}
    for command in commands:
        found.setdefault(command.group, []).append(command)
    return found
