"""What a recording lacks, in a sentence, where it has no experiment to train, show or check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ..errors import RunError
from ..text.safe import plain
from .fitting import UNSAID

if TYPE_CHECKING:
    from .events import Header
    from .outline import Outline

LACKS: Final[Mapping[str, str]] = {
    "import": "it was imported, and its curves are all there is: no experiment and no network",
    "watch": "a script of somebody's own trains it, and no experiment is here",
    "record": "a program of somebody's own recorded it, and no experiment is here",
}
"""What a recording lacks that no worker made, by its origin."""


def lack_of(header: Header | None) -> str:
    """Return what a recording lacks that no worker made; nothing of one that a worker made."""
    if header is None or not header.is_foreign:
        return ""
    unknown = f"it comes from {plain(header.origin)[:40]}, and no experiment is here"
    return LACKS.get(header.origin, unknown)


def unsaid_of(header: Header | None) -> str:
    """Return why a recording that has begun says no experiment; nothing where it does."""
    begun = header is not None and header.parameters and not header.experiment
    return lack_of(header) or (UNSAID if begun else "")


def check_experiment(name: str, header: Header | None, wish: str) -> None:
    """Refuse what only a run with an experiment can have, in a sentence that says what it lacks.

    Args:
        name: The run's.
        header: Its recording's.
        wish: What is not to be had, as in ``cannot be gone on with``.

    Raises:
        RunError: It has no experiment, because no worker made it.
    """
    if lack := lack_of(header):
        raise RunError(f"{plain(name)}: {wish}, for {lack}")


def check_branched(name: str, history: Outline, wish: str) -> None:
    """Refuse a branch that was broken off before it said where it begins: it is no run yet.

    Args:
        name: The run's.
        history: What is known of it.
        wish: What is not to be had, as in ``cannot be gone on with``.

    Raises:
        RunError: It is one.
    """
    parent = history.header.branch_of if history.header else ""
    if parent and parent not in [each.parent for each in history.forks]:
        parent = plain(parent)
        raise RunError(
            f"{plain(name)}: {wish}, because it was broken off while it branched off from {parent};"
            f" epochal fork {parent} again"
        )


def listens(header: Header | None) -> bool:
    """Whether whoever writes a recording takes requests."""
    return header is None or header.origin not in ("import", "record")


def check_listens(name: str, header: Header | None) -> None:
    """Refuse to ask anything of a run whose program takes no requests.

    Args:
        name: The run's.
        header: Its recording's.

    Raises:
        RunError: It takes none.
    """
    if header is not None and not listens(header):
        raise RunError(f"{plain(name)}: takes no requests, for {lack_of(header)}")
