"""A run as the lab sees it: its recording, tailed and folded, and how it stands.

There is no other way in which a run reaches the screen, whether this lab started it, another did
an hour ago, or it came by mail. Nothing here knows Textual.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from engine.errors import EpochalError
from engine.recording.best import best_step
from engine.recording.events import End, Header, MarkReached, Request, RunWarning
from engine.recording.file import Reader, glimpse
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.state import State, last_sign, state_of
from engine.sweeps.cell import CellReader, CellRun
from engine.text.files import last_lines
from engine.text.moments import moment_text
from engine.text.run_names import label_of

from ..commands.command import Situation
from ..drawing.lists.result import place, result_loss, result_place
from ..drawing.lists.status import Standing
from ..drawing.members.crowd import crowd_of
from ..style.numbers import count, short

if TYPE_CHECKING:
    from engine.recording.rows import Rows
    from engine.runs.notes import Notes
    from engine.worker.launch import Worker

    from ..drawing.lists.result import Weights

CHUNK: Final = 1 << 20
"""Bytes that are read and folded in one go: some 10 ms."""

GLIMPSE: Final = 512 << 10
"""Bytes of a recording's end that are read first, where reading all of it takes its time."""

LONG: Final = 5 * CHUNK
"""Bytes of a recording that surely takes several polls: of it the first one reads the end alone."""

STILL: Final = 10.0
"""Seconds without a word, after which nobody writes a recording any more."""

BUDGET: Final = 0.05
"""Seconds of one poll, after which a long recording waits for the next."""

LOG_LINES: Final = 3
"""How much of a dead worker's log is shown."""


