"""What others do not promise is leaned on in one file for each side, and nowhere else."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache

import pytest

from tests.test_house import FILES, HOUSES, ROOT, tree_of

LEANED_ON = ("engine.gradients.leaned_on", "tui.terminal.leaned_on")
"""The files that may."""
OTHERS = [module for module in FILES if module not in LEANED_ON]
PRIVATE = re.compile(r"_(?!_)\w*[a-z]\w*$")
FINISHED = re.compile(r"jit|_[a-z]")
"""What torch keeps for itself, or has given up."""


@cache
def own_names() -> frozenset[str]:
    """Return the private names that the house itself gives to anything."""
    names: set[str] = set()
    for module in FILES:
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                    names.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return frozenset(names)


def private_uses(module: str) -> Iterator[str]:
    """Yield the private names of others in a module, each with its line."""
    for node in ast.walk(tree_of(module)):
        match node:
            case ast.ImportFrom(module=str(source), level=0) if not source.startswith(HOUSES):
                names = [*source.split("."), *(alias.name for alias in node.names)]
            case ast.Import():
                names = [part for alias in node.names for part in alias.name.split(".")]
            case ast.Attribute(value=ast.Name("torch"), attr=name) if FINISHED.match(name):
                names = [f"_{name}"]
            case ast.Attribute(attr=name):
                names = [] if name in own_names() else [name]
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr"), args=[_, ast.Constant(name), *_]
            ):
                names = [] if name in own_names() else [str(name)]
            case _:
                continue
        for name in names:
            if PRIVATE.match(name):
                yield f"{module}:{node.lineno} {name}"


@pytest.mark.parametrize("house", HOUSES)
def test_a_private_name_of_others_stands_in_the_file_for_them(house: str) -> None:
    modules = [module for module in OTHERS if module.startswith(house)]
    assert [use for module in modules for use in private_uses(module)] == []


@pytest.mark.parametrize("module", LEANED_ON)
def test_the_file_for_them_has_some(module: str) -> None:
    assert list(private_uses(module))


@cache
def private_names(base: type) -> frozenset[str]:
    """Return the private names of a class: those it has, and those its methods give ``self``."""
    names = set(vars(base))
    tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names |= {node.attr} if node.value.id == "self" else set()
    return frozenset(name for name in names if PRIVATE.match(name))


def borrowed(module: str) -> Iterator[str]:
    """Yield the private names of Textual's classes that a module's own classes use or replace."""
    defined = vars(importlib.import_module(module))
    for node in tree_of(module).body:
        bases = defined[node.name].__mro__ if isinstance(node, ast.ClassDef) else ()
        names = {
            name
            for base in bases
            if base.__module__.startswith("textual.")
            for name in private_names(base)
        }
        for inner in ast.walk(node) if names else ():
            match inner:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    used = name
                case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                    used = name
                case _:
                    continue
            if used in names:
                yield f"{module}:{inner.lineno} {used}"


def test_no_widget_of_ours_uses_or_replaces_what_is_private_to_its_base() -> None:
    on_screen = [each for each in OTHERS if each.startswith("tui") and "__main__" not in each]
    assert [use for module in on_screen for use in borrowed(module)] == []


def test_the_file_for_textual_has_such_names() -> None:
    assert list(borrowed("tui.terminal.leaned_on"))


def test_the_way_to_the_terminal_knows_nothing_of_the_lab() -> None:
    for module in FILES:
        if module.startswith("tui.terminal"):
            for node in ast.walk(tree_of(module)):
                if isinstance(node, ast.ImportFrom):
                    # How text is made harmless knows nothing of the lab either.
                    named = (node.module or "").removeprefix("engine.text.")
                    ours = node.level > 1 or named.startswith(HOUSES)
                    assert not ours, f"{module}:{node.lineno} imports what is not the terminal's"


def test_whoever_upgrades_is_told_where_to_look() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(module.replace(".", "/") + ".py" in readme for module in LEANED_ON)
