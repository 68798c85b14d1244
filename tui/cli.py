"""The command, with what opens a screen; ``main`` is the console script.

    epochal                     the lab
    epochal open / attach       the lab on a preset, on a run
    epochal show                one still picture, in plain text
    epochal run, presets, …     what needs no screen: ``engine.cli``

Textual is imported only where a screen opens, and after the environment has been settled: it
reads its variables while it is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from engine import cli
from engine.cli import (
    AllowCode,
    AsJson,
    Device,
    Overrides,
    RunName,
    RunsDir,
    Seed,
    Seeds,
    Vary,
    app,
)
from engine.errors import EpochalError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.folder import RunFolder
    from engine.worker.launch import Worker

    from .lab.preferences import Choices
    from .lab.state import Opening
    from .style.look import Look

GlyphChoice = Literal["auto", "braille", "blocks", "ascii"]
GlyphSet = Annotated[
    GlyphChoice,
    typer.Option("--glyphs", help="What to draw with; ascii shows everywhere."),
]
NoMouse = Annotated[
    bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal; saves bytes.")
]

Pace = Annotated[
    str | None,
    typer.Option(
        "--tempo",
        metavar="PACE",
        help="time (as recorded), time:5 (waits cut to 5 s), 20/s (steps a second), 90s (all in 90 "
        "seconds) or keys (one event a key) [default: as recorded, or all in 90 seconds].",
        show_default=False,
    ),
]
MOST_RACERS: Final = 4

OPEN: Final = "open"
"""The command that is meant where none is named."""


class ChangeError(EpochalError):
    """A change to what is only looked at."""


class RaceError(EpochalError):
    """A race of too few or too many."""


class NoScreenError(EpochalError):
    """There is no terminal in which a lab could open."""


@app.command(OPEN)
def open_lab(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[PRESET or RUN]",
            help="A preset to set up, or a run to look at [default: two-moons].",
            show_default=False,
        ),
    ] = None,
    set_: Overrides = None,
    seed: Seed = None,
    seeds: Seeds = None,
    vary: Vary = None,
    device: Device = "auto",
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    glyphs: GlyphSet = "auto",
    no_mouse: NoMouse = False,
) -> None:
    """Open the lab (the command that is meant where none is named)."""
    from engine.runs import folder as run_folders

    folder = runs_dir or run_folders.runs_dir()
    overrides = cli.overrides(set_, seed, seeds, vary)
    run = find_run_or_preset(what, folder, overrides) if what is not None else None
    _check_changes(overrides, [run])
    require_screen(os.environ)
    opening = make_opening(
        glyphs,
        preset=None if run else what,
        run=run,
        overrides=overrides,
        device=device,
        allow_code=allow_code,
        runs_dir=folder,
    )
    show_lab(opening, mouse=not no_mouse)


@app.command()
def attach(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A run's folder, recording, name or unique beginning of it "
            "[default: the newest that is going, else the last].",
            show_default=False,
        ),
    ] = None,
    runs_dir: RunsDir = None,
    glyphs: GlyphSet = "auto",
    no_mouse: NoMouse = False,
) -> None:
    """Show a run in the lab, one that is going or one that is over."""
    from engine import references
    from engine.runs import folder as run_folders

    folder = runs_dir or run_folders.runs_dir()
    found = newest_run(folder) if run is None else references.run(run, folder)
    require_screen(os.environ)
    show_lab(make_opening(glyphs, run=found, runs_dir=folder), mouse=not no_mouse)


@app.command()
def replay(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN or PRESET",
            help="A run, or a preset that is trained afresh and shown at this pace.",
        ),
    ],
    tempo: Pace = None,
    set_: Overrides = None,
    seed: Seed = None,
    device: Device = "auto",
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    glyphs: GlyphSet = "auto",
    no_mouse: NoMouse = False,
) -> None:
    """Play a run again, forwards and backwards: the lab's own screen with a transport bar."""
    _replay([what], tempo, set_, seed, device, allow_code, runs_dir, glyphs, no_mouse)


