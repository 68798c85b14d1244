"""What a user has said for every run of theirs: ``config.toml`` in their configuration folder.

It is read from nowhere else: a preset or a recording may come from anyone, and sets nothing here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .errors import ConfigurationError
from .text.files import read_file, why
from .text.parsing import from_toml

FILE: Final = "config.toml"

TABLES: Final = frozenset({"notify", "runs"})
"""The tables that there are."""

MAX_BYTES: Final = 100_000
"""A larger file is none that anybody wrote by hand."""


def folder() -> Path:
    """Return where a user's own things lie.

    Raises:
        RuntimeError: They have no home.
    """
    said = Path(os.environ.get("XDG_CONFIG_HOME", "")).expanduser()
    # One that hangs on where a command is called is none: what lies there may be anybody's.
    return (said if said.is_absolute() else Path.home() / ".config") / "epochal"


def is_there() -> bool:
    """Whether a user has said anything."""
    try:
        return (folder() / FILE).exists()
    except (OSError, RuntimeError):
        return False


def table(name: str) -> Mapping[str, Any]:
    """Return a table of the user's configuration; an empty one where they have none.

    Raises:
        ConfigurationError: It cannot be read; what stands in it is not told, for it may be secret.
    """
    try:
        path = folder() / FILE
        tables = from_toml(read_file(path, MAX_BYTES).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError, RuntimeError):
        return {}
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {why(error)}") from None
    except ValueError as error:
        place = re.search(r"at line \d+", str(error))
        where = f" {place[0]}" if place else ""
        raise ConfigurationError(f"{path}: is not TOML{where}; see toml.io") from None
    if unknown := [key for key in tables if key not in TABLES]:
        there = ", ".join(f"[{each}]" for each in sorted(TABLES))
        raise ConfigurationError(f"{path}: {len(unknown)} keys are none; there is {there}")
    said = tables.get(name, {})
    if not isinstance(said, dict):
        raise ConfigurationError(f"{path}: {name}: must be a table, [{name}]")
    return said
