"""The calls of the operating system, answered by a simulated world to whoever lives in one.

Only files below ``ROOT`` and ``/proc``, and only for a process of the world that is going on:
everything else, and everybody else, gets what the real one says. Files that Python opens itself
are its own file objects, written in Python, which make the same calls.
"""

from __future__ import annotations

import _pyio
import builtins
import contextlib
import errno
import fcntl
import getpass
import io
import os
import secrets
import socket
import stat
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import psutil

from .disk import FIRST_DESCRIPTOR, SEEK_DATA, Node, OpenFile, error
from .world import Process, World

ROOT: Final = "/simulated"
"""Where the simulated disk is."""

_world: World | None = None


def process() -> Process | None:
    """Return the process that asks, if it is one of a simulated world."""
    if _world is None or _world.current is None:
        return None
    return _world.current if _world.current.thread == threading.get_ident() else None


def world() -> World:
    """Return the world of whoever asks."""
    assert _world is not None
    return _world


class Calls:
    """What each call does in the simulated world."""

    def __init__(self, asking: Process) -> None:
        self.process, self.machine = asking, asking.machine
        self.world, self.disk = world(), world().disk
        self.world.step()

    def _file(self, number: int) -> OpenFile:
        if number not in self.process.files:
            raise error(errno.EBADF)
        return self.process.files[number]

    def open(self, path: Any, flags: int, mode: int = 0o777, **_: Any) -> int:
        file = self.disk.open(os.fspath(path), flags, self.machine)
        return self.world.add_file(self.process, file)

    def read(self, number: int, count: int) -> bytes:
        return self.disk.read(self._file(number), count, self.machine)

    def readinto(self, number: int, buffer: Any) -> int:
        # Files read by this call from Python 3.14 on, which has it.
        room = memoryview(buffer).cast("B")
        came = self.read(number, len(room))
        room[: len(came)] = came
        return len(came)

    def write(self, number: int, body: Any) -> int:
        file, body = self._file(number), bytes(body)
        half = len(body) // 2
        if half and self.world.draw.random() < 0.3:
            # Somebody looks in the middle of it, or it comes to no more than that.
            written = self.disk.write(file, body[:half], self.machine)
            self.world.step()
            if written < half or self.world.draw.random() < 0.1:
                return written
            with contextlib.suppress(OSError):
                return written + self.disk.write(file, body[half:], self.machine)
            return written
        return self.disk.write(file, body, self.machine)

    def lseek(self, number: int, offset: int, whence: int) -> int:
        file = self._file(number)
        size = len(self.disk.bytes_of(file, self.machine))
        if whence == SEEK_DATA:
            if offset >= size:
                raise error(errno.ENXIO)
            return offset
        file.position = offset + (0, file.position, size)[whence]
        return file.position

    def fstat(self, number: int) -> os.stat_result:
        file = self._file(number)
        return _status(file.node, len(file.node.content), self.world.disk)

    def ftruncate(self, number: int, length: int) -> None:
        self.disk.truncate(self._file(number).node, length, self.machine)

    def fsync(self, number: int) -> None:
        self.disk.sync(self._file(number).node)

    def flock(self, number: int, operation: int) -> None:
        file = self._file(number)
        if not self.world.locks:
            raise error(errno.ENOLCK)
        if file.node.locked_by not in (None, file):
            raise error(errno.EWOULDBLOCK)
        file.node.locked_by = file

    def stat(self, path: Any, **_: Any) -> os.stat_result:
        node = self.disk.find(os.fspath(path), self.machine)
        return _status(node, len(self.disk.view(node, self.machine)), self.disk)

    lstat = stat

    def listdir(self, path: Any) -> list[str]:
        node = self.disk.find(os.fspath(path), self.machine)
        if not node.is_folder:
            raise error(errno.ENOTDIR, path)
        return list(self.disk.view(node, self.machine))

    @contextlib.contextmanager
    def scandir(self, path: Any) -> Iterator[list[Any]]:
        place = os.fspath(path)
        yield [Entry(name, f"{place}/{name}") for name in self.listdir(path)]

    def mkdir(self, path: Any, mode: int = 0o777) -> None:
        self.disk.make_folder(os.fspath(path), self.machine)

    def chmod(self, path: Any, mode: int, **_: Any) -> None:
        node = self.disk.find(os.fspath(path), self.machine, fresh=True)
        node.mode = stat.S_IFMT(node.mode) | mode

    def unlink(self, path: Any, **_: Any) -> None:
        self.disk.remove(os.fspath(path), self.machine, folder=False)

    remove = unlink

    def rmdir(self, path: Any, **_: Any) -> None:
        self.disk.remove(os.fspath(path), self.machine, folder=True)

    def replace(self, path: Any, target: Any, **_: Any) -> None:
        self.disk.rename(os.fspath(path), os.fspath(target), self.machine)

    rename = replace


