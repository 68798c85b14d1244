"""The three streams that a process is started with, of which it may have been given none."""

from __future__ import annotations

import errno
import io
import os
import sys
import termios
from typing import Final

STREAMS: Final = ("stdin", "stdout", "stderr")
"""What each is called in ``sys``, by their numbers."""


def open_those_closed() -> None:
    """Have somewhere for what is read and printed where whoever called has closed it.

    Else the next file that is opened, such as a recording, has that stream's number, and whatever
    any library prints goes into it.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            # The least number that is free is what a file gets: those below are open by now.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            raw = io.FileIO(number, "r+", closefd=False)
            setattr(sys, name, io.TextIOWrapper(raw, "utf-8", write_through=True))


def leave_lost_terminal() -> None:
    """Have what is read and printed come from and go nowhere where it was a terminal that is gone:
    each word to one is an error, in whatever just then wanted to say how it ends.
    """
    for number in range(len(STREAMS)):
        try:
            termios.tcgetattr(number)
        except termios.error as error:
            if error.args[0] == errno.EIO:
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, number)
                os.close(nowhere)
