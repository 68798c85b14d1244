"""The two lines that say how a run stands: figures above, below them its outcome or more figures.

The state is a symbol and a word, never a colour alone. Where there is no room, the facts that
matter least go first.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, duration, figure, percent, rate, short
from ...style.palette import Role
from ...style.text import Lines, cut, fitting, joined
from .result import titled

if TYPE_CHECKING:
    from ..members.crowd import Crowd

REASONS: Final[Mapping[str, str]] = {
    "epochs": "every epoch done",
    "steps": "every step done",
    "threshold": "the loss fell to its threshold",
    "patience": "the dev set stopped improving",
}
"""What the reasons of a recording say; any other is said as it is."""

RESULTS: Final = (
    ("test_accuracy", "test accuracy"),
    ("test_loss", "test loss"),
    ("dev_accuracy", "dev accuracy"),
    ("dev_loss", "dev loss"),
    ("train_accuracy", "train accuracy"),
    ("train_loss", "train loss"),
)
"""A result's figures and their names, the most important first."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a run stands at the step that is shown."""

    state: str = "none"
    """``none``, ``lecture`` at a lecture's text, ``starting``, ``running``, ``paused``, ``silent``,
    ``crashed`` or ``ended``; or ``replay``, where it is shown at an earlier step.
    """
    status: str = ""
    """Of a run that ended: ``finished``, ``stopped``, ``diverged`` or ``failed``."""
    reason: str = ""
    """Why it ended, or what is known of a crash."""
    step: int = 0
    steps: int = 0
    """All steps of the run."""
    epoch: float | None = None
    """Where there are epochs."""
    epochs: int | None = None
    loss: float | None = None
    """None before the first row."""
    dev_loss: float | None = None
    dev_accuracy: float | None = None
    lr: float = math.nan
    steps_per_second: float = 0.0
    device: str = ""
    gradients: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    """The last thing that happened, or what to do next."""
    crowd: Crowd | None = None
    """The population whose means the figures are; None where they are one network's."""
    member: str = ""
    """Which network of a population is shown; empty for a network alone or for all."""
    trained: int | None = None
    """The newest step, where an earlier one is shown while a run is trained."""
    held: bool = False
    """Whether what is shown then stands still."""
    place: str = ""
    """Of a run that is over, of which weights its figures are: ``best, step 2 688``."""
    result_place: str = ""
    """Of which weights the figures of its result are."""
    reading: float | None = None
    """The share of its recording that has been read; None where that is all of it."""


def draw_status(standing: Standing, width: int, height: int, look: Look) -> Lines:
    """Return the figures and, where there is a second line, the outcome."""
    lines = [draw_outcome(standing, width, look)]
    if height != 1 or standing.state not in ("ended", "crashed"):
        lines.insert(0, draw_figures(standing, width, look))
    lines += [Text(end="") for _ in range(height - len(lines))]
    return [cut(line, width) for line in lines[: max(height, 0)]]


def draw_figures(standing: Standing, width: int, look: Look) -> Text:
    """Return the line of figures, as many as fit."""
    state, facts = draw_state(standing, look), _facts(standing, look)
    shown = _fitting(facts, width - state.cell_len - 2, look)
    return Text.assemble(state, "  ", _joined([facts[i] for i in shown], look), end="")


def draw_rest(standing: Standing, width: int, look: Look) -> Text:
    """Return the figures that the line above has no room for, as many as fit."""
    facts = _facts(standing, look)
    above = _fitting(facts, width - draw_state(standing, look).cell_len - 2, look)
    left = [fact for index, fact in enumerate(facts) if index not in above]
    return _joined([left[i] for i in _fitting(left, width, look)], look)


def _fitting(facts: Sequence[Fact], room: int, look: Look) -> list[int]:
    """Return which facts fit, in the order in which they are said."""
    order = sorted(range(len(facts)), key=lambda index: facts[index][0])
    return fitting([cell_len(words) for _, words, _ in facts], order, room, len(look.glyphs.dot))


