"""A disk in memory that several machines share, with what goes wrong with such disks.

What one machine writes the others see late, for ``LAG`` seconds at most: an older state, or a
file's new length before its new bytes. A write may be torn by a full disk, or by the end of who
writes; what was not synced may be gone when the power fails. A name is as sure to be on the disk
as what was synced after it, as with every file system that keeps a journal.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

LAG: Final = 0.3
"""Seconds after which a machine sees what another has written."""

FIRST_DESCRIPTOR: Final = 1_000_000
"""Numbers of open files from here on are of this disk."""

SEEK_DATA: Final = 3
"""Look for what is no hole: there are none here."""


def error(number: int, path: object = None) -> OSError:
    """Return an error of the operating system."""
    return OSError(number, os.strerror(number), path)


class Node:
    """A file or a folder, with what it was."""

    def __init__(self, number: int, content: bytes | Mapping[str, Node], mode: int) -> None:
        self.number, self.content, self.mode = number, content, mode
        self.synced: bytes = b""
        self.version, self.writer, self.touched = 0, "", 0.0
        self.past: list[tuple[float, int, Any]] = []
        """Until when it was what, and which version that was."""
        self.locked_by: OpenFile | None = None
        self.watched: Callable[[bytes], None] | None = None

    @property
    def is_folder(self) -> bool:
        return not isinstance(self.content, bytes)


@dataclass(eq=False)
class OpenFile:
    """An open file of a process."""

    node: Node
    flags: int
    seen: bytes
    """What a reader sees; only those of the machine that writes see it grow."""
    position: int = 0


@dataclass
class Machine:
    """One that uses the disk."""

    name: str
    boot: int = 0
    wall: float = 1.7e9
    """What its clock says at the beginning of the simulation; it may be set."""
    seen: dict[int, int] = field(default_factory=dict)
    """The version of each node that it has seen."""


class Disk:
    """The disk; what it is asked for comes with the machine that asks.

    Args:
        draw: What decides.
        now: Says the seconds since the simulation began.
        lags: Whether machines see what others write late.
    """

    def __init__(self, draw: Random, now: Callable[[], float], lags: bool) -> None:
        self._draw, self._now, self.lags = draw, now, lags
        self.root = Node(1, {}, stat.S_IFDIR | 0o755)
        self.capacity, self.used = 10**9, 0
        self._numbers = 1
        self.watcher: Callable[[bytes], None] | None = None
        """Is told whatever a recording has."""
        self._journal: list[tuple[Node, Mapping[str, Node]]] = []
        """What folders were before each change that is not on the disk yet."""

    # What machines see.

    def view(self, node: Node, machine: Machine) -> Any:
        """Return what a machine sees of a node."""
        if not self.lags or node.writer == machine.name:
            machine.seen[node.number] = node.version
            return node.content
        # What was never seen is asked for.
        seen = machine.seen.setdefault(node.number, node.version)
        if seen == node.version:
            return node.content
        since = self._now() - LAG
        older = [each for each in node.past if each[0] > since and each[1] >= seen]
        at = self._draw.randrange(len(older) + 1) if self._draw.random() < 0.7 else len(older)
        if at == len(older):
            machine.seen[node.number] = node.version
            return node.content
        _, machine.seen[node.number], content = older[at]
        if isinstance(content, bytes) and self._draw.random() < 0.3:
            content += b"\0" * (len(node.content) - len(content))
        return content

    def find(self, path: str, machine: Machine, *, fresh: bool = False) -> Node:
        """Return the node of a path; ``fresh`` asks the disk itself."""
        node = self.root
        for name in path.split("/")[1:]:
            if not node.is_folder:
                raise error(errno.ENOTDIR, path)
            entries = node.content if fresh else self.view(node, machine)
            if name not in entries:
                raise error(errno.ENOENT, path)
            node = entries[name]
        return node

    def _parent(self, path: str, machine: Machine) -> tuple[Node, str]:
        above, _, name = path.rpartition("/")
        folder = self.find(above, machine, fresh=True)
        if not folder.is_folder:
            raise error(errno.ENOTDIR, path)
        return folder, name

    # What changes it.

    def _change(self, node: Node, content: Any, machine: Machine) -> None:
        now = self._now()
        node.past = [each for each in node.past if each[0] > now - LAG][-6:]
        node.past.append((now, node.version, node.content))
        if isinstance(content, bytes):
            self.used += len(content) - len(node.content)
        else:
            self._journal.append((node, node.content))  # type: ignore[arg-type]
        node.version += 1
        # Its own changes a machine sees at once.
        machine.seen[node.number] = node.version
        node.content, node.writer, node.touched = content, machine.name, machine.wall + now
        if node.watched is not None:
            node.watched(content)

    def _made(self, content: Any, mode: int) -> Node:
        if self.used >= self.capacity:
            raise error(errno.ENOSPC)
        self._numbers += 1
        return Node(self._numbers, content, mode)

    def open(self, path: str, flags: int, machine: Machine) -> OpenFile:
        """Open a file, made first where that is wanted."""
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
        try:
            node = self.find(path, machine, fresh=writes)
            if flags & os.O_EXCL:
                raise error(errno.EEXIST, path)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            folder, name = self._parent(path, machine)
            node = self._made(b"", stat.S_IFREG | 0o600)
            node.watched = self.watcher if name == "recording.jsonl" else None
            self._change(folder, {**folder.content, name: node}, machine)  # type: ignore[dict-item]
        if node.is_folder:
            if writes:
                raise error(errno.EISDIR, path)
            return OpenFile(node, flags, b"")
        if flags & os.O_TRUNC and node.content:
            self._change(node, b"", machine)
        return OpenFile(node, flags, self.view(node, machine))

    def read(self, file: OpenFile, count: int, machine: Machine) -> bytes:
        """Return the next bytes of a file."""
        body: Any = self.bytes_of(file, machine)
        if self._draw.random() < 0.05:
            count = max(1, count // 2)
        part: bytes = body[file.position : file.position + count]
        file.position += len(part)
        return part

    def bytes_of(self, file: OpenFile, machine: Machine) -> bytes:
        """Return what is seen of an open file."""
        if not self.lags or file.node.writer == machine.name:
            file.seen = file.node.content  # type: ignore[assignment]
        return file.seen

    def write(self, file: OpenFile, body: bytes, machine: Machine) -> int:
        """Write as much as there is room for."""
        room = max(0, self.capacity - self.used)
        part = body[:room]
        if body and not part:
            raise error(errno.ENOSPC)
        content: Any = file.node.content
        at = len(content) if file.flags & os.O_APPEND else file.position
        file.position = at + len(part)
        self._change(file.node, content[:at] + part + content[file.position :], machine)
        return len(part)

    def truncate(self, node: Node, length: int, machine: Machine) -> None:
        """Cut a file."""
        content: Any = node.content
        self._change(node, content[:length].ljust(length, b"\0"), machine)

    def sync(self, node: Node) -> None:
        """Have a file on the disk, and every name that was given before."""
        if isinstance(node.content, bytes):
            node.synced = node.content
        self._journal.clear()

    def make_folder(self, path: str, machine: Machine) -> None:
        """Make a folder."""
        folder, name = self._parent(path, machine)
        if name in folder.content:  # type: ignore[operator]
            raise error(errno.EEXIST, path)
        made = self._made({}, stat.S_IFDIR | 0o700)
        self._change(folder, {**folder.content, name: made}, machine)  # type: ignore[dict-item]

    def remove(self, path: str, machine: Machine, *, folder: bool) -> None:
        """Take a name away, and what has no other."""
        parent, name = self._parent(path, machine)
        node = parent.content.get(name)  # type: ignore[union-attr]
        if node is None:
            raise error(errno.ENOENT, path)
        if folder and not node.is_folder:
            raise error(errno.ENOTDIR, path)
        if folder and node.content:
            raise error(errno.ENOTEMPTY, path)
        if node.is_folder and not folder:
            raise error(errno.EISDIR, path)
        self._forget(node)
        left = {key: each for key, each in parent.content.items() if key != name}  # type: ignore[union-attr]
        self._change(parent, left, machine)

    def rename(self, path: str, target: str, machine: Machine) -> None:
        """Give a file another name, in place of whatever has it."""
        parent, name = self._parent(path, machine)
        there, new = self._parent(target, machine)
        if name not in parent.content:  # type: ignore[operator]
            raise error(errno.ENOENT, path)
        assert parent is there
        entries = dict(parent.content)  # type: ignore[arg-type]
        node = entries.pop(name)
        if new in entries:
            self._forget(entries[new])
        self._change(parent, {**entries, new: node}, machine)

    def _forget(self, node: Node) -> None:
        self.used -= 0 if node.is_folder else len(node.content)

    # What fails.

    def lose_power(self) -> None:
        """Come to what is on the disk when the power fails."""
        kept = self._draw.randrange(len(self._journal) + 1)
        for folder, before in reversed(self._journal[kept:]):
            folder.content = before
        self._journal.clear()
        self.used = 0
        self._settle(self.root)

    def _settle(self, node: Node) -> None:
        node.past.clear()
        node.writer, node.locked_by = "", None
        if node.is_folder:
            for each in node.content.values():  # type: ignore[union-attr]
                self._settle(each)
            return
        content: Any = node.content
        if content != node.synced:
            length = self._draw.randint(min(len(node.synced), len(content)), len(content))
            there = self._draw.randint(min(len(node.synced), length), length)
            content = (content[:there] + b"\0" * (length - there)) if length else b""
            node.content, node.synced = content, content
            node.version += 1
        self.used += len(content)
