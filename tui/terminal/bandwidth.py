"""What is known of the way to the terminal: how much it takes, and how much is still under way.

A slow link does not show on this side of it: the kernel's and the SSH server's buffers take
seconds of bytes at once, and a key's echo then waits behind them. So the terminal is asked: after
each piece of a frame it is to say where its cursor is (``ESC[6n``), which every terminal since
1978 answers, in order, when it has drawn what came before. From the answers come the link's speed
and what it still holds; so little is kept under way that an echo need not wait long. A terminal
that does not answer is taken for a slow one.

Pure: time comes from a clock, bytes are counted and not seen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

QUESTION: Final = b"\x1b[6n"
"""Asks the terminal where its cursor is."""
DELAY: Final = 0.1
"""Seconds of bytes that may be under way."""
FIRST_WINDOW: Final = 65_536
"""Bytes that may be under way before anything is known: the first frame."""
LEAST_WINDOW: Final = 1_024
"""Bytes that may always be under way: less would be all questions."""
MOST_WINDOW: Final = 1 << 20
MUTE: Final = 2.0
"""Seconds after which a terminal that never answered is taken for one that does not."""
LOST: Final = 1.0
"""Seconds that an answer may be late before it is taken for lost."""
PATIENCE: Final = 4.0
"""How many times as long as expected an answer may take, beside that."""
LOSSES: Final = 3
"""How many answers in a row may be lost."""
MUTE_RATE: Final = 20_000.0
"""Bytes a second that a terminal is taken to read which does not answer."""
TELLING: Final = 500
"""Bytes from which on an answer says something about the speed."""
SAMPLES: Final = 2
"""How many answers the speed is found from: the best of them, for delays only ever add."""
STUCK: Final = 0.05
"""Seconds from which on a write has waited for the terminal."""


class Link:
    """The way to the terminal; one that nothing is sent over is clear.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent = 0
        self._taken = 0
        """How many of these bytes the terminal has drawn, as far as it said."""
        self._asked: deque[tuple[int, int, float]] = deque()
        """Of each question: the bytes up to it, those that were under way, and when."""
        self._answers: bool | None = None
        """Whether the terminal answers; None before it was found out."""
        self._lost = 0
        """How many questions in a row were given up."""
        self._speeds: deque[float] = deque(maxlen=SAMPLES)
        self._round_trip = 10.0
        """The shortest time from a question to its answer."""
        self._mute_rate = MUTE_RATE
        self._counted_at = clock()
        self._counted = 0
        self._lapped = 0
        """How many bytes had been sent at the last lap."""
        self.held = 0
        """Bytes that wait on this side, because there is no room for them."""

    @property
    def rate(self) -> float | None:
        """Bytes a second that the terminal takes; None where nothing says it is slow."""
        if self._answers is False:
            return self._mute_rate
        return max(self._speeds) if self._speeds else None

    @property
    def answers(self) -> bool:
        """Whether the terminal is known to answer."""
        return self._answers is True

    @property
    def under_way(self) -> int:
        """Bytes that were sent and that the terminal has not drawn, as far as is known."""
        if self._answers is False:
            return max(self._counted - int((self._clock() - self._counted_at) * self._mute_rate), 0)
        return self._sent - self._taken

    @property
    def clear(self) -> bool:
        """Whether everything has arrived: only then is a new frame worth drawing."""
        self._give_up()
        return not self.held and (self._answers is None or not self.under_way)

    @property
    def waits_for_answer(self) -> bool:
        """Whether the terminal was asked something that it has not answered."""
        self._give_up()
        return bool(self._asked)

    def room(self) -> int:
        """Return how many bytes may be sent now."""
        self._give_up()
        return max(self._window() - self.under_way, 0)

    def seconds(self, count: int) -> float:
        """Return how long the link is busy with so many bytes."""
        return 0.0 if self.rate is None else count / self.rate

    def lap(self) -> float:
        """Return how long the link was busy with what was sent since the last lap."""
        sent, self._lapped = self._sent - self._lapped, self._sent
        return self.seconds(sent)

    def sending(self, count: int, asking: bool = True) -> bool:
        """Count bytes that are sent now; return whether a question is to follow them."""
        self._give_up()
        now = self._clock()
        self._sent += count
        if self._answers is False:
            self._counted, self._counted_at = self.under_way + count, now
            return False
        if not asking or (self._answers is None and self._asked):
            return False
        self._ask(now)
        return True

    def _ask(self, now: float) -> None:
        self._sent += len(QUESTION)
        self._asked.append((self._sent, self._sent - self._taken, now))

    def asks_again(self) -> bool:
        """Return whether to ask once more, with nothing new to send."""
        self._give_up()
        if self._asked or self._answers is not True or self._sent == self._taken:
            return False
        self._ask(self._clock())
        return True

    def asks_now(self) -> bool:
        """Return whether to ask because somebody waits for the answer; the terminal must be known
        to give one.
        """
        if self._answers is not True:
            return False
        self._ask(self._clock())
        return True

    def answered(self) -> None:
        """Learn from an answer: what was sent before its question has been drawn."""
        if not self._asked and not self._lost:
            return
        self._answers, self._lost = True, 0
        if not self._asked:
            return
        self._taken, count, asked = self._asked.popleft()
        elapsed = max(self._clock() - asked, 1e-6)
        self._round_trip = min(self._round_trip, elapsed)
        if count >= TELLING:
            self._speeds.append(count / elapsed)

    def wrote(self, count: int, seconds: float) -> None:
        """Learn how long a write took: one that waited for the terminal says how fast it reads."""
        if self._answers is False and seconds > STUCK:
            self._mute_rate = min(self._mute_rate, max(count / seconds, 100.0))

    def _window(self) -> int:
        if self.rate is None:
            return FIRST_WINDOW
        trip = self._round_trip if self._answers else 0.0
        return int(min(max(self.rate * (DELAY + trip), LEAST_WINDOW), MOST_WINDOW))

    def _give_up(self) -> None:
        """Stop waiting for an answer that will not come."""
        if not self._asked:
            return
        _, count, asked = self._asked[-1]
        allowed = MUTE
        if self._answers:
            allowed = LOST + PATIENCE * (self.seconds(count) + self._round_trip)
        if self._clock() - asked <= allowed:
            return
        self._asked.clear()
        self._lost += 1
        if not self._answers or self._lost >= LOSSES:
            self._answers = False
            self._counted, self._counted_at = 0, self._clock()
