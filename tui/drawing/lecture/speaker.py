"""What a presenter reads: notes, the next mark, the time.

    2/9  The update, written out                        lecture  4:12 / 18:00
    Gradients, by hand and automatic                      scene  1:40 / 2:30
    ─────────────────────────────────────────────────────────────────────────
    Six points in three classes. Nothing is hidden: …
    ─────────────────────────────────────────────────────────────────────────
    shown   step 117/1 000 · loss 0.8312 · playing 2x · manual-update 4f1c
    mark    ▲ step 210, in 93 · All six are right
            The loss goes on falling, for …
    next    The gradient on paper

The clock is a part of its own, so that a second costs its cells alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...replay.next_mark import Promise
from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Palette, Role
from ...style.text import Lines, cut, fit, pad_left, wrap
from ..base.frame import filled
from ..replay.transport import clock

READABLE: Final = 96
"""Cells of a line of notes at most: longer ones are hard to find back into."""
LABEL: Final = 8
"""Cells of the names at the left of the foot."""
NO_NOTES: Final = "This scene has no notes."
NO_MARK: Final = "none any more"
CLOCK_WIDTH: Final = 28
"""Cells of the clock, where there is room."""


@dataclass(frozen=True)
class Span:
    """A time that passes, and how much of it was planned; whole seconds, for more is not shown."""

    elapsed: int | None = None
    """None before it began."""
    planned: int = 0
    """0 where nobody says."""

    @property
    def over(self) -> bool:
        """Whether it takes longer than planned."""
        return self.elapsed is not None and 0 < self.planned < self.elapsed


@dataclass(frozen=True, kw_only=True)
class SceneHeading:
    """What the first lines say."""

    number: str = ""
    """Which scene of how many."""
    title: str = ""
    """The scene's."""
    about: str = ""
    """The lecture's title, or why there is nothing to see."""
    wrong: bool = False
    """Whether that is no good news."""


@dataclass(frozen=True, kw_only=True)
class RunStanding:
    """What the presenter's screen shows of a run."""

    run: str = ""
    """What the run is called; empty where none is shown."""
    step: int = 0
    steps: int = 0
    """The steps there are or will be."""
    loss: float | None = None
    words: tuple[str, ...] = ()
    """Whatever else there is to say of it, such as that it plays."""


@dataclass(frozen=True, kw_only=True)
class Foot:
    """What the last lines say."""

    shown: RunStanding = field(default_factory=RunStanding)
    here: Promise | None = None
    """The mark the presenter stands on."""
    mark: Promise | None = None
    """The next one."""
    next_scene: str = ""
    """The next scene's title; empty at the last one."""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """One moment of what a presenter reads. Two are equal where they look the same."""

    heading: SceneHeading = field(default_factory=SceneHeading)
    notes: str = ""
    lecture: Span = field(default_factory=Span)
    scene: Span = field(default_factory=Span)
    foot: Foot | None = None
    """None where nobody presents."""


def draw_heading(heading: SceneHeading, width: int, height: int, look: Look) -> Lines:
    """Return which scene it is, the lecture it belongs to, and a rule."""
    title = look.line(f"{heading.number}  " if heading.number else "", "muted")
    said = look.fit(plain(heading.title), width - title.cell_len)
    title.append(said, look.style("text", bold=True))
    role: Role = "warning" if heading.wrong else "muted"
    about = look.line(look.fit(plain(heading.about), width), role)
    # In a single line, what is wrong is worth more than what was shown.
    lines = [about if heading.wrong and height == 1 else title, about, rule(width, look)]
    return filled(lines, width, height)


def draw_clock(lecture: Span, scene: Span, width: int, height: int, look: Look) -> Lines:
    """Return how long the lecture and the scene have taken, and a rule; coloured when over."""
    lines = [_time_line("lecture", lecture, "bad", width, look)]
    lines += [_time_line("scene", scene, "warning", width, look), rule(width, look)]
    return filled(lines, width, height)


