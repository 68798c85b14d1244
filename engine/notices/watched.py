"""Which runs are watched: a file for each, whose removal says who tells of the run's end.

It lies in the user's own state folder and names the run's folder and its worker, and no address.
Only one process can remove it: that one tells, and so it is told once.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..text.files import read_file
from ..text.owned import create
from ..text.parsing import from_json

MAX_BYTES: Final = 100_000
"""A larger file is none of these."""


def place() -> Path:
    """Return the folder in which they lie."""
    from platformdirs import user_state_path

    return Path(user_state_path("epochal")) / "watched"


@dataclass(frozen=True)
class Watched:
    """A run of which nobody has told yet what became of it."""

    path: Path
    """The file that says so."""
    order: Mapping[str, Any]
    """Its ``folder``, and the ``worker`` that trains it, as the watch was told them."""

    @classmethod
    def begin(cls, order: Mapping[str, Any]) -> Watched:
        """Say that a run is watched from now on.

        Raises:
            OSError: That cannot be written down.
        """
        folder = place()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{secrets.token_hex(8)}.json"
        with os.fdopen(create(path, shared=0), "w", encoding="utf-8") as file:
            json.dump(order, file)
        return cls(path, order)

    def claim(self) -> bool:
        """Return whether it is this process that tells; of several that ask only one is."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def all_watched() -> Iterator[Watched]:
    """Yield the runs that are watched, or were when their watch was killed."""
    with contextlib.suppress(OSError):
        for path in place().glob("*.json"):
            with contextlib.suppress(OSError, ValueError):
                order = from_json(read_file(path, MAX_BYTES))
                if isinstance(order, dict) and isinstance(order.get("folder"), str):
                    yield Watched(path, order)
