"""Python as text: calls, lists and functions, laid out as PEP 8 has it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import indent
from typing import Any, Final

WIDTH: Final = 79
"""Columns of a line of a program, as PEP 8 has it."""


def call(head: str, arguments: Sequence[str], room: int = WIDTH - 4) -> list[str]:
    """Return a call as lines, broken where it is too long for one.

    Args:
        head: What stands before the bracket.
        arguments: What stands between the commas.
        room: Columns there are.
    """
    inside = ", ".join(arguments)
    if len(head) + len(inside) + 2 <= room and "\n" not in inside:
        return [f"{head}({inside})"]
    if len(inside) + 4 <= room and "\n" not in inside:
        return [f"{head}(", f"    {inside}", ")"]
    comma = "," if len(arguments) > 1 else ""
    lines = indent("\n".join(f"{each}{comma}" for each in arguments), "    ").split("\n")
    return [f"{head}(", *lines, ")"]


def listed(items: Any) -> str:
    """Return a list as Python, an item a line where it is long."""
    items = list(items)
    flat = f"[{', '.join(items)}]"
    if len(flat) <= WIDTH - 30:
        return flat
    return "\n".join(["[", *(indent(f"{item},", "    ") for item in items), "]"])


def define(name: str, doc: str, lines: Sequence[str], arguments: str = "") -> str:
    """Return a function as text."""
    body = indent("\n".join([f'"""{doc}"""', *lines]), "    ")
    return f"def {name}({arguments}):\n{body}"


def literal(value: Any) -> str:
    """Return a setting as Python."""
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    """Return a text as Python, in double quotes and harmless, whatever it holds."""
    if '"' in text:
        return ascii(text)
    return f'"{ascii(text)[1:-1]}"' if "'" not in text else ascii(text)


def joined(blocks: Sequence[str]) -> str:
    """Join blocks with one blank line, two around functions and classes."""
    text = blocks[0]
    for before, block in pairwise(blocks):
        apart = 3 if _defines(before.rpartition("\n\n\n")[2]) or _defines(block) else 2
        text += "\n" * apart + block
    return text


def _defines(block: str) -> bool:
    return block.startswith(("def ", "class ", "@"))