class Entry:
    """What ``scandir`` tells of a file."""

    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, path

    def __fspath__(self) -> str:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return Path(self.path).stat()

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return stat.S_ISREG(self.stat().st_mode)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return stat.S_ISDIR(self.stat().st_mode)

    def is_symlink(self) -> bool:
        return False


def _status(node: Node, size: int, disk: Any) -> os.stat_result:
    fields = (node.mode, node.number, 7, 1, os.getuid(), os.getgid(), size, 0, 0, 0)
    touched = int(node.touched * 1e9)
    more = {"st_mtime": node.touched, "st_mtime_ns": touched, "st_blksize": 4096, "st_blocks": 0}
    return os.stat_result(fields, more)


def _proc(path: str, asking: Process) -> str:
    """Return what Linux tells of processes."""
    if path == "/proc/sys/kernel/random/boot_id":
        return f"boot-{asking.machine.boot}\n"
    if path == "/proc/self/ns/pid":
        return f"pid:[{asking.machine.name}]"
    parts = path.split("/")
    there = world().is_there(asking.machine, int(parts[2])) if parts[2].isdigit() else None
    if there is None or parts[3:] != ["stat"]:
        raise error(errno.ENOENT, path)
    return f"{there.pid} (python) S " + " ".join(["0"] * 18) + f" {there.ticks} 0\n"


class SimulatedProcess:
    """What psutil knows of a process of this machine."""

    def __init__(self, pid: int | None = None) -> None:
        asking = process()
        assert asking is not None
        there = world().is_there(asking.machine, asking.pid if pid is None else pid)
        if there is None:
            raise psutil.NoSuchProcess(pid or 0)
        self._process = there

    def create_time(self) -> float:
        """Return when it started, as the clock on the wall has it now."""
        return self._process.machine.wall + self._process.ticks / 100

    def status(self) -> str:
        return psutil.STATUS_RUNNING


def _routed(name: str, ordinary: Callable[..., Any]) -> Callable[..., Any]:
    def call(what: Any = None, *rest: Any, **named: Any) -> Any:
        if isinstance(what, int):
            if what < FIRST_DESCRIPTOR:
                return ordinary(what, *rest, **named)
            asking = process()
            if name == "close":
                return _closed(asking, what)
            if name == "isatty":
                return False
        else:
            asking = process()
            path = os.fspath(what) if isinstance(what, str | os.PathLike) else ""
            if asking is not None and path.startswith("/proc/") and name == "readlink":
                return _proc(path, asking)
            if asking is None or not path.startswith(ROOT):
                return ordinary(what, *rest, **named) if what is not None else ordinary(*rest)
        if asking is None:
            raise error(errno.EBADF)
        return getattr(Calls(asking), name)(what, *rest, **named)

    return call


def _closed(asking: Process | None, number: int) -> None:
    if asking is not None and number in asking.files:
        if not asking.killed:
            world().step()
        world().close(asking, number)


def _opened(ordinary: Callable[..., Any]) -> Callable[..., Any]:
    def opened(file: Any, *rest: Any, **named: Any) -> Any:
        path = os.fspath(file) if isinstance(file, str | os.PathLike) else ""
        asking = process() if path.startswith((ROOT, "/proc/")) else None
        if asking is not None and path.startswith("/proc/"):
            return io.StringIO(_proc(path, asking))
        if asking is not None or (isinstance(file, int) and file >= FIRST_DESCRIPTOR):
            return _pyio.open(file, *rest, **named)
        return ordinary(file, *rest, **named)

    return opened


