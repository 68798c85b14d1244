"""The end of a program that trained with gloo, so that PyTorch's threads do not spoil it.

Each backward pass over several processes is kept by a thread of gloo's, with the context of Python
that it was called in. A thread that lets go of it needs Python: where a busy machine has it do so
when the program is over it ends the process (``terminate called``), and where the model is let go
of right then, each waits for the other (pytorch/pytorch#190489, #56297).
"""

from __future__ import annotations

import contextvars
import gc
import time
from typing import Final

from tests.patience import DEADLINE


def _contexts() -> int:
    return sum(type(each) is contextvars.Context for each in gc.get_objects())


# The program's own is made when it is first asked for.
contextvars.copy_context()
_BEFORE: Final = _contexts()


def let_go() -> None:
    """Wait until no thread holds a context that was made since this was imported."""
    deadline = time.monotonic() + DEADLINE
    while _contexts() > _BEFORE:
        assert time.monotonic() < deadline, "a thread of gloo's goes on"
        time.sleep(0.001)
