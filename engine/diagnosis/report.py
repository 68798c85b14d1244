"""A diagnosis told outside the lab: in plain text for people, as plain objects for programs.

diagnosis
  bad      The loss was NaN at step 38: diverged.
           Try a learning rate of 0.01.
           --set optimizer.lr=0.01
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ..text.safe import plain
from . import Finding, diagnose, survey
from .finding import Findings

if TYPE_CHECKING:
    from ..recording.history import History

HEALTHY: Final = "Nothing is wrong that epochal knows how to see."

WIDTH: Final = 100
"""Columns of a paragraph, where nobody says how wide it may be."""

_INDENT: Final = " " * 11


def findings_of(history: History, step: int | None = None, member: int | None = None) -> Findings:
    """Return what is wrong with a run, the worst first: of a population with how many have it.

    Args:
        history: What is known of the run.
        step: At which step; the newest where left out.
        member: Which network of a population; all of them where left out.
    """
    members = history.header.members if history.header is not None else 1
    if member is not None or members == 1:
        return diagnose(history, step, member or 0)
    whole = survey()
    whole.look(history, history.last_step if step is None else step, float("inf"))
    return whole.findings


def text(findings: Sequence[Finding], width: int = WIDTH) -> str:
    """Return findings with their remedies, as ``epochal run`` takes them."""
    lines = ["diagnosis"]
    for finding in findings:
        mark = f"  {finding.severity:<9}"
        said = [(plain(finding.words), mark), (plain(finding.advice), _INDENT)]
        for words, indent in said:
            lines += textwrap.wrap(words, width, initial_indent=indent, subsequent_indent=_INDENT)
        if finding.remedy is not None:
            lines.append(_INDENT + " ".join(_option(each) for each in finding.remedy.changes))
    return "\n".join(lines if findings else [*lines, f"  {HEALTHY}"])


def _option(change: str) -> str:
    return f"--set {shlex.quote(plain(change))}"


def plain_object(finding: Finding) -> dict[str, Any]:
    """Return a finding as one JSON object; ``members`` where it is several networks'."""
    remedy = finding.remedy
    told: dict[str, Any] = {
        "severity": finding.severity,
        "rule": finding.rule,
        "step": finding.step,
        "where": finding.where or None,
        "words": finding.words,
        "advice": finding.advice,
        "remedy": None if remedy is None else {"label": remedy.label, "set": list(remedy.changes)},
    }
    if finding.members:
        told["members"] = [member + 1 for member in finding.members]
    return told
