"""The commands that write a preset for a file, that take a recorded run up again, and the one that
looks at the machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..options import AllowCode, AsJson, Machine, NewRuns, RunName, RunsFolder, grouped

Task = Literal["classes", "numbers", "labels", "shares"]
"""What a file gives to learn; said here, so that no command waits for what reads files."""


@grouped
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    target: Annotated[str | None, typer.Option("--target", metavar="NAME,…")] = None,
    task: Annotated[Task | None, typer.Option("--task")] = None,
    rows: Annotated[int | None, typer.Option("--rows", metavar="N", min=10)] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="PRESET.toml")] = None,
    force: Annotated[bool, typer.Option("--force")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a preset for a file of data, with what was found in it and what was decided.

    Options:
        file: CSV, TSV, NPZ or Parquet.
        target: The column to be learned, or several with commas between them [default: one that is
            named like it, or the last].
        task: What is learned: classes of one column, numbers, labels (of which a row may have
            several), or shares of classes (which sum to 1) [default: by the values].
        rows: Draw so many rows at random, of a file that has more than can be read.
        to: The preset's file [default: FILE's name with .toml, in this folder].
        force: Write over a file that is there.
    """
    import json

    from ..presets.file_draft import Wishes
    from . import new as drafting

    written = drafting.new(file, Wishes(target=target, task=task), to, rows=rows, force=force)
    if as_json:
        print(json.dumps(drafting.plain_object(written), ensure_ascii=False))
    else:
        print(drafting.text(written))


@grouped
def resume(
    run: RunName,
    machine: Machine,
    place: RunsFolder,
    until: Annotated[str, typer.Option(metavar="epochs=N")] = "",
    reschedule: Annotated[bool, typer.Option("--reschedule")] = False,
    ignore_stopping: Annotated[bool, typer.Option("--ignore-stopping")] = False,
    any_way: Annotated[bool, typer.Option("--any-way")] = False,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
) -> None:
    """Go on with a run that crashed, was killed or was stopped, as if it never had been.

    Options:
        until: Lengthen the run, as epochs=5000 or steps=5000; schedules keep their length.
        reschedule: Give schedules that length too, as if the run had always had it.
        ignore_stopping: Go on though patience or a threshold has ended it.
        any_way: Go on though this machine computes in another way: bits may differ.
        quiet: Show no progress.
    """
    from ..presets import references
    from . import continuing
    from .run import Telling

    status = continuing.resume(
        references.run(run, place.folder, trials=False),
        until=until,
        reschedule=reschedule,
        ignore_stopping=ignore_stopping,
        any_way=any_way,
        device=machine.device,
        allow_code=machine.allow_code,
        telling=Telling(as_json, quiet),
    )
    raise typer.Exit(status)


@grouped
def fork(
    run: RunName,
    machine: Machine,
    place: NewRuns,
    at: Annotated[int, typer.Option("--at", metavar="STEP", min=0)],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE")] = None,
    member: Annotated[int | None, typer.Option("--member", metavar="N", min=1)] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q")] = False,
) -> None:
    """Train a new run that is another's up to a step, and differs from there on.

    Options:
        at: The last step that both have in common.
        set_: What is other from there on, such as optimizer.lr=0.1 (repeatable).
        member: Go on with one network of a population, counted from 1 [default: all of them].
        quiet: Show no progress.
    """
    from ..presets import references
    from . import continuing
    from .run import Telling

    status = continuing.fork(
        references.run(run, place.folder, trials=False),
        place.folder,
        step=at,
        changes=set_ or [],
        member=member or 0,
        device=machine.device,
        allow_code=machine.allow_code,
        telling=Telling(as_json, quiet),
        share=place.shared,
    )
    raise typer.Exit(status)


@grouped
def verify(
    run: RunName, place: RunsFolder, allow_code: AllowCode = False, as_json: AsJson = False
) -> None:
    """Train a run once more, with all that was asked of it, and say whether it comes to the same.

    The status is 0 where it is equal, 1 where a number differs, and 2 where it cannot be said.
    """
    from ..presets import references
    from .verify import verify_run

    folder = references.run(run, place.folder, trials=False)
    raise typer.Exit(verify_run(folder, allow_code=allow_code, as_json=as_json))


@grouped
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine has, and how it trains each preset, and why."""
    import json

    from ..inspection import doctor as examined

    about, presets_here = examined.machine(), [*examined.ways()]
    if as_json:
        print(json.dumps(examined.plain_object(about, presets_here)))
    else:
        print(examined.text(about, presets_here))
