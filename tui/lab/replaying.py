"""A replay in the lab: the screen at an earlier step, moved by a clock or by keys.

A recording is data, so there is no second way of showing anything: the panes are given the
history as it stood at the player's step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import work

from engine.errors import EpochalError

from ..replay.tempo import IDLE_LIMIT, Tempo
from ..style.numbers import count
from .state import Stage

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.runs.folder import RunFolder

    from ..replay.player import Played, Player
    from ..replay.tempo import Stop
    from ..setup.draft import Draft
    from ..terminal.bandwidth import Link
    from .state import Opening

USUAL_SECONDS = 90.0
"""What a whole replay takes where the recording's own time would be too short or too long."""
WATCHABLE = (15.0, 900.0)
"""Seconds of a recording that is replayed at its own pace."""
TRAINED_AFRESH: Final = Tempo("whole", USUAL_SECONDS)
"""How fast a run is shown that is still being trained, faster than anybody could watch."""


class Replaying(Stage):
    """The commands of the group ``Replay``."""

    def __init__(self, opening: Opening, link: Link | None = None) -> None:
        super().__init__(opening, link)
        self._meanwhile: list[Callable[[Player], object]] = []
        """What was asked of a replay whose recording is still being read."""

    def start_replay(self, tempo: Tempo | None = None, *, playing: bool = True) -> None:
        """Replay the run that is shown, from its beginning.

        Args:
            tempo: How fast; what suits the recording where it is left out.
            playing: Whether it moves by itself at once.
        """
        watch = self.cast.lead
        if watch is None:
            return
        history = watch.whole
        header = history.header
        usual = TRAINED_AFRESH if self.going else usual_tempo(history)
        self.player = self._player(tempo or usual)
        self.player.expected = header.steps if header is not None and self.going else 0
        self.note = ""
        self.lens = replace(self.lens, cursor=None, window=None)
        if playing:
            self.player.play()
        self.show_now()

    def replay_soon(self, tempo: Tempo | None) -> None:
        """Replay what is shown as soon as all of it has been read.

        Until then its untrained network is shown, and keys wait: each means from the first frame
        on what it means in a replay.
        """
        self.awaiting, self._awaited = True, tempo
        self._meanwhile.clear()
        self.wake()

    _awaited: Tempo | None = None
    """How fast to replay what is still being read."""

    def read_on(self) -> None:
        """Begin the replay that waits for its recording, and do what was asked of it meanwhile."""
        watch = self.cast.lead
        if not self.awaiting or watch is None:
            return
        if self.cast.behind or watch.whole.header is None:
            self.player = self.player or self._player(self._awaited or TRAINED_AFRESH)
            return
        self.awaiting = False
        self.start_replay(self._awaited)
        asked, self._meanwhile = self._meanwhile, []
        for move in asked:
            self._move(move)

    def _player(self, tempo: Tempo) -> Player:
        """Return what stands at the untrained network of what is shown."""
        from ..replay.player import Player

        return Player(self._played(), self.stops, tempo, self.player_clock)

    def show_together(self, shown: Sequence[Draft | RunFolder], tempo: Tempo | None) -> None:
        """Replay runs in lockstep, training those that are still to be trained.

        Args:
            shown: Runs, and drafts that hold; the first one leads.
            tempo: How fast; what suits them where it is left out.
        """
        from engine.runs.folder import RunFolder

        self.take_in_typed()
        self.cast.clear()
        self.awaiting = False
        for each in shown:
            known = isinstance(each, RunFolder)
            found = (each, None) if isinstance(each, RunFolder) else self.train(each)
            if found is None:
                return
            folder, worker = found
            if self.cast.lead is None:
                self.follow(folder, worker)
                if not known:
                    self.draft = each  # type: ignore[assignment]
            else:
                self.cast.toggle(folder, worker)
        self.replay_soon(tempo)

    player_clock = staticmethod(time.monotonic)
    """What a replay is paced by."""

    def _played(self) -> Played:
        """Return what is played: the run that is shown, or all on the screen in lockstep."""
        from ..replay.lockstep import Lockstep

        watches = self.cast.watches
        going = {id(each.whole) for each in watches if each.going}
        if len(watches) == 1:
            return watches[0].whole
        return Lockstep([each.whole for each in watches], over=lambda each: id(each) not in going)

    def stops(self) -> list[Stop]:
        """Return the marks of what is replayed, those noted later as well."""
        from ..replay.lockstep import stops

        watches = self.cast.watches
        labels = [watch.label for watch in watches]
        noted = [watch.notes.marks for watch in watches]
        return list(stops([watch.whole for watch in watches], labels, noted))

    def marked(self) -> bool:
        """Whether what is replayed has marks."""
        return bool(self.stops())

    def stop_replay(self) -> None:
        """Show no run, and move nothing."""
        self.player, self.awaiting = None, False
        self.cast.clear()
        self.leave_run()

    def action_replay(self) -> None:
        """Replay the run that is shown, or show its newest step again."""
        if self.player is None:
            self.replay_soon(None)
        else:
            self.player, self.awaiting = None, False
            self.show_now()

    def move(self, how: Callable[[Player], object]) -> None:
        """Move the replay, or as soon as there is one; a mark that it comes to stand on is said.

        Args:
            how: What is done to the player.
        """
        if self.awaiting:
            self._meanwhile.append(how)
            self.note = "The recording is still being read; what was pressed is done then."
            self.show_now()
        elif self.player is not None:
            self._move(how)

    def _move(self, how: Callable[[Player], object]) -> None:
        assert self.player is not None
        how(self.player)
        mark = None if self.player.playing else self.player.mark
        self.note = "" if mark is None else " · ".join(filter(None, (mark.title, mark.note)))
        if mark is not None:
            # On a narrow screen the line under the pictures has no room for all of it.
            self._journal.say(f"step {count(mark.step)}: {self.note}", quiet=True)
        self.show_now()

    def action_toggle_play(self) -> None:
        """Play, or pause."""
        self.move(lambda player: player.toggle())

    def action_play_step(self, steps: int) -> None:
        """Show the step so many further on."""
        self.move(lambda player: player.step(steps))

    def action_page_step(self, steps: int) -> None:
        """Show the step so many further on."""
        self.action_play_step(steps)

    def action_play_mark(self, by: int) -> None:
        """Show the next mark, or the one before."""
        self.move(lambda player: player.next_mark(by))

    def action_play_share(self, tenths: int) -> None:
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
        self.move(lambda player: player.faster(by))

    def action_next_tempo(self) -> None:
        """Count the replay's time in another way."""
        from ..replay.tempo import next_tempo

        def count_otherwise(player: Player) -> None:
            player.tempo = next_tempo(player.tempo)

        self.move(count_otherwise)

    @work(group="chapters", exclusive=True)
    async def action_chapters(self) -> None:
        """Choose a mark to go to."""
        from ..dialogs.chapters import ChapterDialog
        from ..drawing.replay.chapters import gather_chapters

        player, watch = self.player, self.cast.lead
        if player is None or watch is None:
            return
        if self.awaiting:
            self.say("The recording is still being read; its marks are known when all of it is.")
            return
        chapters = gather_chapters(self.stops(), watch.whole.time_of, player.last_step, player.head)
        if not chapters:
            self.say("This run has no marks; m sets one at the step that is shown.")
            return
        step = await self.app.push_screen_wait(ChapterDialog(chapters, self.look))
        if step is not None:
            self.move(lambda player: player.seek(step))

    def note_mark(self, title: str, step: int) -> None:
        """Keep a mark in the notes of a run that is not trained any more."""
        from engine.runs.notes import NotedMark, Notes

        watch = self.cast.lead
        if watch is None:
            return
        try:
            notes = Notes.load(watch.folder).with_mark(NotedMark(step=step, title=title))
            notes.save(watch.folder)
        except (EpochalError, OSError) as error:
            self.complain(f"The mark could not be kept: {error}")
            return
        watch.notes = notes
        self.say(f"Mark at step {count(step)}: {title}")
        self.show_now()


def usual_tempo(history: History) -> Tempo:
    """Return the tempo that suits a recording: its own, unless that is over in a moment."""
    least, most = WATCHABLE
    watchable = least <= history.last_t <= most
    return Tempo("time", IDLE_LIMIT) if watchable else Tempo("whole", USUAL_SECONDS)