def _joined(facts: Sequence[Fact], look: Look) -> Text:
    parts = [(words, style) for _, words, style in facts]
    return joined(parts, look.glyphs.dot, look.style("faint"), sys.maxsize)[0]


Fact = tuple[int, str, Style]
"""How early a fact goes, 0 being the last one, its words and how they look."""


def _facts(standing: Standing, look: Look) -> list[Fact]:
    """Return what there is to say, in the order in which it is said."""
    facts: list[Fact] = []
    if standing.reading is not None:
        # The rest of the line is not all there is.
        facts.append((-1, reading_words(standing.reading), look.style("warning")))
    if standing.state in ("none", "lecture", "starting"):
        return facts
    return [
        *facts,
        *_step_facts(standing, look),
        *_quality_facts(standing, look),
        *_member_facts(standing, look),
        *_training_facts(standing, look),
    ]


def _step_facts(standing: Standing, look: Look) -> Iterator[Fact]:
    """Yield how far it is."""
    text = look.style("text")
    of = f"/{count(standing.steps)}" if standing.steps else ""
    where = (standing.place or f"step {count(standing.step)}") + of
    if standing.state == "silent" and standing.reason:
        yield 0, plain(standing.reason), look.style("warning")
    if standing.trained is not None:
        where = f"shown {count(standing.step)}{look.glyphs.dot}trained {count(standing.trained)}"
    yield 0, where, text
    if standing.state != "ended" and standing.steps:
        share, eighths = min(standing.step / standing.steps, 1.0), len(look.glyphs.eighths)
        bar = look.glyphs.bar(int(share * 10 * eighths) / eighths).ljust(10, look.glyphs.track)
        yield 7, f"{bar} {percent(share)}", look.style("train")
    if standing.epoch is not None:
        of_all = f"/{count(standing.epochs)}" if standing.epochs else ""
        epoch = count(int(standing.epoch)) if standing.epoch >= 1 else f"{standing.epoch:.1f}"
        yield 6, f"epoch {epoch}{of_all}", text


def _quality_facts(standing: Standing, look: Look) -> Iterator[Fact]:
    """Yield how good it is, in training and on the dev set."""

    def apart(name: str) -> str:
        deviation = standing.crowd.deviations.get(name) if standing.crowd is not None else None
        return _apart(deviation, look.glyphs)

    if standing.loss is not None:
        loss = f"loss {look.figure(standing.loss)}{apart('loss')}"
        yield 1, loss, look.style("train", bold=True)
    measured = (("accuracy", standing.dev_accuracy), ("loss", standing.dev_loss))
    for name, value in [each for each in measured if each[1] is not None][:1]:
        words = f"dev {name} {look.figure(value or 0.0)}{apart(f'dev_{name}')}"
        yield 2, words, look.style("dev", bold=True)


def _training_facts(standing: Standing, look: Look) -> Iterator[Fact]:
    """Yield how it is trained: how fast, at which rate, on what."""
    text, muted = look.style("text"), look.style("muted")
    if standing.state == "running":
        yield 3, f"{rate(standing.steps_per_second)} steps/s", text
        if standing.steps_per_second > 0 and standing.steps:
            left = (standing.steps - standing.step) / standing.steps_per_second
            yield 8, f"{duration(left)} left", muted
    if math.isfinite(standing.lr):
        yield 5, f"lr {short(float(f'{standing.lr:.4g}'))}", text
    if standing.device:
        yield 4, plain(standing.device), muted
    if standing.gradients:
        yield 9, f"gradients by {plain(standing.gradients)}", muted


def reading_words(share: float) -> str:
    """Return what stands in the place of what is known once all has been read."""
    return f"reading {percent(min(share, 0.99))}"


