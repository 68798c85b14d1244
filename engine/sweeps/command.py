"""``epochal sweep``: settings of a preset, trained one and all and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from ..options import AllowCode, AsJson, Changes, RunsFolder, grouped

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
    """What is swept."""

    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            metavar="KEY=V,V…",
            help="Values of a key, such as optimizer.lr=0.01,1 or 'model.hidden=[5],[5,3]', or a "
            "range: 'optimizer.lr=1e-4..1e-1 log 7' (repeatable: every combination).",
            show_default=False,
        ),
    ] = None
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", metavar="N", min=1, help="Networks of each setting.", show_default=False
        ),
    ] = None
    random: Annotated[
        int | None,
        typer.Option(
            "--random",
            metavar="N",
            min=1,
            help="So many settings drawn from lists and ranges, in place of every combination.",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True)
class Execution:
    """How it is trained."""

    executor: Annotated[
        str,
        typer.Option(
            "--executor",
            metavar="NAME",
            help="Who trains: local:N (so many processes), dask[:ADDRESS] or slurm[:OPTIONS].",
        ),
    ] = "local"
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:1, of each process.")
    ] = "cpu"
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop everything at the first failure.")
    ] = False
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Try what fails again at once, in ever smaller groups."),
    ] = False
    detach: Annotated[
        bool, typer.Option("--detach", help="Return at once; epochal runs says how far it is.")
    ] = False
    allow_code: AllowCode = False


@dataclass(frozen=True)
class Place:
    """Where it goes."""

    into: Annotated[
        str,
        typer.Option(
            "--into",
            metavar="SWEEP",
            help="Go on in this sweep, which must be the same one, asked for more or less.",
            show_default=False,
        ),
    ] = ""
    new: Annotated[
        bool, typer.Option("--new", help="Start a new sweep, whatever was trained before.")
    ] = False


@grouped
def sweep(
    presets: SEVERAL,
    swept: Swept,
    changes: Changes,
    training: Execution,
    place: Place,
    folder: RunsFolder,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="List trials and groups, the time and the room they would take."
        ),
    ] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a line of CSV a trial.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Train every setting of a grid, with several seeds each, and print what they come to.

    The same sweep again skips what is over, goes on with what was broken off, and tries again
    what failed; with more values or seeds it grows.
    """
    from .headless import Order, run_sweep

    order = Order(
        references=tuple(presets),
        overrides=tuple(changes.overrides()),
        grid=tuple(swept.grid or ()),
        seeds=swept.seeds,
        random=swept.random,
        executor=training.executor,
        device=training.device,
        allow_code=training.allow_code,
        fail_fast=training.fail_fast,
        retry=training.retry,
        detach=training.detach,
        into=place.into,
        new=place.new,
        runs_dir=folder.folder,
        dry_run=dry_run,
        form="json" if as_json else "csv" if as_csv else "text",
        quiet=quiet,
    )
    raise typer.Exit(run_sweep(order))
