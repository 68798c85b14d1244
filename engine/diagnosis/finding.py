"""What a diagnosis says: findings with their remedies, and a verdict on each layer.

Plain data, which any viewer can show. How it is found is each rule's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from .evidence import Facts

Severity = Literal["note", "warning", "bad"]
"""How much a finding matters: worth knowing, in the way of learning, or fatal to it."""

WORST_FIRST: Final = ("bad", "warning", "note")
"""The severities in the order in which findings are told."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A changed experiment that may do better."""

    label: str
    """What it is, in a few words: ``ReLU with He initialisation``."""
    changes: tuple[str, ...]
    """What to change, each as ``--set`` takes it: ``model.activation=relu``."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong with a run, or worth knowing about it."""

    rule: str
    """Which rule found it."""
    severity: Severity
    """How much it matters."""
    step: int
    """The step of the evidence."""
    where: str
    """The layer, as its parameters are named; empty for the whole network."""
    words: str
    """The evidence and what it is called, in a sentence or two."""
    advice: str
    """What to try, in a sentence; empty where there is nothing."""
    remedy: Remedy | None
    """The experiment to try; None where nothing can be changed mechanically."""
    members: tuple[int, ...] = ()
    """Which networks of a population have it; empty where one was asked about."""


@dataclass(frozen=True)
class Verdict:
    """What a layer looks like, in a word."""

    word: str
    """``fine``, ``vanishing``, ``dead`` and so on."""
    severity: Literal["good", "note", "warning", "bad"]
    """How much it matters."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that can be wrong with a run, and how it is found."""

    name: str
    """What findings call it."""
    find: Callable[[Facts], Finding | None]
    """What it finds, if it does."""
    judge: Callable[[Facts, str], Verdict | None] = lambda facts, layer: None
    """Its verdict on a layer, where it has one."""
    word: str = ""
    """The verdict on the layer that its finding is about, or on every layer where it is about the
    whole network; empty where layers may be fine all the same."""
    explains: frozenset[str] = frozenset()
    """The rules whose findings are no more than consequences of this one's, and are left out."""
