"""Who is told: ``[notify]`` in the user's own configuration, and nowhere else.

[notify]
command = ["notify-send", "epochal"]      # run as it stands, without a shell
webhook = "https://hooks.example.com/…"   # gets a JSON object by POST
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from .. import configuration
from ..errors import ConfigurationError

_KEYS: Final = ("command", "webhook")


@dataclass(frozen=True, kw_only=True, repr=False)
class Addressees:
    """Who is told; it shows itself to nobody, for an address may be a secret."""

    command: tuple[str, ...] = ()
    """A program and its arguments; none where it is empty."""
    webhook: str = ""
    """An address that begins with https; none where it is empty."""

    def __bool__(self) -> bool:
        return bool(self.command or self.webhook)


def addressees() -> Addressees:
    """Return whom a user wants to be told.

    Raises:
        ConfigurationError: It does not hold; says why, and nothing of what stands there.
    """
    said = configuration.table("notify")
    command, webhook = said.get("command", []), said.get("webhook", "")
    if any(key not in _KEYS for key in said):
        raise _wrong("", f"has a key that is none; there are: {', '.join(_KEYS)}")
    if not isinstance(command, list) or not all(_is_argument(each) for each in command):
        raise _wrong(".command", 'must be a list of texts, such as ["notify-send", "epochal"]')
    if not isinstance(webhook, str) or not (webhook == "" or _is_address(webhook)):
        raise _wrong(".webhook", "must be an address that begins with https://")
    return Addressees(command=tuple(command), webhook=webhook)


def _is_argument(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:
        return False


def _wrong(key: str, message: str) -> ConfigurationError:
    return ConfigurationError(
        f"{configuration.folder() / configuration.FILE}: notify{key}: {message}"
    )
