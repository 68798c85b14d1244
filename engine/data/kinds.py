"""The kinds of data there are: every class of this package that has a ``kind`` of its own.

Each module here is looked through, so that a file is all that a new kind takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, Final, Union

from pydantic import BeforeValidator, Field

from ..components.section import named
from .base import DataBase


def _entries() -> Iterator[type[DataBase]]:
    """Yield the kinds of all modules, in the order they stand there."""
    here = __name__.rpartition(".")[0]
    for module in iter_modules([str(Path(__file__).parent)]):
        if (name := f"{here}.{module.name}") != __name__:
            for each in vars(import_module(name)).values():
                is_data = isinstance(each, type) and issubclass(each, DataBase)
                if is_data and "kind" in each.model_fields:
                    yield each


KINDS: Final[Mapping[str, type[DataBase]]] = {
    entry.model_fields["kind"].default: entry
    for entry in sorted(_entries(), key=lambda entry: entry.place)
}
"""Every kind of data by its name in a preset."""

if TYPE_CHECKING:
    Data = DataBase
else:
    Data = Annotated[
        Union[tuple(KINDS.values())],  # noqa: UP007 (there is no other way to write it)
        Field(discriminator="kind"),
        BeforeValidator(named("moons", "kind")),
    ]
"""A data table, told apart by ``kind``."""


def as_recorded(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded ``data`` table with what went without saying when it was recorded.

    Rows of classes were parted as all others before each class was parted alike.
    """
    of_classes = data.get("kind") == "file" and data.get("task") == "classes"
    return {"split_by": "rows", **data} if of_classes and data.get("split") else {**data}


def anchored(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a preset's ``data`` table with its paths, if it has any, from ``folder`` on."""
    kind, made = KINDS.get(str(data.get("kind"))), {**data}
    for key in kind.paths if kind else ():
        if isinstance(path := data.get(key), str) and path:
            try:
                made[key] = str((folder / Path(path).expanduser()).resolve())
            except (OSError, ValueError, RuntimeError):
                continue  # Reading it will say what is wrong with it.
    return made
