"""A run whose every text is hostile, trained once for all that is exported of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.exports.export import Export
from engine.recording.loading import load_history
from tests.hostile import hostile_run


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Its export, to nowhere."""
    folder = hostile_run(tmp_path_factory.mktemp("hostile"))
    return Export(folder=folder, history=load_history(folder.recording), path=Path("nowhere"))
