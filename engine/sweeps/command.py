"""``epochal sweep``: settings of a preset, trained one and all and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from ..errors import RequestError
from ..options import AllowCode, AsJson, Changes, NewRuns, grouped

SEVERAL = Annotated[
    list[str],
    typer.Argument(
        metavar="PRESET…",
        help="Presets' names, or files; or a sweep's name or folder, to go on with it.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Swept:
    """What is swept.

    Options:
        grid: Values of a key, such as optimizer.lr=0.01,1 or 'model.hidden=[5],[5,3]', or a range:
            'optimizer.lr=1e-4..1e-1 log 7' (repeatable: every combination).
        seeds: Networks of each setting.
        random: So many settings drawn from lists and ranges, in place of every combination.
        search: Settings asked for as results come, in place of every combination: tpe, by Optuna.
        trials: How many settings a search tries [default: 50].
        prune: Let a search end networks early that do worse than half of those before.
    """

    grid: Annotated[list[str] | None, typer.Option("--grid", metavar="KEY=V,V…")] = None
    seeds: Annotated[int | None, typer.Option("--seeds", metavar="N", min=1)] = None
    random: Annotated[int | None, typer.Option("--random", metavar="N", min=1)] = None
    search: Annotated[Literal["tpe"] | None, typer.Option("--search")] = None
    trials: Annotated[int | None, typer.Option("--trials", metavar="N", min=1)] = None
    prune: Annotated[bool, typer.Option("--prune")] = False


@dataclass(frozen=True)
class Execution:
    """How it is trained.

    Options:
        executor: Who trains: local:N (so many processes), dask[:ADDRESS] or slurm[:OPTIONS].
        device: cpu, cuda or cuda:1, of each process.
        fail_fast: Stop everything at the first failure.
        retry: Try what fails again at once, in ever smaller groups.
        detach: Return at once; epochal runs says how far it is.
    """

    executor: Annotated[str, typer.Option("--executor", metavar="NAME")] = "local"
    device: Annotated[str, typer.Option(metavar="DEVICE")] = "cpu"
    fail_fast: Annotated[bool, typer.Option("--fail-fast")] = False
    retry: Annotated[bool, typer.Option("--retry")] = False
    detach: Annotated[bool, typer.Option("--detach")] = False
    allow_code: AllowCode = False


@dataclass(frozen=True)
class Place:
    """Where it goes.

    Options:
        into: Go on in this sweep, which must be the same one, asked for more or less.
        new: Start a new sweep, whatever was trained before.
    """

    into: Annotated[str, typer.Option("--into", metavar="SWEEP", show_default=False)] = ""
    new: Annotated[bool, typer.Option("--new")] = False


@grouped
def sweep(
    presets: SEVERAL,
    swept: Swept,
    changes: Changes,
    training: Execution,
    place: Place,
    folder: NewRuns,
    lr_range: Annotated[bool, typer.Option("--lr-range")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv")] = False,
    plain: Annotated[bool, typer.Option("--plain")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
) -> None:
    """Train every setting of a grid, with several seeds each, and print what they come to.

    The same sweep again skips what is over, goes on with what was broken off, and tries again
    what failed; with more values or seeds it grows.

    Options:
        lr_range: Find a learning rate: short trainings at many, and their losses.
        dry_run: List trials and groups, the time and the room they would take.
        as_csv: Print a line of CSV a trial.
        plain: Leave texts of CSV as they are that a spreadsheet would take for formulas.
        quiet: Show no progress.
    """
    from .headless import run_sweep
    from .order import Order

    if as_json and as_csv:
        raise RequestError("--json and --csv: stdout has room for one of them; leave the other out")
    if plain and not as_csv:
        raise RequestError("--plain: is of the texts of CSV; add --csv, or leave it out")
    order = Order(
        references=tuple(presets),
        overrides=tuple(changes.overrides()),
        grid=tuple(swept.grid or ()),
        seeds=swept.seeds,
        random=swept.random,
        search=swept.search,
        trials=swept.trials,
        prune=swept.prune,
        **vars(training),
        **vars(place),
        runs_dir=folder.folder,
        share=folder.shared,
        lr_range=lr_range,
        dry_run=dry_run,
        form="json" if as_json else "csv" if as_csv else "text",
        bare=plain,
        quiet=quiet,
    )
    raise typer.Exit(run_sweep(order))
