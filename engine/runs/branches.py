"""What a run was to branch off from, as its folder says it until its recording does."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from ..text.files import read_file, replace_file
from ..text.parsing import from_json
from ..text.safe import plain
from .folder import RunFolder

MAX_BYTES: Final = 1 << 20
"""A command is shorter."""


@dataclass(frozen=True, kw_only=True)
class AskedBranch:
    """How a run was asked to branch off from another."""

    parent: str
    """The other run's name."""
    step: int
    """The last step that both have in common."""
    changes: Sequence[str]
    """What is other from there on, each as ``optimizer.lr=0.1``."""
    member: int = 0
    """Which network of a population it is, from 1; 0 for all of them."""

    @property
    def command(self) -> str:
        """What is typed to ask for it."""
        words = ["epochal", "fork", self.parent, "--at", str(self.step)]
        for change in self.changes:
            words += ["--set", change]
        words += ["--member", str(self.member)] if self.member else []
        return plain(shlex.join(words))

    def write(self, folder: RunFolder) -> None:
        """Say it in the run's folder.

        Raises:
            OSError: It cannot be written.
        """
        replace_file(folder.branch_file, json.dumps(asdict(self)).encode(), durable=False)


def branch_in(folder: RunFolder) -> AskedBranch | None:
    """Return what a run's folder says that it was to branch off from, if it says so."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        said = from_json(read_file(folder.branch_file, MAX_BYTES))
        parent, step = said.get("parent"), said.get("step")
        changes, member = said.get("changes"), said.get("member", 0)
        texts = isinstance(changes, list) and all(isinstance(each, str) for each in changes)
        if isinstance(parent, str) and type(step) is type(member) is int and texts:
            return AskedBranch(parent=parent, step=step, changes=changes, member=member)
    return None


def never_began(folder: RunFolder) -> str:
    """Return what a run that never began was to be, and how that is asked for again, as what is
    said of the run: a branch from its seed on would be another.
    """
    branch = branch_in(folder)
    if branch is None:
        return "never began; train its preset again with epochal run"
    parent = plain(branch.parent)
    return (
        f"was broken off before it branched off from {parent}; ask for it again: {branch.command}"
    )
