"""What a presenter shows, as it lies in the shared folder for whoever follows.

    Presented ── write ──► {"format": 1, "presenter": …, "beat": …, "presented": {…}} ── read ──►

A message is data of somebody else's making: what is not understood in it is left at its default,
and no text in it can act on a terminal. Whose file it is and when it is read,
``tui.lecture.presenting`` knows; how a screen follows it, ``tui.lecture.following``.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import cache
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from engine.errors import EpochalError
from engine.text.parsing import from_json
from engine.text.safe import plain

from ..places.registry import NAMES
from ..replay.tempo import TEMPI, Kind, Tempo
from ..watching.view import Lens

FORMAT: Final = 1
"""What this version writes; it understands this and all before."""
MOST_TEXT: Final = 20_000
"""Characters of a text that are kept: as many as a scene may have."""
MOST_RUNS: Final = 6
"""Runs that are kept: as many as there are colours."""
LARGEST: Final = 2**53


class PresentedError(EpochalError):
    """A message that a newer version wrote."""


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """A run on the presenter's screen."""

    place: str
    """Its path: as seen from the folder of runs where it is in there, else in full."""
    slot: int = 0
    """Its place among the colours of runs."""

    @property
    def name(self) -> str:
        """The run's name."""
        path = PurePath(self.place)
        return path.stem if path.suffix == ".jsonl" else path.name


@dataclass(frozen=True, kw_only=True)
class Programme:
    """Which scene of which lecture it is, and since when; all empty where it is no lecture."""

    lecture: str = ""
    """The lecture's name."""
    title: str = ""
    """The lecture's title."""
    scene: int = 0
    """Which scene, the first being 0."""
    scenes: int = 0
    """How many there are."""
    heading: str = ""
    """The scene's title."""
    text: Annotated[str, _lines] = ""
    """What the scene shows, where that is plain text."""
    notes: Annotated[str, _lines] = ""
    """What the presenter says; for the presenter's own second screen."""
    next_heading: str = ""
    """The next scene's title; empty at the last one."""
    minutes: float = 0.0
    """How long the lecture is meant to take; 0 where nobody says."""
    scene_minutes: float = 0.0
    """How long the scene is meant to take."""
    started: float = 0.0
    """When the lecture began, in seconds since 1970; 0 where it has not."""
    scene_started: float = 0.0
    """When the scene began."""


@dataclass(frozen=True, kw_only=True)
class Presented:
    """Everything that decides what the presenter's screen shows, beside its size and colours."""

    runs: Annotated[tuple[ShownRun, ...], _runs] = ()
    """The runs on the screen, the one that is shown first; none for a text."""
    race: bool = False
    """Whether they stand side by side and in step."""
    head: int | None = None
    """The step that is shown; None for the newest, as it comes."""
    lens: Lens = field(default_factory=Lens)
    """How they are looked at."""
    pane: Annotated[str, _pane] = "curves"
    """The pane that has the keys."""
    recent: Annotated[tuple[str, ...], _recent] = NAMES
    """Every pane, the one that was shown last first."""
    maximised: bool = False
    """Whether that pane has the whole screen."""
    blank: bool = False
    """Whether the screen shows nothing."""
    big: bool = False
    """Whether it is drawn for the back row."""
    playing: bool = False
    """Whether a replay moves by itself."""
    tempo: Annotated[Tempo, _tempo] = TEMPI[0]
    """How fast, its speed included."""
    programme: Programme = Programme()
    """Which scene of which lecture it is."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a presenter says at one moment."""

    presenter: str
    """Who says it: another word for every time somebody presents."""
    beat: int
    """How many came before it: two messages differ even where the same is shown."""
    presented: Presented


def write(message: Message) -> bytes:
    """Return a message as the file holds it."""
    # Only ASCII, so that a name that is no valid text survives the way.
    return json.dumps({"format": FORMAT, **asdict(message)}).encode("ascii")


