"""What a recorded value is held against before anybody takes it for what it should be.

A recording may come from anyone. The fields of an event are held against their types, and what
lies below them, in the experiment, a result or a request's arguments, against what the readers of
the recording ask of it without the schema, which costs more to import than a picture to draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

UNSAID: Final = "its recording does not say what was trained, or not so that it can be read"
"""Why nothing more is made of a recording whose experiment is not there."""

Fits = Callable[[Any], bool]
"""Whether a value is what it should be."""


def is_int(value: Any) -> bool:
    """Whether it is a whole number that float64 holds, so that it can be computed with anywhere."""
    return type(value) is int and abs(value) <= 2**53


def is_float(value: Any) -> bool:
    """Whether it is a finite number."""
    return is_int(value) or (type(value) is float and math.isfinite(value))


def is_str(value: Any) -> bool:
    """Whether it is a text."""
    return type(value) is str


def is_bool(value: Any) -> bool:
    """Whether it is true or false."""
    return type(value) is bool


def anything(value: Any) -> bool:
    """Whatever it is."""
    return True


def list_of(fits: Fits) -> Fits:
    """Return what a list of such values is held against."""
    return lambda value: type(value) is list and all(map(fits, value))


def table_of(fits: Fits) -> Fits:
    """Return what a table of such values is held against."""
    return lambda value: type(value) is dict and all(map(fits, value.values()))


def _either(*fits: Fits) -> Fits:
    return lambda value: any(each(value) for each in fits)


def _table(**fits: Fits) -> Fits:
    """Return what a table is held against whose keys, where they are there, have such values."""
    return lambda value: (
        type(value) is dict and all(fits[key](value[key]) for key in fits if key in value)
    )


def _is_figure(value: Any) -> bool:
    """Whether it is a number; one that is not finite is written as a word."""
    return is_float(value) or value in ("nan", "inf", "-inf")


def _is_model(value: Any) -> bool:
    """Whether there is an activation for every layer, whatever it is called."""
    if not _MODEL(value):
        return False
    named = value.get("activation")
    if value.get("layers"):
        return type(named) is not list
    return type(named) is not list or len(named) == len(value.get("hidden", [5]))


def _is_listed_layer(value: Any) -> bool:
    """Whether it is a layer of one kind, with sizes that can be computed with."""
    return _LISTED(value) and sum(bool(value.get(kind)) for kind in _LISTED_KINDS) == 1


_LISTED_KINDS: Final = ("conv", "pool", "flatten", "dense")


def _is_side(value: Any) -> bool:
    return is_int(value) and 0 < value <= 1000


_LISTED: Final = _table(
    conv=is_int,
    pool=_is_side,
    flatten=is_bool,
    dense=is_int,
    kernel=_is_side,
    stride=_is_side,
    padding=lambda value: is_int(value) and 0 <= value <= 1000,
    mode=is_str,
    activation=is_str,
    dropout=is_float,
)

_MODEL: Final = _table(
    kind=is_str,
    hidden=list_of(_either(is_int, _table(units=is_int, activation=is_str))),
    layers=list_of(_is_listed_layer),
    activation=_either(is_str, list_of(is_str)),
    output_activation=is_str,
    dropout=is_float,
)

is_experiment: Final = _table(
    title=is_str,
    about=is_str,
    data=_table(
        kind=is_str,
        decimal=is_str,
        thousands=is_str,
        separator=is_str,
        header=is_bool,
        encoding=is_str,
        names=list_of(is_str),
        missing=list_of(is_str),
        features=list_of(is_str),
        classes=list_of(is_str),
        columns=_table(),
        task=is_str,
    ),
    model=_is_model,
    loss=_table(name=is_str),
    optimizer=_table(name=is_str),
    schedule=_table(name=is_str),
    train=_table(),
    population=_table(),
    origin=_table(),
)
"""Whether an experiment's tables have what is read of them without the schema."""


def fitting_result(result: Mapping[str, Any], members: int | None = None) -> dict[str, Any]:
    """Return what of a result is figures: a number each, or a list with one for each member.

    Args:
        result: As recorded.
        members: How many there are; None where that is not known yet.
    """
    return {key: value for key, value in result.items() if _is_of_result(key, value, members)}


def _is_step(value: Any) -> bool:
    return is_int(value) and value >= 0


_OF_MEMBERS: Final[Mapping[str, Fits]] = {
    "statuses": is_str,
    "reasons": is_str,
    "ended_at": _is_step,
}
"""What a result says of each member, never of all of them by one value."""


def _is_of_result(key: str, value: Any, members: int | None) -> bool:
    if key == "confusion":
        # Of one network alone: a list of a population is one with a figure for each member.
        square = members in (None, 1) and list_of(list_of(is_int))(value)
        return square and all(len(row) == len(value) for row in value)
    if type(value) is not list:
        return _is_figure(value) and key not in _OF_MEMBERS
    return all(map(_OF_MEMBERS.get(key, _is_figure), value)) and members in (None, len(value))


_ARGUMENTS: Final[Mapping[str, Fits]] = {
    "lr": is_float,
    "n": is_int,
    "title": is_str,
    "note": is_str,
}


def fitting_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return those arguments of a request that are of their kind, and numbers or texts."""
    number_or_text = _either(is_float, is_str)
    return {
        key: value for key, value in arguments.items() if _ARGUMENTS.get(key, number_or_text)(value)
    }
