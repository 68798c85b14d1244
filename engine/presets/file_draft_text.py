"""A draft as the text of a preset: every decision a key, with what was found beside it."""

from __future__ import annotations

import itertools
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ..data.file_rows import Task
from ..data.profile.column import ColumnProfile
from ..data.profile.profile import Profile
from ..experiment.tables import inline, key_text
from ..text.numbers import counted
from ..text.safe import plain
from .file_draft import WIDE, FileDraft, kept

WIDTH: Final = 100
"""Columns of a line before a list is broken into several."""

ALIKE: Final = 8
"""Columns of numbers in a row, from which on they are told of in one line where there are many."""


def draft_text(draft: FileDraft, folder: Path) -> str:
    """Return a draft as the text of a preset.

    Args:
        draft: What it is to say.
        folder: Where it will lie: the path of the data file leads from there.
    """
    parts = [
        _heading(draft),
        "\n".join(["[data]", *_data(draft, folder)]),
        *_left_out(draft),
        *_columns(draft),
        *_network(draft),
    ]
    return "\n\n".join(parts) + "\n"


def _heading(draft: FileDraft) -> str:
    profile = draft.profile
    learned = ", ".join(target.name for target in draft.targets)
    title = f"{_words(profile.path.stem)}: {_AIMS[draft.task]} {_words(learned)}"
    rows, columns = rows_words(profile), counted(len(profile.columns), "column")
    said = (
        f"{profile.name}: {rows}, {columns}. What was found there stands in the comments; every "
        "decision is a key that can be changed, and nothing is decided later."
    )
    comment = textwrap.fill(said, WIDTH - 1, initial_indent="# ", subsequent_indent="# ")
    return f"title = {inline(title[:100])}\n\n{comment}"


def rows_words(profile: Profile) -> str:
    """Say how many rows a file has, and how many of them were looked at."""
    if profile.rows == profile.of:
        return counted(profile.rows, "row")
    return f"{profile.rows} of {counted(profile.of, 'row')}, drawn at random"


_AIMS: Final[Mapping[Task, str]] = {
    "classes": "which",
    "numbers": "how much",
    "labels": "which of",
    "shares": "the shares of",
}
"""What a title says of the columns that are learned."""


def _words(name: str) -> str:
    """Return a name for a title, where braces would be filled in."""
    return plain(name).replace("{", "(").replace("}", ")")


def _data(draft: FileDraft, folder: Path) -> Iterator[str]:
    profile, target = draft.profile, draft.target
    yield 'kind = "file"'
    yield _entry("path", _leading(profile.path, folder))
    if profile.layout is not None:
        yield from _layout(draft)
    if profile.rows < profile.of:
        words = f"drawn at random of the {profile.of}, the same ones every time"
        yield _entry("sample_rows", profile.rows, words)
    may_be = f"; {other} otherwise" if (other := otherwise(draft)) else ""
    yield _entry("task", draft.task, f"{draft.why_task}{may_be}")
    yield _entry("targets", [each.name for each in draft.targets], draft.why_target)
    if draft.task == "classes":
        scarce = f"; look: {draft.scarce}" if draft.scarce else ""
        yield _entry("classes", target.values, _class_counts(target) + scarce)
    if len(draft.inputs) >= WIDE and not draft.left_out and not profile.nameless:
        yield f"# inputs: left out here, so all {len(draft.inputs)} other columns"
    else:
        yield _entry("inputs", [column.name for column in draft.inputs])
    if draft.split:
        yield _entry("split", draft.split, "shares for train, dev and test set")
        by = "classes" if draft.task == "classes" else "rows"
        words = "every class in the same shares" if by == "classes" else "rows in a random order"
        remedy = '; { groups = "…" } keeps rows together, { time = "…" } parts by date'
        yield _entry("split_by", by, words + remedy)
    else:
        yield f"# split: all rows train; {counted(profile.rows, 'row')} are too few to part"
    yield from _scaling(draft)


def otherwise(draft: FileDraft) -> str:
    """Return what else could be learned of the targets; empty where nothing."""
    if not all("number" in target.may_be for target in draft.targets):
        return ""
    if draft.task != "numbers":
        return '"numbers"'
    return '"classes"' if len(draft.targets) == 1 else ""


def _scaling(draft: FileDraft) -> Iterator[str]:
    numbers = [column for column in draft.inputs if column.kind == "number"]
    if _is_matrix(numbers):
        yield _entry("scale_inputs", "range", f"numbers of one kind, {ends_of(numbers)}, to 0 … 1")
    elif numbers or any(column.kind == "date" for column in draft.inputs):
        words = "numbers to mean 0 and deviation 1, by the training set alone"
        yield _entry("scale_inputs", "standard", words)
    if draft.task == "numbers":
        yield _entry("scale_targets", "standard", "undone in every answer")


