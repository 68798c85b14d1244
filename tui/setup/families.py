"""The classes that a key's table can be of, read off the schema."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args, get_origin

from engine.components.section import Section

from .values import members


@dataclass(frozen=True, eq=False)
class Family:
    """The classes that a key's table can be of."""

    tag: str
    """The key that tells them apart; empty where there is only one."""
    kinds: Mapping[str, type[Section]]
    """The classes by what that key says."""
    is_list: bool = False

    @property
    def only(self) -> type[Section]:
        """The one class, or the first."""
        return next(iter(self.kinds.values()))


@functools.cache
def fields_of(section: type[Section]) -> Mapping[str, Family | None]:
    """Return the keys of a table, each with the classes of its table if it is one."""
    return {name: family_of(field.annotation) for name, field in section.model_fields.items()}


def family_of(annotation: Any) -> Family | None:
    """Return the classes that a key with this annotation can be of; None where it is no table."""
    allowed = members(annotation)
    is_list = len(allowed) == 1 and get_origin(allowed[0]) is list
    if is_list:
        allowed = members(get_args(allowed[0])[0])
    kinds = [member for member in allowed if _is_section(member)]
    if not kinds:
        return None
    if len(kinds) == 1:
        return Family("", {"": kinds[0]}, is_list)
    tag = next(tag for tag in ("kind", "name") if tag in kinds[0].model_fields)
    return Family(tag, {kind.model_fields[tag].default: kind for kind in kinds})


def _is_section(member: Any) -> TypeGuard[type[Section]]:
    return inspect.isclass(member) and get_origin(member) is None and issubclass(member, Section)
