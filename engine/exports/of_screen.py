"""Films of the lab's screen, which the engine does not know: whoever has one makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..errors import RequestError
from .export import Export, ExportFile


def files_of(form: str) -> Callable[[Export], Iterator[ExportFile]]:
    """Return what yields the files of a format that is a film of the screen."""

    def files(export: Export) -> Iterator[ExportFile]:
        if export.film is None:
            raise RequestError(
                f"--to {form}: films the lab's screen, and none is here: use epochal"
            )
        return export.film(form, export)

    return files
