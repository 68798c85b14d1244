"""The command, as far as it needs no screen.

``app`` is the one Typer app; the screen's commands are added to it elsewhere. stdout carries
results, stderr the rest. Exit status: 0 done; 1 the training failed or diverged; 2 the request
was wrong; 130 interrupted.

What a command needs is imported inside it: ``--help`` answers before numpy could be loaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from typer.core import TyperGroup

from . import __version__
from .errors import EpochalError, NoRunError
from .exports.command import export
from .exports.questions import evaluate, predict
from .headless.commands import doctor, fork, new, resume, verify
from .headless.importing import import_logs
from .headless.recording import record
from .options import (
    AllowCode,
    AsJson,
    AsTyped,
    Changes,
    LogEvery,
    Machine,
    NewRuns,
    PresetName,
    RunName,
    RunsFolder,
    Variations,
    Viewer,
    grouped,
    with_it,
)
from .sweeps.command import sweep
from .text.streams import open_those_closed

if TYPE_CHECKING:
    from .presets.toml_files import Listing
    from .runs.folder import RunFolder

WRONG: Final = 2
"""Exit status where the request was wrong."""


class Commands(TyperGroup):
    """The commands, and the one edge at which their errors become a line and a status."""

    def get_params(self, ctx: Any) -> Any:
        """Return the options that stand before a command."""
        return AsTyped.spared(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, of which Typer reads no more than must be."""
        command = super().get_command(ctx, cmd_name)
        AsTyped.spared(command.get_params(ctx) if command else [])
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except EpochalError as error:
            _print_lines(_told(error), sys.stderr)
            raise typer.Exit(WRONG) from None
        except BrokenPipeError:
            forget_stdout()
            raise typer.Exit from None
        except OSError as error:
            # Of what commands do with files, every error is told as one of epochal's: what is left
            # is a place for what they print that takes nothing.
            forget_stdout()
            _print_lines(f"epochal: {error.strerror or error}", sys.stderr)
            raise typer.Exit(WRONG) from None
        return result


def _told(error: EpochalError) -> str:
    """Return what is wrong, and in place of a sweep or a trial what to name."""
    if isinstance(error, NoRunError):
        from .sweeps.references import instead_of

        try:
            words = instead_of(error.reference, error.folder, trials=error.trials)
        except EpochalError as known:
            return str(known)
        return f"{error.reference}: {words}" if words else str(error)
    return str(error)


