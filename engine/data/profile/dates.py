"""Dates in words: in which of the ways that are in use a column writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

_DAYS: Final = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%d-%b-%Y", "%d-%b-%y", "%Y.%m.%d"),
)
_TIMES: Final = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f"),
    *("T%H:%M:%SZ", "T%H:%M:%S.%fZ", "T%H:%M:%S%z", " %H:%M:%S%z", " %I:%M %p", " %I:%M:%S %p"),
)

FORMATS: Final = tuple(f"{day}{time}" for day in _DAYS for time in _TIMES)
"""The ways of writing a date in parts that are looked for."""

_RUN_TOGETHER: Final = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
"""A date without marks between its parts, which else is a number."""

_IN_PARTS: Final = re.compile(r"(\d{1,4}[-/. ]+\w+|[^\W\d]+ \d+,)[-/. ]+\d.*")
"""What may be a date in three parts; to try every format takes far longer."""


def formats_of(texts: Sequence[str]) -> list[str]:
    """Return the formats that all of some different texts are written in; several where days and
    months cannot be told apart.
    """
    if not texts:
        return []
    if _RUN_TOGETHER.fullmatch(texts[0]):
        return ["%Y%m%d"] if all(map(_RUN_TOGETHER.fullmatch, texts)) else []
    if not _IN_PARTS.fullmatch(texts[0]):
        return []
    tried = [each for each in FORMATS if date(texts[0], each)]
    return [each for each in tried if all(date(text, each) for text in texts)]


def date(text: str, format_: str) -> datetime | None:
    """Return the date that a text is in a format, if it is one."""
    try:
        return datetime.strptime(text, format_)
    except ValueError:
        return None
