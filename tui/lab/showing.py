"""A run that is quicker than the eye, shown at a pace that can be watched.

    worker ──► recording ──► trained 3 000
                   └──────── player ──► shown 412

The worker trains at full speed; what is shown follows its recording, as a replay does. So a
newcomer sees a network learn that is trained in a fifth of a second. Once somebody has gone to the
newest step, or has chosen a pace, runs are shown as they come.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..replay.tempo import Tempo
from ..style.numbers import count
from .replaying import Replaying

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

    from ..replay.player import Player
    from ..watching.view import View
    from ..watching.watch import Watch

SECONDS: Final = 6.0
"""What a whole run takes at most, stops at marks apart."""
SLOWEST: Final = 4.0
"""Steps a second, where there are too few to fill that time."""
LATE: Final = 1.0
"""Seconds after the end in which a key was on its way before anybody saw it."""
BLINK: Final = 0.5
"""Seconds of that pace by which training may be ahead without having been quicker than the eye."""


class Showing(Replaying):
    """A replay that follows a run while it is trained."""

    _shower: Player | None = None
    """What paces the run that is shown so."""
    _unfolding: RunFolder | None = None
    """The run that is shown so once it gets ahead of what can be seen."""

    _seen_at = -math.inf
    """When the end of a run was last come to."""

    @property
    def showing(self) -> bool:
        """Whether the run is shown at a pace that can be watched."""
        return self.player is not None and self.player is self._shower

    def begun(self, folder: RunFolder, steps: int | None) -> None:
        """Show a run that was just started at a pace that can be watched, where it is too quick.

        Args:
            folder: The run's.
            steps: After how many it pauses; none where it trains freely.
        """
        learnt = self.opening.memory.choices.paced or self.opening.lecture is not None
        self._unfolding = None if learnt or steps is not None else folder

    def read_on(self) -> None:
        """Begin to show a run slowly that has got ahead, and end where all of it was seen."""
        super().read_on()
        watch = self.cast.lead
        if watch is None or watch.folder != self._unfolding:
            return
        if self.showing:
            self._show_on(watch)
        elif self.player is None:
            self._fall_behind(watch)

    def _fall_behind(self, watch: Watch) -> None:
        """Show more slowly what was quicker than the eye."""
        seen = self.view.step if self.view.run == watch.folder.name else 0
        tempo = _tempo_of(watch)
        if tempo is None or watch.whole.last_step - seen <= BLINK * _steps(watch) / tempo.value:
            return
        self.player = self._shower = self._player(tempo)
        self.player.seek(seen)
        self._show_on(watch)
        self.player.play()

    def _show_on(self, watch: Watch) -> None:
        """Move on; at the newest step there is nothing to be shown more slowly."""
        player, tempo = self.player, _tempo_of(watch)
        assert player is not None
        player.expected = 0 if watch.whole.end is not None else _steps(watch)
        kept = tempo is None or player.tempo.kind != "whole" or player.tempo.value == tempo.value
        if tempo is not None and not kept:
            player.tempo = replace(player.tempo, value=tempo.value)
        player.tick()
        if player.at_end and (player.playing or not watch.going):
            self.player, self.note = None, ""
            self._seen_at = self.player_clock()

    def _view_of(self, watch: Watch) -> View:
        """Return what is shown; while it lags behind what is trained, both are said."""
        view = super()._view_of(watch)
        if not self.showing or self.player is None:
            return view
        standing = replace(
            view.standing,
            state="replay",
            trained=watch.whole.last_step,
            held=not self.player.playing,
        )
        return replace(view, standing=standing)

    def has_just_ended(self) -> bool:
        """Whether a key may still be meant for what was shown, and not for what comes next."""
        return self.player_clock() - self._seen_at < LATE

    def know_pace(self) -> None:
        """Notice that somebody knows how to choose a pace."""
        memory = self.opening.memory
        memory.keep(replace(memory.choices, paced=True))

    def action_next_tempo(self) -> None:
        """Count the replay's time in another way."""
        self.know_pace()
        super().action_next_tempo()

    def action_play_faster(self, by: int) -> None:
        """Replay at twice the speed, or half."""
        self.know_pace()
        super().action_play_faster(by)

    def action_show_newest(self) -> None:
        """Show the newest step, and from now on every run as it comes."""
        if not self.opening.memory.choices.paced:
            self.say("Runs are shown as they come from now on; k replays one.")
        self.know_pace()
        self.player, self.note, self._unfolding = None, "", None
        self.show_now()

    def reach_worker(self) -> bool:
        """Show the newest step, where the worker can be asked; say that the run is over if not."""
        if not self.showing:
            return True
        if self.going:
            self.action_show_newest()
            return True
        steps = self.cast.lead.whole.last_step if self.cast.lead is not None else 0
        self.refuse("", f"The run is over: {count(steps)} steps were trained. End shows the last.")
        return False


def _steps(watch: Watch) -> int:
    """Return how many steps there are to show, those that are still to come included."""
    header = watch.whole.header
    over = watch.whole.end is not None or header is None
    return watch.whole.last_step if over or header is None else header.steps


def _tempo_of(watch: Watch) -> Tempo | None:
    """Return the pace at which all of a run can be watched; None before there is anything."""
    steps = _steps(watch)
    return Tempo("whole", min(SECONDS, steps / SLOWEST)) if steps else None
