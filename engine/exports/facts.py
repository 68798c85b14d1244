"""How a run ended and how it was set, one value beside another: a row for each member."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..recording.events import Header
from .export import Export

Facts = dict[str, Any]
"""Names, and a number, a text or nothing each."""

SEVERAL: Final = ("population", "sweep")
"""The tables of a preset that say which networks there are, and not how one of them is."""

NAMING_FILES: Final = (".data.path", ".model.module", ".origin.file")
"""How the keys of an experiment end that say where a file is."""


def facts_of(export: Export) -> list[Facts]:
    """Return what is known of each member: of its run, its result and its settings.

    A setting is called by its dotted key in a preset, as in ``optimizer.lr``.
    """
    header, end = export.history.header, export.history.end
    assert header is not None
    rows = []
    for member in export.members:
        rows.append(
            {
                "run": export.name or header.run,
                **({"member": member + 1} if header.members > 1 else {}),
                "state": export.state,
                "reason": end.reason if end else "",
                "step": export.history.last_step,
                "seconds": export.history.last_t,
                **figures_of(export, member),
                "seed": header.seeds[member],
                **settings_of(header, member),
            }
        )
    return rows


def figures_of(export: Export, member: int) -> Facts:
    """Return the figures that a member ended with; none where the run has not ended."""
    header, end = export.history.header, export.history.end
    assert header is not None
    figures = end.result if end else {}
    return {key: _of_member(value, member, header) for key, value in figures.items()}


def settings_of(header: Header, member: int) -> Facts:
    """Return the keys of a member's experiment, each with its value; of a file its name alone."""
    tables = without_folders(header.experiment)
    alone = {key: each for key, each in tables.items() if key not in SEVERAL}
    differing = header.variants[member] if member < len(header.variants) else {}
    settings = {**dict(_keys(alone)), **without_folders(differing)}
    return {key: _flat(value) for key, value in settings.items()}


def without_folders(said: Any, key: str = "") -> Any:
    """Return an experiment's tables with its files' names, and not where they lie on this machine.

    What is exported goes to others, whom the folders of a user say nothing or too much.

    Args:
        said: The tables, or what stands somewhere in them.
        key: The dotted key at which it stands.
    """
    if isinstance(said, Mapping):
        return {name: without_folders(each, f"{key}.{name}") for name, each in said.items()}
    if isinstance(said, list):
        return [without_folders(each, key) for each in said]
    names_file = isinstance(said, str) and f".{key}".endswith(NAMING_FILES)
    return re.split(r"[/\\]", said)[-1] if names_file else said


def _keys(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _keys(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _of_member(value: Any, member: int, header: Header) -> Any:
    """Return a member's figure: of a population, a result has a list with one for each."""
    each = value[member] if isinstance(value, list) and header.members > 1 else value
    return _flat(each)


def _flat(value: Any) -> Any:
    """Return a value as one cell: what has parts is written as JSON."""
    has_parts = isinstance(value, list | Mapping)
    return json.dumps(value, ensure_ascii=False) if has_parts else value
