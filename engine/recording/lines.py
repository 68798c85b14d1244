"""An event as a line of a recording, and back: JSON, with rows and weights as base64 of float32.

NaN and infinities are data like any other. JSON has no word for them, so plain numbers that are
not finite are written as ``"nan"``, ``"inf"`` and ``"-inf"``.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from ..text.numbers import as_json
from ..text.parsing import from_json
from .agreement import agreeing
from .events import (
    FORMAT,
    KINDS,
    End,
    Event,
    GroupBegins,
    Header,
    LinePlace,
    Request,
    Series,
    Snapshot,
)
from .fitting import (
    Fits,
    anything,
    fitting_arguments,
    fitting_result,
    is_bool,
    is_experiment,
    is_float,
    is_int,
    is_str,
    list_of,
    table_of,
)
from .groups import are_columns

if TYPE_CHECKING:
    import numpy as np

    from .values import Values

_DATA: Final = b',"data":"'
"""What stands before the data of a line, which is its last value."""

MOST_NAMED: Final = 16
"""Members at most whose newest numbers stand in a line by name: those of a thousand networks are
read by no eye, and writing them out would take longer than to train them."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
"""Made once: a run of a second has thousands of lines."""

MOST_DAMAGED: Final = 10_000
"""Lines of a recording that may make no sense; a crash leaves one."""


def encode(
    event: Event, columns: Mapping[str, list[str]] | None = None, t: float | None = None
) -> bytes:
    """Return an event's whole line, newline included.

    Args:
        event: What to write.
        columns: The header's, to name the newest row's numbers in a series' ``last``, which is
            left out where there are more than ``MOST_NAMED`` members.
        t: The seconds that stand in the line; the event's own where left out.
    """
    line: dict[str, Any] = {"kind": event.kind}
    data: bytes | None = None
    if not isinstance(event, Header):
        line["t"] = round(event.t if t is None else t, 4)
    match event:
        case Series():
            line |= {"group": event.group, "first": event.first, "stride": event.stride}
            line |= {"count": event.count, "members": int(event.values.shape[2])}
            line |= {"steps": event.steps} if event.steps else {}
            names = (columns or {}).get(event.group)
            if names is not None and event.count and event.values.shape[2] <= MOST_NAMED:
                newest = event.values[:, -1, :]
                line["last"] = {
                    name: _number(row[0]) if len(row) == 1 else [_number(value) for value in row]
                    for name, row in zip(names, newest, strict=True)
                }
            data = _pack(event.values)
        case Snapshot():
            line |= {"step": event.step, "members": len(event.values)}
            line |= {"best": event.best} if event.best else {}
            data = _pack(event.values)
        case _:
            values = {item.name: getattr(event, item.name) for item in fields(event)}
            values.pop("t")
            line |= as_json(values)
    head = _JSON.encode(line).encode("utf-8", "replace")
    if data is None:
        return head + b"\n"
    # By hand: looking through megabytes of base64 for what JSON would escape finds nothing.
    return b"".join((head[:-1], _DATA, data, b'"}\n'))


Unpack = Callable[[bytes | str, int, int], Any]
"""Makes what a series has as its values of a line's data, rows and members."""


def _array(data: bytes | str, count: int, members: int) -> Values:
    return _unpack(data).reshape(-1, count, members)


def decode(line: bytes | str, start: int | None = None, unpack: Unpack = _array) -> Event | None:
    """Return a line's event, or None where the kind is not known to this version.

    Args:
        line: The line.
        start: Where it stands in its file: rows can then be read again.
        unpack: What rows are held as: an array, or ``Packed`` where few numbers are looked at.

    Raises:
        ValueError: The line is torn or no event.
    """
    body = _parsed(line)
    if not isinstance(body, dict) or not isinstance(kind := body.pop("kind", None), str):
        raise ValueError("the line is no event")
    cls = KINDS.get(kind)
    if cls is None:
        return None
    try:
        if cls is Series:
            count, members = _count(body.pop("count")), _count(body.pop("members"))
            body["values"] = unpack(body.pop("data"), count, members)
        elif cls is Snapshot:
            body["values"] = _unpack(body.pop("data")).reshape(_count(body.pop("members")), -1)
        # Fields of a later version are passed over, so that it may add some within a format.
        values = {name: body[name] for name in _FIELDS[cls] if name in body}
        _check(cls, values)
        if cls is Series and start is not None:
            values["line"] = LinePlace(start, len(line))
        event = _fitting(cls(**values))
        if isinstance(event, Series) and not is_int(event.last_step):
            raise ValueError("the line is no series: its steps are beyond counting")
    except (KeyError, TypeError) as error:
        raise ValueError(f"the line is no whole {cls.kind}: {error}") from error
    return event


