"""The items of a run's stream, and their lines in a recording.

    Header        what was started: the first line, and the only one without ``t``
    then, in the order they happened, each with ``t``, the seconds since the start:
    Series        consecutive rows of one group of columns; every step is kept
    Snapshot      the weights at a step
    Checkpoint    a file with everything needed to go on from a step
    MarkReached   a mark's step has come
    Request       what a viewer asked, and what came of it
    RunWarning    something the user should know
    Heartbeat     still alive, nothing to say
    MachineFigures
                  what training takes of the machine, at most once a second
    End           how the run ended, with its result
    Resume        someone went on: rows after ``from_step`` no longer count

Row s of the group ``train`` holds what update s used, so it belongs to the network after s - 1
updates. Rows of ``dev``, snapshots and checkpoints at s show the network after update s.

NaN and infinities are data like any other. JSON has no word for them, so plain numbers that are
not finite are written as ``"nan"``, ``"inf"`` and ``"-inf"``.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

FORMAT: Final = 1
"""The format this version writes; it reads this and every earlier one."""

Group = Literal["train", "dev", "epoch", "probe"]
Status = Literal["finished", "stopped", "diverged", "failed"]

Values = NDArray[np.float32]

_BATCH_NORM: Final = ".norm.running_mean"
"""What the name of a batch-normalised layer is followed by in the name of a buffer."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every event has."""

    kind: ClassVar[str]
    """Its name in the recording."""

    t: float = 0.0
    """Seconds since the start of the run."""


@dataclass(frozen=True, kw_only=True)
class Header(Event):
    """What was started: enough to say what every number after it means, and to run it again."""

    kind: ClassVar[str] = "header"

    format: int = FORMAT
    """Format of the recording."""
    run: str
    """The run's name: its folder's."""
    experiment: Mapping[str, Any]
    """The resolved experiment in full, as a preset's tables."""
    seeds: list[int]
    """The seed of each member."""
    variants: list[Mapping[str, Any]] = field(default_factory=list)
    """What each member's experiment has that others' may not: dotted keys of a preset, and values.
    Empty in recordings of before there were populations."""
    parameters: Mapping[str, list[int]]
    """Every parameter's name and shape, in the order of a snapshot."""
    buffers: Mapping[str, list[int]] = field(default_factory=dict)
    """What a snapshot has after the parameters: batch normalisation's running figures."""
    columns: Mapping[str, list[str]]
    """The columns of each group."""
    steps: int = 0
    """Steps of the whole run."""
    steps_per_epoch: int = 0
    """Steps of an epoch; 0 where every step draws fresh rows."""
    gradients: str
    """How gradients were computed."""
    gradients_why: str = ""
    """Why not by formulas, where that was left to the engine."""
    device: str
    """Where it trained, as PyTorch writes it: ``cpu``, ``cuda:0``."""
    device_name: str = ""
    """The processor's name."""
    threads: int = 1
    """CPU threads of one operation."""
    capability: str = ""
    """The CPU's vector instructions as PyTorch names them; bits may differ where this does."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of epochal, python, torch and numpy."""
    host: str = ""
    """The machine."""
    pid: int = 0
    """The worker's process."""
    pid_started: float = 0.0
    """When that process started, in seconds since 1970: a pid alone may be someone else's."""
    time: float = 0.0
    """When the run started, in seconds since 1970."""
    files: list[Mapping[str, Any]] = field(default_factory=list)
    """For data from files: name, size in bytes and SHA-256 of each."""
    scaling: Mapping[str, list[float]] = field(default_factory=dict)
    """How inputs and targets were scaled, where they were: ``input_shift``, ``input_scale``,
    ``target_shift`` and ``target_scale``, a number for each column."""
    rows: list[int] = field(default_factory=list)
    """How many rows train, dev and test have; none in train where every step draws fresh ones."""
    input_names: list[str] = field(default_factory=list)
    """The name of each feature."""
    target_names: list[str] = field(default_factory=list)
    """The name of each output, or of each class."""
    target_range: list[list[float]] = field(default_factory=list)
    """The least and the greatest value of each output in the training set, as the loss sees them:
    after scaling. Empty for classes, and in recordings that do not know it."""
    input_size: Mapping[str, float] = field(default_factory=dict)
    """How large the inputs of the training set are, after scaling: see
    ``engine.training.constant_answer.size_of``. Empty in recordings that do not know it, as are
    the following."""
    target_size: Mapping[str, float] = field(default_factory=dict)
    """The same of targets that are numbers."""
    constant_loss: Mapping[str, list[float]] = field(default_factory=dict)
    """What the best answer that is the same for every row loses: a number for each member, of
    ``train`` as a step's loss is counted and of ``dev``, with the answer found on the training set.
    """
    class_shares: Mapping[str, list[list[float]]] = field(default_factory=dict)
    """The share of each class in ``train`` and in ``dev``, for each member."""

    @property
    def members(self) -> int:
        """How many networks are trained together."""
        return len(self.seeds)

    @property
    def idle_biases(self) -> frozenset[str]:
        """The biases that batch normalisation takes out again, whatever they are.

        Their gradients are rounding errors around 0 and evidence of nothing.
        """
        normalised = (name.removesuffix(_BATCH_NORM) for name in self.buffers)
        biases = {f"{layer}.bias" for layer in normalised}
        return frozenset(biases & set(self.parameters))


