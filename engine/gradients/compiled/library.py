"""The library of compiled steps of this machine, for each kind of number."""

from __future__ import annotations

import ctypes

from .building import NoLibraryError, library_of
from .printing import UnprintableError
from .source import library_text


def library(real: str = "float") -> ctypes.CDLL:
    """Return the library for one kind of number, compiled if this machine has none yet.

    Args:
        real: ``float`` or ``double``.

    Raises:
        NoLibraryError: There is none to be had.
    """
    try:
        text = library_text(real)
    except UnprintableError as error:
        raise NoLibraryError(str(error)) from None
    return library_of(text, real)


def why_none(real: str = "float") -> str:
    """Return why there is no library for a kind of number here; nothing where there is one."""
    try:
        library(real)
    except NoLibraryError as error:
        return str(error)
    return ""
