"""Who takes part: a worker, three viewers on two machines, and what may happen to all of them."""

from __future__ import annotations

import contextlib
import json
import os
import types
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import engine.worker.__main__ as worker
from engine.errors import EpochalError
from engine.headless import stopping as headless
from engine.recording import checkpoints as checkpoint_files
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder, create_run
from engine.runs.notes import Notes
from engine.runs.removal import remove
from engine.runs.requests import Control
from engine.runs.resuming import check_resumable
from engine.runs.summary import GlancedRun
from engine.training.checkpoints import written
from engine.worker import launch
from tui.watching.watch import Watch

from .calls import ROOT, living_in, process, world
from .disk import LAG, Machine
from .promises import Order, Truth, standing
from .world import Process, World

ACTIONS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("pause", {}),
    ("continue", {}),
    ("continue", {}),
    ("step", {"n": 3}),
    ("set_lr", {"lr": 0.25}),
    ("set_lr", {"lr": 2.0}),
    ("mark", {"title": "here", "note": "a mark"}),
    ("stop", {}),
]

WAITING: Final = 1e9
"""When a worker goes on that waits for its order."""

RESERVE_BYTES: Final = 2000
"""What a recorder keeps free, in this world of small disks."""

_truths: weakref.WeakKeyDictionary[World, Truth] = weakref.WeakKeyDictionary()


def truth() -> Truth:
    """Return what is known of the run of this world."""
    return _truths[world()]


class Popen:
    """A process that waits on its stdin for an order, as ``launch.Worker`` has it."""

    def __init__(self, machine: Machine) -> None:
        self._order, self._begun = b"", world().now
        self.stdin = types.SimpleNamespace(write=self._write, close=self._given, closed=False)
        self._process = world().start("worker", machine, self._work)
        self._process.wake_at = WAITING
        self.pid = self._process.pid

    def _write(self, order: bytes) -> None:
        self._order = order

    def _given(self) -> None:
        self.stdin.closed = True
        truth().orders[self.pid] = Order(self._process, self._begun, world().now)
        self._process.wake_at = world().now

    def _work(self) -> int:
        order = json.loads(self._order)
        if not order:
            return 0
        folder = RunFolder(Path(order.pop("folder")))
        status = worker.work(folder, **order)
        truth().ended(self._process, status)
        return status

    def poll(self) -> int | None:
        return self._process.status

    def kill(self) -> None:
        world().kill(self._process)


class Person:
    """A viewer: looks at a run, asks things of it, goes on with it, takes notes.

    Args:
        name: Who.
        number: Of how many looks and deeds.
    """

    def __init__(self, name: str, number: int) -> None:
        self.name, self._number = name, number
        self._look: Callable[[], str] = lambda: ""

    def __call__(self) -> int:
        asking, draw = process(), world().draw
        assert asking is not None
        folder = truth().folder
        if draw.random() < 0.5:
            watch = Watch(folder)
            self._look = lambda: _polled(watch)
        else:
            glanced = GlancedRun(folder)
            self._look = lambda: _glanced(glanced)
        for _ in range(self._number):
            world().step(draw.choice([0.0, 0.02, 0.1]))
            with contextlib.suppress(EpochalError):
                self._do_something(folder, asking)
        return 0

    def _do_something(self, folder: RunFolder, asking: Process) -> None:
        draw = world().draw
        what = draw.random()
        if what < 0.45:
            before = standing(truth())
            state = self._look()
            truth().shown(state, asking, before)
        elif what < 0.75:
            action, arguments = draw.choice(ACTIONS[: 8 if draw.random() < 0.3 else 7])
            Control(folder, self.name).send(action, **arguments)  # type: ignore[arg-type]
        elif what < 0.8:
            headless.stop(folder, seconds=0.2)
        elif what < 0.87:
            notes = Notes.load(folder)
            assert not notes.problem, notes.problem
            replace(notes, tags=(self.name, *notes.tags[:3])).save(folder)
        elif what < 0.89:
            _remove(folder)
        elif asking.machine.name == "here" and world().locks:
            go_on(folder)


def _polled(watch: Watch) -> str:
    watch.poll()
    return watch.state


def _glanced(glanced: GlancedRun) -> str:
    glanced.again()
    return glanced.glance().state


def _remove(folder: RunFolder) -> None:
    there = truth()
    if there.removed or not there.events:
        return
    before, there.removed, there.tried_to_remove = standing(there), True, True
    try:
        remove(folder)
    except BaseException:
        # It was refused, or who removes it was killed: it is a run while its recording is there.
        there.removed = _recorded(world(), there) is None
        raise
    if before.lives and standing(there).lives and not standing(there).over and world().locks:
        world().violate("a run that is trained was removed")


def _recorded(simulated: World, there: Truth) -> bytes | None:
    """Return what the disk has of the recording; None where it is not there."""
    path, machine = str(there.folder.recording), simulated.machines[0]
    with contextlib.suppress(OSError):
        content = simulated.disk.find(path, machine, fresh=True).content
        return content if isinstance(content, bytes) else None
    return None


def _may_go_on() -> bool:
    """Whether a second writer would be kept out, or its owner sees that there is none."""
    return world().locks or not _workers()


def _workers() -> list[Process]:
    return [each for each in world().processes if each.alive and each.name == "worker"]


def go_on(folder: RunFolder) -> None:
    """Go on with a run, as the command does."""
    history = History(read(folder.recording))
    check_resumable(folder, history)
    _give(folder, resume={})


