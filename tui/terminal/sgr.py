"""The looks of cells, as the terminal is told them: ``ESC[1;38;5;33m``.

A style is the text of its numbers, ``"1;38;5;33"``, and ``""`` where nothing is set. Nothing here
knows where a cell is or what stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

PLAIN: Final = ""
"""The style of a terminal that was told none."""

_LOOKS: Final = frozenset(["1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"])
"""What is on or off, and goes only with everything else."""
_OWN_COLOURS: Final = frozenset(str(n) for base in (30, 90) for n in range(base, base + 8))
_GROUNDS: Final = frozenset(str(n) for base in (40, 100) for n in range(base, base + 8))
_PARTS: Final = {"5": 3, "2": 5}
"""How many numbers a colour of each kind has."""


@dataclass(frozen=True)
class Attributes:
    """A style taken apart."""

    looks: frozenset[str] = frozenset()
    """Bold, underlined and the like."""
    colour: str = ""
    """That of the characters."""
    ground: str = ""
    """That behind them."""


@lru_cache(4_096)
def joined(style: str, numbers: str) -> str:
    """Return the style after a terminal of another one was told numbers."""
    if not numbers.strip("0;"):
        return PLAIN
    return f"{style};{numbers}" if style else numbers


@lru_cache(4_096)
def change(old: str, new: str) -> str:
    """Return the shortest that makes one style of another."""
    if old == new:
        return ""
    if new == PLAIN:
        return "\x1b[m"
    afresh = f"\x1b[0;{new}m" if old else f"\x1b[{new}m"
    before, after = look(old), look(new)
    if before is None or after is None or not before.looks <= after.looks:
        return afresh
    numbers = sorted(after.looks - before.looks)
    if before.colour != after.colour:
        numbers.append(after.colour or "39")
    if before.ground != after.ground:
        numbers.append(after.ground or "49")
    if not numbers:
        return ""
    return min(f"\x1b[{';'.join(numbers)}m", afresh, key=len)


@lru_cache(4_096)
def look(style: str) -> Attributes | None:
    """Take a style apart; None where it says what is not known here."""
    numbers = style.split(";") if style else []
    looks, colour, ground = set(), "", ""
    while numbers:
        size = _size(numbers)
        number, part = numbers[0], ";".join(numbers[:size])
        del numbers[:size]
        if number in _LOOKS:
            looks.add(number)
        elif number in _OWN_COLOURS or (number == "38" and size > 1):
            colour = part
        elif number in _GROUNDS or (number == "48" and size > 1):
            ground = part
        elif number == "39":
            colour = ""
        elif number == "49":
            ground = ""
        else:
            return None
    return Attributes(frozenset(looks), colour, ground)


def _size(numbers: list[str]) -> int:
    """Return how many of the numbers belong together, from the first on."""
    if numbers[0] not in ("38", "48") or len(numbers) == 1:
        return 1
    size = _PARTS.get(numbers[1], 1)
    return size if len(numbers) >= size else 1
