"""What epochal show is asked for: a size, a step, a picture."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from engine.errors import EpochalError
from engine.recording.lacking import lack_of
from engine.text.safe import plain

from ..drawing.curves.quantities import quantities_of

if TYPE_CHECKING:
    from engine.recording.history import History

DEFAULT_SIZE: Final = (100, 30)


LARGEST: Final = 1000


class SizeError(EpochalError):
    """A size that is none."""


def parse_size(text: str) -> tuple[int, int]:
    """Return what ``100x30`` says.

    Raises:
        SizeError: It says no size.
    """
    match = re.fullmatch(r"(\d{1,4})[xX×](\d{1,4})", text.strip())
    if not match or not all(1 <= int(part) <= LARGEST for part in match.groups()):
        raise SizeError(
            f"--size: must be as in 100x30, from 1x1 to {LARGEST}x{LARGEST} (got {text!r})"
        )
    return int(match[1]), int(match[2])


def terminal_size() -> tuple[int, int]:
    """Return the terminal's size, a line left for the prompt; 100x30 where there is none."""
    if not sys.stdout.isatty():
        return DEFAULT_SIZE
    size = shutil.get_terminal_size(DEFAULT_SIZE)
    return max(size.columns, 1), max(size.lines - 1, 1)


Step = int | Literal["best", "last"] | None
"""A step, the one whose weights did best on the dev set, or the last. Where nothing is asked for,
a run that is over is shown at its result, and any other at its newest step."""


class StepError(EpochalError):
    """A step that is none."""


def parse_step(text: str) -> Step:
    """Return what ``512``, ``best`` or ``last`` says.

    Raises:
        StepError: It says no step.
    """
    if text.strip() == "best":
        return "best"
    if text.strip() == "last":
        return "last"
    if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
        raise StepError(f"--step: must be a step, from 0 on, or: best, last (got {text!r})")
    return int(text)


MOST_STEPS: Final = 10_000
"""Steps of one print-out at most."""


def parse_steps(text: str) -> tuple[int, ...]:
    """Return what ``0..5`` or ``0,10,100..110`` says, in its order.

    Raises:
        StepError: It says no steps, or too many.
    """
    steps: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,12})(?:\s*\.\.\s*([0-9]{1,12}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise StepError(
                f"--steps: must be steps, as in 0..5 or 0,10,100, from 0 on (got {text!r})"
            )
        if last - first + len(steps) >= MOST_STEPS:
            raise StepError(f"--steps: at most {MOST_STEPS} at once (got {text!r})")
        steps += range(first, last + 1)
    return tuple(dict.fromkeys(steps))


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which picture of a run is wanted."""

    view: str = "summary"
    step: Step = None
    steps: tuple[int, ...] = ()
    """Several steps, one after the other, in place of one."""
    layer: str | None = None
    """Which layer or parameter, for the views of weights; all of them where left out."""
    member: int | None = None
    """Which network of a population, counted from 0; all of them together where left out."""
    log: bool = False
    """Whether the loss has a logarithmic axis."""
    allow_code: bool = False
    """Whether a network of one's own may be run."""
    by: str = ""
    """The inputs that vary in a picture of some, parted by commas; those that tell most where left
    out."""
    reach: int = 0
    """The step to which curves go at least: so far as that of the longest run beside this one."""

    @property
    def number(self) -> int | None:
        """The step, where it is asked for by its number."""
        return self.step if isinstance(self.step, int) else None

    @property
    def varying(self) -> tuple[str, ...]:
        """The inputs that vary."""
        return tuple(filter(None, map(str.strip, self.by.split(","))))


def refuse_view(history: History, wish: Wish) -> None:
    """Refuse a view that there is not, or that a run from elsewhere has not.

    Raises:
        ViewError: With those there are.
    """
    from ..drawing.network.material import ViewError
    from .gallery import NAMES, VIEWS

    if wish.by and (wish.view not in VIEWS or VIEWS[wish.view].inputs is None):
        cuts = " and ".join(name for name, view in VIEWS.items() if view.inputs)
        raise ViewError(f"--by: says of a run which inputs vary in {cuts}; leave it out here")
    views = views_of(history)
    if wish.view not in (*NAMES, *views):
        those = map(plain, dict.fromkeys((*views, *NAMES)))
        raise ViewError(f"--view: there is no {wish.view!r}; there are: {', '.join(those)}")
    if views and wish.view not in views:
        lack, there = lack_of(history.header), ", ".join(map(plain, views))
        raise ViewError(f"--view {wish.view}: {lack}; it has: {there}")


def views_of(history: History) -> tuple[str, ...]:
    """Return the views of a run from elsewhere, each of its numbers among them; else none."""
    from .gallery import PANE_VIEWS, RUN_VIEWS

    if history.header is None or not history.header.is_foreign:
        return ()
    return tuple(dict.fromkeys((*RUN_VIEWS, *PANE_VIEWS, *quantities_of(history))))


def refuse_member(history: History, wish: Wish) -> None:
    """Refuse a member that there is not.

    Raises:
        ViewError: With those there are.
    """
    from ..drawing.network.material import ViewError

    header = history.header
    if wish.member is not None and header is not None and not 0 <= wish.member < header.members:
        raise ViewError(f"--member: must be from 1 to {header.members} (got {wish.member + 1})")
