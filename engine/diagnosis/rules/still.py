"""Still: a layer that gets no gradient at all, whatever the reason."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Rule, Verdict


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Say so where a layer's recent gradients were exactly 0; other rules know why."""
    return Verdict("still", "note") if layer in facts.idle else None


RULE: Final = Rule("still", lambda facts: None, judge=judge)
