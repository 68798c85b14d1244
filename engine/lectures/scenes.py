"""Scenes: what a lecture shows, what is said about it, and for how long.

This is the schema of a lecture: ``Lecture`` is the file, ``Scene`` one table of its list. Whether
what a scene refers to is there, ``engine.lectures.lecture`` knows; how it looks, the screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticKnownError

from ..components.section import Section

Quantity = Literal["loss", "accuracy", "lr", "grad_norm"]
SceneKind = Literal["preset", "run", "race", "text"]

KINDS: Final[tuple[SceneKind, ...]] = ("preset", "run", "race", "text")
"""What a scene can show; a scene has the key of exactly one."""

IDLE_SECONDS: Final = 2.0
"""How long nothing may happen where a recording is played as it was recorded."""

_TEMPO: Final = re.compile(r"(\d{1,7}(?:\.\d{1,6})?) ?(s|steps/s)")


@dataclass(frozen=True)
class SceneTempo:
    """How quickly a scene is played."""

    kind: Literal["time", "steps", "whole", "keys"]
    """As it was recorded, so many steps a second, the whole in so many seconds, or an event a
    key."""
    value: float
    """The longest pause in seconds, steps per second, seconds, or 0."""


def _tempo(text: str) -> SceneTempo:
    if text in ("keys", "recorded"):
        return SceneTempo("keys", 0.0) if text == "keys" else SceneTempo("time", IDLE_SECONDS)
    match = _TEMPO.fullmatch(text)
    if not match or not float(match[1]):
        raise ValueError(
            "must be the whole in a time as in '90 s', a speed as in '200 steps/s', 'recorded' "
            f"or 'keys' (got {text!r})"
        )
    return SceneTempo("whole" if match[2] == "s" else "steps", float(match[1]))


def _is_tempo(text: str) -> str:
    _tempo(text)
    return text


def _is_pane(name: str, info: ValidationInfo) -> str:
    """Refuse a pane that whoever shows the lecture does not have, where they are handed in."""
    panes = (info.context or {}).get("panes")
    if panes is not None and name not in panes:
        raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, panes))})
    return name


Reference = Annotated[str, Field(min_length=1, max_length=1000)]


class Scene(Section):
    """One thing to show, and what to say about it: a preset, a run, a race or a text."""

    title: str = Field(max_length=200)
    """What it is about, in a few words."""
    notes: str = Field(default="", max_length=20_000)
    """What the presenter says: paragraphs of plain text. Numbers between braces are filled in from
    the run that is shown, or compared by ``epochal check --figures``, as in a mark's ``note``;
    ``{exploding-he:loss@1 = 0.66}`` is of one of several runs."""
    minutes: Annotated[float, Field(gt=0, le=600)] = 2.0
    """How long it is meant to take."""

    preset: Reference | None = None
    """A preset's name, or a file relative to the lecture's, to be trained afresh."""
    run: Reference | None = None
    """A run, as commands take it, or a recording relative to the lecture's file."""
    race: list[Reference] | None = Field(default=None, min_length=2, max_length=4)
    """Two to four presets or runs, side by side and in step."""
    text: Annotated[str, Field(min_length=1, max_length=20_000)] | None = None
    """Plain text to show. A number can be one that is compared, as in ``{1.1 ** 50 = 117}`` or
    ``{exploding:loss@1 = 3.8}`` of a run that an earlier scene shows."""

    set: list[Reference] = Field(default=[], max_length=100)
    """What to change in the preset, or in each of a race, as in ``["optimizer.lr=0.5"]``."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """The seed, in place of the preset's own."""
    start: Annotated[int, Field(ge=0, le=1_000_000_000)] | Reference | None = None
    """Where it begins: a step, or the title of a mark."""
    tempo: Annotated[str, AfterValidator(_is_tempo)] | None = None
    """How quickly it is played: ``"90 s"`` for the whole, ``"200 steps/s"``, ``"recorded"`` or
    ``"keys"``."""
    pane: Annotated[str, AfterValidator(_is_pane)] | None = None
    """The pane that has the whole screen; the usual arrangement where this is left out."""
    quantity: Quantity = "loss"
    """What the curves show."""
    log: bool = False
    """Whether their axis is logarithmic."""

    def _problems(self) -> Iterator[str]:
        said = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(said) != 1:
            got = " and ".join(said) if said else "none of them"
            yield f"set exactly one of preset, run, race and text (got {got})"
            return
        of_presets, of_runs = {"set", "seed"}, {"start", "tempo", "pane", "quantity", "log"}
        idle = of_presets | of_runs if self.text is not None else of_presets if self.run else ()
        for key in type(self).model_fields:
            if key in idle and key in self.model_fields_set:
                yield f"{key}: says nothing where a scene shows a {said[0]}; leave it out"

    @property
    def kind(self) -> SceneKind:
        """What it shows."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def references(self) -> list[str]:
        """The presets and runs it shows; none for a text."""
        return self.race or [each for each in (self.preset, self.run) if each]

    @property
    def overrides(self) -> list[str]:
        """What it changes in its presets, the seed among it."""
        return [*self.set, *([] if self.seed is None else [f"train.seed={self.seed}"])]

    @property
    def played(self) -> SceneTempo | None:
        """How quickly it is played, if it says so."""
        return _tempo(self.tempo) if self.tempo else None


class Lecture(Section):
    """An ordered list of scenes."""

    title: str = Field(default="", max_length=200)
    """A few words for lists and headings."""
    about: str = Field(default="", max_length=10_000)
    """What it teaches, and to whom, in plain words."""
    scenes: list[Scene] = Field(default=[], max_length=200)
    """What is shown, in order."""

    def _problems(self) -> Iterator[str]:
        if not self.scenes:
            yield "scenes: must have at least 1 entry, as in [[scenes]]"

    @property
    def minutes(self) -> float:
        """How long it is meant to take."""
        return sum(scene.minutes for scene in self.scenes)