def _member_facts(standing: Standing, look: Look) -> list[Fact]:
    """Return which network of a population is shown, or what became of all of them."""
    crowd, bad = standing.crowd, look.style("bad")
    if standing.member:
        return [(1, plain(standing.member), look.style("text", bold=True))]
    if crowd is None:
        return []
    words = f"mean of {count(crowd.members - crowd.diverged)}"
    if standing.state != "ended" and crowd.training < crowd.members:
        words = f"{count(crowd.training)} of {count(crowd.members)} train"
    facts: list[Fact] = [(1, words, look.style("text"))]
    if crowd.diverged:
        facts.append((2, f"{count(crowd.diverged)} of {count(crowd.members)} diverged", bad))
    return facts + ([(2, f"{count(crowd.dead)} dead", bad)] if crowd.dead else [])


def draw_state(standing: Standing, look: Look) -> Text:
    """Return the state as a symbol and a word."""
    finished = standing.state == "ended" and standing.status == "finished"
    symbol = look.glyphs.states["finished" if finished else standing.state]
    if standing.state == "ended" and standing.status in ("diverged", "failed"):
        symbol = look.glyphs.states["crashed"]
    word = "ready" if standing.state == "none" else (standing.status or standing.state)
    word = word if standing.state in ("ended", "none") else standing.state
    if standing.trained is not None:
        symbol = look.glyphs.states["paused" if standing.held else "replay"]
        word = "held" if standing.held else "showing"
    ended = standing.status if standing.state == "ended" else ""
    role = _ROLES.get(ended) or _ROLES.get(standing.state, "muted")
    return Text(f"{symbol} {word}", look.style(role, bold=True), end="")


_ROLES: Final[Mapping[str, Role]] = {
    "crashed": "bad",
    "finished": "good",
    "stopped": "warning",
    "ended": "bad",
    "paused": "warning",
    "silent": "warning",
    "running": "good",
    "replay": "good",
}
"""The colour of a state, or of how a run ended."""


def draw_outcome(standing: Standing, width: int, look: Look) -> Text:
    """Return what came of the run, why it crashed, or the figures that are left."""
    if standing.state == "crashed":
        words = plain(standing.reason) or "the worker is gone and left no reason"
        return look.line(look.fit(words, width), "bad")
    if standing.state != "ended":
        return draw_rest(standing, width, look)
    bad, result = standing.status in ("diverged", "failed"), standing.result
    shown = [(key, name) for key, name in RESULTS if key in result]
    line = look.line(titled(standing.result_place, width // 3, cell_len) if shown else "", "muted")
    for key, name in shown:
        value = _result(result[key], look)
        if line.cell_len + cell_len(f"{name} {value}   ") > width:
            break
        tested = key.startswith("test")
        line.append(f"{name} ", look.style("muted"))
        line.append(f"{value}   ", look.style("good" if tested else "text", bold=tested))
    reason = REASONS.get(standing.reason, plain(standing.reason))
    why = Text(reason, look.style("bad" if bad else "muted"), end="")
    if bad:
        return Text.assemble(why, "   ", line, end="")
    if result.get("seconds") is not None:
        why.append(f" in {duration(_mean(result['seconds']))}")
    return line.append_text(why) if line.cell_len + why.cell_len <= width else line


def _result(value: Any, look: Look) -> str:
    """Return a figure of a result; of several members their mean, and how far they lie apart."""
    if not isinstance(value, list):
        return look.figure(float(value))
    finite = _finite(value)
    deviation = stdev(finite) if len(finite) > 1 else math.nan
    return look.figure(_mean(value)) + _apart(deviation, look.glyphs)


def _apart(deviation: float | None, glyphs: Glyphs) -> str:
    """Return how far members lie apart, with the space before it; nothing where nobody knows."""
    if deviation is None or not math.isfinite(deviation):
        return ""
    return f" {glyphs.plus_minus} {figure(deviation, 2)}"


def _mean(value: Any) -> float:
    """Return a figure of a result; the mean of the finite ones where there are several."""
    if not isinstance(value, list):
        return float(value)
    return fmean(finite) if (finite := _finite(value)) else math.nan


def _finite(values: list[Any]) -> list[float]:
    return list(filter(math.isfinite, [float(value) for value in values if value is not None]))