def _parsed(line: bytes | str) -> Any:
    """Return what a line of JSON says; of rows and weights the data as bytes.

    Raises:
        ValueError: It is no JSON.
    """
    if isinstance(line, bytes) and line.endswith(b'"}'):
        head, found, data = line[:-2].partition(_DATA)
        # It is nearly all of a line, and nothing in it needs to be looked for.
        if found and b'"' not in data and b"\\" not in data:
            return {**from_json(head + b"}"), "data": data}
    return from_json(line)


def header_of(line: bytes) -> tuple[Header | None, int]:
    """Return a recording's first line, and its format where that is newer than this version's.

    None for the line where it is no header that this version knows; 0 for the format.
    """
    try:
        body = from_json(line)
        newer = int(body["format"]) if body["kind"] == "header" else 0
        event = None if newer > FORMAT else decode(line)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None, 0
    return (event if isinstance(event, Header) else None), newer * (newer > FORMAT)


def _check(cls: type[Event], body: Mapping[str, Any]) -> None:
    """Hold a line's values against their types: a recording may come from anyone.

    Raises:
        ValueError: One is something else.
    """
    for name, value in body.items():
        if not _FITS[_FIELDS[cls][name]](value):
            raise ValueError(f"the line is no {cls.kind}: {name} is {value!r:.60}")
    if cls is Series and body.get("stride", 1) < 1:
        raise ValueError("the line is no series: its steps do not rise")
    if cls is Header and min(body["seeds"], default=-1) < 0:
        raise ValueError("the line is no header: its seeds are none")


def _fitting(event: Event) -> Event:
    """Return an event without what, below its fields, is not what it should be.

    Raises:
        ValueError: Nothing would be left of it.
    """
    match event:
        case Header() if event.is_foreign and not are_columns(event.columns):
            raise ValueError("the line is no header: it has too many columns, or none as they are")
        case GroupBegins() if not are_columns({event.group: event.columns}):
            raise ValueError("the line begins no group: it has no columns that could be")
        case Header():
            said = event.experiment if is_experiment(event.experiment) else {}
            return agreeing(replace(event, experiment=said))
        case Series() if event.steps and not _are_steps(event):
            raise ValueError("the line is no series: its steps do not rise, or are of other rows")
        case End():
            return replace(event, result=fitting_result(event.result))
        case Request():
            arguments = fitting_arguments(event.arguments)
            if event.action == "set_lr" and not event.refused and "lr" not in arguments:
                raise ValueError("the line is no request: no learning rate is set")
            return replace(event, arguments=arguments)
    return event


def _are_steps(series: Series) -> bool:
    """Whether steps that stand in a list rise from the first row's on, one for each row."""
    steps = series.steps
    if len(steps) != series.count or steps[0] != series.first or not all(map(is_int, steps)):
        return False
    return all(before < after for before, after in pairwise(steps))


def _count(value: Any) -> int:
    if not is_int(value) or value < 1:
        raise ValueError(f"a count is {value!r:.60}")
    return int(value)


_FIELDS: Final[Mapping[type[Event], Mapping[str, str]]] = {
    cls: {item.name: str(item.type) for item in fields(cls) if item.name != "line"}
    for cls in KINDS.values()
}
"""The annotation of every field."""


_FITS: Final[Mapping[str, Fits]] = {
    "int": is_int,
    "float": is_float,
    "str": is_str,
    "bool": is_bool,
    "Values": anything,
    "list[int]": list_of(lambda value: type(value) is int),
    "list[str]": list_of(is_str),
    "list[list[float]]": list_of(list_of(is_float)),
    "list[Mapping[str, Any]]": list_of(table_of(anything)),
    "Mapping[str, Any]": table_of(anything),
    "Mapping[str, str]": table_of(is_str),
    "Mapping[str, float]": table_of(is_float),
    "Mapping[str, list[list[float]]]": table_of(list_of(list_of(is_float))),
    "Mapping[str, list[float]]": table_of(list_of(is_float)),
    "Mapping[str, list[int]]": table_of(list_of(is_int)),
    "Mapping[str, list[str]]": table_of(list_of(is_str)),
}
"""Whether a value is what an annotation says."""


def _pack(values: Values) -> bytes:
    import numpy as np

    return binascii.b2a_base64(np.ascontiguousarray(values, "<f4").data, newline=False)


def _unpack(data: bytes | str) -> Values:
    import numpy as np

    return np.frombuffer(base64.b64decode(data, validate=True), "<f4")


def _number(value: np.float32) -> Any:
    """Return a number of single precision in its few digits, written out where JSON has no word."""
    number = float(str(value))
    return number if math.isfinite(number) else str(number)
