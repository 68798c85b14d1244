"""What the terminal sends, from bytes to keys: the same keys however the bytes are parted.

    bytes ──► characters ──► whole sequences ──► Textual's parser ──► keys, mouse, pastes

A slow line parts what belongs together: a character of three bytes, an arrow key's ``ESC [ D``. So
a sequence is handed on only when all of it is there. A bare ``ESC`` may be a key or a beginning;
what follows it decides, and where nothing does, time. A line that stalls is waited for longer, if
the terminal answers questions: its answer comes after all that it had sent before.

Pure: it is given bytes and a clock, and knows neither a terminal nor a screen.
"""

from __future__ import annotations

import codecs
import math
import re
import time
from collections.abc import Callable, Iterator
from typing import Final

from textual import events
from textual.message import Message

from .leaned_on import KNOWN_SEQUENCES, PASTE_END, PASTE_START, Parser

ESCAPE: Final = "\x1b"
LONE: Final = 0.4
"""Seconds after which a bare escape is a key, where the terminal does not answer."""
BEGUN: Final = 3.0
"""How many times as long ``ESC [`` is waited on: few people type that."""
WORDS: Final = frozenset(("\x1bb", "\x1bf", "\x1b\x7f"))
"""What terminals send for a word back, a word on and a word deleted. Any other character after an
escape is a key of its own: a line that stalls brings two keys in one piece, and nothing here is
done with alt.
"""
ANSWER: Final = re.compile(r"\x1b\[\d+;\d+R")
"""What a terminal says that was asked where its cursor is."""
LONGEST: Final = 64
"""Characters of a sequence; what is longer is none."""


class Keyboard:
    """Turns bytes into what they say.

    Args:
        patience: Seconds that a bare escape is waited on.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        patience: Callable[[], float] = lambda: LONE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._parser = Parser()
        self._begun = ""
        """A sequence that is not whole yet."""
        self._doubtful = ""
        """A key or a beginning, while what came after it is not whole."""
        self._began = 0.0
        """When it came."""
        self._pasted: str | None = None
        """What was pasted so far, while its end has not come."""
        self._due = math.inf
        """When what has begun is taken for keys."""
        self.doubts = 0
        """How many times something came that may be a key or a beginning: each is worth one
        question, and the answer to it is none.
        """

    @property
    def in_doubt(self) -> bool:
        """Whether an escape may be a key, or the beginning of one."""
        return bool(self._doubtful) or 0 < len(self._begun) <= 2

    @property
    def seconds_left(self) -> float:
        """How long until ``tick`` has something to say."""
        return max(self._due - self._clock(), 0.0)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take in bytes, and return what they say as far as that is certain."""
        if not data:
            return
        for character in self._decode(data):
            yield from self._take(character)
        if not self.in_doubt:
            self._due = math.inf

    def tick(self) -> Iterator[Message]:
        """Return what an escape turns out to be after which nothing came."""
        if self._clock() >= self._due:
            self._due = math.inf
            yield from self._settle_doubt()
            yield from self._as_keys()

    def _doubt(self, factor: float = 1.0) -> None:
        """Wait for what follows."""
        self.doubts += 1
        self._began = self._clock()
        self._due = self._began + factor * self._patience()

    def _settle_doubt(self) -> Iterator[Message]:
        """Take what was in doubt for keys."""
        begun, self._begun = self._begun, self._doubtful
        self._doubtful = ""
        yield from self._as_keys()
        self._begun = begun

    def _take(self, character: str) -> Iterator[Message]:
        if self._pasted is not None:
            yield from self._take_pasted(character)
        elif character == ESCAPE:
            yield from self._settle_doubt()
            if self._begun:
                self._doubtful = self._begun
            else:
                self._doubt()
            self._begun = ESCAPE
        elif not self._begun or character < " ":
            # No sequence has a control character in it.
            yield from self._settle_doubt()
            yield from self._as_keys()
            yield from self._meaning(character)
        else:
            self._begun += character
            yield from self._end_sequence()

    def _take_pasted(self, character: str) -> Iterator[Message]:
        assert self._pasted is not None
        self._pasted += character
        if character == PASTE_END[-1] and self._pasted.endswith(PASTE_END):
            text, self._pasted = self._pasted.removesuffix(PASTE_END), None
            yield events.Paste(text.replace("\x00", ""))
        elif character == "R" and (answer := ANSWER.search(self._pasted, len(self._pasted) - 16)):
            # A terminal may answer in the middle of what it sends of a paste.
            self._pasted = self._pasted[: answer.start()]
            yield from self._meaning(answer[0])

    def _end_sequence(self) -> Iterator[Message]:
        """Hand on a sequence that is whole, or keys that turn out not to be one."""
        sequence = self._begun
        if self._doubtful and ANSWER.fullmatch(sequence):
            self._begun, self._doubtful = self._doubtful, ""
            self._due = min(self._due, max(self._began + LONE, self._clock()))
            yield from self._meaning(sequence)
            return
        if len(sequence) == 2 and not self._doubtful:
            self._doubt(BEGUN)
        if is_whole(sequence) or sequence == PASTE_START:
            yield from self._settle_doubt()
        if sequence == PASTE_START:
            self._begun, self._pasted = "", ""
        elif is_whole(sequence):
            self._begun = ""
            yield from self._meaning(sequence)
        elif sequence[1] not in "[O" or len(sequence) > LONGEST:
            yield from self._settle_doubt()
            yield from self._as_keys()

    def _as_keys(self) -> Iterator[Message]:
        """Take what has begun for the keys escape and another; what is longer was cut short."""
        begun, self._begun = self._begun, ""
        if 0 < len(begun) <= 2:
            yield events.Key("escape", ESCAPE)
            for character in begun[1:]:
                yield from self._meaning(character)

    def _meaning(self, sequence: str) -> Iterator[Message]:
        """Return what a character or a whole sequence says to Textual."""
        yield from self._parser.feed(sequence)
        if self._parser.waits:
            # It knows no such sequence and waits for more of it: that would eat the next key.
            self._parser = self._parser.renewed()


def is_whole(sequence: str) -> bool:
    """Whether nothing belongs to a sequence any more."""
    if len(sequence) == 2:
        return sequence in WORDS
    if sequence.startswith("\x1bO"):
        return not (sequence[-1].isdigit() or sequence[-1] == ";")
    if not sequence.startswith("\x1b["):
        return False
    if sequence.startswith("\x1b[M"):
        # The oldest way to tell of the mouse: three characters follow.
        return len(sequence) == 6
    if sequence == "\x1b[[":
        # The Linux console's function keys.
        return False
    return sequence in KNOWN_SEQUENCES or "\x40" <= sequence[-1] <= "\x7e"
