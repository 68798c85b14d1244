"""What tensors are called by the lines that use them: no module may have them."""

from __future__ import annotations

import inspect
import types
from collections.abc import Container, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from torch import Tensor, nn

MOST: Final = 1000
"""Things in a list, or what else holds several, that are looked at."""


def named_here(tensors: Sequence[Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield tensors with what they are called where a backward pass was begun, or rather by what
    called that; those of no module in the order they have there.
    """
    there = {id(each): each for each in tensors}
    usual = {key: f"parameter{place}" for place, key in enumerate(there, 1)}
    names = names_here(there)
    of_modules = [key for key, each in there.items() if isinstance(each, nn.Parameter)]
    for key in dict.fromkeys([*of_modules, *names, *there]):
        yield names.get(key, usual[key]), there[key]


def names_here(there: Container[int]) -> dict[int, str]:
    """Return the names of tensors in the lines that began a backward pass and in what called
    those, by the tensors' ``id``; one that has no name there is left out. Of several names it has
    the one that the outermost lines give it, of those their own before the module's.

    Args:
        there: The ``id`` of each tensor whose name is asked for.
    """
    names: dict[int, str] = {}
    for frame in reversed([*_frames()]):
        for scope in (frame.f_locals, frame.f_globals):
            for name, value in [*scope.items()]:
                for inner, each in _within(name, value):
                    if id(each) in there:
                        names.setdefault(id(each), inner)
    return names


def _frames() -> Iterator[types.FrameType]:
    """Yield where a backward pass was begun, what called that, and so on, to a module's lines."""
    frame: types.FrameType | None = inspect.currentframe()
    while frame is not None and _root(frame) in (__name__.partition(".")[0], "torch"):
        frame = frame.f_back
    while frame is not None:
        yield frame
        frame = None if frame.f_code.co_name == "<module>" else frame.f_back


def _root(frame: types.FrameType) -> str:
    """Return the package of what runs in a frame."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _within(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a name stands for, and what is right within that, with names."""
    kind = type(value)
    if issubclass(kind, Tensor):
        yield name, value
    elif issubclass(kind, list | tuple):
        yield from ((f"{name}.{place}", each) for place, each in enumerate(value[:MOST]))
    elif issubclass(kind, dict):
        named = ((key, each) for key, each in islice([*value.items()], MOST) if type(key) is str)
        yield from ((f"{name}.{key}", each) for key, each in named)
    elif not issubclass(kind, types.ModuleType | type):
        prefix = "" if name == "self" else f"{name}."
        yield from ((f"{prefix}{key}", each) for key, each in [*_attributes(value).items()])


def _attributes(value: Any) -> dict[str, Any]:
    """Return what an object has by name, and ask it for nothing that it would make first."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return own if isinstance(own, dict) else {}
