"""What the presenter's second screen says: from the shared folder to ``Speaker``.

    Audience ── Presented ──► which run, which step ──► Watch, notes.toml ──► Speaker

The run is read as the lab reads it, by the same ``Watch``; nothing here knows Textual.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..drawing.lecture.speaker import Foot, RunStanding, SceneHeading, Span, Speaker, whole_seconds
from ..replay.next_mark import Promise, next_mark, promises_of
from ..replay.tempo import mark_at, stops_of
from ..watching.watch import Watch
from .following import runs_of
from .presenting import Audience, Clock

if TYPE_CHECKING:
    from engine.runs.notes import NotedMark

    from .presented import Presented, Programme

NOTES_SECONDS: Final = 1.0
"""How often marks that were added later are looked for."""


class Prompter:
    """Reads what is presented, and says what the presenter wants to know.

    Args:
        folder: Where runs are kept.
        name: The name under which somebody presents, or will.
        clock: Seconds that only grow.
        now: Seconds since 1970.
    """

    def __init__(
        self, folder: Path, name: str, clock: Clock = time.monotonic, now: Clock = time.time
    ) -> None:
        self._folder = folder
        self._name = name
        self._audience = Audience(folder, name, clock, now)
        self._clock = clock
        self._now = now
        self._watch: Watch | None = None
        self._promises: tuple[Promise, ...] | None = None
        """The marks of the experiment; None until its header has been read."""
        self._added: tuple[NotedMark, ...] = ()
        self._looked_at = float("-inf")

    def poll(self) -> Speaker:
        """Read what is new, and return what there is to say."""
        presented = self._audience.poll()
        presence, trouble = self._audience.presence, self._audience.trouble
        if presented is None:
            notes = trouble or WAITING.format(name=self._name)
            return Speaker(heading=self._waiting(trouble), notes=notes)
        self._follow(presented)
        programme = presented.programme
        about = "The presenter is gone; this was shown last." if presence == "gone" else ""
        wrong = trouble or about
        return Speaker(
            heading=SceneHeading(
                number=f"{programme.scene + 1}/{programme.scenes}" if programme.scenes else "",
                title=programme.heading or (presented.runs[0].name if presented.runs else ""),
                about=wrong or programme.title,
                wrong=bool(wrong),
            ),
            notes=programme.notes,
            lecture=self._span(programme.started, programme.minutes),
            scene=self._span(programme.scene_started, programme.scene_minutes),
            foot=self._foot(presented, programme),
        )

    @property
    def behind(self) -> bool:
        """Whether there is more in the recording than has been read."""
        return self._watch is not None and self._watch.behind

    def _waiting(self, trouble: str) -> SceneHeading:
        about = trouble or "Nobody presents it yet."
        return SceneHeading(title=self._name, about=about, wrong=True)

    def _span(self, started: float, minutes: float) -> Span:
        if not started:
            return Span()
        return Span(whole_seconds(self._now() - started), whole_seconds(minutes * 60))

    def _follow(self, presented: Presented) -> None:
        """Read the run that is shown."""
        from engine.runs.notes import Notes

        runs = runs_of(presented, self._folder)
        if not runs:
            self._watch = None
            return
        if self._watch is None or self._watch.folder != runs[0]:
            self._watch, self._promises, self._added = Watch(runs[0]), None, ()
            self._looked_at = float("-inf")
        self._watch.poll()
        header = self._watch.history.header
        if self._promises is None and header is not None:
            self._promises = promises_of(header)
        if self._clock() >= self._looked_at + NOTES_SECONDS:
            self._looked_at = self._clock()
            self._added = Notes.load(runs[0]).marks

    def _foot(self, presented: Presented, programme: Programme) -> Foot:
        watch = self._watch
        if watch is None or watch.history.header is None:
            name = presented.runs[0].name if presented.runs else ""
            shown = RunStanding(run=name, words=_words(presented, watch))
            return Foot(shown=shown, next_scene=programme.next_heading)
        history = watch.history if presented.head is None else watch.whole
        last = history.last_step
        step = last if presented.head is None else min(presented.head, last)
        stops = stops_of(history, self._added)
        mark = mark_at(step, stops)
        standing = watch.standing(step, presented.lens.member_of(history))
        return Foot(
            shown=RunStanding(
                run=watch.label,
                step=step,
                steps=max(standing.steps, last) if watch.going else last,
                loss=standing.loss,
                words=_words(presented, watch),
            ),
            here=None if mark is None else Promise.kept(mark),
            mark=next_mark(stops, self._promises or (), step, going=watch.going),
            next_scene=programme.next_heading,
        )


WAITING: Final = """\
What is said here, the presenter's lab writes into the folder of runs. It begins with

epochal lecture {name}

in another terminal, with the same folder of runs."""


def _words(presented: Presented, watch: Watch | None) -> tuple[str, ...]:
    """Return how it goes on, and what the class does not see."""
    words: list[str] = []
    if len(presented.runs) > 1:
        words.append(f"beside {len(presented.runs) - 1} more")
    if presented.head is not None:
        playing = f"playing {presented.tempo.speed_words}"
        words.append(playing if presented.playing else "paused")
    elif watch is not None:
        words.append(watch.trouble or watch.state)
    if presented.blank:
        words.append("the screen is blank")
    return tuple(words)
