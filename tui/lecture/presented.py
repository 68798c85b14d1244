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
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any, Final, get_args

from engine.errors import EpochalError
from engine.text.safe import plain

from ..drawing.lists.result import Weights
from ..places import NAMES
from ..replay.tempo import TEMPI, Kind, Tempo
from ..watching.lens import Lens

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
    text: str = ""
    """What the scene shows, where that is plain text."""
    notes: str = ""
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

    runs: tuple[ShownRun, ...] = ()
    """The runs on the screen, the one that is shown first; none for a text."""
    race: bool = False
    """Whether they stand side by side and in step."""
    head: int | None = None
    """The step that is shown; None for the newest, as it comes."""
    lens: Lens = field(default_factory=Lens)
    """How they are looked at."""
    pane: str = "curves"
    """The pane that has the keys."""
    recent: tuple[str, ...] = NAMES
    """Every pane, the one that was shown last first."""
    maximised: bool = False
    """Whether that pane has the whole screen."""
    blank: bool = False
    """Whether the screen shows nothing."""
    big: bool = False
    """Whether it is drawn for the back row."""
    playing: bool = False
    """Whether a replay moves by itself."""
    tempo: Tempo = TEMPI[0]
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
    try:
        table = json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise ValueError("says no format")
    if table["format"] > FORMAT:
        raise PresentedError(
            f"a newer epochal presents this (format {table['format']}); update this one to follow"
        )
    return Message(
        presenter=_text(table.get("presenter", "")),
        beat=_whole(table.get("beat", 0)),
        presented=_made(Presented, table.get("presented"), _PRESENTED),
    )


Reader = Callable[[Any], Any]
"""Returns a value as it is kept; raises where it is none."""


def _made(kind: Callable[..., Any], given: object, readers: Mapping[str, Reader]) -> Any:
    """Return what a table says; what is not understood stays as it is by default."""
    known = given if isinstance(given, dict) else {}
    kept: dict[str, Any] = {}
    for name, reader in readers.items():
        if name in known:
            with contextlib.suppress(ValueError, TypeError, OverflowError):
                kept[name] = reader(known[name])
    return kind(**kept)


def _kept(value: Any, fits: bool) -> Any:
    if not fits:
        raise ValueError(f"does not fit: {value!r}")
    return value


def _flag(value: Any) -> bool:
    return bool(_kept(value, type(value) is bool))


def _whole(value: Any) -> int:
    return int(_kept(value, type(value) is int and 0 <= value <= LARGEST))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _number(value: Any) -> float:
    return float(_kept(value, _is_number(value) and math.isfinite(value) and value >= 0))


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


def _whole_or_none(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _window(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    first, last = value
    return _whole(first), _whole(_kept(last, first <= last))


def _quantity(value: Any) -> str:
    # Here, for it loads numpy, which no first frame waits for.
    from ..drawing.curves.curves import QUANTITIES

    return _string(_kept(value, value in QUANTITIES))


def _tempo(value: Any) -> Tempo:
    known = _kept(value, isinstance(value, dict) and value.get("kind") in get_args(Kind))
    given = {key: known.get(key) for key in ("value", "speed")}
    return Tempo(known["kind"], **{key: each for key, each in given.items() if _is_number(each)})


def _runs(value: Any) -> tuple[ShownRun, ...]:
    tables = [each for each in _kept(value, isinstance(value, list)) if isinstance(each, dict)]
    slots = {_place(each.get("place")): _slot(each.get("slot")) for each in tables}
    return tuple(ShownRun(place=place, slot=slot) for place, slot in slots.items())[:MOST_RUNS]


def _slot(value: Any) -> int:
    return value if type(value) is int and 0 <= value < MOST_RUNS else 0


_LENS: Final[Mapping[str, Reader]] = {
    "log": _flag,
    "quantity": _quantity,
    "smoothing": _whole,
    "cursor": _whole_or_none,
    "window": _window,
    "exhibit": _text,
    "layer": _text,
    "member": _whole_or_none,
    "weights": lambda value: _string(_kept(value, value in get_args(Weights))),
}
_PROGRAMME: Final[Mapping[str, Reader]] = {
    "lecture": _text,
    "title": _text,
    "scene": _whole,
    "scenes": _whole,
    "heading": _text,
    "text": _lines,
    "notes": _lines,
    "next_heading": _text,
    "minutes": _number,
    "scene_minutes": _number,
    "started": _number,
    "scene_started": _number,
}
_PRESENTED: Final[Mapping[str, Reader]] = {
    "runs": _runs,
    "race": _flag,
    "head": _whole_or_none,
    "lens": lambda value: _made(Lens, value, _LENS),
    "pane": _pane,
    "recent": _recent,
    "maximised": _flag,
    "blank": _flag,
    "big": _flag,
    "playing": _flag,
    "tempo": _tempo,
    "programme": lambda value: _made(Programme, value, _PROGRAMME),
}
"""How each field is read."""
