"""Files that are replaced in one go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.text.files import replace_file


@pytest.mark.parametrize("durable", [True, False])
def test_whoever_may_read_a_file_may_read_what_takes_its_place(
    durable: bool, tmp_path: Path
) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    path.chmod(0o604)
    replace_file(path, b"new", durable=durable)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o604)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["old"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_cannot_be_finished_leaves_the_old_file_and_nothing_else(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "old"
    path.write_bytes(b"old")
    owner = os if step == "fsync" else Path
    monkeypatch.setattr(owner, step, full)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert (path.read_bytes(), sorted(each.name for each in tmp_path.iterdir())) == (
        b"old",
        ["old"],
    )
