"""What makes an entry whole: a part that is left out fails when its file is imported."""

from __future__ import annotations

from collections.abc import Iterable


def check_whole(entry: type, base: type, parts: Iterable[str]) -> None:
    """Hold an entry to say for itself all that its family asks of it.

    Args:
        entry: The class of one optimizer, of one kind of data.
        base: What its family shares: a part that only stands there, empty, is left out.
        parts: What must be said.

    Raises:
        TypeError: Naming the entry and what it lacks.
    """
    nothing = object()
    lacking = [
        part for part in parts if getattr(entry, part, nothing) is getattr(base, part, nothing)
    ]
    if lacking:
        raise TypeError(f"{entry.__module__}.{entry.__qualname__} lacks {', '.join(lacking)}")
