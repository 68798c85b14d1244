"""The command, as far as it needs no screen.

``app`` is the one Typer app; the screen's commands are added to it elsewhere. stdout carries
results, stderr the rest. Exit status: 0 done; 1 the training failed or diverged; 2 the request
was wrong; 130 interrupted.

What a command needs is imported inside it: ``--help`` answers before numpy could be loaded.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from . import __version__
from .errors import EpochalError, LectureError, PresetError, Problem

if TYPE_CHECKING:
    from .lectures.rehearsal import Proof, Rehearsal

WRONG: Final = 2
"""Exit status where the request was wrong."""


class Commands(TyperGroup):
    """The commands, and the one edge at which their errors become a line and a status."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except EpochalError as error:
            _print_lines(str(error), sys.stderr)
            raise typer.Exit(WRONG) from None
        except BrokenPipeError:
            forget_stdout()
            raise typer.Exit from None
        return result


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


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", text):
        raise typer.BadParameter(f"must be auto, cpu, cuda or cuda:1 (got {text!r})")
    return text


PresetName = Annotated[
    str, typer.Argument(metavar="PRESET", help="A preset's name, or a file.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set any key of the preset, such as optimizer.lr=0.1 (repeatable).",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="The same as --set train.seed=N.", show_default=False),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        help="Train N networks side by side, each with the next seed (--set population.seeds=N).",
        show_default=False,
    ),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="KEY=V,V…",
        help="Train networks side by side that differ in a key, such as optimizer.lr=0.01,0.1 "
        "(repeatable: every combination).",
        show_default=False,
    ),
]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", callback=_device, help="auto, cpu, cuda or cuda:1.")
]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Let a preset run a network from a Python file.")
]
RunsDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where runs are kept [default: $EPOCHAL_RUNS or ./runs].",
        show_default=False,
        file_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Improvements = Annotated[
    bool,
    typer.Option(
        "--improvements",
        help="Tell each new best on the dev set on stderr, with the old value and the new; with "
        "--json as one more line each.",
    ),
]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's folder, recording, name or unique beginning of it, or: last.",
        show_default=False,
    ),
]


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