def read(body: bytes) -> Message:
    """Return the message that a file holds.

    Raises:
        ValueError: It is no whole message: torn, or no message at all.
        PresentedError: A newer version wrote it.
    """
    table = from_json(body)
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise ValueError("says no format")
    if table["format"] > FORMAT:
        raise PresentedError(
            f"a newer epochal presents this (format {table['format']}); update this one to follow"
        )
    return Message(
        presenter=_text(table.get("presenter", "")),
        beat=_whole(table.get("beat", 0)),
        presented=_made(Presented, table.get("presented")),
    )


Reader = Callable[[Any], Any]
"""Returns a value as it is kept; raises where it is none."""


def _kept(value: Any, fits: bool) -> Any:
    if not fits:
        raise ValueError(f"does not fit: {value!r}")
    return value


def _flag(value: Any) -> bool:
    return bool(_kept(value, type(value) is bool))


def _whole(value: Any) -> int:
    return int(_kept(value, type(value) is int and 0 <= value <= LARGEST))


def _number(value: Any) -> float:
    return float(_kept(value, _is_number(value) and math.isfinite(value) and value >= 0))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _string(value: Any) -> str:
    return str(_kept(value, type(value) is str))


def _text(value: Any) -> str:
    return plain(_string(value)[:MOST_TEXT])


def _lines(value: Any) -> str:
    return plain(_string(value)[:MOST_TEXT], lines=True)


def _place(value: Any) -> str:
    """Return a path; what it leads to is looked at where it is followed."""
    return _string(_kept(value, isinstance(value, str) and value != "" and "\0" not in value))


def _pane(value: Any) -> str:
    return _string(_kept(value, value in NAMES))


def _recent(value: Any) -> tuple[str, ...]:
    """Return every pane once: those that are known in their order, then the others."""
    said = [name for name in _kept(value, isinstance(value, list)) if name in NAMES]
    return tuple(dict.fromkeys([*said, *NAMES]))


def _window(value: Any) -> tuple[int, int]:
    first, last = value
    return _whole(first), _whole(_kept(last, first <= last))


def _tempo(value: Any) -> Tempo:
    table = _kept(value, isinstance(value, dict) and value.get("kind") in get_args(Kind))
    given = {key: table.get(key) for key in ("value", "speed")}
    return Tempo(table["kind"], **{key: each for key, each in given.items() if _is_number(each)})


def _slot(value: Any) -> int:
    return value if type(value) is int and 0 <= value < MOST_RUNS else 0


def _runs(value: Any) -> tuple[ShownRun, ...]:
    tables = [each for each in _kept(value, isinstance(value, list)) if isinstance(each, dict)]
    slots = {_place(each.get("place")): _slot(each.get("slot")) for each in tables}
    return tuple(ShownRun(place=place, slot=slot) for place, slot in slots.items())[:MOST_RUNS]


_READERS: Final[Mapping[object, Reader]] = {
    bool: _flag,
    int: _whole,
    float: _number,
    str: _text,
    tuple[int, int]: _window,
}
"""How a value of each type is read; a field that is read otherwise says so by ``Annotated``."""


@cache
def readers_of(kind: type) -> Mapping[str, Reader]:
    """Return how each field of a dataclass is read: its type says it."""
    return {name: _reader(hint) for name, hint in get_type_hints(kind, include_extras=True).items()}


def _reader(hint: Any) -> Reader:
    if get_origin(hint) is Annotated:
        reader: Reader = hint.__metadata__[0]
        return reader
    if get_origin(hint) is Literal:
        return lambda value: _string(_kept(value, value in get_args(hint)))
    if is_dataclass(hint):
        return lambda value: _made(hint, value)
    if type(None) in get_args(hint):
        inner = _reader(next(each for each in get_args(hint) if each is not type(None)))
        return lambda value: None if value is None else inner(value)
    return _READERS[hint]


def _made(kind: Any, given: object) -> Any:
    """Return what a table says; what is not understood stays as it is by default."""
    table = given if isinstance(given, dict) else {}
    kept: dict[str, Any] = {}
    for name, reader in readers_of(kind).items():
        if name in table:
            with contextlib.suppress(ValueError, TypeError, OverflowError):
                kept[name] = reader(table[name])
    return kind(**kept)