@app.command()
def race(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN or PRESET…", help="Two to four runs, or presets that are trained afresh."
        ),
    ],
    tempo: Pace = None,
    set_: Overrides = None,
    seed: Seed = None,
    device: Device = "auto",
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    glyphs: GlyphSet = "auto",
    no_mouse: NoMouse = False,
) -> None:
    """Play two to four runs in lockstep: the same step of each, their curves in one picture."""
    if not 2 <= len(what) <= MOST_RACERS:
        raise RaceError(f"a race has two to {MOST_RACERS} runs or presets (got {len(what)})")
    _replay(what, tempo, set_, seed, device, allow_code, runs_dir, glyphs, no_mouse)


def _replay(
    what: Sequence[str],
    pace: str | None,
    set_: Overrides,
    seed: Seed,
    device: Device,
    allow_code: AllowCode,
    runs_dir: RunsDir,
    glyphs: GlyphChoice,
    no_mouse: bool,
) -> None:
    """Open the lab on runs and presets that are replayed together."""
    from engine import references
    from engine.runs import folder as run_folders

    from .replay.tempo import parse

    tempo = parse(pace) if pace else None
    folder = runs_dir or run_folders.runs_dir()
    overrides = cli.overrides(set_, seed)
    found = [find_run_or_preset(each, folder, overrides) for each in what]
    for run in filter(None, found):
        references.check_begun(run)
    _check_apart(found)
    _check_changes(overrides, found)
    require_screen(os.environ)
    first = found[0]
    opening = make_opening(
        glyphs,
        preset=None if first else what[0],
        run=first,
        replay=True,
        tempo=tempo,
        beside=[run or name for run, name in zip(found[1:], what[1:], strict=True)],
        overrides=overrides,
        device=device,
        allow_code=allow_code,
        runs_dir=folder,
    )
    show_lab(opening, mouse=not no_mouse)


def _check_changes(overrides: Sequence[str], found: Sequence[RunFolder | None]) -> None:
    """Refuse to change what is only looked at.

    Raises:
        ChangeError: There are changes, and nothing but runs.
    """
    if overrides and all(found):
        names = " and ".join(run.name for run in found if run is not None)
        raise ChangeError(
            f"{', '.join(overrides)}: changes a preset, and {names} was trained already; "
            "leave it out, or name a preset"
        )


def _check_apart(racers: Sequence[RunFolder | None]) -> None:
    """Refuse a race of a run with itself.

    Raises:
        RaceError: A run is named twice.
    """
    seen: set[Path] = set()
    for run in filter(None, racers):
        place = run.path.resolve()
        if place in seen:
            raise RaceError(f"{run.name} is named twice; a race is between different runs")
        seen.add(place)


@app.command()
def lecture(
    name: Annotated[
        str, typer.Argument(metavar="LECTURE", help="A lecture's name, or a file: epochal lectures")
    ],
    scene: Annotated[int, typer.Option(min=1, help="The scene to begin with.")] = 1,
    big: Annotated[
        bool, typer.Option("--big", help="Large digits and thick curves, for the back row.")
    ] = False,
    notes: Annotated[
        bool,
        typer.Option(
            "--notes", help="Show its notes, the next mark and the time: for a second terminal."
        ),
    ] = False,
    device: Device = "auto",
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    glyphs: GlyphSet = "auto",
    no_mouse: NoMouse = False,
) -> None:
    """Hold a lecture: scene after scene in the lab, PgDn and PgUp go through them."""
    from engine.lectures import lecture as lectures
    from engine.runs import folder as run_folders

    script = lectures.load(name)
    lectures.check_names(script, runs_dir or run_folders.runs_dir())
    require_screen(os.environ)
    if notes:
        show_notes(script.name, runs_dir or run_folders.runs_dir(), glyphs)
        return
    opening = make_opening(
        glyphs,
        big=big,
        lecture=script,
        scene=scene - 1,
        device=device,
        allow_code=allow_code,
        runs_dir=runs_dir or run_folders.runs_dir(),
    )
    show_lab(opening, mouse=not no_mouse)


