"""The watch: a small process beside a worker, which outlives it by what there is to tell.

python -m engine.notices           listens to its stdin: a line that says what is watched, then
                                   what the worker says, to the end of the pipe
python -m engine.notices overdue   tells of the run on its stdin, whose watch is no more
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigurationError
from ..text.parsing import from_json
from .addressees import addressees
from .lookout import Lookout, outcome
from .notice import Notice
from .sending import send
from .watched import Watched

LOOK_SECONDS: Final = 1.0
"""How often it is asked whether a run stalls."""


def main() -> None:
    """Watch a run, or tell of one that was watched."""
    lines = lines_of(sys.stdin.fileno())
    order = from_json(next(line for line in lines if line))
    if sys.argv[1:] == ["overdue"]:
        complain(order, tell(outcome(order)))
        return
    complaints: list[str] = []
    watched = Watched.begin(order)
    lookout = Lookout(order, lambda notice: complaints.extend(tell(notice)), time.monotonic)
    for line in lines:
        if line:
            lookout.hear(line)
        else:
            lookout.look()
    # Only one tells: the owner's next command may be quicker where this one was held up.
    if watched.claim() and not lookout.dismissed:
        complaints += tell(lookout.outcome())
    complain(order, complaints)


def lines_of(pipe: int) -> Iterator[bytes]:
    """Yield the lines that come, to the end of the pipe, and an empty one while none do."""
    rest = b""
    while True:
        if not select.select([pipe], [], [], LOOK_SECONDS)[0]:
            yield b""
            continue
        if not (came := os.read(pipe, 1 << 16)):
            return
        *whole, rest = (rest + came).split(b"\n")
        yield from whole


def tell(notice: Notice) -> list[str]:
    """Tell whom the user wants to be told now, and return what went wrong."""
    try:
        return send(addressees(), notice)
    except ConfigurationError as error:
        return [str(error)]


def complain(order: Mapping[str, Any], complaints: list[str]) -> None:
    """Leave in the recording, or in a log, that somebody could not be told."""
    said = [
        f"somebody was not told what became of this run: {each}"
        for each in dict.fromkeys(complaints)
    ]
    if not said:
        return
    from ..errors import EpochalError
    from ..recording.file import leave_warning
    from ..runs.folder import RunFolder
    from ..text.owned import open_to_append

    with contextlib.suppress(EpochalError, OSError):
        if "log" in order:
            with os.fdopen(open_to_append(Path(order["log"])), "a", encoding="utf-8") as log:
                print(*said, sep="\n", file=log)
            return
        # Nobody else writes the recording any more.
        for each in said:
            leave_warning(RunFolder(Path(order["folder"])).recording, each)


if __name__ == "__main__":
    main()