def _time_line(label: str, span: Span, late: Role, width: int, look: Look) -> Text:
    if span.elapsed is None:
        return Text(end="")
    words = clock(span.elapsed) + (f" / {clock(span.planned)}" if span.planned else "")
    # A sign, for where there are no colours.
    words = f"+{words}" if span.over else words
    style = look.style(late, bold=True) if span.over else look.style("text")
    label = f"{label} " if len(label) + len(words) - span.over + 3 <= width else ""
    line = look.line(pad_left(label, width - len(words) - 1), "muted")
    return line.append(f" {words}"[-width:] if width > 0 else "", style)


def draw_notes(notes: str, width: int, palette: Palette) -> Lines:
    """Return the notes, broken into lines that are easily read; as many as there are."""
    text = plain(notes.strip(), lines=True)
    style = palette.style("text" if text else "muted")
    lines = wrap(text or NO_NOTES, min(width, READABLE))
    return [cut(Text(line, style, end="", no_wrap=True), width) for line in lines]


def draw_foot(foot: Foot | None, width: int, height: int, look: Look) -> Lines:
    """Return what is shown, the next mark with its note, the next scene, under a rule.

    Where there is little room, what is shown stays longest, then the mark, then the scene.
    """
    if foot is None:
        return filled([], width, height)
    lines = [rule(width, look)] if height > 3 else []
    room = height - len(lines)
    shown = _labelled("shown", _shown(foot.shown, look), width, look)
    mark = _labelled("mark", _mark(foot.mark, foot.shown.step, look), width, look)
    said = (plain(foot.next_scene), look.style("text")) if foot.next_scene else None
    scene = _labelled("next", [said or ("the end", look.style("muted"))], width, look)
    parts = [shown, mark, scene][: max(room, 0)]
    if foot.here is not None and room > len(parts):
        parts.insert(1, _labelled("here", _mark(foot.here, None, look), width, look))
    if noted := list(_note(foot.mark, room - len(parts), width, look)):
        at = parts.index(mark) + 1
        parts[at:at] = noted
    return filled(lines + parts, width, height)


def rule(width: int, look: Look) -> Text:
    """Return a line across."""
    return look.line(look.glyphs.axis[3] * max(width, 0), "faint")


Words = Sequence[tuple[str, Style]]


def _labelled(label: str, words: Words, width: int, look: Look) -> Text:
    line = look.line(label.ljust(LABEL), "muted")
    for said, style in words:
        line.append(look.fit(said, width - line.cell_len), style)
    return line


def _shown(shown: RunStanding, look: Look) -> Words:
    text, muted = look.style("text"), look.style("muted")
    if not shown.run:
        return [(look.glyphs.dot.join(map(plain, ["no run", *shown.words])), muted)]
    steps = f"/{count(shown.steps)}" if shown.steps else ""
    said = [f"step {count(shown.step)}{steps}"]
    if shown.loss is not None:
        said.append(f"loss {look.figure(shown.loss)}")
    return [(look.glyphs.dot.join(map(plain, [*said, *shown.words, shown.run])), text)]


def _mark(mark: Promise | None, step: int | None, look: Look) -> Words:
    """Return a mark, and how far it is from a step, where there is one."""
    muted = look.style("muted")
    if mark is None:
        return [(NO_MARK, muted)]
    where = mark.when if mark.step is None else f"step {count(mark.step)}"
    if mark.step is not None and step is not None:
        where += f", in {count(mark.step - step)}"
    pauses = f"{look.glyphs.states['paused']} " if mark.pause else ""
    return [
        (f"{look.glyphs.mark} {pauses}", look.style("dev", bold=True)),
        (f"{where}{look.glyphs.dot}", muted),
        (plain(mark.title), look.style("text", bold=True)),
    ]


def _note(mark: Promise | None, room: int, width: int, look: Look) -> Iterator[Text]:
    """Yield the lines of a mark's note, as many as there is room for."""
    if mark is None or room <= 0 or width <= LABEL:
        return
    broad = min(width - LABEL, READABLE)
    lines = [line for line in wrap(plain(mark.note, lines=True), broad) if line]
    for at, line in enumerate(lines[:room]):
        if at == room - 1 and len(lines) > room:
            line = fit(line, broad - len(look.glyphs.ellipsis), "") + look.glyphs.ellipsis
        yield look.line(" " * LABEL + line, "text")


def whole_seconds(seconds: float) -> int:
    """Return a time as the clock shows it."""
    return max(math.floor(seconds), 0) if math.isfinite(seconds) else 0
