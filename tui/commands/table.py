"""The one table of what can be done in the lab: keys, footer, palette and help come from it.

An action is a method of one of the lab's parts, ``action_<name>``. The same key may do other things
in different situations, and at a place that has keys of its own; what a row says is
``tui.commands.command``'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from ..places.pane import Row
from ..places.registry import PANES
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
    Group,
    Need,
    Situation,
    Situations,
    Spot,
    is_character,
    key_name,
)

Spots = Sequence[Spot]
Needs = Collection[Need]


def _commands(rows: Iterable[Row], **shared: Any) -> tuple[Command, ...]:
    """Return the commands of rows that share a group, a situation or a place."""
    return tuple(
        Command(
            keys=tuple(row[0].split()),
            action=row[1],
            label=row[2],
            help=row[3],
            footer=row[4] if len(row) == 5 else 0,
            **shared,
        )
        for row in rows
    )


def _do(group: Group, when: Situations, *rows: Row, needs: Need = "") -> tuple[Command, ...]:
    """Return commands of the lab."""
    return _commands(rows, group=group, when=when, needs=needs)


def _at(spot: Spot, *rows: Row, urgent: bool = False) -> tuple[Command, ...]:
    """Return the commands of a place.

    Raises:
        KeyError: There is no such place.
    """
    SPOTS[spot]
    return _commands(rows, group="Here", when=EVERYWHERE, at=spot, urgent=urgent)


KEYED: Final = tuple(pane for pane in PANES if pane.key)
"""The panes that a digit goes to."""


# One or two lines a row, as a table is read.
# fmt: off
COMMANDS: Final = (
    *_do("Run", frozenset(("setup", "over")),
        ("space", "start", "start", "Train the experiment that the setup shows, as a new run.", 1)),
    *_do("Run", frozenset(("live",)),
        ("space", "pause", "pause", "Pause the run between two steps.", 1)),
    *_do("Run", frozenset(("paused",)),
        ("space", "go_on", "go on", "Let a paused run go on.", 1)),
    *_do("Run", NOW | SHOWING,
        ("s", "step(1)", "step",
         "Take one step, then pause; where nothing runs yet, start with one step.", 2),
        ("S", "step(10)", "ten steps", "Take ten steps, then pause."),
        ("e", "step_epoch", "epoch",
         "Train for one epoch, then pause; where there are no epochs, for 100 steps.", 11)),
    *_do("Run", GOING | SHOWING,
        ("x", "stop", "stop", "End the run after this step; its result is measured and kept.", 3)),
    *_do("Run", SHOWN | SHOWING,
        ("r", "restart", "restart",
         "Stop what runs and train the setup from the start, as a new run.", 5),
        ("R", "restart_anew", "new seed",
         "Restart with the next seed: other weights, other data, the same experiment.")),
    *_do("Run", GOING,
        ("plus equals_sign", "change_lr(1)", "lr up",
         "Multiply the learning rate by 1.25 from the next step on.", 9),
        ("minus", "change_lr(-1)", "lr down",
         "Divide the learning rate by 1.25 from the next step on.", 10)),
    *_do("Run", SEEN,
        ("m", "mark", "mark",
         "Set a mark at this step, with a title, where a replay can pause.", 8)),
    *_do("Run", SHOWN | SHOWING | frozenset(("replay",)),
        ("f", "fork", "fork",
         "Branch off: a run that is this one up to the step shown, and another from there on.", 8)),
    *_do("Run", SHOWN | SHOWING,
        ("F", "follow_remedy", "remedy", "Train what the diagnosis advises, beside this run.", 6),
        needs="remedy"),
    *_do("Run", SEEN,
        ("c", "compare", "compare",
         "Draw the run before this one beside it, or take it away again.")),
    *_do("Read", SHOWN,
        ("left", "move_cursor(-1)", "back",
         "Read an earlier step: a column of the curves to the left."),
        ("right", "move_cursor(1)", "forward",
         "Read a later step: a column of the curves to the right."),
        ("comma", "step_cursor(-1)", "one back", "Read the step before."),
        ("full_stop", "step_cursor(1)", "one forward", "Read the step after."),
        ("home", "cursor_home", "first", "Read the first step that the curves show."),
        ("end", "follow_newest", "newest",
         "Read the newest step again, and show all steps as they come.")),
    *_do("Read", SEEN,
        ("i", "zoom(1)", "zoom in", "Show half as many steps, around the one that is read."),
        ("o", "zoom(-1)", "zoom out", "Show twice as many steps.")),
    *_do("Read", SHOWN,
        ("left_square_bracket", "pan(-1)", "pan left", "Show earlier steps, as many as now."),
        ("right_square_bracket", "pan(1)", "pan right", "Show later steps, as many as now.")),
    *_do("Replay", MOVED,
        ("space", "toggle_play", "play", "Play the recording, or pause.", 1)),
    *_do("Replay", frozenset(("live", "paused", "over", "replay")),
        ("k", "replay", "replay",
         "Replay the run that is shown from its beginning; k again shows its newest step.", 12)),
    *_do("Replay", SHOWING,
        ("end k", "show_newest", "newest",
         "Show the newest step, and from now on every run as it comes.", 2)),
    *_do("Replay", MOVED,
        ("right full_stop", "play_step(1)", "step on", "Show the step after.", 2),
        ("left comma", "play_step(-1)", "step back", "Show the step before.", 3),
        ("S shift+right", "play_step(10)", "ten on", "Show the step ten further on."),
        ("D shift+left", "play_step(-10)", "ten back", "Show the step ten before.")),
    *_do("Replay", MOVED,
        ("right_square_bracket", "play_mark(1)", "next mark", "Go to the next mark.", 4),
        ("left_square_bracket", "play_mark(-1)", "mark before", "Go to the mark before.", 5),
        needs="marks"),
    *_do("Replay", MOVED,
        ("home", "play_home", "beginning", "Show the untrained network.")),
    *_do("Replay", REPLAY,
        ("end", "play_end", "end", "Show the last step.")),
    *_do("Replay", MOVED,
        ("plus equals_sign", "play_faster(1)", "faster", "Replay at twice the speed.", 6),
        ("minus", "play_faster(-1)", "slower", "Replay at half the speed.", 7),
        ("T", "next_tempo", "tempo",
         "As recorded, steps a second, all in 90 seconds, or one event a key.", 9)),
    *_do("Replay", MOVED,
        ("C", "chapters", "chapters", "Choose a mark to go to.", 8),
        needs="marks"),
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
    *_do("Lecture", LECTURE,
        ("pagedown", "scene(1)", "next scene",
         "Go to the next scene; a presenter's remote does.", 2),
        ("pageup", "scene(-1)", "scene before", "Go to the scene before.", 3)),
    *_do("Lecture", REPLAY | LECTURE,
        ("b", "blank", "blank", "Show nothing until the next key.", 11)),
    *_do("Replay", frozenset(("replay",)),
        ("pagedown", "page_step(1)", "step on", "Show the step after; a presenter's remote does."),
        ("pageup", "page_step(-1)", "step back", "Show the step before.")),
    *_do("View", SEEN,
        ("B", "turn_result", "best, last",
         "Show the best weights of a run that is over, or its last ones.", 5),
        needs="result"),
    *_do("View", SEEN,
        ("l", "toggle_log", "log axis",
         "Show the curves on a logarithmic axis, or on a plain one again.", 4),
        ("a", "next_quantity", "quantity",
         "Show the loss, the accuracy, the learning rate or the gradient norm.", 7),
        ("w", "next_smoothing", "smooth",
         "Smooth the curves more, or not at all; the raw band stays."),
        ("v", "next_exhibit(1)", "picture", "Show the next picture of the network."),
        ("V", "next_exhibit(-1)", "picture back", "Show the picture of the network before."),
        ("y", "next_layer", "layer", "Show the next layer's weights in the pictures of weights.")),
    *_do("View", SEEN,
        ("n", "next_member(1)", "member",
         "Of a population: show the next member, and after the last all of them together."),
        ("N", "next_member(-1)", "member before",
         "Of a population: show the member before, and before the first all of them."),
        ("M", "choose_member", "look at member",
         "Choose which member of a population to look at, or all of them."),
        needs="members"),
    *_do("View", PANED,
        ("H", "show_sweep", "heat map",
         "Show the heat map of the sweep that this run belongs to, or of the newest one.")),
    *_do("View", PANED | Situations(("form",)),
        ("tab", "next_pane", "next pane", "Go to the next pane.", 12),
        ("shift+tab", "previous_pane", "pane before", "Go to the pane before.")),
    *(
        Command(
            keys=(pane.key,),
            action=f"show_pane('{pane.name}')",
            label=pane.label.lower(),
            help=f"Go to: {pane.about}.",
            group="View",
            when=NOW | SHOWING,
            footer=13 if pane is KEYED[0] else 0,
            several=f"{pane.key}-{KEYED[-1].key} panes" if pane is KEYED[0] else "",
        )
        for pane in KEYED
    ),
    *_do("View", SEEN,
        ("G", "show_pane('microscope')", "microscope",
         "Take the update at this step apart: every formula with its numbers.")),
    *_do("View", PANED,
        ("L", "show_pane('log')", "log", "Show everything that happened, in full."),
        ("E", "show_pane('program')", "program",
         "Explain the experiment: its network layer by layer, and as programs.")),
    *_do("View", PANED,
        ("z", "maximise", "maximise",
         "Give the pane that has the keys the whole screen, or put it back."),
        ("less_than_sign", "widen(-2)", "narrower", "Make the left column narrower."),
        ("greater_than_sign", "widen(2)", "wider", "Make the left column wider."),
        needs="columns"),
    *_do("View", LOOKED_AT,
        ("t", "next_theme", "theme", "Dark, light, or bright on black for a projector."),
        ("g", "next_glyphs", "glyphs", "Draw with braille, with blocks, or with plain ASCII."),
        ("p", "screenshot", "screenshot",
         "Save the screen as SVG, and the pane that has the keys as text.")),
    *_do("Setup", frozenset(("form",)),
        ("escape", "leave_field", "done typing",
         "Leave a field, so that keys are commands again.", 1)),
    *_do("Setup", ALWAYS,
        ("u", "undo_changes", "undo changes", "Set every setting back to what the preset says."),
        needs="changes"),
    *_do("Setup", ALWAYS | Situations(("form",)),
        ("ctrl+z", "undo", "undo", "Take back the last change of the setup."), needs="undo"),
    *_do("Setup", ALWAYS | Situations(("form",)),
        ("ctrl+y", "redo", "redo", "Do again what was taken back."), needs="redo"),
    *_do("Setup", NOW,
        ("O", "open_data", "open data",
         "Look into a data file of your own, choose its columns, and write a preset for it.", 14)),
    *_do("Setup", ALWAYS | Situations(("form",)),
        ("ctrl+s", "save_preset", "save", "Save the setup as a preset of your own.")),
    *_do("Lab", LOOKED_AT,
        ("d", "detach", "detach",
         "Leave the lab; the run goes on, and 'epochal attach' shows it again.", 15)),
    *_do("Lab", EVERYWHERE,
        ("q ctrl+q ctrl+c", "quit", "quit",
         "Leave the lab; asks what becomes of a run that is going.", 17),
        ("question_mark f1", "help", "help", "Show every key and what it does.", 16),
        ("ctrl+p", "command_palette", "commands", "Find a command by its name."),
        ("super+c", "copy_text", "copy", "Copy what was selected with the mouse.")),
)
"""Every command, in the order of the help."""


LOCAL: Final = (
    *_at("presets",
        ("enter right", "settings", "settings", "Go to the settings of this preset.", 1),
        ("slash", "search", "search", "List only the presets that have these words.", 2)),
    *_at("choice",
        ("left", "go(-1)", "value before", "Take the value before."),
        ("right", "go(1)", "next value", "Take the next value.", 1),
        ("enter", "open", "all values", "Show every value, with a sentence on each.", 2),
        ("letters", "", "look for one", "Take the next value that begins so.", 3)),
    *_at("fold",
        ("right", "fold(True)", "open", "Show what is folded away.", 1),
        ("left", "fold(False)", "close", "Fold it away.", 2),
        ("enter", "turn", "open or close", "Show what is folded away, or fold it away.")),
    *_at("entry",
        ("ctrl+n", "change('add')", "another", "Add another after this one, like it.", 3),
        ("ctrl+d", "change('remove')", "remove", "Take this one out.", 4),
        ("ctrl+up shift+up", "change('up')", "up", "Move this one up."),
        ("ctrl+down shift+down", "change('down')", "down", "Move this one down."),
        urgent=True),
    *_at("entry",
        ("insert", "change('add')", "another", "Add another after this one, like it."),
        ("delete", "change('remove')", "remove", "Take this one out.")),
    *_at("add",
        ("enter insert ctrl+n", "add", "add", "Add another after the last one, like it.", 1)),
    *(command for pane in PANES if pane.commands for command in _at(pane.name, *pane.commands)),
    *_at("filter",
        ("escape", "give_up", "no filter", "List all of them again.", 1)),
    *_at("slide",
        ("up k", "scroll_up", "up", "Read on above."),
        ("down j", "scroll_down", "down", "Read on below.")),
    *_at("blank", ("any", "", "back", "Any key or click shows the screen again.", 0)),
    *_at("field",
        ("space", "", "a blank", "Write a blank; everywhere else the key starts or pauses.", 1),
        ("enter", "submit", "take", "Take what is typed, and go on."),
        ("left right", "cursor_left", "move", "Move by a character."),
        ("ctrl+left ctrl+right", "cursor_left_word", "move", "Move by a word."),
        ("home ctrl+a", "home", "beginning", "Go to the beginning."),
        ("end ctrl+e", "end", "end", "Go to the end."),
        ("shift+left shift+right ctrl+shift+left ctrl+shift+right shift+home shift+end",
         "cursor_left(True)", "select", "Select while moving.", 0),
        ("ctrl+shift+a", "select_all", "select all", "Select all of it."),
        ("backspace", "delete_left", "delete", "Delete the character before."),
        ("delete ctrl+d", "delete_right", "delete on", "Delete the character after."),
        ("ctrl+w", "delete_left_word", "delete word", "Delete the word before."),
        ("ctrl+backspace alt+backspace", "delete_right_word", "delete word on",
         "Delete the word after.", 0),
        ("ctrl+u super+backspace", "delete_left_all", "empty", "Delete all that is before."),
        ("ctrl+k", "delete_right_all", "delete rest", "Delete all that comes after."),
        ("ctrl+x", "cut", "cut", "Cut what is selected."),
        ("ctrl+c super+c", "copy", "copy", "Copy what is selected."),
        ("ctrl+v", "paste", "paste", "Paste what was cut or copied.")),
    *_at("list",
        ("enter", "select", "choose", "Choose this one."),
        ("up", "cursor_up", "up", "Go up."),
        ("down", "cursor_down", "down", "Go down."),
        ("pageup", "page_up", "page up", "Go a page up."),
        ("pagedown", "page_down", "page down", "Go a page down."),
        ("home", "first", "first", "Go to the first one."),
        ("end", "last", "last", "Go to the last one.")),
    *_at("scroll",
        ("up", "scroll_up", "up", "Read on above."),
        ("down", "scroll_down", "down", "Read on below.", 1),
        ("pageup", "page_up", "page up", "Read on a page above."),
        ("pagedown", "page_down", "page down", "Read on a page below."),
        ("home", "scroll_home", "top", "Go to the top."),
        ("end", "scroll_end", "bottom", "Go to the bottom.")),
    *_at("dialog",
        ("escape ctrl+c", "leave", "leave", "Leave without an answer."),
        ("tab", "app.focus_next", "next", "Go to the next thing in the dialog."),
        ("shift+tab", "app.focus_previous", "before", "Go to the thing before.")),
    *_at("quit",
        ("l d enter", "answer('leave')", "leave it running", "Leave; the run goes on."),
        ("s x", "answer('stop')", "stop it", "Stop the run, then leave."),
        ("q", "leave", "stay", "Stay in the lab.")),
    *_at("help",
        ("f1 enter", "leave", "leave", "Leave the help."),
        ("up", "read(-1)", "up", "Read on above."),
        ("down", "read(1)", "down", "Read on below."),
        ("pageup", "read_page(-1)", "page up", "Read on a page above."),
        ("pagedown", "read_page(1)", "page down", "Read on a page below."),
        ("ctrl+home", "read(-100000)", "top", "Go to the top."),
        ("ctrl+end", "read(100000)", "bottom", "Go to the bottom."),
        urgent=True),
    *_at("search",
        ("any /", "", "search", "Type a word, and only what has it is shown."),
        ("?", "", "leave", "Leave the help.")),
    *_at("chapters",
        # A presenter's remote has these keys and no others.
        ("pageup k", "move(-1)", "up", "Go to the mark above."),
        ("pagedown j", "move(1)", "down", "Go to the mark below."),
        urgent=True),
    *_at("chapters", ("q", "leave", "leave", "Leave without going anywhere.", 0)),
    *_at("sweep",
        ("enter", "open", "open",
         "Show the curves of this cell's trials, all of them or the one that is chosen.", 1),
        ("v", "pictures", "pictures",
         "Show what the best network of each cell of this row says, side by side; or the map.", 6),
        ("n", "trial(1)", "trial", "Choose the next trial of this cell.", 5),
        ("N", "trial(-1)", "trial before", "Choose the trial of this cell before."),
        ("r", "rows(1)", "rows", "Show another setting in the rows.", 2),
        ("c", "columns(1)", "columns", "Show another setting in the columns.", 3),
        ("f", "figure(1)", "figure", "Show another figure of the trials.", 4),
        ("R", "rows(-1)", "rows back", "Show the setting before in the rows."),
        ("C", "columns(-1)", "columns back", "Show the setting before in the columns."),
        ("F", "figure(-1)", "figure back", "Show the figure before."),
        ("up k", "go(-1, 0)", "up", "Go to the cell above."),
        ("down j", "go(1, 0)", "down", "Go to the cell below."),
        ("left h", "go(0, -1)", "left", "Go to the cell on the left."),
        ("right l", "go(0, 1)", "right", "Go to the cell on the right.")),
    *_at("members",
        ("o", "order", "order", "List them by number, by loss or by accuracy.", 1),
        ("k", "move(-1)", "up", "Go to the member above."),
        ("j", "move(1)", "down", "Go to the member below."),
        ("q", "leave", "leave", "Go on looking at what is shown.")),
    *_at("data_file",
        ("enter", "write", "write", "Write the preset, and open it in the setup.", 1),
        ("space", "tick", "tick", "Let the column go in, or leave it out.", 2),
        ("t", "target", "target", "Learn this column.", 3),
        ("a", "also", "also", "Learn this column beside the others, or no more.", 6),
        ("k", "kind", "kind", "Take this column for the next thing that it can be.", 4),
        ("c", "task", "task", "Learn something else of it: classes, numbers, labels, shares.", 5),
        urgent=True),
    *_at("data_file", ("q", "leave", "leave", "Leave without writing anything.", 0)),
    *_at("delete",
        ("y", "answer", "delete it", "Delete the run for good."),
        ("n q enter", "leave", "keep it", "Keep the run.")),
    *_at("palette",
        ("up", "command_list('cursor_up')", "up", "Go to the command above."),
        ("down", "cursor_down", "down", "Go to the command below."),
        ("pageup", "command_list('page_up')", "page up", "Go a page up."),
        ("pagedown", "command_list('page_down')", "page down", "Go a page down."),
        ("ctrl+home shift+home", "command_list('first')", "first", "Go to the first one."),
        ("ctrl+end shift+end", "command_list('last')", "last", "Go to the last one."),
        ("escape", "escape", "leave", "Leave without doing anything.")),
    *_at("notes",
        ("up k", "scroll_notes(-1)", "up", "Read on above."),
        ("down j", "scroll_notes(1)", "down", "Read on below."),
        ("pageup", "page_notes(-1)", "page up", "Read on a page above."),
        ("pagedown space", "page_notes(1)", "page down", "Read on a page below."),
        ("home", "scroll_notes(-100000)", "first line", "Go to the first line."),
        ("end", "scroll_notes(100000)", "last line", "Go to the last line."),
        ("q escape", "quit", "quit", "Leave the notes.")),
)
"""Every key that a place has of its own; what is typed and scrolled by Textual among them."""
# fmt: on

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


def available(situation: Situation, spots: Spots = (), lacking: Needs = ()) -> list[Command]:
    """Return what can be done now, what belongs to the place that has the keys first.

    A key stands only where it does something: one that a place takes for itself, or that writes
    something where text is typed, is not among the keys of the lab; and under a dialog none is.

    Args:
        situation: How it stands with the run.
        spots: The place that has the keys and those around it, the innermost first.
        lacking: What is not there.
    """
    commands: list[Command] = []
    # What is urgent takes its keys from the places within.
    urgent = {key for each in LOCAL if each.urgent and each.at in spots for key in each.keys}
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
                if key not in (taken if command.urgent else taken | urgent)
                and not _is_typed(key, situation, spots, spot)
            )
            if keys:
                commands.append(command if keys == command.keys else replace(command, keys=keys))
        taken |= {key for each in offered for key in each.keys if each.urgent or key not in urgent}
    return commands


def _is_typed(key: str, situation: Situation, spots: Spots, spot: Spot | None) -> bool:
    """Whether a key of a place, or of the lab, rather writes something or looks for it."""
    sought = spot is None and "choice" in spots and len(key) == 1 and key.isalnum()
    # A dialog's line may take a character for itself, as that of the help takes its own key.
    within = spot != "field" and "field" in spots and "dialog" not in spots
    written = within or (spot is None and situation == "form")
    return sought or (written and is_character(key))


def why_not(key: str, situation: Situation, spots: Spots = (), lacking: Needs = ()) -> str:
    """Return why a key does nothing now, in a sentence that says what it does elsewhere."""
    name = key_name(key)
    of_key = [command for command in COMMANDS if key in command.keys]
    for command in of_key:
        if situation in command.when and command.needs in lacking:
            return f"{name} ({command.label}) does nothing: {NEEDS[command.needs]}."
    if of_key:
        return f"{name} ({of_key[0].label}) does nothing {IN_WORDS[situation]}; ? shows what does."
    others = [each for each in LOCAL if key in each.keys and each.at in ELSEWHERE]
    if others:
        places = " or ".join(SPOTS[each.at] for each in others if each.at is not None)
        return f"{name} ({others[0].label}): only {places}."
    return f"{name} does nothing here; ? shows what does."


def no_use(key: str) -> str:
    """Return that a key does nothing in a dialog."""
    return f"{key_name(key)} does nothing in this dialog; esc leaves it."


def doable(situation: Situation, spots: Spots = (), lacking: Needs = ()) -> list[Command]:
    """Return what can be done now, what the footer shows first."""
    shown = footer(situation, spots, lacking)
    rest = [each for each in available(situation, spots, lacking) if not each.footer]
    # What the lab does is worth more than how one moves about in a list.
    return [*shown, *sorted(rest, key=lambda command: command.at is not None)]


def footer(situation: Situation, spots: Spots = (), lacking: Needs = ()) -> list[Command]:
    """Return what the footer shows, in its order: what space does, the place's keys, the lab's."""
    commands = available(situation, spots, lacking)
    if "dialog" in spots:
        return _answers(commands)
    commands = [command for command in commands if command.footer]
    return sorted(commands, key=lambda c: ("space" not in c.keys, c.at is None, c.footer))


def _answers(commands: Sequence[Command]) -> list[Command]:
    """Return what a dialog can be told, each answer once, enter's first."""
    answers: dict[str, Command] = {}
    for command in commands:
        if command.at != "field" and not _moves(command):
            answers.setdefault(command.label, command)
    return sorted(answers.values(), key=lambda c: ("enter" not in c.keys, c.at == "dialog"))


def _moves(command: Command) -> bool:
    """Whether a command of a dialog goes to another line of it."""
    return not command.footer and command.name not in ("select", "leave", "answer", "")


def groups(commands: Iterable[Command] = COMMANDS) -> dict[str, list[Command]]:
    """Return the commands by their groups, in the table's order."""
    in_groups: dict[str, list[Command]] = {}
    for command in commands:
        in_groups.setdefault(command.group, []).append(command)
    return in_groups
