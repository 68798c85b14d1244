"""What ends a process of multiprocessing.

Until Python 3.12 its last calls are made while the error that ended it is being handled. From 3.13
on they are made when nobody knows it any more, so that it is caught sight of where it leaves the
process's own ``run``.
"""

from __future__ import annotations

import sys
from multiprocessing import current_process
from types import CodeType
from typing import Final

_ENDED_BY: Final[list[BaseException]] = []


def heed() -> None:
    """Remember what ends this process of multiprocessing, from now on."""
    if sys.version_info >= (3, 13):
        monitoring = sys.monitoring
        tool = next((each for each in (4, 3) if monitoring.get_tool(each) is None), None)
        if tool is None:
            # Others watch in their place: how the process ends is not known, and all else is.
            return
        run = type(current_process()).run.__code__

        def unwound(code: CodeType, _: int, error: BaseException) -> None:
            if code is run:
                _ENDED_BY.append(error)

        monitoring.use_tool_id(tool, "epochal")
        monitoring.register_callback(tool, monitoring.events.PY_UNWIND, unwound)
        monitoring.set_events(tool, monitoring.events.PY_UNWIND)


def failure() -> BaseException | None:
    """Return what is ending this process, if that is an error."""
    return sys.exc_info()[1] or next(iter(_ENDED_BY), None)
