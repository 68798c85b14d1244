"""What the lab remembers from one time to the next: looks, sizes, choices.

A small file of JSON in the user's state directory. That it cannot be read or written is no
reason to trouble anybody: then the lab opens as it does for the first time.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from engine.text.files import replace_file

FILE: Final = "lab.json"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What was chosen; an empty word or 0 where nothing was."""

    palette: str = ""
    glyphs: str = ""
    left_width: int = 0
    """Cells of the left column."""
    log: bool = False
    smoothing: int = 0
    paced: bool = False
    """Whether somebody has gone to the newest step of a run that was shown, or chosen a pace."""
    greeted: bool = False
    """Whether the first start has been seen."""

    @classmethod
    def of(cls, table: object) -> Self:
        """Return what a table says; what is no choice is left out."""
        known = table if isinstance(table, dict) else {}
        kept = {
            item.name: known[item.name]
            for item in fields(cls)
            if type(known.get(item.name)) is type(item.default)
        }
        return cls(**kept)


class Memory:
    """Keeps choices in a file, or nowhere.

    Args:
        path: The file; none to remember nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.choices = self._read()

    @classmethod
    def of_user(cls) -> Memory:
        """Return what this user's lab remembers."""
        from platformdirs import user_state_path

        return cls(user_state_path("epochal", appauthor=False) / FILE)

    def _read(self) -> Choices:
        if self._path is not None:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                return Choices.of(json.loads(self._path.read_text("utf-8")))
            return Choices()
        # A lab that remembers nothing is nobody's first one.
        return Choices(paced=True, greeted=True)

    def choose(self, **changes: Any) -> None:
        """Remember what was chosen, beside what is remembered already."""
        self.keep(replace(self.choices, **changes))

    def keep(self, choices: Choices) -> None:
        """Remember, if there is anything new."""
        if choices == self.choices:
            return
        self.choices = choices
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                body = json.dumps(asdict(choices), indent=1) + "\n"
                replace_file(self._path, body.encode(), durable=False)