def _give(folder: RunFolder, **order: Any) -> launch.Worker:
    asking = process()
    assert asking is not None
    popen = Popen(asking.machine)
    started = launch.Worker(popen, os.open(os.devnull, os.O_RDONLY))  # type: ignore[arg-type]
    try:
        started.give(folder, **order)
    finally:
        if not popen.stdin.closed:
            popen._order = b"{}"
            popen._given()
    return started


class Owner:
    """Whoever starts the run, and sees to it in the end.

    Args:
        then: Whom to call once it is started.
    """

    def __init__(self, then: Callable[[], None], number: int) -> None:
        self._then, self._number = then, number

    def __call__(self) -> int:
        asking, draw = process(), world().draw
        assert asking is not None
        Path(ROOT).mkdir()
        folder = create_run(
            "sim",
            "title = 'x'\n",
            Path(ROOT, "runs"),
            now=lambda: datetime(2026, 1, 1),
            token=lambda: "0000",
        )
        truth().folder = folder
        self._then()
        watch = Watch(folder, _give(folder))
        for _ in range(self._number):
            world().step(draw.choice([0.0, 0.05, 0.1]))
            before = standing(truth())
            watch.poll()
            truth().shown(watch.state, asking, before)
            if watch.state == "crashed" and draw.random() < 0.5 and _may_go_on():
                with contextlib.suppress(EpochalError):
                    watch = Watch(folder, _give(folder, resume={}))
        return 0


class Inspector:
    """Comes when all others are gone: the disk has room, nothing goes wrong any more."""

    def __call__(self) -> int:
        asking = process()
        assert asking is not None
        there = truth()
        others = (*NAMES, "owner")
        while any(each.alive for each in world().processes if each.name in others):
            world().step(0.2)
        world().happens = lambda: None
        world().disk.capacity = 10**9
        world().note("all are gone")
        folder = there.folder
        for _ in range(2):
            world().step(LAG * 2)
            if there.removed or not there.events:
                return 0
            if not _workers():
                # Whatever became of who wrote it, a checkpoint is whole.
                for path in written(folder):
                    checkpoint_files.read(path)
            self._state_is_right(folder, asking)
            while _workers():
                Control(folder, "inspector").send("stop")
                world().step(LAG * 2)
            self._state_is_right(folder, asking)
            history = History(read(folder.recording))
            there.follows(history)
            try:
                go_on(folder)
            except EpochalError:
                break
        # One that never began, and was killed before it said why, is trained again by another.
        if not there.is_over and there.events[0]["parameters"]:
            world().violate("nobody could go on with it")
        return 0

    def _state_is_right(self, folder: RunFolder, asking: Process) -> None:
        there = truth()
        for look in (lambda: _polled(Watch(folder)), lambda: _glanced(GlancedRun(folder))):
            before = standing(there)
            state = look()
            there.shown(state, asking, before)
            if state == "starting" and not before.writer:
                # It could not be written down whose run it is: then a minute tells.
                world().step(61.0)
                state = look()
            if not before.lives and not before.over and state != "crashed":
                world().violate(f"a run whose worker was killed is shown {state}")


class Nature:
    """What may happen between any two calls.

    Args:
        simulated: The world.
        number: Of how many things, at most.
    """

    def __init__(self, simulated: World, number: int) -> None:
        self._world, self._left = simulated, number

    def __call__(self) -> None:
        draw, disk = self._world.draw, self._world.disk
        if not self._left or draw.random() > 0.01:
            return
        self._left -= 1
        there = _truths[self._world]
        match draw.choice(["kill", "kill", "kill", "viewer", "clock", "full", "room", "power"]):
            case "power":
                self._lose_power(there)
            case "kill":
                self._kill(["worker"])
            case "viewer":
                self._kill(NAMES)
            case "clock":
                draw.choice(self._world.machines).wall += draw.choice([-3600, -5, 7, 100, 1e6])
                self._world.note("a clock is set")
            # What was freed for the last words stays free: nobody could say them otherwise.
            case "full" if not there.full:
                disk.capacity, there.full = disk.used + draw.choice([0, 100, 1000, 5000]), True
                self._world.note("the disk is full")
            case "room":
                disk.capacity = 10**9

    def _kill(self, names: Sequence[str]) -> None:
        # One that waits for its order is nobody's worker yet.
        there = [each for each in self._world.processes if each.alive and each.wake_at < WAITING]
        if chosen := [each for each in there if each.name in names]:
            self._world.kill(self._world.draw.choice(chosen))

    def _lose_power(self, there: Truth) -> None:
        """End everything at once; what is left on the disk is what the inspector finds."""
        world, current = self._world, self._world.current
        world.note("the power fails")
        for each in world.processes:
            if each is not current and each.name != "inspector":
                world.kill(each)
        world.disk.lose_power()
        for machine in world.machines:
            machine.boot += 10
            machine.seen.clear()
        there.power_failed(_recorded(world, there))
        self._left = 0
        if current is not None and current.name != "inspector":
            world.kill(current)


NAMES: Final = ("ada", "bob", "eve")


def simulate(seed: int) -> World:
    """Play a schedule, and return what came of it."""
    simulated = World(seed)
    draw = simulated.draw
    known = _truths[simulated] = Truth(simulated)
    here, there = simulated.machines

    def invite() -> None:
        simulated.happens = Nature(simulated, draw.randint(0, 4))
        for name, machine in zip(NAMES, (here, there, draw.choice([here, there])), strict=True):
            simulated.start(name, machine, Person(name, draw.randint(3, 10)))

    simulated.start("owner", here, Owner(invite, draw.randint(3, 9)))
    simulated.start("inspector", here, Inspector())
    simulated.disk.watcher = known.wrote
    with living_in(simulated):
        simulated.run()
    return simulated
