"""The plan of a sweep: what is tried, and who is trained with whom; one append-only file.

    {"kind": "sweep", …}     the experiments as they were when it started, and what is swept
    {"kind": "trials", …}    networks to train, each by its setting, its seed and its hash
    {"kind": "groups", …}    which of them are trained side by side, on how many threads
    {"kind": "search", …}    of a sweep that asks for settings as results come: how it asks

What is asked for later, and what is tried again, is added behind: nothing is ever changed. A trial
belongs to the last group that names it. What came of it stands in the group's recording alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .. import __version__
from ..errors import RunError
from ..text.files import open_file, read_file, why
from ..text.owned import create, open_own
from ..text.parsing import from_json, from_toml
from ..text.safe import plain
from .group import TrialGroup
from .trial import Trial

if TYPE_CHECKING:
    from ..experiment.experiment import Experiment

FORMAT: Final = 1
"""The format this version writes; it reads this and every earlier one."""

MAX_BYTES: Final = 64_000_000
"""Bytes of a plan: twice what a hundred thousand trials of ten keys take."""

MOST_VALUES: Final = 3_000_000
"""Values of a line of a plan: of a hundred thousand trials of ten keys."""

MOST_TORN: Final = 10_000
"""Lines of a plan that may make no sense."""

_BEGINNING: Final = b'{"kind":"sweep",'
"""How a plan begins."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """An experiment of which a sweep tries settings, as it was when the sweep started."""

    preset: str
    """What it is called."""
    text: str
    """It in full, as a preset's file."""

    @cached_property
    def experiment(self) -> Experiment:
        """It, as one network.

        Raises:
            PresetError: It does not hold in this version.
        """
        from ..presets.preset import resolve

        return resolve(self.tables, f"sweep of {self.preset}", recorded=True)

    @cached_property
    def tables(self) -> Mapping[str, Any]:
        """The tables it is written in.

        Raises:
            RunError: They are damaged.
        """
        try:
            return from_toml(self.text)
        except ValueError as error:
            raise RunError(f"sweep of {plain(self.preset)}: its plan is damaged: {error}") from None


@dataclass(kw_only=True)
class Plan:
    """What a sweep is to do, as far as it is written down."""

    name: str
    """The sweep's: its folder's."""
    identity: str
    """What two sweeps have in common that are the same one, asked for more or less."""
    keys: tuple[str, ...]
    """What is swept: keys of the experiments."""
    bases: tuple[Base, ...]
    """What they are keys of."""
    made: float = 0.0
    """When it was started, in seconds since 1970."""
    version: str = __version__
    """The version of epochal that started it."""
    search: Mapping[str, Any] | None = None
    """The table that says how settings are asked for as results come; none where all are known."""
    searched: bool = False
    """Whether all settings of the search were asked for and are over."""
    trials: list[Trial] = field(default_factory=list)
    """What is tried, by number."""
    groups: list[TrialGroup] = field(default_factory=list)
    """Who is trained with whom, by number, which is one more than the place."""

    @property
    def places(self) -> dict[int, tuple[TrialGroup, int]]:
        """The group that each trial belongs to by now, and which member of it it is."""
        return {
            trial: (group, member)
            for group in self.groups
            for member, trial in enumerate(group.trials)
        }


