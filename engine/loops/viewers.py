"""Those who watch a loop: what they ask of it is answered between two of its steps.

A loop that reads no ``should_stop`` is stopped from within; of several processes that train
together the first reads what is asked, and all of them do it at the same step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..recording.events import Event, RunWarning
from ..runs.requests import Inbox
from ..worker.requests import RequestHandler
from .parameters import Newcomers
from .ranks import NoWriter, Ranks
from .rates import LoopRates
from .steps import Steps
from .writing import LoopWriter

ASK_SECONDS: Final = 0.2
"""How often it is looked for what viewers ask."""

PAUSED_SECONDS: Final = 0.02
"""The same where the loop waits."""

MEETING_SECONDS: Final = 0.5
"""How often several processes meet where the loop waits."""

PATIENCE: Final = 3
"""Steps in which a loop may read ``should_stop`` before it is stopped from within."""

NOT_HERE: Final = "this loop takes no requests: it was watched with control=False"

ALONE: Final = "it is trained in several processes, not all of which watch it: requests are refused"


class Stopped(BaseException):
    """Somebody who watches a loop asked it to stop, and it went on.

    It is no ``Exception``: a loop that goes on after any error does not go on after this.
    """


class LoopViewers:
    """Those who watch a loop.

    Args:
        steps: The loop's.
        newcomers: Parameters that came to it while it went on.
        rates: Its learning rates.
        writer: Where its rows go, beside which requests lie.
        say: Says something in its recording.
        control: Whether they may pause, step and stop it and set its rate.
        raises: Whether a stop ends by ``Stopped`` a loop that never reads ``should_stop``.
        ranks: The processes that train it together, where it is several.
        clock: Seconds.
        wait: Waits so many seconds.
    """

    def __init__(
        self,
        steps: Steps,
        newcomers: Newcomers,
        rates: LoopRates,
        writer: LoopWriter | NoWriter,
        say: Callable[[str], None],
        *,
        control: bool,
        raises: bool,
        ranks: Ranks | None,
        clock: Callable[[], float],
        wait: Callable[[float], None],
    ) -> None:
        self._steps, self._newcomers, self._rates = steps, newcomers, rates
        self._writer, self._say = writer, say
        self._clock, self._wait = clock, wait
        self._inbox = Inbox(writer.folder)
        self.handler = RequestHandler(self)
        """What carries requests out, and knows whether steps are counted."""
        self.look_at = clock()
        """When it is looked for requests again."""
        self.is_urgent = ranks is not None
        """Whether there is something to attend to before that: asked in every step."""
        self.stop_reason = ""
        """Why the loop was asked to stop; empty where it was not."""
        self._refusal = "" if control else NOT_HERE
        """Why requests are refused, all but marks; empty where they are not."""
        self._raises = raises
        """Whether a stop that nobody heeds ends the loop."""
        self._unheeded = 0
        """Steps that were taken since the loop was asked to stop, and did not read it."""
        self._ranks = ranks
        self._told_factor = 1.0
        """The factor on the rates that all processes know."""

    @property
    def step(self) -> int:
        """The last optimizer step."""
        return self._steps.step

    @property
    def lr(self) -> float:
        """The learning rate of the next step: the first group's of the first optimizer."""
        return self._rates.now

    @lr.setter
    def lr(self, value: float) -> None:
        self._rates.set(value)
        self.is_urgent = True

    def stop(self, status: str, reason: str) -> None:
        """Ask the loop to stop; one that is paused goes on to where it can."""
        self.stop_reason, self.is_urgent = reason, True
        self.handler.owed = None

    def should_stop(self) -> bool:
        """Whether somebody asked the loop to stop; it promises to where it asks."""
        self._unheeded = 0
        self._raises = self._raises and not self.stop_reason
        return bool(self.stop_reason)

    def counted(self) -> None:
        """Count a step, and look for what is asked before the next: steps were asked for one by
        one.
        """
        self.handler.taken(1)
        self.look_at = 0.0

    def attend(self, now: float) -> None:
        """Answer what was asked since the last step; wait where that is to wait.

        Raises:
            Stopped: The loop did not heed that it was to stop.
        """
        if self.stop_reason:
            self._unheeded += 1
            if self._raises and self._unheeded >= PATIENCE:
                raise Stopped(self.stop_reason)
        if self._rates.were_set and self._rates.overwritten():
            self._say("the learning rate that was set was overwritten by the script")
        if now >= self.look_at and (said := self._newcomers.told()):
            self._say(said)
        if self._ranks is not None and self.step == 0 and not self._ranks.all_watch():
            # Some of them alone can neither pause nor stop: the others would wait for them.
            self._refusal, self._ranks = ALONE, None
            self._say(ALONE)
            self._steps.be_alone()
        if self._ranks is not None:
            if self.step >= self._ranks.meet_at:
                self._meet(self._ranks, now)
        elif now >= self.look_at:
            self.look_at = now + ASK_SECONDS
            self._answer()
            if self.handler.paused:
                self._steps.flush()
            while self.handler.paused:
                self._writer.is_paused = True
                self._wait(PAUSED_SECONDS)
                self._answer()
            self._writer.is_paused = False
        self.is_urgent = bool(self.stop_reason or self._rates.were_set or self._ranks)

    def _meet(self, ranks: Ranks, now: float) -> None:
        """Do what the first of several processes decides, all at the same step."""
        soon = ranks.apart(self.step, now - self.look_at)
        self._steps.meet()
        while True:
            self._answer()
            owed = self.handler.owed
            factor = self._rates.factor / self._told_factor
            decided = [-1 if owed is None else owed, bool(self.stop_reason), factor, soon]
            owed_steps, stops, factor, apart = ranks.told(decided)
            if ranks.rank:
                self.handler.owed = None if owed_steps < 0 else int(owed_steps)
                if factor != 1:
                    self._rates.multiply(factor)
                if stops and not self.stop_reason:
                    self.stop_reason = "the first of its processes was asked to"
            self._told_factor = self._rates.factor
            if not self.handler.paused:
                break
            self._steps.flush()
            self._writer.is_paused = True
            self._wait(MEETING_SECONDS)
        self._writer.is_paused = False
        ranks.part(self.step, int(apart if owed_steps < 0 else min(apart, owed_steps)))
        self.look_at = self._clock()

    def _answer(self) -> None:
        complaints = self._inbox.complaints()
        events: list[Event] = [RunWarning(step=self.step, message=each) for each in complaints]
        for request in self._inbox.poll():
            refused = "" if request.action == "mark" else self._refusal
            events += self.handler.answer(request, refused)
        if events:
            # Rows first: whoever reads of a request has the rows up to there.
            self._steps.flush()
            self._writer.record(*events, flush=True)
