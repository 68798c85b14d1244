"""How runs are read in the lab: cursor and window, axes, members, glyphs and colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..watching.view import Lens
from .messages import Messages
from .opening import Memory
from .part import LabScreen

if TYPE_CHECKING:
    from ..drawing.members.list import Order
    from ..drawing.replay.timeline import Timeline


@dataclass(eq=False)
class Reading:
    """What is looked at of the runs on the screen, and what pictures are drawn with."""

    screen: LabScreen
    messages: Messages
    memory: Memory
    width: Callable[[], int]
    """Returns how many columns the curves are drawn in."""
    member_order: Order = "number"
    """What members were listed by when one was chosen last."""

    def __post_init__(self) -> None:
        choices = self.memory.choices
        self.lens = Lens(log=choices.log, smoothing=choices.smoothing)

    def look_through(self, **changes: Any) -> None:
        """Change how the run is looked at, and show it at once."""
        self.lens = replace(self.lens, **changes)
        self.screen.show_now()

    def remember(self, **choices: Any) -> None:
        """Keep what was chosen for the next time.

        Args:
            choices: What has just been chosen beside lens and look.
        """
        look, lens = self.screen.look, self.lens
        self.memory.choose(
            palette=look.palette.name,
            glyphs=look.glyphs.name,
            log=lens.log,
            smoothing=lens.smoothing,
            **choices,
        )

    # --- looks -----------------------------------------------------------------------------

    def action_toggle_log(self) -> None:
        """Turn the logarithmic axis on or off."""
        self.look_through(log=not self.lens.log)
        self.remember()

    def action_next_quantity(self) -> None:
        """Show the next quantity that the run has."""
        from ..drawing.curves.quantities import quantities_of

        shown, now = quantities_of(self.screen.view.history), self.screen.view.quantity
        place = shown.index(now) if now in shown else 0
        self.look_through(quantity=shown[(place + 1) % len(shown)])

    def action_next_smoothing(self) -> None:
        """Smooth the curves more, or not at all."""
        from ..drawing.base.smoothing import SMOOTHINGS

        self.look_through(smoothing=(self.lens.smoothing + 1) % len(SMOOTHINGS))
        self.remember()

    def action_turn_result(self) -> None:
        """Show the best weights of a run that is over, or its last ones."""
        if self.screen.has("result"):
            self.look_through(weights="last" if self.screen.view.weights == "best" else "best")

    def action_next_glyphs(self) -> None:
        """Draw with other glyphs."""
        self.screen.look = self.screen.look.next_glyphs()
        self.remember()

    def action_next_theme(self) -> None:
        """Use other colours."""
        self.screen.look = self.screen.look.next_palette()
        self.screen.app.theme = self.screen.look.palette.name
        self.remember()

    # --- members ---------------------------------------------------------------------------

    def action_next_member(self, by: int) -> None:
        """Show the next member of a population: after the last one all of them together."""
        if members := self._members():
            # 0 stands for all of them.
            self._look_at((self._member + by) % (members + 1))

    async def action_choose_member(self) -> None:
        """Choose which member of a population to look at."""
        from ..dialogs.lists import MemberDialog
        from ..drawing.members.list import gather_members, judged_by

        view = self.screen.view
        if not self._members() or view.history is None:
            return
        rows = gather_members(view.history, view.at)
        if not rows:
            self.messages.say("No step is done yet: there is nothing to tell members apart by.")
            return
        judged = judged_by(view.history)
        order = self.member_order if judged or self.member_order != "accuracy" else "number"
        dialog = MemberDialog(rows, self._member, self.screen.look, judged=judged, order=order)
        chosen = await self.screen.app.push_screen_wait(dialog)
        self.member_order = dialog.order
        if chosen is not None:
            self._look_at(chosen)

    @property
    def _member(self) -> int:
        """The member that is shown, counted from 1, or all of them: 0."""
        member = self.screen.view.member
        return 0 if member is None else member + 1

    def _look_at(self, number: int) -> None:
        self.look_through(member=number - 1 if number else None)

    def _members(self) -> int:
        """Return how many members there are to choose from; none, and say so, without any."""
        if self.screen.has("members"):
            history = self.screen.view.history
            assert history is not None
            assert history.header is not None
            return history.header.members
        self.messages.say("This run has one network; population.seeds in the setup trains several.")
        return 0

    # --- cursor and window -----------------------------------------------------------------

    def read(self, change: Callable[[Timeline], Timeline]) -> None:
        """Show other steps, or read another one.

        Args:
            change: What becomes of the steps that are shown and read.
        """
        from ..watching.traces import timeline

        changed = change(timeline(self.screen.view, self.width()))
        self.look_through(cursor=changed.cursor, window=changed.window)

    def action_move_cursor(self, columns: int) -> None:
        """Read the step some columns further on."""
        if not self._passed_result(columns):
            self.read(lambda steps: steps.moved(columns))

    def action_step_cursor(self, by: int) -> None:
        """Read the step some steps further on."""
        if not self._passed_result(by):
            self.read(lambda steps: steps.stepped(by))

    def _passed_result(self, by: int) -> bool:
        """Go between a run's last step and its result, which is a place of its own after it."""
        shown = self.screen.view.weights
        if not shown or not self.screen.has("result"):
            return False
        if (shown == "best") == (by > 0):
            # Beyond the result there is nothing.
            return by > 0
        self.look_through(weights="best" if by > 0 else "last")
        return True

    def action_cursor_home(self) -> None:
        """Read the first step that is shown."""
        self.read(lambda steps: steps.home())

    def action_follow_newest(self) -> None:
        """Read the newest step, and show all of them."""
        self.look_through(weights="")
        self.read(lambda steps: steps.followed())

    def action_zoom(self, by: int, around: int | None = None) -> None:
        """Show half as many steps, or twice as many, around one of them."""
        self.read(lambda steps: steps.zoomed(by, around=around))

    def action_pan(self, by: int) -> None:
        """Show later steps, or earlier ones."""
        self.read(lambda steps: steps.panned(by))

    def point_at(self, step: int) -> None:
        """Read a step."""
        self.read(lambda steps: steps.pointed(step))
