"""The command, with what opens a screen; ``main`` is the console script.

epochal                     the lab
epochal open / attach       the lab on a preset, on a run
epochal show                one still picture, in plain text
epochal run, presets, …     what needs no screen: ``engine.cli``
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine import cli
from engine.cli import app
from engine.errors import EpochalError, PresetError, one_of_several
from engine.options import (
    AllowCode,
    AsJson,
    Changes,
    LogEvery,
    Machine,
    NewRuns,
    RunsFolder,
    Variations,
    Viewer,
    grouped,
    name_of,
)
from engine.runs.folder import RunFolder
from engine.text.owned import Share

from .opening import GlyphSet, Screen, open_screen, settle_environment, show_notes

if TYPE_CHECKING:
    from engine.exports.export import Export, ExportFile

Pace = Annotated[
    str | None,
    typer.Option(
        "--tempo",
        metavar="PACE",
        help="time (as recorded), time:5 (waits cut to 5 s), 20/s (steps a second), 90s (all in 90 "
        "seconds) or keys (one event a key) [default: as recorded, or all in 90 seconds].",
    ),
]
MOST_RACERS: Final = 4

OPEN: Final = "open"
"""The command that is meant where none is named."""


class ChangeError(EpochalError):
    """A change to what is only looked at."""


class RaceError(EpochalError):
    """A race of too few or too many."""


@app.command(OPEN)
@grouped
def open_lab(
    changes: Variations,
    machine: Machine,
    place: NewRuns,
    screen: Screen,
    what: Annotated[str | None, typer.Argument(metavar="[PRESET or RUN or FILE]")] = None,
) -> None:
    """Open the lab (the command that is meant where none is named).

    Options:
        what: A preset to set up, a run or another program's log to look at, or a data file to write
            a preset for, such as people.csv [default: two-moons].
    """
    from engine.presets.references import is_data_file

    overrides = changes.overrides()
    if what is not None and is_data_file(what):
        if overrides:
            words = "changes a preset, and a data file has none yet; leave it out"
            raise ChangeError(f"{', '.join(overrides)}: {words}")
        open_screen(screen, place.folder, machine, data=Path(what), share=place.shared)
        return
    from engine.sweeps.references import sweep_meant

    sweep = sweep_meant(what, place.folder) if what is not None else None
    if sweep is not None and not overrides:
        open_screen(screen, place.folder, machine, sweep=sweep, share=place.shared)
        return
    run = (
        find_run_or_preset(what, place.folder, overrides, place.shared)
        if what is not None
        else None
    )
    _check_changes(overrides, [run])
    preset = None if run else what
    open_screen(
        screen,
        place.folder,
        machine,
        preset=preset,
        run=run,
        overrides=overrides,
        share=place.shared,
    )


@app.command()
@grouped
def attach(
    place: RunsFolder,
    screen: Screen,
    run: Annotated[str | None, typer.Argument(metavar="[RUN]")] = None,
) -> None:
    """Show a run in the lab, one that is going or one that is over.

    Options:
        run: A run's folder, recording, name or unique beginning of it [default: the newest that is
            going, else the last].
    """
    open_screen(screen, place.folder, run=_run_or_newest(run, place.folder))


@app.command()
@grouped
def replay(
    what: Annotated[str, typer.Argument(metavar="RUN or PRESET")],
    changes: Changes,
    machine: Machine,
    place: NewRuns,
    screen: Screen,
    tempo: Pace = None,
) -> None:
    """Play a run again, forwards and backwards: the lab's own screen with a transport bar.

    Options:
        what: A run, or a preset that is trained afresh and shown at this pace.
    """
    _replay([what], tempo, changes, machine, place, screen)


@app.command()
@grouped
def race(
    what: Annotated[list[str], typer.Argument(metavar="RUN or PRESET…")],
    changes: Changes,
    machine: Machine,
    place: NewRuns,
    screen: Screen,
    tempo: Pace = None,
) -> None:
    """Play two to four runs in lockstep: the same step of each, their curves in one picture.

    Options:
        what: Two to four runs, or presets that are trained afresh.
    """
    if not 2 <= len(what) <= MOST_RACERS:
        raise RaceError(f"a race has two to {MOST_RACERS} runs or presets (got {len(what)})")
    _replay(what, tempo, changes, machine, place, screen)


def _replay(
    what: Sequence[str],
    pace: str | None,
    changes: Changes,
    machine: Machine,
    place: NewRuns,
    screen: Screen,
) -> None:
    """Open the lab on runs and presets that are replayed together."""
    from engine.presets import references

    from .replay.tempo import parse

    overrides = changes.overrides()
    runs = []
    for each in what:
        with one_of_several(each, len(what)):
            runs.append(find_run_or_preset(each, place.folder, overrides, place.shared))
    for run in filter(None, runs):
        references.check_begun(run)
    _check_apart(runs)
    _check_changes(overrides, runs)
    first = runs[0]
    open_screen(
        screen,
        place.folder,
        machine,
        preset=None if first else what[0],
        run=first,
        replay=True,
        tempo=parse(pace) if pace else None,
        beside=[run or name for run, name in zip(runs[1:], what[1:], strict=True)],
        overrides=overrides,
        share=place.shared,
    )


def _check_changes(overrides: Sequence[str], runs: Sequence[RunFolder | None]) -> None:
    """Refuse to change what is only looked at.

    Raises:
        ChangeError: There are changes, and nothing but runs.
    """
    if overrides and all(runs):
        names = " and ".join(run.name for run in runs if run is not None)
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
@grouped
def lecture(
    name: Annotated[str, typer.Argument(metavar="LECTURE")],
    machine: Machine,
    place: NewRuns,
    screen: Screen,
    scene: Annotated[int, typer.Option(min=1)] = 1,
    big: Annotated[bool, typer.Option("--big")] = False,
    notes: Annotated[bool, typer.Option("--notes")] = False,
) -> None:
    """Hold a lecture: scene after scene in the lab, PgDn and PgUp go through them.

    Options:
        name: A lecture's name, or a file: epochal lectures
        scene: The scene to begin with.
        big: Large digits and thick curves, for the back row.
        notes: Show its notes, the next mark and the time: for a second terminal.
    """
    from engine.lectures import lecture as lectures

    from .places.registry import NAMES

    script = lectures.load(name, NAMES)
    lectures.check_names(script, place.folder)
    if notes:
        show_notes(script.name, place.folder, screen.glyphs)
    else:
        open_screen(
            screen,
            place.folder,
            machine,
            big=big,
            lecture=script,
            scene=scene - 1,
            share=place.shared,
        )


@app.command()
@grouped
def follow(
    place: RunsFolder,
    screen: Screen,
    what: Annotated[str | None, typer.Argument(metavar="[LECTURE or RUN]")] = None,
) -> None:
    """Show what a presenter shows, or a run; nothing can be asked of it from here.

    Options:
        what: A lecture or a replay that somebody presents from this folder of runs, or else a run
            [default: whoever presents, else the newest run].
    """
    from engine.lectures import lecture as lectures

    from .lecture.presenting import Audience, check_shared, find_presented

    folder = place.folder
    name = find_presented(folder, what)
    if name is None and what and lectures.is_lecture(what):
        name = lectures.load(what).name
    if name is not None:
        open_screen(screen, folder, read_only=True, audience=Audience(folder, name))
    else:
        try:
            run = _run_or_newest(what, folder)
        except EpochalError:
            check_shared(folder)
            raise
        open_screen(screen, folder, read_only=True, run=run)


@app.command()
@grouped
def show(
    run: Annotated[list[str], typer.Argument(metavar="RUN…")],
    place: RunsFolder,
    view: Annotated[str, typer.Option(metavar="NAME")] = "summary",
    step: Annotated[str | None, typer.Option(metavar="N")] = None,
    steps: Annotated[str | None, typer.Option(metavar="A..B")] = None,
    layer: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    member: Annotated[int | None, typer.Option(metavar="N")] = None,
    log: Annotated[bool, typer.Option("--log")] = False,
    size: Annotated[str | None, typer.Option(metavar="WxH")] = None,
    by: Annotated[str, typer.Option(metavar="KEY,KEY", show_default=False)] = "",
    preset: Annotated[bool, typer.Option("--preset")] = False,
    log_every: LogEvery = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
    glyphs: GlyphSet = "auto",
) -> None:
    """Print a run as still pictures, in plain text; or its figures and diagnosis, as JSON.

    Of a sweep its heat map.

    Options:
        run: A run's folder, recording, name or unique beginning of it, or: last, or last-1 for the
            one before it; several stand side by side.
        view: summary, curves, norms, function, region, tests, predictions, confusion, evaluation,
            distribution, activations, histogram, weights, all of these, gradients or machine.
        step: As it stood at this step, at the best one on the dev set: best, or at the last one:
            last [default: what a run that is over came to, else the newest step].
        steps: As it stood at several steps, one after the other: 0..5, or 0,10,100; of weights
            those that are kept.
        layer: The layer of activations, or the layer or parameter of histogram, weights and
            gradients, such as layer1.bias [default: all].
        member: Which network of a population, from 1 on [default: all of them together].
        log: Draw the loss on a logarithmic axis.
        size: Columns and lines [default: the terminal's].
        by: The settings of a sweep's rows and columns, such as hidden,lr (its figure is a --view);
            or the inputs of a run that vary in region and function, such as age,fare.
        preset: Print the run's experiment as a preset instead.
    """
    from engine.presets import references
    from engine.sweeps.references import sweep_meant, trial_meant

    from .pictures import still
    from .pictures.wish import StepError, Wish, parse_size, parse_step, parse_steps, terminal_size
    from .style.glyphs import choose

    sweep = sweep_meant(run[0], place.folder) if len(run) == 1 else None
    if sweep is not None:
        from .pictures.sweep import show_sweep

        width, height = parse_size(size) if size else terminal_size()
        drawn = choose(glyphs, os.environ, sys.stdout.encoding)
        show_sweep(sweep, width, height, drawn, view=view, by=by, as_json=as_json)
        return
    trial = trial_meant(run[0], place.folder) if len(run) == 1 else None
    if trial is not None:
        shown, of = trial.shown
        run, member = [str(shown.path)], of + 1
    folders = [references.run(each, place.folder) for each in run]
    if preset or log_every:
        for folder in folders:
            if log_every:
                cli.print_log(folder, log_every, as_json)
            else:
                still.show_preset(folder)
        return
    width, height = parse_size(size) if size else terminal_size()
    if step and steps:
        raise StepError("--step and --steps: give one of them")
    wish = Wish(
        view=view,
        step=parse_step(step) if step else None,
        steps=parse_steps(steps) if steps else (),
        layer=layer,
        member=None if member is None else member - 1,
        log=log,
        allow_code=allow_code,
        by=by,
    )
    if as_json:
        from .pictures.as_json import show_object

        for folder in folders:
            show_object(folder, wish)
        return
    still.show(folders, width, height, choose(glyphs, os.environ, sys.stdout.encoding), wish)


def find_run_or_preset(
    what: str, folder: Path, overrides: Sequence[str], share: Share = "nobody"
) -> RunFolder | None:
    """Return the run that is meant, or None where it is a preset; a log of others is imported.

    Raises:
        EpochalError: It is neither, or one that cannot be read or does not hold.
    """
    from engine.presets.references import PresetName, run_or_preset
    from engine.sweeps.references import refuse_sweep

    if (trial := _trial_run(what, folder)) is not None:
        return trial
    try:
        meant = run_or_preset(what, folder, overrides, share)
    except PresetError:
        refuse_sweep(what, folder)
        raise
    return None if isinstance(meant, PresetName) else meant


def _run_or_newest(name: str | None, folder: Path) -> RunFolder:
    from engine.presets import references

    if name is None:
        return newest_run(folder)
    return _trial_run(name, folder) or references.run(name, folder)


def _trial_run(reference: str, folder: Path) -> RunFolder | None:
    """Return the run of a sweep's trial alone, which is trained again if it must be.

    Its process goes on beside the screen that is opened on it.
    """
    from engine.sweeps.references import trial_meant

    trial = trial_meant(reference, folder)
    if trial is None:
        return None
    trial.train_again()
    return trial.alone


def newest_run(folder: Path) -> RunFolder:
    """Return the newest run that is going, else the last."""
    from engine.runs import finding as runs
    from engine.runs.summary import glance

    for run in runs.list_runs(folder)[:50]:
        if run.recording.exists() and glance(run).state in ("running", "paused", "silent"):
            return run
    return runs.find_run("last", folder)


def with_open(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``open`` put in front where no command is named.

    ``epochal``, ``epochal --seed 3`` and ``epochal two-moons`` all open the lab.
    """
    names = set(map(name_of, app.registered_commands))
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
        from .places.registry import NAMES

        cli.main(with_open(given), viewer=Viewer(NAMES, film_files))
    else:
        open_at_once()


def film_files(form: str, export: Export) -> Iterator[ExportFile]:
    """Return the files of a run as a film of the lab's screen.

    Args:
        form: ``asciicast`` or ``gif``.
        export: The run.
    """
    settle_environment(os.environ)
    from .film import asciicast, gif

    return {"asciicast": asciicast.files, "gif": gif.files}[form](export)


def open_at_once() -> None:
    """Open the lab as it opens without any option, past Typer, which lays every command out."""
    try:
        place = NewRuns()
        open_screen(Screen(), place.folder, Machine(), overrides=[], share=place.shared)
    except EpochalError as error:
        print(error, file=sys.stderr)
        sys.exit(cli.WRONG)
