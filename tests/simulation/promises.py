"""What is promised, held against what happens, at every step of a schedule.

of the recording   whole lines are only ever added; readers see a beginning of them; what was
synced is there after a power failure
of requests        what was asked of a worker that lives is answered, once; what could not be
asked for, or was asked of another worker before, is not
of the state       a run that has ended is never shown crashed, nor is one that lives; one whose
worker was killed is, in the end
of going on        it begins at a row that was recorded, and every row follows from the one before
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.recording.tail import Tail
from engine.runs.folder import RunFolder
from engine.runs.requests import PendingRequest

from .calls import ROOT
from .disk import LAG, Machine
from .training import RATE, STEPS, next_loss
from .world import Process, World

SYNCED: Final = ("mark", "checkpoint", "end", "resume")
"""What is on the disk when the recorder returns."""


@dataclass
class Asked:
    """A request that somebody made."""

    at: float
    """When it was surely asked for; infinite until then, or where it was not."""
    begun: float
    """When its writing began."""
    machine: Machine
    refused: bool = False
    """Whether its viewer was told that it could not be asked for."""


@dataclass
class Order:
    """What a worker was told to do."""

    worker: Process
    begun: float
    """When whoever gives it began to do so."""
    given: float
    """When it was given."""


@dataclass
class Truth:
    """All that is known of a run, from above.

    Args:
        world: Where it happens.
    """

    world: World
    lines: list[bytes] = field(default_factory=list)
    """The whole lines of the recording."""
    sure: int = 0
    """How many of them must outlive a power failure."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Those lines that hold an event, but for rows."""
    last_step: int = 0
    checkpoints: set[int] = field(default_factory=set)
    requests: dict[str, Asked] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    taken: dict[str, Process] = field(default_factory=dict)
    """Which worker has read a request."""
    orders: dict[int, Order] = field(default_factory=dict)
    """By the worker's pid."""
    full: bool = False
    """Whether there has been no room on the disk."""
    removed: bool = False
    tried_to_remove: bool = False
    """Whether somebody has begun to remove it, and may have been killed in that."""
    folder: RunFolder = field(default_factory=lambda: RunFolder(Path(ROOT, "runs", "none")))
    """The run's."""
    _whole: bytes = b""

    # The recording.

    def wrote(self, content: bytes) -> None:
        """Take in what the recording has now."""
        whole = content[: content.rfind(b"\n") + 1]
        if not whole.startswith(self._whole):
            self.world.violate("a line that was whole has changed")
            return
        for line in whole[len(self._whole) :].split(b"\n")[:-1]:
            self.lines.append(line)
            self._take(line)
        self._whole = whole

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        match event["kind"]:
            case "series":
                self.last_step = event["first"] + event["count"] - 1
                return
            case "checkpoint":
                self.checkpoints.add(event["step"])
            case "request":
                if event["id"] in self.answered:
                    self.world.violate(f"{event['action']} {event['id']} was answered twice")
                self.answered.add(event["id"])
            case "resume":
                step = event["from_step"]
                if step > self.last_step or (step >= 0 and step not in self.checkpoints):
                    self.world.violate(f"it goes on from step {step}, which was not recorded")
                self.last_step = max(step, 0)
            case "end":
                self.last_step = event["step"]
                # Nothing else can fail here: a stand-in that no longer fits is found out, too.
                full = self.full and "No space left" in event["reason"]
                away = self._may_be_away and "was removed or moved away" in event["reason"]
                if event["status"] == "failed" and not (full or away):
                    self.world.violate(f"it failed: {event['reason']}")
        self.events.append(event)
        self.world.note(f"recorded: {event['kind']} {event.get('action', event.get('step', ''))}")

    @property
    def _may_be_away(self) -> bool:
        """Whether it may have been removed while it was trained.

        Where no locks are known nobody is kept from removing what is gone on with.
        """
        return self.tried_to_remove and not self.world.locks

    @property
    def writer(self) -> int:
        """The process that wrote last, as the recording says; 0 before it says so."""
        pids = [event["pid"] for event in self.events if event["kind"] in ("header", "resume")]
        return pids[-1] if pids else 0

    @property
    def is_over(self) -> bool:
        """Whether the recording says how the run ended."""
        kinds = [event["kind"] for event in self.events if event["kind"] in ("end", "resume")]
        return kinds[-1:] == ["end"]

    def read(self, tail: Tail, lines: list[bytes]) -> None:
        """Hold what was read against what was written."""
        known: int = vars(tail).setdefault("lines_before", 0)
        vars(tail)["lines_before"] += len(lines)
        if self.lines[known : known + len(lines)] != lines:
            self.world.violate("what was read is no beginning of what was written")

    def synced(self, kinds: list[str]) -> None:
        """Remember what the recorder has said is on the disk."""
        if set(kinds) & {*SYNCED}:
            self.sure = len(self.lines)

    def power_failed(self, content: bytes | None) -> None:
        """Hold what is left against what was sure to be."""
        if content is None and self.tried_to_remove:
            self.removed = True
            return
        left = (content or b"").split(b"\n")
        if left[: self.sure] != self.lines[: self.sure]:
            self.world.violate("what was synced is gone")
        self.lines, self._whole, self.events = [], b"", []
        self.answered, self.checkpoints, self.last_step = set(), set(), 0
        self.wrote(content or b"")
        self.sure = 0

    # Requests.

    def must_be_heard(self, worker: Process, since: float) -> list[str]:
        """Return what was asked of a worker that it must have read, looking at a moment."""
        order = self.orders[worker.pid]
        return [
            name
            for name, asked in self.requests.items()
            if order.given <= asked.begun
            and asked.at + (LAG if self.world.disk.lags else 0.0) < since
        ]

    def polled(self, worker: Process, since: float, new: list[PendingRequest]) -> None:
        """Hold what a worker has read against what was asked."""
        order = self.orders[worker.pid]
        for request in new:
            if request.id not in self.requests:
                continue
            asked = self.requests[request.id]
            if asked.refused:
                self.world.violate(f"{request.action} could not be asked for, and came true")
            if asked.at + LAG < order.begun:
                self.world.violate(f"{request.action} was asked of another worker before")
            if self.taken.get(request.id) is worker:
                self.world.violate(f"{request.action} was read twice")
            self.taken[request.id] = worker
        # Nor is what was asked of a run that somebody takes away: its requests go before it does.
        for name in [] if self._may_be_away else self.must_be_heard(worker, since):
            if self.taken.get(name) is not worker and name not in self.answered:
                self.world.violate(f"request {name} was lost")

    def ended(self, worker: Process, status: int) -> None:
        """Hold what a worker leaves against what it was asked."""
        if self.removed or worker.killed:
            return
        if status == 2:
            return
        if not self.is_over:
            self.world.violate(f"{worker.name} ended without a word")
        read = [name for name, reader in self.taken.items() if reader is worker]
        lost = [name for name in read if name not in self.answered]
        # Of a disk without room, that it ended for that is the answer to all.
        if lost and not self.full:
            self.world.violate(f"{worker.name} read {lost} and never answered")

    # The state.

    def shown(self, state: str, viewer: Process, before: Standing) -> None:
        """Hold a state that somebody is shown against what is so."""
        if self.removed:
            return
        here = before.machine in (None, viewer.machine)
        after = standing(self)
        unchanged = before.writer == after.writer
        if state == "crashed":
            if after.over and unchanged:
                self.world.violate(f"{viewer.name} was shown crashed what has ended")
            if before.lives and after.lives and unchanged:
                self.world.violate(f"{viewer.name} was shown crashed what lives")
            if not here:
                self.world.violate(f"{viewer.name} cannot know that it has crashed")
        if before.over and after.over and unchanged and here and state != "ended":
            self.world.violate(f"{viewer.name} was shown {state} what has ended")

    # In the end.

    def follows(self, history: Any) -> None:
        """Hold every row against the one before it, and against the rates that were set."""
        rows = history.series.get("train")
        if rows is None:
            # Nothing could be begun, and that is what it says, unless it was killed before.
            return
        # What did not fit on the disk any more is lost, and said to be.
        told = any("not all here" in warning.message for warning in history.warnings)
        whole = history.end is not None and history.end.status != "failed" and not told
        count = history.end.step if whole else rows.count
        if list(rows.steps) != list(range(1, count + 1)):
            self.world.violate(f"rows {list(rows.steps)} of {count} steps")
            return
        # One that is set again lies before one that was asked for since, at a later step.
        set_at = [
            (request.step, float(request.arguments["lr"]))
            for request in history.requests
            if request.action == "set_lr" and not request.refused
        ]
        set_at.sort(key=lambda each: each[0])
        loss = 1
        for step in range(1, count + 1):
            lr = ([RATE] + [rate for at, rate in set_at if at < step])[-1]
            loss = next_loss(loss, lr, step)
            there = rows.value("loss", step, 0), rows.value("lr", step, 0)
            if abs(there[0] - loss) > 0.5 or abs(there[1] - lr) > 1e-6:
                self.world.violate(f"step {step} has {there}, which should be {(loss, lr)}")
                return
        if history.end and history.end.status == "finished" and history.end.step != STEPS:
            self.world.violate(f"it finished at step {history.end.step}")


@dataclass(frozen=True)
class Standing:
    """How a run stands, seen from above."""

    writer: int
    lives: bool
    over: bool
    machine: Machine | None


def standing(truth: Truth) -> Standing:
    """Return how a run stands now."""
    pid = truth.writer
    writer = next((each for each in truth.world.processes if each.pid == pid), None)
    return Standing(
        writer=pid,
        lives=writer is not None and writer.alive and not writer.killed,
        over=truth.is_over,
        machine=writer.machine if writer else None,
    )
