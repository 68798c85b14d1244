"""The one arrow: tui imports engine, and only what computes gradients imports torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import engine

COMPUTES = {
    "autograd",
    "batches",
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

MODULES = sorted(
    path.stem for path in Path(engine.__file__).parent.glob("*.py") if path.stem != "__main__"
)
LIGHT = ["events", "history", "recording", "requests", "runs", "launch", "cli"]
"""What every command starts with: it waits for pydantic only where a preset is read."""

WATCHED = ("torch", "textual", "plotext", "tui", "pydantic")


def loaded(statement: str) -> set[str]:
    """Return which of the watched packages a statement imports, in a process of its own."""
    script = f"import sys; {statement}; print(*(m for m in {WATCHED!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", [name for name in MODULES if name not in COMPUTES])
def test_only_what_computes_imports_torch(module: str) -> None:
    name = "engine" if module == "__init__" else f"engine.{module}"
    assert not loaded(f"import {name}") & {"torch", "textual", "plotext", "tui"}


@pytest.mark.parametrize("module", sorted(COMPUTES))
def test_what_computes_knows_no_screen(module: str) -> None:
    assert loaded(f"import engine.{module}") & {"torch", "textual", "plotext", "tui"} == {"torch"}


@pytest.mark.parametrize("module", LIGHT)
def test_what_every_command_starts_with_is_light(module: str) -> None:
    assert not loaded(f"import engine.{module}")
