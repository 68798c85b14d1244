"""The items of a run's stream, each a line of its recording.

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
    GroupBegins   rows of a group that the header does not name come from here on
    End           how the run ended, with its result
    Fork          the run branches off from another, whose rows come before this
    Resume        someone went on: rows after ``from_step`` no longer count

Row s of the group ``train`` holds what update s used, so it belongs to the network after s - 1
updates. Rows of ``dev``, snapshots and checkpoints at s show the network after update s.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from .values import Values

FORMAT: Final = 2
"""The newest format this version writes; it reads this and every earlier one."""

WORKER_FORMAT: Final = 1
"""The format of what a worker trains, which needs nothing that is newer."""

Origin = Literal["worker", "import", "watch", "record"]
"""Where a recording comes from: see the package."""

COLUMNS: Final = 1_000
"""Columns that a recording from elsewhere may have, all groups together."""

NAME_LENGTH: Final = 200
"""Characters of a group's or a column's name in such a recording."""

Group = Literal["train", "dev", "epoch", "probe"]
Status = Literal["finished", "stopped", "diverged", "failed"]

_BATCH_NORM: Final = ".norm.running_mean"
"""What the name of a batch-normalised layer is followed by in the name of a buffer."""


KINDS: Final[dict[str, type[Event]]] = {}
"""Every kind of event there is, by its name in the recording."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every event has."""

    kind: ClassVar[str]
    """Its name in the recording."""

    t: float = 0.0
    """Seconds since the start of the run."""

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind, KINDS[kind] = kind, cls