@app.command()
def run(
    preset: PresetName,
    set_: Overrides = None,
    seed: Seed = None,
    seeds: Seeds = None,
    vary: Vary = None,
    device: Device = "auto",
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    improvements: Improvements = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a preset, and print the result."""
    from .headless import run as headless
    from .presets import preset as presets
    from .runs import folder as run_folders

    found = presets.load(preset, overrides(set_, seed, seeds, vary))
    folder = runs_dir or run_folders.runs_dir()
    status = headless.run(
        found,
        folder,
        device=device,
        allow_code=allow_code,
        as_json=as_json,
        quiet=quiet,
        improved=improvements,
    )
    raise typer.Exit(status)


@app.command("presets")
def list_presets(as_json: AsJson = False) -> None:
    """List the presets there are."""
    from .presets.preset import catalogue

    listings = catalogue()
    if as_json:
        _print_json(
            {"name": item.name, "title": item.title, "origin": item.origin, "path": str(item.path)}
            for item in listings
        )
    else:
        _print_table(
            ["name", "title", "from"], [[item.name, item.title, item.origin] for item in listings]
        )


@app.command("lectures")
def list_lectures(as_json: AsJson = False) -> None:
    """List the lectures there are."""
    from .lectures.lecture import catalogue

    listings = catalogue()
    if as_json:
        _print_json(
            {"name": item.name, "title": item.title, "origin": item.origin, "path": str(item.path)}
            for item in listings
        )
    else:
        _print_table(
            ["name", "title", "from"], [[item.name, item.title, item.origin] for item in listings]
        )


@app.command()
def check(
    presets: Annotated[
        list[str],
        typer.Argument(
            metavar="PRESET…", help="Presets' or lectures' names, or files.", show_default=False
        ),
    ],
    figures: Annotated[
        bool,
        typer.Option("--figures", help="Train what they show, and compare what their texts say."),
    ] = False,
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
) -> None:
    """Say whether presets and lectures hold, or everything that is wrong with them."""
    from .lectures import lecture as lectures
    from .lectures.rehearsal import Rehearsal
    from .runs import folder as run_folders

    problems, folder = 0, runs_dir or run_folders.runs_dir()
    rehearsal = Rehearsal(allow_code=allow_code, runs=folder) if figures else None
    for reference in presets:
        if lectures.is_lecture(reference):
            told, line = _check_lecture(reference, folder, rehearsal)
        else:
            told, line = _check_preset(reference, rehearsal)
        problems += len(told["problems"])
        if as_json:
            _print_json([told])
        else:
            _print_lines(line, sys.stderr if told["problems"] else sys.stdout)
    if problems:
        raise typer.Exit(WRONG)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a preset, for editors."""
    from .experiment.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


class ProgramStyle(enum.StrEnum):
    """The ways to write a network in PyTorch."""

    MODULE = "module"
    SEQUENTIAL = "sequential"
    ADD_MODULE = "add_module"
    ALL = "all"


@app.command()
def explain(
    preset: PresetName,
    set_: Overrides = None,
    style: Annotated[
        ProgramStyle, typer.Option(help="How the PyTorch program writes the network.")
    ] = ProgramStyle.MODULE,
    program_only: Annotated[
        bool, typer.Option("--program", help="Print the program alone, to save it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Explain a preset's network layer by layer, and print it as a plain PyTorch program."""
    from .explain import program as programs
    from .explain import summary as explain
    from .presets import preset as presets

    found = presets.load(preset, overrides(set_, None))
    told = explain.explanation(found.experiment)
    styles = [each for each in programs.STYLES if style in (each, ProgramStyle.ALL)]
    try:
        written = {each: programs.program(found.experiment, each, found.name) for each in styles}
    except EpochalError as error:
        if program_only:
            raise
        written = {}
        _print_lines(str(error), sys.stderr)
    if as_json:
        _print_json([{"preset": found.name, **explain.as_object(told), "programs": written}])
        return
    if not program_only:
        print(explain.text(told))
    for each, text in written.items():
        print(text if program_only else f"\n# ---- as a program: {each} ----\n\n{text}", end="")


@app.command()
def gradcheck(
    preset: PresetName,
    set_: Overrides = None,
    seed: Seed = None,
    step: Annotated[
        int, typer.Option(metavar="N", min=1, help="Whose gradient: after N - 1 steps of training.")
    ] = 1,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Compute one gradient by every method, and say how far they are apart and how long they take.

    By formulas, by autograd and by differences, on the same weights and the same batch, in the
    preset's own precision and in float64. Leaves with 1 where they disagree.
    """
    from .inspection import gradcheck
    from .presets import preset as presets

    found = presets.load(preset, overrides(set_, seed))
    comparisons = gradcheck.check(found.experiment, step, allow_code=allow_code)
    if as_json:
        _print_json(map(gradcheck.plain_object, comparisons))
    else:
        print("\n\n".join(map(gradcheck.text, comparisons)))
    if not all(comparison.holds for comparison in comparisons):
        raise typer.Exit(1)


@app.command("runs")
def list_past_runs(
    terms: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TERM]…",
            help="What must hold of a run: words, or cfg.optimizer.lr>=0.1, state=running …; or "
            "a run's folder, a recording, or: last.",
            show_default=False,
        ),
    ] = None,
    filter_: Annotated[
        str | None,
        typer.Option(
            "--filter",
            metavar="TEXT",
            help="The same in one text, such as 'result.test_accuracy>0.9 -state=failed'.",
            show_default=False,
        ),
    ] = None,
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
) -> None:
    """List the runs there are, the newest first."""
    import time

    from . import references
    from .runs import filters, listing
    from .runs import folder as run_folders
    from .runs.catalogue import Archive, facts_of

    folder = runs_dir or run_folders.runs_dir()
    named, words = references.apart(terms or (), folder)
    wanted = filters.parse(" ".join([*words, filter_ or ""]))
    known = [facts_of(each) for each in named] or list(Archive(folder).runs())
    found = [run for run in known if wanted.matches(run)]
    if as_json:
        _print_json(map(listing.run_object, found))
    elif found:
        head, *rows = listing.runs_table(found, time.time())
        _print_table(head, rows)
    elif known:
        hint = wanted.unknown(known)
        why = f"; {hint}" if hint else ""
        _print_lines(f"none of the {len(known)} runs in {folder} is such{why}", sys.stderr)
    else:
        print(f"no runs in {folder}", file=sys.stderr)


@app.command()
def stop(run: RunName, runs_dir: RunsDir = None) -> None:
    """Ask a run to stop where it is, and wait until it has."""
    from . import references
    from .headless import run as headless
    from .runs import folder as run_folders

    print(headless.stop(references.run(run, runs_dir or run_folders.runs_dir())))


class SetName(enum.StrEnum):
    """The three sets of an experiment."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


@app.command()
def predict(
    run: RunName,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="CSV, TSV, NPZ or Parquet with the columns of the inputs.",
            show_default=False,
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIST",
            help='A row of inputs, such as "0.5, 1.2" (repeatable).',
            show_default=False,
        ),
    ] = None,
    set_: Annotated[
        SetName | None,
        typer.Option(
            "--set", help="One of its own sets [default: test, or train].", show_default=False
        ),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Rows to show [default: 20].", show_default=False),
    ] = None,
    member: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Which network of a population, counted from 1."),
    ] = 1,
    allow_code: AllowCode = False,
    runs_dir: RunsDir = None,
    as_json: AsJson = False,
) -> None:
    """Print a trained network's answers, with its best weights."""
    from . import references
    from .results import predict
    from .results import run as load
    from .runs import folder as run_folders

    if sum(given is not None for given in (file, values or None, set_)) > 1:
        raise typer.BadParameter("give one of FILE, --values and --set")
    folder = references.run(run, runs_dir or run_folders.runs_dir())
    loaded = load.of_folder(folder, allow_code=allow_code, member=member - 1)
    if file is not None:
        asked = predict.rows_of_file(loaded, file)
    elif values:
        asked = predict.rows_of_values(loaded, values)
    else:
        asked = predict.rows_of_set(loaded, set_.value if set_ else None, rows)
    told = predict.answers(loaded, asked)
    if as_json:
        _print_json(predict.objects(told, rows))
    else:
        print(predict.text(told, rows))


def overrides(
    set_: Sequence[str] | None,
    seed: int | None,
    seeds: int | None = None,
    vary: Sequence[str] | None = None,
) -> list[str]:
    """Return what ``--set``, ``--seed``, ``--seeds`` and ``--vary`` ask for.

    Raises:
        PresetError: What is to vary is no KEY=V,V….
    """
    asked = list(set_ or ())
    if seed is not None:
        asked.append(f"train.seed={seed}")
    if seeds is not None:
        asked.append(f"population.seeds={seeds}")
    if vary:
        from .experiment.overrides import varied

        asked.append(f"population.vary={varied(vary)}")
    return asked


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and leave the process with its status.

    Args:
        arguments: What follows the command's name; the process's own where left out.
    """
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is no reason to fail.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(arguments, prog_name="epochal")


def _check_preset(reference: str, rehearsal: Rehearsal | None) -> tuple[dict[str, Any], str]:
    """Return what is wrong with a preset, and how to say it."""
    from .figures.proofreading import misplaced
    from .presets.preset import known, load

    told: dict[str, Any] = {"preset": reference, "problems": []}
    try:
        preset = load(reference)
    except PresetError as error:
        told["problems"] = [vars(problem) for problem in error.problems]
        return told, str(error)
    problems = misplaced(preset.experiment, str(preset.path), known)
    words = f"{reference}: holds; {_size(preset.experiment)}"
    if rehearsal is not None and not problems:
        of = functools.partial(rehearsal.of_preset, preset)
        words += _rehearse(of, str(preset.path), told, problems)
    told["problems"] = [vars(problem) for problem in problems]
    return told, "\n".join(map(str, problems)) or words


def _check_lecture(
    reference: str, runs: Path, rehearsal: Rehearsal | None
) -> tuple[dict[str, Any], str]:
    """Return what is wrong with a lecture and what is to be known of it, and how to say it."""
    from .lectures import lecture as lectures

    told: dict[str, Any] = {"lecture": reference, "problems": [], "remarks": []}
    try:
        script = lectures.load(reference)
    except LectureError as error:
        told["problems"] = [vars(problem) for problem in error.problems]
        return told, str(error)
    inspection = lectures.check(script, runs)
    problems = list(inspection.problems)
    told["remarks"] = [vars(remark) for remark in inspection.remarks]
    scenes = len(script.lecture.scenes)
    holds = f"{reference}: holds; {scenes} {'scene' if scenes == 1 else 'scenes'}"
    head = f"{holds}, {script.lecture.minutes:g} minutes"
    if rehearsal is not None and not problems:
        of = functools.partial(rehearsal.of_lecture, script)
        head += _rehearse(of, str(script.path), told, problems)
    told["problems"] = [vars(problem) for problem in problems]
    lines = [str(problem) for problem in problems]
    lines = lines or [head, *(f"note: {each}" for each in inspection.remarks)]
    return told, "\n".join(lines)


def _rehearse(
    of: Callable[[], list[Proof]], source: str, told: dict[str, Any], problems: list[Problem]
) -> str:
    """Train, add what was found to what is told and what is wrong, and return a word about it."""
    from .lectures.rehearsal import proofs

    found, wrong = proofs(of, source)
    problems += wrong
    told["figures"] = [
        {"key": each.key, "figure": each.figure.text, "value": each.value, "holds": each.holds}
        for each in found
    ]
    return f"; {len(found)} {'figure' if len(found) == 1 else 'figures'}, compared"


def _size(experiment: Any) -> str:
    steps = f"{experiment.steps} {'step' if experiment.steps == 1 else 'steps'}"
    if experiment.model.kind == "python":
        return f"a network of one's own, which was not run; {steps}"
    members = experiment.population.members
    several = f", {members} networks side by side" if members > 1 else ""
    return f"{experiment.parameters} parameters, {steps}{several}"


def _print_lines(text: str, out: Any) -> None:
    from .text.safe import plain

    print("\n".join(plain(line) for line in text.splitlines()), file=out)


def _print_json(items: Iterable[dict[str, Any]]) -> None:
    for item in items:
        print(json.dumps(item, ensure_ascii=False))


def _print_table(head: list[str], rows: list[list[str]]) -> None:
    from .text.safe import plain
    from .text.tables import aligned

    print("\n".join(aligned([head, *([plain(cell) for cell in row] for row in rows)])))
