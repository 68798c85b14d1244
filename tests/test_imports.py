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
from tests.patience import DEADLINE

COMPUTES = {
    "gradients",
    "inspection",
    "loops",
    "network",
    "step",
    "training",
    "worker.__main__",
}
"""The rooms that may import torch: packages, and modules."""

SOURCE = Path(engine.__file__).parent


def name_of(path: Path) -> str:
    """Return what a file of the engine is imported as, from the engine on; the engine is ``""``."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
MODULES = [name for name in FILES if name != "__main__"]


def computes(name: str) -> bool:
    """Return whether a module may import torch."""
    return any(f"{name}.".startswith(f"{room}.") for room in COMPUTES)


COMPUTING = [name for name in MODULES if computes(name)]
TORCHLESS = [name for name in MODULES if not computes(name)]
LIGHT = [
    "recording.events",
    "recording.history",
    "recording.file",
    "runs.requests",
    "runs.finding",
    "worker.launch",
    "cli",
]
"""What every command starts with: it waits for pydantic only where a preset is read."""

ASKING = [
    "recording.events",
    "recording.outline",
    "recording.file",
    "runs.catalogue",
    "runs.filters",
    "runs.summary",
    "presets.references",
    "presets.toml_files",
    "sweeps.listing",
    "sweeps.references",
    "headless.stopping",
    "text.spelling",
]
"""What commands need that only list or ask: neither arrays nor schemas."""

WATCHED = ("torch", "textual", "plotext", "tui", "pydantic", "numpy")

IMPORT_ALL = """
import importlib, json, sys
from tests.patience import DEADLINE
watched, names = json.loads(sys.argv[1])
came = {}
for name in names:
    before = {each for each in watched if each in sys.modules}
    importlib.import_module(f"engine.{name}".rstrip("."))
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
        timeout=DEADLINE,
    )
    return {name: set(packages) for name, packages in json.loads(done.stdout).items()}


@functools.cache
def imported(module: str) -> set[str]:
    """Return what a module of the engine imports when it is imported, with whole names."""
    path = FILES[module]
    package = ["engine", *module.split(".")] if module else ["engine"]
    if path.name != "__init__.py":
        package.pop()
    found = set()
    for node in at_once(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
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
        inner = {name.removeprefix("engine.") for name in names if name.startswith("engine.")}
        left += [name for name in inner if name in FILES and name not in seen]
    return False


def brings(modules: list[str], *packages: str) -> dict[str, set[str]]:
    """Return the modules with which any of these packages came, and which."""
    came = loaded(*modules)
    return {name: came[name] & {*packages} for name in modules if came[name] & {*packages}}


def test_only_what_computes_imports_torch() -> None:
    assert brings(TORCHLESS, "torch", "textual", "plotext", "tui") == {}


def test_what_computes_knows_no_screen() -> None:
    assert brings(COMPUTING, "textual", "plotext", "tui") == {}


@pytest.mark.parametrize("room", sorted(COMPUTES))
def test_what_computes_imports_torch(room: str) -> None:
    assert any(reaches_torch(name) for name in COMPUTING if f"{name}.".startswith(f"{room}."))


@pytest.mark.parametrize("module", LIGHT)
def test_what_every_command_starts_with_is_light(module: str) -> None:
    assert loaded(*LIGHT)[module] <= {"numpy"}


def test_what_only_lists_or_asks_needs_no_arrays_and_no_schema() -> None:
    assert brings(ASKING, *WATCHED) == {}


FIRST_FRAMES: dict[str, tuple[str, set[str]]] = {
    "of the lab": ("import tui.app", {"numpy", "plotext", "pydantic", "torch"}),
    "of a run": (
        "import tui.app, tui.watching.watch\n"
        "from engine.presets import references\n"
        "references.is_data_file('last')\n"
        "from engine.sweeps.references import sweep_meant, trial_meant\n"
        "sweep_meant('last', references.Path('nowhere'))",
        {"pydantic", "torch", "engine.data", "engine.experiment.experiment"},
    ),
}
"""What is imported before the first frame, and what that waits for in no case."""


@pytest.mark.parametrize("frame", FIRST_FRAMES)
def test_the_first_frame_waits_for_no_schema_and_no_arrays(frame: str) -> None:
    imports, heavy = FIRST_FRAMES[frame]
    look = f"{imports}\nimport sys; print(*({heavy} & {{*sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=DEADLINE
    )
    assert done.stdout.split() == []