class Watch:
    """One run, watched.

    Args:
        folder: The run's.
        worker: Its process, where this lab started it.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        folder: RunFolder,
        worker: Worker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        # In one word, as far as that goes: of a long label the last word is what is left.
        brief = folder.title.replace(", ", ",") if isinstance(folder, CellRun) else ""
        self.label = brief or label_of(folder.name)
        """What the run is called where there is no room for its name."""
        self.slot = 0
        """Its place among the colours of the runs on the screen."""
        reader = Reader(folder.recording)
        self._reader = CellReader(folder) if isinstance(folder, CellRun) else reader
        self.whole = History(again=None if isinstance(folder, CellRun) else reader.again)
        """What has been read of the recording from its beginning on."""
        self._glimpse: History | None = None
        """The newest part of a long recording, until all of it has been read."""
        self._ahead: Reader | None = None
        """What reads that part on."""
        self._stood = -1
        """Bytes that stood in the recording when it was opened; below 0 before it was there."""
        self.state: State = "starting"
        self.trouble = ""
        """Why nothing more can be read, or why there is nothing to read."""
        self.lr_asked: float | None = None
        """The learning rate that was asked for and is not in the recording yet."""
        self.behind = False
        """Whether there is more in the recording than has been read."""
        self._worker = worker
        self._clock = clock

    def poll(self) -> None:
        """Read what is new, for a limited time, and find out how the run stands."""
        deadline = self._clock() + BUDGET
        # Asked first: what a worker wrote before it ended is then surely read.
        dead = self._worker is not None and self._worker.poll() is not None
        try:
            self._read_on(deadline)
            state = self._state(dead)
            if state == "crashed":
                # What its worker said last may have come since it was read.
                self._read_on(deadline)
                state = self._state(dead)
            self.state, self.trouble = state, self.trouble if state == "crashed" else ""
        except EpochalError as error:
            self.trouble, self.state, self.behind = str(error), "crashed", False

    def _read_on(self, deadline: float) -> None:
        """Read what is new, until then at most.

        Raises:
            EpochalError: It cannot be read.
        """
        if self._stood < 0:
            self._stood = self._reader.size
            if self._stood >= LONG and not isinstance(self._reader, CellReader):
                self.whole.extend(self._reader.poll(1))
                self.behind = True
                self._look_ahead()
                return
        while True:
            before = self._reader.offset
            self.whole.extend(self._reader.poll(CHUNK))
            # Without progress, what is left is a line that is still being written.
            offset = self._reader.offset
            self.behind = self._reader.behind and before < offset < self._reader.size
            if not self.behind or self._clock() >= deadline:
                break
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Read the newest part first, where what stood there at opening takes several polls."""
        if not self.reading or isinstance(self._reader, CellReader):
            self._glimpse = self._ahead = None
        elif self._glimpse is None or self._ahead is None:
            self._ahead, events = glimpse(self.folder.recording, GLIMPSE)
            self._glimpse = History(events, self._ahead.again)
        else:
            self._glimpse.extend(self._ahead.poll(CHUNK))

    @cached_property
    def notes(self) -> Notes:
        """What was noted of the run since: its name, and marks."""
        from engine.runs.notes import Notes

        return Notes.load(self.folder)

    @property
    def history(self) -> History:
        """What is known of the run; of a long recording the newest part first."""
        return self._glimpse or self.whole

    @property
    def reading(self) -> bool:
        """Whether not all has been read yet of what stood in the recording when it was opened.

        What is judged from all of a run, such as what is wrong with it, is not known until then.
        """
        return self.behind and self._reader.offset < self._stood

    @property
    def loaded(self) -> float:
        """The share of what stood in the recording at opening that has been read."""
        return self._reader.offset / max(self._stood, 1) if self.reading else 1.0

    def _state(self, dead: bool) -> State:
        state = self._told()
        if self.history.header is None:
            if not dead and state == "starting":
                return "starting"
            self.trouble = self._last_words()
            return "crashed"
        quiet = time.time() - self.folder.written
        if state == "crashed" and self.behind and (not self.reading or quiet < STILL):
            # How it ended, or who goes on with it, may stand in what has not been read.
            state = "running" if self.state in ("starting", "crashed") else self.state
        # A child that has ended stays in the table of processes until it is asked after. Another
        # worker may have gone on with the run, where this one could not.
        if dead and self._is_ours and state != "ended":
            state = "crashed"
        if state == "crashed" and not self.trouble:
            self.trouble = self._last_words()
        return state

    def _told(self) -> State:
        """Return the state as what is written tells it."""
        if isinstance(self._reader, CellReader):
            return self._reader.state
        return state_of(self.history, self.folder)

    @property
    def _is_ours(self) -> bool:
        """Whether the worker that this lab started is who writes."""
        writer = self.history.writer
        return self._worker is not None and writer is not None and self._worker.pid == writer.pid

    def _why(self) -> str:
        """Return why the run does not go on, or since when nobody knows whether it does."""
        silent = self.state == "silent" and not self.trouble
        return f"the last word came {self._since()}" if silent else self.trouble

    def _since(self) -> str:
        """Return when the run gave its last sign of life."""
        at = last_sign(self.history) or self.folder.written or self.folder.made
        return moment_text(at, time.time())

    def _last_words(self) -> str:
        """Return the end of what the worker wrote before it died; other programs have no log."""
        said = last_lines(self.folder.log, LOG_LINES)
        if not said and self._worker is not None:
            said = [self._worker.last_words()]
        header = self.history.header
        who = "its program" if header is not None and header.is_foreign else "the worker"
        died = f"{who} died {self._since()}".rstrip()
        return f"{died}: " + (" / ".join(said) or "it left no word")

    @property
    def going(self) -> bool:
        """Whether a worker is at it, or may be."""
        return self.state in ("starting", "running", "paused", "silent")

    @property
    def situation(self) -> Situation:
        """Which commands make sense."""
        if self.state == "paused":
            return "paused"
        return "live" if self.going else "over"

    @property
    def title(self) -> str:
        """The experiment's title."""
        header = self.history.header
        return str(header.experiment.get("title", "")) if header is not None else ""

    def learning_rate(self) -> float | None:
        """Return the learning rate of the next step, as far as it is known."""
        rows = self.history.series.get("train")
        step = self.history.last_step
        for request in reversed(self.history.requests):
            if request.action == "set_lr" and not request.refused and request.step >= step:
                accepted = float(request.arguments["lr"])
                if accepted == self.lr_asked:
                    self.lr_asked = None
                return self.lr_asked or accepted
        if self.lr_asked is not None:
            return self.lr_asked
        lr = float(_value(rows, "lr", step, 0, math.nan))
        return lr if math.isfinite(lr) else None

    @property
    def skipped(self) -> str:
        """What of the recording was passed over, in words."""
        skipped = "" if isinstance(self._reader, CellReader) else self._reader.skipped
        return skipped and f"passed over in its recording: {skipped}"

    def standing(
        self,
        step: int,
        member: int | None = None,
        *,
        history: History | None = None,
        weights: Weights = "",
    ) -> Standing:
        """Return how the run stands at a step.

        Args:
            step: Which.
            member: Which network of a population; None for all of them.
            history: The run as it stood then, where that is another time than now.
            weights: Which weights of a run that is over the figures shall be of.
        """
        past = history is not None and history is not self.history
        history = history or self.history
        header = history.header
        if header is None:
            note = "" if self.reading else "the worker is starting"
            reading = self.loaded if self.reading else None
            return Standing(state=self.state, reason=self.trouble, note=note, reading=reading)
        end = history.end
        # First, for it says whom the means leave out.
        crowd = None if member is not None else crowd_of(history, step)
        train, dev = history.series.get("train"), history.series.get("dev")
        loss = _value(train, "loss", step, member, None)
        if weights == "best" and member is not None and (best := best_step(history, member)):
            measured = result_loss(history, best, member)
            step, loss = best, _loss_after(train, best, member) if measured is None else measured
        elif weights:
            # Of all members the figures are means at one step.
            weights = "last"
        return Standing(
            state="running" if past else self.state,
            status=end.status if end else "",
            reason=_reason_of(end, header, member) if end else ("" if past else self._why()),
            step=step,
            steps=header.steps,
            epoch=_epoch(header, step),
            loss=loss,
            dev_loss=_value(dev, "loss", step, member, None),
            dev_accuracy=_value(dev, "accuracy", step, member, None),
            lr=_value(train, "lr", step, member, math.nan),
            steps_per_second=history.steps_per_second(),
            device=header.device,
            gradients=header.gradients_by,
            result=_result_of(end, header, member) if end else {},
            note=" · ".join(filter(None, (_newest_note(history), self.skipped))),
            crowd=crowd,
            member=_name_of(history, member),
            reading=self.loaded if self.reading else None,
            place=place(history, member, weights),
            result_place=result_place(history, member),
        )


