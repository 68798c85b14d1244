"""The lab's screen at some steps of a run, drawn by the lab itself and looked at step by step.

It is opened as for somebody who only looks on: nothing is asked of any run, nothing remembered,
nobody can follow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

from engine.errors import RequestError
from engine.exports.export import Export

from ..app import LabApp
from ..lab.opening import Opening
from ..lab.screen import Lab
from ..pictures.wish import parse_size
from ..replay.player import Player
from ..replay.tempo import Tempo
from ..style.look import Look
from ..terminal.frame_clock import Clock
from ..terminal.leaned_on import drawn_lines, is_drawn, is_quiet
from .schedule import Scheduled, schedule

SIZE: Final = (120, 36)
LARGEST: Final = (240, 80)

TICKS: Final = 50.0
"""How often the lab looks, a second: nobody waits at the other end of a line."""

PATIENCE: Final = 60.0
"""Seconds after which a step that is not drawn never will be."""


class Shot(NamedTuple):
    """The screen for a while."""

    seconds: float
    lines: tuple[Strip, ...]


@dataclass(frozen=True)
class Shots:
    """What a film is made of."""

    width: int
    height: int
    shots: tuple[Shot, ...]


def shots_of(export: Export, look: Look) -> Shots:
    """Return the lab's screen at the steps of a film.

    Args:
        export: The run, and how large and how long it is wanted.
        look: What it is drawn with.

    Raises:
        RequestError: Size or length is none, or the lab does not come to show the run.
    """
    size = _size(export.size)
    history = export.history
    marks = [mark.step for mark in history.marks if not mark.of]
    steps = schedule(history.last_step, marks, export.seconds)
    return Shots(*size, tuple(asyncio.run(_filmed(export, size, steps, look))))


def _size(text: str) -> tuple[int, int]:
    width, height = parse_size(text) if text else SIZE
    if width > LARGEST[0] or height > LARGEST[1]:
        raise RequestError(f"--size: a film has at most {LARGEST[0]}x{LARGEST[1]} (got {text})")
    return width, height


async def _filmed(
    export: Export, size: tuple[int, int], steps: Sequence[Scheduled], look: Look
) -> list[Shot]:
    folder = export.folder
    opening = Opening(
        run=folder, runs_dir=folder.path.parent, look=look, clock=Clock(TICKS), read_only=True
    )
    app = LabApp(opening)
    async with app.run_test(size=size) as pilot:
        lab = app.screen
        assert isinstance(lab, Lab)
        # No time passes: it plays, and the film says which step it has come to.
        lab.replay.clock = _stopped
        lab.replay.start_soon(Tempo("whole", export.seconds))
        await _until(pilot, lambda: lab.replay.player is not None and not lab.replay.awaiting)
        lab.reading.look_through(member=export.member)
        return [Shot(each.seconds, await _shot(pilot, lab, each.step)) for each in steps]


async def _shot(pilot: Pilot[Any], lab: Lab, step: int) -> tuple[Strip, ...]:
    lab.replay.move(lambda player: _play_at(player, step))
    # What was drawn may still have more to be drawn.
    for _ in range(3):
        await _until(pilot, lambda: lab.view.step == step and is_still(pilot.app))
    return tuple(drawn_lines(lab)[: lab.size.height])


def _stopped() -> float:
    return 0.0


def _play_at(player: Player, step: int) -> None:
    player.seek(step)
    player.play()


async def _until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise RequestError("the lab did not come to show this run in a minute") from None
    await pilot.pause(0)


def is_still(app: App[Any]) -> bool:
    """Whether nothing waits, is computed or is to be drawn."""
    return (
        is_drawn(app.screen)
        and is_quiet(app)
        and not any(worker.is_running for worker in app.workers)
    )