def forget_stdout() -> None:
    """Let what is still to be written go nowhere: whoever read it, such as ``head``, has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


app = typer.Typer(
    name="epochal",
    cls=Commands,
    help="A laboratory for training neural networks that lives in a terminal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"epochal {__version__}")
        raise typer.Exit


@app.callback()
def epochal(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """A laboratory for training neural networks that lives in a terminal."""
    from .notices.overdue import tell_overdue

    tell_overdue()


@app.command()
@grouped
def run(
    preset: PresetName,
    changes: Variations,
    machine: Machine,
    place: NewRuns,
    improvements: Annotated[bool, typer.Option("--improvements")] = False,
    log_every: LogEvery = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
) -> None:
    """Train a preset, and print the result.

    Options:
        improvements: Tell each new best on the dev set on stderr, with the old value and the new;
            with --json as one more line each.
        quiet: Show no progress.
    """
    from .worker.launch import Worker

    # Before anything else is read or imported: beside all that, the worker imports PyTorch.
    with Worker.start() as worker:
        from .headless import run as headless
        from .presets.preset import Preset
        from .sweeps.order import Order
        from .sweeps.varied_run import run_or_sweep

        order = Order(
            references=(preset,),
            overrides=tuple(Changes.overrides(changes)),
            grid=tuple(changes.vary or ()),
            said_with="--vary",
            seeds=changes.seeds,
            runs_dir=place.folder,
            share=place.shared,
            device="cpu" if machine.device == "auto" else machine.device,
            allow_code=machine.allow_code,
            form="json" if as_json else "text",
            quiet=quiet,
        )
        asked = run_or_sweep(order, changes.overrides(), told=bool(improvements or log_every))
        if isinstance(asked, Preset):
            status = headless.run(
                asked,
                worker,
                place.folder,
                device=machine.device,
                allow_code=machine.allow_code,
                telling=headless.Telling(as_json, quiet, improvements, log_every or 0),
                share=place.shared,
            )
            raise typer.Exit(status)
    raise typer.Exit(asked())


app.command("sweep")(sweep)
app.command("import")(import_logs)
app.command("record")(record)
for command in (new, resume, fork, verify, doctor, export, predict, evaluate):
    app.command()(command)


@app.command(
    "watch",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def watch_script(context: typer.Context) -> None:
    """Run a script unchanged, and watch what trains in it: epochal watch train.py --its-own.

    Options: --name, --runs-dir, --no-control, -m MODULE; what follows the script is the script's.
    """
    # A process of its own: there the script finds no module of ours under a name of its own.
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "epochal", *context.args])


@app.command("presets")
def list_presets(as_json: AsJson = False) -> None:
    """List the presets there are."""
    from .presets.toml_files import PRESETS

    _print_listings(PRESETS.catalogue(), as_json)


@app.command("lectures")
def list_lectures(as_json: AsJson = False) -> None:
    """List the lectures there are."""
    from .presets.toml_files import LECTURES

    _print_listings(LECTURES.catalogue(), as_json)


@app.command()
@grouped
def check(
    context: typer.Context,
    presets: Annotated[list[str], typer.Argument(metavar="PRESET…")],
    place: RunsFolder,
    figures: Annotated[bool, typer.Option("--figures")] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Say whether presets and lectures hold, or everything that is wrong with them.

    Options:
        presets: Presets' or lectures' names, or files.
        figures: Train what they show, and compare what their texts say.
    """
    from .headless.check import Checks

    checks = Checks(place.folder, figures=figures, allow_code=allow_code, panes=context.obj.panes)
    wrong = False
    for reference in presets:
        told, line = checks.of(reference)
        wrong |= bool(told["problems"])
        if as_json:
            _print_json([told])
        else:
            _print_lines(line, sys.stderr if told["problems"] else sys.stdout)
    if wrong:
        raise typer.Exit(WRONG)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a preset, for editors."""
    from .experiment.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command()
@grouped
def explain(
    preset: PresetName,
    changes: Changes,
    place: RunsFolder,
    style: Literal["module", "sequential", "add_module", "numpy", "torch", "all"] | None = None,
    gradients: Literal["backward", "formulas"] | None = None,
    with_data: Annotated[Path | None, typer.Option(metavar="FILE.npz")] = None,
    program_only: Annotated[bool, typer.Option("--program")] = False,
    as_json: AsJson = False,
) -> None:
    """Explain a preset's network layer by layer, and print it as a plain program.

    A trial of a sweep is named as in SWEEP/trial-4.

    With --gradients formulas it is the manual update: forward, backward and update written out, in
    numpy and in torch.

    Options:
        style: How the program writes the network; by formulas: numpy or torch [default: module, or
            both by formulas].
        gradients: Whether the program has PyTorch's backward(), or writes its gradients out.
        with_data: Write first weights and rows beside the numpy program, which then reads them.
        program_only: Print the program alone, to save it.
    """
    from .explain import programs
    from .explain import summary as explain
    from .presets import preset as presets
    from .sweeps.again import preset_of
    from .sweeps.references import trial_meant

    changed = changes.overrides()
    trial = trial_meant(preset, place.folder)
    loaded = preset_of(trial, changed) if trial else presets.load(preset, changed)
    explanation = explain.explanation(loaded.experiment)
    wish = programs.ProgramWish(
        style=style, gradients=gradients, file=with_data, alone=program_only
    )
    written = dict[str, str]()
    for each, text in programs.programs(loaded.experiment, loaded.name, wish):
        if isinstance(text, str):
            written[each] = text
        elif program_only:
            raise text
        else:
            _print_lines(str(text), sys.stderr)
    if as_json:
        _print_json(
            [{"preset": loaded.name, **explain.as_object(explanation), "programs": written}]
        )
        return
    if not program_only:
        print(explain.text(explanation))
    for each, text in written.items():
        print(text if program_only else f"\n# ---- as a program: {each} ----\n\n{text}", end="")


@app.command()
@grouped
def gradcheck(
    preset: PresetName,
    changes: Changes,
    step: Annotated[int, typer.Option(metavar="N", min=1)] = 1,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Compute one gradient by every method, and say how far they are apart and how long they take.

    By formulas, by autograd and by differences, on the same weights and the same batch, in the
    preset's own precision and in float64. Leaves with 1 where they disagree.

    Options:
        step: Whose gradient: after N - 1 steps of training.
    """
    from .inspection import comparison as differences
    from .inspection import gradcheck
    from .presets import preset as presets

    experiment = presets.load(preset, changes.overrides()).experiment
    comparisons = gradcheck.check(experiment, step, allow_code=allow_code)
    if as_json:
        _print_json(map(differences.plain_object, comparisons))
    else:
        print("\n\n".join(map(differences.text, comparisons)))
    if not all(comparison.holds for comparison in comparisons):
        raise typer.Exit(1)