@app.command()
def follow(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[LECTURE or RUN]",
            help="A lecture or a replay that somebody presents from this folder of runs, or else a "
            "run [default: whoever presents, else the newest run].",
            show_default=False,
        ),
    ] = None,
    runs_dir: RunsDir = None,
    glyphs: GlyphSet = "auto",
    no_mouse: NoMouse = False,
) -> None:
    """Show what a presenter shows, or a run; nothing can be asked of it from here."""
    from engine import references
    from engine.lectures import lecture as lectures
    from engine.runs import folder as run_folders

    from .lecture.presenting import Audience, find_presented

    folder = runs_dir or run_folders.runs_dir()
    name = find_presented(folder, what)
    if name is None and what and lectures.is_lecture(what):
        name = lectures.load(what).name
    found = None
    if name is None:
        found = newest_run(folder) if what is None else references.run(what, folder)
    require_screen(os.environ)
    if name is not None:
        opening = make_opening(
            glyphs, read_only=True, audience=Audience(folder, name), runs_dir=folder
        )
    else:
        opening = make_opening(glyphs, read_only=True, run=found, runs_dir=folder)
    show_lab(opening, mouse=not no_mouse)


def show_notes(name: str, folder: Path, glyphs: GlyphChoice) -> None:
    """Show the notes of a lecture that is held from a folder of runs."""
    settle_environment(os.environ)
    from .lab.preferences import Memory
    from .lecture.notes_screen import NotesApp
    from .terminal.frame_clock import Clock

    look = choose_look(glyphs, Memory.of_user().choices, os.environ)
    NotesApp(folder, name, look, Clock.of(os.environ)).run(mouse=False)


@app.command()
def show(
    run: RunName,
    view: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="summary, curves, norms, function, region, predictions, confusion, distribution, "
            "histogram, weights, or all of them that the run has.",
        ),
    ] = "summary",
    step: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="As it stood at this step, at the best one on the dev set: best, or at the last "
            "one: last [default: what a run that is over came to, else the newest step].",
            show_default=False,
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The layer or parameter of histogram and weights, such as layer1.bias "
            "[default: all].",
            show_default=False,
        ),
    ] = None,
    member: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Which network of a population, from 1 on [default: all of them together].",
            show_default=False,
        ),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Draw the loss on a logarithmic axis.")
    ] = False,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH", help="Columns and lines [default: the terminal's].", show_default=False
        ),
    ] = None,
    preset: Annotated[
        bool, typer.Option("--preset", help="Print the run's experiment as a preset instead.")
    ] = False,
    as_json: AsJson = False,
    glyphs: GlyphSet = "auto",
    runs_dir: RunsDir = None,
) -> None:
    """Print a run as still pictures, in plain text; or its figures and diagnosis, as JSON."""
    from engine import references
    from engine.runs import folder as run_folders

    from .pictures import still
    from .style.glyphs import choose

    found = references.run(run, runs_dir or run_folders.runs_dir())
    if preset:
        still.show_preset(found)
        return
    width, height = still.parse_size(size) if size else still.terminal_size()
    wish = still.Wish(
        view=view,
        step=still.parse_step(step) if step else None,
        layer=layer,
        member=None if member is None else member - 1,
        log=log,
    )
    if as_json:
        still.show_object(found, wish)
        return
    still.show(found, width, height, choose(glyphs, os.environ, sys.stdout.encoding), wish)


