"""Presets: finding them, reading them, and turning them into experiments.

    reference ─► find ─► a path ─► load ─► tables ─► override ─► resolve ─► Experiment
                                                                  dumps ◄─┘

A name is looked for in ``./presets``, in the user's configuration folder and among the packaged
ones; the first found counts. Whatever a file holds, what comes out is an experiment or a
``PresetError`` with every problem it has. How the problems are worded is ``engine.problems``, how
presets are written is ``engine.writing``.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from engine.errors import PresetError, Problem
from engine.experiment import Experiment
from engine.overrides import Override, apply, parse
from engine.problems import explain
from engine.section import nearest
from engine.writing import anchor, dumps, save

__all__ = ["Listing", "Preset", "catalogue", "dumps", "find", "load", "resolve", "save"]

MAX_BYTES: Final = 1_000_000
"""A preset larger than this is no preset."""

MAX_DEPTH: Final = 32
"""How deeply tables and lists may nest; the schema needs six levels."""

HUGE: Final = 10**40
"""Beyond every bound of the schema, and what any number beyond it is taken for."""


@dataclass(frozen=True)
class Preset:
    """A preset that holds."""

    name: str
    """The file's name, without its ending."""
    path: Path
    """Where it was found."""
    experiment: Experiment
    """What it says, overrides included."""
    text: str
    """The file as it stands, with its comments and without the overrides."""


@dataclass(frozen=True)
class Listing:
    """A preset that can be had, read no further than its heading."""

    name: str
    """What to call it by."""
    path: Path
    """Where it is."""
    origin: str
    """Which folder it comes from: ``./presets``, the user's, or ``epochal`` for the packaged."""

    @property
    def title(self) -> str:
        """Its title; empty where it has none or cannot be read."""
        try:
            title = _parse(_read(self.path), str(self.path)).get("title", "")
        except PresetError:
            return ""
        return title if isinstance(title, str) else ""


def catalogue() -> list[Listing]:
    """Return every preset there is by name; the first of the folders hides those after it."""
    listings: dict[str, Listing] = {}
    for origin, folder in _folders():
        for path in _presets_in(folder):
            listings.setdefault(path.stem, Listing(path.stem, path, origin))
    return [listings[name] for name in sorted(listings)]


def find(reference: str) -> Path:
    """Return the path of a preset.

    Args:
        reference: A path, or a name with or without ``.toml``.

    Raises:
        PresetError: There is none, with the nearest name.
    """
    path = Path(reference)
    is_path = os.sep in reference or reference.endswith(".toml")
    if is_path and _exists(path):
        return path
    if os.sep not in reference:
        name = reference.removesuffix(".toml")
        for _, folder in _folders():
            if _exists(found := folder / f"{name}.toml"):
                return found
    known = [listing.name for listing in catalogue()]
    near = nearest(path.stem, known)
    raise PresetError(
        [Problem(reference, "", f"there is no such preset{near}; there are: {', '.join(known)}")]
    )


def load(reference: str, overrides: Sequence[str] = ()) -> Preset:
    """Return a preset.

    Args:
        reference: A path or a name.
        overrides: What to change, each as ``optimizer.lr=0.1``.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    path = find(reference)
    source = str(path)
    text = _read(path)
    tables = anchor(_parse(text, source), path.parent)
    changes = parse(overrides)
    if not changes:
        return Preset(path.stem, path, resolve(tables, source), text)
    return Preset(path.stem, path, _resolve_changed(tables, changes, source), text)


def resolve(tables: Mapping[str, Any], source: str) -> Experiment:
    """Return the experiment that a preset's tables say.

    Args:
        tables: As read from TOML.
        source: Where they come from, for the messages.

    Raises:
        PresetError: With everything that is wrong with them.
    """
    if _too_deep(tables):
        message = f"tables and lists nest more than {MAX_DEPTH} levels deep"
        raise PresetError([Problem(source, "", message)])
    tamed = {key: _tame(value) for key, value in tables.items()}
    try:
        return Experiment.model_validate(tamed)
    except ValidationError as error:
        raise PresetError(explain(error, tamed, source, Experiment)) from None


def _tame(value: Any) -> Any:
    """Return a copy in which no whole number is too long for Python to print."""
    match value:
        case dict():
            return {key: _tame(item) for key, item in value.items()}
        case list():
            return [_tame(item) for item in value]
        case int() if abs(value) > HUGE:
            return HUGE if value > 0 else -HUGE
        case _:
            return value


def _resolve_changed(
    tables: dict[str, Any], changes: Sequence[Override], source: str
) -> Experiment:
    """Return the experiment with the changes; a problem names the change it comes from."""
    try:
        unchanged, own_problems = resolve(tables, source), set()
    except PresetError as error:
        unchanged, own_problems = None, set(error.problems)
    changed = anchor(apply(tables, changes, unchanged), Path())
    try:
        return resolve(changed, source)
    except PresetError as error:
        problems = [
            problem
            if problem in own_problems
            else Problem(_cause(problem.key, changes), problem.key, problem.message)
            for problem in error.problems
        ]
        raise PresetError(problems) from None


def _cause(key: str, changes: Sequence[Override]) -> str:
    """Return the change that a new problem at ``key`` comes from, or all where none is nearer."""
    for change in reversed(changes):
        if change.concerns(key):
            return change.source
    return ", ".join(change.source for change in changes)


def _folders() -> Iterator[tuple[str, Path]]:
    """Yield where presets lie, each with what to call it, in the order of the search."""
    yield "./presets", Path("presets")
    with contextlib.suppress(RuntimeError):  # Somebody without a home has no presets there.
        configuration = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config")
        yield "yours", configuration.expanduser() / "epochal" / "presets"
    here = Path(__file__).resolve().parent
    packaged = here / "_presets"
    yield "epochal", packaged if packaged.is_dir() else here.parent / "presets"


def _presets_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.glob("*.toml") if path.is_file())
    except OSError:
        return []


def _exists(path: Path) -> bool:
    """Whether something is there; a name no file can have is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _read(path: Path) -> str:
    """Return a file's text.

    Raises:
        PresetError: It is no file, too large, not to be read, or no text.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise PresetError([Problem(source, "", "is a folder, not a preset")]) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PresetError([Problem(source, "", f"cannot be read: {reason}")]) from None
    if len(data) > MAX_BYTES:
        raise PresetError([Problem(source, "", "is larger than 1 MB, so it is no preset")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"line {line}: is not UTF-8 text; save the file as UTF-8"
        raise PresetError([Problem(source, "", message)]) from None


def _parse(text: str, source: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        PresetError: With the line and column where it stops being TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        message = "tables and lists nest too deeply"
    except ValueError as error:
        message = _syntax(str(error))
    raise PresetError([Problem(source, "", message)])


def _syntax(message: str) -> str:
    """Return the parser's message with the place in front."""
    match = re.fullmatch(r"(.*) \(at (.*)\)", message, re.DOTALL)
    what, where = (match[1], match[2]) if match else (message, "")
    where = where.replace("end of document", "end of the file")
    what = what[:1].lower() + what[1:]
    return f"{where}: {what}" if where else what


def _too_deep(tables: Mapping[str, Any]) -> bool:
    """Whether anything lies deeper than ``MAX_DEPTH``; found level by level, without recursion."""
    level: list[Any] = [tables]
    for _ in range(MAX_DEPTH):
        inside: list[Any] = []
        for item in level:
            values = item.values() if isinstance(item, Mapping) else item
            inside += (value for value in values if isinstance(value, Mapping | list))
        if not inside:
            return False
        level = inside
    return True