def _is_matrix(numbers: Sequence[ColumnProfile]) -> bool:
    """Whether columns are of one kind, as the pixels of a picture are: from 0 on, and many."""
    return len(numbers) >= WIDE and all(each.whole and each.low == "0" for each in numbers)


def _layout(draft: FileDraft) -> Iterator[str]:
    profile = draft.profile
    layout = profile.layout
    assert layout is not None
    reads = f"look whether this reads right: {plain(layout.example)}" if layout.example else ""
    yield _entry("encoding", layout.encoding, reads)
    said = f"its first line says so (sep={layout.separator})" if layout.declared else ""
    yield _entry("separator", layout.separator, plain(said))
    words = "the first row holds the columns' names"
    yield _entry("header", layout.header, words if layout.header else "the first row is data")
    if not layout.header:
        yield _entry("names", list(profile.columns), "better names make better pictures")
    notation = profile.notation
    doubt = ""
    if profile.doubtful:
        taken = f"{notation.number(profile.doubtful):g}"
        doubt = f"look: {plain(profile.doubtful)} is taken for {taken}"
    yield _entry("decimal", notation.decimal, doubt)
    if notation.thousands:
        yield _entry("thousands", notation.thousands)
    if profile.missing:
        yield _entry("missing", list(profile.missing), "no value, as an empty cell is none")


def _class_counts(target: ColumnProfile) -> str:
    counts = [target.counts[value] for value in target.values]
    if len(counts) <= 12:
        return f"in {', '.join(map(str, counts))} rows"
    return f"{len(counts)} of them, in {min(counts)} to {max(counts)} rows each"


def _left_out(draft: FileDraft) -> Iterator[str]:
    lines = [f"# {plain(name)}: {plain(why)}" for name, why in draft.left_out.items()]
    if draft.profile.nameless:
        lines.append(f"# {counted(draft.profile.nameless, 'column')} without a name")
    if lines:
        yield "\n".join(["# Left out:", *lines])


def _columns(draft: FileDraft) -> Iterator[str]:
    """Yield the table of the columns, and one for each whose values take more than a line."""
    lines, long = list[str](), list[ColumnProfile]()
    for group in grouped(draft.inputs):
        column, *others = group
        if others:
            lines.append(f"# {names_of(group)}: {counted(len(group), 'number')}, {ends_of(group)}")
        elif len(inline(_how(column))) > WIDTH:
            long.append(column)
        else:
            lines.append(_entry(column.name, _how(column), about(column)))
    for target in draft.targets:
        if how := _learned_how(target, draft.task):
            words = f"{counted(target.missing, 'row')} without it cannot teach"
            lines.append(_entry(target.name, how, words * bool(target.missing)))
    if lines:
        yield "\n".join(["[data.columns]", *lines])
    for column in long:
        words = f"  # {about(column)}" if about(column) else ""
        entries = [_entry(key, value) for key, value in _how(column).items()]
        yield "\n".join([f"[data.columns.{key_text(column.name)}]{words}", *entries])


def _learned_how(target: ColumnProfile, task: Task) -> Mapping[str, Any]:
    """Return what the preset says of a column that is learned; nothing where it need not."""
    drop = {"missing": "drop"} if target.missing else {}
    if task == "classes":
        return {"kind": "category", **drop} if drop else {}
    if target.kind == "truth" and "number" not in target.may_be:
        return {**_truth(target), **drop}
    return {"kind": "number", **drop} if drop else {}


def _truth(column: ColumnProfile) -> dict[str, Any]:
    no = [value for value in column.values if value not in column.yes]
    return {"kind": "truth", "yes": list(column.yes), "no": no}


def grouped(
    columns: Sequence[ColumnProfile], of: int | None = None
) -> Iterator[list[ColumnProfile]]:
    """Yield each column, and together those that are told of in one line: where there are many,
    plain numbers that follow each other.

    Args:
        columns: Those that follow each other.
        of: How many there are, where these are not all.
    """
    for is_plain, group in itertools.groupby(columns, _is_plain):
        together = list(group)
        if is_plain and len(together) >= ALIKE and (of or len(columns)) >= WIDE:
            yield together
        else:
            yield from ([column] for column in together)


def _is_plain(column: ColumnProfile) -> bool:
    return column.kind == "number" and not column.missing


