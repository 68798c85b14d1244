"""Callbacks by which libraries that own the training loop have it watched: one of them a file.

Each tells ``watch`` what is trained by what, logs what the library has measured, and stops where
somebody asked for it. A library is imported by whoever asks for its callback, and by nobody else.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, Final

from ...errors import RequestError

LIBRARIES: Final[Mapping[str, str]] = {
    "lightning": "lightning",
    "pytorch_lightning": "lightning",
    "transformers": "transformers",
    "keras": "keras",
    "fastai": "fastai",
    "skorch": "skorch",
}
"""The module here for each library, by the name it is imported by."""


def callback(library: str = "", **options: Any) -> Any:
    """Return what a library's trainer takes to have its loop watched.

    Args:
        library: ``lightning``, ``transformers``, ``keras`` (on torch), ``fastai`` or ``skorch``;
            the one that is imported already where left out.
        options: What ``watch`` is told: ``name``, ``runs``, ``control``.

    Raises:
        RequestError: There is no such library here, or it does not say which.
    """
    here = [name for name in LIBRARIES if name in sys.modules]
    if not library and len({LIBRARIES[name] for name in here}) != 1:
        said = f"{', '.join(here)} are imported" if here else "none of them is imported yet"
        raise RequestError(f"callback: say which library's, one of {', '.join(LIBRARIES)}: {said}")
    name = library or here[0]
    if name not in LIBRARIES:
        raise RequestError(f"callback: {name!r} is none of {', '.join(LIBRARIES)}")
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise RequestError(f"callback: {name} is not installed here ({error})") from None
    module = importlib.import_module(f"{__name__}.{LIBRARIES[name]}")
    return module.make(name, options)
