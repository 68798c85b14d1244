"""The list of runs."""

from __future__ import annotations

from ..pane import ByWidget, Pane

PANE = Pane(
    name="runs",
    label="Runs",
    short="Runs",
    key="6",
    about="every run there is",
    two="left",
    three="left",
    shown=ByWidget(
        widget="runs.pane.RunsPane",
        id="runs",
        first="run-list",
        given=("view", "look"),
        made_of=("opening.runs_dir",),
    ),
    several=None,
    where="in the list of runs",
    commands=(
        ("enter", "open", "open", "Show this run.", 1),
        ("c", "overlay", "overlay", "Draw its curves beside those that are shown, or no more.", 2),
        ("slash", "filter", "filter", "List only some runs.", 3),
        ("n", "rename", "name", "Give this run a name.", 4),
        ("m", "pin", "pin", "Keep this run above the others, or no more.", 5),
        ("t", "tag", "tag", "Give this run tags: the filter tag=good finds them.", 5),
        ("D delete", "delete", "delete", "Delete this run; asks first.", 6),
        ("g", "resume", "go on", "Go on with this run where it crashed or was stopped.", 6),
        ("ctrl+o", "sort", "sort", "List the runs in another order.", 7),
        ("escape", "clear", "no filter", "List all runs again."),
        ("up", "move(-1)", "run above", "Choose the run above."),
        ("down", "move(1)", "run below", "Choose the run below."),
        ("pageup", "page(-1)", "page up", "Choose a run a page up."),
        ("pagedown", "page(1)", "page down", "Choose a run a page down."),
        ("home", "move(-1000000000)", "first run", "Choose the first run."),
        ("end", "move(1000000000)", "last run", "Choose the last run."),
    ),
    words=(),
)