@app.command("runs")
@grouped
def list_past_runs(
    place: RunsFolder,
    terms: Annotated[list[str] | None, typer.Argument(metavar="[TERM]…")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", metavar="TEXT")] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs there are, the newest first.

    Options:
        terms: What must hold of a run: words, or cfg.optimizer.lr>=0.1, state=running …; or a run's
            folder, a recording, or: last.
        filter_: The same in one text, such as 'result.test_accuracy>0.9 -state=failed'.
    """
    import time

    from .presets import references
    from .runs import filters, listing
    from .runs.catalogue import Archive, facts_of
    from .runs.finding import order_of
    from .runs.passed_over import passed_over
    from .sweeps.listing import sweeps_in
    from .text.numbers import counted
    from .text.owned import shut

    folder = place.folder
    named, words = references.apart(terms or (), folder)
    wanted = filters.parse(" ".join([*words, filter_ or ""]))
    runs, unread = [facts_of(each) for each in named], []
    if not runs:
        runs = [*Archive(folder).runs(), *sweeps_in(folder)]
        runs.sort(key=lambda run: order_of(run.folder), reverse=True)
        unread = passed_over(folder, runs)
    matching, closed = [run for run in runs if wanted.matches(run)], shut(folder)
    if as_json:
        _print_json(map(listing.run_object, matching))
        # What nobody could read, nobody can hold against a filter.
        _print_json(each.row for each in ([] if words or filter_ else unread))
    elif matching:
        head, *rows = listing.runs_table(matching, time.time())
        _print_table(head, rows)
    elif runs:
        hint = wanted.unknown(runs)
        why = f"; {hint}" if hint else ""
        _print_lines(f"none of the {len(runs)} runs in {folder} is such{why}", sys.stderr)
    else:
        _print_lines(f"{folder}: {closed}" if closed else f"no runs in {folder}", sys.stderr)
    if unread and not as_json:
        places = f"passed over in {folder}: {counted(len(unread), 'place')}"
        _print_lines(f"{places}; epochal runs --json says which, and why", sys.stderr)


@app.command()
@grouped
def stop(run: RunName, place: RunsFolder) -> None:
    """Ask a run or a sweep to stop where it is, and wait until it has."""
    from .headless.stopping import stop as stop_run
    from .presets import references
    from .sweeps.folder import SweepFolder
    from .sweeps.listing import stop_sweep
    from .sweeps.references import sweep_meant

    if (sweep := sweep_meant(run, place.folder)) is not None:
        print(stop_sweep(SweepFolder(sweep)))
        return
    print(stop_run(references.run(run, place.folder, trials=False)))


def main(arguments: Sequence[str] | None = None, *, viewer: Viewer | None = None) -> None:
    """Run the command, and leave the process with its status.

    Args:
        arguments: What follows the command's name; the process's own where left out.
        viewer: What whoever has a screen has for the commands.
    """
    open_those_closed()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is no reason to fail.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    # Names and texts come from anybody's files: here is the one way that they take to a terminal.
    from .text.safe import HarmlessStream

    streams: Any = HarmlessStream(sys.stdout), HarmlessStream(sys.stderr)
    sys.stdout, sys.stderr = streams
    given = sys.argv[1:] if arguments is None else arguments
    laid_out = with_it(app, given[0] if given else "")
    laid_out(arguments, prog_name="epochal", obj=viewer or Viewer())


def print_log(folder: RunFolder, every: int, as_json: bool) -> None:
    """Print the log of a run as far as it has come: see ``engine.headless.log``."""
    from .headless.log import RunLog
    from .recording.loading import load_history

    history, lines = load_history(folder.recording), list[str]()
    entries = RunLog(lines.append, every=every, improved=True).tell(history, whole=True)
    if as_json:
        _print_json(entry.plain() for entry in entries)
    else:
        print("\n".join(lines))


def _print_lines(text: str, out: Any) -> None:
    from .text.safe import plain

    print("\n".join(plain(line) for line in text.splitlines()), file=out)


def _print_json(items: Iterable[dict[str, Any]]) -> None:
    for item in items:
        print(json.dumps(item, ensure_ascii=False))


def _print_listings(listings: Iterable[Listing], as_json: bool) -> None:
    if as_json:
        _print_json(
            {"name": each.name, "title": each.title, "origin": each.origin, "path": str(each.path)}
            for each in listings
        )
    else:
        rows = [[each.name, each.title, each.origin] for each in listings]
        _print_table(["name", "title", "from"], rows)


def _print_table(head: list[str], rows: list[list[str]]) -> None:
    from .text.safe import plain
    from .text.tables import aligned

    print("\n".join(aligned([head, *([plain(cell) for cell in row] for row in rows)])))
