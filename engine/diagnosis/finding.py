"""What a diagnosis says: findings with their remedies, and a verdict on each layer.

Plain data, which any viewer can show. How it is found is each rule's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from .evidence import Facts

Severity = Literal["note", "warning", "bad"]
"""How much a finding matters: worth knowing, in the way of learning, or fatal to it."""

Findings = tuple["Finding", ...]
"""What is wrong with a run, the worst first."""

WORST_FIRST: Final = ("bad", "warning", "note")
"""The severities in the order in which findings are told."""


@dataclass(frozen=True)
class Remedy:
    """A changed experiment that may do better."""

    label: str
    """What it is, in a few words: ``ReLU with He initialisation``."""
    changes: tuple[str, ...]
    """What to change, each as ``--set`` takes it: ``model.activation=relu``."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run, or worth knowing about it."""

    severity: Severity
    """How much it matters."""
    words: str
    """The evidence and what it is called, in a sentence or two."""
    advice: str = ""
    """What to try, in a sentence: a rule leaves it out where that is the remedy and no more."""
    rule: str = ""
    """Which rule found it; the rule says it itself."""
    step: int = -1
    """The step of the evidence; a rule leaves it out where that is the step it was asked about."""
    where: str = ""
    """The layer, as its parameters are named; empty for the whole network."""
    remedy: Remedy | None = None
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


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a run, and how it is found."""

    name: str
    """What findings call it."""
    search: Callable[[Facts], Finding | None]
    """Looks for it: what is found is called by the rule's name."""
    judge: Callable[[Facts, str], Verdict | None] = lambda facts, layer: None
    """Its verdict on a layer, where it has one."""
    word: str = ""
    """The verdict on the layer that its finding is about, or on every layer where it is about the
    whole network; empty where layers may be fine all the same."""
    explains: str = ""
    """The rules whose findings are no more than consequences of this one's, and are left out."""
    otherwise: str = ""
    """What to advise where there is no remedy."""

    def find(self, facts: Facts) -> Finding | None:
        """Return what it finds, if it does."""
        finding = self.search(facts)
        if finding is None:
            return None
        step = facts.at if finding.step < 0 else finding.step
        usual = f"Try {finding.remedy.label}." if finding.remedy else self.otherwise
        return replace(finding, rule=self.name, step=step, advice=finding.advice or usual)