@dataclass(frozen=True, kw_only=True, eq=False)
class Series(Event):
    """Consecutive rows of one group."""

    kind: ClassVar[str] = "series"

    group: str
    """Which columns: the header's ``columns[group]``."""
    first: int
    """Step of the first row."""
    stride: int = 1
    """Steps from one row to the next."""
    values: Values
    """The rows: [columns, count, members] float32."""

    @property
    def count(self) -> int:
        """How many rows."""
        return int(self.values.shape[1])

    @property
    def last_step(self) -> int:
        """Step of the newest row."""
        return self.first + (self.count - 1) * self.stride


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot(Event):
    """The weights at a step: what a viewer needs to compute the network's picture."""

    kind: ClassVar[str] = "snapshot"

    step: int
    """After this update; 0 is the untrained network."""
    best: list[int] = field(default_factory=list)
    """Where these are the weights with which each member did best on the dev set: the step at
    which each did, 0 where a member has none. They are written once more before the end, so the
    step goes backwards there; of a population whose members differ it is the greatest of them."""
    values: Values
    """[members, parameters] float32, in the header's order."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Event):
    """A file beside the recording with everything needed to go on from a step."""

    kind: ClassVar[str] = "checkpoint"

    step: int
    """After this update."""
    file: str
    """Its path in the run's folder."""


@dataclass(frozen=True, kw_only=True)
class MarkReached(Event):
    """A step worth stopping at."""

    kind: ClassVar[str] = "mark"

    step: int
    """After this update."""
    title: str
    """What is to be seen there."""
    note: str = ""
    """What to say about it."""
    pause: bool = False
    """Whether a replay pauses there."""
    of: str = ""
    """The preset whose mark it is, where the run trains something else: then it is listed as that
    preset's, and what it says is not announced."""

    @property
    def called(self) -> str:
        """Its title, as the preset's where it is one of a preset that the run no longer is."""
        return f"{self.title} (of {self.of})" if self.of else self.title


@dataclass(frozen=True, kw_only=True)
class Request(Event):
    """What a viewer asked of the worker, and what came of it."""

    kind: ClassVar[str] = "request"

    id: str
    """The request's id, by which it is never taken twice."""
    viewer: str
    """Who asked."""
    action: str
    """What was asked: see ``engine.runs.requests``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """With what."""
    step: int
    """The step it took effect after."""
    refused: str = ""
    """Why it was not carried out; empty where it was."""


@dataclass(frozen=True, kw_only=True)
class RunWarning(Event):
    """Something the user should know."""

    kind: ClassVar[str] = "warning"

    step: int
    """After this update."""
    message: str
    """What, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Event):
    """Still alive, with nothing to say."""

    kind: ClassVar[str] = "heartbeat"

    step: int
    """After this update."""


@dataclass(frozen=True, kw_only=True)
class MachineFigures(Event):
    """What training takes of the machine that it runs on.

    They are of this machine at this moment: two recordings of one run differ here and in ``t``
    alone, so that nothing which compares runs may look at them.
    """

    kind: ClassVar[str] = "machine"

    step: int
    """After this update."""
    figures: Mapping[str, float]
    """By name, as in ``engine.training.meter``; what a machine cannot tell is left out."""


@dataclass(frozen=True, kw_only=True)
class End(Event):
    """How the run ended."""

    kind: ClassVar[str] = "end"

    step: int
    """The last step."""
    status: str
    """``finished``, ``stopped``, ``diverged`` or ``failed``."""
    reason: str
    """``epochs``, ``steps``, ``threshold``, ``patience``, a request's viewer, or what failed."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """The figures: ``train_loss``, ``test_accuracy``, ``steps``, ``seconds`` and so on, a number
    each, or a list with one for each member."""


@dataclass(frozen=True, kw_only=True)
class Resume(Event):
    """Someone took the lock and went on."""

    kind: ClassVar[str] = "resume"

    from_step: int
    """Rows after this step no longer count, nor does an end before this line."""
    host: str
    """The machine."""
    pid: int
    """The worker's process."""
    pid_started: float = 0.0
    """When that process started, in seconds since 1970."""
    time: float = 0.0
    """When, in seconds since 1970."""


