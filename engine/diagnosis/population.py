"""The diagnosis of a population: what is wrong with its members, and with how many of them.

    diagnose, member by member, a few at a time ──► Survey ──► a finding for each rule

Each member is diagnosed as if it were alone. What several of them have is said once, with their
number and the evidence of one of them, as the others' differs in its figures only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..recording.member_endings import MemberEndings, member_endings
from .finding import WORST_FIRST, Finding, Findings

if TYPE_CHECKING:
    from ..recording.history import History

Diagnose = Callable[["History", int, int], Findings]
"""Returns what is wrong with one member at a step."""


class Survey:
    """Goes round the members of a population, as far as there is time.

    What it has found is that of its last whole round, so that numbers of members that were counted
    at different steps are never mixed.

    Args:
        diagnose: How one member is diagnosed.
        clock: Seconds that only grow.
    """

    def __init__(self, diagnose: Diagnose, clock: Callable[[], float] = time.perf_counter) -> None:
        self._diagnose = diagnose
        self._clock = clock
        self._round: list[Findings] = []
        self._step = 0
        """The step of the round."""
        self._endings: MemberEndings | None = None
        self._begun: tuple[int, int] | None = None
        """Version and step for which the round was begun."""
        self.findings: Findings = ()
        """What the last whole round found, the worst first."""

    def look(self, history: History, step: int, seconds: float) -> bool:
        """Go on with the round, or begin the next; return whether nothing is left to do.

        Args:
            history: What is known of the run; always the same one's.
            step: At which step the next round is.
            seconds: About how long it may take; one member at least is looked at.
        """
        members = history.header.members if history.header is not None else 0
        whole = len(self._round) == members
        if whole and self._begun == (history.version, step):
            return True
        if self._begun is None or whole or step < self._step:
            self._begun, self._step, self._round = (history.version, step), step, []
            self._endings = member_endings(history, step)
        deadline = self._clock() + seconds
        while len(self._round) < members:
            self._round.append(self._of(history, len(self._round)))
            if self._clock() >= deadline:
                break
        if len(self._round) < members:
            return False
        self.findings = merged(self._round)
        return self._begun == (history.version, step)

    def _of(self, history: History, member: int) -> Findings:
        """Return what is wrong with a member: at its own last step where it has ended."""
        ended = int(self._endings.ended_at[member]) if self._endings is not None else 0
        return self._diagnose(history, ended or self._step, member)


def merged(members: Sequence[Findings]) -> Findings:
    """Return a finding for each rule, with how many members have it: the worst first.

    Args:
        members: The findings of each.
    """
    of_rules: dict[str, list[tuple[int, Finding]]] = {}
    for member, findings in enumerate(members):
        for finding in findings:
            of_rules.setdefault(finding.rule, []).append((member, finding))
    told = [_told(each, len(members)) for each in of_rules.values()]
    told.sort(key=lambda each: (WORST_FIRST.index(each.severity), -len(each.members)))
    return tuple(told)


def _told(pairs: Sequence[tuple[int, Finding]], of: int) -> Finding:
    """Return what several members have in common, with the evidence of the worst of them."""
    member, worst = min(pairs, key=lambda each: WORST_FIRST.index(each[1].severity))
    having = tuple(dict.fromkeys(each for each, _ in pairs))
    words = f"{len(having)} of {of} members, such as member {member + 1}: {worst.words}"
    return replace(worst, members=having, words=words)
