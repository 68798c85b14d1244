"""From a lab to what is presented of it, and from what is presented to a lab that follows.

    cast, lens, player, scene ── presented_of ──► Presented ──┬── recast ──► cast
                                                              ├── lead ────► player, transport
                                                              └── lens, panes, programme …

Both ends are the same lab with the same reader: what goes between them is which runs, which step
and how they are looked at, never a picture of them. Nothing here knows Textual or a file.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.runs.folder import RunFolder

from .presented import Presented, Programme, ShownRun

if TYPE_CHECKING:
    from engine.figures.figures import Readings
    from engine.lectures.lecture import Script

    from ..replay.player import Player
    from ..replay.tempo import Transport
    from ..watching.cast import Cast
    from ..watching.view import Lens


def presented_of(
    runs_dir: Path, cast: Cast, lens: Lens, player: Player | None = None, **others: Any
) -> Presented:
    """Return what a lab shows.

    Args:
        runs_dir: Where runs are kept.
        cast: The runs on its screen.
        lens: How they are looked at.
        player: What moves it, where it is a replay.
        others: Whatever else ``Presented`` has: panes, ``blank``, ``big``, the programme.
    """
    places = ((place_of(folder, runs_dir), slot) for folder, slot in cast.seats)
    runs = tuple(ShownRun(place=place, slot=slot) for place, slot in places)
    if player is not None:
        others |= {"head": player.head, "playing": player.playing, "tempo": player.tempo}
    return Presented(runs=runs, lens=lens, **others)


@lru_cache(maxsize=64)
def place_of(folder: RunFolder, runs_dir: Path) -> str:
    """Return where a run is, for somebody who may have the folder of runs at another path."""
    path, home = folder.path.resolve(), runs_dir.resolve()
    return str(path.relative_to(home) if path.is_relative_to(home) else path)


def runs_of(presented: Presented, runs_dir: Path) -> tuple[RunFolder, ...]:
    """Return the runs that are presented, the one that is shown first."""
    return tuple(RunFolder(runs_dir / run.place) for run in presented.runs)


def recast(cast: Cast, presented: Presented, runs_dir: Path) -> bool:
    """Have the runs on the screen that are presented; return whether the one shown is another."""
    before = cast.lead
    slots = [run.slot for run in presented.runs]
    cast.seat(list(zip(runs_of(presented, runs_dir), slots, strict=True)))
    return cast.lead is not before


def lead(player: Player, presented: Presented) -> Transport:
    """Have a player stand where the presenter's does; return what its transport bar shows.

    It never moves by itself: what it shows comes from the presenter, and no further than this
    end has read the recording.
    """
    player.pause()
    if player.tempo != presented.tempo:
        player.tempo = presented.tempo
    player.seek(player.last_step if presented.head is None else presented.head)
    return replace(player.transport, playing=presented.playing)


def programme_of(
    script: Script,
    scene: int,
    started: float,
    scene_started: float,
    readings: Readings | None = None,
) -> Programme:
    """Return what is to be known of a lecture at one of its scenes.

    Args:
        script: The lecture.
        scene: Which scene, the first being 0.
        started: When the lecture began, in seconds since 1970; 0 where it has not.
        scene_started: When the scene began.
        readings: What is known of what it shows, for the figures in its notes.
    """
    from engine.figures.figures import filled, nothing, spoken

    lecture = script.lecture
    shown, following = lecture.scenes[scene], lecture.scenes[scene + 1 : scene + 2]
    return Programme(
        lecture=script.name,
        title=lecture.title,
        scene=scene,
        scenes=len(lecture.scenes),
        heading=shown.title,
        text=spoken(shown.text or ""),
        notes=filled(shown.notes, readings or nothing),
        next_heading=following[0].title if following else "",
        minutes=lecture.minutes,
        scene_minutes=shown.minutes,
        started=started,
        scene_started=scene_started,
    )
