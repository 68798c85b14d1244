"""A run that is quicker than the eye, shown at a pace that can be watched.

    worker ──► recording ──► trained 3 000
                   └──────── player ──► shown 412

The worker trains at full speed; what is shown follows its recording, as a replay does. So a
newcomer sees a network learn that is trained in a fifth of a second. Once somebody has gone to the
newest step, or has chosen a pace, runs are shown as they come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..replay.tempo import Tempo
from ..style.numbers import count
from .part import LabScreen
from .replay import Replay

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

    from ..drawing.lists.status import Standing
    from ..replay.player import Player
    from ..watching.watch import Watch

SECONDS: Final = 6.0
"""What a whole run takes at most, stops at marks apart."""
SLOWEST: Final = 4.0
"""Steps a second, where there are too few to fill that time."""
LATE: Final = 1.0
"""Seconds after the end in which a key was on its way before anybody saw it."""
BLINK: Final = 0.5
"""Seconds of that pace by which training may be ahead without having been quicker than the eye."""


@dataclass(eq=False)
class Pacing:
    """A replay that follows a run while it is trained."""

    screen: LabScreen
    replay: Replay
    _shower: Player | None = None
    """What paces the run that is shown so."""
    _unfolding: RunFolder | None = None
    """The run that is shown so once it gets ahead of what can be seen."""
    _seen_at: float = -math.inf
    """When the end of a run was last come to."""

    @property
    def showing(self) -> bool:
        """Whether the run is shown more slowly than it is trained."""
        return self.replay.player is not None and self.replay.player is self._shower

    def begin(self, folder: RunFolder, steps: int | None) -> None:
        """Show a run that was just started at a pace that can be watched, where it is too quick.

        Args:
            folder: The run's.
            steps: After how many it pauses; none where it trains freely.
        """
        opening = self.screen.opening
        learnt = opening.memory.choices.paced or opening.lecture is not None
        self._unfolding = None if learnt or steps is not None else folder

    def read_on(self) -> None:
        """Begin to show a run slowly that has got ahead, and end where all of it was seen."""
        watch, player = self.replay.cast.lead, self.replay.player
        if watch is None or watch.folder != self._unfolding:
            return
        if player is None:
            self._fall_behind(watch)
        elif self.showing:
            self._show_on(watch, player)

    def _fall_behind(self, watch: Watch) -> None:
        """Show more slowly what was quicker than the eye."""
        view, tempo = self.screen.view, _tempo_of(watch)
        seen = view.step if view.run == watch.folder.name else 0
        if tempo is None or watch.whole.last_step - seen <= BLINK * _steps(watch) / tempo.value:
            return
        self.replay.player = self._shower = player = self.replay.player_of(tempo)
        player.seek(seen)
        self._show_on(watch, player)
        player.play()

    def _show_on(self, watch: Watch, player: Player) -> None:
        """Move on; at the newest step there is nothing to be shown more slowly."""
        tempo = _tempo_of(watch)
        player.expected = 0 if watch.whole.end is not None else _steps(watch)
        now = player.tempo
        if tempo is not None and now.kind == "whole" and now.value != tempo.value:
            player.tempo = replace(now, value=tempo.value)
        player.tick()
        if player.at_end and (player.playing or not watch.going):
            self.replay.player, self.replay.messages.note = None, ""
            self._seen_at = self.replay.clock()

    def standing(self, standing: Standing, watch: Watch) -> Standing:
        """Return how a run stands; while it lags behind what is trained, both are said."""
        player = self.replay.player
        if player is None or not self.showing:
            return standing
        trained = watch.whole.last_step
        return replace(standing, state="replay", trained=trained, held=not player.playing)

    @property
    def has_just_ended(self) -> bool:
        """Whether a key may still be meant for what was shown, and not for what comes next."""
        return self.replay.clock() - self._seen_at < LATE

    def action_show_newest(self) -> None:
        """Show the newest step, and from now on every run as it comes."""
        if not self.screen.opening.memory.choices.paced:
            self.replay.messages.say("Runs are shown as they come from now on; k replays one.")
        self.replay.learn_pace()
        self.replay.player, self.replay.messages.note, self._unfolding = None, "", None
        self.screen.show_now()

    def reach_worker(self) -> bool:
        """Show the newest step, where the worker can be asked; say that the run is over if not."""
        if not self.showing:
            return True
        lead = self.replay.cast.lead
        if lead is not None and lead.going:
            self.action_show_newest()
            return True
        steps = lead.whole.last_step if lead is not None else 0
        words = f"The run is over: {count(steps)} steps were trained. End shows the last."
        self.replay.messages.refuse(words)
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
