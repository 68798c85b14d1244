"""The command that makes runs of other programs' logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..options import AsJson, NewRuns, grouped


@grouped
def import_logs(
    files: Annotated[list[Path], typer.Argument(metavar="FILE or FOLDER…")],
    place: NewRuns,
    name: Annotated[str, typer.Option("--name", metavar="NAME", show_default=False)] = "",
    step: Annotated[str, typer.Option("--step", metavar="COLUMN", show_default=False)] = "",
    count_rows: Annotated[bool, typer.Option("--count-rows")] = False,
    as_json: AsJson = False,
) -> None:
    """Make runs of other programs' logs, to look at them, compare and replay them here.

    TensorBoard's event files (of a folder, with all below it), CSV with a column step or epoch, and
    what Lightning's and Keras's CSVLogger write; also packed by gzip.

    Options:
        files: Logs, or folders of them.
        name: What the run is called [default: as its file or folder].
        step: The column of a CSV log that says the step [default: one called step, iteration or
            epoch].
        count_rows: Take the number of a CSV log's row as its step, where no column says it.
    """
    import json

    from ..errors import RequestError, RunError
    from ..runs.imported.csv_logs import StepColumn
    from ..runs.imported.importing import import_log, sources
    from ..text.safe import plain

    logs = [source for each in files for source in sources(each)]
    if step and count_rows:
        raise RequestError("--step and --count-rows: one of them says the step; leave one out")
    steps = StepColumn(step, count_rows)
    if name and len(logs) > 1:
        raise RequestError(f"--name: names one run, and {len(logs)} logs are there")
    for source in logs:
        try:
            done = import_log(source, place.folder, called=name, steps=steps, share=place.shared)
        except RunError as error:
            # One of many is no reason to leave out the others.
            if len(logs) == 1:
                raise
            print(f"{plain(str(error))}; left out", file=sys.stderr)
            continue
        for complaint in done.complaints:
            print(plain(complaint), file=sys.stderr)
        said = {"run": done.folder.name, "path": str(done.folder.path), "steps": done.steps}
        if as_json:
            print(json.dumps({**said, "columns": done.columns, "left_out": done.complaints}))
        else:
            print(f"{done.folder.name}: {done.columns} columns to step {done.steps}")