def names_of(group: Sequence[ColumnProfile]) -> str:
    """Return the names of columns that follow each other."""
    return plain(f"{group[0].name} … {group[-1].name}")


def ends_of(group: Sequence[ColumnProfile]) -> str:
    """Return from where to where columns of numbers go together."""
    low, high = min(float(each.low) for each in group), max(float(each.high) for each in group)
    return f"{low:g} to {high:g}"


def _how(column: ColumnProfile) -> Mapping[str, Any]:
    """Return what the preset says of a column."""
    missing = {"missing": "median", "indicator": True} if column.missing else {}
    match column.kind:
        case "category":
            own = {"missing": "own"} if column.missing else {}
            return {"kind": "category", "values": kept(column), **own}
        case "truth":
            missing |= {"missing": "most-common"} if missing else {}
            return {**_truth(column), **missing}
        case "date":
            parts = list(column.parts)
            return {"kind": "date", "format": column.formats[0], "parts": parts, **missing}
        case _:
            return {"kind": "number", **missing}


def about(column: ColumnProfile) -> str:
    """Say what was found in a column."""
    said = list[str]()
    if column.kind == "truth":
        said.append(" or ".join(column.values))
    elif column.low and column.kind != "category":
        said.append(f"{column.low} to {column.high}")
    if column.kind == "category" or (column.kind == "number" and column.distinct <= 10):
        said.append(f"{column.distinct} different")
    if column.kind == "category" and (seldom := column.distinct - len(kept(column))):
        said.append(f"the {seldom} rarest are the rest")
    if column.missing:
        said.append(f"{column.missing_share:.1%} missing")
    if len(column.formats) > 1:
        said.append(f"or is it {column.formats[1]}?")
    return ", ".join(said)


def _network(draft: FileDraft) -> Iterator[str]:
    network, outputs = draft.network, draft.outputs
    by_unit = draft.task == "labels" or (draft.task == "classes" and outputs == 1)
    loss, inside = "cross_entropy", "the softmax"
    if by_unit:
        loss, inside = "binary_cross_entropy_with_logits", "the sigmoid"
    said = f"the loss takes {inside} itself"
    if draft.task == "numbers":
        loss, said = "mse", "any number"
    size = f"{counted(draft.features, 'number')} in, {outputs} out"
    model = [
        _entry("hidden", network.hidden, size),
        _entry("activation", "relu"),
        _entry("output_activation", "identity", said),
    ]
    if network.dropout:
        model.append(_entry("dropout", network.dropout, "few rows are soon known by heart"))
    yield "\n".join(["[model]", *model])
    yield "\n".join(["[loss]", _entry("name", loss)])
    optimizer = [_entry("name", "adamw"), _entry("lr", network.lr)]
    optimizer.append(_entry("weight_decay", network.weight_decay))
    yield "\n".join(["[optimizer]", *optimizer])
    if draft.split and draft.task == "numbers":
        waits = _entry("patience", network.patience // 4, "epochs without a smaller dev loss")
        yield "\n".join(["[schedule]", _entry("name", "plateau"), _entry("factor", 0.3), waits])
    train = [
        _entry("epochs", network.epochs, "at most"),
        _entry("batch_size", network.batch_size),
    ]
    if draft.split:
        as_well = "; accuracy is measured as well" * (draft.task == "classes")
        measure = f"the dev loss{as_well}"
        train.append(_entry("keep_best", "loss", f"the weights that are kept: by {measure}"))
        train.append(_entry("patience", network.patience, "epochs without a better one: stop"))
    yield "\n".join(["[train]", *train, _entry("seed", 1)])


def _entry(key: str, value: Any, about: str = "") -> str:
    """Return a key with its value, and a comment beside it or above where there is no room."""
    line, comment = f"{key_text(key)} = {inline(value)}", f"# {about}" if about else ""
    if len(line) + len(comment) + 2 <= WIDTH:
        return f"{line}  {comment}".rstrip()
    if len(line) > WIDTH and isinstance(value, list):
        line = "\n".join([f"{key_text(key)} = [", *_wrapped(value), "]"])
    return f"{comment}\n{line}" if comment else line


def _wrapped(values: Sequence[Any]) -> Iterator[str]:
    """Yield the lines of a list, as many values in each as there is room for."""
    line = "   "
    for value in values:
        item = f" {inline(value)},"
        if len(line) + len(item) > WIDTH and line.strip():
            yield line
            line = "   "
        line += item
    yield line


def _leading(path: Path, folder: Path) -> str:
    """Return the path of a file as it leads there from a folder."""
    return os.path.relpath(path.resolve(), folder.resolve())
