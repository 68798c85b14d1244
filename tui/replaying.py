"""A replay in the lab: the screen at an earlier step, moved by a clock or by keys.

A recording is data, so there is no second way of showing anything: the panes are given the
history as it stood at the player's step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual import work

from engine.errors import EpochalError
from tui.drawing.numbers import count
from tui.stage import Stage
from tui.tempo import IDLE_LIMIT, Tempo

if TYPE_CHECKING:
    from engine.history import History
    from engine.runs import RunFolder
    from tui.draft import Draft
    from tui.player import Played
    from tui.tempo import Stop

USUAL_SECONDS = 90.0
"""What a whole replay takes where the recording's own time would be too short or too long."""
WATCHABLE = (15.0, 900.0)
"""Seconds of a recording that is replayed at its own pace."""
TRAINED_AFRESH: Final = Tempo("whole", USUAL_SECONDS)
"""How fast a run is shown that is still being trained, faster than anybody could watch."""


class Replaying(Stage):
    """The commands of the group ``Replay``."""

    def start_replay(self, tempo: Tempo | None = None, *, playing: bool = True) -> None:
        """Replay the run that is shown, from its beginning.

        Args:
            tempo: How fast; what suits the recording where it is left out.
            playing: Whether it moves by itself at once.
        """
        from tui.player import Player

        watch = self.cast.lead
        if watch is None:
            return
        history = watch.whole
        header = history.header
        usual = TRAINED_AFRESH if self.going else usual_tempo(history)
        self.player = Player(self._played(), self.stops, tempo or usual, self.player_clock)
        self.player.expected = header.steps if header is not None and self.going else 0
        self.note = ""
        self.lens = replace(self.lens, cursor=None, window=None)
        if playing:
            self.player.play()
        self.show_now()

    awaited: Tempo | None = None
    """How fast to replay what is shown as soon as its recording has been read."""

    def replay_soon(self, tempo: Tempo | None) -> None:
        """Replay the run that is shown as soon as there is something to replay."""
        self._awaiting, self.awaited = True, tempo
        self.wake()

    _awaiting = False

    def read_on(self) -> None:
        """Begin the replay that waits for its recording."""
        watch = self.cast.lead
        if self._awaiting and watch is not None and not self.cast.behind and watch.whole.header:
            self._awaiting = False
            self.start_replay(self.awaited)

    def show_together(self, shown: Sequence[Draft | RunFolder], tempo: Tempo | None) -> None:
        """Replay runs in lockstep, training those that are still to be trained.

        Args:
            shown: Runs, and drafts that hold; the first one leads.
            tempo: How fast; what suits them where it is left out.
        """
        from engine.runs import RunFolder

        self.cast.clear()
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
        from tui.lockstep import Lockstep

        watches = self.cast.watches
        going = {id(each.whole) for each in watches if each.going}
        if len(watches) == 1:
            return watches[0].whole
        return Lockstep([each.whole for each in watches], over=lambda each: id(each) not in going)

    def stops(self) -> list[Stop]:
        """Return the marks of what is replayed, those noted later as well."""
        from tui.lockstep import stops

        watches = self.cast.watches
        labels = [watch.label for watch in watches]
        noted = [watch.notes.marks for watch in watches]
        return list(stops([watch.whole for watch in watches], labels, noted))

    def stop_replay(self) -> None:
        """Show no run, and move nothing."""
        self.player, self._awaiting = None, False
        self.cast.clear()
        self.leave_run()

    def action_replay(self) -> None:
        """Replay the run that is shown, or show its newest step again."""
        if self.player is None:
            self.start_replay()
        else:
            self.player = None
            self.show_now()

    def _moved(self) -> None:
        """Show where the head is now; a mark that it stands on is said."""
        assert self.player is not None
        mark = self.player.mark
        self.note = "" if mark is None else " · ".join(filter(None, (mark.title, mark.note)))
        self.show_now()

    def action_toggle_play(self) -> None:
        """Play, or pause."""
        if self.player is not None:
            self.player.toggle()
            self._moved()

    def action_play_step(self, steps: int) -> None:
        """Show the step so many further on."""
        if self.player is not None:
            self.player.step(steps)
            self._moved()

    def action_page_step(self, steps: int) -> None:
        """Show the step so many further on."""
        self.action_play_step(steps)

    def action_play_mark(self, by: int) -> None:
        """Show the next mark, or the one before."""
        if self.player is not None:
            self.player.next_mark(by)
            self._moved()

    def action_play_share(self, tenths: int) -> None:
        """Show the step at so many tenths of the run."""
        if self.player is not None:
            self.player.percent(tenths / 10)
            self._moved()

    def action_play_home(self) -> None:
        """Show the untrained network."""
        if self.player is not None:
            self.player.home()
            self._moved()

    def action_play_end(self) -> None:
        """Show the last step."""
        if self.player is not None:
            self.player.end()
            self._moved()

    def action_play_faster(self, by: int) -> None:
        """Replay at twice the speed, or half."""
        if self.player is not None:
            self.player.faster(by)
            self._moved()

    def action_next_tempo(self) -> None:
        """Count the replay's time in another way."""
        from tui.tempo import next_tempo

        if self.player is not None:
            self.player.tempo = next_tempo(self.player.tempo)
            self._moved()

    @work(group="chapters", exclusive=True)
    async def action_chapters(self) -> None:
        """Choose a mark to go to."""
        from tui.dialogs_chapters import ChapterDialog
        from tui.drawing.chapters import gather_chapters

        player, watch = self.player, self.cast.lead
        if player is None or watch is None:
            return
        chapters = gather_chapters(self.stops(), watch.whole.time_of, player.last_step, player.head)
        if not chapters:
            self.say("This run has no marks; m sets one at the step that is shown.")
            return
        step = await self.app.push_screen_wait(ChapterDialog(chapters, self.look))
        if step is not None and self.player is not None:
            self.player.seek(step)
            self._moved()

    def note_mark(self, title: str, step: int) -> None:
        """Keep a mark in the notes of a run that is not trained any more."""
        from engine.notes import NotedMark, Notes

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