@dataclass(frozen=True, kw_only=True)
class Writer:
    """The process that writes, told apart from every other whatever becomes of the clocks."""

    host: str = ""
    """The machine."""
    boot: str = ""
    """Which start of that machine, as Linux names it; empty elsewhere, and in recordings of before
    it was recorded, as are the following."""
    pid_namespace: str = ""
    """Among which processes the pid counts: those in a container have others."""
    pid: int = 0
    """Its number, which comes round again."""
    pid_ticks: int = 0
    """When it started, in ticks since the machine did."""
    pid_started: float = 0.0
    """When it started, in seconds since 1970: all that is known of one elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Header(Event, Writer, kind="header"):
    """What was started: enough to say what every number after it means, and to run it again."""

    format: int = WORKER_FORMAT
    """Format of the recording."""
    origin: str = "worker"
    """Where it comes from: an ``Origin``, or one of a later version."""
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
    weights_kept: str = ""
    """At which steps weights are kept, as ``engine.training.snapshots`` says it; empty in
    recordings of before it was recorded."""
    probe_per_octave: int = 0
    """How often it is probed each time the step doubles, where ``train.probe`` is ``"auto"``: then
    its planned end is probed, too. 0 in recordings of before it was recorded, whose end was not."""
    branch_of: str = ""
    """The run that it branches off from: without the line that says at which step, of what was
    copied from there nobody knows where it ends. Empty in recordings of before it was recorded."""
    steps: int = 0
    """Steps of the whole run."""
    steps_per_epoch: int = 0
    """Steps of an epoch; 0 where every step draws fresh rows."""
    gradients: str
    """How gradients were computed."""
    gradients_why: str = ""
    """Why not by formulas, or not by compiled ones, where that was left to the engine."""
    way: str = "operations"
    """How its steps were played: ``compiled``, or as operations of PyTorch."""
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
    time: float = 0.0
    """When the run started, in seconds since 1970."""
    files: list[Mapping[str, Any]] = field(default_factory=list)
    """For data from files: name, size in bytes and SHA-256 of each."""
    scaling: Mapping[str, list[float]] = field(default_factory=dict)
    """How inputs and targets were scaled, where they were: ``input_shift``, ``input_scale``,
    ``target_shift`` and ``target_scale``, a number for each column."""
    raw_columns: list[Mapping[str, Any]] = field(default_factory=list)
    """The columns of which the features are made, and what stands for a missing value, as
    ``engine.data.preprocessing`` writes them; empty where each is a number and its own feature."""
    rows: list[int] = field(default_factory=list)
    """How many rows train, dev and test have; none in train where every step draws fresh ones."""
    input_names: list[str] = field(default_factory=list)
    """The name of each feature, of what the network sees."""
    given_names: list[str] = field(default_factory=list)
    """The name of each input that features are computed of; empty where the inputs are these."""
    row_shape: list[int] = field(default_factory=list)
    """The shape of a row: [channels, height, width] of a picture, and what listed layers take;
    empty elsewhere."""
    target_names: list[str] = field(default_factory=list)
    """The name of each output, or of each class."""
    target_range: list[list[float]] = field(default_factory=list)
    """The least and the greatest value of each output in the training set, as the loss sees them:
    after scaling. Empty for classes, and in recordings that do not know it."""
    class_weights: list[list[float]] = field(default_factory=list)
    """What a row of each class counts for, for each member; empty where all count the same."""
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
    def gradients_by(self) -> str:
        """What gradients came by, as a sentence says it: formulas, differences or autograd."""
        return {"manual": "formulas", "numeric": "differences"}.get(self.gradients, self.gradients)

    @property
    def is_foreign(self) -> bool:
        """Whether something else than a worker trained it, so that it has no experiment."""
        return self.origin != "worker"

    @property
    def row_names(self) -> list[str]:
        """The name of each input that a row gives; early recordings do not hold them."""
        return self.given_names or self.input_names

    @property
    def inputs(self) -> int:
        """How many numbers a row gives, also where a recording does not name them."""
        first = next(iter(self.parameters.values()), [])
        return len(self.row_names) or (first[-1] if first else 0)

    @property
    def idle_biases(self) -> frozenset[str]:
        """The biases that batch normalisation takes out again, whatever they are.

        Their gradients are rounding errors around 0 and evidence of nothing.
        """
        normalised = (name.removesuffix(_BATCH_NORM) for name in self.buffers)
        return frozenset({f"{layer}.bias" for layer in normalised} & set(self.parameters))


class LinePlace(NamedTuple):
    """Where a line of a recording stands."""

    start: int
    """Its first byte."""
    length: int
    """How many bytes it has, without its newline."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series(Event, kind="series"):
    """Consecutive rows of one group."""

    group: str
    """Which columns: the header's ``columns[group]``."""
    first: int
    """Step of the first row."""
    stride: int = 1
    """Steps from one row to the next."""
    steps: list[int] = field(default_factory=list)
    """The step of each row, rising, where they lie unevenly; empty where ``stride`` says it."""
    values: Values
    """The rows: [columns, count, members] float32."""
    line: LinePlace | None = None
    """Where they were read, which no recording says of itself."""

    @property
    def count(self) -> int:
        """How many rows."""
        return int(self.values.shape[1])

    @property
    def last_step(self) -> int:
        """Step of the newest row."""
        return self.steps[-1] if self.steps else self.first + (self.count - 1) * self.stride

    def row_until(self, step: int) -> int | None:
        """Return the newest row at or before a step, if there is one."""
        if self.steps:
            row = bisect.bisect_right(self.steps, step) - 1
        else:
            row = min((step - self.first) // self.stride, self.count - 1)
        return row if row >= 0 else None


@dataclass(frozen=True, kw_only=True)
class GroupBegins(Event, kind="group"):
    """A group that the header does not name, as of a script that says later what it measures.

    It may be said again, so that whoever reads the end of a long recording learns of it.
    """

    group: str
    """Its name."""
    columns: list[str]
    """The names of its columns."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot(Event, kind="snapshot"):
    """The weights at a step: what a viewer needs to compute the network's picture."""

    step: int
    """After this update; 0 is the untrained network."""
    best: list[int] = field(default_factory=list)
    """Where these are the weights with which each member did best on the dev set: the step at
    which each did, 0 where a member has none. They are written once more before the end, so the
    step goes backwards there; of a population whose members differ it is the greatest of them."""
    values: Values
    """[members, parameters] float32, in the header's order."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Event, kind="checkpoint"):
    """A file beside the recording with everything needed to go on from a step."""

    step: int
    """After this update."""
    file: str
    """Its path in the run's folder."""
    seconds: float = 0.0
    """How long the run waited for it."""


@dataclass(frozen=True, kw_only=True)
class MarkReached(Event, kind="mark"):
    """A step worth stopping at."""

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
class Request(Event, kind="request"):
    """What a viewer asked of the worker, and what came of it."""

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
class RunWarning(Event, kind="warning"):
    """Something the user should know."""

    step: int
    """After this update."""
    message: str
    """What, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Event, kind="heartbeat"):
    """Still alive, with nothing to say."""

    step: int
    """After this update."""


@dataclass(frozen=True, kw_only=True)
class MachineFigures(Event, kind="machine"):
    """What training takes of the machine that it runs on.

    They are of this machine at this moment: two recordings of one run differ here and in ``t``
    alone, so that nothing which compares runs may look at them.
    """

    step: int
    """After this update."""
    figures: Mapping[str, float]
    """By name, as in ``engine.runs.meter``; what a machine cannot tell is left out."""


PRUNED: Final = "pruned"
"""The reason of a network that ended because others of its search had done better by then."""


@dataclass(frozen=True, kw_only=True)
class End(Event, kind="end"):
    """How the run ended."""

    step: int
    """The last step."""
    status: str
    """``finished``, ``stopped``, ``diverged`` or ``failed``."""
    reason: str
    """``epochs``, ``steps``, ``threshold``, ``patience``, ``pruned``, a request's viewer, or what
    failed."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """The figures: ``train_loss``, ``test_accuracy``, ``steps``, ``seconds`` and so on, a number
    each, or a list with one for each member."""


@dataclass(frozen=True, kw_only=True)
class Fork(Event, kind="fork"):
    """Here the run branches off from another: what comes before this line is that one's.

    The header has the experiment that is trained from here on.
    """

    step: int
    """The last step that both have in common."""
    parent: str
    """The other run's name."""
    digest: str
    """SHA-256 of the rows that both have in common."""
    experiment: Mapping[str, Any]
    """What was trained up to there, as the parent's header has it."""
    changes: Mapping[str, Any]
    """The keys that differ from here on, and what they are now."""
    weights_kept: str = ""
    """At which steps weights were kept up to there, as the parent's header has it."""
    probe_per_octave: int = 0
    """How often it was probed up to there, as the parent's header has it."""
    fresh: list[str] = field(default_factory=list)
    """What begins anew here, in words."""
    lengthened_at: list[int] = field(default_factory=list)
    """The steps after which the schedules of the other run were given another length."""
    lengths: list[int] = field(default_factory=list)
    """That length, each time."""
    ignores_stopping: bool = False
    """Whether the other run was gone on with though patience or a threshold had ended it."""
    otherwise: list[str] = field(default_factory=list)
    """What is not as it was when the rows before this were recorded: bits may differ."""
    member: int = 0
    """Which network of the other run this one is from here on, from 1; 0 where it is all of it."""

    @property
    def words(self) -> str:
        """What it is, in a sentence."""
        # Of a table of another kind its name says enough: all of its keys are others.
        named = [key.partition(".")[0] for key in self.changes if key.endswith(".name")]
        told = {
            key: value
            for key, value in self.changes.items()
            if value is not None and (key.endswith(".name") or key.partition(".")[0] not in named)
        }
        changed = ", ".join(f"{key} {value}" for key, value in told.items())
        of = f"member {self.member} of " if self.member else ""
        said = f"branches off from {of}{self.parent} at step {self.step}"
        anew = f"; begins anew: {', '.join(self.fresh)}" if self.fresh else ""
        return f"{said} with {changed}{anew}" if changed else said + anew


@dataclass(frozen=True, kw_only=True)
class Resume(Event, Writer, kind="resume"):
    """Someone took the lock and went on."""

    from_step: int
    """Rows after this step no longer count, nor does an end before this line; -1 where it begins
    anew, with what is recorded before its first step."""
    time: float = 0.0
    """When, in seconds since 1970."""
    steps: int = 0
    """How many steps the run has from here on; 0 where that stays as it was."""
    reschedules: bool = False
    """Whether its schedules are of that length from here on, too."""
    ignores_stopping: bool = False
    """Whether patience and a threshold no longer end it."""
    otherwise: list[str] = field(default_factory=list)
    """What is not as it was before, where it was gone on with in any way: bits may differ."""
    paused: bool = False
    """Whether it was paused at that step; to go on is to train."""
    anew: str = ""
    """Why it begins anew, where it does."""

    @property
    def words(self) -> str:
        """What it is, in a sentence."""
        place = "begins anew from its seed" if self.anew else f"goes on from step {self.from_step}"
        said = [f"the run {place}"]
        said += [f" on {self.host}"] if self.host else []
        said += [f", to {self.steps} steps"] if self.steps else []
        said += [" with schedules of that length"] if self.reschedules else []
        said += [", whatever patience or a threshold say"] if self.ignores_stopping else []
        said += ["; it was paused there"] if self.paused else []
        said += [f"; {self.anew}"] if self.anew else []
        said += [f"; bits may differ: {', '.join(self.otherwise)}"] if self.otherwise else []
        return "".join(said)