def _name_of(history: History, member: int | None) -> str:
    """Return which network of a population is shown, and of how many; empty for all of them."""
    from ..drawing.members.labels import name_of

    name = name_of(history, member)
    assert history.header is not None
    return f"{name} ({(member or 0) + 1} of {history.header.members})" if name else ""


def _result_of(end: End, header: Header, member: int | None) -> Mapping[str, Any]:
    """Return what a run came to: one network's part of it where that is looked at.

    Where every step drew fresh rows its training figures are those of the last step, and so
    nothing of the weights that the others are of.
    """
    result = end.result
    if not any(header.rows[:1]) and any(key.startswith(("dev_", "test_")) for key in result):
        result = {key: value for key, value in result.items() if not key.startswith("train_")}
    if member is None or header.members == 1:
        return result
    return {key: _part(value, member) for key, value in result.items()}


def _part(value: Any, member: int) -> Any:
    return value[member] if isinstance(value, list) and member < len(value) else value


def _reason_of(end: End, header: Header, member: int | None) -> str:
    """Return why a run ended, or one network of it by itself."""
    reasons = end.result.get("reasons")
    if member is None or header.members == 1 or not isinstance(reasons, list):
        return end.reason
    return str(_part(reasons, member) or end.reason)


def _value(rows: Rows | None, column: str, step: int, member: int | None, otherwise: Any) -> Any:
    """Return a column's value at a step, or ``otherwise`` where there is none."""
    if rows is None or column not in rows.columns or rows.row_at(step) is None:
        return otherwise
    return rows.value(column, step, member)


def _loss_after(rows: Rows | None, step: int, member: int) -> float | None:
    """Return the training loss of the network after a step: that which the next update used."""
    row = None if rows is None or "loss" not in rows.columns else rows.row_at(step + 1)
    if rows is None or row is None or rows.step_of(row) != step + 1:
        return None
    return float(rows.across("loss", row)[member])


def _epoch(header: Header, step: int) -> float | None:
    """Return how many epochs are done; None where there are none, or an epoch is a step."""
    each = header.steps_per_epoch
    return None if each <= 1 else step / each


def _newest_note(history: History) -> str:
    """Return the last thing that happened, in words."""
    newest: Request | MarkReached | RunWarning | None = None
    marks = [mark for mark in history.marks if not mark.of]
    for happened in (history.requests, marks, history.warnings):
        if happened and (newest is None or happened[-1].t >= newest.t):
            newest = happened[-1]
    match newest:
        case MarkReached():
            note = " ".join(newest.note.split())
            return f"step {count(newest.step)}: {newest.title}" + (f" · {note}" if note else "")
        case RunWarning():
            return f"step {count(newest.step)}: {newest.message}"
        case Request():
            return _request_in_words(newest)
    return ""


def _request_in_words(request: Request) -> str:
    step = count(request.step)
    if request.refused:
        return f"{request.action} was refused at step {step}: {request.refused}"
    match request.action:
        case "set_lr":
            lr = request.arguments.get("lr")
            told = short(lr) if isinstance(lr, int | float) else str(lr)
            return f"learning rate {told} after step {step}"
        case "pause":
            return f"paused after step {step}; space goes on, s takes one step"
        case "step":
            return "one step at a time; space goes on"
        case "continue":
            return f"goes on after step {step}"
    return f"{request.action} after step {step}"
