"""Every key that a person can press stands in the one table, whoever binds it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

import tui
from tui.commands.command import SPOTS
from tui.commands.spots import bindings_of, spots_in
from tui.commands.table import COMMANDS, LOCAL
from tui.lab.screen import Lab

SIDEWAYS = ("scroll_left", "scroll_right", "page_left", "page_right")
"""What Textual lets a widget do that is wider than it is seen; none of ours is."""

HANDLERS = ("on_key", "_on_key", "handle_key", "check_consume_key")
"""Methods by which a widget takes keys as they come."""


def all_nodes() -> list[type[DOMNode]]:
    """Return every class of this package that can be on the screen."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name != "tui.__main__":
            importlib.import_module(module.name)
    found, waiting = [], [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("tui."):
            found.append(kind)
    return sorted(set(found), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


NODES = all_nodes()


def bound(kind: type[DOMNode]) -> Iterator[Binding]:
    """Yield what is bound by a class or by those it inherits from."""
    merged = kind._merged_bindings
    if merged is not None:
        for bindings in merged.key_to_bindings.values():
            yield from bindings


def known(kind: type[DOMNode]) -> set[str]:
    """Return the keys that the table has for a class."""
    spots = set(spots_in(kind))
    keys = {key for command in LOCAL if command.at in spots for key in command.keys}
    if issubclass(kind, App | Screen):
        # What the application binds, it does wherever no place does.
        keys |= {key for command in COMMANDS for key in command.keys}
    return keys


@pytest.mark.parametrize("kind", NODES, ids=lambda kind: kind.__qualname__)
def test_no_key_is_bound_that_the_table_does_not_have(kind: type[DOMNode]) -> None:
    keys = {binding.key for binding in bound(kind) if binding.action not in SIDEWAYS}
    assert keys - known(kind) == set()


@pytest.mark.parametrize("kind", NODES, ids=lambda kind: kind.__qualname__)
def test_a_widget_that_takes_keys_as_they_come_says_so_in_the_table(kind: type[DOMNode]) -> None:
    own = [name for name in vars(kind) if name in HANDLERS or name.startswith("key_")]
    spot = kind.__dict__.get("SPOT")
    told = [command for command in LOCAL if command.at == spot and not command.action]
    assert not own or told


@pytest.mark.parametrize("spot", SPOTS)
def test_every_place_has_keys_and_somebody_who_has_them(spot: str) -> None:
    assert [command for command in LOCAL if command.at == spot]
    kinds = [kind for kind in (*NODES, *_textuals()) if spot in spots_in(kind)]
    assert kinds
    for kind in kinds:
        if kind.__dict__.get("SPOT") == spot:
            own = bindings_of(command for command in LOCAL if command.at == spot)
            actions = {binding.action for binding in own}  # type: ignore[union-attr]
            assert actions <= {binding.action for binding in bound(kind)}
            names = [action.partition("(")[0].rpartition(".")[2] for action in actions]
            assert all(
                hasattr(kind, f"action_{name}") or hasattr(App, f"action_{name}") for name in names
            )


def _textuals() -> list[type[DOMNode]]:
    return [base for kind in NODES for base in kind.__mro__ if issubclass(base, DOMNode)]


def test_no_place_has_a_key_twice() -> None:
    for spot in SPOTS:
        keys = [key for command in LOCAL if command.at == spot for key in command.keys]
        assert len(keys) == len(set(keys))


def test_the_lab_binds_the_table() -> None:
    done = {f"do({command.action!r})" for command in COMMANDS}
    assert {binding.action for binding in bound(Lab)} >= done