def _told(ordinary: Callable[..., Any], simulated: Callable[[Process], Any]) -> Callable[..., Any]:
    """Return a call that tells something, to each what it is for that one."""

    def told(*rest: Any, **named: Any) -> Any:
        asking = process()
        return ordinary(*rest, **named) if asking is None else simulated(asking)

    return told


def _urandom(ordinary: Callable[[int], bytes]) -> Callable[[int], bytes]:
    return lambda count: ordinary(count) if process() is None else b"x" * count


def _sleep(ordinary: Callable[[float], None]) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        ordinary(seconds) if process() is None else world().step(seconds)

    return sleep


def _patches() -> list[tuple[Any, str, Any]]:
    names = [name for name in vars(Calls) if not name.startswith("_") and name != "flock"]
    patches: list[tuple[Any, str, Any]] = [
        (os, name, _routed(name, getattr(os, name)))
        for name in [*names, "close", "isatty", "readlink"]
        if hasattr(os, name)
    ]
    patches += [(module, "open", _opened(module.open)) for module in (io, builtins)]
    wall = _told(time.time, lambda each: each.machine.wall + world().now)
    since = _told(time.monotonic, lambda each: world().now)
    patches += [(time, "time", wall), (time, "monotonic", since), (time, "perf_counter", since)]
    patches += [
        (fcntl, "flock", _routed("flock", fcntl.flock)),
        (time, "sleep", _sleep(time.sleep)),
        (os, "getpid", _told(os.getpid, lambda each: each.pid)),
        (os, "urandom", _urandom(os.urandom)),
        (secrets, "token_hex", _told(secrets.token_hex, lambda each: world().token())),
        (socket, "gethostname", _told(socket.gethostname, lambda each: each.machine.name)),
        (getpass, "getuser", _told(getpass.getuser, lambda each: "somebody")),
        (psutil, "Process", _process_class(psutil.Process)),
    ]
    return patches


def _process_class(ordinary: type) -> Callable[..., Any]:
    def made(pid: int | None = None) -> Any:
        return ordinary(pid) if process() is None else SimulatedProcess(pid)

    return made


def _functions(module: types.ModuleType) -> Iterator[Any]:
    for value in list(vars(module).values()):
        for each in [value, *(vars(value).values() if isinstance(value, type) else ())]:
            each = getattr(each, "__func__", each)
            if isinstance(each, types.FunctionType) and each.__module__ == module.__name__:
                yield each


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Answer those who live in simulated worlds, meanwhile."""
    patches = [(owner, name, getattr(owner, name), new) for owner, name, new in _patches()]
    clocks = {old: new for owner, name, old, new in patches if owner is time}
    for owner, name, _, new in patches:
        setattr(owner, name, new)
    changed = []
    for name, module in list(sys.modules.items()):
        if not name.startswith(("engine.", "tui.")):
            continue
        # A clock that an argument has when none is given was looked up when its file was read.
        for function in _functions(module):
            changed.append((function, function.__defaults__, function.__kwdefaults__))
            function.__defaults__ = _with(clocks, function.__defaults__)
            if function.__kwdefaults__:
                values = _with(clocks, tuple(function.__kwdefaults__.values())) or ()
                function.__kwdefaults__ = dict(zip(function.__kwdefaults__, values, strict=True))
    try:
        yield
    finally:
        for function, defaults, named in changed:
            function.__defaults__, function.__kwdefaults__ = defaults, named
        for owner, name, old, _ in patches:
            setattr(owner, name, old)


def _with(clocks: dict[Any, Any], defaults: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if not defaults:
        return defaults
    return tuple(clocks.get(each, each) if callable(each) else each for each in defaults)


@contextlib.contextmanager
def living_in(simulated: World) -> Iterator[None]:
    """Answer those of one world, meanwhile."""
    global _world
    _world = simulated
    try:
        yield
    finally:
        _world = None
