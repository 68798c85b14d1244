"""The diagnosis: what is wrong with a run, in sentences with their evidence and a remedy.

    ›✗ Layer 1's gradient is 4e-6 of layer 5's: vanishing.
       Try ReLU with He initialisation: press F.

What is wrong, and what to do about it, is ``engine.diagnosis``'s business; here it is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.text import Text

from engine.text.safe import plain

from ...style import severity
from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Palette
from ...style.text import Lines, cut, wrap

if TYPE_CHECKING:
    from engine.diagnosis import Finding

    from .opinion import Opinion

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


def first_choice(findings: Sequence[Finding]) -> int:
    """Return the finding that is chosen where nobody has chosen: the worst with a remedy."""
    for index, finding in enumerate(findings):
        if finding.remedy is not None:
            return index
    return 0


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
    findings = [_signed(finding, who) for finding in findings]
    blocks = []
    for index, finding in enumerate(findings):
        pointer = "" if len(findings) == 1 else (" ", look.glyphs.choice[1])[index == chosen]
        blocks.append(_draw_finding(finding, pointer, index == chosen, at, width, look))
    return blocks


def _signed(finding: Finding, who: str) -> Finding:
    return replace(finding, words=f"{who}: {finding.words}") if who else finding


def draw_opinion(opinion: Opinion, width: int, look: Look) -> Lines:
    """Return what is wrong with a run beside the one that is shown, or that nothing is."""
    if opinion.findings:
        at = opinion.step
        blocks = draw_findings(opinion.findings, -1, at, width, look, opinion.label)
        return [line for block in blocks for line in block]
    if opinion.members > 1:
        words = (
            f"{opinion.label}: {count(opinion.members)} networks; their diagnosis is told alone."
        )
        lines = wrap(plain(words), max(width, 1))
        return [cut(Text(line, look.style("muted"), end=""), width) for line in lines]
    return draw_healthy(width, look, opinion.label)


def _draw_finding(
    finding: Finding, pointer: str, chosen: bool, at: int, width: int, look: Look
) -> Lines:
    indent = len(pointer) + 2 if width > 8 else 0
    room = max(width - indent, 1)
    style = severity.style(finding.severity, look.palette, bold=True)
    where = f" (step {count(finding.step)})" if finding.step != at else ""
    lines: Lines = []
    for index, words in enumerate(wrap(plain(finding.words) + where, room)):
        line = Text(end="")
        if indent and not index:
            line.append(pointer, look.style("train", bold=True))
            line.append(severity.symbol(finding.severity, look.glyphs) + " ", style)
        else:
            line.append(" " * indent)
        lines.append(line.append(words, look.style("text", bold=chosen and bool(pointer))))
    for words in wrap(_advice(finding, chosen), room):
        line = Text(" " * indent, end="")
        lines.append(line.append_text(_with_key(words, look.palette)) if words else line)
    return [cut(line, width) for line in lines if line.plain.strip()]


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


def _with_key(words: str, palette: Palette) -> Text:
    """Return a line of advice with its key standing out."""
    before, key, after = words.partition(_PRESS)
    line = Text(before, palette.style("muted"), end="")
    line.append(key.replace("_", " "), palette.style("train", bold=True))
    return line.append(after, palette.style("muted"))


def draw_healthy(width: int, look: Look, who: str = "") -> Lines:
    """Return that nothing is wrong, and what that is worth; of one run among several, in short."""
    said = f"{plain(who)}: {HEALTHY[:1].lower()}{HEALTHY[1:]}" if who else HEALTHY
    mark = Text(
        f"{severity.symbol('good', look.glyphs)} ", severity.style("good", look.palette), end=""
    )
    indent = mark.cell_len if width > 8 else 0
    lines: Lines = []
    for index, words in enumerate(wrap(said, max(width - indent, 1))):
        start = mark.copy() if indent and not index else Text(" " * indent, end="")
        lines.append(start.append(words, look.style("text")))
    for words in wrap("" if who else LOOKS_FOR, max(width - indent, 1)):
        lines.append(Text(" " * indent, end="").append(words, look.style("muted")))
    return [cut(line, width) for line in lines if line.plain.strip()]


def draw_waiting(width: int, palette: Palette) -> Lines:
    """Return what will be said here, before there is anything to look at."""
    style = palette.style("muted")
    return [cut(Text(line, style, end=""), width) for line in wrap(WAITING, max(width, 1))]
