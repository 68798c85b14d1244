"""What tests of training share."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping

import pytest

from engine.runs.folder import RunFolder
from engine.training import checkpoints
from engine.worker import __main__ as worker
from engine.worker.__main__ import STOPPING


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """The handlers of signals are this process's again after a worker's work in it."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints after every block, as if each took five seconds."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "TIMES", 0)
    monkeypatch.setattr("engine.recording.file.FLUSH_SECONDS", 0.0)
    # Blocks of 1, 2, 4 and then 7 steps, however long they take.
    monkeypatch.setattr("engine.training.loop.BLOCK_SECONDS", 1e6)
    monkeypatch.setattr("engine.training.loop.MAX_BLOCK", 7)
    monkeypatch.setattr("engine.training.loop.GROWTH", 2)
    # The process that seems to write them is this one, which is alive.
    monkeypatch.setattr("engine.runs.resuming.state_of", lambda *_: "crashed")


@pytest.fixture(scope="module")
def parents(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, RunFolder]:
    """A run of each of the module's ``SPECS``, trained."""
    from tests.engine.training.test_resuming import folder_for

    folders = {}
    for name, spec in request.module.SPECS.items():
        folder = folder_for(tmp_path_factory.mktemp("parents"), spec, name.replace(" ", "-"))
        worker.work(folder, device="cpu")
        folders[name] = folder
    return folders