KINDS: Final[Mapping[str, type[Event]]] = {
    cls.kind: cls
    for cls in (
        Header,
        Series,
        Snapshot,
        Checkpoint,
        MarkReached,
        Request,
        RunWarning,
        Heartbeat,
        MachineFigures,
        End,
        Resume,
    )
}
"""Every kind of event there is."""


def encode(event: Event, columns: Mapping[str, list[str]] | None = None) -> bytes:
    """Return an event's whole line, newline included.

    Args:
        event: What to write.
        columns: The header's, to name the newest row's numbers in a series' ``last``.
    """
    line: dict[str, Any] = {"kind": event.kind}
    data: bytes | None = None
    if not isinstance(event, Header):
        line["t"] = round(event.t, 4)
    match event:
        case Series():
            line |= {"group": event.group, "first": event.first, "stride": event.stride}
            line |= {"count": event.count, "members": int(event.values.shape[2])}
            names = (columns or {}).get(event.group)
            if names is not None and event.count:
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
            line |= _plain(values)
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    head = text.encode("utf-8", "replace")
    if data is None:
        return head + b"\n"
    # By hand: looking through megabytes of base64 for what JSON would escape finds nothing.
    return b"".join((head[:-1], b',"data":"', data, b'"}\n'))


def decode(line: bytes | str) -> Event | None:
    """Return a line's event, or None where the kind is not known to this version.

    Raises:
        ValueError: The line is torn or no event.
    """
    body = json.loads(line)
    if not isinstance(body, dict) or not isinstance(kind := body.pop("kind", None), str):
        raise ValueError("the line is no event")
    cls = KINDS.get(kind)
    if cls is None:
        return None
    try:
        if cls is Series:
            shape = (-1, _count(body.pop("count")), _count(body.pop("members")))
            body["values"] = _unpack(body.pop("data")).reshape(shape)
        elif cls is Snapshot:
            body["values"] = _unpack(body.pop("data")).reshape(_count(body.pop("members")), -1)
        # Fields of a later version are passed over, so that it may add some within a format.
        values = {name: body[name] for name in _FIELDS[cls] if name in body}
        _check(cls, values)
        event = cls(**values)
        if isinstance(event, Series) and not _is_int(event.last_step):
            raise ValueError("the line is no series: its steps are beyond counting")
    except (KeyError, TypeError) as error:
        raise ValueError(f"the line is no whole {cls.kind}: {error}") from error
    return event


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
    if cls is Header and not body["seeds"]:
        raise ValueError("the line is no header: there are no seeds")


def _count(value: Any) -> int:
    if not _is_int(value) or value < 1:
        raise ValueError(f"a count is {value!r:.60}")
    return int(value)


def _is_int(value: Any) -> bool:
    # What float64 holds exactly, so that it can be computed with anywhere.
    return type(value) is int and abs(value) <= 2**53


def _is_float(value: Any) -> bool:
    return _is_int(value) or (type(value) is float and math.isfinite(value))


def _is_str(value: Any) -> bool:
    return type(value) is str


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: type(value) is list and all(map(fits, value))


def _table_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: type(value) is dict and all(map(fits, value.values()))


def _anything(value: Any) -> bool:
    return True


_FIELDS: Final[Mapping[type[Event], Mapping[str, str]]] = {
    cls: {item.name: str(item.type) for item in fields(cls)} for cls in KINDS.values()
}
"""The annotation of every field."""

_FITS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "int": _is_int,
    "float": _is_float,
    "str": _is_str,
    "bool": lambda value: type(value) is bool,
    "Values": _anything,
    "list[int]": _list_of(lambda value: type(value) is int),
    "list[str]": _list_of(_is_str),
    "list[list[float]]": _list_of(_list_of(_is_float)),
    "list[Mapping[str, Any]]": _list_of(_table_of(_anything)),
    "Mapping[str, Any]": _table_of(_anything),
    "Mapping[str, str]": _table_of(_is_str),
    "Mapping[str, float]": _table_of(_is_float),
    "Mapping[str, list[list[float]]]": _table_of(_list_of(_list_of(_is_float))),
    "Mapping[str, list[float]]": _table_of(_list_of(_is_float)),
    "Mapping[str, list[int]]": _table_of(_list_of(_is_int)),
    "Mapping[str, list[str]]": _table_of(_list_of(_is_str)),
}
"""Whether a value is what an annotation says."""


def _pack(values: Values) -> bytes:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes())


def _unpack(data: str) -> Values:
    return np.frombuffer(base64.b64decode(data, validate=True), "<f4")


def _number(value: Any) -> float | str:
    """Return a plain number, written out where JSON has no word for it; float32 stays short."""
    number = float(value)
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    return float(str(value)) if isinstance(value, np.float32) else number


def _plain(value: Any) -> Any:
    """Return ``value`` as what JSON can say."""
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return _number(value)
        case _:
            return value


def number(value: Any) -> float:
    """Return a plain number of a recording, written-out ones included."""
    return float(value)
