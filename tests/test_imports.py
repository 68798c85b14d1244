"""The one arrow: tui imports engine, and only what computes gradients imports torch."""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine

COMPUTES = {
    "autograd",
    "batches",
    "constant",
    "device",
    "gradcheck",
    "header",
    "masks",
    "measure",
    "method",
    "methods",
    "microscope",
    "network",
    "numeric",
    "own",
    "parameters",
    "probe",
    "rows",
    "train",
    "trainee",
    "trainer",
    "updates",
    "worker",
}
"""The modules that may import torch."""

SOURCE = Path(engine.__file__).parent
MODULES = sorted(path.stem for path in SOURCE.glob("*.py") if path.stem != "__main__")
TORCHLESS = [name for name in MODULES if name not in COMPUTES]
LIGHT = ["events", "history", "recording", "requests", "runs", "launch", "cli"]
"""What every command starts with: it waits for pydantic only where a preset is read."""

WATCHED = ("torch", "textual", "plotext", "tui", "pydantic")

IMPORT_ALL = """
import importlib, json, sys
watched, names = json.loads(sys.argv[1])
came = {}
for name in names:
    before = {each for each in watched if each in sys.modules}
    importlib.import_module("engine" if name == "__init__" else f"engine.{name}")
    came[name] = [each for each in watched if each in sys.modules and each not in before]
print(json.dumps(came))
"""


@functools.cache
def loaded(*modules: str) -> dict[str, set[str]]:
    """Import modules one after another in one new process.

    Returns:
        Which of the watched packages came with each module, and not with one before it. Where
        nothing came with any of them, nothing comes with them in any other order either.
    """
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, json.dumps([WATCHED, modules])],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name: set(packages) for name, packages in json.loads(done.stdout).items()}


@functools.cache
def imported(module: str) -> set[str]:
    """Return what a module of the engine imports when it is imported, as it is written there."""
    found = set()
    for node in at_once(ast.parse((SOURCE / f"{module}.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Go through what runs on import: no function, and nothing for the type checker alone."""
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    for child in ast.iter_child_nodes(node):
        yield from at_once(child)


def reaches_torch(module: str) -> bool:
    """Return whether a module imports torch, or another of the engine's that does."""
    seen, left = set(), [module]
    while left:
        seen.add(here := left.pop())
        names = imported(here)
        if any(name.split(".")[0] == "torch" for name in names):
            return True
        inner = {name.split(".")[1] for name in names if name.startswith("engine.")}
        left += [name for name in inner if name in MODULES and name not in seen]
    return False


@pytest.mark.parametrize("module", TORCHLESS)
def test_only_what_computes_imports_torch(module: str) -> None:
    assert not loaded(*TORCHLESS)[module] & {"torch", "textual", "plotext", "tui"}


@pytest.mark.parametrize("module", sorted(COMPUTES))
def test_what_computes_knows_no_screen(module: str) -> None:
    assert not loaded(*sorted(COMPUTES))[module] & {"textual", "plotext", "tui"}


@pytest.mark.parametrize("module", sorted(COMPUTES))
def test_what_computes_imports_torch(module: str) -> None:
    assert reaches_torch(module)


@pytest.mark.parametrize("module", LIGHT)
def test_what_every_command_starts_with_is_light(module: str) -> None:
    assert not loaded(*LIGHT)[module]
