"""A lab that others follow, and a lab that follows: the same screen, told what to show.

    presenter's lab ── every quarter of a second ──► one small file ──► follower's lab

What goes through the folder of runs is which runs, which step and how they are looked at; the
follower reads the recordings itself, with the same reader and the same panes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .lecturing import Lecturing

if TYPE_CHECKING:
    from engine.figures.figures import Readings

    from ..lecture.presented import Presented
    from ..lecture.presenting import Presenter
    from ..replay.player import Player
    from ..replay.transport import Transport

SHARED_SECONDS = 0.25
"""How often what is shown is said, or asked after."""


class Sharing(Lecturing):
    """Presents a lecture or a replay, or follows one."""

    _presenter: Presenter | None = None
    _presented: Presented | None = None
    """What a follower was last told."""
    _told = ""
    """What was last said about following or being followed."""

    def on_mount(self) -> None:
        """Begin to present, or to follow."""
        opening = self.opening
        if opening.audience is not None:
            self.set_interval(SHARED_SECONDS, self.follow_presenter)
        elif opening.lecture is not None or opening.replay:
            self.set_interval(SHARED_SECONDS, self._present)

    def on_unmount(self) -> None:
        """Present no more."""
        if self._presenter is not None:
            self._presenter.close()

    # --- the presenter ---------------------------------------------------------------------

    def _present(self) -> None:
        """Say what is shown."""
        from ..lecture.following import presented_of, programme_of
        from ..lecture.presented import Programme
        from ..lecture.presenting import Presenter

        name = self._presented_name()
        if not name:
            return
        if self._presenter is None:
            self._presenter = Presenter(self.opening.runs_dir, name)
        lecture = self.script is not None and self.scene >= 0
        programme = Programme()
        if lecture and self.script is not None:
            programme = programme_of(
                self.script, self.scene, self.started, self.scene_started, self._readings()
            )
        self._presenter.show(
            presented_of(
                self.opening.runs_dir,
                self.cast,
                self.lens,
                self.player,
                **self.arrangement(),
                race=len(self.cast.watches) > 1,
                blank=self._is_blank(),
                big=self.look.big,
                programme=programme,
            )
        )
        self._say_once(self._presenter.trouble)
        if self._presenter.replaced:
            self._say_once("Somebody else presents under this name; this lab does not any more.")

    def _readings(self) -> Readings:
        """Return what is known of what a scene shows: all that is recorded, shown or not."""
        from engine.figures.readings import of_history, of_scene

        assert self.script is not None
        references = self.script.lecture.scenes[self.scene].references
        histories = [watch.whole for watch in self.cast.watches]
        head = None if self.player is None else self.player.head
        each = [of_history(h, h.last_step if head is None else head) for h in histories]
        return of_scene(references, each)

    def _presented_name(self) -> str:
        """Return what is presented: the lecture, or the run that was shown first."""
        if self.script is not None:
            return self.script.name
        return self.cast.lead.folder.name if self.cast.lead is not None else ""

    def arrangement(self) -> dict[str, object]:
        """Return which panes are shown."""
        return {}

    def _is_blank(self) -> bool:
        from ..panes.slide import Blank

        return isinstance(self.app.screen, Blank)

    def _say_once(self, words: str) -> None:
        if words and words != self._told:
            self._told = words
            self.say(words)

    # --- the follower ----------------------------------------------------------------------

    def follow_presenter(self) -> None:
        """Show what the presenter shows."""
        from ..lecture.following import recast

        audience = self.opening.audience
        assert audience is not None
        presented = audience.poll()
        self.note = {"gone": "The presenter has left.", "nobody": "Nobody presents yet."}.get(
            audience.presence, audience.trouble
        )
        if presented is None:
            self.show_now()
            return
        if recast(self.cast, presented, self.opening.runs_dir):
            self.player = None
            if self.cast.lead is not None:
                self.open_journal(self.cast.lead.folder)
        self._presented = presented
        self.lens = presented.lens
        self.look = replace(self.look, big=presented.big)
        self._show_programme(presented)
        self.arrange_as(presented)
        self._blank_as(presented)
        self._stand_where(presented)
        self.wake()

    def _show_programme(self, presented: Presented) -> None:
        programme = presented.programme
        self.headline = ""
        if programme.scenes:
            self.headline = f"{programme.scene + 1}/{programme.scenes} {programme.heading}"
        text = programme.text and not presented.runs
        self.slide = (programme.heading, programme.text) if text else ("", "")

    def arrange_as(self, presented: Presented) -> None:
        """Show the panes that the presenter shows."""

    def _blank_as(self, presented: Presented) -> None:
        from ..panes.slide import Blank

        blank = self._is_blank()
        if presented.blank and not blank:
            self.app.push_screen(Blank())
        elif blank and not presented.blank:
            self.app.pop_screen()

    def _stand_where(self, presented: Presented) -> None:
        """Have a player that stands where the presenter's does, if there is one."""
        from ..replay.player import Player
        from ..replay.tempo import TEMPI

        if presented.head is None or self.cast.lead is None:
            self.player = None
        elif self.player is None:
            self.player = Player(self._played(), self.stops, TEMPI[0], self.player_clock)

    def transport_of(self, player: Player) -> Transport:
        """Return where a replay stands; a follower's where the presenter's does."""
        if self._presented is None:
            return super().transport_of(player)
        from ..lecture.following import lead

        return lead(player, self._presented)
