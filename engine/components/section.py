"""The base of every table of a preset, and the small types its keys share."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Section(BaseModel):
    """A table of a preset: its keys are the attributes, their docstrings the documentation.

    Unknown keys are refused, values are not bent to fit (a text is no number), and a validated
    section never changes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def meaning(cls, key: str) -> str:
        """Return the docstring under a key; nothing where none stands there.

        Pydantic would read all of them on import: a tenth of a second of every command.
        """
        owner = next(base for base in cls.__mro__ if key in inspect.get_annotations(base))
        body = _classes(owner.__module__)[owner.__name__].body
        for entry, words in itertools.pairwise(body):
            match entry, words:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    if name == key:
                        return inspect.cleandoc(text)
        return ""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Have the schema say what each key means."""
        schema = handler(core_schema)
        for key, described in handler.resolve_ref_schema(schema).get("properties", {}).items():
            if words := cls.meaning(key):
                described["description"] = words
        return schema

    def _problems(self) -> Iterator[str]:
        """Say what does not fit together, each beginning with its key."""
        yield from ()

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self


@functools.cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """Return the classes that are written in a module."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""A whole number of things, at least one."""

Number = Annotated[float, Field(ge=-1e30, le=1e30)]
"""A number that float32 can hold, with room to compute with it."""

Positive = Annotated[float, Field(gt=0, le=1e30)]
NonNegative = Annotated[float, Field(ge=0, le=1e30)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


def named(default: str, key: str = "name") -> Callable[[Any], Any]:
    """Return a validator that lets a table leave out its ``key``, which is then ``default``."""

    def fill_in(value: Any) -> Any:
        return {key: default, **value} if isinstance(value, dict) else value

    return fill_in


def is_entry(cls: type) -> bool:
    """Whether a class is one optimizer, one kind of data, and not what several of them share:
    that is called ``…Base``, or begins with ``_``.
    """
    return not cls.__name__.startswith("_") and not cls.__name__.endswith("Base")


def check_whole(entry: type[Section], base: type[Section], parts: Iterable[str]) -> None:
    """Hold an entry to say for itself all that its family asks of it.

    Args:
        entry: The class of one optimizer, of one kind of data.
        base: What its family shares: a part that only stands there, empty, is left out.
        parts: What must be said: its keys, and what else the house needs to know of it.

    Raises:
        TypeError: Naming the entry and what it lacks.
    """
    nothing = object()
    lacking = [
        part
        for part in parts
        if part not in entry.model_fields
        and getattr(entry, part, nothing) is getattr(base, part, nothing)
    ]
    if lacking:
        raise TypeError(f"{entry.__module__}.{entry.__qualname__} lacks {', '.join(lacking)}")