def require_screen(environment: Mapping[str, str]) -> None:
    """Refuse to open a lab where it could not be seen.

    Raises:
        NoScreenError: With the command that works here.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoScreenError("the lab needs a terminal; without one: epochal run PRESET")
    if environment.get("TERM", "dumb") in ("", "dumb", "unknown"):
        raise NoScreenError(
            "this terminal cannot move its cursor (TERM=dumb); here: epochal run PRESET"
        )


def settle_environment(environment: MutableMapping[str, str]) -> None:
    """Tell Textual what to send; it asks once, while it is imported."""
    # Nothing moves that does not mean anything: each frame of an animation is bytes on a link.
    environment.setdefault("TEXTUAL_ANIMATIONS", "none")
    inside = environment.get("TMUX") or environment.get("STY")
    if inside and environment.get("TERM", "").startswith("screen"):
        # tmux and screen show 256 colours, their TERM promises 16.
        environment.setdefault("TEXTUAL_COLOR_SYSTEM", "256")


def find_run_or_preset(what: str, folder: Path, overrides: Sequence[str]) -> RunFolder | None:
    """Return the run that is meant, or None where it is a preset.

    Raises:
        EpochalError: It is neither, or one that cannot be read or does not hold.
    """
    from engine.references import PresetName, run_or_preset

    found = run_or_preset(what, folder, overrides)
    return None if isinstance(found, PresetName) else found


def newest_run(folder: Path) -> RunFolder:
    """Return the newest run that is going, else the last."""
    from engine.runs import finding as runs
    from engine.runs.summary import glance

    for found in runs.list_runs(folder)[:50]:
        if found.recording.exists() and glance(found).state in ("running", "paused", "silent"):
            return found
    return runs.find_run("last", folder)


def make_opening(glyphs: GlyphChoice, *, big: bool = False, **settings: object) -> Opening:
    """Return what the lab opens with, on this terminal."""
    settle_environment(os.environ)
    from .lab.preferences import Memory
    from .lab.state import Opening
    from .terminal.frame_clock import Clock

    memory = Memory.of_user()
    return Opening(
        look=replace(choose_look(glyphs, memory.choices, os.environ), big=big),
        clock=Clock.of(os.environ),
        memory=memory,
        start_worker=None if settings.get("read_only") else start_worker,
        **settings,  # type: ignore[arg-type]
    )


def choose_look(glyphs: GlyphChoice, choices: Choices, environment: Mapping[str, str]) -> Look:
    """Return what to draw with: what is asked for, else what was chosen last time, if it shows.

    Args:
        glyphs: What ``--glyphs`` says.
        choices: What the lab remembers.
        environment: Where the terminal is described.
    """
    from rich.console import Console

    from .style.glyphs import choose
    from .style.look import Look
    from .style.palette import DARK, SIXTEEN_DARK, palettes_like

    # Textual asks Rich in the same way, unless it is told.
    system = environment.get("TEXTUAL_COLOR_SYSTEM", "auto")
    few = Console(force_terminal=True, color_system=system).color_system == "standard"  # type: ignore[arg-type]
    usual = SIXTEEN_DARK if few else DARK
    known = {palette.name: palette for palette in palettes_like(usual)}
    palette = known.get(choices.palette, usual)
    if environment.get("NO_COLOR"):
        palette = palette.without_colours()
    fit = choose(glyphs, environment)
    if glyphs == "auto" and choices.glyphs and fit.name != "ascii":
        fit = choose(choices.glyphs, environment)
    return Look(fit, palette)


def start_worker() -> Worker:
    """Start a worker that gets ready and waits for a folder."""
    # What this imports is not needed for the first frame.
    from engine.worker.launch import Worker

    return Worker.start()


def show_lab(opening: Opening, *, mouse: bool) -> None:
    """Run the lab until it is left, then say what is to be said on a clean terminal."""
    from .app import LabApp

    lab = LabApp(opening)
    words = lab.run(mouse=mouse)
    if words:
        print(words)
    if lab.return_code:
        sys.exit(lab.return_code)


def with_open(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``open`` put in front where no command is named.

    ``epochal``, ``epochal --seed 3`` and ``epochal two-moons`` all open the lab.
    """
    from typer.main import get_command

    names = getattr(get_command(app), "commands", {})
    first = arguments[0] if arguments else ""
    if first in names or first in ("-h", "--help", "--version"):
        return list(arguments)
    if not first or first.startswith("-"):
        return [OPEN, *arguments]
    return list(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave the process with its status.

    Args:
        arguments: What follows the command's name; the process's own where left out.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given:
        cli.main(with_open(given))
    else:
        open_at_once()


def open_at_once() -> None:
    """Open the lab as it opens without any option, past Typer.

    Typer loads pydantic to read options, an eighth of the time to the first frame.
    """
    try:
        open_lab()
    except EpochalError as error:
        print(error, file=sys.stderr)
        sys.exit(cli.WRONG)
