"""A replay in the lab: the screen at an earlier step, moved by a clock or by keys.

A recording is data, so there is no second way of showing anything: the panes are given the
history as it stood at the player's step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ..replay.tempo import IDLE_LIMIT, Tempo
from ..style.numbers import count
from ..watching.cast import Cast
from .messages import Messages
from .part import LabScreen
from .reading import Reading

if TYPE_CHECKING:
    from engine.recording.history import History

    from ..replay.lockstep import Lockstep
    from ..replay.player import Player
    from ..replay.tempo import Stop, Transport

USUAL_SECONDS = 90.0
"""What a whole replay takes where the recording's own time would be too short or too long."""
WATCHABLE = (15.0, 900.0)
"""Seconds of a recording that is replayed at its own pace."""
TRAINED_AFRESH: Final = Tempo("whole", USUAL_SECONDS)
"""How fast a run is shown that is still being trained, faster than anybody could watch."""


@dataclass(eq=False)
class Replay:
    """What moves the steps that are shown, and the commands of the group ``Replay``."""

    screen: LabScreen
    cast: Cast
    messages: Messages
    reading: Reading
    awaiting: bool = False
    """Whether a replay begins as soon as what it shows has been read."""
    player: Player | None = None
    """What moves a replay; none where the newest step is shown."""
    led: Callable[[Player], Transport] | None = None
    """Has the player stand where somebody else's does, where this lab follows a presenter."""
    _awaited: Tempo | None = None
    """How fast to replay what is still being read."""
    _meanwhile: list[Callable[[Player], object]] = field(default_factory=list)
    """What was asked of a replay whose recording is still being read."""

    clock = staticmethod(time.monotonic)
    """What a replay is paced by."""

    @property
    def head(self) -> int | None:
        """The step that a replay shows; None where the newest is shown."""
        return None if self.player is None else self.player.head

    @property
    def transport(self) -> Transport | None:
        """Where the replay stands, after the time that has passed."""
        if self.player is None:
            return None
        if self.led is not None:
            return self.led(self.player)
        self.player.tick()
        return self.player.transport

    def start(self, tempo: Tempo | None = None) -> None:
        """Replay the run that is shown, from its beginning.

        Args:
            tempo: How fast; what suits the recording where it is left out.
        """
        watch = self.cast.lead
        if watch is None:
            return
        header = watch.whole.header
        usual = TRAINED_AFRESH if watch.going else usual_tempo(watch.whole)
        self.player = self.player_of(tempo or usual)
        self.player.expected = header.steps if header is not None and watch.going else 0
        self.messages.note = ""
        self.reading.lens = replace(self.reading.lens, cursor=None, window=None)
        self.player.play()
        self.screen.show_now()

    def start_soon(self, tempo: Tempo | None) -> None:
        """Replay what is shown as soon as all of it has been read.

        Until then its untrained network is shown, and keys wait: each means from the first frame
        on what it means in a replay.
        """
        self.awaiting, self._awaited = True, tempo
        self._meanwhile.clear()
        self.screen.wake()

    def read_on(self) -> None:
        """Begin the replay that waits for its recording, and do what was asked of it meanwhile."""
        watch = self.cast.lead
        if not self.awaiting or watch is None:
            return
        if self.cast.behind or watch.whole.header is None:
            self.player = self.player or self.player_of(self._awaited or TRAINED_AFRESH)
            return
        self.awaiting = False
        self.start(self._awaited)
        asked, self._meanwhile = self._meanwhile, []
        for how in asked:
            self._move(how)

    def player_of(self, tempo: Tempo) -> Player:
        """Return what stands at the untrained network of what is shown."""
        from ..replay.player import Player

        return Player(self._played(), self.stops, tempo, self.clock)

    def _played(self) -> History | Lockstep:
        """Return what is played: the run that is shown, or all on the screen in lockstep."""
        from ..replay.lockstep import Lockstep

        watches = self.cast.watches
        if len(watches) == 1:
            return watches[0].whole
        going = {id(each.whole) for each in watches if each.going}
        return Lockstep([each.whole for each in watches], over=lambda each: id(each) not in going)

    def stops(self) -> list[Stop]:
        """Return the marks of what is replayed, those noted later as well."""
        from ..replay.lockstep import stops

        watches = self.cast.watches
        labels = [watch.label for watch in watches]
        noted = [watch.notes.marks for watch in watches]
        return list(stops([watch.whole for watch in watches], labels, noted))

    @property
    def marked(self) -> bool:
        """Whether what is replayed has marks, or may have."""
        return self.awaiting or (self.player is not None and bool(self.stops()))

    def leave(self) -> None:
        """Replay nothing, and nothing that is still being read."""
        self.player, self.awaiting = None, False

    def learn_pace(self) -> None:
        """Notice that somebody knows how to choose a pace."""
        self.reading.memory.choose(paced=True)

    # --- commands --------------------------------------------------------------------------

    def action_replay(self) -> None:
        """Replay the run that is shown, or show its newest step again."""
        if self.player is None:
            self.start_soon(None)
        else:
            self.leave()
            self.screen.show_now()

    def move(self, how: Callable[[Player], object]) -> None:
        """Move the replay, or as soon as there is one; a mark that it comes to stand on is said.

        Args:
            how: What is done to the player.
        """
        if self.awaiting:
            self._meanwhile.append(how)
            self.messages.note = "The recording is still being read; what was pressed is done then."
            self.screen.show_now()
        elif self.player is not None:
            self._move(how)

    def _move(self, how: Callable[[Player], object]) -> None:
        assert self.player is not None
        how(self.player)
        mark = None if self.player.playing else self.player.mark
        note = "" if mark is None else " · ".join(filter(None, (mark.title, mark.note)))
        self.messages.note = note
        if mark is not None:
            # On a narrow screen the line under the pictures has no room for all of it.
            self.messages.log(f"step {count(mark.step)}: {note}")
        self.screen.show_now()

    def action_toggle_play(self) -> None:
        """Play, or pause."""
        self.move(lambda player: player.toggle())

    def action_play_step(self, steps: int) -> None:
        """Show the step so many further on."""
        self.move(lambda player: player.step(steps))

    action_page_step = action_play_step

    def action_play_mark(self, by: int) -> None:
        """Show the next mark, or the one before."""
        self.move(lambda player: player.next_mark(by))

    def action_play_share(self, tenths: float) -> None:
        """Show the step at so many tenths of the run."""
        self.move(lambda player: player.percent(tenths / 10))

    def action_play_home(self) -> None:
        """Show the untrained network."""
        self.move(lambda player: player.home())

    def action_play_end(self) -> None:
        """Show the last step."""
        self.move(lambda player: player.end())

    def action_play_faster(self, by: int) -> None:
        """Replay at twice the speed, or half."""
        self.learn_pace()
        self.move(lambda player: player.faster(by))

    def action_next_tempo(self) -> None:
        """Count the replay's time in another way."""
        from ..replay.tempo import next_tempo

        def count_otherwise(player: Player) -> None:
            player.tempo = next_tempo(player.tempo)

        self.learn_pace()
        self.move(count_otherwise)

    async def action_chapters(self) -> None:
        """Choose a mark to go to."""
        from ..dialogs.lists import ChapterDialog
        from ..drawing.replay.chapters import gather_chapters

        player, watch, say = self.player, self.cast.lead, self.messages.say
        if player is None or watch is None:
            return
        if self.awaiting:
            say("The recording is still being read; its marks are known when all of it is.")
            return
        chapters = gather_chapters(self.stops(), watch.whole.time_of, player.last_step, player.head)
        if not chapters:
            say("This run has no marks; m sets one at the step that is shown.")
            return
        step = await self.screen.app.push_screen_wait(ChapterDialog(chapters, self.screen.look))
        if step is not None:
            self.move(lambda player: player.seek(step))


def usual_tempo(history: History) -> Tempo:
    """Return the tempo that suits a recording: its own, unless that is over in a moment."""
    least, most = WATCHABLE
    watchable = least <= history.last_t <= most
    return Tempo("time", IDLE_LIMIT) if watchable else Tempo("whole", USUAL_SECONDS)
