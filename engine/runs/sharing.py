"""Who else may read what a user makes, where no command says so."""

from __future__ import annotations

from typing import Final

from ..configuration import table
from ..errors import ConfigurationError
from ..text.owned import BITS, Share

TABLE: Final = "runs"
"""The table of the configuration that says so, by its key ``share``."""


def usually_shared() -> Share:
    """Return who else may read what this user makes.

    Raises:
        ConfigurationError: The configuration says nothing that makes sense.
    """
    said = table(TABLE).get("share", "nobody")
    for share in BITS:
        if said == share:
            return share
    raise ConfigurationError(f"config.toml: runs.share: must be {', '.join(BITS)} (got {said!r})")
