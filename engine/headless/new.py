"""A preset for a file of one's own: drafted from what stands there, held, written, and told of."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ..data.profile.column import ColumnProfile
from ..data.profile.profile import OF_DATA, Profile, profile_of
from ..data.rows import SEPARATORS
from ..errors import PresetError, Problem
from ..presets.file_draft import FileDraft, Wishes, draft, width
from ..presets.file_draft_text import (
    about,
    draft_text,
    ends_of,
    grouped,
    names_of,
    otherwise,
    rows_words,
)
from ..presets.preset import resolve
from ..presets.writing import anchor, write
from ..text.numbers import counted
from ..text.parsing import from_toml
from ..text.tables import aligned

MOST_TOLD: Final = 40
"""Lines of the table; the preset has all of them."""


@dataclass(frozen=True)
class Written:
    """A preset that was written, and what it was made of."""

    path: Path
    draft: FileDraft


def new(
    file: Path,
    wishes: Wishes,
    to: Path | None = None,
    *,
    rows: int | None = None,
    force: bool = False,
) -> Written:
    """Write a preset for a file of data.

    Args:
        file: The data.
        wishes: What is decided already.
        to: The preset's file; called as the data in the current folder where left out.
        rows: How many rows are drawn at random, of more than there is room for.
        force: Whether a file that is there may be written over.

    Raises:
        DataError: The file cannot be read, or nothing in it can be learned.
        PresetError: The preset cannot be written, or is there already.
    """
    path = destination(file, to)
    made = draft(profile_of(file, replace(OF_DATA, most=rows)), wishes)
    write_draft(made, path, force=force)
    return Written(path, made)


def write_draft(made: FileDraft, path: Path, *, force: bool) -> None:
    """Write what a draft says as a preset.

    Args:
        made: The draft.
        path: The preset's file.
        force: Whether a file that is there may be written over.

    Raises:
        PresetError: It does not hold, cannot be written, or is there already.
    """
    text = draft_text(made, path.parent)
    # Whatever is wrong with the data is said now, and not by the first training.
    resolve(anchor(from_toml(text), path.parent), str(path))
    write(path, text, overwrite=force, remedy="--force does, and --to names another")


def destination(file: Path, to: Path | None = None) -> Path:
    """Return where the preset for a file of data is written.

    Raises:
        PresetError: It is to be written where no preset is found.
    """
    if to is None:
        return Path(f"{file.name.removesuffix('.gz').rpartition('.')[0] or file.name}.toml")
    if to.suffix != ".toml":
        raise PresetError([Problem(str(to), "", f"a preset ends in .toml; write --to {to}.toml")])
    return to


def text(written: Written) -> str:
    """Return what was found and decided as a table, and what to do next."""
    made, path = written.draft, written.path
    profile, several = made.profile, len(made.targets) > 1
    head = f"{profile.name}: {rows_words(profile)}, {layout_words(profile)}"
    table = aligned([["column", "is", "found", "goes in as"], *_rows(made)])
    lines = [head, "", *table[: MOST_TOLD + 1]]
    if len(table) > MOST_TOLD + 1:
        lines.append(f"… and {len(table) - MOST_TOLD - 1} more, as {path} says")
    learned = ", ".join(target.name for target in made.targets)
    lines += ["", f"target{'s' * several}: {learned} ({made.why_target}; --target chooses another)"]
    other = "; --task says otherwise" if otherwise(made) else ""
    lines.append(f"task: {made.task} ({made.why_task}{other})")
    if made.scarce:
        lines.append(f"look: {made.scarce}")
    lines += ["", f"{path} says so in keys that can be changed. Next:"]
    return "\n".join([*lines, *(f"  {command}" for command in _next(path))])


def plain_object(written: Written) -> dict[str, Any]:
    """Return the same for programs."""
    made = written.draft
    profile, layout = made.profile, made.profile.layout
    chosen = {column.name for column in made.inputs}
    return {
        "preset": str(written.path),
        "file": str(profile.path),
        "rows": profile.of,
        "rows_drawn": profile.rows if profile.rows < profile.of else None,
        "layout": vars(layout) if layout else None,
        "decimal": profile.notation.decimal,
        "thousands": profile.notation.thousands,
        "doubtful": profile.doubtful,
        "missing": list(profile.missing),
        "target": made.target.name,
        "targets": [target.name for target in made.targets],
        "why_target": made.why_target,
        "task": made.task,
        "why_task": made.why_task,
        "scarce": made.scarce,
        "columns": [_plain_column(each, chosen) for each in profile.columns.values()],
        "next": _next(written.path),
    }


def _plain_column(column: ColumnProfile, chosen: set[str]) -> dict[str, Any]:
    keys = ("name", "kind", "missing", "distinct", "low", "high", "formats", "why")
    return {**{key: getattr(column, key) for key in keys}, "input": column.name in chosen}


def _next(path: Path) -> list[str]:
    file = shlex.quote(str(path))
    return [f"epochal run {file}", f"epochal open {file}"]


def layout_words(profile: Profile) -> str:
    """Say how a file is laid out."""
    layout = profile.layout
    columns = counted(len(profile.columns) + profile.nameless, "column")
    if layout is None:
        return columns
    said = [layout.encoding, f"parted by {SEPARATORS[layout.separator]}"]
    said.append("names in the first row" if layout.header else "no line of names")
    if profile.notation.decimal != ".":
        said.append("a decimal comma")
    if profile.notation.thousands:
        said.append(f"thousands parted by {profile.notation.thousands!r}")
    if profile.doubtful:
        taken = f"{profile.notation.number(profile.doubtful):g}"
        said.append(f"look: {profile.doubtful} may be another number, and is taken for {taken}")
    if profile.missing:
        said.append(f"no value: {', '.join(profile.missing)}")
    return "; ".join([columns, *said])


def _rows(made: FileDraft) -> Iterator[list[str]]:
    """Yield a row for each column, or for many that are alike."""
    chosen = {column.name: column for column in made.inputs}
    taken = [chosen.get(name, each) for name, each in made.profile.columns.items()]
    learned = {column.name: column for column in made.targets}
    taken = [learned.get(each.name, each) for each in taken]
    # What is learned stands on a line of its own, among however many that are like it.
    parted = itertools.groupby(taken, lambda each: each.name in learned)
    for group in (group for _, part in parted for group in grouped([*part], len(taken))):
        column, *others = group
        if others:
            yield [names_of(group), "numbers", ends_of(group), counted(len(group), "number")]
            continue
        goes = "left out" if column.name in made.left_out else counted(width(column), "number")
        goes = "the target" if column.name in learned else goes
        yield [column.name, column.kind, column.why or about(column), goes]