def identity_of(bases: Iterable[tuple[str, str]], keys: Iterable[str]) -> str:
    """Return what tells sweeps apart that may not be mixed.

    Args:
        bases: The name and the hash of each experiment.
        keys: What is swept.
    """
    told = json.dumps([sorted(bases), sorted(keys)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def begin(path: Path, plan: Plan) -> None:
    """Write the first line of a plan.

    Raises:
        FileExistsError: There is a plan already.
        OSError: It cannot be written.
    """
    head = {
        "kind": "sweep",
        "identity": plan.identity,
        "format": FORMAT,
        "name": plan.name,
        "version": plan.version,
        "made": plan.made or time.time(),
        "keys": plan.keys,
        "bases": [{"preset": base.preset, "text": base.text} for base in plan.bases],
    }
    with os.fdopen(create(path), "wb") as file:
        _write(file.fileno(), [head])


def add(path: Path, trials: Sequence[Trial], groups: Sequence[TrialGroup]) -> None:
    """Add trials and groups to a plan, all of them or none.

    Raises:
        OSError: It cannot be written.
    """
    lines: list[dict[str, Any]] = []
    if trials:
        rows = [[each.base, dict(each.setting), each.seed, each.digest] for each in trials]
        lines.append({"kind": "trials", "first": trials[0].number, "trials": rows})
    if groups:
        lines.append({"kind": "groups", "groups": [asdict(group) for group in groups]})
    descriptor = open_own(path, os.O_WRONLY | os.O_APPEND)
    try:
        _write(descriptor, lines)
    finally:
        os.close(descriptor)


def write_search(path: Path, sweep: Mapping[str, Any], *, over: bool = False) -> None:
    """Write down how settings are asked for, from now on; or that it is over.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = open_own(path, os.O_WRONLY | os.O_APPEND)
    try:
        _write(descriptor, [{"kind": "search", "sweep": dict(sweep), "over": over}])
    finally:
        os.close(descriptor)


def read(path: Path) -> Plan:
    """Return a plan as far as it is written.

    Raises:
        RunError: It is none, or of a later format.
    """
    plan: Plan | None = None
    try:
        for line in _lines(path):
            if line.get("kind") == "sweep":
                plan = _begun(path, line)
            elif plan is not None:
                _go_on(plan, line)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise RunError(f"{path}: is damaged, and no plan any more: {error!r:.200}") from None
    if plan is None:
        raise RunError(f"{path}: is no plan of a sweep")
    return plan


def _go_on(plan: Plan, line: Mapping[str, Any]) -> None:
    """Take a line of a plan that has begun.

    Raises:
        KeyError, TypeError, ValueError: It is not whole, or says what cannot be.
    """
    match line.get("kind"):
        case "trials":
            # What was torn by a full disk was written again, under the same numbers.
            del plan.trials[_within(line["first"], len(plan.trials) + 1) :]
            for base, setting, seed, digest in line["trials"]:
                trial = Trial(
                    number=len(plan.trials),
                    base=_within(base, len(plan.bases)),
                    setting=dict(setting),
                    seed=_within(seed),
                    digest=str(digest),
                )
                plan.trials.append(trial)
        case "search":
            plan.search, plan.searched = dict(line["sweep"]), bool(line["over"])
        case "groups":
            made = [_group(each, plan) for each in line["groups"]]
            before = _within(made[0].number - 1, len(plan.groups) + 1)
            if any(each.number != at for at, each in enumerate(made, before + 1)):
                raise ValueError("its groups are not numbered one after the other")
            plan.groups[before:] = made


def identity_in(path: Path) -> str:
    """Return the identity of the sweep that a file plans; empty where it plans none."""
    try:
        with open_file(path) as file:
            head = file.read(128)
    except OSError:
        return ""
    if not head.startswith(_BEGINNING):
        return ""
    return head.partition(b'"identity":"')[2].partition(b'"')[0].decode("ascii", "replace")


def _begun(path: Path, line: Mapping[str, Any]) -> Plan:
    if line["format"] > FORMAT:
        raise RunError(
            f"{path}: is of format {line['format']}, this version reads up to {FORMAT}; "
            "update epochal"
        )
    bases = tuple(
        Base(preset=str(each["preset"]), text=str(each["text"])) for each in line["bases"]
    )
    if not bases:
        raise ValueError("there is nothing that is swept")
    return Plan(
        name=path.parent.name,
        identity=str(line["identity"]),
        keys=tuple(map(str, line["keys"])),
        bases=bases,
        made=float(line["made"]),
        version=str(line["version"]),
    )


def _group(told: Mapping[str, Any], plan: Plan) -> TrialGroup:
    """Return a group as it is written in a plan.

    Raises:
        KeyError, TypeError, ValueError: It is not whole, or says what cannot be.
    """
    # What a plan of an earlier version does not say is as it was then.
    said = {"device": "cpu", "allow_code": False, "threads": 1, "every": 1, "rungs": (), **told}
    return TrialGroup(
        number=1 + _within(said["number"] - 1),
        trials=tuple(_within(trial, len(plan.trials)) for trial in said["trials"]),
        device=str(said["device"]),
        allow_code=said["allow_code"] is True,
        threads=1 + _within(said["threads"] - 1, 4096),
        every=1 + _within(said["every"] - 1),
        rungs=tuple((_within(step), float(loss)) for step, loss in said["rungs"]),
    )


def _within(value: Any, end: int = 2**63) -> int:
    """Return a whole number that is at least 0 and below an end.

    Raises:
        ValueError: It is not.
    """
    if type(value) is not int or not 0 <= value < end:
        raise ValueError(f"{value!r:.60} is no whole number from 0 to {end - 1}")
    return value


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the whole lines of a plan.

    Raises:
        RunError: It cannot be read.
    """
    try:
        text = read_file(path, MAX_BYTES)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {why(error)}") from None
    torn = 0
    for line in filter(bytes.strip, io.BytesIO(text)):
        try:
            body = from_json(line, MOST_VALUES)
        except ValueError:
            torn += 1  # By a full disk or a crash.
            if torn > MOST_TORN:
                raise RunError(f"{path}: is no plan: most of it makes no sense") from None
            continue
        if isinstance(body, dict):
            yield body


def _write(descriptor: int, lines: Iterable[Mapping[str, Any]]) -> None:
    """Append whole lines in one piece, and wait until the disk has them."""
    encode = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    text = "".join(f"{encode(line)}\n" for line in lines)
    # Whatever a crash left before is closed by a newline; an empty line harms no reader.
    behind = b"\n" if os.fstat(descriptor).st_size else b""
    left = memoryview(behind + text.encode())
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)
