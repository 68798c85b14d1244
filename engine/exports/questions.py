"""``epochal predict`` and ``epochal evaluate``: what a network says of rows, and what that is
worth.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..options import AllowCode, AsJson, RunName, RunsFolder, grouped

if TYPE_CHECKING:
    from ..results.asked_rows import RowsAsked
    from ..results.predict import Answers
    from ..results.run import LoadedRun

AskedFile = Annotated[Path | None, typer.Argument(metavar="[FILE]")]
SetName = Annotated[Literal["train", "dev", "test"] | None, typer.Option("--set")]


@grouped
def predict(
    run: RunName,
    place: RunsFolder,
    file: AskedFile = None,
    values: Annotated[list[str] | None, typer.Option(metavar="LIST")] = None,
    set_: SetName = None,
    rows: Annotated[int | None, typer.Option(metavar="N", min=1)] = None,
    member: Annotated[int | None, typer.Option(metavar="N", min=1)] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="ANSWERS.csv")] = None,
    plain: Annotated[bool, typer.Option("--plain")] = False,
    force: Annotated[bool, typer.Option("--force")] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Print a trained network's answers, with its best weights, or write them.

    Options:
        file: CSV, TSV, NPZ or Parquet with the columns of the inputs; - is CSV on standard input.
        values: A row of inputs, such as "0.5, 1.2" or "38, nurse" (repeatable).
        set_: One of its own sets [default: test, or train].
        rows: Rows to show [default: 20].
        member: Which network of a population, counted from 1 [default: the first].
        to: Write them as CSV, with the row's own columns in front and every class's probability.
        plain: Leave texts as they are that a spreadsheet would take for formulas.
        force: Overwrite what is there.
    """
    from ..results import asked_rows, predict

    if sum(given is not None for given in (file, values or None, set_)) > 1:
        raise typer.BadParameter("give one of FILE, --values and --set")
    loaded = _loaded(run, place, member, allow_code)
    asked = asked_rows.rows_of_values(loaded, values) if values else _rows(loaded, file, set_, rows)
    told = predict.answers(loaded, asked)
    if to is not None:
        if rows is not None and rows != len(told.outputs):
            raise typer.BadParameter(f"--to writes all {len(told.outputs)} rows; leave --rows out")
        _write(told, to, plain, force, as_json)
    elif as_json:
        for each in predict.objects(told, rows):
            print(json.dumps(each, ensure_ascii=False))
    else:
        print(predict.text(told, rows))


@grouped
def evaluate(
    run: RunName,
    place: RunsFolder,
    file: AskedFile = None,
    set_: SetName = None,
    compare: Annotated[str | None, typer.Option(metavar="RUN2")] = None,
    rows: Annotated[int, typer.Option(metavar="N", min=1, max=1000)] = 5,
    member: Annotated[int | None, typer.Option(metavar="N", min=1)] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Say what a trained network is worth on its test set, or on a file that has the targets.

    With its best weights: its figures beside those of the constant answer, each class or output by
    itself, calibration, what each column is worth, and the worst rows.

    Options:
        file: CSV, TSV, NPZ or Parquet with inputs and targets; - is CSV on standard input.
        set_: One of its own sets [default: test, or train].
        compare: Another run, on the same rows: which is better, and whether these can tell.
        rows: How many of the worst rows to show.
        member: Which network of a population, counted from 1; of both runs.
    """
    from ..errors import RequestError
    from ..results.evaluation.constant import FRESH
    from ..results.evaluation.evaluation import evaluation, judged, plain_object
    from ..results.evaluation.words import text

    if file is not None and set_ is not None:
        raise typer.BadParameter("give one of FILE and --set")
    if compare is not None and file == Path("-"):
        raise RequestError("--compare: standard input can be read by one run alone; save it")
    loaded = _loaded(run, place, member, allow_code, judged=True)
    asked = _rows(loaded, file, set_, FRESH)
    other = None
    if compare is not None:
        second = _loaded(compare, place, member, allow_code, judged=True)
        other = judged(second, _rows(second, file, set_, FRESH))
    made = evaluation(loaded, asked, rows, other)
    print(json.dumps(plain_object(made), ensure_ascii=False) if as_json else text(made))


def _write(answers: Answers, to: Path, plain: bool, force: bool, as_json: bool) -> None:
    """Write answers as a table, and print where it lies."""
    from ..results import predict
    from .answers_table import answers_file
    from .writing import write_files

    for written in write_files([answers_file(answers, to, plain=plain)], to, force=force):
        if as_json:
            *_, summary = predict.objects(answers, 0)
            where = {"path": str(written), "bytes": written.stat().st_size}
            print(json.dumps({**summary, **where}, ensure_ascii=False))
        else:
            print(predict.summary_text(answers), written, sep="\n")


def _rows(
    run: LoadedRun,
    file: Path | None,
    set_: Literal["train", "dev", "test"] | None,
    count: int | None,
) -> RowsAsked:
    """Return the rows that are asked about."""
    from ..results import asked_rows

    if file == Path("-"):
        return asked_rows.rows_of_stream(run, sys.stdin.buffer)
    if file is not None:
        return asked_rows.rows_of_file(run, file)
    return asked_rows.rows_of_set(run, set_, count)


def _loaded(
    run: str, place: RunsFolder, member: int | None, allow_code: bool, *, judged: bool = False
) -> LoadedRun:
    """Return a run, or the trial of a sweep, with one of its networks.

    Args:
        run: Its name.
        place: Where it is.
        member: Which network, counted from 1.
        allow_code: Whether its own code may be run.
        judged: Whether it must be said which of several networks is meant.

    Raises:
        RequestError: It is not said.
    """
    from ..errors import RequestError
    from ..presets import references
    from ..results.run import of_folder
    from ..sweeps.references import trial_meant

    trial = trial_meant(run, place.folder)
    if trial is not None:
        folder, of = trial.shown
        return of_folder(folder, allow_code=allow_code, member=of)
    folder = references.run(run, place.folder)
    loaded = of_folder(folder, allow_code=allow_code, member=(member or 1) - 1)
    if judged and member is None and loaded.header.members > 1:
        raise RequestError(
            f"{folder.name}: has {loaded.header.members} networks; say which by --member N"
        )
    return loaded
