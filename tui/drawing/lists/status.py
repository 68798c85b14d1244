"""The two lines that say how a run stands: figures above, below them its outcome or more figures.

The state is a symbol and a word, never a colour alone. Where there is no room, the facts that
matter least go first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import stdev
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, duration, figure, percent, rate, short
from ...style.palette import Palette, Role
from ...style.text import Lines, cut, fit
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
    lines = [draw_figures(standing, width, look)]
    if height == 1 and standing.state in ("ended", "crashed"):
        lines = []
    lines.append(draw_outcome(standing, width, look))
    lines += [Text(end="") for _ in range(height - len(lines))]
    return [cut(line, width) for line in lines[: max(height, 0)]]


def draw_figures(standing: Standing, width: int, look: Look) -> Text:
    """Return the line of figures, as many as fit."""
    state = draw_state(standing, look)
    facts = _facts(standing, look)
    chosen = _fitting(facts, width - state.cell_len - 2, look.glyphs)
    return Text.assemble(state, "  ", _joined([facts[i] for i in chosen], look), end="")


def draw_rest(standing: Standing, width: int, look: Look) -> Text:
    """Return the figures that the line above has no room for, as many as fit."""
    state = draw_state(standing, look)
    facts = _facts(standing, look)
    above = _fitting(facts, width - state.cell_len - 2, look.glyphs)
    left = [fact for index, fact in enumerate(facts) if index not in above]
    return _joined([left[i] for i in _fitting(left, width, look.glyphs)], look)


def _fitting(facts: Sequence[_Fact], room: int, glyphs: Glyphs) -> list[int]:
    """Return which facts fit, in the order in which they are said."""
    chosen: list[int] = []
    for index in sorted(range(len(facts)), key=lambda i: facts[i].rank):
        needed = cell_len(facts[index].words) + (len(glyphs.dot) if chosen else 0)
        if needed > room:
            break
        room -= needed
        chosen.append(index)
    return sorted(chosen)


def _joined(facts: Sequence[_Fact], look: Look) -> Text:
    line = Text(end="")
    for position, fact in enumerate(facts):
        line.append(look.glyphs.dot if position else "", look.style("faint"))
        line.append(fact.words, fact.style)
    return line


@dataclass(frozen=True)
class _Fact:
    rank: int
    """0 is the last to go."""
    words: str
    style: Style


def _facts(standing: Standing, look: Look) -> list[_Fact]:
    """Return what there is to say, in the order in which it is said."""
    text, muted = look.style("text"), look.style("muted")
    reading = [] if standing.reading is None else [_reading(standing.reading, look.palette)]
    if standing.state in ("none", "lecture", "starting"):
        return reading

    def number(value: float) -> str:
        return figure(value, infinity=look.glyphs.infinity)

    def apart(name: str) -> str:
        deviation = standing.crowd.deviations.get(name) if standing.crowd is not None else None
        return _apart(deviation, look.glyphs)

    of = f"/{count(standing.steps)}" if standing.steps else ""
    where = (standing.place or f"step {count(standing.step)}") + of
    if standing.trained is not None:
        where = f"shown {count(standing.step)}{look.glyphs.dot}trained {count(standing.trained)}"
    facts = [*reading, _Fact(0, where, text)]
    if standing.state != "ended" and standing.steps:
        facts.append(_Fact(7, _progress(standing, look.glyphs), look.style("train")))
    if standing.epoch is not None:
        share = f"/{count(standing.epochs)}" if standing.epochs else ""
        epoch = count(int(standing.epoch)) if standing.epoch >= 1 else f"{standing.epoch:.1f}"
        facts.append(_Fact(6, f"epoch {epoch}{share}", text))
    if standing.loss is not None:
        loss = f"loss {number(standing.loss)}{apart('loss')}"
        facts.append(_Fact(1, loss, look.style("train", bold=True)))
    dev = look.style("dev", bold=True)
    if standing.dev_accuracy is not None:
        words = f"dev accuracy {number(standing.dev_accuracy)}{apart('dev_accuracy')}"
        facts.append(_Fact(2, words, dev))
    elif standing.dev_loss is not None:
        words = f"dev loss {number(standing.dev_loss)}{apart('dev_loss')}"
        facts.append(_Fact(2, words, dev))
    facts += _member_facts(standing, look.palette)
    if standing.state == "running":
        facts.append(_Fact(3, f"{rate(standing.steps_per_second)} steps/s", text))
        if standing.steps_per_second > 0:
            left = (standing.steps - standing.step) / standing.steps_per_second
            facts.append(_Fact(8, f"{duration(left)} left", muted))
    if math.isfinite(standing.lr):
        facts.append(_Fact(5, f"lr {short(float(f'{standing.lr:.4g}'))}", text))
    if standing.device:
        facts.append(_Fact(4, plain(standing.device), muted))
    if standing.gradients:
        facts.append(_Fact(9, f"gradients by {plain(standing.gradients)}", muted))
    return facts


def _reading(share: float, palette: Palette) -> _Fact:
    """Return how much of the recording has been read: the rest of the line is not all there is."""
    return _Fact(-1, reading_words(share), palette.style("warning"))


def reading_words(share: float) -> str:
    """Return what stands in the place of what is known once all has been read."""
    return f"reading {percent(min(share, 0.99))}"


def _member_facts(standing: Standing, palette: Palette) -> list[_Fact]:
    """Return which network of a population is shown, or what became of all of them."""
    if standing.member:
        return [_Fact(1, plain(standing.member), palette.style("text", bold=True))]
    crowd = standing.crowd
    if crowd is None:
        return []
    words = f"mean of {count(crowd.members - crowd.diverged)}"
    if standing.state != "ended" and crowd.training < crowd.members:
        words = f"{count(crowd.training)} of {count(crowd.members)} train"
    facts = [_Fact(1, words, palette.style("text"))]
    if crowd.diverged:
        facts.append(
            _Fact(
                2,
                f"{count(crowd.diverged)} of {count(crowd.members)} diverged",
                palette.style("bad"),
            )
        )
    if crowd.dead:
        facts.append(_Fact(2, f"{count(crowd.dead)} dead", palette.style("bad")))
    return facts


def _progress(standing: Standing, glyphs: Glyphs) -> str:
    """Return a bar of ten cells and the share in percent."""
    share = min(standing.step / standing.steps, 1.0)
    eighths = len(glyphs.eighths)
    whole, part = divmod(int(share * 10 * eighths), eighths)
    bar = glyphs.eighths[-1] * whole + (glyphs.eighths[part - 1] if part else "")
    return f"{bar.ljust(10, glyphs.track)} {percent(share)}"


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
    return Text(f"{symbol} {word}", look.style(_role(standing), bold=True), end="")


def _role(standing: Standing) -> Role:
    match standing.state:
        case "crashed":
            return "bad"
        case "ended":
            roles: dict[str, Role] = {"finished": "good", "stopped": "warning"}
            return roles.get(standing.status, "bad")
        case "paused" | "silent":
            return "warning"
        case "running" | "replay":
            return "good"
    return "muted"


def draw_outcome(standing: Standing, width: int, look: Look) -> Text:
    """Return what came of the run, why it crashed, or the figures that are left."""
    if standing.state == "crashed":
        words = plain(standing.reason) or "the worker is gone and left no reason"
        return Text(fit(words, width, look.glyphs.ellipsis), look.style("bad"), end="")
    if standing.state != "ended":
        return draw_rest(standing, width, look)
    reason = REASONS.get(standing.reason, plain(standing.reason))
    bad = standing.status in ("diverged", "failed")
    shown = any(key in standing.result for key, _ in RESULTS)
    of = titled(standing.result_place, width // 3, cell_len) if shown else ""
    line = Text(of, look.style("muted"), end="")
    for key, name in RESULTS:
        if key in standing.result:
            value = _result(standing.result[key], look.glyphs)
            if line.cell_len + cell_len(f"{name} {value}   ") > width:
                break
            role: Role = "good" if key.startswith("test") else "text"
            line.append(f"{name} ", look.style("muted"))
            line.append(f"{value}   ", look.style(role, bold=key.startswith("test")))
    why = Text(reason, look.style("bad" if bad else "muted"), end="")
    if bad:
        return Text.assemble(why, "   ", line, end="")
    seconds = standing.result.get("seconds")
    if seconds is not None:
        why.append(f" in {duration(_number(seconds))}")
    return line.append_text(why) if line.cell_len + why.cell_len <= width else line


def _result(value: Any, glyphs: Glyphs) -> str:
    """Return a figure of a result; of several members their mean, and how far they lie apart."""
    if not isinstance(value, list):
        return figure(float(value), infinity=glyphs.infinity)
    mean, apart = _number(value), _deviation(value)
    return figure(mean, infinity=glyphs.infinity) + _apart(apart, glyphs)


def _apart(deviation: float | None, glyphs: Glyphs) -> str:
    """Return how far members lie apart, with the space before it; nothing where nobody knows."""
    if deviation is None or not math.isfinite(deviation):
        return ""
    return f" {glyphs.plus_minus} {figure(deviation, 2)}"


def _number(value: Any) -> float:
    """Return a figure of a result; the mean of the finite ones where there are several."""
    if not isinstance(value, list):
        return float(value)
    known = _finite(value)
    return sum(known) / len(known) if known else math.nan


def _deviation(values: list[Any]) -> float:
    known = _finite(values)
    return stdev(known) if len(known) > 1 else math.nan


def _finite(values: list[Any]) -> list[float]:
    numbers = [float(value) for value in values if value is not None]
    return [number for number in numbers if math.isfinite(number)]
