"""Networks of runs that are over are judged while the lab goes on, one after the other.

That takes seconds, in a process of its own, which ends where nobody waits for it any more. What
came of it is kept: a run that is over stays as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from engine.errors import EpochalError

from ..watching.view import View

if TYPE_CHECKING:
    from engine.results.evaluation.judgement import Judgement

    Judge = Callable[[Path, int, Callable[[str], None]], Awaitable[Judgement]]

PATIENCE: Final = 0.4
"""Seconds that an evaluation must be looked for before it is made: most pass it by."""

PERIOD: Final = 0.5
"""Seconds between two words of how far it is: of many columns each is quicker than it is read."""

KEPT: Final = 32
"""Evaluations that are kept, to go back to."""

STARTING: Final = "starting a process for it"

Judged = tuple[str, int, int]
"""The run, the member, and how much there was of it: one that was gone on with is another."""


async def _judge(folder: Path, member: int, say: Callable[[str], None]) -> Judgement:
    # The first frame needs none of it.
    from ..pictures.judge import judge

    return await judge(folder, member, say)


class Judging:
    """Has networks judged that somebody looks at, and keeps what came of it.

    Args:
        host: The pane whose work it is.
        show: Is called when there is more to be shown.
        judge: Judges a network.
    """

    def __init__(self, host: Widget, show: Callable[[], None], judge: Judge = _judge) -> None:
        self._host, self._show, self._judge = host, show, judge
        self._came: dict[Judged, Judgement | str] = {}
        """What came of each; in words where it cannot be judged."""
        self._asked: Judged | None = None
        self._doing = ""
        """What the process is at."""
        self._timer: Timer | None = None
        self._telling: Timer | None = None
        self._worker: Worker[None] | None = None

    def of(self, view: View) -> Judgement | str:
        """Return what came of a network, or in words how far it is."""
        which = _which(view)
        if which in self._came:
            return self._came[which]
        doing = (self._doing or STARTING) if which == self._asked else "waiting for its turn"
        return f"The network is being judged: {doing}."

    def want(self, views: Sequence[View]) -> None:
        """Have these judged where that was not done yet; of none, end what is being done."""
        wanted = {_which(view): view for view in views}
        if self._asked is not None and self._asked not in wanted:
            self._cancel()
        missing = [view for which, view in wanted.items() if which not in self._came]
        if missing and self._asked is None:
            view = missing[0]
            self._asked, self._doing = _which(view), ""
            self._timer = self._host.set_timer(PATIENCE, lambda: self._start(view))

    def forget_trouble(self) -> None:
        """Try again what failed, when it is looked for again."""
        self._came = {key: came for key, came in self._came.items() if not isinstance(came, str)}

    def _start(self, view: View) -> None:
        self._timer = None
        if view.folder is not None:
            doing = self._compute(view.folder, _which(view))
            self._worker = self._host.run_worker(doing, group="judge", exit_on_error=False)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._worker is not None:
            self._worker.cancel()
        self._timer = self._worker = self._asked = None

    async def _compute(self, folder: Path, which: Judged) -> None:
        came: Judgement | str
        try:
            came = await self._judge(folder, which[1], self._say)
        except (EpochalError, OSError) as error:
            came = f"It cannot be judged: {error}"
        self._came[which] = came
        for key in list(self._came)[:-KEPT]:
            del self._came[key]
        self._asked = self._worker = None
        self._show()

    def _say(self, doing: str) -> None:
        if doing:
            self._doing = doing
        if doing and self._telling is None:
            self._telling = self._host.set_timer(PERIOD, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._show()


def _which(view: View) -> Judged:
    return view.run, view.member or 0, view.version
