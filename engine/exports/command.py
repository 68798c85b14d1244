"""``epochal export``: a run in a form that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..options import AllowCode, AsJson, RunName, RunsFolder, grouped
from .names import FormatName


@grouped
def export(
    context: typer.Context,
    run: RunName,
    path: Annotated[Path, typer.Argument(metavar="PATH")],
    place: RunsFolder,
    to: Annotated[FormatName, typer.Option("--to")],
    member: Annotated[int | None, typer.Option(metavar="N", min=1)] = None,
    seconds: Annotated[float | None, typer.Option(metavar="N", min=1, max=120)] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH")] = None,
    plain: Annotated[bool, typer.Option("--plain")] = False,
    force: Annotated[bool, typer.Option("--force")] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Write a run as other tools read it, and print where it lies.

    csv, parquet: the history as a table, a row a step; tensorboard: event files in a folder.
    safetensors, torch, onnx: the network with its preprocessing, for raw rows.
    html: one page with a scrubber; svg: a moving slide. They need no network.
    asciicast, gif: a film of the lab's own screen.

    A trial of a sweep is named as in SWEEP/trial-4.

    Options:
        path: The file to be written, or the folder.
        to: The format.
        member: Which network of a population, counted from 1.
        seconds: How long a slide or a film takes [default: 12].
        size: Columns and lines of a film [default: 120x36].
        plain: Leave texts as they are that a spreadsheet would take for formulas.
        force: Overwrite what is there.
    """
    import json
    import sys

    from ..errors import RequestError
    from ..presets import references
    from ..recording.loading import load_history
    from ..sweeps.references import sweep_meant, trial_meant
    from .export import SECONDS, Export
    from .formats import FORMATS
    from .writing import write_files

    if sweep_meant(run, place.folder) is not None:
        raise RequestError(
            f"{run}: is a sweep; name one of its trials, as in {run}/trial-1, or have its table by "
            f"epochal sweep {run} --csv"
        )
    trial = trial_meant(run, place.folder)
    wanted = None if member is None else member - 1
    folder, of = (references.run(run, place.folder), wanted) if trial is None else trial.shown
    asked = Export(
        folder=folder,
        history=load_history(folder.recording),
        path=path,
        name=trial.name if trial else "",
        member=of,
        plain=plain,
        allow_code=allow_code,
        seconds=seconds or SECONDS,
        size=size or "",
        film=context.obj.film,
    )
    if not asked.members:
        raise RequestError(f"{folder.name}: there is no member {member}")
    FORMATS[to].check(to, path)
    for option, given in (("seconds", seconds), ("size", size)):
        if given is not None and option not in FORMATS[to].takes:
            takers = ", ".join(name for name, each in FORMATS.items() if option in each.takes)
            raise RequestError(f"--{option}: --to {to} has none; these have: {takers}")
    for written in write_files([*FORMATS[to].files(asked)], path, force=force):
        told = {"path": str(written), "bytes": written.stat().st_size}
        print(json.dumps(told, ensure_ascii=False) if as_json else written)
    if asked.unfinished:
        print(asked.unfinished, file=sys.stderr)
