"""The diagnosis: what is wrong with a run, in sentences with their evidence and a remedy.

    ›✗ Layer 1's gradient is 4e-6 of layer 5's: vanishing.
       Try ReLU with He initialisation: press F.

What is wrong, and what to do about it, is ``engine.diagnosis``'s business; here it is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from rich.text import Text

from engine.text.safe import plain

from ...style import severity
from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, hanging, wrap

if TYPE_CHECKING:
    from engine.diagnosis import Finding

FOLLOW_KEY: Final = "F"
"""The key that runs what the chosen finding advises."""

_PRESS: Final = f"press_{FOLLOW_KEY}"
"""One word, so that no line break parts the key from what it is."""

HEALTHY: Final = "Nothing is wrong that the lab knows how to see."

LOOKS_FOR: Final = (
    "It looks for gradients that vanish, explode or are never cleared, units that are dead, "
    "saturated or all alike, numbers that are not scaled, a learning rate that is gone, too much "
    "decay or dropout, a loss that diverges or stands still, one answer for every row, "
    "overfitting, and targets out of reach."
)

WAITING: Final = (
    "What is wrong with a run is said here as soon as it shows, with the evidence and with "
    f"something to try; {FOLLOW_KEY} then trains that beside the run."
)


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What is wrong with one run at one step."""

    run: str
    """The run's name."""
    label: str
    """What it is called beside others."""
    step: int
    """The step that it was asked about at."""
    findings: tuple[Finding, ...] = ()
    """The worst first; none where nothing is wrong."""
    members: int = 1
    """How many networks it has: several are diagnosed where they are shown alone."""


def first_choice(findings: Sequence[Finding]) -> int:
    """Return the finding that is chosen where nobody has chosen: the worst with a remedy."""
    return next((at for at, finding in enumerate(findings) if finding.remedy is not None), 0)


def draw_findings(
    findings: Sequence[Finding], chosen: int, at: int, width: int, look: Look, who: str = ""
) -> list[Lines]:
    """Return the lines of each finding.

    Args:
        findings: What is wrong, the worst first.
        chosen: Which of them the key follows.
        at: The step that is read: a finding of another names its own.
        width: Cells.
        look: What to draw with.
        who: The run, where there are several.
    """
    blocks = []
    for index, finding in enumerate(findings):
        pointer = "" if len(findings) == 1 else (" ", look.glyphs.choice[1])[index == chosen]
        named = replace(finding, words=f"{who}: {finding.words}") if who else finding
        blocks.append(_draw_finding(named, pointer, index == chosen, at, width, look))
    return blocks


def draw_opinion(opinion: Opinion, width: int, look: Look) -> Lines:
    """Return what is wrong with a run beside the one that is shown, or that nothing is."""
    if opinion.findings or opinion.members == 1:
        findings = opinion.findings
        blocks = draw_findings(findings, -1, opinion.step, width, look, opinion.label)
        return list(chain(*blocks)) if findings else draw_healthy(width, look, opinion.label)
    words = f"{opinion.label}: {count(opinion.members)} networks; their diagnosis is told alone."
    return look.muted(plain(words), width)


def _draw_finding(
    finding: Finding, pointer: str, chosen: bool, at: int, width: int, look: Look
) -> Lines:
    key_style, muted = look.style("train", bold=True), look.style("muted")
    style = severity.style(finding.severity, look.palette, bold=True)
    symbol = severity.symbol(finding.severity, look.glyphs)
    head = Text.assemble((pointer, key_style), (f"{symbol} ", style), end="")
    indent = head.cell_len if width > 8 else 0
    where = f" (step {count(finding.step)})" if finding.step != at else ""
    text = look.style("text", bold=chosen and bool(pointer))
    lines = hanging(head, plain(finding.words) + where, width, text)
    for words in wrap(_advice(finding, chosen), max(width - indent, 1)):
        before, key, after = words.partition(_PRESS)
        said = (before, muted), (key.replace("_", " "), key_style), (after, muted)
        lines.append(cut(Text.assemble(" " * indent, *said, end=""), width))
    return [line for line in lines if line.plain.strip()]


def _advice(finding: Finding, chosen: bool) -> str:
    """Return what to do, and the key that does it where this finding is the one it follows."""
    advice = plain(finding.advice).strip()
    if finding.remedy is None or not chosen:
        return advice
    advice = advice or f"Try {plain(finding.remedy.label)}."
    # What more there is to say, after the first clause, is nothing that the key does.
    end = re.search(r"[;.](?= |$)", advice)
    place = end.start() if end else len(advice)
    return f"{advice[:place]}: {_PRESS}{advice[place:] or '.'}"


def draw_healthy(width: int, look: Look, who: str = "") -> Lines:
    """Return that nothing is wrong, and what that is worth; of one run among several, in short."""
    said = f"{plain(who)}: {HEALTHY[:1].lower()}{HEALTHY[1:]}" if who else HEALTHY
    symbol, style = severity.symbol("good", look.glyphs), severity.style("good", look.palette)
    lines = hanging(Text(f"{symbol} ", style, end=""), said, width, look.style("text"))
    lines += hanging(Text("  ", end=""), "" if who else LOOKS_FOR, width, look.style("muted"))
    return [line for line in lines if line.plain.strip()]
