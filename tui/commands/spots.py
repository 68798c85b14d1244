"""Which places of the table of commands a widget is, and the bindings that come from there.

A widget with keys of its own is ``Keyed``: its place stands in its class statement and its bindings
come from there, so no key is bound that the help does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from .command import Command, Spot, key_name
from .table import LOCAL

TEXTUALS: Final[Mapping[str, Spot]] = {
    "Input": "field",
    "OptionList": "list",
    "CommandPalette": "palette",
    "ScrollableContainer": "scroll",
}
"""Textual's own widgets that take keys, by their class."""


def bindings_of(commands: Iterable[Command], doer: str = "") -> list[BindingType]:
    """Return the bindings of commands; what a place takes as it comes has none.

    Args:
        commands: Rows of the table.
        doer: The action that is given the row's, where one does them all.
    """
    return [
        Binding(
            ",".join(command.keys),
            f"{doer}({command.action!r})" if doer else command.action,
            command.label,
            key_display=key_name(command.keys[0]),
            tooltip=command.help,
            show=False,
            priority=command.urgent,
        )
        for command in commands
        if command.action
    ]


class Keyed:
    """A widget, a screen or an application that is a place of the table, with the keys of it."""

    SPOT: ClassVar[Spot]
    BINDINGS: ClassVar[list[BindingType]]

    def __init_subclass__(cls, spot: Spot | None = None, **arguments: Any) -> None:
        if spot is not None:
            cls.SPOT = spot
            cls.BINDINGS = bindings_of(command for command in LOCAL if command.at == spot)
        super().__init_subclass__(**arguments)


def spots_in(kind: type[DOMNode]) -> Iterator[Spot]:
    """Yield the places that widgets of a class are, whatever they inherit from."""
    for base in kind.__mro__:
        spot = base.__dict__.get("SPOT") or TEXTUALS.get(base.__name__)
        if spot is not None:
            yield spot
        if base.__dict__.get("_inherit_bindings") is False:
            return


def spots_of(focused: Widget | None) -> tuple[Spot, ...]:
    """Return the place that has the keys and those around it, the innermost first."""
    if focused is None:
        return ()
    return tuple(
        spot
        for node in focused.ancestors_with_self
        for spot in spots_in(type(node))
        if spot != "scroll" or (isinstance(node, Widget) and node.max_scroll_y > 0)
    )
