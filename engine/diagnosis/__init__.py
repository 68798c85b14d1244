"""What is wrong with a run, in plain sentences with evidence and a remedy.

    History ── Facts ──► rules/*.py ──► Finding, with its Remedy ──► diagnose
                                   └──► Verdict on a layer ────────► verdicts

A rule is a small pure function over the facts of a history at a step, with its threshold beside
it. Nothing here trains, and nothing here knows a screen or PyTorch.

A population is diagnosed member by member: ``engine.diagnosis.population`` says what how many have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..recording.history import History
from ..recording.member_endings import member_endings
from ..text.safe import plain
from .evidence import Facts
from .finding import WORST_FIRST, Finding, Findings, Remedy, Rule, Severity, Verdict
from .population import Survey
from .rules import RULES

__all__ = ["Finding", "Remedy", "Severity", "Survey", "Verdict", "diagnose", "survey", "verdicts"]

FINE = Verdict("fine", "good")


def diagnose(history: History, step: int | None = None, member: int = 0) -> Findings:
    """Return what is wrong with a run, the worst first; nothing for a healthy one.

    Args:
        history: What is known of the run.
        step: At which step; the newest where left out.
        member: Which network.
    """
    facts = _facts(history, history.last_step if step is None else step, member)
    if facts is None:
        return ()
    if facts.header.is_foreign:
        return _of_foreign(facts)
    return tuple(finding for _, finding in _told(facts))


def _of_foreign(facts: Facts) -> Findings:
    """Return what the curves of a run without an experiment tell; no remedy can be trained."""
    if not facts.curve("train", "loss").count:
        words = "There is no training loss in this recording, so it cannot be told what is wrong."
        return (Finding("note", words, step=facts.step),)
    return tuple(replace(finding, remedy=None) for _, finding in _told(facts))


def _told(facts: Facts) -> list[tuple[Rule, Finding]]:
    """Return what the rules find that is no consequence of what others find, the worst first."""
    pairs = [(rule, finding) for rule in RULES if (finding := _finding(rule, facts))]
    explained = {name for rule, _ in pairs for name in rule.explains.split()}
    told = [(rule, finding) for rule, finding in pairs if rule.name not in explained]
    return sorted(told, key=lambda each: WORST_FIRST.index(each[1].severity))


def _finding(rule: Rule, facts: Facts) -> Finding | None:
    """Return what a rule finds; where it fails for a recording, a note that says so."""
    try:
        return rule.find(facts)
    except Exception as error:
        # A recording may come from anyone, and one rule is not worth what is seen of the run.
        why = f"{type(error).__name__}: {plain(str(error))}"
        words = f"Whether this is {rule.name!r} cannot be told of this recording: {why}"
        return Finding("note", words, rule=rule.name, step=facts.at)


def survey() -> Survey:
    """Return what diagnoses every member of a population, as far as there is time."""
    return Survey(diagnose)


def verdicts(history: History, step: int, member: int | None = 0) -> Mapping[str, Verdict]:
    """Return a word on each layer; nothing where no step has been taken.

    Args:
        history: What is known of the run.
        step: At which step.
        member: Which network; None for the medians over all of them.
    """
    facts = _facts(history, step, member)
    if facts is None or not facts.rows:
        return {}
    # Without a word about layers a rule need not be asked; what it explains is worse in its word.
    pairs = [(rule, finding) for rule in RULES if rule.word and (finding := _finding(rule, facts))]
    told = [each for each in pairs if each[1].severity != "note"]
    return {layer: _verdict(facts, layer, told) for layer in facts.layers}


def _facts(history: History, step: int, member: int | None) -> Facts | None:
    header = history.header
    if header is not None and header.members == 1:
        # The median over one network is that network, whose weights are known as well.
        member = member or 0
    if header is None or (member is not None and member >= header.members):
        return None
    if member is not None and header.members > 1:
        # After its own end a member has no rows: it is what it was then.
        endings = member_endings(history, step)
        step = (int(endings.ended_at[member]) if endings is not None else 0) or step
    return Facts(history, header, step, member)


def _verdict(facts: Facts, layer: str, told: Sequence[tuple[Rule, Finding]]) -> Verdict:
    """Return the worst that is said of a layer: by itself first, then with the whole network."""
    judged = [verdict for rule in RULES if (verdict := rule.judge(facts, layer))]
    judged += [
        Verdict(rule.word, finding.severity)
        for rule, finding in told
        if finding.where in ("", layer)
    ]
    order = [*WORST_FIRST, "good"]
    return min(judged, key=lambda verdict: order.index(verdict.severity), default=FINE)
